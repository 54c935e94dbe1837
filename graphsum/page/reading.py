"""The reading page: findings beside their impression, each sentence with what bears it out."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from graphsum.impressions import EXPLAINED
from graphsum.impressions.summary import LedgerEntry, Summary
from graphsum.page.document import document, embedded_json
from graphsum.page.drawings import (
    FindingsGraph,
    dependency_drawing,
    entity_drawing,
    graphs_of_findings,
)
from preprocessing.errors import InputError
from preprocessing.show import ENTITY_COLOURS
from preprocessing.text.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Item:
    """One report of the page.

    ``columns``: further columns of its row, which are shown as they are. ``graph``: what is drawn,
    or None.
    """

    uid: str
    findings: str
    summary: Summary
    columns: Mapping[str, Any] = field(default_factory=dict)
    graph: FindingsGraph | None = None


class Mark(NamedTuple):
    """How a verdict is shown: a colour of the style sheet, a sign and words."""

    colour: str
    sign: str
    text: str


MARKS: dict[str, Mark] = {
    "supported": Mark("good", "✓", "supported"),
    "inferred": Mark("fair", "≈", "inferred from the findings"),
    "nothing": Mark("plain", "–", "states nothing that is checked"),
    "differs": Mark("care", "△", "supported, but differs"),
    "unspoken": Mark("care", "?", "not spoken of in the findings"),
    "unsupported": Mark("bad", "✕", "not in the findings"),
    "negation_flipped": Mark("bad", "✕", "contradicted: negation"),
    "side_flipped": Mark("bad", "✕", "contradicted: side"),
    "place_flipped": Mark("bad", "✕", "contradicted: place"),
    "size_flipped": Mark("bad", "✕", "contradicted: size"),
    "severity_flipped": Mark("bad", "✕", "contradicted: severity"),
    "change_flipped": Mark("bad", "✕", "contradicted: change"),
}
# A sentence is marked by the worst of its statements, the last of these.
_BY_CONCERN = ("nothing", "supported", "inferred", "unspoken", "differs")

FLAGS: dict[str, str] = {
    "no_information": "The findings have no clinical statement.",
    "out_of_domain": "Another examination, or too many unknown words: "
    "only the findings' own words are used.",
    "truncated": "The findings are longer than the model reads.",
    "low_agreement": "The model's samples disagree.",
    "mended": "A sentence of the model was dropped.",
    "quoted": "A part of the findings was quoted.",
    "unread": "A part of the findings that no rule reads is not told.",
    "not_checked": "The model was trained on another language; nothing checks what it writes.",
    "style_not_applied": "The impression is not in the style asked for.",
}


def render_page(items: Sequence[Item], *, title: str = "Impressions") -> str:
    """One self-contained HTML file for any number of reports.

    It loads nothing, runs its own script alone, and holds the reports as JSON, of which it makes
    text and never markup. The same reports give the same bytes.
    """
    reports = embedded_json([_view(item) for item in items])
    settings = {
        "id": hashlib.sha256(reports.encode()).hexdigest()[:16],
        "marks": MARKS,
        "flags": FLAGS,
        "colours": ENTITY_COLOURS,
    }
    return document(
        "reading.html",
        script="reading.js",
        title=title,
        settings=embedded_json(settings),
        reports=reports,
        flags=FLAGS,
    )


def items_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    findings: str = "findings",
    impression: str = "impression",
    uid: str = "uid",
    drawings: bool = True,
) -> list[Item]:
    """The reports of rows that ``graphsum summarize --explain`` wrote.

    Args:
        rows: each with its findings, and ``summary`` as :meth:`Summary.to_json` gives it.
        findings, impression, uid: names of columns; a row without uid is called by its number.
        drawings: whether the findings are annotated, so that their graphs can be drawn.

    Raises:
        InputError: a column is missing, or is not what it should be; no report text is told.
    """
    items = [_item(row, number, findings, impression, uid) for number, row in enumerate(rows, 1)]
    if not drawings:
        return items
    graphs = graphs_of_findings([item.findings for item in items])
    return [
        Item(item.uid, item.findings, item.summary, item.columns, graph)
        for item, graph in zip(items, graphs, strict=True)
    ]


def _item(row: Mapping[str, Any], number: int, findings: str, impression: str, uid: str) -> Item:
    text = row.get(findings)
    if not isinstance(text, str):
        raise InputError(
            f"row {number}: no text in column {findings!r}; name that of the findings "
            "(--columns findings=NAME)"
        )
    if not isinstance(row.get("summary"), Mapping):
        raise InputError(
            f"row {number}: no column 'summary'; give what graphsum summarize --explain wrote "
            "as JSON Lines"
        )
    try:
        summary = Summary.from_json(row["summary"])
        _check(summary, text)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(
            f"row {number}: its 'summary' does not fit its findings in column {findings!r}; give "
            "what graphsum summarize --explain wrote, unchanged, and the right --columns"
        ) from None
    shown = {uid, findings, impression, "summary", *EXPLAINED}
    columns = {name: value for name, value in row.items() if name not in shown}
    return Item(str(row.get(uid, number)), text, summary, columns)


def _check(summary: Summary, findings: str) -> None:
    """Raise ``ValueError`` or ``TypeError`` for what cannot be shown."""
    spans = [(one.start, one.end, summary.impression) for one in summary.ledger]
    spans += [(*one.evidence, findings) for one in summary.ledger if one.evidence]
    spans += [(one.start, one.end, findings) for one in summary.left_out]
    for start, end, text in spans:
        if not 0 <= start <= end <= len(text):
            raise ValueError("a span outside its text")
    if not {one.verdict for one in summary.ledger} <= MARKS.keys():
        raise ValueError("an unknown verdict")
    if not set(summary.flags) <= FLAGS.keys():
        raise ValueError("an unknown flag")
    for share in (summary.confidence, summary.agreement, summary.unknown_share):
        if share is not None and not 0 <= share <= 1:
            raise ValueError("a share outside 0 to 1")


def _view(item: Item) -> dict[str, Any]:
    """What the page's script shows of one report.

    All texts are cut into pieces here, because JavaScript counts characters in another way. A link
    joins a statement of the impression with its evidence; what is left out follows as links too.
    """
    summary = item.summary
    ledger, left_out = summary.ledger, summary.left_out
    evidence = [(*one.evidence, row) for row, one in enumerate(ledger) if one.evidence]
    evidence += [(one.start, one.end, len(ledger) + row) for row, one in enumerate(left_out)]
    stated = [(one.start, one.end, row) for row, one in enumerate(ledger)]
    view: dict[str, Any] = {
        "uid": item.uid,
        "columns": [[name, _shown(value)] for name, value in item.columns.items()],
        "findings": [
            [inside, _pieces(item.findings, start, end, evidence)]
            for start, end, inside in _parts(item.findings)
        ],
        "impression": [
            [
                mark_of_sentence(ledger, start, end) if inside else None,
                _pieces(summary.impression, start, end, stated),
            ]
            for start, end, inside in _parts(summary.impression)
        ],
        "statements": [
            {
                "mark": mark_of(one),
                "names": list(one.names),
                "status": one.status,
                "differs": list(one.differs),
                "source": one.evidence is not None,
            }
            for one in ledger
        ],
        "left_out": [
            {
                "names": list(one.names),
                "tier": one.tier,
                "reason": one.reason,
                "text": item.findings[one.start : one.end],
            }
            for one in left_out
        ],
        "flags": list(summary.flags),
        "reason": summary.reason,
        "review": summary.review,
        "confidence": summary.confidence,
        "agreement": summary.agreement,
        "unknown": summary.unknown_share,
    }
    if item.graph is not None:
        view["entities"] = entity_drawing(item.graph)
        view["dependencies"] = dependency_drawing(item.graph)
    return view


def mark_of(entry: LedgerEntry) -> str:
    """The key of ``MARKS`` for a statement of the impression."""
    if entry.verdict == "unsupported" and not (entry.status == "present" and entry.names):
        return "unspoken"
    if entry.verdict in ("supported", "inferred") and entry.differs:
        return "differs"
    return entry.verdict


def mark_of_sentence(ledger: Iterable[LedgerEntry], start: int, end: int) -> str:
    """The key of ``MARKS`` for the sentence at these characters: that of its worst statement."""
    marks = [mark_of(one) for one in ledger if one.start < end and start < one.end]
    return max(["nothing", *marks], key=_concern)


def _concern(mark: str) -> int:
    return _BY_CONCERN.index(mark) if mark in _BY_CONCERN else len(_BY_CONCERN)


def _parts(text: str) -> Iterable[tuple[int, int, bool]]:
    """The sentences of a text and what is between them, in order: (start, end, is a sentence)."""
    reached = 0
    for start, end in _sentences(text):
        if reached < start:
            yield reached, start, False
        yield start, end, True
        reached = end
    if reached < len(text):
        yield reached, len(text), False


def _sentences(text: str) -> Iterable[tuple[int, int]]:
    """The characters of each sentence; a number before one ("1.") belongs to it."""
    begun = None
    for start, end in sentence_spans(text):
        begun = start if begun is None else begun
        if any(map(str.isalpha, text[start:end])):
            yield begun, end
            begun = None
    if begun is not None:
        yield begun, len(text.rstrip())


def _pieces(
    text: str, start: int, end: int, spans: Sequence[tuple[int, int, int]]
) -> list[list[Any]]:
    """Characters ``start`` to ``end`` as ``[text, [links]]``, cut where spans begin and end."""
    cuts = {start, end}
    for first, last, _ in spans:
        cuts |= {cut for cut in (first, last) if start < cut < end}
    ends = sorted(cuts)
    return [
        [text[a:b], [link for first, last, link in spans if first < b and a < last]]
        for a, b in pairwise(ends)
    ]


def _shown(value: Any) -> str:
    """A field as text: nothing for None, dates as they print, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str).strip('"')
