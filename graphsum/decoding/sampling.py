"""Samples of impressions: what the model holds possible, for consensus decoding.

Shapes as in :mod:`graphsum.decoding.beam_search`, with N samples per report; A is the number of
*different* beginnings that the samples of all reports still have, so what is common to them is
computed once.
"""

import torch
from torch import Tensor

from graphsum.decoding import beam_search
from graphsum.decoding.beam_search import LOOKS, Steps, rows_of


@torch.inference_mode()
def sample_sequences(
    decoder: Steps,
    uniforms: Tensor,
    *,
    temperature: float,
    start_id: int,
    end_id: int,
    pad_id: int,
    fixed_width: bool = False,
) -> Tensor:
    """Sequences drawn from the decoder's distribution, each token with p^(1/temperature).

    The samples of a report that begin alike draw their next tokens by systematic sampling: n of
    them take the quantiles (i + u) / n of one uniform number u. Each sample alone is distributed
    as if drawn independently, and shares of samples vary less (Kitagawa 1996, there for particle
    filters).

    Args:
        uniforms: numbers in [0, 1), one number per report, step and sample, [B, T, N]; T is the
            longest length. A report's samples depend on its own uniforms only.
        fixed_width: let every report have N beginnings from the second step on. That is more
            work, but A need not be known, for which a GPU is waited for.

    Returns:
        [B, N, 1 + T]: start token, impression, end token (none when cut), padding.
    """
    num_reports, longest, num_samples = uniforms.shape
    device = uniforms.device
    looks_always = beam_search.is_looking_free(device) or not fixed_width
    drawn = torch.full((num_reports, num_samples, 1 + longest), pad_id, device=device)
    drawn[:, :, 0] = start_id
    places = torch.arange(num_samples, device=device)
    reports = torch.arange(num_reports, device=device)  # rows of ``drawn`` not finished, [R]
    samples = drawn.clone()  # of these, sorted by beginning, finished ones last, [R, N, 1 + T]
    going = torch.ones_like(samples[:, :, 0], dtype=torch.bool)  # [R, N]
    beam = reports.unsqueeze(1).expand(-1, num_samples)  # the beginning that a sample has, [R, N]
    source = reports * num_samples  # the first sample of each beginning, [A] or [R, K], of R * N
    last = samples[:, 0, 0]  # last token of each beginning, alike
    if fixed_width:
        source, last = source.unsqueeze(1), last.unsqueeze(1)
    broken = torch.zeros((), dtype=torch.bool, device=device)  # was a score not a number?
    for step in range(longest):
        scores = decoder.step(last).float() / temperature
        mass = scores.softmax(-1).cumsum(-1).flatten(0, -2)  # [A, V]
        broken |= mass[:, -1].isnan().any()
        vocabulary = mass.size(-1)
        first = source.flatten() % num_samples
        offset = uniforms[reports, step].flatten()[source.flatten()]
        count = torch.zeros_like(first).scatter_add(0, beam.flatten(), going.flatten().long())
        quantiles = (places - first.unsqueeze(-1) + offset.unsqueeze(-1)) / (
            count.clamp(min=1).unsqueeze(-1)
        )  # of all samples under every beginning, [A, N]; used under their own
        taken = torch.searchsorted(mass, quantiles * mass[:, -1:], right=True)
        tokens = taken.clamp(max=vocabulary - 1).flatten()[beam * num_samples + places]
        samples[:, :, step + 1] = tokens.masked_fill(~going, pad_id)
        going = going & (tokens != end_id)

        key = (beam * vocabulary + tokens).masked_fill(~going, torch.iinfo(torch.long).max)
        key, order = key.sort(dim=1, stable=True)
        samples, going, tokens, parents = (
            rows_of(values, order) for values in (samples, going, tokens, beam)
        )
        new = going.clone()
        new[:, 1:] &= key[:, 1:] != key[:, :-1]
        drawn[reports] = samples
        is_last = step + 1 == longest
        if looks_always or (step + 1) % LOOKS == 0 or is_last:
            open_reports = going.any(1)
            rows = open_reports.nonzero().squeeze(1)
            if not len(rows) or is_last:
                break
            if len(rows) < len(open_reports):
                reports, samples, going, tokens, parents, new = (
                    values[rows] for values in (reports, samples, going, tokens, parents, new)
                )
        if fixed_width:  # where a report has fewer beginnings, it gets some that no sample has
            starts = torch.arange(len(reports), device=device).unsqueeze(1) * num_samples
            source = starts + (~new).byte().argsort(dim=1, stable=True)
            beam = starts + (new.cumsum(1) - 1).clamp(min=0)
        else:
            source = new.flatten().nonzero().squeeze(1)
            beam = (new.flatten().cumsum(0) - 1).view_as(new)
        last = tokens.flatten()[source]
        decoder.reorder(parents.flatten()[source])
    beam_search.refuse_broken(broken)
    written = int((drawn != pad_id).any(1).any(0).nonzero().max()) + 1
    return drawn[:, :, :written]
