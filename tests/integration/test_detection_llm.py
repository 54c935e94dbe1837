"""A language model as detector: lists of terms alone, both tasks learnt, stopped runs, mistakes."""

import json
from itertools import combinations

import numpy as np
import pytest
import torch
from tiny_encoder import CLASSES, REPORTS, SCHEMA, write_table
from tiny_llm import llm_tokenizer, save_llm

from graphsum.cli.main import main
from graphsum.labelers import labeling, phases
from graphsum.labelers.examples import PRESENT, UNKNOWN
from graphsum.labelers.labeler import load_labeler
from graphsum.labelers.llm import LLMLabeler
from graphsum.labelers.llm_training import TaskLoss
from graphsum.labelers.schema import load_schema
from graphsum.labelers.term_lists import SHIPPED_LIST_PROMPT, TermLists
from graphsum.options.label_options import LabelTrainOptions
from graphsum.pretrained import load_weights
from preprocessing.errors import InputError
from preprocessing.files import dumps

TEXTS = [text for text, *_ in REPORTS]
TERMS = ("fluid", "heart", 'heart "big"', "pneumothorax")
TABLE = "wording\tterm\n" + "".join(f"{term}\t{term}\n" for term in TERMS)
TRAIN = (
    "detect train --labeler llm --llm llm --input reports.csv --weak weak.jsonl --terms terms.tsv "
    "--schema two.yaml --output-dir run --batch-size 8 --precision no --lora-r 4 --weak-epochs 1"
)
WEIGHTS = "run/adapter/adapter_model.safetensors"


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llm")
    return save_llm(folder, all_bytes=True, max_position_embeddings=2048)


@pytest.fixture
def folder(tmp_path, monkeypatch, llm):
    """The rules' detections of eight reports, with a normaliser of more terms than they have."""
    monkeypatch.chdir(tmp_path)
    labeling._labeler.cache_clear()  # the folders of all tests have the same names
    (tmp_path / "llm").symlink_to(llm)
    (tmp_path / "two.yaml").write_text(SCHEMA)
    (tmp_path / "terms.tsv").write_text(TABLE)
    write_table(tmp_path / "reports.csv", times=1)
    states = {"1": 1, "0": 0, "-1": -1, "": None}
    rows = [
        {
            "uid": f"r0-{place}",
            "labels": {name: states[one] for name, one in zip(CLASSES, cells, strict=True)},
            "findings": [
                term
                for term, one in zip(("pneumothorax", "fluid"), cells[::-1], strict=True)
                if one == "1"
            ],
        }
        for place, (_, *cells) in enumerate(REPORTS)
    ]
    (tmp_path / "weak.jsonl").write_text("".join(map(dumps, rows)))
    return tmp_path


def command(text):
    main(text.split())


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def list_of(terms):
    """The lists of terms in the tokens of the tiny model."""
    tokenizer = llm_tokenizer(all_bytes=True)
    return TermLists(terms, lambda text: tokenizer(text)["input_ids"], end=2), tokenizer


def all_answers(lists):
    """Each list that there may be, in tokens, with its end."""
    return [
        [*lists.answer(places), lists.end]
        for size in range(len(TERMS) + 1)
        for places in combinations(range(len(TERMS)), size)
    ]


def choices(lists, written):
    """The tokens with which some list goes on after what is written."""
    return {one[len(written)] for one in all_answers(lists) if one[: len(written)] == written}


def test_what_may_follow_is_what_some_list_goes_on_with():
    lists, tokenizer = list_of(TERMS)
    answers = all_answers(lists)
    assert max(map(len, answers)) <= lists.longest
    for answer in answers:
        text = tokenizer.decode(answer[:-1])
        assert json.loads(text) == [lists.terms[place] for place in lists.read(answer)]
        for place in range(len(answer)):
            assert set(lists.allowed(answer[:place])) == choices(lists, answer[:place])
        assert lists.allowed(answer) == [lists.end]  # with which a finished list is padded


def slow_list(labeler, text):
    """One report, read anew for each token, among those with which some list goes on."""
    lists = labeler.findings.lists
    ids, written = labeler.findings.prompt_ids(text), []
    while lists.end not in written:
        with torch.no_grad():
            logits = labeler.llm(input_ids=torch.tensor([ids + written])).logits[0, -1]
        written.append(max(choices(lists, written), key=lambda token: float(logits[token])))
    return [lists.terms[place] for place in lists.read(written)]


