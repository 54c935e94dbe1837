"""How many statements are missed, invented or differ, by how soon somebody must act on them.

An impression is judged by its findings, and by the reference impression. The pools ``triage`` and
``actionable`` and the ``actionable_errors_*`` are those of RadMatch (arXiv 2609.01470); there a
language model finds what differs, here the rules of ``docs/consistency.md`` do.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from graphsum.metrics.bootstrap import SEED, confidence_interval
from graphsum.metrics.metric import REFERENCE, Metric, Scores, column_names, systems_of
from graphsum.metrics.statements import read_once, reader_version
from preprocessing.facts.comparison import (
    REPORTED_TIERS,
    Attribute,
    Error,
    compare_statements,
    errors_of,
)
from preprocessing.facts.ontology import TIERS, Tier
from preprocessing.records import Report

# Tiers that are counted together, beside each tier alone.
POOLS: dict[str, tuple[Tier, ...]] = {
    "triage": ("critical", "urgent"),
    "actionable": REPORTED_TIERS,
    "all": TIERS,
}
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
# The keys that lead to each number of the scores.
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("missed_findings",),
    ("invented_findings",),
    *(("attribute_errors", name) for name in ("all", *ATTRIBUTES)),
)
_PATHS = tuple((*group, tier) for group in _GROUPS for tier in (*POOLS, *TIERS))
_COLUMNS = {path: column for column, path in enumerate(_PATHS)}


def count_errors(errors: Sequence[Error]) -> np.ndarray:
    """One report's errors by kind, attribute and tier (``_PATHS``), then the actionable ones.

    An actionable error is a major one of the pool ``actionable``. float64 [paths + 1].
    """
    counts = np.zeros(len(_PATHS) + 1)
    for error in errors:
        tiers = [error.tier, *(pool for pool, tiers in POOLS.items() if error.tier in tiers)]
        for group in _groups(error):
            counts[[_COLUMNS[(*group, tier)] for tier in tiers]] += 1
        counts[-1] += error.significance == "major" and error.tier in POOLS["actionable"]
    return counts


def summarize_errors(counts: np.ndarray) -> dict[str, Any]:
    """The scores of reports with these counts [n, paths + 1].

    ``{"n_reports", "actionable_errors_total", "actionable_errors_per_report",
    "actionable_errors_per_report_ci95": [lo, hi], "missed_findings": {tier: cell},
    "invented_findings": {tier: cell}, "attribute_errors": {attribute: {tier: cell}}}``, a cell
    being ``{"per_100_reports", "ci95": [lo, hi]}`` with the 95 % bootstrap interval. Tiers are
    those of the ontology and ``POOLS``; attributes are ``ATTRIBUTES`` and ``"all"``. Tiers and
    attributes without an error are left out. Without reports a mean and its interval are None.
    """
    result: dict[str, Any] = {
        "n_reports": len(counts),
        "actionable_errors_total": int(counts[:, -1].sum()),
        "actionable_errors_per_report": None,
        "actionable_errors_per_report_ci95": None,
        "missed_findings": {},
        "invented_findings": {},
        "attribute_errors": {},
    }
    if not len(counts):
        return result
    means = counts.mean(axis=0)
    found = np.flatnonzero(means[:-1])
    intervals = confidence_interval(counts[:, [*found, -1]], seed=SEED).T  # [found + 1, 2]
    result["actionable_errors_per_report"] = round(float(means[-1]), 4)
    result["actionable_errors_per_report_ci95"] = np.round(intervals[-1], 4).tolist()
    for column, ends in zip(found, intervals[:-1], strict=True):
        *group, tier = _PATHS[column]
        place = result
        for key in group:
            place = place.setdefault(key, {})
        place[tier] = {
            "per_100_reports": round(float(100 * means[column]), 2),
            "ci95": np.round(100 * ends, 2).tolist(),
        }
    return result


def error_scores(
    impressions: Mapping[str, Sequence[str]],
    findings: Sequence[str],
    references: Sequence[str],
    masks: Mapping[str, np.ndarray],
) -> dict[str, dict[str, dict[str, Any]]]:
    """``{system: {stratum: {"findings": scores, "reference": scores}}}``.

    The scores are those of :func:`summarize_errors` against the findings and against the reference
    impressions; the references (:data:`REFERENCE`) are judged by the findings alone. ``masks``:
    stratum -> which reports belong to it, bool [n]. Raises ``ValueError`` when a system has not
    one impression for each report.
    """
    sources = {"findings": findings, REFERENCE: references}
    texts = [*findings, *references, *(text for system in impressions.values() for text in system)]
    read = read_once(texts)
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for name, system in impressions.items():
        result[name] = {stratum: {} for stratum in masks}
        for source, judges in sources.items():
            if name == source == REFERENCE:
                continue
            counts = [
                count_errors(errors_of(compare_statements(read[own], read[judge], judge)))
                for own, judge in zip(system, judges, strict=True)
            ]
            by_report = np.reshape(counts, (len(counts), len(_PATHS) + 1))
            for stratum, mask in masks.items():
                result[name][stratum][source] = summarize_errors(by_report[mask])
    return result


class Errors(Metric):
    """The scores of :func:`error_scores` under ``"errors"``."""

    reads_english = True

    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        findings = [report.findings for report in reports]
        references = [report.impression for report in reports]
        found = error_scores(impressions, findings, references, masks)
        return {
            name: {stratum: {"errors": scores} for stratum, scores in by_stratum.items()}
            for name, by_stratum in found.items()
        }

    def fingerprint(self) -> dict[str, Any]:
        return {"errors": reader_version()}

    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """Critical and urgent statements that are missed, invented and different, per 100 reports.

        First by the findings, then by the reference impressions. Below each: half the width of the
        system's 95 % intervals.
        """
        strata = report["strata"]
        rows = []
        for source, label in (("findings", ""), (REFERENCE, "by reference: ")):
            for name, scores in systems_of(report).items():
                if name != source:
                    found = [scores[stratum]["errors"][source] for stratum in strata]
                    rows.append([label + name, *map(_cell, found)])
            system = [scores["errors"][source] for scores in strata.values()]
            rows.append(["±", *map(_half_widths, system)])
        return ["urgent errors/100 reports\nmissed/invented/differs", *column_names(report)], rows


def _groups(error: Error) -> list[tuple[str, ...]]:
    """The groups of scores that an error counts in."""
    if error.kind == "differs":
        return [("attribute_errors", name) for name in ("all", error.attribute) if name]
    return [(f"{error.kind}_findings",)]


def _shown(found: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """The three numbers of the table; None where there is no error."""
    differs = found["attribute_errors"].get("all", {})
    groups = (found["missed_findings"], found["invented_findings"], differs)
    return [group.get("triage") for group in groups]


def _cell(found: Mapping[str, Any]) -> str:
    if not found["n_reports"]:
        return "-"
    return "/".join(f"{one['per_100_reports'] if one else 0:.1f}" for one in _shown(found))


def _half_widths(found: Mapping[str, Any]) -> str:
    if not found["n_reports"]:
        return "-"
    ends = [one["ci95"] if one else (0, 0) for one in _shown(found)]
    return "/".join(f"{(high - low) / 2:.1f}" for low, high in ends)
