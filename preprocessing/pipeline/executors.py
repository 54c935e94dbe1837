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
from functools import partial
from pathlib import Path
from typing import TypeVar

from preprocessing.errors import InputError
from preprocessing.pipeline.jobs import AnnotationJob, Chunk, ChunkResult, annotate_chunk
from preprocessing.registry import Table

Given = TypeVar("Given")
Made = TypeVar("Made")
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
    yield from map_in_order(partial(annotate_chunk, job), chunks, workers, output)


def map_in_order(
    function: Callable[[Given], Made], items: Iterable[Given], workers: int, output: Path
) -> Generator[Made, None, None]:
    """What a function makes of each item, in order; by this process where ``workers`` is 1.

    ``output``: the file that is written, for messages. Otherwise as :func:`map_locally`.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Made]] = deque()
    with worker_pool(workers, output) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
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
