"""A report as questions are asked of it: its clauses, their concepts, and what they say of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from graphsum.tasks.concepts import BELONGS, DEVICE_KINDS, PARTS, Concept, find_concepts
from graphsum.tasks.questions import Question
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
    r"|(?:that|those) (?:on|in|of|at) the\b"
    r"|the (?:left|right) one\b|measur|extending|associated|surrounding"
)
# The first sentence of a report where it only names the examination: "Elbow radiographs."
_TITLE = re.compile(
    r"(?:[\w -]{3,40} )?(?:radiographs?|films?|mri|mr|ct|ultrasound|sonograph\w+|x-?rays?|scan)\b"
    r"(?: (?:of|with|without|after|in) [\w -]{3,40})?\.?$"
)
# What the referring doctor asks is no finding, where findings have a label of their own.
_REQUEST_LABEL = re.compile(
    r"(?:indications?|(?:\w+ )?history|hx|clinical [\w ]{3,30}|reason [\w ]{3,40}|questions?"
    r"|request[\w ]{0,20}|referr\w+[\w ]{0,20}|symptoms?)\s*:"
)
_FINDINGS_LABEL = re.compile(r"(?:findings?|impression|report|results?|conclusion)\b[^:.]{0,20}:")
_STATE_ALONE = re.compile(r"(?:still |otherwise )?(?:continuous|intact|patent|preserved)[ .]*$")
_CLAUSE = re.compile(
    r"[;:]|,? (?:but|while|whereas|although|however|though)\b|, (?:and )?(?=the |there |no |a |an "
    r"|that (?:on|in) |those (?:on|in) "
    r"|both |which |left |right |mild|moderate|small|large)| and (?=the |there |no |is |are |was "
    r"|an? )"
)
_NOWHERE = re.compile(r"[^,;.]*\b(?:neither (?:side|lung|of)|nowhere)\b")
NEW = re.compile(r"\bnew(?:ly)?\b|\binterval development\b|\bdeveloped\b")
_DOUBT = re.compile(r"\b(?:indeterminate for|equivocal for|question of|\?)")
_UNPROVEN = re.compile(
    r"[^,;]*\b(?:not|never|un)(?: been| \w+ly)? ?(?:confirmed|proven|proved|established|certain)\b"
    r"|[^.;]*\b(?:is|are|remains?) (?:the |an? )?(?:\w+ )?(?:considerations?|differentials?"
    r"|possibilit\w+|suspected|considered|favou?red|thought|concerns?)\b"
)
VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|shows?|remains?|appears?|does|do|contains?|demonstrat\w+"
    r"|measures?|ends?|terminates?|lies|lie|courses?|extends?|projects?|overl\w+|reaches?|sits?"
    r"|crosses|enters?)\b"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A clause or sentence: its plain text, its concepts, those it inherits, and its sentence.

    ``also``: other sentences that an answer from it rests on.
    """

    text: str
    concepts: tuple[Concept, ...]
    inherited: frozenset[str]
    sentence: int
    whole: bool
    also: tuple[int, ...] = ()

    @property
    def quote(self) -> str:
        """The words as an answer quotes them."""
        return re.sub(r"^(?:and|but|while|with) ", "", self.text.strip(" ,;:.")).strip()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.concepts)

    def spans(self, topic: frozenset[str]) -> list[tuple[int, int]]:
        """The characters of the concepts of a topic, merged where they overlap."""
        spans: list[tuple[int, int]] = []
        for one in self.concepts:
            of_kind = BELONGS.get(one.name, frozenset()) & topic & DEVICE_KINDS
            if (one.name in topic or of_kind) and (not spans or one.start >= spans[-1][1]):
                spans.append((one.start, one.end))
        return spans


