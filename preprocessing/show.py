"""One report and its graph: as text, or drawn in a web page that needs nothing else."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from preprocessing.records import ENTITY_LABELS, AnnotatedReport, Edge, Entity, Report, ReportGraph
from preprocessing.text.sentences import clean_text

# Colours that differ in lightness too, for those who see few of them.
ENTITY_COLOURS = dict(
    zip(ENTITY_LABELS, ("#a6cee3", "#d9ecf5", "#fdbf6f", "#fee8c8", "#e0e0e0"), strict=True)
)
# Sizes in pixels; the font has one width, so that no browser is needed to place the words.
_CHARACTER, _GAP, _MARGIN, _WORD_HEIGHT = 8.4, 22.0, 20.0, 22.0
_LEVEL_HEIGHT, _LABEL_CHARACTER = 24.0, 6.0

_STYLE = """
body { font-family: sans-serif; margin: 1.5em; color: #111; background: #fff }
dt { font-weight: bold } dd { margin: 0 0 .6em 0; max-width: 60em }
.scroll { overflow-x: auto }
svg text { font: 14px monospace } svg .type { font: 10px monospace; fill: #555;
  stroke: #fff; stroke-width: 3px; paint-order: stroke }
svg text, svg .negated, svg .uncertain { pointer-events: none }
svg .arc { fill: none; stroke: #777 } svg .key { font-weight: bold }
.legend span { padding: .1em .4em; margin-right: .8em; white-space: nowrap }
.negated { text-decoration: line-through } .uncertain { outline: 1.5px dotted #111 }
.key { font-weight: bold }
"""


def as_text(report: Report, annotated: AnnotatedReport, graph: ReportGraph) -> str:
    """The sections, then the entities with status, side and change, then the edges."""
    lines = [f"findings:   {report.findings}", f"impression: {report.impression}", ""]
    for entity in annotated.entities:
        words = " ".join(annotated.words[entity.start : entity.end])
        lines.append(f"{entity.start:4d}  {entity.label:21s} {' '.join((words, *_said(entity)))}")
    lines.append("")
    lines += [
        f"{graph.words[edge.head]} -{edge.type}-> {graph.words[edge.dependent]}"
        for edge in graph.edges
    ]
    return "\n".join(lines)


def _said(entity: Entity) -> list[str]:
    """Status, side and change of an entity, as far as it has them."""
    status = "negated" if entity.negated else "uncertain" if entity.uncertain else None
    return [one for one in (status, entity.side, entity.change) if one]


def as_html(report: Report, annotated: AnnotatedReport, graph: ReportGraph) -> str:
    """A whole HTML page with the graph as inline SVG, one sentence a line.

    Colours are entity labels, bold words key words, arcs edges from head to dependent (two heads:
    both ways); negated entities are struck out, uncertain ones have a dotted frame; the tooltip of
    an entity says its label, status, side and change. Everything from the report is
    escaped; the page loads and runs nothing.
    """
    sections = "".join(
        f"<dt>{name}</dt><dd>{_text(text)}</dd>\n"
        for name, text in (
            ("Indication", report.indication),
            ("Comparison", report.comparison),
            ("Findings", report.findings),
            ("Impression", report.impression),
        )
        if text
    )
    legend = "".join(
        f'<span style="background:{fill}">{label}</span>' for label, fill in ENTITY_COLOURS.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Report {_text(report.uid)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Report {_text(report.uid)}</h1>
<dl>
{sections}</dl>
<p class="legend">{legend}<span class="key">key word</span><span class="negated">negated</span>\
<span class="uncertain">uncertain</span></p>
<div class="scroll">
{svg(annotated, graph, title=f"Entity graph of report {graph.uid}")}
</div>
</body>
</html>
"""


class _Arc(NamedTuple):
    """The edges between two words, drawn as one: their types and the ends that bear an arrow."""

    left: int
    right: int
    types: tuple[str, ...]
    arrow_left: bool
    arrow_right: bool


class _Place(NamedTuple):
    """Left edge, middle and right edge of a word, and the top of its line's words."""

    left: float
    middle: float
    right: float
    top: float


def svg(annotated: AnnotatedReport, graph: ReportGraph, *, title: str, arrow: str = "arrow") -> str:
    """The words, one sentence a line, with their entities and the edges of a graph, as SVG.

    Everything from the report is escaped.

    Args:
        title: the drawing's name for those who do not see it.
        arrow: an id for the head of its arrows; drawings of one page need different ones.
    """
    arcs = _arcs(graph.edges)
    levels = _levels(arcs)
    places, width, height = _place_words(graph, arcs, levels)
    shapes = [
        *(shape for entity in annotated.entities for shape in _entity(entity, places)),
        *(_curve(arc, levels[arc], places, arrow) for arc in arcs),
        *(_label(arc, levels[arc], places) for arc in arcs),
        *_words(graph, places),
        *(shape for entity in annotated.entities for shape in _status(entity, places)),
    ]
    marker = (
        f'<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0,0 L8,4 L0,8 z" fill="#777"/>'
        "</marker></defs>"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
            f'height="{height:.0f}">',
            f"<title>{_text(title)}</title>",
            marker,
            *shapes,
            "</svg>",
        ]
    )


def _arcs(edges: Sequence[Edge]) -> list[_Arc]:
    """One arc for each pair of words that edges link, shorter ones first."""
    between: dict[tuple[int, int], list[Edge]] = {}
    for edge in edges:
        left, right = sorted((edge.head, edge.dependent))
        between.setdefault((left, right), []).append(edge)
    return [
        _Arc(
            left,
            right,
            tuple(dict.fromkeys(edge.type for edge in pair)),
            any(edge.dependent == left for edge in pair),
            any(edge.dependent == right for edge in pair),
        )
        for (left, right), pair in sorted(between.items(), key=lambda one: one[0][1] - one[0][0])
    ]


def _levels(arcs: Sequence[_Arc]) -> dict[_Arc, int]:
    """How high each arc goes: above all shorter arcs that it overlaps."""
    levels: dict[_Arc, int] = {}
    for arc in arcs:
        below = [
            level
            for other, level in levels.items()
            if other.left < arc.right and arc.left < other.right
        ]
        levels[arc] = 1 + max(below, default=0)
    return levels


def _place_words(
    graph: ReportGraph, arcs: Sequence[_Arc], levels: dict[_Arc, int]
) -> tuple[list[_Place], float, float]:
    """The place of each word, and the drawing's width and height."""
    gaps = [_GAP] * len(graph.words)  # behind each word
    for arc in arcs:
        if arc.right == arc.left + 1:  # room for the label between neighbours
            words = len(graph.words[arc.left]) + len(graph.words[arc.right])
            needed = len(", ".join(arc.types)) * _LABEL_CHARACTER + 12 - words * _CHARACTER / 2
            gaps[arc.left] = max(_GAP, needed)
    places: list[_Place] = []
    width, bottom = 0.0, 0.0
    ends = [*graph.sentence_starts[1:], len(graph.words)]
    for start, end in zip(graph.sentence_starts, ends, strict=False):
        highest = max((levels[arc] for arc in arcs if start <= arc.left < end), default=0)
        top = bottom + _MARGIN + highest * _LEVEL_HEIGHT
        x = _MARGIN
        for word in range(start, end):
            right = x + len(graph.words[word]) * _CHARACTER
            places.append(_Place(x, (x + right) / 2, right, top))
            x = right + gaps[word]
        width, bottom = max(width, x), top + _WORD_HEIGHT
    return places, width + _MARGIN, bottom + _MARGIN


def _words(graph: ReportGraph, places: Sequence[_Place]) -> Iterator[str]:
    key_words = set(graph.key_words)
    for position, (word, place) in enumerate(zip(graph.words, places, strict=True)):
        kind = ' class="key"' if position in key_words else ""
        yield (
            f'<text x="{place.left:.1f}" y="{place.top + 15:.1f}"{kind} '
            f'textLength="{place.right - place.left:.1f}">{_text(word)}</text>'
        )


def _curve(arc: _Arc, level: int, places: Sequence[_Place], arrow: str) -> str:
    x1, x2 = _feet(arc, places)
    y1, y2 = places[arc.left].top - 1, places[arc.right].top - 1
    # A cubic curve reaches three quarters of the way to its control points.
    control = min(y1, y2) - _peak(level) * 4 / 3
    markers = f' marker-start="url(#{arrow})"' if arc.arrow_left else ""
    markers += f' marker-end="url(#{arrow})"' if arc.arrow_right else ""
    return (
        f'<path class="arc" d="M{x1:.1f},{y1:.1f} C{x1:.1f},{control:.1f} {x2:.1f},{control:.1f} '
        f'{x2:.1f},{y2:.1f}"{markers}/>'
    )


def _label(arc: _Arc, level: int, places: Sequence[_Place]) -> str:
    y = min(places[arc.left].top, places[arc.right].top) - _peak(level) - 3
    return (
        f'<text class="type" text-anchor="middle" x="{sum(_feet(arc, places)) / 2:.1f}" '
        f'y="{y:.1f}">{_text(", ".join(arc.types))}</text>'
    )


def _feet(arc: _Arc, places: Sequence[_Place]) -> tuple[float, float]:
    """Off the words' middles, so that arrows of the arcs to both sides do not meet."""
    return places[arc.left].middle + 3, places[arc.right].middle - 3


def _peak(level: int) -> float:
    return level * _LEVEL_HEIGHT - 8


def _entity(entity: Entity, places: Sequence[_Place]) -> Iterator[str]:
    for left, width, top in _boxes(entity, places):
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_WORD_HEIGHT:.0f}" '
            f'rx="3" fill="{ENTITY_COLOURS.get(entity.label, "#ffffff")}"><title>'
            f"{_text(', '.join((entity.label, *_said(entity))))}</title></rect>"
        )


def _status(entity: Entity, places: Sequence[_Place]) -> Iterator[str]:
    for left, width, top in _boxes(entity, places):
        if entity.negated:
            y = top + _WORD_HEIGHT / 2
            yield (
                f'<path class="negated" stroke="#b00" d="M{left:.1f},{y:.1f} h{width:.1f}">'
                "<title>negated</title></path>"
            )
        if entity.uncertain:
            yield (
                f'<rect class="uncertain" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{_WORD_HEIGHT:.0f}" fill="none" stroke="#111" stroke-dasharray="2 2">'
                "<title>uncertain</title></rect>"
            )


def _boxes(entity: Entity, places: Sequence[_Place]) -> Iterator[tuple[float, float, float]]:
    """Left edge, width and top of the entity's box."""
    if entity.start < entity.end:
        left, right = places[entity.start].left - 3, places[entity.end - 1].right + 3
        yield left, right - left, places[entity.start].top


def _text(text: str) -> str:
    return escape(clean_text(text))
