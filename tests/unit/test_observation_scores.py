import numpy as np
import pytest

from graphsum.metrics.observations import (
    CLASSES,
    ObservationCounts,
    compare_observations,
    count_observations,
    observation_scores,
    observations_by_stratum,
    positive_classes,
)


def test_classes_are_those_of_chexpert_without_no_finding():
    assert len(CLASSES) == 13
    assert positive_classes("No acute disease.") == frozenset()
    assert positive_classes("A nodule and an effusion. Possible edema.") == {
        "Lung Lesion",
        "Pleural Effusion",
    }


def test_one_report_by_hand():
    counts = count_observations(
        "Effusion, edema and cardiomegaly.",
        "Effusion and atelectasis.",
        "No effusion on the frontal view. There is a small effusion. No edema.",
    )
    # The effusion is denied and asserted, so it is not contradicted; cardiomegaly is not mentioned.
    assert counts == ObservationCounts(claims=3, wanted=2, shared=1, contradicted=1)


@pytest.mark.parametrize(
    ("findings", "contradicted"),
    [
        ("No pneumothorax.", 1),
        ("No left pneumothorax.", 0),
        ("No pneumothorax, but an apical pneumothorax cannot be excluded.", 0),
        ("The ribs are intact.", 0),
        ("", 0),
    ],
)
def test_contradicted_only_by_a_denial(findings, contradicted):
    counts = count_observations("Pneumothorax.", "Pneumothorax.", findings)
    assert (counts.claims, counts.contradicted) == (1, contradicted)


def test_scores_are_sums_over_reports():
    scores = observation_scores([ObservationCounts(3, 2, 1, 1), ObservationCounts(1, 3, 1, 0)])
    assert scores == {
        "precision": 0.5,  # 2 of 4
        "recall": 0.4,  # 2 of 5
        "f1": 0.4444,  # 4 of 9
        "claims": 4,
        "contradicted": 1,
    }


def test_scores_of_nothing():
    assert observation_scores([])["f1"] is None
    silent = observation_scores([ObservationCounts(wanted=2)])
    assert (silent["precision"], silent["recall"], silent["f1"]) == (None, 0.0, 0.0)


def test_strata_choose_their_reports():
    masks = {"all": np.array([True, True]), "second": np.array([False, True])}
    texts = ["Edema.", "Effusion."]
    rows = observations_by_stratum(texts, ["Edema.", "Edema."], ["", "No effusion."], masks)
    assert (rows["all"]["precision"], rows["all"]["contradicted"]) == (0.5, 1)
    assert (rows["second"]["f1"], rows["second"]["claims"]) == (0.0, 1)
    with pytest.raises(ValueError, match="shorter"):
        observations_by_stratum(texts, ["Edema."], ["", ""], masks)


def test_f1_of_two_systems_is_compared_on_the_same_resamples():
    references = ["Effusion.", "Edema.", "Normal chest.", "Effusion and edema."] * 5
    better = ["Effusion.", "Edema.", "Normal chest.", "Effusion."] * 5
    worse = ["Effusion.", "Normal chest.", "Edema.", "Normal chest."] * 5
    masks = {"all": np.ones(20, bool), "normal": np.arange(20) % 4 == 2, "none": np.zeros(20, bool)}
    arguments = (references, [""] * 20, masks)
    apart = compare_observations(better, worse, *arguments)
    # F1 of the first: 2 x 15 of 15 + 20; of the second: 2 x 5 of 10 + 20.
    assert apart["all"]["f1_difference"] == round(30 / 35, 4) - round(10 / 30, 4)
    low, high = apart["all"]["ci95"]
    assert 0 < low < apart["all"]["f1_difference"] < high < 1
    assert apart["all"]["p_value"] == 0.0002
    back = compare_observations(worse, better, *arguments)["all"]
    assert back["ci95"] == [-high, -low]
    assert set(apart["normal"].values()) == {None}  # the first names nothing, nor is there any
    assert set(apart["none"].values()) == {None}
    # One report decides: a third of the resamples do not hold it and tell nothing.
    one = {"all": np.ones(5, bool)}
    texts = ["Effusion.", *["Normal chest."] * 4]
    rare = compare_observations(texts, ["Edema.", *texts[1:]], texts, [""] * 5, one)["all"]
    assert rare["f1_difference"] == 1
    assert rare["ci95"] == [0, 1]
    assert 0.6 < rare["p_value"] < 0.7  # twice (4/5) ** 5


