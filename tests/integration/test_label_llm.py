"""The labeler of a language model: valid JSON, parity with a slow reading, LoRA, mistakes."""

import json

import numpy as np
import pytest
import torch
from tiny_encoder import CLASSES, REPORTS, SCHEMA, write_table
from tiny_llm import save_llm

from graphsum.cli import label_train
from graphsum.command_line import standalone
from graphsum.labelers.labeler import load_labeler
from graphsum.labelers.schema import load_schema
from graphsum.labelers.skeleton import SHIPPED_PROMPT, load_prompt
from preprocessing.errors import InputError

main = standalone(label_train, "graphsum label train")
TEXTS = [text for text, *_ in REPORTS]


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    return save_llm(tmp_path_factory.mktemp("llama"), max_position_embeddings=2048)


@pytest.fixture(scope="module")
def chat_llm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen2")
    return save_llm(folder, "qwen2", chat=True, max_position_embeddings=2048)


@pytest.fixture
def schema(tmp_path):
    (tmp_path / "two.yaml").write_text(SCHEMA)
    return str(tmp_path / "two.yaml")


@pytest.fixture
def arguments(tmp_path, llm, schema):
    return {
        "--labeler": "llm", "--llm": llm, "--input": write_table(tmp_path / "reports.csv"),
        "--labels": "columns", "--schema": schema, "--output-dir": str(tmp_path / "run"),
        "--epochs": "1", "--batch-size": "8", "--lora-r": "4", "--precision": "no",
    }  # fmt: skip


def train(arguments):
    main([part for pair in arguments.items() for part in pair])


def slow_scores(labeler, text):
    """One report at a time, read anew for each class, without a cache."""
    questions = labeler.questions
    ids = questions.prompt_ids(text)
    rows = []
    for before in questions.skeleton.before:
        ids = [*ids, *before]
        with torch.no_grad():
            logits = labeler.llm(input_ids=torch.tensor([ids])).logits[0, -1]
        chances = torch.tensor([logits[one] for one in questions.skeleton.first]).softmax(0)
        rows.append(chances.tolist())
        ids = [*ids, *questions.skeleton.values[int(chances.argmax())]]
    return rows


@pytest.mark.parametrize("name", ["llm", "chat_llm"])
def test_scores_are_those_of_a_slow_reading(name, schema, request):
    llm = request.getfixturevalue(name)
    labeler = load_labeler("llm", schema, llm=llm)
    labeler.llm.float()
    scores, places = labeler.scores(TEXTS)
    assert np.allclose(scores, [slow_scores(labeler, text) for text in TEXTS], atol=1e-5)
    labels = labeler.label(TEXTS)
    assert [one.states[CLASSES[0]] is None for one in labels] == (places[:, 0] == 3).tolist()


def test_every_answer_is_json_with_the_keys_and_the_words(llm, schema):
    labeler = load_labeler("llm", schema, llm=llm)
    texts = [*TEXTS, "", '"}, {"x": "', "Effusion. " * 1500]
    words = set(load_prompt().values)
    for answer in labeler.answers(texts):
        values = json.loads(answer)
        assert tuple(values) == CLASSES
        assert set(values.values()) <= words


def test_adapters_learn_the_labels(arguments, tmp_path):
    write_table(tmp_path / "reports.csv", times=1)
    train(arguments | {"--epochs": "40", "--lora-lr": "2e-2", "--class-weights": "0"})
    folder = arguments["--output-dir"]
    found = load_labeler(folder).label(TEXTS)
    wanted = {"1": "present", "0": "absent", "-1": "uncertain", "": None}
    right = [
        one.states[name] == wanted[cell]
        for one, (_, *cells) in zip(found, REPORTS, strict=True)
        for name, cell in zip(CLASSES, cells, strict=True)
    ]
    assert sum(right) >= 14


def test_similar_reports_are_shown_and_never_the_report_itself(arguments, tmp_path):
    train(arguments | {"--lora-r": "0", "--shots": "2"})
    labeler = load_labeler(tmp_path / "run")
    questions = labeler.questions
    text = questions.prompter.tokenizer.decode(questions.prompt_ids(TEXTS[0]))
    assert text.count("Report:\n") == 3
    assert text.count(TEXTS[0]) == 1
    assert text.count("neumothorax: ") == 2  # its tokenizer knows no quotes
    values = json.loads((tmp_path / "run/labeler.json").read_text())
    assert "Small left" not in json.dumps(values)
    write_table(tmp_path / "reports.csv", times=4)
    with pytest.raises(InputError, match="not the tables whose reports"):
        load_labeler(tmp_path / "run")


def test_another_model_is_refused(arguments, tmp_path, llm):
    train(arguments | {"--lora-r": "0"})
    other = save_llm(tmp_path / "other", "llama", hidden_size=64)
    with pytest.raises(InputError, match="not the LLM that this checkpoint"):
        load_labeler(tmp_path / "run", llm=other)
    assert load_labeler(tmp_path / "run", llm=llm).label(["No effusion."])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("instruction: ", "instructions: ", "key 'instructions': unknown .did you mean"),
        ("{text}", "text", "key 'report': must be a text with"),
        ('absent: "no"', "absent: no", "key 'values': must hold words"),
        ("  uncertain: ", "  unsure: ", "key 'values': must give a word for each of present"),
        ('absent: "no"', 'absent: "yes not"', "begin with the same token"),
    ],
)
def test_mistakes_in_a_prompt_are_one_line(llm, schema, tmp_path, old, new, message):
    text = SHIPPED_PROMPT.read_text()
    assert old in text
    (tmp_path / "prompt.yaml").write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message):
        load_labeler("llm", schema, llm=llm, prompt=tmp_path / "prompt.yaml")


def test_a_prompt_names_each_class_with_its_definition(tmp_path):
    text = SHIPPED_PROMPT.read_text().replace('"- {name}"', '"- {name}: {definition}"')
    (tmp_path / "prompt.yaml").write_text(text)
    (tmp_path / "two.yaml").write_text(
        SCHEMA.replace("name: Pneumothorax,", "name: Pneumothorax, definition: air outside,")
    )
    question = load_prompt(tmp_path / "prompt.yaml").question(load_schema(tmp_path / "two.yaml"))
    assert "- Pneumothorax: air outside\n" in question
    assert "- Pleural Effusion: Pleural Effusion\n" in question


def test_without_a_model_it_is_one_line(schema):
    with pytest.raises(InputError, match="give --llm FOLDER"):
        load_labeler("llm", schema)
    with pytest.raises(InputError, match="--llm nowhere: no such folder"):
        load_labeler("llm", schema, llm="nowhere")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("llm", [], "labeler.json: not what graphsum label train writes"),
        ("shots", -1, "labeler.json: not what graphsum label train writes"),
        ("prompt", {}, "labeler.json, key 'instruction'"),
    ],
)
def test_damaged_folders_are_one_line(arguments, tmp_path, key, value, message):
    train(arguments | {"--lora-r": "0"})
    path = tmp_path / "run/labeler.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(InputError, match=message):
        load_labeler(tmp_path / "run")
