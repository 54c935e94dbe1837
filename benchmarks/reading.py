"""Score the reading of invented texts, and the comparison of invented pairs of texts.

    python benchmarks/reading.py
    python benchmarks/reading.py --dataset openi --data-dir DIR
    python benchmarks/reading.py --texts FILE.jsonl --pairs FILE.jsonl --wrong

Texts: ``{"id", "class", "text", "gold": {name: [status, side]}}``; a status may be several joined
by "|", or ``not_present`` (absent or not mentioned); a side of null is not checked. A text is right
when every name of its gold is. Pairs: ``{"id", "kind", "findings", "impression"}``; of kind *same*
they say the same, else the attribute *kind* of one finding differs. By default the sets of
``tests/data`` are scored. ``--wrong`` lists the ids that are wrong, ``--speed`` times the reading.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from graphsum.command_line import Parser, run  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.facts.comparison import (  # noqa: E402
    compare_statements,
    errors_of,
    statements_of,
)
from preprocessing.facts.observations import extract_observations  # noqa: E402
from preprocessing.facts.reading import forget  # noqa: E402
from preprocessing.files import read_jsonl  # noqa: E402

DATA = ROOT / "tests/data"
SETS = ("", "_heldout", "_third", "_fourth", "_fifth", "_sixth")


class Score(NamedTuple):
    """How many of ``n`` are right, and the ids of the others."""

    right: int
    n: int
    wrong: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.right / self.n if self.n else 1.0


def found(text: str) -> dict[str, tuple[str, str | None]]:
    """One status and side for each name: present wins over uncertain over absent."""
    result: dict[str, tuple[str, str | None]] = {}
    observations = extract_observations(text)
    for status in ("absent", "uncertain", "present"):
        for name in {one.name for one in observations if one.status == status}:
            sides = {o.side for o in observations if (o.name, o.status) == (name, status)} - {None}
            both = "bilateral" in sides or {"left", "right"} <= sides
            result[name] = (status, "bilateral" if both else next(iter(sides), None))
    return result


def is_right(got: tuple[str, str | None], wanted: Sequence[Any]) -> bool:
    """Whether a status and side are among those that are right."""
    allowed = set(wanted[0].split("|"))
    if "any" in allowed:
        return True
    if "not_present" in allowed:
        allowed |= {"absent", "none"}
    checked = wanted[1] is not None and got[0] not in ("absent", "none")
    return got[0] in allowed and (not checked or got[1] == wanted[1])


def score_texts(path: Path) -> dict[str, Score]:
    """By class, and ``all``: texts with every name of the gold right."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    for record in read_jsonl(path):
        got = found(record["text"])
        good = all(
            is_right(got.get(name, ("none", None)), wanted)
            for name, wanted in record["gold"].items()
        )
        for key in (record["class"], "all"):
            right[key] += good
            total[key] += 1
            if not good:
                wrong.append((key, record["id"]))
    return {
        key: Score(right[key], total[key], tuple(one for of, one in wrong if of == key))
        for key in total
    }


def score_pairs(path: Path) -> tuple[float, dict[str, Score]]:
    """Errors per pair that says the same; by kind: pairs with the attribute named (same: none)."""
    records = list(read_jsonl(path))
    texts = [text for record in records for text in (record["findings"], record["impression"])]
    stated = dict(zip(texts, statements_of(texts), strict=True))
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    n_errors = 0
    for record in records:
        findings, kind = record["findings"], record["kind"]
        checked = compare_statements(stated[record["impression"]], stated[findings], findings)
        errors = errors_of(checked)
        if kind == "same":
            n_errors += len(errors)
            good = not errors
        else:
            good = any(one.attribute == kind for one in errors)
        right[kind] += good
        total[kind] += 1
        if not good:
            wrong.append((kind, record["id"]))
    by_kind = {
        key: Score(right[key], total[key], tuple(one for of, one in wrong if of == key))
        for key in total
    }
    return n_errors / max(1, total["same"]), by_kind


def found_share(by_kind: dict[str, Score]) -> float:
    """Of the pairs with one attribute changed, the share in which it is named."""
    changed = [score for kind, score in by_kind.items() if kind != "same"]
    return sum(one.right for one in changed) / max(1, sum(one.n for one in changed))


def speed(path: Path) -> tuple[float, int]:
    """Texts of a set that are read in a second on this core, and their characters on average."""
    texts = [record["text"] for record in read_jsonl(path)]
    for text in texts:
        extract_observations(text)
    start, rounds = time.perf_counter(), 5
    for _ in range(rounds):
        for text in texts:
            extract_observations(text)
    taken = time.perf_counter() - start
    return rounds * len(texts) / taken, sum(map(len, texts)) // len(texts)


def corpus_speed(dataset: str, data_dir: str | None) -> tuple[int, int, float, float]:
    """Impressions of a corpus' training part, distinct ones, and how many are read in a second.

    The first rate is that of a new process, which compiles expressions where they are first met;
    the second that of the same texts again, nothing of them kept.
    """
    texts = [report.impression for report in load_corpus(dataset, data_dir=data_dir).train]
    rates = []
    for _ in range(2):
        forget()
        start = time.perf_counter()
        for text in texts:
            extract_observations(text)
        rates.append(len(texts) / (time.perf_counter() - start))
    return len(texts), len(set(texts)), rates[0], rates[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score the sets and print the tables."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", action="append", type=Path, metavar="FILE")
    parser.add_argument("--pairs", action="append", type=Path, metavar="FILE")
    parser.add_argument("--wrong", action="store_true", help="list the ids that are wrong")
    parser.add_argument("--speed", action="store_true", help="time the reading of each set")
    parser.add_argument("--dataset", help="time the reading of this corpus' impressions only")
    parser.add_argument("--data-dir", metavar="DIR", help="where the corpus lies")
    options = parser.parse_args(arguments)
    if options.dataset:
        n, distinct, first, again = corpus_speed(options.dataset, options.data_dir)
        print(f"{n:,} impressions, {distinct:,} distinct: {first:,.0f} a second, then {again:,.0f}")
        return
    chosen = options.texts or options.pairs
    texts = options.texts or ([] if chosen else [DATA / f"reading{one}.jsonl" for one in SETS])
    pairs = options.pairs or (
        [] if chosen else [p for one in SETS if (p := DATA / f"comparison{one}.jsonl").is_file()]
    )
    for path in texts:
        print(path.name)
        for key, score in score_texts(path).items():
            ids = "  " + " ".join(score.wrong) if options.wrong and key != "all" else ""
            print(f"  {key:24}{score.right:4} of {score.n:4}{100 * score.share:7.1f} %{ids}")
        if options.speed:
            rate, length = speed(path)
            print(f"  {rate:,.0f} texts of {length} characters a second")
    for path in pairs:
        errors, by_kind = score_pairs(path)
        print(f"{path.name}: {errors:.3f} errors per pair that says the same; attribute named in")
        for key, score in by_kind.items():
            ids = "  " + " ".join(score.wrong) if options.wrong else ""
            print(f"  {key:24}{score.right:4} of {score.n:4}{100 * score.share:7.1f} %{ids}")
        print(f"  {'changed':24}{100 * found_share(by_kind):19.1f} %")


if __name__ == "__main__":
    run(main)
