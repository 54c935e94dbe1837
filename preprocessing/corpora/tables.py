"""What csv and jsonl corpora share: which files hold which part, and the way from row to report."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from preprocessing.corpora.source import Exclusion, Parts, SplitRequest
from preprocessing.corpora.splits import PART_NAMES
from preprocessing.errors import InputError
from preprocessing.records import Report

FIELDS = (
    "uid",
    "findings",
    "impression",
    "indication",
    "comparison",
    "labels",
    "patient",
    "split",
)
REQUIRED = ("findings", "impression")


# Yields "file:line" and the row's fields (those of FIELDS that it has), in the file's order.
ReadRows = Callable[[Path, Mapping[str, str]], Iterator[tuple[str, dict[str, str]]]]


@dataclass(frozen=True)
class Table:
    """A corpus in files with one report a row; ``suffix`` without its dot."""

    suffix: str
    read_rows: ReadRows

    def read_reports(
        self, data_dir: str | Path, *, columns: Mapping[str, str] | None = None
    ) -> Iterator[Report | Exclusion]:
        """Yield a report for each row; raise ``InputError`` with file and line where one is broken.

        A row without uid is called by its number, behind its file's part (``train-3``) if any.
        """
        for report, _ in self._rows(data_dir, columns):
            yield report

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
        for path, file_part in table_files(data_dir, self.suffix):
            for number, (where, fields) in enumerate(self.read_rows(path, columns or {}), 1):
                uid = str(number) if file_part is None else f"{file_part}-{number}"
                yield _report(where, fields, uid), file_part or _part(where, fields)


def _report(where: str, fields: Mapping[str, str], uid: str) -> Report:
    text = {field: fields.get(field, "").strip() for field in FIELDS}
    try:
        "".join(text.values()).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: half a surrogate pair, which is no text") from None
    labels = tuple(label.strip() for label in text["labels"].split(";") if label.strip())
    return Report(
        uid=text["uid"] or uid,
        findings=text["findings"],
        impression=text["impression"],
        indication=text["indication"],
        comparison=text["comparison"],
        labels=labels,
        patient=text["patient"],
    )


def _part(where: str, fields: Mapping[str, str]) -> str | None:
    given = fields.get("split", "").strip().lower()
    if given and given not in PART_NAMES:
        raise InputError(f"{where}: the split is neither train, val nor test")
    return PART_NAMES.get(given)


def check_columns(columns: Mapping[str, str], there: Iterable[str], where: str) -> dict[str, str]:
    """field -> column, for the fields that the file has.

    Raises ``InputError`` for fields that do not exist and for columns that are not there.
    """
    there = list(there)
    for field in columns:
        if field not in FIELDS:
            raise InputError(f"column given for {field!r}; the fields are {', '.join(FIELDS)}")
    names = {}
    for field in FIELDS:
        name = columns.get(field, field)
        if name in there:
            names[field] = name
        elif field in REQUIRED or field in columns:
            raise InputError(
                f"{where}: no column {name!r} for {field}; the columns are "
                f"{', '.join(map(repr, there)) or 'none'}"
            )
    return names


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


def text_lines(path: Path) -> Iterator[str]:
    """The file's lines; ``InputError`` with the line's number where one is not UTF-8 text."""
    try:
        with open(path, "rb") as lines:
            for number, raw in enumerate(lines, 1):
                if b"\0" in raw:
                    raise InputError(f"{path}:{number}: a NUL byte; expected UTF-8 text")
                try:
                    yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(
                        f"{path}:{number}: not UTF-8 at byte {error.start + 1} of the line; "
                        "save the file as UTF-8"
                    ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
