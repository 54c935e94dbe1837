"""Answers of side and place."""

import re

from graphsum.tasks.changes import changed_as_asked
from graphsum.tasks.concepts import find_concepts
from graphsum.tasks.questions import Question
from graphsum.tasks.reports import (
    NEW,
    Found,
    Report,
    Unit,
    by_size,
    fits_side,
    nearest,
    sides_of,
    stated_units,
    status_of,
    widened,
)
from preprocessing.text.laterality import find_sides

_PREPOSITION = re.compile(
    r"\b(?:in|within|at|along|near|over|overlying|behind|above|below|beneath|under|inside|into"
    r"|adjacent to|abutting|between|throughout|involving|of|on|to|around|beside|anterior to"
    r"|enter(?:s|ing)|reach(?:es|ing)|overlies|crosses"
    r"|posterior to|medial to|lateral to|proximal to|distal to|just|projecting|from|beyond"
    r"|through|out of)\b"
)
_PLACE_END = re.compile(
    r"[,;.:]|\b(?:is|are|was|were|has|have|measur\w+|with|which|and (?:the|a|an|there|is|was|no"
    r"|withdrawal|should|measur\w+)|but|without|consistent|compatible|suggest\w*|likely|due to"
    r"|that|concerning|unchanged|increased|decreased|may|could|cannot)\b"
)
_LOCATION = (
    r"(?:left|right|main(?:stem)?|bilateral|upper|lower|middle|mid|apical|basal|basilar|bibasilar|posterior"
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
    r"|duodenal|gastric|rectal|pleural|supraclavicular|inguinal|outer|inner)"
)
# Parts that have a number, and the words that must stand in a sentence that gives it.
_NUMBERED = {
    "rib": r"\b(?:rib|costal)",
    "vert": "",
    "digit": r"\b(?:digit|finger|toe|thumb|phalan)",
    "finger": r"\b(?:digit|finger|thumb|phalan)",
    "toe": r"\b(?:digit|toe|hallux|phalan)",
    "metatarsal": r"\bmetatars",
    "metacarpal": r"\bmetacarp",
}
_ORDINAL_WORDS = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|\d{1,2}(?:st|nd|rd|th)|[ctls]\d{1,2})"
)
_ORDINAL = re.compile(
    rf"\b{_ORDINAL_WORDS}(?:(?:,? (?:to|through|and)|,|-|/) ?{_ORDINAL_WORDS})*\b"
)
_ASKS_NORMAL = re.compile(
    r"\b(?:free (?:of|from)|clear\b|normal\b|spared|unaffected|uninvolved|healthy|unremarkable)"
)
_IS_NORMAL = re.compile(
    r"\b(?:free (?:of|from)|clear|normal|spared|unaffected|uninvolved|healthy|unremarkable"
    r"|intact)\b"
)
_ASKS_PAST = re.compile(r"\b(?:was|were|had)\b")
_OVER = re.compile(r"\b(?:resolved|cleared|gone|disappeared|removed|no longer|previously)\b")
_VEIN = re.compile(
    r"\b(?:(?:left|right) )?(?:(?:internal|external|common) )?(?:jugular|subclavian|femoral|basilic"
    r"|brachial|cephalic|umbilical|brachiocephalic|axillary)\b(?: vein)?"
)
_NOUN_BEFORE = re.compile(rf"(?:{_LOCATION}(?:-sided)?(?:,? and|,|/|-)? ?)+(?=\w|$)")


_DEGREES = (
    "trace tiny minimal|small mild slight minor|moderate|large marked severe extensive|massive huge"
)
_RANK = {word: rank for rank, words in enumerate(_DEGREES.split("|")) for word in words.split()}
_DEGREE_SIDE = re.compile(
    rf"\b(?P<degree>{'|'.join(_RANK)})(?:ly)?(?:-sized)?(?: \w+){{0,2}}? (?P<side>left|right)\b"
    r"|\b(?P<side_>left|right)(?:-sided)?(?: \w+){0,2}? (?:is |are )?"
    rf"(?P<degree_>{'|'.join(_RANK)})\b"
)
_GREATER = re.compile(
    r"\b(?:(?:larger|greater|more|worse|bigger)[\w, ]{0,20}? on the (left|right)"
    r"|(left|right) (?:side )?(?:larger|greater|more|worse|bigger|>) ?(?:than)?)\b"
)
_ASKS_GREATER = re.compile(r"\b(?:bigger|larger|greater|worse|thicker|wider|denser|more \w+)\b")
_ASKS_LESS = re.compile(r"\b(?:smaller|lesser|less \w+|milder)\b")


