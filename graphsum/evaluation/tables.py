"""The scoring report as text."""

from collections.abc import Mapping
from typing import Any

from graphsum.metrics import METRICS
from preprocessing.registry import load


def format_table(report: Mapping[str, Any]) -> str:
    """The report as text: one table by stratum for each metric, and the fingerprint.

    What the cells hold: see the ``table`` method of each entry of :data:`graphsum.metrics.METRICS`.
    """
    from tabulate import tabulate

    tables = []
    for name in metrics_in(report):
        header, rows = load(METRICS, name)().table(report)
        left = ["left"] * len(header)
        tables.append(tabulate(rows, headers=header, disable_numparse=True, colalign=left))
    settings = ", ".join(f"{key}: {_plain(value)}" for key, value in report["fingerprint"].items())
    told = ""
    if report["left_out"]:
        left_out = ", ".join(report["left_out"]).replace("_", " ")
        told = f"\nnot in English, so left out (their rules read English): {left_out}"
    return "\n\n".join(tables) + told + f"\nfingerprint: {settings}\n"


def metrics_in(report: Mapping[str, Any]) -> list[str]:
    """The names of the metrics that a report has."""
    return [name for name in METRICS if name not in report["left_out"]]


def _plain(value: Any) -> str:
    return "/".join(value) if isinstance(value, list) else str(value)
