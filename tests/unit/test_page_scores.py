"""The page of scores: where its charts put things, and what it tells of a report."""

import re
from html import unescape

import pytest

from graphsum.evaluation.report import evaluation_report
from graphsum.page.charts import Value, bar_chart, curve_chart, spread, ticks
from graphsum.page.scores import Example, error_table, learning_curves, render_scores
from preprocessing.records import Report

TRAIN = [
    Report("t1", "The lungs are clear.", "Normal chest.", labels=("normal",)),
    Report("t2", "There is a small left pleural effusion.", "Small left effusion."),
]
REPORTS = [
    Report("1", "Lungs are clear today.", "Normal chest.", labels=("normal",)),
    Report("2", "A large left pneumothorax.", "Large left pneumothorax.", labels=("Air",)),
]


@pytest.fixture(scope="module")
def report():
    """The first impression is right, the second invents an effusion and misses a pneumothorax."""
    return evaluation_report(["Normal chest.", "Small left effusion."], REPORTS, train=TRAIN)


def test_bars_are_to_scale():
    groups = {"a": {"s": Value(50, 40, 60), "t": None}, "b": {"s": Value(100, 90, 104), "t": None}}
    chart = bar_chart("t", groups, digits=0)
    first, second = chart.bars
    # 640 pixels less the names (96) and the values (128) are 416, for 104 units: 4 a unit.
    assert (first.x, first.width, first.low, first.high) == (96, 200, 256, 336)
    assert (second.width, second.low, second.high) == (400, 456, 512)
    assert (first.value, first.value_x) == ("50 (40–60)", 342)
    assert [one.text for one in chart.heads] == ["a", "b"]
    assert [one.text for one in chart.empty] == ["t", "t"]
    assert first.y < chart.empty[0].y < second.y < chart.height


def test_bars_without_any_value():
    chart = bar_chart("t", {"a": {"s": None}, "b": {"s": Value(0, 0, 0)}}, digits=1)
    assert [bar.width for bar in chart.bars] == [0]


def test_curves_end_where_their_values_are():
    chart = curve_chart("t", {"loss": [(0, 10), (50, 5), (100, 0)], "none": []})
    (curve,) = chart.curves
    x, y = zip(*(map(float, point.split(",")) for point in curve.points.split()), strict=True)
    assert x == (chart.left, (chart.left + chart.right) / 2, chart.right)
    assert y == (chart.top, (chart.top + chart.bottom) / 2, chart.bottom)
    assert (curve.end_x, curve.end_y) == (chart.right, chart.bottom)
    assert curve_chart("t", {"none": []}) is None
    assert len(curve_chart("t", {"one": [(7, 3)]}).curves[0].points.split()) == 1


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-3, 4, [-4, -2, 0, 2, 4]),
        (5, 5, [5, 5.2, 5.4, 5.6, 5.8, 6]),
        (0, 30000, [0, 10000, 20000, 30000]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == expected


def test_labels_do_not_cover_each_other():
    assert spread([30, 10, 12], 15) == [40, 10, 25]


def test_the_log_becomes_curves_and_later_entries_count():
    log = [
        {"step": 10, "loss": 4.0, "contrastive": 0.5, "lr": 1.0},
        {"step": 20, "loss": 3.0, "contrastive": 0.5, "lr": 1.0},
        {"step": 20, "val_rougeL": 50.0},
        {"step": 20, "loss": 2.0, "contrastive": 0.5, "lr": 1.0},
    ]
    loss, scores = learning_curves(log)
    assert [curve.label.text for curve in loss.curves] == ["loss", "contrastive"]
    assert loss.curves[0].points.split()[-1] == f"{loss.right:.1f},{loss.top + 100:.1f}"  # 2 of 4
    assert [curve.label.text for curve in scores.curves] == ["rougeL"]
    assert learning_curves([]) == []


def test_errors_by_tier(report):
    table = error_table(report, "findings")
    assert (table.judge, table.n) == ("the findings", 2)
    rows = dict(table.rows)
    assert list(rows) == ["critical", "urgent", "notable", "routine", "none", "all"]
    assert rows["critical"] == ["1: 50.0 (0.0–100.0)", "0", "0"]  # the pneumothorax
    assert rows["all"][0].startswith("1: 50.0")
    assert rows["all"][1].startswith("1: 50.0")  # the effusion


def test_the_page_holds_charts_tables_and_no_report(report):
    page = render_scores(report, title="a <corpus>", log=[{"step": 1, "loss": 2.0}])
    assert "<title>a &lt;corpus&gt;</title>" in page
    assert page.count("<svg") == 4
    assert page.count("<table") == 6
    assert "<script" not in page
    assert "script-src 'none'" in unescape(page)
    assert " style=" not in page
    for one in REPORTS:
        assert one.findings not in page
        assert one.impression not in page
    for cell in ("judged by the findings", "100.0 (100.0–100.0)", "google rouge-score"):
        assert cell in page


def test_examples_are_escaped(report):
    example = Example("<u>", "<img src=x>", "<b>", "</dl>")
    page = render_scores(report, title="t", examples=[example])
    assert "Invented reports" in page
    assert re.search(r"<(?:img|b|u)\b", page) is None
    assert "&lt;img src=x&gt;" in page
