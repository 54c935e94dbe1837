"""The options of ``graphsum tune``: a trained model is tuned by rewards or by preferences."""

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from graphsum.options.train_options import (
    LARGEST_RATE,
    TrainOptions,
    check_values,
    option,
)
from preprocessing.errors import InputError, closest
from preprocessing.files import read_yaml, write_text_atomically

TUNING_FILE = "tuning.yaml"
METHODS = ("rloo", "scst", "dpo", "simpo")
CORPUS = ("dataset", "data_dir", "split", "split_seed", "split_file", "inclusion")


@dataclass(frozen=True)
class TuneOptions:
    """One tuning. What is None is taken from the checkpoint's run, or from the method."""

    checkpoint: str | None = option(
        None, "run or checkpoint to start from (default: as graphsum evaluate)", group="what"
    )
    method: str = option("rloo", "rloo, scst, dpo or simpo", choices=METHODS)
    rewards: str | None = option(None, "YAML file with the weights of rewards and judges")
    preferences: str | None = option(
        None, "corrections of the reading page, JSON Lines, to learn from in place of samples"
    )
    output_dir: str = option("checkpoints/tuned", "run folder")

    dataset: str | None = option(None, "corpus (default: that of the checkpoint)", group="data")
    data_dir: str | None = option(None, "where the corpus lies (default: the checkpoint's)")
    split: str | None = option(None, "split of the corpus")
    split_seed: int | None = option(None, "seed of --split random")
    split_file: str | None = option(None, "JSON file with the uids of the parts")
    inclusion: str | None = option(None, "inclusion rule")
    columns: dict[str, str] = field(
        default_factory=dict, metadata={"help": "a table's column names, as for graphsum train"}
    )
    cache_dir: str = option("cache", "where annotations are kept")

    samples: int = option(8, "samples per report and step", group="method", at_least=2, at_most=256)
    temperature: float = option(1.0, "temperature of the samples", above=0, at_most=10)
    max_new_tokens: int = option(60, "longest sample, in tokens", above=0)
    beta: float | None = option(
        None,
        "rloo, scst: weight of the divergence from the start (0.02); dpo (0.1), simpo (2): scale "
        "of the margin",
        at_least=0,
        at_most=100,
    )
    gamma: float = option(0.5, "simpo: the margin asked for", at_least=0, at_most=100)
    likelihood: float = option(
        0.0, "dpo, simpo: weight of the chosen impressions' own loss", at_least=0, at_most=100
    )
    stop_hacking: int = option(
        3,
        "stop when in this many validations the reward is above the start's and the judges' score "
        "is not; 0: never",
        at_least=0,
    )

    batch_size: int = option(16, "reports or pairs per step", group="training", above=0)
    max_steps: int = option(200, "optimiser steps", above=0)
    lr: float = option(2e-5, "peak learning rate", above=0, at_most=LARGEST_RATE)
    warmup: int = option(10, "warm-up steps", above=0)
    weight_decay: float = option(0.0, "AdamW weight decay", at_least=0, at_most=1)
    clip: float = option(1.0, "gradient norm limit; 0: none", at_least=0, at_most=1e6)
    precision: str = option("no", "mixed precision: no or bf16", choices=("no", "bf16"))
    seed: int = option(1, "seed of batches and samples")
    validate_every: int = option(50, "steps between validations", above=0)
    validation_reports: int = option(0, "use the first N validation reports; 0: all", at_least=0)
    log_every: int = option(10, "steps between entries of log.jsonl", above=0)

    def __post_init__(self) -> None:
        check_values(self)
        pairs = self.method in ("dpo", "simpo")
        if self.preferences and not pairs:
            raise InputError(
                f"--method {self.method} weighs samples; --preferences needs --method dpo or simpo"
            )
        if not self.preferences and not self.rewards:
            raise InputError("give --rewards FILE, or --preferences FILE with dpo or simpo")
        if self.likelihood and not pairs:
            raise InputError("--likelihood is for --method dpo and simpo")

    def train_options(self, saved: TrainOptions) -> TrainOptions:
        """The options of the checkpoint's run with those of this one in their place."""
        corpus: dict[str, Any] = {
            name: getattr(self, name) for name in CORPUS if getattr(self, name) is not None
        }
        if self.split or self.split_file:  # in the place of the run's split, whichever kind it is
            corpus = {"split": None, "split_file": None} | corpus
        if self.dataset not in (None, saved.dataset):  # another corpus: nothing of the first
            corpus = {"data_dir": None, "split": None, "split_file": None, "inclusion": None,
                      "split_seed": 0, "columns": {}} | corpus  # fmt: skip
        if self.columns:
            corpus["columns"] = self.columns
        schedule = {
            name: getattr(self, name)
            for name in (
                "output_dir", "cache_dir", "batch_size", "max_steps", "lr", "warmup",
                "weight_decay", "clip", "precision", "seed", "validate_every",
                "validation_reports", "log_every",
            )
        }  # fmt: skip
        return replace(
            saved,
            **corpus,
            **schedule,
            encoder_lr=self.lr,
            encoder_warmup=self.warmup,
            schedule="linear",
            accumulation=1,
            cuda_graphs=False,
            patience=0,
            graphs=None,
        )


def save_tune_options(options: TuneOptions) -> None:
    """Write ``tuning.yaml`` into the run folder."""
    import yaml

    text = yaml.safe_dump(asdict(options), sort_keys=False)
    write_text_atomically(Path(options.output_dir) / TUNING_FILE, [text])


def saved_tune_options(run: str | Path) -> TuneOptions:
    """The options that a run was tuned with.

    Raises:
        InputError: the folder holds no tuning, or the file is damaged.
    """
    path = Path(run) / TUNING_FILE
    if not path.is_file():
        raise InputError(f"{run}: no tuning to resume here (no {TUNING_FILE})")
    values = read_yaml(path)
    known = {entry.name for entry in fields(TuneOptions)}
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a mapping of option names to values")
    if unknown := sorted(map(str, set(values) - known)):
        raise InputError(f"{path}: unknown option {unknown[0]}{closest(unknown[0], known)}")
    try:
        return TuneOptions(**values)
    except TypeError:
        raise InputError(f"{path}: a value is of the wrong kind; it is damaged") from None
