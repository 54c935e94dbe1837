"""Score the observation extractor against labels that coders gave to Open-i's reports.

    python benchmarks/observations.py --data-dir DIR --labels openi_gld_std14.csv
    python benchmarks/observations.py --data-dir DIR --labels openi_gld_std14.csv --held-out

Reads the findings and the impression of every report that has labels (never the MeSH headings,
which the labels are derived from), and prints precision, recall and F1 of 13 classes. Whether only
what is asserted counts as positive, also what the writer favours ("probable"), or all doubt, is
chosen for each class by F1 on four fifths of the reports and applied to the other fifth, in turn;
"folds" says how many of them chose each.
"""

import argparse
import csv
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from graphsum.command_line import Parser, run  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.corpora.openi import read_reports  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.facts.observations import extract_observations, statuses  # noqa: E402
from preprocessing.records import Report  # noqa: E402

# Column of the labels -> observation; without the columns Hernia and normal.
OBSERVATION_OF = {
    "Atelectasis": "Atelectasis",
    "Cardiomegaly": "Cardiomegaly",
    "Effusion": "Pleural Effusion",
    "Infiltration": "Infiltrate",
    "Mass": "Mass",
    "Nodule": "Nodule",
    "Pneumonia": "Pneumonia",
    "Pneumothorax": "Pneumothorax",
    "Consolidation": "Consolidation",
    "Edema": "Edema",
    "Emphysema": "Emphysema",
    "Fibrosis": "Fibrosis",
    "Pleural_Thickening": "Pleural Thickening",
}
N_FOLDS = 5
SEED = 0


class Counts(NamedTuple):
    """True positives, false positives, false negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    def scores(self) -> tuple[float, float, float]:
        """Precision, recall and F1; 0 where nothing is to be divided by."""
        precision = self.tp / max(1, self.tp + self.fp)
        recall = self.tp / max(1, self.tp + self.fn)
        return precision, recall, 2 * self.tp / max(1, 2 * self.tp + self.fp + self.fn)


def read_labels(path: str) -> dict[str, frozenset[str]]:
    """The positive columns of each uid; raises ``InputError`` for another kind of table."""
    try:
        with open(path, encoding="utf-8", newline="") as lines:
            table = csv.DictReader(lines)
            missing = [
                c for c in ("filename", *OBSERVATION_OF) if c not in (table.fieldnames or ())
            ]
            if missing:
                raise InputError(
                    f"{path}: no column {missing[0]}; a comma-separated table with the columns "
                    f"filename, {', '.join(OBSERVATION_OF)} is expected"
                )
            labels = {}
            for row in table:
                if None in (row["filename"], *(row[column] for column in OBSERVATION_OF)):
                    raise InputError(f"{path}, line {table.line_num}: fewer fields than columns")
                labels[row["filename"].removeprefix("CXR")] = frozenset(
                    column for column in OBSERVATION_OF if row[column] == "1"
                )
            return labels
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; a comma-separated table is expected") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


# Which answers count as positive: all that is asserted, also what is favoured, also all doubt.
POSITIVE = (("present",), ("present", "probable"), ("present", "probable", "uncertain"))


def answers(text: str) -> dict[str, str]:
    """The status of each name, with ``probable`` for what the writer favours."""
    probable = {
        one.name
        for one in extract_observations(text)
        if one.status == "uncertain" and one.certainty == "probable"
    }
    return {
        name: "probable" if status == "uncertain" and name in probable else status
        for name, status in statuses(text).items()
    }


def count(pairs: Sequence[tuple[str | None, bool]], positive: Sequence[str]) -> Counts:
    """The counts of (answer, label) pairs of one class."""
    return Counts(
        sum(answer in positive and label for answer, label in pairs),
        sum(answer in positive and not label for answer, label in pairs),
        sum(answer not in positive and label for answer, label in pairs),
    )


def cross_validate(
    pairs: Sequence[tuple[str | None, bool]], fold_of: Sequence[int]
) -> tuple[Counts, str]:
    """Counts over all held-out folds, and how many folds chose each line of ``POSITIVE``."""
    total, chosen = Counts(), [0] * len(POSITIVE)
    for fold in range(N_FOLDS):
        fitted = [pair for pair, own in zip(pairs, fold_of, strict=True) if own != fold]
        held_out = [pair for pair, own in zip(pairs, fold_of, strict=True) if own == fold]
        f1 = [count(fitted, positive).scores()[2] for positive in POSITIVE]
        choice = f1.index(max(f1))
        total = total.plus(count(held_out, POSITIVE[choice]))
        chosen[choice] += 1
    return total, "/".join(map(str, chosen))


def evaluate(reports: Sequence[Report], labels: Mapping[str, frozenset[str]]) -> None:
    """Print the table."""
    start = time.perf_counter()
    found = [answers(f"{report.findings}\n\n{report.impression}") for report in reports]
    speed = len(reports) / (time.perf_counter() - start)
    fold_of = [number % N_FOLDS for number in range(len(reports))]
    random.Random(SEED).shuffle(fold_of)
    print(f"{'':20}{'reports':>8}{'P':>7}{'R':>7}{'F1':>7}  folds")
    micro, f1 = Counts(), []
    for column, name in OBSERVATION_OF.items():
        pairs = [
            (status.get(name), column in labels[report.uid])
            for report, status in zip(reports, found, strict=True)
        ]
        counts, chosen = cross_validate(pairs, fold_of)
        micro = micro.plus(counts)
        f1.append(counts.scores()[2])
        row = "".join(f"{value:7.3f}" for value in counts.scores())
        print(f"{column:20}{counts.tp + counts.fn:8}{row}  {chosen}")
    print(f"{'micro':20}{'':8}" + "".join(f"{value:7.3f}" for value in micro.scores()))
    print(f"{'macro':34}{'':8}{sum(f1) / len(f1):7.3f}")
    print(f"{len(reports)} reports, {speed:.0f} a second; folds drawn with seed {SEED}")


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
    labels = read_labels(options.labels)
    reports = [
        report
        for report in read_reports(options.data_dir)
        if isinstance(report, Report) and report.uid in labels
    ]
    if options.held_out:
        known = {report.uid for report in load_corpus("openi", data_dir=options.data_dir).train}
        reports = [report for report in reports if report.uid not in known]
    if not reports:
        raise InputError(
            f"{options.labels}: no report of {options.data_dir} has labels here; the column "
            "filename holds CXR1, CXR2, ..."
        )
    evaluate(reports, labels)


if __name__ == "__main__":
    run(main)
