"""From raw radiology reports to entity graphs; the same as `python -m preprocessing`."""

import argparse

from preprocessing.commands import add_commands


def add_options(parser: argparse.ArgumentParser) -> None:
    """The subcommands annotate, graph, show, stats and download."""
    add_commands(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the one that was given."""
    options.command(options)
