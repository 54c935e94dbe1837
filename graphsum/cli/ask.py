"""Ask about a report: plain words, abbreviations, questions. Not for clinical use.

    graphsum ask --task qa --question "Is there an effusion?" "Small left pleural effusion."
    graphsum ask --task abbreviations --term PA "The main PA is enlarged."
    graphsum ask --task paraphrase "Mild cardiomegaly. No pneumothorax."
    graphsum ask --task qa --input questions.jsonl --output answers.jsonl

    graphsum ask --checkpoint RUN --question "Is there an effusion?" "No effusion is seen."

A file has a JSON object on each line: id, text (or report, or findings), and question or term.
Rules answer, or with --checkpoint a model of graphsum train --model instruct; what the report does
not bear out is withheld. What the report does not state is "Not stated in the report.".
"""

import argparse
import sys
from typing import Any

from graphsum.command_line import text_of_stdin
from graphsum.tasks import TASKS
from graphsum.tasks.assistant import Assistant, task_of
from graphsum.tasks.task import Answer, Request
from preprocessing.errors import InputError
from preprocessing.files import check_writable, dumps, read_jsonl, write_text_atomically

_TEXT_FIELDS = ("text", "report", "findings")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum ask``."""
    add = parser.add_argument
    add("text", nargs="?", help="text of the report; - or none: stdin")
    add("--task", metavar="NAME", help=f"{', '.join(TASKS)}; default: by what is given")
    add("--question", metavar="TEXT", help="what is asked of the report (qa)")
    add("--term", metavar="TERM", help="an abbreviation in the text (abbreviations)")
    add("--input", metavar="FILE", help="JSON Lines to answer; needs --task")
    add("--output", metavar="FILE", help="JSON Lines with id and answer; default: stdout")
    add("--checkpoint", metavar="RUN", help="a tuned model answers in place of the rules")
    add("--llm", metavar="FOLDER", help="where the LLM lies that it was trained with")
    add("--device", metavar="NAME", help="cpu, cuda, ... (default: a GPU when there is one)")
    add("--explain", action="store_true", help="add the sentences that bear the answer out")


def execute(options: argparse.Namespace) -> None:
    """Answer one text, or each line of a file."""
    for name in ("question", "term"):
        given = getattr(options, name)
        if given is not None and not given.strip():
            raise InputError(f"--{name} is empty; say what is asked, or leave it out")
        setattr(options, name, given or "")
    if options.checkpoint is None and (options.llm or options.device):
        raise InputError("--llm and --device are for --checkpoint RUN")
    if options.input is None:
        if options.output is not None:
            raise InputError("--output needs --input")
        text = text_of_stdin("a report") if options.text in (None, "-") else options.text
        answer = _assistant(options).ask(
            text, question=options.question, term=options.term, task=options.task or ""
        )
        print(answer.text)
        if options.explain:
            for sentence in answer.evidence:
                print(f"  evidence: {sentence}")
        return
    if options.text is not None or options.question or options.term:
        raise InputError("--input has the texts, questions and terms: give none beside it")
    if options.task is None:
        raise InputError(f"--input needs --task, one of {', '.join(TASKS)}")
    if options.output is not None:
        check_writable(options.output)
    ids, asked = [], []
    for number, row in enumerate(read_jsonl(options.input), start=1):
        ids.append(_id_of(row, f"{options.input}, record {number}"))
        asked.append(_request_of(row, options.task, f"{options.input}, record {number}"))
    answers = _assistant(options).ask_all([(options.task, one) for one in asked]) if asked else []
    lines = [
        dumps(_result(own_id, answer, options.explain))
        for own_id, answer in zip(ids, answers, strict=True)
    ]
    if not lines:
        raise InputError(f"{options.input}: nothing is asked in it")
    if options.output is None:
        sys.stdout.writelines(lines)
    else:
        write_text_atomically(options.output, lines)


def _assistant(options: argparse.Namespace) -> Assistant:
    if options.checkpoint is None:
        return Assistant()
    return Assistant.from_pretrained(options.checkpoint, device=options.device, llm=options.llm)


def _id_of(row: dict[str, Any], where: str) -> str | int:
    if not isinstance(row.get("id"), (str, int)) or isinstance(row.get("id"), bool):
        raise InputError(f"{where}: id is missing or neither a text nor a number")
    return row["id"]


def _request_of(row: dict[str, Any], task: str, where: str) -> Request:
    texts = [row[name] for name in _TEXT_FIELDS if name in row]
    if not texts:
        raise InputError(f"{where}: text is missing")
    fields = {"text": texts[0], "question": row.get("question", ""), "term": row.get("term", "")}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: {name} must be a text")
    wanted = {"qa": "question", "abbreviations": "term"}.get(task)
    for name in ("question", "term"):
        fields[name] = fields[name].strip() if name == wanted else ""
    request = Request(**fields)
    try:
        task_of(task, request)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return request


def _result(own_id: str | int, answer: Answer, explain: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"id": own_id, "answer": answer.text}
    if explain:
        result |= {"evidence": list(answer.evidence), "withheld": list(answer.withheld)}
    return result
