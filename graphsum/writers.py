"""The output formats of ``graphsum summarize``."""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from preprocessing.files import dumps
from preprocessing.registry import Table


class Writer(ABC):
    """One output format.

    ``nested``: whether a column may hold more than text. ``whole``: whether it needs the findings
    and the column ``summary`` of each report, also where nobody asked for details.
    """

    nested = False
    whole = False

    def __init__(self, findings: str = "findings") -> None:
        """``findings``: the column that holds the findings."""
        self.findings = findings

    @abstractmethod
    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        """The file's text.

        Args:
            rows: one per report, with all their columns.
            column: the one that holds the impression.
        """


class CsvWriter(Writer):
    """All columns, comma-separated, with a header."""

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


class JsonLinesWriter(Writer):
    """All columns, one JSON object a line."""

    nested = True

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        return "".join(dumps(dict(row)) for row in rows)


class TextWriter(Writer):
    """The impressions alone, one a line."""

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        return "".join(row[column] + "\n" for row in rows)


class HtmlWriter(Writer):
    """A page to read the impressions on, beside their findings (``docs/page.md``)."""

    nested = True
    whole = True

    def text(self, rows: Sequence[Mapping[str, Any]], column: str) -> str:
        from graphsum.page.reading import items_of, render_page

        return render_page(items_of(rows, findings=self.findings, impression=column))


WRITERS: Table[type[Writer]] = Table(
    "output format",
    {"csv": CsvWriter, "jsonl": JsonLinesWriter, "text": TextWriter, "html": HtmlWriter},
)
