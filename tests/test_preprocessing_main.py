"""``python -m preprocessing`` through its real entry point."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from preprocessing.records import ReportGraph, from_json

ROOT = Path(__file__).parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "preprocessing", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


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


def test_corpus_commands(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    corpus = ("--dataset", "csv", "--data-dir", str(tmp_path / "toy.csv"))
    (tmp_path / "toy.csv").write_text(
        "uid,findings,impression\n"
        "a,The lungs are clear. No effusion.,Normal chest.\n"
        "b,There is mild cardiomegaly.,Large heart.\n"
        "c,Possible nodule in the left apex.,Nodule.\n"
    )
    graphs, pairs = tmp_path / "graphs.jsonl", tmp_path / "pairs.jsonl"
    for command, target in (("graph", graphs), ("annotate", pairs)):
        done = run(command, *corpus, "--cache-dir", cache, "--output", str(target))
        assert done.returncode == 0, done.stderr
    read = [from_json(ReportGraph, json.loads(line)) for line in graphs.read_text().splitlines()]
    assert {graph.uid for graph in read} == {"a", "b", "c"}
    assert [json.loads(line)["words"] for line in pairs.read_text().splitlines()] == [
        list(graph.words) for graph in read
    ]
    assert len(list((tmp_path / "cache").iterdir())) == 1  # annotated once, read once

    shown = run("show", "c", *corpus)
    assert shown.returncode == 0, shown.stderr
    assert "OBSERVATION           nodule uncertain" in shown.stdout
    assert "3 reports" in run("stats", *corpus).stdout
    assert "no report 'z' among the 3 kept" in fails("show", "z", *corpus)
    assert "unknown graph rule 'hu2021'" in fails(
        "graph", *corpus, "--cache-dir", cache, "--output", str(graphs), "--rule", "hu2021"
    )
    assert "mimic-cxr" in fails("download", "mimic-cxr")


def test_help_answers() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("annotate", "graph", "show", "stats", "download"):
        assert command in done.stdout
