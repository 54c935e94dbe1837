"""What is done to each record: its findings become a finished line, or a reason why not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

from preprocessing.annotation import Annotator, Findings, load_annotator
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.graphs import build_graph
from preprocessing.pipeline.inputs import InputRecord
from preprocessing.records import ReportGraph, to_json

# A hundred times the longest real report; a parser's memory grows with the sentence.
MAX_FINDINGS = 100_000
NOT_TEXT = "half a surrogate pair, which is no text"
TOO_LONG = f"findings of more than {MAX_FINDINGS:,} characters"


class Chunk(NamedTuple):
    """Consecutive records; ``digest`` stands for all of the corpus up to the last of these."""

    records: tuple[InputRecord, ...]
    digest: str


class ChunkResult(NamedTuple):
    """The finished lines (UTF-8) of a chunk, and how many of its records were rejected."""

    lines: bytes
    rejects: bytes
    n_records: int
    n_rejected: int
    digest: str


@dataclass(frozen=True, slots=True)
class AnnotationJob:
    """What is done to each record; ``form`` is a key of ``OUTPUT_FORMS``."""

    annotator: str = "builtin"
    model_dir: str | None = None
    rule: str = "hu2022"
    form: str = "graph"


def annotate_chunk(job: AnnotationJob, chunk: Chunk) -> ChunkResult:
    """Annotate one chunk. A report that makes the annotator fail is rejected, by itself.

    Nothing of a report but its uid is in the rejects: an exception is named by its class.
    """
    annotator = _loaded(job.annotator, job.model_dir)
    reasons = {
        position: reason
        for position, record in enumerate(chunk.records)
        if (reason := _unusable(record))
    }
    wanted = [record for position, record in enumerate(chunk.records) if position not in reasons]
    try:
        finished: Iterator[bytes | str] = iter(_lines(annotator, job, wanted))
    except InputError:  # the user's mistake, not the report's
        raise
    except Exception:
        finished = iter([_line_or_reason(annotator, job, record) for record in wanted])
    lines, rejects = [], []
    for position, record in enumerate(chunk.records):
        line = reasons[position] if position in reasons else next(finished)
        if isinstance(line, bytes):
            lines.append(line)
        else:
            # Escaped to ASCII: a uid with half a surrogate pair must not be lost.
            rejects.append(json.dumps({"uid": record.uid, "reason": line}).encode() + b"\n")
    return ChunkResult(
        b"".join(lines), b"".join(rejects), len(chunk.records), len(rejects), chunk.digest
    )


def annotator_version(job: AnnotationJob) -> str:
    """The version of the job's annotator, which is loaded for it."""
    return _loaded(job.annotator, job.model_dir).version


def as_pairs(graph: ReportGraph) -> dict[str, Any]:
    """A graph in words: uid, sentences, words, is_entity, edges (head word, dependent word)."""
    key_words = set(graph.key_words)
    ends = [*graph.sentence_starts, len(graph.words)]
    return {
        "uid": graph.uid,
        "sentences": [" ".join(graph.words[start:end]) for start, end in pairwise(ends)],
        "words": graph.words,
        "is_entity": [int(position in key_words) for position in range(len(graph.words))],
        "edges": [[graph.words[edge.head], graph.words[edge.dependent]] for edge in graph.edges],
    }


# The shapes of an output line.
OUTPUT_FORMS: dict[str, Callable[[ReportGraph], dict[str, Any]]] = {
    "pairs": as_pairs,
    "graph": to_json,
}


@lru_cache(maxsize=1)
def _loaded(name: str, model_dir: str | None) -> Annotator:
    return load_annotator(name, model_dir=model_dir)


def _unusable(record: InputRecord) -> str:
    """Why the record has no line, or nothing. Annotators clean texts, but keep given words."""
    if record.reason:
        return record.reason
    if _length(record.findings) > MAX_FINDINGS:
        return TOO_LONG
    words = () if isinstance(record.findings, str) else chain.from_iterable(record.findings)
    try:
        for text in (str(record.uid), *words):
            text.encode()
    except UnicodeEncodeError:
        return NOT_TEXT
    return ""


def _length(findings: Findings) -> int:
    if isinstance(findings, str):
        return len(findings)
    return sum(len(word) + 1 for sentence in findings for word in sentence)


def _lines(annotator: Annotator, job: AnnotationJob, records: list[InputRecord]) -> list[bytes]:
    annotated = annotator.annotate((str(record.uid), record.findings) for record in records)
    return [
        dumps({**OUTPUT_FORMS[job.form](build_graph(one, job.rule)), "uid": record.uid}).encode()
        for record, one in zip(records, annotated, strict=True)
    ]


def _line_or_reason(annotator: Annotator, job: AnnotationJob, record: InputRecord) -> bytes | str:
    try:
        return _lines(annotator, job, [record])[0]
    except InputError:
        raise
    except Exception as error:
        return type(error).__name__
