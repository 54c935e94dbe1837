"""How far readers agree: Krippendorff's alpha and weighted kappa."""

import warnings
from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np

Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(values: np.ndarray, level: Level = "ordinal") -> float | None:
    """Krippendorff's alpha (Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*).

    Args:
        values: [units, readers], NaN where a reader did not rate a unit.
        level: how far two values are apart.

    Returns:
        1 for perfect agreement, 0 for chance; None where no unit has two values or all are equal.
    """
    categories, table = coincidences(values)
    return alpha_of(table.sum(axis=0), categories, level)


def coincidences(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur [k], and how often each pair of them meets in each unit [units, k, k].

    A unit with m values counts each ordered pair of two readers 1 / (m - 1) times.
    """
    given = ~np.isnan(values)
    categories, codes = np.unique(values[given], return_inverse=True)
    counts = np.zeros((len(values), len(categories)))
    np.add.at(counts, (np.nonzero(given)[0], codes), 1)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= counts[:, :, None] * np.eye(len(categories))
    return categories, pairs / np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]


def alpha_of(table: np.ndarray, categories: np.ndarray, level: Level) -> float | None:
    """Alpha of the coincidences of all units [k, k]; None where all values are equal."""
    totals = table.sum(axis=1)
    distances = _squared_distances(categories, totals, level)
    expected = ((np.outer(totals, totals) - np.diag(totals)) * distances).sum()
    if expected == 0:
        return None
    return float(1 - (totals.sum() - 1) * (table * distances).sum() / expected)


def _squared_distances(categories: np.ndarray, totals: np.ndarray, level: Level) -> np.ndarray:
    if level == "nominal":
        return 1.0 - np.eye(len(categories))
    if level == "interval":
        return (categories[:, None] - categories) ** 2
    # Ordinal: how many values lie between the two, both counted by half.
    middles = np.cumsum(totals) - totals / 2
    return (middles[:, None] - middles) ** 2


def weighted_kappa(
    first: Sequence[float], second: Sequence[float], labels: Sequence[float]
) -> float | None:
    """Cohen's kappa with quadratic weights; None without values or where all are equal."""
    from sklearn.metrics import cohen_kappa_score

    if len(first) == 0 or len({*first, *second}) == 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it divides by nothing, and gives NaN
        value = cohen_kappa_score(first, second, labels=list(labels), weights="quadratic")
    return None if np.isnan(value) else float(value)


def mean_kappa(values: np.ndarray, labels: Sequence[float]) -> float | None:
    """The mean of :func:`weighted_kappa` over the pairs of readers with common units.

    ``values``: [units, readers], NaN where a reader did not rate a unit.
    """
    kappas = []
    for one, other in combinations(values.T, 2):
        both = ~np.isnan(one) & ~np.isnan(other)
        kappa = weighted_kappa(one[both].tolist(), other[both].tolist(), labels)
        if kappa is not None:
            kappas.append(kappa)
    return float(np.mean(kappas)) if kappas else None
