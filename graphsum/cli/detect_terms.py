"""Propose a normaliser for the findings of a file of detections: free wording -> term.

    graphsum detect terms --weak weak.jsonl --output terms.tsv

Edit the table before training: wordings with the same term are the same finding, those with an
empty term are dropped.
"""

import argparse

from graphsum.command_line import check_at_least
from preprocessing.errors import InputError
from preprocessing.files import check_writable


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum detect terms``."""
    add = parser.add_argument
    add("--weak", metavar="FILE", required=True, help="detections with findings: a .jsonl file")
    add("--output", metavar="FILE", required=True, help="the table to edit: a .tsv file")
    add(
        "--at-least",
        type=int,
        default=10,
        metavar="N",
        help="reports that a term has (default: 10)",
    )


def execute(options: argparse.Namespace) -> None:
    """Write the table."""
    from graphsum.labelers.detection import propose_terms, read_findings, write_normaliser

    check_at_least(options, 1, "at_least")
    check_writable(options.output)
    rows = propose_terms(read_findings(options.weak).values(), at_least=options.at_least)
    if not rows:
        raise InputError(f"{options.weak}: no findings in any report")
    write_normaliser(rows, options.output)
    terms = {term for _, term in rows if term}
    print(f"written: {options.output}, {len(rows):,} wordings, {len(terms):,} terms; edit it now")
