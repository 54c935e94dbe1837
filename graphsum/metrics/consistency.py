"""Is every statement of an impression borne out by its findings, and what does it leave out?

Statements of both texts are linked by name, then by near names and evidence, then by words (see
``docs/consistency.md``). Rules, no model beyond the annotator's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from preprocessing.annotators import Annotator, load_annotator
from preprocessing.statements import Statement, read_statements, stem

Kind = Literal[
    "supported", "inferred", "unsupported", "negation_flipped", "side_flipped", "severity_flipped"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Names that writers use for one another.
_NEAR = (
    ("Lung Opacity", "Consolidation", "Infiltrate", "Atelectasis", "Scarring"),
    ("Emphysema", "COPD", "Hyperinflation", "Flattened Diaphragm"),
    ("Lung Lesion", "Nodule", "Mass", "Granuloma"),
    ("Granuloma", "Calcified Nodes"),
    ("Fibrosis", "Scarring", "Lung Opacity"),
    ("Pleural Effusion", "Pleural Thickening", "Pleural Other", "Blunted Angle"),
    ("Congestion", "Edema", "Vascular Prominence"),
    ("Cardiomegaly", "Enlarged Cardiomediastinum"),
    ("Fracture", "Bone Deformity", "Bone Lesion"),
    ("Degenerative Change", "Scoliosis", "Kyphosis", "Bone Deformity"),
    ("Tortuous Aorta", "Vascular Calcification", "Enlarged Cardiomediastinum"),
    ("Low Lung Volumes", "Elevated Diaphragm", "Atelectasis"),
    ("Support Devices", "Surgery"),
    (
        "Density",
        "Lung Opacity",
        "Infiltrate",
        "Lung Lesion",
        "Nodule",
        "Mass",
        "Atelectasis",
        "Scarring",
        "Fibrosis",
    ),
    ("Large Normal Heart", "Cardiomegaly"),
)
# What a radiologist may conclude from what.
_EVIDENCE = {
    "Pneumonia": ("Lung Opacity", "Consolidation", "Infiltrate", "Atelectasis"),
    "Edema": ("Lung Opacity", "Cardiomegaly", "Pleural Effusion", "Infiltrate"),
    "Congestion": ("Lung Opacity", "Cardiomegaly", "Pleural Effusion"),
    "Lung Lesion": ("Lung Opacity", "Consolidation"),
    "Nodule": ("Lung Opacity",),
    "Mass": ("Lung Opacity", "Consolidation", "Enlarged Cardiomediastinum", "Lymphadenopathy"),
    "Emphysema": ("Lung Opacity", "Scarring"),
    "COPD": ("Lung Opacity", "Scarring", "Fibrosis"),
    "Atelectasis": ("Pleural Effusion",),
    "Pleural Effusion": ("Lung Opacity",),
    "Pulmonary Hypertension": ("Enlarged Cardiomediastinum", "Cardiomegaly", "Vascular Prominence"),
}
# That the first is absent implies that the others are.
_EXCLUDES = {
    "Pneumonia": ("Lung Opacity", "Consolidation", "Infiltrate"),
    "Edema": ("Lung Opacity", "Infiltrate", "Congestion", "Vascular Prominence"),
    "Congestion": ("Edema", "Lung Opacity", "Cardiomegaly"),
    "Infiltrate": ("Lung Opacity", "Consolidation"),
    "Consolidation": ("Lung Opacity", "Infiltrate"),
    "Atelectasis": ("Lung Opacity",),
    "Nodule": ("Lung Lesion", "Lung Opacity"),
    "Mass": ("Lung Lesion", "Lung Opacity"),
    "Lung Lesion": ("Lung Opacity",),
    "Lung Opacity": ("Consolidation", "Infiltrate"),
}
# "No acute disease" denies these.
_ACUTE = frozenset(
    ("Pneumothorax", "Pleural Effusion", "Consolidation", "Pneumonia", "Edema", "Infiltrate")
    + ("Mass", "Free Air")
)
_NO_ABNORMALITY = frozenset(("Support Devices", "Surgery", "Density", "Large Normal Heart"))


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement of the impression, its kind, and what it was linked to in the findings."""

    statement: Statement
    kind: Kind
    linked: Statement | None

    @property
    def wrong(self) -> bool:
        """Contradicted by the findings, or a named finding made up."""
        if self.kind == "unsupported":
            return self.statement.status == "present" and bool(self.statement.names)
        return self.kind.endswith("flipped")


@dataclass(frozen=True, slots=True)
class Consistency:
    """``left_out``: what the findings assert and the impression passes over; of ``abnormal``."""

    statements: tuple[Checked, ...]
    left_out: tuple[Statement, ...]
    abnormal: int


def check_impression(
    impression: str, findings: str, annotator: Annotator | None = None
) -> Consistency:
    """Every statement of an impression judged by the findings; ``annotator``: builtin."""
    own, theirs = statements_of((impression, findings), annotator)
    return compare(own, theirs, findings)


