"""Radiology findings in, impression out. Not for clinical use."""

import os
import sys
from collections.abc import Sequence

from graphsum import __version__
from graphsum.cli import (
    ask,
    chat,
    detect,
    evaluate,
    export,
    label,
    llm,
    page,
    preprocess,
    pretrain,
    reward,
    study,
    style,
    summarize,
    tasks,
    train,
    tune,
)
from graphsum.command_line import Command, CommandParser, Parser, help_layout, run

COMMANDS: dict[str, tuple[Command, str]] = {
    "summarize": (summarize, "findings -> impression, for one report or a file of them"),
    "ask": (ask, "plain words, abbreviations, questions about a report, by rules"),
    "chat": (chat, "a conversation about one report; answers cite it"),
    "tasks": (tasks, "instruction data for these tasks, from a corpus or others' files"),
    "page": (page, "a web page to read impressions on, from what summarize --explain wrote"),
    "label": (label, "reports -> labels by a schema; check-schema, evaluate, audit"),
    "style": (style, "measure how authors write, for summarize --style-profile"),
    "detect": (detect, "reports -> classes and an open list of findings; weak, terms, train"),
    "train": (train, "train a model on a corpus"),
    "tune": (tune, "tune a trained model by rewards, or by readers' corrections"),
    "reward": (reward, "audit: can a reward be earned without a good impression?"),
    "evaluate": (evaluate, "score impressions, by stratum, beside two baselines"),
    "study": (study, "a blinded reader study: sheets, analysis, how many reports it needs"),
    "export": (export, "a run's best checkpoint in half precision"),
    "llm": (llm, "language models for --llm: fetch one, or convert a GGUF file"),
    "pretrain": (pretrain, "train a small language model from nothing but a corpus"),
    "preprocess": (preprocess, "annotate, graph, show, stats, download"),
}


def build_parser() -> Parser:
    """The grammar of all subcommands."""
    parser = Parser(prog="graphsum", description=__doc__)
    parser.add_argument("--version", action="version", version=f"graphsum {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=CommandParser)
    for name, (command, text) in COMMANDS.items():
        part = commands.add_parser(name, help=text, **help_layout(command))
        command.add_options(part)
        part.set_defaults(execute=command.execute)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one subcommand, by default that of the command line."""
    options = build_parser().parse_args(arguments)
    execute = options.execute
    del options.execute
    execute(options)


def program() -> None:
    """Entry point of the console command."""
    run(main)
    if sys.argv[1:2] == ["summarize"] and "vllm" not in sys.modules:  # which ends its processes
        sys.stderr.flush()
        os._exit(0)  # all is written; to take a million objects apart would take 0.2 s
