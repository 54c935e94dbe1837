"""Intervals and tests, all over reports: the reports are the sample, the readers are given."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import stats

_PRIOR = 10.0**-2  # of log strengths: one over the variance
_EXACT = 12  # reports, up to which all 4096 signs are counted
_NEWTON_STEPS, _CLOSE = 50, 1e-8


class Estimate(NamedTuple):
    """A mean with its 95 % interval (NaN where there is one report alone)."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of values, one a report, with the 95 % interval of Student's t."""
    sample = np.asarray(values, dtype=float)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Estimate(mean, float("nan"), float("nan"))
    reach = stats.t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    return Estimate(mean, float(mean - reach), float(mean + reach))


def share_interval(share: float, n: int) -> Estimate:
    """A share of ``n`` reports with its 95 % interval (Wilson 1927)."""
    z = stats.norm.ppf(0.975)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Estimate(share, float(max(0.0, centre - reach)), float(min(1.0, centre + reach)))


def signed_rank_p(differences: Sequence[float] | np.ndarray) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test with Pratt's zeros; 1 where all are zero.

    Up to 12 reports that differ it is exact, over all signs; above that it is the normal one.
    """
    sample = np.asarray(differences, dtype=float)
    ranks = stats.rankdata(np.abs(sample))[sample != 0]
    if len(ranks) == 0:
        return 1.0
    if len(ranks) > _EXACT:
        return float(stats.wilcoxon(sample, zero_method="pratt", method="approx").pvalue)
    signs = np.array(list(product((-1, 1), repeat=len(ranks))))
    observed = np.sign(sample[sample != 0]) @ ranks
    return float((np.abs(signs @ ranks) >= abs(observed) - 1e-9).mean())


def sign_test_p(differences: Sequence[float] | np.ndarray) -> float:
    """Two-sided p-value of the sign test: zeros (ties) do not count."""
    sample = np.asarray(differences)
    wins, losses = int((sample > 0).sum()), int((sample < 0).sum())
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for all of them (Holm 1979), in their order."""
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted


class Davidson(NamedTuple):
    """Log strengths (their mean is 0), and how often equal systems tie: ``nu`` / (2 + ``nu``)."""

    strengths: np.ndarray
    nu: float


def davidson(counts: Mapping[tuple[int, int], Sequence[float]], n_systems: int) -> Davidson:
    """Bradley-Terry with ties (Davidson 1970), by maximum likelihood.

    P(i wins) : P(tie) : P(j wins) = s_i : nu sqrt(s_i s_j) : s_j. In logarithms this is a
    conditional logit, which Newton's method fits. A normal prior with standard deviation 10 keeps
    the strength of a system finite that always wins.

    Args:
        counts: (i, j) -> number of times that i was better, neither, j was better.
    """
    outcomes = np.array(list(counts.values()), dtype=float)
    design = np.zeros((len(counts), 3, n_systems + 1))  # of the scores: strengths, log nu
    for row, (first, second) in enumerate(counts):
        design[row, [0, 1], first] = 1.0, 0.5
        design[row, [1, 2], second] = 0.5, 1.0
        design[row, 1, -1] = 1.0
    totals = outcomes.sum(axis=1, keepdims=True)
    fitted = np.zeros(n_systems + 1)
    for _ in range(_NEWTON_STEPS):
        scores = design @ fitted
        shares = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
        slope = np.einsum("pok,po->k", design, totals * shares - outcomes) + _PRIOR * fitted
        centred = design - np.einsum("pok,po->pk", design, shares)[:, None]
        curvature = np.einsum("pok,pol,po->kl", centred, centred, totals * shares)
        step = np.linalg.solve(curvature + _PRIOR * np.eye(len(fitted)), slope)
        fitted = fitted - np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _CLOSE:
            break
    return Davidson(fitted[:-1] - fitted[:-1].mean(), float(np.exp(fitted[-1])))
