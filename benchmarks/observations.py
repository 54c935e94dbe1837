"""Score the labels that rules read, by the schema openi13, against those of Open-i's coders.

    python benchmarks/observations.py --data-dir DIR --labels openi_gld_std14.csv
    python benchmarks/observations.py --data-dir DIR --labels openi_gld_std14.csv --held-out

Reads the findings and the impression of every report that has labels (never the MeSH headings,
which the labels are derived from), and prints precision, recall and F1 of 13 classes. Which
readings count as positive is chosen for each class by F1 on four fifths of the reports and applied
to the other fifth, in turn; "folds" says how many of them chose each: only what is asserted, also
what the writer favours ("probable"), also one of two alternatives, or all doubt.
"""

import argparse
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.labelers.labels import LabelTable, read_labels  # noqa: E402
from graphsum.labelers.rules import RuleLabeler  # noqa: E402
from graphsum.labelers.schema import READINGS, Reading, Schema, State, load_schema  # noqa: E402
from graphsum.labelers.scores import score_labels, score_tables  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.corpora.openi import read_reports  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.records import Report  # noqa: E402

# Which readings count as positive: READINGS begins with them, from the surest on.
N_POSITIVE = (1, 2, 3, 4)
N_FOLDS = 5
SEED = 0


def with_positive(schema: Schema, positive: Sequence[Reading]) -> Schema:
    """The schema where these readings make a class present, and the others nothing."""
    states = {one: "present" if one in positive else None for one in READINGS}
    classes = tuple(replace(one, states=states) for one in schema.classes)
    return replace(schema, classes=classes)


def f1_of(rows: Sequence[tuple[bool, bool]]) -> float:
    """F1 of (labeled, annotated) pairs; 0 where nothing is to be divided by."""
    both = sum(labeled and annotated for labeled, annotated in rows)
    return 2 * both / max(1, sum(labeled + annotated for labeled, annotated in rows))


def cross_validated(
    gold: Mapping[str, Mapping[str, State | None]],
    choices: Sequence[Mapping[str, Mapping[str, State | None]]],
    classes: Sequence[str],
) -> tuple[dict[str, dict[str, State | None]], dict[str, str]]:
    """The held-out labels, and for each class how many folds chose each of ``choices``."""
    uids = list(gold)
    fold_of = [number % N_FOLDS for number in range(len(uids))]
    random.Random(SEED).shuffle(fold_of)
    labels: dict[str, dict[str, State | None]] = {uid: {} for uid in uids}
    chosen = {}
    for name in classes:
        counts = [0] * len(choices)
        for fold in range(N_FOLDS):
            fitted = [uid for uid, own in zip(uids, fold_of, strict=True) if own != fold]
            f1 = [
                f1_of([(one[u][name] == "present", gold[u][name] == "present") for u in fitted])
                for one in choices
            ]
            choice = f1.index(max(f1))
            counts[choice] += 1
            for uid, own in zip(uids, fold_of, strict=True):
                if own == fold:
                    labels[uid][name] = choices[choice][uid][name]
        chosen[name] = "/".join(map(str, counts))
    return labels, chosen


def evaluate(reports: Sequence[Report], gold: LabelTable, schema: Schema) -> None:
    """Print the tables."""
    texts = [f"{report.findings}\n\n{report.impression}" for report in reports]
    start = time.perf_counter()
    choices = []
    for count in N_POSITIVE:
        found = RuleLabeler(with_positive(schema, READINGS[:count])).label(texts)
        choices.append({r.uid: one.states for r, one in zip(reports, found, strict=True)})
    seconds = time.perf_counter() - start
    states = {report.uid: gold.states[report.uid] for report in reports}
    labels, chosen = cross_validated(states, choices, schema.names)
    report = score_labels(
        LabelTable(gold.path, states), LabelTable(Path("rules"), labels), schema.names
    )
    print(score_tables(report))
    print("\nfolds:", ", ".join(f"{name} {counts}" for name, counts in chosen.items()))
    print(
        f"{len(texts) * len(choices) / seconds:.0f} reports a second; folds drawn with seed {SEED}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="benchmarks/observations.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data-dir", required=True, metavar="DIR", help="where Open-i lies")
    parser.add_argument("--labels", required=True, metavar="FILE", help="openi_gld_std14.csv")
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="only reports outside the papers' training part, from which the rules were improved",
    )
    options = parser.parse_args(arguments)
    schema = load_schema("openi13")
    read = read_labels(options.labels, schema, uid="filename")
    gold = LabelTable(
        read.path, {uid.removeprefix("CXR"): states for uid, states in read.states.items()}
    )
    reports = [
        report
        for report in read_reports(options.data_dir)
        if isinstance(report, Report) and report.uid in gold.states
    ]
    if options.held_out:
        known = {report.uid for report in load_corpus("openi", data_dir=options.data_dir).train}
        reports = [report for report in reports if report.uid not in known]
    if not reports:
        raise InputError(
            f"{options.labels}: no report of {options.data_dir} has labels here; the column "
            "filename holds CXR1, CXR2, ..."
        )
    evaluate(reports, gold, schema)


if __name__ == "__main__":
    run(main)
