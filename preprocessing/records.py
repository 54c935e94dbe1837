"""The records that flow through the package, and their JSON form.

``Report`` -> (annotator) -> ``AnnotatedReport`` -> (graph rule) -> ``ReportGraph``.

All are frozen; word positions count from 0 over the whole report, across sentences.
On disk each record is one JSON object per line, with the field names below.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeVar, get_args

SCHEMA_VERSION = 2

ENTITY_LABELS = (
    "ANATOMY",
    "ANATOMY_MODIFIER",
    "OBSERVATION",
    "OBSERVATION_MODIFIER",
    "UNCERTAINTY",
)
Side = Literal["left", "right", "bilateral"]
Change = Literal["new", "stable", "improved", "worse"]


@dataclass(frozen=True, slots=True)
class Report:
    """One radiology report, split into its sections (empty string: section absent).

    ``labels`` are what human coders gave (Open-i: MeSH major headings), or empty.
    ``patient`` groups reports of one person, or is empty when unknown.
    ``meta``: what else is known of it: author, age, sex, technique, where there is any of them.
    """

    uid: str
    findings: str
    impression: str = ""
    indication: str = ""
    comparison: str = ""
    labels: tuple[str, ...] = ()
    patient: str = ""
    meta: Mapping[str, str] = field(default_factory=dict, hash=False)


class Entity(NamedTuple):
    """Words ``start`` to ``end`` (one past the last) with a label of ``ENTITY_LABELS``.

    ``side``: where the sentence places it, or None. ``change`` of observations since an earlier
    study, or None where the sentence compares nothing; what has resolved is ``improved`` and
    ``negated``.
    """

    start: int
    end: int
    label: str
    negated: bool = False
    uncertain: bool = False
    side: Side | None = None
    change: Change | None = None


class ParsedSentence(NamedTuple):
    """A sentence as a backend parses it; ``heads`` and entities count from its first word."""

    words: tuple[str, ...]
    heads: tuple[int, ...]
    deprels: tuple[str, ...]
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class AnnotatedReport:
    """Words of the findings with sentences, dependency tree and entities.

    ``sentence_starts``: position of each sentence's first word, increasing, the first one 0.
    ``heads``: position of each word's syntactic head, -1 for the root of a sentence.
    ``deprels``: Universal Dependencies relation of each word to its head (``root`` for roots).
    """

    uid: str
    words: tuple[str, ...]
    sentence_starts: tuple[int, ...]
    heads: tuple[int, ...]
    deprels: tuple[str, ...]
    entities: tuple[Entity, ...]

    def __post_init__(self) -> None:  # a corpus says the same words again and again
        object.__setattr__(self, "words", tuple(map(sys.intern, self.words)))
        object.__setattr__(self, "deprels", tuple(map(sys.intern, self.deprels)))


class Edge(NamedTuple):
    """A typed, directed edge between two word positions."""

    head: int
    dependent: int
    type: str


@dataclass(frozen=True, slots=True)
class ReportGraph:
    """The entity graph of one report's findings; nodes are the words.

    ``key_words``: increasing positions of the words that count as key words (set E in Hu et al.).
    """

    uid: str
    words: tuple[str, ...]
    sentence_starts: tuple[int, ...]
    key_words: tuple[int, ...]
    edges: tuple[Edge, ...]


Record = TypeVar("Record", Report, AnnotatedReport, ReportGraph)


def to_json(record: Report | AnnotatedReport | ReportGraph) -> dict[str, Any]:
    """A record as a JSON-ready dictionary; fields in their declared order, empty meta left out."""
    value = asdict(record)
    if not value.get("meta", True):
        del value["meta"]
    return value


def from_json(cls: type[Record], value: dict[str, Any]) -> Record:
    """The inverse of :func:`to_json`.

    Raises:
        KeyError, TypeError, ValueError: a field is missing, of the wrong kind, or does not fit the
            others, such as an edge to a word that is not there.
    """
    if cls is Report:
        meta = value.get("meta", {})
        if not isinstance(meta, dict) or not all(isinstance(v, str) for v in meta.values()):
            raise TypeError("meta")
        return cls(**{**value, "labels": tuple(value.get("labels", ())), "meta": meta})
    words = _texts(value["words"])
    if not isinstance(value["uid"], str):
        raise TypeError("uid")
    starts = _increasing(value["sentence_starts"], len(words))
    if bool(words) != bool(starts) or starts[:1] not in ((), (0,)):
        raise ValueError("sentence_starts")
    fields: dict[str, Any] = {"uid": value["uid"], "words": words, "sentence_starts": starts}
    if cls is AnnotatedReport:
        heads, deprels = tuple(value["heads"]), _texts(value["deprels"])
        if not len(heads) == len(deprels) == len(words):
            raise ValueError("heads")
        for head in heads:
            _position(head, len(words), lowest=-1)
        fields |= {"heads": heads, "deprels": deprels}
        fields["entities"] = tuple(
            _checked_entity(Entity(*entity), len(words)) for entity in value["entities"]
        )
    else:
        fields["key_words"] = _increasing(value["key_words"], len(words))
        fields["edges"] = tuple(Edge(*edge) for edge in value["edges"])
        for edge in fields["edges"]:
            _position(edge.head, len(words))
            _position(edge.dependent, len(words))
            _texts([edge.type])
    return cls(**fields)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise TypeError("a list of texts is expected")
    return tuple(values)


def _position(value: Any, length: int, *, lowest: int = 0) -> int:
    if type(value) is not int:
        raise TypeError("a position is expected")
    if not lowest <= value < length:
        raise ValueError("a position beyond the words")
    return value


def _increasing(values: Any, length: int) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise TypeError("a list of positions is expected")
    positions = tuple(_position(one, length) for one in values)
    if any(left >= right for left, right in pairwise(positions)):
        raise ValueError("positions must increase")
    return positions


def _checked_entity(entity: Entity, length: int) -> Entity:
    _position(entity.start, length)
    _position(entity.end - 1, length, lowest=entity.start)
    if entity.label not in ENTITY_LABELS:
        raise ValueError("label")
    if type(entity.negated) is not bool or type(entity.uncertain) is not bool:
        raise TypeError("negated, uncertain")
    if entity.side not in (None, *get_args(Side)) or entity.change not in (None, *get_args(Change)):
        raise ValueError("side, change")
    return entity
