"""Put one mistake of the released code of Hu et al. (2022) back, and run train.py or evaluate.py.

    python benchmarks/mistakes.py attention-across-batch train.py --dataset openi --data-dir DIR

What each costs: name it as ``mistake`` of a variant of ``benchmarks/quality.py``. Three mistakes
need no code of their own: the loss's accidental weight is ``--contrastive-weight 0.0125``, the
contrastive and graph parts that ran again at every step of the search cost time only, and what
stood in the place of the end piece was an end piece by another name.
"""

import argparse
import importlib
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from graphsum.command_line import Parser, run
from graphsum.decoding.beam_search import SearchSettings
from graphsum.models import contrastive, generation
from graphsum.models.contrastive import ContrastiveModule
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import Example, GraphSumProcessor
from preprocessing.records import ReportGraph

SHARE_OF_START = 77  # per cent of the reports


def start_is_key_word() -> AbstractContextManager[Any]:
    """The start piece is a key word in 77 % of the reports (padding of indices with 0)."""
    right = GraphSumProcessor._example

    def example(self: GraphSumProcessor, graph: ReportGraph, impression: str) -> Example:
        made = right(self, graph, impression)
        if zlib.crc32(graph.uid.encode()) % 100 < SHARE_OF_START:
            made.key_mask[0] = 1
        return made

    return patch.object(GraphSumProcessor, "_example", example)


def pieces_not_linked() -> AbstractContextManager[Any]:
    """The pieces of one word are not linked with each other."""
    right = GraphSumProcessor._example

    def example(self: GraphSumProcessor, graph: ReportGraph, impression: str) -> Example:
        made = right(self, graph, impression)
        words = self._source_tokens(graph)[1]
        word = np.array([-1 if one is None else one for one in words])
        apart = word[made.edge_index[0]] != word[made.edge_index[1]]
        return replace(made, edge_index=made.edge_index[:, apart], edge_type=made.edge_type[apart])

    return patch.object(GraphSumProcessor, "_example", example)


def attention_across_batch() -> AbstractContextManager[Any]:
    """The contrastive module attends across the reports of a batch, position by position."""
    right = ContrastiveModule.encode

    def encode(self: ContrastiveModule, memory: Tensor, visible: Tensor) -> Tensor:
        everything, apart = visible.chunk(2)  # each [B, S, S]
        real = everything.any(dim=1)  # [B, S]
        with_start = apart[:, 0] & real  # the view that holds the start piece
        same_view = with_start.unsqueeze(1) == with_start.unsqueeze(0)  # [B, B, S]
        itself = torch.eye(len(real), dtype=torch.bool, device=real.device).unsqueeze(2)
        halves = []
        for states, seen in zip(
            memory.chunk(2), (real.expand_as(same_view), same_view & real), strict=True
        ):
            encoded = right(self, states.transpose(0, 1), (seen | itself).permute(2, 0, 1))
            halves.append(encoded.transpose(0, 1))
        return torch.cat(halves)

    return patch.object(ContrastiveModule, "encode", encode)


def padding_is_pooled() -> AbstractContextManager[Any]:
    """The means of the contrastive module count padding."""
    right = ContrastiveModule.forward
    mean = contrastive.masked_mean

    def forward(
        self: ContrastiveModule, memory: Tensor, attention_mask: Tensor, *rest: Any, **named: Any
    ) -> Tensor:
        padding = ~attention_mask.bool()
        with patch.object(contrastive, "masked_mean", lambda x, keep: mean(x, keep | padding)):
            return right(self, memory, attention_mask, *rest, **named)

    return patch.object(ContrastiveModule, "forward", forward)


def all_pairs() -> AbstractContextManager[Any]:
    """Every report is drawn to the key words of every other, and away from their other words."""

    def loss(
        anchor: Tensor, positive: Tensor, negative: Tensor, *, temperature: float, **_: Any
    ) -> Tensor:
        anchor, positive, negative = (
            F.normalize(view, dim=-1) for view in (anchor, positive, negative)
        )
        difference = anchor @ negative.T - anchor @ positive.T  # [B, B]
        return F.softplus(difference / temperature).mean(dim=1)

    return patch.object(contrastive, "contrastive_loss", loss)


def dropout_at_test_time() -> AbstractContextManager[Any]:
    """The dropout of the graph encoder stays on when impressions are written."""
    right = GraphSum.train

    def train(self: GraphSum, mode: bool = True) -> GraphSum:
        right(self, mode)
        if self.graph_encoder is not None:
            self.graph_encoder.train()
        return self

    return patch.object(GraphSum, "train", train)


def six_pieces_at_least() -> AbstractContextManager[Any]:
    """Beam search writes six pieces at least."""
    return patch.object(generation, "SearchSettings", partial(SearchSettings, min_new_tokens=6))


MISTAKES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "start-is-key-word": start_is_key_word,
    "pieces-not-linked": pieces_not_linked,
    "attention-across-batch": attention_across_batch,
    "padding-is-pooled": padding_is_pooled,
    "all-pairs": all_pairs,
    "dropout-at-test-time": dropout_at_test_time,
    "six-pieces-at-least": six_pieces_at_least,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mistake", choices=MISTAKES)
    parser.add_argument("program", choices=("train.py", "evaluate.py"))
    options, rest = parser.parse_known_args(arguments)
    program = importlib.import_module(Path(options.program).stem)
    with MISTAKES[options.mistake]():
        program.main(rest)


if __name__ == "__main__":
    run(main)
