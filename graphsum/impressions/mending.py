"""Checking a candidate against the plan, and mending it sentence by sentence.

1. A sentence that states what the findings do not bear out, that changes a side, place, size,
   degree or the course of a finding, that has a blank or a word that does not exist, or that states
   nothing at all, is dropped; where the samples disagree, every sentence of the model that names
   something is.
2. "No acute abnormality" is dropped where something that must be reported forbids it.
3. What must be reported and is not reported by what is left is put before it, in the findings' own
   clause, the most urgent first.
4. Up to three further clauses follow where the sentences that are left leave room for them
   (:func:`further_clauses`).
5. Where nothing is left, the impression says that nothing acute is there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphsum.consensus.candidates import own_sentences
from graphsum.consensus.word_pairs import WordPairs
from graphsum.impressions.checking import (
    COURSE,
    adds_something,
    is_asserted,
    is_general_normal,
    is_named,
    is_sound,
    is_verdict_lost,
)
from graphsum.impressions.plan import Plan
from graphsum.impressions.quoting import (
    ALARMING,
    FEW,
    clauses_behind,
    further_clauses,
    has_lesion,
    is_covered,
    is_harmless,
    is_of_another,
    is_reported,
    is_small,
    is_told,
    is_vaguer,
    repeats_a_clause,
    urgency,
)
from preprocessing.facts.comparison import (
    Consistency,
    compare_statements,
    is_actionable,
    is_acute,
    reports,
    statements_of,
)
from preprocessing.facts.statements import Statement
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
UNSURE = 0.5  # agreement of the samples below which routine findings are told too
SURE = 0.7  # agreement from which the model is trusted with what it knows the words of
# Agreement below which the model's words assert nothing: the findings' own clauses do.
DISTRUSTED = 0.35
_MAY_CLAUSES = 3  # routine clauses that an impression of own clauses has at most
_BARE_BLANK = re.compile(r"(?:,? (?:from|since|of|on|to|with|in|by|at)(?: the)?)?[ ]?_{2,}")
_BARE_COURSE = re.compile(r"(?:stable|unchanged|similar|no (?:\w+ )?change)\W*")
_STABLE_FIRST = re.compile(r"^(?:stable|unchanged) (\w)(?!xam|ppearance)", re.IGNORECASE)
_ADVISES = re.compile(r"\b(?:recommend|advis|suggest|follow|repeat|warrant)")
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
        _Draft(text, own, plan, stated, agreement).written(is_word, pairs)
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
    if not COURSE.search(plan.findings.lower()):
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


class _Draft:
    """A candidate on its way to an impression: steps 8 to 14 of ``docs/decoding.md``.

    ``kept``: sentences of the candidate. ``quoted``: clauses of the findings. ``known``: what both
    state so far.
    """

    def __init__(
        self,
        candidate: str,
        sentences: Sequence[str],
        plan: Plan,
        stated: Mapping[str, tuple[Statement, ...]],
        agreement: float | None,
    ) -> None:
        self.candidate, self.sentences, self.plan = candidate, sentences, plan
        self.stated, self.agreement = stated, agreement
        self.by_text = {clause.text: clause for clause in plan.clauses}
        self.odd = any(clause.odd for clause in plan.clauses)
        self.kept: list[str] = []
        self.quoted: list[str] = []
        self.known: list[Statement] = []

    def written(
        self, is_word: Callable[[str], bool] | None, pairs: WordPairs | None
    ) -> tuple[list[str], int, tuple[str, ...]]:
        """The sentences of the impression, how many were dropped, and the clauses quoted."""
        if self.plan.information.verdict == "nothing":
            return [], len(self.sentences), ()
        if not self.plan.english:
            return [self.candidate], 0, ()
        self._check(is_word, pairs)
        dropped = len(self.sentences) - len(self.kept)
        self._drop_verdicts(self.odd or not self.plan.allows_normal)
        replaced = self._behind_what_is_dropped()
        self._drop_what_clauses_say()
        self.known = [one for sentence in self.kept for one in self.stated[sentence]]
        self._quote_what_must_be_told()
        self._quote_instead(replaced)
        self._quote_further()
        self._tell_once()
        unread = self._unread()
        if self.odd:  # the findings' own words for it are enough
            self._keep(lambda one: is_named(self.stated[one]))
        told_unread = not unread.isdisjoint([*self.quoted, *self.kept])
        self._drop_verdicts(self.odd or told_unread)  # nobody knows whether it is harmless
        harmless = self._is_harmless()
        if self._is_faultless() and not harmless:
            text = _STRAY_NUMBER.sub("", self.candidate)
            return [text, *_advice(self.plan, text)], 0, ()
        missing = not told_unread and self._lacks_its_verdict()
        parts = self._in_order()
        if parts:
            parts += _advice(self.plan, " ".join(parts))
        if parts and not harmless and self.plan.denial:
            parts.append(self.plan.denial)
        if not parts and (own := self._own_sentences(harmless)):
            return own, dropped, tuple(own)
        if harmless or missing or not parts:
            chest = not self.plan.other_exam or _CHEST.search(self.plan.findings.lower())
            parts.append(NORMAL if chest else NORMAL_ELSEWHERE)
        return parts, dropped, tuple(self.quoted)

    def _keep(self, right: Callable[[str], bool]) -> None:
        """Keep the clauses of the findings, and of the model's sentences those that are right."""
        self.kept = [one for one in self.kept if one in self.by_text or right(one)]

    def _drop_verdicts(self, drop: bool) -> None:
        if drop:
            self._keep(lambda one: not is_general_normal(one, self.stated[one]))

    def _check(self, is_word: Callable[[str], bool] | None, pairs: WordPairs | None) -> None:
        """Keep the sentences that may stand."""
        plan, stated, agreement = self.plan, self.stated, self.agreement
        if not plan.out_of_domain:
            self.kept = [one for one in self.sentences if is_sound(one, plan, stated[one], is_word)]
        if pairs is not None and (agreement is None or agreement < UNSURE):
            self._keep(lambda one: pairs.knows(one, plan.findings))
        if agreement is not None and agreement < DISTRUSTED:
            self._keep(lambda one: not adds_something(stated[one], plan, one.lower()))
        if self.kept and _OF_NOTHING.match(self.kept[0].lower()):
            del self.kept[0]

    def _behind_what_is_dropped(self) -> list[str]:
        return [
            clause.text
            for one in self.sentences
            if one not in self.kept and not self.plan.out_of_domain
            for clause in clauses_behind(self.stated[one], self.plan)
        ]

    def _drop_what_clauses_say(self) -> None:
        own = [one for one in self.kept if one in self.by_text]
        self._keep(lambda one: not is_covered(self.stated[one], own, self.stated))
        if len(self.kept) > 1:  # "Stable." by itself is of nothing
            self.kept = [one for one in self.kept if not _BARE_COURSE.fullmatch(one.lower())]

    def _quote(self, text: str) -> None:
        self.quoted.append(text)
        self.known += self.stated[text]

    def _quote_what_must_be_told(self) -> None:
        for clause in self.plan.must:
            if self.plan.out_of_domain and is_small(clause):
                continue
            wanted = [one for one in clause.statements if is_actionable(one)]
            others = {
                other
                for text in (*self.kept, *self.quoted)
                if text in self.by_text and text != clause.text
                for other in self.stated[text]
            }
            if (
                self.plan.out_of_domain
                or not wanted
                or not all(
                    is_reported(
                        one,
                        clause.text,
                        self.kept,
                        [o for o in self.known if o not in others or not is_of_another(o, one)],
                    )
                    for one in wanted
                )
            ):
                self._quote(clause.text)

    def _quote_instead(self, replaced: Sequence[str]) -> None:
        """Quote the clauses behind what was dropped."""
        for text in dict.fromkeys(replaced):
            named = [one for one in self.by_text[text].statements if one.names]
            if text not in self.quoted and not all(reports(self.known, one) for one in named):
                self._quote(text)

    def _quote_further(self) -> None:
        """Quote a few clauses that need not be told and are."""
        plan, agreement = self.plan, self.agreement
        further = further_clauses(
            plan,
            kept=bool(self.kept),
            asserts=any(one.status != "absent" for one in self.known),
            unsure=agreement is not None and agreement < UNSURE,
            sure=agreement is not None and agreement >= SURE,
        )
        few = plan.out_of_domain and len(plan.clauses) <= FEW
        for clause in further[: FEW if few else _MAY_CLAUSES]:
            named = [one for one in clause.statements if one.names] or list(clause.statements)
            told = named and all(is_told(one, self.known) for one in named)
            if clause.text not in self.kept and not told:
                self._quote(clause.text)

    def _tell_once(self) -> None:
        """Drop the model's sentence for what clauses tell, and the shorter of two clauses."""
        for sentence in [one for one in self.kept if one not in self.by_text]:
            behind = clauses_behind(self.stated[sentence], self.plan)
            if behind and repeats_a_clause(self.stated[sentence], self.quoted, self.stated):
                self.kept.remove(sentence)
                self.quoted += [
                    clause.text
                    for clause in behind
                    if clause.text not in self.kept
                    and not all(
                        is_told(one, [o for text in self.quoted for o in self.stated[text]])
                        for one in clause.statements
                    )
                ]
        self.quoted = [
            one
            for one in dict.fromkeys(self.quoted)
            if not any(
                one != other and other.startswith(f"{one} ") for other in (*self.quoted, *self.kept)
            )
        ]

    def _unread(self) -> set[str]:
        """The clauses of which nobody knows whether they are harmless."""
        plan = self.plan
        unread = {
            c.text
            for c in plan.unnamed
            if not c.calm or plan.is_new(c) or not c.statements or ALARMING.search(c.text.lower())
        }
        return unread | {c.text for c in plan.clauses if c.tier == "routine" and plan.is_new(c)}

    def _is_harmless(self) -> bool:
        """Whether nothing is told that "no acute abnormality" could not be added to."""
        return not self.odd and all(
            one in self.by_text and is_harmless(self.by_text[one], self.plan)
            for one in (*self.kept, *self.quoted)
        )

    def _is_faultless(self) -> bool:
        whole = self.kept == _sentences(self.candidate)
        return bool(self.kept) and not self.quoted and whole

    def _lacks_its_verdict(self) -> bool:
        """Whether a verdict went with a sentence that had to go, and may stand."""
        stated, told = self.stated, (*self.kept, *self.quoted)
        return (
            not self.odd
            and self.plan.allows_normal
            and not any(is_acute(o) for one in told for o in stated[one] if is_asserted(o))
            and not any(is_general_normal(one, stated[one]) for one in self.kept)
            and any(
                is_verdict_lost(stated[one], one, self.plan)
                for one in self.sentences
                if one not in self.kept
            )
        )

    def _in_order(self) -> list[str]:
        """The quoted clauses, then what was kept and says more, the most urgent first."""
        stated = self.stated
        parts = list(self.quoted)
        told = {one for c in self.plan.clauses if c.text in self.quoted for one in c.statements}
        for one in self.kept:
            if any(part != one and part.startswith(one) for part in (*self.quoted, *self.kept)):
                continue
            covered = is_covered(stated[one], parts, stated)
            if not covered and not is_vaguer(stated[one], told, self.plan):
                parts.append(one)
        if self.quoted:
            parts.sort(key=lambda one: urgency(stated[one]))
        parts = [_ended(part) for one in parts if (part := _BARE_BLANK.sub("", one).strip())]
        side = self.plan.title_side
        if parts and side in ("left", "right") and not re.search(rf"\b{side}\b", parts[0].lower()):
            first = parts[0] if parts[0][1:2].isupper() else parts[0][0].lower() + parts[0][1:]
            parts[0] = f"{side.capitalize()} side: {first}"
        return parts

    def _own_sentences(self, harmless: bool) -> list[str]:
        """What is told in place of a verdict where no clause is and none may stand."""
        plan = self.plan
        if plan.out_of_domain and not plan.unexplained:
            found = [one for one in plan.sentences if has_lesion(one)][:_MAY_CLAUSES]
            if found:
                return found
        if plan.unexplained or (not harmless and not _says_normal(plan)):
            return list((plan.unexplained or plan.sentences)[:_MAY_CLAUSES])
        return []


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
