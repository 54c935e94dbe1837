"""A text and its annotation -> what it states: observations with status, side and degree.

Named observations come from the rules of ``observations.py``; every other OBSERVATION entity of the
annotation is a statement of its own, under a name of ``FURTHER_TERMS`` or under its words. The
dependency tree decides which modifiers and which anatomy belong to a statement.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, cast

from preprocessing.facts.observations import Status
from preprocessing.facts.ontology import NO_FINDING
from preprocessing.facts.reading import Mention, read_mentions
from preprocessing.facts.statement_terms import (
    ACUTE_WORDS,
    ADVICE_PHRASES,
    DEGREES,
    EMPTY_WORDS,
    FURTHER_TERMS,
    NORMAL_WORDS,
    OLD_WORDS,
)
from preprocessing.records import AnnotatedReport, Change, Side
from preprocessing.text.plain import PlainText
from preprocessing.text.sentences import word_spans
from preprocessing.text.sided_parts import SidedPart, find_sided_parts


@dataclass(frozen=True, slots=True)
class Statement:
    """What characters ``start`` to ``end`` of a text state.

    ``names``: of ``OBSERVATIONS`` and ``FURTHER_TERMS``; none for a statement known by its
    ``words`` only (:func:`stem`) and for a *general* one, which says of its anatomy (``words``,
    none for the whole chest) that something, or nothing (``absent``), is wrong there.
    ``degree``: lowest and highest (1 slight, 2 moderate, 3 great), or None. ``old``: called old,
    chronic or healed; ``acute``: called acute, new or focal; ``resolved``: no longer there.
    ``places``: lobes, zones, ribs, vertebrae; ``sizes`` and ``distances`` (of a
    tip from a landmark): in millimetres. ``denied_only``: denied only as ``large`` or as
    ``new`` ("no large effusion"), which leaves room for a small or an old one. ``parts``: of the
    body, with their sides, that its sentence or its heading names nearest to it ("left knee").
    """

    start: int
    end: int
    names: frozenset[str]
    words: frozenset[str]
    status: Status
    side: Side | None = None
    degree: tuple[int, int] | None = None
    old: bool = False
    acute: bool = False
    resolved: bool = False
    general: bool = False
    change: Change | None = None
    places: frozenset[str] = frozenset()
    sizes: frozenset[float] = frozenset()
    distances: frozenset[float] = frozenset()
    denied_only: Literal["", "large", "new"] = ""
    parts: frozenset[tuple[str, Side]] = frozenset()


def stem(word: str) -> str:
    """The first six letters, under which "tortuous" and "tortuosity" agree; bones are one."""
    word = word.lower()
    return "bone" if _BONE.match(word) else word.removesuffix("s")[:6]


def further_names(text: str) -> frozenset[str]:
    """The names of ``FURTHER_TERMS`` that have a word in a lower-cased text, denied or not."""
    return frozenset(name for name, term in _FURTHER.items() if term.search(text))


def read_statements(text: str, annotated: AnnotatedReport) -> tuple[Statement, ...]:
    """The statements of a text, in order; ``annotated`` is the text's annotation.

    Sentences that advise, and entities without content ("change"), state nothing.
    """
    return _Reader(text, annotated).statements()


_BONE = re.compile(r"(?:bon[ey]|osseous|skelet|rib|spin|vertebr)")
_EXAMINATION = re.compile(
    r"$|\W|exam|film|stud|radiograph|imag|scan|ct\b|x-?ray|it\b|this\b|they\b"
)
_WHOLE_CHEST = frozenset(
    map(
        stem,
        "chest lung pulmonary cardiopulmonary cardiac heart thorax thoracic intrathoracic".split(),
    )
)
_FURTHER = {name: re.compile(pattern) for name, pattern in FURTHER_TERMS.items()}
_ADVICE = re.compile(ADVICE_PHRASES)
_LONGEST_PHRASE = 400  # characters that are searched for further terms
_AGES = OLD_WORDS | ACUTE_WORDS
_LONGEST_HEADING = 6  # words: "2. Right knee and ankle."
_TRUNK = re.compile(r"\b(?:chest|abdomen|pelvis|spine|skull|head|neck)\b")
_PREDICATES = ("xcomp", "acomp", "advmod")


class _Reader:
    """One text; words are known by their positions in the annotation."""

    def __init__(self, text: str, annotated: AnnotatedReport) -> None:
        self._text, self._annotated = text, annotated
        self._words = [word.lower() for word in annotated.words]
        self._spans = word_spans(text, annotated.words)
        self._starts = [start for start, _ in self._spans]
        self._ends = [end for _, end in self._spans]
        self._entity = {
            word: one for one in annotated.entities for word in range(one.start, one.end)
        }
        self._children: dict[int, list[int]] = defaultdict(list)
        for word, head in enumerate(annotated.heads):
            self._children[head].append(word)
        self._owned: set[int] = set()  # words that are the core of a statement

    def statements(self) -> tuple[Statement, ...]:
        plain, mentions = read_mentions(self._text)
        named = [
            (self._inside(*plain.origin(one.start, one.end)), one)
            for one in mentions
            if one.status != "past" or one.denied_only
        ]
        self._owned.update(word for core, _ in named for word in core)
        result = [self._named(core, one, plain) for core, one in named]
        self._owned.update(
            word
            for one in mentions
            if one.status == "past" and not one.denied_only
            for word in self._inside(*plain.origin(one.start, one.end))
        )
        others = self._claim("OBSERVATION")
        advice = self._advice()
        used = {word for core, _ in named for word in self._phrase(core)}
        for core in others:
            phrase = self._phrase(core)
            used |= phrase
            start, end = plain.place(self._spans[core[0]][0], self._spans[core[-1]][1])
            if not plain.text[start:end].strip():
                continue  # of a message's header, say
            if core[0] not in advice and (other := self._other(core, phrase)):
                result.append(other)
        # "Degenerative" of "changes", which is no entity.
        for core in self._claim("OBSERVATION_MODIFIER", used):
            other = self._other(core, self._phrase(core))
            if other and other.names and core[0] not in advice:
                result.append(other)
        return self._with_parts(sorted(result, key=lambda one: (one.start, one.end)))

    def _with_parts(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """The statements with the sided parts of the body that each is about.

        A part goes to the nearest statement of its sentence, or, as "Right knee." does, to all up
        to the next heading.
        """
        found = list(find_sided_parts(self._text.lower()))
        if not found or not statements:
            return tuple(statements)
        parts: dict[int, set[tuple[str, Side]]] = defaultdict(set)
        heading: set[tuple[str, Side]] = set()
        for start, end in pairwise([*self._annotated.sentence_starts, len(self._words)]):
            first, last = self._spans[start][0], self._spans[end - 1][1]
            own = [one for one in found if first <= one.start < last]
            inside = [row for row, one in enumerate(statements) if first <= one.start < last]
            sentence = self._text[first:last]
            if not inside and len(sentence.split()) <= _LONGEST_HEADING:
                if own or _TRUNK.search(sentence.lower()):
                    heading = {(one.part, one.side) for one in own}
                continue
            for row in inside:
                parts[row] |= heading
            for part in own:
                if inside:
                    nearest = min(inside, key=lambda row: _gap(statements[row], part))
                    parts[nearest].add((part.part, part.side))
        return tuple(
            replace(one, parts=frozenset(parts[row])) if parts[row] else one
            for row, one in enumerate(statements)
        )

    def _label(self, word: int) -> str:
        entity = self._entity.get(word)
        return entity.label if entity else ""

    def _inside(self, start: int, end: int) -> list[int]:
        return list(range(bisect_right(self._ends, start), bisect_left(self._starts, end)))

    def _claim(self, label: str, but: Container[int] = ()) -> list[list[int]]:
        """The words of each entity of a label that no statement has yet; now they are owned.

        Entities side by side are one: "volume loss".
        """
        cores: list[list[int]] = []
        for entity in self._annotated.entities:
            core = list(range(entity.start, entity.end))
            if entity.label == label and not any(w in self._owned or w in but for w in core):
                if cores and cores[-1][-1] == entity.start - 1:
                    cores[-1].extend(core)
                else:
                    cores.append(core)
        self._owned.update(word for core in cores for word in core)
        return cores

    def _advice(self) -> set[int]:
        """The words of sentences that advise or report a call."""
        inside: set[int] = set()
        for start, end in pairwise([*self._annotated.sentence_starts, len(self._words)]):
            first, last = self._spans[start][0], self._spans[end - 1][1]
            if _ADVICE.search(self._text[first:last].lower()):
                inside.update(range(start, end))
        return inside

    def _phrase(self, core: Sequence[int]) -> set[int]:
        """The core, the modifiers and anatomy below it, and those that it depends on."""
        heads, deprels = self._annotated.heads, self._annotated.deprels
        phrase, seen, frontier = set(core), set(core), list(core)

        def take(word: int) -> None:
            if self._words[word] in _AGES:
                phrase.add(word)  # "calcified" may be a statement, "definite" no entity at all
            if word in seen or word in self._owned:
                return
            if self._label(word) not in ("OBSERVATION", "UNCERTAINTY", ""):
                phrase.add(word)
            elif word in self._entity or not deprels[word].startswith("nsubj"):
                return  # but on through "structures" in "the osseous structures are normal"
            seen.add(word)
            frontier.append(word)

        while frontier and len(seen) < _LONGEST_PHRASE:
            word = frontier.pop()
            for child in self._children[word]:
                take(child)
            if (head := heads[word]) >= 0:
                take(head)
                if head not in self._entity and deprels[word].startswith("nsubj"):
                    for child in self._children[head]:  # "the volumes remain low"
                        if deprels[child] in _PREDICATES:
                            take(child)
        return phrase

    def _named(self, core: Sequence[int], one: Mention, plain: PlainText) -> Statement:
        names = frozenset(one.names) - {NO_FINDING}
        if one.denied_only:
            one = replace(one, status="absent")
        if one.status != "absent":
            names |= frozenset(one.parents)
        start, end = plain.origin(one.start, one.end)
        degree, old, acute, resolved, change = self._qualities(core, self._phrase(core))
        return Statement(
            start,
            end,
            names,
            frozenset(stem(self._words[word]) for word in core) if names else frozenset(),
            cast(Status, one.status) if names else "absent",
            one.side,
            one.degree or degree,
            old or one.old,
            acute or one.acute,
            resolved,
            not names,
            one.change or change,
            one.places,
            one.sizes,
            one.distances,
            one.denied_only,
        )

    def _other(self, core: Sequence[int], phrase: set[int]) -> Statement | None:
        entity = self._entity[core[0]]
        words = [self._words[word] for word in sorted(phrase)]
        normal = not NORMAL_WORDS.isdisjoint(words)
        joined = " ".join(words)[:_LONGEST_PHRASE]
        names = further_names(joined)
        content = frozenset(
            stem(self._words[word])
            for word in phrase
            if self._label(word).startswith("OBSERVATION") and _has_content(self._words[word])
        )
        status: Status = (
            "absent" if entity.negated else "uncertain" if entity.uncertain else "present"
        )
        general = normal or not (names or content)
        if general:
            names = frozenset()
            content = frozenset(
                stem(self._words[word]) for word in phrase if self._label(word) == "ANATOMY"
            )
            acute = not {"acute", "active"}.isdisjoint(words)
            if normal == (status == "absent") and not acute:
                return None  # "not normal", "changes"
            if normal:
                status = "absent"
            elif content <= _WHOLE_CHEST:
                content = frozenset()
        start, end = self._spans[core[0]][0], self._spans[core[-1]][1]
        degree, old, acute, resolved, change = self._qualities(core, phrase)
        return Statement(
            start, end, names, content, status, entity.side, degree, old, acute, resolved, general,
            change,
        )  # fmt: skip

    def _compared(self, phrase: set[int]) -> set[str]:
        """The words of an examination that is compared with: "from prior", "since previous"."""
        return {
            self._words[word]
            for word in phrase
            if word
            and self._words[word - 1] in ("from", "since", "than", "to", "with", "vs")
            and _EXAMINATION.match(" ".join(self._words[word + 1 : word + 2]))
        }

    def _qualities(
        self, core: Sequence[int], phrase: set[int]
    ) -> tuple[tuple[int, int] | None, bool, bool, bool, Change | None]:
        """``degree``, ``old``, ``acute``, ``resolved`` and ``change`` of a statement."""
        words = {self._words[word] for word in phrase}
        degrees = [DEGREES[plain] for w in words if (plain := w.removesuffix("ly")) in DEGREES]
        entities = [self._entity[word] for word in core if word in self._entity]
        return (
            (min(degrees), max(degrees)) if degrees else None,
            not ("new" in words or OLD_WORDS.isdisjoint(words - self._compared(phrase))),
            not ACUTE_WORDS.isdisjoint(words),
            any(one.change == "improved" and one.negated for one in entities),
            next((one.change for one in entities if one.change), None),
        )


def _gap(one: Statement, part: SidedPart) -> int:
    """The characters between a statement and a part."""
    return max(one.start - part.end, part.start - one.end, 0)


def _has_content(word: str) -> bool:
    """Whether an entity word has a content of its own."""
    plain = word.removesuffix("ly")
    return (
        word.isalpha()
        and word not in EMPTY_WORDS
        and word not in NORMAL_WORDS
        and plain not in DEGREES
    )
