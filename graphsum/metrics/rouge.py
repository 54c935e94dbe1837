"""ROUGE-1/2/L F1, as google ``rouge-score`` counts it without stemming or sentence splitting.

ROUGE-L moves by three points with stemming and sentence splitting, so every table prints
``FINGERPRINT`` beside its numbers.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np

from graphsum.metrics.bootstrap import N_RESAMPLES, SEED, confidence_interval, paired_p_value
from graphsum.metrics.metric import REFERENCE, Metric, Scores, column_names, p_cell
from preprocessing.records import Report

ROUGE_NAMES = ("rouge1", "rouge2", "rougeL")

FINGERPRINT: dict[str, Any] = {
    "metric": "ROUGE F1 x100",
    "implementation": f"google rouge-score {version('rouge-score')}",
    "types": list(ROUGE_NAMES),
    "use_stemmer": False,
    "split_summaries": False,
}

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def rouge_scores(predictions: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """F1 x100 of ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004), one row per pair: float64 [n, 3].

    Raises ``ValueError`` when there are not as many predictions as references.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE_NAMES), use_stemmer=False, split_summaries=False)
    scores = np.zeros((len(references), len(ROUGE_NAMES)))
    for row, (prediction, reference) in enumerate(zip(predictions, references, strict=True)):
        result = scorer.score(reference, prediction)
        scores[row] = [100 * result[name].fmeasure for name in ROUGE_NAMES]
    return scores


