"""Predictions of an unfinished run: kept as they are written, so that a kill loses few of them."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.files import dumps, read_jsonl
from preprocessing.pipeline.output import OutputProgress, ResumableOutput


class PredictionsSoFar:
    """What one process has written, by the rows of its reports.

    While a run lasts it lies in ``OUTPUT.part``, as JSON Lines of row and prediction, and
    ``OUTPUT.part.json`` says how much of it is sound and by which ``settings``. It is removed by
    :meth:`finish`, which is for when the predictions are in their own file.

    Raises:
        InputError: the place is not writable, another run is writing there, or the unfinished run
            had other settings.
    """

    def __init__(self, output: str | Path, settings: dict[str, Any]) -> None:
        self._out = ResumableOutput(output, settings)
        if self._out.progress.done:  # killed while it was removed
            self.finish()
            self._out = ResumableOutput(output, settings)
        part = Path(f"{output}.part")
        rows = read_jsonl(part) if self._out.progress.output_bytes else ()
        self.predictions: dict[int, str] = {one["row"]: one["prediction"] for one in rows}

    def write(
        self,
        rows: Sequence[int],
        write: Callable[[Sequence[int]], Sequence[str]],
        *,
        chunk: int,
        progress: bool,
    ) -> None:
        """Write the predictions of ``rows`` that are not there yet, ``chunk`` of them at a time.

        Args:
            rows: in the order in which they are written, the same in each run.
            write: from rows to their predictions.
        """
        done = len(self.predictions)
        with tqdm(
            total=len(rows), initial=done, unit=" reports", desc="write", disable=not progress
        ) as bar:
            for start in range(done, len(rows), chunk):
                some = rows[start : start + chunk]
                self._add(dict(zip(some, write(some), strict=True)))
                bar.update(len(some))

    def _add(self, predictions: Mapping[int, str]) -> None:
        lines = "".join(dumps({"row": row, "prediction": t}) for row, t in predictions.items())
        before = self._out.progress
        after = OutputProgress(
            records=before.records + len(predictions),
            output_bytes=before.output_bytes + len(lines.encode()),
        )
        self._out.append(lines.encode(), b"", after)
        self.predictions |= predictions

    def finish(self) -> None:
        """Remove what was kept; others may write again."""
        self._out.finish(lambda _part: None)
        self._out.rejects.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let others write; what was kept stays."""
        self._out.close()


def settings_digest(values: Any) -> str:
    """SHA-256 of JSON-ready values: what predictions depend on, without telling it."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
