"""Judging one text by another: is every statement of an impression borne out by its findings?

Statements of both texts are linked by name, then by near names and by what a radiologist may
conclude, then by words; the ontology says what is near and what may be concluded. Of linked
statements the attributes are compared: status, side, place, size, severity, change, certainty.
``docs/consistency.md`` describes the rules.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from preprocessing.annotation import Annotator, shared_annotator
from preprocessing.facts.ontology import TIERS, Tier, on_change, ontology
from preprocessing.facts.statements import Statement, further_names, read_statements, stem
from preprocessing.records import Side
from preprocessing.text.measurements import sizes_differ
from preprocessing.text.places import places_differ
from preprocessing.text.sided_parts import are_on_the_other_side, find_sided_parts

Verdict = Literal[
    "supported", "inferred", "unsupported", "negation_flipped", "side_flipped", "place_flipped",
    "size_flipped", "severity_flipped", "change_flipped",
]  # fmt: skip
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Attribute = Literal["status", "side", "place", "size", "severity", "change", "certainty"]
# Tiers that an impression must report.
REPORTED_TIERS: tuple[Tier, ...] = ("critical", "urgent", "notable")


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement of an impression with its verdict.

    ``linked``: the statement of the findings that the verdict rests on, or None. *supported*: the
    findings say so; *inferred*: they say what it may be concluded from; *unsupported*: they do not
    speak of it, or only doubt or deny what the impression doubts; *flipped*: they say the opposite
    of its negation, or another side, place, size or degree. ``differs``: attributes that differ
    from the linked statement without making it another finding (change, certainty).
    """

    statement: Statement
    kind: Verdict
    linked: Statement | None = None
    differs: tuple[Attribute, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether to raise an alarm: a flip, or a named finding asserted without support."""
        if self.kind == "unsupported":
            one = self.statement
            history = one.names == {"Surgery"} and one.words <= _OPERATED
            return one.status == "present" and bool(one.names) and not history
        return self.kind.endswith("flipped")


@dataclass(frozen=True, slots=True)
class Consistency:
    """All statements of one impression, and what its findings hold.

    ``abnormal``: the named abnormalities that the findings assert; ``left_out``: those of them
    that the impression neither states nor concludes anything from. ``missed``: what it had to
    report (:func:`is_actionable`) and does not.
    """

    statements: tuple[Checked, ...]
    abnormal: tuple[Statement, ...]
    left_out: tuple[Statement, ...]
    missed: tuple[Statement, ...]

    @property
    def wrong(self) -> tuple[Checked, ...]:
        """The statements that raise an alarm."""
        return tuple(one for one in self.statements if one.wrong)

    @property
    def alarm(self) -> bool:
        """Whether a statement is wrong, or something that must be reported is missed."""
        return bool(self.wrong or self.missed)


@dataclass(frozen=True, slots=True)
class Error:
    """One difference of an impression from its findings (or from a reference).

    ``kind``: *missed*, *invented* or *differs*; ``attribute``: of what differs, else None.
    ``significance``: *major* where it would change what is done. ``start`` and ``end``: characters
    of the impression, or of the findings for what is missed.
    """

    kind: Literal["missed", "invented", "differs"]
    attribute: Attribute | None
    tier: Tier
    significance: Literal["major", "minor"]
    names: tuple[str, ...]
    start: int
    end: int


_ATTRIBUTE_OF: dict[str, Attribute] = {
    "negation_flipped": "status",
    "side_flipped": "side",
    "place_flipped": "place",
    "size_flipped": "size",
    "severity_flipped": "severity",
    "change_flipped": "change",
}
_LARGE = 3  # the degree
_ASTRAY = "Device Malposition"
_DEVICES = frozenset(("Support Devices",))
_OF_DEVICES = frozenset(
    map(
        stem,
        "the in of at its is malpositioned misplaced displaced position region left right distal"
        " tip tube line catheter ett et ng ngt picc".split(),
    )
)
_FRACTURE = frozenset(("Fracture",))
# That there was an operation is known from the history: "attributed to the recent surgery".
_OPERATED = frozenset(
    map(stem, "surgery surgical postsurgical postoperative postprocedural operation".split())
) | frozenset(map(stem, "procedure abdominal recent prior previous".split()))
_LONGEST_SENTENCE = 400  # characters that are searched for further names
# Changes that may be said of the same finding.
_SAME_CHANGE = ({"new", "worse"},)


def check_impression(
    impression: str, findings: str, annotator: Annotator | None = None
) -> Consistency:
    """Judge every statement of an impression by the findings.

    ``annotator``: the built-in one, by default; it is loaded once.
    """
    own, theirs = statements_of((impression, findings), annotator)
    return compare_statements(own, theirs, findings)


def statements_of(
    texts: Sequence[str], annotator: Annotator | None = None
) -> list[tuple[Statement, ...]]:
    """The statements of each text; equal texts are read once."""
    wrong = next((one for one in texts if not isinstance(one, str)), "")
    if not isinstance(wrong, str):
        raise TypeError(f"texts must be strings, not {type(wrong).__name__}")
    annotator = annotator or shared_annotator("builtin", None)
    distinct = list(dict.fromkeys(texts))
    annotated = annotator.annotate((str(row), text) for row, text in enumerate(distinct))
    read = {text: read_statements(text, one) for text, one in zip(distinct, annotated, strict=True)}
    return [read[text] for text in texts]


def compare_statements(
    impression: Sequence[Statement], findings: Sequence[Statement], findings_text: str
) -> Consistency:
    """As :func:`check_impression`, of statements that :func:`statements_of` has read."""
    words, parts = _said(findings_text)
    findings = [one for one in findings if not one.denied_only]
    abnormal = tuple(
        one for one in findings if one.status == "present" and one.names - _relations().neutral
    )
    return Consistency(
        tuple(_on_its_side(_judge(one, findings, impression, words), parts) for one in impression),
        abnormal,
        tuple(one for one in abnormal if not _mentioned(one, impression)),
        tuple(one for one in findings if is_actionable(one) and not tells(impression, one)),
    )


@lru_cache(maxsize=1024)
def _said(text: str) -> tuple[frozenset[str], frozenset[tuple[str, Side]]]:
    """The stems of a text's words with the further names that it has, and its sided parts."""
    lowered = text.lower()
    sentences = re.split(r"[.;\n]", lowered)
    names = frozenset().union(*(further_names(one[:_LONGEST_SENTENCE]) for one in sentences))
    parts = frozenset((one.part, one.side) for one in find_sided_parts(lowered))
    return frozenset(map(stem, re.findall(r"\w+", text))) | names, parts


def errors_of(checked: Consistency) -> list[Error]:
    """The errors of an impression: what is invented, what differs, then what is missed."""
    found: list[Error] = []
    for one in checked.statements:
        statement = one.statement
        tier = tier_of(one.linked or statement) if one.linked else tier_of(statement)
        names = tuple(sorted(statement.names))
        span = (statement.start, statement.end)
        if one.kind == "unsupported" and one.wrong:
            found.append(Error("invented", None, tier_of(statement), "major", names, *span))
        elif attribute := _ATTRIBUTE_OF.get(one.kind):
            found.append(Error("differs", attribute, tier, "major", names, *span))
        found += [
            Error("differs", attribute, tier, "minor", names, *span) for attribute in one.differs
        ]
    contradicted = [c.linked for c in checked.statements if c.kind in _ATTRIBUTE_OF]
    found += [
        Error("missed", None, tier_of(one), "major", tuple(sorted(one.names)), one.start, one.end)
        for one in checked.missed
        if one not in contradicted
    ]
    return found


def abnormal_sides(findings: Sequence[Statement]) -> frozenset[tuple[str, Side | None]]:
    """The abnormalities that the findings assert or doubt: each name alone and with its side."""
    return frozenset(
        (name, side)
        for one in findings
        if one.status != "absent"
        for name in one.names - _relations().neutral
        for side in (None, one.side)
    )


def denied_names(findings: Sequence[Statement]) -> frozenset[str]:
    """The names of the abnormalities that the findings deny."""
    neutral = _relations().neutral
    return frozenset(
        name
        for one in findings
        if one.status == "absent" and not one.denied_only
        for name in one.names - neutral
    )


# --- what a statement is worth ------------------------------------------------------------------


def tier_of(one: Statement) -> Tier:
    """The highest tier of its names; what is eased by age or stability is routine."""
    tiers = [_tier_of_name(one, name) for name in one.names]
    return min(tiers, key=TIERS.index, default="none")


def _tier_of_name(one: Statement, name: str) -> Tier:
    known = ontology()
    tier = known.tier(name)
    if tier != "none" and _is_eased(one, name):
        return "routine"
    new = one.change in ("new", "worse") and name not in known.chronic
    return "notable" if tier == "routine" and new else tier


def _is_eased(one: Statement, name: str) -> bool:
    """Whether age or stability makes a finding of that name one that need not be reported."""
    known = ontology()
    if one.old and known.eased(name, "old"):
        return True
    great = one.degree is not None and one.degree[1] >= 2
    return one.change == "stable" and not great and known.eased(name, "stable")


def is_eased(one: Statement) -> bool:
    """Whether age or stability takes everything that it names out of what must be reported."""
    named = [name for name in one.names if ontology().tier(name) in REPORTED_TIERS]
    return bool(named) and all(_is_eased(one, name) for name in named)


def is_acute(one: Statement) -> bool:
    """Whether something may be an acute abnormality: no chronic one, and not eased by its age."""
    relations = _relations()
    names = one.names - relations.neutral - relations.chronic
    return any(not _is_eased(one, name) and not _old_by_words(one, name) for name in names)


def _old_by_words(one: Statement, name: str) -> bool:
    return (one.old or one.change == "stable") and ontology().tier(name) not in REPORTED_TIERS


def is_actionable(one: Statement) -> bool:
    """Whether it asserts or doubts an abnormality that a reader has to be told of."""
    return one.status != "absent" and tier_of(one) in REPORTED_TIERS


def may_matter(one: Statement) -> bool:
    """Whether it asserts or doubts something that is neither normal, chronic nor called old.

    Unlike :func:`is_acute` also something without a name.
    """
    relations = _relations()
    chronic = bool(one.names) and one.names <= relations.neutral | relations.chronic
    old = is_eased(one) or (
        (one.old or one.change == "stable") and tier_of(one) not in REPORTED_TIERS
    )
    return not (one.status == "absent" or one.general or old or chronic)


def tells(impression: Sequence[Statement], finding: Statement) -> bool:
    """Whether an impression asserts or doubts what the findings do.

    What is actionable is told by its own name only, but for abnormalities of the lungs and bones,
    and those not by something chronic that may be concluded from them.
    """
    if is_actionable(finding):
        relations = _relations()
        reported = [name for name in finding.names if ontology().tier(name) in REPORTED_TIERS]
        wanted = frozenset(reported) or finding.names  # of a routine name: it is new, or grows
        impression = [
            one
            for one in impression
            if one.names & wanted
            or (
                not finding.names.isdisjoint(relations.otherwise_reported)
                and (is_acute(one) or _same(one, finding) or _near(one, finding))
            )
        ]
    return _mentioned(finding, impression)


def reports(impression: Sequence[Statement], finding: Statement, *, near: bool = True) -> bool:
    """Whether an impression asserts or doubts a finding by its own or (``near``) by a near name.

    Unlike :func:`tells`, a conclusion that rests on other findings too does not count.
    """
    wanted = finding.names - _relations().neutral or finding.names
    if not near:
        top = {name for name in wanted if _tier_of_name(finding, name) == tier_of(finding)}
        wanted = frozenset(top) or wanted
    finding = replace(finding, names=wanted)
    return any(
        one.status != "absent"
        and (_same(one, finding) or (near and _near(one, finding)))
        and _share_side(one, finding)
        for one in impression
    )


# --- the verdict on one statement ---------------------------------------------------------------


def _judge(
    one: Statement,
    findings: Sequence[Statement],
    impression: Sequence[Statement],
    words: frozenset[str],
) -> Checked:
    if one.general:
        return _judge_general(one, findings, impression)
    relations = _relations()
    same = [other for other in findings if _same(one, other)]
    there = [other for other in same if other.status != "absent"]
    denied = [other for other in same if other.status == "absent" and _share_side(one, other)]
    if one.status == "absent":
        # "No infiltrate" leaves room for an opacity, "the right lung is clear" does not.
        own = one.names if one.side and "clear" in one.words else _specific(one)
        against = [
            other
            for other in there
            if _denies(one, other) and (not own or not other.names or own & other.names)
        ]
        others = {
            name for denied_name in own for name in relations.denied_with.get(denied_name, ())
        }
        against += [
            other
            for other in findings
            if other.status == "present"
            and other.names & others
            and other not in against
            and _denies(one, other)
        ]
        if one.side in ("left", "right") and one.places and not one.acute:
            # "No left basal infiltrate" leaves no room for an opacity there.
            against += [
                other
                for other in findings
                if other.status == "present"
                and other.side == one.side
                and other.places
                and not places_differ(one.places, other.places)
                and _near(one, other)
                and other not in against
                and _denies(one, other)
            ]
        here = [other for other in against if one.side and other.side == one.side]
        # "No left pneumothorax" does not bear out "no pneumothorax" where there is a right one.
        one_sided = not one.side and all(other.side in ("left", "right") for other in denied)
        if denied and not here and not (against and one_sided):
            return Checked(one, "supported", denied[0])
        if against:
            return Checked(one, "negation_flipped", (here or against)[0])
        elsewhere = [other for other in same if other.resolved]
        if one.resolved and elsewhere:
            return Checked(one, "side_flipped", elsewhere[0])
        wanted = {other for name in one.names for other in relations.implied_by.get(name, ())}
        implied = [o for o in findings if o.status == "absent" and o.names & wanted]
        return Checked(one, "inferred", implied[0]) if implied else Checked(one, "unsupported")
    if _ASTRAY in one.names and not any(
        _ASTRAY in other.names for other in findings if other.status != "absent"
    ):
        devices = [other for other in findings if other.names & _DEVICES]
        if {word for word in one.words - _OF_DEVICES if word.isalpha()} <= words:
            pass  # the findings tell its place without calling it wrong
        elif any(sizes_differ(one.distances, other.distances) for other in devices):
            return Checked(one, "size_flipped", devices[0])
        else:
            return Checked(one, *(("place_flipped", devices[0]) if devices else ("unsupported",)))
    near = [other for other in findings if other.status != "absent" and _related(one, other)]
    if there:
        own = _specific(one)
        precise = [other for other in there if own & _specific(other)]
        there = precise or there
        judged = _judge_details(one, there, "supported")
        if judged.kind in ("side_flipped", "place_flipped"):
            # "Scarring at the apices. An opacity at the left base.": scarring at the left base?
            placed = [
                other
                for other in near
                if _lies_there(one, other)
                and (one.status == "uncertain" or _concluded(one, other))
                and other not in there
            ]
            return _judge_details(one, placed, "inferred") if placed else judged
        return judged
    if denied and one.status == "present":
        kinds = {kind for name in one.names for kind in relations.kinds_of.get(name, ())}
        if not any(other.names & kinds for other in near):
            return Checked(one, "negation_flipped", denied[0])
    if near:
        return _judge_details(one, near, "inferred")
    if not denied and (one.names or one.words) <= words:
        return Checked(one, "supported")  # the findings have its words outside any statement
    return Checked(one, "unsupported", denied[0] if denied else None)


def _on_its_side(judged: Checked, parts: frozenset[tuple[str, Side]]) -> Checked:
    """The verdict, or a flip where the findings have its part of the body on the other side."""
    if judged.wrong or not are_on_the_other_side(judged.statement.parts, parts):
        return judged
    return Checked(judged.statement, "side_flipped", judged.linked)


def _judge_details(one: Statement, there: Sequence[Statement], kind: Verdict) -> Checked:
    """The verdict on what the findings hold, by side, place, size and degree."""
    here = _here(one, there)
    if not here:
        return Checked(one, "side_flipped", there[0])
    placed = [other for other in here if not places_differ(one.places, other.places)]
    if not placed:
        return Checked(one, "place_flipped", here[0])
    # "Nodules, the largest 8 mm" has several; any of them will do.
    if kind == "supported":
        for own, theirs in (
            (one.sizes, [(other.sizes, other) for other in placed]),
            (one.distances, [(other.distances, other) for other in placed]),
        ):
            every = frozenset().union(*(values for values, _ in theirs))
            if sizes_differ(own, every):
                return Checked(one, "size_flipped", next(o for values, o in theirs if values))
    measured = [other for other in placed if other.degree]
    if kind == "supported" and measured and all(_degrees_apart(one, other) for other in measured):
        return Checked(one, "severity_flipped", measured[0])
    changed = [other for other in placed if other.change and one.change]
    if kind == "supported" and changed and all(_changes_conflict(one, o) for o in changed):
        return Checked(one, "change_flipped", changed[0])
    best = min(
        placed,
        key=lambda other: (-len(one.names & other.names), len(_differences(one, other))),
    )
    return Checked(one, kind, best, _differences(one, best) if kind == "supported" else ())


def _changes_conflict(one: Statement, other: Statement) -> bool:
    neutral = not one.names - _relations().neutral
    return (
        not neutral
        and one.change != other.change
        and {one.change, other.change} not in _SAME_CHANGE
    )


def _differences(one: Statement, other: Statement) -> tuple[Attribute, ...]:
    """Attributes of two statements of the same finding that differ."""
    found: list[Attribute] = []
    if not one.names - _relations().neutral:
        return ()
    aged = {(one.old, other.change), (other.old, one.change)}
    if (True, "new") in aged:
        found.append("change")
    if {one.status, other.status} == {"present", "uncertain"}:
        found.append("certainty")
    return tuple(found)


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
            and other.names & _relations().denied_by_normal
            and is_acute(other)
            and not _mentioned(other, impression)
        ]
        return (
            Checked(one, "negation_flipped", against[0]) if against else Checked(one, "supported")
        )
    acute = [other for other in findings if other.status != "absent" and is_acute(other)]
    return Checked(one, "inferred", acute[0]) if acute else Checked(one, "negation_flipped")


