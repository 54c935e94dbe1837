"""The executor on Ray: the records of a corpus as a Ray Data job (install the extra ``ray``)."""

import json
import logging
import os
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from preprocessing.errors import InputError, MissingBackendError
from preprocessing.files import parse_json
from preprocessing.pipeline.inputs import InputRecord
from preprocessing.pipeline.jobs import AnnotationJob, Chunk, ChunkResult, annotate_chunk

if TYPE_CHECKING:
    import pyarrow


def map_with_ray(
    job: AnnotationJob, chunks: Iterable[Chunk], workers: int, output: Path
) -> Generator[ChunkResult, None, None]:
    """The executor for a Ray cluster (``RAY_ADDRESS``, or ``workers`` processes of this machine).

    The records go as rows through Ray's object store, which writes to disk what does not fit, so
    that this process never holds the corpus and no folder needs to be shared. The work of a process
    or machine that is lost is done again by another.
    Raises ``MissingBackendError`` when Ray is not installed, ``InputError`` when a cluster does not
    answer.
    """
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingBackendError(
            "the ray engine needs Ray; run: pip install 'graphsum[ray]'"
        ) from None

    class Worker:
        """Annotates one chunk a call; the annotator stays loaded between calls."""

        def __call__(self, rows: "pyarrow.Table") -> "pyarrow.Table":
            return table_of_result(annotate_chunk(job, Chunk(records_of(rows), "")))

    started = not ray.is_initialized()
    if started:
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers}
        # Worker processes import this package from where this process found it.
        package_root = str(Path(__file__).resolve().parents[2])
        try:
            ray.init(
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"env_vars": {"PYTHONPATH": package_root}},
                **local,
            )
        except ConnectionError:
            raise InputError(
                f"RAY_ADDRESS={os.environ.get('RAY_ADDRESS')}: no Ray cluster lets this process "
                "in; start it, or set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH"
            ) from None
    try:
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        blocks, digests = [], []
        for chunk in chunks:
            blocks.append(ray.put(table_of(chunk.records)))
            digests.append(chunk.digest)
        if not blocks:
            return
        results = ray.data.from_arrow_refs(blocks).map_batches(
            Worker,
            batch_size=None,  # a block, which is a chunk
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=workers),
        )
        for row, digest in zip(results.iter_rows(), digests, strict=True):
            yield ChunkResult(**row, digest=digest)
    finally:
        if started:
            ray.shutdown()


def table_of(records: Iterable[InputRecord]) -> "pyarrow.Table":
    """Records as rows: uid and findings as JSON, which keeps their kinds, and the reason."""
    import pyarrow

    rows = [
        {"uid": json.dumps(one.uid), "findings": json.dumps(one.findings), "reason": one.reason}
        for one in records
    ]
    names = ("uid", "findings", "reason")
    return pyarrow.Table.from_pylist(
        rows, pyarrow.schema([(name, pyarrow.large_string()) for name in names])
    )


def records_of(rows: "pyarrow.Table") -> tuple[InputRecord, ...]:
    """The inverse of :func:`table_of`."""
    return tuple(
        InputRecord(
            parse_json(row["uid"], "uid", surrogates=True),
            parse_json(row["findings"], "findings", surrogates=True),
            row["reason"],
        )
        for row in rows.to_pylist()
    )


def table_of_result(result: ChunkResult) -> "pyarrow.Table":
    """What became of a chunk, as one row; its digest stays with the process that reads."""
    import pyarrow

    return pyarrow.table(
        {
            "lines": pyarrow.array([result.lines], pyarrow.large_binary()),
            "rejects": pyarrow.array([result.rejects], pyarrow.large_binary()),
            "n_records": [result.n_records],
            "n_rejected": [result.n_rejected],
        }
    )
