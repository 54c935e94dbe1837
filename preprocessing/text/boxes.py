"""Tick boxes of forms: behind a label the value is what is ticked, else a list of findings.

"Effusion: [ ] none [x] left" is "Effusion: left"; "[x] Effusion [ ] Pneumothorax" is of two
findings, of which one is absent; "Effusion [x]" is an answer behind its item.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Edit = tuple[int, int, str]  # characters, and what stands in their place
TICKED, UNTICKED = "[x]", "[ ]"  # as boxes stand in a text that is given to :func:`box_edits`

_ROUND = re.compile(r"\([ \t]*(?:[xX\u2713\u2714][ \t]*)?\)")
_ROUND_TICKED = re.compile(r"\([ \t]*[xX\u2713\u2714][ \t]*\)")
_ROUND_FIRST = re.compile(r"(?:^|[\n:?.;])\s*$")
# What a box is of without a finding: an answer, a side, a size.
_ATTRIBUTE = re.compile(
    r"(?:(?:yes|no|y|n|none|nil|present|absent|positive|negative|normal|abnormal|clear|enlarged"
    r"|unremarkable|left|right|bilateral|both|unilateral|sides?|sided|small|large|moderate|medium"
    r"|tiny|trace|minimal|mild|marked|severe|massive|stable|unchanged|new|old|acute|chronic"
    r"|possible|possibly|probable|uncertain|unclear|questionable|suspected|upper|lower|middle|mid"
    r"|lobes?|zones?|apical|basal|seen|not|within|limits|evident|and|the|on)\b[\s,/().-]*)+"
)
_NORMAL = re.compile(
    r"\b(?:normal|normally|clear|unremarkable|intact|no|none|nil|not|n|nothing|without|negative"
    r"|absent|within|other)\b"
)
# "[ ] normal - opacity on the right": what is written behind is no part of the item.
_NOTED = re.compile(
    r"(?:normal|clear|unremarkable|no|none|n|nil|negative|absent)\s*(?:[,:(]|-+(?=\s))\s*(?=\w)"
)
# Headings of a whole report, behind which stands a list and no value.
_HEADING = re.compile(
    r"(?:\W|\d)*(?:(?:chest|other|additional|pertinent|radiographic|report|positive|main|key"
    r"|x-?ray|cxr|ct)\s+)*(?:findings?|report|results?|body|impression|conclusions?|chest|diagnos[ei]s"
    r"|abnormalit\w+|checklist|observations?|opinion|x-?ray|cxr|check all that apply"
    r"|tick all that apply|select all that apply)\W*"
)
_PARTS = re.compile(
    r"(?:the\s+)?(?:heart|lungs?|pleura\w*|mediastinum|bones?|hil[ai]|diaphragms?|airways?|aorta"
    r"|pleural spaces?|cardiac silhouette|cardiomediastinal silhouette|soft tissues?)"
)
_STOP = re.compile(r"[.;!?](?=\s|$)")
_LABEL = re.compile(r"[^.;:!?\n]{1,60}?\s*[:?][\s*>\u2022\u00b7-]*$")
_FIRST_ATTRIBUTE = re.compile(r"\W*(?:yes|no|none|y|n|normal|abnormal|present|absent)\b\W+")
_LEADING = re.compile(r"[\s>*\u2022\u00b7-]*")
_LETTER = re.compile(r"[^\W\d_]")


class Box(NamedTuple):
    """Where a box stands, and whether it is ticked."""

    start: int
    ticked: bool

    @property
    def end(self) -> int:
        """The place behind the box."""
        return self.start + len(TICKED)


class _Item(NamedTuple):
    """A box and the characters of what it is of."""

    box: Box
    start: int
    end: int


class _Group(NamedTuple):
    """What stands behind one label, which is None for a list of findings."""

    label: tuple[int, int] | None
    items: list[_Item]


def round_boxes(text: str) -> bool:
    """Whether round brackets are boxes here: of several one is ticked, or one begins a value."""
    found = list(_ROUND.finditer(text))
    if len(found) < 2:
        return False
    blank = any(len(match[0]) > 2 for match in found)
    first = _ROUND_FIRST.search(text[max(found[0].start() - 8, 0) : found[0].start()])
    return _ROUND_TICKED.search(text) is not None or (blank and first is not None)


def box_edits(text: str, boxes: Sequence[Box]) -> list[Edit]:
    """How to rewrite the boxes of a text, in order."""
    edits: list[Edit] = []
    for start, end, ours in _lines(text, boxes):
        if _is_behind(text, start, end, ours):
            edits += _behind(text, start, ours)
        else:
            edits += _before(text, start, end, ours)
    return _in_order(text, edits)


def _in_order(text: str, edits: list[Edit]) -> list[Edit]:
    """The edits by their place; one that begins inside another is left out.

    What is taken away takes the blanks before it along where a sign or nothing follows.
    """
    kept: list[Edit] = []
    for start, end, new in sorted(edits, key=lambda one: (one[0], -one[1])):
        if kept and start < kept[-1][1]:
            continue
        if kept and start == kept[-1][1] and not kept[-1][2]:
            start = kept.pop()[0]
        if (new or text[end : end + 1] or ".")[0] in ".,;\n":
            least = kept[-1][1] if kept else 0
            while start > least and text[start - 1] == " ":
                start -= 1
        kept.append((start, end, new))
    return kept


# --- Lines ---------------------------------------------------------------------------------------


def _lines(text: str, boxes: Sequence[Box]) -> Iterator[tuple[int, int, list[Box]]]:
    """The lines with boxes; a label takes in the lines below it that begin with its boxes."""
    joined: list[tuple[int, int, list[Box]]] = []
    place, row = 0, 0
    for line in text.split("\n"):
        end = place + len(line)
        first = row
        while row < len(boxes) and boxes[row].start < end:
            row += 1
        ours = list(boxes[first:row])
        if joined and ours and _goes_on(text, joined[-1], (place, end, ours)):
            start, _, before = joined.pop()
            joined.append((start, end, before + ours))
        else:
            joined.append((place, end, ours))
        place = end + 1
    return (one for one in joined if one[2])


def _goes_on(
    text: str, above: tuple[int, int, list[Box]], line: tuple[int, int, list[Box]]
) -> bool:
    """Whether a line that begins with a box belongs to the label of the line above."""
    start, end, boxes = line
    leading = _LEADING.match(text, start, end)
    if leading is None or leading.end() != boxes[0].start:
        return False
    before = text[above[0] : above[1]].strip().lower()
    only = _all_attributes(text, boxes, end)
    if not above[2]:
        if before.endswith((":", "?")):
            return _HEADING.fullmatch(before) is None
        return only and 0 < len(before.split()) < 6 and not before.endswith((".", ";"))
    label = text[above[0] : above[2][0].start].strip()
    if not label:
        return False
    return (
        only or "\n" in text[above[0] : above[2][0].start] or text[start : start + 1] in (" ", "\t")
    )


def _all_attributes(text: str, boxes: Sequence[Box], end: int) -> bool:
    """Whether all boxes are of answers, sides or sizes."""
    ends = [*(box.start for box in boxes[1:]), end]
    items = [text[box.end : stop].strip().lower() for box, stop in zip(boxes, ends, strict=True)]
    return all(item and _ATTRIBUTE.fullmatch(item) for item in items)


# --- Boxes behind their items --------------------------------------------------------------------


def _is_behind(text: str, start: int, end: int, boxes: Sequence[Box]) -> bool:
    """Whether the boxes of a line stand behind what they are of."""
    before = text[start : boxes[0].start].strip()
    tail = re.split(r"[.;:?](?:\s+|$)", before)[-1]
    if not _LETTER.search(tail):
        return False
    if not text[boxes[-1].end : end].strip(" .;,"):
        return True
    label = tail.lower()
    return not (_PARTS.fullmatch(label) or _all_attributes(text, boxes, _stop(text, boxes, end)))


def _stop(text: str, boxes: Sequence[Box], end: int) -> int:
    """Where the sentence of the last box ends."""
    found = _STOP.search(text, boxes[-1].end, end)
    return found.start() if found else end


def _behind(text: str, start: int, boxes: Sequence[Box]) -> Iterator[Edit]:
    """Each box as the answer of its item; behind a label only what is ticked stays."""
    place, label = start, False
    for row, box in enumerate(boxes):
        chunk = text[place : box.start]
        colon = chunk.rfind(":")
        if colon >= 0:
            named = re.split(r"[.;]\s", chunk[:colon])[-1]
            label = _HEADING.fullmatch(named.lower()) is None
        item = place + colon + 1
        if not text[item : box.start].strip():  # "Effusion: [x]"
            yield box.start, box.end, "positive;" if box.ticked else "no;"
        elif not label:
            # "Effusion [x] right   Pneumothorax [ ]": the side belongs to what is ticked.
            line_end = text.find("\n", box.end)
            last = len(text) if line_end < 0 else line_end
            upto = boxes[row + 1].start if row + 1 < len(boxes) else last
            said = _ATTRIBUTE.match(text[box.end : upto].lower().lstrip())
            rest = text[box.end : upto].lstrip()[said.end() :] if said else ""
            if box.ticked and said and (not rest or rest[0].isupper()):
                yield box.start, box.end, ": positive,"
                if rest:
                    yield upto - len(rest), upto - len(rest), "; "
            else:
                yield box.start, box.end, ": positive;" if box.ticked else ": no;"
        elif box.ticked:
            yield box.start, box.end, ";"
        else:
            yield item, box.end, " "
        place = box.end


# --- Boxes before their items --------------------------------------------------------------------


def _before(text: str, start: int, end: int, boxes: Sequence[Box]) -> Iterator[Edit]:
    """What boxes become that stand before what they are of."""
    outer: Box | None = None
    for group in _groups(text, start, end, boxes):
        if group.label:
            yield from _labelled(text, group, outer)
            outer = None
            continue
        last = group.items[-1]
        outer = last.box if last.start >= last.end else None
        items = group.items[:-1] if outer else group.items
        yield from _listed(text, items, start)


def _groups(text: str, start: int, end: int, boxes: Sequence[Box]) -> Iterator[_Group]:
    """The boxes of a line by their labels."""
    label = _label(text, start, boxes[0].start, alone=True)
    items: list[_Item] = []
    for row, box in enumerate(boxes):
        limit = boxes[row + 1].start if row + 1 < len(boxes) else end
        found = _label(text, box.end, limit, alone=False) if row + 1 < len(boxes) else None
        upto = found[0] if found else limit
        stop = _STOP.search(text, box.end, upto)
        item_end = stop.start() if stop else upto
        items.append(_Item(box, *_stripped(text, box.end, item_end)))
        said = stop is not None and _LETTER.search(text, stop.end(), upto) is not None
        if found or said:
            yield _Group(label, items)
            label, items = found, []
    if items:
        yield _Group(label, items)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The characters without blanks and commas around."""
    while start < end and text[start] in " \t\n,":
        start += 1
    while end > start and text[end - 1] in " \t\n,-|/*>\u2022\u00b7":
        end -= 1
    return start, end


