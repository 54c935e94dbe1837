"""The executor on Ray: the chunks of a corpus as a Ray Data job (install the extra ``ray``)."""

import logging
import os
import pickle
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from preprocessing.errors import MissingBackendError
from preprocessing.pipeline.jobs import AnnotationJob, Chunk, ChunkResult, annotate_chunk


def map_with_ray(
    job: AnnotationJob, chunks: Iterable[Chunk], workers: int, output: Path
) -> Generator[ChunkResult, None, None]:
    """The executor for a Ray cluster (``RAY_ADDRESS``, or ``workers`` processes of this machine).

    The chunks lie as files in a folder beside ``output`` while the job lasts, so that the corpus
    is never in memory; on a cluster every machine must see that folder.
    Raises ``MissingBackendError`` when Ray is not installed.
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

        def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
            (path,) = batch["path"]
            result = annotate_chunk(job, pickle.loads(Path(str(path)).read_bytes()))
            return {"result": [pickle.dumps(result)]}

    started = not ray.is_initialized()
    if started:
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers}
        # Worker processes import this package from where this process found it.
        package_root = str(Path(__file__).resolve().parents[2])
        ray.init(
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"env_vars": {"PYTHONPATH": package_root}},
            **local,
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
            context = ray.data.DataContext.get_current()
            context.execution_options.preserve_order = True
            context.enable_progress_bars = False
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            paths = [str(_write(chunk, Path(folder, str(n)))) for n, chunk in enumerate(chunks)]
            if not paths:
                return
            results = ray.data.from_items(
                [{"path": path} for path in paths], override_num_blocks=len(paths)
            ).map_batches(Worker, batch_size=1, compute=ray.data.ActorPoolStrategy(size=workers))
            for row in results.iter_rows():
                yield pickle.loads(row["result"])
    finally:
        if started:
            ray.shutdown()


def _write(chunk: Chunk, path: Path) -> Path:
    path.write_bytes(pickle.dumps(chunk))
    return path.resolve()
