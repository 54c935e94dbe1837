"""Checking a candidate against the plan, and mending it sentence by sentence.

1. A sentence that states what the findings do not bear out, that changes a side, place, size,
   degree or the course of a finding, that has a blank or a word that does not exist, or that states
   nothing at all, is dropped; where the samples disagree, every sentence of the model that names
   something is.
2. "No acute abnormality" is dropped where something that must be reported forbids it.
3. What must be reported and is not reported by what is left is put before it, in the findings' own
   clause, the most urgent first.
4. Up to three further clauses follow where the sentences that are left leave room for them
   (:func:`_further`).
5. Where nothing is left, the impression says that nothing acute is there.
"""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from graphsum.consensus.candidates import own_sentences
from graphsum.consensus.word_pairs import WordPairs
from graphsum.impressions.clauses import Clause
from graphsum.impressions.explained import denies
from graphsum.impressions.plan import Plan, is_stable_only
from graphsum.impressions.wording import is_well_worded
from preprocessing.facts.comparison import (
    REPORTED_TIERS,
    Checked,
    Consistency,
    compare_statements,
    is_actionable,
    is_acute,
    reports,
    statements_of,
    tier_of,
)
from preprocessing.facts.ontology import TIERS, ontology
from preprocessing.facts.statements import Statement
from preprocessing.text.places import places_differ
from preprocessing.text.sentences import sentence_spans

