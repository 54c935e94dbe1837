"""benchmarks/speed.py through its real entry point, on four reports."""

import json

import programs
import pytest
from places import ROOT

CHECKPOINT = ROOT / "checkpoints" / "openi"


def speed(*options, cwd):
    return programs.run("benchmarks/speed.py", *options, cwd=cwd)


@pytest.mark.slow
def test_sample_is_timed_against_transformers(tmp_path):
    result = speed(
        *("--reports", "4", "--repeats", "1", "--sizes", "small"),
        *("--only", "training", "generation", "annotation", "--batch-size", "2"),
        *("--steps", "2", "--device", "cpu"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    values = json.loads((tmp_path / "results/speed/speed.json").read_text())
    assert values["reports"] == 4
    assert values["device"] == "cpu"
    rows = {row["what"]: row for row in values["rows"] if row["what"][0] != " "}
    used = [row["value"] for row in values["rows"] if "share of the matrix rate" in row["what"]]
    assert len(used) == 2
    assert all(0 < share < 100 for share in used)
    assert set(rows) == {
        "training, small, bf16",
        "training, small, single precision",
        "padding of one pass of training batches",
        "generation, small, beam 1",
        "generation, small, beam 5",
        "annotation",
    }
    assert 0 <= rows.pop("padding of one pass of training batches")["value"] < 100
    assert all(row["value"] > 0 for row in rows.values())
    assert rows["generation, small, beam 5"]["baseline"] > 0
    assert rows["generation, small, beam 5"]["baseline_tuned"] > 0
    assert rows["training, small, bf16"]["baseline"] > 0
    assert "| generation, small, beam 5" in (tmp_path / "results/speed/speed.md").read_text()


@pytest.mark.skipif(
    not (CHECKPOINT / "model.safetensors").is_file(),
    reason="checkpoints/openi is not here (only the repository has it, not an installed package)",
)
def test_a_trained_model_is_timed_with_each_decoding(tmp_path):
    result = speed(
        *("--reports", "2", "--repeats", "1", "--sizes", "small", "--only", "natural"),
        *("--checkpoint", CHECKPOINT),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    rows = json.loads((tmp_path / "results/speed/speed.json").read_text())["rows"]
    assert [row["what"].rsplit(", ")[-1] for row in rows] == ["beam 1", "beam 5", "consensus"]
    assert all(row["value"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("mistake", "named"),
    [(("--dataset", "opnei"), "opnei"), (("--device", "cuda"), "there is no GPU here")],
)
def test_a_mistake_is_one_line(tmp_path, mistake, named):
    result = speed(*mistake, cwd=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert named in result.stderr
