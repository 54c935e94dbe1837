"""Is every statement of an impression borne out by its findings, and what does it leave out?

Statements of both texts are linked by name, then by near names and by what a radiologist may
conclude, then by words; see ``docs/consistency.md``. Rules on top of the annotator's graph.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from graphsum.metrics.metric import Metric, Scores, column_names, systems_of
from preprocessing.annotation import Annotator, load_annotator, shared_annotator
from preprocessing.facts.statements import Statement, read_statements, stem
from preprocessing.records import Report, Side

Verdict = Literal[
    "supported", "inferred", "unsupported", "negation_flipped", "side_flipped", "severity_flipped"
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


# Names that writers use for one another.
_NEAR = (
    ("Lung Opacity", "Consolidation", "Infiltrate", "Atelectasis", "Scarring", "Fibrosis"),
    ("Density", "Lung Opacity", "Infiltrate", "Atelectasis", "Scarring", "Fibrosis"),
    ("Density", "Lung Lesion", "Nodule", "Mass", "Granuloma", "Calcified Nodes"),
    ("Lung Lesion", "Nodule", "Mass", "Malignancy", "Cavity"),
    ("Emphysema", "COPD", "Hyperinflation", "Flattened Diaphragm"),
    ("Pleural Effusion", "Pleural Thickening", "Pleural Other", "Blunted Angle"),
    ("Congestion", "Edema", "Vascular Prominence"),
    ("Cardiomegaly", "Enlarged Cardiomediastinum", "Large Normal Heart"),
    ("Fracture", "Vertebral Compression", "Bone Deformity", "Bone Lesion"),
    ("Scoliosis", "Kyphosis"),
    ("Tortuous Aorta", "Vascular Calcification", "Enlarged Cardiomediastinum", "Aneurysm"),
    ("Lymphadenopathy", "Enlarged Cardiomediastinum"),
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
# Where one of the second is absent, the first is too.
_IMPLIED_BY = {
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
_ACUTE = _names(
    "Pneumothorax, Pleural Effusion, Consolidation, Pneumonia, Edema, Infiltrate, Mass, Free Air,"
    " Pneumomediastinum"
)
# An impression that passes over one of these fails its reader, whatever else it says; after the
# ACR's actionable findings (Larson et al., JACR 2014), as far as they have a name here.
ACTIONABLE = _ACUTE | _names(
    "Subcutaneous Emphysema, Device Malposition, Foreign Body, Aneurysm, Dislocation, Fracture,"
    " Vertebral Compression, Lymphadenopathy, Enlarged Cardiomediastinum, Cavity, Airspace Opacity,"
    " Mediastinal Shift, Nodule, Malignancy, Collapsed Lung, Opaque Hemithorax"
)
# "No acute cardiopulmonary disease" may stand beside these.
BESIDE_NORMAL = _names(
    "Fracture, Vertebral Compression, Dislocation, Foreign Body, Device Malposition, Subcutaneous"
    " Emphysema, Lymphadenopathy, Aneurysm"
)
# Of the actionable ones, what may as well be told by a near name or a conclusion.
_OTHERWISE_TOLD = _names(
    "Pleural Effusion, Consolidation, Pneumonia, Edema, Infiltrate, Mass, Nodule, Malignancy,"
    " Fracture, Vertebral Compression, Cavity, Airspace Opacity"
)
# An acute abnormality is none of these.
_CHRONIC = _names(
    "Degenerative Change, Granuloma, Calcified Nodes, Scoliosis, Kyphosis, Hernia, Tortuous Aorta,"
    " Vascular Calcification, Low Lung Volumes, Osteopenia, COPD, Emphysema, Hyperinflation,"
    " Flattened Diaphragm, Scarring, Fibrosis, Elevated Diaphragm, Bone Deformity, Bone Lesion,"
    " Pleural Thickening, Pleural Other, Cardiomegaly, Blunted Angle"
)
# Named, but no abnormality by themselves.
_NEUTRAL = _names("Support Devices, Surgery, Density, Large Normal Heart")


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement of an impression with its verdict.

    ``linked``: the statement of the findings that the verdict rests on, or None. *supported*: the
    findings say so; *inferred*: they say what it may be concluded from; *unsupported*: they do not
    speak of it, or only doubt or deny what the impression doubts; *flipped*: they say the opposite
    of its negation, its side or its degree.
    """

    statement: Statement
    kind: Verdict
    linked: Statement | None = None

    @property
    def wrong(self) -> bool:
        """Whether to raise an alarm: a flip, or a named finding asserted without support."""
        if self.kind == "unsupported":
            return self.statement.status == "present" and bool(self.statement.names)
        return self.kind.endswith("flipped")


