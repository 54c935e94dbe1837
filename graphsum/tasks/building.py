"""Instruction data for the tasks, made from reports by rules, without any service."""

import random
import re
from collections.abc import Callable, Iterator, Sequence

from graphsum.tasks import TASKS
from graphsum.tasks.abbreviations import expand, load_abbreviations
from graphsum.tasks.answering import answer_question
from graphsum.tasks.coded import coded_questions, tags_of
from graphsum.tasks.instructions import Instruction
from graphsum.tasks.paraphrase import paraphrase
from graphsum.tasks.task import NOT_STATED, Request
from preprocessing.errors import InputError
from preprocessing.facts.ontology import NO_FINDING, ontology
from preprocessing.facts.reading import Mention, read_mentions
from preprocessing.records import Report
from preprocessing.registry import load, unknown_name
from preprocessing.text.sentences import sentence_spans

_STATUS_ANSWERS = {"present": "Yes.", "absent": "No.", "uncertain": "Possibly; it is not certain."}
_SIDE_ANSWERS = {"left": "Left side.", "right": "Right side.", "bilateral": "Both sides."}
TRUTHS = ("rules", "tags")
_UNANSWERED = (
    "How old is the patient?",
    "Which medicine was prescribed?",
    "Does the patient smoke?",
    "What is the white cell count?",
    "Who performed the study?",
    "Does the patient have a fever?",
)


def build_instructions(
    reports: Sequence[Report], tasks: Sequence[str], *, seed: int = 0, truth: str = "rules"
) -> Iterator[Instruction]:
    """The instructions of each task, task by task; equal arguments give equal instructions.

    Args:
        truth: where the answers of questions come from: ``rules`` (the reading engine), or
            ``tags`` (what coders indexed, which no prompt holds).

    Raises:
        InputError: a name is none of ``TASKS`` or ``TRUTHS``, or no report has tags.
    """
    for name in tasks:
        load(TASKS, name)
    if truth not in TRUTHS:
        raise unknown_name("truth", truth, TRUTHS)
    if truth == "tags" and "qa" not in tasks:
        raise InputError("--truth tags is of the answers of qa: add qa to --tasks, or leave it out")
    if truth == "tags" and all(tags_of(one) is None for one in reports):
        raise InputError("no report has tags of coders (Open-i's have): give --truth rules")
    for name in tasks:
        random_ = random.Random(f"{seed}-{name}")
        if name == "qa":
            yield from _questions(reports, random_, truth)
        else:
            yield from _BUILDERS[name](reports, random_)


def _instruction(task: str, own_id: str, request: Request, answer: str) -> Instruction:
    chosen = load(TASKS, task)()
    prompt, target = chosen.prompt(request), chosen.target(answer)
    return Instruction(f"{task}-{own_id}", task, prompt, target, request)


def _impressions(reports: Sequence[Report], random_: random.Random) -> Iterator[Instruction]:
    for report in reports:
        if report.impression:
            yield _instruction(
                "impression", report.uid, Request(report.findings), report.impression
            )


def _questions(
    reports: Sequence[Report], random_: random.Random, truth: str
) -> Iterator[Instruction]:
    """Presence and side of what is mentioned; up to three questions that have no answer."""
    names = [
        entry.name for entry in ontology().entries
        if entry.tier != "none" and entry.name not in (NO_FINDING, "Support Devices")
    ]  # fmt: skip
    for report in reports:
        asked: list[tuple[str, str]] = []
        mentioned = read_mentions(report.findings)[1]
        known = {name for one in mentioned for name in (*one.names, *one.parents)}
        if truth == "tags":
            tags = tags_of(report)
            if tags is None:
                continue
            asked += coded_questions(report, set(names))
            known |= {name for tag in tags for name in (*tag.names, *tag.parents)}
        else:
            for name in sorted(known.intersection(names)):
                asked += _asked_of(name, [one for one in mentioned if name in one.names])
        free = [name for name in names if name not in known]
        for name in random_.sample(free, min(2, len(free))):
            question = f"Is there {_phrase(name)}?"
            # Not asked where the rules find an answer in other words.
            if answer_question(report.findings, question).text == NOT_STATED:
                asked.append((question, NOT_STATED))
        asked.append((random_.choice(_UNANSWERED), NOT_STATED))
        for row, (question, answer) in enumerate(asked):
            request = Request(report.findings, question=question)
            yield _instruction("qa", f"{report.uid}-{row}", request, answer)


def _phrase(name: str) -> str:
    return name.lower()


def _asked_of(name: str, mentions: Sequence[Mention]) -> Iterator[tuple[str, str]]:
    states = {one.status for one in mentions}
    if len(states) != 1 or not states <= set(_STATUS_ANSWERS):
        return
    state = states.pop()
    yield f"Is there {_phrase(name)}?", _STATUS_ANSWERS[state]
    sides = {one.side for one in mentions}
    if state == "present" and len(sides) == 1 and (side := sides.pop()) in _SIDE_ANSWERS:
        yield f"On which side is the {_phrase(name)}?", _SIDE_ANSWERS[str(side)]


def _paraphrases(reports: Sequence[Report], random_: random.Random) -> Iterator[Instruction]:
    """Plain words by the glossary, and pairs of sentences of two reports that state the same."""
    by_facts: dict[object, list[str]] = {}
    for report in reports:
        answer = paraphrase(report.findings)
        if not answer.withheld and answer.text and answer.text != report.findings:
            yield _instruction("paraphrase", report.uid, Request(report.findings), answer.text)
        for start, end in sentence_spans(report.findings):
            sentence = report.findings[start:end]
            facts = frozenset(
                (one.names, one.status, one.side, one.places, one.sizes, one.degree, one.change)
                for one in read_mentions(sentence)[1]
            )
            same = by_facts.setdefault(facts, []) if facts else []
            if sentence not in same and len(same) < 8:
                same.append(sentence)
    row = 0
    for same in by_facts.values():
        for first, second in zip(same[::2], same[1::2], strict=False):
            prompt = f"Say the same in other words, for a doctor.\n\n{first}"
            yield Instruction(f"paraphrase-pair-{row}", "paraphrase", prompt, second)
            row += 1


def _abbreviations(reports: Sequence[Report], random_: random.Random) -> Iterator[Instruction]:
    """Abbreviations where they stand, and expansions put back into their abbreviation."""
    known = load_abbreviations()
    single = {senses[0].expansion.lower(): term for term, senses in known.items()
              if len(senses) == 1 and term.isupper() and len(senses[0].expansion) > 9}  # fmt: skip
    written = re.compile("|".join(sorted(map(re.escape, single), key=len, reverse=True)), re.I)
    for report in reports:
        seen: set[str] = set()
        for match in re.finditer(r"(?<![\w/-])[A-Z][A-Z0-9/]{1,6}(?![\w/-])", report.findings):
            term = match[0]
            if term in known and term not in seen:
                seen.add(term)
                request = Request(report.findings, term=term)
                yield _instruction("abbreviations", f"{report.uid}-{term}", request,
                                   expand(term, report.findings))  # fmt: skip
        if found := written.search(report.findings):
            term = single[found[0].lower()]
            text = report.findings[: found.start()] + term + report.findings[found.end() :]
            request = Request(text, term=term)
            yield _instruction("abbreviations", f"{report.uid}-short", request, found[0].lower())


_BUILDERS: dict[str, Callable[[Sequence[Report], random.Random], Iterator[Instruction]]] = {
    "impression": _impressions,
    "paraphrase": _paraphrases,
    "abbreviations": _abbreviations,
}
