"""Do two hundred corrections move a system that makes the same mistakes again and again?

    python benchmarks/corrections.py --seeds 1 2 3 --output-dir runs/corrections

A model is trained on invented reports whose impressions have two planted mistakes: they call an
atelectasis pneumonia, and do not say on which side an effusion is. It writes the impressions of
other invented findings; the first 200 of them with such a mistake are corrected to what the
impression should be, those that are right stand as they are, and the model is tuned by both
(``--likelihood`` learns from the latter), in the form that the reading page exports.
On 100 held-out findings where a mistake may be made, and on 100 others, this counts before and
after: the planted mistakes; the other errors of the impressions by the reference (missed, invented
or told otherwise; statements that the planted mistakes concern are left out); and R-L.
Options that are not this program's own go to ``graphsum tune``.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.cli.main import main as graphsum  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.rouge import rouge_scores  # noqa: E402
from graphsum.options.runs import is_finished  # noqa: E402
from graphsum.summarizer import Summarizer  # noqa: E402
from preprocessing.corpora.sample import make_report, read_reports  # noqa: E402
from preprocessing.facts.comparison import (  # noqa: E402
    Error,
    compare_statements,
    errors_of,
    statements_of,
)
from preprocessing.files import dumps, write_text_atomically  # noqa: E402
from preprocessing.records import Report, to_json  # noqa: E402

_SIDE = re.compile(r"\b(?:left|right|bilateral) (?=pleural effusions?\b)")
TUNING = ("--method", "dpo", "--likelihood", "20", "--lr", "1e-4", "--max-steps", "100",
          "--batch-size", "16", "--validate-every", "50")  # fmt: skip


def planted(impression: str) -> str:
    """The impression with the two mistakes, where it gives rise to them."""
    return _SIDE.sub("", impression.replace("atelectasis", "pneumonia"))


def mistakes_in(text: str, reference: str) -> int:
    """How many of the two planted mistakes an impression makes."""
    called = "atelectasis" in reference and "pneumonia" in text.lower()
    called &= "pneumonia" not in reference and "atelectasis" not in text.lower()
    sides = len(_SIDE.findall(reference)) > 0 == len(_SIDE.findall(text.lower()))
    return called + (sides and "pleural effusion" in text.lower())


def is_planted(error: Error, reference: str) -> bool:
    """Whether an error is of what the planted mistakes are about, where they may be made."""
    called = "atelectasis" in reference and {"Atelectasis", "Pneumonia"}.intersection(error.names)
    sides = _SIDE.search(reference) and "Pleural Effusion" in error.names
    return bool(called or (sides and error.attribute == "side"))


def main(_: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--corrections", type=int, default=200)
    parser.add_argument("--steps", type=int, default=500, help="of the training (default: 500)")
    parser.add_argument(
        "--draw",
        type=int,
        default=12,
        help="of the held-out findings (default: 12; what TUNING is was chosen on 13)",
    )
    parser.add_argument("--output-dir", default="runs/corrections")
    options, tuning = parser.parse_known_args()
    rows = []
    for seed in options.seeds:
        folder = Path(options.output_dir) / str(seed)
        start, tuned = trained(folder, options.steps, seed), folder / "tuned"
        corrections = folder / "corrections.jsonl"
        write_text_atomically(corrections, list(corrected(start, options.corrections)))
        graphsum(["tune", "--checkpoint", str(start), "--preferences", str(corrections), *TUNING,
                  *tuning, "--seed", str(seed), "--output-dir", str(tuned),
                  *(["--overwrite"] if tuned.is_dir() else [])])  # fmt: skip
        for name, place in (("before", start), ("after", tuned / "last")):
            summarizer = Summarizer.from_pretrained(place)
            for part, reports in held_out(options.draw).items():
                rows.append([seed, part, name, *counted(summarizer, reports)])
    print(tabulate(rows, headers=["seed", "findings", "tuning", "planted mistakes",
                                  "other errors", "R-L"], tablefmt="github",
                   floatfmt=".1f"))  # fmt: skip


def trained(folder: Path, steps: int, seed: int) -> Path:
    """The model that makes the mistakes; one that is complete is not trained again."""
    place = folder / "start"
    if (place / "best").is_dir() and is_finished(place):
        return place
    reports = [replace(one, impression=planted(one.impression)) for one in read_reports()]
    table = folder / "planted.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    write_text_atomically(table, [dumps(to_json(one)) for one in reports])
    graphsum(["train", "--dataset", "jsonl", "--data-dir", str(table), "--preset", "tiny",
              "--max-steps", str(steps), "--validate-every", str(max(steps // 2, 1)),
              "--seed", str(seed), "--output-dir", str(place), "--overwrite"])  # fmt: skip
    return place


def corrected(checkpoint: Path, n: int) -> Iterator[str]:
    """The lines of the first ``n`` impressions that have a planted mistake."""
    summarizer = Summarizer.from_pretrained(checkpoint)
    found = 0
    for start in count(0, 100):
        reports = [make_report(index, seed=11) for index in range(start, start + 100)]
        for report, text in zip(reports, write(summarizer, reports), strict=True):
            if found == n:
                return
            wrong = mistakes_in(text, report.impression) > 0
            right = text.lower() == report.impression.lower()
            found += wrong
            if wrong or right:  # what the reader lets stand is in the file too
                yield dumps({"uid": report.uid, "findings": report.findings, "impression": text,
                             "correction": report.impression if wrong else text})  # fmt: skip
        if start > 100 * n:
            return


def held_out(draw: int) -> dict[str, list[Report]]:
    """100 findings each, which neither training nor corrections had: where a mistake may be made
    because the right impression gives rise to it, and others."""
    drawn = [make_report(index, seed=draw) for index in range(1000)]
    may = [one for one in drawn if planted(one.impression) != one.impression]
    others = [one for one in drawn if planted(one.impression) == one.impression]
    return {"a mistake may be made": may[:100], "others": others[:100]}


def counted(summarizer: Summarizer, reports: Sequence[Report]) -> tuple[int, int, float]:
    """Planted mistakes, other errors by the reference, mean R-L."""
    texts, references = write(summarizer, reports), [one.impression for one in reports]
    read, judged = statements_of(texts), statements_of(references)
    errors = [
        error
        for own, judge, reference in zip(read, judged, references, strict=True)
        for error in errors_of(compare_statements(own, judge, reference))
        if not is_planted(error, reference)
    ]
    made = sum(map(mistakes_in, texts, references))
    return made, len(errors), mean(rouge_scores(texts, references)[:, 2])


def write(summarizer: Summarizer, reports: Sequence[Report]) -> list[str]:
    """What the model writes by beam search, not mended."""
    texts = [one.findings for one in reports]
    return summarizer.write(texts, summarizer.processor.graphs(texts), num_beams=5)


if __name__ == "__main__":
    run(main)
