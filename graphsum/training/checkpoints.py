"""A run's checkpoints: written whole or not at all, without the weights of an LLM."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from torch import Tensor

from graphsum.llm.loading import ADAPTER, set_adapter_weights
from graphsum.llm.prompting import LLM_TOKENIZER
from graphsum.models.configuration import InstructConfig
from graphsum.models.modeling import LLM, GraphSum, own_state
from graphsum.models.protocols import Processor
from graphsum.options import Progress
from graphsum.pretrained import (
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    hash_of_tokenizer,
    load_weights,
    spread_like,
)
from graphsum.training.state import save_training_state, training_state
from preprocessing.errors import InputError, RunError
from preprocessing.files import give_usual_permissions, replace_folder

if TYPE_CHECKING:
    from graphsum.models.instruct import Instruct


def save_checkpoint(
    accelerator: Accelerator,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    processor: Processor,
    progress: Progress,
    run: Path,
    *,
    best: bool,
) -> None:
    """Write ``last/`` (with the full training state) and, when it is the best, ``best/``.

    Raises:
        RunError: the disk is full, or the folder not writable.
    """
    names = ("best", "last") if best else ("last",)
    for name in names:
        state = training_state(accelerator, optimizer) if name == "last" else None
        plain = accelerator.unwrap_model(model)
        weights = own_state(plain)  # by all processes: each may hold a part
        if accelerator.is_main_process:
            new = run / f".{name}.new"
            try:
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir()
                save_model(plain, processor, new, weights)
                progress.write(new)
                if state is not None:
                    save_training_state(state, new)
                share_weights(new)
                replace_folder(new, run / name)
            except (OSError, SafetensorError, InputError) as error:
                shutil.rmtree(new, ignore_errors=True)
                reason = getattr(error, "strerror", None) or error
                raise RunError(
                    f"{run / name}: cannot be written ({reason}); make room, then go on with "
                    "--resume"
                ) from None
        accelerator.wait_for_everyone()


def save_model(
    model: Any, processor: Processor, folder: Path, weights: dict[str, Tensor] | None = None
) -> None:
    """Write model and processor; the model's configuration has the hash of its tokenizer."""
    processor.save_pretrained(folder)
    of_model = folder if (folder / TOKENIZER_FILE).is_file() else folder / LLM_TOKENIZER
    if (of_model / TOKENIZER_FILE).is_file():
        found = hash_of_tokenizer(of_model)
        if isinstance(model.config, InstructConfig):
            model.config = replace(model.config, tokenizer_hash=found)
        else:
            model.config.tokenizer_hash = found
    model.save_pretrained(folder, state_dict=weights)


def share_weights(folder: Path) -> None:
    """Let others read the weights too: safetensors 0.8 leaves them to their owner (its #782)."""
    for path in folder.rglob("*.safetensors"):
        give_usual_permissions(path)


def is_spread(model: torch.nn.Module) -> bool:
    """Does each process hold only a part of the weights (FSDP2)?"""
    return any(hasattr(parameter, "full_tensor") for parameter in model.parameters())


def load_own_state(model: "GraphSum | Instruct", folder: str | Path) -> None:
    """Put the weights of a checkpoint into a model of the same shape, whose LLM is there already.

    Raises:
        InputError: the weights are not those of such a model.
    """
    path, adapter = Path(folder) / WEIGHTS_FILE, Path(folder) / ADAPTER
    own = own_state(model)
    tied = set(getattr(model, "_tied_weights_keys", None) or ())  # saved by their other name
    lora = {name for name in own if name.startswith(LLM)}
    expected = {n: tensor.shape for n, tensor in own.items() if n not in tied | lora}
    weights = load_weights(path) if path.is_file() else {}
    if {name: tensor.shape for name, tensor in weights.items()} != expected or (
        bool(lora) and not adapter.is_dir()
    ):
        raise InputError(
            f"{folder}: these are the weights of another model; resume with the options that "
            "the run was made with"
        )
    targets = model.state_dict()
    spread = {name: spread_like(tensor, targets[name]) for name, tensor in weights.items()}
    model.load_state_dict(spread, strict=False)
    if lora:
        set_adapter_weights(model.decoder.llm, folder)
