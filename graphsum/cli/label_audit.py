"""Make a page of the reports whose labels differ, worst first, to correct them on.

    graphsum label audit --input reports.csv --labels labels.csv --output audit.html
    graphsum label audit --input reports.csv --labels a.csv --other b.csv --output audit.html

Without --other the labels are held against what the rules read in the text. The page is one file
that loads nothing; what is checked on it is downloaded as JSON Lines, which every command takes as
labels. It holds the reports: keep it where reports may lie.
"""

import argparse
from pathlib import Path

from graphsum.command_line import check_at_least
from preprocessing.errors import InputError
from preprocessing.files import check_writable, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum label audit``."""
    add = parser.add_argument
    add("--input", metavar="FILE", required=True, help="the table of reports")
    add("--labels", metavar="FILE", required=True, help="their labels, to be checked")
    add("--other", metavar="FILE", help="another labeler's; default: what the rules read")
    add("--output", metavar="FILE", required=True, help="the page, an .html file")
    add("--schema", default="chexpert14", metavar="NAME|FILE", help="default: chexpert14")
    add("--column", nargs="+", default=[], metavar="NAME", help="of the text")
    add("--uid-column", metavar="NAME", help="of the reports (default: uid)")
    add("--most", type=int, default=1000, help="reports on the page (default: 1000)")
    add("--all", action="store_true", help="also reports whose labels agree, to annotate a sample")
    add("--title", default="Labels", help="of the page (default: Labels)")


def execute(options: argparse.Namespace) -> None:
    """Write the page."""
    from graphsum.labelers.audit import audit_items, render_audit
    from graphsum.labelers.labeler import load_labeler
    from graphsum.labelers.labeling import open_reports
    from graphsum.labelers.labels import read_labels
    from graphsum.labelers.schema import load_schema

    check_at_least(options, 1, "most")
    check_writable(options.output)
    schema = load_schema(options.schema)
    first = read_labels(options.labels, schema)
    second = read_labels(options.other, schema).states if options.other else None
    labeler = load_labeler("rules", schema)
    reports = open_reports(options.input, text=options.column, uid=options.uid_column)
    rows = [row for row in reports.rows() if row[0] in first.states]
    read = labeler.label([text for _, text in rows])
    items = list(audit_items(rows, first.states, second, read))
    if not items:
        raise InputError(f"{options.labels}: none of its uids is in {options.input}")
    differing = [one for one in items if one.differing]
    shown = items if options.all else differing
    shown = sorted(shown, key=lambda one: -one.weight)[: options.most]
    names = (Path(options.labels).stem, Path(options.other).stem if options.other else "rules")
    page = render_audit(shown, schema, names=names, title=options.title)
    write_text_atomically(options.output, [page])
    print(
        f"written: {options.output}, {len(shown):,} reports; the labels of {len(differing):,} of "
        f"{len(items):,} differ"
    )
