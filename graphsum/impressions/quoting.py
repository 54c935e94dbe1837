"""Which clauses of the findings an impression quotes (steps 11 to 14 of ``docs/decoding.md``)."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from graphsum.impressions.checking import device_kinds
from graphsum.impressions.clauses import Clause
from graphsum.impressions.explained import denies
from graphsum.impressions.plan import Plan, is_stable_only
from preprocessing.facts.comparison import (
    compare_statements,
    reports,
    tier_of,
)
from preprocessing.facts.ontology import TIERS, ontology
from preprocessing.facts.statements import Statement
from preprocessing.text.places import places_differ

FEW = 4  # clauses of which none is passed over
_FEW_ODD = 1  # odd clauses that are told beside something that must be, whatever their words
_MEASURED = re.compile(r"\d (?:mm|cm|degrees)\b", re.IGNORECASE)
# Words of what may harm, of which the ontology knows no name.
ALARMING = re.compile(
    r"\b(?:gas|air(?! ?space| ?way)|lodged|perforat|dislocat|avuls|torn|tear|ruptur|kink|obstruct"
    r"|twist|incarcerat|strangulat|ha?emorrhag|bleed|leak|extravas|occlu|collaps|crush|burst"
    r"|foreign|bullet|pellet|needle|swallow|necro|gangren|ischa?emi|infarct|embol|thromb|abscess"
    r"|empyema|invad|invasi|destr[ou]|erod|erosi|tension|tampon|penetrat|impal|sever(?:ed|ance)"
    r"|lacerat|contus|effac|straddl|hyperdens|swollen|bow(?:ed|ing)"
    r"|snap|broke|break|crack|eaten|gnaw|loose|shear|migrat|impacted|perched|sublux|flap|clot|cut-?off|interrupt|thrombos"
    r"|disrupt|dehisc|torsion|volvul|intussuscep|herniat|entrap|compress(?:es|ing)|flail)\w*"
)
# Of other parts of the body: what is a finding, and what hardly ever matters.
_LESION = re.compile(
    r"\b(?:lesions?|mass(?:es)?|tumou?rs?|lumps?|spots?|plaques?|shadow\w*|white\w*|wedges?|wet|soggy"
    r"|pus|blood|crescents?|rims?|pockets?|conglomerat\w*|thrombus|endplates?|(?:hypo|hyper|an)-?(?:dense|attenuat\w+|echoic|intens\w+"
    r"|enhanc\w+)|(?:low|high) (?:density|signal|attenuation)|enhanc\w+|collections?|dilat\w+"
    r"|disten\w+|thicken\w+|swelling|oedem\w+|edem\w+|displac\w+|shift\w*|surround\w*|encas\w+"
    r"|narrow\w+|stenos\w+|fractur\w+|extru\w+|sequest\w+|stranding|nodes?|nodal|fluid|leak\w*"
    r"|widen\w+|irregular|spiculat\w+|cavit\w+|restricted|absent flow|filling defect|defects?)\b"
)
_MINOR = re.compile(
    r"\b(?:simple (?:\w+ )?cysts?|retention cysts?|sebaceous|lipomas?|old|chronic|healed"
    r"|atherom\w+|athero\w+|degenerat\w+|spondylo\w+|osteophyt\w+|diverticulosis|h(?:a)?emangiomas?"
    r"|(?:linear|dependent|plate-?like|subsegmental) atelectasis|scars?|scarring|implants?|lens"
    r"|calcified|calcium|calcific\w*|atroph(?:y|ic)|fat-?containing|umbilical|mild|minor|minimal"
    r"|slight|slightly|physiologic\w*|benign|normal|unremarkable|intact|accessory|variants?|polyps?"
    r"|fine|ok|okay|as (?:before|it was)|same (?:in|as|since)|so in|(?:is|was) the projection"
    r"|overlie\w*|lie across|owing to|allow(?:ing|ance)|central|clean|worn|chalky"
    r"|artefacts?|artifacts?|motion|annular fissure|for (?:the )?age|fatty)\b"
)
# What was not so before.
_FRESH = re.compile(
    r"\b(?:new(?:ly)?|fresh|what is different|different|no longer|not (?:there|on|seen|present)"
    r" (?:\w+ ){0,4}(?:before|then|old|previous|last|earlier|film|in)|has (?:\w+ )?(?:dropped"
    r"|come up"
    r"|appeared|grown|spread|shifted|gone)|have (?:\w+ )?(?:appeared|grown)|progress\w*"
    r"|is now|now)\b"
)


def _may_harm(text: str) -> bool:
    """Whether words that no rule reads are told though something else must be reported."""
    return has_lesion(text) or _FRESH.search(text.lower()) is not None


def has_lesion(sentence: str) -> bool:
    """Whether a part of a sentence has a word of a lesion or of harm, and denies nothing."""
    return any(
        (_LESION.search(part) or ALARMING.search(part))
        and not denies(part)
        and not _MINOR.search(part)
        for part in re.split(r"[,;:]|\b(?:and|but|which|or)\b", sentence.lower())
    )


def further_clauses(
    plan: Plan, *, kept: bool, asserts: bool, unsure: bool, sure: bool
) -> list[Clause]:
    """Clauses that need not be reported and are, the first first, if nothing tells them already.

    Args:
        kept: whether a sentence of the candidate is left.
        asserts: whether the impression asserts something so far.
        unsure: whether the model does not stand by its candidate.
        sure: whether it does, so that what it knows the words of need not be told for safety.
    """
    if plan.out_of_domain:
        small = (one for one in plan.must if is_small(one))
        traces = (c for c in plan.clauses if c.tier == "routine" and plan.has_new_words(c))
        others = (*small, *plan.may, *traces, *plan.minor, *plan.unnamed)
        return sorted(dict.fromkeys(others), key=_weight, reverse=True)
    odd = [one for one in plan.unnamed if one.odd]
    if plan.must and len(odd) > _FEW_ODD:
        odd = [one for one in odd if _may_harm(one.text)]
    found = sorted(odd, key=_weight, reverse=True)
    found += [c for c in plan.clauses if not c.must and any(map(is_stable_only, c.statements))]
    found += list(plan.may) if plan.must or not kept or unsure else []
    few = len(plan.clauses) <= FEW
    if few or not plan.must:
        found += [c for c in plan.clauses if c not in found and _names(c, "told_alone")]
    if plan.must and few and not sure:
        found += [c for c in plan.clauses if c.tier == "routine" and c not in found]
    found += [
        c
        for c in plan.clauses
        if c.tier == "routine"
        and not c.must
        and (
            plan.is_new(c)
            or (_names(c, "answers") and plan.has_new_words(c))
            or (_names(c, "answers_alone") and few)
        )
    ]
    found += [
        c
        for c in plan.unnamed
        if ALARMING.search(c.text.lower())
        or (not sure and (not c.statements or _MEASURED.search(c.text)))
        or (not c.statements and plan.has_new_words(c))
    ]
    if asserts:
        return list(dict.fromkeys(found))
    devices = [c for c in plan.minor if device_kinds(c.text)]
    several = len(device_kinds(" ".join(clause.text for clause in devices))) > 1
    for clauses, wanted in (
        (plan.may, False),
        (devices if plan.may else plan.minor, unsure or several),
        (plan.unnamed, unsure or not kept),
    ):
        found += [c for c in clauses if wanted or plan.is_new(c) or _MEASURED.search(c.text)]
    return list(dict.fromkeys(found))


def _weight(clause: Clause) -> int:
    """How much a clause about another part of the body may matter, by its words alone."""
    text = clause.text.lower()
    return (
        2 * bool(ALARMING.search(text))
        + 2 * bool(_FRESH.search(text))
        + bool(_LESION.search(text))
        + bool(_MEASURED.search(text))
        - 3 * bool(_MINOR.search(text))
    )


def is_harmless(clause: Clause, plan: Plan) -> bool:
    """Whether "no acute abnormality" may be added to a clause, the findings having denied some."""
    return (
        not plan.out_of_domain
        and not clause.must
        and any(one.status == "absent" for one in plan.statements)
        and clause.tier in ("none", "routine")
        and not any(one.status == "uncertain" for one in clause.statements)
        and (
            plan.is_artefact(clause)
            or (
                any(one.names for one in clause.statements)
                and all(tier_of(one) == "none" or _is_chronic(one) for one in clause.statements)
            )
        )
    )


def _is_chronic(one: Statement) -> bool:
    known = ontology()
    further = (known.relations[key] for key in ("further_chronic", "chronic_beside_normal"))
    return one.old or one.names <= known.chronic.union(*further)


def is_small(clause: Clause) -> bool:
    """Whether something of another part of the body need not come first: a simple cyst."""
    return clause.tier not in ("critical", "urgent") and _weight(clause) < 0


def _names(clause: Clause, relation: str) -> bool:
    """Whether it asserts something that a relation of the ontology names."""
    names = frozenset(ontology().relations[relation])
    return any(one.status == "present" and one.names & names for one in clause.statements)


def urgency(statements: Sequence[Statement]) -> int:
    """The rank of the most urgent statement; what denies or calls normal comes last."""
    asserted = [one for one in statements if one.status != "absent"]
    return min((TIERS.index(tier_of(one)) for one in asserted), default=len(TIERS))


def is_reported(
    one: Statement, clause: str, kept: Sequence[str], known: Sequence[Statement]
) -> bool:
    """Whether something that must be reported is; a device that lies astray by its own kind."""
    known = [other for other in known if not places_differ(other.places, one.places)]
    if any(ontology().organ(name) == "bones" for name in one.names):
        # Of bones each has its own.
        known = [
            o for o in known if o.names & one.names and (o.places & one.places or not one.places)
        ]
    if one.status == "uncertain":
        known = [other for other in known if other.names & one.names or other.status == "uncertain"]
    near = tier_of(one) != "critical"
    if not reports(known, one, near=near):
        return False
    if one.change == "stable" and tier_of(one) == "critical":  # which is half of what it means
        return any(o.change == "stable" or o.old for o in known if o.names & one.names)
    if one.side == "bilateral":
        sides = {o.side for o in known if reports([o], one, near=near)}
        if len(sides) == 1 and sides <= {"left", "right"}:
            return False
    if "Device Malposition" not in one.names:
        return True
    kinds = device_kinds(clause)
    return bool(kinds & device_kinds(" ".join(kept))) if kinds else True


def is_of_another(other: Statement, one: Statement) -> bool:
    """Whether a statement of another clause is of something elsewhere in the lungs."""
    return any(ontology().organ(name) == "lungs" for name in one.names) and bool(
        one.places - other.places or (one.sizes and one.sizes != other.sizes)
    )


def is_told(one: Statement, known: Sequence[Statement]) -> bool:
    """Whether a statement of the findings is told: also that something is there no more."""
    if one.status != "absent":
        specific = one.names - {"Support Devices"}
        return reports(known, replace(one, names=specific) if specific else one)
    return any(other.resolved and other.names & one.names for other in known)


def clauses_behind(statements: Sequence[Statement], plan: Plan) -> list[Clause]:
    """The clauses that speak of what a dropped sentence asserts."""
    names = {name for one in statements if one.status != "absent" for name in one.names}
    return [
        clause for clause in plan.clauses if any(one.names & names for one in clause.statements)
    ]


def is_vaguer(statements: Sequence[Statement], told: Container[Statement], plan: Plan) -> bool:
    """Whether all that it asserts rests on more urgent findings that are quoted already."""
    checked = compare_statements(statements, plan.statements, plan.findings).statements
    asserted = [one for one in checked if one.statement.status != "absent"]
    return bool(asserted) and all(
        one.linked is not None
        and one.linked in told
        and TIERS.index(tier_of(one.linked)) < TIERS.index(tier_of(one.statement))
        for one in asserted
    )


def repeats_a_clause(
    statements: Sequence[Statement],
    quoted: Sequence[str],
    stated: Mapping[str, tuple[Statement, ...]],
) -> bool:
    """Whether a sentence asserts something by a name by which a quoted clause asserts it too."""
    known = [one for clause in quoted for one in stated[clause] if one.status != "absent"]
    return any(
        one.status != "absent"
        and one.names & other.names
        and one.side in (None, other.side)
        and not places_differ(one.places, other.places)
        for one in statements
        for other in known
    )


def is_covered(
    statements: Sequence[Statement],
    quoted: Sequence[str],
    stated: Mapping[str, tuple[Statement, ...]],
) -> bool:
    """Whether the quoted clauses tell all that a sentence asserts."""
    known = [one for clause in quoted for one in stated[clause]]
    asserted = [one for one in statements if one.status != "absent" and not one.general]
    if any("Device Malposition" in one.names for one in asserted):
        return False
    return bool(asserted and known) and all(
        any(
            one.names & other.names
            and (one.side in (None, other.side) or other.side == "bilateral")
            and not places_differ(one.places, other.places)
            for other in known
        )
        for one in asserted
    )
