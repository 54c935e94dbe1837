"""The graphs of findings, drawn: as the page holds them."""

import base64
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from preprocessing.annotation import shared_annotator
from preprocessing.graphs import build_graph
from preprocessing.records import AnnotatedReport, Edge, ReportGraph
from preprocessing.show import svg
from preprocessing.text.prose import as_prose

GRAPH_RULE = "hu2022"


class FindingsGraph(NamedTuple):
    """The annotation of findings and the graph that a model reads of them."""

    annotated: AnnotatedReport
    graph: ReportGraph


def graphs_of_findings(findings: Sequence[str], rule: str = GRAPH_RULE) -> Iterator[FindingsGraph]:
    """The graph of each findings text, by the built-in annotator, without a model."""
    annotator = shared_annotator("builtin", None)
    texts = ((str(row), as_prose(text)) for row, text in enumerate(findings, 1))
    for annotated in annotator.annotate(texts):
        yield FindingsGraph(annotated, build_graph(annotated, rule))


def entity_drawing(graph: FindingsGraph) -> str:
    """The entities, key words and edges of the graph, packed (:func:`packed`)."""
    return packed(svg(graph.annotated, graph.graph, title="Entity graph"))


def dependency_drawing(graph: FindingsGraph) -> str:
    """The whole dependency tree of each sentence, packed (:func:`packed`)."""
    annotated = graph.annotated
    edges = [
        Edge(head, word, deprel)
        for word, (head, deprel) in enumerate(zip(annotated.heads, annotated.deprels, strict=True))
        if head >= 0
    ]
    tree = ReportGraph(annotated.uid, annotated.words, annotated.sentence_starts, (), tuple(edges))
    return packed(svg(annotated, tree, title="Dependencies", arrow="dependency"))


def packed(drawing: str) -> str:
    """An SVG drawing as ``[name, attributes, text or children]`` in JSON, deflated, in base64.

    The page makes elements of it, one by one; it parses no markup. Deflated it takes a fifth.
    """
    text = json.dumps(_element(ElementTree.fromstring(drawing)), separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _element(element: ElementTree.Element) -> list[object]:
    name = element.tag.rpartition("}")[2]
    children = [_element(child) for child in element]
    return [name, dict(element.attrib), children or (element.text or "").strip()]
