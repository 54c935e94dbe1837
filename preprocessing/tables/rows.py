"""What every reader of tables gives: a file's columns, and its rows one at a time."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from preprocessing.errors import InputError


class Row(NamedTuple):
    """One row: where it stands (``file:line``, for messages), and column -> value."""

    where: str
    values: dict[str, Any]


@dataclass(frozen=True)
class OpenTable:
    """A table that can be read as often as one likes.

    Args:
        path: the file.
        kind: the name of its reader.
        columns: their names in the file's order; of JSON those of the first row.
        rows: reads the rows from the first one on; raises ``InputError`` where one is broken.
        layout: what a writer of the same kind may keep: ``delimiter``, ``mark`` (byte order mark),
            ``schema`` (of Arrow); and ``encoding``, of text.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    layout: Mapping[str, Any] = field(default_factory=dict)

    def check(self, row: Row) -> None:
        """Raise ``InputError`` where a row has other columns than the first one."""
        if len(row.values) != len(self.columns) or not row.values.keys() >= set(self.columns):
            raise InputError(
                f"{row.where}: not the columns of the first row; give every row all of them"
            )


def as_text(value: Any, where: str, field_name: str) -> str:
    """A field's text: numbers and dates as they are written, lists of strings with semicolons.

    Raises:
        InputError: it is something else, or holds half a surrogate pair.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        raise InputError(f"{where}: {field_name!r} is neither text nor null")
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ";".join(value)
    elif isinstance(value, float) and value != value:  # how tables say that nothing is there
        return ""
    elif isinstance(value, (int, float, Decimal, date, time)):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(plain(value))
    else:
        raise InputError(f"{where}: {field_name!r} is neither text nor null")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: half a surrogate pair, which is no text") from None
    return text


def plain(value: Any) -> Any:
    """A value as JSON can hold it: dates in ISO 8601, decimals as text, NaN as None."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def cell(value: Any) -> str:
    """A value as a cell of text: nothing for None, true and false, JSON for what is nested."""
    value = plain(value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