def _label(text: str, start: int, end: int, *, alone: bool) -> tuple[int, int] | None:
    """The label that ends at ``end``, but for a heading.

    ``alone``: the text has nothing else but what sentences stand before it, and a part of the body
    or what answers follow is a label also without a colon.
    """
    begins = start
    for stop in _STOP.finditer(text, start, end):
        if stop[0] != "?" or text[stop.end() : end].strip():
            begins = stop.end()
    last = _stripped(text, begins, end)[1]  # behind the colon
    earlier = text.rfind(":", begins, max(last - 1, begins))
    found = _LABEL.search(text, max(earlier + 1, begins), end)
    if found is None and alone and _LETTER.search(text, begins, end):
        place, last = _stripped(text, max(begins, text.rfind(":", begins, end) + 1), end)
        return (place, last) if place < last else None
    if found is None:
        return None
    place, last = _stripped(text, found.start(), end)
    if not alone and begins == start:
        place = _after_item(text, place, last)
    return None if _HEADING.fullmatch(text[place:last].lower()) else (place, last)


def _after_item(text: str, start: int, end: int) -> int:
    """Where the label begins in "enlarged Lungs:", which has no sign between."""
    if "\n" in text[start:end]:
        return text.rfind("\n", start, end) + 1
    answer = _FIRST_ATTRIBUTE.match(text[start:end].lower())
    if answer and start + answer.end() < end:
        return start + answer.end()
    words = list(re.finditer(r"\S+", text[start:end]))
    capital = [one.start() for one in words[1:] if one[0][0].isupper()]
    if capital and not text[start:end].isupper():
        return start + capital[0]
    return start + words[-1].start() if words else start


