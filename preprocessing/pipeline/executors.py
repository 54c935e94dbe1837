"""Where chunks are annotated: in this process, in worker processes, or on a Ray cluster."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.pipeline.jobs import AnnotationJob, Chunk, ChunkResult, annotate_chunk
from preprocessing.registry import Table

# Maps chunks to their results, in order: (job, chunks, workers, the output's path).
Executor = Callable[[AnnotationJob, Iterable[Chunk], int, Path], Generator[ChunkResult, None, None]]

EXECUTORS: Table[Executor] = Table(
    "engine",
    {
        "local": "preprocessing.pipeline.executors:map_locally",
        "ray": "preprocessing.pipeline.ray_engine:map_with_ray",
    },
)


def map_locally(
    job: AnnotationJob, chunks: Iterable[Chunk], workers: int, output: Path
) -> Generator[ChunkResult, None, None]:
    """The executor for one machine: this process for one worker, else that many spawned ones.

    At most three chunks per worker are in memory. Raises ``InputError`` when a worker is killed.
    """
    if workers == 1:
        yield from (annotate_chunk(job, chunk) for chunk in chunks)
        return
    waiting: deque[Future[ChunkResult]] = deque()
    with worker_pool(workers, output) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(annotate_chunk, job, chunk))
            if len(waiting) >= 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def worker_pool(workers: int, output: Path) -> Iterator[ProcessPoolExecutor]:
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