def test_both_tasks_are_learnt_and_every_list_is_valid(folder):
    command(f"{TRAIN} --lora-lr 2e-2 --weak-epochs 30")
    command("detect --detector run --input reports.csv --output found.jsonl")
    weak, found = rows_of(folder / "weak.jsonl"), rows_of(folder / "found.jsonl")
    assert [one["uid"] for one in found] == [one["uid"] for one in weak]
    pairs = list(zip(found, weak, strict=True))
    assert sum(one["findings"] == sorted(own["findings"]) for one, own in pairs) >= 7
    right = [one["labels"][name] == own["labels"][name] for one, own in pairs for name in CLASSES]
    assert sum(right) >= 14
    labeler = load_labeler("run")
    texts = [*TEXTS, "", '["', "Effusion. " * 100]
    lists = labeler.term_lists(texts)
    assert all(one == sorted(set(one)) and set(one) <= set(TERMS) for one in lists)
    assert lists[:2] == [slow_list(labeler, text) for text in TEXTS[:2]]
    command("label --labeler run --input reports.csv --output labels.csv --words")
    header, first, *_ = (folder / "labels.csv").read_text().splitlines()
    assert header.startswith("uid,Pleural Effusion,Pneumothorax,finding: fluid,")
    assert first.split(",")[3] == ("present" if "fluid" in lists[0] else "")
    with pytest.raises(InputError, match="the labeler run gives no probabilities"):
        command("label --labeler run --input reports.csv --output more.csv --probabilities")
    assert "effusion" not in (folder / "run/log.jsonl").read_text().lower()


@pytest.mark.parametrize(("task", "n_classes", "n_findings"), [("mc", 2, 0), ("open", 0, 4)])
def test_one_task_alone(folder, task, n_classes, n_findings):
    command(f"{TRAIN} --tasks {task} --lora-r 0")
    command("detect --detector run --input reports.csv --output found.jsonl --llm llm")
    found = rows_of(folder / "found.jsonl")
    assert all(len(one["labels"]) == n_classes for one in found)
    assert all(len(one["findings"]) <= n_findings for one in found)
    labeler = load_labeler("run")
    assert len(labeler.schema.names) == n_classes + n_findings
    assert (labeler.label(TEXTS[:1])[0].probabilities is None) == (task == "open")


def test_the_joint_loss_is_the_sum_of_both(folder):
    command(f"{TRAIN} --lora-r 0")
    labeler = load_labeler("run")
    llm, questions, findings = labeler.llm, labeler.questions, labeler.findings
    options = LabelTrainOptions(input="-", weak="-", labeler="llm", llm="-")
    n = len(TEXTS)
    generator = np.random.default_rng(1)
    targets = np.hstack([generator.integers(0, 4, (n, 2)), generator.integers(0, 2, (n, 4))])
    prompts = {
        "mc": [questions.prompt_ids(text) for text in TEXTS],
        "open": [findings.prompt_ids(text) for text in TEXTS],
    }
    rows = np.arange(n)

    def loss(questions, findings, targets):
        own = LLMLabeler(load_schema("two.yaml"), llm, questions, findings)
        with torch.no_grad():
            return float(TaskLoss(own, prompts, targets, rows, options)(rows))

    mc, lists = loss(questions, None, targets[:, :2]), loss(None, findings, targets[:, 2:])
    assert loss(questions, findings, targets) == pytest.approx(mc + lists, abs=1e-4)
    total = count = 0
    for place, prompt in enumerate(prompts["open"]):
        answer = findings.lists.answer(np.flatnonzero(targets[place, 2:] == PRESENT).tolist())
        with torch.no_grad():
            logits = llm(input_ids=torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 :]
        for number, token in enumerate(answer):
            allowed = sorted(choices(findings.lists, answer[:number]))
            total -= float(logits[number, allowed].log_softmax(0)[allowed.index(token)])
            count += len(allowed) > 1
    assert lists == pytest.approx(total / count, abs=1e-4)
    unknown = targets.copy()
    unknown[:, 2:] = UNKNOWN
    assert loss(questions, findings, unknown) == pytest.approx(mc, abs=1e-4)


