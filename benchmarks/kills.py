"""Kill each long command at random moments, and at every change of the disk; does it go on exactly?

    python benchmarks/kills.py --tries 20

For annotation, graphs, training, summarize, evaluate and export, on invented reports and a tiny
model: an unbroken run; then runs that are killed (SIGKILL), after each of which nothing
half-written may stand under a final name, and the same command must end with the bytes of the
unbroken run. Killed at a random moment of the run, and as the 1st, 2nd, 3rd, ... rename, unlink or
fsync is called.
Writes kills.json; status 1 where a run did not go on exactly, or was stuck.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
import programs  # noqa: E402
from short_runs import command as training  # noqa: E402
from tiny import tiny_model, tiny_processor, write_sample_reports  # noqa: E402

from graphsum.command_line import Parser, check_at_least, run  # noqa: E402
from graphsum.models.loading import load_model  # noqa: E402
from graphsum.options import Progress  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.errors import InputError, RunError  # noqa: E402
from preprocessing.files import dumps, json_text, write_text_atomically  # noqa: E402

DIES = str(ROOT / "tests" / "helpers" / "dies.py")
SECONDS = 120  # in which a command must end
AT_MOST = 400  # changes of the disk


@dataclass(frozen=True)
class Kind:
    """A command that writes ``output``; ``again``: the command that goes on after a kill.

    ``results``: of the output the files that must be the same, and never half-written; none: the
    output is such a file.
    """

    name: str
    command: Callable[[Path], list[str]]
    output: str
    results: tuple[str, ...] = ()
    again: tuple[str, ...] = ()

    def contents(self, folder: Path) -> dict[str, bytes]:
        """The results that are there."""
        place = folder / self.output
        paths = [place / name for name in self.results] or [place]
        return {path.name: path.read_bytes() for path in paths if path.is_file()}


def kinds(inputs: Path) -> list[Kind]:
    """The commands; ``inputs`` holds the reports, a table, a checkpoint and a run."""
    graphsum, preprocess = ["-m", "graphsum"], ["-m", "preprocessing"]
    reports = ["--dataset", "jsonl", "--data-dir", str(inputs / "reports.jsonl")]
    model = ["--checkpoint", str(inputs / "model"), "--num-beams", "1"]
    short = ("--max-steps", "6", "--validate-every", "2", "--warmup", "2", "--encoder-warmup", "2")
    return [
        Kind(
            "annotate",
            lambda to: [
                *(*preprocess, "annotate", "--input", str(inputs / "words.jsonl")),
                *("--output", str(to / "w.jsonl")),
            ],
            "w.jsonl",
        ),
        Kind(
            "graph",
            lambda to: [*preprocess, "graph", *reports, "--output", str(to / "g.jsonl")],
            "g.jsonl",
        ),
        Kind(
            "train",
            lambda to: training(inputs / "reports.jsonl", to / "run", *short),
            "run",
            ("last/model.safetensors", "best/model.safetensors", "last/progress.json"),
            ("--resume",),
        ),
        Kind(
            "summarize",
            lambda to: [
                *(*graphsum, "summarize", *model, "--input", str(inputs / "table.csv")),
                *("--output", str(to / "out.csv"), "--batch-size", "8"),
            ],
            "out.csv",
        ),
        Kind(
            "evaluate",
            lambda to: [
                *(*graphsum, "evaluate", *model, *reports, "--split", "train"),
                *("--batch-size", "4", "--output-dir", str(to / "results")),
            ],
            "results",
            ("predictions.jsonl", "metrics.json", "report.html"),
        ),
        Kind(
            "export",
            lambda to: [
                *(*graphsum, "export", "--checkpoint", str(inputs / "run")),
                *("--output", str(to / "given")),
            ],
            "given",
            ("model.safetensors", "config.json", "tokenizer.json", "processor_config.json"),
        ),
    ]


def prepare(inputs: Path) -> None:
    """Invented reports, a table of them, an untrained checkpoint, and a run of a few steps."""
    write_sample_reports(inputs / "reports.jsonl", train=60, val=6, test=6)
    sample = load_corpus("sample").train[:60]
    rows = [f'"{report.findings}"\n' for report in sample]
    write_text_atomically(inputs / "table.csv", ["findings\n", *rows])
    words = [dumps({"uid": one.uid, "words": one.findings.split()}) for one in sample]
    write_text_atomically(inputs / "words.jsonl", words)
    processor = tiny_processor(max_source_length=128)
    tiny_model(processor).save_pretrained(inputs / "model")
    processor.save_pretrained(inputs / "model")
    finish(training(inputs / "reports.jsonl", inputs / "run", "--max-steps", "2",
                    "--validate-every", "2"))  # fmt: skip


def finish(command: Sequence[str]) -> float:
    """Run a command to its end; the seconds it took."""
    start = time.monotonic()
    done = programs.run(*command, timeout=SECONDS)
    if done.returncode:
        raise RunError(f"{' '.join(command[:4])}: {done.stderr.strip()[-300:]}")
    return time.monotonic() - start


def attempt(kind: Kind, whole: dict[str, bytes], folder: Path, kill: Callable[[Path], Any]) -> str:
    """Kill a run, whose process ``kill`` gives back when it is over or stuck; then let it end.

    Returns:
        What went wrong; empty: nothing; ``ended``: it came to its end before it was killed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    process = kill(folder)
    if process.is_alive():
        process.kill()
        process.join()
        return f"stuck for {SECONDS} seconds"
    if process.exitcode != -signal.SIGKILL:
        return "ended" if process.exitcode == 0 else f"status {process.exitcode}"
    if kind.name == "train":  # its checkpoints change from step to step
        for name in ("last", "best"):
            if broken := unsound(folder / kind.output / name):
                return broken
    else:
        for name, content in kind.contents(folder).items():
            if content != whole[name]:
                return f"{name} is half-written"
    if kind.name == "export" and kind.contents(folder) == whole:
        return ""
    began = (folder / kind.output).exists()
    done = programs.run(*kind.command(folder), *(kind.again if began else ()), timeout=SECONDS)
    if done.returncode:
        return f"status {done.returncode}: {done.stderr.strip()[-200:]}"
    if kind.contents(folder) != whole:
        return "other bytes than those of the unbroken run"
    unfinished = (".part", ".part.json", ".new", ".old", ".export")
    left = [path.name for path in folder.rglob("*") if path.name.endswith(unfinished)]
    return f"left behind: {', '.join(left)}" if left else ""


