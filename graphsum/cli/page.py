"""Make a web page to read impressions on, beside their findings. No model is needed.

    graphsum summarize --input reports.jsonl --explain --output results.jsonl
    graphsum page --input results.jsonl --output page.html

The page is one file that loads nothing. It holds the reports: keep it where reports may lie.
"""

import argparse

from preprocessing.errors import InputError
from preprocessing.files import check_writable, read_jsonl, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum page``."""
    add = parser.add_argument
    add(
        "--input",
        metavar="FILE",
        required=True,
        help="JSON Lines of graphsum summarize --explain",
    )
    add("--output", metavar="FILE", required=True, help="the page, an .html file")
    add("--column", default="findings", help="column with the findings (default: findings)")
    add(
        "--output-column",
        default="impression",
        help="column with the impression (default: impression)",
    )
    add("--uid", default="uid", help="column that names the reports (default: uid)")
    add("--title", default="Impressions", help="of the page (default: Impressions)")
    add(
        "--drawings",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="draw the findings' graphs; a page without is smaller by four fifths",
    )


def execute(options: argparse.Namespace) -> None:
    """Write the page."""
    check_writable(options.output)
    rows = list(read_jsonl(options.input))
    if not rows:
        raise InputError(f"{options.input}: no reports in it")

    from graphsum.page.reading import items_of, render_page

    try:
        items = items_of(
            rows,
            findings=options.column,
            impression=options.output_column,
            uid=options.uid,
            drawings=options.drawings,
        )
    except InputError as error:
        raise InputError(f"{options.input}: {error}") from None
    write_text_atomically(options.output, [render_page(items, title=options.title)])
    print(f"written: {options.output}, {len(items):,} reports")
