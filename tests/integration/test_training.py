"""Training: batches, rates, exact resume after kill -9, two processes = one."""

import errno
import itertools
import json
import math
import os
import shutil
import time
from collections import Counter
from pathlib import Path

import programs
import pytest
import torch
from short_runs import command
from tiny import tiny_model, tiny_processor

import evaluate
from graphsum import Summarizer
from graphsum.models.padding import fixed_length
from graphsum.options import resolve
from graphsum.options.runs import find_checkpoint
from graphsum.pretrained import load_weights, save_weights
from graphsum.training.course import batches, rate_factor, token_batches
from graphsum.training.loop import build_accelerator, log, parameter_groups
from graphsum.training.state import STATE_FILE
from preprocessing.errors import InputError, RunError
from preprocessing.files import locked_folder


def train(reports_file, run, *options, start=programs.run):
    done = start(*command(reports_file, run, *options))
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


def test_batches_by_tokens_hold_what_fits_and_show_every_report_once_per_pass():
    lengths = [5 + (31 * i) % 190 for i in range(300)]
    sizes = [fixed_length(length) for length in lengths]
    window = 50 * (800 // round(sum(sizes) / 300))
    taken = list(itertools.islice(token_batches(lengths, 800, seed=3), 700))
    assert taken == list(itertools.islice(token_batches(lengths, 800, seed=3), 700))
    assert taken != list(itertools.islice(token_batches(lengths, 800, seed=4), 700))
    full = 0
    for batch in taken:
        size = max(sizes[row] for row in batch)
        assert 2 <= len(batch) <= 800 // size
        full += len(batch) == 800 // size
    assert full > 0.9 * len(taken)
    used = sum(sizes[row] for batch in taken for row in batch) / (800 * len(taken))
    assert used > 0.85  # of the tokens that there is room for, rounding up counted
    rows = [row for batch in taken for row in batch]
    counts = [rows.count(row) for row in range(300)]
    assert max(counts) - min(counts) <= 1 + -(-window // 300)  # the last window is not complete
    whole = rows[: len(rows) // window * window]
    seen = [whole.count(row) for row in range(300)]
    assert max(seen) - min(seen) <= 1


def test_batches_by_tokens_by_hand():
    """A long and a short report in turn, 200 in a window: 100 of 128 tokens, 100 of 64.

    384 tokens are 3 or 6 of them. 33 batches of 3 long ones, 1 of a long one and 2 short ones, 16
    of 6 short ones leave 2; these share with the 6 before.
    """
    taken = itertools.islice(token_batches([128, 61], 384, seed=0), 51)
    assert Counter(map(len, taken)) == {3: 34, 6: 15, 4: 2}


def test_a_run_by_tokens_resumes_exactly(reports_file, whole, tmp_path):
    steps = ("--batch-tokens", "400", "--log-every", "1", "--validate-every", "2")
    with pytest.raises(InputError, match="are padded to 128 tokens, and a batch has 8 parts"):
        in_process(reports_file, tmp_path / "x", "--batch-tokens", "700", "--accumulation", "8")
    in_process(reports_file, tmp_path / "one", *steps, "--max-steps", "4", "--schedule", "noam")
    half = ("--max-steps", "2", "--schedule", "noam")
    in_process(reports_file, tmp_path / "two", *steps, *half)
    again = ("--max-steps", "4", "--schedule", "noam", "--resume")
    in_process(reports_file, tmp_path / "two", *steps, *again)
    assert len(losses(tmp_path / "one")) == 4
    assert losses(tmp_path / "two") == losses(tmp_path / "one")
    assert losses(tmp_path / "one")[1] != losses(whole)[1]


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
    process = programs.start(*command(reports_file, killed, *steps))
    deadline = time.monotonic() + 120
    while not (killed / "log.jsonl").exists() or max(losses(killed), default=0) < 7:
        assert process.is_alive(), "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.join()
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


def test_an_evaluation_that_was_broken_off_goes_on(whole, tmp_path, monkeypatch):
    command = ["--checkpoint", str(whole), "--num-beams", "2", "--batch-size", "1", "--output-dir"]
    evaluate.main([*command, str(tmp_path / "unbroken")])
    real, calls = Summarizer.write, []

    def write(self, findings, *given, **options):
        calls.append(len(findings))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, findings, *given, **options)

    monkeypatch.setattr(Summarizer, "write", write)
    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        evaluate.main([*command, str(broken)])
    assert sorted(path.name for path in broken.iterdir()) == [
        "predictions.jsonl.part",
        "predictions.jsonl.part.json",
        "predictions.jsonl.rejects.jsonl.part",
    ]
    with pytest.raises(InputError, match="cannot go on: its options was"):
        evaluate.main([*command[:-1], "--batch-size", "2", "--output-dir", str(broken)])
    evaluate.main([*command, str(broken)])
    assert calls == [4, 4, 4, 2]  # the second one again, and not the first
    for name in ("predictions.jsonl", "metrics.json", "report.html"):
        assert (broken / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()
    assert len(list(broken.iterdir())) == 3


@pytest.mark.slow
def test_two_processes_write_each_impression_once(whole, tmp_path):
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    command = ("evaluate.py", "--checkpoint", whole, "--num-beams", "2", "--output-dir")
    for name, start, launcher in (
        ("one", programs.run, ()),
        ("two", programs.run_fresh, torchrun),
    ):
        done = start(*launcher, *command, tmp_path / name)
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


@pytest.mark.slow
def test_two_processes_equal_one_on_the_same_global_batch(reports_file, tmp_path):
    options = ("--max-steps", "8", "--validate-every", "8", "--dropout", "0",
               "--graph-dropout", "0")  # fmt: skip
    train(reports_file, tmp_path / "one", *options)
    train(reports_file, tmp_path / "two", *options, start=programs.run_two)
    train(reports_file, tmp_path / "parts", *options, "--accumulation", "3")
    one = losses(tmp_path / "one")
    assert len(one) == 8
    for other in ("two", "parts"):
        assert losses(tmp_path / other) == pytest.approx(one, abs=1e-5)
    # A run goes on with another number of processes: one began, two go on, and the other way.
    alone, two = programs.run, programs.run_two
    for began, goes_on in ((alone, two), (two, alone)):
        run = tmp_path / ("grown" if began is alone else "shrunk")
        train(reports_file, run, "--max-steps", "4", *options[2:], start=began)
        train(reports_file, run, *options, "--resume", start=goes_on)
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
    train(reports_file, tmp_path / "two", *options, start=programs.run_two)
    for name in ("loss", "contrastive"):
        one, two = (losses(tmp_path / run, name) for run in ("one", "two"))
        assert len(one) == 4
        assert two == pytest.approx(one, abs=1e-5)
    assert one[1] > math.log(3)  # more than one negative counts


def in_process(reports_file, run, *options):
    import train as script

    script.main(command(reports_file, run, *options)[1:])


SHORT = ("--max-steps", "2", "--validate-every", "2")


def test_a_run_killed_before_its_first_checkpoint_begins_again(reports_file, tmp_path):
    run = tmp_path / "run"
    in_process(reports_file, run, *SHORT)
    for options in ((), ("--resume",)):
        shutil.rmtree(run / "best")
        shutil.rmtree(run / "last")
        (run / "log.jsonl").write_text('{"step": 1, "loss": 3.0}\n{"step": 2, "lo')
        with pytest.raises(InputError, match="already holds a run"):  # another one
            in_process(reports_file, run, *SHORT, "--seed", "5")
        in_process(reports_file, run, *SHORT, *options)
        assert list(losses(run)) == [1, 2]


def test_a_run_killed_at_its_first_checkpoint_begins_again(reports_file, tmp_path):
    run = tmp_path / "run"
    in_process(reports_file, run, *SHORT, "--resume")  # nothing there yet: it begins
    best = (run / "best" / "model.safetensors").read_bytes()
    for options in ((), ("--resume",)):
        shutil.rmtree(run / "last")  # best is written first
        shutil.copytree(run / "best", run / ".best.old")
        in_process(reports_file, run, *SHORT, *options)
        assert (run / "last" / "progress.json").is_file()
        assert (run / "best" / "model.safetensors").read_bytes() == best
        assert not (run / ".best.old").exists()
    # A run of several validations without its last state cannot go on, and is not begun again.
    in_process(reports_file, run, "--max-steps", "4", "--validate-every", "2", "--overwrite")
    shutil.rmtree(run / "last")
    for options, message in (((), "already holds a run"), (("--resume",), "nothing to resume")):
        with pytest.raises(InputError, match=message):
            in_process(reports_file, run, "--max-steps", "4", "--validate-every", "2", *options)


def test_overwriting_spares_what_is_not_the_run_s(reports_file, tmp_path):
    run = tmp_path / "run"
    in_process(reports_file, run, *SHORT)
    (run / "thesis.txt").write_text("mine")
    (tmp_path / "run.old").mkdir()
    before = (run / "last" / "model.safetensors").read_bytes()
    # A run that cannot start leaves the old one as it was.
    with pytest.raises(InputError):
        in_process(reports_file, run, *SHORT, "--overwrite", "--encoder", str(tmp_path / "none"))
    assert (run / "last" / "model.safetensors").read_bytes() == before
    in_process(reports_file, run, *SHORT, "--overwrite", "--seed", "9")
    assert (run / "last" / "model.safetensors").read_bytes() != before
    assert (run / "thesis.txt").read_text() == "mine"
    assert (tmp_path / "run.old").is_dir()
    assert list(losses(run)) == [1, 2]
    with pytest.raises(InputError, match="already holds a run"):
        in_process(reports_file, run, *SHORT)


def test_two_trainings_do_not_share_a_folder(reports_file, tmp_path):
    run = tmp_path / "run"
    with locked_folder(run), pytest.raises(InputError, match="another run is writing it"):
        in_process(reports_file, run, *SHORT)
    assert not (run / "options.yaml").exists()


DAMAGES = {
    "progress": lambda last: (last / "progress.json").write_text("{}"),
    "negative": lambda last: (last / "progress.json").write_text(
        '{"step": -1, "best_score": 0, "best_step": 0, "validations_without_gain": 0}'
    ),
    "no random states": lambda last: change_state(last, lambda s: s.pop("random.0.cpu")),
    "short random states": lambda last: change_state(
        last, lambda s: s.update({"random.0.cpu": s["random.0.cpu"][:9].clone()})
    ),
    "another optimiser": lambda last: change_state(
        last, lambda s: s.update({"optimizer.999.exp_avg": torch.zeros(3)})
    ),
    "another shape": lambda last: change_state(
        last, lambda s: s.update({"optimizer.0.exp_avg": torch.zeros(3)})
    ),
    "no moments": lambda last: change_state(last, lambda s: s.pop("optimizer.0.exp_avg")),
    "NaN": lambda last: change_state(last, lambda s: s["optimizer.0.exp_avg"].fill_(math.nan)),
    "cut state": lambda last: (last / STATE_FILE).write_bytes(
        (last / STATE_FILE).read_bytes()[:-9]
    ),
    "no weights": lambda last: (last / "model.safetensors").unlink(),
    "no state": lambda last: (last / STATE_FILE).unlink(),
}


def change_state(last, change):
    state = load_weights(last / STATE_FILE)
    change(state)
    save_weights(state, last / STATE_FILE)


def test_a_damaged_state_is_not_resumed(reports_file, tmp_path):
    run = tmp_path / "run"
    in_process(reports_file, run, *SHORT)
    whole = tmp_path / "whole"
    shutil.copytree(run / "last", whole)
    options = ("--max-steps", "4", "--validate-every", "2", "--resume")
    for damage in DAMAGES.values():
        damage(run / "last")
        with pytest.raises(InputError):
            in_process(reports_file, run, *options)
        shutil.rmtree(run / "last")
        shutil.copytree(whole, run / "last")
    in_process(reports_file, run, *options)
    assert list(losses(run)) == [1, 2, 3, 4]


def test_a_full_disk_is_one_line_and_the_run_goes_on_later(reports_file, tmp_path, monkeypatch):
    run = tmp_path / "run"

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("graphsum.training.checkpoints.save_training_state", full)
        with pytest.raises(RunError, match=r"No space left on device.*--resume"):
            in_process(reports_file, run, *SHORT)
    assert not (run / ".last.new").exists()
    in_process(reports_file, run, *SHORT, "--overwrite")
    assert (run / "last" / "progress.json").is_file()


@pytest.mark.parametrize(
    "options",
    ["--lr nan", "--lr 1e30", "--lr inf", "--clip nan", "--encoder-lr nan", "--dropout 1",
     "--contrastive-temperature 1e-40", "--weight-decay nan", "--label-smoothing 1",
     "--contrastive-weight inf", f"--seed {10**30}"],
)  # fmt: skip
def test_numbers_that_train_nothing_are_refused(reports_file, tmp_path, options):
    with pytest.raises(InputError, match=options.split()[0]):
        in_process(reports_file, tmp_path / "run", *options.split())
    assert not (tmp_path / "run").exists()


def test_the_log_is_json_whatever_happens(tmp_path):
    accelerator = build_accelerator(resolve({"output_dir": str(tmp_path)}))
    log(accelerator, tmp_path, 3, {"loss": math.nan, "lr": 0.5})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"step": 3, "loss": None, "lr": 0.5}
