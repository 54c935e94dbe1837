"""The findings' own clauses, in the words of an impression.

A clause is what a sentence of the findings asserts or doubts, without the denials around it, the
label before it and the phrases that an impression does without ("there is a", "is seen").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphsum.impressions.explained import (
    EXAMINATION,
    denies,
    is_calm,
    is_normal,
    is_normal_or_title,
    is_patient,
    is_title,
    is_unexplained,
    is_unread,
)
from graphsum.impressions.odd_parts import (
    answers_oddly,
    is_misplaced,
    names_something,
    odd_parts,
)
from preprocessing.facts.comparison import is_actionable, may_matter, tier_of
from preprocessing.facts.information import ANATOMY
from preprocessing.facts.not_normal import find_not_normal
from preprocessing.facts.ontology import TIERS, Tier
from preprocessing.facts.reading import Mention, is_other_part, read_mentions
from preprocessing.facts.statements import Statement
from preprocessing.records import Side
from preprocessing.text.laterality import find_sides
from preprocessing.text.plain import PlainText
from preprocessing.text.prose import lower_capitals
from preprocessing.text.sentences import Segment, segments


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the findings at characters ``start`` to ``end`` (of the text as given).

    ``text``: as an impression has it. ``statements``: what it asserts or doubts; empty where no
    rule reads it. ``tier``: the highest of theirs. ``must``: whether one of them must be reported.
    ``calm``: whether words in it are mostly said of what is normal, or of the examination. ``odd``:
    whether it names nothing and says more than what is normal, denied or of the examination.
    ``described``: whether its text says what it means, which the findings only describe.
    """

    text: str
    start: int
    end: int
    statements: tuple[Statement, ...]
    tier: Tier
    must: bool
    calm: bool = False
    odd: bool = False
    described: bool = False


