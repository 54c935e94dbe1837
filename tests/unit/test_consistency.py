import numpy as np
import pytest

from graphsum.metrics.consistency import consistency_scores
from preprocessing.facts.comparison import (
    VERDICTS,
    check_impression,
    statements_of,
    tells,
)


def test_what_is_notable_for_its_course_alone_is_told_by_its_own_name():
    told = "New opacity at the left base."
    assert not check_impression(told, told).missed
    assert check_impression("No effusion.", told).missed


def kinds(impression, findings):
    return [one.kind for one in check_impression(impression, findings).statements]


@pytest.mark.parametrize(
    ("impression", "findings", "expected"),
    [
        # Lists under one negation.
        ("Effusion.", "There is no effusion or pneumothorax.", ["negation_flipped"]),
        ("Pneumothorax.", "There is no effusion or pneumothorax.", ["negation_flipped"]),
        ("No pneumothorax.", "There is no effusion or pneumothorax.", ["supported"]),
        ("No effusion.", "There is a trace effusion.", ["negation_flipped"]),
        # Sides.
        ("Left effusion.", "Right effusion, left lung clear.", ["side_flipped"]),
        ("Right effusion.", "Right effusion, left lung clear.", ["supported"]),
        ("Effusion.", "Right effusion, left lung clear.", ["supported"]),
        ("Left consolidation.", "The left lung is clear. Right effusion.", ["negation_flipped"]),
        ("Left nodule.", "Nodules in both lungs.", ["supported"]),
        ("No right effusion.", "There is a left effusion.", ["unsupported"]),
        # "No large" leaves room for what is less.
        ("No large effusion.", "Large right effusion.", ["negation_flipped"]),
        ("No large effusion.", "Small right effusion.", ["unsupported"]),
        ("Small effusion.", "No large effusion.", ["unsupported"]),
        ("No effusion.", "No large effusion.", ["unsupported"]),
        ("No 8 mm left nodule.", "Left nodule of 8 mm.", ["negation_flipped"]),
        # Who denies one name for it denies the others.
        ("No airspace disease.", "Infiltrate at the left base.", ["negation_flipped"]),
        ("No infiltrate.", "Right consolidation.", ["negation_flipped"]),
        ("No consolidation.", "Faint opacity at the left base.", ["unsupported"]),
        # Degrees.
        ("Stable small left effusion.", "Small left effusion, unchanged.", ["supported"]),
        ("Large left effusion.", "Stable small left effusion.", ["severity_flipped"]),
        ("Large left effusion.", "There is a left effusion.", ["supported"]),
        ("Severe cardiomegaly.", "The heart is mildly enlarged.", ["severity_flipped"]),
        # What has resolved is no longer there.
        ("Resolved pneumothorax.", "The pneumothorax has resolved.", ["supported"]),
        ("Pneumothorax.", "The pneumothorax has resolved.", ["negation_flipped"]),
        (
            "Resolved left pneumothorax.",
            "The right pneumothorax is no longer seen.",
            ["side_flipped"],
        ),
        # Doubt agrees with what is there, and with what is not.
        ("Possible edema.", "There may be edema.", ["supported"]),
        ("Edema.", "Possible edema.", ["supported"]),
        ("Possible effusion.", "No effusion.", ["unsupported"]),
        ("No effusion.", "Possible small effusion.", ["negation_flipped"]),
        ("No definite effusion.", "Possible small effusion.", ["unsupported"]),
        # Two negations.
        ("Effusion.", "A small effusion cannot be excluded.", ["supported"]),
        ("No effusion.", "It is not without an effusion.", ["negation_flipped"]),
        # Other words for the same, and conclusions.
        ("Cardiomegaly.", "The heart is enlarged.", ["supported"]),
        ("Airspace disease.", "There is an opacity at the left base.", ["supported"]),
        ("Pneumonia.", "There is an opacity at the left base.", ["inferred"]),
        ("Right pneumonia.", "There is an opacity at the left base.", ["side_flipped"]),
        ("No pneumonia.", "The lungs are clear.", ["inferred"]),
        ("Pneumonia.", "The lungs are clear.", ["unsupported"]),
        ("Scoliosis.", "Mild curvature of the spine.", ["supported"]),
        ("Tortuous aorta.", "The lungs are clear.", ["unsupported"]),
        # A denial of acute disease leaves room for something old.
        ("No acute fracture.", "Old healed rib fracture.", ["unsupported"]),
        ("No fracture.", "Old healed rib fracture.", ["negation_flipped"]),
        # Summaries.
        ("No acute cardiopulmonary disease.", "The lungs are clear.", ["supported"]),
        ("No acute cardiopulmonary disease.", "Small effusion.", ["negation_flipped"]),
        ("No acute cardiopulmonary disease.", "Calcified granuloma.", ["supported"]),
        ("Effusion. No other acute disease.", "Small effusion.", ["supported", "supported"]),
        ("Acute cardiopulmonary disease.", "Clear lungs. Scoliosis.", ["negation_flipped"]),
        ("Acute cardiopulmonary disease.", "Left consolidation.", ["inferred"]),
        ("No acute bony abnormality.", "The ribs are intact.", ["supported"]),
        ("Acute bony abnormality.", "The ribs are intact.", ["negation_flipped"]),
        ("", "The lungs are clear.", []),
        ("Effusion.", "", ["unsupported"]),
    ],
)
def test_verdicts(impression, findings, expected):
    assert kinds(impression, findings) == expected


