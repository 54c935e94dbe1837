"""What a question asks: its kind, and the concepts, side and time that an answer must fit."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graphsum.tasks.concepts import find_concepts
from preprocessing.text.laterality import find_sides
from preprocessing.text.places import find_places
from preprocessing.text.plain import plain_text

Kind = Literal[
    "count", "size", "severity", "when", "compared", "change", "recommendation", "side", "place",
    "cause", "mechanism", "presence", "what",
]  # fmt: skip

_POLAR = re.compile(
    r"(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|should|any|must)\b"
)
_CHANGED = (
    r"(?:chang\w*|improv\w*|wors\w*|increas\w*|decreas\w*|resol\w*|cleared|disappear\w*|gone|larger"
    r"|smaller|bigger|grow\w*|grown|progress\w*|stable|unchanged|better|shrunk|shrink\w*"
    r"|re-?expanded|different|regress\w*|evol\w*|enlarged since"
    r"|advanced (?:since|over|compared|from)|new(?= ?\?|$| since| compared))"
)
_PLACE_NOUN = (
    r"(?:lobes?|zones?|segments?|parts?|portions?|levels?|vertebra\w*|ribs?|bones?|fingers?|toes?"
    r"|regions?|areas?|locations?|compartments?|quadrants?|thirds?|poles?|disc spaces?|organs?"
    r"|arter(?:y|ies)|veins?|vessels?|ventricles?|chambers?|sinus(?:es)?|discs?|joints?|digits?"
    r"|structures?|roots?|gyr\w+|ligaments?|tendons?|muscles?|valves?|bronch\w+|airways?|branch(?:es)?|metatarsals?"
    r"|metacarpals?|horns?|aspects?|walls?|ducts?|ends?|groups?|stations?)"
)
_UNIT = r"(?:milli\w+|centi\w+|mm|cm|ml|cc|percent|per cent|degrees|lit(?:er|re)s)\b"
_KINDS: tuple[tuple[Kind, str], ...] = (
    (
        "mechanism",
        r"^how (?:did|was|were|do) .*\b(?:injur\w*|br(?:eak|oke|oken)|hurt|fall|fell|fractur\w*"
        r"|happen\w*|occur\w*|acquir\w*|contract\w*|get|got|sustain\w*|caught|swallow\w*)\b"
        r"|\b(?:used|meant|needed|intended|for what purpose|purpose)\b.*\b(?:for|of)$"
        r"|\bpurpose of\b|\bbeing used for\b",
    ),
    ("count", rf"^how many\b(?! {_UNIT})|\bnumber of\b"),
    (
        "size",
        r"\bhow (?:large|big|wide|thick|long(?! ago)|deep|tall|high|far(?! advanced)|small|dilated"
        r"|fast|much)\b"
        r"|\bwhat (?:sizes?|diameter|length|width)\b"
        r"|\bwhat (?:is|are|was|were) (?:\w+ ){0,4}?(?:sizes?|diameters?|lengths?|width|thickness"
        r"|dimensions?|measurements?|distance|depth|height|volume|calib\w+|extent|ratio|angle|score|category"
        r"|percentage|attenuation|density|value)\b"
        rf"|\bhow many {_UNIT}"
        r"|\bwhat (?:share|proportion|fraction) of\b"
        r"|\bmeasur\w*\b|\bat what distance\b|\bwhat percentage\b",
    ),
    (
        "severity",
        r"\bhow (?:severe|extensive|marked|bad|badly|heavy|heavily|(?:far )?advanced|serious"
        r"|pronounced|significant|great"
        r"|displaced|narrow\w*|enlarged)\b|\b(?:severity|degree|grade|stage|extent) of\b"
        r"|\bto what (?:degree|extent)\b|\b(?:what|which) (?:degree|grade|severity|stage|type)\b",
    ),
    (
        "compared",
        r"\bcompar(?:ed|ison|able|ing)\b(?=.*(?:what|which|when|with\W*$|to\W*$|available|date"
        r"|made|from))|\b(?:what|which|when)\b.*\bcompar(?!tment)|\b(?:what|which|when)\b.*\b(?:previous"
        r"|prior|earlier) (?:study|exam\w*|film|scan|radiograph|ct|mri)",
    ),
    (
        "when",
        r"^when\b|\bhow long ago\b|\bwhat (?:date|year|month|day|week|time)\b|\bhow soon\b"
        r"|\bhow often\b",
    ),
    (
        "change",
        r"^how (?:has|have|did|does|do)\b(?!.*\bcause)|\bwhat (?:has )?(?:happened|become|became)\b"
        rf"|^(?:is|are|was|were|has|have|had|did|does|do)\b(?! (?:there|any)\b).*\b{_CHANGED}"
        r"|^(?:is|are) (?:the|it|they)\b.*\b(?:bigger|larger|smaller)\b"
        r"|^what (?:effect|influence)\b|^what (?:is|was) the"
        r" (?:interval )?change\b|\bany (?:interval )?change\b",
    ),
    (
        "recommendation",
        r"\b(?:what|which) (?:procedure|test|study|intervention|treatment|action|examination"
        r"|investigation)\b.*\b(?:suggested|offered|proposed|needed)\b"
        r"|\brecommend\w*|\bpropos\w+|\badvis\w+|\bsuggested (?:next|follow|further)|\bshould\b"
        r"|\bnext step\b"
        r"|\bneed(?:s|ed)?(?: to be)?\b|\bnext\b|\bfollow-? ?up (?:is|was|does|do|study|imaging)\b"
        r"|\bwhat follow-? ?up\b|\b(?:is|are|was|any) .*\bfollow-? ?up\b|\bmanage\w*",
    ),
    ("side", r"\b(?:which|what) (?:side|way|direction)\b|\bleft or (?:the )?right\b"
     r"|\bright or (?:the )?left\b"
    r"|side or both"),
    ("place", rf"^where\b|\b(?:which|what) (?:\w+ ){{0,2}}?{_PLACE_NOUN}\b(?! (?:angle))"
     r"|\b(?:location|position|site) of\b|\bwhere\b"),
    ("cause", r"\b(?:which|what) (?:diagnos[ei]s|disease|disorder|condition|entity)\b"),
    ("side", r"\bone side or both\b|\bleft or the right\b|\bright or the left\b|\b(?:which"
    r"|what) side\b|\bleft or right\b|\bright or left\b|^which\b|\bin which\b"
     r"|\bof which\b|\bon which\b"),
    (
        "cause",
        r"^why\b|\bcause of\b|\b(?:what|which)\b.*\b(?:caus\w+|explain\w*|accounts? for"
        r"|responsible|mean|suggest\w*"
        r"|represent\w*|indicat\w+|reflect\w*|diagnos[ei]s|due to|raise\w*|point\w* to|favou?red"
        r"|consistent|compatible|fit|fits|concern\w*|suspected|likely)\b",
    ),
    ("presence", rf"^{_POLAR.pattern}"),
)  # fmt: skip
_PATTERNS = [(kind, re.compile(pattern)) for kind, pattern in _KINDS]

# Words of questions that ask and do not name what is asked of.
IGNORED = frozenset(
    """category class examined imaged scanned he she him her us go goes going pass passes run runs
    marked pronounced a an the this that these those is are was were be been being am do does
    did has have had can could will would should must may might shall of in on at to for from
    with by as and or any there it its their his patient patient's patients person what which
    where when how who whom whose much many large big wide thick long deep tall high far
    small severe extensive size sizes diameter measure measures measured measurement
    measurements dimension dimensions length width side sides location located position
    positioned positions place placed lie lies lying site end ends ending tip tips terminate
    terminates terminated see seen show shows shown visible present evidence sign signs find
    finding findings identified detected noted appear appears observed demonstrated report
    reports reported describe described describes mention mentioned mentions state stated
    states image images imaging radiograph x-ray film scan exam examination study say says
    diagnose diagnosed now currently current still today so number degree severity grade
    extent level levels new newly some other additional further same change changed changes
    changing happen happened become became since previous prior earlier before last compared
    comparison than then also just only really about according part parts portion region area
    affected involved contain contains containing involve involves involving approximately
    largest biggest maximum maximal total well properly correct correctly good satisfactory
    suspected possible suggest suggests suggested likely probably definite definitely caused
    cause causes why explain explains due type kind left right bilateral both either up down
    into out over under if no not improved improving worse worsened worsening better larger
    smaller bigger increased increasing decreased decreasing stable unchanged resolved grown
    progressed cleared evolved shrunk gone lot direction directed millimetres millimeters
    centimetres centimeters mm cm whole entire entirely another hold holds bear bears
    hemithorax require requires required share proportion fraction confirmed certain proven
    proved sure established certainty certainly preferred favored favoured represent
    represents reflect reflects indicate indicates diagnosis recommend recommended recommends
    recommendation advise advised advice next step steps need needed needs considered
    management taken done performed made available use used give given distance away above
    below acute actually exactly sided one ones anything something anyone you your my i me we
    our time date lobe lobes zone segment bone organ upper lower middle how's what's that's
    overall there's radiologist author appearance condition status persist persists remain
    remains remaining evident sized course lesion's abnormality's space spaces found fit fits
    residual avascular lobar probable most numerous predominant predominate procedure
    proposed propose proposes disease volume toward towards getting get result results
    picture thing operation's abnormality body side's amount appearing related associated
    underlying extend extends extending calibre caliber ratio value remnant patients'
    specifically clearly single main problem issue cause's process seem seems developed
    develop develops behaved behave behaves responded respond responds fared fare turned turn
    past ago yesterday tonight morning week weeks month months year years day days hours
    recent recently lately formerly bad badly heavy heavily serious grave profound dense
    strong project projects projected projecting courses coursing rest rests resting sit sits
    situated occupy occupies occupied arise arises arising originate originates originating
    begin begins start starts stop stops finish finishes cross crosses crossing come comes
    component components aspect outcome effect effects trend trajectory dynamics infant baby
    child neonate woman man newborn adult girl boy differ differs order sort nature true case
    way manner longest greatest widest shortest smallest overlying infants enter enters
    entered follow follows following look looks concerning concern interval got harbour
    harbours harbor harbors surround surrounds surrounded lack lacks lacking means mean
    meaning fresh free terminal near nearby close around inside outside through arrive
    arrives reside resides house houses bearing carry carries carrying exhibit exhibits
    display displays reveal reveals feature features characterised characterized documented
    recorded noticeable apparent obvious obviously exact precise precisely roughly estimate
    estimated today's previously initially originally first second newest latest older young
    age aged score scores index fast rate resect resection again check checked recheck
    rechecked repeat repeated reviewed review""".split()
)
_ASKS_EARLIER = re.compile(
    r"\b(?:ago|last (?:year|month|week|time)|previously|before|earlier|prior|originally|formerly"
    r"|initially)\b"
)
_DATED = re.compile(
    r"\b(?:on|in|of|since) (?:\d{1,2} )?(?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december)\b(?: \d{1,2}\b)?(?:,? \d{4})?"
)
_SAID_OTHERWISE = tuple(
    (re.compile(rf"\b(?:{words})\b"), plain)
    for words, plain in (
        (r"lacks?|lacking|fails? to", "does not"),
        (
            r"(?:larger|bigger|wider) than (?:it should be|they should be|normal|usual|expected)",
            "enlarged",
        ),
        (r"tak(?:e|es|ing) up (?:the )?contrast|light(?:s|ing)? up", "enhance"),
    )
)  # fmt: skip
_DEVICES = frozenset(
    "tube tube_et tube_feeding tube_chest tube_trach line line_picc port lead pacemaker drain stent"
    " filter".split()
)
# What a question of a kind says along with what it asks of.
_SAID_ALONG: dict[Kind, frozenset[str]] = {
    "side": frozenset(("inserted", "implan", "abnormal")),
    "place": frozenset(("inserted", "implan", "abnormal", "contact")),
    "size": frozenset(("abnormal",)),
    "change": frozenset(("advanced",)),
    "severity": frozenset(("advanced",)),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question in its plain form, and what it asks.

    ``topic``: the concepts that it asks of; ``sides``: left and right as it names
    them, ``places`` likewise;
    ``polar``: whether yes or no answers it; ``earlier``: whether it asks of an earlier study;
    ``negated``: whether it was asked with a denial ("is there no ..."), which ``text`` is without.
    """

    text: str
    kind: Kind
    topic: frozenset[str]
    sides: frozenset[str]
    places: frozenset[str]
    polar: bool
    earlier: bool
    negated: bool = False


