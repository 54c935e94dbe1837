"""Train and score variants of one recipe over several seeds: one table, mean ± sd.

    python benchmarks/quality.py --seeds 1 2 3 --dataset openi --data-dir DIR
    python benchmarks/quality.py --variants FILE.yaml --part val --dataset openi --data-dir DIR
    python benchmarks/quality.py --only recipe --consensus --part test --split random ...

Every option that is not this program's own goes to ``train.py``, for all variants. A file of
variants maps names to further options of ``train.py`` (and ``mistake: NAME``, one of those of
``benchmarks/mistakes.py``); without one they are *recipe*, *without graph* and *without
contrastive*. Every run is a folder NAME-SEED under --output-dir; one that is complete is not
made again, one that was stopped goes on. Writes table.md and table.json there: scores on the part
of the split that --part names, how far they are above each run's own neighbour row, and the two
rows that need no training (of the last variant's training part, where these differ). With
--consensus every run is scored twice, by beam search and by consensus decoding.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from graphsum.command_line import Parser, run
from graphsum.metrics.rouge import ROUGE_NAMES
from graphsum.options import PROGRESS_FILE
from preprocessing.errors import InputError
from preprocessing.files import write_text_atomically

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {},
    "without graph": {"graph": "none", "typed_edges": False},
    "without contrastive": {"contrastive_weight": 0.0},
}
HARD = "not_normal_unseen"
MISTAKE = "mistake"  # of a variant: not an option of train.py
# What a row and its folder of scores are called, and what ``evaluate.py`` is told.
BOTH_DECODINGS = (("", "--no-consensus"), ("consensus", "--consensus"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--variants", type=Path, metavar="FILE")
    parser.add_argument("--only", metavar="NAME", nargs="+")
    parser.add_argument("--part", choices=("val", "test"), default="val")
    parser.add_argument("--consensus", action="store_true")
    parser.add_argument("--output-dir", type=Path, default=Path("results/quality"))
    options, recipe = parser.parse_known_args(arguments)
    variants = read_variants(options.variants) if options.variants else DEFAULT_VARIANTS
    if options.only:
        if unknown := [name for name in options.only if name not in variants]:
            raise InputError(f"--only {unknown[0]!r}: the variants are {', '.join(variants)}")
        variants = {name: variants[name] for name in options.only}
    decodings = BOTH_DECODINGS if options.consensus else BOTH_DECODINGS[:1]
    for seed in options.seeds:  # all variants of one seed first: a table with rows to compare
        for name, changes in variants.items():
            folder = options.output_dir / f"{name.replace(' ', '-')}-{seed}"
            flags = as_flags({key: changes[key] for key in changes if key != MISTAKE})
            given = [*recipe, *flags, "--seed", str(seed)]
            make_run(folder, given, options.part, decodings, changes.get(MISTAKE))
            write_tables(
                options.output_dir, variants, options.seeds, options.part, decodings, recipe
            )
    print((options.output_dir / "table.md").read_text(encoding="utf-8"))


def read_variants(path: Path) -> dict[str, dict[str, Any]]:
    """Names of variants, and the options that each changes."""
    import yaml

    try:
        variants = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({type(error).__name__})") from None
    if not isinstance(variants, dict) or not all(
        changes is None or isinstance(changes, dict) for changes in variants.values()
    ):
        raise InputError(f"{path}: expected names of variants, each with a mapping of options")
    return {str(name): changes or {} for name, changes in variants.items()}


def as_flags(changes: Mapping[str, Any]) -> list[str]:
    """Options as ``train.py`` reads them."""
    flags = []
    for name, value in changes.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            flags += [f"--{flag}", str(value)]
    return flags


def scores_of(folder: Path, part: str, decoding: str) -> Path:
    """Where the scores of a run are kept."""
    return folder / (f"{part}-{decoding}" if decoding else part) / "metrics.json"


def make_run(
    folder: Path,
    given: Sequence[str],
    part: str,
    decodings: Sequence[tuple[str, str]],
    mistake: str | None = None,
) -> None:
    """Train and score one run, as far as that is not done."""
    how = ("benchmarks/mistakes.py", mistake) if mistake else ()
    missing = [
        (scores_of(folder, part, name).parent, flag)
        for name, flag in decodings
        if not scores_of(folder, part, name).exists()
    ]
    if missing and not (folder / "trained.json").exists():
        resume = ["--resume"] if (folder / "last" / PROGRESS_FILE).exists() else ["--overwrite"]
        seconds = call(*how, "train.py", *given, "--output-dir", str(folder), *resume)
        done = {"seconds": seconds, "resumed": resume == ["--resume"]}
        write_text_atomically(folder / "trained.json", [json.dumps(done) + "\n"])
    for scores, flag in missing:
        whole = ("--checkpoint", str(folder), "--split", part, "--output-dir", str(scores), flag)
        call(*how, "evaluate.py", *whole)


def call(program: str, *arguments: str) -> float:
    """Run a program of this repository; its wall time in seconds."""
    started = time.perf_counter()
    status = subprocess.run([sys.executable, str(ROOT / program), *arguments]).returncode
    if status:
        raise InputError(f"{program} stopped with status {status}; see its message above")
    return time.perf_counter() - started


def write_tables(
    output_dir: Path,
    variants: Mapping[str, Any],
    seeds: Sequence[int],
    part: str,
    decodings: Sequence[tuple[str, str]],
    recipe: Sequence[str],
) -> None:
    """The runs that are complete so far, as table.json and table.md."""
    from tabulate import tabulate

    rows, table = [], {}
    baselines: Mapping[str, Any] = {}
    for name, (decoding, _) in product(variants, decodings):
        folders = [output_dir / f"{name.replace(' ', '-')}-{seed}" for seed in seeds]
        paths = [scores_of(folder, part, decoding) for folder in folders]
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
        if not runs:
            continue
        baselines = runs[0]["baselines"]
        row = f"{name}, {decoding}" if decoding else name
        table[row] = [
            measures(metrics["strata"]) | gains(metrics["comparisons"]) for metrics in runs
        ]
        rows.append([f"{row} (n={len(runs)})", *cells(table[row])])
    for name, strata in baselines.items():
        table[name] = [measures(strata)]
        rows.append([name, *cells(table[name])])
    header = ["", "all", "all, above the neighbour row", "not normal & unseen"]
    header += ["observations P/R/F1", "contradicted %"]
    about = {
        "part": part,
        "options": list(recipe),
        "variants": dict(variants),
        "seeds": list(seeds),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    text = tabulate(rows, headers=header, tablefmt="github", disable_numparse=True)
    write_text_atomically(output_dir / "table.md", [text, "\n"])
    content = json.dumps({"about": about, "rows": table}, indent=2) + "\n"
    write_text_atomically(output_dir / "table.json", [content])


def measures(strata: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of one system that the table shows, x 100."""
    values: dict[str, float | None] = {}
    for stratum in ("all", HARD):
        values |= {f"{stratum} {name}": strata[stratum][name] for name in ROUGE_NAMES}
    observations = strata["all"]["observations"]
    for name in ("precision", "recall", "f1"):
        value = observations[name]
        values[name] = None if value is None else 100 * value
    claims = observations["claims"]
    values["contradicted"] = 100 * observations["contradicted"] / claims if claims else None
    return values


def gains(comparisons: Mapping[str, Any]) -> dict[str, float]:
    """How far a run's ROUGE is above the look-up in the training reports that it had."""
    difference = comparisons["neighbour"]["all"]["difference"]
    return {f"gain {name}": difference[name] for name in ROUGE_NAMES}


def cells(runs: Sequence[Mapping[str, float | None]]) -> list[str]:
    groups = [
        [f"all {name}" for name in ROUGE_NAMES],
        [f"gain {name}" for name in ROUGE_NAMES],
        [f"{HARD} {name}" for name in ROUGE_NAMES],
        ["precision", "recall", "f1"],
        ["contradicted"],
    ]
    shown = [" / ".join(cell([run.get(name) for run in runs]) for name in g) for g in groups]
    return ["-" if set(text) <= set("-/ ") else text for text in shown]


def cell(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {stdev(known):.1f}" if len(known) > 1 else ""
    return f"{mean(known):.1f}{spread}"


if __name__ == "__main__":
    run(main)
