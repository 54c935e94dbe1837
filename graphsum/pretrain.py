"""Train a small Llama-shaped language model, and its tokenizer, on a corpus' own train reports.

    python -m graphsum.pretrain --dataset openi --data-dir DIR --output-dir llms/openi

For learning and testing without any download: the folder is an LLM like any other, for --llm of
train.py and evaluate.py.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from graphsum.command_line import Parser, add_dataclass_options, run
from graphsum.options import PretrainOptions, TrainOptions
from graphsum.options.runs import corpus_of
from preprocessing.errors import InputError
from preprocessing.files import check_writable

CORPUS = ("dataset", "data_dir", "split", "split_seed", "split_file", "inclusion")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="python -m graphsum.pretrain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_dataclass_options(parser, PretrainOptions)
    options = PretrainOptions(**vars(parser.parse_args(arguments)))
    check_writable(Path(options.output_dir) / "config.json")
    given = asdict(options)
    corpus = corpus_of(TrainOptions(**{name: given[name] for name in CORPUS}))
    if not corpus.train or not corpus.val:
        raise InputError(f"{options.dataset}: training needs train and val reports")

    from graphsum.training.pretraining import pretrain

    pretrain(options, corpus.train, corpus.val)
    print(f"done: {options.output_dir}; use it as --llm {options.output_dir} of train.py")


if __name__ == "__main__":
    run(main)
