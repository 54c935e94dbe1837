"""Scores of labels, worked out by hand on eight cells."""

from pathlib import Path

import pytest

from graphsum.labelers.labels import LabelTable
from graphsum.labelers.scores import reliability_chart, score_labels, score_tables
from preprocessing.errors import InputError

P, A, U = "present", "absent", "uncertain"
CLASSES = ("Mass", "Edema")


def table(name, *rows, probabilities=None):
    states = {uid: dict(zip(CLASSES, states, strict=True)) for uid, *states in rows}
    return LabelTable(Path(name), states, probabilities)


GOLD = table("gold", ("1", P, None), ("2", P, U), ("3", A, P), ("4", None, A))
LABELS = table("labels", ("1", P, None), ("2", U, U), ("3", P, P), ("4", None, None))


def test_scores_by_hand():
    report = score_labels(GOLD, LABELS, CLASSES)
    mass, edema = report["classes"]["Mass"], report["classes"]["Edema"]
    assert (mass["precision"], mass["recall"], mass["f1"]) == (0.5, 0.5, 0.5)
    assert (mass["support"], mass["accuracy"]) == (2, 0.5)
    assert (edema["f1"], edema["accuracy"]) == (1.0, 0.75)
    assert report["micro"]["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert report["macro"]["f1"] == 0.75
    assert report["four_state_accuracy"] == 5 / 8
    # Rows: annotated present, absent, uncertain, blank.
    assert report["confusion"] == [[2, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 2]]
    low, high = report["macro"]["f1_interval"]
    assert low < 0.75 < high
    # Agreement 3/4 on Edema; by chance (1/4)(1/4) twice, and 1/4 blank by 2/4.
    assert edema["kappa"] == pytest.approx((0.75 - 0.25) / (1 - 0.25))


def test_a_report_that_is_not_labeled_counts_as_blank():
    report = score_labels(GOLD, table("labels", ("1", P, None)), CLASSES)
    assert report["not_labeled"] == 3
    assert report["classes"]["Edema"]["recall"] == 0.0
    assert "3 are not labeled" in score_tables(report)


def test_annotations_without_denials_tell_present_from_not():
    gold = table("gold", ("1", P, A), ("2", A, P))
    report = score_labels(gold, table("labels", ("1", P, None), ("2", U, P)), CLASSES)
    assert report["micro"]["f1"] == 1.0
    assert report["four_state_accuracy"] is None
    assert report["classes"]["Mass"]["kappa"] == 1.0


def test_a_paired_test_tells_better_from_equal():
    rows = [(str(number), P, A if number % 2 else P) for number in range(40)]
    gold = table("gold", *rows)
    worse = table("worse", *[(uid, P if int(uid) % 4 else A, edema) for uid, _, edema in rows])
    found = score_labels(gold, gold, CLASSES, other=worse)["other"]
    assert found["p_micro"] < 0.01
    assert found["micro"]["f1"] < 1.0
    same = score_labels(gold, worse, CLASSES, other=worse)["other"]
    assert same["p_micro"] == same["p_macro"] == 1.0


def test_reliability_by_hand():
    given = {"1": (0.95, 0.05), "2": (0.95, 0.05), "3": (0.15, 0.95), "4": (0.15, 0.05)}
    probabilities = {uid: dict(zip(CLASSES, both, strict=True)) for uid, both in given.items()}
    labels = LabelTable(LABELS.path, LABELS.states, probabilities)
    report = score_labels(GOLD, labels, CLASSES)
    bins = [(one["cells"], one["observed"]) for one in report["reliability"]["bins"]]
    assert bins == [(3, 0.0), (2, 0.0), (3, 1.0)]
    assert report["reliability"]["ece"] == pytest.approx((3 * 0.05 + 2 * 0.15 + 3 * 0.05) / 8)
    assert reliability_chart(report).curves[0].points.count(",") == 3
    assert "Brier score" in score_tables(report)


def test_mistakes_are_one_line():
    with pytest.raises(InputError, match="none of its uids is in gold"):
        score_labels(GOLD, table("labels", ("9", P, P)), CLASSES)
    with pytest.raises(InputError, match="have no probabilities"):
        reliability_chart(score_labels(GOLD, LABELS, CLASSES))
