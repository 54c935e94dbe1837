"""Causal language models (LLMs) from a folder or a hub: loaded, checked, adapted with LoRA."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
)

from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.pretrained import (
    is_gguf,
    load_config,
    load_llm_weights,
    load_tokenizer,
    load_weights,
    save_weights,
    saving,
    spread_like,
)
from preprocessing.errors import InputError, MissingBackendError
from preprocessing.files import read_json
from preprocessing.limits import LORA_RANK

logger = logging.getLogger(__name__)

ADAPTER = "adapter"  # folder of the LoRA weights within a checkpoint, in PEFT's own format
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
PEFT_PREFIX = "base_model.model."  # before each name in such a file, as get_peft_model writes it
# Written by the library and changed with it; they say nothing about the weights.
VOLATILE = (
    "_name_or_path", "transformers_version", "dtype", "torch_dtype", "architectures",
    "quantization_config",
)  # fmt: skip

QUANTISED: dict[str, dict[str, Any]] = {
    "8bit": {"load_in_8bit": True},
    "4bit": {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_compute_dtype": torch.bfloat16,
    },
}


@dataclass(frozen=True)
class LLMSpec:
    """Which LLM a checkpoint was trained with; its weights are not part of the checkpoint.

    ``config_hash``: of the LLM's configuration, see :func:`config_hash`. ``weights``: how they
    are held: ``auto`` (as saved), ``float32``, ``bfloat16``, ``8bit`` or ``4bit``.
    """

    name: str
    revision: str | None
    config_hash: str
    hidden_size: int
    vocab_size: int
    weights: str = "auto"


def config_hash(config: PreTrainedConfig) -> str:
    """SHA-256 of a configuration as JSON with sorted keys, less what the library adds to it."""
    values = {key: value for key, value in config.to_dict().items() if key not in VOLATILE}
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def describe_llm(name: str, *, revision: str | None = None, weights: str = "auto") -> LLMSpec:
    """What identifies an LLM, from its configuration alone.

    Raises:
        InputError: it is not there, or is no decoder-only language model.
    """
    with clear_errors(name):
        config = load_config(name, revision=revision)
    reads_both_ways = type(config) in MODEL_FOR_MASKED_LM_MAPPING  # BERT and its like
    is_causal = type(config) in MODEL_FOR_CAUSAL_LM_MAPPING and not reads_both_ways
    if config.is_encoder_decoder or not is_causal:
        what = "an encoder-decoder" if config.is_encoder_decoder else "no causal language"
        raise InputError(
            f"--llm {name}: {what} model ({config.model_type}); give a decoder-only one, such as "
            "of the Llama, Mistral, Qwen, Gemma or Phi families"
        )
    text = config.get_text_config(decoder=True)
    return LLMSpec(name, revision, config_hash(config), text.hidden_size, text.vocab_size, weights)


def load_llm(spec: LLMSpec) -> PreTrainedModel:
    """The LLM that ``spec`` describes, frozen.

    ``revision`` is for hubs only. Its own generation settings are dropped but for the end tokens,
    so that the same search gives the same impressions with every model.

    Raises:
        InputError: it is not there, incomplete, or not the model described.
        MissingBackendError: 8 or 4 bits without bitsandbytes.
    """
    found = describe_llm(spec.name, revision=spec.revision, weights=spec.weights)
    if found.config_hash != spec.config_hash:
        raise InputError(
            f"{spec.name}: not the LLM that this checkpoint was trained with (its config.json "
            f"has hash {found.config_hash[:12]}, not {spec.config_hash[:12]}); give the right "
            "one with --llm"
        )
    options: dict[str, Any] = {"dtype": spec.weights}
    if spec.weights in QUANTISED:
        if find_spec("bitsandbytes") is None:
            raise MissingBackendError(
                f"--llm-weights {spec.weights} needs bitsandbytes and a GPU: pip install "
                "bitsandbytes, or give --llm-weights bfloat16"
            )
        options = {"quantization_config": BitsAndBytesConfig(**QUANTISED[spec.weights])}
    with clear_errors(spec.name), out_of_memory_as_input_error():
        llm = load_llm_weights(spec.name, revision=spec.revision, **options)
    ends = llm.generation_config.eos_token_id
    llm.generation_config = GenerationConfig(eos_token_id=ends)
    return llm.requires_grad_(False)


def load_llm_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The LLM's tokenizer, with an end token; a missing pad token is replaced by it.

    Raises:
        InputError: it is not there, or has no end token.
    """
    with clear_errors(name):
        tokenizer = load_tokenizer(name, revision=revision)
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"--llm {name}: its tokenizer has no end token (eos_token), so no impression would "
            "ever end; set one in its tokenizer_config.json"
        )
    if tokenizer.pad_token_id is None:
        logger.warning(
            "%s: the tokenizer has no pad token; its end token %s pads instead",
            name,
            tokenizer.eos_token,
        )
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