def _greater(report: Report, asked: Question) -> Found:
    """ "Which effusion is larger?", where the report gives two sides with a degree each."""
    less = bool(_ASKS_LESS.search(asked.text))
    if not less and not _ASKS_GREATER.search(asked.text):
        return None
    for unit in widened(report, report.about(asked.topic)):
        if told := _GREATER.search(unit.text):
            side = told[1] or told[2]
            return (("left" if side == "right" else "right") if less else side) + " side", unit
        ranks = {
            one["side"] or one["side_"]: _RANK[one["degree"] or one["degree_"]]
            for one in _DEGREE_SIDE.finditer(unit.text)
        }
        if len(ranks) == 2 and len(set(ranks.values())) == 2:
            chosen = (min if less else max)(ranks, key=lambda side: ranks[side])
            return f"{chosen} side", unit
    return None


def _side(report: Report, asked: Question) -> Found:
    if found := _greater(report, asked):
        return found
    units = by_size(report, asked)
    if changed := changed_as_asked(report, asked):
        units = changed
    if normal := _ASKS_NORMAL.search(asked.text):
        units = _normal_units(report, asked, normal)
    for unit in widened(report, units):
        if "shift" in asked.topic and (
            way := re.search(r"\b(?:to|towards?) the (left|right)|\b(left|right)ward", unit.text)
        ):
            return f"To the {way[1] or way[2]}", unit
        sides = sides_of(unit, asked.topic)
        if not sides:
            words = [one for one in find_sides(unit.text) if one.side]
            sides = {str(one.side) for one in words}
            if len(sides) > 1 and asked.topic & unit.names:
                spans = [(one.start, one.end) for one in words]
                start, _ = nearest(unit, asked, spans)
                sides = {str(one.side) for one in words if one.start == start}
        if sides:
            if asked.text.startswith(("which side", "what side", "on which side")):
                sides |= _further_sides(report, asked, units)
            both = "bilateral" in sides or len(sides) > 1
            return ("Both sides" if both else f"{sides.pop()} side"), unit
    return None


def _further_sides(report: Report, asked: Question, units: list[Unit]) -> set[str]:
    """The sides of the topic in other sentences than the first, where it is there, too."""
    told = [unit for unit in stated_units(report, asked) if unit in units]
    return {side for unit in told for side in sides_of(unit, asked.topic)} - {"bilateral"}


def _normal_units(report: Report, asked: Question, normal: re.Match[str]) -> list[Unit]:
    """ "Which lung is free of opacity?": the clauses that say that one is clear."""
    told = {one.name for one in find_concepts(asked.text[normal.start() :])}
    part = asked.topic - told
    return [
        unit
        for unit in report.units
        if part and part <= unit.names | unit.inherited and _IS_NORMAL.search(unit.text)
    ]


def answer_which(report: Report, asked: Question) -> Found:
    """Which of several findings: its side with its place; which side: the side alone."""
    found = _side(report, asked)
    if (
        found
        and re.match(r"(?:which|what) (?!side)", asked.text)
        and (placed := answer_place(report, asked))
    ):
        side = found[0].split()[0]
        if side in placed[0] and len(placed[0].split()) <= 8:
            return placed
    return found


