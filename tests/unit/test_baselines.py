import numpy as np
import pytest

from graphsum.metrics import baselines
from graphsum.metrics.baselines import NeighbourConsensus, consensus
from graphsum.metrics.rouge import rouge_scores
from preprocessing.errors import InputError
from preprocessing.records import Report

ORGANS = ("heart", "left lung", "right lung", "aorta", "spine", "left pleura", "mediastinum")
SIGNS = ("enlarged", "opacified", "clear", "calcified", "displaced", "scarred")
TRAIN = [
    Report(str(i), f"The {organ} is {sign}, unchanged.", f"{sign} {organ}.")
    for i, (organ, sign) in enumerate((o, s) for o in ORGANS for s in SIGNS)
]


def test_consensus_is_the_candidate_nearest_to_the_others():
    candidates = ["small left effusion", "left effusion", "cardiomegaly", "left effusion"]
    assert consensus(candidates, np.ones(4)) == "left effusion"
    assert consensus(candidates, np.array([1.0, 0.0, 9.0, 0.0])) == "cardiomegaly"
    assert consensus(["a b", "c d"], np.ones(2)) == "a b"


def slow_prediction(findings):
    """The definition, spelt out: dense vectors, all pairs by rouge-score, no merging."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    train = vectorizer.fit_transform(r.findings.lower() for r in TRAIN).toarray()
    cosines = train @ vectorizer.transform([findings.lower()]).toarray()[0]
    nearest = sorted(range(len(TRAIN)), key=lambda i: (-round(cosines[i], 6), i))[:30]
    expected = [
        sum(
            np.exp(8 * cosines[j])
            * rouge_scores([TRAIN[i].impression], [TRAIN[j].impression]).mean()
            for j in nearest
        )
        for i in nearest
    ]
    return TRAIN[nearest[int(np.argmax(expected))]].impression


@pytest.mark.parametrize("findings", ["Enlarged HEART.", "The left lung is scarred", "Clear aorta"])
def test_neighbour_row_equals_its_definition(findings):
    assert NeighbourConsensus().fit(TRAIN).predict([findings]) == [slow_prediction(findings)]


def test_answers_do_not_depend_on_chunks(monkeypatch):
    findings = [report.findings for report in TRAIN]
    model = NeighbourConsensus().fit(TRAIN)
    whole = model.predict(findings)
    monkeypatch.setattr(baselines, "_CHUNK_ELEMENTS", 1)
    assert model.predict(findings) == whole
    assert set(whole) <= {report.impression for report in TRAIN}


def test_fewer_training_reports_than_neighbours():
    model = NeighbourConsensus().fit(TRAIN[:2])
    assert model.predict(["The heart is opacified"]) == ["opacified heart."]
    assert model.predict([]) == []


@pytest.mark.parametrize("train", [[], [Report("1", "", "x")]])
def test_nothing_to_learn_from(train):
    with pytest.raises(InputError, match=r"neighbour row: none of the \d training reports"):
        NeighbourConsensus().fit(train)
