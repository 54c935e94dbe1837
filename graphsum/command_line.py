"""What all command lines share: options from a dataclass, one-line errors, exit status 2."""

import argparse
import contextlib
import io
import os
import sys
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn, Protocol

from preprocessing.errors import InputError, RunError, closest
from preprocessing.tables.columns import Pairs

OUTPUTS = ("output", "json", "reliability")  # options that name a file to write


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are :class:`InputError`: one line, no usage dump."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        unknown = message.partition("unrecognized arguments: ")[2].split()
        if unknown:
            flags = [flag for action in self._actions for flag in action.option_strings]
            message = f"unknown option {unknown[0]}{closest(unknown[0].partition('=')[0], flags)}"
        raise InputError(f"{message}; see {self.prog} --help")


class CommandParser(Parser):
    """The parser of a subcommand.

    It reports unknown options itself, because it knows those that are meant; argparse would leave
    that to the parser of the whole program.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        choices = [one.choices for one in self._actions if one.nargs == argparse.PARSER]
        for given in args or () if choices else ():
            # Before argparse takes the value of an unknown option for an action.
            if given in (choices[0] or ()):
                break
            if given[:2] == "--" and given.partition("=")[0] not in self._option_string_actions:
                self.error(f"unrecognized arguments: {given}")
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        self._check_outputs(namespace)
        return namespace, unknown

    def _check_outputs(self, given: argparse.Namespace) -> None:
        """Raise ``InputError`` for a file to write that is also one to read."""
        own = [one.dest for one in self._actions]
        paths = {name: getattr(given, name, None) for name in own}
        read = {
            os.path.realpath(value)
            for name, value in paths.items()
            if name not in OUTPUTS and isinstance(value, str) and os.path.isfile(value)
        }
        for name in OUTPUTS:
            value = paths.get(name)
            if isinstance(value, str) and os.path.realpath(value) in read:
                raise InputError(f"--{name} {value}: is the input; give another name")


class Command(Protocol):
    """A subcommand: a module whose docstring is the description in its ``--help``."""

    __doc__: str | None

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Tell a parser the options."""

    def execute(self, options: argparse.Namespace) -> None:
        """Do what the parsed options ask for."""


def help_layout(command: Command) -> dict[str, Any]:
    """How a parser presents a subcommand: its docstring, with the line breaks that it has."""
    return {
        "description": command.__doc__,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def standalone(command: Command, prog: str) -> Callable[[Sequence[str] | None], None]:
    """The ``main`` of a subcommand that is a program of its own too, under the name ``prog``."""

    def main(arguments: Sequence[str] | None = None) -> None:
        parser = Parser(prog=prog, **help_layout(command))
        command.add_options(parser)
        command.execute(parser.parse_args(arguments))

    return main


def add_dataclass_options(parser: argparse.ArgumentParser, cls: type) -> None:
    """One ``--option`` per field, of its type and help text; absent ones are left out of the
    namespace, so that a configuration file can supply them.

    A field whose metadata name a ``group`` opens that group in ``--help``; those after it belong
    to it too.
    """
    defaults = {field.name: field.default for field in fields(cls)}
    group: Any = parser
    for field in fields(cls):
        if "group" in field.metadata:
            group = parser.add_argument_group(field.metadata["group"])
        name = "--" + field.name.replace("_", "-")
        text = field.metadata.get("help", "")
        default = defaults[field.name]
        if default is not None and isinstance(default, (str, int, float)):
            text += f" (built-in: {default})"
        options: dict[str, Any] = {"help": text, "default": argparse.SUPPRESS}
        if field.type is bool:
            group.add_argument(name, action=argparse.BooleanOptionalAction, **options)
        elif typing.get_origin(field.type) is dict:
            group.add_argument(name, nargs="+", action=Pairs, metavar="NAME=VALUE", **options)
        elif typing.get_origin(field.type) is list:
            group.add_argument(name, nargs="+", metavar="FILE", **options)
        else:
            kind = plain_type(field.type)
            group.add_argument(name, type=kind, metavar="", **options)
            if "formerly" in field.metadata:  # still understood, but not shown
                earlier = "--" + field.metadata["formerly"].replace("_", "-")
                options["help"] = argparse.SUPPRESS
                group.add_argument(earlier, dest=field.name, type=kind, **options)


def check_at_least(options: argparse.Namespace, least: int, *names: str) -> None:
    """Raise ``InputError`` where one of these options is given and below ``least``."""
    for name in names:
        value = getattr(options, name)
        if value is not None and value < least:
            raise InputError(f"--{name.replace('_', '-')} must be at least {least}, not {value}")


def text_of_stdin(what: str) -> str:
    """The text on standard input; ``InputError`` where it is not UTF-8."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"standard input: not UTF-8 text; expected {what}") from None


def add_vllm(parser: argparse._ActionsContainer) -> None:
    """The option ``--vllm``, of commands that write impressions."""
    parser.add_argument(
        "--vllm",
        nargs="*",
        action=Pairs,
        metavar="NAME=VALUE",
        help="let vLLM run the checkpoint's LLM, with options of its engine such as "
        "tensor_parallel_size=2 (docs/scaling.md)",
    )


def search_options(options: argparse.Namespace) -> dict[str, Any]:
    """Fields of ``SearchSettings`` that ``--num-beams`` and ``--vllm`` set.

    Raises:
        InputError: a search that vLLM does not do.
    """
    found = {} if options.num_beams is None else {"num_beams": options.num_beams}
    if options.vllm is None or options.consensus or getattr(options, "neighbours", False):
        return found
    if options.num_beams != 1:
        raise InputError(
            "--vllm samples, or searches with one beam: give --consensus or --num-beams 1 too"
        )
    return found | {"no_repeat_ngram_size": 0}


def plain_type(kind: Any) -> Callable[[str], Any]:
    """The constructor for a field's type; for ``X | None`` that of X."""
    if isinstance(kind, types.UnionType):
        return next(part for part in typing.get_args(kind) if part is not type(None))
    return kind


def run(main: Callable[[Sequence[str] | None], None]) -> None:
    """Run a program: a user's mistake becomes one line on stderr and exit status 2, a run that
    failed, or a disk that is full, one line and exit status 1."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Threads that spin while they wait make training ten times slower on a machine that is shared.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # None where it was closed before the start
                stream.reconfigure(errors="backslashreplace")  # where it takes ASCII only
        main(None)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a closed pipe is understood
    except InputError as error:
        print("error: " + " ".join(str(error).split()), file=sys.stderr)
        sys.exit(2)
    except RunError as error:
        print("error: " + " ".join(str(error).split()), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        leave_stdout()
        sys.exit(1)
    except OSError as error:
        if not error.strerror:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror}", file=sys.stderr)
        leave_stdout()
        sys.exit(1)


def leave_stdout() -> None:
    """Let nothing more be written there, also not when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
