"""Parts of the body that a text names with a side: limbs, organs in pairs, chambers, directions.

Not the lungs: the sides of what lies in them belong to the finding (``laterality.py``). A wrong
knee, breast or atrium is wrong even where nothing is found in it.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple, cast

from preprocessing.records import Side

_PARTS = {
    "shoulder": r"shoulders?|glenohumeral|acromioclavicular",
    "humerus": r"hume(?:rus|ral|ri)|upper arms?",
    "elbow": r"elbows?",
    "forearm": r"forearms?|radius|radii|ulnae?",
    "wrist": r"wrists?|scaphoids?",
    "hand": r"hands?(?! side)|thumbs?|fingers?|metacarpals?",
    "hip": r"hips?|acetabul\w+",
    "femur": r"fem(?:urs?|ora)|thighs?",
    "knee": r"knees?|patellae?",
    "lower leg": r"tibiae?|fibulae?|lower legs?",
    "ankle": r"ankles?",
    "foot": r"foot|feet|toes?|metatarsals?|calcane\w+|heels?",
    "clavicle": r"clavicles?|collar ?bones?",
    "scapula": r"scapulae?",
    "axilla": r"axill\w+",
    "breast": r"breasts?|mastectom\w+",
    "kidney": r"kidneys?|renal|nephrostom\w+",
    "adrenal": r"adrenals?",
    "ovary": r"ovar(?:y|ies|ian)",
    "testis": r"test(?:is|es|icular)|testicles?",
    "atrium": r"atrium",
    "ventricle": r"ventricle",
    "enlarged atrium": r"atrial(?= (?:enlarg|dilat))",
    "enlarged ventricle": r"ventricular(?= (?:enlarg|dilat|hypertro))",
    "aortic arch": r"(?:sided )?aortic arch",
    "coronary artery": r"coronar(?:y|ies)",
    "main bronchus": r"main(?:stem)? bronch\w+",
    "subclavian": r"subclavian",
    "jugular": r"(?:internal |external )?jugular",
    "brachiocephalic": r"brachiocephalic|innominate",
}
_PART = "|".join(f"(?P<{name.replace(' ', '_')}>{words})" for name, words in _PARTS.items())
_SIDE = r"left|right|both|bilateral"
_SIDED = re.compile(
    rf"\b(?P<side>{_SIDE})(?:[ -]sided)?(?: (?:and|or) (?P<other>left|right))?"
    rf"(?: (?!(?:{_SIDE}|and|or|with|than|of|in|to)\b)\w+){{0,2}}? (?:{_PART})\b"
)
_BEHIND = re.compile(rf"\b(?:{_PART}),?(?: (?:on|of) (?:the )?)(?P<side>left|right)(?: side)?\b")
# Where the middle of the chest has moved, or the spine bends, to.
_MOVED = r"(?:shift|deviat|displac|push|pull|shov|suck|draw|swing|swung|swept|nudg|mov(?:e|ing))\w*"
_SHIFT = re.compile(
    rf"\b(?P<before>left|right)(?:ward)?s? (?:[\w-]+ )?(?:shift|deviat|displac)\w*"
    rf"|\b{_MOVED}(?: of the [\w ]{{3,40}}?)?"
    rf"(?: (?:across|over|away|well|far|right|markedly)){{0,3}} (?:to|towards?)"
    rf"(?: the)? (?P<behind>left|right)\b|\b{_MOVED} (?:\w+ly )?(?P<adverb>left|right)(?:wards?)?\b"
)
_MIDDLE = re.compile(r"\b(?:mediastin\w+|trachea\w*|heart|cardiac|midline)\b")
_OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
_AROUND = 60  # characters around a shift in which what has moved is named


class SidedPart(NamedTuple):
    """A part of the body on a side, named at characters ``start`` to ``end``."""

    part: str
    side: Side
    start: int
    end: int


def find_sided_parts(text: str) -> Iterator[SidedPart]:
    """The parts of a lower-cased text that are named with their side, pattern by pattern.

    "Right knee", "the clavicle on the left", "both hips", "shifted to the left" (of the
    mediastinum, trachea or heart).
    """
    for pattern in (_SIDED, _BEHIND):
        for match in pattern.finditer(text):
            found = {name: words for name, words in match.groupdict().items() if words}
            both = found.get("other") or found["side"] in ("both", "bilateral")
            part = next(n for n in found if n not in ("side", "other")).replace("_", " ")
            side = cast(Side, "bilateral" if both else found["side"])
            yield SidedPart(part, side, *match.span())
    for match in _SHIFT.finditer(text):
        direction = cast(Side, match["before"] or match["behind"] or match["adverb"])
        before = text[max(match.start() - _AROUND, 0) : match.end()].rpartition(". ")[2]
        behind = text[match.start() : match.end() + _AROUND].partition(". ")[0]
        if _MIDDLE.search(before) or _MIDDLE.search(behind):
            yield SidedPart("shift", direction, *match.span())


def are_on_the_other_side(
    parts: Collection[tuple[str, Side]], others: Collection[tuple[str, Side]]
) -> bool:
    """Whether one of these parts is among the others, and only on its other side."""
    return any(
        {side for name, side in others if name == part} == {_OTHER[one]}
        for part, one in parts
        if one in _OTHER
    )
