"""Detect diseases: the classes of a schema, and an open-ended list of findings.

    graphsum detect weak --input reports.csv --output weak.jsonl
    graphsum detect terms --weak weak.jsonl --output terms.tsv
    graphsum detect train --encoder FOLDER --input reports.csv --weak weak.jsonl \\
        --terms terms.tsv --output-dir RUN
    graphsum detect --detector RUN --input others.csv --output found.jsonl
    graphsum detect evaluate --gold gold.jsonl --found found.jsonl --other teacher.jsonl

Each line of a file of detections has a uid, labels (class -> 1, 0, -1 or null) and findings (a
list). A run that was stopped goes on when the same command is given again. Not for clinical use.
"""

import argparse
from typing import Any

from graphsum.cli import detect_evaluate, detect_terms, detect_train, detect_weak
from graphsum.command_line import Command, CommandParser, check_at_least, help_layout
from preprocessing.errors import InputError
from preprocessing.files import check_writable

ACTIONS: dict[str, tuple[Command, str]] = {
    "weak": (detect_weak, "what the rules detect, to learn from"),
    "terms": (detect_terms, "a normaliser to edit: free wording -> term"),
    "train": (detect_train, "a detector that learns both tasks"),
    "evaluate": (detect_evaluate, "micro F1 of both tasks, against another's too"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum detect`` and its actions."""
    add = parser.add_argument
    add("--detector", metavar="FOLDER", help="what graphsum detect train wrote")
    add("--llm", metavar="FOLDER", help="the detector's language model, if it lies elsewhere now")
    add("--input", metavar="FILE", help="a table of reports (docs/tables.md)")
    add("--output", metavar="FILE", help="detections: a .jsonl file")
    add("--column", nargs="+", default=[], metavar="NAME", help="of the text, as in graphsum label")
    add("--uid-column", metavar="NAME", help="default: uid; without one rows count from 1")
    add("--workers", type=int, default=1, help="processes (default: 1)")
    actions: Any = parser.add_subparsers(metavar="ACTION", parser_class=CommandParser)
    for name, (command, text) in ACTIONS.items():
        part = actions.add_parser(name, help=text, **help_layout(command))
        command.add_options(part)
        part.set_defaults(execute=command.execute)


def execute(options: argparse.Namespace) -> None:
    """Detect in a table."""
    for name in ("detector", "input", "output"):
        if not getattr(options, name):
            raise InputError(f"give --{name}; see graphsum detect --help")
    check_at_least(options, 1, "workers")

    from graphsum.labelers.detection import DetectionForm
    from graphsum.labelers.labeling import LabelingJob, form_of, label_table, open_reports

    if form_of(options.output) != "jsonl":
        raise InputError(f"{options.output}: detections are written as .jsonl; give such a name")
    check_writable(options.output)
    reports = open_reports(options.input, text=options.column, uid=options.uid_column)
    own = (("llm", options.llm),) if options.llm else ()
    job = LabelingJob(options.detector, None, DetectionForm(), own)
    count = label_table(reports, options.output, job, workers=options.workers)
    print(f"written: {options.output}, {count:,} reports")
