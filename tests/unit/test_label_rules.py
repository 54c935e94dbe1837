"""The labeler of rules: kinds of reports by chexpert14, a schema of its own words, the policy."""

import json
import random
from pathlib import Path

import pytest
from places import DATA

from graphsum import Labeler
from graphsum.labelers.labels import LabelTable, ReportLabels
from graphsum.labelers.rules import with_no_finding
from graphsum.labelers.schema import load_schema
from graphsum.labelers.scores import score_labels
from preprocessing.errors import InputError

CODES = {1: "present", 0: "absent", -1: "uncertain"}


@pytest.fixture(scope="module")
def chexpert():
    return Labeler.from_pretrained("rules", schema="chexpert14")


@pytest.fixture(scope="module")
def birads():
    return Labeler.from_pretrained("rules", schema=DATA / "birads.yaml")


def said(labels: ReportLabels) -> dict[str, str]:
    return {name: state for name, state in labels.states.items() if state}


def rows(name):
    with open(DATA / name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("row", rows("labels_kinds.jsonl"), ids=lambda row: row["uid"])
def test_each_kind_of_report_has_its_labels(chexpert, row):
    found = said(chexpert.label([row["text"]])[0])
    assert found == {name: CODES[code] for name, code in row["labels"].items()}


@pytest.mark.parametrize(
    ("name", "f1", "accuracy"),
    [("labels_dev.jsonl", 0.97, 0.985), ("labels_heldout.jsonl", 0.93, 0.97)],
)
def test_invented_reports_of_others_are_labeled_as_they_say(chexpert, name, f1, accuracy):
    """``any``: where more than one reading is defensible, the labeler's own is right."""
    gold, found = {}, {}
    for row in rows(name):
        states = chexpert.label([row["text"]])[0].states
        codes = {one: states[one] if code == "any" else CODES.get(code)
                 for one, code in row["labels"].items()}  # fmt: skip
        gold[row["uid"]], found[row["uid"]] = codes, states
    tables = [LabelTable(Path(name), one) for name, one in (("gold", gold), ("rules", found))]
    scores = score_labels(*tables, chexpert.schema.names)
    assert len(gold) == 100
    assert scores["macro"]["f1"] >= f1
    assert scores["four_state_accuracy"] >= accuracy


def test_one_text_is_no_list_of_texts(chexpert):
    with pytest.raises(TypeError, match="list of texts"):
        chexpert.label("No effusion.")
    with pytest.raises(TypeError, match="must be strings, not int"):
        chexpert.label(["No effusion.", 5])
    assert len(chexpert.label([None, float("nan")])) == 2


def test_evidence_is_what_the_state_rests_on(chexpert):
    text = "No  left effusion. Small right pleural effusion w/o PTX."
    labels = chexpert.label([text])[0]
    words = {n: [text[a:b] for a, b in spans] for n, spans in labels.evidence.items()}
    assert words == {"Pleural Effusion": ["pleural effusion"], "Pneumothorax": ["PTX"]}
    assert labels.probabilities is None


@pytest.mark.parametrize("text", ["", "nan", "see impression", "Die Lungen sind frei."])
def test_what_says_nothing_has_no_labels_not_even_no_finding(chexpert, text):
    assert said(chexpert.label([text])[0]) == {}


def test_labels_do_not_depend_on_the_reports_beside(chexpert):
    texts = [row["text"] for row in rows("labels_kinds.jsonl")]
    alone = {text: said(chexpert.label([text])[0]) for text in texts}
    random.Random(1).shuffle(texts)
    fresh = Labeler.from_pretrained("rules", schema="chexpert14")
    together = [said(one) for one in fresh.label(texts)]
    assert together == [alone[text] for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No suspicious mass. Vascular calcifications only.", {"Mass": "absent",
         "Negative": "present"}),
        ("Spiculated lesion in the upper outer quadrant.", {"Spiculated Margin": "present",
         "Mass": "present"}),
        ("Possible distortion at 12 o'clock. No microcalcifications.", {
         "Architectural Distortion": "uncertain", "Calcifications": "absent"}),
        ("Breasts are symmetric. No masses, distortion or calcifications.", {"Mass": "absent",
         "Architectural Distortion": "absent", "Calcifications": "absent", "Asymmetry": "absent",
         "Negative": "present"}),
        ("Probable focal asymmetry. Pleural effusion.", {"Asymmetry": "present"}),
        ("MASS: none\nASYMMETRY: global", {"Mass": "absent", "Asymmetry": "present"}),
    ],
)  # fmt: skip
def test_a_schema_for_another_organ_works_from_its_file_alone(birads, text, expected):
    assert said(birads.label([text])[0]) == expected


def test_the_policy_decides_what_a_reading_becomes(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(
        "name: policy\n"
        "states: {possible: absent, unlikely: absent}\n"
        "classes:\n"
        "  - {name: Doubtful, observations: [Nodule], states: {alternative: present}}\n"
        "  - {name: Strict, observations: [Nodule], states: {alternative: blank}}\n"
    )
    labeler = Labeler.from_pretrained(schema=file)
    texts = ["Nodule versus granuloma.", "Possible nodule.", "Nodule is unlikely.", "A nodule."]
    found = [said(one) for one in labeler.label(texts)]
    assert found == [
        {"Doubtful": "present"},
        {"Doubtful": "absent", "Strict": "absent"},
        {"Doubtful": "absent", "Strict": "absent"},
        {"Doubtful": "present", "Strict": "present"},
    ]


def test_open_i_coders_count_one_of_two_alternatives():
    labeler = Labeler.from_pretrained(schema="openi13")
    found = labeler.label(["Left basilar atelectasis versus infiltrate. Nodular scar."])[0]
    assert said(found)["Atelectasis"] == said(found)["Infiltration"] == "present"
    assert load_schema("openi13").names == (
        "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia",
        "Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name_or_folder": "ruls"}, "no labeler of that name (did you mean 'rules'?)"),
        ({"schema": "chexpert"}, "no schema of that name (did you mean 'chexpert14'?)"),
        ({"device": "cpu"}, "takes no folder and no options"),
    ],
)
def test_mistakes_are_one_line(given, message):
    with pytest.raises(InputError) as error:
        Labeler.from_pretrained(**given)
    assert message in str(error.value)


def test_a_folder_that_is_no_labeler_is_told(tmp_path):
    (tmp_path / "labeler.json").write_text('{"labeler": "nothing"}')
    with pytest.raises(InputError, match=r"labeler\.json, key 'labeler': 'nothing' is none of"):
        Labeler.from_pretrained(tmp_path)


def test_what_is_not_normal_is_no_no_finding(chexpert):
    for text in (
        "The lungs are not clear. Heart is not normal.",
        "Neither lung is clear. Poor inspiration.",
    ):
        assert "No Finding" not in said(chexpert.label([text])[0])


def test_what_a_model_says_is_held_to_the_schema():
    schema = load_schema("chexpert14")
    states = dict.fromkeys(schema.names) | {"No Finding": "present", "Fracture": "uncertain"}
    text = "Possible rib fracture."
    assert with_no_finding(schema, states, text)["No Finding"] is None
    assert with_no_finding(schema, states, text)["Fracture"] == "uncertain"
    alone = dict.fromkeys(schema.names) | {"No Finding": "present"}
    assert with_no_finding(schema, alone, "The lungs are clear.") == alone
    assert set(with_no_finding(schema, alone, "See impression.").values()) == {None}
