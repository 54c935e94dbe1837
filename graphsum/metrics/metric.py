"""What a metric has to offer, so that the scoring report can be made of any number of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from preprocessing.records import Report

REFERENCE = "reference"  # the radiologists' own impressions, among the systems
Scores = dict[str, dict[str, Any]]  # of one system: {stratum: {name: value}}, JSON-ready


class Metric(ABC):
    """One metric of the scoring report.

    ``masks`` below says which reports belong to each stratum, bool [n]. ``reads_english``: whether
    its rules read English, so that it is left out for reports in another language.
    """

    reads_english = False

    @abstractmethod
    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        """The scores of each system's impressions of the reports.

        They stand beside those of the other metrics, so their names must differ. A system may be
        left out, as :data:`REFERENCE` is where references are compared with.
        """

    def comparison(
        self,
        first: Sequence[str],
        second: Sequence[str],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> Scores:
        """A paired comparison of two systems, positive where the first is better; or nothing."""
        return {stratum: {} for stratum in masks}

    def fingerprint(self) -> dict[str, Any]:
        """The settings that the scores depend on, by name."""
        return {}

    @abstractmethod
    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """Header and rows of the printed table, one column a stratum, of a whole report."""


def systems_of(report: Mapping[str, Any]) -> dict[str, Scores]:
    """The rows of a report: the system, the baselines and the reference."""
    return {
        "system": report["strata"],
        **report["baselines"],
        REFERENCE: report[REFERENCE],
    }


def column_names(report: Mapping[str, Any]) -> list[str]:
    """The strata of a report as the heads of columns."""
    return [stratum.replace("_", " ") for stratum in report["strata"]]


def p_cell(value: float | None) -> str:
    """A p-value without its leading zero; ``-`` where there is none."""
    if value is None:
        return "-"
    return "1" if value == 1 else format(value, ".4f").lstrip("0")
