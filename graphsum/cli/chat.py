"""A conversation about one report, answered by rules. Not for clinical use.

    graphsum chat --report report.txt
    graphsum chat --report report.txt < questions.txt

Ask in plain sentences, one a line; an empty line or the end of the input ends it. Every answer
cites the sentence of the report that bears it out; what the report does not say is not answered.
"""

import argparse
import sys

from graphsum.tasks.assistant import Conversation
from graphsum.tasks.task import DISCLAIMER
from preprocessing.errors import InputError
from preprocessing.files import read_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum chat``."""
    add = parser.add_argument
    add("text", nargs="?", help="text of the report")
    add("--report", metavar="FILE", help="a text file with the report")


def execute(options: argparse.Namespace) -> None:
    """Answer line by line."""
    if (options.text is None) == (options.report is None):
        raise InputError("give either the text of the report or --report FILE")
    text = read_text(options.report) if options.text is None else options.text
    conversation = Conversation(text)
    shows_prompt = sys.stdin.isatty()
    if shows_prompt:
        print(DISCLAIMER)
    while True:
        if shows_prompt:
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line.strip():
            return
        print(conversation.shown(conversation.reply(line)), flush=True)