def test_a_verdict_shows_what_it_rests_on():
    impression, findings = "No change. Left effusion.", "Clear left lung. Small right effusion."
    (one,) = check_impression(impression, findings).statements
    assert impression[one.statement.start : one.statement.end] == "effusion"
    assert findings[one.linked.start : one.linked.end] == "effusion"
    assert (one.statement.side, one.linked.side) == ("left", "right")


def test_only_flips_and_made_up_findings_are_wrong():
    checked = check_impression(
        "Hernia. No acute fracture. Possible nodule. Pectus carinatum.", "The lungs are clear."
    )
    assert [one.kind for one in checked.statements[:3]] == ["unsupported"] * 3
    assert [sorted(one.statement.names) for one in checked.wrong] == [
        ["Hernia"],
        ["Bone Deformity"],
    ]


@pytest.mark.parametrize(
    ("impression", "left_out"),
    [
        ("No acute disease.", ["effusion", "Scoliosis"]),
        ("Small left effusion.", ["Scoliosis"]),
        ("Right effusion. Scoliosis.", ["effusion"]),
        ("Left effusion and scoliosis.", []),
        ("No effusion. Scoliosis.", ["effusion"]),
    ],
)
def test_what_is_left_out(impression, left_out):
    findings = "Left effusion. No pneumothorax. PICC in place. Scoliosis. Possible nodule."
    checked = check_impression(impression, findings)
    assert [findings[one.start : one.end] for one in checked.left_out] == left_out
    assert len(checked.abnormal) == 2


def test_equal_texts_are_annotated_once():
    class Counting:
        name, version = "counting", "0"
        seen: tuple = ()

        def annotate(self, reports):
            from preprocessing.annotation import load_annotator

            reports = list(reports)
            self.seen += tuple(text for _, text in reports)
            return load_annotator("builtin").annotate(reports)

    counting = Counting()
    first, _, third = statements_of(["Left effusion.", "Edema.", "Left effusion."], counting)
    assert first
    assert first == third
    assert counting.seen == ("Left effusion.", "Edema.")


def test_scores_by_stratum_by_hand():
    findings = ["Left effusion. Old granuloma.", "The lungs are clear."]
    systems = {
        "system": ["Right effusion. Granuloma.", "Hernia. No pneumonia."],
        "silent": ["", ""],
    }
    masks = {
        "all": np.array([True, True]),
        "second": np.array([False, True]),
        "none": np.array([False, False]),
    }
    rows = consistency_scores(systems, findings, masks)
    assert rows["system"]["all"] == {
        "statements": 4,
        "supported": 0.25,
        "inferred": 0.25,
        "unsupported": 0.25,
        "negation_flipped": 0.0,
        "side_flipped": 0.25,
        "place_flipped": 0.0,
        "size_flipped": 0.0,
        "severity_flipped": 0.0,
        "change_flipped": 0.0,
        "alarms": 1.0,
        "abnormal": 2,
        "left_out": 0.5,
        "acute": 1,
        "acute_left_out": 1.0,
        "actionable": 1,
        "actionable_left_out": 1.0,
    }
    assert rows["system"]["second"]["unsupported"] == 0.5
    assert (rows["silent"]["all"]["statements"], rows["silent"]["all"]["left_out"]) == (0, 1.0)
    assert rows["silent"]["all"]["alarms"] == 0.0
    assert all(rows["silent"]["all"][kind] is None for kind in VERDICTS)
    assert rows["system"]["none"]["alarms"] is None
    with pytest.raises(ValueError, match="longer"):
        consistency_scores({"system": ["Edema."]}, findings, masks)


@pytest.mark.parametrize(
    ("impression", "finding", "told"),
    [
        ("Endotracheal tube.", "The endotracheal tube tip is in the right main bronchus.", False),
        ("Low endotracheal tube; malposition.", "The ETT tip is at the carina.", True),
        ("Cardiomegaly.", "The mediastinum is widened.", False),  # near, but another thing
        ("Mediastinal widening.", "The mediastinum is widened.", True),
        ("Infiltrate.", "Left consolidation.", True),
        ("Right infiltrate.", "Left consolidation.", False),
        ("COPD.", "Multifocal airspace opacities.", False),  # may be concluded, but is chronic
        ("Pneumonia.", "Multifocal airspace opacities.", True),
        ("No free air.", "Free air.", False),
        ("Frobnicated zebra.", "Zebra of the left lung.", True),  # without a name, by its words
    ],
)
def test_what_is_actionable_is_told_by_its_own_name(impression, finding, told):
    (one, *_), stated = statements_of([finding, impression])
    assert tells(stated, one) == told