def answer_place(report: Report, asked: Question) -> Found:
    if re.match(r"(?:which|what)\b", asked.text) and (greater := _greater(report, asked)):
        return greater
    noun = re.search(
        r"(?:which|what) ((?:\w+ ){0,2}?(?:lobe|zone|segment|level|vertebra|rib|bone|artery"
        r"|vein|part"
        r"|portion|finger|toe|compartment|quadrant|horn|ligament|tendon|disc|joint|lung|third|pole"
        r"|ventricle|chamber|sinus|valve|duct|bronch\w+|airway|branch|region|area|metatarsal|metacarpal"
        r"|muscle|organ|wall|vessel|root))",
        asked.text,
    )
    head = noun[1].split()[-1] if noun else ""
    topic = asked.topic - {one.name for one in find_concepts(head)} if head else asked.topic
    units = [
        unit for unit in (by_size(report, asked) if re.search(r"larg|small|bigg", asked.text)
                          else report.about(topic or asked.topic))
        if fits_side(unit, asked)
        and (
            status_of(unit, topic or asked.topic) != "absent"
            or re.search(r"\bnot\b", asked.text)
            or (_ASKS_PAST.search(asked.text) and _OVER.search(unit.text))
        )
    ]  # fmt: skip
    units.sort(key=lambda unit: -_literal(unit, asked))
    if re.search(r"\bnew\b", asked.text):
        units = [unit for unit in units if NEW.search(unit.text)] or units
    if not topic and head[:4] in ("vert", "rib", "leve"):
        units = [u for u in report.units if re.search(r"\b[ctl]\d{1,2}\b", u.text)]
    if re.search(r"\b(?:larg|bigg)est\b", asked.text):
        rows = {unit.sentence for unit in units}
        units = [
            unit
            for unit in report.units
            if unit.sentence in rows and re.match(r" ?the (?:larg|bigg)est\b", unit.text)
        ] + units
    if head == "vein":
        for unit in widened(report, units):
            if vein := _VEIN.search(unit.text):
                return vein[0], unit
    for unit in widened(report, units):
        if head:
            stem = head[:4] if head.startswith("vert") else head
            if stem in ("part", "portion", "area", "region"):
                stem = "(?:quadrant|lobe|zone|pole|third|segment|horn|aspect|half|part|region)"
            if stem == "airway":
                stem = "(?:bronch|trache|airway|laryn)"
            if match := re.search(
                rf"\b{stem}s?(?: fractures?)? (?:[ivx]{{1,4}}\b|\d{{1,2}})"
                r"(?:(?:,? and|,|/| ?-| to| through) ?\d{1,2})*\b",
                unit.text,
            ):
                return match[0], unit
            numbered = stem in _NUMBERED
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
                if not re.search(_NUMBERED[stem], report.wholes[unit.sentence].text):
                    continue
                if numbers:
                    first, last = nearest(unit, asked, numbers)
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
        tip = re.search(r"\btips?\b", unit.text) if "tip" in asked.text.split() else None
        found = _where(unit, topic or asked.topic, start_at=tip.end() if tip else 0)
        if found:
            sided = re.search(r"\b(?:left|right|bilateral|both)\b", found)
            if not sided and not asked.sides:
                sides = sides_of(unit, topic or asked.topic) or {
                    str(one.side)
                    for one in find_sides(report.wholes[unit.sentence].text)
                    if one.side
                }
                if len(sides) == 1 and (side := sides.pop()) in ("left", "right"):
                    found = f"{found} ({side} side)"
            return found, unit
    return None


def _literal(unit: Unit, asked: Question) -> int:
    """How many words of what is asked of a unit has as they stand, but for their endings."""
    asked_of = [asked.text[one.start : one.end] for one in find_concepts(asked.text)
                if one.name in asked.topic]  # fmt: skip
    return sum(word[:5] in unit.text for word in asked_of)


def _where(unit: Unit, topic: frozenset[str], start_at: int = 0) -> str:
    """Where a unit says that the topic lies: words before it, and the phrase behind it."""
    spans = unit.spans(topic)
    start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
    if len(spans) > 1 and _PREPOSITION.match(unit.text[spans[0][1] :].lstrip()):
        end = spans[0][1]
    end = max(end, start_at)
    before = ""
    if spans and not start_at:
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


def answer_generic(report: Report, asked: Question) -> Found:
    """The clause that has all that the question asks of."""
    only_what = asked.polar or asked.kind in ("side", "place", "cause")
    if only_what and not (asked.kind == "place" and re.search(r"\bnot\b", asked.text)):
        return None
    for unit in report.about(asked.topic):
        if fits_side(unit, asked) and status_of(unit, asked.topic) != "past":
            return unit.text, unit
    return None
