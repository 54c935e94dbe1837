"""One object that answers by task: explanations, abbreviations, questions, a conversation."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from graphsum.tasks import TASKS
from graphsum.tasks.abbreviations import senses_of
from graphsum.tasks.checking import check_answer
from graphsum.tasks.task import DISCLAIMER, NOT_STATED, Answer, Request
from preprocessing.errors import InputError
from preprocessing.registry import imported, load

_ABBREVIATION = r"(?P<{}>[A-Z][A-Za-z0-9/-]*[A-Z0-9]s?|[a-z]/[a-z]{{1,2}})"
_TERM = re.compile(
    r"(?i:what|meaning of|stands? for|expand|define|explain)\b.*?"
    rf"\b{_ABBREVIATION.format('term')}\b.*(?i:mean|stand|short|abbrev)"
    r"|(?i:what is|what's|expand|define|meaning of) (?:an? |the )?"
    rf"{_ABBREVIATION.format('bare')}\W*$"
)
_ALL = re.compile(
    r"\b(?:explain|plain|simple|simpler|layman|lay|in other words|paraphrase|rephrase|reword"
    r"|understand|translate)\b.*\b(?:report|findings|it|this|words|terms|language|all|english)\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"\b(?:impression|summar\w+|conclusion|in short|bottom line|main finding)\b", re.IGNORECASE
)
_REFERS = re.compile(r"\b(?:it|its|that|they|their|them|this one)\b", re.IGNORECASE)
_THING = re.compile(
    r"\b(?:a|an|the|any|are there|is there|have)\s+(?!an? |any |the )"
    r"((?:[a-z-]+ ){0,3}?[a-z-]+?)(?= (?:on|in|at|is|are|seen|present|has"
    r"|have|changed|located)\b|\W*$)",
    re.IGNORECASE,
)


class Writer(Protocol):
    """A model that answers; its answers are not checked yet."""

    def answers(self, requests: Sequence[tuple[str, Request]]) -> list[str]:
        """What it writes for each task and request."""


class Assistant:
    """Answers about radiology reports: by the rules of each task, or by a model that they check.

    >>> Assistant().ask("No pneumothorax.", question="Is there a pneumothorax?").text
    'No.'
    """

    def __init__(self, model: Writer | None = None) -> None:
        """``model``: what answers in place of the rules."""
        self.model = model

    @classmethod
    def from_pretrained(
        cls, checkpoint: str | Path, *, device: str | None = None, llm: str | None = None
    ) -> "Assistant":
        """An assistant whose answers a run of ``graphsum train --model instruct`` writes.

        Args:
            device: ``cpu``, ``cuda``, ...; by default a GPU when there is one.
            llm: folder of the LLM that it was trained with, when it has moved.

        Raises:
            InputError: no such checkpoint, or one of another kind of model.
        """
        load_answerer = imported("graphsum.models.answering:Answerer").from_pretrained
        return cls(load_answerer(checkpoint, device=device, llm=llm))

    def ask(self, text: str, *, question: str = "", term: str = "", task: str = "") -> Answer:
        """The answer of a task.

        Args:
            text: The report.
            question: What is asked of it (task "qa").
            term: An abbreviation in it (task "abbreviations").
            task: A name of ``TASKS``; by default the one that the arguments are for.

        Raises:
            InputError: there is no text, no such task, or the task needs an argument that is not
                given.
        """
        for name, value in (("text", text), ("question", question), ("term", term)):
            if not isinstance(value, str):
                raise TypeError(f"{name} must be a string, not {type(value).__name__}")
        return self.ask_all([(task, Request(text, question.strip(), term.strip()))])[0]

    def ask_all(self, asked: Sequence[tuple[str, Request]]) -> list[Answer]:
        """The answers to several requests, each with the name of its task, as for :meth:`ask`."""
        checked = [(task_of(task, request), request) for task, request in asked]
        if self.model is None:
            return [load(TASKS, task)().baseline(request) for task, request in checked]
        written = self.model.answers(checked)
        return [
            check_answer(task, request, output)
            for (task, request), output in zip(checked, written, strict=True)
        ]


def task_of(task: str, request: Request) -> str:
    """The task that is asked for; raises ``InputError`` where its arguments do not fit."""
    if not request.text.strip():
        raise InputError("the report is empty: give its text")
    task = task or ("qa" if request.question else "abbreviations" if request.term else "paraphrase")
    chosen = load(TASKS, task)()
    for needed in ("question", "term"):
        if chosen.needs == needed and not getattr(request, needed):
            raise InputError(f"task {task} needs --{needed}")
        if chosen.needs != needed and getattr(request, needed):
            raise InputError(f"task {task} takes no --{needed}")
    return task


class Conversation:
    """A conversation about one report; it remembers what was asked of last.

    Every answer cites the sentences that bear it out; what the report does not say is not
    answered. ``disclaimer`` stands under every answer.
    """

    def __init__(self, report: str) -> None:
        if not report.strip():
            raise InputError("the report is empty: give its text")
        self.report = report
        self._assistant = Assistant()
        self._thing = ""

    def reply(self, message: str) -> Answer:
        """The answer to a message of the user."""
        message = " ".join(message.split())
        term = _TERM.search(message)
        asked = (term["term"] or term["bare"]) if term else ""
        if asked and senses_of(asked) and asked.lower() in self.report.lower():
            return self._assistant.ask(self.report, term=asked)
        if _ALL.search(message):
            return self._assistant.ask(self.report, task="paraphrase")
        if _SUMMARY.search(message):
            return self._assistant.ask(self.report, task="impression")
        question = message
        if self._thing and _REFERS.search(message):
            question = _REFERS.sub(f"the {self._thing}", message, count=1)
        elif thing := _THING.search(message):
            self._thing = thing[1]
        return self._assistant.ask(self.report, question=question or "?")

    @staticmethod
    def shown(answer: Answer) -> str:
        """An answer as text: with its evidence, and the disclaimer under it."""
        lines = [answer.text if answer.text != NOT_STATED else "That is not in the report."]
        lines += [f'  The report says: "{one}"' for one in answer.evidence]
        return "\n".join([*lines, f"  ({DISCLAIMER})"])
