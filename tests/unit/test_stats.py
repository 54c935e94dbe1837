"""Sizes of graphs, part by part."""

from pathlib import Path

import pytest

from preprocessing.corpora import Corpus
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.records import Edge, Report, ReportGraph, to_json
from preprocessing.stats import GraphMeans, PartGraphs, describe_graphs, graph_means, read_parts

WORDS = ("small", "left", "effusion", ".")
# Two words with an edge, three edges; then four words, none with an edge.
GRAPHS = [
    ReportGraph("a", WORDS, (0,), (0, 2), (Edge(2, 0, "amod"),) + (Edge(0, 2, "entity"),) * 2),
    ReportGraph("b", WORDS, (0,), (2,), ()),
    ReportGraph("c", (), (), (), ()),
]
CORPUS = Corpus(
    "openi", (Report("a", "x"), Report("b", "x")), (), (Report("c", "x"),), {}, "papers"
)


def write(path: Path, graphs: list[ReportGraph]) -> str:
    path.write_text("".join(dumps(to_json(graph)) for graph in graphs))
    return str(path)


def test_means_by_hand() -> None:
    assert graph_means(GRAPHS[:2]) == PartGraphs(2, GraphMeans(4, 1, 1.5, 1.5, 37.5))
    assert graph_means(GRAPHS).means.key_share == pytest.approx(25)
    assert graph_means([]) == PartGraphs(0, GraphMeans(0, 0, 0, 0, 0))


def test_graphs_of_a_file_are_counted_in_their_parts(tmp_path: Path) -> None:
    other = ReportGraph("z", WORDS, (0,), (), ())
    parts = read_parts(CORPUS, write(tmp_path / "g.jsonl", [GRAPHS[2], other, *GRAPHS[:2]]))
    assert parts == {
        "train": graph_means(GRAPHS[:2]),
        "val": graph_means([]),
        "test": graph_means(GRAPHS[2:]),
    }


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "g.jsonl"
    with pytest.raises(InputError, match="no graph for 2 of the reports, such as 'b'"):
        read_parts(CORPUS, write(path, GRAPHS[:1]))
    path.write_text('{"uid": "a", "words": []}\n')
    with pytest.raises(InputError, match="record 1: not a graph"):
        read_parts(CORPUS, str(path))


def test_the_table_shows_published_means_beside_ours() -> None:
    parts = {"train": graph_means(GRAPHS[:2]), "test": graph_means(GRAPHS[2:])}
    table = describe_graphs(CORPUS, parts).splitlines()
    rows = {line[:24].strip(): line[24:].split() for line in table}
    assert rows["graphs"] == ["2", "1"]
    assert rows["words"] == ["4.0", "0.0"]
    assert rows["words with an edge"] == ["1.0", "0.0", "(21.0)"]
    assert rows["edges between words"] == ["1.5", "0.0", "(17.7)"]
    assert rows["% key words"] == ["37.5", "0.0", "(44.5)"]
    assert "(21.0)" not in describe_graphs(CORPUS, {"train": parts["train"]})
