import pytest

from graphsum.metrics.strata import STRATA, is_normal, strata_masks
from preprocessing.corpora.duplicates import findings_key
from preprocessing.records import Report


def report(impression, *, labels=(), findings="Clear."):
    return Report("1", findings, impression, labels=labels)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("normal",), True),
        (("Normal",), True),
        (("normal", "Calcinosis/lung"), False),
        (("Cardiomegaly/mild",), False),
    ],
)
def test_labels_decide_whatever_the_impression_says(labels, expected):
    assert is_normal(report("No acute disease.", labels=labels)) is expected
    assert is_normal(report("Large effusion.", labels=labels)) is expected


@pytest.mark.parametrize(
    "impression",
    [
        "No acute cardiopulmonary abnormality.",
        "NO ACUTE CARDIOPULMONARY PROCESS",
        "1. No acute disease.\n2. Normal chest x-ray.",
        "No evidence of acute cardiac, pulmonary or pleural disease. .",
        "There is no radiographic evidence of pneumonia.",
        "No focal consolidation, effusion, or pneumothorax.",
        "No acute/active cardiopulmonary disease is seen.",
        "Negative for acute cardiopulmonary findings.",
        "Clear lungs. Heart size is normal.",
        "Normal chest",
        "Unremarkable examination of the chest.",
    ],
)
def test_impressions_read_as_normal(impression):
    assert is_normal(report(impression))


@pytest.mark.parametrize(
    "impression",
    [
        "",
        ".",
        "No change.",
        "No acute process. Stable cardiomegaly.",
        "No significant interval change in the left effusion.",
        "No acute abnormality. Chronic granulomatous disease.",
        "Right lower lobe pneumonia.",
        "No pneumothorax after removal of the chest tube.",
        "Normal heart size with small effusion.",
        "Port catheter in place, no acute disease.",
        "Normal chest. Follow up of the nodule.",
        "Abnormal chest.",
    ],
)
def test_impressions_not_read_as_normal(impression):
    assert not is_normal(report(impression))


def test_a_long_impression_is_judged_at_once():
    assert not is_normal(report("no acute, " * 20_000))
    assert not is_normal(report("no " + "acute " * 20_000 + "and"))


def test_findings_key_keeps_letters_and_digits():
    assert findings_key("Heart: 1.5 cm,\n CLEAR lungs.") == "heart15cmclearlungs"


def test_masks_partition_the_reports():
    reports = [
        report("Normal chest.", findings="Lungs are clear."),
        report("Effusion.", findings="Left effusion."),
        report("Effusion.", findings="Right effusion."),
    ]
    masks = strata_masks(reports, iter(["LUNGS are clear", "left effusion"]))
    assert tuple(masks) == STRATA
    assert {name: mask.tolist() for name, mask in masks.items()} == {
        "all": [True, True, True],
        "normal": [True, False, False],
        "not_normal": [False, True, True],
        "findings_seen": [True, True, False],
        "findings_unseen": [False, False, True],
        "not_normal_unseen": [False, False, True],
    }


def test_masks_of_no_reports():
    assert all(mask.shape == (0,) and mask.dtype == bool for mask in strata_masks([], []).values())
