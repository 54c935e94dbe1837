"""Write what the rules detect: labels by a schema, and the wording of all that is present.

graphsum detect weak --input reports.csv --output weak.jsonl
"""

import argparse

from preprocessing.files import check_writable, dumps, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum detect weak``."""
    add = parser.add_argument
    add("--input", metavar="FILE", required=True, help="a table of reports (docs/tables.md)")
    add("--output", metavar="FILE", required=True, help="detections: a .jsonl file")
    add("--schema", default="chexpert14", metavar="NAME|FILE", help="default: chexpert14")
    add("--column", nargs="+", default=[], metavar="NAME", help="of the text, as in graphsum label")
    add("--uid-column", metavar="NAME", help="default: uid; without one rows count from 1")


def execute(options: argparse.Namespace) -> None:
    """Read the reports and write the file."""
    from graphsum.labelers.detection import DetectionForm, fold_wording
    from graphsum.labelers.labeling import open_reports
    from graphsum.labelers.rules import RuleLabeler
    from graphsum.labelers.schema import load_schema
    from preprocessing.facts.observations import extract_mentions

    check_writable(options.output)
    labeler = RuleLabeler(load_schema(options.schema))
    form = DetectionForm()
    lines = []
    reports = open_reports(options.input, text=options.column, uid=options.uid_column)
    for uid, text in reports.rows():
        row = form.row(uid, text, labeler.label([text])[0])
        wordings = [
            fold_wording(text[one.start : one.end])
            for one in extract_mentions(text)
            if one.status == "present" and one.name != "No Finding"
        ]
        lines.append(dumps(row | {"findings": list(dict.fromkeys(wordings))}))
    write_text_atomically(options.output, lines)
    print(f"written: {options.output}, {len(lines):,} reports")
