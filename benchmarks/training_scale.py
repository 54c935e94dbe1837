"""Does training time grow with the corpus and nothing else? One epoch on ever more reports.

    python benchmarks/training_scale.py --reports 10000 20000 40000

For each size: invented reports as a jsonl corpus (one more in 20 for val), one epoch of
``train.py`` with annotation, graphs, validation and saving; wall time, peak memory, and the time
against the size before. Further options go to ``train.py``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from graphsum.command_line import Parser, run
from preprocessing.corpora.sample import read_reports
from preprocessing.errors import InputError
from preprocessing.files import dumps, write_text_atomically

ROOT = Path(__file__).resolve().parent.parent
BATCH = 32
VALIDATED = 200  # reports, whatever the size of the corpus


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, nargs="+", default=[10_000, 20_000, 40_000])
    options, given = parser.parse_known_args(arguments)
    before = None
    with tempfile.TemporaryDirectory() as name:
        for size in options.reports:
            seconds, megabytes = one_epoch(Path(name), size, given)
            line = f"{size:,} reports: {seconds:.0f} s, peak {megabytes:.0f} MB"
            if before is not None:
                line += f"; {seconds / before[1]:.2f} x the time for {size / before[0]:.0f} x"
            print(line, flush=True)
            before = (size, seconds)


def one_epoch(folder: Path, size: int, given: Sequence[str]) -> tuple[float, float]:
    """Wall time in seconds and peak resident memory in MB of one epoch."""
    corpus = folder / f"{size}.jsonl"
    write_text_atomically(
        corpus,
        (
            dumps(
                {
                    "uid": report.uid,
                    "findings": report.findings,
                    "impression": report.impression,
                    "split": "train" if number < size else "val",
                }
            )
            for number, report in enumerate(read_reports(n=size + VALIDATED))
        ),
    )
    steps = size // BATCH
    command = [
        *(sys.executable, str(ROOT / "train.py"), "--dataset", "jsonl", "--data-dir", str(corpus)),
        *("--preset", "tiny", "--batch-size", str(BATCH), "--max-steps", str(steps)),
        *("--validate-every", str(steps), "--cache-dir", str(folder / "cache")),
        *("--output-dir", str(folder / f"run-{size}"), *given),
    ]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise InputError(f"train.py stopped with status {os.waitstatus_to_exitcode(status)}")
    log = (folder / f"run-{size}" / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["step"] == steps
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    run(main)
