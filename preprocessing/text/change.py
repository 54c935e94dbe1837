"""Words that compare an observation with an earlier study, and how far they reach.

Cues in the manner of ConText (Harkema et al. 2009): an adjective holds of the noun behind it
("new effusion"), a noun of what follows ("interval increase in the effusion"), a predicate of the
subject ("the effusion has improved"), an adverb of its clause ("again seen").
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, cast

from preprocessing.records import Change
from preprocessing.text.days import EARLIER_DAY

_SEEN = r"(?:seen|identified|visuali[sz]ed|present|demonstrated|noted|detected|evident|appreciated)"
_ADVERB = r"(?:\w+ly |now |since |somewhat |much |further )*"
_HAVE = r"(?:has|have|had)"
_PRIOR = r"(?:(?:the|any|a) )?(?:prior|previous|earlier|older?|comparison|last)"
_MORE = r"(?:increase[ds]?|increasing)"
_LESS = r"(?:decrease[ds]?|decreasing|reduction|reduced|diminished|diminishing)"
_NOUN = r"(?: (?:in|of)(?: the)?(?: size of| extent of| amount of)?(?! size\b| the interval))"
_ANY_CHANGE = (
    r"(?:chang(?:e|es|ed|ing)|increas(?:e|ed|ing)|decreas(?:e|ed|ing)|improv(?:ement|ed|ing)|"
    r"progress(?:ion|ed|ing)|growth|grown|worsen(?:ing|ed)|enlarge(?:ment|d)|resolution|resolved|"
    r"cleared|clearing|different|difference|moved)"
)
# "No bony changes" compares nothing.
_DEGREE = (
    r"(?: (?:significant|interval|appreciable|definite|substantial|further|gross|overall|obvious|"
    r"relevant|discernible|evidence of|sign of|any|other|the|short))*"
)
# "Larger on the left" compares sides.
_SIZE = r"(?! (?:than|on|in|at) (?:(?:on|in|at) )?(?:the )?(?:left|right)\b)"

# Tried in this order at each word; kind = value, then reach. "_" is "no value".
_CUES: dict[str, tuple[str, ...]] = {
    "none": (
        r"(?:no|without|nor|negative for)(?: (?:any|definite|evidence|of|for|focal|acute|"
        r"significant|worsening|or|,|and))* (?:new(?:ly)?|interval (?:development|appearance)|"
        r"developing|recurrent|(?:increasing|enlarging|worsening|progressive|progressing)"
        r"(?! (?:of|in)\b))(?: (?:or|and) (?:new|worsening|progressive|enlarging|increasing))?",
        r"high - resolution|new york|(?:is|are) increased density",
    ),
    "stable_after": (
        rf"(?:no|without){_DEGREE} {_ANY_CHANGE}{_NOUN}",
        r"(?:stability|persistence) of",
    ),
    "stable_before": (
        rf"(?:no|without){_DEGREE} {_ANY_CHANGE}(?<!changes)(?<!enlargement)",
        r"(?:no|without) (?:\w+ )?interval changes",
        rf"(?:not|n't|never) (?:been |be )?{_ADVERB}(?:been )?{_ANY_CHANGE}(?<!not enlarged)"
        r"(?<!y enlarged)",
        rf"neither {_ANY_CHANGE} nor {_ANY_CHANGE}",
        rf"(?:similar|comparable|identical)(?: \w+){{0,2}} to(?: that| those)?(?: \w+)? {_PRIOR}",
        r"similar(?= ?[.,;)]|$)|as before",
        r"(?:about |much |just )?the same as|same (?:size )?(?:as|since)|no different(?: from)?"
        rf"|{_HAVE} not (?:altered|budged|moved on|shifted)",
    ),
    "new_before": (
        rf"(?:not|n't) (?:\w+ly )?{_SEEN} (?:on|in) {_PRIOR}",
        rf"(?:(?:was|were|had been) )?(?:absent|not (?:\w+ly )?(?:there|{_SEEN})) {EARLIER_DAY}",
        rf"{_HAVE} {_ADVERB}(?:developed|appeared|recurred)",
    ),
    "new_after": (
        r"(?:interval )?development of(?! the)",
        r"interval (?:development|appearance|placement|insertion)(?: of)?",
    ),
    "improved_before": (
        rf"no longer (?:\w+ly |be |being )*{_SEEN}",
        rf"{_HAVE} {_ADVERB}(?:been )?(?:\w+ly )*(?:resolved|cleared|disappeared|regressed|"
        r"gone(?! (?:up|down|back|to|from (?:[^\s.;]+ ){1,4}?to)\b)|improved|shrunk|abated)",
        rf"{_HAVE} {_ADVERB}(?:become|got|grown) (?:\w+ly )*(?:smaller|less \w+)",
        r"(?:is|are) (?:now |completely |entirely )*(?:gone|resolved)",
        r"(?:is|are|appears?|looks?) (?:\w+ly )?better(?= ?[.,;)]|$)",
    ),
    "improved_after": (
        r"no longer",
        rf"(?<!high - )(?:resolution|improvement|clearing|regression){_NOUN}",
    ),
    "less_after": (rf"{_LESS}{_NOUN}",),
    "more_after": (rf"{_MORE}{_NOUN}|interval enlargement{_NOUN}|growth of",),
    "worse_after": (rf"(?:progression|worsening|deterioration|exacerbation){_NOUN}",),
    "worse_before": (
        rf"{_HAVE} {_ADVERB}(?:become|got) (?:\w+ly )*(?:larger|bigger|worse|more \w+)",
        rf"{_HAVE} {_ADVERB}(?:progressed|worsened|enlarged|grown|deteriorated)",
        r"progressed",
    ),
    "new_adjective": (r"new(?:ly)?(?: developed| placed| appearing| seen)?",),
    "stable_adjective": (
        r"stable|unchanged|persistent|persisting|static|unaltered|constant",
        r"re ?-? ?demonstrated",
    ),
    "improved_adjective": (
        r"improv(?:ed|ing)|resolv(?:ed|ing)|clearing|regressing|improvement",
        r"(?<!high - )resolution",
        rf"smaller{_SIZE}",
        rf"less (?:prominent|conspicuous|extensive|dense|confluent|severe){_SIZE}",
    ),
    "worse_adjective": (
        r"worsen(?:ed|ing)|progressive|progressing|progression|enlarging|growing",
        rf"(?:worse|larger|bigger){_SIZE}",
        rf"more (?:prominent|conspicuous|extensive|dense|confluent|severe){_SIZE}",
    ),
    "less_adjective": (_LESS,),
    "more_adjective": (_MORE,),
    "stable_around": (
        r"(?:once )?again(?: (?:seen|noted|identified|demonstrated|visuali[sz]ed))?",
        r"(?:persist|remain)s?|re ?-? ?demonstration(?: of)?",
    ),
}
_CUE = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<{kind}>{'|'.join(patterns)})" for kind, patterns in _CUES.items())
    + r")(?![\w-])"
)
_TIME = re.compile(
    r"\b(?:interval|since|prior|previous(?:ly)?|earlier|compar\w+|before|further|has|have|had)\b"
)
# Of these "increased" tells how they look, not how they changed, unless a time is named.
_LOOKS = re.compile(
    r"(?:marking|densit|opacit|lucenc|diameter|kypho|curv|attenuation|volume|size|prominence|"
    r"vascul|convexity|silhouette|airspace|inflation|expansion|dimension|lordo|tortuos|cuffing"
    r"|thickening)"
    r"\w*$"
)
# More of these is better.
_WANTED = re.compile(r"(?:aeration|inflation|expansion|ventilation|volumes?|excursion)$")


class ChangeCue(NamedTuple):
    """Characters ``start`` to ``end`` of the text; ``reach``: adjective, after, before, around.

    ``value``: a ``Change``, or ``more`` or ``less`` of something.
    """

    value: str
    reach: str
    start: int
    end: int


def find_changes(text: str) -> list[ChangeCue]:
    """The cues of a lower-cased sentence, in order."""
    cues = []
    for match in _CUE.finditer(text):
        value, _, reach = (match.lastgroup or "").partition("_")
        if value != "none":
            cues.append(ChangeCue(value, reach, *match.span()))
    return cues


def change_of(cue: ChangeCue, observation: str, text: str) -> Change | None:
    """What the cue says of an observation (lower-cased words) of the sentence ``text``."""
    if cue.value not in ("more", "less"):
        return cast(Change, cue.value)
    stated = cue.reach != "adjective" or text[cue.start : cue.end].endswith("ing")
    if not stated and _LOOKS.search(observation) and not _TIME.search(text):
        return None
    better = (cue.value == "more") == bool(_WANTED.search(observation))
    return "improved" if better else "worse"


_PARTED = re.compile(
    r"[,;:]|\b(?:and|or|with|without|is|are|was|were|in|on|at|has|have|but|while)\b"
)
_CLAUSE_END = re.compile(
    r";|, (?!and\b)|\b(?:but|while|whereas|although|however|with|there (?:is|are))\b"
)
_ENDS_NOUN = re.compile(r"\bwith\b|;|, (?!and\b|or\b)")
_REACH = 300  # characters between a predicate and its subject, at most
_JOINED = re.compile(r"\s*(?:,\s*|,? ?(?:and|or)\s+(?:\w+ ){0,2})$")


def changes_of_mentions(
    text: str, start: int, end: int, mentions: Sequence[tuple[int, int]]
) -> list[Change | None]:
    """How each mention of ``text[start:end]`` has changed, by its wording alone.

    An adjective belongs to the mention behind it, else to those before it in the clause; a noun
    ("increase in") to those behind it; a predicate to those before it.
    """
    result: list[Change | None] = [None] * len(mentions)
    if not mentions:
        return result
    clause = text[start:end]
    cues = find_changes(clause)
    claimed_until = 0
    for number, cue in enumerate(cues):
        first, last = start + cue.start, start + cue.end
        ahead = [row for row, one in enumerate(mentions) if one[0] >= last]
        inside = [row for row, one in enumerate(mentions) if one[0] < last and one[1] > first]
        behind = [
            row
            for row, one in enumerate(mentions)
            if one[1] <= first
            and row >= claimed_until
            and first - one[1] <= _REACH
            and not _CLAUSE_END.search(text, one[1], first)
        ]
        chosen: list[int] = []
        if inside:
            continue
        if cue.reach == "adjective" and ahead:
            between = text[last : mentions[ahead[0]][0]]
            if not _PARTED.search(between) and len(between.split()) <= 6:
                chosen = ahead[:1]
                for row in ahead[1:]:
                    gap = text[mentions[row - 1][1] : mentions[row][0]]
                    if not _JOINED.fullmatch(gap) or find_changes(gap):
                        break
                    chosen.append(row)
        elif cue.reach == "after":
            limit = start + cues[number + 1].start if number + 1 < len(cues) else end
            chosen = [
                row
                for row in ahead
                if mentions[row][0] < limit and not _ENDS_NOUN.search(text, last, mentions[row][0])
            ]
        if not chosen:
            chosen = behind or (ahead if cue.reach == "around" else [])
            if behind:
                claimed_until = behind[-1] + 1
        for row in chosen:
            observation = text[mentions[row][0] : mentions[row][1]]
            value = change_of(cue, observation, clause)
            if value and result[row] in (None, "stable"):
                result[row] = value
    return result
