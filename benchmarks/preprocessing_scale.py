"""Annotate a corpus of the size of MIMIC-CXR: memory, steadiness, and survival of kill -9.

    python benchmarks/preprocessing_scale.py --reports 230000 --workers 1

Writes invented reports (the sample corpus's grammar) in PhysioNet's layout, then runs
``python -m preprocessing graph --dataset mimic-cxr`` on them twice: without a break, and killed
half-way and started again. Prints reports per second, the peak of the resident memory of all
processes together, the speed of the last tenth over that of the first (by the clock, and by the
seconds of processor that were used, which other programs do not disturb), and whether both runs
wrote the same bytes. Linux only (reads /proc).
"""

import argparse
import csv
import filecmp
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from preprocessing.corpora.sample import read_reports  # noqa: E402
from preprocessing.records import Report  # noqa: E402

# Every 50th report has no impression and must turn up among the rejects.
WITHOUT_IMPRESSION = 50
POLL_SECONDS = 0.2
_TEMPLATE = (
    "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n"
    " INDICATION:  {indication}\n \n COMPARISON:  {comparison}\n \n FINDINGS: \n \n {findings}\n"
)


class Sample(NamedTuple):
    """How far a run was: seconds by the clock, seconds of processor, records."""

    clock: float
    processor: float
    records: int


class Run(NamedTuple):
    """What was seen of one run from its first chunk on, and the MB at its peak."""

    samples: list[Sample]
    peak_mb: float


def main() -> None:
    """Write the corpus, run, kill, resume, compare."""
    parser = argparse.ArgumentParser(description="annotation at the size of MIMIC-CXR")
    parser.add_argument("--reports", type=int, default=230_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", help="where to work (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        started = time.monotonic()
        write_corpus(folder, options.reports)
        print(
            f"wrote {options.reports:,} reports in {time.monotonic() - started:.0f} s", flush=True
        )

        whole = folder / "whole.jsonl"
        started = time.monotonic()
        run = watch(start(folder, whole, options.workers), whole)
        seconds = time.monotonic() - started
        print(f"unbroken: {seconds:.0f} s, {options.reports / seconds:.0f} reports/s")
        print(f"peak memory of all processes: {run.peak_mb:.0f} MB")
        for measure in ("clock", "processor"):
            first, last = tenth_speeds(run.samples, measure)
            print(
                f"reports per second of {measure}, last / first tenth: "
                f"{last:.0f} / {first:.0f} = {last / first:.2f}",
                flush=True,
            )

        broken = folder / "broken.jsonl"
        started = time.monotonic()
        watch(start(folder, broken, options.workers), broken, kill_at=options.reports // 2)
        print(f"killed after {records_done(broken):,} records", flush=True)
        watch(start(folder, broken, options.workers), broken)
        print(f"killed and resumed: {time.monotonic() - started:.0f} s in all")
        same = all(
            filecmp.cmp(f"{whole}{end}", f"{broken}{end}", shallow=False)
            for end in ("", ".rejects.jsonl")
        )
        kept, left_out = n_lines(whole), n_lines(Path(f"{whole}.rejects.jsonl"))
        print(f"same bytes: {same}; {kept:,} graphs + {left_out:,} left out = {kept + left_out:,}")


def write_corpus(folder: Path, n: int) -> None:
    """``mimic-cxr-reports.zip`` and the split file, with three studies to a patient."""
    split = folder / "mimic-cxr-2.0.0-split.csv.gz"
    with (
        zipfile.ZipFile(folder / "mimic-cxr-reports.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        gzip.open(split, "wt", newline="") as lines,
    ):
        rows = csv.writer(lines)
        rows.writerow(("dicom_id", "study_id", "subject_id", "split"))
        for index, report in enumerate(read_reports(n=n)):
            patient, study = 10_000_000 + index // 3 * 29, 50_000_000 + index
            part = {0: "validate", 1: "test"}.get(index // 3 % 100, "train")
            rows.writerow((f"{index:08x}", study, patient, part))
            name = f"files/p{str(patient)[:2]}/p{patient}/s{study}.txt"
            archive.writestr(name, physionet_text(report, index))


def physionet_text(report: Report, index: int) -> str:
    """The report as a file of MIMIC-CXR looks."""
    text = _TEMPLATE.format(
        indication=report.indication, comparison=report.comparison, findings=report.findings
    )
    if index % WITHOUT_IMPRESSION == 0:
        return text
    return f"{text} \n IMPRESSION: \n \n {report.impression}\n"


def start(folder: Path, output: Path, workers: int) -> "subprocess.Popen[bytes]":
    """The command under test."""
    command = [sys.executable, "-m", "preprocessing", "graph", "--dataset", "mimic-cxr"]
    command += ["--data-dir", str(folder), "--output", str(output), "--workers", str(workers)]
    command += ["--inclusion", "none"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def watch(process: "subprocess.Popen[bytes]", output: Path, *, kill_at: int | None = None) -> Run:
    """Poll until the process ends, or kill it (SIGKILL, the parent alone) after some records."""
    samples: list[Sample] = []
    peak_mb = 0.0
    while process.poll() is None:
        done = records_done(output)
        pids = [process.pid, *descendants(process.pid)]
        if done and (not samples or done > samples[-1].records):
            samples.append(Sample(time.monotonic(), processor_seconds(pids), done))
        if kill_at is not None and done >= kill_at:
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_until_gone(pids[1:])
            return Run(samples, peak_mb)
        peak_mb = max(peak_mb, resident_mb(pids))
        time.sleep(POLL_SECONDS)
    if process.returncode:
        raise SystemExit(f"the command failed with status {process.returncode}")
    return Run(samples, peak_mb)


def records_done(output: Path) -> int:
    """How far the run's checkpoint is; 0 before the first."""
    try:
        state = json.loads(Path(f"{output}.part.json").read_text("utf-8"))
    except FileNotFoundError:
        return 0
    return int(state["checkpoint"]["records"])


def tenth_speeds(samples: list[Sample], measure: str) -> tuple[float, float]:
    """Records per second of the first and of the last tenth, after the first chunk is through."""
    low, high = samples[0].records, samples[-1].records
    tenth = (high - low) / 10
    return (
        speed(samples, low, low + tenth, measure),
        speed(samples, high - tenth, high, measure),
    )


def speed(samples: list[Sample], start: float, end: float, measure: str) -> float:
    """Records per second between two numbers of records, at the samples next above them."""
    first = next(sample for sample in samples if sample.records >= start)
    last = next(sample for sample in samples if sample.records >= end)
    seconds: float = getattr(last, measure) - getattr(first, measure)
    if not seconds:
        raise SystemExit("too few samples of the speed; give more reports")
    return (last.records - first.records) / seconds


def descendants(pid: int) -> list[int]:
    """The ids of all processes below this one."""
    try:
        found = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return found + [below for child in found for below in descendants(child)]


def resident_mb(pids: list[int]) -> float:
    """Resident memory together; pages that processes share count in each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_seconds(pids: list[int]) -> float:
    """Processor time that these processes have used."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])  # utime, stime: fields 14 and 15 of the file
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_until_gone(pids: list[int], seconds: float = 30.0) -> None:
    """Workers must end with their parent; complains when they do not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"workers outlived their parent by {seconds:.0f} s")


def is_alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def n_lines(path: Path) -> int:
    """Lines of a file."""
    with open(path, "rb") as file:
        return sum(1 for _ in file)


if __name__ == "__main__":
    main()
