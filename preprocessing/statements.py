"""A text and its annotation -> what it states: observations with status, side and degree.

Named observations come from the rules of ``observations.py``; every other OBSERVATION entity of the
annotation is a statement of its own, under a name of ``FURTHER`` or under its words. The dependency
tree decides which modifiers and which anatomy belong to a statement.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from preprocessing.annotators.sentences import clean_text
from preprocessing.laterality import Side
from preprocessing.observations import NO_FINDING, Status, extract_mentions
from preprocessing.records import AnnotatedReport, Entity
from preprocessing.statement_terms import ACUTE, ADVICE, DEGREES, EMPTY, FURTHER, NORMAL, OLD


@dataclass(frozen=True, slots=True)
class Statement:
    """What characters ``start`` to ``end`` of a text state.

    ``names``: of ``OBSERVATIONS`` and ``FURTHER``; none for a statement known by its ``words`` only
    (:func:`stem`) and for a *general* one, which says of its anatomy (``words``, none for the whole
    chest) that something, or nothing (``absent``), is wrong there. ``degree``: lowest and highest
    (1 slight, 2 moderate, 3 great), or None. ``old``: called old, chronic, healed or stable;
    ``acute``: called acute, new or focal.
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
    general: bool = False


def stem(word: str) -> str:
    """The first six letters, under which "tortuous" and "tortuosity" agree; bones are one."""
    word = word.lower()
    return "bone" if _BONE.match(word) else word[:6].rstrip("s") if len(word) < 7 else word[:6]


def read_statements(text: str, annotated: AnnotatedReport) -> tuple[Statement, ...]:
    """The statements of a text, in order; ``annotated`` is the text's annotation.

    Sentences that advise, and entities without content ("change"), state nothing.
    """
    return _Reader(text, annotated).statements()


def word_spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """The characters of each annotated word; raises ``ValueError`` for words of another text."""
    text = clean_text(text)
    spans, place = [], 0
    for word in words:
        place = text.index(word, place)
        spans.append((place, place + len(word)))
        place += len(word)
    return spans


_BONE = re.compile(r"(?:bon[ey]|osseous|skelet|rib|spin|vertebr|thorac)")
_WHOLE_CHEST = frozenset(
    map(stem, "chest lung lungs pulmonary cardiopulmonary cardiac cardio thoracic".split())
) - {"bone"} | {"intrat", "thorax", "heart"}
_FURTHER = {name: re.compile(pattern) for name, pattern in FURTHER.items()}
_ADVICE = re.compile(ADVICE)


