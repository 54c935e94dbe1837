"""The options of ``graphsum pretrain``, which trains a small language model."""

from dataclasses import dataclass

from graphsum.options.train_options import LARGEST_DROPOUT, check_values, option
from preprocessing.errors import InputError


@dataclass(frozen=True)
class PretrainOptions:
    """One language model; the corpus' options are those of ``graphsum train``."""

    dataset: str = option(
        "sample",
        "corpus: sample, openi, mimic-cxr, or a table: csv, tsv, xlsx, parquet, jsonl, json",
        group="data",
    )
    data_dir: str | None = option(None, "where the corpus lies (default: data/<dataset>)")
    split: str | None = option(None, "split of the corpus")
    split_seed: int = option(0, "seed of --split random")
    split_file: str | None = option(None, "JSON file with the uids of the parts")
    inclusion: str | None = option(None, "inclusion rule")
    output_dir: str = option("llms/sample", "folder of the language model", group="model")
    vocab_size: int = option(4000, "size of the vocabulary, at most", above=0)
    layers: int = option(4, "layers", above=0)
    width: int = option(
        256, "width, a multiple of 32: heads of 32, feed-forward 4 x as wide", above=0
    )
    epochs: int = option(8, "passes over the train reports", group="training", above=0)
    batch_size: int = option(32, "reports per step", above=0)
    lr: float = option(
        1e-3,
        "peak learning rate; warm-up over a tenth of the steps, then decay",
        above=0,
        at_most=10,
    )
    dropout: float = option(
        0.0, "dropout of attention weights", at_least=0, at_most=LARGEST_DROPOUT
    )
    precision: str = option("no", "no, or bf16", choices=("no", "bf16"))
    seed: int = option(1, "seed of weights and batches")

    def __post_init__(self) -> None:
        check_values(self)
        if self.width % 32:
            raise InputError(f"--width must be a multiple of 32, not {self.width}")
