"""Edges back to heads, and completing trees; the tree search against trying every tree."""

import itertools
import random

import numpy as np
import pytest

from tools.partial_trees import (
    Parse,
    PartialTree,
    align_edges,
    complete_tree,
    maximum_spanning_tree,
)


def test_align_by_hand() -> None:
    sentences = [["The", "left", "lower", "lobe", "is", "clear"], ["No", "clear", "mass"]]
    is_entity = [0, 1, 1, 1, 0, 1, 0, 1, 1]
    edges = [
        ("lobe", "left"),
        ("lobe", "lower"),
        ("clear", "lobe"),
        ("left", "lower"),  # consecutive words of one entity, both ways
        ("lower", "left"),
        ("mass", "clear"),  # of the second sentence, though the first has a "clear" too
    ]
    first, second = align_edges(sentences, is_entity, edges) or []
    assert first.heads == {1: 3, 2: 3, 3: 5}
    assert first.joined == {2}
    assert second.heads == {1: 2}
    assert second.joined == frozenset()


def test_equal_words_take_the_nearest_head() -> None:
    words = ["no", "mass", "or", "large", "mass"]
    (tree,) = align_edges([words], [0, 1, 0, 1, 1], [("mass", "large"), ("mass", "mass")]) or []
    assert tree.heads == {3: 4, 4: 1}


def test_pairs_across_other_words_join_nothing() -> None:
    words = ["opacity", "of", "infection"]
    edges = [("opacity", "infection"), ("opacity", "infection"), ("infection", "opacity")]
    (tree,) = align_edges([words], [1, 0, 1], edges) or []
    assert tree.heads == {2: 0}
    assert tree.joined == frozenset()


def test_edges_that_do_not_fit() -> None:
    assert align_edges([["clear", "lungs"]], [1, 1], [("lungs", "hazy")]) is None
    # against the rule: the head is an entity word, the dependent is not
    assert align_edges([["the", "lungs"]], [0, 1], [("lungs", "the")]) is None


def test_complete_keeps_known_heads_and_takes_votes() -> None:
    words = ("no", "large", "effusion", "seen")
    known = PartialTree(words, (0, 1, 1, 0), {1: 2, 2: 3}, frozenset())
    vote = Parse([3, 3, 3, -1], ["det", "amod", "nsubj", "root"])
    # "no" has no edge, so it must hang on an entity word, not on "seen" as voted.
    assert complete_tree(words, [vote], known) == Parse(
        [1, 2, 3, -1], ["det", "amod", "nsubj", "root"]
    )


def test_complete_without_knowledge_is_the_majority() -> None:
    words = ("a", "b", "c")
    votes = [
        Parse([1, -1, 1], ["det", "root", "obj"]),
        Parse([1, -1, 1], ["amod", "root", "obj"]),
        Parse([2, 2, -1], ["det", "nsubj", "root"]),
    ]
    assert complete_tree(words, votes) == Parse([1, -1, 1], ["det", "root", "obj"])


def is_tree(heads: tuple[int, ...]) -> bool:
    if sum(head == -1 for head in heads) != 1:
        return False
    for node in range(len(heads)):
        seen = set()
        while node != -1:
            if node in seen:
                return False
            seen.add(node)
            node = heads[node]
    return True


@pytest.mark.parametrize("seed", range(30))
def test_spanning_tree_equals_exhaustive_search(seed: int) -> None:
    n = random.Random(seed).choice([1, 2, 3, 4, 5])
    scores = np.random.default_rng(seed).normal(size=(n + 1, n + 1))

    def value(heads: tuple[int, ...]) -> float:
        return float(sum(scores[head + 1, word + 1] for word, head in enumerate(heads)))

    best = max(
        (heads for heads in itertools.product(range(-1, n), repeat=n) if is_tree(heads)), key=value
    )
    assert maximum_spanning_tree(scores) == list(best)
