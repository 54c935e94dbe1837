"""Which sentences of a candidate may stand beside the findings (step 8 of ``docs/decoding.md``)."""

import re
from collections.abc import Callable, Sequence

from graphsum.impressions.plan import Plan
from graphsum.impressions.wording import is_well_worded
from preprocessing.facts.comparison import (
    REPORTED_TIERS,
    Checked,
    compare_statements,
    is_actionable,
    reports,
)
from preprocessing.facts.ontology import ontology
from preprocessing.facts.statements import Statement

# What a sentence may say that states nothing of the chest.
_WITHOUT_STATEMENT = re.compile(
    r"\b(?:recommend|correlat|follow|compar|unchanged|stable|changes?\b|limited|as above|discuss"
    r"|this|these|findings|clinical"
    r"|consider|(?:acute|active|evidence of) [\w ,/]*(?:process|disease|abnormalit|finding|injury"
    r"|patholog))"
)
_IN_PLACE = re.compile(
    r"\b(?:standard|satisfactory|good|appropriate|expected|adequate|stable|unchanged) position"
    r"|\bin (?:place|situ)\b"
)
_DEVICE_KIND = re.compile(
    r"\b(?:(?P<airway>et|ett|endotracheal|tracheal|tracheostomy|breathing|intubat\w+)"
    r"|(?P<enteric>ng|ngt|nasogastric|og|ogt|orogastric|feeding|enteric|dobb?hoff|gastric)"
    r"|(?P<drain>chest tubes?|drains?|pigtail|thoracostomy|intercostal)"
    r"|(?P<pacing>pacemaker|leads?|icd|pacing|defibrillator)"
    r"|(?P<line>picc|central|jugular|subclavian|umbilical|cvc|port|dialysis|swan|catheter|line))\b"
)
# Where the end of a tube or line may lie.
_DEVICE_PLACE = re.compile(
    r"\b(?:svc|superior vena cava|ivc|cavo-?atrial|(?:(?:left|right) )?(?:atri(?:um|al)|ventricle)"
    r"|carina|stomach|duoden\w+"
    r"|brachiocephalic|innominate|subclavian|jugular|azygos)\b"
)
_STABLE = re.compile(r"\b(?:stable|unchanged|no (?:\w+ )?changes?)\b")
COURSE = re.compile(
    r"\b(?:stable|unchanged|compar\w+|prior|previous\w*|earlier|interval|again|remains?|persist\w*"
    r"|since|similar|changes?d?|new|old|chronic|known|redemonstrat\w+|resol\w+|improv\w+|increas\w+"
    r"|decreas\w+|worse\w*)\b"
)
_DISEASE = ("diseas", "process", "abnorm", "patholog")  # "no acute pleural disease"
_GENERAL_NORMAL = re.compile(
    r"(?:there (?:is|are) )?no (?:evidence of )?(?:[\w-]+ ){0,2}?(?:acute|active) (?:[\w-]+ ){0,3}?"
    r"(?:diseas|process|abnormalit|finding|patholog)\w*(?! (?:of|in|to)\b)"
)
_CLEAR_LUNGS = frozenset(("Lung Opacity", "Consolidation", "Infiltrate"))


def is_named(statements: Sequence[Statement]) -> bool:
    """Whether all that a sentence asserts has a name."""
    return all(one.names or one.status == "absent" for one in statements)


def adds_something(statements: Sequence[Statement], plan: Plan, lowered: str) -> bool:
    """Whether a sentence asserts something by name, or denies what the findings do not speak of."""
    checked = compare_statements(statements, plan.statements, plan.findings).statements
    return any(
        (one.statement.status != "absent" and one.statement.names)
        or (
            one.kind == "unsupported"
            and one.statement.status == "absent"
            and not one.statement.general
            and not _WITHOUT_STATEMENT.search(lowered)
        )
        for one in checked
    )


def device_kinds(text: str) -> set[str]:
    return {match.lastgroup or "" for match in _DEVICE_KIND.finditer(text.lower())}


