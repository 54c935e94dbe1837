"""What training, writing and evaluation ask of a model and of its processor, whatever their type.

Shapes: B reports, T tokens of an impression, N samples.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from graphsum.decoding.beam_search import SearchSettings
from graphsum.models.processing import Example
from preprocessing.records import Report, ReportGraph

# What a model reads of a report: its graph, or for a model without graphs the report itself.
Inputs = Sequence[ReportGraph] | Sequence[Report]
Input = TypeVar("Input", bound=ReportGraph | Report, contravariant=True)


class ImpressionModel(Protocol):
    """A model that writes impressions, such as GraphSum or Instruct."""

    training: bool

    @property
    def device(self) -> torch.device: ...

    def train(self, mode: bool = True) -> "ImpressionModel": ...

    def eval(self) -> "ImpressionModel": ...

    def to(self, device: str, /) -> "ImpressionModel": ...

    def use_plain_attention(self) -> None:
        """Compute attention step by step, which is faster on a CPU."""
        ...

    def generate_impressions(
        self, batch: dict[str, Tensor], settings: SearchSettings | None = None
    ) -> Tensor:
        """The tokens of one impression per report, [B, T], padded after the end token."""
        ...

    def sample_impressions(
        self, batch: dict[str, Tensor], uniforms: Tensor, *, temperature: float
    ) -> Tensor:
        """The tokens of N samples per report, [B, N, T]; ``uniforms`` in [0, 1), [B, T, N]."""
        ...

    def target_logprobs(
        self, batch: dict[str, Tensor], labels: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        """Log-probabilities of the tokens of M targets, [M, T]; ``rows``: their reports, [M]."""
        ...

    def labels_of(self, tokens: Tensor) -> Tensor:
        """Labels of what the two methods above gave, [..., T], -100 after the end token."""
        ...


class Processor(Protocol[Input]):
    """What makes batches of reports and impressions of tokens."""

    @property
    def context(self) -> tuple[str, ...]:
        """The kinds of context that the model reads (:mod:`graphsum.personal.context`)."""
        ...

    def examples(
        self, inputs: Iterable[Input], impressions: Iterable[str] | None = None, /
    ) -> Iterator[Example]:
        """One example per input (graph, or report of a model without graphs), in order."""
        ...

    def collate(
        self, examples: Sequence[Example], *, fixed_shapes: bool = False
    ) -> dict[str, Tensor]:
        """The batch of these examples, by the names of the model's arguments."""
        ...

    def batch_decode(self, tokens: Tensor, /) -> list[str]:
        """The impressions of tokens, [B, T]."""
        ...

    def save_pretrained(self, folder: str | Path) -> None: ...
