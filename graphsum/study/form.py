"""What a reader is asked of every impression.

The five criteria are those of Radiology-GPT (Liu et al. 2023), rated 1 to 5; the anchors are ours.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

SCALE = (1, 2, 3, 4, 5)
LETTERS = "ABCD"  # of the impressions on a sheet, so at most four systems
TIE = "tie"
KINDS = {
    "missed": "left out, though the findings say so",
    "invented": "stated, but not in the findings",
    "wrong": "wrong side, place, size, severity, change or certainty",
}
TIERS = {
    "critical": "somebody must act within minutes",
    "urgent": "within hours",
    "notable": "within days",
    "routine": "nobody must act by itself",
}
SEVERE = ("critical", "urgent")


class Criterion(NamedTuple):
    """A question, and what each of the five answers means, from 1 on."""

    name: str
    question: str
    anchors: tuple[str, str, str, str, str]


CRITERIA = (
    Criterion(
        "understandability",
        "Can its reader understand it?",
        (
            "cannot be understood",
            "understood in part, with effort",
            "understood, with effort",
            "understood, a word or two is unclear",
            "understood at once",
        ),
    ),
    Criterion(
        "coherence",
        "Do its sentences fit together, without contradiction?",
        (
            "contradicts itself or makes no sense",
            "several breaks or repetitions",
            "one break or repetition",
            "fits together, the order could be better",
            "fits together, in a sensible order",
        ),
    ),
    Criterion(
        "relevance",
        "Does it tell what matters in these findings, and nothing else?",
        (
            "what matters is missing",
            "much of what matters is missing",
            "most of what matters, beside what does not",
            "what matters, a detail apart",
            "all that matters, and only that",
        ),
    ),
    Criterion(
        "conciseness",
        "Is it as short as it can be?",
        (
            "far too long, or too short to be of use",
            "much could go, or too little is said",
            "some words could go",
            "a word or two could go",
            "no word could go",
        ),
    ),
    Criterion(
        "clinical utility",
        "Would you act on it, or sign it?",
        (
            "no, it could do harm",
            "no, it has to be written anew",
            "after larger changes",
            "after small changes",
            "as it is",
        ),
    ),
)
CRITERION_NAMES = tuple(one.name for one in CRITERIA)
ERRORS = tuple(f"{kind} {tier}" for tier in TIERS for kind in KINDS)


def pairs_of(names: Sequence[str]) -> list[tuple[str, str]]:
    """All pairs, each once, in the order of the names."""
    return list(combinations(names, 2))
