"""benchmarks/quality.py: what it runs, what it does not run again, and the table."""

import json
from pathlib import Path

import pytest
import quality

from preprocessing.errors import InputError

SCORES = {"rouge1": 50.0, "rouge2": 40.0, "rougeL": 45.0}
OBSERVATIONS = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "claims": 20, "contradicted": 1}


def strata(shift: float) -> dict:
    scores = {name: value + shift for name, value in SCORES.items()}
    return {name: scores | {"observations": OBSERVATIONS} for name in ("all", quality.HARD)}


@pytest.fixture
def calls(monkeypatch):
    """Stands for train.py and evaluate.py: notes each call and leaves the score behind."""
    made = []

    def call(program, *arguments):
        made.append((program, *arguments))
        folder = Path(arguments[arguments.index("--output-dir") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        if "evaluate.py" in (program, *arguments):
            metrics = {
                "strata": strata(len(made)),
                "baselines": {"constant": strata(-10)},
                "comparisons": {"neighbour": {"all": {"difference": dict.fromkeys(SCORES, 1.5)}}},
            }
            (folder / "metrics.json").write_text(json.dumps(metrics))
        return 1.0

    monkeypatch.setattr(quality, "call", call)
    return made


def test_each_variant_and_seed_once(calls, tmp_path, capsys):
    variants = tmp_path / "variants.yaml"
    variants.write_text("plain:\nno graph: {graph: none, typed_edges: false, lr: 0.001}\n")
    given = ["--seeds", "1", "2", "--variants", str(variants), "--output-dir", str(tmp_path / "q")]
    quality.main([*given, "--dataset", "sample"])
    trained = [call for call in calls if call[0] == "train.py"]
    assert len(calls) == 8
    assert trained[1][1:3] == ("--dataset", "sample")
    assert trained[1][3:10] == (
        *("--graph", "none", "--no-typed-edges", "--lr", "0.001", "--seed", "1"),
    )
    shown = capsys.readouterr().out
    assert "plain (n=2)" in shown
    # R-1 of plain: 50 + 2 and 50 + 6, so 54 with sample standard deviation sqrt(8)
    assert "54.0 ± 2.8" in shown
    assert "1.5 ± 0.0 / 1.5 ± 0.0 / 1.5 ± 0.0" in shown
    (constant,) = [line.split("|") for line in shown.splitlines() if "| constant" in line]
    assert [cell.strip() for cell in constant[2:4]] == ["40.0 / 30.0 / 35.0", "-"]
    rows = json.loads((tmp_path / "q" / "table.json").read_text())["rows"]
    assert rows["constant"][0]["all rouge1"] == 40
    assert rows["plain"][0]["contradicted"] == 5
    quality.main([*given, "--dataset", "sample"])
    assert len(calls) == 8  # nothing again
    (tmp_path / "q" / "plain-2" / "val" / "metrics.json").unlink()
    quality.main([*given, "--dataset", "sample"])
    assert [call[0] for call in calls[8:]] == ["evaluate.py"]
    capsys.readouterr()
    quality.main([*given, "--consensus", "--dataset", "sample"])  # what is there counts
    assert [(call[0], call[-1]) for call in calls[9:]] == [("evaluate.py", "--consensus")] * 4
    assert "no graph, consensus (n=2)" in capsys.readouterr().out


def test_only_some_variants(calls, tmp_path):
    given = ["--seeds", "1", "--output-dir", str(tmp_path), "--dataset", "sample"]
    quality.main([*given, "--only", "recipe"])
    assert [call[call.index("--output-dir") + 1] for call in calls] == [
        str(tmp_path / "recipe-1"),
        str(tmp_path / "recipe-1" / "val"),
    ]
    with pytest.raises(InputError, match="--only 'plain': the variants are recipe, without"):
        quality.main([*given, "--only", "plain"])


def test_a_mistake_is_put_back_in_training_and_evaluation(calls, tmp_path):
    variants = tmp_path / "variants.yaml"
    variants.write_text("wrong: {mistake: all-pairs, lr: 0.001}\n")
    given = ["--seeds", "1", "--variants", str(variants), "--output-dir", str(tmp_path / "q")]
    quality.main([*given, "--dataset", "sample"])
    assert [call[:3] for call in calls] == [
        ("benchmarks/mistakes.py", "all-pairs", program) for program in ("train.py", "evaluate.py")
    ]
    assert "--mistake" not in calls[0]
    assert "--lr" in calls[0]


def test_variants_that_are_none(tmp_path):
    path = tmp_path / "variants.yaml"
    for text in ("[1, 2]", "plain: 3", "{"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"variants\.yaml"):
            quality.read_variants(path)
