"""Graph rules, on a sentence worked out by hand."""

import pytest

from preprocessing.errors import InputError
from preprocessing.graphs import EDGE_TYPES, GRAPH_RULES, build_graph
from preprocessing.records import AnnotatedReport, Edge, Entity

#          0     1      2         3    4     5      6    7      8    9
WORDS = ("The", "left", "lower", "lobe", "may", "show", "XXXX", "mild", ",", "atelectasis")
#   show is the root; The, left, lower -> lobe; lobe, may, atelectasis -> show;
#   XXXX, mild, "," -> atelectasis
REPORT = AnnotatedReport(
    "1",
    WORDS,
    (0,),
    (3, 3, 3, 5, 5, -1, 9, 9, 9, 5),
    ("det", "amod", "amod", "nsubj", "aux", "root", "nmod:of", "amod", "punct", "obj"),
    (
        Entity(1, 3, "ANATOMY_MODIFIER"),
        Entity(3, 4, "ANATOMY"),
        Entity(4, 5, "UNCERTAINTY"),
        Entity(6, 8, "OBSERVATION_MODIFIER"),
        Entity(9, 10, "OBSERVATION"),
    ),
)


def test_hu2022_by_hand() -> None:
    graph = build_graph(REPORT, "hu2022")
    assert graph.key_words == (1, 2, 3, 6, 7, 9)  # not "may": it is UNCERTAINTY
    assert graph.edges == (
        # dropped: lobe -> The (the head is a key word, the dependent is not)
        Edge(3, 1, "amod"),
        Edge(3, 2, "amod"),
        Edge(5, 3, "nsubj"),
        Edge(5, 4, "aux"),  # kept: the head is no key word
        # dropped: XXXX and the comma carry no edges
        Edge(9, 7, "amod"),
        Edge(5, 9, "obj"),
        Edge(1, 2, "entity"),
        Edge(2, 1, "entity"),
        # dropped: XXXX - mild of one entity
    )


FIRST = AnnotatedReport(
    "2",
    ("Left", "lower", "lobe", "clear", ".", "Scar"),
    (0, 5),
    (2, 2, 3, -1, 3, -1),
    ("amod", "amod", "nsubj", "root", "punct", "root"),
    (
        Entity(0, 2, "ANATOMY_MODIFIER"),
        Entity(2, 3, "ANATOMY"),
        Entity(3, 4, "OBSERVATION"),
        Entity(5, 6, "OBSERVATION"),
    ),
)


def test_hu2022_never_counts_the_first_word_of_a_sentence() -> None:
    graph = build_graph(FIRST, "hu2022")
    assert graph.key_words == (1, 2, 3)
    assert graph.edges == (Edge(2, 1, "amod"), Edge(3, 2, "nsubj"))


def test_hu2022_full_counts_it() -> None:
    graph = build_graph(FIRST, "hu2022-full")
    assert graph.key_words == (0, 1, 2, 3, 5)
    assert graph.edges == (
        Edge(2, 0, "amod"),
        Edge(2, 1, "amod"),
        Edge(3, 2, "nsubj"),
        Edge(0, 1, "entity"),
        Edge(1, 0, "entity"),
    )


def test_wgsum_by_hand() -> None:
    graph = build_graph(REPORT, "wgsum")
    assert graph.key_words == (1, 2, 3, 6, 7, 9)
    assert graph.edges == (
        Edge(1, 3, "amod"),
        Edge(2, 3, "amod"),
        Edge(7, 9, "amod"),
        Edge(1, 2, "entity"),
        Edge(2, 1, "entity"),
        Edge(2, 3, "entity"),  # "left lower" modifies "lobe"
        Edge(3, 2, "entity"),
        Edge(7, 9, "entity"),  # "XXXX mild" modifies "atelectasis"
        Edge(9, 7, "entity"),
    )


def test_edge_types_are_37_relations_and_entity() -> None:
    assert len(EDGE_TYPES) == len(set(EDGE_TYPES)) == 38
    assert EDGE_TYPES[-1] == "entity"


@pytest.mark.parametrize(
    ("deprel", "type_"), [("nmod:poss", "nmod"), ("ROOT", "dep"), ("", "dep"), ("prep", "dep")]
)
def test_relations_lose_subtypes_and_foreign_ones_become_dep(deprel: str, type_: str) -> None:
    report = AnnotatedReport("1", ("a", "b"), (0,), (-1, 0), ("root", deprel), ())
    assert build_graph(report).edges == (Edge(0, 1, type_),)


@pytest.mark.parametrize("rule", GRAPH_RULES)
def test_empty_report_gives_empty_graph(rule: str) -> None:
    graph = build_graph(AnnotatedReport("1", (), (), (), (), ()), rule)
    assert (graph.words, graph.key_words, graph.edges) == ((), (), ())


def test_unknown_rule_suggests() -> None:
    with pytest.raises(InputError, match="did you mean 'hu2022'"):
        build_graph(REPORT, "hu2002")
