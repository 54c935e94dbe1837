"""``graphsum label`` and its actions through their entry points."""

import csv
import json
import os
import subprocess
import sys
import time

import programs
import pytest
from places import DATA, ROOT

from graphsum.cli.main import main
from graphsum.labelers import labeling
from preprocessing.errors import InputError

REPORTS = [
    {"uid": "a", "findings": "Small left effusion. Heart normal.", "impression": "No edema."},
    {"uid": "b", "findings": "see impression", "impression": "Possible pneumonia, PICC in place."},
    {"uid": "c", "findings": "", "impression": ""},
]


def write_reports(path, rows=REPORTS):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def label(*arguments):
    main(["label", *map(str, arguments)])


def rows_of(path, delimiter=","):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def filled(row):
    return {name: value for name, value in row.items() if value not in ("", None)}


def test_a_table_of_reports_becomes_one_of_labels(tmp_path):
    output = tmp_path / "labels.csv"
    label("--input", write_reports(tmp_path / "reports.csv"), "--output", output)
    rows = rows_of(output)
    assert list(rows[0])[:3] == ["uid", "No Finding", "Enlarged Cardiomediastinum"]
    assert [filled(row) for row in rows] == [
        {"uid": "a", "Cardiomegaly": "0", "Edema": "0", "Pleural Effusion": "1"},
        {"uid": "b", "Pneumonia": "-1", "Support Devices": "1"},
        {"uid": "c"},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "reports.csv"]


def test_words_evidence_and_json_lines(tmp_path):
    reports = write_reports(tmp_path / "reports.csv")
    label("--input", reports, "--output", tmp_path / "a.tsv", "--words", "--evidence")
    first = filled(rows_of(tmp_path / "a.tsv", "\t")[0])
    assert first["Pleural Effusion"] == "present"
    assert first["Pleural Effusion evidence"] == "effusion"
    label("--input", reports, "--output", tmp_path / "a.jsonl", "--column", "impression")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert (lines[0]["Edema"], lines[0]["Pleural Effusion"], lines[0]["No Finding"]) == (0, None, 1)


def test_other_columns_another_schema_and_rows_without_a_uid(tmp_path):
    rows = [{"BEFUND": "Spiculated mass."}, {"BEFUND": "No calcifications."}]
    reports = write_reports(tmp_path / "ris.csv", rows)
    output = tmp_path / "labels.csv"
    label("--input", reports, "--output", output, "--column", "BEFUND",
          "--schema", DATA / "birads.yaml")  # fmt: skip
    assert [filled(row) for row in rows_of(output)] == [
        {"uid": "1", "Mass": "1", "Spiculated Margin": "1"},
        {"uid": "2", "Calcifications": "0", "Negative": "1"},
    ]


