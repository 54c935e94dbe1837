"""A loss or gradient that is not finite: one step is passed over, several end the training."""

import json
import sys

import pytest
import torch
from short_runs import command

import train
from graphsum import command_line
from graphsum.training.step import SKIPPED_IN_A_ROW, FiniteGuard, TrainingStep
from preprocessing.errors import RunError


@pytest.fixture
def planted(monkeypatch):
    """Steps, counted from 1, whose loss is not a number from now on."""
    steps: set[int] = set()
    count = [0]
    original = TrainingStep.last_pass

    def last_pass(self, batch):
        count[0] += 1
        if count[0] not in steps:
            return original(self, batch)
        model = self.model
        unpatched, model.forward = model.forward, lambda **b: times_nan(unpatched(**b))
        try:
            return original(self, batch)
        finally:
            model.forward = unpatched

    def times_nan(output):
        output.generation_loss = output.generation_loss * torch.nan
        return output

    monkeypatch.setattr(TrainingStep, "last_pass", last_pass)
    return steps


def run(monkeypatch, reports_file, folder, *options):
    """Exit status of ``train.py``, in this process."""
    monkeypatch.setattr(sys, "argv", command(reports_file, folder, *options))
    try:
        command_line.run(train.main)
    except SystemExit as end:
        return end.code
    return 0


def entries(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("clip", ["1.0", "0"])
def test_one_step_is_passed_over(planted, clip, reports_file, tmp_path, monkeypatch, caplog):
    planted.add(4)
    options = ("--max-steps", "6", "--validate-every", "6", "--clip", clip)
    assert run(monkeypatch, reports_file, tmp_path / "run", *options) == 0
    assert "step 4: loss or gradient not finite; skipped (reports " in caplog.text
    losses = [entry["loss"] for entry in entries(tmp_path / "run") if "loss" in entry]
    assert all(torch.tensor(losses).isfinite())
    assert losses[4] < losses[0]  # it went on learning


def test_several_in_a_row_end_the_training(planted, reports_file, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    planted.update(range(8, 8 + SKIPPED_IN_A_ROW))
    options = ("--max-steps", "20", "--validate-every", "5")
    assert run(monkeypatch, reports_file, folder, *options) == 1
    printed = capsys.readouterr()
    assert "done" not in printed.out
    errors = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    for part in (f"step {7 + SKIPPED_IN_A_ROW}", "reports ", "--lr", "--resume"):
        assert part in errors[0]
    state = json.loads((folder / "last" / "progress.json").read_text())
    assert state["step"] == 7 + SKIPPED_IN_A_ROW
    planted.clear()
    options = ("--max-steps", "20", "--validate-every", "5")
    assert run(monkeypatch, reports_file, folder, *options, "--resume") == 0
    losses = [entry["loss"] for entry in entries(folder) if "loss" in entry]
    assert all(torch.tensor(losses).isfinite())
    assert entries(folder)[-1]["step"] == 20


def test_only_steps_in_a_row_count():
    guard = FiniteGuard()
    flags = ([True] * (SKIPPED_IN_A_ROW - 1) + [False]) * 3
    guard.check(1, flags, [["a"]] * len(flags))
    guard.check(1, [True] * (SKIPPED_IN_A_ROW - 1), [["a"]] * (SKIPPED_IN_A_ROW - 1))
    with pytest.raises(RunError, match=r"step 7: .* \(reports u1, u2, u3, u4 and 2 more\)"):
        guard.check(7, [True], [[f"u{n}" for n in range(1, 7)]])