def statements_of(
    texts: Sequence[str], annotator: Annotator | None = None
) -> list[tuple[Statement, ...]]:
    """The statements of each text; equal texts are annotated once."""
    annotator = annotator or _builtin()
    distinct = list(dict.fromkeys(texts))
    annotated = annotator.annotate((str(i), text) for i, text in enumerate(distinct))
    read = {t: read_statements(t, one) for t, one in zip(distinct, annotated, strict=True)}
    return [read[text] for text in texts]


@lru_cache(maxsize=1)
def _builtin() -> Annotator:
    return load_annotator("builtin")


def compare(
    impression: Sequence[Statement], findings: Sequence[Statement], text: str
) -> Consistency:
    words = frozenset(map(stem, re.findall(r"\w+", text)))
    checked = tuple(_judge(one, findings, impression, words) for one in impression)
    abnormal = [
        one
        for one in findings
        if one.status == "present" and one.names - _NO_ABNORMALITY and not one.general
    ]
    left_out = tuple(
        one
        for one in abnormal
        if not any(said.status != "absent" and _related(said, one) for said in impression)
    )
    return Consistency(checked, left_out, len(abnormal))


def _judge(
    one: Statement,
    findings: Sequence[Statement],
    impression: Sequence[Statement],
    words: frozenset[str],
) -> Checked:
    if one.general:
        return _judge_general(one, findings, impression)
    same = [other for other in findings if _same(one, other)]
    there = [other for other in same if other.status != "absent"]
    denied = [other for other in same if other.status == "absent" and _share_side(one, other)]
    if one.status == "absent":
        against = [
            o for o in there if o.status == "present" and not o.old and _covers(one.side, o.side)
        ]
        if denied:
            return Checked(one, "supported", denied[0])
        if against and one.names:
            return Checked(one, "negation_flipped", against[0])
        implied = _first(findings, one.names, _EXCLUDES, absent=True)
        return Checked(one, "inferred" if implied else "unsupported", implied)
    near = [o for o in findings if o.status != "absent" and not o.general and _related(one, o)]
    if there and (
        any(_share_side(one, o) for o in there) or not any(_share_side(one, o) for o in near)
    ):
        return _judge_details(one, there, "supported")
    if denied and one.status == "present" and not any(_near(one, o) for o in near):
        return Checked(one, "negation_flipped", denied[0])
    if near:
        return _judge_details(one, near, "inferred")
    if not denied and one.words and one.words <= words:
        return Checked(one, "supported", None)
    return Checked(one, "unsupported", denied[0] if denied else None)


def _judge_details(one: Statement, there: Sequence[Statement], kind: Kind) -> Checked:
    here = [other for other in there if _share_side(one, other)]
    if not here:
        return Checked(one, "side_flipped", there[0])
    measured = [other for other in here if other.degree]
    if kind == "supported" and one.degree and measured:
        low, high = one.degree
        if all(low - other.degree[1] >= 2 or other.degree[0] - high >= 2 for other in measured):
            return Checked(one, "severity_flipped", measured[0])
    return Checked(one, kind, here[0])


def _judge_general(
    one: Statement, findings: Sequence[Statement], impression: Sequence[Statement]
) -> Checked:
    if one.words:  # of an anatomy
        about = [
            o for o in findings if o.general and o.status == one.status and o.words & one.words
        ]
        if not about and "bone" in one.words:
            about = [o for o in findings if o.names & {"Fracture"} and o.status == one.status]
        return Checked(one, "supported" if about else "unsupported", about[0] if about else None)
    if one.status == "absent":
        against = [
            o
            for o in findings
            if o.status == "present"
            and o.names & _ACUTE
            and not o.old
            and not any(s.status != "absent" and _related(s, o) for s in impression)
        ]
        return Checked(
            one, "negation_flipped" if against else "supported", against[0] if against else None
        )
    found = [o for o in findings if o.status != "absent" and o.names - _NO_ABNORMALITY]
    return Checked(one, "inferred" if found else "negation_flipped", found[0] if found else None)


def _same(one: Statement, other: Statement) -> bool:
    if one.general or other.general:
        return False
    if one.names or other.names:
        return bool(one.names & other.names)
    return bool(one.words & other.words)


def _near(one: Statement, other: Statement) -> bool:
    return any(one.names & set(group) and other.names & set(group) for group in _NEAR)


def _related(one: Statement, other: Statement) -> bool:
    """Whether a statement may stand for, or be concluded from, another one."""
    return (
        _same(one, other)
        or _near(one, other)
        or any(other.names & set(_EVIDENCE.get(name, ())) for name in one.names)
    )


def _first(findings, names, table, *, absent):
    wanted = {other for name in names for other in table.get(name, ())}
    return next(
        (o for o in findings if (o.status == "absent") == absent and o.names & wanted), None
    )


def _share_side(one: Statement, other: Statement) -> bool:
    return {one.side, other.side} != {"left", "right"}


def _covers(denied: str | None, side: str | None) -> bool:
    """Whether a denial of one side concerns what lies on another."""
    return denied in (None, "bilateral", side)
