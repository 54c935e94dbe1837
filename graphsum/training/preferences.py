"""Preferences of readers: the corrections that the reading page exports (docs/page.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError
from preprocessing.files import read_jsonl
from preprocessing.records import Report


@dataclass(frozen=True)
class Preference:
    """An impression that a reader preferred to another one of the same findings."""

    report: Report  # its impression is the chosen one
    rejected: str


def read_preferences(
    path: str | Path, findings: Mapping[str, str], *, accepted: bool = False
) -> list[Preference]:
    """The preferences of a file: one ``{"uid", "impression", "correction"}`` per line.

    ``correction`` is chosen, ``impression`` (what was written) is rejected; lines that correct
    nothing are passed over. The findings are those of the line (``"findings"``), or of the report
    with its uid.

    Args:
        findings: of the reports that are known, by uid.
        accepted: whether to keep the lines that correct nothing too: their impression is chosen and
            rejected alike, so that only its likelihood is learnt from.

    Raises:
        InputError: the file cannot be read, a line lacks something, or nothing is corrected.
    """
    found, corrected = [], False
    for number, line in enumerate(read_jsonl(path), 1):
        where = f"{path}: record {number}"
        uid, rejected, chosen = (text_of(line, name, where) for name in NAMES)
        text = line.get("findings", findings.get(uid))
        if text is None:
            raise InputError(
                f"{where}: the line has no findings, and no report of the corpus has its uid; "
                "export the corrections again, or give --dataset and --data-dir"
            )
        if not isinstance(text, str) or not text.strip():
            raise InputError(f"{where}: findings must be a text that is not empty")
        if not chosen.strip():
            raise InputError(f"{where}: correction must not be empty")
        changed = chosen.split() != rejected.split()
        corrected |= changed and bool(rejected.strip())
        if rejected.strip() and (changed or accepted):
            found.append(
                Preference(Report(f"{number}:{uid}", text, chosen), rejected if changed else chosen)
            )
    if not corrected:
        raise InputError(
            f"{path}: no impression is corrected here, so there is nothing to learn; accepted ones "
            "are learnt beside corrections alone"
        )
    return found


NAMES = ("uid", "impression", "correction")


def text_of(line: Mapping[str, Any], name: str, where: str) -> str:
    """A field that must be a text; raises ``InputError`` where it is not."""
    value = line.get(name)
    if not isinstance(value, str):
        raise InputError(f"{where}: {name} must be a text, as the reading page exports it")
    return value
