"""Train a small Llama-shaped language model, and its tokenizer, on a corpus' own train reports.

    graphsum pretrain --dataset openi --data-dir DIR --output-dir llms/openi

For learning and testing without any download: the folder is an LLM like any other, for --llm of
graphsum train and graphsum evaluate. `python -m graphsum.pretrain` is the same.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from graphsum.command_line import add_dataclass_options
from graphsum.options import PretrainOptions, TrainOptions
from graphsum.options.runs import corpus_of
from preprocessing.errors import InputError
from preprocessing.files import check_writable

CORPUS = ("dataset", "data_dir", "split", "split_seed", "split_file", "inclusion")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of :class:`PretrainOptions`."""
    add_dataclass_options(parser, PretrainOptions)


def execute(options: argparse.Namespace) -> None:
    """Train one language model."""
    settings = PretrainOptions(**vars(options))
    check_writable(Path(settings.output_dir) / "config.json")
    given = asdict(settings)
    corpus = corpus_of(TrainOptions(**{name: given[name] for name in CORPUS}))
    if not corpus.train or not corpus.val:
        raise InputError(f"{settings.dataset}: training needs train and val reports")

    from graphsum.training.pretraining import pretrain

    pretrain(settings, corpus.train, corpus.val)
    print(f"done: {settings.output_dir}; next: graphsum train --llm {settings.output_dir}")