class Report:
    """The sentences of a report, and the clauses of each."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentences = _told([text[start:end] for start, end in sentence_spans(text)])
        self.units: list[Unit] = []
        self.wholes: list[Unit] = []
        context: frozenset[str] = frozenset()
        self.examined: frozenset[str] = frozenset()
        before: frozenset[str] = frozenset()
        for row, sentence in enumerate(self.sentences):
            plain = plain_text(sentence).text
            concepts = tuple(find_concepts(plain))
            label = re.match(r"[^:.]{3,60}:(?!\d)", plain)
            if label:
                new = frozenset(one.name for one in concepts if one.end <= label.end())
                context = context | new if row == 0 else new
            if row == 0 and not label and _TITLE.match(plain) and not VERB.search(plain):
                self.examined = PARTS & {one.name for one in concepts}
            inherited = context | _wholes_of(concepts, plain)
            if not PARTS & {one.name for one in concepts}:
                inherited |= self.examined  # Else it is said of the part that the sentence names.
            if _REFERS_BACK.match(plain):
                inherited |= before
            else:
                before = frozenset()
            whole = Unit(plain, concepts, inherited, row, True)
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
                    refers = any(
                        words.match(clause.strip()) for words in (_REFERS_BACK, VERB, _STATE_ALONE)
                    )
                    self.units.append(
                        Unit(clause, own, inherited | (earlier if refers else frozenset()), row,
                              False)
                    )  # fmt: skip

    def about(self, topic: frozenset[str]) -> list[Unit]:
        """The clauses, then the sentences, that have every concept of a topic."""
        if not topic:
            return []
        title = topic if topic <= self.examined else frozenset()
        found = [
            unit
            for unit in (*self.units, *self.wholes)
            if topic <= unit.names | unit.inherited - title
        ]
        bearers = topic & _BEARERS
        if not found and bearers and len(topic - bearers) > 1:
            # What is said of the mass in the sentence before: "It borders on X. Invasion of Y."
            named = [unit.sentence for unit in self.wholes if bearers <= unit.names]
            return [unit for unit in self.about(topic - bearers) if unit.sentence - 1 in named]
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
    if re.search(r"\b(?:upper|middle|lower) lobes?\b|\blingula", text):
        found |= {"lung"}
    if {"gallbladder", "stone"} <= names:
        found |= {"gallstone"}
    if names & {"nodule", "mass", "cavity"} and not names & _OTHER_ORGANS:
        found |= {"lung"}
    return found


_BEARERS = frozenset(("mass", "lesion", "nodule", "cyst", "cancer"))
_OTHER_ORGANS = frozenset(
    """thyroi liver kidney adrena pancreas spleen breast brain skin bladder uterus ovary bone colon
    stomach prostate thigh soft mediastinum""".split()
)


def _told(sentences: list[str]) -> list[str]:
    """The sentences without what the referring doctor asks, where findings have their own label."""
    if not any(_FINDINGS_LABEL.match(one.lower()) for one in sentences):
        return sentences
    told, asks = [], False
    for sentence in sentences:
        asks = bool(_REQUEST_LABEL.match(sentence.lower())) or (
            asks and not re.match(r"[^:.?]{3,60}:(?!\d)", sentence)
        )
        if not asks:
            told.append(sentence)
    return told


@lru_cache(maxsize=64)
def read_report(text: str) -> Report:
    return Report(text)


Found = tuple[str, Unit] | None


def sides_of(unit: Unit, topic: frozenset[str]) -> set[str]:
    spans = unit.spans(topic)
    if not spans:
        return set()
    words = list(find_sides(unit.text))
    sides = sides_of_mentions(unit.text, 0, len(unit.text), spans, words)
    return {str(side) for side in sides if side}


def fits_side(unit: Unit, asked: Question) -> bool:
    """Whether what the unit says may be of the side and the place asked of."""
    if asked.places:
        places = frozenset(one.place for one in find_places(unit.text))
        if places_differ(asked.places, places):
            return False
    if not asked.sides:
        return True
    named = {str(one.side) for one in find_sides(unit.text) if one.side}
    own = sides_of(unit, asked.topic) or named
    return not own or "bilateral" in own or bool(own & asked.sides) or bool(named & asked.sides)


_STRENGTH = ("present", "moved", "uncertain", "past", "absent")


def status_of(unit: Unit, topic: frozenset[str]) -> str:
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
    if "present" in states and _NOWHERE.match(unit.text, spans[-1][1]):
        return "absent"
    if "present" in states and _UNPROVEN.match(unit.text, spans[-1][1]):
        return "uncertain"
    if "present" in states and _DOUBT.search(unit.text[: spans[-1][0]][-40:]):
        return "uncertain"
    for state in ("absent", "past", "uncertain"):
        if state in states:
            return state
    return "present"


def stated_units(
    report: Report, asked: Question, topic: frozenset[str] | None = None
) -> list[Unit]:
    """What the report says of a topic that is there, or may be: clauses, then sentences."""
    topic = asked.topic if topic is None else topic
    found = [
        unit
        for unit in report.about(topic)
        if fits_side(unit, asked) and status_of(unit, topic) in ("present", "uncertain", "moved")
    ]
    if re.search(r"\bnew\b", asked.text):
        found = [unit for unit in found if NEW.search(unit.text)] or found
    return found


def widened(report: Report, units: Sequence[Unit]) -> Iterator[Unit]:
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


def anchor(unit: Unit, asked: Question) -> tuple[int, int]:
    """The characters nearest to which an attribute must stand: of the side, else of the topic."""
    sides = [one for one in find_sides(unit.text) if str(one.side) in asked.sides]
    spans = unit.spans(asked.topic)
    if sides and spans:
        nearest = min(sides, key=lambda one: min(abs(one.start - end) for _, end in spans))
        return nearest.start, nearest.end
    return spans[-1] if spans else (0, 0)


def nearest(unit: Unit, asked: Question, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Of the characters of values those that belong to what is asked of."""
    start, end = anchor(unit, asked)
    others = [one for one in find_sides(unit.text) if one.side and str(one.side) not in asked.sides]

    def distance(span: tuple[int, int]) -> tuple[int, int]:
        low, high = min(span[1], end), max(span[0], start)
        crossed = bool(asked.sides) and any(low <= one.start < high for one in others)
        return (int(crossed), max(start - span[1], span[0] - end, 0))

    return min(spans, key=distance)


def by_size(report: Report, asked: Question) -> list[Unit]:
    """What is there, the largest first where the question asks of it."""
    units = stated_units(report, asked)
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