@dataclass(frozen=True, slots=True)
class Consistency:
    """All statements of one impression, and what its findings hold.

    ``abnormal``: the named abnormalities that the findings assert; ``left_out``: those of them
    that the impression neither states nor concludes anything from.
    """

    statements: tuple[Checked, ...]
    abnormal: tuple[Statement, ...]
    left_out: tuple[Statement, ...]

    @property
    def wrong(self) -> tuple[Checked, ...]:
        """The statements that raise an alarm."""
        return tuple(one for one in self.statements if one.wrong)


def check_impression(
    impression: str, findings: str, annotator: Annotator | None = None
) -> Consistency:
    """Judge every statement of an impression by the findings.

    ``annotator``: the one that ships with the package, by default; it is loaded once.
    """
    own, theirs = statements_of((impression, findings), annotator)
    return compare_statements(own, theirs, findings)


def statements_of(
    texts: Sequence[str], annotator: Annotator | None = None
) -> list[tuple[Statement, ...]]:
    """The statements of each text; equal texts are read once."""
    annotator = annotator or shared_annotator("builtin", None)
    distinct = list(dict.fromkeys(texts))
    annotated = annotator.annotate((str(row), text) for row, text in enumerate(distinct))
    read = {text: read_statements(text, one) for text, one in zip(distinct, annotated, strict=True)}
    return [read[text] for text in texts]


def abnormal_sides(findings: Sequence[Statement]) -> frozenset[tuple[str, Side | None]]:
    """The abnormalities that the findings assert or doubt: each name alone and with its side."""
    return frozenset(
        (name, side)
        for one in findings
        if one.status != "absent"
        for name in one.names - _NEUTRAL
        for side in (None, one.side)
    )


def denied_names(findings: Sequence[Statement]) -> frozenset[str]:
    """The names of the abnormalities that the findings deny."""
    return frozenset(
        name for one in findings if one.status == "absent" for name in one.names - _NEUTRAL
    )


def compare_statements(
    impression: Sequence[Statement], findings: Sequence[Statement], findings_text: str
) -> Consistency:
    """As :func:`check_impression`, of statements that :func:`statements_of` has read."""
    words = frozenset(map(stem, re.findall(r"\w+", findings_text)))
    abnormal = tuple(one for one in findings if one.status == "present" and one.names - _NEUTRAL)
    return Consistency(
        tuple(_judge(one, findings, impression, words) for one in impression),
        abnormal,
        tuple(one for one in abnormal if not _mentioned(one, impression)),
    )


def consistency_scores(
    impressions: Mapping[str, Sequence[str]],
    findings: Sequence[str],
    masks: Mapping[str, np.ndarray],
    annotator: Annotator | None = None,
) -> dict[str, dict[str, dict[str, Any]]]:
    """``{system: {stratum: scores}}`` of several systems' impressions for the same findings.

    ``masks``: stratum -> which reports belong to it, bool [n]. Scores: ``statements`` (their
    number), the share of each of ``VERDICTS`` among them, ``alarms`` (share of reports with a wrong
    statement), ``abnormal`` (findings asserted), ``left_out`` (share of them), the last two for
    acute abnormalities alone, and for actionable ones (:func:`is_actionable`, doubtful ones too);
    four decimals, None where there is nothing to divide by.
    Raises ``ValueError`` when a system has not one impression for each findings section.
    """
    texts = [*findings, *(text for system in impressions.values() for text in system)]
    read = dict(zip(texts, statements_of(texts, annotator), strict=True))
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, system in impressions.items():
        checked, reported = [], []
        for own, text in zip(system, findings, strict=True):
            checked.append(compare_statements(read[own], read[text], text))
            reported.append([tells(read[own], one) for one in read[text] if is_actionable(one)])
        result[name] = {}
        for stratum, mask in masks.items():
            rows = np.flatnonzero(mask)
            actionable = [one for row in rows for one in reported[row]]
            result[name][stratum] = _scores([checked[row] for row in rows], actionable)
    return result


