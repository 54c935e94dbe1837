"""Answers of recommendations and of causes."""

import re

from graphsum.tasks.changes import ADVICE
from graphsum.tasks.concepts import find_concepts
from graphsum.tasks.presence import answer_presence
from graphsum.tasks.questions import Question
from graphsum.tasks.reports import Found, Report, Unit, stated_units, widened

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


def answer_recommendation(report: Report, asked: Question) -> Found:
    ignored = frozenset(("followup", "treatm", "action", "test", "manage", "care", "urgent"))
    topic = asked.topic - ignored
    advice = [unit for unit in report.wholes if _advises(unit)]
    if re.search(r"^who\b|\b(?:special\w+|department|doctor|physician|consult\w*)\b", asked.text):
        topic -= {"specia", "depart", "doctor", "physic", "consul"}
        advice = [unit for unit in advice if re.search(r"consult|refer|discuss", unit.text)]
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
    return answer_presence(report, asked) if asked.polar else None


def _advises(unit: Unit) -> bool:
    return bool(ADVICE.search(unit.text)) and not re.search(
        r"\bno (?:acute )?\w+ consider", unit.text
    )


def answer_cause(report: Report, asked: Question) -> Found:
    if re.search(r"\b(?:performed|done|carried out|undertaken|placed|inserted)$", asked.text):
        return _reason(report, asked)
    units = stated_units(report, asked) if asked.topic else list(report.wholes)
    if not asked.topic and re.search(r"prefer|favou?r", asked.text):
        units.sort(key=lambda unit: not re.search(r"prefer|favou?r", unit.text))
    if not units:
        units = stated_units(report, asked, asked.topic - {"enlarged", "abnormal", "displaced"})
    units = units or report.about(asked.topic)
    for unit in widened(report, units):
        match = _CAUSE.search(unit.text)
        if not match and asked.text.startswith("why"):
            match = re.search(r"\b(?:after|following|post|with|because)\b", unit.text)
        if not match:
            continue
        tail = re.split(r"[;.]|, (?:and|but|which|with)\b|\bis (?:recommended|advised)",
                        unit.text[match.end():])[0]  # fmt: skip
        hedge = match[0] if re.search("may|might|could|likely|probab|possib|suggest|concern|suspic"
                                      "|worris|favou?r|raise", match[0]) else ""  # fmt: skip
        again = asked.topic & {one.name for one in find_concepts(tail)}
        if again and not _CAUSE.search(match[0]):
            continue
        if tail.strip():
            return f"{hedge} {tail}", unit
        head = unit.text[: match.start()]
        if head.strip() and re.search(r"likely|favou?red|suspected", match[0]):
            return head, unit
    return None


_REASON = re.compile(
    r"\b(?:for|after|following|because(?: of)?|owing to|to (?:treat|exclude)) [^.;,:]+"
)


def _reason(report: Report, asked: Question) -> Found:
    """Why something was done, where the report says so."""
    for unit in report.about(asked.topic):
        if match := _REASON.search(unit.text):
            return match[0], unit
    return None


_MECHANISM = re.compile(
    r"\b(?:fall|fell|accident|collision|crash|assault|trauma|kick\w*|punch\w*|sports?|playing"
    r"|stab\w*|gunshot|twist\w*|jump\w*|lifting|inhal\w+|aspirat\w+|swallow\w*|after|following"
    r"|from a|to treat|in order to|for)\b"
)


def answer_mechanism(report: Report, asked: Question) -> Found:
    """How something came about, or what it is for, where a clause about it says so."""
    for unit in stated_units(report, asked):
        if _MECHANISM.search(unit.text):
            return unit.text, unit
    return None
