"""What a table says of patients stays out of all that a run leaves for others to read."""

import csv
import json
import stat

import pytest

import evaluate
import train
from graphsum.cli.main import main
from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError

CANARY = "Zebrafisch"
COLUMNS = ["--columns", "uid=Nr", "findings=Befund", "impression=Urteil", "split=Teil"]


@pytest.fixture
def table(tmp_path):
    """Every row has the canary in its findings and in a column of its own."""
    path = tmp_path / "ris.csv"
    corpus = load_corpus("sample")
    with open(path, "w", newline="", encoding="cp1252") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["Nr", "Befund", "Urteil", "Teil", "Name"])
        for part, size in (("train", 30), ("val", 4), ("test", 4)):
            for report in getattr(corpus, part)[:size]:
                findings = f"{report.findings} {CANARY} lung für sich."
                rows.writerow([report.uid, findings, report.impression, part, CANARY])
    return path


def test_a_run_and_its_evaluation_do_not_tell(table, tmp_path, capfd, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["--dataset", "csv", "--data-dir", str(table), *COLUMNS]
    train.main([*given, "--preset", "tiny", "--max-steps", "2", "--batch-size", "4",
                "--validate-every", "2", "--output-dir", "run"])  # fmt: skip
    evaluate.main(["--checkpoint", "run", "--num-beams", "1", "--output-dir", "results"])
    main(["summarize", "--checkpoint", "run", "--num-beams", "1", "--input", str(table),
          "--columns", "findings=Befund", "uid=Nr", "--output", "impressions.csv"])  # fmt: skip
    main(["export", "--checkpoint", "run", "--output", "given"])
    with pytest.raises(InputError) as error:
        evaluate.main(["--checkpoint", "run", "--columns", "findings=Text"])
    shown = capfd.readouterr()
    assert CANARY not in shown.out + shown.err + caplog.text + str(error.value)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != table]
    told = {path for path in files if CANARY.encode() in path.read_bytes()}
    cache = {path for path in files if path.parent.name == "cache"}
    assert cache
    assert cache <= told  # the annotations hold the reports' words
    for path in cache:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    names = {path.name for path in told - cache}
    # A tokenizer's vocabulary has frequent words; predictions may copy from the findings.
    assert names <= {"tokenizer.json", "predictions.jsonl", "impressions.csv"}
    assert {"metrics.json", "options.yaml", "log.jsonl"} <= {path.name for path in files}
    assert any("tfevents" in path.name for path in files)


# Command -> its output, and the names of files that may tell what the reports say.
TELLING = {
    ("label", "--column", "Befund"): ("labels.csv", set()),
    ("style", "profile", "--author", "Arzt", "--columns", "impression=Urteil"): ("p.json", set()),
    ("preprocess", "annotate"): ("words.jsonl", {"words.jsonl"}),
    ("ask", "--task", "paraphrase"): ("answers.jsonl", {"answers.jsonl"}),
    ("study", "make", "--n", "4", "--readers", "1", "--seed", "1"): ("study", {"reader-1.html"}),
    ("tasks", "build", "--tasks", "qa"): ("qa.jsonl", {"qa.jsonl"}),
}


@pytest.mark.parametrize("command", TELLING, ids=lambda command: " ".join(command[:2]))
def test_other_commands_tell_in_their_outputs_alone(command, tmp_path, capfd, caplog, monkeypatch):
    output, telling = TELLING[command]
    place = tmp_path / "there" / output
    place.parent.mkdir()
    reports = load_corpus("sample").train[:24]
    rows = [
        {
            "uid": report.uid, "id": report.uid, "Arzt": f"{CANARY} {n % 2}", "split": "train",
            "Befund": f"{report.findings} {CANARY} lung.",
            "Urteil": f"{report.impression} {CANARY}.",
        }
        for n, report in enumerate(reports)
    ]  # fmt: skip
    for row in rows:
        row |= {"text": row["Befund"], "findings": row["Befund"], "prediction": row["Urteil"]}
        row |= {"impression": row["Urteil"], "words": row["Befund"].split()}
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    broken = tmp_path / "broken.jsonl"
    broken.write_text(source.read_text() + f'{{"uid": "x", "{CANARY}": [}}\n')
    into = "--output-dir" if command[0] == "study" else "--output"
    given = {
        "study": ["--systems", f"a={source}", f"b={source}"],
        "tasks": ["--dataset", "jsonl", "--data-dir", str(source)],
        "style": [str(source)],
    }.get(command[0], ["--input", str(source)])
    where = 2 if command[0] == "style" else len(command)
    monkeypatch.chdir(tmp_path)
    main([*command[:where], *given, *command[where:], into, str(place)])
    bad = [one.replace("in.jsonl", "broken.jsonl") for one in given]
    with pytest.raises(InputError) as error:
        main([*command[:where], *bad, *command[where:], into, str(tmp_path / "other")])
    shown = capfd.readouterr()
    assert CANARY not in shown.out + shown.err + caplog.text + str(error.value)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    files += [path for path in place.parent.rglob("*.jsonl") if path.is_file()]
    told = {path.name for path in files if CANARY.encode() in path.read_bytes()}
    assert place.exists()
    assert told <= telling
