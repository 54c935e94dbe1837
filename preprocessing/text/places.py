"""Where in the lungs, the ribs or the spine: lobes, zones and levels, and how they compare."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Place -> the words for it. A lobe lies at a level, as zones do: an upper-lobe nodule may be
# called apical.
_PLACES = {
    "upper lobe": r"upper lobes?|lul|rul",
    "middle lobe": r"middle lobe|rml|lingula\w*",
    "lower lobe": r"lower lobes?|lll|rll",
    "upper zone": r"(?:upper|superior) (?:lung )?(?:zones?|lungs?|chest)|upper hemi-?thora\w+",
    "middle zone": r"mid(?:dle)?[ -](?:and lower )?(?:lung )?(?:zones?|lungs?)|midlung",
    "lower zone": r"lower (?:lung )?(?:zones?|lungs?|chest)|lower hemi-?thora\w+",
    "apex": r"apex|apices|(?:bi)?-?apical(?:ly)?|supraclavicular",
    "base": r"(?:lung )?bases?|(?:bi)?-?bas(?:al|ilar)(?:ly)?|costo-?phrenic|retrocardiac"
    r"|infrahilar|behind the heart|diaphragmatic",
    "hilum": r"(?:peri)?-?hil(?:um|a|ar)",
}
_LEVELS = {
    "upper lobe": {"upper", "middle"},
    "upper zone": {"upper"},
    "apex": {"upper"},
    "middle lobe": {"middle", "lower"},
    "middle zone": {"middle"},
    "hilum": {"middle"},
    "lower lobe": {"lower", "middle"},
    "lower zone": {"lower"},
    "base": {"lower"},
}
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th",
            "seventh 7th", "eighth 8th", "ninth 9th", "tenth 10th", "eleventh 11th", "twelfth 12th",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_ORDINAL = "|".join(_NUMBERS)
_RANGE = rf"(?:{_ORDINAL})(?:(?:,? (?:and|to|through|-) |, ?|-)(?:{_ORDINAL}))*"
_PLACE = re.compile(
    r"\b(?:"
    + "|".join(f"(?P<{name.replace(' ', '_')}>{words})" for name, words in _PLACES.items())
    + r"|(?P<vertebra>(?:[tl]|th)-?\d{1,2})"
    + rf"|(?P<rib>{_RANGE})(?= (?:\w+ ){{0,2}}ribs?\b)"
    + r"|ribs? (?P<ribs>\d{1,2}(?:(?:,? (?:and|to|through) |, ?|-)\d{1,2})*)"
    + r")\b"
)
_EXCLUSIVE = ("upper lobe", "middle lobe", "lower lobe")


class PlaceWords(NamedTuple):
    """Words at characters ``start`` to ``end`` that name a place ("upper lobe", "T7", "rib 5")."""

    place: str
    start: int
    end: int


def find_places(text: str, start: int = 0, end: int | None = None) -> Iterator[PlaceWords]:
    """The places that a plain text names, in order; a range of ribs names each of them."""
    for match in _PLACE.finditer(text, start, len(text) if end is None else end):
        kind, span = match.lastgroup or "", match.span()
        if kind == "vertebra":
            yield PlaceWords(match["vertebra"].replace("-", "").replace("th", "t").upper(), *span)
        elif kind in ("rib", "ribs"):
            for number in _numbers(match[kind]):
                yield PlaceWords(f"rib {number}", *span)
        else:
            yield PlaceWords(kind.replace("_", " "), *span)


def _numbers(words: str) -> list[int]:
    found = [_NUMBERS.get(word) or int(word) for word in re.findall(rf"{_ORDINAL}|\d+", words)]
    if re.search(r"to|through|-", words) and len(found) == 2 and found[0] < found[1] <= 12:
        return list(range(found[0], found[1] + 1))
    return found


def places_differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of places exclude each other; an empty one excludes nothing."""
    for kind in ("rib", "vertebra", "lung"):
        first = {place for place in one if _kind(place) == kind}
        second = {place for place in other if _kind(place) == kind}
        if not first or not second or first & second:
            continue
        if kind != "lung":
            return True
        lobes = [places.intersection(_EXCLUSIVE) for places in (first, second)]
        if all(lobes):
            return not lobes[0] & lobes[1]
        if (
            set()
            .union(*(_LEVELS[p] for p in first))
            .isdisjoint(set().union(*(_LEVELS[p] for p in second)))
        ):
            return True
    return False


def _kind(place: str) -> str:
    return "rib" if place.startswith("rib") else "vertebra" if place[-1].isdigit() else "lung"
