"""Answers to questions about a report: found by concepts, read by the engine of plain text.

A question is asked of what the report says in so many words. What it asks of must be mentioned;
an attribute (side, place, size, degree, change, cause) must be given; else it is not stated.
``docs/tasks.md`` has an example of each kind.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from graphsum.tasks.concepts import BELONGS, Concept, find_concepts, word_concept
from graphsum.tasks.questions import Question, parse_question
from graphsum.tasks.task import NOT_STATED, Answer, Request, first_line, words_of
from preprocessing.facts.reading import read_mentions
from preprocessing.text.laterality import find_sides, sides_of_mentions
from preprocessing.text.measurements import find_sizes
from preprocessing.text.places import find_places, places_differ
from preprocessing.text.plain import plain_text
from preprocessing.text.sentences import sentence_spans
from preprocessing.text.status import judge_mentions

_REFERS_BACK = re.compile(
    r"(?:and |the latter |the former )?(?:it|its|this|these|they|their|both|one|which|that|the"
    r" (?:largest|tip|lesion|mass|nodule|collection|finding|appearance|abnormality|tube|line"
    r"|catheter|device|latter|former|changes?|lumen|fragment|clot|side ?(?:hole|port)))\b"
    r"|measur|extending|associated|surrounding"
)
_CLAUSE = re.compile(
    r"[;:]|,? (?:but|while|whereas|although|however|though)\b|, (?:and )?(?=the |there |no |a |an "
    r"|both |which |left |right |mild|moderate|small|large)| and (?=the |there |no |is |are |was "
    r"|an? )"
)
# What a word of state denies of the part that it is said of.
_STATES: tuple[tuple[str, str], ...] = (
    (r"intact|preserved|continuous|unbroken",
     "fracture tear rupture injury damage disrup broken dislocation loosening displaced break "
     "defect"),
    (r"patent|compressible|open|unobstructed|widely patent|maintained",
     "obstruction thrombus narrowing efface compression occlus embolism"),
    (r"clear|aerated|well[- ]aerated|well expanded|fully expanded|inflated|free of disease",
     "opacity consolidation pneumonia infection edema mass nodule atelectasis collapse effusion "
     "inflammation fluid"),
    (r"sharp|clear", "blunted effusion fluid"),
    (r"midline|central|undisplaced|not displaced|in (?:the )?midline", "shift displaced"),
    (r"normal(?! saline)|unremarkable|within normal limits|of normal \w+|not enlarged|nondilated"
     r"|non-dilated|not dilated|healthy|symmetric(?:al)?",
     "enlarged abnormal thickening narrowing inflammation swelling hydro mass lesion dilate injury "
     "atroph fracture tear obstruction aneurysm displaced shift stone opacity effusion "
     "thrombus calcification widen compression collapse abnorm disease damage cirrhosis "
     "inflammation infection nodule cyst fluid"),
    (r"(?:normal|anatomic) alignment|aligned|congruent|located", "dislocation displaced shift"),
    (r"soft|decompressed|collapsed", "enlarged obstruction"),
)  # fmt: skip
_STATE = [
    (
        re.compile(rf"\b(?:{words})\b"),
        frozenset(denied.split()) | {word_concept(one) for one in denied.split()},
    )
    for words, denied in _STATES
]
_ASKS_STATE = re.compile(
    r"\b(?:normal|clear|intact|patent|open|unremarkable|midline|sharp|healthy|preserved|aligned"
    r"|open|inflated|expanded|in (?:good|satisfactory|standard|correct|proper|the right|place|the "
    r"correct|the proper|an? \w+) ?(?:position|place|alignment)?|(?:well|properly|correctly) ?"
    r"(?:placed|positioned|aligned|seated|sited))"
)
_POSITION_GOOD = re.compile(
    r"\b(?:(?:standard|satisfactory|appropriate|good|adequate|acceptable|expected|correct|proper"
    r"|usual|optimal|normal|unchanged|near-?anatomic|anatomic) (?:position\w*|location|place"
    r"|alignment|placement)|(?:well|appropriately|properly|correctly|satisfactorily|adequately)[ -]"
    r"(?:position\w*|placed|sited|seated|aligned)|in place|in situ|in position)\b"
)
_POSITION_BAD = re.compile(
    r"\b(?:mal-?position\w*|misplaced|too (?:low|high|deep|far|shallow)|coiled|kinked|should be "
    r"\w+|(?:withdrawal|retraction|advancement|repositioning)|(?:right|left) main\w*|esophag\w+"
    r"|jugular|needs? to be|migrated|displaced|dislodged|malalign\w*)\b"
)
_NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_NEW = re.compile(r"\bnew(?:ly)?\b|\binterval development\b|\bdeveloped\b")
_OLD = re.compile(r"\b(?:old|healed|chronic|remote|prior|longstanding|long-standing|unchanged)\b")
_DOUBT = re.compile(r"\b(?:indeterminate for|equivocal for|question of|\?)")
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
    r"|centimet\w+|ml|cc|millilit\w+|lit(?:er|re)s?|percent|per cent|degrees?|°|kg|mmhg|hu\b|m\b)"
    r"(?:\s*(?:x|by|×)\s*\d+(?:[.,]\d+)?\s*(?:mm|cm))*"
    r"|(?:approximately |about |up to |nearly |less than |more than |at least |around )?"
    r"\d+(?:\.\d+)?\s*%|\b(?:one|two|three|four|five|six|seven|eight|nine|ten) (?:mm|cm"
    r"|millimet\w+|centimet\w+|vertebral levels?|levels)|\b0\.\d\d?\b"
)
_RATIO = re.compile(r"\b\d+(?:[.,]\d+)?(?: ?%)?")
_UNITS = (
    (r"\brads\b|category", re.compile(r"(?:(?<=rads )|(?<=category ))\d\w?\b")),
    (r"\bratio|score|value|index", _RATIO),
    (r"\bvolume\b(?! loss)", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:ml|cc|cm3|millilit\w+|lit(?:er"
    r"|re)s?|l)\b")),
    (r"\bangle\b|angulat|how many degrees", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:degrees?|°)")),
    (r"percent", re.compile(r"\b\d+(?:[.,]\d+)? ?(?:%|percent|per cent)")),
    (r"attenuation|hounsfield|\bdensity\b", re.compile(r"-?\b\d+ ?(?:hu|hounsfield units?)\b")),
)  # fmt: skip
_DEGREE = re.compile(
    r"\b(?:(?:very|mildly|moderately|markedly|severely|slightly|minimally|massively|grossly)"
    r"(?: to (?:mildly|moderately|markedly|severely))?|(?:(?:mild|moderate|small|minimal)(?:ly)?"
    r"[ -]to[ -](?:moderate|large|severe|marked|small|mild)(?:ly)?)|trace|tiny|minimal|mild|small"
    r"|slight"
    r"|moderate(?:-sized|ly sized)?|large|severe|massive|marked|extensive|minor|subtle|gross|huge"
    r"|advanced|significant|sizeable|sizable|high-grade|low-grade|complete|partial|full-thickness"
    r"|partial-thickness|borderline|grade (?:\d|[iv]+)[ab]?|stage (?:\d|[iv]+)[abc]?"
    r"|type (?:\d|[iv]+)[ab]?|trivial|early|diffuse|faint|profound|subtotal|total|critical"
    r"|non-?displaced|undisplaced|minimally displaced|displaced)\b"
)
_CHANGES: tuple[tuple[str, str], ...] = (
    ("unchanged", r"unchanged|stable|not (?:significantly |appreciably |really )?changed"
     r"|no (?:\w+ ){0,2}change|similar(?: in \w+)? to|without (?:\w+ )?change|constant"
     r"|no (?:\w+ )?(?:growth|progression|interval growth)|static|the same"
     r"|has not (?:grown|changed|progressed|improved|increased|resolved)"),
    ("improved but not resolved", r"(?:partial\w*|partly|near(?:ly)?|almost|largely|mostly"
     r"|incomplete\w*)(?:-| )(?:complete )?(?:resol\w+|clear\w+)"),
    ("resolved", r"(?:has|have|had|now|completely|fully|is|are) (?:\w+ )?(?:resolved|cleared|gone"
     r"|disappeared|vanished)|(?:complete )?resolution of|no longer (?:\w+ )?(?:seen|present"
     r"|visible"
     r"|identified|evident)|resolved|cleared|disappeared"),
    ("re-expanded", r"re-?expan\w+|re-?inflat\w+"),
    ("improved (decreased)", r"improv\w+|decreas\w+|smaller|reduc\w+|diminish\w+|less (?:\w+ )?(?:"
     r"than|extensive|prominent|dense|marked|conspicuous)|shrunk|regress\w+|better|lessened"
     r"|resolving|clearing|down from|thinner|abated|subsid\w+"),
    ("worse (increased)", r"increas\w+|worse\w*|larger|bigger|grown|progress\w+|enlarg(?:ed|ing) "
     r"(?:since|from|compared)|has enlarged|have enlarged|enlarging|more (?:\w+ )?(?:than|extensive"
     r"|prominent|dense|marked|conspicuous|pronounced)|up from|thicker|deteriorat\w+|growth"
     r"|advanced"
     r" since"),
    ("new", r"\bnew(?:ly)?\b|interval (?:development|appearance)|has developed|have developed"
     r"|has appeared|have appeared"),
    ("removed", r"(?:been|was|were|interval) (?:remov\w+|withdrawn|extubat\w+)|removal of"),
    ("moved", r"(?:been|was|were) (?:\w+ )?(?:advanced|pulled back|repositioned|retracted"
     r"|exchanged|replaced)[^.;,]*"),
    ("collapsed", r"(?:has|have) (?:\w+ )?collapsed"),
    ("still there", r"persist\w*|remains? (?!to)|residual"),
    ("healed", r"(?:has|have) (?:\w+ )?(?:healed|united|fused|closed|opened|migrated|shifted)"
     r"|healing|callus"),
)  # fmt: skip
_CHANGE = [(name, re.compile(rf"\b(?:{words})")) for name, words in _CHANGES]
_WORSE_ASKED = re.compile(
    r"\b(?:larger|bigger|increas\w*|worse\w*|grow\w*|grown|progress\w*|enlarged|expanded|more)\b"
)
_BETTER_ASKED = re.compile(
    r"\b(?:smaller|decreas\w*|improv\w*|better|shrunk|shrink\w*|reduced|less|regress\w*)\b"
)
_GONE_ASKED = re.compile(r"\b(?:resol\w*|cleared|gone|disappear\w*|vanish\w*)\b")
_SAME_ASKED = re.compile(r"\b(?:stable|unchanged|the same|persist\w*)\b")
_WHEN = re.compile(
    r"\b(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2}|(?:\d{1,2} )?(?:january|february|march"
    r"|april|may(?= \d)|june|july|august|september|october|november|december)(?: \d{1,2},?)?"
    r"(?: \d{4})?|yesterday|today|earlier today|this morning|last (?:week|month|year|night)"
    r"|(?:(?:in|within|after|at|every) )?(?:(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|twelve|several|a few|an?)(?: ?(?:to|-) ?(?:\d+|two|three|four|six|eight|twelve))?)[ -]"
    r"(?:hours?|days?|weeks?|months?|years?)(?: (?:ago|earlier|before|previously|prior|old))?"
    r"|(?:in )?(?:19|20)\d\d|immediate(?:ly)?|urgent(?:ly)?|annual(?:ly)?|\d{1,2}:\d{2}(?:"
    r" ?[ap]m)?)"
    r"\b"
)
_ADVICE = re.compile(
    r"\b(?:recommend\w*|advis\w+|suggest(?:ed|ion)?(?= ?(?:[.,;]|$| to| for| in| if| at))|should\b"
    r"|consider(?:ed|ation)?(?! (?:stable|normal))|warrant\w*|is (?:required|needed|indicated"
    r"|urgent)|are (?:required|needed|indicated)|requires?|needs?\b|follow-? ?up|may be helpful"
    r"|would be (?:helpful|useful)|correlat\w+|referral|urgent\w*|repeat\b|biopsy|proposed)"
)
_CAUSE = re.compile(
    r"\b(?:due to|secondary to|caused by|because of|resulting from|as a result of|related to|from"
    r"(?= (?:a |an |the )?(?:prior|previous|old|compress|obstruct|tumou?r|mass|stone|invas))"
    r"|attribut\w+ to|owing to|explained by|(?:most )?(?:in keeping|consistent|compatible) with"
    r"|suggest\w* of|suggest(?:s|ing)?|(?:most |more )?(?:likely|probably)(?: (?:represent\w*"
    r"|reflect"
    r"\w*|due to|to represent|a|an))?|(?:may|might|could|would|to) (?:represent|reflect|indicate"
    r"|be)|represent(?:s|ing)?|reflect(?:s|ing)?|indicat(?:es?|ing|ive of)|concern(?:ing)? for"
    r"|suspicious for|worrisome for|favou?r(?:s|ing|ed)?|diagnostic of|characteristic of|typical of"
    r"|points? to|raises? (?:the )?(?:possibility|suspicion|concern) (?:of|for)|by)\b"
)
_PREPOSITION = re.compile(
    r"\b(?:in|within|at|along|near|over|overlying|behind|above|below|beneath|under|inside|into"
    r"|adjacent to|abutting|between|throughout|involving|of|on|to|around|beside|anterior to"
    r"|posterior to|medial to|lateral to|proximal to|distal to|just|projecting|from|beyond"
    r"|through|out of)\b"
)
_PLACE_END = re.compile(
    r"[,;.:]|\b(?:is|are|was|were|has|have|measur\w+|with|which|and (?:the|a|an|there|is|was|no"
    r"|withdrawal|should|measur\w+)|but|without|consistent|compatible|suggest\w*|likely|due to"
    r"|that|concerning|unchanged|increased|decreased|may|could|cannot)\b"
)
_LOCATION = (
    r"(?:left|right|bilateral|upper|lower|middle|mid|apical|basal|basilar|bibasilar|posterior"
    r"|anterior|lateral|medial|superior|inferior|peripheral|central|perihilar|hilar|subpleural"
    r"|proximal|distal|frontal|parietal|temporal|occipital|cerebellar|midline|paratracheal"
    r"|retrocardiac|lingular|subcarinal|mediastinal|infrarenal|suprarenal|femoral|cervical"
    r"|thoracic|lumbar|sacral|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh"
    r"|twelfth"
    r"|[ctls]\d{1,2}(?:[-/][ctls]?\d{1,2})?|lobe|zone|lung|base|apex|hepatic|renal|adrenal"
    r"|splenic|pancreatic|segmental|subsegmental|lobar|saddle|axillary|periventricular|basal"
    r"|ganglia|pontine|thalamic|subcapsular|intertrochanteric|subcapital|tibial|fibular|radial"
    r"|ulnar|humeral|clavicular|scaphoid|intraventricular|intrahepatic|jugular|subclavian"
    r"|infrahilar|paraspinal|subphrenic|pericolic|pelvic|perinephric|sigmoid|cecal|ileal|jejunal"
    r"|duodenal|gastric|rectal|pleural|supraclavicular|inguinal)"
)
_ORDINAL_WORDS = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|\d{1,2}(?:st|nd|rd|th)|[ctls]\d{1,2})"
)
_ORDINAL = re.compile(
    rf"\b{_ORDINAL_WORDS}(?:(?:,? (?:to|through|and)|,|-|/) ?{_ORDINAL_WORDS})*\b"
)
_NOUN_BEFORE = re.compile(rf"(?:{_LOCATION}(?:-sided)?(?:,? and|,|/|-)? ?)+(?=\w|$)")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|remains?|appears?|does|do|contains?|demonstrat\w+"
    r"|measures?|ends?|terminates?|lies|lie|courses?|extends?|projects?|overl\w+|reaches?|sits?"
    r"|crosses|enters?)\b"
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A clause or sentence: its plain text, its concepts, those it inherits, and its sentence."""

    text: str
    concepts: tuple[Concept, ...]
    inherited: frozenset[str]
    sentence: int
    whole: bool

    @property
    def names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.concepts)

    def spans(self, topic: frozenset[str]) -> list[tuple[int, int]]:
        """The characters of the concepts of a topic, merged where they overlap."""
        spans: list[tuple[int, int]] = []
        for one in self.concepts:
            if one.name in topic and (not spans or one.start >= spans[-1][1]):
                spans.append((one.start, one.end))
        return spans


