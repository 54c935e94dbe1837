"""Plain text: one report, or several with a separator line between them."""

from collections.abc import Collection, Iterator
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.tables.encoding import encoding_of, open_text
from preprocessing.tables.rows import OpenTable, Row


def open_prose(
    path: Path, wanted: Collection[str] = (), *, separator: str | None = None
) -> OpenTable:
    """A text file as a table with the column ``findings``.

    Args:
        path: the file.
        wanted: not used; text has no header.
        separator: the line between two reports, blanks around it aside; None: the file is one.

    Raises:
        InputError: the file cannot be read, or no line is the separator.
    """
    encoding = encoding_of(path)

    def rows() -> Iterator[Row]:
        lines: list[str] = []
        start, found = 1, False
        with open_text(path, encoding) as file:
            for number, line in enumerate(file, 1):
                if separator is not None and line.strip() == separator.strip():
                    yield Row(f"{path}:{start}", {"findings": "".join(lines).strip()})
                    lines, start, found = [], number + 1, True
                else:
                    lines.append(line)
        if separator is not None and not found:
            raise InputError(
                f"{path}: no line is the separator; check --separator, or leave it out where the "
                "file is one report"
            )
        last = "".join(lines)
        if not found or last.strip():  # the last separator may stand behind the last report
            yield Row(f"{path}:{start}", {"findings": last if not found else last.strip()})

    return OpenTable(path, "text", ("findings",), rows, {"encoding": encoding})
