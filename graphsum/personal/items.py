"""The items of an impression: sentences with their statements, numbers taken off.

An item is a sentence with those that hang on it: advice to do something, and sentences such as
"This is new". General advice is an item of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from preprocessing.facts.comparison import (
    REPORTED_TIERS,
    is_actionable,
    is_eased,
    may_matter,
    statements_of,
    tier_of,
)
from preprocessing.facts.ontology import TIERS, ontology
from preprocessing.facts.statement_terms import ADVICE_PHRASES
from preprocessing.facts.statements import Statement
from preprocessing.text.sentences import sentence_spans

NUMBER = re.compile(r"(?:(?<=\s)|^)\(?\d{1,2}[.)](?=\s+[A-Za-z])\s*")
_ADVICE = re.compile(ADVICE_PHRASES)
# Advice that asks for nothing in particular: no examination, no interval, no follow-up.
_GENERAL_ADVICE = re.compile(
    r"(?:(?:please|clinical(?:ly)?|and|or|correlat\w+|recommend\w*|is|are|be|advis\w+|suggest\w*"
    r"|with|the|patient'?s?|history|symptoms?|findings?|examination|as|indicated|needed|if"
    r"|necessary|appropriate|for|of|to|should)\b\W*)+",
    re.IGNORECASE,
)
_CORRELATION = re.compile(r"correlat|clinical", re.IGNORECASE)
_REFERS_BACK = re.compile(
    r"(?:this|these|those|it|they|which|that|the latter|the former|both|given (?:this|these)"
    r"|other(?:s|wise)?|also|again|the (?:finding|appearance|lesion|former)s?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an impression and what it states."""

    text: str
    statements: tuple[Statement, ...]

    @property
    def is_advice(self) -> bool:
        """Whether it recommends, and states nothing."""
        return not self.statements and _ADVICE.search(self.text.lower()) is not None

    @property
    def is_general_advice(self) -> bool:
        """Whether it recommends nothing in particular: "clinical correlation is recommended"."""
        return (
            self.is_advice
            and _CORRELATION.search(self.text) is not None
            and _GENERAL_ADVICE.fullmatch(self.text) is not None
        )

    @property
    def asserts(self) -> bool:
        """Whether it asserts or doubts something."""
        return any(one.status != "absent" for one in self.statements)

    @property
    def is_dispensable(self) -> bool:
        """Whether a short impression does without it.

        That is so where it states something, and all of it is denied, called normal, routine by
        its tier, or eased by its age; what no rule names is kept.
        """
        return bool(self.statements) and all(map(is_dispensable, self.statements))

    @property
    def urgency(self) -> int:
        """The rank of its most urgent statement in ``TIERS``; ``len(TIERS)`` if none asserts."""
        asserted = [one for one in self.statements if one.status != "absent"]
        return min((TIERS.index(tier_of(one)) for one in asserted), default=len(TIERS))


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence and those that hang on it."""

    sentences: tuple[Sentence, ...]

    @property
    def urgency(self) -> int:
        """That of its most urgent sentence."""
        return min(one.urgency for one in self.sentences)

    @property
    def asserts(self) -> bool:
        """Whether a sentence of it asserts or doubts something."""
        return any(one.asserts for one in self.sentences)

    @property
    def may_matter(self) -> bool:
        """Whether it asserts or doubts something that is neither chronic nor called old."""
        return any(map(may_matter, self.statements))

    @property
    def is_general(self) -> bool:
        """Whether it states that nothing is wrong, and nothing else."""
        return bool(self.statements) and all(
            one.general and one.status == "absent" for one in self.statements
        )

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those of its sentences."""
        return tuple(one for sentence in self.sentences for one in sentence.statements)

    @property
    def is_calm(self) -> bool:
        """Whether it states something, and asserts nothing."""
        return not self.asserts and bool(self.statements)

    @property
    def is_dispensable(self) -> bool:
        """Whether a short impression does without it."""
        return all(one.is_dispensable for one in self.sentences)


def is_dispensable(one: Statement) -> bool:
    """Whether a short impression does without a statement."""
    if one.resolved:
        return False
    if one.status == "absent":
        return True
    doubted = one.status == "uncertain" and any(
        ontology().tier(name) in REPORTED_TIERS for name in one.names
    )
    if doubted or is_actionable(one) or not one.names:
        return False
    return tier_of(one) == "routine" or is_eased(one) or not may_matter(one)


def shortened(items: Sequence[Item]) -> list[Item]:
    """The items of a short impression.

    Where all are dispensable these are what may be new, or else one that only says that nothing is
    wrong, or else the first.
    """
    kept = [one for one in items if not one.is_dispensable]
    kept = kept or [one for one in items if one.may_matter]
    return kept or [one for one in items if one.is_general][:1] or list(items[:1])


def sentences_in(text: str) -> list[str]:
    """The sentences of an impression, without the numbers of a list."""
    bounds = [match.span() for match in NUMBER.finditer(text) if _opens(text, match.start())]
    starts = [0, *(end for _, end in bounds)]
    ends = [*(start for start, _ in bounds), len(text)]
    return [
        part[first:last].strip()
        for part in (text[start:end] for start, end in zip(starts, ends, strict=True))
        for first, last in sentence_spans(part)
        if re.search(r"[^\W\d_]", part[first:last])
    ]


def _opens(text: str, place: int) -> bool:
    """Whether a number there begins an item, and does not end "measures 12."."""
    before = text[:place].rstrip()
    return not before or before[-1] in ".;!?" or "\n" in text[len(before) : place]


def read_items(texts: Sequence[str]) -> list[list[Item]]:
    """The items of each impression."""
    split = [sentences_in(text) for text in texts]
    stated = iter(statements_of([one for sentences in split for one in sentences]))
    return [_grouped([Sentence(one, next(stated)) for one in sentences]) for sentences in split]


def _grouped(sentences: Sequence[Sentence]) -> list[Item]:
    groups: list[list[Sentence]] = []
    for one in sentences:
        hangs = one.is_advice and not one.is_general_advice
        if groups and (hangs or _REFERS_BACK.match(one.text)):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [Item(tuple(group)) for group in groups]
