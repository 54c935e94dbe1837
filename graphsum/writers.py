"""The output formats of ``graphsum summarize``."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any, BinaryIO

from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.registry import Table
from preprocessing.tables.parquet import pyarrow_parquet
from preprocessing.tables.rows import cell, plain
from preprocessing.tables.spreadsheet import escaped, openpyxl_module


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Args:
        columns: their names, in order.
        impression: the one that holds the impression.
        of_input: what the input's reader found (``OpenTable.layout``).
        types: column -> the types of its values, without None.
    """

    columns: Sequence[str]
    impression: str
    of_input: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, frozenset[type]] = field(default_factory=dict)


class Writer:
    """One output format: ``write`` as the rows come, or ``text`` of all of them.

    ``nested``: whether a column may hold lists and objects. ``streams``: whether the file can go to
    standard output. ``whole``: whether it needs the column ``summary``, also where nobody asked for
    an explanation.
    """

    nested = False
    streams = True
    whole = False

    def __init__(self, findings: str = "findings") -> None:
        """``findings``: the column that holds the findings."""
        self.findings = findings

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write the file: one row per report, with all columns of the layout."""
        out.write(self.text(list(rows), layout.impression).encode())

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        """The file's text; ``column``: the one that holds the impression."""
        raise NotImplementedError

    def check(self, number: int, values: Mapping[str, Any], where: str) -> None:
        """Raise ``InputError`` where the format cannot hold the ``number``-th row of the input."""


class CsvWriter(Writer):
    """All columns, with a header; the delimiter and the byte order mark are those of the input."""

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write the header, then row by row."""
        if layout.of_input.get("mark"):
            out.write(b"\xef\xbb\xbf")  # without it Excel takes UTF-8 for Windows-1252
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self.delimiter(layout), lineterminator="\n")
        for fields in chain([layout.columns], ([row[c] for c in layout.columns] for row in rows)):
            writer.writerow(map(cell, fields))
            out.write(line.getvalue().encode())
            line.seek(0)
            line.truncate()

    def delimiter(self, layout: Layout) -> str:
        """That of the input where it had one; a tab makes a ``tsv`` file."""
        given = layout.of_input.get("delimiter", ",")
        return given if given in ",;|" else ","


class TsvWriter(CsvWriter):
    """The same with tabs."""

    def delimiter(self, layout: Layout) -> str:
        """A tab."""
        return "\t"


class JsonLinesWriter(Writer):
    """All columns, one JSON object a line."""

    nested = True

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write row by row."""
        for row in rows:
            out.write(dumps({name: plain(row[name]) for name in layout.columns}).encode())


class TextWriter(Writer):
    """The impressions alone, one a line."""

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write row by row."""
        for row in rows:
            out.write((" ".join(row[layout.impression].split("\n")) + "\n").encode())


class ExcelWriter(Writer):
    """A workbook with one sheet; numbers, dates and times stay what they are."""

    streams = False
    max_rows = 2**20 - 1  # of a sheet, without the header
    max_characters = 32_767  # of a cell; openpyxl would cut longer text without a word
    max_digits = 10**15  # of a number; Excel rounds longer ones

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write row by row into a temporary file of openpyxl's, then the workbook."""
        openpyxl = openpyxl_module()
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("reports")
        sheet.freeze_panes = "A2"
        sheet.append([self._cell(sheet, name) for name in layout.columns])
        for row in rows:
            sheet.append([self._cell(sheet, row[name]) for name in layout.columns])
        book.save(out)

    def check(self, number: int, values: Mapping[str, Any], where: str) -> None:
        """Too many rows for a sheet, or too long a text for a cell."""
        openpyxl_module()
        if number > self.max_rows:
            raise InputError(f"{where}: more rows than a sheet can hold; give --format csv")
        for place, value in enumerate(values.values(), 1):
            value = self._value(value)
            if isinstance(value, str) and len(value) > self.max_characters:
                raise InputError(
                    f"{where}: column {place} is longer than a cell can hold "
                    f"({self.max_characters:,} characters); give --format csv"
                )

    def _cell(self, sheet: Any, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        made = WriteOnlyCell(sheet, self._value(value))
        if isinstance(made.value, str):
            made.data_type = "s"  # text that starts with = is no formula
        return made

    def _value(self, value: Any) -> Any:
        if isinstance(value, (datetime, date)):
            old = value.year < 1900
            aware = isinstance(value, datetime) and value.tzinfo is not None
            return value.isoformat() if old or aware else value
        if isinstance(value, bool) or value is None or isinstance(value, (time, timedelta)):
            return value
        if isinstance(value, int):
            return value if abs(value) < self.max_digits else str(value)
        if isinstance(value, float):
            return plain(value)
        return escaped(cell(value))


class ParquetWriter(Writer):
    """A Parquet file; columns of the input keep their types."""

    streams = False
    rows_at_once = 1024

    def write(self, out: BinaryIO, rows: Iterable[Mapping[str, Any]], layout: Layout) -> None:
        """Write group by group."""
        parquet = pyarrow_parquet()
        import pyarrow

        own = layout.of_input.get("schema")
        fields = [
            own.field(name)
            if own is not None and name in own.names
            else pyarrow.field(name, _arrow_type(layout.types.get(name, frozenset())))
            for name in layout.columns
        ]
        schema = pyarrow.schema(fields, metadata=own.metadata if own is not None else None)
        texts = {one.name for one in fields if one.type == pyarrow.string()}
        with parquet.ParquetWriter(out, schema) as writer:
            for group in _groups(rows, self.rows_at_once):
                records = [
                    {
                        name: cell(row[name])
                        if name in texts and not isinstance(row[name], str | None)
                        else row[name]
                        for name in layout.columns
                    }
                    for row in group
                ]
                writer.write_table(pyarrow.Table.from_pylist(records, schema=schema))

    def check(self, number: int, values: Mapping[str, Any], where: str) -> None:
        """Everything fits; what writes it must be installed."""
        pyarrow_parquet()


def _arrow_type(types: frozenset[type]) -> Any:
    """The Arrow type for values of these types; text where there are several."""
    import pyarrow

    if types == {int, float}:
        return pyarrow.float64()
    known = {
        bool: pyarrow.bool_(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        datetime: pyarrow.timestamp("us"),
        date: pyarrow.date32(),
        time: pyarrow.time64("us"),
        timedelta: pyarrow.duration("us"),
    }
    [only] = types if len(types) == 1 else [str]
    return known.get(only, pyarrow.string())


def _groups(rows: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    rows = iter(rows)
    while group := list(islice(rows, size)):
        yield group


class HtmlWriter(Writer):
    """A page to read the impressions on, beside their findings (``docs/page.md``)."""

    nested = True
    whole = True

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        """The whole page."""
        from graphsum.page.reading import items_of, render_page

        return render_page(items_of(rows, findings=self.findings, impression=column))


WRITERS: Table[type[Writer]] = Table(
    "output format",
    {
        "csv": CsvWriter,
        "tsv": TsvWriter,
        "xlsx": ExcelWriter,
        "parquet": ParquetWriter,
        "jsonl": JsonLinesWriter,
        "text": TextWriter,
        "html": HtmlWriter,
    },
)
