"""Invented reports of five authors, each with habits of their own: what style is measured on.

The cases are those of the ``sample`` corpus. An author writes the impression of a case by their
habits (``HABITS``), now and then (``SLIPS``) with one of another author's. The impression
of each case without any habit is :func:`plain_impression`, as a model would draft it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from preprocessing.corpora.sample import (
    Case,
    draw_case,
    make_report,
    split_by_position,
    write_impression,
)
from preprocessing.corpora.source import CorpusSource
from preprocessing.records import Report

N_REPORTS = 1600
SLIPS = 0.04


@dataclass(frozen=True, slots=True)
class AuthorHabits:
    """How an author writes; ``normal``: the whole impression of a normal study.

    ``lead``: what comes first: ``urgent``, ``abnormal`` (the least urgent of it) or ``normal``.
    """

    numbered: bool
    short: bool
    clauses: bool
    lead: str
    advises: bool
    normal: str


HABITS: dict[str, AuthorHabits] = {
    "Amsel": AuthorHabits(True, True, False, "urgent", False, "No acute disease."),
    "Birke": AuthorHabits(
        False, False, True, "urgent", True, "There is no acute cardiopulmonary abnormality."
    ),
    "Cedar": AuthorHabits(
        False, False, False, "normal", False, "No acute cardiopulmonary process."
    ),
    "Drossel": AuthorHabits(
        True, False, True, "abnormal", True, "There is no acute intrathoracic process."
    ),
    "Erle": AuthorHabits(False, True, False, "urgent", False, "No active disease."),
}

_CORRELATION = "Clinical correlation recommended."
_ABSENT = (
    ("pneumothorax", "No pneumothorax."),
    ("pleural effusion", "No pleural effusion."),
    ("pneumonia", "No focal consolidation."),
    ("rib fracture", "No displaced rib fracture."),
)
_NORMAL = "No acute cardiopulmonary abnormality."


def read_reports(
    data_dir: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    n: int = N_REPORTS,
    seed: int = 0,
) -> Iterator[Report]:
    """Yield ``n`` invented reports, ``authors-000000`` onwards; ``meta["author"]`` names whose.

    Report i depends on ``seed`` and i alone.
    """
    for index in range(n):
        yield make_authored_report(index, seed=seed)


def make_authored_report(index: int, *, seed: int = 0) -> Report:
    """The invented report number ``index``."""
    rng = Random(f"{seed}:author:{index}")
    author = rng.choice(list(HABITS))
    habits = HABITS[author]
    if rng.random() < SLIPS:
        other = HABITS[rng.choice(list(HABITS))]
        name = rng.choice(("numbered", "short", "lead", "advises"))
        habits = replace(habits, **{name: getattr(other, name)})
    report = make_report(index, seed=seed)
    return replace(
        report,
        uid=f"authors-{index:06d}",
        impression=write_as(case_of(index, seed=seed), habits),
        meta={"author": author},
    )


def case_of(index: int, *, seed: int = 0) -> Case:
    """The case behind a report."""
    return draw_case(Random(f"{seed}:{index}"))


def plain_impression(index: int, *, seed: int = 0) -> str:
    """The impression of a report without any author's habits: everything, the urgent first."""
    case = case_of(index, seed=seed)
    if not case.facts:
        return _NORMAL
    return " ".join([*(text for group in _groups(case) for text in group), *_routine(case)])


def write_as(case: Case, habits: AuthorHabits) -> str:
    """The impression of a case by an author's habits."""
    groups = [list(group) for group in _groups(case)]
    if not groups:
        return f"1. {habits.normal}" if habits.numbered else habits.normal
    if habits.lead == "abnormal":
        groups.reverse()
    routine = [] if habits.short else [[text] for text in _routine(case) if text != _CORRELATION]
    groups = [*routine, *groups] if habits.lead == "normal" else [*groups, *routine]
    if habits.advises and _CORRELATION in _routine(case):
        groups.append([_CORRELATION])
    if habits.clauses:
        groups = [[_clause(text) for text in group] for group in groups]
    items = [" ".join(group) for group in groups]
    if habits.numbered:
        items = [f"{number}. {text}" for number, text in enumerate(items, 1)]
    return " ".join(items)


def _groups(case: Case) -> list[tuple[str, ...]]:
    """What is stated of each fact, with the advice that follows from it."""
    groups: list[tuple[str, ...]] = []
    for fact in case.facts[:3]:
        sentences = write_impression(Case((fact,), (), None)).split(". ")
        texts = [f"{one.rstrip('.')}." for one in sentences]
        groups.append(tuple(one for one in texts if one != _NORMAL))
    return groups


def _routine(case: Case) -> list[str]:
    """What is denied, and in half of the cases general advice."""
    there = {fact.observation.name for fact in case.facts}
    denied = [text for name, text in _ABSENT if name not in there]
    letters = sum(len(fact.place.before) + len(fact.severity) for fact in case.facts)
    return [denied[0], *([_CORRELATION] if letters % 2 else [])]


def _clause(text: str) -> str:
    if text.endswith(" recommended."):
        return text.replace(" recommended.", " is recommended.")
    words = text[0].lower() + text[1:]
    plural = words.rstrip(".").endswith("effusions")
    uncountable = ("atelectasis", "edema", "congestion", "cardiomegaly", "emphysema", "fibrosis",
                   "air", "pneumonia")  # fmt: skip
    if text.startswith("No ") or plural or words.rstrip(".").endswith(uncountable):
        return f"There {'are' if plural else 'is'} {words}"
    return f"There is {'an' if words[0] in 'aeiou' or words.startswith('8 ') else 'a'} {words}"


SOURCE = CorpusSource(
    read_reports=read_reports,
    splits={"position": split_by_position},
    inclusion="none",
    data_hint="invented reports of five authors, generated on the spot: no data needed",
)
