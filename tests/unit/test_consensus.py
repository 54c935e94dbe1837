"""Consensus decoding: its definition spelt out, what each part is for, its settings on disk."""

import json

import numpy as np
import pytest
from four_signs import SIGNS, TRAIN

from graphsum.consensus.candidates import (
    has_strange_word,
    invents_words,
    own_sentences,
    repeats_itself,
    with_own_sentences,
)
from graphsum.consensus.neighbours import NAMES, TrainingEvidence, naming_rates, rates_for
from graphsum.consensus.settings import CONSENSUS_FILE, ConsensusSettings
from graphsum.consensus.voting import OMISSION_PENALTY, consensus_impressions
from graphsum.metrics.observations import positive_classes
from graphsum.metrics.rouge import rouge_scores
from preprocessing.errors import InputError
from preprocessing.facts.comparison import (
    check_impression,
    is_actionable,
    is_acute,
    statements_of,
    tells,
)
from preprocessing.facts.observations import statuses

SILENT, TELLING = "No acute disease.", "Small left effusion."
EFFUSION = "Small left pleural effusion. Heart size is normal."


@pytest.fixture(scope="module")
def evidence():
    return TrainingEvidence(TRAIN)


def choose(findings, samples, *, train=None, left_out_weight=0.0, **settings):
    settings = ConsensusSettings(left_out_weight=left_out_weight, **settings)
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
    assert choose(findings, [TELLING, TELLING]) == "No pleural effusion."
    assert choose(f"{findings} Mild edema.", [TELLING, TELLING]) == "Mild edema."


def test_what_no_sample_names_is_said_by_the_findings_own_sentence():
    """All samples are silent on the heart; of assertions like it 0.9 are named."""
    findings = "The heart is enlarged. The lungs are clear."
    samples = ["The lungs are clear."] * 3
    rates = dict.fromkeys(NAMES, (0.0, 0.0, 0.0))
    assert choose(findings, samples, naming_rates=rates) == samples[0]
    rates["Cardiomegaly"] = (0.0, 0.0, 0.9)  # p = (0 + 0.9) / 2
    chosen = choose(findings, samples, naming_rates=rates, observation_weight=3)
    assert chosen == "The heart is enlarged. The lungs are clear."


@pytest.mark.parametrize(
    ("findings", "speaks"),
    [
        ("Left basilar atelectasis.", True),
        ("Left basilar atelectasis. Mild scoliosis.", True),
        ("Old healed fracture of the left clavicle.", False),  # not acute
        ("No fracture of the left clavicle.", False),
        ("Scoliosis.", False),
    ],
)
def test_to_leave_out_what_is_acute_has_its_price(findings, speaks):
    """Unanimous silence: joined, the sentence costs some 0.4 of ROUGE and 0.2 for a claim."""
    silent = ["The lungs are clear."] * 3
    findings = f"{findings} The lungs are clear."
    assert choose(findings, silent) == silent[0]
    for weight in (0.3, 1.0):
        chosen = choose(findings, silent, left_out_weight=weight)
        assert (chosen != silent[0]) == (speaks and weight == 1.0)
        assert chosen.endswith(silent[0])


@pytest.mark.parametrize(
    ("impression", "strange"),
    [
        ("Right m. No acute abnormality.", True),
        ("Mediastinal shift 0ion.", True),
        ("Nodule at t12.", True),
        ("Stable XXXX opacity.", True),
        ("Compared with ___.", True),
        ("Fracture of T8.", False),  # as in the findings
        ("A chest x-ray at 8 a.m. of the patient's heart, I think.", False),
        ("1. A 3cm mass on the 2nd rib, 5 mm.", False),
        ("", False),
    ],
)
def test_strange_words_are_those_that_the_findings_do_not_have(impression, strange):
    assert has_strange_word(impression, "T8 is low, s mm.") == strange
    assert not has_strange_word(impression, f"Heart. {impression}")


def test_strange_words_stand_back():
    assert choose(EFFUSION, ["Left effusion t."] * 3 + [TELLING]) == TELLING
    assert choose("Lungs are clear.", ["Clear t."] * 2) == "Lungs are clear."


def test_no_acute_disease_does_not_follow_what_it_would_deny():
    findings = "Large right pneumothorax. The lungs are clear."
    for weight in (0.0, 1.0):
        chosen = choose(findings, ["No acute disease."] * 3, left_out_weight=weight)
        assert chosen == "Large right pneumothorax."


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        ("There is free air beneath both hemidiaphragms.", True),
        ("Lucency in the mediastinum, concerning for pneumomediastinum.", True),  # in doubt
        ("The endotracheal tube tip lies in the right main bronchus.", True),
        ("The left clavicle is fractured.", True),
        ("The endotracheal tube tip lies 4 cm above the carina.", False),
        ("Old healed fracture of the left clavicle.", False),
        ("No free air beneath the diaphragm.", False),
    ],
)
def test_what_is_actionable_is_quoted_where_hardly_anybody_tells_it(finding, told):
    """At no price for what is acute: it counts for more than the votes."""
    quoted = finding.removeprefix("There is ")
    quoted = quoted[0].upper() + quoted[1:]
    samples = ["The lungs are clear."] * 9
    chosen = choose(f"The lungs are clear. {finding}", samples)
    assert chosen == (f"{quoted} {samples[0]}" if told else samples[0])


