"""What described findings mean: an impression names it beside the findings' own words.

"A dark crescent separates the liver from the dome" becomes "..., in keeping with free
intraperitoneal air". The signs are those of ``preprocessing/facts/signs.yaml``; nothing is added
where the findings name it themselves, deny it, or say what they take it for.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from graphsum.impressions.clauses import Clause
from preprocessing.facts.ontology import ontology
from preprocessing.facts.reading import Mention, read_mentions
from preprocessing.facts.signs import Sign, find_signs, in_words, signs
from preprocessing.records import Side
from preprocessing.text.laterality import find_sides, union
from preprocessing.text.plain import PlainText
from preprocessing.text.sided_parts import find_sided_parts

_INTERPRETED = re.compile(
    r"\b(?:(?:in keeping|consistent|compatible) with|suggest\w*|represent\w*|indicat\w+|due to"
    r"|concerning for|suspicious for|suspected|likely|probabl[ey]|may|might|could)\b"
)
_LOW_DOME = re.compile(
    r"\b(?:invert\w*|evert\w*|depress\w*|flatten\w*|pushed down|low|down)\b[^.;]{0,30}"
    r"\b(?:hemi-?)?(?:diaphragm|dome)|\b(?:left |right )?(?:hemi-?)?(?:diaphragm|dome)\b[^.;]{0,30}"
    r"\b(?:invert\w*|evert\w*|depress\w*|flatten\w*|pushed down|low)\b"
)
_NO_SHIFT = re.compile(
    r"\bno (?:\w+ )?(?:mediastinal |tracheal )?(?:shift|displacement|deviation|tension)"
    r"|(?:mediastinum|trachea|heart) (?:is |are |remains? )?"
    r"(?:central|mid-?line|not (?:shift|displac))"
)
_MIDDLE = r"\b(?:mediastin\w+|trachea|windpipe|heart|midline)\b[^.;]{0,40}"
_THAT_SIDE = re.compile(_MIDDLE + r"\b(?:that|the same|this|the affected) side\b|\bipsilateral")
_OTHER_SIDE = re.compile(
    _MIDDLE + r"\b(?:away|(?:the )?(?:opposite|other|contralateral|far) (?:side|hemi-?thorax))\b"
    r"|\bcontralateral (?:\w+ )?(?:shift|displacement|deviation)"
)
_REMOVED = re.compile(r"\b(?:pneumonectomy|lobectomy|resection|agenesis)\b")
_OTHER: dict[Side | None, Side] = {"left": "right", "right": "left"}


def with_conclusions(clauses: Sequence[Clause], findings: str) -> list[Clause]:
    """The clauses; those of a described finding name what it means.

    Also a pneumothorax that pushes the middle of the chest away, an opaque side that pulls or
    pushes it, and the lobe of an opacity that hides the border of the heart.
    """
    plain, mentions = read_mentions(findings)
    said: set[str] = set()
    result = []
    for clause in clauses:
        text = clause.text
        meant: list[str] = []
        if not _INTERPRETED.search(text.lower()):
            meant = [one for one in _meant(clause, plain, mentions) if one not in said]
            said.update(meant)
            if meant:
                text = f"{text.rstrip('.')}, in keeping with {' and '.join(meant)}."
        if place := _place(text.lower()):
            text = f"{text.rstrip('.')} ({place})."
        result.append(replace(clause, text=text, described=bool(meant)))
    return result


def _meant(clause: Clause, plain: PlainText, mentions: Sequence[Mention]) -> list[str]:
    """What a clause means by what it describes, in the words of an impression."""
    lowered = clause.text.lower()
    inside = [
        one
        for one in mentions
        if clause.start <= plain.origin(one.start, one.end)[0] < clause.end
        and one.status == "present"
    ]
    met = {one.sign.name: one.sign for one in find_signs(lowered)}
    for sign in signs()[0]:
        against = sign.but is not None and sign.but.search(lowered)
        if sign.always and not against and any(_has(one, sign) for one in inside):
            met.setdefault(sign.name, sign)
    if "Pneumothorax" in met or "Hydropneumothorax" in met:  # the lung shrinks away from it
        met.pop("Collapsed Lung", None)
    meant = [
        in_words(one, _side(one, inside, lowered, plain.text))
        for one in met.values()
        if not one.named.search(lowered) and not _is_named(one, mentions, plain)
    ]
    if _tension(inside, plain):
        last = [one for one in meant if "pneumothora" in one]
        meant = [one for one in meant if one not in last]
        meant.append(last[0].replace("pneumothora", "tension pneumothora") if last else "tension")
    if opaque := _opaque(inside, mentions, plain):
        meant = [opaque]
    return meant


def _has(one: Mention, sign: Sign) -> bool:
    """Whether a mention is of the finding that a sign means."""
    entry = ontology().by_name.get(sign.name)
    return entry is not None and {*(entry.names or (entry.name,))} <= {*one.names}


def _side(sign: Sign, inside: Sequence[Mention], lowered: str, text: str) -> Side | None:
    """The side of what a sign means: of its mention, of its clause, or the text's only one."""
    own = {one.side for one in inside if one.side and _has(one, sign)}
    clause = {one.side for one in find_sides(lowered)}
    every = {one.side for one in find_sides(text)}
    return union(own or clause or (every if len(every) == 1 else set()))


