"""The records that flow through the house, and their JSON Lines form.

``Report`` -> (annotator) -> ``AnnotatedReport`` -> (graph rule) -> ``ReportGraph``.

All are frozen; word positions count from 0 over the whole report, across sentences.
On disk each record is one JSON object per line, with the field names below.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from preprocessing.errors import InputError
from preprocessing.laterality import Side

SCHEMA_VERSION = 2

ENTITY_LABELS = (
    "ANATOMY",
    "ANATOMY_MODIFIER",
    "OBSERVATION",
    "OBSERVATION_MODIFIER",
    "UNCERTAINTY",
)
Change = Literal["new", "stable", "improved", "worse"]


@dataclass(frozen=True, slots=True)
class Report:
    """One radiology report, split into its sections (empty string: section absent).

    ``labels`` are what human coders gave (Open-i: MeSH major headings), or empty.
    ``patient`` groups reports of one person, or is empty when unknown.
    """

    uid: str
    findings: str
    impression: str = ""
    indication: str = ""
    comparison: str = ""
    labels: tuple[str, ...] = ()
    patient: str = ""


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
    """A record as a JSON-ready dictionary; fields in their declared order."""
    return asdict(record)


def from_json(cls: type[Record], value: dict[str, Any]) -> Record:
    """The inverse of :func:`to_json`.

    Raises ``KeyError``/``TypeError`` when fields are missing or of the wrong kind.
    """
    if cls is Report:
        return cls(**{**value, "labels": tuple(value.get("labels", ()))})
    fields = {
        "uid": value["uid"],
        "words": tuple(value["words"]),
        "sentence_starts": tuple(value["sentence_starts"]),
    }
    if cls is AnnotatedReport:
        fields |= {"heads": tuple(value["heads"]), "deprels": tuple(value["deprels"])}
        fields["entities"] = tuple(Entity(*entity) for entity in value["entities"])
    else:
        fields["key_words"] = tuple(value["key_words"])
        fields["edges"] = tuple(Edge(*edge) for edge in value["edges"])
    return cls(**fields)


def dumps(value: dict[str, Any]) -> str:
    """One JSON Lines line (with its newline), the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_jsonl(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the object of each non-empty line; raise :class:`InputError` naming file and line."""
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except json.JSONDecodeError as error:
                    raise InputError(
                        f"{path}:{number}: not a JSON object ({error.msg}); "
                        "one JSON object per line is expected"
                    ) from None
                if not isinstance(value, dict):
                    raise InputError(f"{path}:{number}: expected a JSON object on each line")
                yield value
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected JSON Lines") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def check_writable(path: str | Path) -> None:
    """Raise :class:`InputError` now if a later write of ``path`` would fail for want of a place.

    Nothing stays behind: the nearest folder that exists is tried.
    """
    folder = Path(path).absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def give_usual_permissions(path: str | Path) -> None:
    """Make a file as readable as any new one: temporary files are their owner's alone."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def write_text_atomically(path: str | Path, chunks: Iterable[str]) -> None:
    """Write a file that appears complete or not at all.

    Raises :class:`InputError` when the place is not writable.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.writelines(chunks)
        give_usual_permissions(temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
