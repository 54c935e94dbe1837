"""Options: precedence, files, mistakes."""

import json

import pytest

from graphsum.command_line import Parser, add_dataclass_options
from graphsum.options import (
    OPTIONS_FILE,
    PRESETS,
    TrainOptions,
    read_options,
    resolve,
    run_options,
    save_options,
)
from preprocessing.errors import InputError


def test_precedence(tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("preset: hu2022\nlr: 1e-4\nbatch-size: 8\n")
    options = resolve({"batch_size": 4}, config)
    assert options.encoder == PRESETS["hu2022"]["encoder"]  # preset over built-in
    assert options.lr == 1e-4  # file over preset
    assert options.batch_size == 4  # command line over file


def test_presets_by_corpus():
    assert resolve({}).preset == "tiny"
    assert resolve({"dataset": "openi"}).preset == "small"
    mimic = resolve({"dataset": "mimic-cxr"})
    assert (mimic.preset, mimic.max_steps, mimic.lr) == ("hu2022", 150_000, 0.05)
    openi = resolve({"dataset": "openi", "preset": "hu2022"})
    assert (openi.max_steps, openi.lr, openi.annotator) == (30_000, 0.04, "stanza")


@pytest.mark.parametrize("preset", PRESETS)
def test_saved_options_come_back(tmp_path, preset):
    needed = {"llm": "some/llm"} if {"decoder", "model"} & PRESETS[preset].keys() else {}
    if "alignment" in PRESETS[preset]:
        needed["init_from"] = "some/run"
    options = resolve({"preset": preset, "columns": {"findings": "A"}} | needed)
    save_options(options, tmp_path)
    assert run_options(tmp_path) == options


def test_json_file(tmp_path):
    config = tmp_path / "run.json"
    config.write_text(json.dumps({"max_steps": 7}))
    assert resolve({}, config).max_steps == 7


@pytest.mark.parametrize("what", ["source", "target", "prompt"])
def test_earlier_names_are_understood_and_not_shown(tmp_path, what):
    parser = Parser()
    add_dataclass_options(parser, TrainOptions)
    given = vars(parser.parse_args([f"--max-{what}-pieces", "77"]))
    assert given == {f"max_{what}_length": 77}
    assert "pieces" not in parser.format_help()
    (tmp_path / OPTIONS_FILE).write_text(f"max_{what}_pieces: 77\n")
    saved = run_options(tmp_path)
    assert saved == TrainOptions(**given)
    save_options(saved, tmp_path)
    text = (tmp_path / OPTIONS_FILE).read_text()
    assert f"max_{what}_length: 77" in text
    assert "pieces" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_sise: 3", r"did you mean 'batch_size'"),
        ("batch_size: many", "must be of type int"),
        ("batch_size: true", "must be of type int"),
        ("max_source_length: 9\nmax-source-pieces: 9", "max_source_length is given twice"),
        ("- 1", "mapping"),
        ("a: [", r"run\.yaml:1: not YAML"),
    ],
)
def test_mistakes_in_a_file(tmp_path, text, message):
    config = tmp_path / "run.yaml"
    config.write_text(text)
    with pytest.raises(InputError, match=message):
        read_options(config)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "smal"}, "did you mean 'small'"),
        ({"precision": "bf61"}, "did you mean 'bf16'"),
        ({"batch_size": 0}, "--batch-size must be above 0"),
        ({"lr": -1.0}, "--lr must be at least 0"),
        ({"contrastive_temperature": 0.0}, "--contrastive-temperature must be at least"),
        ({"r_drop": 1.0, "decoder": "causal-lm", "llm": "x"}, "--r-drop is for"),
    ],
)
def test_values_that_are_not_allowed(given, message):
    with pytest.raises(InputError, match=message):
        resolve(given)
