"""Every option of a training run, and how options, presets and files combine.

Order of precedence: built-in values < preset < ``--config FILE`` < command line. The resolved
options are saved with the run as ``options.yaml``. Nothing here imports torch.
"""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from graphsum.options.presets import DEFAULT_PRESET, PRESETS, PRESETS_OF_DATASET
from preprocessing.errors import InputError, closest
from preprocessing.files import json_text, read_json, read_yaml, write_text_atomically

OPTIONS_FILE = "options.yaml"
PROGRESS_FILE = "progress.json"
LOG_FILE = "log.jsonl"
LARGEST_NUMBER = 2**62  # of whole numbers
LARGEST_DROPOUT = 0.95
LARGEST_RATE = 10.0  # of learning rates; noam's are factors, and may be above 0.01


def option(default: Any, text: str, **metadata: Any) -> Any:
    """A dataclass field with its help text for the command line, and what else is said of it.

    ``group``: the heading in ``--help`` of this option and those after it. ``choices``, ``above``,
    ``at_least``, ``at_most``: what values are allowed, see :func:`check_values`. ``formerly``: an
    earlier name, which command lines and saved files may still use.
    """
    return field(default=default, metadata={"help": text} | metadata)


def flag(name: str) -> str:
    """The command-line spelling of an option."""
    return "--" + name.replace("_", "-")


@dataclass
class Progress:
    """Where a run stands; saved with every checkpoint."""

    step: int = 0
    best_score: float = -1.0
    best_step: int = 0
    validations_without_gain: int = 0

    @classmethod
    def read(cls, checkpoint: str | Path) -> "Progress":
        """What a checkpoint's ``progress.json`` says.

        Raises:
            InputError: it cannot be read, or says something else.
        """
        path = Path(checkpoint) / PROGRESS_FILE
        values = read_json(path)
        counts: list[Any] = [
            values.get(n) for n in ("step", "best_step", "validations_without_gain")
        ]
        whole = all(type(count) is int and count >= 0 for count in counts)
        score: Any = values.get("best_score")
        scored = type(score) in (int, float) and -1 <= score <= 100
        if set(values) != {entry.name for entry in fields(cls)} or not whole or not scored:
            raise InputError(f"{path}: does not say where the run stands; it is damaged")
        return cls(**values)

    def write(self, checkpoint: str | Path) -> None:
        """Write it into a checkpoint's folder."""
        text = json_text(asdict(self), indent=None)
        write_text_atomically(Path(checkpoint) / PROGRESS_FILE, [text])


