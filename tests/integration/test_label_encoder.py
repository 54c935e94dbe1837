"""The labeler of a text encoder: trained through its command, stopped, loaded, mistakes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_encoder import CLASSES, REPORTS, SCHEMA, save_encoder, write_table

from graphsum.cli import label_train
from graphsum.command_line import standalone
from graphsum.labelers import phases
from graphsum.labelers.labeler import load_labeler
from preprocessing.errors import InputError

main = standalone(label_train, "graphsum label train")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def arguments(tmp_path, encoder):
    (tmp_path / "two.yaml").write_text(SCHEMA)
    table = write_table(tmp_path / "reports.csv")
    return {
        "--labeler": "encoder", "--encoder": encoder, "--input": table, "--labels": "columns",
        "--schema": str(tmp_path / "two.yaml"), "--output-dir": str(tmp_path / "run"),
        "--epochs": "2", "--batch-size": "8", "--folds": "0", "--precision": "no",
    }  # fmt: skip


def train(arguments, *more):
    main([*(part for pair in arguments.items() for part in pair), *more])


def states_by(folder, texts, **options):
    return [
        [one.states[name] for name in CLASSES]
        for one in load_labeler(folder, None, **options).label(texts)
    ]


WANTED = [
    [{"1": "present", "0": "absent", "-1": "uncertain", "": None}[cell] for cell in labels]
    for _, *labels in REPORTS
]
TEXTS = [text for text, *_ in REPORTS]


def test_labels_are_learnt_without_the_rules(arguments):
    arguments |= {"--epochs": "60", "--lr": "3e-3", "--head-lr": "1e-2"}
    train(arguments, "--no-rule-features")
    folder = arguments["--output-dir"]
    assert states_by(folder, TEXTS, precision="no") == WANTED
    labeler = load_labeler(folder)
    found = labeler.label(["Lungs are clear. Small left pleural effusion."])[0]
    assert sum(found.probabilities[CLASSES[0]]) == pytest.approx(1, abs=1e-3)
    assert set(found.evidence) == {name for name, state in found.states.items() if state}
    log = [json.loads(line) for line in (labeler_log(folder)).read_text().splitlines()]
    assert log[-1]["loss"] < 0.1
    assert "effusion" not in labeler_log(folder).read_text()


def labeler_log(folder):
    return Path(folder) / "log.jsonl"


def test_rules_are_the_start_and_thresholds_come_from_folds(arguments):
    arguments |= {"--folds": "2", "--epochs": "1", "--tuned-layers": "0"}
    train(arguments)
    folder = arguments["--output-dir"]
    values = json.loads((labeler_log(folder).parent / "labeler.json").read_text())
    assert values["temperature"] != 1
    assert len(values["thresholds"]) == 2
    assert not (labeler_log(folder).parent / "training").exists()
    phase = [json.loads(line)["phase"] for line in labeler_log(folder).read_text().splitlines()]
    assert list(dict.fromkeys(phase)) == ["fold 0", "fold 1", "curated"]
    assert states_by(folder, TEXTS)[:2] == WANTED[:2]


def test_weak_labels_come_first(arguments, tmp_path):
    lines = (tmp_path / "reports.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:9]) + "\n")
    arguments |= {"--labels": str(tmp_path / "few.csv"), "--weak": arguments["--input"]}
    train(arguments, "--weak-epochs", "1")
    log = [
        json.loads(one)
        for one in labeler_log(arguments["--output-dir"]).read_text().split("\n")[:-1]
    ]
    assert [(one["phase"], one["of"]) for one in log] == [("weak", 3), ("curated", 2)]


@pytest.mark.parametrize("stop_at", ["weak", "fold 0", "curated"])
def test_stopped_training_ends_with_the_same_weights(arguments, tmp_path, monkeypatch, stop_at):
    arguments |= {"--folds": "2", "--weak": arguments["--input"], "--save-every": "1"}
    train(arguments)
    run = tmp_path / "run"
    whole = phases.load_weights(run / "model.safetensors")
    saved = phases._save_state

    def stopping(network, optimizer, name, step, place):
        saved(network, optimizer, name, step, place)
        if name == stop_at and step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(phases, "_save_state", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(arguments, "--overwrite")
    monkeypatch.setattr(phases, "_save_state", saved)
    with pytest.raises(InputError, match="other options"):
        train(arguments | {"--epochs": "3"})
    train(arguments)
    again = phases.load_weights(run / "model.safetensors")
    assert all(torch.equal(tensor, again[name]) for name, tensor in whole.items())


def test_long_texts_are_read_to_their_end(arguments):
    arguments |= {"--epochs": "60", "--lr": "3e-3", "--head-lr": "1e-2"}
    train(arguments, "--no-rule-features", "--max-length", "16")
    text = "Heart size is normal. " * 30 + "Small apical pneumothorax."
    clear, late = (
        load_labeler(arguments["--output-dir"]).label([one])[0].probabilities[CLASSES[1]][0]
        for one in (text[:-26], text)
    )
    assert late > clear


def test_labels_do_not_depend_on_their_neighbours(arguments):
    train(arguments)
    labeler = load_labeler(arguments["--output-dir"], precision="no")
    together = labeler.label(TEXTS)
    alone = [labeler.label([text])[0] for text in TEXTS]
    for one, other in zip(together, alone, strict=True):
        assert np.allclose(
            [one.probabilities[n] for n in CLASSES], [other.probabilities[n] for n in CLASSES],
            atol=2e-4,
        )  # fmt: skip


def replaced(path, old, new):
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--encoder": "nowhere"}, "--encoder nowhere: no such folder"),
        ({"--folds": "1"}, "--folds must be 0 or at least 2"),
        ({"--labels": "nowhere.csv"}, "nowhere.csv"),
        ({"--column": "findings"}, "no column 'findings'"),
        ({"--uid-column": "name"}, "no column 'name'"),
        ({"--labels-say": "nothing"}, "choose from states, positives"),
    ],
)
def test_mistakes_are_one_line(arguments, change, message):
    with pytest.raises(InputError, match=message) as caught:
        train(arguments | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Pneumothorax\n", "Pneumothorx\n", "line 1: no column 'Pneumothorax' .did you mean"),
        ('clear.",,', 'clear.",yes,', "reports.csv:5, column 'Pleural Effusion': allowed are"),
        ("r0-1,", "r0-0,", "report 2: a uid that is there before"),
        ("r0-1,", ",", "report 2: no uid"),
    ],
)
def test_mistakes_in_tables_name_the_line(arguments, tmp_path, old, new, message):
    replaced(tmp_path / "reports.csv", old, new)
    with pytest.raises(InputError, match=message):
        train(arguments)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("labeler.json", '"temperature": 1.0', '"temperature": 0', "damaged"),
        ("labeler.json", '"rule_features": true', '"rule_features": false', "not those of this"),
        ("encoder/config.json", '"hidden_size": 32', '"hidden_size": 4096', "larger model"),
        ("encoder/config.json", '"model_type"', '"auto_map": {"AutoModel": "x"}, "model_type"',
         "code of its own"),
        ("encoder/tokenizer.json", '"[UNK]"', '"[UNX]"', "is not the one"),
    ],
)  # fmt: skip
def test_damaged_folders_are_one_line(arguments, tmp_path, file, old, new, message):
    train(arguments | {"--epochs": "1"})
    replaced(tmp_path / "run" / file, old, new)
    with pytest.raises(InputError, match=message):
        load_labeler(tmp_path / "run")
