"""Invented findings that a reader has to act on, and what the shipped checkpoint does of them."""

import importlib.util
import json
import re

import pytest
from places import ROOT

from graphsum import Summarizer
from preprocessing.facts.comparison import is_actionable, statements_of

NORMAL = (
    "No acute cardiopulmonary abnormality.",
    "Normal chest. No pneumothorax, effusion or consolidation. No fracture.",
)


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("actionable", ROOT / "benchmarks/actionable.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def content_of(name):
    return json.loads((ROOT / f"benchmarks/actionable_{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(("name", "count"), [("dev", 168), ("dev_2", 168), ("held_out", 184)])
def test_patterns_match_their_findings_and_no_normal_impression(name, count):
    content = content_of(name)
    reports = content["reports"]
    assert len({report["id"] for report in reports}) == len(reports) == count
    assert {report["tells"] for report in reports} == {*content["tells"], None}
    for report in reports:
        if report["tells"]:
            pattern = re.compile(content["tells"][report["tells"]], re.IGNORECASE)
            assert pattern.search(report["findings"]), report["id"]
            assert not any(map(pattern.search, NORMAL)), report["id"]
        assert report["side"] in ("left", "right", None)


def test_counts_by_hand(program):
    reports = [
        {"id": "free air-1", "tells": "free air", "side": "left"},
        {"id": "free air-2", "tells": "free air", "side": "left"},
        {"id": "control-1", "tells": None, "side": None},
        {"id": "control-2", "tells": None, "side": None},
    ]
    texts = ["Free air under the left diaphragm.", "Clear lungs.", "Scoliosis.", "Free air."]
    assert program.counts_of(reports, {"free air": r"\bfree air"}, texts) == {
        "told": "1 of 2",
        "side": "1 of 1",
        "quiet": "1 of 2",
        "free air": "1 of 2",
    }


def test_what_is_denied_healed_or_well_placed_is_not_actionable():
    texts = [r["findings"] for r in content_of("dev")["reports"] if r["tells"] is None]
    assert len(texts) == 40
    assert sum(any(map(is_actionable, stated)) for stated in statements_of(texts)) <= 1


def test_the_shipped_checkpoint_tells_one_finding_of_each_kind():
    content = content_of("dev")
    reports = [report for report in content["reports"] if report["id"].endswith("-1")]
    reports = [report for report in reports if report["tells"]]
    assert len(reports) == 16
    summarizer = Summarizer.from_pretrained(ROOT / "checkpoints/openi")
    impressions = summarizer.summarize([report["findings"] for report in reports])
    told = [
        bool(re.search(content["tells"][report["tells"]], str(text), re.IGNORECASE))
        for report, text in zip(reports, impressions, strict=True)
    ]
    assert sum(told) >= 15
