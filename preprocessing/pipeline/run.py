"""Annotate a corpus of any size: worker processes, constant memory, and a killed run goes on.

Records stream from the corpus in chunks of a fixed size; an executor turns each chunk into its
finished lines, in order; the parent process appends them. So the output is the same, byte for
byte, whatever the executor, the number of workers, and the interruptions.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError
from preprocessing.graphs import GRAPH_RULES
from preprocessing.pipeline.executors import EXECUTORS, worker_pool
from preprocessing.pipeline.inputs import InputRecord
from preprocessing.pipeline.jobs import AnnotationJob, Chunk, ChunkResult, annotator_version
from preprocessing.pipeline.output import OutputProgress, ResumableOutput
from preprocessing.records import SCHEMA_VERSION
from preprocessing.registry import load

RECORDS_PER_CHUNK = 256


def run_pipeline(
    read_records: Callable[[], Iterable[InputRecord]],
    output: str | Path,
    job: AnnotationJob,
    *,
    workers: int = 1,
    engine: str = "local",
    progress: bool = True,
) -> OutputProgress:
    """Annotate all that ``read_records()`` yields; returns the counts of records read and rejected.

    ``output`` gets one JSON line per report, in the order of the records; ``output.rejects.jsonl``
    one line with uid and reason for every record that has none. Both appear when all is done. A run
    that was killed goes on where it was when called again with the same records. ``progress``: a
    bar on a terminal, with the time left as soon as a second reading has counted the records.

    Raises ``InputError`` for unknown names, an unwritable place, and records that are not those of
    the unfinished run; ``MissingBackendError`` for what is not installed.
    """
    if workers < 1:
        raise InputError(f"{workers} workers; give at least 1")
    map_chunks = load(EXECUTORS, engine)
    settings = {
        "schema": SCHEMA_VERSION,
        "form": job.form,
        "annotator": job.annotator,
        "version": _checked_version(job, workers, Path(output)),
        "model_dir": job.model_dir,
        "rule": job.rule,
    }
    with closing(ResumableOutput(output, settings)) as out:
        done = out.progress
        if not done.done:
            digest = hashlib.sha256()
            records = iter(read_records())
            for record in islice(records, done.records):
                _update(digest, record)
            if done.records and digest.hexdigest() != done.digest:
                raise out.cannot_resume("the reports are not the same any more")
            chunks = _chunks(records, digest)
            with (
                _progress_bar(done.records, read_records, progress) as bar,
                closing(map_chunks(job, chunks, workers, Path(output))) as results,
            ):
                for result in results:
                    done = _after(done, result)
                    out.append(result.lines, result.rejects, done)
                    bar.update(result.n_records)
        out.finish()
        return out.progress


def _checked_version(job: AnnotationJob, workers: int, output: Path) -> str:
    """The annotator's version; every name in the job is tried before a report is read."""
    load(GRAPH_RULES, job.rule)
    if workers == 1:
        return annotator_version(job)
    # This process will not annotate; what a process has loaded it never quite gives back.
    with worker_pool(1, output) as pool:
        return pool.submit(annotator_version, job).result()


def _chunks(records: Iterator[InputRecord], digest: "hashlib._Hash") -> Iterator[Chunk]:
    while chunk := tuple(islice(records, RECORDS_PER_CHUNK)):
        for record in chunk:
            _update(digest, record)
        yield Chunk(chunk, digest.hexdigest())


def _update(digest: "hashlib._Hash", record: InputRecord) -> None:
    digest.update(json.dumps(record).encode())


def _after(before: OutputProgress, result: ChunkResult) -> OutputProgress:
    return OutputProgress(
        records=before.records + result.n_records,
        rejected=before.rejected + result.n_rejected,
        output_bytes=before.output_bytes + len(result.lines),
        rejects_bytes=before.rejects_bytes + len(result.rejects),
        digest=result.digest,
    )


def _progress_bar(
    initial: int, read_records: Callable[[], Iterable[InputRecord]], progress: bool
) -> Any:
    from tqdm import tqdm

    bar = tqdm(
        desc="annotate", initial=initial, unit=" reports", disable=None if progress else True
    )

    def count() -> None:
        with suppress(InputError):  # the main reading meets it too, and reports it
            bar.total = sum(1 for _ in read_records())

    if not bar.disable:
        threading.Thread(target=count, daemon=True).start()
    return bar
