"""Answers to questions about a report: found by concepts, read by the engine of plain text.

A question is asked of what the report says in so many words. What it asks of must be mentioned;
an attribute (side, place, size, degree, change, cause) must be given; else it is not stated.
``docs/tasks.md`` has an example of each kind.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from graphsum.tasks.advice import answer_cause, answer_mechanism, answer_recommendation
from graphsum.tasks.amounts import answer_count, answer_severity, answer_size
from graphsum.tasks.changes import answer_change, answer_compared, answer_when
from graphsum.tasks.concepts import find_concepts
from graphsum.tasks.positions import answer_generic, answer_place, answer_which
from graphsum.tasks.presence import answer_presence
from graphsum.tasks.questions import Question, parse_question
from graphsum.tasks.reports import Found, Report, Unit, read_report
from graphsum.tasks.task import NOT_STATED, Answer, Request, first_line, words_of

_EITHER_SIDE = re.compile(r"\b(?:left or (?:the )?right|right or (?:the )?left)\b")


def answer_question(report: str, question: str) -> Answer:
    """The answer with the sentence that bears it out, or "Not stated in the report."."""
    read, asked = read_report(report), parse_question(question)
    found = _ANSWERS[asked.kind](read, asked)
    if found is None and (relaxed := _relaxed(read, asked)):
        found = _ANSWERS[asked.kind](read, relaxed)
    if found is None and asked.kind in ("side", "place", "cause", "what"):
        found = answer_generic(read, asked)
    if found is None:
        return Answer(NOT_STATED)
    text, unit = found
    if asked.negated:
        text = _of_denial(question, text, unit)
    text = " ".join(text.split()).strip(" ,;:.")
    text = re.sub(r"\b[ctls]\d{1,2}\b", lambda level: level[0].upper(), text)
    return Answer(
        text[:1].upper() + text[1:] + ".",
        tuple(read.sentences[row] for row in sorted({unit.sentence, *unit.also})),
    )


_IS_NOT = re.compile(r"(?:is|are|was|were)(?:n't| not)? (?!there|not there|any|no )", re.IGNORECASE)
_SAYS_NOT = re.compile(r"n't\b|\bnot\b", re.IGNORECASE)
_NON = re.compile(r"\b(?:non-?|un)displaced\b", re.IGNORECASE)


def _of_denial(question: str, text: str, unit: Unit) -> str:
    """The answer to "Is there no ...?", from that to "Is there ...?", with the words it rests on.

    Yes and no alone could be read either way.
    """
    first = re.split(r"\W", text)[0]
    state = bool(_IS_NOT.match(question) and _SAYS_NOT.search(question))
    if first in ("Yes", "No") and _NON.search(question):
        return f"{'No' if first == 'Yes' else 'Yes'}: {unit.quote}"
    if first == "Yes":
        return f"{'No, it is' if state else 'No, there is'}: {unit.quote}"
    if text.startswith("No: ") and not state:  # of another degree than the one asked of
        return f"Right, there is none such: {unit.quote}"
    if first == "No":
        return f"{'Right, it is not' if state else 'Right, there is none'}: {unit.quote}"
    return f"{text}: {unit.quote}" if first in ("Possibly", "It") else text


_PARTICIPLE = re.compile(r"(?:obstruct|compress|caus|displac|narrow|block|press|invad)ing$")


def _relaxed(report: Report, asked: Question) -> Question | None:
    """A question of an attribute, without what a finding does if the report does not say that.

    "Where is the obstructing stone?" asks of the stone. None where nothing can be left out.
    """
    if asked.polar and len(asked.topic) > 1:  # the carpal bones are the carpus
        return replace(asked, topic=asked.topic - {"bone"}) if "bone" in asked.topic else None
    if asked.kind not in ("side", "place", "size", "severity", "count", "change"):
        return None
    told = frozenset().union(*(unit.names | unit.inherited for unit in report.wholes))
    strange = {
        one.name
        for one in find_concepts(asked.text)
        if one.name in asked.topic - told and _PARTICIPLE.match(asked.text[one.start : one.end])
    }
    left = asked.topic - strange
    return replace(asked, topic=left) if strange and left else None


_ANSWERS: dict[str, Callable[[Report, Question], Found]] = {
    "count": answer_count,
    "size": answer_size,
    "severity": answer_severity,
    "when": answer_when,
    "compared": answer_compared,
    "change": answer_change,
    "recommendation": answer_recommendation,
    "side": lambda report, asked: (
        answer_which(report, asked)
        or (None if _EITHER_SIDE.search(asked.text) else answer_place(report, asked))
    ),
    "place": answer_place,
    "cause": answer_cause,
    "mechanism": answer_mechanism,
    "presence": answer_presence,
    "what": answer_generic,
}


class QuestionAnswering:
    """Questions about a report; what it does not state is not answered."""

    name = "qa"
    needs = "question"

    def prompt(self, request: Request) -> str:
        """The instruction for a language model."""
        return (
            "Answer the question from the radiology report alone, in a few words. Where the report "
            f"does not say, answer: {NOT_STATED}\n\nReport: {request.text}\n\n"
            f"Question: {request.question}"
        )

    def target(self, answer: str) -> str:
        """The answer alone."""
        return answer

    def clean(self, output: str) -> str:
        """The first line."""
        return first_line(output)

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """Exact match without case and punctuation (Rajpurkar et al. 2016)."""
        return [
            float(words_of(self.clean(output)) in {words_of(one) for one in right})
            for output, right in zip(outputs, references, strict=True)
        ]

    def baseline(self, request: Request) -> Answer:
        """The answer of the reading engine."""
        return answer_question(request.text, request.question)