class Rouge(Metric):
    """Mean ROUGE F1 (x100, two decimals) of each stratum with 95 % bootstrap intervals.

    Scores: ``{"n", "rouge1", "rouge2", "rougeL", "ci95": {"rouge1": [lo, hi], ...}}``; a stratum
    without reports has ``n`` 0 and None for every score. Comparison: ``{"n", "difference":
    {"rouge1": points, ...}, "ci95": {"rouge1": [lo, hi], ...}, "p_value": {"rouge1": p, ...}}``,
    the p-value two-sided as :func:`graphsum.metrics.bootstrap.two_sided_p_value` defines it.
    """

    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        references = [report.impression for report in reports]
        result: dict[str, Scores] = {}
        for name, texts in impressions.items():
            if name == REFERENCE:
                continue
            scores = rouge_scores(texts, references)
            result[name] = {}
            for stratum, mask in masks.items():
                chosen = scores[mask]
                means, intervals = _empty_row(), _empty_row()
                if len(chosen):
                    means = _by_name(chosen.mean(axis=0), 2)
                    intervals = _by_name(confidence_interval(chosen, seed=SEED).T, 2)
                result[name][stratum] = {"n": len(chosen), **means, "ci95": intervals}
        return result

    def comparison(
        self,
        first: Sequence[str],
        second: Sequence[str],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> Scores:
        references = [report.impression for report in reports]
        scores, other = rouge_scores(first, references), rouge_scores(second, references)
        result: Scores = {}
        for stratum, mask in masks.items():
            a, b = scores[mask], other[mask]
            differences, intervals, p_values = _empty_row(), _empty_row(), _empty_row()
            if len(a):
                differences = _by_name((a - b).mean(axis=0), 2)
                intervals = _by_name(confidence_interval(a - b, seed=SEED).T, 2)
                p_values = _by_name(paired_p_value(a, b, seed=SEED), 4)
            result[stratum] = {
                "n": len(a),
                "difference": differences,
                "ci95": intervals,
                "p_value": p_values,
            }
        return result

    def fingerprint(self) -> dict[str, Any]:
        interval = f"95 % percentile bootstrap, {N_RESAMPLES} resamples, seed {SEED}"
        return FINGERPRINT | {"interval": interval}

    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """The ``±`` row is half the width of the system's 95 % intervals."""
        strata = report["strata"]
        rows = [
            ["system", *(_cell(scores) for scores in strata.values())],
            ["±", *(_half_widths(scores["ci95"]) for scores in strata.values())],
        ]
        for name, baseline in report["baselines"].items():
            rows.append([name, *(_cell(baseline[stratum]) for stratum in strata)])
        for name, compared in report["comparisons"].items():
            differences = (_cell(compared[stratum]["difference"], "+.1f") for stratum in strata)
            p_values = (
                "/".join(p_cell(p) for p in compared[stratum]["p_value"].values())
                for stratum in strata
            )
            rows += [[f"system - {name}", *differences], ["p (paired)", *p_values]]
        heads = [
            f"{name}\nn={scores['n']}"
            for name, scores in zip(column_names(report), strata.values(), strict=True)
        ]
        return ["R-1/R-2/R-L", *heads], rows


def _empty_row() -> dict[str, Any]:
    return dict.fromkeys(ROUGE_NAMES)


def _by_name(values: np.ndarray, digits: int) -> dict[str, Any]:
    return dict(zip(ROUGE_NAMES, np.round(values, digits).tolist(), strict=True))


def _cell(scores: Mapping[str, Any], spec: str = ".1f") -> str:
    values = [scores[name] for name in ROUGE_NAMES]
    return "-" if None in values else "/".join(format(value, spec) for value in values)


def _half_widths(intervals: Mapping[str, Any]) -> str:
    return _cell({name: ends and (ends[1] - ends[0]) / 2 for name, ends in intervals.items()})


def pairwise_mean_rouge(texts: Sequence[str]) -> np.ndarray:
    """Mean of ROUGE-1/2/L F1 (x100) of every text against every other: float64 [n, n].

    The same values as ``rouge_scores(...).mean(axis=1)``, about a hundred times faster: each text
    is counted once, F1 is symmetric, and scores of recently seen pairs are remembered. A text
    without any letter or digit scores 0 even against itself.
    """
    means = np.zeros((len(texts), len(texts)))
    for row, text in enumerate(texts):
        for column in range(row + 1):
            means[row, column] = means[column, row] = mean_rouge(text, texts[column])
    return means


def mean_rouge(a: str, b: str) -> float:
    """Mean of ROUGE-1/2/L F1 (x100) of two texts, as in :func:`pairwise_mean_rouge`."""
    return _mean_rouge(a, b) if a <= b else _mean_rouge(b, a)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What ROUGE needs to know of one text; ``masks[w]`` has bit i set where word i is ``w``."""

    words: tuple[str, ...]
    unigrams: Counter[str]
    bigrams: Counter[tuple[str, str]]
    masks: dict[str, int]


@lru_cache(maxsize=2**16)
def _counts(text: str) -> _Counts:
    words = tuple(_SEPARATORS.sub(" ", text.lower()).split())
    masks: dict[str, int] = {}
    for position, word in enumerate(words):
        masks[word] = masks.get(word, 0) | 1 << position
    return _Counts(words, Counter(words), Counter(pairwise(words)), masks)


@lru_cache(maxsize=2**20)
def _mean_rouge(a: str, b: str) -> float:
    first, second = _counts(a), _counts(b)
    n_first, n_second = len(first.words), len(second.words)
    total = (
        _f1((first.unigrams & second.unigrams).total(), n_first, n_second)
        + _f1((first.bigrams & second.bigrams).total(), n_first - 1, n_second - 1)
        + _f1(_lcs_length(first, second), n_first, n_second)
    )
    return 100 * total / 3


def _f1(n_common: int, n_first: int, n_second: int) -> float:
    return 2 * n_common / (n_first + n_second) if n_common else 0.0


def _lcs_length(first: _Counts, second: _Counts) -> int:
    """Length of the longest common subsequence, one row of the table per machine-word operation.

    Bit-parallel recurrence of Crochemore et al. (2001): zero bits of ``row`` mark the positions
    of ``first`` at which the length grows.
    """
    full = (1 << len(first.words)) - 1
    row = full
    for word in second.words:
        matches = row & first.masks.get(word, 0)
        row = ((row + matches) | (row - matches)) & full
    return len(first.words) - row.bit_count()
