"""Splits that more than one corpus uses: seeded random parts, and uids listed in a JSON file."""

import json
import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from preprocessing.corpora.source import Parts, SplitRequest
from preprocessing.errors import InputError
from preprocessing.records import Report

# The names under which tables and PhysioNet's files give the three parts.
PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
}


@dataclass(frozen=True)
class RandomSplit:
    """Random parts in the proportion ``train : val : test``, the same for the same uids and seed.

    All reports of one patient, where known, land in the same part, so that parts may then
    miss their size by less than one patient's reports.
    """

    train: int
    val: int
    test: int

    def __call__(self, reports: list[Report], request: SplitRequest) -> Parts:
        """Parts with the reports sorted by uid (as strings)."""
        groups: dict[tuple[str, str], list[Report]] = {}
        for report in sorted(reports, key=lambda report: report.uid):
            key = ("patient", report.patient) if report.patient else ("report", report.uid)
            groups.setdefault(key, []).append(report)
        shuffled = list(groups.values())
        random.Random(request.seed).shuffle(shuffled)

        total = self.train + self.val + self.test
        n_val = round(len(reports) * self.val / total)
        n_test = round(len(reports) * self.test / total)
        parts = Parts([], [], [])
        for group in shuffled:
            if len(parts.val) + len(group) <= n_val:
                parts.val.extend(group)
            elif len(parts.test) + len(group) <= n_test:
                parts.test.extend(group)
            else:
                parts.train.extend(group)
        return Parts(*(sorted(part, key=lambda report: report.uid) for part in parts))


class ListedParts(NamedTuple):
    """The uids of a split file, in the file's order."""

    train: list[str]
    val: list[str]
    test: list[str]


def read_split_file(path: str | Path) -> ListedParts:
    """Read ``{"train": [...], "val": [...], "test": [...]}``; uids are strings or integers.

    Raises ``InputError`` when the file is not that, or lists a uid twice.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: split file cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise InputError(
            f'{path}: not JSON; a split file is {{"train": [...], "val": [...], "test": [...]}}'
        ) from None
    parts = []
    part_of: dict[str, str] = {}
    for part in ListedParts._fields:
        if not isinstance(value, dict) or not isinstance(value.get(part), list):
            raise InputError(
                f'{path}: no list under "{part}"; a split file is '
                '{"train": [...], "val": [...], "test": [...]} with lists of uids'
            )
        uids = []
        for position, uid in enumerate(value[part]):
            if isinstance(uid, bool) or not isinstance(uid, (str, int)):
                raise InputError(f'{path}: "{part}"[{position}] is not a string or an integer')
            uid = str(uid)
            if uid in part_of:
                raise InputError(
                    f"{path}: uid {uid!r} is listed twice, in {part_of[uid]} and in {part}; "
                    "list each uid once"
                )
            part_of[uid] = part
            uids.append(uid)
        parts.append(uids)
    return ListedParts(*parts)


def split_by_file(reports: list[Report], path: str | Path, *, known: Collection[str]) -> Parts:
    """The parts that the file lists, in its order; ``known``: all uids of the corpus.

    Listed reports that were left out before (``known`` but not among ``reports``) are skipped.
    Raises ``InputError`` when the file lists a uid that the corpus does not have.
    """
    by_uid = {report.uid: report for report in reports}
    parts = []
    for part, uids in read_split_file(path)._asdict().items():
        unknown = [uid for uid in uids if uid not in known]
        if unknown:
            raise InputError(
                f"{path}: {len(unknown)} uid(s) under {part!r} are not in the corpus, the first "
                f"is {unknown[0]!r}; check that the file belongs to this corpus"
            )
        parts.append([by_uid[uid] for uid in uids if uid in by_uid])
    return Parts(*parts)