def _specific(one: Statement) -> frozenset[str]:
    """The names of a statement without the general ones that stand beside a particular one."""
    return one.names - _relations().general or one.names


def _same(one: Statement, other: Statement) -> bool:
    if one.general or other.general:
        return False
    if one.names and other.names:
        shared = one.names & other.names
        if (one.names ^ other.names) & _relations().distinct:
            return False
        if shared and shared <= _relations().shared:
            # Two devices, two fractures: of the same kind, unless one of them is of no kind.
            return one.names <= _relations().shared or other.names <= _relations().shared
        return bool(shared)
    if one.names or other.names:  # "no new effusion" is no named observation
        named, bare = (one, other) if one.names else (other, one)
        return bare.words <= named.words
    return not one.words.isdisjoint(other.words)


def _near(one: Statement, other: Statement) -> bool:
    return _near_names(one.names, other.names)


@lru_cache(maxsize=1 << 15)
def _near_names(names: frozenset[str], others: frozenset[str]) -> bool:
    if names & others == _FRACTURE and names != _FRACTURE and others != _FRACTURE:
        return False  # of two bones
    return any(
        not (names.isdisjoint(group) or others.isdisjoint(group)) for group in _relations().near
    )


def _related(one: Statement, other: Statement) -> bool:
    """Whether a statement may stand for, or be concluded from, another one."""
    return _same(one, other) or _near(one, other) or _concluded(one, other)


