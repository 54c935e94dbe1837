"""What kind of table a file is, by its content first and its name second."""

from collections.abc import Collection
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.tables.delimited import delimiters_of_header, is_tabular
from preprocessing.tables.encoding import encoding_of, sample_of
from preprocessing.tables.json_rows import is_json_object

DELIMITED = (".csv", ".tsv", ".tab", ".psv")
# What starts so is no table that can be read; it is better told than read as text.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls), or one with a password; save it as .xlsx"),
    (b"%PDF", "a PDF file; save its text or its table"),
    (b"{\\rtf", "an RTF file; save it as plain text"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"SQLite", "a database; export a table"),
)


def kind_of(path: Path, wanted: Collection[str]) -> str:
    """The name of the reader that fits the file.

    Args:
        path: the file.
        wanted: names that tell a header (:func:`preprocessing.tables.columns.wanted_names`).

    Raises:
        InputError: the file cannot be read, or it is not sure what it is.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a file")
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return _kind_of_archive(path)
    for magic, what in _FOREIGN:
        if start.startswith(magic):
            raise InputError(f"{path}: this is {what}")
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm", ".parquet"):
        raise InputError(f"{path}: its content is not that of a {suffix} file; save it again")
    return _kind_of_text(path, sample_of(path, encoding_of(path)), wanted)


def kind_of_prose(sample: str, wanted: Collection[str]) -> str:
    """``csv``, ``jsonl`` or ``json`` where a text is one surely, ``text`` where it is prose.

    ``unsure``: it looks like a table, but the names that tell a header are not in its first row.
    """
    start = sample.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return "jsonl" if is_json_object(start.partition("\n")[0]) else "unsure"
    if start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]"):
        return "json"
    if delimiters_of_header(start, wanted):
        return "csv"
    return "unsure" if is_tabular(start) else "text"


def _kind_of_text(path: Path, sample: str, wanted: Collection[str]) -> str:
    kind = kind_of_prose(sample, wanted)
    suffix = path.suffix.lower()
    if kind in ("csv", "jsonl", "json"):
        return kind
    if suffix in DELIMITED:
        if sample.lstrip("\ufeff \t\r\n")[:1] in ("{", "<"):
            raise InputError(f"{path}: its content is not that of a {suffix} file; save it again")
        return "csv"
    if suffix == ".jsonl":
        return "jsonl"
    if suffix == ".json":
        return "json"
    if suffix == ".xls":
        raise InputError(f"{path}: not a workbook; save it as .xlsx or .csv")
    if kind == "unsure":
        raise InputError(
            f"{path}: this may be a table or one report; name its columns with --columns "
            "findings=NAME, or give --input-format text where it is one report"
        )
    return kind


def _kind_of_archive(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        raise InputError(f"{path}: not a whole Excel workbook; save it again as .xlsx") from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise InputError(f"{path}: an archive or a document that is no Excel workbook; give a table")
