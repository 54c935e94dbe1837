"""Reports in comma-separated files with a header line, UTF-8, quoted as spreadsheets do."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from preprocessing.corpora.source import CorpusSource
from preprocessing.corpora.splits import RandomSplit
from preprocessing.corpora.tables import Table, check_columns, text_lines
from preprocessing.errors import InputError

# A whole report in one field passes csv's default of 131,072 characters in rare cases.
_FIELD_LIMIT = 2**31 - 1


def read_rows(path: Path, columns: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield ``file:line`` and the fields of each row; ``labels`` are separated by semicolons.

    Raises ``InputError`` with the line for rows that do not fit the header and for broken quotes.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    rows = csv.reader(text_lines(path), strict=True)
    try:
        header = next(rows, None)
        if header is None:
            raise InputError(f"{path}: empty; expected a header line with the column names")
        names = check_columns(columns, header, str(path))
        positions = {field: header.index(name) for field, name in names.items()}
        for row in rows:
            if not row:
                continue
            where = f"{path}:{rows.line_num}"
            if len(row) != len(header):
                raise InputError(
                    f"{where}: {len(row)} fields where the header has {len(header)}; put fields "
                    "that contain commas or line breaks in double quotes"
                )
            yield where, {field: row[position] for field, position in positions.items()}
    except csv.Error as error:
        raise InputError(f"{path}:{rows.line_num}: not valid csv ({error})") from None


_TABLE = Table("csv", read_rows)
SOURCE = CorpusSource(
    read_reports=_TABLE.read_reports,
    splits={"given": _TABLE.given_split, "random": RandomSplit(8, 1, 1)},
    inclusion="none",
    data_hint="a .csv file with findings and impression, or train.csv, val.csv and test.csv",
    default_split=_TABLE.default_split,
)
