import numpy as np
import pytest

from graphsum.metrics.observations import (
    CLASSES,
    ObservationCounts,
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
