"""Left, right or both sides: the words that say so, and the mentions that they belong to.

Shared by the entities of an annotated report and by the observations of plain text. The words
before a mention are its own up to a conjunction, and what follows a preposition places the
mention before it ("effusion and a nodule in the left base").
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, cast

from preprocessing.records import Side

_ONE = r"(?:left|right)(?: ?- ?sided)?"
_MORE = (
    r"(?:(?:much|slightly|somewhat) )?(?:greater|larger|bigger|more|worse|less|smaller|>|<)"
    r"(?: \w+)?(?: than)?(?: (?:on )?the)?"
)
# Alternatives in this order; in lower-cased text, where hyphens may stand alone.
_SIDES = {
    # A direction, not a place.
    "none": (
        r"(?:deviat|shift|displac|convex|rotat|curv|lean|push|pull|shov|suck|swung|swing|nudg)\w*"
        r"(?: \w+){0,2}? (?:to|towards?)(?: the)? "
        r"(?:left|right)|(?:left|right) convex(?:ity)?"
        r"|left (?:in (?:place|situ|position)|alone|behind)\b"
        r"|(?:left|right) (?:atri(?:um|al)|ventric\w+|heart|cardiac|coronary|innominate"
        r"|brachiocephalic)"
        r"|(?:compared|in comparison|unlike|in contrast) (?:with |to )?(?:the "
        r"|its )?[^,;.]{0,40}?(?:left|right) (?:counterpart|side|lung),"
    ),
    "bilateral": (
        rf"(?<!on the )(?:the )?{_ONE} (?:and(?:/or)?|or|nor|/|{_MORE}) (?:the )?{_ONE}"
        r"|bi ?-? ?lateral(?:ly)?|both(?= (?:the |of the )?(?:lung|side|hemi|base|apic|apex|hil"
        r"|lobe|upper|lower|mid"
        r"|costo|cp|pleur|pulmon|peri|main|clavic|should|rib|chest|axill|cavit|diaphragm|breast"
        r"|basal|apical))"
        r"|bi ?-? ?(?:basil|bas|apic|hil)(?:ar|al)(?:ly)?|bibas\w*|(?:each|either) side"
        r"|(?:apices|hila)(?=[ .,;]|$)(?<!left apices)(?<!right hila)"
        r"|(?:either|neither|each)(?= (?:lung|side|hemi|base|apex|hil|lobe))"
    ),
    "left": r"left(?:[ -]sided)?|lll|lul|lingula\w*|lij|lle|lue",
    "right": r"right(?:[ -]sided)?|rll|rul|rml|rij|rle|rue|(?<!left )(?:middle|azygos) lobe",
}
_SIDE = re.compile(
    "|".join(rf"(?P<{side}>\b(?:{words})\b)" for side, words in _SIDES.items()), re.ASCII
)
# What leads from an observation to the place where it lies.
PREPOSITION = r"in|at|on|of|within|involving|near|overlying|along|over|to|throughout|adjacent"
_PREPOSITION = re.compile(rf"\b(?:{PREPOSITION})\b")
_CONJUNCTION = re.compile(r",|\+|\b(?:and|or|but|with|versus|vs|while|which)\b|/|;|&")
# What lies on one side looks like, comes from or is what lies there.
_SAME_PLACE = re.compile(
    r"\b(?:contain\w*|represent\w*|reflect\w*|suggest\w*|(?:consistent|compatible) with|leaving"
    r"|in keeping with|typical of|indicat\w+|concerning for|"
    r"suspicious for|worrisome for|due to|secondary to|likely|is|are|was|were|appears?|remains?)\b"
)
_PREDICATE = re.compile(r" (?:is|are|was|were)\b")
_WITH = re.compile(r"\bwith\b")
# Signs of the thing itself: "scarring with volume loss in the left apex".
_WITH_ITS = re.compile(
    r" with (?:\w+ ){0,2}?(?=(?:volume loss|loss of volume|air bronchogram|cavitat|calcific"
    r"|retraction"
    r"|distortion|architectural|collapse|spiculat))"
)
_OTHER = re.compile(r"\b(?:no|not|without|but)\b|;")
# "Scarring or atelectasis in the right base": two names of one thing.
_OR = re.compile(r"[ ,]*(?:and/)?(?:or|versus|vs|/)[. ]*(?:\w+ )?")
_BEHIND_THE_HEART = re.compile(r"\bretro-?cardiac\b|\bbehind the heart\b")  # on either side


class SideWords(NamedTuple):
    """Words at characters ``start`` to ``end`` that name a side."""

    side: Side
    start: int
    end: int


def find_sides(text: str, start: int = 0, end: int | None = None) -> Iterator[SideWords]:
    """The words of a lower-cased text that name a side, in order."""
    for match in _SIDE.finditer(text, start, len(text) if end is None else end):
        if match.lastgroup != "none":
            yield SideWords(cast(Side, match.lastgroup), *match.span())


def sides_of_mentions(
    text: str,
    start: int,
    end: int,
    mentions: Sequence[tuple[int, int]],
    found: Sequence[SideWords],
) -> list[Side | None]:
    """The side of each mention (characters from, to) of the clause ``text[start:end]``.

    ``found``: the clause's side words.
    """
    values = values_of_mentions(text, start, end, mentions, found)
    return [union(cast(set[Side], one)) for one in values]


def values_of_mentions(
    text: str,
    start: int,
    end: int,
    mentions: Sequence[tuple[int, int]],
    found: Sequence[tuple[Hashable, int, int]],
    *,
    shared: bool = True,
) -> list[set[Hashable]]:
    """The values (a side, a lobe, a size) that belong to each mention of ``text[start:end]``.

    Args:
        found: the clause's (value, start, end) in order.
        shared: whether mentions that are joined ("atelectasis and scarring in the left base")
            share the values of one of them.
    """
    count = len(mentions)
    if not found or not count:
        return [set() for _ in mentions]
    leading: list[set[Hashable]] = [set() for _ in mentions]  # words before the mention, or in it
    trailing: list[set[Hashable]] = [set() for _ in mentions]
    joined = [False] * (count + 1)  # nothing tells its place from that of the mention before
    for position in range(count + 1):
        before = mentions[position - 1][1] if position else start
        after = mentions[position][0] if position < count else end
        # Words before ``cut`` belong to the mention before them, the others to the one after.
        cut = before if position == 0 else end
        if 0 < position < count:
            conjunctions = [match.end() for match in _CONJUNCTION.finditer(text, before, after)]
            prepositions = _PREPOSITION.search(text, before, after)
            cut = conjunctions[-1] if conjunctions else after if prepositions else before
            near = len(text[before:after].split()) <= 3
            joined[position] = (
                not _OTHER.search(text, before, after)
                and not _BEHIND_THE_HEART.search(text, cut, mentions[position][1])
                and bool(
                    (near if conjunctions else prepositions or near)
                    or _SAME_PLACE.search(text, before, after)
                )
            )
        inside = mentions[position][1] if position < count else end
        for value, place, _ in found:
            if before <= place < cut:
                trailing[position - 1].add(value)
            elif cut <= place < inside:
                leading[position].add(value)
    values = [first | last for first, last in zip(leading, trailing, strict=True)]
    if not shared:
        return values
    for position in range(count - 2, -1, -1):
        between = text[mentions[position][1] : mentions[position + 1][0]]
        if not values[position] and not leading[position + 1] and _OR.fullmatch(between):
            values[position] = set(trailing[position + 1])
    for position in range(1, count):  # "left effusion and atelectasis"
        if joined[position] and not values[position]:
            values[position] = set(values[position - 1])
    for position in range(count - 2, -1, -1):  # "atelectasis and scarring in the left base"
        between = text[mentions[position][1] : mentions[position + 1][0]]
        with_own = leading[position + 1] or (
            _WITH.search(between)
            and not _PREDICATE.match(text, mentions[position + 1][1], end)
            and not _WITH_ITS.match(text, mentions[position][1])
        )
        if joined[position + 1] and not values[position] and not with_own:
            values[position] = set(values[position + 1])
    return values


def union(sides: set[Side]) -> Side | None:
    """One side for all of these: both make ``bilateral``."""
    if not sides:
        return None
    return sides.pop() if len(sides) == 1 else "bilateral"
