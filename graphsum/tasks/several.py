"""What a report says of several things of a kind: each with its side, its place, its size."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from graphsum.tasks.concepts import BELONGS, PARTS, load_concepts
from graphsum.tasks.questions import Question
from graphsum.tasks.reports import Found, Report, Unit, status_of
from preprocessing.text.laterality import find_sides
from preprocessing.text.measurements import SLACK, find_sizes
from preprocessing.text.places import find_places, places_differ

_BETWEEN = re.compile(r"[,;] (?:and |but )?|,? (?:and|but|while|whereas) ")
_GOES_ON = re.compile(r"(?:the |that (?:on|in) the )(?:left|right)(?: (?:one|side))? ")
_REFERS = re.compile(r"(?:the|this|it|its|these|which) ")
_ANOTHER = re.compile(r"\b(?:another|second|third|additional|further|other)\b")
_ADVICE = re.compile(r"\b(?:recommend\w*|should|follow-? ?up|(?:greater|larger|less) than)\b")
# What there may be several of, so that one without a place is another one.
LESIONS = frozenset("nodule mass lesion cyst stone node aneurysm abscess metastasis".split())


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(name for names, _ in load_concepts() for name in names)


def pieces_of(report: Report, topic: frozenset[str], *, gone: bool = False) -> Iterator[Unit]:
    """The parts between commas and "and" of what is said of a topic.

    A part names the topic, or nothing else: "the left one is smaller". Those that are denied or
    gone are left out unless ``gone``.
    """
    things = (topic - PARTS) or topic
    related = topic | PARTS.union(*(BELONGS.get(one, frozenset()) for one in topic))
    before = -2
    for whole in report.wholes:
        told = topic <= whole.names | whole.inherited and topic & whole.names
        if not told and not (before == whole.sentence - 1 and _GOES_ON.match(whole.text)):
            continue
        before = whole.sentence
        bounds = [0]
        for match in _BETWEEN.finditer(whole.text):
            bounds += [match.start(), match.end()]
        bounds.append(len(whole.text))
        for start, end in zip(bounds[::2], bounds[1::2], strict=True):
            own = tuple(one for one in whole.concepts if start <= one.start and one.end <= end)
            names = {one.name for one in own}
            moved = tuple(replace(one, start=one.start - start, end=one.end - start)
                          for one in own)  # fmt: skip
            piece = Unit(whole.text[start:end], moved, whole.inherited, whole.sentence, False)
            stated = gone or status_of(piece, things) in ("present", "moved", "uncertain")
            if stated and (things <= names or not names & _known() - related):
                yield piece


def side_of(unit: Unit) -> str:
    """The one side that a part names, or an empty text."""
    sides = {str(one.side) for one in find_sides(unit.text) if one.side}
    return sides.pop() if len(sides) == 1 and sides <= {"left", "right"} else ""


def by_side(report: Report, asked: Question, read: Callable[[Unit], str]) -> Found:
    """ "Right: ...; left: ...", where what is read of the two sides differs."""
    if asked.sides or asked.places or not asked.topic:
        return None
    found: dict[str, tuple[str, Unit]] = {}
    for piece in pieces_of(report, asked.topic, gone=asked.kind == "change"):
        side = side_of(piece)
        if side and side not in found and (said := read(piece)):
            found[side] = said, piece
    if len({said for said, _ in found.values()}) < 2:
        return None
    text = "; ".join(f"{side}: {said}" for side, (said, _) in found.items())
    return text, _joined([unit for _, unit in found.values()])


def _joined(units: list[Unit]) -> Unit:
    return replace(units[0], also=tuple(one.sentence for one in units[1:]))


@dataclass(frozen=True, slots=True)
class Thing:
    """One of several: its size in words and in millimetres, its side, its places, where it is."""

    size: str
    value: float
    side: str
    places: frozenset[str]
    unit: Unit

    @property
    def told(self) -> str:
        """The size with the place in brackets."""
        where = " ".join((self.side, *sorted(self.places))).strip()
        return f"{self.size} ({where})" if where else self.size

    def is_elsewhere(self, other: "Thing") -> bool:
        """Whether side or place show it to be another thing."""
        sides = self.side and other.side and self.side != other.side
        return bool(sides) or places_differ(self.places, other.places)

    def is_another(self, other: "Thing") -> bool:
        """Whether it is another thing than one told of before."""
        if self.is_elsewhere(other) or _ANOTHER.search(self.unit.text):
            return True
        sized = self.value and other.value and abs(self.value - other.value) > SLACK
        own = self.unit.names & LESIONS and not _REFERS.match(self.unit.text)
        return bool(sized and own and self.unit.sentence == other.unit.sentence)


def things_of(report: Report, topic: frozenset[str]) -> list[Thing]:
    """The things of a kind that the report tells apart by side, place or size."""
    found: list[Thing] = []
    for piece in pieces_of(report, topic):
        sizes = [one for one in find_sizes(piece.text) if one.kind == "size"]
        if len(sizes) > 1 or _ADVICE.search(piece.text):
            continue
        size = piece.text[sizes[0].start : sizes[0].end] if sizes else ""
        thing = Thing(
            size, sizes[0].value if sizes else 0.0, side_of(piece),
            frozenset(one.place for one in find_places(piece.text)), piece,
        )  # fmt: skip
        if (size or thing.side or thing.places) and all(thing.is_another(one) for one in found):
            found.append(thing)
    return found


def sizes_of_several(report: Report, asked: Question) -> Found:
    """ "9 mm (left upper lobe); 4 mm (right lower lobe)", where there are several."""
    if asked.sides or asked.places or asked.earlier or not asked.topic & LESIONS:
        return None
    things = [one for one in things_of(report, asked.topic) if one.size]
    if len(things) < 2:
        return None
    return "; ".join(one.told for one in things), _joined([one.unit for one in things])


def number_of_several(report: Report, asked: Question) -> tuple[int, Unit] | None:
    """How many there are, where the report tells them apart and asks for no more thought."""
    if asked.sides or asked.places or not asked.topic & LESIONS:
        return None
    if not asked.topic <= LESIONS | PARTS:
        return None
    things = things_of(report, asked.topic)
    return (len(things), _joined([one.unit for one in things])) if len(things) > 1 else None