class ConsistencyWithFindings(Metric):
    """The scores of :func:`consistency_scores` under ``"consistency"``.

    Every system is read by the same annotator, ``builtin``, whatever it was trained with.
    """

    @cached_property
    def annotator(self) -> Annotator:
        return load_annotator("builtin")

    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        findings = [report.findings for report in reports]
        found = consistency_scores(impressions, findings, masks, self.annotator)
        return {
            name: {stratum: {"consistency": scores} for stratum, scores in by_stratum.items()}
            for name, by_stratum in found.items()
        }

    def fingerprint(self) -> dict[str, Any]:
        return {"consistency": f"{self.annotator.name} {self.annotator.version}"}

    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """Percentages of the impressions' statements that are unsupported, and flipped, and of
        the findings' actionable and acute abnormalities that are left out."""
        rows = [
            [name, *(_cell(scores[stratum]["consistency"]) for stratum in report["strata"])]
            for name, scores in systems_of(report).items()
        ]
        return ["% unsupported/flipped\nleft out, actionable/acute", *column_names(report)], rows


def _cell(found: Mapping[str, Any]) -> str:
    flipped = [found[verdict] for verdict in VERDICTS if verdict.endswith("flipped")]
    values = [found["unsupported"], None if None in flipped else sum(flipped)]
    shown = "/".join("-" if value is None else format(100 * value, ".1f") for value in values)
    shares = (found["actionable_left_out"], found["acute_left_out"])
    return f"{shown} {'/'.join('-' if v is None else format(100 * v, '.0f') for v in shares)}"


