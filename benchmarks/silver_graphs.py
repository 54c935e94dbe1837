"""Two files of entity graphs on the same words, to ask what better graphs are worth.

    python benchmarks/silver_graphs.py --dataset openi --data-dir DIR --silver FILE --output-dir OUT

``--silver`` holds published graphs of some reports (JSON Lines: uid, split, sentences, words,
is_entity, edges as word pairs). Writes ``builtin.jsonl`` (every graph by the builtin annotator, on
the published words where there are some) and ``silver.jsonl`` (the published graphs in place of
those), both for ``train.py --graphs``. A published edge carries no relation: it is the builtin
parse's, where that has the same edge, or the one it gives the word most.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from graphsum.command_line import Parser, run  # noqa: E402
from preprocessing.annotation import load_annotator  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.files import dumps, write_text_atomically  # noqa: E402
from preprocessing.graphs import build_graph  # noqa: E402
from preprocessing.records import AnnotatedReport, Entity, ReportGraph, to_json  # noqa: E402
from tools.partial_trees import Parse, align_edges, complete_tree  # noqa: E402
from tools.treebanks import SilverReport, read_silver  # noqa: E402


def silver_annotation(report: SilverReport, parsed: AnnotatedReport) -> AnnotatedReport | None:
    """The report with the published key words and heads, or None where they cannot be placed."""
    trees = align_edges(report.sentences, report.is_entity, report.edges)
    if trees is None:
        return None
    heads: list[int] = []
    deprels: list[str] = []
    entities: list[Entity] = []
    for tree in trees:
        start = len(heads)
        size = len(tree.words)
        vote = Parse(
            [head if head < 0 else head - start for head in parsed.heads[start : start + size]],
            parsed.deprels[start : start + size],
        )
        whole = complete_tree(tree.words, [vote], tree)
        heads += [head if head < 0 else head + start for head in whole.heads]
        deprels += whole.deprels
        for word, is_entity in enumerate(tree.is_entity):
            if word in tree.joined:
                entities[-1] = entities[-1]._replace(end=start + word + 1)
            elif is_entity:
                entities.append(Entity(start + word, start + word + 1, "OBSERVATION"))
    return replace(parsed, heads=tuple(heads), deprels=tuple(deprels), entities=tuple(entities))


def edge_words(graph: ReportGraph) -> Counter[tuple[str, str]]:
    return Counter((graph.words[edge.head], graph.words[edge.dependent]) for edge in graph.edges)


def write_graphs(path: Path, graphs: Iterable[ReportGraph]) -> None:
    write_text_atomically(path, (dumps(to_json(graph)) for graph in graphs))
    print(f"written: {path}")


def main(arguments: list[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="openi")
    parser.add_argument("--data-dir")
    parser.add_argument("--silver", required=True, type=Path, metavar="FILE")
    parser.add_argument("--output-dir", required=True, type=Path, metavar="FOLDER")
    options = parser.parse_args(arguments)
    corpus = load_corpus(options.dataset, data_dir=options.data_dir)
    silver = {
        report.uid: report
        for split in ("train", "val")
        for report in read_silver(options.silver, split)
    }
    builtin = load_annotator("builtin")
    reports = [*corpus.train, *corpus.val, *corpus.test]
    parsed = list(
        builtin.annotate(
            (r.uid, silver[r.uid].sentences if r.uid in silver else r.findings) for r in reports
        )
    )
    ours = [build_graph(report) for report in parsed]
    better = []
    counts: Counter[str] = Counter()
    for graph, annotated in zip(ours, parsed, strict=True):
        known = silver.get(graph.uid)
        published = silver_annotation(known, annotated) if known else None
        if known and published:
            graph = build_graph(published)
            edges = edge_words(graph)
            counts["reports"] += 1
            counts["edges"] += len(known.edges)
            counts["placed"] += sum((edges & Counter(known.edges)).values())
            counts["more"] += sum((edges - Counter(known.edges)).values())
        better.append(graph)
    print(
        f"published graphs: {counts['reports']} of {len(silver)} reports; {counts['placed']} of "
        f"{counts['edges']} edges placed, {counts['more']} others"
    )
    write_graphs(options.output_dir / "builtin.jsonl", ours)
    write_graphs(options.output_dir / "silver.jsonl", better)


if __name__ == "__main__":
    run(main)
