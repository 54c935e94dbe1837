"""Tables with one report a row and a delimiter: comma, semicolon, tab or vertical bar."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.tables.columns import check_distinct, fold
from preprocessing.tables.encoding import encoding_of, open_text, sample_of
from preprocessing.tables.rows import OpenTable, Row

DELIMITERS = (",", ";", "\t", "|")
_OF_SUFFIX = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
# A whole report in one field passes csv's default of 131,072 characters in rare cases.
_FIELD_LIMIT = 2**31 - 1
# Excel's own first line, which states the delimiter.
_SEP_LINE = re.compile(r"\ufeff?sep=(.)\r?\n", re.IGNORECASE)


def open_delimited(path: Path, wanted: Collection[str]) -> OpenTable:
    """A table with a header.

    Args:
        path: the file.
        wanted: names that tell a header (:func:`preprocessing.tables.columns.wanted_names`).

    Raises:
        InputError: the file cannot be read, is empty, or its header is not sound.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    encoding = encoding_of(path)
    sample = sample_of(path, encoding)
    stated = _SEP_LINE.match(sample)
    if stated:
        delimiter, skipped = stated[1], 1
    else:
        delimiter, skipped = _delimiter_of(path, sample, wanted), 0
    first = next(_records(path, encoding, delimiter, skipped), None)
    if first is None:
        raise InputError(f"{path}: empty; expected a header line with the column names")
    header = first[1]
    width = len(header)
    names = [name.strip() for name in header]
    while len(names) > 1 and not names[-1]:  # spreadsheets leave empty columns at the end
        names.pop()
    check_distinct(names, str(path))

    def rows() -> Iterator[Row]:
        records = _records(path, encoding, delimiter, skipped)
        next(records)
        for line, record in records:
            where = f"{path}:{line}"
            if len(record) != width:
                raise InputError(
                    f"{where}: {len(record)} fields where the header has {width}; put fields "
                    "that contain the delimiter or line breaks in double quotes"
                )
            if any(record[len(names) :]):
                raise InputError(f"{where}: a field in a column without a name; name the column")
            yield Row(where, dict(zip(names, record, strict=False)))

    layout = {"delimiter": delimiter, "mark": encoding != "utf-8", "encoding": encoding}
    return OpenTable(path, "csv", tuple(names), rows, layout)


def _records(
    path: Path, encoding: str, delimiter: str, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """The number of the last line of each record that is not empty, and its fields."""
    with open_text(path, encoding) as file:
        for _ in range(skipped):
            next(file)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for record in reader:
                if record:
                    yield reader.line_num + skipped, record
        except csv.Error:
            raise InputError(
                f"{path}:{reader.line_num + skipped}: not valid csv: a double quote that is not "
                "closed, or not doubled within a field"
            ) from None


def header_by(sample: str, delimiter: str) -> list[str]:
    """The first record of a text, or nothing where it is not valid."""
    return next(iter(_first_records(sample, delimiter, 1)), [])


def delimiters_of_header(sample: str, wanted: Collection[str]) -> list[str]:
    """The delimiters by which the first record has several names, of which one is wanted."""
    hits = []
    for delimiter in DELIMITERS:
        names = header_by(sample, delimiter)
        if len(names) > 1 and any(fold(name) in wanted for name in names):
            hits.append(delimiter)
    return hits


def is_tabular(sample: str) -> bool:
    """Does the text look like a table, whatever its first row says?

    Nearly all records have as many fields as the first one, and the delimiter stands as it does in
    tables, not as in prose (a blank behind it, between digits), or there are many such records.
    """
    for delimiter in DELIMITERS:
        records = _first_records(sample, delimiter, 50)
        width = len(records[0]) if records else 0
        if width < 2 or len(records) < 2:
            continue
        alike = sum(len(record) == width for record in records)
        if alike < 0.8 * len(records):
            continue
        first = sample.lstrip("\ufeff\r\n ").partition("\n")[0]
        sign = re.escape(delimiter)
        tight = len(re.findall(rf"(?<!\d){sign}(?=\S)|{sign}(?=\S)(?!\d)", first)) == width - 1
        if tight or delimiter == "\t" or alike >= (4 if width > 2 else 6):
            return True
    return False


def _delimiter_of(path: Path, sample: str, wanted: Collection[str]) -> str:
    hits = delimiters_of_header(sample, wanted)
    if len(hits) > 1:
        raise InputError(
            f"{path}: the header can be divided in more than one way; use one delimiter in it"
        )
    if hits:
        return hits[0]
    usual = _OF_SUFFIX.get(path.suffix.lower(), ",")
    widths = {}
    for delimiter in (usual, *DELIMITERS):
        records = _first_records(sample, delimiter, 50)
        if len({len(record) for record in records}) == 1 and len(records) > 1:
            widths[delimiter] = len(records[0])
    several = [delimiter for delimiter, width in widths.items() if width > 1]
    return several[0] if len(several) == 1 else usual


def _first_records(sample: str, delimiter: str, number: int) -> list[list[str]]:
    """The first records that are not empty; none where the text is no table by that delimiter."""
    reader = csv.reader(io.StringIO(sample.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    try:
        return list(islice(filter(None, reader), number))
    except csv.Error:
        return []
