"""Sizes and distances with their units, in millimetres, and whether two of them agree."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBER = r"\d+(?:[.,]\d+)?|\.\d+"
_UNIT = r"(?:mm|cm|millimet(?:er|re)s?|centimet(?:er|re)s?)"
_SIZE = re.compile(
    rf"(?<![\w.])(?P<numbers>(?:{_NUMBER})(?: ?{_UNIT}\.?)?"
    rf"(?: ?(?:x|by|-|to) ?(?:{_NUMBER})(?: ?{_UNIT}\.?)?){{0,2}}) ?-?(?P<unit>{_UNIT})?(?![\w])"
)
# Where a tip or a mark lies is a distance, no size.
_DISTANCE = re.compile(
    r" ?\.? ?(?:above|below|from|proximal|distal|beyond|past|superior|inferior|away|to the|cephalad"
    r"|short of)\b"
)
_EARLIER = re.compile(
    r"\b(?:was|were|previously|formerly|earlier|prior|before|compared (?:with|to)|versus|vs\.?"
    r"|then)"
    r" (?:\w+ )?$"
)
_FROM = re.compile(r"\bfrom (?:\w+ )?$")
TOLERANCE = 0.08  # of the larger one
SLACK = 1.0  # millimetres


class Size(NamedTuple):
    """The largest diameter, in millimetres, that characters ``start`` to ``end`` state.

    ``kind``: ``size``, ``earlier`` for one on an earlier study, ``distance`` for how far something
    lies from a landmark.
    """

    value: float
    kind: str
    start: int
    end: int


def find_sizes(text: str, start: int = 0, end: int | None = None) -> Iterator[Size]:
    """The sizes and distances of a plain text in order."""
    end = len(text) if end is None else end
    for match in _SIZE.finditer(text, start, end):
        units = re.findall(_UNIT, match.group())
        if not units:
            continue
        scale = 10.0 if units[-1].startswith("c") else 1.0
        numbers = [
            float(one.replace(",", ".")) * scale for one in re.findall(_NUMBER, match["numbers"])
        ]
        before = text[max(start, match.start() - 30) : match.start()]
        if _DISTANCE.match(text, match.end(), end):
            yield Size(numbers[-1], "distance", *match.span())
        elif len(numbers) > 1 and _FROM.search(before) and " to " in match["numbers"]:
            yield Size(numbers[0], "earlier", *match.span())
            yield Size(numbers[-1], "size", *match.span())
        else:
            earlier = _EARLIER.search(before) or _FROM.search(before)
            yield Size(max(numbers), "earlier" if earlier else "size", *match.span())


def sizes_differ(one: frozenset[float], other: frozenset[float]) -> bool:
    """Whether no size of one agrees with a size of the other; an empty set agrees with all."""
    return bool(one and other) and not any(
        abs(a - b) <= max(SLACK, TOLERANCE * max(a, b)) for a in one for b in other
    )