@pytest.mark.parametrize(
    ("finding", "quoted"),
    [
        ("Zebroid quux along the frobnicated sulcus.", True),
        ("No zebroid quux along the frobnicated sulcus.", False),  # denied
        ("Zebroid quux along the sulcus.", False),  # two new words: too few
        ("Old zebroid quux along the frobnicated sulcus.", False),
    ],
)
def test_what_is_new_to_the_model_is_quoted_where_hardly_anybody_tells_it(finding, quoted):
    known = {"along", "the", "sulcus", "old", "scoliosis", "lungs", "are", "clear"}
    samples = ["The lungs are clear."] * 9
    findings = f"The lungs are clear. {finding}"
    settings = ConsensusSettings(left_out_weight=0)
    for is_word, told in ((known.__contains__, quoted), (None, False)):
        chosen = consensus_impressions([findings], [samples], settings, is_word=is_word)
        assert chosen == [f"{finding} {samples[0]}" if told else samples[0]]


def test_what_most_votes_tell_is_not_quoted():
    findings = "A small pneumothorax is seen at the right apex."
    told, silent = "Small right apical pneumothorax.", "Clear lungs."
    assert choose(findings, [told, told, silent]) == told
    assert choose(findings, [silent, silent, told]) == f"{findings} {silent}"
    # On the other side it is not told; that the lesser part of the votes does is no reason.
    assert choose(findings, ["Left pneumothorax."] * 3) == findings


def test_own_sentences_alone_and_before_what_leaves_them_out():
    findings = (
        "no edema. the left clavicle\nis fractured. Possible nodule. there is\na Small effusion"
    )
    others = ["Left effusion.", "1. No acute disease.", "Fracture.", "Clear."]
    assert list(with_own_sentences(findings, others)) == [
        "The left clavicle is fractured.",
        "The left clavicle is fractured. Left effusion.",
        "The left clavicle is fractured. Clear.",
        "Small effusion.",
        "Small effusion. Fracture.",
        "Small effusion. Clear.",
    ]
    joined = list(with_own_sentences("Is there edema? Edema.", list(map(str, range(10, 99)))))
    assert joined[-21:] == ["Edema.", *(f"Edema. {number}" for number in range(10, 30))]
    assert list(with_own_sentences("No edema.", others)) == []
    assert list(with_own_sentences("Clear. no edema.", [])) == ["Clear.", "No edema."]


def test_quotes_stand_together_and_never_before_a_normal_chest():
    findings = "Free air. Clear lungs. The left clavicle is fractured."
    quotes = ["Free air.", "The left clavicle is fractured."]
    others = ["No acute disease.", "No acute pulmonary disease.", "Clear lungs.", "Fracture."]
    both = " ".join(quotes)
    assert list(with_own_sentences(findings, others, quotes)) == [
        "The left clavicle is fractured.",
        "The left clavicle is fractured. No acute disease.",  # not quoted: it may be old
        "The left clavicle is fractured. No acute pulmonary disease.",
        "The left clavicle is fractured. Clear lungs.",
        both,
        f"{both} Clear lungs.",
        f"{both} Fracture.",
    ]
    fracture = quotes[1]
    assert list(with_own_sentences(fracture, others, [fracture])) == [
        fracture,
        f"{fracture} No acute pulmonary disease.",  # bones are no part of that
        f"{fracture} Clear lungs.",
        f"{fracture} Fracture.",
    ]


