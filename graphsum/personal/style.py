"""What a style is, and its form on the command line: ``short,numbered,lead=urgent``."""

from dataclasses import dataclass
from typing import Literal

from preprocessing.errors import InputError, closest

Numbered = Literal["numbered", "plain"]
Length = Literal["short", "full"]
Verbs = Literal["telegraphic", "clauses"]
Lead = Literal["urgent", "abnormal", "normal"]
Recommendations = Literal["keep", "drop"]

# Attribute -> its values, in the order of the text form.
STYLE_VALUES: dict[str, tuple[str, ...]] = {
    "length": ("short", "full"),
    "numbered": ("numbered", "plain"),
    "verbs": ("telegraphic", "clauses"),
    "lead": ("urgent", "abnormal", "normal"),
    "recommendations": ("keep", "drop"),
}
# Attributes whose values say by themselves what they are about.
_BARE = ("length", "numbered", "verbs")


@dataclass(frozen=True, slots=True)
class StyleSpec:
    """How an impression is to be written; None leaves an attribute as the draft has it.

    ``numbered``: a numbered list or running sentences. ``length``: *short* leaves out what need not
    be reported, *full* keeps everything. ``verbs``: *telegraphic* is without articles and copulas.
    ``lead``: what comes first: the most urgent, the abnormal or the normal. ``recommendations``:
    whether general advice ("clinical correlation") is kept; advice to do something always is.
    ``author``: whose style it is. ``normal``: the author's phrase for a normal study, or empty.

    Raises:
        InputError: a value that its attribute does not have.
    """

    numbered: Numbered | None = None
    length: Length | None = None
    verbs: Verbs | None = None
    lead: Lead | None = None
    recommendations: Recommendations | None = None
    author: str | None = None
    normal: str = ""

    def __post_init__(self) -> None:
        for attribute, values in STYLE_VALUES.items():
            value = getattr(self, attribute)
            if value is not None and value not in values:
                raise InputError(f"style {attribute}={value}: the values are {', '.join(values)}")

    def __str__(self) -> str:
        return format_style(self)


def parse_style(text: str) -> StyleSpec:
    """The style of a text such as ``short,numbered,lead=urgent``.

    Raises:
        InputError: an unknown word, or two for the same attribute.
    """
    bare = {value: name for name in _BARE for value in STYLE_VALUES[name]}
    known = [*bare, *(f"{n}={v}" for n, vs in STYLE_VALUES.items() if n not in _BARE for v in vs)]
    found: dict[str, str] = {}
    for word in (part.strip().lower() for part in text.split(",")):
        attribute, equals, value = word.partition("=")
        if not equals:
            attribute, value = bare.get(word, ""), word
        if value not in STYLE_VALUES.get(attribute, ()):
            raise InputError(
                f"unknown style {word!r}{closest(word, known)}; known are {', '.join(known)}"
            )
        if found.get(attribute, value) != value:
            raise InputError(f"style {found[attribute]!r} and {value!r}: give one of them")
        found[attribute] = value
    return StyleSpec(**found)  # type: ignore[arg-type]


def format_style(style: StyleSpec) -> str:
    """The inverse of :func:`parse_style`; the author and the phrase are left out."""
    given = ((name, getattr(style, name)) for name in STYLE_VALUES)
    return ",".join(
        value if name in _BARE else f"{name}={value}" for name, value in given if value is not None
    )
