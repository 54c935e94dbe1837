"""Answers of whether something is there: stated, denied, doubtful, or denied by a state."""

import re

from graphsum.tasks.concepts import PARTS, find_concepts, word_concept
from graphsum.tasks.questions import Question
from graphsum.tasks.reports import (
    NEW,
    VERB,
    Found,
    Report,
    Unit,
    fits_side,
    nearest,
    status_of,
    widened,
)
from preprocessing.facts.reading import read_mentions
from preprocessing.text.places import find_places
from preprocessing.text.status import judge_mentions

# What a word of state denies of the part that it is said of.
_STATES: tuple[tuple[str, str], ...] = (
    (r"intact|preserved|continuous|unbroken",
     "fracture tear rupture injury damage disrup broken dislocation loosening displaced break "
     "defect"),
    (r"closed|shut", "open leak patent"),
    (r"thin-walled|thin walled|of normal thickness|thin", "thickening"),
    (r"straight", "scoliosis curved bent angulated"),
    (r"smooth", "irregular lobulated spiculated"),
    (r"solid", "cyst cavity"),
    (r"well fixed|well-fixed|firmly fixed|well seated|secure", "loosening"),
    (r"single|solitary", "several multiple"),
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
# What asks of a state alone; that the part is named is no answer.
_IS_STATE = re.compile(
    r"(?:is|are|was|were|does|do) (?!there\b|any\b).*\b(?:within normal limits|normal|clear"
    r"|intact|patent|unremarkable|midline|sharp|healthy|preserved)"
    r"(?: in (?:size|calib\w+|position|appearance))?$"
)
_ASKS_POSITION = re.compile(
    r"\b(?:position|placed|positioned|sited|seated|aligned|(?<!still )in (?:the )?(?:\w+ )?place)\b"
)
_ANOTHER_ASKED = re.compile(r"\banother\b")
_ASKS_DEGREE = re.compile(
    r"(?<!too )\b(?:large|big|small|severe|extensive|marked)\b"
    r"(?! (?:bowel|intestin\w+|vessels?|airways?|joints?|amounts?))"
)
_DEGREES = re.compile(
    r"\b(?:large|big|massive|marked|extensive|abundant|huge|severe|small|minimal|trace|tiny|slight"
    r"|little|thin|trivial|mild|moderate)\b"
)
_ASKS_MUCH = re.compile(r"\b(?:a lot of|much|massive|large amounts? of)\b")
_MUCH = re.compile(r"\b(?:large|big|massive|marked|extensive|abundant|huge|much|severe)\b")
_LITTLE = re.compile(r"\b(?:small|minimal|trace|tiny|slight|little|thin|trivial|mild)\b")
_ASKS_WHOLE = re.compile(r"\b(?:whole|entire|entirely|completely|total|totally)\b")
_IS_WHOLE = re.compile(r"\b(?:whole|entire\w*|complete\w*|total\w*|all of)\b")
_IS_PART = re.compile(r"\b(?:part|partial\w*|partly|incomplete\w*|sub-?segmental|subtotal)\b")
_ASKS_CERTAINTY = re.compile(
    r"\b(?:confirmed|certain(?:ly|ty)?|proven|proved|sure|established|definite(?:ly)?)\b"
)
_ANOTHER = re.compile(r"\b(?:second|third|another|additional|further|other|more)\b")
_POSITION_GOOD = re.compile(
    r"\b(?:(?:standard|satisfactory|appropriate|good|adequate|acceptable|expected|correct|proper"
    r"|usual|optimal|normal|unchanged|near-?anatomic|anatomic) (?:position\w*|location|place"
    r"|alignment|placement)|(?:well|appropriately|properly|correctly|satisfactorily|adequately)[ -]"
    r"(?:position\w*|placed|sited|seated|aligned)|in place|in situ|in position)\b"
)
_POSITION_BAD = re.compile(
    r"\b(?:mal-?position\w*|misplaced|too (?:low|high|deep|far|shallow)|coiled|kinked|should be "
    r"\w+|(?:withdrawal|retraction|advancement|repositioning)|(?:right|left) main\w*|esophag\w+"
    r"|jugular|needs? to be|migrated|displaced|dislodged|malalign\w*|outside"
    r"|(?:does|do) not (?:drain|reach|lie|end|extend|enter))\b"
)
_OLD = re.compile(r"\b(?:old|healed|chronic|remote|prior|longstanding|long-standing|unchanged)\b")
# Kinds of finding; that one of a kind is denied does not deny the others.
_FAMILIES = frozenset(("fluid", "injur", "tear"))


def _alternatives(report: Report, asked: Question) -> Found:
    """ "Is the tear partial or complete?": the one that the report says."""
    either = re.search(r"\b([\w-]+) or (?:an? |the |in the )?([\w-]+)", asked.text)
    if not either:
        return None
    words = [one for one in (either[1], either[2]) if one not in ("mass", "more")]
    topic = asked.topic - {one.name for word in words for one in find_concepts(word)}
    for unit in report.about(topic - {"thickening"}):
        said = [
            word
            for word in words
            if re.search(rf"\b{re.escape(word[:6])}", unit.text)
            or unit.names & {one.name for one in find_concepts(word)}
        ]
        if len(said) == 1 and status_of(unit, topic) != "absent":
            return said[0], unit
    return None


_ASKS_BEFORE = re.compile(r"\b(?:before|previously|earlier|already)\b")
_ASKS_VIEW = re.compile(r"\b(?:seen|visible|in view|visuali[sz]ed|included|identified)$")
_OUT_OF_VIEW = re.compile(
    r"\b(?:(?:out of|outside|beyond|off) (?:the )?(?:view|field|image|film)"
    r"|not (?:\w+ )?(?:seen|visible|visuali[sz]ed|included|in view|identified))\b"
)


def answer_presence(report: Report, asked: Question) -> Found:
    if _ASKS_VIEW.search(asked.text):
        for unit in widened(report, report.about(asked.topic)):
            if _OUT_OF_VIEW.search(unit.text):
                return "No, it is not in view", unit
    if found := _alternatives(report, asked):
        return found
    if _ASKS_STATE.search(asked.text) and (
        (found := _state(report, asked))
        or _ASKS_POSITION.search(asked.text)
        or _IS_STATE.match(asked.text)
    ):
        return found
    stated = any(
        status_of(unit, asked.topic) == "present" and asked.topic <= unit.names
        for unit in report.about(asked.topic)
        if not unit.whole and fits_side(unit, asked)
    )
    if not stated and (found := _denied_by_state(report, asked)):
        return found
    uncertain: Found = None
    absent: Found = None
    wants_new = re.search(r"\b(?:new|other|additional|further)\b", asked.text)
    units = [unit for unit in report.about(asked.topic) if fits_side(unit, asked)]
    if re.search(r"\banother\b", asked.text):
        units = [unit for unit in units if _ANOTHER.search(unit.text)]
    if wants_new:
        units.sort(key=lambda unit: not NEW.search(unit.text))
    for unit in units:
        state = status_of(unit, asked.topic)
        if "removed" in asked.topic & unit.names and state == "past":
            return ("No" if re.search(r"\bnot\b", unit.text) else "Yes"), unit
        if wants_new and state == "past" and re.search(r"\bno (?:\w+ )?new\b", unit.text):
            return "No", unit
        if state == "present" and _ASKS_BEFORE.search(asked.text) and NEW.search(unit.text):
            return ("Yes" if re.search(r"\bnot\b", asked.text) else "No, it is new"), unit
        if state == "present" and _refuted(unit, asked):
            return "No", unit
        if state == "present" and _ASKS_WHOLE.search(asked.text):
            if _IS_PART.search(unit.text):
                return "No", unit
            if not _IS_WHOLE.search(unit.text):
                continue
        if state == "present" and _ASKS_DEGREE.search(asked.text):
            if answer := _of_degree(unit, asked):
                return answer, unit
            continue
        if state == "present" and _ASKS_MUCH.search(asked.text):
            if _LITTLE.search(unit.text):
                return "No", unit
            if not _MUCH.search(unit.text):
                continue
        if state == "past" and re.search(r"\bstill\b", asked.text):
            return "No", unit
        if state in ("present", "moved"):
            return "Yes", unit
        if state == "uncertain" and uncertain is None:
            doubt = (
                "No; it is possible, not certain"
                if _ASKS_CERTAINTY.search(asked.text)
                else ("Possibly; it is not certain")
            )
            uncertain = doubt, unit
        if state == "absent" and (asked.topic & _FAMILIES) - unit.names:
            continue
        gone = state == "past" and re.search(
            r"\b(?:no|not|without|resolved|cleared|removed|resolution|removal)\b", unit.text
        )
        if (
            state == "absent"
            or (gone and (wants_new or "remov" in unit.text or "resol" in unit.text))
        ) and absent is None:
            absent = "No", unit
    limited = any(
        words.search(asked.text)
        for words in (_ANOTHER_ASKED, _ASKS_WHOLE, _ASKS_MUCH, _ASKS_DEGREE)
    )
    if found := uncertain or absent or (None if limited else _by_engine(report, asked)):
        return found
    return None if limited or stated else _denied_at_large(report, asked)


_NO_DISEASE = re.compile(
    r"\bno (?:[\w-]+ ){0,4}?"
    r"(?:disease|abnormalit(?:y|ies)|process(?:es)?|patholog(?:y|ies)|lesions?)\b"
)


def _denied_at_large(report: Report, asked: Question) -> Found:
    """ "No foreign body." denies one in the airway; "no middle lobe disease" pneumonia there."""
    of_finding = asked.topic - PARTS
    for unit in report.units:
        parts = (unit.names | unit.inherited - report.examined) & PARTS
        places = {one.place for one in find_places(unit.text)}
        denied = of_finding and of_finding != asked.topic and of_finding <= unit.names
        if denied and not parts and not places and status_of(unit, of_finding) == "absent":
            return "No", unit
        if (
            _NO_DISEASE.search(unit.text)
            and asked.topic & _DISEASES
            and (asked.topic - _DISEASES <= unit.names)
            and (asked.topic - _DISEASES or (asked.places and asked.places <= places))
            and fits_side(unit, asked)
        ):
            return "No", unit
    return None


_DISEASES = frozenset("pneumonia consolidation opacity infection mass nodule tumor cancer".split())


def _of_degree(unit: Unit, asked: Question) -> str | None:
    """ "Is the effusion large?": whether the degree said of it is the one asked."""
    spans = unit.spans(asked.topic)
    degrees = [match.span() for match in _DEGREES.finditer(unit.text)]
    if not spans or not degrees:
        return None
    first, last = nearest(unit, asked, degrees)
    if re.search(r"[,;]|\b(?:and|with)\b", unit.text[last : spans[0][0]]):
        return None
    said = unit.text[first:last]
    wanted = _LITTLE if _LITTLE.search(asked.text) else _MUCH
    return "Yes" if wanted.search(said) else f"No: {said}"


def _refuted(unit: Unit, asked: Question) -> bool:
    """Whether a unit says "nondisplaced" of what is asked to be displaced."""
    aged = re.search(r"\b(?:acute|new|recent|fresh)\b", asked.text) and _OLD.search(unit.text)
    placed = "displaced" in asked.topic and re.search(r"\b(?:non-?|un|not )displaced", unit.text)
    return bool(placed or (aged and not re.search(r"\bacute|\bnew\b", unit.text)))


def _denied_by_state(report: Report, asked: Question) -> Found:
    """ "The femoral necks are intact" denies a fracture of the femoral neck."""
    for state, denied in _STATE:
        problems = asked.topic & denied
        part = asked.topic - problems
        if not problems or not part:
            continue
        for unit in report.units:
            named = part & (unit.names | (unit.inherited - report.examined))
            if not part <= unit.names | unit.inherited or not named:
                continue
            if asked.topic <= unit.names or not fits_side(unit, asked):
                continue
            for match in state.finditer(unit.text):
                judged = judge_mentions(unit.text, 0, len(unit.text), [match.span()])
                if judged[0].status == "present":
                    return "No", unit
    return None


def _state(report: Report, asked: Question) -> Found:
    """Whether a part is normal, clear, intact, in place."""
    words = {"normal", "clear", "intact", "patent", "open", "unrema", "midlin", "sharp", "health",
             "preser", "aligne", "align", "alignm", "inflat", "expand", "expan", "correc", "standa",
             "standar", "proper", "seat", "seated", "sited", "satisf", "appear", "within",
             "limit"}  # fmt: skip
    part = asked.topic - words
    device = _ASKS_POSITION.search(asked.text)
    found = None if device else _abnormal(report, asked, part)
    if found and found[0].startswith("No"):
        return found
    for unit in widened(report, [u for u in report.about(part) if fits_side(u, asked)]):
        if device:
            if bad := _POSITION_BAD.search(unit.text):
                return f"No: {bad[0]}", unit
            if good := _POSITION_GOOD.search(unit.text):
                return f"Yes: {good[0]}", unit
            continue
        for state in (*(state for state, _ in _STATE), _NORMALLY):
            for match in state.finditer(unit.text):
                label = unit.text.rfind(":", 0, match.start()) + 1
                said, span = unit.text[label:], (match.start() - label, match.end() - label)
                judged = judge_mentions(said, 0, len(said), [span])
                status = judged[0].status
                return ("Yes" if status == "present" else "No"), unit
        if part & unit.names and not unit.whole and VERB.search(unit.text):
            others = [one for one in unit.concepts if one.name not in part]
            if any(one.name in _ABNORMAL for one in others):
                present = status_of(unit, frozenset(one.name for one in others) & _ABNORMAL)
                if present == "uncertain":
                    return "It is not certain", unit
                return ("No" if present != "absent" else "Yes"), unit
    return found


# States that the denial of one finding amounts to: no fracture, no shift, no enlargement.
_ASKS_ONE_THING = re.compile(r"\b(?:bones?|ribs?|\w*skelet\w*) intact\b|\bmidline\b|\bsize\b")
_NORMALLY = re.compile(r"\bnormally\b")
_EXCEPT = re.compile(r"\b(?:except|apart from|aside from|other than|otherwise|save for)\b")


def _excluded_by(text: str) -> frozenset[str]:
    """The findings that the state which a question names excludes."""
    if re.search(r"\b(?:size|calib\w+)\b", text):
        return frozenset(("enlarged", "undersized", "dilate", "aneurysm"))
    if re.search(r"\balign\w*", text):
        return frozenset(("dislocation", "displaced", "shift"))
    if re.search(r"\b(?:normal|unremarkable|healthy)\b", text):
        return _ABNORMAL - {"open", "patent", "several", "multip", "multiple"}
    return frozenset().union(*(denied for state, denied in _STATE if state.search(text)))


def _abnormal(report: Report, asked: Question, part: frozenset[str]) -> Found:
    """ "Are the lungs clear?": the consolidation that the report tells of.

    A clause that says the state of the part itself is left to it, unless it makes an exception.
    """
    excluded = _excluded_by(asked.text) - part
    less: Found = None
    denied: Found = None
    rows = {unit.sentence for unit in report.about(part)}
    for unit in report.units:
        of_part = unit.sentence in rows and part <= unit.names | unit.inherited
        if not of_part or not fits_side(unit, asked):
            continue
        if any(state.search(unit.text) for state, _ in _STATE) and not _EXCEPT.search(unit.text):
            continue
        for name in sorted(unit.names & excluded):
            status = status_of(unit, frozenset((name,)))
            if status in ("present", "moved"):
                return f"No: {unit.quote}", unit
            if status == "uncertain":
                less = less or (f"It is not certain: {unit.quote}", unit)
            if status == "absent" and _ASKS_ONE_THING.search(asked.text):
                denied = denied or (f"Yes: {unit.quote}", unit)
    return less or denied


_ABNORMAL = frozenset().union(*(denied for _, denied in _STATE))


def _by_engine(report: Report, asked: Question) -> Found:
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
    answers: dict[str, Unit] = {}
    for row, unit in enumerate(report.wholes):
        for one in read_mentions(report.sentences[row])[1]:
            lacks = asked.topic - unit.names - unit.inherited
            if lacks & PARTS and lacks != asked.topic:
                continue  # It says what is asked of, but of another part.
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
