"""Reading tables of reports: which kind a file is, its columns, its rows.

A new kind of file is one function that opens it and one line in ``READERS``.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.registry import Table, load
from preprocessing.tables.columns import check_fields, wanted_names
from preprocessing.tables.kinds import kind_of
from preprocessing.tables.rows import OpenTable

logger = logging.getLogger(__name__)
READERS: Table[Callable[..., OpenTable]] = Table(
    "input format",
    {
        "csv": "preprocessing.tables.delimited:open_delimited",
        "xlsx": "preprocessing.tables.spreadsheet:open_workbook",
        "parquet": "preprocessing.tables.parquet:open_parquet",
        "jsonl": "preprocessing.tables.json_rows:open_json_lines",
        "json": "preprocessing.tables.json_rows:open_json_list",
        "text": "preprocessing.tables.prose:open_prose",
    },
)


def open_table(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    kind: str | None = None,
    separator: str | None = None,
) -> OpenTable:
    """The table in a file.

    Args:
        path: the file.
        columns: field -> column, as the user gave them; they help to tell a header.
        kind: a name of ``READERS``; None: what the content and then the name say.
        separator: the line between the reports of a text file; it makes the file a text.

    Raises:
        InputError: the file cannot be read, or it is not sure what it is.
        MissingBackendError: what reads it is not installed.
    """
    path = Path(path)
    check_fields(columns or {})
    wanted = wanted_names(columns or {})
    if separator is not None:
        if kind not in (None, "text"):
            raise InputError("--separator is for text; leave out one of the two")
        table = load(READERS, "text")(path, wanted, separator=separator)
    else:
        table = load(READERS, kind or kind_of(path, wanted))(path, wanted)
    if not table.columns:
        raise InputError(f"{path}: holds no report; give a file with one at least")
    if table.layout.get("encoding") == "cp1252":
        _warn_once(path)
    return table


@cache
def _warn_once(path: Path) -> None:
    logger.warning("%s: not UTF-8; it is read as Windows-1252 (Western European)", path)
