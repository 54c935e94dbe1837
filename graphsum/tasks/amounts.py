"""Answers of size, degree and number."""

import re

from graphsum.tasks.changes import changed_as_asked
from graphsum.tasks.concepts import find_concepts
from graphsum.tasks.questions import Question
from graphsum.tasks.reports import (
    Found,
    Report,
    Unit,
    anchor,
    by_size,
    fits_side,
    nearest,
    stated_units,
    widened,
)
from graphsum.tasks.several import by_side, number_of_several, pieces_of, sizes_of_several
from preprocessing.text.measurements import find_sizes

_NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_CHAMBERS = (
    r"\b(?:single|dual|double|biventricular)\b(?=[ -]?(?:chamber|lead|pac|icd|def|cardiac|$| ))"
)
_COUNT = (
    r"(?:\d{1,2}(?!\d|[ -]?(?:mm|cm|ml|%|x|fr)|\.\d)|one|two|three|four|five|six|seven|eight"
    r"|nine|ten|eleven|twelve|single|dual"
    r"|double|triple|solitary|several|multiple|numerous|many|a few|few|innumerable|a couple of"
    r"|both)"
)
_SIZE = re.compile(
    r"(?:approximately |about |up to |nearly |almost |less than |more than |at least |around |~ ?)?"
    r"\d+(?:[.,]\d+)?(?:\s*(?:x|by|×|-|to)\s*\d+(?:[.,]\d+)?)*\s*-?\s*(?:mm|cm|millimet\w+"
    r"|per minute|beats per minute|bpm|centimet\w+|ml|cc|millilit\w+|lit(?:er|re)s?"
    r"|percent|per cent|degrees?|°|kg|mmhg|hu\b|m\b)"
    r"(?:\s*(?:x|by|×)\s*\d+(?:[.,]\d+)?\s*(?:mm|cm))*"
    r"|(?:approximately |about |up to |nearly |less than |more than |at least |around )?"
    r"\d+(?:\.\d+)?\s*%|\b(?:one|two|three|four|five|six|seven|eight|nine|ten) (?:mm|cm"
    r"|millimet\w+|centimet\w+|vertebral levels?|levels)|\b0\.\d\d?\b"
)
_FROM_TO = re.compile(
    r"\bfrom (\d+(?:\.\d+)? ?(?:mm|cm)) to (\d+(?:\.\d+)? ?(?:mm|cm))\b(?! (?:above|below))"
)
_RATIO = re.compile(r"\b\d+(?:[.,]\d+)?(?: ?%)?")
_UNITS = (
    (r"\brads\b|category", re.compile(r"(?:(?<=rads )|(?<=category ))\d\w?\b")),
    (r"\bratio|score|value|index", _RATIO),
    (r"\bvolume\b(?! loss)", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:ml|cc|cm3|millilit\w+|lit(?:er"
    r"|re)s?|l)\b")),
    (r"\bangle\b|angulat|how many degrees", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:degrees?|°)")),
    (r"percent|\bshare\b|proportion|fraction", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:%|percent"
     r"|per cent)|\b(?:(?:about|roughly|nearly|almost|over) )?(?:an? |one |two |three )?"
     r"(?:quarter|third|half|fifth)s?(?= of\b)")),
    (r"attenuation|hounsfield|\bdensity\b", re.compile(r"-?\b\d+ ?(?:hu|hounsfield units?)\b")),
)  # fmt: skip
_DEGREE = re.compile(
    r"\b(?:(?:very|mildly|moderately|markedly|severely|slightly|minimally|massively|grossly)"
    r"(?: to (?:mildly|moderately|markedly|severely))?|(?:(?:mild|moderate|small|minimal)(?:ly)?"
    r"[ -]to[ -](?:moderate|large|severe|marked|small|mild)(?:ly)?)|trace|tiny|minimal|mild|small"
    r"|slight"
    r"|moderate(?:-sized|ly sized)?|large|severe|massive|marked|extensive|minor|subtle|gross|huge"
    r"|(?<!been )(?<!was )(?<!were )advanced|heavy|heavily|dense"
    r"|significant|sizeable|sizable|high-grade|low-grade|complete|partial|full-thickness"
    r"|partial-thickness|borderline|grade (?:\d|[iv]+)[ab]?|stage (?:\d|[iv]+)[abc]?"
    r"|type (?:\d|[iv]+)[ab]?|trivial|early|diffuse|faint|profound|subtotal|total|critical"
    r"|non-?displaced|undisplaced|minimally displaced|displaced)\b"
)
_SHARE = re.compile(
    r"(?:\b(?:about|approximately|nearly|over|under) )?\b\d+(?:[.,]\d+)? ?(?:%|percent|per cent)"
)


_OF_ONE = re.compile(
    r"\b\w+(?:er|est)\b(?<!\bother)(?<!diameter)|how (?:far|high|long|deep|much)|distance"
)


