"""Rows of different lengths as one tensor, and lengths of which a GPU meets few.

B reports, S source tokens, T target tokens, N labelled positions.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100  # label of positions without loss, as everywhere in transformers
PADDING = -1  # fills prompts up on their left; the mask is made from it, so no real id will do
NOTHING = -1  # fills up lists of edges and of labelled positions
# Lengths that findings are padded to on a GPU: each costs kernels and memory plans of its own.
FIXED_LENGTHS = (*range(16, 97, 8), 112, 128, 144, 160, 192, 224, 256, 320, 384, 512)
TARGET_LENGTHS = (16, 24, 32, 48, 80, 128, 256)  # the same of impressions
SHORT_SHARE = 3 / 4  # of a batch's rows: those with the shortest impressions, padded less


def places_of(labels: Tensor) -> Tensor:
    """Where the flattened labels [B, T] are not -100, [N]."""
    return (labels.flatten() != IGNORED).nonzero().squeeze(1)


def rows_at(values: Tensor, places: Tensor) -> Tensor:
    """The rows of ``values``, [B, T, ...], at places of the flattened [B x T]: [N, ...]."""
    return values.flatten(0, 1).index_select(0, places)


def places_to_read(places: Tensor, count: int) -> Tensor:
    """Places [N] among ``count`` positions, with positions that differ where they are -1.

    A GPU adds the gradients of one position one after the other.
    """
    others = torch.arange(len(places), device=places.device) % count
    return torch.where(places < 0, others, places)


def labels_at(labels: Tensor, places: Tensor) -> Tensor:
    """The labels [B, T] at places of the flattened labels, [N]; any label at the place -1."""
    return labels.flatten()[places.clamp(min=0)].clamp(min=0)


def labels_up_to(tokens: Tensor, end_ids: Sequence[int]) -> Tensor:
    """Tokens [..., T] with -100 in the place of whatever follows the first end token."""
    ends = torch.isin(tokens, torch.tensor(end_ids, device=tokens.device)).long()
    return tokens.masked_fill(ends.cumsum(-1) - ends > 0, IGNORED)


def label_losses(
    logits: Tensor, labels: Tensor, label_places: Tensor | None, label_smoothing: float
) -> Tensor:
    """Cross-entropy of each labelled token, [N], in nats; 0 where ``label_places`` is -1.

    Args:
        logits: [B, T, V].
        labels: [B, T], -100 where there is none.
        label_places: as in :meth:`graphsum.models.modeling.GraphSum.forward`, [N].
    """
    places = places_of(labels) if label_places is None else label_places
    losses = F.cross_entropy(
        rows_at(logits, places_to_read(places, labels.numel())).float(),
        labels_at(labels, places),
        label_smoothing=label_smoothing,
        reduction="none",
    )
    return losses * (places >= 0)


def to_fixed_shapes(batch: dict[str, Tensor], pad_id: int, *, has_short: bool) -> None:
    """Pad a batch in place and add ``label_places``; see :meth:`GraphSumProcessor.collate`.

    ``has_short``: its rows stand in the order of their targets' lengths, and the first are to have
    labels of their own.
    """
    rows, length = batch["input_ids"].shape
    longer = fixed_length(length) - length
    for name, value in (("input_ids", pad_id), ("attention_mask", 0), ("key_mask", 0)):
        batch[name] = F.pad(batch[name], (0, longer), value=value)
    positions = rows * (length + longer)
    edges = batch["edge_type"].numel()
    more = fixed_count(edges, at_least=2 * positions) - edges
    batch["edge_index"] = F.pad(batch["edge_index"], (0, more), value=NOTHING)
    batch["edge_type"] = F.pad(batch["edge_type"], (0, more))
    if "labels" not in batch:
        return
    labels = batch["labels"]
    longer = fixed_length(labels.size(1), TARGET_LENGTHS) - labels.size(1)
    labels = batch["labels"] = F.pad(labels, (0, longer), value=IGNORED)
    if has_short and (count := int(rows * SHORT_SHARE)):
        longest = int((labels[:count] != IGNORED).sum(1).max())
        longest = min(fixed_length(longest, TARGET_LENGTHS), labels.size(1))
        batch["short_labels"] = labels[:count, :longest].contiguous()
        batch["short_places"] = fixed_places(batch["short_labels"])
        labels = labels[count:]
    batch["label_places"] = fixed_places(labels)


def fixed_places(labels: Tensor) -> Tensor:
    """Where the flattened labels [B, T] are not -100, then -1, up to a multiple of 8 B: [N]."""
    places = places_of(labels)
    step = 8 * len(labels)
    count = -(-max(1, len(places)) // step) * step
    return F.pad(places, (0, count - len(places)), value=NOTHING)


def fixed_length(length: int, lengths: Sequence[int] = FIXED_LENGTHS) -> int:
    """The least of ``lengths`` that is long enough; above them multiples of 128."""
    longer = next((fixed for fixed in lengths if fixed >= length), None)
    return longer or -(-length // 128) * 128


def fixed_count(count: int, *, at_least: int) -> int:
    """``at_least``, doubled as often as needed to hold ``count``."""
    while at_least < count:
        at_least *= 2
    return at_least


def padded(rows: Sequence[np.ndarray], value: int) -> Tensor:
    """Rows of different lengths as one tensor [B, longest], filled up with ``value``."""
    tensors = [torch.from_numpy(row) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)


def padded_left(rows: Sequence[np.ndarray]) -> Tensor:
    """Prompts of different lengths as one tensor [B, longest], filled up with ``PADDING``."""
    tensors = [torch.from_numpy(row) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(
        tensors, batch_first=True, padding_value=PADDING, padding_side="left"
    )
