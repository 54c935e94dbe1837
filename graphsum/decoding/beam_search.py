"""Beam search over the tokens of an impression, as transformers' ``generate`` does it, faster.

What is found is what ``generate`` finds with ``early_stopping=False``: the same arithmetic, the
same stopping bound, the same order of ties. What differs is the work: a decoder gets the beams of
a report together, so that memory is kept once per report, and reports whose search is over leave
the batch.

Shapes: R reports still searched, K beams, C = 2K candidates, t tokens so far, V vocabulary.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from preprocessing.errors import InputError, RunError

NEVER = -1.0e9  # score of what must not be chosen; finite, as in transformers
PART = 4096  # tokens of the vocabulary that a GPU sorts at a time
LOOKS = 8  # steps between two looks at which reports are over, where to look is to wait for a GPU


@dataclass(frozen=True)
class SearchSettings:
    """How impressions are searched.

    Defaults follow Hu et al.: beam 5, trigram blocking, length penalty exponent 0.95. Two
    departures: transformers divides the score by length^0.95 (not ((5 + length)/6)^0.95), and
    there is no minimal length (the paper's 6 tokens make 75 of Open-i's 576 references
    unreachable).
    """

    num_beams: int = 5
    max_new_tokens: int = 80
    min_new_tokens: int = 0
    length_penalty: float = 0.95
    no_repeat_ngram_size: int = 3

    def __post_init__(self) -> None:
        names = ("num_beams", "max_new_tokens", "min_new_tokens", "no_repeat_ngram_size")
        for name, lowest in zip(names, (1, 1, 0, 0), strict=True):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise InputError(f"{name} must be a whole number from {lowest} on, not {value!r}")

    def as_options(self) -> dict[str, Any]:
        """The same search as keyword arguments for transformers' ``generate``."""
        options: dict[str, Any] = {
            "num_beams": self.num_beams,
            "max_new_tokens": self.max_new_tokens,
            "do_sample": False,
        }
        if self.min_new_tokens:
            options["min_new_tokens"] = self.min_new_tokens
        if self.no_repeat_ngram_size:
            options["no_repeat_ngram_size"] = self.no_repeat_ngram_size
        if self.num_beams > 1:
            options |= {"length_penalty": self.length_penalty, "early_stopping": False}
        return options


