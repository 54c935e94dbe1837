"""Annotate a corpus of any size: worker processes, constant memory, and a killed run goes on.

Records stream from the corpus in chunks of a fixed size; an engine turns each chunk into its
finished lines, in order; the parent process appends them. So the output is the same, byte for
byte, whatever the engine, the number of workers, and the interruptions.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from preprocessing.annotation import Annotator, Findings, load_annotator
from preprocessing.corpora import SEEN_BEFORE, iter_reports, uid_digest
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.graphs import GRAPH_RULES, build_graph
from preprocessing.pipeline.output import Checkpoint, ResumableOutput
from preprocessing.records import SCHEMA_VERSION, Report, ReportGraph, to_json
from preprocessing.registry import Table, load

RECORDS_PER_CHUNK = 256
# A hundred times the longest real report; a parser's memory grows with the sentence.
MAX_FINDINGS = 100_000
NOT_TEXT = "half a surrogate pair, which is no text"
TOO_LONG = f"findings of more than {MAX_FINDINGS:,} characters"

# name -> "module:function"; see Engine
ENGINES: "Table[Engine]" = Table(
    "engine",
    {
        "local": "preprocessing.pipeline.run:map_locally",
        "ray": "preprocessing.pipeline.ray_engine:map_with_ray",
    },
)


class Item(NamedTuple):
    """One record on its way: findings to annotate, or the reason why there are none.

    ``uid`` is written as it was read: a number stays a number.
    """

    uid: str | int
    findings: Findings
    reason: str = ""


class Chunk(NamedTuple):
    """Consecutive items; ``digest`` stands for all items of the corpus up to the last of these."""

    items: tuple[Item, ...]
    digest: str


class ChunkResult(NamedTuple):
    """The finished lines (UTF-8) of a chunk, and how many of its records were rejected."""

    lines: bytes
    rejects: bytes
    n_records: int
    n_rejected: int
    digest: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is done to each record; ``form`` is a key of ``FORMS``."""

    annotator: str = "builtin"
    model_dir: str | None = None
    rule: str = "hu2022"
    form: str = "graph"


# Maps chunks to their results, in order: (task, chunks, workers, the output's path).
Engine = Callable[[Task, Iterable[Chunk], int, Path], Generator[ChunkResult, None, None]]


def run_pipeline(
    read_items: Callable[[], Iterable[Item]],
    output: str | Path,
    task: Task,
    *,
    workers: int = 1,
    engine: str = "local",
    progress: bool = True,
) -> Checkpoint:
    """Annotate all that ``read_items()`` yields; returns the counts of records read and rejected.

    ``output`` gets one JSON line per report, in the order of the items; ``output.rejects.jsonl``
    one line with uid and reason for every item that has none. Both appear when all is done. A run
    that was killed goes on where it was when called again with the same items. ``progress``: a
    bar on a terminal, with the time left as soon as a second reading has counted the items.

    Raises ``InputError`` for unknown names, an unwritable place, and items that are not those of
    the unfinished run; ``MissingBackendError`` for what is not installed.
    """
    if workers < 1:
        raise InputError(f"{workers} workers; give at least 1")
    map_chunks = load(ENGINES, engine)
    settings = {
        "schema": SCHEMA_VERSION,
        "form": task.form,
        "annotator": task.annotator,
        "version": _checked_version(task, workers, Path(output)),
        "model_dir": task.model_dir,
        "rule": task.rule,
    }
    with closing(ResumableOutput(output, settings)) as out:
        done = out.checkpoint
        if not done.done:
            digest = hashlib.sha256()
            items = iter(read_items())
            for item in islice(items, done.records):
                _update(digest, item)
            if done.records and digest.hexdigest() != done.digest:
                raise out.cannot_resume("the reports are not the same any more")
            chunks = _chunks(items, digest)
            with (
                _progress_bar(done.records, read_items, progress) as bar,
                closing(map_chunks(task, chunks, workers, Path(output))) as results,
            ):
                for result in results:
                    done = _after(done, result)
                    out.append(result.lines, result.rejects, done)
                    bar.update(result.n_records)
        out.finish()
        return out.checkpoint


def corpus_items(
    name: str, *, data_dir: str | Path | None = None, inclusion: str | None = None
) -> Iterator[Item]:
    """The records of a corpus (see ``iter_reports``) as items."""
    for record in iter_reports(name, data_dir=data_dir, inclusion=inclusion):
        if isinstance(record, Report):
            yield Item(record.uid, record.findings)
        else:
            yield Item(record.uid, "", record.reason)


def first_of_each_uid(items: Iterable[Item]) -> Iterator[Item]:
    """The items, later ones of a uid turned into rejects (corpora have done so themselves)."""
    seen: set[bytes] = set()
    for item in items:
        digest = uid_digest(str(item.uid))
        yield Item(item.uid, "", SEEN_BEFORE) if digest in seen else item
        seen.add(digest)