def _degree_of(unit: Unit) -> str:
    """The one degree that a part of a sentence names."""
    degrees = {match[0] for match in _DEGREE.finditer(unit.text)}
    return degrees.pop() if len(degrees) == 1 else ""


def _of_several(report: Report, asked: Question) -> Found:
    """The sizes of all, or the degrees of both sides, where none is asked of by itself."""
    if _OF_ONE.search(asked.text) or asked.earlier:
        return None
    if any(words for words, _ in _UNITS if re.search(words, asked.text)):
        return None
    if found := sizes_of_several(report, asked):
        return found
    pieces = pieces_of(report, asked.topic)
    if asked.kind != "size" or any(any(find_sizes(one.text)) for one in pieces):
        return None
    return by_side(report, asked, _degree_of)


def answer_size(report: Report, asked: Question) -> Found:
    if found := _of_several(report, asked):
        return found
    units = by_size(report, asked)
    if not units and re.search(r"\b(?:should|must|needs?|has to)\b", asked.text):
        units = report.about(asked.topic)
    topic = asked.topic
    dated = any(re.fullmatch(_DATED, name) for name in topic)
    pattern = next((units for words, units in _UNITS if re.search(words, asked.text)), _SIZE)
    shares = pattern is not _SIZE or re.search(r"how (?:much|narrow)", asked.text)
    for unit in widened(report, units):
        if pattern is _SIZE and (course := _FROM_TO.search(unit.text)):
            return course[1 if asked.earlier else 2], unit
        sizes = [
            match.span()
            for match in pattern.finditer(unit.text)
            if (shares or not _SHARE.fullmatch(match[0].strip()))
            and (
                re.search(r"\bby how much\b|how (?:far|much)", asked.text)
                or not re.search(
                    r"(?:creas|grow|grown|larg|shr[aiu]nk)\w* by $", unit.text[: match.start()]
                )
            )
        ]
        earlier = {(one.start, one.end) for one in find_sizes(unit.text) if one.kind == "earlier"}
        marked = [
            span
            for span in sizes
            if any(start < span[1] and span[0] < end for start, end in earlier)
            or re.search(
                r"(?:from|previously|formerly|was|prior|earlier|measured) (?:\w+ )?$",
                unit.text[: span[0]],
            )
            or re.match(
                r",? (?:previously|on the prior|before|earlier)(?! (?:\w+ ){0,2}\d)",
                unit.text[span[1] :],
            )
        ]
        now = [span for span in sizes if re.search(r"\bnow $", unit.text[: span[0]])]
        marked += [span for span in sizes if now and span not in now and span not in marked]
        wanted = marked if asked.earlier else ([s for s in sizes if s not in marked] or [])
        wanted = sizes if dated else wanted
        if asked.earlier and not wanted:
            continue
        if wanted:
            start, end = nearest(unit, asked, wanted)
            order = re.search(r"\b(?:(larg|bigg)|small)(?:er|est)\b", asked.text)
            if order and len(wanted) == 2 and unit.text[wanted[0][1] : wanted[1][0]] == " and ":
                first, last = (
                    max((one.value for one in find_sizes(unit.text[low:high])), default=0)
                    for low, high in wanted
                )
                start, end = wanted[0] if (first > last) == bool(order[1]) else wanted[1]
            return unit.text[start:end], unit
    if (
        asked.earlier
        or pattern is not _SIZE
        or re.search(r"how (?:far|high|long|deep|wide)|distance|percent", asked.text)
    ):
        return None
    return answer_severity(report, asked) if topic else None


# A year, or a month by its first six letters.
_DATED = (
    r"(?:19|20)\d\d|januar|februa|march|april|june|july|august|septem|octobe|novemb|decemb|yester"
)


def answer_severity(report: Report, asked: Question) -> Found:
    if graded := re.search(r"\b(?:what|which) (type|grade|stage|category)\b", asked.text):
        for unit in widened(report, report.about(asked.topic)):
            value = re.search(rf"\b{graded[1]} (?:\d\w?|[ivx]+[abc]?)\b", unit.text)
            if value and fits_side(unit, asked):
                return value[0], unit
    if re.search(r"\b(?:what|which) (?:type|kind|sort)\b", asked.text):
        for unit in stated_units(report, asked):
            for start, end in unit.spans(asked.topic):
                preceding = re.search(r"((?:[\w-]+ ){1,4})$", unit.text[:start])
                words = re.sub(
                    r"^.*\b(?:an?|the|of|with|in|on|at|is|are|and|has|shows?|no|there) ", "",
                    preceding[1] if preceding else "",
                )  # fmt: skip
                if words:
                    return f"{words}{unit.text[start:end]}", unit
        return None
    for unit in stated_units(report, asked):
        spans = unit.spans(asked.topic)
        degrees = [match.span() for match in _DEGREE.finditer(unit.text)]
        if asked.kind == "severity":
            degrees += [match.span() for match in _SHARE.finditer(unit.text)]
        start, end = anchor(unit, asked)
        degrees = [span for span in degrees if span not in spans]
        near = [
            span
            for span in degrees
            if not re.search(r"[;]|\band (?:an? |the )|\bwith\b", unit.text[span[1] : start])
            and (
                not re.search(r"[,;]|\band\b|\bwith\b", unit.text[end : span[0]])
                or (
                    re.fullmatch(r"(?: (?:on|in|at) [\w ]+)?, ", unit.text[end : span[0]])
                    and not unit.text[span[1] :].strip(" .")
                )
            )
        ]
        if near:
            before = [span for span in near if span[1] <= start] if not unit.whole else near
            first, last = nearest(unit, asked, before or near)
            return unit.text[first:last], unit
    return None


