"""Training: batches, rates, exact resume after kill -9, two processes = one."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from places import ROOT
from short_runs import ONE_THREAD, command
from tiny import tiny_model, tiny_processor

import evaluate
from graphsum.options import resolve
from graphsum.options.runs import find_checkpoint
from graphsum.training.loop import batches, build_accelerator, parameter_groups, rate_factor
from preprocessing.errors import InputError

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def train(reports_file, run, *options, launcher=(sys.executable,)):
    done = subprocess.run(
        [*launcher, *command(reports_file, run, *options)],
        cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="session")
def whole(reports_file, tmp_path_factory):
    """A run of 14 steps that nothing broke."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    train(reports_file, run, "--max-steps", "14", "--validate-every", "5")
    return run


def losses(run, name="loss"):
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {entry["step"]: entry[name] for entry in entries if name in entry}


def test_batches_show_every_report_once_per_pass():
    lengths = [(7 * i) % 31 for i in range(100)]
    taken = list(itertools.islice(batches(lengths, 8, seed=3), 50))  # 4 passes
    assert all(len(batch) == 8 for batch in taken)
    rows = [row for batch in taken for row in batch]
    assert all(rows.count(row) == 4 for row in range(100))
    assert taken == list(itertools.islice(batches(lengths, 8, seed=3), 50))
    assert taken != list(itertools.islice(batches(lengths, 8, seed=4), 50))


def test_batches_hold_reports_of_similar_length():
    lengths = [i % 97 for i in range(2000)]
    spread = [
        max(lengths[row] for row in batch) - min(lengths[row] for row in batch)
        for batch in itertools.islice(batches(lengths, 10, seed=0), 100)
    ]
    assert sum(spread) / len(spread) < 10  # shuffled batches would have about 79


def test_fewer_reports_than_a_batch():
    assert [len(batch) for batch in itertools.islice(batches([1, 2, 3], 8, seed=0), 3)] == [8] * 3


def test_rates_by_hand():
    noam = rate_factor(resolve({"preset": "hu2022", "dataset": "openi"}), 1500)
    assert noam(0) == pytest.approx(1500**-1.5)
    assert noam(1499) == pytest.approx(1500**-0.5)
    assert noam(5999) == pytest.approx(6000**-0.5)
    linear = rate_factor(resolve({"max_steps": 110}), 10)
    assert [linear(step) for step in (0, 9, 10, 60, 110)] == pytest.approx([0.1, 1, 1, 0.5, 0])


def test_parameter_groups_hold_every_parameter_once():
    model = tiny_model(tiny_processor())
    groups = parameter_groups(model, resolve({}))
    assert [group["weight_decay"] > 0 for group in groups] == [True, False, True, False]
    assert sum(len(group["params"]) for group in groups) == len(
        [p for p in model.parameters() if p.requires_grad]
    )
    assert {id(p) for p in groups[0]["params"] + groups[1]["params"]} == {
        id(p) for p in model.text_encoder.parameters()
    }


