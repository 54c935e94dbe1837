"""One object that answers by task: explanations, abbreviations, questions, a conversation."""

import re

from graphsum.tasks import TASKS
from graphsum.tasks.abbreviations import senses_of
from graphsum.tasks.task import DISCLAIMER, NOT_STATED, Answer, Request
from preprocessing.errors import InputError
from preprocessing.registry import load

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


class Assistant:
    """Answers about radiology reports by the rules of each task.

    >>> Assistant().ask("No pneumothorax.", question="Is there a pneumothorax?").text
    'No.'
    """

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
        if not text.strip():
            raise InputError("the report is empty: give its text")
        task = task or ("qa" if question else "abbreviations" if term else "paraphrase")
        chosen = load(TASKS, task)()
        request = Request(text, question.strip(), term.strip())
        for needed in ("question", "term"):
            if chosen.needs == needed and not getattr(request, needed):
                raise InputError(f"task {task} needs --{needed}")
            if chosen.needs != needed and getattr(request, needed):
                raise InputError(f"task {task} takes no --{needed}")
        return chosen.baseline(request)


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