class _Report:
    """The sentences of a report, and the clauses of each."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentences = [text[start:end] for start, end in sentence_spans(text)]
        self.units: list[_Unit] = []
        self.wholes: list[_Unit] = []
        context: frozenset[str] = frozenset()
        before: frozenset[str] = frozenset()
        for row, sentence in enumerate(self.sentences):
            plain = plain_text(sentence).text
            concepts = tuple(find_concepts(plain))
            label = re.match(r"[^:.]{3,60}:(?!\d)", plain)
            if label:
                new = frozenset(one.name for one in concepts if one.end <= label.end())
                context = context | new if row == 0 else new
            inherited = context | _wholes_of(concepts, plain)
            if _REFERS_BACK.match(plain):
                inherited |= before
            else:
                before = frozenset()
            whole = _Unit(plain, concepts, inherited, row, True)
            before |= whole.names
            self.wholes.append(whole)
            bounds = [0, *(match.end() for match in _CLAUSE.finditer(plain)), len(plain)]
            for start, end in pairwise(bounds):
                clause = plain[start:end]
                if clause.strip():
                    own = tuple(
                        Concept(one.name, one.start - start, one.end - start)
                        for one in concepts
                        if one.start >= start and one.end <= end
                    )
                    earlier = frozenset(one.name for one in concepts if one.end <= start)
                    refers = _REFERS_BACK.match(clause.strip()) or _VERB.match(clause.strip())
                    self.units.append(
                        _Unit(clause, own, inherited | (earlier if refers else frozenset()), row,
                              False)
                    )  # fmt: skip

    def about(self, topic: frozenset[str]) -> list[_Unit]:
        """The clauses, then the sentences, that have every concept of a topic."""
        if not topic:
            return []
        found = [
            unit
            for unit in (*self.units, *self.wholes)
            if topic <= unit.names | unit.inherited and topic & (unit.names | unit.inherited)
        ]
        own = [unit for unit in found if topic & unit.names]
        rows = {unit.sentence for unit in own}
        return own + [unit for unit in found if unit not in own and unit.sentence not in rows]


def _wholes_of(concepts: Sequence[Concept], text: str) -> frozenset[str]:
    """The parts of the body to which the concepts of a sentence belong."""
    names = {one.name for one in concepts}
    found = frozenset().union(*(BELONGS.get(name, frozenset()) for name in names))
    if "edema" in names and not re.search(
        r"vasogenic|cerebral|brain|soft[ -]tissue|subcutaneous|marrow|leg|wall|mesenter", text
    ):
        found |= {"lung"}
    if {"gallbladder", "stone"} <= names:
        found |= {"gallstone"}
    if names & {"nodule", "mass", "cavity"} and not names & _OTHER_ORGANS:
        found |= {"lung"}
    return found


_OTHER_ORGANS = frozenset(
    """thyroi liver kidney adrena pancreas spleen breast brain skin bladder uterus ovary bone colon
    stomach prostate thigh soft mediastinum""".split()
)


@lru_cache(maxsize=64)
def _read(text: str) -> _Report:
    return _Report(text)


def answer_question(report: str, question: str) -> Answer:
    """The answer with the sentence that bears it out, or "Not stated in the report."."""
    read, asked = _read(report), parse_question(question)
    found = _ANSWERS[asked.kind](read, asked)
    if found is None and asked.kind in ("side", "place", "cause", "what"):
        found = _generic(read, asked)
    if found is None:
        return Answer(NOT_STATED)
    text, unit = found
    text = " ".join(text.split()).strip(" ,;:.")
    return Answer(text[:1].upper() + text[1:] + ".", (read.sentences[unit.sentence],))


_Found = tuple[str, _Unit] | None


def _sides_of(unit: _Unit, topic: frozenset[str]) -> set[str]:
    spans = unit.spans(topic)
    if not spans:
        return set()
    words = list(find_sides(unit.text))
    sides = sides_of_mentions(unit.text, 0, len(unit.text), spans, words)
    return {str(side) for side in sides if side}


def _fits_side(unit: _Unit, asked: Question) -> bool:
    """Whether what the unit says may be of the side and the place asked of."""
    if asked.places:
        places = frozenset(one.place for one in find_places(unit.text))
        if places_differ(asked.places, places) and (not unit.whole or not asked.topic):
            return False
    if not asked.sides:
        return True
    named = {str(one.side) for one in find_sides(unit.text) if one.side}
    own = _sides_of(unit, asked.topic) or named
    return not own or "bilateral" in own or bool(own & asked.sides) or bool(named & asked.sides)


_STRENGTH = ("present", "moved", "uncertain", "past", "absent")


def _status(unit: _Unit, topic: frozenset[str]) -> str:
    """Of all that a unit says of the topic's mentions, what takes it away most."""
    spans = unit.spans(topic)
    if not spans:
        return "present"
    judged = judge_mentions(unit.text, 0, len(unit.text), spans)
    of_name: dict[str, list[str]] = {}
    for one in unit.concepts:
        for (start, end), verdict in zip(spans, judged, strict=True):
            if one.name in topic and start <= one.start < end:
                of_name.setdefault(one.name, []).append(verdict.status)
    # A concept that is there and denied ("diverticula without diverticulitis") is there.
    states = [min(found, key=_STRENGTH.index) for found in of_name.values()]
    if "present" in states and _DOUBT.search(unit.text[: spans[-1][0]][-40:]):
        return "uncertain"
    for state in ("absent", "past", "uncertain"):
        if state in states:
            return state
    return "present"


