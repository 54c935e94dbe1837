"""benchmarks/consistency.py: what it inserts, what it counts, and its real entry point."""

import importlib.util
import random

import programs
import pytest
from places import ROOT

from preprocessing.records import Report


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("flips", ROOT / "benchmarks/consistency.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_flips_change_one_thing(program):
    report = Report(
        "1",
        "No pneumothorax. There is a small left effusion.",
        "1. No pneumothorax. 2. Small left effusion. 3. No acute disease.",
    )
    flips = {flip.kind: flip.text for flip in program.flips_of(report, random.Random(0))}
    start, end = "1. No pneumothorax.", "3. No acute disease."
    effusion = "2. Small left effusion."
    assert flips["negation: absent -> present"] == f"1. Pneumothorax. {effusion} {end}"
    assert flips["negation: present -> absent"] == f"{start} 2. No small left effusion. {end}"
    assert flips["negation: nothing acute -> acute"] == f"{start} {effusion} 3. Acute disease."
    assert flips["side"] == f"{start} 2. Small right effusion. {end}"
    assert flips["severity"] == f"{start} 2. Large left effusion. {end}"
    assert flips["dropped"] == f"{start} {end}"
    assert flips["invented"].startswith(report.impression + " ")


def test_benchmark_counts_what_is_caught(program):
    report = Report(
        "1",
        "No pneumothorax. There is a small left effusion.",
        "No pneumothorax. Small left effusion.",
    )
    rows, alarms = program.evaluate([report], 5, random.Random(0))
    caught = {row.kind: (row.made, row.caught, row.right) for row in rows}
    for kind in ("negation: absent -> present", "side", "severity", "dropped"):
        assert caught[kind] == (1, 1, 1)
    assert caught["negation: nothing acute -> acute"] == (0, 0, 0)
    assert alarms == 0


def test_benchmark_mistakes_are_one_line():
    done = programs.run("benchmarks/consistency.py", "--dataset", "sample", "--flips", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --flips: at least 1\n"