def _is_named(sign: Sign, mentions: Sequence[Mention], plain: PlainText) -> bool:
    """Whether the findings name it themselves, as there, as possible or as what is not there."""
    return any(
        _has(one, sign)
        and not one.sign
        and sign.named.search(plain.text[one.start : one.end])
        and (one.status in ("present", "uncertain") or one.side is None)
        for one in mentions
    )


def _shift(plain: PlainText, side: Side | None) -> Side | None:
    """Where the middle of the chest has moved to, if the text knows of one side only.

    ``side``: which one "that side" stands for.
    """
    if _NO_SHIFT.search(plain.text):
        return None
    sides = {one.side for one in find_sided_parts(plain.text) if one.part == "shift"}
    if not sides and _THAT_SIDE.search(plain.text):
        return side
    if not sides and _OTHER_SIDE.search(plain.text):
        return _OTHER.get(side)
    return sides.pop() if len(sides) == 1 else None


def _tension(inside: Sequence[Mention], plain: PlainText) -> bool:
    """Whether a pneumothorax of the clause pushes the heart away or the diaphragm down."""
    if "tension" in plain.text or _NO_SHIFT.search(plain.text):
        return False
    low = _LOW_DOME.search(plain.text)
    return any(
        "Pneumothorax" in one.names
        and one.side in _OTHER
        and (_shift(plain, one.side) == _OTHER[one.side] or (low and str(one.side) in low[0]))
        for one in inside
    )


def _opaque(inside: Sequence[Mention], mentions: Sequence[Mention], plain: PlainText) -> str:
    """What makes a side of the chest opaque, by where the middle of the chest has moved."""
    causes = {"Pleural Effusion", "Collapsed Lung", "Atelectasis"}
    if _REMOVED.search(plain.text) or any(
        causes & {*one.names} and not one.sign and one.status in ("present", "uncertain")
        for one in mentions
    ):
        return ""
    for one in inside:
        to = _shift(plain, one.side)
        if "Opaque Hemithorax" in one.names and one.side in _OTHER and to:
            if to == one.side:
                return f"collapse of the {one.side} lung"
            return f"a large {one.side} pleural effusion"
    return ""


def _place(lowered: str) -> str:
    """The lobe of an opacity that hides a border of the heart, if the text does not name it."""
    for one in signs()[1]:
        if (
            one.hidden.search(lowered)
            and one.opacity.search(lowered)
            and not one.named.search(lowered)
        ):
            return one.says
    return ""