def _there(report: _Report, asked: Question, topic: frozenset[str] | None = None) -> list[_Unit]:
    """What the report says of a topic that is there, or may be: clauses, then sentences."""
    topic = asked.topic if topic is None else topic
    found = [
        unit
        for unit in report.about(topic)
        if _fits_side(unit, asked) and _status(unit, topic) in ("present", "uncertain", "moved")
    ]
    if re.search(r"\bnew\b", asked.text):
        found = [unit for unit in found if _NEW.search(unit.text)] or found
    return found


def _wider(report: _Report, units: Sequence[_Unit]) -> Iterator[_Unit]:
    """Units, then the whole sentences of them, then what follows and refers back to them."""
    seen = set()
    for unit in units:
        yield unit
    for unit in units:
        for row in (unit.sentence, unit.sentence + 1):
            if row in seen or row >= len(report.wholes):
                continue
            if row == unit.sentence or _REFERS_BACK.match(report.wholes[row].text):
                seen.add(row)
                yield report.wholes[row]


def _anchor(unit: _Unit, asked: Question) -> tuple[int, int]:
    """The characters nearest to which an attribute must stand: of the side, else of the topic."""
    sides = [one for one in find_sides(unit.text) if str(one.side) in asked.sides]
    spans = unit.spans(asked.topic)
    if sides and spans:
        nearest = min(sides, key=lambda one: min(abs(one.start - end) for _, end in spans))
        return nearest.start, nearest.end
    return spans[-1] if spans else (0, 0)


