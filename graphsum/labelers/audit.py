"""A page of the reports whose labels are in doubt, worst first, on which they are corrected."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from graphsum.labelers.labels import ReportLabels, Span
from graphsum.labelers.schema import Schema, State
from graphsum.page.document import document, embedded_json

# How much it matters that two labels differ, whichever is which.
_WEIGHTS: dict[frozenset[State | None], float] = {
    frozenset(("present", "absent")): 8.0,
    frozenset(("present", None)): 6.0,
    frozenset(("present", "uncertain")): 3.0,
    frozenset(("uncertain", "absent")): 2.0,
    frozenset(("uncertain", None)): 2.0,
    frozenset(("absent", None)): 1.0,
}
_CODES: dict[State | None, int | None] = {"present": 1, "absent": 0, "uncertain": -1, None: None}


@dataclass(frozen=True)
class AuditItem:
    """A report on the page.

    Args:
        uid: of the report.
        text: of the report.
        first: class -> the state to be checked, and to be corrected.
        second: class -> the state that it is held against.
        evidence: class -> where the text speaks of it.
    """

    uid: str
    text: str
    first: Mapping[str, State | None]
    second: Mapping[str, State | None]
    evidence: Mapping[str, Sequence[Span]]

    @property
    def differing(self) -> tuple[str, ...]:
        """The classes on which the two differ, worst first."""
        names = [name for name, state in self.first.items() if state != self.second[name]]
        return tuple(sorted(names, key=lambda name: -self._weight(name)))

    @property
    def weight(self) -> float:
        """How much the differences matter together."""
        return sum(map(self._weight, self.differing))

    def _weight(self, name: str) -> float:
        return _WEIGHTS[frozenset((self.first[name], self.second[name]))]


def audit_items(
    reports: Iterable[tuple[str, str]],
    first: Mapping[str, Mapping[str, State | None]],
    second: Mapping[str, Mapping[str, State | None]] | None,
    read: Iterable[ReportLabels],
) -> Iterator[AuditItem]:
    """The reports that both sides have labels of.

    Args:
        reports: (uid, text) of each.
        first: uid -> class -> state, to be checked.
        second: the same of another labeler; None: what ``read`` says.
        read: what the rules read in each report, for the places in the text.
    """
    for (uid, text), labels in zip(reports, read, strict=True):
        if uid not in first or (second is not None and uid not in second):
            continue
        held = labels.states if second is None else second[uid]
        yield AuditItem(uid, text, first[uid], held, labels.evidence)


def render_audit(
    items: Sequence[AuditItem],
    schema: Schema,
    *,
    names: tuple[str, str],
    title: str = "Labels",
) -> str:
    """One HTML file that loads nothing; ``names``: what the two sides are called."""
    ordered = sorted(items, key=lambda one: -one.weight)
    data = [_view(one, schema) for one in ordered]
    settings = {
        "classes": list(schema.names),
        "definitions": [one.definition for one in schema.classes],
        "names": list(names),
        "id": hashlib.sha256(repr(data).encode()).hexdigest()[:16],
    }
    return document(
        "audit.html",
        script="audit.js",
        title=title,
        settings=embedded_json(settings),
        data=embedded_json(data),
        differing=sum(bool(one.differing) for one in items),
        total=len(items),
    )


def _view(one: AuditItem, schema: Schema) -> dict[str, Any]:
    row = {name: number for number, name in enumerate(schema.names)}
    return {
        "uid": one.uid,
        "parts": _parts(one.text, {row[name]: spans for name, spans in one.evidence.items()}),
        "first": [_CODES[one.first[name]] for name in schema.names],
        "second": [_CODES[one.second[name]] for name in schema.names],
        "differing": [row[name] for name in one.differing],
    }


def _parts(text: str, evidence: Mapping[int, Sequence[Span]]) -> list[tuple[str, list[int]]]:
    """The text in parts, each with the numbers of the classes that it speaks of."""
    ends = {0, len(text)} | {end for spans in evidence.values() for span in spans for end in span}
    cuts = sorted(ends)
    return [
        (
            text[start:end],
            [
                number
                for number, spans in evidence.items()
                if any(first <= start and last >= end for first, last in spans)
            ],
        )
        for start, end in pairwise(cuts)
    ]