def _labelled(text: str, group: _Group, outer: Box | None = None) -> Iterator[Edit]:
    """The label with what is ticked; without a tick nothing stays but what is written by hand.

    ``outer``: a box before the label, as in "[x] Effusion: [ ] left [ ] right".
    """
    assert group.label is not None
    start, end = group.label
    items = group.items
    if len(items) == 1 and items[0].start >= items[0].end:  # "Effusion: [x]"
        yield items[0].box.start, items[0].box.end, "positive;" if items[0].box.ticked else "no;"
        return
    notes = {item: note for item in items if (note := _note(text, item, items)) is not None}
    if not any(item.box.ticked for item in items) and not notes:
        if outer:
            yield outer.start, outer.end, "positive" if outer.ticked else "no"
        yield (end - (text[end - 1] in ":?") if outer else start), items[-1].end, ""
        return
    if outer:
        yield outer.start, start, ""
    place = start
    while place and text[place - 1] == " ":
        place -= 1
    if not outer and place and text[place - 1] not in ".;:!?\n,->*":
        yield place, start, ". "
    sign = text[end - 1]
    if sign == ":" and text[end : items[0].box.start].strip(" "):  # a line break, a bullet
        yield end, items[0].box.start, " "
    first, done = True, None
    for item, following in [*pairwise(items), (items[-1], None)]:
        begin = item.box.start if done is None else done
        if not item.box.ticked and item not in notes:
            yield begin, following.box.start if following else item.end, ""
            done = None if done is None else (following.box.start if following else item.end)
            continue
        if first and sign != ":":
            yield (end - 1, end, ": ") if sign == "?" else (end, item.box.start, ": ")
        yield _value(text, item, begin, notes.get(item, item.start), first)
        first, done = False, max(item.end, item.box.end)


