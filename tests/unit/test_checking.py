"""What a model answers is compared with the report; what that does not bear out is withheld."""

import pytest

from graphsum.tasks.assistant import Assistant
from graphsum.tasks.checking import (
    NOT_KNOWN,
    NOTHING,
    WITHHELD,
    check_answer,
    claim_of,
    technical_sentence,
)
from graphsum.tasks.task import NOT_STATED, Request
from preprocessing.errors import InputError

REPORT = "Small left pleural effusion. No pneumothorax. Heart size is normal."


class Says:
    """A model that always writes the same."""

    def __init__(self, text):
        self.text = text

    def answers(self, requests):
        return [self.text] * len(requests)


@pytest.mark.parametrize(
    ("question", "written", "given"),
    [
        ("Is there pleural effusion?", "Yes.", "Yes."),
        ("Is there pleural effusion?", "No.", NOT_STATED),
        ("Is there pneumothorax?", "No.", "No."),
        ("Is there pneumothorax?", "Yes.", NOT_STATED),
        ("Is there pneumonia?", "No.", NOT_STATED),  # the report does not speak of it
        ("Is there pneumonia?", "Not stated in the report", NOT_STATED),
        ("On which side is the pleural effusion?", "Left side.", "Left side."),
        ("On which side is the pleural effusion?", "Right side.", NOT_STATED),
        ("How old is the patient?", "54 years.", NOT_STATED),
        ("Is there pleural effusion?", "Because of the heart.", NOT_STATED),
    ],
)
def test_answers_to_questions(question, written, given):
    answer = Assistant(Says(written)).ask(REPORT, question=question)
    assert answer.text == given
    assert answer.withheld == (() if given == written or "Not stated" in written else (written,))
    if given == written:
        assert answer.evidence


def test_the_claim_of_an_answer():
    assert claim_of("Is there any pneumothorax?", "No.") == "There is no pneumothorax."
    assert claim_of("On which side is the mass?", "Both sides.") == "There is bilateral mass."
    assert claim_of("How large is the mass?", "3 cm.") == ""


@pytest.mark.parametrize(
    ("term", "written", "given"),
    [
        ("PA", "Pulmonary artery", "Pulmonary artery"),
        ("PA", "posteroanterior", "posteroanterior"),
        ("PA", "pale area", NOT_KNOWN),
        ("QXZ", "quick xenon zone", "quick xenon zone"),  # no sense is known, the letters fit
        ("QXZ", "quick zone", NOT_KNOWN),
    ],
)
def test_expansions(term, written, given):
    answer = Assistant(Says(written)).ask(f"The {term} is wide.", term=term)
    assert answer.text == given


def test_sentences_that_the_report_denies_are_withheld():
    written = "Small left pleural effusion. Left pneumothorax."
    answer = Assistant(Says(written)).ask(REPORT, task="impression")
    assert answer.text == f"Small left pleural effusion. {WITHHELD}"
    assert answer.withheld == ("Left pneumothorax.",)
    assert answer.evidence == ("Small left pleural effusion.",)
    assert Assistant(Says("")).ask(REPORT, task="impression").text == NOTHING


@pytest.mark.parametrize(
    ("written", "is_given"),
    [
        ("There is a small amount of fluid around the lung on the left side.", True),
        ("There is fluid around the lung on the right side.", False),
        ("There is air outside the lung that can make it collapse.", False),
        ("There is no air outside the lung that can make it collapse.", True),
        ("There is fluid around the heart.", False),  # the report names no such finding
        ("There is 3 cm of fluid around the lung on the left side.", False),
    ],
)
def test_plain_words_are_read_as_the_terms_of_the_report(written, is_given):
    answer = check_answer("paraphrase", Request(REPORT), written)
    assert (answer.text == written) == is_given
    assert bool(answer.withheld) != is_given


def test_plain_phrases_become_terms():
    assert technical_sentence("Fluid around the lung.", REPORT) == "pleural effusion."
    assert technical_sentence("Fluid around the heart.", REPORT) == ""


def test_the_rules_answer_many_at_once_and_mistakes_are_input_errors():
    asked = [("qa", Request(REPORT, question="Is there pneumothorax?")),
             ("", Request("The main PA is enlarged.", term="PA"))]  # fmt: skip
    assert [one.text for one in Assistant().ask_all(asked)] == ["No.", "pulmonary artery"]
    with pytest.raises(InputError, match="takes no --question"):
        Assistant(Says("")).ask_all([("impression", Request(REPORT, question="?"))])
