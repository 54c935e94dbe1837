"""Is every statement of an impression borne out by its findings, and what does it leave out?

Statements of both texts are linked by name, then by near names and by what a radiologist may
conclude, then by words; see ``docs/consistency.md``. Rules on top of the annotator's graph.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphsum.metrics.metric import Metric, Scores, column_names, systems_of
from graphsum.metrics.statements import read_once, reader_version
from preprocessing.facts.comparison import (
    VERDICTS,
    Consistency,
    compare_statements,
    is_actionable,
    is_acute,
    tells,
)
from preprocessing.records import Report


def consistency_scores(
    impressions: Mapping[str, Sequence[str]],
    findings: Sequence[str],
    masks: Mapping[str, np.ndarray],
) -> dict[str, dict[str, dict[str, Any]]]:
    """``{system: {stratum: scores}}`` of several systems' impressions for the same findings.

    ``masks``: stratum -> which reports belong to it, bool [n]. Scores: ``statements`` (their
    number), the share of each of ``VERDICTS`` among them, ``alarms`` (share of reports with a wrong
    statement), ``abnormal`` (findings asserted), ``left_out`` (share of them), the last two for
    acute abnormalities alone, and for actionable ones (:func:`is_actionable`, doubtful ones too);
    four decimals, None where there is nothing to divide by.
    Raises ``ValueError`` when a system has not one impression for each findings section.
    """
    read = read_once([*findings, *(text for system in impressions.values() for text in system)])
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, system in impressions.items():
        checked, reported = [], []
        for own, text in zip(system, findings, strict=True):
            checked.append(compare_statements(read[own], read[text], text))
            reported.append([tells(read[own], one) for one in read[text] if is_actionable(one)])
        result[name] = {}
        for stratum, mask in masks.items():
            rows = np.flatnonzero(mask)
            actionable = [one for row in rows for one in reported[row]]
            result[name][stratum] = _scores([checked[row] for row in rows], actionable)
    return result


class ConsistencyWithFindings(Metric):
    """The scores of :func:`consistency_scores` under ``"consistency"``."""

    reads_english = True

    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        findings = [report.findings for report in reports]
        found = consistency_scores(impressions, findings, masks)
        return {
            name: {stratum: {"consistency": scores} for stratum, scores in by_stratum.items()}
            for name, by_stratum in found.items()
        }

    def fingerprint(self) -> dict[str, Any]:
        return {"consistency": reader_version()}

    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """Percentages of the impressions' statements that are unsupported, and flipped, and of
        the findings' actionable and acute abnormalities that are left out."""
        rows = [
            [name, *(_cell(scores[stratum]["consistency"]) for stratum in report["strata"])]
            for name, scores in systems_of(report).items()
        ]
        return ["% unsupported/flipped\nleft out, actionable/acute", *column_names(report)], rows


def _cell(found: Mapping[str, Any]) -> str:
    flipped = [found[verdict] for verdict in VERDICTS if verdict.endswith("flipped")]
    values = [found["unsupported"], None if None in flipped else sum(flipped)]
    shown = "/".join("-" if value is None else format(100 * value, ".1f") for value in values)
    shares = (found["actionable_left_out"], found["acute_left_out"])
    return f"{shown} {'/'.join('-' if v is None else format(100 * v, '.0f') for v in shares)}"


def _scores(checked: Sequence[Consistency], actionable: list[bool]) -> dict[str, Any]:
    kinds = Counter(one.kind for report in checked for one in report.statements)
    abnormal = [one for report in checked for one in report.abnormal]
    left_out = [one for report in checked for one in report.left_out]
    acute, acute_left_out = (list(filter(is_acute, found)) for found in (abnormal, left_out))
    return {
        "statements": kinds.total(),
        **{kind: _ratio(kinds[kind], kinds.total()) for kind in VERDICTS},
        "alarms": _ratio(sum(bool(report.wrong) for report in checked), len(checked)),
        "abnormal": len(abnormal),
        "left_out": _ratio(len(left_out), len(abnormal)),
        "acute": len(acute),
        "acute_left_out": _ratio(len(acute_left_out), len(acute)),
        "actionable": len(actionable),
        "actionable_left_out": _ratio(actionable.count(False), len(actionable)),
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
