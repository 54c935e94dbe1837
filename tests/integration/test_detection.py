"""Detection through its commands: weak detections, normaliser, training, scores, mistakes."""

import json

import pytest
from tiny_encoder import CLASSES, SCHEMA, save_encoder, write_table

from graphsum.cli.main import main
from graphsum.labelers import labeling
from graphsum.labelers.detection import (
    compare_micro_f1,
    propose_terms,
    read_normaliser,
    write_normaliser,
)
from preprocessing.errors import InputError
from preprocessing.files import dumps


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labeling._labeler.cache_clear()  # the folders of all tests have the same names
    (tmp_path / "two.yaml").write_text(SCHEMA)
    write_table(tmp_path / "reports.csv")
    save_encoder(tmp_path / "encoder")
    return tmp_path


def command(text):
    main(text.split())


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_student_learns_both_tasks_from_the_rules(folder, capsys):
    command("detect weak --input reports.csv --output weak.jsonl --schema two.yaml")
    weak = rows_of(folder / "weak.jsonl")
    assert weak[1]["labels"] == {"Pleural Effusion": 1, "Pneumothorax": 0}
    assert weak[1]["findings"] == ["effusion"]
    command("detect terms --weak weak.jsonl --output terms.tsv")
    normaliser = read_normaliser(folder / "terms.tsv")
    assert normaliser.terms == ("pleural effusion", "pneumothorax")
    command(
        "detect train --encoder encoder --input reports.csv --weak weak.jsonl --terms terms.tsv "
        "--schema two.yaml --output-dir run --weak-epochs 60 --lr 3e-3 --head-lr 1e-2 "
        "--batch-size 8 --precision no"
    )
    command("detect --detector run --input reports.csv --output found.jsonl")
    found = rows_of(folder / "found.jsonl")
    assert list(found[0]) == ["uid", "labels", "findings"]
    assert [one["labels"] for one in found] == [one["labels"] for one in weak]
    capsys.readouterr()
    command(
        "detect evaluate --gold weak.jsonl --found found.jsonl --other weak.jsonl --terms terms.tsv"
        " --schema two.yaml --json scores.json"
    )
    assert "other's F1" in capsys.readouterr().out
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["mc"]["f1"] == scores["open"]["f1"] == 1.0
    assert scores["open"]["p_value"] == 1.0
    before = (folder / "found.jsonl").read_bytes()
    command("label --labeler run --input reports.csv --output labels.csv")
    assert "finding: pleural effusion" in (folder / "labels.csv").read_text().splitlines()[0]
    command("detect --detector run --input reports.csv --output found.jsonl")
    assert (folder / "found.jsonl").read_bytes() == before


@pytest.mark.parametrize(("tasks", "width"), [("mc", 2), ("open", 1)])
def test_one_task_alone(folder, tasks, width):
    (folder / "terms.tsv").write_text("wording\tterm\nfluid\tfluid\n")
    labels = {CLASSES[0]: 1, CLASSES[1]: None}
    rows = [{"uid": f"r0-{n}", "labels": labels, "findings": ["Fluid."]} for n in range(3)]
    (folder / "weak.jsonl").write_text("".join(map(dumps, rows)))
    command(
        f"detect train --encoder encoder --input reports.csv --weak weak.jsonl --tasks {tasks} "
        "--terms terms.tsv --schema two.yaml --output-dir run --weak-epochs 1"
    )
    command("label --labeler run --input reports.csv --output labels.csv")
    assert (folder / "labels.csv").read_text().splitlines()[0].count(",") == width


def test_the_command_of_labelers_takes_none_of_its_parents_values(folder):
    command(
        "label train --labeler encoder --encoder encoder --input reports.csv --labels columns "
        "--schema two.yaml --output-dir run --epochs 1 --folds 0"
    )
    command("label --labeler run --input reports.csv --output labels.csv --probabilities")
    assert "p_present" in (folder / "labels.csv").read_text().splitlines()[0]


def test_a_normaliser_is_proposed_by_names_and_counts(tmp_path):
    lists = [["Left effusion", "odd sign"], ["odd sign."], ["rare sign", "no effusion"]]
    rows = propose_terms(lists, at_least=2)
    assert rows == [
        ("odd sign", "odd sign"),
        ("left effusion", "pleural effusion"),
        ("no effusion", ""),
        ("rare sign", ""),
    ]
    write_normaliser(rows, tmp_path / "terms.tsv")
    normaliser = read_normaliser(tmp_path / "terms.tsv")
    assert normaliser.terms_in(["LEFT  effusion", "rare sign", "new"]) == {"pleural effusion"}


def test_micro_f1_and_its_paired_test_by_hand():
    gold = [frozenset("ab"), frozenset("c"), frozenset()] * 20
    found = [frozenset("a"), frozenset("c"), frozenset("d")] * 20
    scores = compare_micro_f1(gold, found, [frozenset()] * 60)
    assert scores["f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["other_f1"] == 0.0
    assert scores["p_value"] < 0.001
    assert scores["ci95"][0] < scores["f1"] < scores["ci95"][1]


TRAIN = (
    "detect train --encoder encoder --input reports.csv --weak weak.jsonl --terms terms.tsv "
    "--schema two.yaml --output-dir run"
)
WEAK = {"uid": "r0-0", "labels": {CLASSES[0]: 1, CLASSES[1]: 0}, "findings": ["fluid"]}


@pytest.mark.parametrize(
    ("changed", "terms", "arguments", "message"),
    [
        ({}, "wording\tterm\nfluid\tfluid\n", "--tasks mc,all", "--tasks mc,all: give mc"),
        ({}, "wording\tterm\nwater\twater\n", "", "1 wordings are not in terms.tsv"),
        ({}, "wording\tterm\nfluid\t\n", "", "terms.tsv: no terms"),
        ({}, "word\tterm\nfluid\tfluid\n", "", "no column 'wording'"),
        ({}, "wording\tterm\nfluid\ta\nFluid\tb\n", "", "terms.tsv:3: this wording has another"),
        ({"findings": "fluid"}, "wording\tterm\nfluid\tfluid\n", "", "weak.jsonl:1: 'findings'"),
        ({"uid": ""}, "wording\tterm\nfluid\tfluid\n", "", "no uid"),
        ({"uid": "z"}, "wording\tterm\nfluid\tfluid\n", "", "labels of none of the reports"),
    ],
)
def test_mistakes_are_one_line(folder, changed, terms, arguments, message):
    (folder / "weak.jsonl").write_text(dumps(WEAK | changed))
    (folder / "terms.tsv").write_text(terms)
    with pytest.raises(InputError, match=message) as caught:
        command(f"{TRAIN} {arguments}")
    assert "\n" not in str(caught.value)


def test_scores_need_all_reports(folder):
    (folder / "gold.jsonl").write_text(dumps(WEAK))
    (folder / "found.jsonl").write_text(dumps(WEAK | {"uid": "other"}))
    with pytest.raises(InputError, match=r"1 reports of gold.jsonl are not there, such as r0-0"):
        command("detect evaluate --gold gold.jsonl --found found.jsonl --schema two.yaml")
