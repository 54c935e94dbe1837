"""Reports in JSON Lines files: one JSON object per line, UTF-8."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from preprocessing.corpora.source import CorpusSource
from preprocessing.corpora.splits import RandomSplit
from preprocessing.corpora.tables import Table, check_columns, text_lines
from preprocessing.errors import InputError


def read_rows(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield ``file:line`` and the fields of each object.

    ``labels`` may be a list of strings; ``uid`` and ``patient`` may be integers; null stands for
    an empty text. Raises ``InputError`` with the line for anything else.
    """
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{where}: not JSON; expected one object per line") from None
        if not isinstance(value, dict):
            raise InputError(f"{where}: not a JSON object; expected one object per line")
        names = check_columns(columns, value, where)
        yield where, {field: _text(where, name, value[name]) for field, name in names.items()}


def _text(where: str, name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise InputError(f"{where}: {name!r} is neither text nor null")


_TABLE = Table("jsonl", read_rows)
SOURCE = CorpusSource(
    read_reports=_TABLE.read_reports,
    splits={"given": _TABLE.given_split, "random": RandomSplit(8, 1, 1)},
    inclusion="none",
    data_hint="a .jsonl file with findings and impression, or train, val and test.jsonl",
    default_split=_TABLE.default_split,
)