@lru_cache(maxsize=1024)
def parse_question(question: str) -> Question:
    """The question as rules read it; never raises."""
    text = plain_text(question.replace("?", " ").replace("-ray", "ray")).text
    text = " ".join(text.split()).rstrip(" .!")
    text = re.sub(
        r"\bleft (?=in|of|over|behind|within|after|to (?:see|drain|treat))", "remaining ", text
    )
    for words, plain in _SAID_OTHERWISE:
        text = words.sub(plain, text)
    text = re.sub(
        r"^(?:please |according to the report,? |in (?:the|this) report,? |and |so )+", "", text
    )
    text = re.sub(
        r"^(?:does|did|do) the (?:report|radiologist|study|scan|\w+ report) (?:mention|describe"
        r"|diagnose|state|say|show|report|find|note|identify|see)s? (?:that )?",
        "is there ",
        text,
    )
    kind: Kind = next((kind for kind, pattern in _PATTERNS if pattern.search(text)), "what")
    polar = bool(_POLAR.match(text))
    affirmed = _affirmed(text) if kind == "presence" else text
    negated, text = affirmed != text, affirmed
    topic = frozenset(one.name for one in find_concepts(text, IGNORED)) - {"compare"}
    topic -= _SAID_ALONG.get(kind, frozenset()) if topic - _SAID_ALONG.get(kind, topic) else set()
    if topic & {"midlin", "mediastinum", "trachea"} and "displaced" in topic:
        topic = topic - {"displaced"} | {"shift"}
    if polar and "shift" in topic and topic & _DEVICES:
        kind, topic = "change", topic - {"shift"}
    if {"node", "swelling"} <= topic:
        topic = topic - {"swelling"} | {"enlarged"}
    earlier = bool(_ASKS_EARLIER.search(text))
    if dated := _DATED.search(text):
        earlier = earlier or not dated[0].startswith("since")
        topic -= {one.name for one in find_concepts(dated[0])}
    sides = frozenset(one.side for one in find_sides(text) if one.side in ("left", "right"))
    if re.search(r"left or right|right or left|left or the right|right or the left", text):
        sides = frozenset()
    places = frozenset(one.place for one in find_places(text))
    return Question(text, kind, topic, frozenset(map(str, sides)), places, polar, earlier, negated)


# Denials in a question that yes or no answers, and what it asks without them.
_DENIALS = tuple(
    (re.compile(rf"\b(?:{words})"), plain)
    for words, plain in (
        (r"not there(?: (?:any|an?))?\b", "there"),
        (r"non-?displaced\b|undisplaced\b", "displaced"),
        (r"(?:is|are|was|were)(?: the)? (?:absence|lack) of\b", "is there"),
        (r"(?:absence|lack) of\b", "presence of"),
        (
            r"(?:free|clear|devoid) (?:of|from)\b|without(?! contrast)(?: any)?\b|negative for\b",
            "with",
        ),
        (r"(?:absent|excluded|ruled out|missing)$", "present"),
        (r"(?<!or )(?:no|not|neither)(?! (?:longer|more))\b(?: (?:any|an?)\b)? ?", ""),
    )
)


def _affirmed(text: str) -> str:
    """The question without its denial: "is there no effusion" becomes "is there effusion"."""
    for words, plain in _DENIALS:
        changed, count = words.subn(plain, text, count=1)
        if count:
            return " ".join(changed.split())
    return text
