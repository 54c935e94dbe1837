"""The labeler that needs no training: the reading engine, its ontology and a schema's policy."""

import copy
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphsum.labelers.labeler import Labeler
from graphsum.labelers.labels import ReportLabels, Span
from graphsum.labelers.schema import LabelClass, Reading, Schema, State
from preprocessing.errors import InputError
from preprocessing.facts.information import information_in
from preprocessing.facts.not_normal import says_not_normal
from preprocessing.facts.ontology import SHIPPED
from preprocessing.facts.reading import Mention, OwnTerms, read_mentions
from preprocessing.files import digest_of

_OWN = "class: "  # begins the names of mentions by a schema's own words
_STRENGTH: dict[State, int] = {"absent": 0, "uncertain": 1, "present": 2}


class RuleLabeler(Labeler):
    """Labels by what the text says of each mention of a class.

    The strongest mention decides: present before uncertain before absent, as in CheXpert.
    """

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self._own = own_terms(schema)
        self._classes: dict[
            str, list[LabelClass]
        ] = {}  # name of a mention -> classes it counts for
        for one in schema.classes:
            for name in (*one.observations, f"{_OWN}{one.name}"):
                self._classes.setdefault(name, []).append(one)
        self._not_terms = {
            one.name: _joined(one.not_terms) for one in schema.classes if one.not_terms
        }

    @classmethod
    def load(cls, schema: Schema, folder: Path | None, **options: Any) -> "RuleLabeler":
        """The labeler of that schema; it has no folder and no options."""
        if folder or options:
            raise InputError("the labeler rules takes no folder and no options")
        return cls(schema)

    @property
    def version(self) -> str:
        """That of the shipped words."""
        return digest_of(SHIPPED)[:12]

    def counting(self, readings: Collection[Reading]) -> "RuleLabeler":
        """The same rules by another policy: these readings make a class present, others nothing."""
        other = copy.copy(self)  # with the same own terms, so that a text is read once for both
        classes = {
            one.name: replace(
                one, states={key: "present" if key in readings else None for key in one.states}
            )
            for one in self.schema.classes
        }
        other.schema = replace(self.schema, classes=tuple(classes.values()))
        other._classes = {
            name: [classes[one.name] for one in found] for name, found in self._classes.items()
        }
        return other

    def _labels_of(self, texts: Sequence[str]) -> list[ReportLabels]:
        return [self._label(text) for text in texts]

    def _label(self, text: str) -> ReportLabels:
        plain, mentions = read_mentions(text, self._own)
        mentions = tuple(
            one for one in mentions if one.status != "past" or _reading_of_past(one, plain.text)
        )
        states: dict[str, State | None] = {}
        evidence: dict[str, tuple[Span, ...]] = {}
        found: dict[str, dict[State, list[Mention]]] = {}
        for mention in mentions:
            reading = _reading_of(mention, plain.text)
            for name in mention.names:
                for one in self._classes.get(name, ()):
                    state = one.states[reading]
                    if state and not self._is_no_term(one.name, plain.text, mention):
                        found.setdefault(one.name, {}).setdefault(state, []).append(mention)
        for one in self.schema.classes:
            by_state = found.get(one.name, {})
            states[one.name] = None
            if by_state:
                strongest = max(by_state, key=lambda state: _STRENGTH[state])
                spans = [
                    plain.origin(mention.start, mention.end) for mention in by_state[strongest]
                ]
                states[one.name] = strongest
                evidence[one.name] = tuple(dict.fromkeys(spans))
        self._add_parents(states, evidence)
        for one in self.schema.classes:
            if one.no_finding_unless is not None and not states[one.name]:
                others = {states[name] for name in one.no_finding_unless}
                if others & {"present", "uncertain"} or says_not_normal(plain):
                    continue
                if mentions or information_in(text, self._own).verdict == "read":
                    states[one.name] = "present"
        return ReportLabels(states, evidence)

    def _is_no_term(self, name: str, text: str, one: Mention) -> bool:
        """Whether words that only look like the class overlap a mention."""
        expression = self._not_terms.get(name)
        return expression is not None and any(
            match.start() < one.end and match.end() > one.start
            for match in expression.finditer(text, *one.segment)
        )

    def _add_parents(
        self, states: dict[str, State | None], evidence: dict[str, tuple[Span, ...]]
    ) -> None:
        """Make the ancestors of each class at least what it is, where that is not absent."""
        for one in self.schema.classes:
            state = states[one.name]
            front = [*one.parents] if state in ("present", "uncertain") else []
            while state and front:
                name = front.pop()
                known = states[name]
                if known is None or _STRENGTH[known] < _STRENGTH[state]:
                    states[name] = state
                    evidence[name] = evidence.get(one.name, ())
                front += self.schema[name].parents


