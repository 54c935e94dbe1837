"""Reports in tables, of every kind that ``preprocessing.tables`` reads.

A corpus is called by the suffix of its files; a file that is named may be of any kind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from preprocessing.corpora.source import CorpusSource, Exclusion, Parts, SplitRequest
from preprocessing.corpora.splits import PART_NAMES, RandomSplit
from preprocessing.errors import InputError
from preprocessing.records import Report
from preprocessing.tables import open_table
from preprocessing.tables.columns import META_FIELDS, columns_of_fields
from preprocessing.tables.rows import as_text


@dataclass(frozen=True)
class Table:
    """A corpus in files with one report a row; ``suffix`` without its dot."""

    suffix: str

    def read_reports(
        self, data_dir: str | Path, *, columns: Mapping[str, str] | None = None
    ) -> Iterator[Report | Exclusion]:
        """Yield a report for each row; raise ``InputError`` with file and line where one is broken.

        A row without uid is called by its number, behind its file's part (``train-3``) if any.
        """
        for report, _ in self._rows(data_dir, columns):
            yield report

    def without_impressions(self, request: SplitRequest) -> InputError | None:
        """The error to raise where impressions are needed and a file has no column for them."""
        for path, _ in table_files(request.data_dir, self.suffix):
            there = open_table(path, request.columns).columns
            columns_of_fields(request.columns, there, str(path), required=("findings",))
            try:
                columns_of_fields(request.columns, there, str(path), required=("impression",))
            except InputError as error:
                return error
        return None

    def given_split(self, reports: list[Report], request: SplitRequest) -> Parts:
        """The parts that the files or the split column give; other reports are in none."""
        part_of: dict[str, str | None] = {}
        for report, part in self._rows(request.data_dir, request.columns):
            # Of rows with the same uid the first counts, as it does among the reports.
            part_of.setdefault(report.uid, part)
        parts = Parts([], [], [])
        for report in reports:
            part = part_of.get(report.uid)
            if part is not None:
                getattr(parts, part).append(report)
        return parts

    def default_split(self, request: SplitRequest) -> str:
        """``given`` when any row has a part, else ``random``."""
        rows = self._rows(request.data_dir, request.columns)
        return "given" if any(part for _, part in rows) else "random"

    def _rows(
        self, data_dir: str | Path, columns: Mapping[str, str] | None
    ) -> Iterator[tuple[Report, str | None]]:
        columns = columns or {}
        for path, file_part in table_files(data_dir, self.suffix):
            table = open_table(path, columns)
            # Rows of JSON may lack a field that others have.
            names_of: dict[tuple[str, ...], dict[str, str]] = {}
            for number, (where, values) in enumerate(table.rows(), 1):
                there = tuple(values)
                if there not in names_of:
                    place = where if table.kind in ("jsonl", "json") else str(path)
                    names_of[there] = columns_of_fields(
                        columns, there, place, required=("findings",)
                    )
                fields = {
                    field: as_text(values[name], where, field).strip()
                    for field, name in names_of[there].items()
                }
                uid = str(number) if file_part is None else f"{file_part}-{number}"
                yield _report(fields, uid), file_part or _part(where, fields)
            if not names_of:
                columns_of_fields(columns, table.columns, str(path), required=("findings",))


def _report(fields: Mapping[str, str], uid: str) -> Report:
    labels = fields.get("labels", "").split(";")
    return Report(
        uid=fields.get("uid") or uid,
        findings=fields["findings"],
        impression=fields.get("impression", ""),
        indication=fields.get("indication", ""),
        comparison=fields.get("comparison", ""),
        labels=tuple(label.strip() for label in labels if label.strip()),
        patient=fields.get("patient", ""),
        meta={name: fields[name] for name in META_FIELDS if fields.get(name)},
    )


def _part(where: str, fields: Mapping[str, str]) -> str | None:
    given = fields.get("split", "").lower()
    if given and given not in PART_NAMES:
        raise InputError(f"{where}: the split is neither train, val nor test")
    return PART_NAMES.get(given)


def table_files(data_dir: str | Path, suffix: str) -> list[tuple[Path, str | None]]:
    """The table's files, each with its part (None: one table for all parts).

    ``data_dir`` is a file, a folder with one ``*.<suffix>``, or a folder with train, val and test
    files. Raises ``InputError`` for anything else.
    """
    data_dir = Path(data_dir)
    if data_dir.is_file():
        return [(data_dir, None)]
    if not data_dir.is_dir():
        raise InputError(f"{data_dir}: no such file or folder; give a .{suffix} file or its folder")
    paths = sorted(data_dir.glob(f"[!.]*.{suffix}"))
    if len(paths) == 1:
        return [(paths[0], None)]
    by_part = {PART_NAMES.get(path.stem.lower(), path.stem): path for path in paths}
    if set(by_part) == {"train", "val", "test"} and len(paths) == 3:
        return [(by_part[part], part) for part in ("train", "val", "test")]
    names = ", ".join(path.name for path in paths[:5]) or "none"
    raise InputError(
        f"{data_dir}: expected one .{suffix} file, or train, val and test.{suffix}; "
        f"found {len(paths)} ({names})"
    )


def _source(suffix: str) -> CorpusSource:
    table = Table(suffix)
    return CorpusSource(
        read_reports=table.read_reports,
        splits={"given": table.given_split, "random": RandomSplit(8, 1, 1)},
        inclusion="none",
        data_hint=f"a table with findings and impression, or train, val and test.{suffix}",
        default_split=table.default_split,
        without_impressions=table.without_impressions,
    )


CSV = _source("csv")
TSV = _source("tsv")
XLSX = _source("xlsx")
PARQUET = _source("parquet")
JSONL = _source("jsonl")
JSON = _source("json")
