"""Consensus decoding: its definition spelt out, what each part is for, its settings on disk."""

import numpy as np
import pytest
from four_signs import SIGNS, TRAIN

from graphsum.consensus import (
    CONSENSUS_FILE,
    ConsensusSettings,
    consensus_impressions,
    repeats_itself,
)
from graphsum.evidence import NAMES, TrainingEvidence
from graphsum.metrics.consistency import check_impression
from graphsum.metrics.observations import positive_classes
from graphsum.metrics.rouge import rouge_scores
from preprocessing.errors import InputError
from preprocessing.observations import statuses

SILENT, TELLING = "No acute disease.", "Small left effusion."
EFFUSION = "Small left pleural effusion. Heart size is normal."


@pytest.fixture(scope="module")
def evidence():
    return TrainingEvidence(TRAIN)


def choose(findings, samples, *, train=None, **settings):
    settings = ConsensusSettings(**settings)
    return consensus_impressions([findings], [samples], settings, train=train)[0]


def test_rouge_alone_is_silent_and_observations_speak():
    """Three of five say nothing: expected ROUGE 0.6 against 0.4. The large heart has p = 0.4, so
    that naming it is worth 0.4 - 0.2 = 0.2: as much as the ROUGE that it costs."""
    samples = [SILENT, "Large heart.", SILENT, "Large heart.", SILENT]
    for weight, expected in ((0, SILENT), (0.9, SILENT), (1.1, "Large heart.")):
        assert choose("The heart is enlarged.", samples, observation_weight=weight) == expected
    settings = {"observation_weight": 1.1, "observation_threshold": 0.4}
    assert choose("The heart is enlarged.", samples, **settings) == SILENT


def test_what_the_findings_deny_stands_back_while_there_is_another():
    findings = "No pleural effusion. Heart size is normal."
    samples = [TELLING] * 4 + ["Normal heart size."]
    assert choose(findings, samples) == "Normal heart size."
    assert choose(findings, [TELLING, TELLING]) == TELLING


@pytest.mark.parametrize(
    ("impression", "repeats"),
    [
        ("Left effusion or effusion.", True),
        ("Stable STABLE heart.", True),
        ("Left effusion. No right effusion.", False),  # two sentences
        ("Mild to mild edema of the left and left base.", False),  # short words
        ("A 12345 cm mass, 12345 cm.", False),
        ("", False),
    ],
)
def test_repeats_are_of_long_words_within_a_sentence(impression, repeats):
    assert repeats_itself(impression) == repeats


def test_samples_that_repeat_themselves_are_left_out_while_there_is_another():
    stammer = "Effusion with left effusion."
    assert choose(EFFUSION, [stammer] * 4 + [TELLING]) == TELLING
    assert choose(EFFUSION, [stammer] * 2) == stammer


def slow_choice(findings, samples, settings, train):
    """The definition, pair by pair, by rouge-score and without merging equal texts."""
    samples = [text for text in samples if not repeats_itself(text)] or samples
    own = [(text, 1 / len(samples)) for text in samples]
    others, rates = [], np.zeros(len(NAMES))
    if train is not None:
        others = list(zip(*next(train.neighbours([findings])), strict=True))
        rates = train.naming_rates(findings)
    share = settings.neighbour_weight if others else 0.0
    best, answer = -np.inf, ""
    candidates = [text for text, _ in own + others]
    wrong = {text: bool(check_impression(text, findings).wrong) for text in set(candidates)}
    for candidate in candidates:
        utility = 0.0
        for votes, weight in ((own, 1 - share), (others, share)):
            for text, vote in votes:
                utility += weight * vote * rouge_scores([candidate], [text]).mean() / 100
        for name, rate in zip(NAMES, rates, strict=True):
            if name in positive_classes(candidate):
                named = [
                    sum(v for t, v in votes if name in positive_classes(t))
                    for votes in (own, others)
                ]
                p = (sum(named) + rate) / 3 if others else named[0]
                utility += settings.observation_weight * (p - settings.observation_threshold)
        allowed = not wrong[candidate] or all(wrong.values())
        if allowed and utility > best + 1e-9:
            best, answer = utility, candidate
    return answer


@pytest.mark.parametrize("with_train", [False, True])
def test_the_choice_equals_its_definition(evidence, with_train):
    pool = [*SIGNS.values(), "Small effusion.", "Pneumonia or pneumonia.", "Normal chest."]
    generator = np.random.default_rng(0)
    train = evidence if with_train else None
    findings, samples, expected = [], [], []
    settings = ConsensusSettings(neighbour_weight=0.5)
    for sign in [*SIGNS, EFFUSION, "Possible right pneumonia."] * 2:
        findings.append(f"{sign} Heart size is normal.")
        samples.append([str(text) for text in generator.choice(pool, size=7)])
        expected.append(slow_choice(findings[-1], samples[-1], settings, train))
    assert consensus_impressions(findings, samples, settings, train=train) == expected
    assert len(set(expected)) > 2


def test_classes_are_those_of_the_observation_scores():
    assert len(NAMES) == 13
    assert statuses("Left pleural effusion.")["Pleural Effusion"] == "present"


def test_settings_round_trip_and_hold_no_text(tmp_path):
    assert ConsensusSettings.from_pretrained(tmp_path) is None
    settings = ConsensusSettings(num_samples=5, temperature=0.5)
    settings.save_pretrained(tmp_path)
    assert ConsensusSettings.from_pretrained(tmp_path) == settings
    assert [path.name for path in tmp_path.iterdir()] == [CONSENSUS_FILE]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not the settings"),
        ("[1]", "not the settings"),
        ('{"samples": 3}', "not the settings"),
        ('{"num_samples": 0}', "num_samples must be from 1 to 10000, not 0"),
        ('{"num_samples": 2.5}', "num_samples must be a number, not 2.5"),
        ('{"temperature": 0}', "temperature must be from"),
        ('{"neighbour_weight": 1.5}', "neighbour_weight must be from 0 to 1"),
        ('{"neighbour_weight": "much"}', "must be a number"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path, content, message):
    (tmp_path / CONSENSUS_FILE).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        ConsensusSettings.from_pretrained(tmp_path)
    assert str(tmp_path) in str(caught.value)
