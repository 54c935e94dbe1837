"""What training reports say: who votes, how the weights of votes are learnt, naming rates."""

from dataclasses import replace

import numpy as np
import pytest
from four_signs import NORMAL, TRAIN
from sklearn.feature_extraction.text import TfidfVectorizer

from graphsum.consensus.neighbours import (
    FIRST_WEIGHTS,
    LIKENESS,
    NAMES,
    RIDGE,
    VOTERS,
    TrainingEvidence,
    naming_rates,
    rates_for,
)
from graphsum.metrics.rouge import mean_rouge
from preprocessing.corpora.sample import make_report
from preprocessing.errors import InputError
from preprocessing.records import Report


@pytest.fixture(scope="module")
def evidence():
    return TrainingEvidence(TRAIN)


def invented(first, n):
    return [make_report(index) for index in range(first, first + n)]


def test_neighbours_share_the_abnormality_not_only_the_words(evidence):
    impressions, votes = next(evidence.neighbours([f"There is a left pleural effusion. {NORMAL}"]))
    assert votes.sum() == pytest.approx(1)
    assert list(votes) == sorted(votes, reverse=True)
    share = sum(v for t, v in zip(impressions, votes, strict=True) if t == "Small left effusion.")
    assert set(impressions[:4]) == {"Small left effusion."}
    assert share > 0.7
    assert next(evidence.neighbours(["Unknown words only."]))[1].sum() == pytest.approx(1)


def test_how_often_an_observation_is_named(evidence):
    rates = evidence.naming_rates
    assert rates == naming_rates(TRAIN)
    assert list(rates) == NAMES
    # Named by none of twelve that are silent, doubted in none, named by four of four.
    assert rates["Pleural Effusion"] == pytest.approx([0.2 / 14, 0.1, 4.2 / 6], abs=1e-4)
    assert rates["Pneumonia"] == pytest.approx([4.2 / 18, 0.1, 0.1], abs=1e-4)  # never found
    for findings, column in (
        ("Small left pleural effusion.", 2),
        ("Possible left effusion.", 1),
        ("No effusion.", 0),
        ("Heart size is normal.", 0),
    ):
        found = dict(zip(NAMES, rates_for(findings, rates), strict=True))
        assert found["Pleural Effusion"] == rates["Pleural Effusion"][column]
        assert found["Edema"] == rates["Edema"][0]


def test_features_of_a_voter():
    """Two sets of abnormalities with sides and of denied names, counted by hand."""
    train = [
        Report("1", "Small left effusion. No pneumothorax. No edema.", "Small left effusion."),
        Report("2", "No pneumothorax.", "No acute disease."),
    ]
    evidence = TrainingEvidence(train)
    findings = "Right effusion. No pneumothorax."
    voters = zip(*next(evidence._voters([findings])), strict=True)
    features = {train[row].uid: values for row, values in voters}
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    own = letters.fit_transform([report.findings for report in train])
    alike = (own @ letters.transform([findings]).T).toarray()[:, 0]
    # {effusion, effusion left} and {effusion, effusion right}; {pneumothorax, edema} and {p.}
    assert features["1"][1:] == pytest.approx([alike[0], 2 / 4, 2 / 3, 1], rel=1e-5)
    assert features["2"][1:] == pytest.approx([alike[1], 0, 1, 0], rel=1e-5)
    assert 0 < features["1"][0] < 1


def log_likelihood(evidence, reports, weights):
    """Mean over reports of log sum_j vote_j exp(ROUGE / LIKENESS), straight from its definition."""
    total = 0.0
    voters = evidence._voters([report.findings for report in reports])
    for report, (rows, features) in zip(reports, voters, strict=True):
        votes = np.exp(features @ weights)
        alike = [mean_rouge(evidence.impressions[row], report.impression) / 100 for row in rows]
        total += np.log((votes / votes.sum()) @ np.exp(np.array(alike) / LIKENESS))
    return total / len(reports)


def test_learnt_weights_are_better_on_other_reports():
    evidence = TrainingEvidence(invented(0, 200))
    others = invented(1000, 60)
    learnt = log_likelihood(evidence, others, evidence.weights)
    assert learnt > log_likelihood(evidence, others, FIRST_WEIGHTS) + 0.1


def test_weights_are_the_best_with_each_report_left_out():
    """Against the same sum with plain loops, in which no step in any direction gains."""
    reports = invented(0, 40)
    evidence = TrainingEvidence(reports)
    rows = range(len(reports))
    features, alike = [], []
    for row in rows:
        voters = evidence._voters([reports[row].findings], [np.array([row])])
        others, values = next(voters)
        assert row not in others
        assert len(others) == min(VOTERS, len(reports) - 1)
        features.append(values)
        alike.append([mean_rouge(reports[row].impression, reports[o].impression) for o in others])
    spread = np.concatenate(features).std(axis=0)

    def gain(weights):
        total = 0.0
        for values, rouge in zip(features, alike, strict=True):
            votes = np.exp(values @ weights)
            total += np.log((votes / votes.sum()) @ np.exp(np.array(rouge) / 100 / LIKENESS))
        return LIKENESS * total / len(features) - RIDGE * ((weights * spread) ** 2).sum()

    best = gain(evidence.weights)
    for direction in np.concatenate([np.eye(5), -np.eye(5)]):
        assert gain(evidence.weights + 0.3 * direction / spread) < best


def test_reports_of_the_same_patient_teach_nothing(monkeypatch):
    left_out = []
    voters = TrainingEvidence._voters
    monkeypatch.setattr(
        TrainingEvidence,
        "_voters",
        lambda self, findings, rows: left_out.extend(rows) or voters(self, findings, rows),
    )
    reports = invented(0, 5)
    reports = [replace(report, patient=name) for report, name in zip(reports, "ab a ", strict=True)]
    TrainingEvidence([replace(one, patient=one.patient.strip()) for one in reports])
    assert [list(rows) for rows in left_out] == [[0, 3], [1], [2], [0, 3], [4]]


@pytest.mark.parametrize("reports", [TRAIN[:1], TRAIN[:2]])
def test_one_report_or_two(reports):
    impressions, votes = next(TrainingEvidence(reports).neighbours(["Small effusion."]))
    assert len(impressions) == len(reports)
    assert votes.sum() == pytest.approx(1)


def test_training_reports_without_words():
    with pytest.raises(InputError, match="none of the 1 training reports has words"):
        TrainingEvidence([Report("1", "...", "Normal.")])