def is_sound(
    sentence: str,
    plan: Plan,
    statements: Sequence[Statement],
    is_word: Callable[[str], bool] | None,
) -> bool:
    """Whether a sentence may stand in the impression of these findings."""
    if not statements and not _WITHOUT_STATEMENT.search(sentence.lower()):
        return False
    lowered, findings = sentence.lower(), plan.findings.lower()
    named = any(one.names for one in statements)
    if not is_well_worded(sentence, plan.findings, is_word, named=named):
        return False
    if not statements and _STABLE.search(lowered) and not COURSE.search(findings):
        return False  # the findings know of no earlier examination
    if statements and all(one.general and one.status != "absent" for one in statements):
        return False  # "mild acute abnormality"
    if any("Support Devices" in one.names for one in statements) and not (
        set(_DEVICE_PLACE.findall(lowered)) <= set(_DEVICE_PLACE.findall(findings))
    ):
        return False
    checked = compare_statements(statements, plan.statements, plan.findings)
    if checked.wrong or any(one.differs for one in checked.statements):
        return False
    if _IN_PLACE.search(lowered) and any(
        "Device Malposition" in one.names and device_kinds(clause.text) & device_kinds(sentence)
        for clause in plan.must
        for one in clause.statements
    ):
        return False
    return all(_is_borne_out(one, plan) for one in checked.statements)


def _is_borne_out(one: Checked, plan: Plan) -> bool:
    """Whether a statement may stand: doubt without support, and "clear lungs", may not always."""
    statement = one.statement
    if one.kind == "unsupported" and statement.status == "uncertain" and statement.names:
        return False
    if not statement.names and (statement.status, one.linked and one.linked.status) == (
        "present",
        "uncertain",
    ):
        return False
    if statement.names and statement.status != "absent" and not statement.side and one.linked:
        other = {"left": "right", "right": "left"}.get(one.linked.side or "")
        if other and any(
            o.side == other and o.names and o.status != "absent" for o in plan.statements
        ):
            return False  # without its side it would be taken for the other one
    if one.kind == "unsupported" and statement.status == "present" and not statement.names:
        return bool(_WITHOUT_STATEMENT.search(" ".join(statement.words)))
    if statement.status == "absent" and statement.names >= _CLEAR_LUNGS:
        if one.kind == "unsupported" and plan.unnamed:
            return False
        return not any(
            ontology().organ(name) in ("lungs", "pleura")
            for clause in plan.must
            for other in clause.statements
            for name in other.names
        )
    return not (_says_less(one) or _hides_a_course(statement, plan))


def _hides_a_course(statement: Statement, plan: Plan) -> bool:
    """Whether it names, at the same place, something that gets worse or better, and not that."""
    return not statement.change and any(
        other.change in ("worse", "improved")
        and other.places
        and other.places == statement.places
        and is_actionable(other)
        and reports([statement], other)
        for other in plan.statements
    )


def _says_less(one: Checked) -> bool:
    """Whether it names something that must be reported without its side, size or course."""
    if one.linked is None or not is_actionable(one.linked):
        return False
    statement, linked = one.statement, one.linked
    if linked.change in ("worse", "improved") and not statement.change:
        return True
    if linked.change == "new" and not statement.change:  # where that alone makes it worth a report
        tiers = [ontology().tier(name) for name in linked.names]
        if not any(tier in REPORTED_TIERS for tier in tiers):
            return True
    if one.kind != "supported":
        return False
    return bool(linked.side and not statement.side) or bool(linked.sizes and not statement.sizes)


def is_general_normal(sentence: str, statements: Sequence[Statement]) -> bool:
    """Whether a sentence says of the whole chest that nothing is there."""
    return _GENERAL_NORMAL.match(sentence.lower()) is not None or any(
        one.status == "absent"
        and (
            (one.general and (one.acute or not one.words))
            or (one.acute and any(word.startswith(_DISEASE) for word in one.words))
        )
        for one in statements
    )


def is_asserted(one: Statement) -> bool:
    return one.status != "absent" and bool(one.names)


def is_verdict_lost(statements: Sequence[Statement], sentence: str, plan: Plan) -> bool:
    """Whether a dropped sentence has a verdict beside what it was dropped for."""
    checked = compare_statements(statements, plan.statements, plan.findings).statements
    general = [one for one in checked if one.statement.general and one.statement.status == "absent"]
    return (
        bool(general)
        and not any(one.wrong for one in general)
        and is_general_normal(sentence, statements)
        and not plan.out_of_domain
    )