@pytest.mark.parametrize("stop_at", ["weak", "curated"])
def test_stopped_training_ends_with_the_same_weights(folder, monkeypatch, stop_at):
    arguments = f"{TRAIN} --labels weak.jsonl --epochs 1 --batch-size 2 --save-every 1"
    command(arguments)
    whole = load_weights(folder / WEIGHTS)
    phases_seen = [one["phase"] for one in rows_of(folder / "run/log.jsonl")]
    assert phases_seen == ["weak", "curated"]
    saved = phases._save_state

    def stopping(network, optimizer, name, step, place):
        saved(network, optimizer, name, step, place)
        if name == stop_at and step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(phases, "_save_state", stopping)
    with pytest.raises(KeyboardInterrupt):
        command(f"{arguments} --overwrite")
    monkeypatch.setattr(phases, "_save_state", saved)
    with pytest.raises(InputError, match="other options"):
        command(f"{arguments} --tasks open")
    command(arguments)
    again = load_weights(folder / WEIGHTS)
    assert all(torch.equal(tensor, again[name]) for name, tensor in whole.items())


@pytest.mark.parametrize(
    ("changed", "terms", "old", "new", "arguments", "message"),
    [
        ({}, TABLE, "", "", "--llm nowhere", "--llm nowhere: no such folder"),
        ({"findings": ["water"]}, TABLE, "", "", "", "1 wordings are not in terms.tsv"),
        ({}, TABLE, "instruction:", "question:", "", "list.yaml, key 'question': unknown"),
        ({}, TABLE, "a JSON list", "{term}", "", "list.yaml, key 'instruction': {term} stands for"),
        ({}, TABLE, "{text}", "it", "", "list.yaml, key 'report': must be a text with {text}"),
        ({}, TABLE, "", "", "--tasks mc", "--list-prompt: only for --labeler llm and the task op"),
        ({}, TABLE, "", "", "--labeler encoder --encoder e", "--list-prompt: only for --labeler l"),
    ],
)
def test_mistakes_are_one_line(folder, changed, terms, old, new, arguments, message):
    weak = {"uid": "r0-0", "labels": dict.fromkeys(CLASSES, 1), "findings": ["Fluid."]}
    (folder / "weak.jsonl").write_text(dumps(weak | changed))
    (folder / "terms.tsv").write_text(terms)
    prompt = SHIPPED_LIST_PROMPT.read_text()
    (folder / "list.yaml").write_text(prompt.replace(old, new))
    with pytest.raises(InputError) as caught:
        command(f"{TRAIN} --list-prompt list.yaml {arguments}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_model_it_is_one_line(folder):
    with pytest.raises(InputError, match="--llm is missing: a folder or a hub name"):
        command(TRAIN.replace("--llm llm", ""))


def test_a_prompt_may_name_the_terms(folder):
    text = SHIPPED_LIST_PROMPT.read_text().replace("a JSON list", "some of\n  {terms}\n  ")
    (folder / "list.yaml").write_text(text)
    command(f"{TRAIN} --lora-r 0 --list-prompt list.yaml")
    findings = load_labeler("run").findings
    prompt = findings.prompter.tokenizer.decode(findings.prompt_ids("Nothing is seen."))
    assert '\n- fluid\n- heart\n- heart "big"\n- pneumothorax\n' in prompt


@pytest.mark.parametrize(
    ("terms", "drop", "message"),
    [
        (("CHF", "chf"), "", "the term 'chf' is none, or cannot be told from another"),
        (("heart", "lung"), '[]"', "a list's end is none, or"),
        (("a", 'a", "b', "b"), "\\", "the term 'a' is none, or cannot be told from another"),
    ],
)
def test_terms_that_a_tokenizer_cannot_tell_apart_are_refused(terms, drop, message):
    """A tokenizer that knows no capitals, and not all signs."""

    def tokens_of(text):
        return [ord(one) for one in text.lower() if one not in drop]

    with pytest.raises(InputError, match=f"in this model's tokens {message}"):
        TermLists(terms, tokens_of, end=2)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("terms", ["fluid"], "labeler.json: not what graphsum label train writes"),
        ("terms", 3, "labeler.json: not what graphsum label train writes"),
        ("list_prompt", None, "labeler.json: a prompt is a mapping of instruction, report"),
    ],
)
def test_damaged_folders_are_one_line(folder, key, value, message):
    command(f"{TRAIN} --lora-r 0")
    path = folder / "run/labeler.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(InputError, match=message):
        load_labeler("run")
