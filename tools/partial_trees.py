"""Partial dependency trees out of published graph edges, and how to complete them.

Graphs built by the rule of Hu et al. (:func:`preprocessing.graphs.hu2022`) list, sentence by
sentence, the kept dependency edges in the order of their dependents, then the edges between
consecutive words of entities, both as pairs of words. Read backwards, they tell most heads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from preprocessing.graphs import NO_EDGES

WordPair = tuple[str, str]


class PartialTree(NamedTuple):
    """A sentence with what its graph tells.

    ``heads``: dependent -> head position, for the dependents whose edge was kept.
    ``joined``: positions whose word belongs to the same entity as the word before.
    """

    words: tuple[str, ...]
    is_entity: tuple[int, ...]
    heads: Mapping[int, int]
    joined: frozenset[int]


class Parse(NamedTuple):
    """A whole tree: heads (-1 at the root) and relations."""

    heads: Sequence[int]
    deprels: Sequence[str]


def align_edges(
    sentences: Sequence[Sequence[str]], is_entity: Sequence[int], edges: Sequence[WordPair]
) -> list[PartialTree] | None:
    """The partial tree of each sentence of one report, or None when the edges do not fit.

    Dynamic programme over sentences and edges: dependents increase within a sentence, every edge
    obeys the graph rule, and as few entity words as possible stay without a head (one per
    sentence is the root). Of equal words the nearest is the head.
    """
    # Number of edges used so far -> (cost, trees so far).
    states: dict[int, tuple[float, tuple[PartialTree, ...]]] = {0: (0.0, ())}
    start = 0
    for sentence in sentences:
        mask = tuple(is_entity[start : start + len(sentence)])
        start += len(sentence)
        following: dict[int, tuple[float, tuple[PartialTree, ...]]] = {}
        for used, (cost, trees) in states.items():
            for end, added, heads in _align_heads(sentence, mask, edges, used):
                for last, joined in _align_joined(sentence, mask, edges, end):
                    total = cost + added
                    if last not in following or total <= following[last][0]:
                        tree = PartialTree(tuple(sentence), mask, dict(heads), joined)
                        following[last] = (total, (*trees, tree))
        states = following
    return list(states[len(edges)][1]) if len(edges) in states else None


def _align_heads(
    words: Sequence[str], mask: Sequence[int], edges: Sequence[WordPair], used: int
) -> list[tuple[int, float, tuple[tuple[int, int], ...]]]:
    states: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {used: (0.0, ())}
    for dependent, word in enumerate(words):
        skip = float(mask[dependent] and word not in NO_EDGES)
        following = {end: (cost + skip, heads) for end, (cost, heads) in states.items()}
        for end, (cost, heads) in states.items():
            if end == len(edges) or edges[end][1] != word:
                continue
            candidates = [
                head
                for head, other in enumerate(words)
                if other == edges[end][0]
                and head != dependent
                and (mask[dependent] or not mask[head])
            ]
            if not candidates:
                continue
            head = min(candidates, key=lambda candidate: abs(candidate - dependent))
            # A tie goes to taking the edge at its first possible place.
            if end + 1 not in following or cost <= following[end + 1][0]:
                following[end + 1] = (cost, (*heads, (dependent, head)))
        states = following
    return [(end, cost, heads) for end, (cost, heads) in states.items()]


def _align_joined(
    words: Sequence[str], mask: Sequence[int], edges: Sequence[WordPair], used: int
) -> list[tuple[int, frozenset[int]]]:
    reached: list[tuple[int, frozenset[int]]] = [(used, frozenset())]
    joined: set[int] = set()
    start = 0
    while used + 1 < len(edges) and edges[used] == edges[used + 1][::-1]:
        places = (
            (first, second)
            for first in range(start, len(words))
            for second in range(first + 1, len(words))
            if mask[first] and mask[second] and (words[first], words[second]) == edges[used]
        )
        first, start = next(places, (0, 0))
        if not start:
            break
        # A few published pairs span other words; they tell nothing about an entity's bounds.
        if start == first + 1:
            joined.add(start)
        used += 2
        reached.append((used, frozenset(joined)))
    return reached


def complete_tree(
    words: Sequence[str], votes: Sequence[Parse], known: PartialTree | None = None
) -> Parse:
    """The tree that agrees most with the votes, keeps the known heads and obeys the graph rule.

    What the graph leaves out also tells: an entity word without an edge is the root or hangs on
    a word that carries no edges, and another word without an edge hangs on an entity word.
    """
    n = len(words)
    scores = np.zeros((n + 1, n + 1))  # [head + 1, dependent + 1]; row 0 is the root
    for dependent in range(n):
        scores[:, dependent + 1] = [-0.5, *(-0.01 * abs(head - dependent) for head in range(n))]
        if known is not None:
            for head in range(-1, n):
                scores[head + 1, dependent + 1] += _known_score(known, head, dependent)
    for vote in votes:
        for dependent, head in enumerate(vote.heads):
            scores[head + 1, dependent + 1] += 10 / len(votes)
    heads = maximum_spanning_tree(scores)
    return Parse(heads, [_relation(word, heads[word], votes) for word in range(n)])


def _known_score(known: PartialTree, head: int, dependent: int) -> float:
    if dependent in known.heads:
        return 100.0 * (known.heads[dependent] == head)
    if head < 0 or known.words[head] in NO_EDGES or known.words[dependent] in NO_EDGES:
        return 0.0
    would_be_kept = known.is_entity[dependent] or not known.is_entity[head]
    return -30.0 if would_be_kept else 0.0


def _relation(dependent: int, head: int, votes: Sequence[Parse]) -> str:
    if head < 0:
        return "root"
    names: Counter[str] = Counter()
    for vote in votes:
        if vote.deprels[dependent] != "root":
            names[vote.deprels[dependent]] += 3 if vote.heads[dependent] == head else 1
    # Without a name from any vote: what follows its head most often continues it.
    return names.most_common(1)[0][0] if names else "conj" if head < dependent else "nsubj"


def maximum_spanning_tree(scores: np.ndarray) -> list[int]:
    """Heads (-1 at the one root) of the best tree; ``scores[head + 1, dependent + 1]``, root row 0.

    Chu and Liu (1965), Edmonds (1967); a single root by trying each when several come out.
    """
    scores = scores.astype(float).copy()
    np.fill_diagonal(scores, -1e9)
    heads = _spanning_arborescence(scores)
    dependents = np.arange(1, len(scores))
    if np.sum(heads[1:] == 0) > 1:
        best = -np.inf
        for root in dependents:
            single = scores.copy()
            single[0, dependents[dependents != root]] = -1e6
            candidate = _spanning_arborescence(single)
            value = float(single[candidate[1:], dependents].sum())
            if value > best:
                best, heads = value, candidate
    return [int(head) - 1 for head in heads[1:]]


def _spanning_arborescence(scores: np.ndarray) -> np.ndarray:
    heads = scores.argmax(axis=0)
    heads[0] = 0
    cycle = _cycle(heads)
    if not cycle:
        return heads
    outside = [node for node in range(len(scores)) if node not in cycle]
    inner = np.array(cycle)
    # The cycle shrinks to one node, the last of the smaller problem.
    small = np.full((len(outside) + 1, len(outside) + 1), -1e9)
    small[:-1, :-1] = scores[np.ix_(outside, outside)]
    gain = scores[np.ix_(outside, cycle)] - scores[heads[inner], inner]
    small[:-1, -1] = gain.max(axis=1)
    small[-1, :-1] = scores[np.ix_(cycle, outside)].max(axis=0)
    small[-1, 0] = -1e9
    chosen = _spanning_arborescence(small)
    result = heads.copy()
    for place, node in enumerate(outside):
        if node == 0:
            continue
        head = chosen[place]
        from_cycle = head == len(outside)
        result[node] = inner[scores[inner, node].argmax()] if from_cycle else outside[head]
    entry = chosen[-1]
    result[inner[gain[entry].argmax()]] = outside[entry]
    return result


def _cycle(heads: np.ndarray) -> list[int]:
    done = {0}
    for start in range(1, len(heads)):
        path: list[int] = []
        node = start
        while node not in done and node not in path:
            path.append(node)
            node = int(heads[node])
        if node in path:
            return path[path.index(node) :]
        done.update(path)
    return []
