"""Fuzzing for as long as you like: ``python -m tests.fuzz --minutes 30``, from the repository.

Damaged checkpoints and files take half of the time; texts of every kind take the examples that fit
into the rest. Prints how many of each were tried; status 1 where one was not refused in one line,
took over 10 seconds or 2 GB.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.NamedTemporaryFile() as report:
        os.environ["FUZZ_REPORT"] = report.name
        status = fuzz(options.minutes)
        print(Path(report.name).read_text("utf-8"), end="")
    return status


def fuzz(minutes: float) -> int:
    examples = max(5, round(12 * minutes))
    os.environ["FUZZ_SECONDS"] = str(30 * minutes)
    os.environ["FUZZ_EXAMPLES"] = str(examples)
    status = pytest.main(["tests/fuzz", "-p", "no:randomly"])
    print(f"texts of each of seven kinds: {examples}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
