"""What a model gains from the clinical question, and from knowing whose style to write in.

    python benchmarks/context.py --seeds 1 2 3 --output-dir runs/context

Trains on the invented corpora with and without context, and scores beam search on their test
parts: ``sample_context`` (in a third of its reports, *asked*, the impression answers the
indication) without, with the indication, and with a model that reads it but is not given it;
``sample_authors`` without and with the author. R-L, mean ± sd over the seeds; a run that is
complete is not made again. Options that are not this program's own go to ``graphsum train``.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.cli.main import main as graphsum  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.rouge import rouge_scores  # noqa: E402
from graphsum.options.runs import is_finished  # noqa: E402
from graphsum.personal.context import context_of, in_context  # noqa: E402
from graphsum.summarizer import Summarizer  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.records import Report  # noqa: E402


@dataclass(frozen=True)
class Row:
    """A model (corpus and context) and whether it is told the context when it writes."""

    corpus: str
    context: str
    told: bool = True

    def __str__(self) -> str:
        said = self.context or "none"
        return f"{self.corpus}: {said if self.told else f'{said}, not given'}"


ROWS = (
    Row("sample_context", ""),
    Row("sample_context", "indication"),
    Row("sample_context", "indication", told=False),
    Row("sample_authors", ""),
    Row("sample_authors", "author"),
    Row("sample_authors", "author", told=False),
)


def main(_: Sequence[str] | None = None) -> None:
    parser = Parser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--corpora", nargs="+", default=["sample_context", "sample_authors"])
    parser.add_argument("--output-dir", default="runs/context")
    options, training = parser.parse_known_args()
    table = []
    for row in (one for one in ROWS if one.corpus in options.corpora):
        scores = [score(row, seed, Path(options.output_dir), training) for seed in options.seeds]
        table.append([str(row), *(shown([one[name] for one in scores]) for name in scores[0])])
    print(tabulate(table, headers=["corpus: context", "asked", "others", "all"], tablefmt="github"))


def score(row: Row, seed: int, folder: Path, training: Sequence[str]) -> dict[str, float | None]:
    """Mean R-L on the test reports that are asked for something, on the others, and on all."""
    place = folder / f"{row.corpus}-{row.context or 'none'}-{seed}"
    if not (place / "best").is_dir() or not is_finished(place):
        context = ["--context", row.context] if row.context else []
        given = ["--dataset", row.corpus, "--preset", "tiny", "--seed", str(seed), *training]
        graphsum(["train", *given, *context, "--output-dir", str(place), "--overwrite"])
    reports = load_corpus(row.corpus).test
    written = write(place, reports if row.told else [without_context(one) for one in reports])
    found = rouge_scores(written, [one.impression for one in reports])[:, 2].tolist()
    asked = ["asked" in one.labels for one in reports]
    parts = {
        "asked": [value for value, is_asked in zip(found, asked, strict=True) if is_asked],
        "others": [value for value, is_asked in zip(found, asked, strict=True) if not is_asked],
        "all": found,
    }
    return {name: mean(values) if values else None for name, values in parts.items()}


def write(run_folder: Path, reports: Sequence[Report]) -> list[str]:
    """What the model writes by beam search, not mended."""
    summarizer = Summarizer.from_pretrained(run_folder)
    texts, kinds = [one.findings for one in reports], summarizer.processor.context
    inputs = [
        in_context(graph, context_of(one, kinds), kinds)
        for graph, one in zip(summarizer.processor.graphs(texts), reports, strict=True)
    ]
    return summarizer.write(texts, inputs, num_beams=5)


def without_context(report: Report) -> Report:
    return replace(report, indication="", meta={})


def shown(values: Sequence[float | None]) -> str:
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    spread = f" ± {stdev(values):.1f}" if len(values) > 1 else ""
    return f"{mean(values):.1f}{spread}"


if __name__ == "__main__":
    run(main)
