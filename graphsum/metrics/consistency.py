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
    ("Lung Opacity", "Consolidation", "Infiltrate", "Atelectasis", "Scarring", "Fibrosis"),
    ("Density", "Lung Opacity", "Infiltrate", "Atelectasis", "Scarring", "Fibrosis"),
    ("Density", "Lung Lesion", "Nodule", "Mass", "Granuloma", "Calcified Nodes"),
    ("Emphysema", "COPD", "Hyperinflation", "Flattened Diaphragm"),
    ("Pleural Effusion", "Pleural Thickening", "Pleural Other", "Blunted Angle"),
    ("Congestion", "Edema", "Vascular Prominence"),
    ("Cardiomegaly", "Enlarged Cardiomediastinum", "Large Normal Heart"),
    ("Fracture", "Bone Deformity", "Bone Lesion"),
    ("Scoliosis", "Kyphosis"),
    ("Tortuous Aorta", "Vascular Calcification", "Enlarged Cardiomediastinum"),
    ("Support Devices", "Surgery"),
)
# What a radiologist may conclude from what.
_EVIDENCE = {
    "Pneumonia": ("Lung Opacity", "Consolidation", "Infiltrate", "Density"),
    "Edema": ("Lung Opacity", "Infiltrate", "Density"),
    "Congestion": ("Lung Opacity", "Cardiomegaly", "Pleural Effusion", "Density"),
    "Lung Lesion": ("Lung Opacity", "Consolidation"),
    "Nodule": ("Lung Opacity",),
    "Mass": ("Lung Opacity", "Consolidation", "Enlarged Cardiomediastinum", "Lymphadenopathy"),
    "COPD": ("Lung Opacity", "Scarring", "Fibrosis"),
    "Atelectasis": ("Low Lung Volumes",),
    "Pulmonary Hypertension": ("Enlarged Cardiomediastinum", "Cardiomegaly", "Vascular Prominence"),
}
# Of these the second are kinds, so that one may be there though the text denies the first.
_KINDS_OF = {
    "Lung Opacity": ("Consolidation", "Infiltrate", "Atelectasis", "Scarring", "Density"),
    "Lung Lesion": ("Nodule", "Mass", "Granuloma", "Density"),
    "Enlarged Cardiomediastinum": ("Cardiomegaly", "Tortuous Aorta"),
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
# An acute abnormality is none of these.
_CHRONIC = frozenset(
    ("Degenerative Change", "Granuloma", "Calcified Nodes", "Scoliosis", "Kyphosis", "Hernia")
    + ("Tortuous Aorta", "Vascular Calcification", "Low Lung Volumes", "Osteopenia", "COPD")
    + ("Emphysema", "Hyperinflation", "Flattened Diaphragm", "Scarring", "Fibrosis")
    + ("Elevated Diaphragm", "Bone Deformity", "Pleural Thickening", "Pleural Other")
    + ("Cardiomegaly", "Bone Lesion", "Blunted Angle")
)
_NO_ABNORMALITY = frozenset(("Support Devices", "Surgery", "Density", "Large Normal Heart"))


FAR = 2


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
        if not any(
            said.status != "absent" and _related(said, one) and _share_side(said, one)
            for said in impression
        )
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
            o
            for o in there
            if o.status == "present" and not (one.acute and o.old) and _covers(one.side, o.side)
        ]
        if denied:
            return Checked(one, "supported", denied[0])
        if against and one.names:
            return Checked(one, "negation_flipped", against[0])
        implied = _implied(one, findings)
        return Checked(one, "inferred" if implied else "unsupported", implied)
    near = [o for o in findings if o.status != "absent" and not o.general and _related(one, o)]
    if there:
        placed = [o for o in near if o.side in (one.side, "bilateral")]
        if one.side in ("left", "right") and not _here(one, there) and placed:
            return _judge_details(one, placed, "inferred")
        return _judge_details(one, there, "supported")
    if denied and one.status == "present":
        kinds = {kind for name in one.names for kind in _KINDS_OF.get(name, ())}
        if not any(o.names & kinds for o in near):
            return Checked(one, "negation_flipped", denied[0])
    if near:
        return _judge_details(one, near, "inferred")
    if not denied and one.words and one.words <= words:
        return Checked(one, "supported", None)
    return Checked(one, "unsupported", denied[0] if denied else None)


def _judge_details(one: Statement, there: Sequence[Statement], kind: Kind) -> Checked:
    here = _here(one, there)
    if not here:
        return Checked(one, "side_flipped", there[0])
    measured = [other for other in here if other.degree]
    if one.degree and measured and all(_far(one.degree, other.degree) for other in measured):
        return Checked(one, "severity_flipped", measured[0])
    return Checked(one, kind, here[0])


def _here(one: Statement, there: Sequence[Statement]) -> list[Statement]:
    """Those that lie where the statement says; those without a side count if none has one."""
    sided = [other for other in there if other.side]
    return [other for other in sided or there if _share_side(one, other)]


def _far(one, other) -> bool:
    """Whether two ranges of degrees do not meet: slight against great, moderate against both."""
    return abs(sum(one) - sum(other)) >= FAR


def _judge_general(
    one: Statement, findings: Sequence[Statement], impression: Sequence[Statement]
) -> Checked:
    if one.words:  # of an anatomy
        against = [
            o for o in findings if o.general and o.status == "absent" and o.words & one.words
        ]
        if one.status == "present" and against:
            return Checked(one, "negation_flipped", against[0])
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
    found = [
        o
        for o in findings
        if o.status != "absent" and not o.old and o.names - _NO_ABNORMALITY - _CHRONIC
    ]
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


def _implied(one: Statement, findings: Sequence[Statement]) -> Statement | None:
    """What the findings deny and thereby this as well."""
    wanted = {other for name in one.names for other in _EXCLUDES.get(name, ())}
    return next((o for o in findings if o.status == "absent" and o.names & wanted), None)


def _share_side(one: Statement, other: Statement) -> bool:
    return {one.side, other.side} != {"left", "right"}


def _covers(denied: str | None, side: str | None) -> bool:
    """Whether a denial of one side concerns what lies on another."""
    return denied in (None, "bilateral", side)