class Steps(Protocol):
    """A decoder on its way through a batch, as :func:`beam_search` drives it.

    The beams of all reports stand in the order of the reports: [R, K] where all reports have as
    many, and [A] where they need not (of which sampling makes use on a CPU).
    """

    def step(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of the next token after each beam's last token: [..., V] of [...].

        In single precision and a tensor of its own: the search writes into it.
        """
        ...

    def reorder(self, parents: Tensor) -> None:
        """Go on with beams that continue the beams ``parents``, [...], counted over all reports.

        The reports stay in their order; those of which no beam is continued leave.
        """
        ...


@torch.inference_mode()
def beam_search(
    decoder: Steps,
    settings: SearchSettings,
    *,
    num_reports: int,
    start_id: int,
    end_id: int,
    pad_id: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """The best sequence of each report.

    With one beam it is greedy search. A report's search is over when none of its running beams,
    ended now, would score above its K-th best finished one.

    Returns:
        [B, T]: start token, impression, end token (none when cut at ``max_new_tokens``), padding.
    """
    beams, longest = settings.num_beams, settings.max_new_tokens
    looks_always = is_looking_free(device)
    best = torch.full((num_reports, 1 + longest), pad_id, device=device)
    reports = torch.arange(num_reports, device=device)  # rows of ``best`` still searched, [R]
    # The beams start equal, so the first step needs one only; from then on there are K.
    running = torch.full((num_reports, 1, 1), start_id, device=device)  # [R, K, 1 + t]
    scores = torch.zeros(num_reports, 1, device=device)
    finished = best.unsqueeze(1).repeat(1, beams, 1)  # [R, K, 1 + longest]
    finished_scores = torch.full((num_reports, beams), NEVER, device=device)
    in_beam = torch.arange(2 * beams, device=device) < beams
    over = torch.zeros(num_reports, dtype=torch.bool, device=device)  # of those still here, [R]
    broken = torch.zeros((), dtype=torch.bool, device=device)  # was a score not a number?
    for length in range(1, longest + 1):
        logs = decoder.step(running[:, :, -1])  # [R, K, V]
        block_repeated_ngrams(logs, running, settings.no_repeat_ngram_size)
        if length <= settings.min_new_tokens:
            logs[:, :, end_id] = -torch.inf
        logs += scores.unsqueeze(-1)
        candidates, parents, tokens = best_continuations(logs, 2 * beams)  # [R, C] each
        ends = tokens == end_id if length < longest else torch.ones_like(tokens, dtype=torch.bool)

        extended = torch.cat([rows_of(running, parents), tokens.unsqueeze(-1)], dim=-1)  # [R, C, .]
        if not looks_always or ends[:, :beams].any():
            # Only the K best may end a sequence; the others are there so that K beams can go on.
            ended = candidates / length**settings.length_penalty
            ended += ~(ends & in_beam & ~over.unsqueeze(1)) * NEVER
            padded = F.pad(extended, (0, longest - length), value=pad_id)
            finished_scores, order = torch.cat([finished_scores, ended], dim=1).topk(beams)
            finished = rows_of(torch.cat([finished, padded], dim=1), order)

        scores, order = (candidates + ends * NEVER).topk(beams)
        broken |= scores.isnan().any()
        running, parents = rows_of(extended, order), parents.gather(1, order)
        parents += torch.arange(len(logs), device=device).unsqueeze(1) * logs.size(1)
        # While fewer than K have finished, their lowest score is NEVER, which any beam exceeds.
        going = scores[:, 0] / length**settings.length_penalty > finished_scores.amin(1)  # [R]
        if beams == 1:
            going = ~ends[:, 0]
        if length == longest:
            going = torch.zeros_like(going)
        over = over | ~going  # from now on its finished sequences stay what they are
        if looks_always or length % LOOKS == 0 or length == longest:
            rows = (~over).nonzero().squeeze(1)
            if len(rows) < len(over):
                best[reports[over]] = finished[over, 0]
                if not len(rows):
                    break
                reports, running, scores, over = (
                    values[rows] for values in (reports, running, scores, over)
                )
                finished, finished_scores = finished[rows], finished_scores[rows]
                parents = parents[rows]
        decoder.reorder(parents)
    refuse_broken(broken)
    written = (best != pad_id).any(0).nonzero().max() + 1
    return best[:, :written]


def refuse_broken(broken: Tensor) -> None:
    """Raises :class:`RunError` where a model's scores were NaN: what it writes is garbage."""
    if broken.item():
        raise RunError(
            "the model's scores are not finite (NaN): its weights are damaged, or its training "
            "diverged; take another checkpoint"
        )


def is_looking_free(device: torch.device | str) -> bool:
    """Whether values on the device can be read without waiting: on a CPU."""
    return torch.device(device).type == "cpu"


def best_continuations(logs: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best of all continuations [R, K, V]: scores, beams and tokens, [R, count] each.

    Where there are fewer, the rest are continuations that score so low that nothing takes them.
    """
    beams, vocabulary = logs.shape[1:]
    if count <= vocabulary and not is_looking_free(logs.device):
        # On a GPU short rows are sorted much faster: the best of the best of parts of each beam.
        part = max(count, PART)
        missing = -vocabulary % part
        parts = F.pad(logs, (0, missing), value=-torch.inf) if missing else logs
        top, tokens = parts.unflatten(2, (-1, part)).topk(count)  # [R, K, parts, count] each
        first = torch.arange(0, vocabulary + missing, part, device=logs.device)
        tokens = (tokens + first.unsqueeze(1)).flatten(1)
        top, places = top.flatten(1).topk(count)
        of_beam = parts.size(2) // part * count  # candidates
        # Where hardly a token may follow, what fills up has no token; nothing takes it.
        return top, places // of_beam, tokens.gather(1, places).clamp(max=vocabulary - 1)
    logs = logs.flatten(1)
    if (missing := count - beams * vocabulary) > 0:
        logs = F.pad(logs, (0, missing), value=NEVER)
    top, places = logs.topk(count)
    return top, (places // vocabulary).clamp(max=beams - 1), places % vocabulary


def block_repeated_ngrams(logs: Tensor, tokens: Tensor, size: int) -> None:
    """Set the scores [R, K, V] of tokens that would repeat an n-gram of ``tokens`` to -inf.

    Args:
        tokens: so far, [R, K, t]; 0 for ``size`` blocks nothing.
    """
    if not size or tokens.size(-1) < size:
        return
    windows = tokens.unfold(-1, size, 1)  # [R, K, t - size + 1, size]
    suffix = tokens[:, :, tokens.size(-1) - size + 1 :].unsqueeze(2)
    repeats = (windows[..., :-1] == suffix).all(-1)  # [R, K, t - size + 1]
    lowered = torch.zeros_like(repeats, dtype=logs.dtype).masked_fill(repeats, -torch.inf)
    logs.scatter_add_(2, windows[..., -1], lowered)


def rows_of(values: Tensor, order: Tensor) -> Tensor:
    """``values[r, order[r, k]]`` for all r and k: [R, N, ...] and [R, K] to [R, K, ...]."""
    return values[torch.arange(len(order), device=order.device).unsqueeze(1), order]
