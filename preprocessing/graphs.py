"""Graph rules: from an annotated report to its entity graph.

A rule is one function and one line in ``GRAPH_RULES``. Nodes are the words of the findings.
"""

from collections.abc import Callable
from itertools import pairwise

from preprocessing.records import AnnotatedReport, Edge, Entity, ReportGraph
from preprocessing.registry import Table, load

GraphRule = Callable[[AnnotatedReport], ReportGraph]

# The 37 relations of Universal Dependencies v2, without subtypes.
# fmt: off
UD_RELATIONS = (
    "acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf", "compound",
    "conj", "cop", "csubj", "dep", "det", "discourse", "dislocated", "expl", "fixed", "flat",
    "goeswith", "iobj", "list", "mark", "nmod", "nsubj", "nummod", "obj", "obl", "orphan",
    "parataxis", "punct", "reparandum", "root", "vocative", "xcomp",
)
# fmt: on
EDGE_TYPES: tuple[str, ...] = (*UD_RELATIONS, "entity")

_KNOWN_RELATIONS = frozenset(UD_RELATIONS)
# Words that never carry an edge in Hu et al.: the de-identification mark and punctuation.
NO_EDGES = frozenset(("XXXX", ".", ",", ";", ":"))


def build_graph(annotated: AnnotatedReport, rule: str = "hu2022") -> ReportGraph:
    """The graph of a report by the rule of that name; raises ``InputError`` for unknown names."""
    return load(GRAPH_RULES, rule)(annotated)


def hu2022(annotated: AnnotatedReport) -> ReportGraph:
    """The graph of Hu et al. (ACL 2022, arXiv 2204.00203), as their released graphs have it.

    Key words are the words of all entities but UNCERTAINTY, without the first word of each
    sentence: in the released graphs it is a key word in 1 of 3,269 sentences, whatever it means.
    A dependency head -> dependent is kept if the dependent is a key word or the head is not;
    consecutive words of an entity are linked in both directions. No edge touches
    ``XXXX . , ; :``.
    """
    firsts = frozenset(annotated.sentence_starts)
    entities = [
        entity._replace(start=entity.start + (entity.start in firsts))
        for entity in _without_uncertainty(annotated)
    ]
    return _hu2022(annotated, entities)


def hu2022_full(annotated: AnnotatedReport) -> ReportGraph:
    """The same rule as the paper states it: first words of sentences count like all others."""
    return _hu2022(annotated, _without_uncertainty(annotated))


def _hu2022(annotated: AnnotatedReport, entities: list[Entity]) -> ReportGraph:
    key_words = _words_of(entities)
    edges = [
        Edge(head, dependent, _relation(deprel))
        for dependent, (head, deprel) in enumerate(
            zip(annotated.heads, annotated.deprels, strict=True)
        )
        if head >= 0 and (dependent in key_words or head not in key_words)
    ]
    edges += _entity_edges(entities)
    return _graph(annotated, key_words, edges)


def wgsum(annotated: AnnotatedReport) -> ReportGraph:
    """The graph of the predecessor, WGSum (Hu et al., ACL-IJCNLP Findings 2021).

    Key words as in :func:`hu2022_full`; an edge dependent -> head where both are key words, edges
    in both directions between consecutive words of an entity, and between the last word of a
    modifier entity and the last word of the ANATOMY or OBSERVATION entity it depends on.
    """
    entities = _without_uncertainty(annotated)
    key_words = _words_of(entities)
    entity_at = {word: entity for entity in entities for word in range(entity.start, entity.end)}
    edges = [
        Edge(dependent, head, _relation(deprel))
        for dependent, (head, deprel) in enumerate(
            zip(annotated.heads, annotated.deprels, strict=True)
        )
        if dependent in key_words and head in key_words
    ]
    edges += _entity_edges(entities)
    for modifier in entities:
        if not modifier.label.endswith("_MODIFIER"):
            continue
        target = entity_at.get(annotated.heads[modifier.end - 1])
        if target is not None and target != modifier and not target.label.endswith("_MODIFIER"):
            edges.append(Edge(modifier.end - 1, target.end - 1, "entity"))
            edges.append(Edge(target.end - 1, modifier.end - 1, "entity"))
    return _graph(annotated, key_words, edges)


GRAPH_RULES: Table[GraphRule] = Table(
    "graph rule", {"hu2022": hu2022, "hu2022-full": hu2022_full, "wgsum": wgsum}
)


def _without_uncertainty(annotated: AnnotatedReport) -> list[Entity]:
    return [entity for entity in annotated.entities if entity.label != "UNCERTAINTY"]


def _words_of(entities: list[Entity]) -> set[int]:
    return {word for entity in entities for word in range(entity.start, entity.end)}


def _relation(deprel: str) -> str:
    relation = deprel.partition(":")[0]
    return relation if relation in _KNOWN_RELATIONS else "dep"


def _entity_edges(entities: list[Entity]) -> list[Edge]:
    return [
        edge
        for entity in entities
        for left, right in pairwise(range(entity.start, entity.end))
        for edge in (Edge(left, right, "entity"), Edge(right, left, "entity"))
    ]


def _graph(annotated: AnnotatedReport, key_words: set[int], edges: list[Edge]) -> ReportGraph:
    words = annotated.words
    return ReportGraph(
        uid=annotated.uid,
        words=words,
        sentence_starts=annotated.sentence_starts,
        key_words=tuple(sorted(key_words)),
        edges=tuple(
            edge
            for edge in edges
            if words[edge.head] not in NO_EDGES and words[edge.dependent] not in NO_EDGES
        ),
    )
