"""Fetching the corpora that are free to fetch."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from preprocessing.corpora import CORPORA, openi
from preprocessing.errors import InputError
from preprocessing.files import new_file
from preprocessing.registry import load

OPENI_SHA256 = "8fb6de7eec73d8c3665067ad4bb003ccd57f971ae316d2642e1627ac7268667a"
_TIMEOUT = 60.0  # seconds without an answer
_CHUNK = 1 << 16


def download(name: str, data_dir: str | Path | None = None) -> Path:
    """Fetch the corpus into ``data_dir`` (default ``data/<name>``); return the file's path.

    Raises ``InputError`` for corpora that cannot be fetched, and when the network or the place
    fails; then nothing is left behind.
    """
    hint = load(CORPORA, name).data_hint
    if name not in DOWNLOADS:
        can = ", ".join(DOWNLOADS)
        raise InputError(f"{name} cannot be downloaded (only {can} can); it needs {hint}")
    return DOWNLOADS[name](Path("data", name) if data_dir is None else Path(data_dir))


def download_openi(data_dir: str | Path) -> Path:
    """Fetch Open-i's archive (1.1 MB) from the National Library of Medicine.

    A file that is already there, with the right SHA-256, is kept.
    """
    path = Path(data_dir) / openi.ARCHIVE
    fetch(openi.URL, path, sha256=OPENI_SHA256)
    return path


def fetch(url: str, path: Path, *, sha256: str) -> None:
    """Download ``url`` to ``path``, which appears whole and with that checksum or not at all."""
    advice = f"get it from {url} by other means and put it at {path}"
    if path.is_file() and _sha256(path) == sha256:
        return
    try:
        with new_file(path) as out:
            found = _copy(url, out)
            if found != sha256:
                raise InputError(
                    f"{url}: the file's SHA-256 is {found}, not {sha256}; try again, or {advice}"
                )
    except (urllib.error.URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(f"{url}: download failed ({reason}); {advice}") from None


def _copy(url: str, out: BinaryIO) -> str:
    """Copy what lies at ``url``; returns its SHA-256."""
    from tqdm import tqdm

    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
        size = answer.headers.get("Content-Length", "")
        total = int(size) if size.isdigit() else None
        with tqdm(total=total, unit="B", unit_scale=True, desc=url.rpartition("/")[2]) as bar:
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# name -> function of the folder to put it in
DOWNLOADS: dict[str, Callable[[str | Path], Path]] = {"openi": download_openi}