@contextmanager
def clear_errors(
    name: str, option: str = "--llm", advice: str = "copy the model's files into a folder"
) -> Iterator[None]:
    """One line instead of what transformers raises when files are missing or broken."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{option} {name}: {error}") from None
    except (KeyboardInterrupt, SystemExit, MemoryError, torch.OutOfMemoryError):
        raise
    except BaseException as error:  # the libraries raise many kinds, a panic of Rust among them
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        what = "no such folder, and it cannot be fetched from the model hub"
        if is_gguf(name):
            what = f"this GGUF file cannot be read ({type(error).__name__})"
            advice = "it is damaged, or of a kind of model that transformers does not read"
        if Path(name).is_dir():
            what = "this folder holds no complete model (configuration, weights, tokenizer)"
        raise InputError(f"{option} {name}: {what}; {advice}") from error


def add_lora(llm: PreTrainedModel, *, r: int, alpha: int, dropout: float, targets: str) -> None:
    """Trainable low-rank adapters beside some of the LLM's matrices (Hu et al., ICLR 2022).

    Args:
        r, alpha, dropout: rank, scale (alpha / r) and dropout of the adapters.
        targets: names of the linear layers, separated by commas, or ``all-linear``.

    Raises:
        MissingBackendError: PEFT is not installed.
        InputError: the LLM has no such layers.
    """
    require_peft()
    from peft import LoraConfig, inject_adapter_in_model

    names = targets if targets == "all-linear" else [name.strip() for name in targets.split(",")]
    kinds = {name.rpartition(".")[2] for name, m in llm.named_modules() if is_linear(m)}
    if unknown := set(names) - kinds if isinstance(names, list) else set():
        raise InputError(
            f"--lora-targets {targets}: {', '.join(sorted(unknown))} not among the LLM's layers "
            f"({', '.join(sorted(kinds - {'lm_head'}))})"
        )
    config = LoraConfig(
        r=r,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=names,
        task_type="CAUSAL_LM",
        base_model_name_or_path=llm.name_or_path,
    )
    inject_adapter_in_model(config, llm)
    hold_adapter_in_single_precision(llm)


def hold_adapter_in_single_precision(llm: PreTrainedModel) -> None:
    """Beside weights of 16 bits small steps of the adapter would be rounded away."""
    for parameter in llm.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or "Linear" in type(module).__name__


def require_peft() -> None:
    """Raises :class:`MissingBackendError` when PEFT is not installed."""
    if find_spec("peft") is None:
        raise MissingBackendError("LoRA needs PEFT: pip install 'graphsum[llm]'")


def has_adapter(llm: PreTrainedModel | None) -> bool:
    """Does the LLM have LoRA weights, by :func:`add_lora` or :func:`load_adapter`?"""
    return hasattr(llm, "peft_config")


def save_adapter(
    llm: PreTrainedModel, folder: str | Path, weights: dict[str, torch.Tensor]
) -> None:
    """Write the LoRA weights as PEFT does: ``adapter_config.json``, ``adapter_model.safetensors``.

    Args:
        weights: the LLM's state, of which the adapter's part is written.
    """
    from peft import get_peft_model_state_dict

    path = Path(folder) / ADAPTER
    llm.peft_config["default"].save_pretrained(str(path))
    state = get_peft_model_state_dict(llm, state_dict=weights, save_embedding_layers=False)
    save_weights(
        {PEFT_PREFIX + name: tensor for name, tensor in state.items()}, path / ADAPTER_WEIGHTS
    )


def save_merged(llm: PreTrainedModel, folder: str | Path) -> None:
    """Write the LLM with its adapter added to its weights, which themselves stay as they are.

    The sums are rounded to the precision of the LLM's weights.
    """
    from peft.tuners.lora import LoraLayer

    state = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in llm.state_dict().items()
        if ".lora_" not in name
    }
    for name, module in llm.named_modules():
        if isinstance(module, LoraLayer):
            weight = module.get_base_layer().weight
            merged = weight.float() + module.get_delta_weight("default").float()
            state[f"{name}.weight"] = merged.to(weight.dtype)
    with saving(folder):
        llm.save_pretrained(str(folder), state_dict=state)


def load_adapter(llm: PreTrainedModel, folder: str | Path) -> None:
    """Put the adapter of a checkpoint into the LLM, when the checkpoint has one.

    Raises:
        MissingBackendError: there is one, and PEFT is not installed.
        InputError: its weights do not fit its configuration.
    """
    path = Path(folder) / ADAPTER
    if path.is_dir():
        require_peft()
        from peft import inject_adapter_in_model

        inject_adapter_in_model(adapter_config(path), llm)
        hold_adapter_in_single_precision(llm)
        set_adapter_weights(llm, folder)


def adapter_config(path: Path) -> Any:
    """The LoRA configuration in a checkpoint: what :func:`add_lora` sets, and nothing else of it.

    PEFT's own reader would believe the file whatever it names: other methods, models and code.

    Raises:
        InputError: it is no LoRA configuration, or one of another kind than this project's.
    """
    from peft import LoraConfig

    file = path / ADAPTER_CONFIG
    values = read_json(file)
    names = values.get("target_modules")
    whole = isinstance(names, str) or (
        isinstance(names, list) and all(isinstance(one, str) for one in names)
    )
    rank: Any = values.get("r")
    alpha: Any = values.get("lora_alpha")
    dropout: Any = values.get("lora_dropout")
    if (
        values.get("peft_type") != "LORA"
        or not whole
        or type(rank) is not int
        or not 0 < rank <= LORA_RANK
        or type(alpha) not in (int, float)
        or type(dropout) not in (int, float)
        or not 0 <= dropout < 1
        or any(values.get(name) for name in ("use_dora", "use_rslora", "layer_replication"))
    ):
        raise InputError(f"{file}: not the LoRA configuration that graphsum train writes")
    return LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=names,
        task_type="CAUSAL_LM",
        base_model_name_or_path=values.get("base_model_name_or_path"),
    )


def set_adapter_weights(llm: PreTrainedModel, folder: str | Path) -> None:
    """Put the LoRA weights of a checkpoint into an LLM that has such adapters already.

    Raises:
        InputError: they are the weights of other adapters.
    """
    from peft import set_peft_model_state_dict

    path = Path(folder) / ADAPTER / ADAPTER_WEIGHTS
    own = {name: tensor for name, tensor in llm.state_dict().items() if ".lora_" in name}
    expected = set(own)
    refusal = InputError(
        f"{path}: these are not the weights of this LLM's adapter; give the LLM, the --lora-r and "
        "the --lora-targets of the training"
    )
    weights = load_weights(path)
    try:
        if any(hasattr(tensor, "device_mesh") for tensor in own.values()):  # PEFT fills no such
            named = {
                name.removeprefix(PEFT_PREFIX).replace(".weight", ".default.weight"): tensor
                for name, tensor in weights.items()
            }
            if set(named) != expected:
                raise refusal
            spread = {name: spread_like(tensor, own[name]) for name, tensor in named.items()}
            llm.load_state_dict(spread, strict=False)
            return
        result = set_peft_model_state_dict(llm, weights)
    except RuntimeError as error:  # of other sizes
        raise refusal from error
    if result.unexpected_keys or expected & set(result.missing_keys):
        raise refusal
