"""The one place where files are opened: JSON, YAML, JSON Lines; files that appear whole.

What is read may come from anybody: it is a regular file within the limits of
:mod:`preprocessing.limits`, and whatever is wrong with it is one line, an :class:`InputError`, that
quotes none of it. What is written appears complete or not at all.
"""

import errno
import hashlib
import itertools
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from preprocessing.errors import InputError
from preprocessing.limits import JSON_BYTES, JSON_LINE_BYTES

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not noticed there
    fcntl = None  # type: ignore[assignment]

# Where a folder waits while another one takes its place.
_OLD = ".old"
OWNER_ONLY = 0o600
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # what a full or broken disk says


def dumps(value: dict[str, Any]) -> str:
    """One JSON Lines line (with its newline), the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """A JSON document with its newline; raises ``ValueError`` for NaN, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False) + "\n"


def read_bytes(path: str | Path, *, at_most: int = JSON_BYTES) -> bytes:
    """The content of a regular file.

    Raises:
        InputError: it cannot be read, is a folder, pipe or device, or has more bytes than allowed.
    """
    try:
        with open_regular(path) as file:
            content = file.read(at_most + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > at_most:
        raise InputError(f"{path}: larger than {at_most:,} bytes, the most that is read of it")
    return content


def open_regular(path: str | Path) -> BinaryIO:
    """A regular file (or a link to one), open for reading; nothing waits for a pipe or device.

    Raises:
        InputError: it is something else.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise InputError(f"{path}: not a regular file; give the name of a file")
    return open(path, "rb")


def read_text(path: str | Path, *, at_most: int = JSON_BYTES) -> str:
    """The same as UTF-8 text."""
    try:
        return read_bytes(path, at_most=at_most).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None


def read_json(path: str | Path, *, at_most: int = JSON_BYTES) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: the file cannot be read, or is no object in standard JSON.
    """
    value = parse_json(read_text(path, at_most=at_most), str(path))
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object")
    return value


def parse_json(text: str, where: str, *, surrogates: bool = False) -> Any:
    """A value of standard JSON: no NaN, no endless nesting, no numbers out of range.

    Args:
        where: how errors call its place.
        surrogates: whether texts may hold half a surrogate pair, which no file can hold again.

    Raises:
        InputError: it is not that.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: not a JSON object ({error.msg}, column {error.colno})"
        ) from None
    except RecursionError:
        raise InputError(f"{where}: not JSON (too many brackets within each other)") from None
    except ValueError:
        raise InputError(f"{where}: not JSON (a number is not finite or too long)") from None
    if not surrogates and "\\u" in text and not _is_text(value):
        raise InputError(f"{where}: half a surrogate pair, which is no text")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("too large")
    return value


def _is_text(value: Any) -> bool:
    """Whether all strings within can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def read_yaml(path: str | Path, *, at_most: int = JSON_BYTES) -> Any:
    """The value in a YAML (or JSON) file of plain values: no aliases, dates, tags or objects.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    import yaml

    class PlainLoader(yaml.SafeLoader):
        """Texts, numbers, booleans, null, lists and mappings; a date stays a text."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("alias")
            return super().compose_node(parent, index)

    PlainLoader.yaml_implicit_resolvers = {
        first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    text = read_text(path, at_most=at_most)
    try:
        loader = PlainLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: not YAML or JSON of plain values") from None
    except (ValueError, TypeError, RecursionError, OverflowError, AttributeError) as error:
        raise InputError(
            f"{path}: not YAML or JSON of plain values ({type(error).__name__})"
        ) from None


def read_jsonl(path: str | Path, *, surrogates: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the object of each non-empty line; raise :class:`InputError` naming file and line.

    ``surrogates``: as in :func:`parse_json`.
    """
    try:
        with open_regular(path) as lines:
            for number in itertools.count(1):
                line = lines.readline(JSON_LINE_BYTES + 1)
                if not line:
                    return
                if len(line) > JSON_LINE_BYTES:
                    raise InputError(
                        f"{path}:{number}: a line of more than {JSON_LINE_BYTES:,} bytes"
                    )
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                value = parse_json(text, f"{path}:{number}", surrogates=surrogates)
                if not isinstance(value, dict):
                    raise InputError(f"{path}:{number}: expected a JSON object on each line")
                yield value
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected JSON Lines") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def digest_of(*paths: str | Path) -> str:
    """SHA-256 of the names, sizes and contents of files, in hexadecimal."""
    digest = hashlib.sha256()
    for path in map(Path, paths):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        with open(path, "rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def check_writable(path: str | Path) -> None:
    """Raise :class:`InputError` now if a later write of the file ``path`` would fail.

    Nothing stays behind: the nearest folder that exists is tried.
    """
    if str(path) in ("", "-"):
        raise InputError(f"{str(path)!r} is no name of a file; give one")
    if Path(path).is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file")
    if is_special(path):
        if os.access(path, os.W_OK):
            return
        raise InputError(f"{path}: cannot be written (Permission denied)")
    folder = Path(os.path.realpath(path)).parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def is_special(path: str | Path) -> bool:
    """Is it a pipe or a device, into which one writes?"""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def give_usual_permissions(path: str | Path) -> None:
    """Make a file as readable as any new one: temporary files are their owner's alone."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


@contextmanager
def new_file(path: str | Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of ``path`` at the end of the block.

    After an exception in the block nothing stays behind, and ``path`` is as it was. Behind a link
    the file it leads to is replaced; a pipe or device is written to.

    Args:
        mode: the file's permissions; by default those of any new file. With ``OWNER_ONLY`` a new
            folder is its owner's alone too.

    Raises:
        InputError: the place is not writable, or the disk is full.
    """
    if is_special(path):
        with _writing(path, FULL), open(path, "wb") as out:
            yield out
        return
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file")
    with _writing(path):
        folder_mode = 0o700 if mode == OWNER_ONLY else 0o777
        place.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with _writing(path, FULL):
            with os.fdopen(handle, "wb") as out:
                yield out
            if mode is None:
                give_usual_permissions(temporary)
            else:
                os.chmod(temporary, mode)
            os.replace(temporary, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


@contextmanager
def _writing(path: str | Path, errors: Container[int | None] | None = None) -> Iterator[None]:
    """One line where writing ``path`` fails; ``errors``: only by these numbers."""
    try:
        yield
    except OSError as error:
        if errors is not None and error.errno not in errors:
            raise
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None


def write_text_atomically(
    path: str | Path, chunks: Iterable[str], *, mode: int | None = None
) -> None:
    """Write a UTF-8 file that appears complete or not at all; ``mode``: as in :func:`new_file`.

    Raises :class:`InputError` when the place is not writable, or a text cannot be written.
    """
    try:
        with new_file(path, mode=mode) as out:
            out.writelines(chunk.encode() for chunk in chunks)
    except UnicodeEncodeError:
        raise InputError(
            f"{path}: half a surrogate pair, which is no text, cannot be written"
        ) from None


def append_line(path: str | Path, line: str) -> None:
    """Add a line to a UTF-8 file, which is made where there is none."""
    with _writing(path), open(path, "a", encoding="utf-8") as out:
        out.write(line + "\n")


def locked_file(path: Path, what: str | Path) -> BinaryIO:
    """The file at ``path``, locked until it is closed or this process dies; see :func:`unlock`.

    Raises:
        InputError: another process holds the lock; ``what`` is what both write.
    """
    while True:
        file = path.open("ab")
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InputError(
                f"{what}: another run is writing it; wait for its end or choose another output"
            ) from None
        except OSError:  # a file system without locks
            return file
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()  # the run before removed it as it ended, after we had opened it


def unlock(file: BinaryIO) -> None:
    """Remove and release the lock that :func:`locked_file` gave."""
    if not file.closed:
        with suppress(OSError):
            os.unlink(file.name)
        file.close()


@contextmanager
def locked_folder(folder: str | Path) -> Iterator[None]:
    """Keep other processes from writing into the folder, by its file ``.lock``.

    Raises:
        InputError: one does so already, or the folder is not writable.
    """
    with _writing(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        lock = locked_file(Path(folder) / ".lock", folder)
    try:
        yield
    finally:
        unlock(lock)


def replace_folder(new: Path, folder: Path) -> None:
    """Put ``new`` in the place of ``folder``, such that a complete one is always there."""
    old = folder.with_name(f".{folder.name}{_OLD}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def restore_folders(parent: Path) -> None:
    """Undo each :func:`replace_folder` within ``parent`` that a kill cut in two, or finish it."""
    for old in parent.glob(f".*{_OLD}"):
        folder = old.with_name(old.name.removesuffix(_OLD).removeprefix("."))
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(folder)
