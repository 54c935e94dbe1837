"""JSON Lines, and files and folders that appear whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from preprocessing.errors import InputError

# Where a folder waits while another one takes its place.
_OLD = ".old"


def dumps(value: dict[str, Any]) -> str:
    """One JSON Lines line (with its newline), the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_jsonl(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the object of each non-empty line; raise :class:`InputError` naming file and line."""
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except json.JSONDecodeError as error:
                    raise InputError(
                        f"{path}:{number}: not a JSON object ({error.msg}); "
                        "one JSON object per line is expected"
                    ) from None
                if not isinstance(value, dict):
                    raise InputError(f"{path}:{number}: expected a JSON object on each line")
                yield value
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected JSON Lines") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def check_writable(path: str | Path) -> None:
    """Raise :class:`InputError` now if a later write of ``path`` would fail for want of a place.

    Nothing stays behind: the nearest folder that exists is tried.
    """
    if Path(path).is_dir():
        raise InputError(f"{path}: is a folder; give a file's name")
    folder = Path(path).absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def give_usual_permissions(path: str | Path) -> None:
    """Make a file as readable as any new one: temporary files are their owner's alone."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


@contextmanager
def new_file(path: str | Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of ``path`` at the end of the block.

    ``private``: only its owner may read it, and its folder, where that is new. After an exception
    in the block nothing stays behind, and ``path`` is as it was. Raises :class:`InputError` when
    the place is not writable.
    """
    path = Path(path)
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        if not private:
            give_usual_permissions(temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_text_atomically(
    path: str | Path, chunks: Iterable[str], *, private: bool = False
) -> None:
    """Write a UTF-8 file that appears complete or not at all; ``private`` as in :func:`new_file`.

    Raises :class:`InputError` when the place is not writable.
    """
    with new_file(path, private=private) as out:
        out.writelines(chunk.encode() for chunk in chunks)


def replace_folder(new: Path, folder: Path) -> None:
    """Put ``new`` in the place of ``folder``, such that a complete one is always there."""
    old = folder.with_name(folder.name + _OLD)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def restore_folders(parent: Path) -> None:
    """Undo each :func:`replace_folder` within ``parent`` that a kill cut in two."""
    for old in parent.glob(f"*{_OLD}"):
        folder = old.with_name(old.name.removesuffix(_OLD))
        if not folder.exists():
            old.rename(folder)
