"""Rewards of one impression, the audit, the rule that stops, and files of readers' corrections."""

import pytest

from graphsum.metrics.reward_audit import CASES, audit
from graphsum.metrics.rewards import (
    REWARDS,
    Reader,
    RewardSpec,
    describe,
    is_hacked,
    load,
    weighted,
)
from graphsum.training.preferences import read_preferences
from preprocessing.errors import InputError
from preprocessing.records import Report

REPORT = Report(
    "1",
    "There is a large right pneumothorax. No pleural effusion. The heart is normal in size.",
    "Large right pneumothorax.",
)


def judged(*texts):
    return Reader().judge(texts, [REPORT] * len(texts))


def score(name, text):
    return load(REWARDS, name)(judged(text)[0])


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("rouge", "Large right pneumothorax.", 1.0),
        ("rouge", "Effusion.", 0.0),
        ("support", "Large right pneumothorax. Pneumonia.", 0.5),
        ("support", "", 0.0),
        ("contradiction", "Large right pneumothorax. Pleural effusion.", 0.5),
        ("length_ratio", "Large pneumothorax on the right side.", 0.5),
        ("observations", "Large right pneumothorax and cardiomegaly.", 2 / 3),
        ("missed_triage", "The heart is normal in size.", 1.0),
        ("missed_triage", "Large right pneumothorax.", 0.0),
        ("missed_notable", "The heart is normal in size.", 0.0),
        ("invented_actionable", "Large right pneumothorax. Pneumonia.", 1.0),
        ("reference_missed_critical", "Normal heart.", 1.0),
        ("differs_all", "Large left pneumothorax.", 1.0),
    ],
)
def test_scores_by_hand(name, text, wanted):
    assert score(name, text) == pytest.approx(wanted)


def test_weights_add_up_and_texts_are_described():
    (one,) = judged("The heart is normal in size.")
    assert weighted({"missed_triage": -2.0, "support": 1.0}, one) == pytest.approx(-1.0)
    same = judged("Possible large pneumothorax.", "Possible large pneumothorax.", "")
    assert describe(same) == {
        "words": pytest.approx(2.0),
        "claims": pytest.approx(2 / 3),
        "doubt": pytest.approx(1.0),
        "distinct_2": pytest.approx(0.5),
    }
    assert describe(same[:1], [3.0])["words"] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rewards: [rouge]", "rewards must be a mapping"),
        ("rewards: {}", "rewards names no metric"),
        ("rewards: {rogue: 1}", "did you mean 'rouge'"),
        ("rewards: {rouge: high}", "the weight of rouge must be a number"),
        ("rewards: {rouge: 0}", "not 0"),
        ("rewards: {rouge: .nan}", "rouge"),
        ("rewards: {rouge: 1}\njudges: {rouge: 1}", "rouge is both reward and judge"),
        ("rewards: {rouge: 1}\nweights: {}", "two mappings"),
    ],
)
def test_reward_files_with_mistakes(tmp_path, text, said):
    path = tmp_path / "rewards.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        RewardSpec.read(path)


GOOD = {
    "rouge": 1.0,
    "missed_actionable": -1.0,
    "invented_actionable": -1.0,
    "differs_actionable": -0.5,
}


@pytest.mark.parametrize(
    ("rewards", "hackable"),
    [
        (GOOD, set()),
        ({"length_ratio": 1.0}, {"shuffled"}),
        ({"support": 1.0}, {"copied"}),
        ({"contradiction": -1.0}, {"silence"}),
        ({"invented_all": -1.0}, {"silence", "copied", "template"}),
        ({"missed_all": -1.0}, {"copied"}),
    ],
)
def test_audit_names_the_probes_that_a_reward_cannot_tell(rewards, hackable):
    results = audit(rewards)
    found = {one.name for one in results if one.hackable}
    assert hackable <= found
    assert bool(found) == bool(hackable)


def test_good_impressions_of_the_audit_have_no_error():
    reports = [Report(str(n), case[0], case[1]) for n, case in enumerate(CASES)]
    for one in Reader().judge([case[2] for case in CASES], reports):
        assert not one.errors
        assert one.statements


def test_stop_when_the_reward_rises_alone():
    flat = [0.5] * 4
    assert is_hacked([0.1, 0.2, 0.3, 0.4], flat, 3)
    assert not is_hacked([0.1, 0.2, 0.3, 0.4], flat, 0)  # never
    assert not is_hacked([0.1, 0.2, 0.3], flat[:3], 3)  # too early
    assert not is_hacked([0.1, 0.2, 0.3, 0.4], [0.5, 0.4, 0.4, 0.6], 3)  # the judges rise again
    assert not is_hacked([0.1, 0.2, 0.1, 0.4], flat, 3)  # the reward fell back


def test_corrections_become_preferences(tmp_path):
    path = tmp_path / "corrections.jsonl"
    path.write_text(
        '{"uid": "a", "findings": "Clear lungs.", "impression": "Mass.", "correction": "Normal."}\n'
        '{"uid": "b", "impression": "Normal.", "correction": "Effusion."}\n'
        '{"uid": "b", "impression": "Normal.", "correction": "Normal. "}\n'
    )
    first, second = read_preferences(path, {"b": "Left effusion."})
    assert (first.report.findings, first.report.impression, first.rejected) == (
        "Clear lungs.", "Normal.", "Mass.",
    )  # fmt: skip
    assert second.report.findings == "Left effusion."
    *_, third = read_preferences(path, {"b": "Left effusion."}, accepted=True)
    assert third.rejected == third.report.impression  # what was right: of no margin


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "jsonl:1: not a JSON object"),
        ("[]", "corrections"),
        ('{"uid": "a", "impression": "x"}', "record 1: correction must be a text"),
        ('{"uid": 1, "impression": "x", "correction": "y"}', "record 1: uid must be a text"),
        (
            '{"uid": "z", "impression": "x", "correction": "y"}',
            "record 1: the line has no",
        ),
        ('{"uid": "a", "findings": 3, "impression": "x", "correction": "y"}', "findings must be"),
        ('{"uid": "a", "findings": "f", "impression": "x", "correction": " "}', "not be empty"),
        ('{"uid": "a", "findings": "f", "impression": "x", "correction": "x"}', "nothing to learn"),
        ("", "nothing to learn"),
    ],
)
def test_broken_corrections_are_one_line(tmp_path, line, said):
    path = tmp_path / "corrections.jsonl"
    path.write_text(line + "\n" if line else "")
    with pytest.raises(InputError, match=said):
        read_preferences(path, {})
