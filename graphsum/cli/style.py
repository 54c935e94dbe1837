"""Measure the styles of authors, for graphsum summarize --style-profile.

    graphsum style profile reports.csv --author RADIOLOGIST --output styles.json
    graphsum summarize --input reports.csv --style-profile styles.json#A --output out.csv

The profile holds counts and hashes of the authors' names, and no report text; with
--template-phrases also each author's phrase for a normal study. docs/style.md describes it.
"""

import argparse
import secrets

from graphsum.command_line import check_at_least
from preprocessing.errors import InputError
from preprocessing.files import check_writable
from preprocessing.tables import READERS, open_table
from preprocessing.tables.columns import Pairs, columns_of_fields
from preprocessing.tables.rows import as_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum style``."""
    add = parser.add_argument
    add("action", choices=("profile",), help="profile: measure the habits of each author")
    add("reports", metavar="FILE", help="a table of reports (docs/tables.md)")
    add("--author", metavar="COLUMN", required=True, help="the column with the author's name")
    add("--output", metavar="FILE", required=True, help="the profile, a .json file")
    add(
        "--input-format",
        metavar="NAME",
        help=f"where the content does not tell: {', '.join(READERS)}",
    )
    add(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="the column with the impression, such as impression=BEURTEILUNG",
    )
    add(
        "--template-phrases",
        action="store_true",
        help="keep each author's phrase for a normal study, which is report text",
    )
    add(
        "--min-uses",
        type=int,
        default=20,
        metavar="N",
        help="reports that must consist of such a phrase, 20 at least (default: 20)",
    )
    add("--salt", help="what the names are hashed with; default: drawn anew")


def execute(options: argparse.Namespace) -> None:
    """Write the profile."""
    check_at_least(options, 20, "min_uses")
    check_writable(options.output)
    columns = {**options.columns, "author": options.author}
    table = open_table(options.reports, columns, kind=options.input_format)
    fields = columns_of_fields(
        columns, table.columns, str(table.path), required=("impression", "author")
    )
    reports = []
    for row in table.rows():
        table.check(row)
        author, impression = (
            as_text(row.values[fields[name]], row.where, name).strip()
            for name in ("author", "impression")
        )
        if author and impression:
            reports.append((author, impression))
    if not reports:
        raise InputError(f"{options.reports}: no row has both an author and an impression")

    from graphsum.personal.profile import measure_profile, save_profile

    profile = measure_profile(
        reports,
        salt=secrets.token_hex(8) if options.salt is None else options.salt,
        phrases=options.template_phrases,
        min_uses=options.min_uses,
    )
    save_profile(profile, options.output)
    print(f"written: {options.output}, {len(profile.authors):,} authors, {len(reports):,} reports")
    print(f"mean: {profile.mean.style}")