def _concluded(one: Statement, other: Statement) -> bool:
    return _concluded_names(one.names, other.names)


@lru_cache(maxsize=1 << 15)
def _concluded_names(names: frozenset[str], others: frozenset[str]) -> bool:
    evidence = _relations().evidence
    return any(not others.isdisjoint(evidence.get(name, ())) for name in names)


def _mentioned(finding: Statement, impression: Sequence[Statement]) -> bool:
    neutral = _relations().neutral
    if finding.names & neutral:  # that there is a tube does not tell that it lies astray
        finding = replace(finding, names=finding.names - neutral or finding.names)
    return any(
        one.status != "absent" and _related(one, finding) and _share_side(one, finding)
        for one in impression
    )


def _denies(one: Statement, finding: Statement) -> bool:
    """Whether a denial contradicts a finding: "no acute infiltrate" leaves room for an old one."""
    old = finding.old or finding.change == "stable"
    qualified = one.acute and (old or finding.status == "uncertain")
    if one.denied_only == "large" and (finding.degree is None or finding.degree[1] < _LARGE):
        return False  # it leaves room for a small one
    if one.denied_only == "new" and finding.change not in ("new", "worse"):
        return False
    return (
        bool(one.names or finding.names)
        and not qualified
        and (one.side in (None, "bilateral", finding.side) or finding.side in (None, "bilateral"))
    )


