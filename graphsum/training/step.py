"""One optimiser step: its inputs, made ahead of time; its passes; the guard against NaN."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from graphsum.models.processing import Example, with_shuffled_sentences
from graphsum.models.protocols import Processor
from graphsum.options import TrainOptions
from graphsum.training.capture import Batch, CapturedPass
from graphsum.training.checkpoints import is_spread
from graphsum.training.objectives import OBJECTIVES
from graphsum.training.objectives.objective import Objective
from preprocessing.errors import RunError
from preprocessing.registry import load

logger = logging.getLogger(__name__)

LOADER_PROCESSES = 2  # that make batches for a GPU; a CPU has nothing to gain
SKIPPED_IN_A_ROW = 5  # steps without a finite loss and gradient that end a training
CAPTURED_ENCODERS = ("bert", "roberta", "roberta-prelayernorm")  # whose passes never wait


@dataclass(frozen=True)
class StepInputs(Dataset):
    """The batches of a step, by its number and the rows of its reports.

    Every process knows the whole batch and takes its share of the rows, in ``accumulation`` parts.
    Losses are divided by the counts of the whole batch, so the gradient does not depend on the
    number of processes or parts.
    """

    examples: Sequence[Example]
    processor: Processor
    options: TrainOptions
    process: int = 0
    processes: int = 1
    fixed_shapes: bool = False  # pad to few shapes, as a GPU likes it

    def __getitem__(self, step: tuple[int, Sequence[int]]) -> list[Batch]:
        number, rows = step
        chosen = [self.examples[row] for row in rows]
        if self.options.shuffle_sentences:
            generator = np.random.default_rng([self.options.seed, number])  # the same on resume
            chosen = [with_shuffled_sentences(example, generator) for example in chosen]
        return self.parts(chosen)

    def parts(self, chosen: Sequence[Example]) -> list[Batch]:
        """The batches of these examples that this process computes."""
        num_tokens = torch.tensor(float(sum(len(example.labels) for example in chosen)))
        num_reports = torch.tensor(float(len(chosen)))
        share = chosen[self.process :: self.processes]
        parts = [share[i :: self.options.accumulation] for i in range(self.options.accumulation)]
        return [
            self.processor.collate(part, fixed_shapes=self.fixed_shapes)
            | {"num_tokens": num_tokens, "num_reports": num_reports}
            for part in parts
        ]


def load_ahead(
    inputs: StepInputs, steps: Iterator[tuple[int, Sequence[int]]], *, for_gpu: bool
) -> Iterator[list[Batch]]:
    """The batches of these steps; for a GPU made ahead by other processes, in pinned memory."""
    return iter(
        DataLoader(
            inputs,
            batch_size=None,
            sampler=steps,
            num_workers=LOADER_PROCESSES if for_gpu else 0,
            pin_memory=for_gpu,
            generator=torch.Generator(),  # the seed of its processes leaves dropout's alone
            prefetch_factor=4 if for_gpu else None,
        )
    )


class TrainingStep:
    """Forward and backward passes of a step's parts, clipping, and the optimiser.

    Nothing here waits for a GPU: losses stay there until somebody reads them. A step whose loss
    or gradient is not finite changes no weight.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        options: TrainOptions,
    ) -> None:
        self.accelerator = accelerator
        self.model = model
        self.optimizer = optimizer
        self.options = options
        self.objectives = objectives_of(options)
        self.names: list[str] = []  # of the objectives that the model has
        self.captured: CapturedPass | None = None
        if captures(accelerator, model, options):
            self.captured = CapturedPass(self.last_pass, model.parameters())

    def __call__(self, parts: Sequence[Batch]) -> Tensor:
        """One step on the parts that :class:`StepInputs` makes.

        Returns:
            [L + 1], on the device: the losses (:attr:`names` says of which objectives) of the
            whole batch, and 1 where the step was skipped, otherwise 0.
        """
        sums = sum(self._passes(parts), start=torch.zeros((), device=self.accelerator.device))
        sums = self.accelerator.reduce(sums, "sum")
        finite = sums.isfinite().all() & self._clip()
        skipped = (~finite).float()
        optimizer: Any = getattr(self.optimizer, "optimizer", self.optimizer)
        if self.accelerator.scaler is not None:  # which looks after gradients itself
            self.optimizer.step()
        elif optimizer.defaults.get("fused") and not is_spread(self.model):
            optimizer.found_inf = skipped  # a fused optimiser looks at it by itself
            self.optimizer.step()
        elif not skipped.item():
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=self.captured is None)
        return torch.cat([sums, skipped.reshape(1)])

    def _passes(self, parts: Sequence[Batch]) -> Iterator[Tensor]:
        """The losses of each part, [L], whose gradients add up."""
        for number, part in enumerate(parts):
            if self.captured is not None:
                yield self.captured(part)
                continue
            batch = {
                name: t.to(self.accelerator.device, non_blocking=True) for name, t in part.items()
            }
            last = number == len(parts) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                yield self.last_pass(batch)

    def last_pass(self, batch: Batch) -> Tensor:
        """Forward and backward pass; the losses, [L]."""
        output = self.model(**batch)
        losses, total = {}, torch.zeros((), device=self.accelerator.device)
        for objective, weight in self.objectives:
            loss = objective.loss(output, batch, self.model)
            if loss is not None:
                losses[objective.name] = loss.detach().float()
                total = total + weight * loss
        # Distributed training averages gradients over the processes; losses are to be summed.
        self.accelerator.backward(total * self.accelerator.num_processes)
        self.names = list(losses)
        return torch.stack(list(losses.values()))

    def _clip(self) -> Tensor:
        """Clip the gradients when asked to; whether they are finite (in fp16: not looked at)."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        finite = torch.ones((), dtype=torch.bool, device=self.accelerator.device)
        if self.options.clip:
            norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.options.clip)
        else:
            norm = torch.nn.utils.get_total_norm(gradients)
        if norm is None or self.accelerator.scaler is not None:
            return finite
        return finite & getattr(norm, "full_tensor", lambda: norm)().isfinite()


def objectives_of(options: TrainOptions) -> list[tuple[Objective, float]]:
    """The objectives of a run with their weights, in the order of ``OBJECTIVES``."""
    classes = [load(OBJECTIVES, name) for name in OBJECTIVES]
    weighed = [(cls(), cls.weight(options)) for cls in classes]
    return [(objective, weight) for objective, weight in weighed if weight]


def captures(accelerator: Accelerator, model: torch.nn.Module, options: TrainOptions) -> bool:
    """Whether passes are captured in CUDA graphs: where it was tried, on one GPU.

    Not with an LLM, whose prompts have too many lengths; nor with gradients that other processes
    wait for, nor with a loss scale, nor where activations are computed twice.
    """
    config = getattr(model, "config", None)
    encoder = getattr(config, "text_encoder_config", None)
    return (
        options.cuda_graphs
        and accelerator.device.type == "cuda"
        and accelerator.num_processes == 1
        and accelerator.scaler is None
        and not options.uses_llm
        and not options.activation_checkpointing
        and getattr(encoder, "model_type", None) in CAPTURED_ENCODERS
    )


class FiniteGuard:
    """Reads now and then which steps were skipped, and ends a training that goes nowhere."""

    def __init__(self) -> None:
        self.in_a_row = 0

    def check(
        self, first_step: int, skipped: Sequence[bool], uids: Sequence[Sequence[str]]
    ) -> None:
        """Warn of each skipped step.

        Args:
            first_step: number of the first of these steps.
            skipped: which of them were.
            uids: their reports.

        Raises:
            RunError: too many steps in a row were skipped.
        """
        for step, is_skipped, reports in zip(
            range(first_step, first_step + len(skipped)), skipped, uids, strict=True
        ):
            self.in_a_row = self.in_a_row + 1 if is_skipped else 0
            if not is_skipped:
                continue
            named = ", ".join(reports[:4]) + (
                f" and {len(reports) - 4} more" if reports[4:] else ""
            )
            if self.in_a_row >= SKIPPED_IN_A_ROW:
                raise RunError(
                    f"step {step}: loss or gradient not finite for {self.in_a_row} steps in a row "
                    f"(reports {named}); the weights before them are kept in last/. Try a lower "
                    "--lr and --encoder-lr, a longer --warmup, --clip 1 or --precision no, then "
                    "--resume"
                )
            logger.warning(
                "step %d: loss or gradient not finite; skipped (reports %s)", step, named
            )