_SEPARATOR = re.compile(
    r"(?:,|;)? (?:and|but|yet|while|whereas|although|however|though"
    r"|(?:not (?:associated|accompanied) )?with)\b,? "
    r"|[,;] (?!\d)(?![^()]*\))"
)
# What leads to something else within the same clause: "has built up again after drain removal".
_LINK = re.compile(
    r" (?:without|after|following|since|despite|because|due to|with no|otherwise|no"
    r"|not|negative for)\b"
)
# Where a finding begins that stands behind another one without a sign.
_OPENS = re.compile(
    r"\b(?:the )?(?:left|right|bilateral|small|large|moderate|massive|tiny|huge|complete|new|old"
    r"|an?|\d+(?:\.\d+)? ?[mc]m|[lr][lmu]l)\b"
)
_PARTICIPLE = re.compile(r"(?:leaving|causing|producing|giving|resulting)\b")
# A sentence that cannot be read without the one before.
_NEEDS_BEFORE = re.compile(
    r"(?:its?|their|this|these|they|one|answer|reply|yes|confirmed|affirmative|false|untrue"
    r"|incorrect|regrettably|unfortunately|today there|(?:and )?now there"
    r"|(?:the )?(?:[\w-]+ ){1,3}(?:is|are) not(?=\W*$)"
    r"|(?:(?:and )?(?:on|at|in) the \w+ )?there (?:is|are) (?:one|some|another)"
    r"|both(?= (?:are|is|have|show|remain|measure|appear|look|were)\b)"
    r"|(?:the )?(?:left|right|other) one|(?:the )?(?:tips?"
    r"|ends?|side ?ports?|lead|wire)|(?:please )?(?:advance|withdraw|pull back|retract"
    r"|reposition))\b(?! of)"
)
_NEEDS_SUBJECT = re.compile(r"\W*(?:tips?|ends?|side ?ports?|lead|wire)\b")
_SAID_OF = re.compile(
    r"(?:this|these|it|they|both|all)(?: of (?:them|these))? (?:is|are|has|have|remains?|appears?)"
    r"(?: (?:also|again|both|all|now|since|become|got|been))* (?:\w+ly )?"
    r"(?:unchanged|stable|similar|new|worse\w*|increas\w+|decreas\w+|improv\w+|larger|smaller"
    r"|not (?:significantly )?changed|progress\w+|chronic|old|been (?:stable|unchanged))\b"
    r"|(?:it|this|these|they)(?:'s|'re| is| are) (?:now )?(?:up|down|less|more|better|worse|back)\b"
    r"|new (?:from|since|compared)\b"
    r"|(?:it|this|they|these) (?:was|were|measured|used to (?:be|measure)) (?:about |only "
    r"|around )?\d"
    r"|(?:on|at|in) (?:the )?(?:\w+ ){1,3}?(?:it|this|these|they) (?:was|were|measured)"
    r" (?:about |only |around )?\d"
    # What a shadow may be, in a sentence without a subject.
    r"|(?:could|may|might) (?:also |well )?(?:be|represent|reflect|indicate)\b"
    r"|(?:[\w-]+ ){1,2}(?:is |are )?favou?red\b"
    r"|(?:today,? )?(?:it|this|these|they) (?:now|is now|are now|has now|fills?|occup\w+)\b"
    r"|(?:previously|formerly|before|was|were) (?:about |only |around )?\d+(?:\.\d+)? ?(?:mm|cm)\b"
)
_OF_THE_CHEST = re.compile(
    r"\b(?:lungs?|heart|cardi\w+|pleura\w*|mediastin\w+|hil\w+|chest|bones?|osseous|soft tissues?"
    r"|airways?|trachea|diaphragms?|pulm\w*|vessels?|vascul\w+|zones?|lobes?)\b"
)
# What is denied first where somebody is examined for it.
_DENIAL = re.compile(
    r"\W*(?:there is |there are )?no (?:[\w-]+ ){0,3}?(?:filling defects?|clots?|embol\w+"
    r"|thromb\w+|breaks?"
    r"|fractur\w+|fx|disloc\w*"
    r"|bleed\w*|h\w?emorrhage|ich|tears?|stones?|calcul\w+|obstruct\w+|torsion|infarct\w*|flap"
    r"|dissection|perforat\w+|collections?|abscess\w*|mass(?:es)?|compression|dvt)\b"
)
# "At the same apex" as what the sentence before spoke of.
_SAME = re.compile(r"\bthe same (?=(?:apex|base|lung|lobe|side|hemi-?thorax|hilum|zone)\b)")
_ADVICE = re.compile(
    r"\b(?:recommend\w*|advis\w+|suggest(?:ed)?|warranted|please|needs?|should (?:be"
    r"|have))\b(?=.*\b(?:ct|mri?"
    r"|pet|ultrasound|biops\w+|follow(?:ed)?-? ?up|repeat(?:ed)?|radiograph\w*|x-?ray"
    r"|bronchoscop\w+"
    r"|\d+ (?:days?|weeks?|months?))\b)"
    r"|\b(?:ct|mri?|pet|ultrasound|biops\w+|follow-? ?up|repeat \w+|radiograph|x-?ray"
    r"|bronchoscop\w+)\b"
    r"(?=.*\b(?:is|are) (?:recommended|advised|suggested|warranted|needed)\b)"
)
_OF_A_DEVICE = re.compile(
    r"\b(?:leads?|lines?|tubes?|catheters?|wires?|drains?|stents?|valves?|pacemaker|picc|cvc)\b"
)
_A_SIDE = re.compile(
    r"\b(?:left|right|lingul\w*|bilateral\w*|both|bi\w{3,}|[lr][lmu][lz])\b", re.IGNORECASE
)
# A part that ends within the name of a place.
_UNFINISHED = re.compile(
    r"\b(?:at|in|of|over|on|behind|under|near|along|within) (?:the )?(?:(?:left|right|upper|middle"
    r"|lower|mid|anterior|posterior|superior|inferior|lateral|medial) ?)+$"
)
_SHORT = 16  # words
_AT_LENGTH = 20  # words of a sentence of which only a part is quoted
_LEADING = re.compile(
    r"^(?:(?:findings?|results?|report|description) ?: *)?"
    r"(?:(?:and|but|yet|while|whereas|although|however|though|also|additionally|otherwise|again|then"
    r"|which"
    r"|in addition|furthermore|now|,|;|-)[ ,]+)*"
    r"(?:there (?=and ))?(?:(?:there (?:is|are|has been|have been|remains?)|(?:seen|noted"
    r"|identified"
    r"|visuali[sz]ed)"
    r" (?:is|are))"
    r"(?: (?:again|now|also|still|redemonstrat\w+ of))* )?"
    r"(?:(?:an?|the|some) )?",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?<!no longer)(?<!not)(?<!not be)(?<!well)(?<!best)(?<!better)(?<!only)(?<!partly)(?<!poorly)"
    r"(?<!still)(?<!far as)(?<!just)(?<!to be)(?<!clearly)(?<!easily)(?<!readily)"
    r"(?<!barely)(?<!partially)(?<!incompletely)(?<!never)"
    r",? (?:(?:is|are|was|were) )?(?:again |also |now |again also )*(?:seen|noted|identified"
    r"|demonstrated|visuali[sz]ed"
    r"|evident|appreciated|observed|detected|visible)(?: (?:again|today|here|on (?:this|today's"
    r"|the present) \w+))?$"
    r"| (?:is|are) present$",
    re.IGNORECASE,
)
_BLANK = re.compile(
    r"(?:,? ?(?<!\w)(?:compared|comparison|as compared|since|than|from|dated|on|of|by|at|in"
    r"|with|to) (?:(?:to|with|the|prior|study|exam|film|of|on|in|from|dated) )*)?"
    r"(?:_{2,}|x{3,})(?:[ ,/-]+(?:_{2,}|x{3,}))*,?",
    re.IGNORECASE,
)


