"""Tables in JSON: one object a line (JSON Lines), or one list of objects."""

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError
from preprocessing.tables.encoding import encoding_of, open_text
from preprocessing.tables.rows import OpenTable, Row


class _TwiceError(ValueError):
    """An object has two members of one name."""


def open_json_lines(path: Path, wanted: Collection[str] = ()) -> OpenTable:
    """A file with one JSON object a line; lines without any are passed over."""
    encoding = encoding_of(path)

    def rows() -> Iterator[Row]:
        with open_text(path, encoding) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"{path}:{number}"
                    yield Row(where, _object(_parsed(line, where), where))

    first = next(rows(), None)
    layout = {"encoding": encoding}
    return OpenTable(path, "jsonl", tuple(first.values) if first else (), rows, layout)


def open_json_list(path: Path, wanted: Collection[str] = ()) -> OpenTable:
    """A file that is one list of JSON objects, which are held in memory while they are read."""
    encoding = encoding_of(path)
    with open_text(path, encoding) as file:
        values = _parsed(file.read(), str(path))
    if not isinstance(values, list):
        raise InputError(f"{path}: not a JSON list; expected a list of objects, or one a line")

    def rows() -> Iterator[Row]:
        for number, value in enumerate(values, 1):
            where = f"{path}: row {number}"
            yield Row(where, _object(value, where))

    first = next(rows(), None)
    layout = {"encoding": encoding}
    return OpenTable(path, "json", tuple(first.values) if first else (), rows, layout)


def is_json_object(line: str) -> bool:
    """Is the line a JSON object, as the first one of JSON Lines is?"""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_members, parse_constant=_not_json
        )
    except _TwiceError:
        raise InputError(f"{where}: an object has two members of one name; rename one") from None
    except (ValueError, RecursionError):
        raise InputError(f"{where}: not JSON; expected objects with one report each") from None


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _TwiceError
    return members


def _not_json(constant: str) -> Any:
    if constant == "NaN":  # how some programs write that nothing is there
        return None
    raise ValueError


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: not a JSON object; expected one object for each report")
    return value
