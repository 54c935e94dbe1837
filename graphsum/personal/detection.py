"""Which style a text is in: for each attribute the values that it fits.

A text may fit several values: a single sentence leaves open what comes first, and where nothing is
dispensable *short* and *full* are the same.
"""

from collections.abc import Callable, Mapping, Sequence

from graphsum.personal.items import NUMBER, Item, read_items, shortened
from graphsum.personal.style import STYLE_VALUES, StyleSpec
from graphsum.personal.wording import is_clause, is_telegraphic

Fits = Mapping[str, frozenset[str]]


def detect_styles(texts: Sequence[str]) -> list[Fits]:
    """For each text: attribute -> the values that it fits (none: it is mixed)."""
    return [
        {name: frozenset(detect(text, items)) for name, detect in DETECTORS.items()}
        for text, items in zip(texts, read_items(texts), strict=True)
    ]


def fits(found: Fits, style: StyleSpec) -> bool:
    """Whether a text with these values has all that a style asks for."""
    wanted = {name: getattr(style, name) for name in STYLE_VALUES}
    return all(value is None or value in found[name] for name, value in wanted.items())


def numbered_of(text: str, items: Sequence[Item]) -> set[str]:
    """``numbered`` where the text begins with a number."""
    return {"numbered" if NUMBER.match(text.lstrip()) else "plain"}


def length_of(text: str, items: Sequence[Item]) -> set[str]:
    """``full`` always; ``short`` too where a short impression has all the same items."""
    return {"short", "full"} if len(shortened(items)) == len(items) else {"full"}


def verbs_of(text: str, items: Sequence[Item]) -> set[str]:
    """What all its sentences are: without article and copula, or with a verb."""
    sentences = [one.text for item in items for one in item.sentences]
    found = set()
    if all(map(is_telegraphic, sentences)):
        found.add("telegraphic")
    if all(map(is_clause, sentences)):
        found.add("clauses")
    return found


def lead_of(text: str, items: Sequence[Item]) -> set[str]:
    """By the first item and the order of those that assert something."""
    asserted = [one.urgency for one in items if one.asserts]
    places = [place for place, one in enumerate(items) if one.asserts]
    calm = [place for place, one in enumerate(items) if one.is_calm]
    in_order = asserted == sorted(asserted)
    found = set()
    if not calm or not places or max(places) < min(calm):
        found |= {"urgent", "abnormal"} if in_order else {"abnormal"}
    if not calm or not places or max(calm) < min(places):
        found.add("normal")
    return found


def recommendations_of(text: str, items: Sequence[Item]) -> set[str]:
    """``keep`` always; ``drop`` too where it has no general advice."""
    general = any(one.is_general_advice for item in items for one in item.sentences)
    return {"keep"} if general else {"keep", "drop"}


DETECTORS: dict[str, Callable[[str, Sequence[Item]], set[str]]] = {
    "length": length_of,
    "numbered": numbered_of,
    "verbs": verbs_of,
    "lead": lead_of,
    "recommendations": recommendations_of,
}
