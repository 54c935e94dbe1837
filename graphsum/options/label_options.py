"""The options of ``graphsum label train`` and ``graphsum detect train``. No torch here."""

from dataclasses import dataclass

from graphsum.options.train_options import LARGEST_DROPOUT, LARGEST_RATE, check_values, flag, option
from preprocessing.errors import InputError


@dataclass(frozen=True)
class LearningOptions:
    """How a labeler is fitted to labels."""

    epochs: int = option(
        6, "passes over the curated reports; of the weak ones: --weak-epochs", group="training",
        above=0, at_most=1000,
    )  # fmt: skip
    weak_epochs: int = option(2, "passes over the weakly labeled reports", above=0, at_most=1000)
    batch_size: int = option(32, "reports per step", above=0)
    lr: float = option(
        5e-5, "peak learning rate of the encoder; warm-up over a tenth of the steps, then decay",
        above=0, at_most=LARGEST_RATE,
    )  # fmt: skip
    head_lr: float = option(1e-3, "the same of the head", above=0, at_most=LARGEST_RATE)
    weight_decay: float = option(0.01, "weight decay", at_least=0, at_most=1)
    dropout: float = option(0.1, "dropout before the head", at_least=0, at_most=LARGEST_DROPOUT)
    encoder_dropout: float = option(
        0.0, "the same within the encoder (slow on a CPU)", at_least=0, at_most=LARGEST_DROPOUT
    )
    tuned_layers: int | None = option(
        None, "only so many of the encoder's upper layers are trained (default: all)", at_least=0
    )
    class_weights: float = option(
        0.5,
        "a state of n reports weighs 1/n to this power; 0: all states weigh the same",
        at_least=0,
        at_most=1,
    )
    precision: str = option("bf16", "no, or bf16", choices=("no", "bf16"))
    seed: int = option(1, "seed of weights, batches and folds", at_least=0)
    save_every: int = option(200, "steps between two savings of the training's state", above=0)


@dataclass(frozen=True)
class LabelTrainOptions(LearningOptions):
    """One labeler to train."""

    labeler: str = option("encoder", "encoder or llm", group="labeler", choices=("encoder", "llm"))
    encoder: str | None = option(None, "text encoder: a folder or a hub name")
    llm: str | None = option(None, "language model: a folder or a hub name")
    schema: str = option("chexpert14", "schema: a name or a file")
    max_length: int = option(
        256, "tokens that the encoder reads at a time; a longer text is read in parts", at_least=8,
        at_most=8192,
    )  # fmt: skip
    rule_features: bool = option(True, "the encoder's head also sees what the rules say")
    folds: int = option(
        5,
        "of encoder: parts of the curated reports for the cross-validation that gives temperature "
        "and thresholds; 0: without (temperature 1, thresholds 0.5)",
        at_least=0,
        at_most=100,
    )
    lora_r: int = option(
        16, "rank of the LLM's adapters; 0: nothing is trained", at_least=0, at_most=4096
    )
    lora_lr: float = option(5e-4, "peak learning rate of them", above=0, at_most=LARGEST_RATE)
    prompt: str | None = option(None, "file with the LLM's prompt (default: the shipped one)")
    shots: int = option(0, "similar reports with their labels in the LLM's prompt", at_least=0)
    output_dir: str = option("labelers/run", "folder of the labeler", group="data")
    input: str | None = option(None, "table of the texts, with a column uid")
    column: str | None = option(
        None, "its column of the texts (default: text, report, or findings and impression)"
    )
    uid_column: str = option("uid", "the column of the reports' names, in all tables")
    labels: str | None = option(
        None, "table of curated labels by uid; columns: they stand in the input itself"
    )
    weak: str | None = option(
        None, "table of weak labels by uid, such as graphsum label writes; they are learnt first"
    )
    labels_say: str = option(
        "states",
        "of the curated labels: states, or positives (1 is present; all else means not present)",
        choices=("states", "positives"),
    )

    def __post_init__(self) -> None:
        check_values(self)
        if self.folds == 1:
            raise InputError("--folds must be 0 or at least 2, not 1")
        if not self.input:
            raise InputError("--input is missing: the table of the texts")
        if not (self.labels or self.weak):
            raise InputError("--labels or --weak is missing: there is nothing to learn from")
        if getattr(self, self.labeler) is None:
            raise InputError(f"--{self.labeler} is missing: a folder or a hub name")


@dataclass(frozen=True)
class DetectTrainOptions(LearningOptions):
    """One detector to train."""

    class_weights: float = option(
        0.0, "a state of n reports weighs 1/n to this power", at_least=0, at_most=1
    )
    tasks: str = option("mc,open", "mc, open or mc,open", group="detector")
    labeler: str = option("encoder", "what detects: encoder or llm", choices=("encoder", "llm"))
    encoder: str | None = option(None, "text encoder: a folder or a hub name")
    llm: str | None = option(None, "language model: a folder or a hub name")
    schema: str = option("chexpert14", "schema of mc: a name or a file")
    terms: str | None = option(None, "normaliser of open: a table of wording and term")
    max_length: int = option(
        256, "tokens that the encoder reads at a time; a longer text is read in parts", at_least=8,
        at_most=8192,
    )  # fmt: skip
    rule_features: bool = option(False, "the head also sees what the rules say")
    folds: int = option(
        5, "of encoder: parts of the curated reports for temperature and thresholds", at_least=0,
        at_most=100,
    )  # fmt: skip
    lora_r: int = option(
        16, "rank of the LLM's adapters; 0: nothing is trained", at_least=0, at_most=4096
    )
    lora_lr: float = option(5e-4, "peak learning rate of them", above=0, at_most=LARGEST_RATE)
    prompt: str | None = option(
        None, "file with what the LLM is asked for mc (default: the shipped one)"
    )
    list_prompt: str | None = option(None, "the same for open")
    output_dir: str = option("detectors/run", "folder of the detector", group="data")
    input: str | None = option(None, "table of the texts, with a column uid")
    column: str | None = option(
        None, "its column of the texts (default: text, report, or findings and impression)"
    )
    uid_column: str = option("uid", "the column of the reports' names")
    weak: str | None = option(None, "weak detections, a .jsonl file; they are learnt first")
    labels: str | None = option(None, "curated detections, a .jsonl file")

    def __post_init__(self) -> None:
        options = self.labeler_options()
        prompts = {"mc": options.prompt, "open": self.list_prompt}
        for task, name in (("mc", "prompt"), ("open", "list_prompt")):
            if prompts[task] and (self.labeler != "llm" or task not in self.tasks):
                raise InputError(f"{flag(name)}: only for --labeler llm and the task {task}")

    def labeler_options(self) -> LabelTrainOptions:
        """The same as those of a labeler; raises ``InputError`` for what is not allowed."""
        own = ("tasks", "terms", "list_prompt")
        shared = {name: value for name, value in vars(self).items() if name not in own}
        return LabelTrainOptions(**shared)
