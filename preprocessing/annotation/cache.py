"""Annotate a corpus once: results are cached on disk as JSON Lines."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from preprocessing.annotation import Annotator
from preprocessing.errors import InputError
from preprocessing.files import OWNER_ONLY, dumps, read_jsonl, write_text_atomically
from preprocessing.records import SCHEMA_VERSION, AnnotatedReport, Report, from_json, to_json


def annotate_reports(
    reports: Sequence[Report],
    annotator: Annotator,
    *,
    cache_dir: str | Path,
    corpus: str,
    progress: bool = True,
) -> list[AnnotatedReport]:
    """The findings of all reports annotated, in order; from the cache where it holds them.

    One cache file per corpus, annotator, its version and the exact uids and findings: anything
    else never matches. Only its owner may read it. A cache that is not whole is made again, never
    trusted. Raises ``InputError`` when two reports share a uid or the cache cannot be written.
    """
    seen: set[str] = set()
    for report in reports:
        if report.uid in seen:
            raise InputError(
                f"{corpus}: uid {report.uid!r} occurs twice; each report needs its own uid"
            )
        seen.add(report.uid)
    path = cache_path(reports, annotator, cache_dir=cache_dir, corpus=corpus)
    header = {
        "schema": SCHEMA_VERSION,
        "annotator": annotator.name,
        "version": annotator.version,
        "corpus": corpus,
    }
    cached = _read_cache(path, header, reports)
    if cached is not None:
        with suppress(OSError):  # of a file that others own
            path.chmod(OWNER_ONLY)  # earlier versions let others read it
        return cached
    annotated = list(
        tqdm(
            annotator.annotate((report.uid, report.findings) for report in reports),
            desc=f"annotate {corpus} ({annotator.name})",
            total=len(reports),
            unit=" reports",
            disable=None if progress else True,
        )
    )
    write_text_atomically(path, _cache_lines(header, annotated), mode=OWNER_ONLY)
    return annotated


def cache_path(
    reports: Sequence[Report], annotator: Annotator, *, cache_dir: str | Path, corpus: str
) -> Path:
    """Where :func:`annotate_reports` keeps these reports' annotations."""
    digest = hashlib.sha256()
    for part in (corpus, annotator.name, annotator.version, str(SCHEMA_VERSION)):
        digest.update(dumps({"key": part}).encode("utf-8", "surrogatepass"))
    for report in reports:
        line = json.dumps([report.uid, report.findings])
        digest.update(line.encode("ascii") + b"\n")
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{corpus}-{annotator.name}")
    return Path(cache_dir) / f"{readable}-{digest.hexdigest()[:16]}.jsonl"


def _cache_lines(header: dict[str, object], annotated: Sequence[AnnotatedReport]) -> Iterator[str]:
    """The header, a line a report, and a digest of these, by which a damaged cache is known."""
    digest = hashlib.sha256()
    yield dumps(header)
    for one in annotated:
        line = dumps(to_json(one))
        digest.update(line.encode())
        yield line
    yield dumps({"sha256": digest.hexdigest()})


def _read_cache(
    path: Path, header: dict[str, object], reports: Sequence[Report]
) -> list[AnnotatedReport] | None:
    if not path.is_file():
        return None
    digest = hashlib.sha256()
    annotated = []
    try:
        lines = read_jsonl(path)
        if next(lines, None) != header:
            return None
        for line in islice(lines, len(reports)):
            annotated.append(from_json(AnnotatedReport, line))
            digest.update(dumps(line).encode())
        if list(islice(lines, 2)) != [{"sha256": digest.hexdigest()}]:
            return None
    except (InputError, KeyError, TypeError, ValueError):
        return None
    whole = [one.uid for one in annotated] == [one.uid for one in reports]
    return annotated if whole else None
