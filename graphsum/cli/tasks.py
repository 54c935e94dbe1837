"""Instruction data for the tasks, and scores of answers.

    graphsum tasks build --dataset openi --tasks qa paraphrase --output train.jsonl
    graphsum tasks convert --form pubmedqa --input ori_pqal.json --output general.jsonl
    graphsum tasks score --task qa --input questions.jsonl --answers answers.jsonl

build makes instructions from a corpus by rules, without any service; with --truth tags the answers
about Open-i are what its coders indexed. convert reads PubMedQA,
MedQA, Alpaca and ShareGPT files that you have downloaded. score needs the right answers in the
field "right" (a text or a list of texts) of each question.
"""

import argparse
from dataclasses import asdict
from typing import Any

from graphsum.command_line import CommandParser
from graphsum.tasks import TASKS
from graphsum.tasks.instructions import FORMS, Instruction, read_instructions
from preprocessing.corpora import CORPORA, load_corpus
from preprocessing.errors import InputError
from preprocessing.files import check_writable, dumps, json_text, read_jsonl, write_text_atomically
from preprocessing.registry import unknown_name
from preprocessing.tables.columns import Pairs

PARTS = ("train", "val", "test")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum tasks``."""
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=CommandParser, dest="command"
    )
    add = commands.add_parser("build", help="instructions from a corpus").add_argument
    add("--dataset", metavar="NAME", required=True, help=", ".join(CORPORA))
    add("--data-dir", metavar="PATH", help="default: data/<name>")
    add("--columns", nargs="+", default={}, action=Pairs, metavar="FIELD=NAME", help="of a table")
    add("--part", default="train", metavar="NAME", help=f"{', '.join(PARTS)} (default: train)")
    add("--tasks", nargs="+", metavar="NAME", default=list(TASKS), help=", ".join(TASKS))
    add("--limit", type=int, metavar="N", help="of the reports, at most")
    add("--seed", type=int, default=0, help="of the questions without an answer")
    add("--truth", metavar="NAME", default="rules", help="of the answers of qa: rules (what the "
        "engine reads), or tags (what coders indexed of Open-i; default: rules)")  # fmt: skip
    add("--output", metavar="FILE", required=True, help="JSON Lines: id, task, prompt, answer")
    add = commands.add_parser("convert", help="others' instruction files").add_argument
    add("--form", metavar="NAME", required=True, help=", ".join(FORMS))
    add("--input", metavar="FILE", required=True, help="the file that you downloaded")
    add("--output", metavar="FILE", required=True, help="JSON Lines: id, task, prompt, answer")
    add = commands.add_parser("score", help="scores of answers, with intervals").add_argument
    add("--task", metavar="NAME", required=True, help=", ".join(TASKS))
    add("--input", metavar="FILE", required=True, help="id, text and right of each question")
    add("--answers", metavar="FILE", required=True, help="id and answer, of graphsum ask")


def execute(options: argparse.Namespace) -> None:
    """Build, convert or score."""
    {"build": _build, "convert": _convert, "score": _score}[options.command](options)


def _build(options: argparse.Namespace) -> None:
    for name in options.tasks:
        if name not in TASKS:
            raise unknown_name("task", name, TASKS)
    if options.part not in PARTS:
        raise unknown_name("part", options.part, PARTS)
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit must be at least 1, not {options.limit}")
    check_writable(options.output)
    corpus = load_corpus(options.dataset, data_dir=options.data_dir, columns=options.columns)
    reports = getattr(corpus, options.part)[: options.limit]

    from graphsum.tasks.building import build_instructions

    built = build_instructions(reports, options.tasks, seed=options.seed, truth=options.truth)
    _write(options.output, list(built))


def _convert(options: argparse.Namespace) -> None:
    check_writable(options.output)
    _write(options.output, list(read_instructions(options.input, options.form)))


def _write(path: str, instructions: list[Instruction]) -> None:
    write_text_atomically(path, (dumps(one.as_record()) for one in instructions))
    counts: dict[str, int] = {}
    for one in instructions:
        counts[one.task] = counts.get(one.task, 0) + 1
    listed = ", ".join(f"{task} {count:,}" for task, count in counts.items())
    print(f"written: {path}, {len(instructions):,} instructions ({listed or 'none'})")


def _score(options: argparse.Namespace) -> None:
    if options.task not in TASKS:
        raise unknown_name("task", options.task, TASKS)
    given = {}
    for number, row in enumerate(read_jsonl(options.answers), start=1):
        if "id" not in row or not isinstance(row.get("answer"), str):
            raise InputError(f"{options.answers}, record {number}: id and answer are expected")
        given[row["id"]] = row["answer"]
    texts, answers, right = [], [], []
    for number, row in enumerate(read_jsonl(options.input), start=1):
        where = f"{options.input}, record {number}"
        texts.append(_text_of(row, where))
        right.append(_right_of(row, where))
        if row.get("id") not in given:
            raise InputError(f"{where}: {options.answers} has no answer with its id")
        answers.append(given[row["id"]])
    if not texts:
        raise InputError(f"{options.input}: no questions in it")

    from graphsum.tasks.measures import measure

    print(json_text(asdict(measure(options.task, texts, answers, right))))


def _text_of(row: dict[str, Any], where: str) -> str:
    for name in ("text", "report", "findings"):
        if isinstance(row.get(name), str):
            return row[name]
    raise InputError(f"{where}: text is missing")


def _right_of(row: dict[str, Any], where: str) -> list[str]:
    right = row.get("right")
    listed = [right] if isinstance(right, str) else right
    if not isinstance(listed, list) or not listed or not all(isinstance(x, str) for x in listed):
        raise InputError(f"{where}: right must be a text or a list of texts")
    return listed
