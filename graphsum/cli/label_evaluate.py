"""Score labels against annotated ones: F1 with intervals, four states, kappa, calibration.

    graphsum label evaluate --labels labels.csv --gold gold.csv
    graphsum label evaluate --labels a.csv --other b.csv --gold gold.csv --json scores.json

Rows belong together by their uid. All reports of the annotated file are scored.
"""

import argparse

from preprocessing.files import check_writable, json_text, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum label evaluate``."""
    add = parser.add_argument
    add("--labels", metavar="FILE", required=True, help="what graphsum label wrote")
    add("--gold", metavar="FILE", required=True, help="the annotated labels")
    add("--other", metavar="FILE", help="another labeler's, for a paired test")
    add("--schema", default="chexpert14", metavar="NAME|FILE", help="default: chexpert14")
    add("--classes", nargs="+", metavar="NAME", help="those to score (default: all of the schema)")
    add("--uid-column", default="uid", metavar="NAME", help="of the annotated file (default: uid)")
    add("--json", metavar="FILE", help="write all scores there too")
    add("--reliability", metavar="FILE", help="draw the reliability diagram, an .svg file")


def execute(options: argparse.Namespace) -> None:
    """Print the scores, and write what is asked for."""
    from graphsum.labelers.labels import read_labels
    from graphsum.labelers.schema import load_schema

    for path in (options.json, options.reliability):
        if path:
            check_writable(path)
    schema = load_schema(options.schema)
    classes = [schema[name].name for name in options.classes or schema.names]
    gold = read_labels(options.gold, schema, uid=options.uid_column, classes=classes)
    labels = read_labels(options.labels, schema, classes=classes)
    other = read_labels(options.other, schema, classes=classes) if options.other else None

    from graphsum.labelers.scores import reliability_chart, score_labels, score_tables
    from graphsum.page.document import chart_file

    report = score_labels(gold, labels, classes, other=other)
    if options.reliability:
        write_text_atomically(options.reliability, [chart_file(reliability_chart(report))])
    if options.json:
        write_text_atomically(options.json, [json_text(report)])
    print(score_tables(report))
