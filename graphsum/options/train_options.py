"""Every option of a training run, and how options, presets and files combine.

Order of precedence: built-in values < preset < ``--config FILE`` < command line. The resolved
options are saved with the run as ``options.yaml``. Nothing here imports torch.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from graphsum.options.presets import DEFAULT_PRESET, PRESETS, PRESETS_OF_DATASET
from preprocessing.errors import InputError, closest
from preprocessing.files import write_text_atomically

OPTIONS_FILE = "options.yaml"
PROGRESS_FILE = "progress.json"


def option(default: Any, text: str, **metadata: Any) -> Any:
    """A dataclass field with its help text for the command line, and what else is said of it.

    ``group``: the heading in ``--help`` of this option and those after it.
    """
    return field(default=default, metadata={"help": text} | metadata)


@dataclass(frozen=True)
class TrainOptions:
    """One training run. Lengths are in pieces, learning rates per step."""

    dataset: str = option("sample", "corpus: sample, openi, mimic-cxr, csv or jsonl", group="data")
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
        metadata={"help": "csv/jsonl column names, such as findings=BEFUND impression=URTEIL"},
    )
    annotator: str = option("builtin", "builtin, stanza or scispacy")
    annotator_model: str | None = option(None, "folder of the annotator's models")
    graph_rule: str = option("hu2022", "graph rule: hu2022 or wgsum")
    graphs: str | None = option(
        None, "graphs made before by python -m preprocessing graph; nothing is annotated then"
    )
    cache_dir: str = option("cache", "where annotations are kept")

    preset: str | None = option(
        None,
        "tiny, small, minilm, hu2022, radiology-gpt, small-llm or small-llm-steered (default: "
        "tiny for sample, hu2022 for mimic-cxr, small)",
        group="model",
    )
    model: str = option("graphsum", "graphsum, or instruct (an LLM alone, without graph)")
    encoder: str | None = option(
        None, "pretrained text encoder: hub name or folder (default: small one from scratch)"
    )
    encoder_layers: int = option(4, "layers of an encoder from scratch")
    trim_vocab: bool = option(
        False, "fit the vocabulary of --encoder to the training texts: frequent words whole"
    )
    vocab_size: int = option(4000, "pieces of a tokenizer trained from scratch, at most")
    max_source_pieces: int = option(512, "findings are cut to this length, by sentence")
    max_target_pieces: int = option(80, "impressions are cut to this length in training")
    d_model: int = option(256, "width of memory and decoder")
    decoder_layers: int = option(3, "layers of the decoder")
    decoder_heads: int = option(8, "attention heads of encoder from scratch and decoder")
    decoder_ffn_dim: int = option(1024, "width of the feed-forward layers")
    dropout: float = option(0.1, "dropout of the layers trained from scratch")
    attention_dropout: float = option(0.0, "the same, of attention weights (slow on a CPU)")
    copy: bool = option(True, "the decoder may copy pieces of the findings")
    graph: str = option("gatv2", "graph convolution: gat, gatv2 or none")
    graph_heads: int = option(8, "heads of the first graph layer")
    graph_width: int = option(32, "width of each of these heads")
    graph_dropout: float = option(0.1, "dropout of the graph encoder")
    typed_edges: bool = option(True, "edge types enter the graph attention")
    contrastive_weight: float = option(1.0, "weight of the contrastive loss; 0: without")
    contrastive_layers: int = option(2, "layers of the contrastive module")
    contrastive_temperature: float = option(1.0, "temperature of the contrastive loss")
    contrastive_negatives: str = option(
        "own", "own (the paper), or batch: key words of other reports as well"
    )
    label_smoothing: float = option(0.1, "label smoothing of the token loss")
    r_drop: float = option(
        0.0, "weight of R-Drop: two passes with other dropout are to agree (1.7 x the time)"
    )

    decoder: str = option(
        "transformer",
        "transformer (from scratch) or causal-lm (frozen LLM)",
        group="language model as decoder (--decoder causal-lm) or alone (--model instruct)",
    )
    llm: str | None = option(None, "the LLM: hub name or folder")
    llm_revision: str | None = option(None, "branch, tag or commit of the LLM on the hub")
    llm_weights: str = option("auto", "auto (as saved), float32, bfloat16, 8bit or 4bit")
    alignment: str = option("shallow", "what trains: shallow (mapper), delta (LoRA too) or deep")
    init_from: str | None = option(None, "run whose encoders are taken over (shallow and delta)")
    mapper: str = option("mlp", "memory to prefix: linear, mlp or queries")
    prefix_length: int = option(32, "number of queries of --mapper queries")
    prompt: str = option(
        "Derive the impression from findings in the radiology report", "instruction to the LLM"
    )
    prompt_findings: bool = option(False, "show the findings' text to the LLM beside the prefix")
    max_prompt_pieces: int = option(1024, "longer prompts lose the end of their findings")
    lora_r: int = option(8, "rank of LoRA (delta, deep, instruct); 0: none")
    lora_alpha: int = option(16, "LoRA's factor is alpha / r")
    lora_dropout: float = option(0.05, "dropout of LoRA's inputs")
    lora_targets: str = option("q_proj,v_proj", "layers that LoRA adapts, or all-linear")
    gradient_checkpointing: bool = option(False, "compute the LLM's activations twice: less memory")
    activation_checkpointing: bool = option(
        False, "the same for encoders, contrastive module and decoder"
    )

    batch_size: int = option(32, "reports per optimiser step, over all processes", group="training")
    accumulation: int = option(1, "parts in which each process computes its share of a batch")
    max_steps: int = option(1400, "optimiser steps")
    schedule: str = option("linear", "linear (warm-up, then linear decay) or noam")
    encoder_lr: float = option(7e-4, "peak learning rate of the text encoder")
    lr: float = option(7e-4, "peak learning rate of everything else")
    encoder_warmup: int = option(150, "warm-up steps of the text encoder")
    warmup: int = option(150, "warm-up steps of everything else")
    weight_decay: float = option(0.01, "AdamW weight decay, of matrices only")
    clip: float = option(1.0, "gradient norm limit; 0: none")
    shuffle_sentences: bool = option(False, "show findings with their sentences in random order")
    precision: str = option("no", "mixed precision: no, bf16 or fp16")
    cuda_graphs: bool = option(
        True, "on one GPU, record the work of each batch shape once, then repeat it: faster"
    )
    seed: int = option(1, "seed of weights, batches and dropout")
    validate_every: int = option(350, "steps between validations")
    patience: int = option(0, "stop after this many validations without gain; 0: never")
    validation_reports: int = option(0, "use the first N validation reports; 0: all")
    log_every: int = option(10, "steps between entries of log.jsonl and TensorBoard")
    output_dir: str | None = option(None, "run folder (default: checkpoints/<dataset>-<preset>)")

    @property
    def run_dir(self) -> Path:
        return Path(self.output_dir or f"checkpoints/{self.dataset}-{self.preset}")

    @property
    def uses_llm(self) -> bool:
        return self.model == "instruct" or self.decoder == "causal-lm"

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise InputError(
                    f"{flag(name)} {value!r} is unknown{closest(value, allowed)}; "
                    f"choose from {', '.join(allowed)}"
                )
        for name in POSITIVE:
            if getattr(self, name) <= 0:
                raise InputError(f"{flag(name)} must be above 0, not {getattr(self, name)}")
        for name in NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise InputError(f"{flag(name)} must be at least 0, not {getattr(self, name)}")
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
        if not self.uses_llm:
            return
        if self.model == "graphsum" and self.alignment != "deep" and not self.init_from:
            raise InputError(
                f"--alignment {self.alignment} trains no encoder, so it needs a trained one: give "
                "--init-from RUN (a graphsum run), or --alignment deep"
            )
        if not self.lora_r and (self.model == "instruct" or self.alignment == "delta"):
            raise InputError("--lora-r 0 leaves nothing for LoRA to train; give at least 1")


CHOICES: dict[str, tuple[str, ...]] = {
    "preset": tuple(PRESETS),
    "schedule": ("linear", "noam"),
    "precision": ("no", "bf16", "fp16"),
    "graph": ("gat", "gatv2", "none"),
    "contrastive_negatives": ("own", "batch"),
    "model": ("graphsum", "instruct"),
    "llm_weights": ("auto", "float32", "bfloat16", "8bit", "4bit"),
    "alignment": ("shallow", "delta", "deep"),
    "mapper": ("linear", "mlp", "queries"),
}
POSITIVE = (
    "encoder_layers vocab_size max_source_pieces max_target_pieces d_model decoder_layers "
    "decoder_heads decoder_ffn_dim graph_heads graph_width contrastive_layers "
    "contrastive_temperature batch_size accumulation max_steps encoder_warmup warmup "
    "validate_every log_every prefix_length max_prompt_pieces lora_alpha"
).split()
NOT_NEGATIVE = [
    "contrastive_weight",
    "r_drop",
    "weight_decay",
    "clip",
    "patience",
    "validation_reports",
    "encoder_lr",
    "lr",
    "lora_r",
    "lora_dropout",
]


def flag(name: str) -> str:
    """The command-line spelling of an option."""
    return "--" + name.replace("_", "-")


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
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not YAML or JSON") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a mapping of option names to values")
    known = {entry.name: entry for entry in fields(TrainOptions)}
    result = {}
    for key, value in values.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise InputError(f"{path}: unknown option {key!r}{closest(name, known)}")
        kind = known[name].type
        if isinstance(value, int) and kind is float:
            value = float(value)
        if isinstance(value, str) and kind is float:  # YAML 1.1 reads 3e-4 as text
            with contextlib.suppress(ValueError):
                value = float(value)
        expected = dict if name == "columns" else kind
        if (isinstance(value, bool) and expected is int) or not isinstance(value, expected):  # type: ignore[arg-type]
            raise InputError(f"{path}: {key} must be of type {kind_name(kind)}, not {value!r}")
        result[name] = value
    return result


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