def _share_side(one: Statement, other: Statement) -> bool:
    return {one.side, other.side} != {"left", "right"}


def _lies_there(one: Statement, other: Statement) -> bool:
    """Whether another statement has the side and the place of this one, as far as it has any."""
    return (
        (not one.side or other.side == one.side)
        and bool(not one.places or other.places)
        and not places_differ(one.places, other.places)
    )


def _here(one: Statement, there: Sequence[Statement]) -> list[Statement]:
    """Those that lie where the statement says; those without a side count if none has one."""
    if not one.side:
        return list(there)
    sided = [other for other in there if other.side]
    return [other for other in sided or there if _share_side(one, other)]


def _degrees_apart(one: Statement, other: Statement) -> bool:
    """Whether the middles of two ranges of degrees are a step or more apart."""
    if one.degree is None or other.degree is None:
        return False
    return abs(sum(one.degree) - sum(other.degree)) >= 2


@dataclass(frozen=True, slots=True)
class _Relations:
    """The ontology's relations between names, as sets."""

    near: tuple[frozenset[str], ...]
    evidence: Mapping[str, tuple[str, ...]]
    kinds_of: Mapping[str, tuple[str, ...]]
    implied_by: Mapping[str, tuple[str, ...]]
    denied_with: Mapping[str, tuple[str, ...]]
    denied_by_normal: frozenset[str]
    otherwise_reported: frozenset[str]
    chronic: frozenset[str]
    neutral: frozenset[str]  # named, but no abnormality by themselves
    distinct: frozenset[str]  # of two statements both or none must have it
    general: frozenset[str]  # what many particular findings are too
    shared: frozenset[str]  # names that several entries bear beside their own


