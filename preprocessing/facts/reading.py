"""One pass over a text: what it mentions, and all that it says of each mention.

The terms of the ontology and the phrases with a verdict of their own are found in each segment;
status, side, place, size, degree and change are read by the engine of ``preprocessing.text``. The
observations, the statements and the checks are made of these mentions.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal, cast

from preprocessing.facts.not_normal import find_not_normal
from preprocessing.facts.ontology import NO_FINDING, on_change, ontology
from preprocessing.facts.phrases import FIXED_STATUS_PHRASES, NORMAL_STUDY_PHRASES
from preprocessing.facts.signs import find_signs
from preprocessing.facts.statement_terms import DEGREES
from preprocessing.records import Change, Side
from preprocessing.text.alternatives import Alternatives
from preprocessing.text.change import changes_of_mentions
from preprocessing.text.days import EARLIER_DAY
from preprocessing.text.laterality import find_sides, sides_of_mentions, union, values_of_mentions
from preprocessing.text.measurements import find_sizes, sizes_differ
from preprocessing.text.places import find_places
from preprocessing.text.plain import PlainText, plain_text
from preprocessing.text.sentences import Segment, join_wrapped_lines, segments
from preprocessing.text.status import Certainty, Judged, Status, judge_mentions


@dataclass(frozen=True, slots=True)
class Mention:
    """A term of a plain text at characters ``start`` to ``end``, and what the text says of it.

    ``segment``: the characters of its segment. ``places``: lobes, zones, ribs, vertebrae.
    ``sizes``: in millimetres. ``degree``: lowest and highest (1 slight, 2 moderate, 3 great).
    ``fixed``: a phrase with a verdict of its own ("heart size is normal"). ``sign``: it is not
    named but described (``signs.py``).
    """

    names: tuple[str, ...]
    start: int
    end: int
    parents: tuple[str, ...] = ()
    status: Status = "present"
    certainty: Certainty = "definite"
    side: Side | None = None
    places: frozenset[str] = frozenset()
    sizes: frozenset[float] = frozenset()
    distances: frozenset[float] = frozenset()
    degree: tuple[int, int] | None = None
    change: Change | None = None
    old: bool = False
    acute: bool = False
    fixed: bool = False
    denied_only: Literal["", "large", "new"] = ""  # as such: "no large effusion" is "past"
    pronoun: str = ""
    refers_back: bool = False
    sign: bool = False
    segment: tuple[int, int] = (0, 0)
    other_part: bool = False  # of the indication, the technique, the comparison


@dataclass(frozen=True, eq=False)
class OwnTerms:
    """Terms that are read beside those of the ontology.

    Args:
        terms: the names of a mention, the expression that finds it in lower-cased text, and whether
            it is a statement of normality, which denies what the names stand for.
        alone: whether they are read instead of the ontology's.
    """

    terms: tuple[tuple[tuple[str, ...], re.Pattern[str], bool], ...]
    alone: bool = False


@lru_cache(maxsize=4096)
def read_mentions(text: str, own: OwnTerms | None = None) -> tuple[PlainText, tuple[Mention, ...]]:
    """The text in its plain form, and its mentions in order; never raises."""
    plain = join_wrapped_lines(plain_text(text))
    return plain, tuple(_read(plain, own))


def forget() -> None:
    """Keep nothing of what was read."""
    read_mentions.cache_clear()
    _read_words.cache_clear()
    plain_text.cache_clear()


on_change(forget)


# Labels of what is no finding: who asks, what was done, what it is compared with.
_OTHER_PART = re.compile(
    r"(?!(?:lateral|frontal|pa|ap|oblique|decubitus) view)"
    r"(?:\w+ )?(?:indications?|history|clinical\b.*|reason\b.*|techniques?|comparisons?|procedure"
    r"|exam(?:ination)?(?: type| date)?|study|referr\w*.*|question|hx|request\w*.*|compared (?:to"
    r"|with)"
    r"|symptoms?|views?|protocol|contrast|dose|ordering.*|preliminary films?|previous films?"
    r"|prior films?|patient)$"
)


def is_other_part(label: str) -> bool:
    """Whether a label (lower case, without its colon) is of the indication, technique or such."""
    return _OTHER_PART.fullmatch(label) is not None


_FINDINGS = re.compile(r"findings?|results?|report|impression|body")
_ABSENT_LABEL = re.compile(r"(?:absent|negative|not (?:present|seen)|none of|excluded)")
_REQUEST = re.compile(r"\b(?:rule out|evaluate for|assess for|please|query|exclude|possible)\b")
_ATTRIBUTE_LABEL = re.compile(
    r"(?:site|location|side|position|size|laterality|lobe|extent|severity):"
)
# Stands for what was mentioned before.
_PRONOUN = re.compile(
    r"\b(?:(?:the )?(?:left|right)(?:-sided)? ones?|that(?= (?:on|at|in) the (?:left|right))"
    r"|th(?:is|ese|ey|at)(?= (?:is|are|has|have|was|were|may|measures?|lies|had))"
    r"|it(?= (?:is|has|was|may|measures|lies|now|had))|the other(?= (?:is|has|was))"
    r"|(?:now |today )?(?:there (?:is|are|was) )?none(?! of)(?= (?:is|are|was|seen|visible"
    r"|remains|now|today|on|at|in)|[ ]?[.,;]|$)"
    r"|its (?:site|location|position)(?= is)"
    r"|(?<=there is )one(?= (?:on|at|in|measur|of \d)|[ ]?[,.;]|$)"
    r"|(?<=other than )(?:the|an?)(?= (?:\w+ ){0,2}(?:patch|area|focus|one|band)\b)"
    r"|(?<=except )(?:in|at|on|over)(?= the)|(?<=except for )(?:in|at|on|the(?= (?:left"
    r"|right) (?:lung|base|apex|side)))"
    r"|(?:since|subsequently|later)(?= (?:been )?(?:repositioned|removed|resolved|cleared|drained"
    r"|replaced|withdrawn))"
    r"|(?:an?|the) (?:small|large|tiny|moderate|similar|larger|smaller|new|second"
    r"|further)(?: \w+)? ones?"
    r"|both(?= (?:are|have|were)))\b"
)
# A part of a device, or what stands for it, at the beginning of the next sentence.
_DEVICE_PART = re.compile(
    r"(?:(?:and|but|however),? )?(?:(?:with )?(?:(?:the|its|their) )?(?:distal |proximal |catheter "
    r"|tube )?(?:tips?|ends?|side[ -]?(?:ports?|holes?))(?: of the (?:lead|wire|line|tube|drain"
    r"|catheter))?(?! of)|it|this|these|(?:the )?(?:left|right)"
    r"(?:-sided)? one|(?:the )?(?:other|former|latter|second|first)(?: one)?|one(?: of (?:them"
    r"|these|the two))?(?: (?:lead|wire|limb|lumen|tube|line))?|the (?:lead|wire|limb|lumen))\b"
    r"|(?=(?:please |kindly |suggest )?(?:advance|withdraw|pull back|retract|reposition"
    r"|re-?site)\b)"
)
# "Pneumothorax, effusion, free air: none": all of the list.
_DENIED_LIST = re.compile(
    r"(?: ?[:=]| -) *(?:all )?(?:none|negative|absent|nil|no|excluded"
    r"|not (?:seen|present|identified))\W*$"
)
_JOINS = re.compile(r",|/| (?:and|or) ")
_LIST = re.compile(r"[\w/' ,-]+")
_SAYS = re.compile(r"\b(?:is|are|was|were|has|have|with|but|without|shows?|which|left|right)\b")
_FIRST = frozenset(("since", "subsequently", "later"))
_WHOLE = frozenset(("it", "this", "these", "they", "that"))
_LARGE_BEFORE = re.compile(
    r"\b(?:large|larger|sizable|sizeable|massive|big|drainable|tension)\s(?:\w+\s)?$"
)
_NEW_BEFORE = re.compile(
    r"\b(?:no|without)(?: \w+){0,2}? (?:new|developing|recurrent|worsening|increasing|enlarging"
    r"|growing|progressive|progressing)\s(?:[\w-]+\s){0,3}$"
)
_BIGGER_BEHIND = re.compile(r" ?(?:>|<|larger than|greater than|over|above|of more than) ?\d")
_VALUE_SIDE = re.compile(
    r"\b(left|right)(?: (?:side|lung))?[:=]? ?(?:none|no|negative|absent|clear"
    r"|normal)\b(?! \w+(?:ion|is|ax))"
)
_NO_LABEL = re.compile(r"\b(?:is|are|has|have|shows?|obscur\w+|silhouett(?:es|ing)|persists?)\b")
_EXPLANATION = re.compile(
    r"\b(?:versus|vs|(?:most )?likely|probabl[ey]|may|suspicious|suggest\w*|concerning"
    r"|represent\w*)\b"
)
_MAY_BE = re.compile(
    r",? ?(?:(?:the|this|its) (?:appearances?|findings?) )?(?:which |that |this )?"
    r"(?:(?:could|may|might|would) (?:\w+ )?(?:represent|be|reflect|indicate|mean)|possibly"
    r"|probably|perhaps|likely"
    r"|suspicious (?:of|for)|suggest\w*(?: of)?|raising (?:the )?(?:possibility|suspicion) of"
    r"|concerning for|query|possible)(?: an?)?(?: \w+)? "
)
# What somebody came with; a question beside it was asked and is no doubt of the reader.
_COMPLAINT = re.compile(
    r"\b(?:c/o|complain\w*|presents? with|presented with|fevers?|cough\w*|(?:chest|back|flank) pain"
    r"|dyspn\w+|breathless\w*|shortness of breath|haemoptysis|hemoptysis|wheez\w+|weight loss)\b"
)
_QUERY_BEFORE = re.compile(r"\b(?:possible|query|queried|any) (?:(?:an?|the|new) )?$")
_ASKED = re.compile(r"(?:.*, ?)?possible \w")
_FREE = r"(?: (?:is|remains|appears))?(?: (?:\w+ly|well|now|still))? (?:up|aerated|over-?expanded"
_OWN_LUNG = re.compile(
    rf" lung{_FREE}|expanded|inflated)\b"
    rf"|(?:-sided)? (?:one|side|hemi-?thorax|base|apex|zone|(?:(?:costo-?phrenic"
    rf"|cp) )?angle){_FREE}"
    r"|expanded|inflated|dry|clear|normal|free|sharp)\b"
)
_ON_A_SIDE = re.compile(r" (?:on|at|in) the (?:left|right)\b")
_ONE_IS_FREE = re.compile(rf" one{_FREE}|expanded|inflated|dry|clear|normal|free)\b")
_ANSWER = re.compile(
    r"(?:yes|no|none|neg|pos|negative|positive|present|absent|0|nil|unchanged|resolved)\b"
)
_ATTRIBUTE_LINE = re.compile(
    r"(?:(?P<answer>no|none|negative|absent|nil)|yes|positive|present)(?=[ ,]|$)(?!,? \w+ \w+ \w+)"
    r"|(?:(?:small|large|moderate|mild|severe|tiny|trace|left|right|bilateral|both sides|stable"
    r"|unchanged|minimal|apex"
    r"|base|apical|basal|\d+(?:\.\d+)? ?[mc]m)(?:, ?| |$)){1,6}(?=$)"
)
# "Heart possibly enlarged" is one term.
_DOUBT_INSIDE = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|perhaps|likely|questionabl[ey]|(?:may|might|could) be"
    r"|suspected)\b"
)
# "Cannot exclude a pneumothorax due to a skin fold": the fold hides it.
_NOT_EXCLUDED = re.compile(
    r"\b(?:can|could) not (?:\w+ly )?(?:exclude|rule out) (?:an? )?(?:[\w-]+ ){0,3}$"
)
_REMOVAL_BEHIND = re.compile(r" (?:removal|extraction|withdrawal|explantation)\b")
_REPAIR_BEHIND = re.compile(r" (?:repair|resection|excision|surgery|operation|clipping)\b")
_OTHER_SIDE = re.compile(r"\b(?:contralateral|opposite side|other side)\b")
_SAME_SIDE = re.compile(
    r"^(?:the )?(?:findings?|appearances?|features)\b|\b(?:ipsilateral|same side|same (?:lung"
    r"|hemi-?thorax)|that (?:side|hemi-?thorax|lung|lobe)|it|there)\b(?! (?:is|are))"
    r"|\b(?:within|in|inside|beside|around|behind|below|above|next to|adjacent to) it\b"
)
_OLD = re.compile(
    r"\b(?:old|healed|healing|chronic|remote|longstanding|long-standing|sequela\w*"
    r"|postoperative|post-?surgical)\b"
)
_ACUTE = re.compile(
    r"(?<!nothing )(?<!no )(?<!not )(?<!without )(?<!without interval )(?<!no interval )"
    r"\b(?:acute|active|new|newly|recent(?! (?:\w+ ){0,2}(?:surg\w+|procedures?|operations?"
    r"|interventions?|biops\w+|trauma|falls?|injur\w+|stud(?:y|ies)|exam\w*|films?|radiographs?"
    r"|admission|history)\b)|fresh|focal|superimposed"
    r"|definite|significant|overt|gross|discrete|suspicious|visible|obvious"
    r"|frank|lobar|confluent|displaced)\b"
)
_DEGREE = re.compile(
    rf"(?<!slightly )(?<!mildly )(?<!moderately )\b(?:{'|'.join(DEGREES)})(?:ly)?\b"
)
# "The heart was large in 2019."
_WAS_INSIDE = re.compile(r" (?:was|were) ")
_THEN = re.compile(rf" (?:in (?:19|20)\d\d\b|{EARLIER_DAY})")
_WAS = re.compile(
    r"(?:it |this |they |these )?(?:was|were|had measured|previously|formerly|earlier)\b"
)
_IS_NOW = re.compile(
    r"(?:(?:today|currently|now),? )?(?:it|this|they|these) (?:now |today |currently )+(?:is|are"
    r"|measures?)\b|(?:now|today|currently),? (?:it |this )?(?:is |measures? )?(?:about )?\d"
)
_OWN_DENIAL = re.compile(r"\b(?:no|not|without|nor|or|and|neither|none|free|negative)\b|[,;/&]")
_SOMEWHERE = (
    r"(?: (?:the )?(?:left|right) (?:lung|side|base|apex|hemi-?thorax|(?:upper|middle|lower|mid)"
    r" (?:lobe|zone)))"
)
_GREAT = r"(?: an?)?(?: (?:small|moderate|large|massive|huge|tiny|big|extensive|sizeable|new))"
_TURN = r"(?: (?:left|right|bilateral|left-sided|right-sided)(?: (?:apical|basal|basilar))?)"
# How a finding begins anew behind a denial, and behind a phrase of what is normal.
_ANEW = re.compile(rf"(?:{_SOMEWHERE}(?: (?:has|shows|with))?{_GREAT}?{_TURN}?|{_GREAT}{_TURN}) ")
_PLACED = re.compile(rf"(?:{_SOMEWHERE}|{_TURN})?(?: (?:has|shows|with))?{_GREAT}?{_TURN}? ")
# "No acute bony abnormality is seen lytic lesion of the left rib".
_NO_ABNORMALITY = re.compile(r"\bno (?:[\w-]+ ){0,3}?abnormalit(?:y|ies) $")
_SEEN_NONE = re.compile(
    r"\bno (?:[\w-]+ ){0,3}?abnormalit(?:y|ies) (?:is|are) (?:seen|identified|noted|demonstrated) $"
)
_BONE_OR_SIDE = re.compile(r"(?:[tlc]\d|left|right)")
_OF_AN_ORGAN = re.compile(r"(?:heart|cardiac silhouette|mediastinum|aorta|trachea|diaphragms?) \w")
_RECENT = frozenset(("acute", "new", "newly", "recent", "fresh"))


def _read(plain: PlainText, own: OwnTerms | None = None) -> list[Mention]:
    parts = list(segments(plain))
    labels = [plain.text[one.start : one.label].rstrip(" :") for one in parts]
    last_label = max((row for row, label in enumerate(labels) if label), default=-1)
    first_findings = next(
        (row for row, label in enumerate(labels) if _FINDINGS.fullmatch(label)), -1
    )
    other_part, heading_side, heading = False, None, ""
    organs = False  # whether a label before named what is reported on
    result: list[Mention] = []
    before: list[Mention] = []  # of the last segment with mentions: what "it" stands for
    bare = False  # whether the segment before was a name alone
    for row, (segment, label) in enumerate(zip(parts, labels, strict=True)):
        if label or segment.line:
            heading = label
        organs = organs or bool(label and not _OTHER_PART.fullmatch(label))
        if label:
            other_part = bool(_OTHER_PART.fullmatch(label))
            heading_side = union(
                {one.side for one in find_sides(plain.text, segment.start, segment.label)}
            )
        elif segment.line:
            heading_side = None
        device = _device_meant(plain.text, segment, before)
        found = _read_segment(plain.text, segment, before[-1:], bare, heading, device, own)
        if other_part and (segment.new and not label and last_label < row):
            other_part = False
        asked = _COMPLAINT.search(plain.text, segment.start, segment.end) or (
            row and _COMPLAINT.search(plain.text, parts[row - 1].start, parts[row - 1].end)
        )
        if asked and not result and _ASKED.match(plain.text, segment.start, segment.end):
            found = [replace(o, status="past") if o.status == "uncertain" else o for o in found]
        if other_part or (
            row < first_findings
            and not organs
            and _REQUEST.search(plain.text, segment.start, segment.end)
        ):
            found = [replace(one, status="past", other_part=True) for one in found]
        if _ABSENT_LABEL.fullmatch(label):
            found = [replace(one, status="absent") for one in found]
        if heading_side:
            found = [one if one.side else replace(one, side=heading_side) for one in found]
        for one in [one for one in found if one.refers_back]:
            # "It has resolved", "it is on the left": said of a mention of the segment before.
            found.remove(one)
            if result:
                result[-1] = _completed(result[-1], one)
        if not found and result and _IS_NOW.match(plain.text, segment.start, segment.end):
            result[-1] = _grown(result[-1], plain.text, segment.start, segment.end, now=True)
        elif not found and result and _WAS.match(plain.text, segment.start, segment.end):
            result[-1] = _grown(result[-1], plain.text, segment.start, segment.end)
        if not found:
            before = []
        bare = len(found) == 1 and (found[0].start, found[0].end) == (segment.start, segment.end)
        if found:
            before = found
        result += found
    result = [
        replace(one, status="past") if _is_answered(plain.text, one, result[row + 1 :]) else one
        for row, one in enumerate(result)
    ]
    expected = ontology().expected_in(plain.text)
    return [replace(one, old=True) if expected & {*one.names} else one for one in result]


def _is_answered(text: str, one: Mention, later: Sequence[Mention]) -> bool:
    """Whether a doubt was the question that a later sentence denies: "? mass. No mass is seen."."""
    return (
        one.status == "uncertain"
        and _QUERY_BEFORE.search(text[max(one.start - 30, 0) : one.start]) is not None
        and any(
            other.status == "absent" and other.names == one.names and other.segment != one.segment
            for other in later
        )
    )


def _grown(one: Mention, text: str, start: int, end: int, *, now: bool = False) -> Mention:
    """A mention with its change, where the next segment says how large it was, or is ``now``."""
    other = frozenset(size.value for size in find_sizes(text, start, end))
    if one.change or not sizes_differ(one.sizes, other):
        return one
    if now:
        change: Change = "worse" if max(other) > max(one.sizes) else "improved"
        return replace(one, sizes=other, change=change)
    return replace(one, change="worse" if max(one.sizes) > max(other) else "improved")


def _completed(one: Mention, more: Mention) -> Mention:
    """A mention with what a later segment says of it."""
    if more.status != "present" and one.status != "absent":
        one = replace(one, status=more.status, certainty=more.certainty)
    elif more.pronoun == "line" and more.status == "present":
        one = replace(one, status="present")
    names = more.names if set(more.names) < set(one.names) else one.names
    return replace(
        one,
        names=names,
        side=one.side or more.side,
        places=one.places or more.places,
        sizes=one.sizes or more.sizes,
        degree=one.degree or more.degree,
        change=one.change or more.change,
    )


def _read_segment(
    text: str,
    segment: Segment,
    before: Sequence[Mention],
    bare: bool,
    heading: str,
    device: str,
    own: OwnTerms | None,
) -> list[Mention]:
    """The mentions of a segment; the same sentence, of any report, is read once.

    ``before``: the last mention before it, if any; ``device``: as :func:`_device_meant` gives it.
    """
    words = text[segment.start : segment.end]
    bare = bare and segment.line
    if before and not bare:
        # Of it no more than is looked at, and nothing where nothing refers to it.
        one = before[0]
        known = Mention(one.names, 0, 0, one.parents, side=one.side, fixed=one.fixed)
        before = [known] if _refers_back(words) else []
    moved = segment.start - (1 if segment.start else 0)  # a blank stands for what is before
    found = _read_words(
        " " + words if segment.start else words,
        segment.label - moved,
        segment.line,
        tuple(before),
        bare,
        heading,
        device,
        own,
    )
    place = (segment.start, segment.end)
    said: list[tuple[Any, ...]] = [
        (one.names, one.start + moved, one.end + moved, *_SAID(one), place, one.other_part)
        for one in found
    ]
    return [Mention(*values) for values in said]


# All fields of a mention between its end and its segment.
_SAID = attrgetter(*[one.name for one in fields(Mention)][3:-2])


@lru_cache(maxsize=16_384)
def _refers_back(words: str) -> bool:
    """Whether anything in a segment may be said of a mention before it."""
    return any(
        expression.search(words)
        for expression in (_PRONOUN, _OTHER_SIDE, _SAME_SIDE, _ATTRIBUTE_LABEL)
    )


@lru_cache(maxsize=16_384)
def _read_words(
    text: str,
    label: int,
    line: bool,
    before: Sequence[Mention],
    bare: bool,
    heading: str,
    device: str,
    own: OwnTerms | None,
) -> tuple[Mention, ...]:
    """The mentions of a segment that stands alone, behind a blank where it is not the first."""
    start = 1 if text[:1] == " " else 0
    segment = Segment(start, len(text), label, line, False)
    found = _read_alone(text, segment, before, bare, heading, device, own)
    return tuple(found if own and own.alone else _with_signs(text, segment, found))


def _with_signs(text: str, segment: Segment, found: list[Mention]) -> list[Mention]:
    """With the findings that the segment describes and does not name."""
    described = []
    known = ontology()
    for sign, start, end, part in find_signs(text, segment.start, segment.end):
        entry = known.by_name.get(sign.name)
        if entry is None or any(
            sign.name in one.names and (one.status != "absent" or part[0] <= one.start < part[1])
            for one in found
        ):
            continue
        sides = {one.side for one in find_sides(text, start, end)} or {
            one.side for one in find_sides(text, *part)
        }
        described.append(
            Mention(
                entry.names or (entry.name,), start, end, entry.parents, certainty="probable",
                side=union(sides) if entry.sided else None,
                places=frozenset(one.place for one in find_places(text, *part)), sign=True,
                segment=(segment.start, segment.end),
            )
        )  # fmt: skip
    return sorted([*found, *described], key=lambda one: one.start) if described else found


def _read_alone(
    text: str,
    segment: Segment,
    before: Sequence[Mention],
    bare: bool,
    heading: str,
    device: str,
    own: OwnTerms | None,
) -> list[Mention]:
    start, end = segment.start, segment.end
    mentions = [] if own and own.alone else find_terms(text, start, end, heading)
    if own:
        mentions = _with_own_terms(text, start, end, mentions, own)
    if segment.label > start:
        mentions = _without_label(text, segment, mentions)
    if not mentions and bare and (match := _ATTRIBUTE_LINE.match(text, start, end)):
        # "Pneumothorax" on a line of its own, and its value on the next.
        first = replace(before[-1], start=start, end=match.end(), pronoun="line")
        answer: Status = "absent" if match["answer"] else "present"
        mentions = [replace(first, status=answer, fixed=True, side=None, refers_back=True)]
    if not mentions and before and (match := _ATTRIBUTE_LABEL.match(text, start, end)):
        mentions = [
            Mention(before[-1].names, start, match.end(), pronoun="label", refers_back=True)
        ]
    if device:
        mentions = _with_device_part(text, segment, mentions, device)
    mentions = _with_pronouns(text, segment, mentions, before)
    if not mentions:
        return []
    spans = [(one.start, one.end) for one in mentions]
    judged = _beyond_denials(text, mentions, judge_mentions(text, start, end, spans))
    if _is_denied_list(text[start:end]):
        judged = [one._replace(status="absent") for one in judged]
    side_words = list(find_sides(text, start, end))
    if segment.label > start and (without := _VALUE_SIDE.findall(text, segment.label, end)):
        # "Effusion: left small, right none"
        side_words = [one for one in side_words if one.side not in without]
        if not any(one.start > segment.label for one in mentions):
            status: Status = "present" if side_words else "absent"
            judged = [one._replace(status=status) for one in judged]
    if len({one.side for one in side_words}) > 1:  # "small left effusion, right lung aerated"
        side_words = [one for one in side_words if not _OWN_LUNG.match(text, one.end, end)]
    sides = sides_of_mentions(text, start, end, spans, side_words)
    places = values_of_mentions(text, start, end, spans, list(find_places(text, start, end)))
    measured = [((one.kind, one.value), one.start, one.end) for one in find_sizes(text, start, end)]
    sizes = cast(
        list[set[tuple[str, float]]],
        values_of_mentions(text, start, end, spans, measured, shared=False),
    )
    degrees = _attributes(text, start, end, spans, _DEGREE)
    ages = _attributes(text, start, end, spans, _OLD)
    acute = _attributes(text, start, end, spans, _ACUTE)
    changes = changes_of_mentions(text, start, end, spans)
    unsided = ontology().unsided
    result = []
    for row, (one, (status, certainty), side) in enumerate(
        zip(mentions, judged, sides, strict=True)
    ):
        if one.fixed:
            status, certainty = one.status, "definite"
        elif status == "moved":
            kept = tuple(name for name in one.names if name != "Device Malposition")
            there = "Support Devices" in one.names
            one, status = replace(one, names=kept or one.names), "present" if there else "past"
        elif one.pronoun.endswith("none"):
            status, certainty = "absent", "definite"
        elif _WAS_INSIDE.search(text, one.start, one.end) and _THEN.match(text, one.end, end):
            status = "past"
        elif (
            status == "past" and _NOT_EXCLUDED.search(text[max(start, one.start - 40) : one.start])
        ) or (status == "present" and _DOUBT_INSIDE.search(text, one.start, one.end)):
            status, certainty = "uncertain", "possible"
        elif (
            status == "present"
            and "Support Devices" in one.names
            and _REMOVAL_BEHIND.match(text, one.end, end)
        ):
            status = "past"
        elif (
            status == "past"
            and not one.pronoun
            and _NEW_BEFORE.search(text[max(start, one.start - 60) : one.start])
        ):
            one = replace(one, denied_only="new")
        elif status == "present" and _REPAIR_BEHIND.match(text, one.end, end):
            status = "past"
        elif status == "absent" and not one.pronoun:
            large = _LARGE_BEFORE.search(text[max(start, one.start - 30) : one.start])
            if large or _BIGGER_BEHIND.match(text, one.end, end):
                one, status = replace(one, denied_only="large" if large else ""), "past"
        if side is None and before and before[-1].side in ("left", "right"):
            rest = text[start:end]
            if _OTHER_SIDE.search(rest):
                side = "left" if before[-1].side == "right" else "right"
            elif not side_words and status != "absent" and _SAME_SIDE.search(rest):
                side = before[-1].side
        if unsided.issuperset(one.names):
            side = None
        ranks = [DEGREES[word.removesuffix("ly")] for word in degrees[row]]
        by_kind = {
            kind: frozenset(value for of, value in sizes[row] if of == kind)
            for kind in ("size", "earlier", "distance")
        }
        if by_kind["earlier"] and sizes_differ(by_kind["size"], by_kind["earlier"]):
            grown = max(by_kind["size"]) > max(by_kind["earlier"])
            changes[row] = "worse" if grown else "improved"
        change = changes[row] or ("new" if acute[row] & _RECENT and status != "absent" else None)
        result.append(
            replace(
                one, status=status, certainty=certainty, side=side,
                places=frozenset(cast(set[str], places[row])),
                sizes=by_kind["size"], distances=by_kind["distance"],
                degree=(min(ranks), max(ranks)) if ranks else None,
                change=change,
                old=bool(ages[row]), acute=bool(acute[row]), segment=(start, end),
            )
        )  # fmt: skip
    return _resolve_sides(text, _signs_in_doubt(text, result))


def _is_denied_list(words: str) -> bool:
    """Whether a segment is a list and one denial of all of it."""
    denial = _DENIED_LIST.search(words)
    listed = words[: denial.start()] if denial else ""
    return (
        _LIST.fullmatch(listed) is not None
        and _JOINS.search(listed) is not None
        and not _SAYS.search(listed)
    )


def _beyond_denials(
    text: str, mentions: Sequence[Mention], judged: Sequence[Judged]
) -> list[Judged]:
    """With what run-on words put behind a denial: "no effusion large right pneumothorax".

    A denial ends where the next finding begins anew: with a lung or a side of the chest, with a
    degree and a side, with an organ of its own, or behind a phrase of what is normal.
    """
    result = list(judged)
    first = mentions[0]
    if result[0].status == "absent" and not first.fixed:
        said = text[max(first.start - 80, 0) : first.start]
        if _SEEN_NONE.search(said) or (
            _NO_ABNORMALITY.search(said) and _BONE_OR_SIDE.match(text, first.start)
        ):
            result[0] = result[0]._replace(status="present")
    for row, (before, one) in enumerate(pairwise(mentions), 1):
        gap = text[before.end : one.start]
        if result[row].status != "absent" or one.fixed or _OWN_DENIAL.search(gap):
            continue
        anew = (_PLACED if before.fixed else _ANEW).fullmatch(gap)
        if anew or (not gap.strip() and _OF_AN_ORGAN.match(text, one.start)):
            result[row] = result[row]._replace(status="present")
    return result


def _signs_in_doubt(text: str, mentions: list[Mention]) -> list[Mention]:
    """With a sign in doubt as what it may be is: "bulky hilum, possibly adenopathy"."""
    result = list(mentions)
    for row, (one, other) in enumerate(pairwise(mentions)):
        if (
            one.names == other.names
            and (one.status, other.status) == ("present", "uncertain")
            and not any(ontology().tier(name) == "critical" for name in one.names)
            and text[one.start : one.end] != text[other.start : other.end]
            and _MAY_BE.fullmatch(text, one.end, other.start)
        ):
            result[row] = replace(one, status="uncertain", certainty=other.certainty)
    return result


def _resolve_sides(text: str, mentions: list[Mention]) -> list[Mention]:
    """With "ipsilateral" and "contralateral" to the mention before in the same segment."""
    result: list[Mention] = []
    for one in mentions:
        near = text[max(one.segment[0], one.start - 40) : min(one.end + 40, one.segment[1])]
        known = next((m.side for m in reversed(result) if m.side in ("left", "right")), None)
        if known and re.search("ipsilateral|that side|same side", near) and one.status != "absent":
            one = replace(one, side=known)
        elif known and "contralateral" in near:
            one = replace(one, side="left" if known == "right" else "right")
        result.append(one)
    return result


def _attributes(
    text: str, start: int, end: int, spans: Sequence[tuple[int, int]], words: re.Pattern[str]
) -> list[set[str]]:
    """The words of a kind that belong to each mention."""
    found = [(match.group(), *match.span()) for match in words.finditer(text, start, end)]
    return cast(list[set[str]], values_of_mentions(text, start, end, spans, found, shared=False))


def _without_label(text: str, segment: Segment, mentions: list[Mention]) -> list[Mention]:
    """Without the mentions of the label, unless the value speaks of them.

    "Effusion: small, left" and "effusion: none" do; "effusion: no pleural fluid" and "heart: no
    failure" have mentions of their own.
    """
    value = text[segment.label : segment.end].strip()
    words = text[segment.start : segment.label]
    named = [one for one in mentions if one.end <= segment.label]
    if named and len(words.split()) > len(text[named[0].start : named[-1].end].split()) + 2:
        return mentions  # "Opacity at the left base: either ..."
    own = [
        one
        for one in mentions
        if one.start >= segment.label
        or one.end > segment.label
        or "Device Malposition" in one.names  # "PICC goes up: tip in the neck"
    ]
    if _NO_LABEL.search(words) or _EXPLANATION.search(value):
        # "The opacity obscures the diaphragm: pneumonia?", "basal opacity: likely atelectasis"
        known = {name for one in mentions if one not in named for name in one.names}
        named = [one for one in named if known.isdisjoint(one.names)]
        mentions = [one for one in mentions if one.start >= segment.label or one in named]
        if named:
            return mentions
    answer = _ANSWER.match(value)
    if answer and (not own or text[segment.label + answer.end() :][:1] in ",;(."):
        return mentions
    return own if own or not value else mentions


def _device_meant(text: str, segment: Segment, before: Sequence[Mention]) -> str:
    """The device of the segment before that a segment begins to speak of, or nothing."""
    devices = [one for one in before if "Support Devices" in one.names and one.status != "absent"]
    if not devices or not _DEVICE_PART.match(text, segment.label, segment.end):
        return ""
    kinds = [name.lower() for name in devices[-1].names if name != "Support Devices"]
    return kinds[0] if kinds else text[devices[-1].start : devices[-1].end]


def _with_device_part(
    text: str, segment: Segment, mentions: list[Mention], device: str
) -> list[Mention]:
    """With a device astray, where the sentence before names it: "The tip is in the neck"."""
    part = _DEVICE_PART.match(text, segment.label, segment.end)
    if part is None:
        return mentions
    subject = f"{device} tip" + " " * (not part.group())
    whole = subject + text[part.end() : segment.end]
    for one in find_terms(whole, 0, len(whole)):
        if one.start < len(subject) and "Device Malposition" in one.names:
            end = part.end() + one.end - len(subject)
            astray = replace(one, start=part.start(), end=end)
            return [astray, *(other for other in mentions if other.start >= end)]
    return mentions


def _with_pronouns(
    text: str, segment: Segment, mentions: list[Mention], before: Sequence[Mention]
) -> list[Mention]:
    """With a mention for each word that stands for an earlier one, under its names."""
    result = list(mentions)
    for match in _PRONOUN.finditer(text, segment.start, segment.end):
        word = match.group()
        if any(one.start < match.end() and one.end > match.start() for one in result):
            continue
        if word.endswith(" one") and _ONE_IS_FREE.match(text, match.end() - 4):
            continue  # "while the right one is well expanded"
        earlier = [one for one in mentions if one.end <= match.start()]
        if word in _WHOLE and (earlier or match.start() > segment.start + 12):
            continue
        opposed = text[match.start() - 2 : match.start()] == ", " and _ON_A_SIDE.match(
            text, match.end()
        )
        if word.endswith("none") and earlier and not opposed:
            continue  # but for "effusion on the left, none on the right"
        if word.split()[0] in _FIRST and match.start() > segment.start:
            continue
        whom = earlier[-1:] or list(before[-1:])
        none = word.endswith("none") and not earlier  # else "effusion left, none on the right"
        back = none or word in _WHOLE or word in _FIRST or word.startswith("its")
        if whom and not whom[0].fixed and not (earlier and back and word in _WHOLE):
            own = Mention(
                whom[0].names, *match.span(), whom[0].parents, pronoun=word, refers_back=back
            )
            result.append(own)
    return sorted(result, key=lambda one: one.start)


def find_terms(text: str, start: int, end: int, heading: str = "") -> list[Mention]:
    """The mentions of a segment of plain text, by their words alone.

    ``heading``: the label of its line, which gives words their sense as the segment itself does.
    """
    expression, groups, contexts = _terms()
    denied = find_not_normal(text, start, end)
    found = []
    for match in expression.finditer(text, start, end):
        names, parents, status = groups[match.lastgroup or ""]
        if (status == "absent" or "No Finding" in names) and any(
            a < match.end() and b > match.start() for a, b in denied
        ):
            continue  # "neither lung is clear" is no denial of opacities
        if names:
            fixed = status is not None
            known = cast(Status, status or "present")
            found.append(Mention(names, *match.span(), parents, known, fixed=fixed))
    for needed, words, names, parents in contexts:
        if needed.search(text, start, end) or needed.search(heading):
            found += [
                Mention(names, *match.span(), parents)
                for match in words.finditer(text, start, end)
                if not any(one.start < match.end() and one.end > match.start() for one in found)
            ]
    return sorted(found, key=lambda one: one.start)


def _with_own_terms(
    text: str, start: int, end: int, mentions: Sequence[Mention], own: OwnTerms
) -> list[Mention]:
    """With the mentions of own terms; those that share words become one, under all their names."""
    result = list(mentions)
    for names, expression, normal in own.terms:
        for match in expression.finditer(text, start, end):
            status: Status = "absent" if normal else "present"
            one = Mention(names, *match.span(), status=status, fixed=normal)
            same = [other for other in result if other.start < one.end and other.end > one.start]
            if same:
                result = [other for other in result if other not in same]
                fixed = next((other for other in (*same, one) if other.fixed), None)
                every = (*same, one)
                one = replace(
                    fixed or one,
                    names=tuple(dict.fromkeys(name for other in every for name in other.names)),
                    parents=tuple(dict.fromkeys(n for other in every for n in other.parents)),
                    start=min(other.start for other in every),
                    end=max(other.end for other in every),
                )
            result.append(one)
    return sorted(result, key=lambda one: one.start)


_Named = tuple[tuple[str, ...], tuple[str, ...], str | None]  # names, parents, fixed status


@lru_cache(maxsize=1)
def _terms() -> tuple[
    Alternatives,
    dict[str, _Named],
    list[tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...], tuple[str, ...]]],
]:
    """All terms as one expression, what each of its groups names, and the words of a context."""
    known = ontology()
    extra = [("", pattern) for pattern in NORMAL_STUDY_PHRASES]
    extra += [("", pattern) for *_, pattern in FIXED_STATUS_PHRASES]
    expression, names = known.expression([(n, p.replace("_", " ")) for n, p in extra])
    groups: dict[str, _Named] = {}
    for row, name in enumerate(names):
        entry = known.by_name.get(name)
        own = (entry.names or (entry.name,)) if entry else ()
        groups[f"t{row}"] = (own, entry.parents if entry else (), None)
    for row in range(len(NORMAL_STUDY_PHRASES)):
        groups[f"t{row}"] = ((NO_FINDING,), (), "present")
    for row, (status, own, _) in enumerate(FIXED_STATUS_PHRASES, start=len(NORMAL_STUDY_PHRASES)):
        groups[f"t{row}"] = (own, (), "past" if status == "drop" else status)
    contexts = []
    for needed, words, name in known.context_expressions():
        entry = known.by_name[name]
        contexts.append((needed, words, entry.names or (name,), entry.parents))
    return expression, groups, contexts


on_change(_terms.cache_clear)