class _Reader:
    """One text; words are known by their positions in the annotation."""

    def __init__(self, text: str, annotated: AnnotatedReport) -> None:
        self._text, self._heads, self._deprels = text, annotated.heads, annotated.deprels
        self._words = [word.lower() for word in annotated.words]
        self._spans = word_spans(text, annotated.words)
        self._entity: dict[int, Entity] = {
            word: one for one in annotated.entities for word in range(one.start, one.end)
        }
        self._children: Mapping[int, list[int]] = defaultdict(list)
        for word, head in enumerate(annotated.heads):
            self._children[head].append(word)
        self._starts = annotated.sentence_starts
        self._owner: dict[int, int] = {}  # word -> the statement whose core it belongs to
        self._used: set[int] = set()
        self._entities = annotated.entities

    def statements(self) -> tuple[Statement, ...]:
        found: dict[tuple[int, int], list] = {}
        for one in extract_mentions(self._text):
            found.setdefault((one.start, one.end), []).append(one)
        cores: list[tuple[list[int], list]] = []
        for span, mentions in found.items():
            core = [i for i, (a, b) in enumerate(self._spans) if a < span[1] and b > span[0]]
            self._owner.update(dict.fromkeys(core, len(cores)))
            cores.append((core, mentions))
        advice = self._advice()
        for entity in self._entities:
            core = list(range(entity.start, entity.end))
            if entity.label == "OBSERVATION" and not any(w in self._owner for w in core):
                self._owner.update(dict.fromkeys(core, len(cores)))
                cores.append((core, []))
        result = [self._state(core, mentions) for core, mentions in cores]
        for entity in self._entities:  # "degenerative" of "changes", which is no entity
            core = list(range(entity.start, entity.end))
            if entity.label == "OBSERVATION_MODIFIER" and not any(
                w in self._owner or w in self._used for w in core
            ):
                one = self._state(core, [])
                if one and one.names:
                    result.append(one)
        return tuple(
            sorted(
                (one for one in result if one and not (not one.names and one.start in advice)),
                key=lambda one: (one.start, one.end),
            )
        )

    def _advice(self) -> set[int]:
        """The characters of sentences that advise or report a call."""
        inside: set[int] = set()
        bounds = [*self._starts, len(self._words)]
        for start, end in zip(bounds, bounds[1:], strict=False):
            if end > start:
                first, last = self._spans[start][0], self._spans[end - 1][1]
                if _ADVICE.search(self._text[first:last].lower()):
                    inside.update(range(first, last))
        return inside

    def _phrase(self, core: Sequence[int]) -> set[int]:
        """The core, the modifiers and anatomy below it, and those that it depends on."""
        phrase = set(core)
        frontier = list(core)

        def take(word: int) -> None:
            entity = self._entity.get(word)
            if word in phrase or word in self._owner or entity is None:
                return
            if entity.label not in ("OBSERVATION", "UNCERTAINTY"):
                phrase.add(word)
                frontier.append(word)

        while frontier:
            word = frontier.pop()
            for child in self._children[word]:
                take(child)
            if (head := self._heads[word]) >= 0:
                take(head)
                if head not in self._entity and self._deprels[word].startswith("nsubj"):
                    for child in self._children[head]:  # "the volumes remain low"
                        if self._deprels[child] in ("xcomp", "acomp", "advmod"):
                            take(child)
        return phrase

    def _state(self, core: Sequence[int], mentions: Sequence) -> Statement | None:
        phrase = self._phrase(core)
        self._used |= phrase
        words = [self._words[word] for word in sorted(phrase)]
        degrees = [DEGREES[plain] for w in words if (plain := w.removesuffix("ly")) in DEGREES]
        own = [self._entity[word] for word in core if word in self._entity]
        old = not OLD.isdisjoint(words) or any(one.change == "stable" for one in own)
        common = {
            "degree": (min(degrees), max(degrees)) if degrees else None,
            "old": old,
            "acute": not ACUTE.isdisjoint(words),
        }
        if mentions:
            names = frozenset(one.name for one in mentions) - {NO_FINDING}
            first = mentions[0]
            return Statement(
                first.start,
                first.end,
                names,
                frozenset(stem(self._words[word]) for word in core) if names else frozenset(),
                first.status if names else "absent",
                first.side,
                general=not names,
                **common,
            )
        if not own:
            return None
        start, end = self._spans[core[0]][0], self._spans[core[-1]][1]
        status: Status = (
            "absent" if own[0].negated else "uncertain" if own[0].uncertain else "present"
        )
        joined = " ".join(words)
        names = frozenset(name for name, term in _FURTHER.items() if term.search(joined))
        normal = not NORMAL.isdisjoint(words)
        told = (
            [
                self._words[word]
                for word in sorted(phrase)
                if self._entity[word].label.startswith("OBSERVATION")
                and self._words[word] not in EMPTY
                and self._words[word].removesuffix("ly") not in DEGREES
                and self._words[word] not in NORMAL
                and self._words[word].isalpha()
            ]
            if not normal
            else []
        )
        anatomy = frozenset(
            stem(self._words[word])
            for word in phrase
            if word in self._entity and self._entity[word].label == "ANATOMY"
        )
        if names and not normal:
            return Statement(
                start, end, names, frozenset(map(stem, told)), status, own[0].side, **common
            )
        if told:
            return Statement(
                start, end, names, frozenset(map(stem, told)), status, own[0].side, **common
            )
        if normal and status == "present":
            return Statement(
                start, end, frozenset(), anatomy, "absent", own[0].side, general=True, **common
            )
        if own[0].label == "OBSERVATION" and (
            "acute" in words or "active" in words or status == "absent"
        ):
            whole = not anatomy - _WHOLE_CHEST
            return Statement(
                start,
                end,
                frozenset(),
                frozenset() if whole else anatomy,
                status,
                own[0].side,
                general=True,
                **common,
            )
        return None
