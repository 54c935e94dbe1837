"""Invented reports whose impression depends on the indication in a third of them.

The cases and findings are those of the ``sample`` corpus. In a third of the reports the indication
asks for an observation, and the impression begins with the answer; nothing in the findings tells
what was asked. What a model gains from the clinical question is measured on it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from preprocessing.corpora import sample_phrases as phrases
from preprocessing.corpora.sample import Case, make_report, split_by_position, write_impression
from preprocessing.corpora.sample_authors import case_of
from preprocessing.corpora.source import CorpusSource
from preprocessing.records import Report

N_REPORTS = 1800
ASKED = 1 / 3
_AGES = (18, 94)


@dataclass(frozen=True, slots=True)
class Question:
    """An observation that is asked for, in several wordings, and the complaint behind it."""

    observation: str
    complaint: str
    indications: tuple[str, ...]


QUESTIONS = (
    Question(
        "pneumothorax",
        "the sudden chest pain",
        ("Sudden chest pain, pneumothorax?", "Is there a pneumothorax? Sudden chest pain."),
    ),
    Question(
        "pleural effusion",
        "the dullness on percussion",
        ("Dullness on percussion, effusion?", "Evaluate for effusion, dull on percussion."),
    ),
    Question(
        "pneumonia",
        "the fever",
        ("Fever and productive cough, rule out pneumonia.", "Pneumonia? Febrile for three days."),
    ),
    Question(
        "pulmonary edema",
        "the orthopnea",
        ("Orthopnea, evaluate for edema.", "Cannot lie flat, pulmonary edema?"),
    ),
    Question(
        "rib fracture",
        "the tenderness after the fall",
        ("Fall, tender ribs, fracture?", "Rule out rib fracture after a fall."),
    ),
    Question("mass", "the loss of weight", ("Loss of weight, mass?", "Is there a mass? Wasting.")),
)


def read_reports(
    data_dir: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    n: int = N_REPORTS,
    seed: int = 0,
) -> Iterator[Report]:
    """Yield ``n`` invented reports, ``context-000000`` onwards, with age and sex.

    Report i depends on ``seed`` and i alone. Those whose indication asks for something have the
    label ``asked``.
    """
    for index in range(n):
        yield make_report_with_context(index, seed=seed)


def make_report_with_context(index: int, *, seed: int = 0) -> Report:
    """The invented report number ``index``."""
    rng = Random(f"{seed}:context:{index}")
    report = replace(
        make_report(index, seed=seed),
        uid=f"context-{index:06d}",
        meta={"age": str(rng.randint(*_AGES)), "sex": rng.choice(("female", "male"))},
    )
    if rng.random() >= ASKED:
        return report
    question = rng.choice(QUESTIONS)
    return replace(
        report,
        indication=rng.choice(question.indications),
        impression=write_answer(case_of(index, seed=seed), question),
        labels=(*report.labels, "asked"),
    )


def write_answer(case: Case, question: Question) -> str:
    """The impression of a case that begins with the answer to a question.

    What is asked for and there comes first; what has resolved is not there any more.
    """
    found = [
        fact
        for fact in case.facts
        if fact.observation.name == question.observation and fact.change != "resolved"
    ]
    if not found:
        return (
            f"No {question.observation} to explain {question.complaint}. {write_impression(case)}"
        )
    others = tuple(fact for fact in case.facts if fact is not found[0])
    stated, _, advice = write_impression(Case((found[0],), (), None)).partition(". ")
    answer = f"{stated.rstrip('.')}, which may explain {question.complaint}."
    rest = write_impression(Case(others, (), None)) if others else ""
    rest = rest.removesuffix(phrases.NORMAL_IMPRESSION).strip()  # something acute was found
    return " ".join(filter(None, (answer, advice, rest)))


SOURCE = CorpusSource(
    read_reports=read_reports,
    splits={"position": split_by_position},
    inclusion="none",
    data_hint="invented reports that answer their indication, made on the spot: no data needed",
)
