"""MIMIC-CXR (Johnson et al., Scientific Data 2019) in PhysioNet's layout.

``mimic-cxr-reports.zip`` or its unpacked ``files/p10/p10000032/s50414267.txt``, and for the
official split ``mimic-cxr-2.0.0-split.csv.gz`` (MIMIC-CXR-JPG; one row per image).
"""

import csv
import gzip
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from preprocessing.corpora.sections import extract_sections
from preprocessing.corpora.source import CorpusSource, Exclusion, Parts, SplitRequest
from preprocessing.corpora.splits import PART_NAMES, RandomSplit
from preprocessing.errors import InputError
from preprocessing.records import Report

ARCHIVE = "mimic-cxr-reports.zip"
SPLIT_FILES = ("mimic-cxr-2.0.0-split.csv.gz", "mimic-cxr-2.0.0-split.csv")
URL = "https://physionet.org/content/mimic-cxr/2.1.0/"
SPLIT_URL = "https://physionet.org/content/mimic-cxr-jpg/2.1.0/"

# What a damaged archive raises; its unknown versions and methods are a kind of RuntimeError, its
# negative seeks and broken names a kind of ValueError.
_BROKEN = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
_REPORT_PATH = re.compile(r"(?:^|/)p\d{2}/(p\d+)/(s\d+)\.txt$")


def read_reports(
    data_dir: str | Path, *, columns: Mapping[str, str] | None = None
) -> Iterator[Report | Exclusion]:
    """Yield the reports by path, one file in memory at a time.

    Files that are no text, and reports with findings and impression under one heading, become
    exclusions. Raises ``InputError`` when there is no data or the archive is broken.
    """
    for patient, uid, read in _find_files(Path(data_dir)):
        try:
            content = read()
        except _BROKEN:
            yield Exclusion(uid, "unreadable file")
            continue
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            yield Exclusion(uid, "not UTF-8 text")
            continue
        sections = extract_sections(text)
        if sections.combined:
            yield Exclusion(uid, "findings and impression under one heading")
            continue
        yield Report(
            uid=uid,
            findings=sections.findings,
            impression=sections.impression,
            indication=sections.indication,
            comparison=sections.comparison,
            patient=patient,
            meta={"technique": sections.technique} if sections.technique else {},
        )


def official_split(reports: list[Report], request: SplitRequest) -> Parts:
    """MIMIC-CXR's own parts. Raises ``InputError`` when the split file is missing or broken."""
    part_of = _read_split(request.data_dir)
    parts = Parts([], [], [])
    for report in reports:
        if report.uid in part_of:
            getattr(parts, part_of[report.uid]).append(report)
    return parts


def _find_files(data_dir: Path) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Patient, uid and a function that reads the file, in the order of the paths."""
    if not data_dir.is_dir() and data_dir.suffix != ".zip":
        raise _no_data(data_dir)
    for folder in (data_dir / "files", data_dir / "mimic-cxr-reports" / "files", data_dir):
        if folder.is_dir() and any(folder.glob("p[0-9][0-9]/p*")):
            for path in _walk(folder):
                match = _REPORT_PATH.search(path.as_posix())
                if match:
                    yield match[1], match[2], path.read_bytes
            return
    archive = data_dir if data_dir.suffix == ".zip" else data_dir / ARCHIVE
    if not archive.is_file():
        raise _no_data(data_dir)
    try:
        with zipfile.ZipFile(archive) as members:
            for name in sorted(members.namelist()):
                match = _REPORT_PATH.search(name)
                if match:
                    yield match[1], match[2], lambda name=name: members.read(name)  # type: ignore[misc]
    except _BROKEN:
        raise InputError(
            f"{archive}: not a zip archive or incomplete; get it again from {URL}"
        ) from None


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _no_data(data_dir: Path) -> InputError:
    return InputError(
        f"{data_dir}: no MIMIC-CXR reports here; with credentialed access to {URL} put {ARCHIVE} "
        f"(or its folder files/) and, from {SPLIT_URL}, {SPLIT_FILES[0]} there"
    )


def _read_split(data_dir: Path) -> dict[str, str]:
    """uid -> train, val or test."""
    folder = data_dir if data_dir.is_dir() else data_dir.parent
    path = next((folder / name for name in SPLIT_FILES if (folder / name).is_file()), None)
    if path is None:
        raise InputError(
            f"{folder}: the official split needs {SPLIT_FILES[0]}; get it from {SPLIT_URL} and put "
            "it there, or choose the split 'paper-random'"
        )
    part_of: dict[str, str] = {}
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = {"study_id", "split"} - set(rows.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path}: no column {', '.join(sorted(missing))}; its columns are "
                    f"{', '.join(map(repr, rows.fieldnames or ())) or 'none'}"
                )
            for row in rows:
                uid = "s" + (row["study_id"] or "").strip().removeprefix("s")
                part = PART_NAMES.get((row["split"] or "").strip().lower())
                if part is None:
                    raise InputError(
                        f"{path}:{rows.line_num}: the split of {uid!r} is neither train, validate "
                        "nor test"
                    )
                if part_of.setdefault(uid, part) != part:
                    raise InputError(
                        f"{path}:{rows.line_num}: study {uid!r} is in {part} and in {part_of[uid]}"
                    )
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error):
        raise InputError(
            f"{path}: not a readable csv file or incomplete; get it again from {SPLIT_URL}"
        ) from None
    return part_of


SOURCE = CorpusSource(
    read_reports=read_reports,
    # No paper lists the uids of its random parts, so that only the proportion can be followed.
    splits={"official": official_split, "paper-random": RandomSplit(8, 1, 1)},
    inclusion="hu2022",
    data_hint=f"{ARCHIVE} or files/, and {SPLIT_FILES[0]}, from {URL} (credentialed)",
    published={"official": (122_014, 957, 1_606)},
)
