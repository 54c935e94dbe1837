"""What a task is: a request, an answer, and the protocol that every entry of TASKS follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NOT_STATED = "Not stated in the report."
DISCLAIMER = (
    "Not for clinical use: ask the doctor who knows the patient. Answers rest on the report alone."
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a report: ``question`` for questions, ``term`` for abbreviations."""

    text: str
    question: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with what bears it out.

    ``evidence``: sentences of the report, word for word. ``withheld``: sentences of the report
    for which an answer was made and not given, because the report does not bear it out.
    """

    text: str
    evidence: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


class Task(Protocol):
    """A task: how it is asked of a language model, how an output is cleaned and judged.

    ``needs``: the field of :class:`Request` beside the text, or an empty string.
    """

    name: str
    needs: str

    def prompt(self, request: Request) -> str:
        """The instruction for a language model."""

    def target(self, answer: str) -> str:
        """The text that a model is trained to write for an answer."""

    def clean(self, output: str) -> str:
        """A model's output without what is no part of the answer."""

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """One value from 0 to 1 for each output, given the answers that are right for it."""

    def baseline(self, request: Request) -> Answer:
        """The answer of the rules."""


def first_line(output: str) -> str:
    """The first line of an output that is not blank, without quotes around it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[0].strip("\"'` ") if lines else ""


def words_of(text: str) -> str:
    """A text for comparison: letters and digits in lower case, one blank between words."""
    signs = "".join(sign if sign.isalnum() else " " for sign in text.lower())
    return " ".join(signs.split())