_VERB = re.compile(r"^(?:the )?(?:is|are|was|were|has|have)\b ?")  # of a subject that was removed
_CUT_OFF = re.compile(
    r"(?:,? (?:the|an?|of|with|to|and|or|from|by|which|that))+[ .]*$", re.IGNORECASE
)
_DANGLING = re.compile(r"(?:[ ,](?:is|are|was|were|has|have|the|an?|of|with|in|at|by))+[ .]*$")


def clauses_of(
    findings: str, statements: Sequence[Statement], *, closed: bool = False
) -> list[Clause]:
    """The clauses of findings that assert or doubt something, in order; denials have none.

    Args:
        statements: those of the findings.
        closed: whether a sentence whose words are not all known to be harmless is a clause.
    """
    plain, mentions = read_mentions(findings)
    found: list[Clause] = []
    before = ""  # the sentence before, that "it" and "the tip" need
    ended = -1  # where its last clause ends
    for segment in segments(plain):
        if is_other_part(plain.text[segment.start : segment.label].rstrip(" :")):
            continue
        inside = [one for one in mentions if one.segment == (segment.start, segment.end)]
        if find_not_normal(plain.text, segment.start, segment.end) and not any(
            one.status in ("present", "uncertain")
            and not _is_normal(one)
            and ("Support Devices" not in one.names or "Device Malposition" in one.names)
            for one in inside
        ):
            first, last = plain.origin(segment.start, segment.end)
            text = as_impression(plain, segment.start, segment.end)
            if before and _NEEDS_BEFORE.match(text.lower()):
                text = f"{before} {text}"
            found.append(Clause(text, first, last, (), "urgent", True))
            ended, before = last, text
            continue
        others = [one for one in inside if not one.pronoun and one.status != "past"]
        doubted = all(one.status == "uncertain" for one in others)
        if doubted and found and found[-1].end == ended and _is_said_of(plain, segment):
            first, last = plain.origin(segment.start, segment.end)
            own = tuple(o for o in statements if first <= o.start < last and o.names)
            own = tuple(one for one in own if one.status != "absent")
            found[-1] = replace(
                found[-1],
                text=f"{found[-1].text} {as_impression(plain, segment.label, segment.end)}",
                statements=(*found[-1].statements, *own),
                tier=min((found[-1].tier, *map(tier_of, own)), key=TIERS.index),
                must=found[-1].must or any(map(is_actionable, own)),
            )
            continue
        begin = segment.label
        if _NEEDS_SUBJECT.match(plain.text, segment.label, segment.end):
            begin = segment.start  # "Tube: tip in the right main bronchus"
        if _OF_A_DEVICE.search(plain.text, segment.start, segment.label):
            begin = segment.start  # "Pacing lead: fracture under the clavicle"
        if _is_of_an_organ(plain, segment):
            begin = segment.start  # "Thyroid: 2 cm nodule"
        title = EXAMINATION.search(plain.text, segment.start, segment.label)
        if not title and next(find_sides(plain.text, segment.start, segment.label), None):
            begin = segment.start  # "Right cardiophrenic angle: ..."
        elif not inside and not EXAMINATION.match(plain.text, segment.start):
            begin = segment.start  # "Gallbladder: surgically absent"
        odd = _odd_part(plain, segment, inside, statements) if closed else None
        if odd:
            text = as_impression(plain, *odd)
            if before and _NEEDS_BEFORE.match(text.lower()):
                text = f"{before} {text}"
            first, last = plain.origin(*odd)
            if text:
                own = tuple(one for one in statements if first <= one.start < last)
                own = tuple(one for one in own if one.status != "absent" or one.resolved)
                found.append(Clause(text, first, last, own, "none", False, odd=True))
                ended, before = last, text
                continue
        spans = _spans(plain, begin, segment.end, inside, segment.start)
        if any(one.sign for one in inside) and not any(one.status == "absent" for one in inside):
            # What describes is not cut.
            spans = [(begin, segment.end)]
        if not spans and _names_more(plain, segment, inside, statements):
            spans = [(begin, segment.end)]
        for start, end in spans:
            first, last = plain.origin(start, end)
            own = tuple(
                one
                for one in statements
                if first <= one.start < last
                and (one.status != "absent" or one.resolved)
                and _says_something(one)
            )
            text = as_impression(plain, start, end)
            if _SAME.search(text):
                sided = [one.side for one in mentions if one.end <= start and one.side]
                if sided[-1:] in (["left"], ["right"]):
                    text = _SAME.sub(f"the {sided[-1]} ", text)
            if before and _NEEDS_BEFORE.match(text.lower()):
                text = f"{before} {text}"
            if closed and not any(one.names for one in own):
                continue  # each word is harmless
            if not own and text and not inside and is_unread(plain.text[start:end]):
                calm = is_calm(plain.text[start:end])
                found.append(Clause(text, first, last, (), "none", False, calm))
            elif own and text:
                named = any(one.names - {"Density"} for one in own)
                lowered = text.lower()
                if not named and (is_normal(lowered) or is_title(lowered) or is_patient(lowered)):
                    continue
                tier = min((tier_of(one) for one in own), key=TIERS.index)
                must = any(map(is_actionable, own))
                calm = not named and is_calm(text.lower())
                text = _with_side(text, {one.side for one in own if one.names})
                found.append(Clause(text, first, last, own, tier, must, calm))
            ended = last
        before = as_impression(plain, begin, segment.end)
    return found