@pytest.mark.parametrize(
    ("impression", "repeats"),
    [
        ("Left effusion or effusion.", True),
        ("Stable STABLE heart.", True),
        ("Left effusion. No right effusion.", False),  # two sentences
        ("Mild edema. Clear. Mild EDEMA.", True),
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
    assert choose(EFFUSION, [stammer] * 2) == "Small left pleural effusion."


def test_samples_with_words_that_do_not_exist_are_left_out_while_there_is_another():
    words = {"small", "left", "effusion", "no", "acute", "disease"}

    def chosen(findings, samples, **more):
        settings = ConsensusSettings(left_out_weight=0)
        (text,) = consensus_impressions(
            [findings], [samples], settings, is_word=words.__contains__, **more
        )
        return text

    assert chosen(EFFUSION, ["Small leftffusion."] * 4 + [TELLING]) == TELLING
    assert chosen(EFFUSION, ["No acutel disease."] * 2) == "Small left pleural effusion."
    assert chosen("Clear lungs.", ["Clear lungs.", TELLING]) == "Clear lungs."  # their own words
    # "Pneumonia" is a word of the training reports.
    own = "Right pneumonia."
    assert own in SIGNS.values()
    assert not invents_words(own, "", TrainingEvidence(TRAIN).words, words.__contains__)
    assert invents_words(own, "", (), words.__contains__)


def slow_choice(findings, samples, settings, train):
    """The definition, pair by pair, by rouge-score and without merging equal texts."""
    samples = [text for text in samples if not repeats_itself(text)] or samples
    own = [(text, 1 / len(samples)) for text in samples]
    others, rates = [], settings.naming_rates
    if train is not None:
        others = list(zip(*next(train.neighbours([findings])), strict=True))
        rates = train.naming_rates
    share = settings.neighbour_weight if others else 0.0
    (stated,) = statements_of([findings])
    to_tell, quotes = [], []
    for one in filter(is_actionable, stated):
        votes = sum((1 - share) * v for t, v in own if tells(statements_of([t])[0], one))
        votes += sum(share * v for t, v in others if tells(statements_of([t])[0], one))
        if votes >= 0.5:
            to_tell.append(one)
        else:
            (quote,) = [s for start, end, s in own_sentences(findings) if start <= one.start < end]
            quotes += [quote] if quote not in quotes else []

    def utility(candidate):
        total = 0.0
        for votes, weight in ((own, 1 - share), (others, share)):
            for text, vote in votes:
                total += weight * vote * rouge_scores([candidate], [text]).mean() / 100
        for column, name in enumerate(NAMES):
            if name in positive_classes(candidate):
                p = [sum(v for t, v in own if name in positive_classes(t))]
                if others:
                    p.append(sum(v for t, v in others if name in positive_classes(t)))
                if rates is not None:
                    p.append(rates_for(findings, rates)[column])
                total += settings.observation_weight * (
                    sum(p) / len(p) - settings.observation_threshold
                )
        checked = check_impression(candidate, findings)
        total -= settings.left_out_weight * len([one for one in checked.left_out if is_acute(one)])
        said = statements_of([candidate])[0]
        total -= OMISSION_PENALTY * sum(not tells(said, one) for one in to_tell)
        total -= OMISSION_PENALTY * sum(quote not in candidate for quote in quotes)
        return total, not checked.wrong and not has_strange_word(candidate, findings)

    def rank(text):
        total, right = utilities[text]
        return (not right, -round(total, 9))

    candidates = list(dict.fromkeys(text for text, _ in own + others))
    utilities = {text: utility(text) for text in candidates}
    sound = [text for text in candidates if utilities[text][1]]
    candidates += with_own_sentences(findings, sorted(sound, key=rank), quotes)
    utilities = {text: utility(text) for text in candidates}
    return min(candidates, key=rank)


@pytest.mark.parametrize(
    ("with_train", "with_rates"), [(False, False), (False, True), (True, True)]
)
def test_the_choice_equals_its_definition(evidence, with_train, with_rates):
    pool = [*SIGNS.values(), "Small effusion.", "Pneumonia or pneumonia.", "Normal chest.", "X 2b."]
    pool += ["Clear lungs.", "Heart size is normal.", "1. Right pneumonia.", "Stable chest."]
    generator = np.random.default_rng(0)
    train = evidence if with_train else None
    findings, samples, expected = [], [], []
    rates = naming_rates(TRAIN[:4]) if with_rates else None  # not those of all TRAIN
    settings = ConsensusSettings(neighbour_weight=0.5, naming_rates=rates)
    for sign in [*SIGNS, EFFUSION, "Possible right pneumonia.", "Mild edema. Rib fracture."] * 2:
        findings.append(f"{sign} Heart size is normal.")
        samples.append([str(text) for text in generator.choice(pool, size=14)])
        expected.append(slow_choice(findings[-1], samples[-1], settings, train))
    assert consensus_impressions(findings, samples, settings, train=train) == expected
    assert len(set(expected)) > 2


def test_classes_are_those_of_the_observation_scores():
    assert len(NAMES) == 13
    assert statuses("Left pleural effusion.")["Pleural Effusion"] == "present"


def test_settings_round_trip_and_hold_no_text(tmp_path):
    assert ConsensusSettings.from_pretrained(tmp_path) is None
    settings = ConsensusSettings(num_samples=5, temperature=0.5, naming_rates=naming_rates(TRAIN))
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
        ('{"naming_rates": {"Edema": [0, 0, 0]}}', "naming_rates must give three numbers"),
        ('{"naming_rates": 3}', "for each of Atelectasis, Cardiomegaly"),
        (json.dumps({"naming_rates": dict.fromkeys(NAMES, (0, 2, 0))}), "from 0 to 1"),
        (json.dumps({"naming_rates": dict.fromkeys(NAMES, (0, "x", 0))}), "three numbers"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path, content, message):
    (tmp_path / CONSENSUS_FILE).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        ConsensusSettings.from_pretrained(tmp_path)
    assert str(tmp_path) in str(caught.value)