def work(task: Task, chunk: Chunk) -> ChunkResult:
    """Annotate one chunk. A report that makes the annotator fail is rejected, by itself.

    Nothing of a report but its uid is in the rejects: an exception is named by its class.
    """
    annotator = _loaded(task.annotator, task.model_dir)
    reasons = {
        position: reason for position, item in enumerate(chunk.items) if (reason := _unusable(item))
    }
    wanted = [item for position, item in enumerate(chunk.items) if position not in reasons]
    try:
        finished: Iterator[bytes | str] = iter(_lines(annotator, task, wanted))
    except InputError:  # the user's mistake, not the report's
        raise
    except Exception:
        finished = iter([_line_or_reason(annotator, task, item) for item in wanted])
    lines, rejects = [], []
    for position, item in enumerate(chunk.items):
        line = reasons[position] if position in reasons else next(finished)
        if isinstance(line, bytes):
            lines.append(line)
        else:
            # Escaped to ASCII: a uid with half a surrogate pair must not be lost.
            rejects.append(json.dumps({"uid": item.uid, "reason": line}).encode() + b"\n")
    return ChunkResult(
        b"".join(lines), b"".join(rejects), len(chunk.items), len(rejects), chunk.digest
    )


def map_locally(
    task: Task, chunks: Iterable[Chunk], workers: int, output: Path
) -> Generator[ChunkResult, None, None]:
    """The engine for one machine: this process for one worker, else that many spawned ones.

    At most three chunks per worker are in memory. Raises ``InputError`` when a worker is killed.
    """
    if workers == 1:
        yield from (work(task, chunk) for chunk in chunks)
        return
    waiting: deque[Future[ChunkResult]] = deque()
    with _pool(workers, output) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(work, task, chunk))
            if len(waiting) >= 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
FORMS: dict[str, Callable[[ReportGraph], dict[str, Any]]] = {"pairs": as_pairs, "graph": to_json}


@lru_cache(maxsize=1)
def _loaded(name: str, model_dir: str | None) -> Annotator:
    return load_annotator(name, model_dir=model_dir)


def _checked_version(task: Task, workers: int, output: Path) -> str:
    """The annotator's version; every name in the task is tried before a report is read."""
    load(GRAPH_RULES, task.rule)
    if workers == 1:
        return _version(task)
    # This process will not annotate; what a process has loaded it never quite gives back.
    with _pool(1, output) as pool:
        return pool.submit(_version, task).result()


def _version(task: Task) -> str:
    return _loaded(task.annotator, task.model_dir).version


@contextmanager
def _pool(workers: int, output: Path) -> Iterator[ProcessPoolExecutor]:
    """Spawned worker processes; raises ``InputError`` when one is killed."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        yield pool
    except BrokenProcessPool:
        raise InputError(
            f"{output}: a worker process was killed, perhaps for want of memory; run the same "
            "command again to go on, with fewer workers if need be"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even when it was killed without a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _unusable(item: Item) -> str:
    """Why the item has no line, or nothing. Annotators clean texts, but keep words as they are."""
    if item.reason:
        return item.reason
    if _length(item.findings) > MAX_FINDINGS:
        return TOO_LONG
    words = () if isinstance(item.findings, str) else chain.from_iterable(item.findings)
    try:
        for text in (str(item.uid), *words):
            text.encode()
    except UnicodeEncodeError:
        return NOT_TEXT
    return ""


def _length(findings: Findings) -> int:
    if isinstance(findings, str):
        return len(findings)
    return sum(len(word) + 1 for sentence in findings for word in sentence)


def _lines(annotator: Annotator, task: Task, items: list[Item]) -> list[bytes]:
    annotated = annotator.annotate((str(item.uid), item.findings) for item in items)
    return [
        dumps({**FORMS[task.form](build_graph(one, task.rule)), "uid": item.uid}).encode()
        for item, one in zip(items, annotated, strict=True)
    ]


def _line_or_reason(annotator: Annotator, task: Task, item: Item) -> bytes | str:
    try:
        return _lines(annotator, task, [item])[0]
    except InputError:
        raise
    except Exception as error:
        return type(error).__name__


def _chunks(items: Iterator[Item], digest: "hashlib._Hash") -> Iterator[Chunk]:
    while chunk := tuple(islice(items, RECORDS_PER_CHUNK)):
        for item in chunk:
            _update(digest, item)
        yield Chunk(chunk, digest.hexdigest())


def _update(digest: "hashlib._Hash", item: Item) -> None:
    digest.update(json.dumps(item).encode())


def _after(before: Checkpoint, result: ChunkResult) -> Checkpoint:
    return Checkpoint(
        records=before.records + result.n_records,
        rejected=before.rejected + result.n_rejected,
        output_bytes=before.output_bytes + len(result.lines),
        rejects_bytes=before.rejects_bytes + len(result.rejects),
        digest=result.digest,
    )


def _progress_bar(initial: int, read_items: Callable[[], Iterable[Item]], progress: bool) -> Any:
    from tqdm import tqdm

    bar = tqdm(
        desc="annotate", initial=initial, unit=" reports", disable=None if progress else True
    )

    def count() -> None:
        with suppress(InputError):  # the main reading meets it too, and reports it
            bar.total = sum(1 for _ in read_items())

    if not bar.disable:
        threading.Thread(target=count, daemon=True).start()
    return bar