def many(tmp_path, n=1500):
    lines = (DATA / "labels_kinds.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    rows = [{"uid": f"u{row}", "text": texts[row % len(texts)]} for row in range(n)]
    return write_reports(tmp_path / "many.csv", rows)


def test_two_workers_write_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(labeling, "CHUNK", 100)
    reports = many(tmp_path, 300)
    label("--input", reports, "--output", tmp_path / "one.csv")
    label("--input", reports, "--output", tmp_path / "two.csv", "--workers", 2)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_kill_9_and_again_is_as_unbroken(tmp_path):
    reports = many(tmp_path)
    label("--input", reports, "--output", tmp_path / "whole.csv")
    code = (
        "import sys, time, graphsum.labelers.labeling as one\n"
        "one.CHUNK = 100\n"
        "real = one.label_chunk\n"
        "one.label_chunk = lambda *given: (time.sleep(0.05), real(*given))[1]\n"
        "from graphsum.cli.main import main\n"
        "main(['label', '--input', sys.argv[1], '--output', sys.argv[2]])\n"
    )
    broken = tmp_path / "broken.csv"
    script = tmp_path / "slow.py"
    script.write_text(code)
    process = programs.start(script, reports, broken, cwd=tmp_path)
    state = tmp_path / "broken.csv.part.json"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if json.loads(state.read_text())["checkpoint"]["records"] >= 200:
                break
        except (OSError, ValueError):
            time.sleep(0.01)
    process.kill()
    process.join()
    assert not broken.exists()
    with pytest.raises(InputError, match="an unfinished run is there and cannot go on: its form"):
        label("--input", reports, "--output", broken, "--words")
    label("--input", reports, "--output", broken)
    assert broken.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --input FILE"),
        (["--input", "reports.csv"], "give --output FILE"),
        (["--input", "reports.csv", "--output", "labels.xlsx"], "labels are written as .csv"),
        (["--input", "reports.csv", "--output", "reports.csv"], "is the input"),
        (["--input", "reports.csv", "--output", "l.csv", "--column", "finding"],
         "no column 'finding' (did you mean 'findings'?)"),
        (["--input", "reports.csv", "--output", "l.csv", "--workers", "0"], "must be at least 1"),
        (["--input", "reports.csv", "--output", "l.csv", "--probabilities"],
         "the labeler rules gives no probabilities"),
        (["--input", "reports.csv", "--output", "l.csv", "--schema", "chexpert13"],
         "did you mean 'chexpert14'?"),
        (["--input", "reports.csv", "--output", "l.csv", "--lableer", "rules"],
         "unknown option --lableer (did you mean '--labeler'?)"),
        (["evaluate", "--labels", "bad.csv", "--gold", "gold.csv"],
         "bad.csv:2, column 'Edema': allowed are 1, 0, -1, blank"),
        (["evaluate", "--labels", "gold.csv", "--gold", "reports.csv"],
         "reports.csv, line 1: no column 'No Finding'"),
        (["evaluate", "--labels", "gold.csv", "--gold", "nouid.csv"],
         "nouid.csv, line 1: no column 'uid'"),
        (["evaluate", "--labels", "twice.csv", "--gold", "gold.csv"],
         "twice.csv:3, column 'uid': a uid that is there before"),
        (["evaluate", "--labels", "gold.csv", "--gold", "gold.csv", "--classes", "Edma"],
         "'Edma' (did you mean 'Edema'?)"),
        (["evaluate", "--labels", "gold.csv", "--gold", "gold.csv", "--reliability", "r.svg"],
         "the labels have no probabilities"),
        (["audit", "--input", "reports.csv", "--labels", "other.csv", "--output", "a.html"],
         "none of its uids is in reports.csv"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    write_reports(tmp_path / "reports.csv")
    label("--input", "reports.csv", "--output", "gold.csv")
    gold = (tmp_path / "gold.csv").read_text()
    head, first, *_ = gold.splitlines()
    (tmp_path / "nouid.csv").write_text(gold.replace("uid", "name", 1))
    (tmp_path / "twice.csv").write_text(f"{head}\n{first}\n{first}\n")
    (tmp_path / "other.csv").write_text(f"{head}\n{first.replace('a,', 'z,', 1)}\n")
    cells = first.split(",")
    cells[head.split(",").index("Edema")] = "2"
    (tmp_path / "bad.csv").write_text(f"{head}\n{','.join(cells)}\n")
    with pytest.raises(InputError) as error:
        label(*arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_evaluate_prints_and_writes_its_scores(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_reports(tmp_path / "reports.csv")
    label("--input", "reports.csv", "--output", "gold.csv")
    head, *rest = (tmp_path / "gold.csv").read_text().splitlines()
    names = head.split(",")
    wide = [",".join([head, *(f"{name} p_present" for name in names[1:])])]
    wide += [row + "," + ",".join("0.9" if v == "1" else "0.1" for v in row.split(",")[1:])
             for row in rest]  # fmt: skip
    (tmp_path / "labels.csv").write_text("\n".join(wide) + "\n")
    label("evaluate", "--labels", "labels.csv", "--gold", "gold.csv", "--other", "gold.csv",
          "--json", "scores.json", "--reliability", "r.svg")  # fmt: skip
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["micro"]["f1"] == scores["four_state_accuracy"] == 1.0
    assert scores["reliability"]["ece"] == pytest.approx(0.1)
    assert (tmp_path / "r.svg").read_text().strip().startswith("<svg xmlns=")
    assert "paired bootstrap over reports" in capsys.readouterr().out


def test_the_console_command_is_light(tmp_path):
    write_reports(tmp_path / "reports.csv")
    code = (
        "import sys\nfrom graphsum.cli.main import main\n"
        "main(['label', '--input', 'reports.csv', '--output', 'l.csv'])\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'scipy', 'spacy', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "written: l.csv, 3 reports\n"
