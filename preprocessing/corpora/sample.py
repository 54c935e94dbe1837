"""The sample corpus: invented chest X-ray reports, so that everything runs without any data.

A seeded grammar draws the facts of a patient (observations with severity, side, place, change over
time, certainty), states them in one of several ways among incidental findings, normal statements
and lists of what is absent, and writes the impression that follows from the facts: the three most
urgent observations, canonically worded; incidental and absent ones are left out. No patient, no
real report and no text of another corpus is behind it; scores on it say nothing about medicine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from preprocessing.corpora import sample_phrases as phrases
from preprocessing.corpora.sample_phrases import Incidental, NormalVariant, Observation, Place
from preprocessing.corpora.source import CorpusSource, Parts, SplitRequest
from preprocessing.records import Report

N_REPORTS = 1800
MAX_STATED = 3
CT_SIZE_MM = 8
MIN_WORDS, MAX_WORDS = 40, 70

_NORMAL_SHARE = 0.35
# Of the other reports, how many have 0, 1, 2, 3, 4 observations that matter.
_N_FACTS_WEIGHTS = (0.15, 0.45, 0.26, 0.11, 0.03)
# How often a further observation lies on the side of the first one.
_SAME_SIDE_SHARE = 0.7
_UNCERTAIN_SHARE = 0.25
# Half of the normal findings repeat one of a few standing texts, as dictation templates do.
_TEMPLATE_SHARE = 0.5
_N_TEMPLATES = 12
_ACUITY = {observation.name: rank for rank, observation in enumerate(phrases.OBSERVATIONS)}


@dataclass(frozen=True, slots=True)
class Fact:
    """One observation as it is in this patient; ``change`` is "" when nothing is said of it."""

    observation: Observation
    place: Place
    severity: str
    change: str
    uncertain: bool


@dataclass(frozen=True, slots=True)
class Case:
    """All that a report will say: facts by falling urgency, and what the impression leaves out.

    ``variant`` is set for normal reports and only there.
    """

    facts: tuple[Fact, ...]
    incidentals: tuple[tuple[Incidental, str], ...]
    variant: NormalVariant | None


def read_reports(
    data_dir: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    n: int = N_REPORTS,
    seed: int = 0,
) -> Iterator[Report]:
    """Yield ``n`` invented reports, ``sample-000000`` onwards; nothing is read from disk.

    Report i depends on ``seed`` and i alone: a longer corpus starts with the shorter one. About
    35 % are normal (labels ``("normal",)``); others have labels like ``pleural effusion/left``.
    """
    for index in range(n):
        yield make_report(index, seed=seed)


def make_report(index: int, *, seed: int = 0) -> Report:
    """The invented report number ``index``."""
    rng = Random(f"{seed}:{index}")
    case = draw_case(rng)
    if case.variant and rng.random() < _TEMPLATE_SHARE:
        findings = write_findings(case, Random(f"{seed}:template:{rng.randrange(_N_TEMPLATES)}"))
    else:
        findings = write_findings(case, rng)
    has_prior = any(fact.change for fact in case.facts) or "prior" in findings
    return Report(
        uid=f"sample-{index:06d}",
        findings=findings,
        impression=write_impression(case),
        indication=rng.choice(phrases.INDICATIONS),
        comparison="Prior chest radiograph." if has_prior else "None.",
        labels=_labels(case),
    )


def draw_case(rng: Random) -> Case:
    """Draw what is wrong with a patient, if anything."""
    if rng.random() < _NORMAL_SHARE:
        weights = [variant.weight for variant in phrases.NORMAL_VARIANTS]
        return Case((), (), rng.choices(phrases.NORMAL_VARIANTS, weights)[0])
    n_facts = rng.choices(range(len(_N_FACTS_WEIGHTS)), _N_FACTS_WEIGHTS)[0]
    chosen: dict[str, Observation] = {}
    weights = [observation.weight for observation in phrases.OBSERVATIONS]
    while len(chosen) < n_facts:
        observation = rng.choices(phrases.OBSERVATIONS, weights)[0]
        if not _conflicts(observation, chosen):
            chosen[observation.name] = observation
    main_side = rng.choice(("left", "right"))
    drawn = [_draw_fact(observation, main_side, rng) for observation in chosen.values()]
    facts = tuple(sorted(drawn, key=_urgency))
    n_incidentals = rng.choice((1, 2)) if not facts else rng.choice((0, 0, 1))
    return Case(facts, _draw_incidentals(facts, n_incidentals, rng), None)


def _conflicts(observation: Observation, chosen: Mapping[str, Observation]) -> bool:
    return (
        observation.name in chosen
        or any(name in chosen for name in observation.conflicts)
        or any(observation.name in other.conflicts for other in chosen.values())
    )


def _urgency(fact: Fact) -> tuple[bool, int]:
    return fact.change == "resolved", _ACUITY[fact.observation.name]


def _skewed(options: Sequence[str], rng: Random) -> str:
    """One of the options, each half, a third, ... as often as the first."""
    return rng.choices(options, [1 / rank for rank in range(1, len(options) + 1)])[0]


def _draw_fact(observation: Observation, main_side: str, rng: Random) -> Fact:
    uncertain = observation.may_be_uncertain and rng.random() < _UNCERTAIN_SHARE
    change = "" if uncertain else _skewed(observation.changes, rng)
    places = [place for place in observation.places if place.side == main_side]
    if not places or rng.random() > _SAME_SIDE_SHARE:
        places = list(observation.places)
    place, severity = rng.choice(places), _skewed(observation.severities, rng)
    # What is gone has no size, what is doubtful is slight, what lies at an apex is not large.
    if change == "resolved":
        severity = ""
    elif uncertain:
        severity = observation.severities[0]
    elif place in phrases.APICAL and severity == "large":
        severity = "small"
    return Fact(observation, place, severity, change, uncertain)


def _draw_incidentals(
    facts: tuple[Fact, ...], n: int, rng: Random
) -> tuple[tuple[Incidental, str], ...]:
    """Incidental findings, each with its side; no device in two positions, no idle chest tube."""
    regions = {fact.observation.region for fact in facts}
    drains = {f.place.side for f in facts if f.observation.region == "pleura" and not f.uncertain}
    drawn: list[tuple[Incidental, str]] = []
    taken = regions & {"endotracheal tube", "bones"}
    for incidental in rng.sample(phrases.INCIDENTALS, len(phrases.INCIDENTALS)):
        side = rng.choice(("left", "right"))
        idle_tube = incidental.label == "chest tube" and side not in drains
        if len(drawn) < n and incidental.region not in taken and not idle_tube:
            drawn.append((incidental, side if "{side}" in incidental.sentence else ""))
            taken.add(incidental.region)
    return tuple(drawn)


def write_impression(case: Case) -> str:
    """The impression that follows from the facts, without chance: urgent observations first.

    At most ``MAX_STATED`` are named, what has resolved last; where all is chronic or resolved it
    adds that nothing is acute.
    """
    if case.variant:
        return case.variant.impression
    sentences = []
    for fact in case.facts[:MAX_STATED]:
        sentences.append(_impression_sentence(fact))
        if fact.change != "resolved" and (advice := _advice(fact)):
            sentences.append(advice)
    if all(fact.observation.chronic or fact.change == "resolved" for fact in case.facts):
        sentences.append(phrases.NORMAL_IMPRESSION)
    return " ".join(sentences)


def _impression_sentence(fact: Fact) -> str:
    change = "possible" if fact.uncertain else phrases.IMPRESSION_CHANGES[fact.change]
    # "rib" already ends the place of a rib fracture.
    name = fact.observation.name.removeprefix("rib ")
    if fact.place is phrases.BILATERAL:
        name += "s"
    return _sentence(f"{change} {fact.severity} {fact.place.before} {name}.")


def _advice(fact: Fact) -> str:
    if fact.severity.endswith(" mm") and int(fact.severity.split()[0]) >= CT_SIZE_MM:
        return "Chest CT recommended."
    return fact.observation.advice


def write_findings(case: Case, rng: Random) -> str:
    """State the case in one of many ways: about 40 to 70 words, in a varying order."""
    stated = [_fact_statement(fact, rng) for fact in case.facts]
    stated += [incidental.sentence.format(side=side) for incidental, side in case.incidentals]
    stated += _other_side_statements(case, rng)
    if case.variant and case.variant.sentence:
        stated.append(case.variant.sentence)
    regions = {fact.observation.region for fact in case.facts}
    regions |= {incidental.region for incidental, _ in case.incidentals}
    if "vessels" in regions:
        regions.add("lungs")  # lungs with edema are not clear
    normal = [
        rng.choice(statements)
        for region, statements in phrases.NORMAL_STATEMENTS.items()
        if region not in regions
    ]
    rng.shuffle(normal)
    stated.append(_absent_list(case, rng))
    # Normal statements fill up to a length drawn anew for every report.
    target = rng.randint(MIN_WORDS, MAX_WORDS - 12)
    while normal and _n_words(stated) < target:
        stated.append(normal.pop())
    rng.shuffle(stated)
    return " ".join(stated)


def _fact_statement(fact: Fact, rng: Random) -> str:
    observation = fact.observation
    severity = rng.choice(phrases.SEVERITY_SYNONYMS.get(fact.severity, (fact.severity,)))
    own = observation.sentences if not (fact.uncertain or fact.change == "resolved") else ()
    if own and (not observation.nouns or rng.random() < 0.5):
        text = rng.choice(own).format(
            severity=severity,
            severity_adverb=phrases.SEVERITY_ADVERBS.get(fact.severity, ""),
            before=fact.place.before,
            after=fact.place.after,
        )
        return " ".join((_sentence(text), phrases.CHANGE_SUFFIXES.get(fact.change, ""))).strip()
    noun = rng.choice(observation.nouns)
    countable = noun.startswith(("a ", "an "))
    noun = noun.split(" ", 1)[1] if countable else noun
    plural = fact.place is phrases.BILATERAL
    noun += "s" if plural else ""
    # A fracture is "of the seventh rib", or a "seventh rib fracture"; either order for all.
    if rng.random() < 0.5:
        bare = " ".join(f"{severity} {fact.place.before} {noun}".split())
    else:
        bare = " ".join(f"{severity} {noun} {fact.place.after}".split())
    article = ("an " if _starts_with_vowel(bare) else "a ") if countable and not plural else ""
    template = rng.choice(phrases.STATEMENTS["uncertain" if fact.uncertain else fact.change])
    return _sentence(
        template.format(
            a=article + bare,
            the=f"the {'previously seen ' if fact.change == 'resolved' else ''}{bare}",
            bare=bare,
            **{"is": "are" if plural else "is", "has": "have" if plural else "has"},
        )
    )


def _other_side_statements(case: Case, rng: Random) -> list[str]:
    """Now and then, that the side opposite to a fact is free of it."""
    statements = []
    for fact in case.facts:
        other = {"left": "right", "right": "left"}.get(fact.place.side)
        if other and rng.random() < 0.3:
            if fact.observation.region == "pleura":
                statements.append(f"No {other} {fact.observation.name} is seen.")
            elif fact.observation.region == "lungs" and _lung_is_clear(case, other):
                statements.append(f"The {other} lung is clear.")
    return statements


def _lung_is_clear(case: Case, side: str) -> bool:
    lungs = ("lungs", "vessels", "mediastinum")
    sides = {f.place.side for f in case.facts if f.observation.region in lungs}
    sides |= {s for incidental, s in case.incidentals if incidental.region in lungs}
    return sides <= {"left", "right"} - {side}


def _absent_list(case: Case, rng: Random) -> str:
    present = {fact.observation.name for fact in case.facts}
    absent = [word for name, word in phrases.ABSENT.items() if name not in present]
    items = rng.sample(absent, min(len(absent), rng.choice((2, 3))))
    listed = f"{', '.join(items[:-1])} or {items[-1]}"
    return rng.choice(phrases.ABSENT_LISTS).format(items=listed)


def _labels(case: Case) -> tuple[str, ...]:
    if case.variant:
        return ("normal",)
    found = [(f.observation.name, f.place.side, f.severity) for f in case.facts]
    found += [(incidental.label, side, "") for incidental, side in case.incidentals]
    return tuple("/".join(filter(None, parts)) for parts in found)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text[0].upper() + text[1:]


def _starts_with_vowel(text: str) -> bool:
    return text[0] in "aeiou" or text.startswith("8 ")


def _n_words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)


def split_by_position(reports: list[Report], request: SplitRequest) -> Parts:
    """The first 80 % for training, then 10 % for validation, then 10 % for testing."""
    train_end, val_end = len(reports) * 8 // 10, len(reports) * 9 // 10
    return Parts(reports[:train_end], reports[train_end:val_end], reports[val_end:])


SOURCE = CorpusSource(
    read_reports=read_reports,
    splits={"position": split_by_position},
    inclusion="hu2022",
    data_hint="invented reports, generated on the spot: no data needed",
)
