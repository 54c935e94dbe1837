"""benchmarks/processes.py: what is asked for, the slowest of several, the table."""

import json
from pathlib import Path

import processes
import pytest

from preprocessing.errors import InputError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--processes", "1"], "must divide 32 and be at least 2, not 1"),
        (["--processes", "3"], "must divide 32"),
        (["--steps", "19"], "--steps must be at least 20, not 19"),
    ],
)
def test_bad_input_is_told_before_anything_starts(given, message):
    with pytest.raises(InputError, match=message):
        processes.main(given)


def test_unconnected_launches_count_as_the_slowest(tmp_path, monkeypatch):
    """A stand-in for the launcher writes a step of 0.3 s, then one of 0.5 s."""
    started = []

    class Launched:
        def __init__(self, command, env):
            started.append((command, env["OMP_NUM_THREADS"]))
            output = Path(command[-1].removeprefix("--worker="))
            output.write_text(json.dumps({"step": 0.1 + 0.2 * len(started)}))

        def wait(self):
            return 0

    monkeypatch.setattr(processes.subprocess, "Popen", Launched)
    assert processes.launch(tmp_path / "x", ["--batch=16"], 1, 2) == {"step": 0.5}
    assert [threads for _, threads in started] == ["1", "1"]
    assert "--nproc-per-node=1" in started[0][0]


def test_table_compares_reports_per_second(capsys):
    parts = {"passes": 0.4, "reduction": 0.01, "optimizer": 0.02}
    processes.print_table(
        [("one", 32, {"step": 0.8} | parts, 1), ("two", 16, {"step": 0.5} | parts, 2)]
    )
    shown = capsys.readouterr().out
    assert "40.0" in shown  # 32 / 0.8
    assert "64.0" in shown  # 2 x 16 / 0.5
    assert "1.60" in shown
