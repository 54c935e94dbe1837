"""Label reports by a schema: one column a class, 1 / 0 / -1 / blank. Not for clinical use.

    graphsum label --input reports.csv --output labels.csv
    graphsum label --input ris.xlsx --column BEFUND --schema own.yaml --output labels.csv --evidence
    graphsum label check-schema own.yaml
    graphsum label evaluate --labels labels.csv --gold gold.csv
    graphsum label audit --input reports.csv --labels labels.csv --output audit.html

A run that was stopped goes on when the same command is given again. docs/labels.md has the rest.
"""

import argparse
from typing import Any

from graphsum.cli import label_audit, label_evaluate, label_schema, label_train
from graphsum.command_line import Command, CommandParser, check_at_least, help_layout
from preprocessing.errors import InputError
from preprocessing.files import check_writable
from preprocessing.tables import READERS

ACTIONS: dict[str, tuple[Command, str]] = {
    "check-schema": (label_schema, "is a file a schema?"),
    "train": (label_train, "a labeler that learns from labels"),
    "evaluate": (label_evaluate, "labels against annotated ones"),
    "audit": (label_audit, "a page of what two labelers, or labels and text, disagree on"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum label`` and its actions."""
    add = parser.add_argument
    add("--input", metavar="FILE", help="a table of reports (docs/tables.md)")
    add("--output", metavar="FILE", help="labels: a .csv, .tsv or .jsonl file")
    add(
        "--schema",
        metavar="NAME|FILE",
        help="chexpert14, openi13 or a file; default: chexpert14, or that of the labeler's folder",
    )
    add(
        "--labeler",
        default="rules",
        metavar="NAME|FOLDER",
        help="rules, llm, or the folder of a trained one (default: rules)",
    )
    add("--llm", metavar="FOLDER", help="the language model of the labeler llm")
    add(
        "--column",
        nargs="+",
        default=[],
        metavar="NAME",
        help="of the text; default: text, report, or findings and impression",
    )
    add("--uid-column", metavar="NAME", help="default: uid; without one rows count from 1")
    add(
        "--input-format",
        metavar="NAME",
        help=f"where the content does not tell: {', '.join(READERS)}",
    )
    add("--evidence", action="store_true", help="add the words behind each label")
    add("--probabilities", action="store_true", help="add the four probabilities of each class")
    add("--words", action="store_true", help="present, absent, uncertain for 1, 0, -1")
    add("--workers", type=int, default=1, help="processes (default: 1)")
    add(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="reports per second and the time left, on standard error; default: on a terminal",
    )
    actions: Any = parser.add_subparsers(metavar="ACTION", parser_class=CommandParser)
    for name, (command, text) in ACTIONS.items():
        part = actions.add_parser(name, help=text, **help_layout(command))
        command.add_options(part)
        part.set_defaults(execute=command.execute)


def execute(options: argparse.Namespace) -> None:
    """Label a table."""
    for name in ("input", "output"):
        if not getattr(options, name):
            raise InputError(f"give --{name} FILE; see graphsum label --help")
    check_at_least(options, 1, "workers")

    from graphsum.labelers.labeling import LabelingJob, form_of, label_table, open_reports
    from graphsum.labelers.labels import Form

    kind = form_of(options.output)
    check_writable(options.output)
    reports = open_reports(
        options.input, text=options.column, uid=options.uid_column, kind=options.input_format
    )
    form = Form(kind, options.evidence, options.probabilities, options.words)
    own = (("llm", options.llm),) if options.llm else ()
    job = LabelingJob(options.labeler, options.schema, form, own)
    count = label_table(
        reports, options.output, job, workers=options.workers, progress=options.progress
    )
    print(f"written: {options.output}, {count:,} reports")