def own_terms(schema: Schema) -> OwnTerms | None:
    """A schema's own words, as the reading engine takes them; None: it has none."""
    terms = []
    for one in schema.classes:
        names = (f"{_OWN}{one.name}",)
        words = [*one.patterns, *map(_expression, sorted(one.synonyms, key=len, reverse=True))]
        if words:
            terms.append((names, _joined(words), False))
        if one.normal:
            terms.append((names, _joined(one.normal), True))
    return OwnTerms(tuple(terms), not schema.ontology) if terms or not schema.ontology else None


def _expression(synonym: str) -> str:
    """A synonym as an expression, with its plural."""
    return rf"{re.escape(synonym)}(?:s|es)?"


def _joined(expressions: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(expressions)})(?!\w)")


_OR_BEHIND = re.compile(r"(?: \w+){0,4}(?:,? (?:versus|vs\.?|and/or|or) |/)")
_OR_BEFORE = re.compile(r"(?:(?:versus|vs\.?|and/or|or|either) |/)(?:[\w-]+ ){0,5}$")


_LIMITED = re.compile(
    r"\b(?:no|without|nor|negative for) (?:(?:definite|significant|evidence of|obvious|focal) )*"
    r"(?:new|newly|other|additional|further|recurrent|large|larger|sizable|sizeable|massive|big)\b"
    r"(?!.*\b(?:after|since|following|status post|removal|history)\b)"
)


_REMOVED = re.compile(
    r"\b(?:removed|removal|withdrawn|withdrawal|extracted|extubat\w+|taken out|pulled out|explanted"
    r"|retrieved|discontinued|out)\b"
)


def _reading_of_past(one: Mention, text: str) -> Reading | None:
    """What was denied as new, further or large only, or was taken out; None: of another time."""
    start, end = one.segment
    if one.other_part:
        return None
    if _LIMITED.search(text[start : one.start]):
        return "limited"
    return "removed" if _REMOVED.search(text, start, end) else None


def _is_alternative(one: Mention, text: str) -> bool:
    """Whether a doubtful mention is one of two or more that the text names."""
    start, end = one.segment
    return bool(_OR_BEHIND.match(text, one.end, end) or _OR_BEFORE.search(text[start : one.start]))


def _reading_of(one: Mention, text: str) -> Reading:
    readings: Mapping[str, Reading] = {
        "definite": "possible", "probable": "probable", "possible": "possible",
        "unlikely": "unlikely",
    }  # fmt: skip
    if one.status == "past":
        return _reading_of_past(one, text) or "removed"
    if one.status == "absent":
        return "normal" if one.fixed else "absent"
    if one.status == "present":
        return "present"
    reading = readings[one.certainty]
    return "alternative" if reading == "possible" and _is_alternative(one, text) else reading


def with_no_finding(
    schema: Schema, states: dict[str, State | None], text: str, own: OwnTerms | None = None
) -> dict[str, State | None]:
    """States that a model gave, as the schema allows them.

    A text without any statement is blank in every class, and a class such as No Finding is blank
    where one of the classes that exclude it is there or may be. ``own``: the schema's own terms.
    """
    if information_in(text, own).verdict == "nothing":
        return dict.fromkeys(states)
    allowed = dict(states)
    for one in schema.classes:
        others = {states[name] for name in one.no_finding_unless or ()}
        if others & {"present", "uncertain"}:
            allowed[one.name] = None
    return allowed
