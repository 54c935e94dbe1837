"""Whole reports as different hospitals write them; every text is invented."""

import json
from pathlib import Path

import pytest

from preprocessing.corpora.sections import extract_sections, split_sections

LINES = Path(__file__).parents[1].joinpath("data", "sections.jsonl").read_text("utf-8").splitlines()
REPORTS = [json.loads(line) for line in LINES]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report['id']} {report['class']}")
def test_findings_and_impression_of_whole_reports(report):
    sections = extract_sections(report["text"])
    assert (sections.findings, sections.impression) == (report["findings"], report["impression"])
    assert sections.combined == report.get("combined", False)