def answer_count(report: Report, asked: Question) -> Found:
    match = re.search(r"how many (?:\w+ ){0,4}?(\w+)(?= (?:are|is|were|was|do|does|have|has"
    r"|can|did|in|"
                      r"on|of)\b|$)", asked.text)  # fmt: skip
    noun = {one.name for one in find_concepts(match[1])} & asked.topic if match else set()
    units = stated_units(report, asked)
    if verb := re.search(r"how many (\w+) (?!are|is|were|was)\w+$", asked.text):
        noun = {one.name for one in find_concepts(verb[1])} & asked.topic
    others = asked.topic - noun
    for unit in changed_as_asked(report, asked):
        if some := re.search(rf"\b({_COUNT}) of (?:the|these|those|them)\b", unit.text):
            return some[1], unit
    for unit in units:
        some = re.search(rf"\b({_COUNT}) of (?:which|whom|them|these|those)\b", unit.text)
        if (
            some
            and others
            and any(one.name in others and one.start >= some.end() for one in unit.concepts)
        ):
            return some[1], unit
    for unit in units:
        spans = unit.spans(frozenset(noun) or asked.topic)
        if not spans:
            continue
        after = re.match(
            rf"\w*(?: [\w ]+)?,? ({_COUNT}) (?:in number|in (?:total|all)|altogether)\b",
            unit.text[spans[0][1] :],
        )
        if after:
            return after[1], unit
        for start, _ in spans:
            before = unit.text[:start]
            counted = re.search(
                rf"\b({_COUNT})(?:[ -](?!and\b|of\b)(?:[\w.]+)){{0,6}}?[ -]?$", before
            )
            words = counted[1] if counted else ""
            if "lead" in noun and (kind := re.search(_CHAMBERS, unit.text)):
                words = {"s": "one", "d": "two", "b": "three"}[kind[0][0]]
            if words in ("single", "solitary", "one", "1"):
                return "One", unit
            if words in ("dual", "double", "two", "2", "both", "a couple of"):
                return "Two", unit
            if words == "triple":
                return "Three", unit
            if words and words not in ("a", "an"):
                return (_NUMBER_WORDS[int(words)] if words.isdigit() and int(words) < 13
                        else words), unit  # fmt: skip
    for unit in units:
        count = len(unit.spans(frozenset(noun) or asked.topic))
        if unit.whole and count > 1:
            return _NUMBER_WORDS[min(count, 12)], unit
    if several := number_of_several(report, asked):
        return _NUMBER_WORDS[min(several[0], 12)], several[1]
    for unit in units:
        spans = unit.spans(frozenset(noun) or asked.topic)
        if spans and re.search(r"\b(?:an?|one)(?: [\w.-]+){0,5} $", unit.text[: spans[0][0]]):
            return "One", unit
    for unit in units:
        levels = re.findall(r"\b[ctl]\d{1,2}-[ctls]?\d{1,2}\b", unit.text)
        if noun & {"disc", "level"} and len(levels) > 1:
            return _NUMBER_WORDS[min(len(levels), 12)], unit
    for unit in units:
        if numbered := re.search(
            r"\b([ctl]?)(\d{1,2}) ?(?:through|to|thru|-|\u2013) ?\1(\d{1,2})\b(?! ?(?:mm|cm|%))",
            unit.text,
        ):
            low, high = int(numbered[2]), int(numbered[3])
            if 0 < high - low < 12:
                return _NUMBER_WORDS[high - low + 1], unit
    for unit in units:
        ordinals = re.findall(
            r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
            r"|eleventh|twelfth|[ctl]\d{1,2})\b", unit.text)  # fmt: skip
        if len(ordinals) > 1:
            low, high = ordinals[0], ordinals[-1]
            order = (
                "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
            ).split()
            if re.search(r"(?:through|to|-)", unit.text) and low in order and high in order:
                return _NUMBER_WORDS[order.index(high) - order.index(low) + 1], unit
            return _NUMBER_WORDS[min(len(ordinals), 12)], unit
    return None
