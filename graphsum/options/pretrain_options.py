"""The options of ``graphsum pretrain``, which trains a small language model."""

from dataclasses import dataclass

from graphsum.options.train_options import flag, option
from preprocessing.errors import InputError


@dataclass(frozen=True)
class PretrainOptions:
    """One language model; the corpus' options are those of ``graphsum train``."""

    dataset: str = option("sample", "corpus: sample, openi, mimic-cxr, csv or jsonl", group="data")
    data_dir: str | None = option(None, "where the corpus lies (default: data/<dataset>)")
    split: str | None = option(None, "split of the corpus")
    split_seed: int = option(0, "seed of --split random")
    split_file: str | None = option(None, "JSON file with the uids of the parts")
    inclusion: str | None = option(None, "inclusion rule")
    output_dir: str = option("llms/sample", "folder of the language model", group="model")
    vocab_size: int = option(4000, "pieces of the tokenizer, at most")
    layers: int = option(4, "layers")
    width: int = option(256, "width, a multiple of 32: heads of 32, feed-forward 4 x as wide")
    epochs: int = option(8, "passes over the train reports", group="training")
    batch_size: int = option(32, "reports per step")
    lr: float = option(1e-3, "peak learning rate; warm-up over a tenth of the steps, then decay")
    dropout: float = option(0.0, "dropout of attention weights")
    precision: str = option("no", "no, or bf16")
    seed: int = option(1, "seed of weights and batches")

    def __post_init__(self) -> None:
        for name in ("vocab_size", "layers", "width", "epochs", "batch_size", "lr"):
            if getattr(self, name) <= 0:
                raise InputError(f"{flag(name)} must be above 0, not {getattr(self, name)}")
        if self.width % 32:
            raise InputError(f"--width must be a multiple of 32, not {self.width}")
        if self.precision not in ("no", "bf16"):
            raise InputError(f"--precision {self.precision!r} is unknown; choose no or bf16")