def _nearest(unit: _Unit, asked: Question, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Of the characters of values those that belong to what is asked of."""
    start, end = _anchor(unit, asked)
    others = [one for one in find_sides(unit.text) if one.side and str(one.side) not in asked.sides]

    def distance(span: tuple[int, int]) -> tuple[int, int]:
        low, high = min(span[1], end), max(span[0], start)
        crossed = bool(asked.sides) and any(low <= one.start < high for one in others)
        return (int(crossed), max(start - span[1], span[0] - end, 0))

    return min(spans, key=distance)


# --- one function a kind ------------------------------------------------------------------------


def _alternatives(report: _Report, asked: Question) -> _Found:
    """ "Is the tear partial or complete?": the one that the report says."""
    either = re.search(r"\b([\w-]+) or (?:an? |the |in the )?([\w-]+)", asked.text)
    if not either:
        return None
    words = [one for one in (either[1], either[2]) if one not in ("mass", "more")]
    topic = asked.topic - {one.name for word in words for one in find_concepts(word)}
    for unit in report.about(topic - {"thickening"}):
        said = [word for word in words if re.search(rf"\b{re.escape(word[:6])}", unit.text)]
        if len(said) == 1 and _status(unit, topic) != "absent":
            return said[0], unit
    return None


def _presence(report: _Report, asked: Question) -> _Found:
    if found := _alternatives(report, asked):
        return found
    if _ASKS_STATE.search(asked.text) and (found := _state(report, asked)):
        return found
    stated = any(
        _status(unit, asked.topic) == "present" and asked.topic <= unit.names
        for unit in report.about(asked.topic)
        if not unit.whole and _fits_side(unit, asked)
    )
    if not stated and (found := _denied_by_state(report, asked)):
        return found
    uncertain: _Found = None
    absent: _Found = None
    wants_new = re.search(r"\b(?:new|other|additional|further)\b", asked.text)
    units = [unit for unit in report.about(asked.topic) if _fits_side(unit, asked)]
    if wants_new:
        units.sort(key=lambda unit: not _NEW.search(unit.text))
    for unit in units:
        state = _status(unit, asked.topic)
        if "removed" in asked.topic & unit.names and state == "past":
            return ("No" if re.search(r"\bnot\b", unit.text) else "Yes"), unit
        if wants_new and state == "past" and re.search(r"\bno (?:\w+ )?new\b", unit.text):
            return "No", unit
        if state == "present" and _refuted(unit, asked):
            return "No", unit
        if state in ("present", "moved"):
            return "Yes", unit
        if state == "uncertain" and uncertain is None:
            uncertain = "Possibly; it is not certain", unit
        gone = state == "past" and re.search(
            r"\b(?:no|not|without|resolved|cleared|removed|resolution|removal)\b", unit.text
        )
        if (
            state == "absent"
            or (gone and (wants_new or "remov" in unit.text or "resol" in unit.text))
        ) and absent is None:
            absent = "No", unit
    return uncertain or absent or _by_engine(report, asked)


def _refuted(unit: _Unit, asked: Question) -> bool:
    """Whether a unit says "nondisplaced" of what is asked to be displaced."""
    aged = re.search(r"\b(?:acute|new|recent|fresh)\b", asked.text) and _OLD.search(unit.text)
    placed = "displaced" in asked.topic and re.search(r"\b(?:non-?|un|not )displaced", unit.text)
    return bool(placed or (aged and not re.search(r"\bacute|\bnew\b", unit.text)))


def _denied_by_state(report: _Report, asked: Question) -> _Found:
    """ "The femoral necks are intact" denies a fracture of the femoral neck."""
    for state, denied in _STATE:
        problems = asked.topic & denied
        part = asked.topic - problems
        if not problems or not part:
            continue
        for unit in report.units:
            if not part <= unit.names | unit.inherited or not part & unit.names:
                continue
            if asked.topic <= unit.names or not _fits_side(unit, asked):
                continue
            for match in state.finditer(unit.text):
                judged = judge_mentions(unit.text, 0, len(unit.text), [match.span()])
                if judged[0].status == "present":
                    return "No", unit
    return None


def _state(report: _Report, asked: Question) -> _Found:
    """Whether a part is normal, clear, intact, in place."""
    words = {"normal", "clear", "intact", "patent", "open", "unrema", "midlin", "sharp", "health",
             "preser", "aligne", "align", "alignm", "inflat", "expand", "expan", "correc", "standa",
             "standar", "proper", "seat", "seated", "sited", "satisf", "appear"}  # fmt: skip
    part = asked.topic - words
    device = re.search(r"position|place|sited|seated", asked.text)
    for unit in _wider(report, [u for u in report.about(part) if _fits_side(u, asked)]):
        if device:
            if bad := _POSITION_BAD.search(unit.text):
                return f"No: {bad[0]}", unit
            if good := _POSITION_GOOD.search(unit.text):
                return f"Yes: {good[0]}", unit
            continue
        for state, _ in _STATE:
            for match in state.finditer(unit.text):
                judged = judge_mentions(unit.text, 0, len(unit.text), [match.span()])
                status = judged[0].status
                return ("Yes" if status == "present" else "No"), unit
        if part & unit.names and not unit.whole and _VERB.search(unit.text):
            others = [one for one in unit.concepts if one.name not in part]
            if any(one.name in _ABNORMAL for one in others):
                present = _status(unit, frozenset(one.name for one in others) & _ABNORMAL)
                return ("No" if present != "absent" else "Yes"), unit
    return None


_ABNORMAL = frozenset().union(*(denied for _, denied in _STATE))


def _by_engine(report: _Report, asked: Question) -> _Found:
    """Presence by the names of the ontology, where the question names nothing beyond them."""
    plain, mentions = read_mentions(asked.text)
    names = {name for one in mentions for name in one.names}
    covered = [(one.start, one.end) for one in mentions]
    beyond = [
        one
        for one in find_concepts(plain.text)
        if one.name in asked.topic
        and not any(start <= one.start and one.end <= end for start, end in covered)
    ]
    if not names or beyond:
        return None
    answers: dict[str, _Unit] = {}
    for row, unit in enumerate(report.wholes):
        for one in read_mentions(report.sentences[row])[1]:
            known = {*one.names, *(one.parents if one.status != "absent" else ())}
            if names <= known and (
                not asked.sides or one.side in (None, "bilateral", *asked.sides)
            ):
                answers.setdefault(one.status, unit)
    for status, text in (("present", "Yes"), ("uncertain", "Possibly; it is not certain"),
                         ("absent", "No")):  # fmt: skip
        if status in answers:
            return text, answers[status]
    return None


def _by_size(report: _Report, asked: Question) -> list[_Unit]:
    """What is there, the largest first where the question asks of it."""
    units = _there(report, asked)
    order = re.search(r"\b(?:(larg|bigg)|small)(?:er|est)\b", asked.text)
    if not order or asked.kind == "change":
        return units
    sized = [
        (max(one.value for one in find_sizes(unit.text)), unit)
        for unit in units
        if any(find_sizes(unit.text)) and not unit.whole
    ]
    sized.sort(key=lambda pair: pair[0], reverse=bool(order[1]))
    return [unit for _, unit in sized] or units


def _side(report: _Report, asked: Question) -> _Found:
    for unit in _wider(report, _by_size(report, asked)):
        if "shift" in asked.topic and (
            way := re.search(r"\b(?:to|towards?) the (left|right)|\b(left|right)ward", unit.text)
        ):
            return f"To the {way[1] or way[2]}", unit
        sides = _sides_of(unit, asked.topic)
        if not sides:
            words = [one for one in find_sides(unit.text) if one.side]
            sides = {str(one.side) for one in words}
            if len(sides) > 1 and asked.topic & unit.names:
                spans = [(one.start, one.end) for one in words]
                start, _ = _nearest(unit, asked, spans)
                sides = {str(one.side) for one in words if one.start == start}
        if sides:
            both = "bilateral" in sides or len(sides) > 1
            return ("Both sides" if both else f"{sides.pop()} side"), unit
    return None


def _which(report: _Report, asked: Question) -> _Found:
    """Which of several findings: its side with its place; which side: the side alone."""
    found = _side(report, asked)
    if (
        found
        and re.match(r"(?:which|what) (?!side)", asked.text)
        and (placed := _place(report, asked))
    ):
        side = found[0].split()[0]
        if side in placed[0] and len(placed[0].split()) <= 8:
            return placed
    return found


def _size(report: _Report, asked: Question) -> _Found:
    units = _by_size(report, asked)
    topic = asked.topic
    dated = any(re.fullmatch(_DATED, name) for name in topic)
    pattern = next((units for words, units in _UNITS if re.search(words, asked.text)), _SIZE)
    for unit in _wider(report, units):
        sizes = [match.span() for match in pattern.finditer(unit.text)]
        earlier = {(one.start, one.end) for one in find_sizes(unit.text) if one.kind == "earlier"}
        marked = [
            span
            for span in sizes
            if any(start < span[1] and span[0] < end for start, end in earlier)
            or re.search(
                r"(?:from|previously|formerly|was|prior|earlier|measured) (?:\w+ )?$",
                unit.text[: span[0]],
            )
            or re.match(r",? (?:previously|on the prior|before|earlier)", unit.text[span[1] :])
        ]
        now = [span for span in sizes if re.search(r"\bnow $", unit.text[: span[0]])]
        marked += [span for span in sizes if now and span not in now and span not in marked]
        wanted = marked if asked.earlier else ([s for s in sizes if s not in marked] or [])
        wanted = sizes if dated else wanted
        if asked.earlier and not wanted:
            continue
        if wanted:
            start, end = _nearest(unit, asked, wanted)
            return unit.text[start:end], unit
    if (
        asked.earlier
        or pattern is not _SIZE
        or re.search(r"how (?:far|high|long|deep|wide)|distance|percent", asked.text)
    ):
        return None
    return _severity(report, asked) if topic else None


# A year, or a month by its first six letters.
_DATED = (
    r"(?:19|20)\d\d|januar|februa|march|april|june|july|august|septem|octobe|novemb|decemb|yester"
)


def _severity(report: _Report, asked: Question) -> _Found:
    if re.search(r"\b(?:what|which) (?:type|kind|sort)\b", asked.text):
        for unit in _there(report, asked):
            for start, end in unit.spans(asked.topic):
                preceding = re.search(r"((?:[\w-]+ ){1,4})$", unit.text[:start])
                words = re.sub(
                    r"^.*\b(?:an?|the|of|with|in|on|at|is|are|and|has|shows?|no|there) ", "",
                    preceding[1] if preceding else "",
                )  # fmt: skip
                if words:
                    return f"{words}{unit.text[start:end]}", unit
        return None
    for unit in _there(report, asked):
        spans = unit.spans(asked.topic)
        degrees = [match.span() for match in _DEGREE.finditer(unit.text)]
        start, end = _anchor(unit, asked)
        degrees = [span for span in degrees if span not in spans]
        near = [
            span
            for span in degrees
            if not re.search(r"[;]|\band (?:an? |the )|\bwith\b", unit.text[span[1] : start])
            and (
                not re.search(r"[,;]|\band\b|\bwith\b", unit.text[end : span[0]])
                or (unit.text[end : span[0]] == ", " and not unit.text[span[1] :].strip(" ."))
            )
        ]
        if near:
            before = [span for span in near if span[1] <= start] if not unit.whole else near
            first, last = _nearest(unit, asked, before or near)
            return unit.text[first:last], unit
    return None


def _count(report: _Report, asked: Question) -> _Found:
    match = re.search(r"how many (?:\w+ ){0,4}?(\w+)(?= (?:are|is|were|was|do|does|have|has"
    r"|can|did|in|"
                      r"on|of)\b|$)", asked.text)  # fmt: skip
    noun = {one.name for one in find_concepts(match[1])} & asked.topic if match else set()
    units = _there(report, asked)
    if verb := re.search(r"how many (\w+) (?!are|is|were|was)\w+$", asked.text):
        noun = {one.name for one in find_concepts(verb[1])} & asked.topic
    others = asked.topic - noun
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
    for unit in units:
        spans = unit.spans(frozenset(noun) or asked.topic)
        if spans and re.search(r"\b(?:an?|one)(?: [\w.-]+){0,5} $", unit.text[: spans[0][0]]):
            return "One", unit
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


def _change(report: _Report, asked: Question) -> _Found:
    units = [unit for unit in report.about(asked.topic) if _fits_side(unit, asked)]
    if not asked.topic:
        units = [
            unit for unit in report.units
            if asked.places and _fits_side(unit, asked)
            and asked.places & {one.place for one in find_places(unit.text)}
        ]  # fmt: skip
        if not asked.places and not asked.sides:
            units = [u for u in report.wholes
                     if re.search(r"prior|previous|earlier|since|study|exam|last|compar"
                     r"|interval", u.text)]  # fmt: skip
    for unit in _wider(report, units):
        for name, pattern in _CHANGE:
            match = pattern.search(unit.text)
            if not match:
                continue
            said = {"unchanged": "unchanged", "new": "new"}.get(name, name)
            if name in ("moved", "healed"):
                said = match[0]
            return _polar_change(asked, name, said), unit
        sizes = {one.kind: one.value for one in find_sizes(unit.text)}
        if "size" in sizes and "earlier" in sizes:
            grown = sizes["size"] > sizes["earlier"]
            name = "worse (increased)" if grown else "improved (decreased)"
            return _polar_change(asked, name, name), unit
    if asked.polar and (asked.topic and _GONE_ASKED.search(asked.text)):
        for unit in _there(report, asked):
            return "No; it is still seen", unit
    return None


def _polar_change(asked: Question, name: str, said: str) -> str:
    if not asked.polar:
        return said
    checks: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
        (_GONE_ASKED, ("resolved", "removed")),
        (_SAME_ASKED, ("unchanged", "still there")),
        (_WORSE_ASKED, ("worse (increased)", "new")),
        (_BETTER_ASKED, ("improved (decreased)", "resolved", "improved but not resolved",
                         "re-expanded")),
    )  # fmt: skip
    for pattern, yes in checks:
        if pattern.search(asked.text):
            return f"{'Yes' if name in yes else 'No'}: {said}"
    if re.search(r"\bnew\b", asked.text):
        return f"{'Yes' if name == 'new' else 'No'}: {said}"
    return f"{'No' if name in ('unchanged', 'still there') else 'Yes'}: {said}"


def _when(report: _Report, asked: Question) -> _Found:
    advice = re.search(r"should|recommend|advis|follow|next|repeat|how soon|how often", asked.text)
    topic = asked.topic - {"followup", "repeat", "radiog", "scan"} if advice else asked.topic
    units = report.about(topic) if topic else []
    if advice:
        units = [u for u in units or report.wholes if _ADVICE.search(u.text)] or (
            [u for u in report.wholes if _ADVICE.search(u.text)] if units else []
        )
    for unit in _wider(report, units):
        if match := _WHEN.search(unit.text):
            return match[0], unit
    return None


def _compared(report: _Report, asked: Question) -> _Found:
    for unit in report.wholes:
        match = re.search(
            r"(?:comparison(?: is made)?(?: (?:with|to))?:?|compared (?:with|to)|since|relative to"
            r"|in comparison (?:with|to)|versus|from) (?:the |a |an )?"
            r"((?:prior |previous |earlier |last |outside |chest |ct |mri |radiograph |study "
            r"|exam\w* "
            r"|film |x-?ray )*[^.,;]*)",
            unit.text,
        )
        if match and (
            re.search(
                r"prior|previous|earlier|last|study|exam|film|radiogr|ct\b|mri|scan|x-?ray|none"
                r"|yesterday|\d",
                match[1],
            )
        ):
            when = _WHEN.search(match[1])
            if re.search(r"^when|date|how long", asked.text):
                if not when:
                    continue
                return when[0], unit
            return match[1], unit
    return None


def _recommendation(report: _Report, asked: Question) -> _Found:
    ignored = frozenset(("followup", "treatm", "action", "test", "manage", "care", "urgent"))
    topic = asked.topic - ignored
    advice = [unit for unit in report.wholes if _advises(unit)]
    if topic:
        close = [unit for unit in advice if topic <= unit.names | unit.inherited]
        if not close:
            rows = {unit.sentence for unit in report.about(topic)}
            last = [u for u in advice if u.sentence - 1 in rows or (len(advice) == 1 and rows)]
            close = [] if asked.polar else last
        advice = close
    for unit in advice:
        clauses = [one for one in report.units if one.sentence == unit.sentence and _advises(one)]
        text = clauses[0].text if len(clauses) == 1 else unit.text
        if asked.polar:
            return ("No" if re.search(r"\bno\b|\bnot\b", text) else "Yes"), unit
        return text, unit
    return _presence(report, asked) if asked.polar else None


def _advises(unit: _Unit) -> bool:
    return bool(_ADVICE.search(unit.text)) and not re.search(
        r"\bno (?:acute )?\w+ consider", unit.text
    )


def _cause(report: _Report, asked: Question) -> _Found:
    units = _there(report, asked) if asked.topic else list(report.wholes)
    if not units:
        units = _there(report, asked, asked.topic - {"enlarged", "abnormal", "displaced"})
    for unit in _wider(report, units):
        match = _CAUSE.search(unit.text)
        if not match:
            continue
        tail = re.split(r"[;.]|, (?:and|but|which|with)\b|\bis (?:recommended|advised)",
                        unit.text[match.end():])[0]  # fmt: skip
        hedge = match[0] if re.search("may|might|could|likely|probab|possib|suggest|concern|suspic"
                                      "|worris|favou?r|raise", match[0]) else ""  # fmt: skip
        if tail.strip():
            return f"{hedge} {tail}", unit
        head = unit.text[: match.start()]
        if head.strip() and re.search(r"likely|favou?red|suspected", match[0]):
            return head, unit
    if re.search(r"diagnos", asked.text) and not asked.topic:
        return None
    return None


def _place(report: _Report, asked: Question) -> _Found:
    noun = re.search(
        r"(?:which|what) ((?:\w+ ){0,2}?(?:lobe|zone|segment|level|vertebra|rib|bone|artery"
        r"|vein|part"
        r"|portion|finger|toe|compartment|quadrant|horn|ligament|tendon|disc|joint|lung|third|pole"
        r"|ventricle|chamber|sinus|valve|duct|bronch\w+|branch|region|area|metatarsal|metacarpal"
        r"|muscle|organ|wall|vessel))",
        asked.text,
    )
    head = noun[1].split()[-1] if noun else ""
    topic = asked.topic - {one.name for one in find_concepts(head)} if head else asked.topic
    units = [
        unit for unit in (_by_size(report, asked) if re.search(r"larg|small|bigg", asked.text)
                          else report.about(topic or asked.topic))
        if _fits_side(unit, asked)
        and (_status(unit, topic or asked.topic) != "absent" or re.search(r"\bnot\b", asked.text))
    ]  # fmt: skip
    if re.search(r"\bnew\b", asked.text):
        units = [unit for unit in units if _NEW.search(unit.text)] or units
    for unit in _wider(report, units):
        if head:
            stem = head[:4] if head.startswith("vert") else head
            numbered = stem in ("rib", "vert", "digit", "finger", "toe", "metatarsal", "metacarpal")
            match = (
                None
                if numbered
                else re.search(
                    rf"((?:{_LOCATION}(?:,? and|,|/|-)? ?(?:the )?){{1,5}}){stem}\w*(?: of the"
                    rf" \w+)?",
                    unit.text,
                )
            )
            if match:
                return match[0], unit
            if stem in ("level", "vert", "disc") and (
                match := re.search(r"\b[ctls]\d{1,2}(?:[-/ ]+[ctls]?\d{1,2})?\b", unit.text)
            ):
                return match[0].upper(), unit
            if numbered:
                numbers = [one.span() for one in _ORDINAL.finditer(unit.text)]
                if numbers:
                    first, last = _nearest(unit, asked, numbers)
                    if asked.sides:
                        ends = [
                            one.end for one in find_sides(unit.text) if str(one.side) in asked.sides
                        ]
                        after = [span for span in numbers if ends and span[0] >= ends[0]]
                        first, last = after[0] if after else (first, last)
                    return f"{unit.text[first:last]} {head}", unit
            if match := re.search(rf"\b(?:\w+ ){{1,3}}{stem}s?\b", unit.text):
                words = re.sub(r"^(?:.*\b(?:the|a|an|of|in|is|are|both) )", "", match[0])
                if words.strip() not in (stem, stem + "s"):
                    return words, unit
        out = re.search(
            r"tip (?:is |lies |was )?((?:\w+ )?(?:out of|outside|beyond|not|below)[^,;.]*)",
            unit.text,
        )
        if out and "tip" in asked.text.split():
            return out[1], unit
        found = _where(unit, topic or asked.topic)
        if found:
            sided = re.search(r"\b(?:left|right|bilateral|both)\b", found)
            if not sided and not asked.sides:
                sides = _sides_of(unit, topic or asked.topic) or {
                    str(one.side)
                    for one in find_sides(report.wholes[unit.sentence].text)
                    if one.side
                }
                if len(sides) == 1 and (side := sides.pop()) in ("left", "right"):
                    found = f"{found} ({side} side)"
            return found, unit
    return None


def _where(unit: _Unit, topic: frozenset[str]) -> str:
    """Where a unit says that the topic lies: words before it, and the phrase behind it."""
    spans = unit.spans(topic)
    start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    if len(spans) > 1 and _PREPOSITION.match(unit.text[spans[0][1] :].lstrip()):
        end = spans[0][1]
    before = ""
    if spans:
        for match in _NOUN_BEFORE.finditer(unit.text[:start]):
            gap = unit.text[match.end() : start]
            if not re.search(r"[,;.]|\b(?:of|in|with|and|is|are|the|from|at)\b", gap):
                before = match[0].strip()
    behind = ""
    for match in _PREPOSITION.finditer(unit.text, end):
        gap = unit.text[end : match.start()]
        if re.search(r"\b(?:with|and no|without|due|consistent|suggest)\b", gap) and not re.search(
            r"\b(?:with (?:its |the |a )?(?:tip|side|ends?|leads?))\b", gap
        ):
            break
        tail = unit.text[match.start() :]
        stop = _PLACE_END.search(tail, match.end() - match.start())
        phrase = tail[: stop.start()] if stop else tail
        if re.match(
            r"(?:of|in|on|from|to|at) (?:normal|size|the prior|prior|keeping|place$|number)", phrase
        ):
            continue
        if re.match(r"of (?:\d|the prior)", phrase):
            continue
        behind = phrase.strip()
        break
    if not behind:
        after = unit.text[end:]
        size = re.search(r"\d[\d.]* ?(?:cm|mm) (?:above|below|from|proximal|distal)[^,.;]*", after)
        behind = size[0] if size else ""
    measure = re.search(rf"\d[\d.]* ?(?:cm|mm) {re.escape(behind)}", unit.text) if behind else None
    behind = measure[0] if measure else behind
    return f"{before}{', ' if before and behind else ''}{behind}"


def _generic(report: _Report, asked: Question) -> _Found:
    """The clause that has all that the question asks of."""
    only_what = asked.polar or asked.kind in ("side", "place", "cause")
    if only_what and not (asked.kind == "place" and re.search(r"\bnot\b", asked.text)):
        return None
    for unit in report.about(asked.topic):
        if _fits_side(unit, asked) and _status(unit, asked.topic) != "past":
            return unit.text, unit
    return None


_ANSWERS: dict[str, Callable[[_Report, Question], _Found]] = {
    "count": _count,
    "size": _size,
    "severity": _severity,
    "when": _when,
    "compared": _compared,
    "change": _change,
    "recommendation": _recommendation,
    "side": lambda report, asked: _which(report, asked) or _place(report, asked),
    "place": _place,
    "cause": _cause,
    "presence": _presence,
    "what": _generic,
}


class QuestionAnswering:
    """Questions about a report; what it does not state is not answered."""

    name = "qa"
    needs = "question"

    def prompt(self, request: Request) -> str:
        """The instruction for a language model."""
        return (
            "Answer the question from the radiology report alone, in a few words. Where the report "
            f"does not say, answer: {NOT_STATED}\n\nReport: {request.text}\n\n"
            f"Question: {request.question}"
        )

    def target(self, answer: str) -> str:
        """The answer alone."""
        return answer

    def clean(self, output: str) -> str:
        """The first line."""
        return first_line(output)

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """Exact match without case and punctuation (Rajpurkar et al. 2016)."""
        return [
            float(words_of(self.clean(output)) in {words_of(one) for one in right})
            for output, right in zip(outputs, references, strict=True)
        ]

    def baseline(self, request: Request) -> Answer:
        """The answer of the reading engine."""
        return answer_question(request.text, request.question)
