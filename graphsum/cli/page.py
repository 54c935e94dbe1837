"""Make a web page to read impressions on, beside their findings. No model is needed.

    graphsum summarize --input reports.jsonl --explain --output results.jsonl
    graphsum page --input results.jsonl --output page.html

The page is one file that loads nothing. It holds the reports: keep it where reports may lie.
"""

import argparse

from preprocessing.errors import InputError
from preprocessing.files import check_writable, read_jsonl, write_text_atomically
from preprocessing.tables.columns import Pairs, columns_of_fields


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
    add(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="other names of the columns findings, impression and uid, such as findings=BEFUND",
    )
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
    try:
        rows = list(read_jsonl(options.input))
    except InputError as error:
        raise InputError(
            f"{error}; give the JSON Lines that graphsum summarize --explain --output x.jsonl wrote"
        ) from None
    if not rows:
        raise InputError(f"{options.input}: no reports in it")

    from graphsum.page.reading import items_of, render_page

    names = columns_of_fields(options.columns, list(rows[0]), options.input, required=())
    columns = {field: names[field] for field in ("findings", "impression", "uid") if field in names}
    try:
        items = items_of(rows, **columns, drawings=options.drawings)
    except InputError as error:
        raise InputError(f"{options.input}: {error}") from None
    write_text_atomically(options.output, [render_page(items, title=options.title)])
    print(f"written: {options.output}, {len(items):,} reports")