def test_a_killed_run_goes_on_exactly(reports_file, whole, tmp_path):
    """kill -9 after a checkpoint; --resume gives the losses of the unbroken run, with dropout."""
    steps = ("--max-steps", "14", "--validate-every", "5")
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, *command(reports_file, killed, "--max-steps", "14",
                                  "--validate-every", "5")],
        cwd=ROOT, env=os.environ | ONE_THREAD,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (killed / "log.jsonl").exists() or max(losses(killed), default=0) < 7:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert max(losses(killed)) < 14
    train(reports_file, killed, *steps, "--resume")
    assert losses(killed) == losses(whole)
    weights = [(run / "last" / "model.safetensors") for run in (killed, whole)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize("decoding", [("--num-beams", "2"), ("--consensus",)])
def test_a_run_is_evaluated_on_its_own_corpus(whole, tmp_path, decoding):
    evaluate.main(["--checkpoint", str(whole), "--output-dir", str(tmp_path), *decoding])
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["strata"]["all"]["n"] == 10
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 10


def test_two_processes_write_each_impression_once(whole, tmp_path):
    for name, launcher in (("one", ()), ("two", TORCHRUN)):
        done = subprocess.run(
            [sys.executable, *launcher, "evaluate.py", "--checkpoint", str(whole),
             "--output-dir", str(tmp_path / name), "--num-beams", "2"],
            cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("written:") == 1
    files = [tmp_path / name / "predictions.jsonl" for name in ("one", "two")]
    assert files[0].read_text() == files[1].read_text()


def test_the_newest_run_is_found(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphsum.options.runs.SHIPPED", ())
    with pytest.raises(InputError, match="no finished run under checkpoints/"):
        find_checkpoint(None)
    for age, name in ((50, "old"), (10, "new"), (30, "middle")):
        run = tmp_path / "checkpoints" / name
        (run / "best").mkdir(parents=True)
        (run / "options.yaml").write_text("dataset: sample\n")
        os.utime(run / "best", (time.time() - age,) * 2)
    assert find_checkpoint(None) == Path("checkpoints/new/best")
    assert find_checkpoint(whole) == whole / "best"
    assert find_checkpoint(whole / "last") == whole / "last"


def test_precision_that_this_machine_lacks(monkeypatch, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(InputError, match="--precision fp16 needs a GPU"):
        build_accelerator(resolve({"precision": "fp16", "output_dir": str(tmp_path)}))


def test_two_processes_equal_one_on_the_same_global_batch(reports_file, tmp_path):
    options = ("--max-steps", "8", "--validate-every", "8", "--dropout", "0",
               "--graph-dropout", "0")  # fmt: skip
    train(reports_file, tmp_path / "one", *options)
    torchrun = (sys.executable, *TORCHRUN)
    train(reports_file, tmp_path / "two", *options, launcher=torchrun)
    train(reports_file, tmp_path / "parts", *options, "--accumulation", "3")
    one = losses(tmp_path / "one")
    assert len(one) == 8
    for other in ("two", "parts"):
        assert losses(tmp_path / other) == pytest.approx(one, abs=1e-5)
    # A run goes on with another number of processes: one began, two go on, and the other way.
    alone = (sys.executable,)
    for began, goes_on in ((alone, torchrun), (torchrun, alone)):
        run = tmp_path / ("grown" if began is alone else "shrunk")
        train(reports_file, run, "--max-steps", "4", *options[2:], launcher=began)
        train(reports_file, run, *options, "--resume", launcher=goes_on)
        assert losses(run) == pytest.approx(one, abs=1e-5)


def test_others_can_read_the_weights(whole):
    for folder in (whole / "best", whole / "last"):
        files = [folder / name for name in ("config.json", "model.safetensors")]
        assert len({file.stat().st_mode for file in files}) == 1


def test_the_log_has_every_part_of_the_loss(reports_file, whole, tmp_path):
    assert losses(whole, "agreement") == {}  # nothing of what is not used
    train(reports_file, tmp_path / "run", "--max-steps", "4", "--validate-every", "4",
          "--r-drop", "1", "--accumulation", "2")  # fmt: skip
    for name in ("loss", "contrastive", "agreement"):
        logged = losses(tmp_path / "run", name)
        assert list(logged) == [1, 2, 3, 4]
        assert all(value > 0 for value in logged.values())


def test_negatives_come_from_all_processes(reports_file, tmp_path):
    """The batch is one, whoever computes which of its (here seven) reports."""
    options = ("--max-steps", "4", "--validate-every", "4", "--dropout", "0", "--batch-size", "7",
               "--graph-dropout", "0", "--contrastive-negatives", "batch")  # fmt: skip
    train(reports_file, tmp_path / "one", *options)
    train(reports_file, tmp_path / "two", *options, launcher=(sys.executable, *TORCHRUN))
    for name in ("loss", "contrastive"):
        one, two = (losses(tmp_path / run, name) for run in ("one", "two"))
        assert len(one) == 4
        assert two == pytest.approx(one, abs=1e-5)
    assert one[1] > math.log(3)  # more than one negative counts
