"""Open-i: the Indiana University chest X-ray reports, as the National Library of Medicine
distributes them (Demner-Fushman et al., JAMIA 2016): one XML file per report.
"""

import gzip
import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from preprocessing.corpora.source import CorpusSource, Exclusion, Parts, SplitRequest
from preprocessing.corpora.splits import RandomSplit
from preprocessing.errors import InputError
from preprocessing.records import Report

ARCHIVE = "NLMCXR_reports.tgz"
FOLDER = "ecgen-radiology"
URL = f"https://openi.nlm.nih.gov/imgs/collections/{ARCHIVE}"

# The papers order the reports by file stem *as strings* and take 292 for val, 576 for test and
# 2,400 for train. These are the last stems of val and test, so that a report's part does not
# depend on the inclusion rule in use.
_LAST_VAL = "1311"
_LAST_TEST = "1935"


def read_reports(
    data_dir: str | Path, *, columns: Mapping[str, str] | None = None
) -> Iterator[Report | Exclusion]:
    """Yield the reports of the archive (in its order) or of the unpacked folder (by stem).

    ``labels`` are the MeSH major headings as they stand. A file that is not well-formed XML
    becomes an exclusion. Raises ``InputError`` when there is no data or the archive is broken.
    """
    for name, content in _read_files(Path(data_dir)):
        number = re.search(r"\d+", Path(name).stem)
        if number is None:
            yield Exclusion(Path(name).stem, "no number in the file name")
            continue
        try:
            root = ElementTree.fromstring(content)
        except (ElementTree.ParseError, LookupError, ValueError):
            yield Exclusion(number.group(), "broken XML")
            continue
        yield Report(
            uid=number.group(),
            findings=_section(root, "FINDINGS"),
            impression=_section(root, "IMPRESSION"),
            indication=_section(root, "INDICATION"),
            comparison=_section(root, "COMPARISON"),
            labels=tuple(
                heading for major in root.iterfind("MeSH/major") if (heading := _text(major))
            ),
        )


def papers_split(reports: list[Report], request: SplitRequest) -> Parts:
    """The papers' parts, each in the order of file stems as strings (2,400/292/576 reports)."""
    parts = Parts([], [], [])
    for report in sorted(reports, key=lambda report: report.uid):
        if report.uid <= _LAST_VAL:
            parts.val.append(report)
        elif report.uid <= _LAST_TEST:
            parts.test.append(report)
        else:
            parts.train.append(report)
    return parts


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _section(root: ElementTree.Element, label: str) -> str:
    return " ".join(
        text
        for element in root.iter("AbstractText")
        if element.get("Label", "").upper() == label and (text := _text(element))
    )


def _read_files(data_dir: Path) -> Iterator[tuple[str, bytes]]:
    archive = data_dir if data_dir.is_file() else data_dir / ARCHIVE
    if archive.is_file():
        yield from _read_archive(archive)
        return
    for folder in (data_dir / FOLDER, data_dir):
        paths = sorted(folder.glob("[!.]*.xml"), key=lambda path: path.stem)
        if paths:
            for path in paths:
                try:
                    yield path.name, path.read_bytes()
                except OSError as error:
                    raise InputError(f"{path}: cannot be read ({error.strerror})") from None
            return
    raise InputError(
        f"{data_dir}: no Open-i reports here; run `python -m preprocessing download openi`, or "
        f"get {URL} and put it (or its folder {FOLDER}) there"
    )


def _read_archive(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive, "r:*") as members:
            for member in members:
                name = Path(member.name).name
                if not member.isfile() or not name.endswith(".xml") or name.startswith("."):
                    continue
                content = members.extractfile(member)
                if content is not None:
                    yield name, content.read()
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        what = "is not a tar archive" if isinstance(error, tarfile.ReadError) else "is broken"
        raise InputError(
            f"{archive}: {what} or incomplete; delete it and run "
            f"`python -m preprocessing download openi`, or get {URL} again"
        ) from None
    except OSError as error:
        raise InputError(f"{archive}: cannot be read ({error.strerror or error})") from None


SOURCE = CorpusSource(
    read_reports=read_reports,
    splits={"papers": papers_split, "random": RandomSplit(2400, 292, 576)},
    inclusion="hu2022",
    data_hint=f"{ARCHIVE} or the unpacked folder {FOLDER}, from {URL}",
    published={"papers": (2400, 292, 576)},
    # The papers keep report 2416, whose findings are one token short in every plain count that
    # leaves out report 3386, as the papers do: both hold the same de-identified word with a
    # hyphen, one token in 3386 and more than one in 2416. The split is theirs, so it is named.
    kept_anyway={"hu2022": ("2416",)},
)
