"""Whole reports as different hospitals write them; every text is invented."""

import json
import time
from pathlib import Path

import pytest

from preprocessing.corpora.markup import LINE_BREAK, without_markup
from preprocessing.corpora.sections import Section, extract_sections, split_sections

DATA = Path(__file__).parents[1] / "data"
REPORTS = [
    json.loads(line)
    for name in ("sections.jsonl", "sections_heldout.jsonl")
    for line in (DATA / name).read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report['id']} {report['class']}")
def test_findings_and_impression_of_whole_reports(report):
    sections = extract_sections(report["text"])
    assert (sections.findings, sections.impression) == (report["findings"], report["impression"])
    assert sections.combined == report.get("combined", False)


def test_split_sections_names_headings_and_what_they_are_about():
    text = "1. Clinical details\nFall\n\nFINDINGS (CT Chest):\nClear.\n**Summary** Fine.\n"
    text += "Signed by A. Reader"
    assert split_sections(text) == [
        Section("preamble", ""),
        Section("indication", "\nFall\n\n"),
        Section("findings", "\nClear.\n", "ct chest"),
        Section("summary", " Fine.\n"),
        Section("signature", " A. Reader"),
    ]


def test_other_sections_are_found_too():
    sections = extract_sections(
        "Clinical question\nEffusion?\nTechnique\nErect.\nComparison - Film of May.\n"
        "Diagnosis: Heart failure.\nReport\nNo effusion.\nOpinion\nNormal."
    )
    assert sections.indication == "Effusion? Heart failure."
    assert sections.comparison == "Film of May."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lungs<br/>clear", ("Lungs" + LINE_BREAK + "clear", True)),
        (r"Lungs\.br\clear", ("Lungs" + LINE_BREAK + "clear", True)),
        ("<b>Lungs</b>&nbsp;&lt; 1 cm", ("Lungs\u00a0< 1 cm", False)),
        (r"\H\Heart\N\ \T\ lungs", ("Heart & lungs", False)),
        ("A <5 mm nodule, a > b, R&D; ~2 cm", ("A <5 mm nodule, a > b, R&D; ~2 cm", False)),
        ("Clear~or so", ("Clear~or so", False)),
        ("Clear \nlungs", ("Clear \nlungs", False)),
        ("Clear   \nlungs<br>", ("Clear\nlungs" + LINE_BREAK, True)),
    ],
)
def test_markup(text, expected):
    assert without_markup(text) == expected


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "FINDINGS\n---\n",
            "Findings: ",
            "history, ",
            "FINDINGS (",
            "CHEST FINDINGS ",
            "1. ",
            "* ",
        ),
        *("<p ", "&lt;p&gt;", "&amp;", "\\.br\\", "~A:", "impression and ", "Signed by "),
    ],
)
def test_time_is_linear(unit):
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    extract_sections(text + "\n IMPRESSION: a")
    assert time.process_time() - started < 10
