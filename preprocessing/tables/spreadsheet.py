"""Excel workbooks (.xlsx), by openpyxl: the extra ``tables``."""

import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError, MissingBackendError
from preprocessing.tables.columns import check_distinct, fold
from preprocessing.tables.rows import OpenTable, Row

# What XML cannot hold, and the carriage return, which it turns into a line feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
# What openpyxl, and what it reads zip and XML with, raise for damaged files.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, LookupError, ValueError, TypeError,
    AttributeError, SyntaxError, RuntimeError, OverflowError,
)  # fmt: skip
_ESCAPED = re.compile(r"_x00([01][0-9A-Fa-f])_")


def open_workbook(path: Path, wanted: Collection[str]) -> OpenTable:
    """The sheet of a workbook that has a header with a wanted name, or its only one with rows.

    Values are those that Excel calculated last. The first row that is not empty is the header.

    Raises:
        InputError: no workbook, no such sheet or several, a header that is not sound.
        MissingBackendError: openpyxl is not installed.
    """
    openpyxl_module()
    headers: dict[str, list[str]] = {}
    with _loaded(path) as book:
        for sheet in book.worksheets:
            first = next(_filled(path, sheet), None)
            if first is not None:
                headers[sheet.title] = [_name(value) for value in first[1]]
    known = {
        title: names
        for title, names in headers.items()
        if any(fold(name) in wanted for name in names)
    }
    found = known or headers
    if not found:
        raise InputError(f"{path}: empty; expected a header row with the column names")
    if len(found) > 1:
        raise InputError(
            f"{path}: {len(found)} sheets have such columns; save the one with the reports alone"
        )
    [(title, names)] = found.items()
    while names and not names[-1]:
        names.pop()
    check_distinct(names, str(path))

    def rows() -> Iterator[Row]:
        with _loaded(path) as book:
            records = _filled(path, book[title])
            before = next(records)[0]
            for number, values in records:
                for empty in range(before + 1, number):  # rows keep their places
                    yield Row(f"{path}:{empty}", dict.fromkeys(names))
                before = number
                where = f"{path}:{number}"
                if any(value is not None for value in values[len(names) :]):
                    raise InputError(
                        f"{where}: a field in a column without a name; name the column"
                    )
                filled = [*values, *[None] * (len(names) - len(values))]
                yield Row(where, dict(zip(names, filled, strict=False)))

    return OpenTable(path, "xlsx", tuple(names), rows)


def escaped(text: str) -> str:
    """Text as a workbook holds it: control characters as Excel writes them (``_x000D_``)."""
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def unescaped(text: str) -> str:
    """The inverse of :func:`escaped`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def openpyxl_module() -> Any:
    """The module ``openpyxl``; ``MissingBackendError`` where it is not installed."""
    try:
        import openpyxl
    except ImportError:
        raise MissingBackendError(
            "Excel workbooks need openpyxl; install it with pip install 'graphsum[tables]'"
        ) from None
    return openpyxl


@contextmanager
def _loaded(path: Path) -> Iterator[Any]:
    openpyxl = openpyxl_module()
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    with file:  # openpyxl refuses names that do not end as Excel's
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except _DAMAGED:
            raise _broken(path) from None
        with closing(book):
            yield book


def _filled(path: Path, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """The number and the values of each row that is not empty."""
    try:
        sheet.reset_dimensions()  # some programs state a size that is too small
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            if any(value is not None for value in values):
                yield (
                    number,
                    [unescaped(value) if isinstance(value, str) else value for value in values],
                )
    except _DAMAGED:
        raise _broken(path) from None


def _broken(path: Path) -> InputError:
    return InputError(f"{path}: not a whole Excel workbook; save it again as .xlsx")


def _name(value: Any) -> str:
    return "" if value is None else str(value).strip()
