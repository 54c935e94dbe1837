"""How good answers are: right, concise, clear, and borne out by the report."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphsum.metrics.bootstrap import SEED, confidence_interval
from graphsum.tasks import TASKS
from graphsum.tasks.checking import is_contradicted
from graphsum.tasks.glossary import find_terms
from preprocessing.errors import MissingBackendError
from preprocessing.registry import load


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over the answers of one task.

    ``score``: the task's own, from 0 to 1, with the ends of its 95 % interval. ``length_ratio``:
    words of the answer by words of the text. ``jargon``: the share of answers' words that the
    glossary would replace. ``contradicted``: the share of answers with a statement that the text
    does not bear out.
    """

    n: int
    score: float
    low: float
    high: float
    length_ratio: float
    jargon: float
    contradicted: float


def measure(
    task: str, texts: Sequence[str], answers: Sequence[str], right: Sequence[Sequence[str]]
) -> Measures:
    """The measures of a task's answers; there must be at least one."""
    scores = np.array(load(TASKS, task)().score(answers, right), dtype=float)
    low, high = confidence_interval(scores[:, None], seed=SEED)[:, 0]
    ratios = [
        len(answer.split()) / max(1, len(text.split()))
        for text, answer in zip(texts, answers, strict=True)
    ]
    wrong = [
        is_contradicted(task, text, answer) for text, answer in zip(texts, answers, strict=True)
    ]
    return Measures(
        len(scores), float(scores.mean()), float(low), float(high), float(np.mean(ratios)),
        float(np.mean([jargon_share(answer) for answer in answers])), float(np.mean(wrong)),
    )  # fmt: skip


def jargon_share(text: str) -> float:
    """The share of words in technical terms that are not explained in brackets behind them."""
    lowered = text.lower()
    words = len(re.findall(r"\w+", lowered))
    jargon = sum(
        len(re.findall(r"\w+", term.match[0]))
        for term in find_terms(lowered)
        if term.entry.kind == "finding"
        and term.match[0] not in term.entry.plain
        and not re.match(r"s? \(", lowered[term.end :])
        and not _in_brackets(lowered, term.start)
    )
    return jargon / words if words else 0.0


def _in_brackets(text: str, place: int) -> bool:
    return text.rfind("(", 0, place) > text.rfind(")", 0, place)


def reading_grade(text: str) -> float:
    """The Flesch-Kincaid grade (Kincaid et al. 1975), by textstat (extra ``readability``).

    Raises:
        MissingBackendError: textstat is not installed.
    """
    try:
        import textstat
    except ImportError:
        raise MissingBackendError(
            "the reading grade needs textstat: pip install 'graphsum[readability]'"
        ) from None
    return float(textstat.flesch_kincaid_grade(text))
