"""Findings that a text describes and does not name, and what only resembles them."""

import json
from pathlib import Path

import pytest

from graphsum.impressions.plan import plans_of
from preprocessing.facts.comparison import check_impression
from preprocessing.facts.ontology import ontology
from preprocessing.facts.reading import read_mentions
from preprocessing.facts.signs import find_signs, signs, signs_by_cue
from preprocessing.text.plain import plain_text

DATA = Path(__file__).parents[1] / "data"

DESCRIBED = (
    ("A thin dark crescent separates the liver from the right dome.", "Free Air"),
    ("The left hemithorax is black and holds no vessels.", "Pneumothorax"),
    ("Dense opacity at the right base with a curved upper edge.", "Pleural Effusion"),
    ("A triangular density sits behind the heart.", "Collapsed Lung"),
    (
        "A lucent line parallels the left heart border and runs up into the neck.",
        "Pneumomediastinum",
    ),
    ("Six gas-fluid levels in distended small bowel.", "Bowel Obstruction"),
    ("Step in the cortex of the left seventh rib.", "Fracture"),
    ("T8 has lost half of its height in front.", "Vertebral Compression"),
    ("Loops of bowel lie within the left chest.", "Diaphragmatic Rupture"),
)
NOT_DESCRIBED = (
    "Gastric bubble under the left dome.",
    "No dark crescent beneath either dome.",
    "The rim of air at the apex has gone.",
    "The lung edge reaches the ribs everywhere.",
    "A line at the left apex is a skin fold and vanishes on the repeat film.",
    "The costophrenic recesses are sharp.",
    "The meniscus of the left knee is torn.",
    "Lucent right lung after mastectomy, with normal vessels.",
    "The ring shadow is an ECG electrode.",
    "Small right pneumothorax.",
    "Bowel gas pattern is normal.",
)


@pytest.mark.parametrize(("text", "name"), DESCRIBED)
def test_what_is_described_is_read(text: str, name: str) -> None:
    names = {one for mention in read_mentions(text)[1] for one in mention.names}
    entry = ontology().by_name[name]
    assert {*(entry.names or (name,))} <= names


@pytest.mark.parametrize("text", NOT_DESCRIBED)
def test_what_resembles_a_sign_is_none(text: str) -> None:
    assert not list(find_signs(text.lower()))


def test_the_shipped_signs_mean_findings_of_the_ontology() -> None:
    assert {one.name for one in signs()[0] if one.name} <= set(ontology().by_name)


def test_the_cues_lose_no_sign() -> None:
    texts = [text for text, _ in DESCRIBED] + [
        json.loads(line)["findings"]
        for line in (DATA / "writing_tenth.jsonl").read_text("utf-8").splitlines()
    ]
    sentences = [one for text in texts for one in plain_text(text).text.split(". ")]
    expression, rows = signs_by_cue()
    met = 0
    for words in sentences:
        looked_for = {row for cue in expression.findall(words) for row in rows[cue]}
        for row, one in enumerate(signs()[0]):
            if any(all(part.search(words) for part in parts) for parts in one.alternatives):
                met += 1
                assert row in looked_for, (one.says, words)
    assert met >= 60


def clauses(text: str) -> list[str]:
    return [one.text for one in plans_of([text])[0].clauses]


def test_a_clause_says_what_it_describes() -> None:
    assert clauses("A dark crescent separates the liver from the dome.") == [
        "Dark crescent separates the liver from the dome, in keeping with free intraperitoneal air."
    ]


def test_nothing_is_added_to_what_is_named_or_interpreted() -> None:
    named = "Dark crescent under the right dome. Free air is present."
    assert not any("in keeping" in one for one in clauses(named))
    said = "Opacity with a concave upper margin, likely a mass."
    assert not any("in keeping" in one for one in clauses(said))


def test_a_shift_away_is_tension_and_a_shift_towards_a_white_side_is_collapse() -> None:
    away = clauses("The right hemithorax is black without vessels. Heart pushed to the left.")
    assert any("a right tension pneumothorax" in one for one in away)
    central = clauses("The right hemithorax is black without vessels. Mediastinum central.")
    assert any("a right pneumothorax" in one for one in central)
    towards = clauses("White left hemithorax, the mediastinum pulled across to the left.")
    assert any("collapse of the left lung" in one for one in towards)
    other = clauses("White left hemithorax, the mediastinum pushed over to the right.")
    assert any("a large left pleural effusion" in one for one in other)


def test_an_opacity_that_hides_the_heart_border_has_a_lobe() -> None:
    text = "Consolidation on the right that blurs the right heart border."
    assert clauses(text) == [
        "Consolidation on the right that blurs the right heart border (right middle lobe)."
    ]


def test_the_other_side_may_be_denied() -> None:
    text = "No right pneumothorax while on the left the pleural surfaces are 3 cm apart."
    assert any("a left pneumothorax" in one for one in clauses(text))


def test_an_impression_that_names_it_is_borne_out() -> None:
    text = "The left hemithorax is black and holds no vessels."
    assert not check_impression("Left pneumothorax.", text).alarm
    assert check_impression("Right pneumothorax.", text).alarm
    assert check_impression("No acute abnormality.", text).alarm
