"""Tuning through the commands: every method, resume, corrections, a reward that is hacked."""

import json

import programs
import pytest
import torch
from short_runs import command
from tiny import tiny_examples, tiny_model, tiny_processor, write_sample_reports
from tiny_llm import save_llm

from graphsum.cli.main import main
from graphsum.models.padding import IGNORED, labels_up_to, padded
from graphsum.options import Progress, TrainOptions
from graphsum.options.tune_options import TuneOptions
from graphsum.pretrained import load_weights
from preprocessing.errors import InputError, RunError
from preprocessing.files import read_jsonl

REWARDS = "rewards: {rouge: 1.0, missed_all: -0.1}\njudges: {observations: 1.0}\n"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums of several threads differ in the last bits from run to run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny model after 20 steps on 24 invented reports, and a file of rewards."""
    folder = tmp_path_factory.mktemp("tuning")
    reports = folder / "reports.jsonl"
    write_sample_reports(reports, train=24, val=4, test=1)
    _, *options = command(reports, folder / "start", "--max-steps", "20", "--validate-every", "20",
                          "--lr", "0.005", "--encoder-lr", "0.005")  # fmt: skip
    main(["train", *options])
    (folder / "rewards.yaml").write_text(REWARDS)
    return folder


def tune(trained, name, *options, rewards="rewards.yaml"):
    """A tuning of four steps, in this process; its folder and its log."""
    arguments = ["--checkpoint", str(trained / "start"), "--output-dir", str(trained / name)]
    if rewards:
        arguments += ["--rewards", str(trained / rewards)]
    sizes = ["--max-steps", "4", "--validate-every", "2", "--log-every", "1", "--batch-size", "4",
             "--samples", "4", "--max-new-tokens", "8", "--lr", "0.001",
             "--cache-dir", str(trained / "cache")]  # fmt: skip
    main(["tune", *arguments, *sizes, *options])
    return trained / name, list(read_jsonl(trained / name / "log.jsonl"))


@pytest.mark.parametrize("method", ["rloo", "scst", "dpo", "simpo"])
def test_every_method_tunes_and_logs(trained, method):
    run, entries = tune(trained, method, "--method", method)
    steps = [one for one in entries if "reward" in one]
    validations = [one for one in entries if "val_reward" in one]
    assert [one["step"] for one in validations] == [0, 2, 4]
    logged = {"reward", "judges", "rouge", "observations", "words", "claims", "doubt", "distinct_2"}
    assert steps
    for one in steps:
        assert logged <= set(one)
    assert any("kl" in one and "loss" in one for one in steps)
    before, after = (load_weights(place / "model.safetensors") for place in (
        trained / "start" / "best", run / "last"))  # fmt: skip
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert Progress.read(run / "last").step == 4
    for name in ("options.yaml", "tuning.yaml", "best/model.safetensors"):
        assert (run / name).is_file()


def test_a_run_that_is_resumed_ends_as_if_it_had_not_been_stopped(trained, monkeypatch):
    whole, entries = tune(trained, "whole")
    from graphsum.training import tuning

    calls = []

    def stopping(self, *, best):
        save(self, best=best)
        calls.append(best)
        if len(calls) == 2:  # the first is the start
            raise KeyboardInterrupt

    save = tuning.Tuner.save
    monkeypatch.setattr(tuning.Tuner, "save", stopping)
    with pytest.raises(KeyboardInterrupt):
        tune(trained, "parts")
    monkeypatch.undo()
    with pytest.raises(InputError, match="already holds a run"):
        tune(trained, "parts")
    main(["tune", "--resume", str(trained / "parts")])
    assert len(calls) == 2
    assert list(read_jsonl(trained / "parts" / "log.jsonl")) == entries
    first, second = (
        load_weights(run / "last" / "model.safetensors") for run in (whole, trained / "parts")
    )
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name])


def test_corrections_are_learnt_by_the_real_command(trained):
    """The chosen impression becomes likelier beside the rejected one; no corpus is needed."""
    rows = [
        {
            "uid": str(number),
            "findings": f"There is a {size} {side} pleural effusion. Heart size is normal.",
            "impression": "Normal chest.",
            "correction": f"{size.capitalize()} {side} effusion.",
        }
        for number, (size, side) in enumerate(
            (size, side) for size in ("small", "large") for side in ("left", "right")
        )
    ]
    file = trained / "corrections.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = programs.run(
        *("-m", "graphsum", "tune", "--checkpoint", trained / "start"),
        *("--method", "dpo", "--preferences", file, "--likelihood", "0.1"),
        *("--output-dir", trained / "corrected", "--max-steps", "12", "--validate-every", "6"),
        *("--batch-size", "4", "--lr", "0.002", "--warmup", "2"),
    )
    assert done.returncode == 0, done.stderr
    entries = list(read_jsonl(trained / "corrected" / "log.jsonl"))
    validations = [one for one in entries if "val_margin" in one]
    assert validations[0]["val_margin"] == pytest.approx(0, abs=1e-4)
    assert validations[-1]["val_margin"] > 1
    assert validations[-1]["val_preferred"] == 1


def test_a_reward_that_is_hacked_is_caught_by_the_audit_and_by_the_stop(trained, capsys):
    """Rewarded by length alone the reward rises, the judge does not, and the run says so."""
    (trained / "hack.yaml").write_text(
        "rewards: {length_ratio: 1.0}\njudges: {invented_all: -1.0, contradiction: -1.0}\n"
    )
    with pytest.raises(RunError, match=r"hackable: .*shuffled"):
        main(["reward", "audit", "--rewards", str(trained / "hack.yaml")])
    capsys.readouterr()
    _, entries = tune(
        trained, "hacked", "--max-steps", "60", "--lr", "0.003", "--stop-hacking", "2",
        "--log-every", "10", "--validate-every", "4", "--samples", "8", "--batch-size", "8",
        rewards="hack.yaml",
    )  # fmt: skip
    validations = [one for one in entries if "val_reward" in one]
    assert entries[-1]["stopped_hacking"] == 1
    assert validations[-1]["step"] < 60
    assert validations[-1]["val_reward"] > validations[0]["val_reward"]
    assert validations[-1]["val_judges"] <= validations[0]["val_judges"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give --rewards FILE"),
        (["--preferences", "x.jsonl"], "needs --method dpo or simpo"),
        (["--method", "ppo", "--rewards", "x"], "method"),
        (["--rewards", "x", "--likelihood", "1"], "--likelihood is for"),
        (["--rewards", "x", "--samples", "1"], "samples must be at least 2"),
        (["--rewards", "no.yaml"], "no.yaml"),
        (["--resume", "nowhere"], "no tuning to resume"),
    ],
)
def test_mistakes_are_one_line(trained, options, said):
    arguments = [] if "--resume" in options else ["--checkpoint", str(trained / "start")]
    with pytest.raises(InputError, match=said):
        main(["tune", *arguments, *options])


def test_logprobs_are_those_of_the_losses_and_of_sampling():
    """Sums of target_logprobs are minus the loss; rows take any report of the batch."""
    processor = tiny_processor()
    model = tiny_model(processor).eval()
    batch = processor.collate(tiny_examples(processor)[:3])
    labels = batch["labels"]
    logprobs = model.target_logprobs(batch, labels)
    assert ((logprobs == 0) == (labels == IGNORED)).all()
    loss = model(**batch, num_tokens=1.0).generation_loss
    assert logprobs.sum().item() == pytest.approx(-loss.item(), rel=1e-5)
    rows = torch.tensor([2, 0, 2])
    again = model.target_logprobs(batch, labels[rows], rows)
    torch.testing.assert_close(again, logprobs[rows], atol=1e-5, rtol=1e-5)
    uniforms = torch.rand(3, 6, 4, generator=torch.Generator().manual_seed(0))
    samples = model.labels_of(model.sample_impressions(batch, uniforms, temperature=1.0))
    assert samples.shape[:2] == (3, 4)
    assert (samples[..., 0] != processor.start_id).all()
    ended = samples == processor.end_id
    assert (ended.sum(-1) <= 1).all()


def test_labels_end_with_the_first_end_token_of_any_kind():
    tokens = torch.tensor([[[5, 7, 2, 0], [5, 3, 2, 0]], [[2, 5, 5, 5], [5, 6, 7, 8]]])
    assert labels_up_to(tokens, [2, 3]).tolist() == [
        [[5, 7, 2, -100], [5, 3, -100, -100]],
        [[2, -100, -100, -100], [5, 6, 7, 8]],
    ]


def test_an_llm_is_tuned_without_a_copy_of_it(tmp_path):
    """Instruct: the log-probabilities of its targets, and the start in the place of its adapter."""
    from graphsum.models.instruct import build_model, build_processor
    from graphsum.options import TrainOptions
    from graphsum.training.tuning import StartWeights
    from preprocessing.records import Report

    options = TrainOptions(model="instruct", llm=save_llm(tmp_path / "llm"), lora_r=2)
    processor = build_processor(options)
    model = build_model(options, processor).eval()
    reports = [Report("1", "Small left effusion."), Report("2", "Clear lungs.")]
    examples = list(processor.examples(reports, ["Effusion.", "Normal."]))
    batch = processor.collate(examples)
    labels = padded([example.labels for example in examples], IGNORED)
    given = model.target_logprobs(batch, labels)
    loss = model(**batch, num_tokens=1.0).loss
    assert given.sum().item() == pytest.approx(-loss.item(), rel=1e-4)
    start = StartWeights(model)
    assert sum(value.numel() for value in start.values) < 10_000  # the adapter alone
    with torch.no_grad():
        for parameter in start.parameters:
            parameter.add_(0.3)
    changed = model.target_logprobs(batch, labels)
    assert not torch.allclose(changed, given, atol=1e-3)
    with start.in_place():
        torch.testing.assert_close(model.target_logprobs(batch, labels), given.detach())
    torch.testing.assert_close(model.target_logprobs(batch, labels), changed)


@pytest.mark.parametrize("before", [{"split": "random", "split_seed": 7}, {"split_file": "a.json"}])
def test_a_split_that_is_given_replaces_that_of_the_run(before):
    """Of whatever kind the run's is: a file in the place of a name, or a name of a file."""
    saved = TrainOptions(dataset="openi", **before)
    options = {"rewards": "rewards.yaml"}
    by_file = TuneOptions(**options, split_file="b.json").train_options(saved)
    assert (by_file.split, by_file.split_file) == (None, "b.json")
    by_name = TuneOptions(**options, split="random", split_seed=3).train_options(saved)
    assert (by_name.split, by_name.split_seed, by_name.split_file) == ("random", 3, None)
    unchanged = TuneOptions(**options).train_options(saved)
    assert (unchanged.split, unchanged.split_file) == (saved.split, saved.split_file)
