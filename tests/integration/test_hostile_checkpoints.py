"""Strangers' checkpoints: no code of theirs runs, no network is asked, nobody is prompted."""

import json
import pickle
import subprocess
import sys
import time

import pytest
import torch
from hostile import AUTO_MAP, CASES, Payload, change, copy_of, guarded, plant_modules, plant_pickles
from places import ROOT
from short_runs import command
from tiny import PAIRS, tiny_model, tiny_processor
from tiny_llm import save_llm

import train
from graphsum.llm.loading import describe_llm, load_llm, load_llm_tokenizer
from graphsum.models.loading import load_model
from graphsum.pretrained import downloads, save_weights
from graphsum.summarizer import Summarizer
from graphsum.training.checkpoints import save_model
from preprocessing.errors import InputError, RunError

FINDINGS = PAIRS[0][0]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    processor = tiny_processor()
    save_model(tiny_model(processor), processor, folder)
    return folder


@pytest.fixture(scope="module")
def impression(checkpoint):
    return str(Summarizer.from_pretrained(checkpoint).summarize(FINDINGS, num_beams=1))


def test_there_are_enough_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES)
def test_nothing_of_a_stranger_runs(case, checkpoint, impression, tmp_path):
    """Either the checkpoint is refused in one line, or it works as if nothing were planted."""
    folder = copy_of(checkpoint, tmp_path / "copy")
    CASES[case](folder)
    started = time.monotonic()
    message, written = "", impression
    with guarded(tmp_path) as guards:
        try:
            written = str(Summarizer.from_pretrained(folder).summarize(FINDINGS, num_beams=1))
        except InputError as error:
            message = str(error)
    assert guards.seen == []
    assert "\n" not in message
    assert written == impression
    assert time.monotonic() - started < 30


def test_a_guard_sees_what_it_looks_for(tmp_path):
    with guarded(tmp_path) as guards:
        pickle.loads(pickle.dumps(Payload()))
    assert guards.seen == ["code ran"]


def test_resuming_a_stranger_s_run_unpickles_nothing(reports_file, tmp_path):
    """Before, `custom_checkpoint_0.pkl` was unpickled; a run of that time is one line."""
    run = tmp_path / "run"
    steps = ("--validate-every", "2")
    train.main(command(reports_file, run, "--max-steps", "2", *steps)[1:])
    plant_pickles(run / "last")
    plant_modules(run / "last")
    with guarded(tmp_path) as guards:
        train.main(command(reports_file, run, "--max-steps", "4", *steps, "--resume")[1:])
        assert guards.seen == []
        plant_pickles(run / "last")
        (run / "last" / "training_state.safetensors").unlink()
        with pytest.raises(InputError, match="earlier version, whose state is a pickle"):
            train.main(command(reports_file, run, "--max-steps", "6", *steps, "--resume")[1:])
    assert guards.seen == []


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "generation_config.json"])
def test_an_llm_with_code_of_its_own_is_used_without_it(file, tmp_path):
    folder = save_llm(tmp_path / "llm")
    change(tmp_path / "llm", file, "auto_map", value=AUTO_MAP)
    plant_modules(tmp_path / "llm")
    plant_pickles(tmp_path / "llm")
    with guarded(tmp_path) as guards:
        load_llm(describe_llm(folder))
        load_llm_tokenizer(folder)
    assert guards.seen == []


def test_the_network_is_asked_when_told_to(tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)  # between the tries of the hub's client
    with guarded(tmp_path) as guards:
        with pytest.raises(InputError, match="cannot be fetched"):
            describe_llm("evil/llm")
        assert guards.seen == []
        with downloads(True), pytest.raises(InputError, match="cannot be fetched"):
            describe_llm("evil/llm")
    assert "network" in guards.seen


def test_an_llm_of_pickles_is_refused(tmp_path):
    folder = save_llm(tmp_path / "llm")
    (tmp_path / "llm" / "model.safetensors").unlink()
    plant_pickles(tmp_path / "llm")
    with guarded(tmp_path) as guards, pytest.raises(InputError, match="--llm"):
        load_llm(describe_llm(folder))
    assert guards.seen == []


def weights_of(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: w.pop("fusion.weight"), "missing keys: fusion.weight"),
        (lambda w: w.update(more=torch.zeros(3)), "unexpected keys: more"),
        (lambda w: w["fusion.weight"].view(-1)[:1].fill_(torch.nan), "not finite"),
        (lambda w: w["fusion.bias"].fill_(torch.inf), "not finite"),
        (lambda w: w.update({"fusion.bias": torch.zeros(5)}), "the weights|cannot be loaded"),
    ],
)
def test_weights_that_are_not_the_model_s_are_refused(checkpoint, tmp_path, spoil, message):
    folder = copy_of(checkpoint, tmp_path / "copy")
    weights = weights_of(folder)
    spoil(weights)
    save_weights(weights, folder / "model.safetensors")
    with pytest.raises(InputError, match=message):
        load_model(folder)


def test_a_tokenizer_of_another_model_is_refused(checkpoint, tmp_path):
    folder = copy_of(checkpoint, tmp_path / "copy")
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text())
    first, second = list(values["model"]["vocab"])[20:22]
    vocabulary = values["model"]["vocab"]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="not the one that the model was trained with"):
        Summarizer.from_pretrained(folder)
    change(folder, "config.json", "tokenizer_hash", value=None)
    change(folder, "config.json", "eos_token_id", value=7)
    with pytest.raises(InputError, match="other tokens than the model"):
        Summarizer.from_pretrained(folder)


@pytest.mark.parametrize("options", [{"num_beams": 3}, {"num_beams": 1}, {"consensus": True}])
def test_scores_that_are_not_finite_are_no_impression(checkpoint, options):
    summarizer = Summarizer.from_pretrained(checkpoint)
    with torch.no_grad():
        summarizer.model.fusion.weight.fill_(torch.nan)
    with pytest.raises(RunError, match="not finite"):
        summarizer.summarize(FINDINGS, **options)


def test_the_same_without_any_network():
    """In a network namespace of its own, which has no way out."""
    nowhere = ["unshare", "--map-root-user", "--net"]
    try:
        permitted = subprocess.run([*nowhere, "true"], capture_output=True).returncode == 0
    except OSError:
        permitted = False
    if not permitted:
        pytest.skip("no network namespace may be made here")
    some = "auto_map or an_llm"
    tests = ["-m", "pytest", "-q", "-p", "no:xdist", __file__, "-k", some]
    done = subprocess.run(
        [*nowhere, sys.executable, *tests], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-2000:]