def check_values(options: Any) -> None:
    """Compare the values of a dataclass with what its fields allow; None is always allowed.

    Raises:
        InputError: the first value that its field does not allow.
    """
    for entry in fields(options):
        value, allowed, name = getattr(options, entry.name), entry.metadata, flag(entry.name)
        if value is None:
            continue
        if "choices" in allowed and value not in allowed["choices"]:
            raise InputError(
                f"{name} {value!r} is unknown{closest(value, allowed['choices'])}; "
                f"choose from {', '.join(allowed['choices'])}"
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{name} must be a finite number, not {value}")
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise InputError(f"{name} must be at most {LARGEST_NUMBER}")
        if "above" in allowed and value <= allowed["above"]:
            raise InputError(f"{name} must be above {allowed['above']}, not {value}")
        if "at_least" in allowed and value < allowed["at_least"]:
            raise InputError(f"{name} must be at least {allowed['at_least']}, not {value}")
        if "at_most" in allowed and value > allowed["at_most"]:
            raise InputError(f"{name} must be at most {allowed['at_most']}, not {value}")


# What is known of a report besides its findings; the order in which a model reads it.
CONTEXT_KINDS = (
    "indication",
    "comparison",
    "technique",
    "modality",
    "body_part",
    "age",
    "sex",
    "author",
    "style",
)


@dataclass(frozen=True)
class TrainOptions:
    """One training run. Lengths are in tokens, learning rates per step."""

    dataset: str = option(
        "sample",
        "corpus: sample, openi, mimic-cxr, or a table: csv, tsv, xlsx, parquet, jsonl, json",
        group="data",
    )
    data_dir: str | None = option(None, "where the corpus lies (default: data/<dataset>)")
    split: str | None = option(
        None, "split of the corpus: papers (openi), official (mimic-cxr), random"
    )
    split_seed: int = option(0, "seed of --split random")
    split_file: str | None = option(
        None, 'JSON file {"train": [uid...], "val": [...], "test": [...]}'
    )
    inclusion: str | None = option(
        None, "inclusion rule: hu2022, radiology-gpt or none (default: the corpus' own)"
    )
    columns: dict[str, str] = field(
        default_factory=dict,
        metadata={"help": "a table's column names, such as findings=BEFUND impression=URTEIL"},
    )
    annotator: str = option("builtin", "builtin, stanza or scispacy")
    annotator_model: str | None = option(None, "folder of the annotator's models")
    graph_rule: str = option("hu2022", "graph rule: hu2022 or wgsum")
    graphs: str | None = option(
        None, "graphs made before by python -m preprocessing graph; nothing is annotated then"
    )
    cache_dir: str = option("cache", "where annotations are kept")
    context: str | None = option(
        None,
        "what the model reads besides the findings, as indication,comparison (docs/context.md): "
        + ", ".join(CONTEXT_KINDS),
    )
    context_dropout: float = option(
        0.15,
        "share of the training reports in which each of these is left out",
        at_least=0,
        at_most=1,
    )

    preset: str | None = option(
        None,
        "tiny, small, minilm, hu2022, radiology-gpt, small-llm or small-llm-steered (default: "
        "tiny for sample, hu2022 for mimic-cxr, small)",
        group="model",
        choices=tuple(PRESETS),
    )
    model: str = option(
        "graphsum",
        "graphsum, or instruct (an LLM alone, without graph)",
        choices=("graphsum", "instruct"),
    )
    encoder: str | None = option(
        None, "pretrained text encoder: hub name or folder (default: small one from scratch)"
    )
    encoder_layers: int = option(4, "layers of an encoder from scratch", above=0)
    trim_vocab: bool = option(
        False, "fit the vocabulary of --encoder to the training texts: frequent words whole"
    )
    vocab_size: int = option(4000, "largest vocabulary of a tokenizer from scratch", above=0)
    vocab_min_reports: int = option(
        1,
        "a fitted vocabulary has no token that fewer training reports have, so that no rare name "
        "is one; 1: any (graphsum export sees to it by itself)",
        above=0,
    )
    max_source_length: int = option(
        512, "findings are cut to this length, by sentence", above=0, formerly="max_source_pieces"
    )
    max_target_length: int = option(
        80, "impressions are cut to this length in training", above=0, formerly="max_target_pieces"
    )
    d_model: int = option(256, "width of memory and decoder", above=0)
    decoder_layers: int = option(3, "layers of the decoder", above=0)
    decoder_heads: int = option(8, "attention heads of encoder from scratch and decoder", above=0)
    decoder_ffn_dim: int = option(1024, "width of the feed-forward layers", above=0)
    dropout: float = option(
        0.1, "dropout of the layers trained from scratch", at_least=0, at_most=LARGEST_DROPOUT
    )
    attention_dropout: float = option(
        0.0, "the same, of attention weights (slow on a CPU)", at_least=0, at_most=LARGEST_DROPOUT
    )
    copy: bool = option(True, "the decoder may copy tokens of the findings")
    graph: str = option(
        "gatv2", "graph convolution: gat, gatv2 or none", choices=("gat", "gatv2", "none")
    )
    graph_heads: int = option(8, "heads of the first graph layer", above=0)
    graph_width: int = option(32, "width of each of these heads", above=0)
    graph_dropout: float = option(
        0.1, "dropout of the graph encoder", at_least=0, at_most=LARGEST_DROPOUT
    )
    typed_edges: bool = option(True, "edge types enter the graph attention")
    contrastive_weight: float = option(
        1.0, "weight of the contrastive loss; 0: without", at_least=0, at_most=1e3
    )
    contrastive_layers: int = option(2, "layers of the contrastive module", above=0)
    contrastive_temperature: float = option(
        1.0, "temperature of the contrastive loss", at_least=1e-3, at_most=1e3
    )
    contrastive_negatives: str = option(
        "own",
        "own (the paper), or batch: key words of other reports as well",
        choices=("own", "batch"),
    )
    label_smoothing: float = option(
        0.1, "label smoothing of the token loss", at_least=0, at_most=LARGEST_DROPOUT
    )
    r_drop: float = option(
        0.0,
        "weight of R-Drop: two passes with other dropout are to agree (1.7 x the time)",
        at_least=0,
        at_most=1e3,
    )

    decoder: str = option(
        "transformer",
        "transformer (from scratch) or causal-lm (frozen LLM)",
        group="language model as decoder (--decoder causal-lm) or alone (--model instruct)",
    )
    llm: str | None = option(None, "the LLM: hub name or folder")
    llm_revision: str | None = option(None, "branch, tag or commit of the LLM on the hub")
    llm_weights: str = option(
        "auto",
        "auto (as saved), float32, bfloat16, 8bit or 4bit",
        choices=("auto", "float32", "bfloat16", "8bit", "4bit"),
    )
    alignment: str = option(
        "shallow",
        "what trains: shallow (mapper), delta (LoRA too) or deep",
        choices=("shallow", "delta", "deep"),
    )
    init_from: str | None = option(None, "run whose encoders are taken over (shallow and delta)")
    mapper: str = option(
        "mlp", "memory to prefix: linear, mlp or queries", choices=("linear", "mlp", "queries")
    )
    prefix_length: int = option(32, "number of queries of --mapper queries", above=0)
    prompt: str = option(
        "Derive the impression from findings in the radiology report", "instruction to the LLM"
    )
    prompt_findings: bool = option(False, "show the findings' text to the LLM beside the prefix")
    max_prompt_length: int = option(
        1024, "longer prompts lose the end of their findings", above=0, formerly="max_prompt_pieces"
    )
    lora_r: int = option(8, "rank of LoRA (delta, deep, instruct); 0: none", at_least=0)
    lora_alpha: int = option(16, "LoRA's factor is alpha / r", above=0)
    lora_dropout: float = option(
        0.05, "dropout of LoRA's inputs", at_least=0, at_most=LARGEST_DROPOUT
    )
    lora_targets: str = option("q_proj,v_proj", "layers that LoRA adapts, or all-linear")
    gradient_checkpointing: bool = option(False, "compute the LLM's activations twice: less memory")
    activation_checkpointing: bool = option(
        False, "the same for encoders, contrastive module and decoder"
    )

    batch_size: int = option(
        32, "reports per optimiser step, over all processes", group="training", above=0
    )
    batch_tokens: int = option(
        0,
        "instead: as many reports as make this many tokens of findings, padding counted; 0: "
        "--batch-size",
        at_least=0,
    )
    stages: list[str] = field(
        default_factory=list,
        metadata={
            "help": "of --model instruct: YAML files, each a stage with its mixture of "
            "instructions, steps and rate (docs/tasks.md)"
        },
    )
    accumulation: int = option(
        1, "parts in which each process computes its share of a batch", above=0
    )
    max_steps: int = option(1400, "optimiser steps", above=0)
    schedule: str = option(
        "linear", "linear (warm-up, then linear decay) or noam", choices=("linear", "noam")
    )
    encoder_lr: float = option(
        7e-4, "peak learning rate of the text encoder", at_least=0, at_most=LARGEST_RATE
    )
    lr: float = option(
        7e-4, "peak learning rate of everything else", at_least=0, at_most=LARGEST_RATE
    )
    encoder_warmup: int = option(150, "warm-up steps of the text encoder", above=0)
    warmup: int = option(150, "warm-up steps of everything else", above=0)
    weight_decay: float = option(
        0.01, "AdamW weight decay, of matrices only", at_least=0, at_most=1
    )
    clip: float = option(1.0, "gradient norm limit; 0: none", at_least=0, at_most=1e6)
    shuffle_sentences: bool = option(False, "show findings with their sentences in random order")
    precision: str = option(
        "no", "mixed precision: no, bf16 or fp16", choices=("no", "bf16", "fp16")
    )
    cuda_graphs: bool = option(
        True, "on one GPU, record the work of each batch shape once, then repeat it: faster"
    )
    seed: int = option(1, "seed of weights, batches and dropout")
    validate_every: int = option(350, "steps between validations", above=0)
    patience: int = option(0, "stop after this many validations without gain; 0: never", at_least=0)
    validation_reports: int = option(0, "use the first N validation reports; 0: all", at_least=0)
    log_every: int = option(10, "steps between entries of log.jsonl and TensorBoard", above=0)
    output_dir: str | None = option(None, "run folder (default: checkpoints/<dataset>-<preset>)")

    @property
    def run_dir(self) -> Path:
        return Path(self.output_dir or f"checkpoints/{self.dataset}-{self.preset}")

    @property
    def uses_llm(self) -> bool:
        return self.model == "instruct" or self.decoder == "causal-lm"

    @property
    def context_kinds(self) -> tuple[str, ...]:
        """The kinds of ``context``, in the order in which a model reads them."""
        named = [kind.strip() for kind in (self.context or "").split(",") if kind.strip()]
        return tuple(kind for kind in CONTEXT_KINDS if kind in named)

    def __post_init__(self) -> None:
        check_values(self)
        for kind in (self.context or "").split(","):
            if kind.strip() and kind.strip() not in CONTEXT_KINDS:
                raise InputError(
                    f"--context {kind.strip()}{closest(kind.strip(), CONTEXT_KINDS)}; the kinds "
                    f"are {', '.join(CONTEXT_KINDS)}"
                )
        if self.vocab_min_reports > 1 and self.encoder and not self.trim_vocab:
            raise InputError(
                "--vocab-min-reports is for vocabularies fitted to the reports; that of --encoder "
                "is not, without --trim-vocab"
            )
        if self.trim_vocab and not self.encoder:
            raise InputError("--trim-vocab needs --encoder; --vocab-size sizes one from scratch")
        if self.uses_llm != bool(self.llm):
            raise InputError(
                "--decoder causal-lm and --model instruct need --llm NAME_OR_FOLDER, and nothing "
                "else takes one"
            )
        if self.r_drop and self.uses_llm:
            raise InputError("--r-drop is for --decoder transformer; give --r-drop 0 with an LLM")
        if self.init_from and (self.model == "instruct" or not self.uses_llm):
            raise InputError(
                "--init-from gives the encoders of --decoder causal-lm; to go on with a run give "
                "--resume RUN"
            )
        if self.model == "instruct" and self.activation_checkpointing:
            raise InputError(
                "--activation-checkpointing is for encoders; --model instruct has none: give "
                "--gradient-checkpointing"
            )
        if self.stages and (self.context or self.batch_tokens):
            raise InputError(
                "--stages reads instructions, by --batch-size: leave out --context, --batch-tokens"
            )
        if self.stages and self.model != "instruct":
            raise InputError("--stages are mixtures of instructions, for --model instruct")
        if not self.uses_llm:
            return
        if self.model == "graphsum" and self.alignment != "deep" and not self.init_from:
            raise InputError(
                f"--alignment {self.alignment} trains no encoder, so it needs a trained one: give "
                "--init-from RUN (a graphsum run), or --alignment deep"
            )
        if not self.lora_r and (self.model == "instruct" or self.alignment == "delta"):
            raise InputError("--lora-r 0 leaves nothing for LoRA to train; give at least 1")


CHOICES = {f.name: f.metadata["choices"] for f in fields(TrainOptions) if "choices" in f.metadata}
RENAMED = {f.metadata["formerly"]: f.name for f in fields(TrainOptions) if "formerly" in f.metadata}


def with_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Saved values, those of renamed options under their present names."""
    return {RENAMED.get(name, name): value for name, value in values.items()}


def resolve(given: Mapping[str, Any], config_file: str | Path | None = None) -> TrainOptions:
    """All options from those given on the command line and in a YAML or JSON file.

    Raises:
        InputError: unknown names or presets, values that are not allowed.
    """
    given = (read_options(config_file) if config_file else {}) | dict(given)
    dataset = given.get("dataset", "sample")
    preset = given.get("preset") or DEFAULT_PRESET.get(dataset, "small")
    values = PRESETS.get(preset, {}) | PRESETS_OF_DATASET.get((preset, dataset), {})
    return TrainOptions(**{**values, **given, "preset": preset})


def read_options(path: str | Path) -> dict[str, Any]:
    """The options in a YAML or JSON file, by their names with underscores or hyphens.

    Raises:
        InputError: unreadable file, unknown option, or a value of the wrong kind.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a mapping of option names to values")
    known = {entry.name: entry for entry in fields(TrainOptions)}
    result = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        name = RENAMED.get(name, name)
        if name not in known:
            raise InputError(f"{path}: unknown option {shown(key)}{closest(name, known)}")
        if name in result:
            raise InputError(f"{path}: {name} is given twice; leave out one of the two")
        kind = known[name].type
        if isinstance(value, int | str) and kind is float:  # YAML 1.1 reads 3e-4 as text
            with contextlib.suppress(ValueError, OverflowError):
                value = float(value)
        expected = {"columns": dict, "stages": list}.get(name, kind)
        if (isinstance(value, bool) and expected is int) or not isinstance(value, expected):  # type: ignore[arg-type]
            raise InputError(f"{path}: {key} must be of type {kind_name(kind)}, not {shown(value)}")
        if name == "columns" and not all(isinstance(one, str) for one in sum(value.items(), ())):
            raise InputError(f"{path}: columns must give a text for each name")
        if name == "stages" and not all(isinstance(one, str) for one in value):
            raise InputError(f"{path}: stages must be a list of files")
        result[name] = value
    return result


def shown(value: Any) -> str:
    """A value in an error message, cut to a readable length."""
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        return f"a number above {LARGEST_NUMBER}"
    if value is None or isinstance(value, str | int | float):
        return repr(value)[:80]
    return type(value).__name__


def kind_name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def save_options(options: TrainOptions, folder: str | Path) -> None:
    """Write ``options.yaml`` into a run folder."""
    import yaml

    text = yaml.safe_dump(asdict(options), sort_keys=False)
    write_text_atomically(Path(folder) / OPTIONS_FILE, [text])


def run_options(run: str | Path) -> TrainOptions:
    """The options that a run was made with.

    Raises:
        InputError: the folder holds no run.
    """
    path = Path(run) / OPTIONS_FILE
    if not path.is_file():
        raise InputError(f"{run}: no training run here (no {OPTIONS_FILE}); give a run folder")
    return TrainOptions(**read_options(path))