def _names_more(
    plain: PlainText, segment: Segment, inside: Sequence[Mention], statements: Sequence[Statement]
) -> bool:
    """Whether a sentence asserts by name what no mention is: "angle blunted, rest normal"."""
    first, last = plain.origin(segment.start, segment.end)
    mentioned = [plain.origin(one.start, one.end) for one in inside]
    return any(
        first <= one.start < last
        and one.names - {"Density"}
        and one.status == "present"
        and not any(start <= one.start < end for start, end in mentioned)
        for one in statements
    )


def _odd_part(
    plain: PlainText, segment: Segment, inside: Sequence[Mention], statements: Sequence[Statement]
) -> tuple[int, int] | None:
    """What a sentence that names nothing says beyond what is normal or denied, or None.

    That is all of it, or of a long one what stands from its first odd part to the last.
    """
    first, last = plain.origin(segment.start, segment.end)
    named = [
        one
        for one in statements
        if first <= one.start < last and one.names - {"Density"} and one.status != "absent"
    ]
    if not all(
        "Support Devices" in one.names and "Device Malposition" not in one.names for one in named
    ):
        return None
    label = segment.label
    spans: dict[str, list[tuple[int, int]]] = {"denied": [], "normal": [], "device": []}
    for one in inside:
        device = "Support Devices" in (*one.names, *one.parents)
        absent = one.status == "absent" and not one.fixed
        kind = "device" if device else "denied" if absent else "normal"
        spans[kind].append((one.start - label, one.end - label))
    about, said = plain.text[segment.start : label], plain.text[label : segment.end]
    if answers_oddly(about, said) or is_misplaced(about + said):
        return segment.start, segment.end
    parts = odd_parts(said, spans["denied"], spans["normal"], spans["device"], about)
    if not parts:
        return None
    start, end = label + parts[0][0], label + parts[-1][1]
    long = len(plain.text[label : segment.end].split()) > _AT_LENGTH
    before = {one.side for one in find_sides(plain.text, segment.start, start)}
    if before and not _A_SIDE.search(plain.text, start, end):
        long = False  # "Left side, everything below the sixth rib is white"
    if long and ANATOMY.search(plain.text, start, end) and not names_something(about):
        return start, end
    return segment.start, segment.end


