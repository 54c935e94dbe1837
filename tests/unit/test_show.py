"""One report drawn: what is marked, and that a report cannot become a program."""

import re
from xml.etree import ElementTree

from preprocessing.graphs import build_graph
from preprocessing.records import AnnotatedReport, Edge, Entity, Report, ReportGraph
from preprocessing.show import as_html, as_text

REPORT = Report("r1", "Mild effusion . No nodule .", "Effusion.", indication="Cough & fever")
ANNOTATED = AnnotatedReport(
    uid="r1",
    words=("Mild", "effusion", ".", "No", "nodule", "."),
    sentence_starts=(0, 3),
    heads=(1, -1, 1, 4, -1, 4),
    deprels=("amod", "root", "punct", "det", "root", "punct"),
    entities=(
        Entity(0, 1, "OBSERVATION_MODIFIER", uncertain=True),
        Entity(1, 2, "OBSERVATION", side="left", change="improved"),
        Entity(4, 5, "OBSERVATION", negated=True),
    ),
)
SVG = "{http://www.w3.org/2000/svg}"


def drawing(annotated: AnnotatedReport, graph: ReportGraph) -> ElementTree.Element:
    page = as_html(REPORT, annotated, graph)
    svg = re.search(r"<svg.*</svg>", page, re.DOTALL)
    assert svg
    return ElementTree.fromstring(svg.group())


def by_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in svg.iter() if element.get("class") == name]


def test_text() -> None:
    assert as_text(REPORT, ANNOTATED, build_graph(ANNOTATED, "hu2022-full")).splitlines() == [
        "findings:   Mild effusion . No nodule .",
        "impression: Effusion.",
        "",
        "   0  OBSERVATION_MODIFIER  Mild uncertain",
        "   1  OBSERVATION           effusion left improved",
        "   4  OBSERVATION           nodule negated",
        "",
        "effusion -amod-> Mild",
    ]


def test_words_stand_in_sentence_lines_and_key_words_are_marked() -> None:
    svg = drawing(ANNOTATED, build_graph(ANNOTATED, "hu2022-full"))
    texts = [element for element in svg.iter(SVG + "text") if element.get("class") != "type"]
    assert [element.text for element in texts] == list(ANNOTATED.words)
    lines = [element.get("y") for element in texts]
    assert len(set(lines[:3])) == len(set(lines[3:])) == 1
    assert float(lines[0] or 0) < float(lines[3] or 0)
    assert [element.text for element in by_class(svg, "key")] == ["Mild", "effusion", "nodule"]


def test_entities_are_coloured_struck_and_framed() -> None:
    svg = drawing(ANNOTATED, build_graph(ANNOTATED, "hu2022-full"))
    titles = [rect.findtext(SVG + "title") for rect in svg.iter(SVG + "rect")]
    assert titles == [
        "OBSERVATION_MODIFIER, uncertain",
        "OBSERVATION, left, improved",
        "OBSERVATION, negated",
        "uncertain",
    ]
    fills = [rect.get("fill") for rect in svg.iter(SVG + "rect")]
    assert fills[1] == fills[2] != fills[0]
    assert len(by_class(svg, "negated")) == 1
    assert len(by_class(svg, "uncertain")) == 1


def test_an_arc_bears_the_types_and_the_arrows_of_its_edges() -> None:
    graph = ReportGraph(
        "r1",
        ANNOTATED.words,
        ANNOTATED.sentence_starts,
        (),
        (Edge(1, 0, "amod"), Edge(0, 1, "entity"), Edge(1, 0, "entity"), Edge(0, 2, "punct")),
    )
    svg = drawing(ANNOTATED, graph)
    assert [element.text for element in by_class(svg, "type")] == ["amod, entity", "punct"]
    both, one = by_class(svg, "arc")
    assert (both.get("marker-start"), both.get("marker-end")) == ("url(#arrow)", "url(#arrow)")
    assert (one.get("marker-start"), one.get("marker-end")) == (None, "url(#arrow)")
    # The longer arc passes above the shorter one.
    heights = [float((element.get("y")) or 0) for element in by_class(svg, "type")]
    assert heights[1] < heights[0]


def test_nothing_of_a_report_is_markup() -> None:
    bad = "</text><script>alert('x')</script>\"&\x00\ud800"
    report = Report(bad, bad, bad, indication=bad, comparison=bad)
    annotated = AnnotatedReport(bad, (bad,), (0,), (-1,), (bad,), (Entity(0, 1, bad),))
    graph = ReportGraph(bad, (bad,), (0,), (0,), (Edge(0, 0, bad),))
    page = as_html(report, annotated, graph)
    assert "<script" not in page
    assert "\x00" not in page
    page.encode()
    ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    # The only addresses are the name of a format and a part of the page itself.
    assert set(re.findall(r"""(?:https?:|url\(|src=|href=)[^"')]*""", page)) == {
        "http://www.w3.org/2000/svg",
        "url(#arrow",
    }


def test_a_report_without_words() -> None:
    empty = AnnotatedReport("r1", (), (), (), (), ())
    assert list(drawing(empty, build_graph(empty)).iter(SVG + "text")) == []
