"""Answers of change, of time and of the study compared with."""

import re

from graphsum.tasks.questions import Question
from graphsum.tasks.reports import Found, Report, Unit, fits_side, stated_units, widened
from graphsum.tasks.several import by_side
from preprocessing.text.measurements import find_sizes
from preprocessing.text.places import find_places

_CHANGES: tuple[tuple[str, str], ...] = (
    ("unchanged", r"unchanged|stable|not (?:significantly |appreciably |really )?changed"
     r"|no (?:\w+ ){0,2}change|similar(?: in \w+)? to|without (?:\w+ )?change|constant"
     r"|no (?:\w+ )?(?:growth|progression|interval growth)|static|the same"
     r"|has not (?:grown|changed|progressed|improved|increased|resolved)"),
    ("improved but not resolved", r"(?:partial\w*|partly|near(?:ly)?|almost|largely|mostly"
     r"|incomplete\w*)(?:-| )(?:complete(?:ly)? )?(?:resol\w+|clear\w+)"),
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
    ("new", r"\bnew(?:ly)?\b|interval (?:development|appearance|placement|insertion)"
     r"|has developed|have developed|has appeared|have appeared"),
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
    r"\b(?:larger|bigger|increas\w*|advanced|worse\w*|grow\w*|grown|progress\w*|enlarged|expanded|more)\b"
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
ADVICE = re.compile(
    r"\b(?:recommend\w*|re-?check\w*|advis\w+"
    r"|suggest(?:ed|ion)?(?= ?(?:[.,;]|$| to| for| in| if| at| after| within| by| now| today))"
    r"|should\b"
    r"|consider(?:ed|ation)?(?! (?:stable|normal))|warrant\w*|is (?:required|needed|indicated"
    r"|urgent)|are (?:required|needed|indicated)|requires?|needs?\b|follow-? ?up|may be helpful"
    r"|would be (?:helpful|useful)|correlat\w+|referral|urgent\w*|repeat\b|biopsy|proposed)"
)


def changed_as_asked(report: Report, asked: Question) -> list[Unit]:
    """ "Which nodule has grown?": the clauses that say that it has."""
    for pattern, names in ((_WORSE_ASKED, ("worse (increased)",)),
                           (_BETTER_ASKED, ("improved (decreased)",))):  # fmt: skip
        if pattern.search(asked.text):
            words = [change for name, change in _CHANGE if name in names]
            return [
                unit
                for unit in report.units
                if asked.topic <= unit.names | unit.inherited
                and any(change.search(unit.text) for change in words)
            ]
    return []


def _change_of(asked: Question, unit: Unit) -> str:
    """What changed, as one side's part of an answer: "yes, worse (increased)"."""
    name = next((name for name, words in _CHANGE if words.search(unit.text)), "")
    said = _polar_change(asked, name, name) if name else ""
    return re.sub(r"^(Yes|No): ", lambda match: f"{match[1].lower()}, ", said)


def answer_change(report: Report, asked: Question) -> Found:
    if found := by_side(report, asked, lambda unit: _change_of(asked, unit)):
        return found
    units = [unit for unit in report.about(asked.topic) if fits_side(unit, asked)]
    if not asked.topic:
        units = [
            unit for unit in report.units
            if asked.places and fits_side(unit, asked)
            and asked.places & {one.place for one in find_places(unit.text)}
        ]  # fmt: skip
        nouns = re.findall(r"\b(?:lobe|zone|base|apex|pole|side)\b", asked.text)
        units += [u for u in report.units if asked.sides and fits_side(u, asked)
                  and any(noun in u.text for noun in nouns)]  # fmt: skip
        if not asked.places and not asked.sides:
            units = [u for u in report.wholes
                     if re.search(r"prior|previous|earlier|since|study|exam|last|compar"
                     r"|interval", u.text)]  # fmt: skip
    for unit in widened(report, units):
        for name, pattern in _CHANGE:
            match = pattern.search(unit.text)
            if not match:
                continue
            said = {"unchanged": "unchanged", "new": "new"}.get(name, name)
            if name == "improved but not resolved" and not asked.polar:
                said = f"improved ({match[0]})"
            if name in ("moved", "healed"):
                said = match[0]
            return _polar_change(asked, name, said), unit
        sizes = {one.kind: one.value for one in find_sizes(unit.text)}
        if "size" in sizes and "earlier" in sizes:
            grown = sizes["size"] > sizes["earlier"]
            name = "worse (increased)" if grown else "improved (decreased)"
            return _polar_change(asked, name, name), unit
    if asked.polar and (asked.topic and _GONE_ASKED.search(asked.text)):
        for unit in stated_units(report, asked):
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


def answer_when(report: Report, asked: Question) -> Found:
    advice = re.search(r"should|recommend|advis|follow|next|repeat|how soon|how often", asked.text)
    topic = asked.topic - {"followup", "repeat", "radiog", "scan"} if advice else asked.topic
    units = report.about(topic) if topic else []
    if advice:
        units = [u for u in units or report.wholes if ADVICE.search(u.text)] or (
            [u for u in report.wholes if ADVICE.search(u.text)] if units else []
        )
    for unit in widened(report, units):
        if match := _WHEN.search(unit.text):
            return match[0], unit
    return None


def answer_compared(report: Report, asked: Question) -> Found:
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