def _with_side(text: str, sides: set[Side | None]) -> str:
    """A clause with the side that the rest of its sentence gave what it names."""
    side = next(iter(sides)) if len(sides) == 1 else None
    if side not in ("left", "right") or _A_SIDE.search(text):
        return text
    return (
        f"{side.capitalize()} side: {text if text[1:2].isupper() else text[0].lower() + text[1:]}"
    )


def _is_of_an_organ(plain: PlainText, segment: Segment) -> bool:
    """Whether only its label says of which organ a line is, and not of one of the chest."""
    label = plain.text[segment.start : segment.label]
    return (
        ANATOMY.search(label) is not None
        and not _OF_THE_CHEST.search(label)
        and not ANATOMY.search(plain.text, segment.label, segment.end)
    )


def unexplained(findings: str) -> list[str]:
    """The sentences that neither deny, nor are a title or normal: what they say is not known."""
    plain, _ = read_mentions(findings)
    return [
        as_impression(plain, one.start, one.end)
        for one in segments(plain)
        if is_unexplained(plain.text[one.label : one.end])
    ]


def sentences_of(findings: str) -> list[str]:
    """The sentences of findings as those of an impression, but for titles and what is normal."""
    plain, _ = read_mentions(findings)
    found = [
        (plain.text[one.start : one.end], as_impression(plain, one.start, one.end))
        for one in segments(plain)
    ]
    return [
        text
        for said, text in found
        if text and not is_normal_or_title(said) and not is_patient(said)
    ]


def side_of_title(findings: str) -> str:
    """The side that only the title says: "Duplex left leg: clot in the calf veins"; or empty."""
    plain, _ = read_mentions(findings)
    for one in segments(plain):
        end = one.label if one.label > one.start else one.end
        if re.match(r"(?:exam\w*|stud(?:y|ies)|procedure|views?|image)\b", plain.text[one.start :]):
            end = one.end
        elif not is_title(plain.text[one.start : end]) and (
            end == one.end or not EXAMINATION.search(plain.text, one.start, end)
        ):
            return ""
        sides = {found.side for found in find_sides(plain.text, one.start, end)}
        others = next(find_sides(plain.text, end, len(plain.text)), None)
        return sides.pop() if len(sides) == 1 and others is None else ""
    return ""


def advice_of(findings: str) -> list[str]:
    """Short sentences of findings that advise an examination, or one after an interval."""
    plain, _ = read_mentions(findings)
    return [
        as_impression(plain, one.label, one.end)
        for one in segments(plain)
        if _ADVICE.search(plain.text, one.label, one.end)
        and not denies(plain.text[one.label : one.end])
        and len(plain.text[one.label : one.end].split()) <= _SHORT
    ]


def denials_of(findings: str) -> list[str]:
    """Short sentences that deny what somebody is examined for, in other examinations."""
    plain, _ = read_mentions(findings)
    return [
        as_impression(plain, one.label, one.end)
        for one in segments(plain)
        if _DENIAL.match(plain.text[one.label : one.end])
        and len(plain.text[one.label : one.end].split()) <= _SHORT
    ]