def unsound(checkpoint: Path) -> str:
    """What is wrong with a checkpoint that is there; empty: nothing, or there is none."""
    if not checkpoint.is_dir():
        return ""
    try:
        load_model(checkpoint, device="cpu")
        Progress.read(checkpoint)
    except InputError as error:
        return f"{checkpoint.name} is half-written ({error})"
    return ""


def measure(kind: Kind, work: Path, tries: int, changes: int) -> dict[str, Any]:
    """The unbroken run and all the killed ones of a command."""
    folder = work / kind.name
    folder.mkdir()
    seconds = finish(kind.command(folder))
    whole = kind.contents(folder)
    chance = random.Random(kind.name)
    failures: list[str] = []
    died = {"random moments": 0, "changes of the disk": 0}

    def at_a_random_moment(to: Path) -> Any:
        process = programs.start(*kind.command(to))
        process.join(chance.uniform(0, seconds))
        process.kill()
        process.join()
        return process

    def at_change(number: int) -> Callable[[Path], Any]:
        def kill(to: Path) -> Any:
            process = programs.start(DIES, number, *kind.command(to))
            process.join(SECONDS)
            return process

        return kill

    while died["random moments"] < tries:  # those that came to their end do not count
        outcome = attempt(kind, whole, folder, at_a_random_moment)
        died["random moments"] += outcome != "ended"
        failures += [f"random moment: {outcome}"] if outcome not in ("", "ended") else []
    for number in range(1, changes + 1):
        outcome = attempt(kind, whole, folder, at_change(number))
        if outcome == "ended":
            break
        died["changes of the disk"] += 1
        failures += [f"change {number}: {outcome}"] if outcome else []
    return {"seconds": round(seconds, 2), "killed": died, "failures": failures}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("annotate", "graph", "train", "summarize", "evaluate", "export")
    parser.add_argument("--tries", type=int, default=20, help="random moments (default 20)")
    parser.add_argument("--changes", type=int, default=AT_MOST, help="of the disk, at most")
    parser.add_argument("--only", nargs="+", choices=names, default=list(names))
    parser.add_argument(
        "--output", default="kills.json", metavar="FILE", help="default: kills.json"
    )
    options = parser.parse_args(arguments)
    check_at_least(options, 1, "tries")
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        inputs, work = Path(scratch, "inputs"), Path(scratch, "work")
        inputs.mkdir()
        work.mkdir()
        prepare(inputs)
        for kind in kinds(inputs):
            if kind.name in options.only:
                found[kind.name] = measure(kind, work, options.tries, options.changes)
                print(kind.name, json.dumps(found[kind.name]), flush=True)
                write_text_atomically(options.output, [json_text(found)])
    if any(one["failures"] for one in found.values()):
        raise RunError("not every run went on exactly")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    run(main)
