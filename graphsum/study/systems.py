"""What the systems under study wrote, and the findings that they wrote it for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphsum.evaluation.predictions import read_predictions
from graphsum.metrics.strata import is_normal
from graphsum.study.form import LETTERS
from preprocessing.errors import InputError
from preprocessing.facts.observations import extract_observations
from preprocessing.facts.ontology import NO_FINDING, ontology
from preprocessing.records import Report
from preprocessing.tables import open_table
from preprocessing.tables.columns import columns_of_fields
from preprocessing.tables.rows import as_text

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Case:
    """A report: its findings, and system -> impression."""

    uid: str
    findings: str
    impressions: Mapping[str, str]


def named_files(arguments: Sequence[str]) -> dict[str, str]:
    """System -> file, of ``FILE`` (called as the file, without its ending) or ``NAME=FILE``.

    Raises:
        InputError: two have the same name, one is called ``reference``, or there are too few or
            too many.
    """
    files: dict[str, str] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        if not equals or Path(argument).exists():
            name, path = Path(argument).stem, argument
        if not name or not path:
            raise InputError(f"--systems takes FILE or NAME=FILE, not {argument!r}")
        if name in files or name == REFERENCE:
            what = "is kept for --reference" if name == REFERENCE else "is given twice"
            raise InputError(f"--systems: the name {name!r} {what}; give NAME=FILE")
        files[name] = path
    if not 1 <= len(files) <= len(LETTERS):
        raise InputError(f"--systems takes 1 to {len(LETTERS)} files, not {len(files)}")
    return files


def read_cases(
    systems: Mapping[str, str],
    *,
    reference: str | None = None,
    findings: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> list[Case]:
    """The reports of the first file, in its order, with every system's impression.

    Args:
        systems: system -> table with ``uid`` and ``prediction``, or ``impression``; any of them may
            have ``findings``.
        reference: a table of the reports' own impressions, of these reports and perhaps others.
        findings: a table with ``uid`` and ``findings``, where the systems' have none.
        columns: other names of ``uid`` and ``findings`` in any of the tables, and of ``prediction``
            in the systems'.

    Raises:
        InputError: the systems have other reports than each other, findings are missing or differ,
            or there are fewer than two impressions of a report.
    """
    if len(systems) + bool(reference) < 2:
        raise InputError("one system alone cannot be compared; give two files, or --reference")
    if len(systems) + bool(reference) > len(LETTERS):
        raise InputError(f"at most {len(LETTERS)} impressions of a report, with the reference")
    columns = columns or {}
    first, *others = systems.values()
    uids = list(_column(first, "uid", columns))
    known = set(uids)
    for other in others:
        theirs = dict.fromkeys(_column(other, "uid", columns))
        _refuse(other, f"uids of {first} missing", [uid for uid in uids if uid not in theirs])
        _refuse(first, f"uids of {other} missing", [uid for uid in theirs if uid not in known])
    references = _references(reference, uids, columns) if reference else None
    impressions = {
        name: read_predictions(path, uids, columns=columns, references=references)
        for name, path in systems.items()
    }
    if references:
        impressions[REFERENCE] = references
    tables = [findings] if findings else [*systems.values(), *([reference] if reference else [])]
    texts = _findings_of(tables, uids, columns)
    return [
        Case(uid, texts[uid], {name: own[row] for name, own in impressions.items()})
        for row, uid in enumerate(uids)
    ]


def stratum_of(case: Case) -> str:
    """``normal`` or ``abnormal``: by the reference's wording, or else by what the findings assert.

    See :func:`graphsum.metrics.strata.is_normal`.
    """
    reference = case.impressions.get(REFERENCE)
    if reference:
        normal = is_normal(Report(case.uid, case.findings, reference))
    else:
        normal = not any(
            one.status != "absent"
            and one.name != NO_FINDING
            and ontology().tier(one.name) != "none"
            for one in extract_observations(case.findings)
        )
    return "normal" if normal else "abnormal"


def _references(path: str, uids: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """The reports' own impressions: the column ``impression`` before any ``prediction``."""
    there = columns_of_fields({}, open_table(path).columns, path, required=())
    own = {"uid": columns["uid"]} if "uid" in columns else {}
    if "impression" in there:
        own["prediction"] = there["impression"]
    return read_predictions(path, uids, columns=own)


def _findings_of(
    tables: Sequence[str], uids: Sequence[str], columns: Mapping[str, str]
) -> dict[str, str]:
    texts: dict[str, str] = {}
    origin: dict[str, str] = {}
    wanted = set(uids)
    for path in tables:
        for uid, text in _column(path, "findings", columns).items():
            if uid not in wanted or not text.strip():
                continue
            if texts.setdefault(uid, text.strip()) != text.strip():
                raise InputError(f"{path}: findings of {uid} differ from those in {origin[uid]}")
            origin.setdefault(uid, path)
    missing = [uid for uid in uids if uid not in texts]
    if len(missing) == len(uids):
        raise InputError("no findings in these files; give a table of them with --findings FILE")
    _refuse(", ".join(tables), "reports without findings", missing, "give them by --findings FILE")
    return texts


def _column(path: str, field: str, given: Mapping[str, str]) -> dict[str, str]:
    """uid -> the field of a table, or nothing where it has no such column."""
    table = open_table(path, given)
    if table.kind == "text":
        raise InputError(f"{path}: plain text; expected a table or JSON Lines: uid and prediction")
    there = {name: column for name, column in given.items() if column in table.columns}
    columns = columns_of_fields(there, table.columns, path, required=("uid",))
    if field not in columns:
        return {}
    values: dict[str, str] = {}
    for where, row in table.rows():
        uid = as_text(row.get(columns["uid"]), where, "uid").strip()
        if not uid:
            raise InputError(f"{where}: a row without uid")
        values[uid] = as_text(row.get(columns[field]), where, field)
    if not values:
        raise InputError(f"{path}: no reports in it")
    return values


def _refuse(
    path: str, what: str, uids: Sequence[str], advice: str = "give the systems the same reports"
) -> None:
    if uids:
        raise InputError(f"{path}: {len(uids)} {what} (first: {uids[0]}); {advice}")
