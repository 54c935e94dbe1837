"""Reports that occur in more than one part of a corpus: what was learnt is then not unseen."""

from collections.abc import Sequence
from typing import NamedTuple

from preprocessing.records import Report


class Duplicates(NamedTuple):
    """How many of ``n`` reports have something that a training report has too.

    ``findings``: the same findings (:func:`findings_key`); ``pairs``: the same impression as well;
    ``patients``: the same patient, where patients are known.
    """

    n: int
    findings: int
    pairs: int
    patients: int


def findings_key(text: str) -> str:
    """The text lower-cased and stripped to its letters and digits: equal for repeated findings."""
    return "".join(filter(str.isalnum, text.lower()))


def duplicates_of(reports: Sequence[Report], train: Sequence[Report]) -> Duplicates:
    """Count the reports that occur in the training part too."""
    findings = {findings_key(report.findings) for report in train}
    pairs = {(findings_key(one.findings), findings_key(one.impression)) for one in train}
    patients = {report.patient for report in train} - {""}
    keys = [(findings_key(one.findings), findings_key(one.impression)) for one in reports]
    return Duplicates(
        len(reports),
        sum(key in findings for key, _ in keys),
        sum(pair in pairs for pair in keys),
        sum(report.patient in patients for report in reports),
    )


def describe_duplicates(part: str, found: Duplicates) -> str:
    """The counts in a line."""
    patients = f"; patients: {found.patients:,}" if found.patients else ""
    return (
        f"{part} findings that occur in train: {found.findings:,} of {found.n:,} "
        f"(with the same impression: {found.pairs:,}){patients}"
    )
