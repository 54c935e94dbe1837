"""The parts of a sentence that are not accounted for, word by word.

"No acute abnormality" may stand only beside sentences that are accounted for: each of their parts
has only harmless words, or denies what may be denied. What has any other word is told in its own
words instead, whether or not a rule reads it. The words are in
:mod:`graphsum.impressions.harmless_words`; on the training findings of Open-i 94 % of 2,692 reports
have no such part.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from graphsum.impressions.explained import (
    is_normal,
    is_normal_or_title,
    is_patient,
    last_normal,
    names_chronic,
    without_normal,
)
from graphsum.impressions.harmless_words import DENIABLE, HARMLESS, OF_DEVICES
from preprocessing.facts.information import ANATOMY

_DEVICE = re.compile(r"\b(?:tubes?|lines?|catheters?|drains?|leads?|wires?)(?: tips?)?\b")
_KIND = re.compile(
    r"\b(?:(?P<airway>et|ett|endotracheal|tracheostomy)|(?P<enteric>ng|ngt|nasogastric|og|ogt"
    r"|orogastric|feeding|enteric|dobb?hoff)|(?P<drain>chest (?:tubes?|drains?)|pigtail"
    r"|thoracostomy|intercostal)|(?P<pacing>pacemaker|pacing|pacer|icd|defibrillator)"
    r"|(?P<object>clip|stent|coil|cannula|fragment)"
    r"|(?P<line>picc|cvc|central (?:venous )?(?:line|catheter)|port|hickman|(?:jugular|subclavian)"
    r" (?:\w+ )?(?:line|catheter)))\b"
)
_WHERE = re.compile(
    r"\b(?:(?P<trachea>trachea|windpipe|carina)|(?P<bronchus>bronch(?:us|i))"
    r"|(?P<gullet>o?esophagus|gullet|pharynx)|(?P<stomach>stomach|gastric|fundus|antrum|duoden\w+"
    r"|jejun\w+|pylor\w+)|(?P<svc>svc|superior vena cava|cavo-?atrial|atri(?:um|al))"
    r"|(?P<ivc>ivc|inferior vena cava)|(?P<vein>jugular|subclavian|brachiocephalic|innominate)"
    r"|(?P<ventricle>ventric\w+|coronary sinus)|(?P<artery>aort\w+|carotid|arter(?:y|ies))"
    r"|(?P<azygos>azygos)|(?P<liver>liver|hepatic|spleen|kidneys?|bladder)"
    r"|(?P<pleura>pleura\w*|fissure)|(?P<lung>lungs?|lobes?)|(?P<neck>neck)"
    r"|(?P<chest>chest(?! wall)|thorax|hemi-?thorax)|(?P<heart>heart)"
    r"|(?P<soft>soft tissues?|subcutaneous|chest wall))\b"
)
_PLACES = tuple(_WHERE.groupindex)
# Where the devices of a kind may lie.
_BELONGS = {
    "airway": frozenset(("trachea",)),
    "enteric": frozenset(("stomach",)),
    "object": frozenset(_PLACES) - {"bronchus", "ventricle", "svc"},
    "drain": frozenset(("pleura", "lung", "chest")),
    "pacing": frozenset(("svc", "ventricle", "vein", "soft", "chest", "heart")),
    "line": frozenset(("svc", "vein", "soft", "ivc", "chest")),
}
_A_DENIAL = re.compile(
    r"\b(?:no|not|without|neither|nor|none|never|nothing|nil|absent|cannot|nowhere|fails? to"
    r"|negative for|free of|free from|clear of|resolved|gone|cleared|disappeared|excluded"
    r"|ruled out)\b"
)
_ALL = re.compile(r"\b(?:nothing|none|nil|nowt|without reserve)\b")
# Deniable words that name nothing.
_HOW_MUCH = frozenset(
    "out than too now more most much little least even slightest whatsoever kind sort type amount"
    " amounts volume degree element component other free left high".split()
)
_NAMES = DENIABLE - _HOW_MUCH  # what a denial may be of
_PART_ENDS = re.compile(
    r"[,;:()=]|(?<= )-(?= )|\b(?:and|but|or|yet|while|whereas|though|although)\b"
)
_CONTRASTS = ("but", "yet", "while", "whereas", "though", "although")
_SIDE = re.compile(r"\b(?:left|right)\b")
# What says where one thing is, or of what kind it is.
_PLACED = re.compile(
    r"\b(?:left|right|in the|at the|under|below|above|(?:is|are|has|have) (?!(?:\w+ly )?(?:seen"
    r"|identified|demonstrated|detected|noted|visible|visuali\w+|present|evident|found)\b)"
    r"|widen\w+|enlarged|ruptured|broken|hyper\w+|new|large|small|free|\d)"
)
_OF_PLACE = re.compile(
    r"\b(?:left|right|small|large|moderate|tiny|new|heart|under|below|beneath|in the|at the|of the"
    r"|(?:upper|lower|middle) (?:lobe|zone))\b"
)
_ORGAN = re.compile(r"\b(?:heart|cardiac|mediastin\w+|hil\w+|clavic\w+|diaphragm\w*|under)\b")
_SEEN = re.compile(r"\b(?:is|are|was) (?:seen|identified|noted|present|visible)\b")
_FEW = 6  # words
# What is not chronic, or is told, though chronic words stand beside it.
_NOT_CHRONIC = re.compile(
    r"\b(?:blunt\w*|flap|double|displac\w+|ruptur\w+|leak\w*|torn|tear|fluid|air|gas|mass|lump"
    r"|gone|lost|missing|destr\w+|erod\w+)\b"
)
_KNOWN = DENIABLE | HARMLESS | {""}
_NEGATED = re.compile(r"(?:non-?|un-?)")
_OF = re.compile(r"\s*(?:of|from|for)\b")
_A_WORD = re.compile(r"\b(?!(?:mm|cm|hu|ml|x)(?![\w-]))[a-z][a-z'-]*")
_A_LENGTH = re.compile(r"\d ?(?:mm|cm|%|hu|degrees?)(?![a-z])|\d ?(?:x|by) ?\d")
# "Other: nil" says nothing; what "Lungs clear: no" says is in its label.
_IS_ANSWER = re.compile(r"\W*(?:no|nil|none|nothing|negative|absent|normal|clear|n|ok|fine)\W*")
_VALUE = re.compile(rf"[=:]{_IS_ANSWER.pattern}")
_LOST_WORD = re.compile(r"xx+|__+")
_LONG_THERE = re.compile(
    r"\b(?:stable|unchanged|similar|chronic|old|healed|post-?operative|post-?surgical|variants?)\b"
)
_ANEW = re.compile(r"\b(?:new(?:ly)?|now|however|larger|bigger|wider|grown|lost)\b")
# Phrases of what is of no account, of words that alone may be.
_BENIGN = re.compile(
    r"\b(?:(?:senescent|degenerative|arthritic|age-related|endplate|spondylotic|hypertrophic) "
    r"(?:sclerotic |endplate )?changes?|bone anchors?|fat pads?|(?:(?:large |obese )?body )?habitus"
    r"|(?:large|small|moderate|normal) (?:amount of )?stool|(?:(?:has|have|had) been )?(?:removed"
    r"|taken out|withdrawn|extracted)"
    r"|(?:interval )?removal of|cervical ribs?|no (?:previous|prior|old|earlier|comparison|recent)"
    r" (?:\w+ )?(?:films?|stud(?:y|ies)|images?|imaging|radiographs?|exam\w*|priors?)"
    r"|tips? (?:\w+ ){0,6}?(?:svc|superior vena cava|cavo-?atrial|atri(?:um|al))(?: junction)?"
    r"|(?:arter(?:y|ies)|veins?|branch(?:es)?) (?:\w+ )?(?:fill|opacify)\w*(?: \w+ly| well)?"
    r"|(?:multiple |numerous |several )?surgical clips?"
    r"|nipple (?:ring|shadow|jewell?ery)s?"
    r"|costo-?chondral (?:calcification|cartilage)s?|calcifications? of (?:the )?(?:\w+ ){0,2}?"
    r"(?:cartilages?|chondral portions?)|evidence of (?:previous|prior|old|remote)"
    r"|(?:differences|change)"
    r" in (?:the )?(?:patient |patient's )?(?:rotation|positioning|position|technique|inspiration"
    r"|projection)|(?:colonic )?interposition(?: of (?:the )?(?:colon|bowel))?|chilaiditi\w*"
    r"|(?:(?:air|gas)[- ]filled )?non-?(?:dilated|distended) (?:bowel )?loops"
    r"|prosthetic (?:(?:left|right) )?(?:humeral|femoral) heads?"
    r"|(?:(?:humeral|femoral) )?heads? (?:with )?(?:bone )?anchors"
    r"|obscured by (?:the )?(?:patient's |overlying )?(?:mandible|chin|jaw|head)"
    r"|(?:renal )?osteodystrophy"
    r"|(?:bridging )?syndesmophytes?|limbus vertebra|(?:(?:cervical|lumbar|spinal|posterior"
    r"|anterior) )+(?:spine )?fusion|vertebroplast(?:y|ies)|(?:nerve |neuro-?|spinal )?stimulators?"
    r"|(?:mitral )?annular calcifications?|(?:prominent )?(?:(?:left|right) )?(?:epi|peri|epiperi)"
    r"cardial fat(?: pads?)?|acromioclavicular (?:joint )?(?:osteoarthritis|arthrosis)"
    r"|no (?:(?:significant|interval|appreciable) )*changes? (?:in|of)"
    r"|in (?:act|evolution|activity)|character of activity|gastrostomy(?: tube)?"
    r"|(?:aortic )?stent grafts?|not remarkable|(?:interval )?resolution of"
    r"|(?:somewhat |mildly |slightly |markedly )?limited|artefactual|artifactual|come up fully"
    r"|prominent thym\w+|(?:reflections|pleural surfaces|fissures) (?:are |is )?(?:thin|delicate)"
    r"|(?:both )?lungs (?:are )?(?:nice and |nicely )?(?:black|lucent)"
    r"|as (?:sharp|clear|black|clean|good|normal) as|great vessels|full of air"
    r"|(?:bowel )?gas pattern|bowel gas|(?:in)?as ?far as (?:can be )?seen"
    r"|(?:right|left) (?:\w+ )?(?:slightly |a little )?higher than the (?:left|right)"
    r"|(?:(?:can|could) )?(?:not|never) (?:be |been )?(?:\w+ly )?(?:included|imaged|covered"
    r"|assessed|evaluated|judged))\b"
)


_HOWEVER = re.compile(r"^ ?however,?(?= )")
# "The lungs are clear airspace disease", of which "of" was lost.
_LOST_OF = re.compile(
    r"(?:(?<=lungs )|(?<=lungs are )|(?<=expanded and ))clear(?= (?:focal |acute |any )*"
    r"(?:air ?-?space (?:disease|opacit\w+)|consolidations?|infiltrates?) ?(?:[.,;]|$|or\b))"
)
# Contrast medium, gas or stool where it belongs.
_NO_HARM = (
    r"(?:(?!\b(?:leak|escap|extravas|spill|outside|beyond|beside|free|pleura|mediast|bronch|periton"
    r"|aspirat|dilat|disten|obstruct|wall|herni|chest|thora|lung|retain|fail|delay|hold))[^,;])"
)
_IN_ITS_PLACE = re.compile(
    # "No nodule > 4 mm" says of what size none is.
    r"\b(?:no|without) (?:[\w-]+ ){0,3}?(?:nodules?|lesions?|mass(?:es)?|effusions?|nodes?"
    r"|opacit\w+) ?(?:>|(?:larger|greater|bigger) than|over|above|exceeding|of more than)"
    r" ?\d+(?:\.\d+)? ?[mc]m\b"
    r"|\b(?:(?:residual|oral|enteric|excreted|radiopaque|radio-opaque|dense|old) )*"
    r"(?:(?:contrast|barium)(?: (?:material|medium|media|agent))?|(?:air|gas) and (?:stool"
    r"|f(?:a)?eces)|(?:stool|f(?:a)?eces)(?: and (?:air|gas))?)\b"
    rf"{_NO_HARM}{{0,60}}?\b(?:in|within|fills?|opacif(?:y|ies)|outlines?|over|throughout|along)"
    rf" {_NO_HARM}{{0,30}}?\b(?:stomach|duodenum|bowel|colon|rectum|flexure|kidneys?|renal"
    rf" pelv[ei]s|collecting systems?|ureters?|bladder|abdomen)\b"
)


_IS_DENIAL = re.compile(r"\W*(?:no|nil|none|not|false|negative|incorrect|untrue|absent)\W*")
_IS_ABSENT = re.compile(r"(?:absent|negative|not (?:present|seen)|none of|excluded) ?:")
_IS_ABNORMAL = re.compile(r"\b(?:abnormal\w*|not normal)\b")
_AFFIRMS = re.compile(
    r"\W*(?:(?:answer|reply|result|a) ?: *)?(?:yes|confirmed|affirmative|positive|correct|false"
    r"|untrue|incorrect|wrong|regrettably not|unfortunately not|(?:sadly|regrettably) yes)\W*"
)


# What takes back that something is normal or denied; and what says how far it is so.
_TURNED = re.compile(
    r"\b(?:no smaller|not without|no denying"
    r"|(?:wrong|hard|difficult|impossible|unable|not possible|wish|like) to"
    r" (?:say|call|claim|deny|describe|regard)"
    r"|(?:can|could|would|do|did|should|may) not (?:\w+ )?(?:say|call|claim|describe|regard|deny)"
    r"|wish (?:i|that|one|we)|few would|nobody would|no one would"
    r"|(?:there|it|they|one) (?:is|are|does|has|have|was)(?= *$)"
    r"|there (?:is|are)(?: (?:one|some|several|two))? (?:on|in|at) the (?:left|right)"
    r"|(?:on )?(?<![a-z] )the (?:left|right)(?: one| side)? (?:is|has|shows|does) (?!(?:also "
    r"|too )?"
    r"(?:clear|normal|sharp|free|unremarkable|intact|fine|well)\b)"
    r"|(?:is|are) (?:wrong|false|incorrect)|not so (?:now|today|any ?more)"
    r"|shadow (?:is |was )?(?:absent|missing|gone)"
    # What a denial takes for granted.
    r"|(?:no|without|not) (?:[\w-]+ ){0,3}?(?:extension|displacement|levels?|destruction|growth"
    r"|enlargement|progression|erosion|invasion|cavitation|calcification|complications?|collapse"
    r"|involvement) (?:of|in|by|within|from) (?:the|this|that)"
    r"|no (?:second|third|fourth)|no (?:other|further) \w+ than"
    r"|(?:no|nothing|never|not)\b[^,;]{0,40}?\b(?:comes?|enters?|reach(?:es)?|pass(?:es)?|moves?"
    r"|expands?|inflates?|aerates?|blows?|holds?|keeps?|fills?|extends?|rises?|falls?)"
    r"|no (?:\w+ ){0,3}?(?:tubes?|tips?|lines?|leads?|catheters?)(?: tips?)? (?:\w+ ){0,4}?"
    r"(?:in|within|inside|at|below) the"
    # An organ out of its place.
    r"|(?:trachea|windpipe|mediastinum) (?:is |lies |sits |stands )*(?:to|on|in|of) the"
    r" (?:left|right)(?! of normal)|liver (?:is |lies |sits )*(?:to|on|in) the left"
    r"|(?:aortic arch|stomach(?: bubble)?|heart) (?:is |lies |sits |stands )*(?:to|on|in) the right"
    r"(?! (?:border|atri|ventric)\w*)|liver (?:is |lies )*in the (?:right )?(?:chest|thorax)"
    r"|to the (?:left|right) of (?:the )?midline|(?:not|off|out of) (?:in |at )?(?:the )?midline"
    r"|(?:in|into) (?:two|three|four|several|many) (?:parts|pieces|halves)"
    r"|(?:is|lies|sits) (?:anterior|posterior|medial|lateral|superior|inferior|behind|in front)"
    r"(?: to| of)? (?:the )?\w+"
    # "Clear" within limits.
    r"|clear (?:down )?(?:to|up to|as far as|above|below|only)|(?:remains?|still) aerated"
    r"|(?:aerated|clear) (?:part|portion|remainder)|not (?:as|so) (?:clear|well|black|sharp)"
    r"|anything but|far from|hardly|scarcely|barely)\b"
)
_LESS = re.compile(
    r"\b(?:twice|double|half|times|than|too|far|less|more|lost|not|no|was|were|would|could|wish"
    r"|used|once|until|unlike|except\w*|never|few|nobody)\b"
)
# What a part may be about beside an organ.
_MATTER = re.compile(
    r"\b(?:left|right|both|bilateral\w*|signs?|tip|tube|line|catheter|drain|wires?|valves?|prosthe\w+|stents?|spaces?|window"
    r"|angles?|sulc\w+|borders?|outlines?|silhouette|bases?|shadows?|clips?|cannulas?)\b"
)


class _Part(NamedTuple):
    """Characters ``start`` to ``end`` of a sentence; ``joint``: the word or sign before them."""

    start: int
    end: int
    joint: str


def _parts_of(text: str) -> list[_Part]:
    parts, start, joint = [], 0, ""
    for match in _PART_ENDS.finditer(text):
        parts.append(_Part(start, match.start(), joint))
        start, joint = match.end(), match[0].strip()
    return [*parts, _Part(start, len(text), joint)]


def odd_parts(
    text: str,
    denied: Sequence[tuple[int, int]],
    normal: Sequence[tuple[int, int]] = (),
    devices: Sequence[tuple[int, int]] = (),
    label: str = "",
) -> list[tuple[int, int]]:
    """The parts of a sentence that are not accounted for: starts and ends.

    A part is accounted for if each of its words is harmless, or is denied and may be.

    Args:
        text: the sentence.
        denied: where it names something that a rule reads as denied.
        normal: where it has a phrase of what is normal.
        devices: where it names a device, of which more may be said.
        label: what it is about.
    """
    if is_patient(text) or _IS_ANSWER.fullmatch(text) or _IS_ABSENT.match(label):
        return []
    text = _IN_ITS_PLACE.sub(lambda match: " " * len(match[0]), text)
    text = _LOST_OF.sub("no   ", text)
    text = _HOWEVER.sub(lambda match: " " * len(match[0]), text)
    parts = _parts_of(text)
    found = {one[:2] for one in _beyond_denials(text, parts, denied, normal, devices)}
    of_device = bool(devices) or _DEVICE.search(text) is not None
    before: tuple[int, int] | None = None  # the part before denies, and this may go on with it
    waits = False  # for the name of what it denies
    for start, end, _ in parts:
        inside = any(a < end and start < b for a, b in (*denied, *normal))
        part = _blanked(text, start, end, [*denied, *normal, *devices])
        if (
            _LOST_WORD.search(part)
            or _VALUE.fullmatch(text, start - 1, end)
            or (_LONG_THERE.search(part) and not _ANEW.search(part))
        ):
            waits = False
            continue
        own = not of_device and _A_DENIAL.search(_BENIGN.sub(" ", text[start:end])) is not None
        if waits and before and own:
            found.add(before)
            waits = False
        rest = ANATOMY.sub(" ", _BENIGN.sub(" ", without_normal(part)))
        words = [word.removesuffix("'s") for word in _A_WORD.findall(rest)]
        odd = [word for word in words if word not in HARMLESS]
        if of_device:
            odd = [word for word in odd if word not in OF_DEVICES]
        named = False
        if own or before:
            named = inside or any(word in _NAMES for word in words)
            named = named or _ALL.search(part) is not None
            named = named or _A_DENIAL.search(without_normal(text[start:end])) is None
            odd = [word for word in odd if not _is_deniable(word)]
            waits = (waits or own) and not named
        before = (start, end) if own or (before and not is_normal(part)) else None
        if _TURNED.search(text, start, end):
            odd.append("turned")
        elif odd and (
            _is_mostly_normal(part, odd) or not (named or _tells(f"{label} {text}", odd))
        ):
            odd = []
        if (odd and not _is_chronic(part)) or (not of_device and _is_measured(part)):
            found.add((start, end))
            waits = False
    if waits and before:
        found.add(before)
    return sorted(found)


def _beyond_denials(
    text: str,
    parts: Sequence[_Part],
    denied: Sequence[tuple[int, int]],
    normal: Sequence[tuple[int, int]],
    devices: Sequence[tuple[int, int]],
) -> list[_Part]:
    """The parts that name something which the denial before it may not reach.

    "No effusion on the right, a small one on the left"; "no effusion mass at the left hilum".
    """
    found = []
    chain = False  # a denial goes on
    sides: set[str] = set()  # of what is denied so far
    ended = False  # "or" was the last item of its list
    for row, part in enumerate(parts):
        here = text[part.start : part.end]
        own = _A_DENIAL.search(here) is not None
        named = [one for one in denied if one[0] < part.end and part.start < one[1]]
        own_sides = {match[0] for match in _SIDE.finditer(here)}
        if own:
            if _runs_on(text, part, named, normal) or _goes_on_from_normal(here):
                found.append(part)
            chain, sides, ended = True, own_sides, False
            continue
        if is_normal(here) and not named:
            chain = False
            continue
        if named and not chain:
            found.append(part)
            continue
        named = named or [one for one in devices if one[0] < part.end and part.start < one[1]]
        later = any(one.joint in ("or", "nor") for one in parts[row + 1 :])
        if chain:
            other = bool(sides and own_sides - sides)
            comma = part.joint in (",", "-", "(") and not later
            if (
                (part.joint in _CONTRASTS and (named or own_sides))
                or (other and part.joint not in ("or", "nor", "and"))
                or (comma and named and (ended or _PLACED.search(here)))
                or _runs_on(text, part, named, normal)
            ):
                found.append(part)
        ended = ended or part.joint in ("or", "nor")
        sides |= own_sides
    return found


def _goes_on_from_normal(part: str) -> bool:
    """Whether a part names something behind what it calls normal: "heart fine lump in apex"."""
    behind = part[last_normal(part) :]
    if behind == part or _OF.match(behind) or _A_DENIAL.search(behind):
        return False
    return any(word in _NAMES for word in _A_WORD.findall(behind))


def _runs_on(
    text: str,
    part: _Part,
    named: Sequence[tuple[int, int]],
    normal: Sequence[tuple[int, int]],
) -> bool:
    """Whether a part without a comma goes on with something else than it denies or calls normal."""
    spans = sorted([(a, b, False) for a, b in named] + [
        (a, b, _A_DENIAL.search(text, a, b) is None)
        for a, b in normal
        if a < part.end and part.start < b
    ])  # fmt: skip
    for (_, end, was_normal), (start, last, is_phrase) in pairwise(spans):
        if start < end or is_phrase or _A_DENIAL.search(text, end, start):
            continue
        behind = text[last : part.end]
        stop = _A_DENIAL.search(behind)
        behind = behind[: stop.start()] if stop else behind
        gap = text[end:start]
        if (
            was_normal
            or _SEEN.search(gap)
            or _OF_PLACE.search(f"{gap} ")
            or (not gap.strip() and (_OF_PLACE.search(behind) or _ORGAN.search(text, start, last)))
        ):
            return True
    return False


def _is_chronic(part: str) -> bool:
    """Whether all that is odd is something chronic: "bones are demineralized"."""
    return names_chronic(part) and _NOT_CHRONIC.search(part) is None


def _is_deniable(word: str) -> bool:
    """Whether a word, or what it is not, may be denied: "no uncalcified nodules"."""
    return word in DENIABLE or (
        _NEGATED.match(word) is not None and _NEGATED.sub("", word) in _KNOWN
    )


def names_something(label: str) -> bool:
    """Whether a label is itself a finding: "Two round lumps: ..." """
    return any(word in _NAMES for word in _A_WORD.findall(label))


def answers_oddly(label: str, text: str) -> bool:
    """Whether "Lungs clear: no" or "Abnormal: left hilum" is a finding; ``label``: with its colon.

    "Answer: confirmed" may be one, if what is asked is.
    """
    denied = _IS_DENIAL.fullmatch(text) is not None
    if _IS_ABNORMAL.search(label):
        return not denied
    return (is_normal(label) and denied) or _AFFIRMS.fullmatch(label + text) is not None


def is_misplaced(text: str) -> bool:
    """Whether a tube or line lies in a part of the body where one of its kind does not belong."""
    kinds = {match.lastgroup or "" for match in _KIND.finditer(text)}
    kinds = {"object"} if "object" in kinds else kinds  # a fragment of a catheter
    places = {match.lastgroup or "" for match in _WHERE.finditer(text)}
    return len(kinds) == 1 and not all(
        _BELONGS[kind].issuperset(places) or ("enteric" in kinds and "stomach" in places)
        for kind in kinds
    )


def _blanked(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> str:
    """A part of the text with blanks in the place of some of its characters."""
    part = list(text[start:end])
    for a, b in spans:
        for place in range(max(a, start), min(b, end)):
            part[place - start] = " "
    return "".join(part)


def _tells(text: str, odd: Sequence[str]) -> bool:
    """Whether a sentence may say something of the chest, and not of who was examined and why."""
    return (
        ANATOMY.search(text) is not None
        or _MATTER.search(text) is not None
        or any(word in DENIABLE for word in odd)
    )


def _is_mostly_normal(part: str, odd: Sequence[str]) -> bool:
    """Whether it has one unknown word, and ends with one of what is normal."""
    words = part.split()
    return (
        len(odd) == 1
        and len(words) <= _FEW
        and words[-1] != odd[0]
        and is_normal(" ".join(words[-2:]))
        and not _LESS.search(part)
        and not _A_DENIAL.search(part)
    )


def _is_measured(part: str) -> bool:
    return _A_LENGTH.search(part) is not None and not is_normal_or_title(part)
