from functools import lru_cache

import pytest

from preprocessing.annotation import load_annotator
from preprocessing.facts.comparison import statements_of
from preprocessing.facts.statements import read_statements, stem
from preprocessing.text.sentences import sentence_spans, word_spans


@lru_cache(maxsize=1)
def annotator():
    return load_annotator("builtin")


def read(text):
    (annotated,) = annotator().annotate([("x", text)])
    return read_statements(text, annotated)


def told(text):
    """(words of the text, status, side) of each statement."""
    return [(text[one.start : one.end], one.status, one.side) for one in read(text)]


def test_named_observations_keep_status_and_side():
    assert told("Small right effusion, but no pneumothorax.") == [
        ("effusion", "present", "right"),
        ("pneumothorax", "absent", None),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Tortuous aorta.", {"Tortuous Aorta"}),
        ("Mild degenerative changes of the spine.", {"Degenerative Change"}),
        ("The lung volumes remain low.", {"Low Lung Volumes"}),
        ("The right hemidiaphragm is elevated.", {"Elevated Diaphragm"}),
        ("There is volume loss at the left base.", {"Volume Loss"}),
        ("Dextroscoliosis of the thoracic spine.", {"Scoliosis"}),
    ],
)
def test_entities_outside_the_observations_get_names(text, names):
    (one,) = read(text)
    assert (one.names, one.status, one.general) == (names, "present", False)


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("No acute cardiopulmonary abnormality.", "absent", set()),
        ("Acute cardiopulmonary abnormality.", "present", set()),
        ("No acute bony abnormality.", "absent", {"bone"}),
        ("The osseous structures are normal.", "absent", {"bone"}),
    ],
)
def test_general_statements_are_about_an_anatomy_or_the_chest(text, status, words):
    (one,) = read(text)
    assert one.general
    assert (one.names, one.status, one.words) == (set(), status, words)


def test_a_normal_phrase_beside_a_finding_is_still_there():
    finding, normal = read("Left effusion. Otherwise no acute disease.")
    assert (finding.names, normal.general) == ({"Pleural Effusion"}, True)


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("Small left effusion.", (1, 1)),
        ("The effusion is large.", (3, 3)),
        ("The heart is mildly enlarged.", (1, 1)),
        ("Moderate to large left effusion.", (2, 3)),
        ("Left effusion.", None),
    ],
)
def test_degree_comes_from_the_tree(text, degree):
    assert read(text)[0].degree == degree


def test_a_modifier_belongs_to_its_own_observation():
    effusion, consolidation = read("Trace left effusion and right consolidation.")
    assert (effusion.degree, consolidation.degree) == ((1, 1), None)


@pytest.mark.parametrize(
    ("text", "old", "acute", "resolved"),
    [
        ("Old healed rib fracture.", True, False, False),
        ("Stable small effusion.", False, False, False),
        ("Infiltrate, new from prior.", False, True, False),
        ("No acute fracture.", False, True, False),
        ("Resolved right pneumothorax.", False, False, True),
    ],
)
def test_age(text, old, acute, resolved):
    one = read(text)[0]
    assert (one.old, one.acute, one.resolved) == (old, acute, resolved)


def test_advice_and_empty_words_state_nothing():
    assert read("Recommend chest CT for further evaluation. Stable exam. 2 views.") == ()
    assert read("") == ()


def test_words_find_their_characters():
    text = "No\x07effusion, can't\tbe seen"
    (annotated,) = annotator().annotate([("x", text)])
    spans = word_spans(text, annotated.words)
    assert [text[a:b] for a, b in spans] == list(annotated.words)
    with pytest.raises(ValueError, match="substring"):
        word_spans("No effusion", ["pneumothorax"])


def test_stems_join_forms_of_a_word():
    assert stem("Tortuous") == stem("tortuosity")
    assert stem("osseous") == stem("bony") == stem("ribs")
    assert stem("opacity") == stem("opacities")
    assert stem("nodule") != stem("nodes")


def test_sentences_as_they_are_written():
    text = " Heart is 1.5 cm;  a.m. film.\x00No\tedema?! Left\nrib"
    sentences = [text[start:end] for start, end in sentence_spans(text)]
    assert sentences == ["Heart is 1.5 cm;  a.m. film.", "No\tedema?", "!", "Left", "rib"]
    assert sentence_spans(" \n") == []


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("CT head without contrast: fracture of the skull.", "Fracture", "present"),
        ("MRI with and without contrast. Mass in the left lobe.", "Mass", "present"),
        ("CT without intravenous contrast of the chest: nodule.", "Nodule", "present"),
        (
            "There is no effusion and fractures of the left second, third and sixth ribs are seen.",
            "Fracture", "present",
        ),
        ("The bones show no erosion and numerous nodules are scattered in both lungs.", "Nodule",
         "present"),
        ("There is no pneumothorax and pleural effusion.", "Pleural Effusion", "absent"),
        ("There is no large and loculated effusion.", "Pleural Effusion", "absent"),
    ],
)  # fmt: skip
def test_where_a_denial_ends(text, name, status):
    (found,) = statements_of([text])
    assert {one.status for one in found if name in one.names} == {status}


@pytest.mark.parametrize(
    "text",
    [
        "A nodule in the right apex was not there in May.",
        "There is a mass in the left upper lobe, not seen then.",
        "Rib fracture, not present on Monday.",
        "A pneumothorax has come, which was not evident before.",
    ],
)
def test_what_was_not_there_on_an_earlier_day_is_new(text: str) -> None:
    found = read(text)[0]
    assert (found.status, found.change) == ("present", "new")


def test_what_is_denied_today_stays_denied() -> None:
    for text in ("No effusion, not seen before.", "The effusion is not seen in the left base."):
        found = read(text)[0]
        assert found.status == "absent"
