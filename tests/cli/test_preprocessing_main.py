"""``python -m preprocessing`` through its real entry point."""

import json
import subprocess
from pathlib import Path

import programs
import pytest

from preprocessing.records import ReportGraph, from_json


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return programs.run("-m", "preprocessing", *arguments)


def fails(*arguments: str) -> str:
    """The one line of a user's mistake."""
    done = run(*arguments)
    assert done.returncode == 2, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_annotate_input(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    words = ["The", "lungs", "are", "clear", ".", "No", "effusion", "."]
    sentences = ["The lungs are clear .", "No effusion ."]
    source.write_text(
        json.dumps({"uid": 5, "words": words, "sentences": sentences, "extra": 1})
        + "\n"
        + json.dumps({"uid": "b", "words": words})
        + "\n"
        + json.dumps({"uid": "c", "words": []})
        + "\n"
    )
    done = run("annotate", "--input", str(source), "--output", str(target))
    assert done.returncode == 0, done.stderr
    first, second, third = (json.loads(line) for line in target.read_text().splitlines())
    assert (first["uid"], second["uid"], third["uid"]) == (5, "b", "c")  # as given
    assert first["words"] == words
    assert first["is_entity"] == [0, 1, 0, 1, 0, 0, 1, 0]
    assert ["clear", "lungs"] in first["edges"]
    assert {key: first[key] for key in ("words", "is_entity", "edges")} == {
        key: second[key] for key in ("words", "is_entity", "edges")
    }
    assert (third["words"], third["edges"]) == ([], [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"words": ["a"]}', "no uid"),
        ('{"uid": 1, "words": "a b"}', "words must be a list of strings"),
        ('{"uid": 1, "words": ["a"], "sentences": [1]}', "sentences must be a list of strings"),
        ('{"uid": 1, "words": ["a"], "sentences": ["b"]}', "sentences and words differ"),
        ("[]", "expected a JSON object"),
        ("{", "not a JSON object"),
    ],
)
def test_annotate_bad_input(tmp_path: Path, line: str, message: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(line + "\n")
    assert message in fails("annotate", "--input", str(source), "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert "--output" in fails("annotate")
    assert "one of --dataset NAME and --input FILE" in fails("annotate", "--output", out)
    assert "cannot be read" in fails("annotate", "--input", str(tmp_path / "no"), "--output", out)
    assert "did you mean 'builtin'" in fails(
        "annotate", "--input", str(empty), "--output", out, "--annotator", "buildin"
    )
    assert "invalid choice" in fails("anotate")
    assert "--dataset" in fails("show", "1")
    sample = ("graph", "--dataset", "sample", "--output", out)
    assert "give at least 1" in fails(*sample, "--workers", "0")
    assert "choose from local, ray" in fails(*sample, "--engine", "spark")
    assert not (tmp_path / "out").exists()


def write_reports(path: Path) -> Path:
    rows = [
        {"uid": "a", "findings": "There is a small effusion.", "impression": "Effusion."},
        {"uid": "b", "findings": "", "impression": "Normal."},
        {"uid": "c", "findings": "The lungs are clear.", "impression": "Normal.", "split": "test"},
    ]
    rows[0]["split"] = "train"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_dataset_commands(tmp_path: Path) -> None:
    source = write_reports(tmp_path / "in.jsonl")
    corpus = ("--dataset", "jsonl", "--data-dir", str(source))
    pairs, graphs = tmp_path / "pairs.jsonl", tmp_path / "graphs.jsonl"
    for command, output in (("annotate", pairs), ("graph", graphs)):
        done = run(command, *corpus, "--output", str(output))
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{output}: 2 reports\n{output}.rejects.jsonl: 1 left out\n"
        rejects = Path(f"{output}.rejects.jsonl")
        assert json.loads(rejects.read_text()) == {"uid": "b", "reason": "no findings"}
    in_words = [json.loads(line) for line in pairs.read_text().splitlines()]
    by_position = [json.loads(line) for line in graphs.read_text().splitlines()]
    for one, other in zip(in_words, by_position, strict=True):
        words = one["words"]
        assert words == other["words"]
        assert [position for position, key in enumerate(one["is_entity"]) if key] == other[
            "key_words"
        ]
        assert one["edges"] == [[words[head], words[end]] for head, end, _ in other["edges"]]

    stats = run("stats", *corpus, "--graphs", str(graphs))
    assert stats.returncode == 0, stats.stderr
    assert "no findings: 1" in stats.stdout
    assert stats.stdout == run("stats", *corpus).stdout


def test_findings_alone_in_a_table_with_columns_of_its_own(tmp_path: Path) -> None:
    source, target = tmp_path / "ris.txt", tmp_path / "graphs.jsonl"
    source.write_bytes("Nr;Befund;Größe\nx;Lungs are clear.;1\ny;;2\n".encode("cp1252"))
    given = ("--dataset", "csv", "--data-dir", str(source))
    assert "may be a table or one report" in fails("graph", *given, "--output", str(target))
    columns = ("--columns", "findings=BEFUND", "uid=nr")
    done = run("graph", *given, *columns, "--output", str(target))
    assert done.returncode == 0, done.stderr
    [graph] = target.read_text().splitlines()
    assert from_json(ReportGraph, json.loads(graph)).uid == "x"
    [reject] = Path(f"{target}.rejects.jsonl").read_text().splitlines()
    assert json.loads(reject) == {"uid": "y", "reason": "no findings"}
    done = run("stats", *given, *columns)
    assert done.returncode == 2
    encoding, error = done.stderr.splitlines()
    assert "Windows-1252" in encoding
    assert "no column 'impression' for impression" in error
    assert "clear" in run("show", "x", *given, *columns).stdout


def test_show(tmp_path: Path) -> None:
    source = write_reports(tmp_path / "in.jsonl")
    corpus = ("--dataset", "jsonl", "--data-dir", str(source))
    done = run("show", "a", *corpus)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("findings:   There is a small effusion.\n")
    page = tmp_path / "report.html"
    assert run("show", "a", *corpus, "--output", str(page)).returncode == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert "no report 'z'" in fails("show", "z", *corpus)
    assert "'b' is left out: no findings" in fails("show", "b", *corpus)


def test_corpus_commands(tmp_path: Path) -> None:
    corpus = ("--dataset", "csv", "--data-dir", str(tmp_path / "toy.csv"))
    (tmp_path / "toy.csv").write_text(
        "uid,findings,impression\n"
        "a,The lungs are clear. No effusion.,Normal chest.\n"
        "b,There is mild cardiomegaly.,Large heart.\n"
        "c,Possible nodule in the left apex.,Nodule.\n"
    )
    graphs, pairs = tmp_path / "graphs.jsonl", tmp_path / "pairs.jsonl"
    for command, target in (("graph", graphs), ("annotate", pairs)):
        done = run(command, *corpus, "--output", str(target))
        assert done.returncode == 0, done.stderr
    read = [from_json(ReportGraph, json.loads(line)) for line in graphs.read_text().splitlines()]
    assert {graph.uid for graph in read} == {"a", "b", "c"}
    assert [json.loads(line)["words"] for line in pairs.read_text().splitlines()] == [
        list(graph.words) for graph in read
    ]

    shown = run("show", "c", *corpus)
    assert shown.returncode == 0, shown.stderr
    assert "OBSERVATION           nodule uncertain" in shown.stdout
    assert "3 reports" in run("stats", *corpus).stdout
    assert "no report 'z'" in fails("show", "z", *corpus)
    assert "unknown graph rule 'hu2021'" in fails(
        "graph", *corpus, "--output", str(graphs), "--rule", "hu2021"
    )
    assert "mimic-cxr" in fails("download", "mimic-cxr")


def test_help_answers() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("annotate", "graph", "show", "stats", "download"):
        assert command in done.stdout
