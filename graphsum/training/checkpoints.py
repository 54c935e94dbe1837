"""A run's checkpoints: written whole or not at all, without the weights of an LLM."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from torch import Tensor, nn

from graphsum.llm.loading import ADAPTER, set_adapter_weights
from graphsum.models.modeling import LLM, GraphSum, own_state
from graphsum.models.protocols import Processor
from graphsum.options import PROGRESS_FILE
from preprocessing.errors import InputError
from preprocessing.files import give_usual_permissions, replace_folder, write_text_atomically

if TYPE_CHECKING:
    from graphsum.models.instruct import Instruct


def save_checkpoint(
    accelerator: Accelerator,
    model: torch.nn.Module,
    processor: Processor,
    progress: dict[str, float],
    run: Path,
    *,
    best: bool,
) -> None:
    """Write ``last/`` (with the full training state) and, when it is the best, ``best/``.

    ``progress``: where the run stands, JSON-ready.
    """
    names = ("best", "last") if best else ("last",)
    for name in names:
        new = run / f"{name}.new"
        if accelerator.is_main_process:
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
        accelerator.wait_for_everyone()
        if name == "last":
            accelerator.save_state(str(new))
        plain = accelerator.unwrap_model(model)
        weights = own_state(plain)  # by all processes: each may hold a part
        if accelerator.is_main_process:
            plain.save_pretrained(new, state_dict=weights)
            processor.save_pretrained(new)
            text = json.dumps(progress) + "\n"
            write_text_atomically(new / PROGRESS_FILE, [text])
            share_weights(new)
            replace_folder(new, run / name)
        accelerator.wait_for_everyone()


def share_weights(folder: Path) -> None:
    """Let others read the weights too: safetensors 0.8 leaves them to their owner (its #782)."""
    for path in folder.rglob("*.safetensors"):
        give_usual_permissions(path)


def skip_weights_in_state(accelerator: Accelerator) -> None:
    """The training state holds no weights: ``save_pretrained`` writes them beside it.

    So a checkpoint of a frozen LLM stays small. Where Accelerate spreads the weights over
    processes (FSDP, DeepSpeed) it keeps a spread copy of its own all the same.
    """

    def save(models: list[nn.Module], weights: list[dict[str, Tensor]], folder: str) -> None:
        weights.clear()

    def load(models: list[nn.Module], folder: str) -> None:
        for model in models:
            load_own_state(accelerator.unwrap_model(model), folder)
        models.clear()

    accelerator.register_save_state_pre_hook(save)
    accelerator.register_load_state_pre_hook(load)


def is_spread(model: torch.nn.Module) -> bool:
    """Does each process hold only a part of the weights (FSDP2)?"""
    return any(hasattr(parameter, "full_tensor") for parameter in model.parameters())


def load_own_state(model: "GraphSum | Instruct", folder: str | Path) -> None:
    """Put the weights of a checkpoint into a model of the same shape, whose LLM is there already.

    Raises:
        InputError: the weights are not those of such a model.
    """
    path, adapter = Path(folder) / "model.safetensors", Path(folder) / ADAPTER
    if path.is_file():
        weights = load_file(path)
        expected = {name: tensor.shape for name, tensor in own_state(model).items()}
        tied = set(getattr(model, "_tied_weights_keys", None) or ())  # saved by their other name
        lora = {name for name in expected if name.startswith(LLM)}
        found = {name: tensor.shape for name, tensor in weights.items()}
        if found != {n: s for n, s in expected.items() if n not in tied | lora}:
            raise InputError(
                f"{folder}: these are the weights of another model; resume with the options that "
                "the run was made with"
            )
        model.load_state_dict(weights, strict=False)
    if adapter.is_dir():
        set_adapter_weights(model.decoder.llm, folder)
