"""Bootstrap over reports: intervals of a mean, and a paired test between two systems."""

from collections.abc import Iterator

import numpy as np

N_RESAMPLES = 1000
# Drawn report positions held at once: 16 MB.
_CHUNK_ELEMENTS = 2**21


def confidence_interval(
    scores: np.ndarray, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Percentile 95 % bootstrap interval of the mean over rows (Efron & Tibshirani 1993, ch. 13).

    ``scores``: [n, k], n >= 1. Returns [2, k]: lower and upper ends, in the scores' unit.
    """
    means = np.concatenate(list(_resampled_means(scores, n_resamples, seed)))
    return np.percentile(means, [2.5, 97.5], axis=0)


def paired_p_value(
    scores: np.ndarray, other: np.ndarray, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Two-sided p-value of the paired bootstrap test (Koehn 2004) that two systems differ: [k].

    ``scores``, ``other``: [n, k], the same reports in the same order. Reports are resampled
    together; p is twice the smaller share of resamples whose mean difference is <= 0 or >= 0,
    counted with one added resample so that it is never 0 (at 1,000 resamples at least 0.002), and
    1 for equal systems.
    """
    if scores.shape != other.shape:
        raise ValueError(f"paired scores differ in shape: {scores.shape} and {other.shape}")
    means = np.concatenate(list(_resampled_means(scores - other, n_resamples, seed)))
    below = (1 + (means <= 0).sum(axis=0)) / (n_resamples + 1)
    above = (1 + (means >= 0).sum(axis=0)) / (n_resamples + 1)
    return np.minimum(1.0, 2 * np.minimum(below, above))


def _resampled_means(scores: np.ndarray, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Means of resamples with replacement, in pieces of [some resamples, k]."""
    n = len(scores)
    if n == 0:
        raise ValueError("no scores to resample")
    generator = np.random.default_rng(seed)
    rows = max(1, _CHUNK_ELEMENTS // n)
    for start in range(0, n_resamples, rows):
        drawn = generator.integers(n, size=(min(rows, n_resamples - start), n))
        yield scores[drawn].mean(axis=1)
