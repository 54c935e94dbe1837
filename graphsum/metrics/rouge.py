"""ROUGE-1/2/L F1, as google ``rouge-score`` counts it without stemming or sentence splitting.

ROUGE-L moves by three points with stemming and sentence splitting, so every table prints
``FINGERPRINT`` beside its numbers.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np

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