def test_interval_of_f1():
    texts = ["Effusion.", "Edema.", "Normal chest."] * 10
    masks = {"all": np.ones(30, bool), "normal": np.arange(30) % 3 == 2}
    exact = observations_by_stratum(texts, texts, texts, masks)
    assert exact["all"]["f1_ci95"] == [1, 1]
    assert exact["normal"]["f1_ci95"] is None
    half = observations_by_stratum(["Effusion."] * 30, texts, texts, masks)["all"]
    low, high = half["f1_ci95"]
    assert 0.15 < low < half["f1"] == 0.4 < high < 0.65  # 2 x 10 of 30 + 20


def test_macro_f1_by_hand():
    predictions = ["Effusion.", "Edema.", "No acute disease.", "Possible pneumonia."]
    references = ["Effusion.", "Effusion.", "No acute disease.", "No pneumothorax."]
    masks = {
        "all": np.ones(4, bool),
        "first": np.arange(4) == 0,
        "last": np.arange(4) == 3,
        "none": np.zeros(4, bool),
    }
    rows = observations_by_stratum(predictions, references, [""] * 4, masks)
    # Effusion 2/3 (one of two), edema 0, No Finding 1; what is doubted or denied does not count.
    assert (rows["all"]["macro_f1"], rows["all"]["macro_classes"]) == (round(5 / 9, 4), 3)
    low, high = rows["all"]["macro_f1_ci95"]
    assert 0 <= low < rows["all"]["macro_f1"] < high <= 1
    assert rows["all"]["f1"] == 0.5  # without No Finding: 2 x 1 of 2 + 2
    assert (rows["first"]["macro_f1"], rows["first"]["macro_classes"]) == (1, 1)
    for stratum in ("last", "none"):
        assert (rows[stratum]["macro_f1"], rows[stratum]["macro_f1_ci95"]) == (None, None)
        assert rows[stratum]["macro_classes"] == 0


def test_macro_f1_agrees_with_scikit_learn():
    from sklearn.metrics import f1_score

    predictions = ["Effusion and edema.", "Edema.", "Normal chest.", "Rib fracture.", "Effusion."]
    references = ["Effusion.", "Edema and effusion.", "Normal chest.", "Normal chest.", "Edema."]
    classes = ("Pleural Effusion", "Edema", "No Finding", "Fracture")
    truth = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    claims = [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    expected = f1_score(truth, claims, average="macro", zero_division=0)
    masks = {"all": np.ones(5, bool)}
    found = observations_by_stratum(predictions, references, [""] * 5, masks)["all"]
    assert found["macro_f1"] == pytest.approx(expected, abs=5e-5)
    assert found["macro_classes"] == len(classes)


def test_resamples_without_a_class_average_over_the_others():
    texts = ["Effusion.", "Normal chest.", "Edema."]
    found = observations_by_stratum(texts, texts, [""] * 3, {"all": np.ones(3, bool)})["all"]
    assert (found["macro_f1_ci95"], found["macro_classes"]) == ([1, 1], 3)
    # Two reports, one of them right: a resample scores 0, 1/3 or 1.
    half = ["Effusion.", "Edema."]
    mask = {"all": np.ones(2, bool)}
    found = observations_by_stratum(half, ["Effusion.", "Normal chest."], ["", ""], mask)["all"]
    assert found["macro_f1"] == round(1 / 3, 4)  # effusion 1, edema 0, No Finding 0
    assert found["macro_f1_ci95"] == [0, 1]
