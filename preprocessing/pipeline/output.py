"""A file written piece by piece that appears whole or not at all, and survives kill -9.

Beside the output ``FILE`` lies ``FILE.rejects.jsonl`` (what was left out, and why). While a run
lasts both end in ``.part``, and ``FILE.part.json`` says how far they are sound: after a kill they
are cut back to there. ``FILE.part.lock`` keeps a second run away.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from preprocessing.errors import InputError
from preprocessing.files import OWNER_ONLY, give_usual_permissions, locked_file, read_json, unlock


@dataclass(frozen=True, slots=True)
class OutputProgress:
    """How far a run has come: records read, how many of them rejected, sizes in bytes.

    ``digest`` stands for all records read so far; ``done`` when there are no more.
    """

    records: int = 0
    rejected: int = 0
    output_bytes: int = 0
    rejects_bytes: int = 0
    digest: str = ""
    done: bool = False

    def check(self) -> None:
        """Raises ``ValueError`` where a value read from a file is none of these."""
        counts = (self.records, self.rejected, self.output_bytes, self.rejects_bytes)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError("counts must be whole numbers from 0")
        if not isinstance(self.digest, str) or not isinstance(self.done, bool):
            raise ValueError("digest must be a text, done true or false")


class ResumableOutput:
    """An output and its rejects, open for appending where an unfinished run left off, if any.

    ``settings`` (JSON-ready): whatever else the output depends on. Only the owner may read the
    parts. Raises ``InputError`` when the place is not writable, when another run is
    writing there, and when the unfinished run had other settings.
    """

    def __init__(self, output: str | Path, settings: dict[str, Any]) -> None:
        self.output = Path(output)
        self.rejects = rejects_path(output)
        self._parts = _part(self.output), _part(self.rejects)
        self._state = Path(f"{self.output}.part.json")
        self._settings = settings
        self._files: list[BinaryIO] = []
        with _one_line_errors(self.output):
            if self.output.is_dir():
                raise InputError(f"{self.output}: is a folder; give the name of a file")
            self.output.parent.mkdir(parents=True, exist_ok=True)
            self._lock = locked_file(Path(f"{self.output}.part.lock"), self.output)
        try:
            self.progress = self._read_state()
            if not self.progress.done:  # else killed between its last report and the final names
                self._open_parts()
        except BaseException:
            self.close()
            raise

    def _open_parts(self) -> None:
        sizes = self.progress.output_bytes, self.progress.rejects_bytes
        with _one_line_errors(self.output):
            for path, size in zip(self._parts, sizes, strict=True):
                if size > (path.stat().st_size if path.exists() else 0):
                    raise self.cannot_resume(f"{path} is shorter than it was")
                self._files.append(path.open("r+b" if size else "wb"))
                os.chmod(path, OWNER_ONLY)  # the words of reports
                self._files[-1].truncate(size)
                self._files[-1].seek(size)

    def append(self, lines: bytes, rejects: bytes, progress: OutputProgress) -> None:
        """Add whole lines to both files; a run killed later goes on behind them."""
        with _one_line_errors(self.output):
            for file, content in zip(self._files, (lines, rejects), strict=True):
                if content:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            self._write_state(progress)

    def finish(self, make: Callable[[Path], None] | None = None) -> None:
        """Give the files their names.

        Args:
            make: writes the output, whole or not at all, from the part, which is then removed;
                None: the part is the output.
        """
        with _one_line_errors(self.output):
            self._write_state(OutputProgress(**{**asdict(self.progress), "done": True}))
            self._close_parts()
            part, rejects = self._parts
            if make and part.exists():
                make(part)
            if rejects.exists():
                give_usual_permissions(rejects)  # uids and reasons, no text
                os.replace(rejects, self.rejects)
            if make:
                part.unlink(missing_ok=True)
            elif part.exists():
                os.replace(part, self.output)
            self._state.unlink()

    def close(self) -> None:
        """Close the files and let others write; what was never appended to is removed."""
        self._close_parts()
        if not self._state.exists():
            for part in self._parts:
                with suppress(OSError):
                    part.unlink()
        unlock(self._lock)

    def _close_parts(self) -> None:
        while self._files:
            with suppress(OSError):
                self._files.pop().close()

    def cannot_resume(self, reason: str) -> InputError:
        """The error of an unfinished run that cannot go on."""
        return InputError(
            f"{self.output}: an unfinished run is there and cannot go on: {reason}; "
            f"delete {self._state} to start again"
        )

    def _read_state(self) -> OutputProgress:
        try:
            self._state.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return OutputProgress()
        try:
            state = read_json(self._state)
            progress = OutputProgress(**state["checkpoint"])
            progress.check()
            before_settings = dict(state["settings"])
        except (ValueError, KeyError, TypeError):
            raise self.cannot_resume("its state is damaged") from None
        for name, now in self._settings.items():
            if before_settings.get(name) != now:
                before = before_settings.get(name)
                raise self.cannot_resume(f"its {name} was {before!r} and is now {now!r}")
        return progress

    def _write_state(self, progress: OutputProgress) -> None:
        new = Path(f"{self._state}.new")
        with open(new, "w", encoding="utf-8") as file:
            # Unfinished runs of before have their progress under this key too.
            json.dump({"settings": self._settings, "checkpoint": asdict(progress)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._state)
        self.progress = progress


def rejects_path(output: str | Path) -> Path:
    """Where the rejects of that output lie: JSON Lines of uid and reason."""
    return Path(f"{output}.rejects.jsonl")


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); make room or choose another place, "
            "then run the same command again"
        ) from None


def _part(path: Path) -> Path:
    return Path(f"{path}.part")
