"""How large the graphs of a corpus are, part by part, beside the published sizes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from preprocessing.annotation import load_annotator
from preprocessing.corpora import Corpus
from preprocessing.errors import InputError
from preprocessing.files import read_jsonl
from preprocessing.graphs import build_graph
from preprocessing.records import ReportGraph, from_json


class GraphMeans(NamedTuple):
    """Means over the reports of one part; all but the last are counts per report.

    ``connected``: words with an edge at either end; ``key_share``: key words in % of the words.
    """

    words: float
    connected: float
    edges: float
    key_words: float
    key_share: float


_ROWS = ("words", "words with an edge", "edges between words", "key words", "% key words")

# (corpus, split, part) -> connected, edges, key_share: Hu et al. (ACL 2022), of the data released.
PUBLISHED: Mapping[tuple[str, str, str], tuple[float, float, float]] = {
    ("openi", "papers", "test"): (21.0, 17.7, 44.5),
}


class PartGraphs(NamedTuple):
    """The graphs found of one part: how many, their means (zeros when there are none)."""

    n_graphs: int
    means: GraphMeans


def graph_means(graphs: Iterable[ReportGraph]) -> PartGraphs:
    """The means over graphs, read once. A graph without words has 0 % key words."""
    return _means([_sizes(graph) for graph in graphs])


def annotate_parts(
    corpus: Corpus, annotator_name: str, model_dir: str | None, rule: str
) -> dict[str, PartGraphs]:
    """Annotate the parts of a corpus for their means, one report in memory at a time."""
    annotator = load_annotator(annotator_name, model_dir=model_dir)
    parts = {"train": corpus.train, "val": corpus.val, "test": corpus.test}
    return {
        part: graph_means(
            build_graph(one, rule)
            for one in annotator.annotate((report.uid, report.findings) for report in reports)
        )
        for part, reports in parts.items()
    }


def read_parts(corpus: Corpus, path: str) -> dict[str, PartGraphs]:
    """The means from a file that the ``graph`` command wrote; other reports in it are passed over.

    Raises ``InputError`` when the file is no such file or has no graph for some report.
    """
    parts = {"train": corpus.train, "val": corpus.val, "test": corpus.test}
    part_of = {report.uid: part for part, reports in parts.items() for report in reports}
    sizes_of: dict[str, list[GraphMeans]] = {part: [] for part in parts}
    for number, line in enumerate(read_jsonl(path), 1):
        try:
            graph = from_json(ReportGraph, line)
            sizes = _sizes(graph)
        except (KeyError, TypeError):
            raise InputError(
                f"{path}, record {number}: not a graph; give a file that "
                "'python -m preprocessing graph' wrote"
            ) from None
        part = part_of.pop(graph.uid, None)
        if part:
            sizes_of[part].append(sizes)
    if part_of:
        raise InputError(
            f"{path}: no graph for {len(part_of):,} of the reports, such as "
            f"{next(iter(part_of))!r}; run 'python -m preprocessing graph' again for this corpus"
        )
    return {part: _means(sizes) for part, sizes in sizes_of.items()}


def describe_graphs(corpus: Corpus, parts: Mapping[str, PartGraphs]) -> str:
    """The means as a table, one column a part, published ones in brackets."""
    published = {
        (part, field): value
        for part in parts
        for field, value in zip(
            ("connected", "edges", "key_share"),
            PUBLISHED.get((corpus.name, corpus.split, part), ()),
            strict=False,
        )
    }
    lines = [f"{'graphs, mean per report':<24}" + "".join(f"{part:>16}" for part in parts)]
    lines.append(f"{'  graphs':<24}" + "".join(f"{one.n_graphs:>16,}" for one in parts.values()))
    for row, field in zip(_ROWS, GraphMeans._fields, strict=True):
        cells = []
        for part, one in parts.items():
            cell = f"{getattr(one.means, field):.1f}"
            if (part, field) in published:
                cell += f" ({published[part, field]})"
            cells.append(f"{cell:>16}")
        lines.append(f"{'  ' + row:<24}" + "".join(cells))
    if published:
        lines.append("in brackets: published (Hu et al., ACL 2022)")
    return "\n".join(lines)


def _sizes(graph: ReportGraph) -> GraphMeans:
    connected = {end for edge in graph.edges for end in (edge.head, edge.dependent)}
    n_words, n_key_words = len(graph.words), len(graph.key_words)
    return GraphMeans(
        n_words, len(connected), len(graph.edges), n_key_words, 100 * n_key_words / max(n_words, 1)
    )


def _means(sizes: Sequence[GraphMeans]) -> PartGraphs:
    if not sizes:
        return PartGraphs(0, GraphMeans(0, 0, 0, 0, 0))
    means = (sum(column) / len(sizes) for column in zip(*sizes, strict=True))
    return PartGraphs(len(sizes), GraphMeans(*means))
