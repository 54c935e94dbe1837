"""Check a schema, and show what it says of each class.

graphsum label check-schema own.yaml
graphsum label check-schema chexpert14
"""

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum label check-schema``."""
    parser.add_argument("schema", metavar="NAME|FILE", help="a shipped schema or a file")


def execute(options: argparse.Namespace) -> None:
    """Print one line for each class, or the first mistake."""
    from graphsum.labelers.schema import load_schema

    schema = load_schema(options.schema)
    for one in schema.classes:
        if one.no_finding_unless is not None:
            print(f"{one.name}: present unless one of {', '.join(one.no_finding_unless)}")
            continue
        words = [*one.observations, *one.synonyms, *one.patterns]
        policy = ", ".join(f"{key} {state or 'blank'}" for key, state in one.states.items())
        print(f"{one.name}: {len(words)} terms; {policy}")
    print(f"{options.schema}: a schema of {len(schema.classes)} classes")
