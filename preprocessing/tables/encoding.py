"""Which encoding a text file has: UTF-8, UTF-16 or Windows-1252, and no guess beyond that."""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from preprocessing.errors import InputError

_SAMPLE = 1 << 16
_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Western European text in Windows-1252 does not have, and text of other encodings does when
# it is read so: signs or capitals within words, and long runs of letters beyond ASCII.
_LETTER = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0160\u0161\u017d\u017e\u0152\u0153\u0178"
_CAPITAL = "\u00c0-\u00d6\u00d8-\u00de\u0160\u017d\u0152\u0178"
_INNER = "\u2018\u2019\u00b4\u00b7\u2013\u2014\u2026\u00b0\u00b5\u00ad\u00a0\u00d7"  # as in it’s
_SIGN = f"[^\x00-\x7f{_LETTER}{_INNER}]"
_NOT_WESTERN = re.compile(
    f"[{_LETTER}]{_SIGN}[{_LETTER}]|[a-z][{_CAPITAL}][a-z]|"
    f"[{_LETTER.removeprefix('A-Za-z')}]{{3}}|[\u00c3\u00c2][\u0080-\u00bf\u0152-\u2122]"
)


def encoding_of(path: Path) -> str:
    """The encoding by which the whole file can be read.

    Raises:
        InputError: the file cannot be read, or its encoding is none of those known, with the line.
    """
    try:
        with open(path, "rb") as file:
            sample = file.read(_SAMPLE)
        for mark, name in _MARKS:
            if sample.startswith(mark):
                _check(path, name)
                return name
        wide = _utf16_without_mark(sample)
        if wide:
            _check(path, wide)
            return wide
        try:
            _check(path, "utf-8")
        except InputError:
            if not _is_western(path):
                raise
            return "cp1252"
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return "utf-8"


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """The file's text with its line ends as they are; ``InputError`` where it cannot be read."""
    try:
        file = open(path, encoding=encoding, newline="")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        yield file


def sample_of(path: Path, encoding: str) -> str:
    """The first 64 Ki characters."""
    with open_text(path, encoding) as file:
        return file.read(_SAMPLE)


def _utf16_without_mark(sample: bytes) -> str | None:
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) >= 4 and max(even, odd) > len(sample) // 5 and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return None


def _check(path: Path, encoding: str) -> None:
    """Raise ``InputError`` with the line of what is no text in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # Of the encodings without their own end of line the number of lines is not known.
                line += error.object[: error.start].count(b"\n")
                wide = encoding.startswith("utf-16")
                raise InputError(
                    f"{path}: broken UTF-16; save the file as UTF-8"
                    if wide
                    else f"{path}:{line}: not UTF-8, nor surely another encoding; save the file "
                    "as UTF-8"
                ) from None
            if "\0" in text:
                line += text[: text.index("\0")].count("\n")
                raise InputError(f"{path}:{line}: a NUL byte; expected a text file")
            line += text.count("\n")
            if not block:
                return


def _is_western(path: Path) -> bool:
    try:
        with open(path, encoding="cp1252", newline="") as file:
            rest = ""
            while block := file.read(_BLOCK):
                if "\0" in block or _NOT_WESTERN.search(rest + block):
                    return False
                rest = block[-2:]
    except UnicodeDecodeError:
        return False
    return True