def _scores(checked: Sequence[Consistency], actionable: list[bool]) -> dict[str, Any]:
    kinds = Counter(one.kind for report in checked for one in report.statements)
    abnormal = [one for report in checked for one in report.abnormal]
    left_out = [one for report in checked for one in report.left_out]
    acute, acute_left_out = (list(filter(is_acute, found)) for found in (abnormal, left_out))
    return {
        "statements": kinds.total(),
        **{kind: _ratio(kinds[kind], kinds.total()) for kind in VERDICTS},
        "alarms": _ratio(sum(bool(report.wrong) for report in checked), len(checked)),
        "abnormal": len(abnormal),
        "left_out": _ratio(len(left_out), len(abnormal)),
        "acute": len(acute),
        "acute_left_out": _ratio(len(acute_left_out), len(acute)),
        "actionable": len(actionable),
        "actionable_left_out": _ratio(actionable.count(False), len(actionable)),
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


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
        against = [other for other in there if _denies(one, other)]
        if denied:
            return Checked(one, "supported", denied[0])
        if against:
            return Checked(one, "negation_flipped", against[0])
        elsewhere = [other for other in same if other.resolved]
        if one.resolved and elsewhere:
            return Checked(one, "side_flipped", elsewhere[0])
        wanted = {other for name in one.names for other in _IMPLIED_BY.get(name, ())}
        implied = [o for o in findings if o.status == "absent" and o.names & wanted]
        return Checked(one, "inferred", implied[0]) if implied else Checked(one, "unsupported")
    near = [other for other in findings if other.status != "absent" and _related(one, other)]
    if there:
        placed = [other for other in near if _concluded(one, other) and other.side == one.side]
        if one.side in ("left", "right") and not _here(one, there) and placed:
            return _judge_details(one, placed, "inferred")
        return _judge_details(one, there, "supported")
    if denied and one.status == "present":
        kinds = {kind for name in one.names for kind in _KINDS_OF.get(name, ())}
        if not any(other.names & kinds for other in near):
            return Checked(one, "negation_flipped", denied[0])
    if near:
        return _judge_details(one, near, "inferred")
    if not one.names and not denied and one.words <= words:
        return Checked(one, "supported")  # the findings have its words outside any statement
    return Checked(one, "unsupported", denied[0] if denied else None)


def _judge_details(one: Statement, there: Sequence[Statement], kind: Verdict) -> Checked:
    """The verdict on what the findings hold, by side and degree."""
    here = _here(one, there)
    if not here:
        return Checked(one, "side_flipped", there[0])
    measured = [other for other in here if other.degree]
    if kind == "supported" and measured and all(_degrees_apart(one, other) for other in measured):
        return Checked(one, "severity_flipped", measured[0])
    return Checked(one, kind, here[0])


def _judge_general(
    one: Statement, findings: Sequence[Statement], impression: Sequence[Statement]
) -> Checked:
    """The verdict on "no acute disease", "acute disease", "no bony abnormality"."""
    if one.words:  # about one anatomy
        about = [other for other in findings if other.general and other.words & one.words]
        if "bone" in one.words:  # "the ribs are intact"
            about += [other for other in findings if "Fracture" in other.names]
        if agreeing := [other for other in about if other.status == one.status]:
            return Checked(one, "supported", agreeing[0])
        if about and one.status == "present":
            return Checked(one, "negation_flipped", about[0])
        return Checked(one, "unsupported")
    if one.status == "absent":
        against = [
            other
            for other in findings
            if other.status == "present"
            and other.names & _ACUTE
            and not other.old
            and not _mentioned(other, impression)
        ]
        return (
            Checked(one, "negation_flipped", against[0]) if against else Checked(one, "supported")
        )
    acute = [other for other in findings if other.status != "absent" and is_acute(other)]
    return Checked(one, "inferred", acute[0]) if acute else Checked(one, "negation_flipped")


def _same(one: Statement, other: Statement) -> bool:
    if one.general or other.general:
        return False
    if one.names and other.names:
        return not one.names.isdisjoint(other.names)
    if one.names or other.names:  # "no new effusion" is no named observation
        named, bare = (one, other) if one.names else (other, one)
        return bare.words <= named.words
    return not one.words.isdisjoint(other.words)


def _near(one: Statement, other: Statement) -> bool:
    return any(
        not (one.names.isdisjoint(group) or other.names.isdisjoint(group)) for group in _NEAR
    )


def _related(one: Statement, other: Statement) -> bool:
    """Whether a statement may stand for, or be concluded from, another one."""
    return _same(one, other) or _near(one, other) or _concluded(one, other)


def _concluded(one: Statement, other: Statement) -> bool:
    return any(not other.names.isdisjoint(_EVIDENCE.get(name, ())) for name in one.names)


def _mentioned(finding: Statement, impression: Sequence[Statement]) -> bool:
    if finding.names & _NEUTRAL:  # that there is a tube does not tell that it lies astray
        finding = replace(finding, names=finding.names - _NEUTRAL or finding.names)
    return any(
        one.status != "absent" and _related(one, finding) and _share_side(one, finding)
        for one in impression
    )


def is_acute(one: Statement) -> bool:
    """Whether something may be an acute abnormality: no chronic one, and not called old."""
    return bool(one.names - _NEUTRAL - _CHRONIC) and not one.old


def is_actionable(one: Statement) -> bool:
    """Whether it asserts or doubts an acute abnormality that a reader has to be told of."""
    return one.status != "absent" and is_acute(one) and not one.names.isdisjoint(ACTIONABLE)


def may_matter(one: Statement) -> bool:
    """Whether it asserts or doubts something that is neither normal, chronic nor called old.

    Unlike :func:`is_acute` also something without a name.
    """
    chronic = bool(one.names) and one.names <= _NEUTRAL | _CHRONIC
    return not (one.status == "absent" or one.general or one.old or chronic)


def tells(impression: Sequence[Statement], finding: Statement) -> bool:
    """Whether an impression asserts or doubts what the findings do.

    What is actionable is told by its own name only, but for abnormalities of the lungs and bones,
    and those not by something chronic that may be concluded from them.
    """
    if is_actionable(finding):
        impression = [
            one
            for one in impression
            if one.names & finding.names & ACTIONABLE
            or (
                not finding.names.isdisjoint(_OTHERWISE_TOLD)
                and (is_acute(one) or _same(one, finding) or _near(one, finding))
            )
        ]
    return _mentioned(finding, impression)


def _denies(one: Statement, finding: Statement) -> bool:
    """Whether a denial contradicts a finding: "no acute infiltrate" leaves room for an old one."""
    qualified = one.acute and (finding.old or finding.status == "uncertain")
    return (
        bool(one.names or finding.names)
        and not qualified
        and one.side in (None, "bilateral", finding.side)
    )


def _share_side(one: Statement, other: Statement) -> bool:
    return {one.side, other.side} != {"left", "right"}


def _here(one: Statement, there: Sequence[Statement]) -> list[Statement]:
    """Those that lie where the statement says; those without a side count if none has one."""
    sided = [other for other in there if other.side]
    return [other for other in sided or there if _share_side(one, other)]


def _degrees_apart(one: Statement, other: Statement) -> bool:
    """Whether the middles of two ranges of degrees are a step or more apart."""
    if one.degree is None or other.degree is None:
        return False
    return abs(sum(one.degree) - sum(other.degree)) >= 2
