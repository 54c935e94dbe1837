"""Sentences that deny what is normal, or take a denial back: "the lungs are not clear".

Such a sentence names no finding, and yet says that there is one.
"""

import re

from preprocessing.text.plain import PlainText
from preprocessing.text.sentences import segments

_NORMAL = (
    r"(?:clear(?:ed)?|normal(?:ly)?|intact|unremarkable|midline|central|satisfactor(?:y|ily)"
    r"|acceptabl[ey]|preserved|symmetric\w*|aligned|patent|sharp|aerated|expanded|inflated"
    r"|ventilated|well[ -](?:placed|positioned|sited|aerated|expanded|inflated|ventilated|aligned)"
    r"|in (?:an? |the |its )?(?:satisfactory|good|adequate|correct|proper|expected|appropriate"
    r"|right|normal) (?:position|place|alignment)|where (?:it|they) should be)"
)
_PLACE = (
    r"(?:trachea|windpipe|airway|stomach|gullet|o?esophagus|svc|superior vena cava"
    r"|(?:hemi-?)?diaphragm|pleural (?:space|cavity)|vein|bladder)"
)
_NOT_NORMAL = re.compile(
    r"\b(?:not|never|hardly|barely|scarcely|no longer|far from|anything but|nowhere near)\b"
    rf"(?: (?:yet|quite|entirely|completely|fully|wholly|at all|been|so|very))* {_NORMAL}\b"
    r"(?! (?:whether|if|why|what|that|from|where|how|seen|visuali\w+|defined|evaluat\w+|assess\w*"
    r"|imaged|included))"
    rf"|\bneither\b[^.;]{{0,40}}\b(?:is|are|appears?|looks?)\b (?:\w+ ){{0,2}}?{_NORMAL}\b"
    r"|\bno (?:normal|visible|discernible) (?:lung |vascular |bronchovascular )?markings?\b"
    r"|\b(?:lung|vascular|bronchovascular) markings? (?:(?:is|are) )?(?:absent|missing"
    r"|not (?:seen|visible|present))"
    r"|\bnothing to suggest (?:an? )?normal\b"
    r"|\b(?:lost|loses|loss of|lacks?) (?:its|their|the|all) normal\b"
    r"|\b(?:tubes?|tip|lines?|catheter|ett|ngt|drain|picc)\b[^.;]{0,40}?\bnot (?:(?:seen|visible"
    r"|lying|reaching|reach|extend\w*|pass\w*|project\w*) )?(?:in|into|within|to|below|beyond|past"
    rf"|under)?(?: the)? ?{_PLACE}\b"
    r"|\b(?:is|are|has|have|does|do) not(?= *(?:[.;,]|$))"
    r"|\bneither\b[^.;]{0,40}\b(?:is|are) (?:\w+ ){0,1}?(?:free of|without|devoid of|spared)\b"
    r"|\bno (?:\w+ ){0,1}?(?:aerated|healthy|ventilated|normal) lung\b|\bno lung markings?\b"
    r"|\bno longer any (?:\w+ )?(?:aeration|markings?|air entry|expansion)\b"
    r"|\bnot an? (?:entirely |completely )?normal\b|\bnothing (?:[\w-]+ ){0,4}?(?:is"
    r"|looks) normal\b"
    r"|\bnothing normal\b"
    # What was so, is less so, or would be so.
    r"|\bless (?:clear|well aerated|aerated|transparent)\b|\bused to be (?:clear|normal)\b"
    r"|\bwhich (?:was|were) (?:clear|normal)\b|\b(?:clear|normal),? unlike the\b"
    r"|\b(?:twice|double|three times) (?:the |its )?(?:normal|usual)\b"
    rf"|\b(?:would|could|might) (?:otherwise )?be (?:an? )?{_NORMAL}\b"
    r"|\b(?:were it|if it (?:were|was)) not for\b"
    # What takes a denial back.
    r"|\bno evidence (?:that|against)\b|\babsence of (?:an? )?\w+ (?:can|could) not\b"
    r"|\b(?:this|that) (?:is|was) (?:incorrect|wrong|not (?:true|so|correct))\b"
    r"|\bone (?:is|has been) (?:now )?(?:seen|present|visible|there)\b"
    r"|\bin fact (?:one|two|three|four|several|many)\b"
    r"|\b(?:correction|i mean|disregard the side|for (?:left|right) read)\b|\bsorry\b"
    # Exceptions to what is denied or normal.
    r"|\b(?:no|all|clear(?:ed)?|normal|intact)\b[^.;]{0,60}?\b(?:apart from|save|besides"
    r"|except(?:ing)?|bar the|outside of)\b(?=.* )|\bexcepted\b"
    # Lines, drains and leads in plain words; borders that are lost.
    r"|\b(?:drain|tube|line|lead|catheter|tip)\b[^.;]{0,60}?\b(?:pulled back"
    r"|outside of? the expected"
    r"|outside the expected|not in the (?:chest|heart|ventricle)|in(?:to)? the (?:\w+ )?carotid)\b"
    r"|\bdoes not reach the (?:chest wall|ribs)\b|\blung has dropped\b"
    r"|\b(?:hemi-?)?diaphragm (?:is|are|can) not (?:be )?(?:seen|visible|made out)\b"
)
# How the picture was taken is no finding.
_NO_NORMAL_PICTURE = re.compile(
    r"\bnot an? (?:entirely |completely )?normal (?:\w+ )?(?:films?|stud(?:y|ies)|exam\w*|chest)\b"
)
_PICTURE = re.compile(
    r"\b(?:inspirat\w+|effort|quality|techni\w+|film|exam\w*|stud(?:y|ies)|views?|exposure"
    r"|penetration|projection|rotat\w+|cause|a?etiology|significance|reason)\b"
)


def find_not_normal(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Where a segment of plain text (lower case) denies what is normal: starts and ends."""
    stop = len(text) if end is None else end
    if found := _NO_NORMAL_PICTURE.search(text, start, stop):
        return [found.span()]
    if _PICTURE.search(text, start, stop):
        return []
    return [match.span() for match in _NOT_NORMAL.finditer(text, start, stop)]


def says_not_normal(plain: PlainText) -> bool:
    """Whether a segment of a text denies what is normal."""
    return any(find_not_normal(plain.text, one.start, one.end) for one in segments(plain))
