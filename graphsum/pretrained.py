"""The one place where what was trained elsewhere is loaded: configurations, tokenizers, weights.

Checkpoints come from strangers. None of their code runs: ``trust_remote_code`` is false, so nothing
is asked on standard input, and weights are safetensors, never pickles. The network is asked for a
name only within :func:`downloads`. Sizes are looked at before memory is taken, and weights are
complete and finite. Whatever is wrong is one line.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from preprocessing.errors import InputError, MissingBackendError, RunError
from preprocessing.files import read_json
from preprocessing.limits import CHECKPOINT_VALUES, MODEL_VALUES, NORMALIZER_GROWTH

__all__ = [
    "build_encoder",
    "check_values",
    "downloads",
    "hash_of_tokenizer",
    "is_gguf",
    "load_checkpoint_model",
    "load_config",
    "load_encoder",
    "load_llm_weights",
    "load_tokenizer",
    "load_weights",
    "one_line",
    "save_weights",
    "saving",
    "spread_like",
]

TOKENIZER_FILE = "tokenizer.json"
WEIGHTS_FILE = "model.safetensors"
GGUF = b"GGUF"  # the first bytes of such a file
INDEX_FILE = "model.safetensors.index.json"
# What would have somebody's code fetched or run, were it believed.
CODE = ("auto_map", "custom_generate", "custom_pipelines", "quantization_config")
KERNELS = "_implementation"  # within such a key: of attention, of experts
# Folders are taken as they are; PEFT's file would have transformers load another model beneath.
REDIRECTING = "adapter_config.json"
LARGEST_POSITIONS = 2**27  # of a table of positions, in numbers

_may_download = [False]


@contextmanager
def downloads(allowed: bool) -> Iterator[None]:
    """Whether names that are no folders may be asked for on the model hub, within the block."""
    before = _may_download[0]
    _may_download[0] = allowed
    try:
        yield
    finally:
        _may_download[0] = before


@contextmanager
def _network_as_allowed() -> Iterator[None]:
    """Keep the hub's library from the network outside :func:`downloads`; also a decorator.

    Though told to use local files only, it would fetch a list of its own.
    """
    before = huggingface_hub.constants.HF_HUB_OFFLINE
    huggingface_hub.constants.HF_HUB_OFFLINE = before or not _may_download[0]
    try:
        yield
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE = before


def _safely() -> dict[str, Any]:
    return {"trust_remote_code": False, "local_files_only": not _may_download[0]}


def is_gguf(name: str) -> bool:
    """Whether an LLM is a GGUF file (llama.cpp's format), as its name says."""
    return name.lower().endswith(".gguf")


def _place(name: str) -> dict[str, Any]:
    """Where transformers finds a model: a folder, a name on the hub, or a GGUF file in a folder.

    Raises:
        InputError: there is no such file, or it is none.
        MissingBackendError: the package gguf is not installed.
    """
    if not is_gguf(name):
        return {"pretrained_model_name_or_path": name}
    path = Path(name)
    if not path.is_file():
        raise InputError("no such file")
    with open(path, "rb") as file:
        if file.read(len(GGUF)) != GGUF:
            raise InputError("not a GGUF file")
    if find_spec("gguf") is None:
        raise MissingBackendError("GGUF files need the package gguf: pip install 'graphsum[llm]'")
    return {"pretrained_model_name_or_path": str(path.absolute().parent), "gguf_file": path.name}


@contextmanager
def one_line(place: str, advice: str) -> Iterator[None]:
    """One line, ``place`` and ``advice``, instead of what the libraries raise for broken files.

    They raise many kinds of errors, a panic of Rust among them, which is no ``Exception``.
    """
    try:
        yield
    except InputError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, torch.OutOfMemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{place}: {advice} ({type(error).__name__})") from None


@_network_as_allowed()
def load_config(name: str, *, revision: str | None = None) -> PreTrainedConfig:
    """The configuration of an encoder or an LLM: a folder, or a name on the hub."""
    if (Path(name) / "config.json").is_file():
        check_values(read_json(Path(name) / "config.json"), MODEL_VALUES, name)
    config = AutoConfig.from_pretrained(**_place(name), revision=revision, **_safely())
    check_values(config.to_dict(), MODEL_VALUES, name)
    return config


@_network_as_allowed()
def load_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of an encoder or an LLM."""
    check_tokenizer_files(Path(name))
    return AutoTokenizer.from_pretrained(**_place(name), revision=revision, **_safely())


def load_checkpoint_tokenizer(folder: str | Path, *, expected: str | None) -> Any:
    """The tokenizer in a checkpoint of this project.

    Args:
        expected: its hash as the checkpoint's configuration has it; None: not known.

    Raises:
        InputError: it is missing, damaged or another one.
    """
    folder = Path(folder)
    advice = "the tokenizer cannot be loaded; it is incomplete, damaged or of another version"
    if not (folder / TOKENIZER_FILE).is_file():
        raise InputError(f"{folder}: no {TOKENIZER_FILE}; the checkpoint is incomplete")
    if expected is not None and hash_of_tokenizer(folder) != expected:
        raise InputError(
            f"{folder}: {TOKENIZER_FILE} is not the one that the model was trained with (another "
            "hash than in config.json); copy the whole folder of the checkpoint"
        )
    with one_line(str(folder), advice), downloads(False):
        for file in ("tokenizer_config.json", "special_tokens_map.json"):
            if (folder / file).is_file():
                _refuse_code(read_json(folder / file), folder / file)
        return load_tokenizer(str(folder))


def hash_of_tokenizer(folder: str | Path) -> str:
    """SHA-256 of what ``tokenizer.json`` says, as JSON with sorted keys."""
    values = read_json(Path(folder) / TOKENIZER_FILE)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


@_network_as_allowed()
def load_encoder(name: str) -> PreTrainedModel:
    """A text encoder's weights: complete (but for the pooling layer) and finite."""
    _refuse_redirection(name)
    load_config(name)
    model, info = AutoModel.from_pretrained(
        name, use_safetensors=True, weights_only=True, output_loading_info=True, **_safely()
    )
    missing = {key for key in info["missing_keys"] if not key.startswith("pooler.")}
    _check_loaded(model, info | {"missing_keys": missing, "unexpected_keys": set()}, name)
    return model


def build_encoder(folder: Path, weights: Path) -> PreTrainedModel:
    """A random text encoder, without pooling layer, for the weights of a checkpoint.

    Args:
        folder: of its configuration.
        weights: the file that holds its weights, among others.

    Raises:
        InputError: the configuration asks for code, absurd sizes or more weights than there are.
    """
    path = folder / "config.json"
    values = read_json(path)
    _refuse_code(values, path)
    check_values(values, MODEL_VALUES, folder)
    _compare_size(_least_of_encoder(values), folder, [weights])
    with one_line(str(folder), "the encoder cannot be built; it is damaged"), downloads(False):
        encoder = AutoModel.from_config(load_config(str(folder)), trust_remote_code=False)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


@_network_as_allowed()
def load_llm_weights(name: str, *, revision: str | None, **options: Any) -> PreTrainedModel:
    """An LLM's weights, complete; ``options``: precision or quantisation.

    Those of a GGUF file are taken out of its own quantisation.
    """
    _refuse_redirection(name)
    wanted = options.get("dtype")
    if is_gguf(name):
        options["dtype"] = "float32"
    model, info = AutoModelForCausalLM.from_pretrained(
        **_place(name),
        revision=revision,
        use_safetensors=True,
        weights_only=True,
        output_loading_info=True,
        **_safely(),
        **options,
    )
    _check_loaded(model, info | {"unexpected_keys": set()}, name, finite=False)
    return _without_quantisation(model, wanted) if is_gguf(name) else model


def _without_quantisation(model: PreTrainedModel, dtype: Any) -> PreTrainedModel:
    """A plain model with the same weights: transformers would save none that was read of GGUF."""
    config = model.config
    del config.quantization_config
    plain = type(model)(config)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    return (plain.bfloat16() if dtype == "bfloat16" else plain).eval()


def load_checkpoint_model(
    load: Callable[..., Any], folder: str | Path, *args: Any, **options: Any
) -> Any:
    """A checkpoint of this project by transformers' ``load``: complete and finite, nothing more.

    Raises:
        InputError: the folder's configuration asks for code or absurd sizes, or its weights are
            missing, of another model, or not finite.
    """
    path = Path(folder)
    if path.is_dir():
        _refuse_redirection(path)
        if not any((path / name).is_file() for name in (WEIGHTS_FILE, INDEX_FILE)):
            raise InputError(f"{folder}: no {WEIGHTS_FILE}; the checkpoint is incomplete")
        values = read_json(path / "config.json")
        _refuse_code(values, path / "config.json")
        check_values(values, CHECKPOINT_VALUES, folder)
        check_values(values.get("text_encoder"), MODEL_VALUES, folder)
        _check_size(values, path)
        options |= _safely() | {"local_files_only": True}
    wants_info = options.pop("output_loading_info", False)
    options |= {"use_safetensors": True, "weights_only": True, "output_loading_info": True}
    with downloads(_may_download[0] and not path.is_dir()), _network_as_allowed():
        model, info = load(folder, *args, **options)
    _check_loaded(model, info, folder)
    return (model, info) if wants_info else model


def load_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, all of them finite.

    Raises:
        InputError: it cannot be read, or holds a number that is not finite.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    check_finite(weights, path)
    return weights


def save_weights(weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Write tensors as a safetensors file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    save_file(tensors, path, metadata={"format": "pt"})


@contextmanager
def saving(place: str | Path, advice: str = "make room and try again") -> Iterator[None]:
    """One line where a model cannot be written: a full disk, a place without permission.

    Raises:
        RunError: in the place of what the libraries raise.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{place}: cannot be written ({reason}); {advice}") from None


def spread_like(value: Tensor, target: Any) -> Tensor:
    """A tensor, spread over the processes of a training as ``target`` is (FSDP2)."""
    if hasattr(target, "device_mesh"):
        from torch.distributed.tensor import distribute_tensor  # takes time to import

        return distribute_tensor(value.to(target.device), target.device_mesh, target.placements)
    return value


def check_finite(weights: Mapping[str, Tensor], place: str | Path) -> None:
    """Raises ``InputError`` where a number is NaN or infinite."""
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise InputError(
                f"{place}: weights that are not finite (NaN or infinite, in {name}); the "
                "checkpoint is damaged, or its training diverged"
            )


def check_values(values: Any, limits: Mapping[str, int], place: str | Path) -> None:
    """Compare a configuration's numbers, nested ones too, with what they may be at most.

    Raises:
        InputError: one is larger, or no whole number from 0.
    """
    if isinstance(values, list | tuple):
        for one in values:
            check_values(one, limits, place)
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        limit = limits.get(name)
        if limit is not None and isinstance(value, int | float) and not 0 <= value <= limit:
            raise InputError(
                f"{place}: config.json has {name} = {value}; at most {limit} is supported"
            )
        if KERNELS in str(name) and isinstance(value, str) and ("/" in value or ":" in value):
            raise InputError(f"{place}: config.json asks for code ({name}), which is not run")
        if isinstance(value, dict | list):
            check_values(value, limits, place)


def _refuse_code(values: Any, place: str | Path) -> None:
    """Raises ``InputError`` where a file of a checkpoint asks for code of its own."""
    if isinstance(values, dict):
        for name, value in values.items():
            if name in CODE and value:
                raise InputError(f"{place}: asks for code of its own ({name}), which is not run")
            _refuse_code(value, place)
    elif isinstance(values, list):
        for one in values:
            _refuse_code(one, place)


def _refuse_redirection(folder: str | Path) -> None:
    if (Path(folder) / REDIRECTING).exists():
        raise InputError(
            f"{folder}: an adapter ({REDIRECTING}), not a whole model; give a folder with the "
            "model's own weights"
        )


def _check_size(values: Mapping[str, Any], folder: Path) -> None:
    """Whether the weights' file is as large as the model that the configuration describes.

    What is counted is part of every model of that configuration, so a smaller file is of another.
    """
    sizes = {name: int(values.get(name) or 0) for name in CHECKPOINT_VALUES}
    width, has_llm = sizes["d_model"], values.get("llm") is not None
    if sizes["max_positions"] * width > LARGEST_POSITIONS:
        raise InputError(f"{folder}: config.json has max_positions = {sizes['max_positions']}")
    least = 0
    if not has_llm:
        least += sizes["vocab_size"] * width
        least += sizes["decoder_layers"] * width * sizes["decoder_ffn_dim"]
    if values.get("contrastive_weight"):
        least += sizes["contrastive_layers"] * width * width
    if values.get("graph") != "none":
        least += sizes["graph_heads"] * sizes["graph_width"] * width
    least += _least_of_encoder(values.get("text_encoder"))
    _compare_size(least, folder, folder.glob("*.safetensors"))


def _least_of_encoder(values: Any) -> int:
    """How many numbers an encoder of that configuration has at least."""
    if not isinstance(values, dict):
        return 0
    own = {name: int(values.get(name) or 0) for name in MODEL_VALUES}
    hidden = own["hidden_size"]
    embedding = int(values.get("embedding_size") or hidden)
    layers = 1 if values.get("model_type") == "albert" else own["num_hidden_layers"]
    least = own["vocab_size"] * min(hidden, embedding)
    least += layers * hidden * own["intermediate_size"]
    return least + own["max_position_embeddings"] * min(hidden, embedding)


def _compare_size(least: int, folder: Path, files: Iterable[Path]) -> None:
    held = sum(map(_elements, files))
    if least > held:
        raise InputError(
            f"{folder}: config.json describes a larger model than the weights are of ({least:,} "
            f"numbers or more, not {held:,})"
        )


def _elements(path: Path) -> int:
    """How many numbers a safetensors file says that it holds."""
    try:
        with safe_open(path, framework="pt") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    return sum(torch.Size(shape).numel() for shape in shapes)


def _check_loaded(
    model: PreTrainedModel, info: Mapping[str, Any], place: str | Path, *, finite: bool = True
) -> None:
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[what]:
            names = sorted(str(one) for one in info[what])
            raise InputError(
                f"{place}: the weights are not those of this model ({what.replace('_', ' ')}: "
                f"{names[0]}" + (f" and {len(names) - 1} more" if names[1:] else "") + "); the "
                "checkpoint is incomplete, damaged or of another version"
            )
    if finite:
        check_finite(model.state_dict(), place)


def check_tokenizer_files(folder: Path) -> None:
    """Whether a tokenizer in a folder makes no more of a text than can be held.

    Raises:
        InputError: its file is too large or no JSON, or its normalizer blows texts up.
    """
    path = folder / TOKENIZER_FILE
    if not path.is_file():
        return
    values = read_json(path)
    for part in ("normalizer", "decoder", "pre_tokenizer"):
        if _growth(values.get(part)) > NORMALIZER_GROWTH:
            raise InputError(f"{path}: its {part} makes too much of a text")


def _growth(step: Any) -> int:
    """At most so many characters a step of a tokenizer makes of one."""
    if not isinstance(step, dict):
        return 1
    if any(
        isinstance(step.get(name), list) for name in ("normalizers", "decoders", "pretokenizers")
    ):
        growth = 1
        for name in ("normalizers", "decoders", "pretokenizers"):
            for one in step.get(name) or ():
                growth *= _growth(one)
                if growth > NORMALIZER_GROWTH:
                    return growth
        return growth
    texts = [step.get(name) for name in ("content", "prepend")]
    return max([1] + [len(text) for text in texts if isinstance(text, str)])
