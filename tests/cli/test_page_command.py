"""``graphsum summarize --output x.html`` and ``graphsum page`` through their entry points."""

import json
import re

import programs
import pytest
from page_rows import effusion_row
from places import ROOT


def graphsum(*arguments, cwd):
    return programs.run("-m", "graphsum", *arguments, cwd=cwd)


def reports_of(path):
    page = path.read_text(encoding="utf-8")
    return json.loads(
        re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)[0]
    )


def text_of(parts):
    return "".join(text for _, pieces in parts for text, _ in pieces)


def test_both_ways_give_the_same_page(tmp_path):
    rows = [
        {"uid": 7, "BEFUND": "Large left pneumothorax. The heart is enlarged.", "age": 40},
        {"uid": 8, "BEFUND": "see impression", "age": 50},
    ]
    reports = tmp_path / "reports.jsonl"
    reports.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = (
        "--input",
        reports,
        "--columns",
        "findings=BEFUND",
        "--checkpoint",
        ROOT / "checkpoints/openi",
    )
    for output in (("direct.html",), ("results.jsonl", "--explain")):
        done = graphsum("summarize", *options, "--output", *output, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = graphsum(
        "page",
        "--input",
        "results.jsonl",
        "--columns",
        "findings=BEFUND",
        "--output",
        "page.html",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "written: page.html, 2 reports\n")
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "direct.html").read_bytes()

    first, second = reports_of(tmp_path / "page.html")
    assert (first["uid"], first["columns"]) == ("7", [["age", "40"]])
    assert text_of(first["findings"]) == rows[0]["BEFUND"]
    assert "pneumothorax" in text_of(first["impression"]).lower()
    assert first["impression"][0][0] == "supported"
    assert (text_of(second["impression"]), second["flags"]) == ("", ["no_information"])
    assert "entities" in first


def test_one_text_becomes_a_page(tmp_path):
    checkpoint = ("--checkpoint", ROOT / "checkpoints/openi")
    text = "Small left effusion. <script>alert(1)</script>"
    done = graphsum("summarize", text, *checkpoint, "--output", "one.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (report,) = reports_of(tmp_path / "one.html")
    assert text_of(report["findings"]) == text
    assert "alert(1)</script>" not in (tmp_path / "one.html").read_text()


def test_drawings_may_be_left_out(tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps(effusion_row()) + "\n")
    options = ("--input", "rows.jsonl", "--output", "page.html", "--title", "A < B")
    done = graphsum("page", *options, "--no-drawings", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "entities" not in reports_of(tmp_path / "page.html")[0]
    assert "<title>A &lt; B</title>" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows.jsonl: no reports in it"),
        ([{"findings": "Clear lungs."}], "rows.jsonl: row 1: no column 'summary'"),
        ([effusion_row() | {"findings": "x"}], "rows.jsonl: row 1: its 'summary' does not fit"),
    ],
)
def test_a_mistake_is_one_line(rows, message, tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = graphsum("page", "--input", "rows.jsonl", "--output", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_a_table_is_no_result(tmp_path):
    table = tmp_path / "reports.csv"
    table.write_text("uid,findings\n1,Heart size is normal.\n", "utf-8")
    done = graphsum("page", "--input", table, "--output", tmp_path / "p.html", cwd=tmp_path)
    assert done.returncode == 2
    assert "give the JSON Lines that graphsum summarize --explain" in done.stderr
    assert "Heart" not in done.stderr
