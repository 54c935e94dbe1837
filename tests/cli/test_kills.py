"""benchmarks/kills.py, with few kills: a command goes on exactly after each."""

import json

import programs
import pytest


@pytest.mark.slow
def test_a_command_is_killed_and_goes_on(tmp_path):
    out = tmp_path / "kills.json"
    done = programs.run(
        *("benchmarks/kills.py", "--only", "annotate", "--tries", "2", "--changes", "4"),
        *("--output", out),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())["annotate"]
    assert found["killed"] == {"random moments": 2, "changes of the disk": 4}
    assert found["failures"] == []