@lru_cache(maxsize=1)
def _relations() -> _Relations:
    known = ontology()
    given: dict[str, Any] = known.relations
    several = [
        name
        for name in known.names
        if sum(name in one.names and name != one.name for one in known.entries) > 1
    ]
    return _Relations(
        tuple(frozenset(group) for group in given["near"]),
        {name: tuple(others) for name, others in given["evidence"].items()},
        {name: tuple(others) for name, others in given["kinds_of"].items()},
        {name: tuple(others) for name, others in given["implied_by"].items()},
        {name: tuple(others) for name, others in given["denied_with"].items()},
        frozenset(given["denied_by_normal"]),
        frozenset(given["otherwise_reported"]),
        known.chronic | frozenset(given["further_chronic"]),
        known.named("none") | frozenset(given["further_neutral"]),
        frozenset(given["distinct"]),
        frozenset(given["general"]),
        frozenset(several) & frozenset(("Support Devices", "Fracture")),
    )


def _forget() -> None:
    _relations.cache_clear()
    _near_names.cache_clear()
    _concluded_names.cache_clear()


on_change(_forget)


def beside_normal() -> frozenset[str]:
    """Names that "no acute cardiopulmonary disease" may stand beside."""
    return frozenset(ontology().relations["beside_normal"])


def traces_of_the_past() -> frozenset[str]:
    """Names of what tells of something over and done with."""
    return frozenset(ontology().relations["traces"])


def must_be_reported() -> frozenset[str]:
    """The names of the tiers that an impression must report."""
    return ontology().named(*REPORTED_TIERS)