NORMAL = "No acute cardiopulmonary abnormality."
NORMAL_ELSEWHERE = "No acute abnormality."
_NUMBER = re.compile(r"\s*\d+[.)]\s*")
# Says what something may be, and nothing before it says what.
_OF_NOTHING = re.compile(
    r"(?:(?:these|the|this) )?(?:findings?|appearances?|these|this|it) (?:may|might|could)"
    r" (?:also |well )?(?:be|represent|reflect|indicate|suggest)\b"
)
_STRAY_NUMBER = re.compile(r"(?<=[.!?])\s+\d{1,2}[.)]?\s*$")  # of a list whose item never came
_LONE_NUMBER = re.compile(r"^\s*1[.)]\s+")
_SECOND = re.compile(r"(?<![\d.])2[.)] ?[^\W\d]")
UNSURE = 0.5  # agreement of the samples below which routine findings are told too
SURE = 0.7  # agreement from which the model is trusted with what it knows the words of
# Agreement below which the model's words assert nothing: the findings' own clauses do.
DISTRUSTED = 0.35
_FEW = 4  # clauses of which none is passed over
_FEW_ODD = 1  # odd clauses that are told beside something that must be, whatever their words
_MAY_CLAUSES = 3  # routine clauses that an impression of own clauses has at most
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
_BARE_BLANK = re.compile(r"(?:,? (?:from|since|of|on|to|with|in|by|at)(?: the)?)?[ ]?_{2,}")
_MEASURED = re.compile(r"\d (?:mm|cm|degrees)\b", re.IGNORECASE)
# Where the end of a tube or line may lie.
_DEVICE_PLACE = re.compile(
    r"\b(?:svc|superior vena cava|ivc|cavo-?atrial|(?:(?:left|right) )?(?:atri(?:um|al)|ventricle)"
    r"|carina|stomach|duoden\w+"
    r"|brachiocephalic|innominate|subclavian|jugular|azygos)\b"
)
# Words of what may harm, of which the ontology knows no name.
_ALARMING = re.compile(
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
_STABLE = re.compile(r"\b(?:stable|unchanged|no (?:\w+ )?changes?)\b")
_BARE_COURSE = re.compile(r"(?:stable|unchanged|similar|no (?:\w+ )?change)\W*")
_STABLE_FIRST = re.compile(r"^(?:stable|unchanged) (\w)(?!xam|ppearance)", re.IGNORECASE)
_COURSE = re.compile(
    r"\b(?:stable|unchanged|compar\w+|prior|previous\w*|earlier|interval|again|remains?|persist\w*"
    r"|since|similar|changes?d?|new|old|chronic|known|redemonstrat\w+|resol\w+|improv\w+|increas\w+"
    r"|decreas\w+|worse\w*)\b"
)
_DISEASE = ("diseas", "process", "abnorm", "patholog")  # "no acute pleural disease"
_ADVISES = re.compile(r"\b(?:recommend|advis|suggest|follow|repeat|warrant)")
_GENERAL_NORMAL = re.compile(
    r"(?:there (?:is|are) )?no (?:evidence of )?(?:[\w-]+ ){0,2}?(?:acute|active) (?:[\w-]+ ){0,3}?"
    r"(?:diseas|process|abnormalit|finding|patholog)\w*(?! (?:of|in|to)\b)"
)
_CLEAR_LUNGS = frozenset(("Lung Opacity", "Consolidation", "Infiltrate"))
_CHEST = re.compile(r"\b(?:lungs?|heart|cardi\w+|chest|pleura\w*|pulmon\w+|thora\w+|pneumo\w+)\b")


@dataclass(frozen=True, slots=True)
class Mended:
    """An impression, and what was done to the candidate: sentences dropped and clauses quoted."""

    text: str
    dropped: int
    quoted: tuple[str, ...]
    checked: Consistency


def mend(
    candidates: Sequence[str],
    plans: Sequence[Plan],
    is_word: Callable[[str], bool] | None = None,
    agreements: Sequence[float | None] | None = None,
    pairs: WordPairs | None = None,
) -> list[Mended]:
    """The impression of each plan, from a candidate; an empty one where nothing was said.

    Args:
        is_word: whether a lower-case word exists, where that is known.
        agreements: how far the model's samples agree with each candidate (0 to 1), where known.
        pairs: which words may stand side by side, where that is known.
    """
    sentences = [
        _own_clauses(_sentences(text), plan) for text, plan in zip(candidates, plans, strict=True)
    ]
    distinct = list(dict.fromkeys(one for own in sentences for one in own))
    own_clauses = [clause.text for plan in plans for clause in plan.clauses]
    texts = list(dict.fromkeys([*distinct, *own_clauses, NORMAL, NORMAL_ELSEWHERE]))
    stated = dict(zip(texts, statements_of(texts), strict=True))
    known = agreements or [None] * len(candidates)
    drafts = [
        _draft(text, own, plan, stated, is_word, agreement, pairs)
        for text, own, plan, agreement in zip(candidates, sentences, plans, known, strict=True)
    ]
    finished = statements_of(
        [
            " ".join(parts) if plan.english else ""
            for (parts, *_), plan in zip(drafts, plans, strict=True)
        ]
    )
    return [
        Mended(
            " ".join(parts),
            dropped,
            quoted,
            compare_statements(statements, plan.statements, plan.findings),
        )
        for (parts, dropped, quoted), plan, statements in zip(drafts, plans, finished, strict=True)
    ]


def _own_clauses(sentences: Sequence[str], plan: Plan) -> list[str]:
    """The sentences with clauses in the place of what is quoted from the findings.

    Without "stable" before a finding where the findings know of no earlier examination.
    """
    if not _COURSE.search(plan.findings.lower()):
        sentences = [_STABLE_FIRST.sub(lambda match: match[1].upper(), one) for one in sentences]
    quotable = {
        sentence: [c.text for c in plan.clauses if start <= c.start < end]
        for start, end, sentence in own_sentences(plan.findings)
    }
    return [part for one in sentences for part in quotable.get(one) or [one]]


def _sentences(text: str) -> list[str]:
    """The sentences of a candidate, without the numbers of a list."""
    text = _STRAY_NUMBER.sub("", text)
    parts = [text[start:end].strip() for start, end in sentence_spans(text)]
    parts = [_NUMBER.sub("", part, count=1) if _NUMBER.match(part) else part for part in parts]
    return [part for part in parts if re.search(r"[^\W\d_]", part)]


def _draft(
    candidate: str,
    sentences: Sequence[str],
    plan: Plan,
    stated: dict[str, tuple[Statement, ...]],
    is_word: Callable[[str], bool] | None,
    agreement: float | None,
    pairs: WordPairs | None,
) -> tuple[list[str], int, tuple[str, ...]]:
    """The sentences of the impression, how many were dropped, and the clauses quoted."""
    if plan.information.verdict == "nothing":
        return [], len(sentences), ()
    if not plan.english:
        return [candidate], 0, ()
    by_text = {clause.text: clause for clause in plan.clauses}
    unsure = agreement is not None and agreement < UNSURE
    kept: list[str] = []
    if not plan.out_of_domain:
        kept = [one for one in sentences if _is_sound(one, plan, stated[one], is_word)]
    if pairs is not None and (unsure or agreement is None):
        kept = [one for one in kept if one in by_text or pairs.knows(one, plan.findings)]
    if agreement is not None and agreement < DISTRUSTED:
        kept = [one for one in kept if one in by_text or not _adds(stated[one], plan, one.lower())]
    if kept and _OF_NOTHING.match(kept[0].lower()):
        del kept[0]
    dropped = len(sentences) - len(kept)
    if not plan.allows_normal or any(c.odd for c in plan.clauses):
        kept = [one for one in kept if one in by_text or not _is_general_normal(one, stated[one])]
    replaced = [
        clause.text
        for one in sentences
        if one not in kept and not plan.out_of_domain
        for clause in _clauses_behind(stated[one], plan)
    ]
    own = [one for one in kept if one in by_text]  # clauses of the findings
    kept = [one for one in kept if one in own or not _is_covered(stated[one], own, stated)]
    if len(kept) > 1:  # "Stable." by itself is of nothing
        kept = [one for one in kept if not _BARE_COURSE.fullmatch(one.lower())]
    known = [one for sentence in kept for one in stated[sentence]]
    quoted: list[str] = []
    for clause in plan.must:
        if plan.out_of_domain and _is_small(clause):
            continue
        wanted = [one for one in clause.statements if is_actionable(one)]
        others = [
            o for t in (*kept, *quoted) if t in by_text and t != clause.text for o in stated[t]
        ]
        if (
            plan.out_of_domain
            or not wanted
            or not all(
                _is_reported(
                    one,
                    clause.text,
                    kept,
                    [o for o in known if o not in others or not _is_of_another(o, one)],
                )
                for one in wanted
            )
        ):
            quoted.append(clause.text)
            known += stated[clause.text]
    for text in dict.fromkeys(replaced):
        named = [one for one in by_text[text].statements if one.names]
        if text not in quoted and not all(reports(known, one) for one in named):
            quoted.append(text)
            known += stated[text]
    asserts = any(one.status != "absent" for one in known)
    sure = agreement is not None and agreement >= SURE
    further = _further(plan, kept=bool(kept), asserts=asserts, unsure=unsure, sure=sure)
    few = plan.out_of_domain and len(plan.clauses) <= _FEW
    for clause in further[: _FEW if few else _MAY_CLAUSES]:
        named = [one for one in clause.statements if one.names] or list(clause.statements)
        if clause.text not in kept and not (named and all(_is_told(one, known) for one in named)):
            quoted.append(clause.text)
            known += stated[clause.text]
    for sentence in [one for one in kept if one not in by_text]:
        behind = _clauses_behind(stated[sentence], plan)
        if behind and _repeats(stated[sentence], quoted, stated):  # own clauses tell it all, once
            kept.remove(sentence)
            quoted += [
                clause.text
                for clause in behind
                if clause.text not in kept
                and not all(
                    _is_told(one, [o for t in quoted for o in stated[t]])
                    for one in clause.statements
                )
            ]
    quoted = [  # "Opacity." is told by "Opacity. It may be pneumonia." too
        one
        for one in dict.fromkeys(quoted)
        if not any(one != other and other.startswith(f"{one} ") for other in (*quoted, *kept))
    ]
    unread = {
        c.text
        for c in plan.unnamed
        if not c.calm or plan.is_new(c) or not c.statements or _ALARMING.search(c.text.lower())
    }
    unread |= {c.text for c in plan.clauses if c.tier == "routine" and plan.is_new(c)}
    odd = any(c.odd for c in plan.clauses)
    if odd:  # the findings' own words for it are enough
        kept = [one for one in kept if one in by_text or _is_named(stated[one])]
    if odd or not unread.isdisjoint([*quoted, *kept]):  # nobody knows whether it is harmless
        kept = [one for one in kept if one in by_text or not _is_general_normal(one, stated[one])]
    harmless = not odd and all(
        one in by_text and _is_harmless(by_text[one], plan) for one in (*kept, *quoted)
    )
    missing = (
        not odd
        and plan.allows_normal
        and unread.isdisjoint([*quoted, *kept])
        and not any(is_acute(o) for one in (*kept, *quoted) for o in stated[one] if _asserts(o))
        and not any(_is_general_normal(one, stated[one]) for one in kept)
        and any(_is_verdict_lost(stated[one], one, plan) for one in sentences if one not in kept)
    )
    if kept and not quoted and kept == _sentences(candidate) and not harmless:
        candidate = _without_lone_number(_STRAY_NUMBER.sub("", candidate))
        return [candidate, *_advice(plan, candidate)], 0, ()
    # What the own clauses say already need not be said again.
    parts = list(quoted)
    told = {one for c in plan.clauses if c.text in quoted for one in c.statements}
    for one in kept:
        if any(part != one and part.startswith(one) for part in (*quoted, *kept)):
            continue
        if not _is_covered(stated[one], parts, stated) and not _is_vaguer(stated[one], told, plan):
            parts.append(one)
    if quoted:
        parts.sort(key=lambda one: _urgency(stated[one]))
    parts = [_ended(part) for one in parts if (part := _BARE_BLANK.sub("", one).strip())]
    side = plan.title_side
    if parts and side in ("left", "right") and not re.search(rf"\b{side}\b", parts[0].lower()):
        first = parts[0] if parts[0][1:2].isupper() else parts[0][0].lower() + parts[0][1:]
        parts[0] = f"{side.capitalize()} side: {first}"
    if parts:
        parts += _advice(plan, " ".join(parts))
    if parts and not harmless and plan.denial:
        parts.append(plan.denial)
    if not parts and plan.out_of_domain and not plan.unexplained:
        parts = [one for one in plan.sentences if _has_lesion(one)][:_MAY_CLAUSES]
        if parts:
            quoted, harmless, missing = parts, False, False
    if not parts and (plan.unexplained or (not harmless and not _says_normal(plan))):
        parts = list((plan.unexplained or plan.sentences)[:_MAY_CLAUSES])
        quoted, harmless, missing = parts, False, False
    if harmless or missing or not parts:
        chest = not plan.other_exam or _CHEST.search(plan.findings.lower())
        parts.append(NORMAL if chest else NORMAL_ELSEWHERE)
    return parts, dropped, tuple(quoted)


def _without_lone_number(text: str) -> str:
    """Without the "1." of a list that has no second item."""
    return text if _SECOND.search(text) else _LONE_NUMBER.sub("", text)


def _may_harm(text: str) -> bool:
    """Whether words that no rule reads are told though something else must be reported."""
    return _has_lesion(text) or _FRESH.search(text.lower()) is not None


def _is_named(statements: Sequence[Statement]) -> bool:
    """Whether all that a sentence asserts has a name."""
    return all(one.names or one.status == "absent" for one in statements)


def _has_lesion(sentence: str) -> bool:
    """Whether a part of a sentence has a word of a lesion or of harm, and denies nothing."""
    return any(
        (_LESION.search(part) or _ALARMING.search(part))
        and not denies(part)
        and not _MINOR.search(part)
        for part in re.split(r"[,;:]|\b(?:and|but|which|or)\b", sentence.lower())
    )


def _says_normal(plan: Plan) -> bool:
    """Whether findings deny something, call something normal, or say nothing else at all."""
    accounted = not plan.other_exam and not plan.clauses
    denied = any(one.status == "absent" for one in plan.statements)
    return denied or accounted or not plan.sentences


def _advice(plan: Plan, written: str) -> list[str]:
    """What the findings advise, where what is written advises nothing."""
    return [plan.advice] if plan.advice and not _ADVISES.search(written.lower()) else []


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def _adds(statements: Sequence[Statement], plan: Plan, lowered: str) -> bool:
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


def _further(plan: Plan, *, kept: bool, asserts: bool, unsure: bool, sure: bool) -> list[Clause]:
    """Clauses that need not be reported and are, the first first, if nothing tells them already.

    Args:
        kept: whether a sentence of the candidate is left.
        asserts: whether the impression asserts something so far.
        unsure: whether the model does not stand by its candidate.
        sure: whether it does, so that what it knows the words of need not be told for safety.
    """
    if plan.out_of_domain:
        small = (one for one in plan.must if _is_small(one))
        traces = (c for c in plan.clauses if c.tier == "routine" and plan.has_new_words(c))
        others = (*small, *plan.may, *traces, *plan.minor, *plan.unnamed)
        return sorted(dict.fromkeys(others), key=_weight, reverse=True)
    odd = [one for one in plan.unnamed if one.odd]
    if plan.must and len(odd) > _FEW_ODD:
        odd = [one for one in odd if _may_harm(one.text)]
    found = sorted(odd, key=_weight, reverse=True)
    found += [c for c in plan.clauses if not c.must and any(map(is_stable_only, c.statements))]
    found += list(plan.may) if plan.must or not kept or unsure else []
    few = len(plan.clauses) <= _FEW
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
        if _ALARMING.search(c.text.lower())
        or (not sure and (not c.statements or _MEASURED.search(c.text)))
        or (not c.statements and plan.has_new_words(c))
    ]
    if asserts:
        return list(dict.fromkeys(found))
    devices = [c for c in plan.minor if _device_kinds(c.text)]
    several = len(_device_kinds(" ".join(clause.text for clause in devices))) > 1
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
        2 * bool(_ALARMING.search(text))
        + 2 * bool(_FRESH.search(text))
        + bool(_LESION.search(text))
        + bool(_MEASURED.search(text))
        - 3 * bool(_MINOR.search(text))
    )


