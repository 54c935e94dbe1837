"""Signs that findings describe without naming what they mean; the data are in ``signs.yaml``.

"A dark crescent between the liver and the dome" is free intraperitoneal air. What is met here is
read as a mention of that finding (``reading.py``), and an impression names it beside the findings'
own words (``graphsum/impressions/conclusions.py``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from preprocessing.files import read_yaml

_FILE = Path(__file__).with_name("signs.yaml")
_MACRO = re.compile(r"\{([a-z]\w*)\}")
# Before a sign: it is denied. "No vessels beyond a line" begins with its own "no".
_DENIED = re.compile(r"\b(?:no|not|without|never|nor|neither|free of|negative for)\b[^,;.]*$")
_NEXT_BEFORE = re.compile(r"\b(?:no|without|neither|nor|absent) (?:\w+ )?$")
# What tells a sign, and is there no more: "the rim of air has gone". What hides may be lost.
_OVER = re.compile(
    r"\b(?:air|gas|lucenc\w+|crescents?|rims?|lines?|edges?|stripes?|slivers?|caps?|bands?|menisc\w+"
    r"|opacit\w+|haze|veil\w*|levels?|loops?|shadow\w*)\b(?: [^\s.;]+){0,8}? "
    r"(?:(?:is|are|was|were) (?:not|no longer|never) (?:\w+ly )?(?:seen|visible|present|identified"
    r"|there|evident|apparent)|(?:has|have) (?:now |since )?(?:gone|resolved|cleared|disappeared"
    r"|closed|vanished))\b"
    r"|\b(?:previously|formerly|resolution of|excluded|unlikely|no longer (?:any|a|an))\b"
)
# What is no part of the body, or lies on it, or is an illusion.
_UNREAL = re.compile(
    r"\b(?:mach|artef?act\w*|skin ?folds?|electrodes?|ecg|repeat (?:film|exposure|view|image)"
    r"|external|clothing|buttons?|hair|braid|plait|sheets?|blanket|gown|bra|straps?|nipples?"
    r"|vanish\w*|(?:lungs?|edges?|margins?|outlines?) (?:\w+ ){0,3}?(?:meet|reach|touch)\w* "
    r"(?:all )?the (?:ribs|chest wall)|companion shadow"
    r"|normal variant|accessory|azygos)\b"
)
# "No pneumothorax on the right while on the left ...": two parts, each by itself.
_TURN = re.compile(r"\b(?:while|whereas|but|however|although|though|yet)\b")


@dataclass(frozen=True, eq=False)
class Sign:
    """A sign: the finding that it means, how an impression says it, and the words for both.

    ``says``: with ``{side}`` ("left ") or ``{on}`` (" on the left") where its side stands;
    ``both``: of both sides. ``always``: whether it is said too where the ontology's own words have
    described the finding.
    """

    name: str
    says: str
    both: str
    named: re.Pattern[str]
    but: re.Pattern[str] | None
    alternatives: tuple[tuple[re.Pattern[str], ...], ...]
    always: bool
    cues: frozenset[str]


@dataclass(frozen=True, eq=False)
class Silhouette:
    """A place in the lungs, and the sentence that says that an opacity there hides its border."""

    says: str
    named: re.Pattern[str]
    opacity: re.Pattern[str]
    hidden: re.Pattern[str]


def in_words(sign: Sign, side: str | None) -> str:
    """How an impression says a sign on a side (``left``, ``right``, ``bilateral``, or none)."""
    if side == "bilateral" and sign.both:
        return sign.both
    known = side in ("left", "right")
    said = sign.says.replace("{side}", f"{side} " if known else "")
    return said.replace("{on}", f" on the {side}" if known else "")


class SignWords(NamedTuple):
    """A sign; ``start`` to ``end``: the characters of its first expression.

    ``part``: those of the part of the segment that describes it.
    """

    sign: Sign
    start: int
    end: int
    part: tuple[int, int]


@cache
def signs() -> tuple[tuple[Sign, ...], tuple[Silhouette, ...]]:
    """The shipped signs, and the places whose opacities hide a border of the heart."""
    data = read_yaml(_FILE)
    macros = {key: str(value) for key, value in data["macros"].items()}

    def compiled(pattern: str) -> re.Pattern[str]:
        for _ in range(3):  # macros may use macros
            pattern = _MACRO.sub(lambda match: macros.get(match[1], match[0]), pattern)
        return re.compile(pattern)

    def sign(value: Mapping[str, Any]) -> Sign:
        single = [(compiled(one),) for one in value.get("patterns", ())]
        several = [tuple(map(compiled, those)) for those in value.get("together", ())]
        but = compiled(value["but"]) if value.get("but") else None
        return Sign(
            value["name"],
            value["says"],
            value.get("both", ""),
            compiled(value["named"]),
            but,
            (*single, *several),
            value.get("always", False),
            frozenset(value["cues"].split()),
        )

    hides = data["hides"]
    return (
        tuple(map(sign, data["signs"])),
        tuple(
            Silhouette(
                one["says"],
                compiled(one["named"]),
                compiled(data["opacity"]),
                compiled(f"{hides} {{g6}}{one['border']}|{one['border']} {{g6}}{hides}"),
            )
            for one in data["places"]
        ),
    )


@cache
def signs_by_cue() -> tuple[re.Pattern[str], dict[str, frozenset[int]]]:
    """How the words of all signs begin, and the signs that may be met where one does."""
    cues = {cue for one in signs()[0] for cue in one.cues}
    rows = {
        cue: frozenset(
            row for row, one in enumerate(signs()[0]) if any(map(cue.startswith, one.cues))
        )
        for cue in cues
    }
    longest = sorted(cues, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})"), rows


def find_signs(text: str, start: int = 0, end: int | None = None) -> Iterator[SignWords]:
    """The signs of one segment of a lower-cased plain text that are neither denied nor over.

    What the segment names itself is no sign. Of the signs of one finding the first is met.
    """
    end = len(text) if end is None else end
    begin = start
    for turn in (*_TURN.finditer(text, start, end), None):
        until = turn.start() if turn else end
        yield from _in_part(text[begin:until], begin)
        begin = turn.end() if turn else end


def _in_part(words: str, start: int) -> Iterator[SignWords]:
    expression, rows = signs_by_cue()
    cues = set(expression.findall(words))
    if not cues or _OVER.search(words) or _UNREAL.search(words):
        return
    met: set[str] = set()
    for row in sorted(frozenset().union(*(rows[cue] for cue in cues))):
        one = signs()[0][row]
        if one.name in met:
            continue
        for parts in one.alternatives:
            spans = _spans(parts, words)
            if not spans or one.named.search(words) or (one.but and one.but.search(words)):
                continue
            if not _is_denied(words, spans):
                met.add(one.name)
                first, last = spans[0]
                yield SignWords(one, start + first, start + last, (start, start + len(words)))
                break


def _is_denied(words: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a denial stands before the first expression, or next before any of them."""
    first = min(start for start, _ in spans)
    return _DENIED.search(words[:first]) is not None or any(
        _NEXT_BEFORE.search(words[:start]) for start, _ in spans
    )


def _spans(parts: Sequence[re.Pattern[str]], words: str) -> list[tuple[int, int]]:
    """Where each expression matches, or nothing where one does not."""
    spans = []
    for part in parts:
        match = part.search(words)
        if match is None:
            return []
        spans.append(match.span())
    return spans
