"""The state of a training beside the weights: optimiser and random numbers, as tensors alone.

A run may come from anybody, so nothing of it is a pickle. The learning rates follow from the step
(``progress.json``), and the file is the same whether one process or many hold the weights.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedType, gather_object
from torch import Tensor
from torch.distributed.tensor import DTensor

from graphsum.pretrained import load_weights, save_weights, spread_like
from preprocessing.errors import InputError

STATE_FILE = "training_state.safetensors"
OF_EARLIER_VERSIONS = ("optimizer.bin", "custom_checkpoint_0.pkl", "random_states_0.pkl")


def training_state(accelerator: Accelerator, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The tensors of the state, by name; all processes call it together.

    ``optimizer.N.KEY``: of the N-th trained parameter, counted over the groups; ``random.P.cpu``,
    ``random.P.cuda.N``: of process P; ``scaler.KEY``: of the loss scale, in fp16.
    """
    if is_deepspeed(accelerator):
        return {}  # which spreads it in a form of its own; such a run cannot be resumed
    state = {}
    for number, parameter in enumerate(parameters_of(optimizer)):
        for key, value in optimizer.state.get(parameter, {}).items():
            tensor = torch.as_tensor(value)
            if isinstance(tensor, DTensor):
                tensor = tensor.full_tensor()
            state[f"optimizer.{number}.{key}"] = tensor.detach().cpu().clone()
    generators = {"cpu": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        for number, own in enumerate(torch.cuda.get_rng_state_all()):
            generators[f"cuda.{number}"] = own
    for process, own in gather_object([(accelerator.process_index, generators)]):
        state |= {f"random.{process}.{name}": tensor for name, tensor in own.items()}
    if accelerator.scaler is not None:
        for key, value in accelerator.scaler.state_dict().items():
            state[f"scaler.{key}"] = torch.tensor(float(value), dtype=torch.float64)
    return state


def save_training_state(state: dict[str, Tensor], folder: str | Path) -> None:
    """Write what :func:`training_state` gave into a checkpoint."""
    save_weights(state, Path(folder) / STATE_FILE)


def load_training_state(
    accelerator: Accelerator, optimizer: torch.optim.Optimizer, folder: str | Path
) -> None:
    """Put the state of a checkpoint into optimiser and random number generators.

    A process that the run did not have keeps the generators that the seed gave it.

    Raises:
        InputError: there is none, it is damaged, or of another model.
    """
    path = Path(folder) / STATE_FILE
    if is_deepspeed(accelerator):
        raise InputError("--resume: a run with DeepSpeed cannot be resumed; take FSDP2")
    if not path.is_file():
        earlier = any((Path(folder) / name).exists() for name in OF_EARLIER_VERSIONS)
        why = f"no {STATE_FILE}"
        if earlier:
            why = "it is of an earlier version, whose state is a pickle, which may hold any code"
        raise InputError(f"{folder}: training cannot go on from here ({why}); train anew")
    state = load_weights(path)
    damaged = InputError(
        f"{path}: not the state of this training; resume with the options that the run was made "
        "with, or train anew"
    )
    own: dict[int, dict[str, Any]] = {}
    parameters = list(parameters_of(optimizer))
    try:
        for name, tensor in state.items():
            part, _, rest = name.partition(".")
            if part == "optimizer":
                place, _, key = rest.partition(".")
                own.setdefault(int(place), {})[key] = like(tensor, parameters[int(place)])
        if own and set(own) - set(range(len(parameters))):
            raise damaged
        keys = {frozenset(values) for values in own.values()}
        if len(keys) > 1 or keys - {frozenset({"step", "exp_avg", "exp_avg_sq"})}:
            raise damaged
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": own, "param_groups": groups})
        generators = {
            name.removeprefix(f"random.{accelerator.process_index}."): tensor
            for name, tensor in state.items()
            if name.startswith(f"random.{accelerator.process_index}.")
        }
        if "random.0.cpu" not in state:
            raise damaged
        if "cpu" in generators:
            torch.set_rng_state(generators["cpu"])
        if accelerator.device.type == "cuda":
            for number in range(torch.cuda.device_count()):
                if f"cuda.{number}" in generators:
                    torch.cuda.set_rng_state(generators[f"cuda.{number}"], number)
        if accelerator.scaler is not None:
            scaler = {
                key: type(value)(state[f"scaler.{key}"].item())
                for key, value in accelerator.scaler.state_dict().items()
            }
            accelerator.scaler.load_state_dict(scaler)
    except (ValueError, IndexError, KeyError, TypeError, RuntimeError):
        raise damaged from None


def like(value: Tensor, parameter: Tensor) -> Tensor:
    """The optimiser's tensor for a parameter, spread over the processes as the parameter is.

    Raises:
        ValueError: it has another shape, and is no count of steps.
    """
    if value.ndim == 0:
        return value
    if value.shape != parameter.shape:
        raise ValueError("shape")
    return spread_like(value, parameter)


def parameters_of(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    """The parameters that train, in the order of the groups."""
    for group in optimizer.param_groups:
        yield from group["params"]


def is_deepspeed(accelerator: Accelerator) -> bool:
    return accelerator.distributed_type == DistributedType.DEEPSPEED
