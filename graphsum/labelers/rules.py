"""The labeler that needs no training: the reading engine, its ontology and a schema's policy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphsum.labelers.labeler import Labeler
from graphsum.labelers.labels import ReportLabels, Span
from graphsum.labelers.schema import LabelClass, Reading, Schema, State
from preprocessing.errors import InputError
from preprocessing.facts.reading import Mention, read_mentions
from preprocessing.text.plain import PlainText

_STRENGTH: dict[State, int] = {"absent": 0, "uncertain": 1, "present": 2}


class RuleLabeler(Labeler):
    """Labels by what the text says of each mention of a class."""

    @classmethod
    def load(cls, schema: Schema, folder: Path | None, **options: Any) -> "RuleLabeler":
        """The labeler of that schema; it has no folder and no options."""
        if folder or options:
            raise InputError("the labeler rules takes no folder and no options")
        return cls(schema)

    @property
    def version(self) -> str:
        """That of the rules."""
        return "1"

    def label(self, texts: Sequence[str]) -> list[ReportLabels]:
        """The labels of each text, in order."""
        return [self._label(text) for text in texts]

    def _label(self, text: str) -> ReportLabels:
        plain, mentions = read_mentions(text)
        found = {one.name: _state_of(one, plain, mentions) for one in self.schema.classes}
        states: dict[str, State | None] = {name: state for name, (state, _) in found.items()}
        evidence = {name: spans for name, (state, spans) in found.items() if spans}
        for one in self.schema.classes:
            if one.no_finding_unless is not None:
                others = {states[name] for name in one.no_finding_unless}
                states[one.name] = None if others & {"present", "uncertain"} else "present"
        return ReportLabels(states, evidence)


def _state_of(
    label_class: LabelClass, plain: PlainText, mentions: Sequence[Mention]
) -> tuple[State | None, tuple[Span, ...]]:
    """The strongest state of the mentions of a class, and where it is said."""
    names = set(label_class.observations)
    found: dict[State, list[Span]] = {}
    for one in mentions:
        if one.status in ("past", "moved") or not names.intersection(one.names):
            continue
        state = label_class.states[_reading_of(one)]
        if state:
            found.setdefault(state, []).append(plain.origin(one.start, one.end))
    if not found:
        return None, ()
    strongest = max(found, key=lambda one: _STRENGTH[one])
    return strongest, tuple(found[strongest])


def _reading_of(one: Mention) -> Reading:
    if one.status == "present":
        return "present"
    if one.status == "absent":
        return "normal" if one.fixed else "absent"
    return one.certainty if one.certainty in ("probable", "possible", "unlikely") else "possible"
