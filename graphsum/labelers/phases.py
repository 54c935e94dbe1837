"""Training in phases that can be stopped at any step and gone on with; for every trained labeler.

A phase's products are files in ``RUN/training``: a phase whose product is there is over. While one
lasts, ``state.safetensors`` holds its weights, its optimiser and its step. Batches and dropout
follow from the seed, the phase and the step, so that a run that was stopped ends with the same
weights.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from graphsum.options.label_options import LearningOptions
from graphsum.pretrained import load_weights, save_weights
from preprocessing.errors import InputError, RunError
from preprocessing.files import append_line, give_usual_permissions

TRAINING = "training"  # folder within the run
STATE_FILE = "state.safetensors"
LOG_FILE = "log.jsonl"
CLIP = 1.0
WARMUP = 0.1
BUCKETS = 50  # batches whose reports are sorted by length together
LOG_EVERY = 20


@dataclass(frozen=True)
class Phase:
    """One pass of training over some reports, several times.

    Args:
        name: of the phase, in the log and in the state.
        rows: which reports, by their places.
        epochs: how often.
    """

    name: str
    rows: np.ndarray
    epochs: int

    def steps(self, batch_size: int) -> int:
        """How many there are."""
        return self.epochs * -(-len(self.rows) // batch_size)


def train_phase(
    network: nn.Module,
    phase: Phase,
    *,
    groups: Sequence[Mapping[str, object]],
    lengths: np.ndarray,
    loss_of: Callable[[np.ndarray], Tensor],
    options: LearningOptions,
    run: Path,
    progress: bool | None = None,
) -> None:
    """Train a network in place.

    Args:
        network: its trainable parameters are all in ``groups``.
        phase: what on.
        groups: of parameters, as ``torch.optim.AdamW`` takes them, each with its peak ``lr``.
        lengths: of all reports, in tokens; batches hold reports of similar lengths.
        loss_of: the loss of a batch, given the places of its reports.
        options: batch size, weight decay, precision, seed.
        run: the folder of the run.
        progress: whether to show a bar; None: on a terminal.

    Raises:
        RunError: the loss is not finite.
        InputError: the state is that of another run.
    """
    total = phase.steps(options.batch_size)
    optimizer = torch.optim.AdamW(
        [dict(group) for group in groups], weight_decay=options.weight_decay
    )
    warmup = max(1, round(WARMUP * total))
    done = _load_state(network, optimizer, phase.name, run)

    def share_of_peak(later: int) -> float:
        step = done + later
        return min((step + 1) / warmup, (total - step) / (total - warmup + 1))

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share_of_peak)
    device = next(network.parameters()).device
    network.train()
    losses: list[float] = []
    start = time.perf_counter()
    hidden = None if progress is None else not progress
    with tqdm(
        desc=phase.name, total=total, initial=done, unit=" steps", mininterval=2.0, disable=hidden
    ) as bar:
        for step, rows in enumerate(_batches(phase, lengths, options)):
            if step < done:
                continue
            torch.manual_seed(_seed(options.seed, phase.name, step))
            with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
                loss = loss_of(rows)
            if not bool(loss.isfinite()):
                raise RunError(
                    f"{run}: the loss is not finite in step {step} of the phase {phase.name}; try "
                    "a lower --lr, or --precision no"
                )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(
                [one for group in optimizer.param_groups for one in group["params"]], CLIP
            )
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
            bar.update()
            losses.append(float(loss.detach()))
            if len(losses) == LOG_EVERY or step + 1 == total:
                line = {
                    "phase": phase.name, "step": step + 1, "of": total,
                    "loss": round(sum(losses) / len(losses), 5),
                    "seconds": round(time.perf_counter() - start, 1),
                }  # fmt: skip
                append_line(run / LOG_FILE, json.dumps(line))
                losses = []
            if (step + 1) % options.save_every == 0 and step + 1 < total:
                _save_state(network, optimizer, phase.name, step + 1, run)
    network.eval()


def product(run: Path, name: str) -> Path:
    """The file of a phase's product."""
    return run / TRAINING / f"{name}.safetensors"


def save_product(tensors: Mapping[str, Tensor], run: Path, name: str) -> None:
    """Write a phase's product, complete or not at all; the phase is over then."""
    path = product(run, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    save_weights(tensors, new)
    give_usual_permissions(new)
    os.replace(new, path)


def trained(network: nn.Module) -> dict[str, Tensor]:
    """The parameters that train, by name."""
    return {
        name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad
    }


def put_back(network: nn.Module, tensors: Mapping[str, Tensor], place: Path) -> None:
    """Give trained parameters the values that :func:`trained` named.

    Raises:
        InputError: they are of another network.
    """
    own = trained(network)
    if {name: one.shape for name, one in own.items()} != {n: t.shape for n, t in tensors.items()}:
        raise InputError(
            f"{place}: of another training; resume with the options that the run was made with"
        )
    with torch.no_grad():
        for name, tensor in tensors.items():
            own[name].copy_(tensor)


def _batches(phase: Phase, lengths: np.ndarray, options: LearningOptions) -> Iterator[np.ndarray]:
    """The places of each batch's reports, all of them once an epoch."""
    size = options.batch_size
    for epoch in range(phase.epochs):
        generator = np.random.default_rng(_seed(options.seed, f"{phase.name} batches", epoch))
        order = phase.rows[generator.permutation(len(phase.rows))]
        batches = []
        for start in range(0, len(order), size * BUCKETS):
            bucket = order[start : start + size * BUCKETS]
            bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
            batches += [bucket[first : first + size] for first in range(0, len(bucket), size)]
        for number in generator.permutation(len(batches)):
            yield batches[number]


def _seed(seed: int, name: str, number: int) -> int:
    return zlib.crc32(f"{seed} {name} {number}".encode())


def _save_state(
    network: nn.Module, optimizer: torch.optim.Optimizer, name: str, step: int, run: Path
) -> None:
    tensors = {f"network.{key}": tensor for key, tensor in trained(network).items()}
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    for number, parameter in enumerate(parameters):
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{number}.{key}"] = torch.as_tensor(value)
    tensors["step"] = torch.tensor([step, zlib.crc32(name.encode())])
    save_product(tensors, run, STATE_FILE.partition(".")[0])


def _load_state(network: nn.Module, optimizer: torch.optim.Optimizer, name: str, run: Path) -> int:
    """The step that the state of a phase of that name is at; 0: there is none."""
    path = run / TRAINING / STATE_FILE
    if not path.is_file():
        return 0
    tensors = load_weights(path)
    damaged = InputError(f"{path}: not the state of this training; train anew")
    step = tensors.pop("step", None)
    if step is None or step.shape != (2,):
        raise damaged
    if int(step[1]) != zlib.crc32(name.encode()):
        return 0  # of a phase that is over
    weights = {
        key.removeprefix("network."): one
        for key, one in tensors.items()
        if key.startswith("network.")
    }
    put_back(network, weights, path)
    state: dict[int, dict[str, Tensor]] = {}
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    for key, tensor in tensors.items():
        part, _, rest = key.partition(".")
        number, _, field = rest.partition(".")
        if part == "optimizer":
            fits = number.isdigit() and int(number) < len(parameters)
            if not fits or (tensor.ndim and tensor.shape != parameters[int(number)].shape):
                raise damaged
            state.setdefault(int(number), {})[field] = tensor
    expected = {"step", "exp_avg", "exp_avg_sq"}
    if len(state) != len(parameters) or any(set(one) != expected for one in state.values()):
        raise damaged
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    return int(step[0])