def _value(text: str, item: _Item, begin: int, at: int, first: bool) -> Edit:
    """What stands in the place of a ticked box, its value kept from ``at`` on."""
    low = text[at : item.end].lower()
    between = "" if first else ", " if _ATTRIBUTE.fullmatch(low) else "; "
    if low in ("n", "y", ""):
        answer = {"n": "no", "y": "yes", "": "positive"}[low]
        return begin, max(item.end, item.box.end), between + answer
    return begin, at, between


def _note(text: str, item: _Item, items: Sequence[_Item]) -> int | None:
    """Where what is written behind an unticked "normal" begins, if nothing normal is ticked."""
    if item.box.ticked:
        return None
    found = _NOTED.match(text[item.start : item.end].lower())
    if found is None or any(
        one.box.ticked and _NORMAL.search(text[one.start : one.end].lower()) for one in items
    ):
        return None
    return item.start + found.end()


def _listed(text: str, items: Sequence[_Item], start: int) -> Iterator[Edit]:
    """Findings that are present where ticked, else absent; what is normal only if ticked."""
    if not items:
        return
    before = text[start : items[0].box.start].strip(" \t-*\u2022>")
    between = "" if not before or before[-1] in ":.;!?" else "; "
    for item, following in [*pairwise(items), (items[-1], None)]:
        box, low = item.box, text[item.start : item.end].lower()
        normal = _NORMAL.search(low) is not None or _ATTRIBUTE.fullmatch(low)
        if normal and not box.ticked:
            yield box.start, following.box.start if following else item.end, ""
            continue
        new = "" if normal else "positive" if box.ticked else "no"
        yield box.start, item.start if normal else box.end, between + new
        between = "; "
