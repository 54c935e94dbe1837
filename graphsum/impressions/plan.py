"""What an impression has to tell of findings: the plan that candidates are checked against."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphsum.consensus.neighbours import WORD
from graphsum.impressions.clauses import (
    Clause,
    advice_of,
    clauses_of,
    denials_of,
    sentences_of,
    side_of_title,
    unexplained,
)
from graphsum.impressions.conclusions import with_conclusions
from preprocessing.facts.comparison import (
    REPORTED_TIERS,
    beside_normal,
    is_acute,
    statements_of,
    tier_of,
    traces_of_the_past,
)
from preprocessing.facts.information import Information, information_in
from preprocessing.facts.ontology import TIERS, ontology
from preprocessing.facts.statements import Statement

# Examinations and body parts that a model of chest radiographs knows nothing of.
_OTHER_EXAM = re.compile(
    r"\b(?:ct|cta|ctpa|cect|hrct|mri?|mra|pet|us|usg|ultrasound|sonograph\w+|doppler|duplex"
    r"|echocardiogra\w+|mammogra\w+|dexa|tomograph\w+"
    r"|barium(?: (?:swallow|meal|enema|stud\w+|follow\w*|exam\w*))?|fluoroscop\w+|angiogra\w+"
    r"|scintigra\w+|knee|hip|pelvis|ankle|foot|wrist|hand|elbow"
    r"|femur|tibia|skull|head|brain"
    r"|lumbar spine|cervical spine|abdomen|abdominal film|kub|liver|gallbladder|kidneys?|uterus"
    r"|ovar\w+|prostate|testis|scrotal"
    r"|subdural|extradural|intracranial|thyroid|breast|sinus(?:es)?|orbit\w*|menisc\w+|appendix"
    r"|bladder)\b"
)
_CHEST = re.compile(r"\b(?:lungs?|heart|cardi\w+|chest|pleura\w*|pneumo\w+|mediastin\w+|cxr)\b")
_MODALITY = re.compile(
    r"ct|mr|us|ultra|sono|doppler|echo|duplex|mammo|tomo|angio|scinti|pet|barium \w|fluoro"
)
# What lies on or in the skin, or comes of how the film was made, explains itself.
_ARTEFACT = re.compile(
    r"\b(?:(?:breast )?(?:implants?|prosthes[ie]s) (?:cast|account|cause|explain|project|overl)\w*"
    r"|breast implants?|braids?|plaits?|hair|nipples?|skin ?folds?|clothing|garments?|jewel\w+"
    r"|necklaces?|pendants?|buttons?|zips?|zippers?|art[ei]fact\w*|ecg (?:leads?|electrodes?)"
    r"|monitoring (?:leads|electrodes)|electrodes|repeat (?:exposure|film|view|image)"
    r"|(?:represents?|reflects?|(?:due|secondary|related) to|(?:is|are|comes?) from|(?:caused"
    r"|explained"
    r"|accounted for)"
    r" by|because of) (?:the |an? |her |his )?(?:\w+ ){0,2}?(?:rotation|rotated|positioning"
    r"|projection|technique|magnification|summation|superimposition|overlap"
    r"|overlying (?:soft tissues?"
    r"|structures?|shadows?|breasts?)|breast tissue|svc|superior vena cava|(?:great|brachiocephalic"
    r"|normal) vessels?|fat pads?|mediastinal fat|(?:first|1st) ribs?|thymus|muscles?)"
    r"|appears? external|external to the patient|(?:moves|goes|is gone|disappears"
    r"|vanishes) (?:away )?on the (?:repeat|second|other|lateral)"
    r")\b"
)
# What the making of the film explains: "in expiration, hence the crowded markings".
_EXPLAINED = re.compile(
    r"\b(?:shallow|poor|short|small|weak|limited) (?:\w+ )?(?:breath\w*|inspirat\w+)\b.{0,20}"
    r"\b(?:crowd|bunch|squash|squeez)\w*"
    r"|(?:\b(?:low|small|shallow) (?:lung )?volumes?|\bvolumes? (?:is|are|remain) (?:\w+ )?(?:low"
    r"|small))\b.{0,40}"
    r"\b(?:crowd|bunch|squash|squeez)\w*|\b(?:crowd|bunch|squash|squeez)\w*\b.{0,30}"
    r"\b(?:breath|inspirat\w+)\b"
    r"|\b(?:expirat\w+|oblique\w*|rotat\w+|lordotic|projection|magnif\w+|supine)\b.{0,40}"
    r"\b(?:therefore|hence|for which reason|so that|which (?:explains?|accounts? for)"
    r"|accounting for|explain\w*)\b"
)
# A button in the gullet is none.
_NO_ARTEFACT = re.compile(
    r"\b(?:lodged|swallow\w*|ingest\w*|aspirat\w*|batter(?:y|ies)|o?esophag\w*|gullet|airways?"
    r"|bronch\w*|trachea\w*|windpipe|stomach|bleed\w*|blood|ha?emorrhag\w*|ruptur\w*"
    r"|free (?:air|gas)|displac\w*|fractur\w*)\b"
)
_EITHER_ARTEFACT = re.compile(rf"\bor (?={_ARTEFACT.pattern})")
_DOUBTS = re.compile(r"\b(?:versus|vs|or|equivocal|possibl\w+|may|might|rather|perhaps|maybe)\b")
# Many lesions are metastases until shown otherwise, and so are large lymph nodes.
_LESIONS = frozenset(("Lung Lesion", "Nodule", "Mass"))
_SHADOWS = _LESIONS | {"Lung Opacity", "Density"}
_MASS = 20  # mm
_NODES = frozenset(("Lymphadenopathy",))
_MANY = re.compile(
    r"\b(?:multiple|numerous|several|many|innumerable|countless|scattered|disseminated|three|four"
    r"|five"
    r"|six|seven|eight|nine|ten|dozens?|(?:nodules|masses|lesions)\b.{0,40}\b(?:both|all))\b"
)
_IS_NEW = re.compile(r"\b(?:is|are) now\b|\b(?:new(?:ly)?|fresh)\b(?! (?:york|line|tube|lead))")
UNKNOWN_SHARE = 0.2  # of the words: more are another kind of text
MIN_UNKNOWN = 4
NEW_WORDS = 3
_TITLE = 4  # words in which an examination names itself


@dataclass(frozen=True)
class Plan:
    """What findings state, by how much an impression owes it to its reader.

    ``clauses``: what they assert or doubt. ``unknown_share``: of words that the model does not
    know. ``other_exam``: whether they speak of an examination that it was not trained for.
    ``english``: whether they are to be read at all; of another language nothing is stated, and what
    a model that was trained on it writes stands unchecked.
    """

    findings: str
    information: Information
    statements: tuple[Statement, ...]
    clauses: tuple[Clause, ...]
    unknown_share: float
    other_exam: bool
    unknown_words: frozenset[str] = frozenset()
    english: bool = True

    @classmethod
    def of(
        cls,
        findings: str,
        statements: tuple[Statement, ...],
        is_word: Callable[[str], bool] | None = None,
    ) -> "Plan":
        """The plan of findings; ``is_word``: whether the model knows a lower-cased word."""
        statements = tuple(one for one in statements if not one.denied_only)
        words = [word for word in WORD.findall(findings.lower()) if len(word) > 3]
        unknown = [word for word in words if is_word is not None and not is_word(word)]
        share = len(unknown) / len(words) if len(unknown) >= MIN_UNKNOWN else 0.0
        unfamiliar = frozenset(unknown)
        lowered = findings.lower()
        named = _OTHER_EXAM.search(" ".join(lowered.split()[:_TITLE]))
        other = named is not None and (
            _MODALITY.match(named[0]) is not None or not _CHEST.search(lowered)
        )
        clauses = [
            c
            for c in with_conclusions(clauses_of(findings, statements, closed=not other), findings)
            if (not c.calm or _is_new(c, unfamiliar))
            and (c.must or not _EXPLAINED.search(c.text.lower()))
            and (c.must or not cls.is_artefact(c))
        ]
        return cls(
            findings,
            information_in(findings),
            statements,
            tuple(clauses),
            share,
            other,
            unfamiliar,
        )

    def is_new(self, clause: Clause) -> bool:
        """Whether a clause has ``NEW_WORDS`` words that the model does not know."""
        return _is_new(clause, self.unknown_words)

    @staticmethod
    def is_artefact(clause: Clause) -> bool:
        """Whether a clause explains itself by what lies on the skin, or how the film was made."""
        lowered = clause.text.lower()
        explained = _ARTEFACT.search(lowered) or _EXPLAINED.search(lowered)
        if _NO_ARTEFACT.search(lowered):
            return False
        return bool(explained) and not _DOUBTS.search(_EITHER_ARTEFACT.sub("", lowered))

    def has_new_words(self, clause: Clause) -> bool:
        """Whether a clause has a word that the model does not know."""
        return not self.unknown_words.isdisjoint(WORD.findall(clause.text.lower()))

    @property
    def out_of_domain(self) -> bool:
        """Whether the model's own words are not to be trusted."""
        return self.other_exam or self.unknown_share > UNKNOWN_SHARE

    @cached_property
    def must(self) -> tuple[Clause, ...]:
        """Clauses that must be reported, the most urgent first."""
        return tuple(sorted((c for c in self.clauses if c.must), key=lambda c: TIERS.index(c.tier)))

    @cached_property
    def may(self) -> tuple[Clause, ...]:
        """Other clauses that assert an abnormality that is no mere trace of something past.

        Also those that say that something urgent is there no more.
        """
        return tuple(
            c
            for c in self.clauses
            if not c.must
            and (
                (
                    c.tier == "routine"
                    and any(
                        (one.status == "present" or (one.status == "uncertain" and is_acute(one)))
                        and one.names - traces_of_the_past()
                        for one in c.statements
                    )
                )
                or (c.tier in ("critical", "urgent") and all(one.resolved for one in c.statements))
            )
        )

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentences that are neither a title nor normal."""
        return tuple(sentences_of(self.findings))

    @cached_property
    def advice(self) -> str:
        """The first advice of findings of which something must be reported, or empty."""
        return next(iter(advice_of(self.findings) if self.must else []), "")

    @cached_property
    def unexplained(self) -> tuple[str, ...]:
        """Of another examination: the sentences that neither deny nor call normal."""
        found = unexplained(self.findings) if self.other_exam else []
        return tuple(one for one in found if one and not _EXPLAINED.search(one.lower()))

    @cached_property
    def title_side(self) -> str:
        """The side that only the title of another examination says, or empty."""
        return side_of_title(self.findings) if self.out_of_domain else ""

    @cached_property
    def denial(self) -> str:
        """What another examination than of the chest denies first; empty where it denies nothing
        that is examined for, or where something must be reported."""
        found = denials_of(self.findings) if self.out_of_domain and not self.must else []
        return next(iter(found), "")

    @cached_property
    def minor(self) -> tuple[Clause, ...]:
        """Clauses about what need not be reported: devices in their place, degenerative changes."""
        return tuple(
            c for c in self.clauses if c.tier == "none" and any(one.names for one in c.statements)
        )

    @cached_property
    def unnamed(self) -> tuple[Clause, ...]:
        """Clauses whose words have no name in the ontology, and unread ones; no mere artefacts."""
        return tuple(
            c
            for c in self.clauses
            if not c.must
            and c.tier == "none"
            and (c.odd or not any(one.names for one in c.statements))
            and not self.is_artefact(c)
        )

    @cached_property
    def allows_normal(self) -> bool:
        """Whether "no acute cardiopulmonary abnormality" may stand."""
        if any(not clause.statements for clause in self.must):
            return False  # "the lungs are not clear"
        if any(clause.described for clause in self.clauses):
            return False
        if any(_is_fresh_opacity(one) for clause in self.clauses for one in clause.statements):
            return False
        if any(_is_large(one) or is_stable_only(one) for c in self.clauses for one in c.statements):
            return False
        return all(
            _leaves_normal(one)
            and not (one.names & _LESIONS and _MANY.search(clause.text.lower()))
            and not _IS_NEW.search(clause.text.lower())
            for clause in self.must
            for one in clause.statements
            if one.names
        )


def _is_new(clause: Clause, unknown: frozenset[str]) -> bool:
    return len(unknown.intersection(WORD.findall(clause.text.lower()))) >= NEW_WORDS


def _is_fresh_opacity(one: Statement) -> bool:
    """Whether it is something in the lungs or pleura that is new or grows."""
    known = ontology()
    return (
        one.status == "present"
        and one.change in ("new", "worse")
        and not one.old
        and any(known.organ(name) in ("lungs", "pleura") for name in one.names)
    )


def _is_large(one: Statement) -> bool:
    """Whether it is something in the lungs of 3 cm and more: a mass, whatever it is called."""
    size = max(one.sizes, default=0)
    return one.status != "absent" and size >= _MASS and bool(one.names & _SHADOWS)


def is_stable_only(one: Statement) -> bool:
    """Whether only that it did not change makes something urgent a thing that need not be told."""
    known = ontology()
    return (
        one.status == "present"
        and one.change == "stable"
        and not one.old
        and any(
            known.tier(name) in ("critical", "urgent") and not one.names & beside_normal()
            for name in one.names
        )
    )


def _leaves_normal(one: Statement) -> bool:
    """Whether "no acute abnormality" may stand beside a statement that must be reported."""
    if one.names <= beside_normal():
        return tier_of(one) != "critical"
    urgent = tier_of(one) in ("critical", "urgent") or one.names & _NODES
    known = ontology()
    grows = one.change in ("new", "worse")
    return not urgent and not (
        grows and any(known.tier(name) in REPORTED_TIERS for name in one.names)
    )


def plans_of(
    findings: Sequence[str],
    is_word: Callable[[str], bool] | None = None,
    *,
    english: bool = True,
) -> list[Plan]:
    """The plan of each findings text; ``english``: whether the model was trained on English."""
    if not english:
        empty = [information_in(text) for text in findings]
        read = [one if one.reason == "empty" else Information("read", "") for one in empty]
        return [
            Plan(text, one, (), (), 0.0, other_exam=False, english=False)
            for text, one in zip(findings, read, strict=True)
        ]
    stated = statements_of(findings)
    return [Plan.of(text, one, is_word) for text, one in zip(findings, stated, strict=True)]