def _is_harmless(clause: Clause, plan: Plan) -> bool:
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


def _is_small(clause: Clause) -> bool:
    """Whether something of another part of the body need not come first: a simple cyst."""
    return clause.tier not in ("critical", "urgent") and _weight(clause) < 0


def _names(clause: Clause, relation: str) -> bool:
    """Whether it asserts something that a relation of the ontology names."""
    names = frozenset(ontology().relations[relation])
    return any(one.status == "present" and one.names & names for one in clause.statements)


def _urgency(statements: Sequence[Statement]) -> int:
    """The rank of the most urgent statement; what denies or calls normal comes last."""
    asserted = [one for one in statements if one.status != "absent"]
    return min((TIERS.index(tier_of(one)) for one in asserted), default=len(TIERS))


def _is_reported(
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
    kinds = _device_kinds(clause)
    return bool(kinds & _device_kinds(" ".join(kept))) if kinds else True


def _is_of_another(other: Statement, one: Statement) -> bool:
    """Whether a statement of another clause is of something elsewhere in the lungs."""
    return any(ontology().organ(name) == "lungs" for name in one.names) and bool(
        one.places - other.places or (one.sizes and one.sizes != other.sizes)
    )


def _is_told(one: Statement, known: Sequence[Statement]) -> bool:
    """Whether a statement of the findings is told: also that something is there no more."""
    if one.status != "absent":
        specific = one.names - {"Support Devices"}
        return reports(known, replace(one, names=specific) if specific else one)
    return any(other.resolved and other.names & one.names for other in known)


def _device_kinds(text: str) -> set[str]:
    return {match.lastgroup or "" for match in _DEVICE_KIND.finditer(text.lower())}


def _clauses_behind(statements: Sequence[Statement], plan: Plan) -> list[Clause]:
    """The clauses that speak of what a dropped sentence asserts."""
    names = {name for one in statements if one.status != "absent" for name in one.names}
    return [
        clause for clause in plan.clauses if any(one.names & names for one in clause.statements)
    ]


def _is_sound(
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
    if not statements and _STABLE.search(lowered) and not _COURSE.search(findings):
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
        "Device Malposition" in one.names and _device_kinds(clause.text) & _device_kinds(sentence)
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


def _is_general_normal(sentence: str, statements: Sequence[Statement]) -> bool:
    """Whether a sentence says of the whole chest that nothing is there."""
    return _GENERAL_NORMAL.match(sentence.lower()) is not None or any(
        one.status == "absent"
        and (
            (one.general and (one.acute or not one.words))
            or (one.acute and any(word.startswith(_DISEASE) for word in one.words))
        )
        for one in statements
    )


def _asserts(one: Statement) -> bool:
    return one.status != "absent" and bool(one.names)


def _is_verdict_lost(statements: Sequence[Statement], sentence: str, plan: Plan) -> bool:
    """Whether a dropped sentence has a verdict beside what it was dropped for."""
    checked = compare_statements(statements, plan.statements, plan.findings).statements
    general = [one for one in checked if one.statement.general and one.statement.status == "absent"]
    return (
        bool(general)
        and not any(one.wrong for one in general)
        and _is_general_normal(sentence, statements)
        and not plan.out_of_domain
    )


def _is_vaguer(statements: Sequence[Statement], told: Container[Statement], plan: Plan) -> bool:
    """Whether all that it asserts rests on more urgent findings that are quoted already."""
    checked = compare_statements(statements, plan.statements, plan.findings).statements
    asserted = [one for one in checked if one.statement.status != "absent"]
    return bool(asserted) and all(
        one.linked is not None
        and one.linked in told
        and TIERS.index(tier_of(one.linked)) < TIERS.index(tier_of(one.statement))
        for one in asserted
    )


def _repeats(
    statements: Sequence[Statement], quoted: Sequence[str], stated: dict[str, tuple[Statement, ...]]
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


def _is_covered(
    statements: Sequence[Statement],
    quoted: Sequence[str],
    stated: dict[str, tuple[Statement, ...]],
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