def _is_said_of(plain: PlainText, segment: Segment) -> bool:
    """Whether a sentence says how the one before changed: "This is unchanged." """
    return _SAID_OF.match(plain.text, segment.label, segment.end) is not None


def _says_something(one: Statement) -> bool:
    return bool(one.names) or may_matter(one)


def _spans(
    plain: PlainText, start: int, end: int, mentions: Sequence[Mention], label: int
) -> list[tuple[int, int]]:
    """The characters of the parts of a segment that assert or doubt."""
    asserted = [
        (one.status in ("present", "uncertain", "moved") and not _is_normal(one))
        or (one.status == "absent" and one.change == "improved")
        for one in mentions
    ]
    if not mentions:
        return [(start, end)]
    if any(one.start < start for one in mentions):
        start = label  # "Pneumothorax: small, left"
    if all(asserted):
        return [(start, end)]
    spans: list[tuple[int, int]] = []
    row = 0
    while row < len(mentions):
        if not asserted[row]:
            row += 1
            continue
        last = row
        while last + 1 < len(mentions) and asserted[last + 1]:
            last += 1
        first_char = (
            start
            if row == 0
            else _cut(plain.text, mentions[row - 1].end, mentions[row].start, True)
        )
        if _PARTICIPLE.match(plain.text, first_char):
            first_char = start  # "The cavity has closed, leaving a scar"
        after = len(mentions) > last + 1
        last_char = (
            _cut(
                plain.text,
                mentions[last].end,
                mentions[last + 1].start,
                False,
                mentions[last + 1].start if mentions[last + 1].fixed else -1,
            )
            if after
            else end
        )
        if _UNFINISHED.search(plain.text, first_char, last_char):
            last_char = end  # "opacity at the right upper mediastinum is the normal thymus"
        spans.append((first_char, last_char))
        row = last + 1
    return spans


def _is_normal(one: Mention) -> bool:
    return one.names == ("No Finding",)


def _cut(text: str, start: int, end: int, behind: bool, before_next: int = -1) -> int:
    """Where two parts of a sentence meet between these characters.

    ``before_next``: where a part ends for want of a sign, if it is not to end at its finding.
    """
    found = list(_SEPARATOR.finditer(text, start, end))
    if not found:
        if behind:
            opened = _OPENS.search(text, start, end)
            return opened.start() if opened else end
        linked = _LINK.search(text, start, end)
        return linked.start() if linked else before_next if before_next >= 0 else start
    if behind:
        return found[0].end() if len(found) == 1 else _last_that_opens(text, found)
    return found[-1].start()


def _last_that_opens(text: str, found: Sequence[re.Match[str]]) -> int:
    for one in found:
        if re.match(
            r"(?:an?|the|there|this|small|large|moderate|mild|left|right|bilateral)\b",
            text[one.end() :],
        ):
            return one.end()
    return found[-1].end()


def without_blanks(text: str) -> str:
    """The text without what stands for a removed name or date, and what leads to it."""
    return " ".join(_BLANK.sub("", text).split()) if "__" in text or "xx" in text.lower() else text


def as_impression(plain: PlainText, start: int, end: int) -> str:
    """Characters of a plain text as a sentence of an impression; empty where nothing is left."""
    text = lower_capitals(plain.cased[start:end])
    whole, text = text, without_blanks(text)
    removed = text != whole
    if removed:
        text = _DANGLING.sub("", text)
    text = " ".join(text.split()).strip(" ,;:-")
    ended = -1
    while ended != len(text):  # "again noted is", and the verb of what was removed
        ended = len(text)
        text = _LEADING.sub("", text, count=1)
        if removed:
            text = _VERB.sub("", text, count=1)
    text = _CUT_OFF.sub("", _TRAILING.sub("", text)).strip(" ,;:-")
    text = re.sub(r"\s+([.,;:])", r"\1", text)
    if not re.search(r"[^\W\d_]{2}", text):
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
