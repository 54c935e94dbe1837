"""Does an impression tell what a reader has to act on, where training had hardly any of it?

    python benchmarks/actionable.py
    python benchmarks/actionable.py --checkpoint RUN --dataset openi --data-dir DIR

Three sets of invented findings, each 128 with one actionable finding (16 kinds, eight of each) and
40 without any, with a regular expression that every adequate impression matches; ``held_out`` has
16 more of other kinds. The rules were made by reading ``dev`` and ``dev_2``. ``held_out`` was
written by somebody who knew nothing of them and was never looked at: only its figures say how the
rules do on wordings that they were not made for. Each report is read twice, as the checkpoint
decides (consensus decoding, if that is its own) and by beam search. *Told*: the impression matches.
*Side*: of those told whose finding has a side, the impression names it. *Quiet*: of the 40, those
whose impression claims nothing actionable. With --data-dir the training reports of that corpus vote
in consensus decoding.
"""

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum import Summarizer, TrainingEvidence  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.facts.comparison import is_actionable, statements_of  # noqa: E402

SETS = ("dev", "dev_2", "held_out")


def main(arguments: Sequence[str] | None = None) -> None:
    args = build_parser().parse_args(arguments)
    summarizer = Summarizer.from_pretrained(args.checkpoint)

    def texts_of(findings: Sequence[str], **options: Any) -> list[str]:
        return [str(one) for one in summarizer.summarize(findings, **options)]

    train = None
    if args.data_dir:
        train = TrainingEvidence(load_corpus(args.dataset, data_dir=args.data_dir).train)
    for name in args.sets:
        content = json.loads((ROOT / f"benchmarks/actionable_{name}.json").read_text("utf-8"))
        reports = content["reports"]
        findings = [report["findings"] for report in reports]
        impressions = {
            "as the checkpoint decides": texts_of(findings, train=train),
            f"beam {args.num_beams}": texts_of(findings, num_beams=args.num_beams),
        }
        columns = {
            title: counts_of(reports, content["tells"], texts)
            for title, texts in impressions.items()
        }
        kinds = list(next(iter(columns.values())))
        rows = [[kind, *(columns[title][kind] for title in columns)] for kind in kinds]
        print(tabulate(rows, headers=[name.replace("_", " "), *columns], disable_numparse=True))
        print(flush=True)


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=str(ROOT / "checkpoints/openi"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--num-beams", type=int, default=5)
    parser.add_argument("--dataset", default="openi")
    parser.add_argument("--data-dir", metavar="DIR", help="let its training reports vote")
    return parser


def counts_of(
    reports: Sequence[dict[str, Any]], tells: dict[str, str], impressions: Sequence[str]
) -> dict[str, str]:
    """``{kind: "told of all"}`` with the rows ``told``, ``side`` and ``quiet`` first."""
    told: dict[str, Counter[bool]] = defaultdict(Counter)
    sides: Counter[bool] = Counter()
    quiet: Counter[bool] = Counter()
    for report, text, stated in zip(reports, impressions, statements_of(impressions), strict=True):
        if report["tells"] is None:
            quiet[not any(map(is_actionable, stated))] += 1
            continue
        found = re.search(tells[report["tells"]], text, re.IGNORECASE) is not None
        told[report["id"].rpartition("-")[0]][found] += 1
        if found and report["side"]:
            sides[report["side"] in text.lower()] += 1
    rows = {"told": sum(told.values(), Counter()), "side": sides, "quiet": quiet, **told}
    return {kind: f"{count[True]} of {count.total()}" for kind, count in rows.items()}


if __name__ == "__main__":
    run(main)
