"""Split files with fewer training reports, to ask how many a recipe needs.

    python benchmarks/fewer_reports.py 300 600 1200 --dataset openi --data-dir DIR --output-dir OUT
    python benchmarks/quality.py --variants OUT/variants.yaml --dataset openi --data-dir DIR ...

Validation and test part stay as they are; the training parts are drawn at random, each within
the next larger one. Writes ``N.json`` for ``--split-file`` (lists of uids) and ``variants.yaml``,
with the whole training part as the last variant.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from graphsum.command_line import Parser, run
from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError
from preprocessing.files import write_text_atomically


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", type=int, nargs="+", metavar="N", help="training reports to keep")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--split", help="whose training part is drawn from (default: the corpus')")
    parser.add_argument("--split-seed", type=int, default=0, help="of --split random")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing")
    parser.add_argument("--output-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    corpus = load_corpus(
        options.dataset,
        data_dir=options.data_dir,
        split=options.split,
        split_seed=options.split_seed,
    )
    parts = {
        name: [report.uid for report in getattr(corpus, name)] for name in ("train", "val", "test")
    }
    count = len(parts["train"])
    if refused := [size for size in options.sizes if not 1 <= size <= count]:
        raise InputError(f"{refused[0]} training reports: {corpus.name} has 1 to {count} to draw")
    drawn = random.Random(options.seed).sample(parts["train"], count)
    variants = []
    for size in sorted({*options.sizes, count}):
        path = options.output_dir / f"{size}.json"
        split = parts | {"train": sorted(drawn[:size])}
        write_text_atomically(path, [json.dumps(split), "\n"])
        variants.append(f"{size} reports: {{split_file: {json.dumps(str(path))}}}\n")
    write_text_atomically(options.output_dir / "variants.yaml", variants)
    print(f"written: {options.output_dir / 'variants.yaml'}")


if __name__ == "__main__":
    run(main)
