"""The results of a study as a page: charts and tables, no report and no remark."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphsum.page.charts import BarChart, Value, bar_chart
from graphsum.page.document import document
from graphsum.study.form import KINDS, TIERS

_NAME_LENGTH = 14  # of a bar's name, in the room that charts have for it


class Results(NamedTuple):
    """A table with what its numbers are."""

    title: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def render_results(results: Mapping[str, Any]) -> str:
    """One self-contained HTML file without any script.

    Args:
        results: as :func:`graphsum.study.analysis.analyse` gives them.
    """
    return document(
        "study_results.html",
        title="Reader study",
        results=results,
        bars=charts_of(results),
        tables=[table for table in tables_of(results) if table.rows],
    )


def charts_of(results: Mapping[str, Any]) -> list[BarChart]:
    """Ratings by criterion and by stratum, preferences, and errors by tier."""
    systems = results["systems"]
    strata = {f"{name} (n = {_n(own)})": own for name, own in results["by_stratum"].items()}
    shares = {
        f"{one['first']} or {one['second']} (n = {one['n']})": {
            _short(one["first"]): _value(one["first_better"], 100),
            "no difference": _value(one["tie"], 100),
            _short(one["second"]): _value(one["second_better"], 100),
        }
        for one in results["preference"]
    }
    errors = {
        tier: {
            _short(system): _value(results["errors"][system].get(tier), 100) for system in systems
        }
        for tier in TIERS
    }
    charts = [
        bar_chart("Mean rating, 1 to 5", _by_system(results["criteria"], systems), digits=2),
        bar_chart("Mean of the five criteria, by stratum", _by_system(strata, systems), digits=2),
    ]
    if shares:
        charts.append(bar_chart("Preferred in % of the reports", shares, digits=0))
    charts.append(bar_chart("Errors ticked, in % of the reports, by tier", errors, digits=1))
    return charts


def tables_of(results: Mapping[str, Any]) -> list[Results]:
    """Differences with tests, agreement, self-agreement, strengths and errors."""
    return [
        _difference_table(results),
        _preference_table(results),
        _agreement_table(results),
        _self_table(results),
        _strength_table(results),
        _error_table(results),
    ]


def _difference_table(results: Mapping[str, Any]) -> Results:
    rows = [
        [
            one["what"],
            f"{one['first']} − {one['second']}",
            _interval(one, 2),
            str(one["n"]),
            _p(one["p"]),
            _p(one["p_holm"]),
            " ".join(f"{value:+.2f}" for value in one.get("by_reader", {}).values())
            + _ends(one.get("ci95_of_readers"), 2),
        ]
        for one in results["differences"]
    ]
    header = [
        "",
        "systems",
        "difference (95 %)",
        "reports",
        "p",
        "p, Holm",
        "reader by reader (95 % over readers)",
    ]
    caption = (
        "Wilcoxon signed-rank test over reports, readers' answers averaged; Holm's correction for "
        f"all {results['tests']} tests here and of the preferences. Errors: share of "
        "reports. The last column has the interval over readers' means, which is for other readers."
    )
    return Results("Differences", caption, header, rows)


def _preference_table(results: Mapping[str, Any]) -> Results:
    rows = [
        [
            f"{one['first']} or {one['second']}",
            *(
                f"{one[part]['readings']}: {_interval(one[part], 0, 100)} %"
                for part in ("first_better", "tie", "second_better")
            ),
            _interval(one, 2),
            _p(one["p"]),
            _p(one["p_holm"]),
        ]
        for one in results["preference"]
    ]
    header = ["pair", "first", "no difference", "second", "balance (95 %)", "p", "p, Holm"]
    caption = (
        "Readings, then their share of the reports. Balance: first less second, from -1 to 1, ties "
        "in the middle. Sign test over reports; reports where neither leads do not count in it."
    )
    return Results("Preference", caption, header, rows)


def _agreement_table(results: Mapping[str, Any]) -> Results:
    rows = [
        [
            name,
            f"{_number(one['alpha'])}{_ends(one['ci95'], 2)}",
            _number(one["weighted_kappa"]),
            f"{100 * one['exact']:.0f} %",
            str(one["units"]),
        ]
        for name, one in results["agreement"].items()
    ]
    header = ["", "Krippendorff's α, ordinal (95 %)", "weighted κ", "equal", "judged by several"]
    caption = "Between readers; κ with quadratic weights, the mean over pairs of readers."
    return Results("Agreement", caption, header, rows)


def _self_table(results: Mapping[str, Any]) -> Results:
    rows = [
        [
            name,
            f"{100 * one['exact']:.0f} %",
            f"{one['mean_distance']:.2f}",
            _number(one["weighted_kappa"]),
            str(one["n"]),
        ]
        for name, one in results["self_agreement"].items()
    ]
    header = ["", "equal", "mean distance", "weighted κ", "judged twice"]
    caption = "Of reports that came twice on a sheet: the first answer against the second."
    return Results("Agreement of readers with themselves", caption, header, rows)


def _strength_table(results: Mapping[str, Any]) -> Results:
    found = results["strengths"]
    rows = [[name, _interval(one, 2)] for name, one in (found["systems"] if found else {}).items()]
    ties = f"; equals tie in {100 * found['ties_of_equals']:.0f} %" if found else ""
    caption = f"Bradley-Terry with ties (Davidson 1970): log strengths, their mean 0{ties}."
    return Results("Strengths from the preferences", caption, ["", "log strength (95 %)"], rows)


def _error_table(results: Mapping[str, Any]) -> Results:
    rows = [
        [
            f"{kind} {tier}",
            *(
                f"{_interval(own[f'{kind} {tier}'], 1, 100)} %" if own else "-"
                for own in results["errors"].values()
            ),
        ]
        for tier in TIERS
        for kind in KINDS
    ]
    caption = "In % of the reports (95 %), of answers that are whole."
    return Results("Errors", caption, ["", *results["systems"]], rows)


def summary_lines(results: Mapping[str, Any]) -> list[list[str]]:
    """A table for the terminal: a row for each test."""
    return [
        [one["what"], one["first"], one["second"], _interval(one, 2), _p(one["p"]),
         _p(one["p_holm"])]
        for one in (*results["differences"], *results["preference"])
    ]  # fmt: skip


SUMMARY_HEADER = ("", "first", "second", "difference (95 %)", "p", "p, Holm")


def _by_system(
    groups: Mapping[str, Mapping[str, Any]], systems: Sequence[str]
) -> dict[str, dict[str, Value | None]]:
    return {
        name: {_short(system): _value(own.get(system)) for system in systems}
        for name, own in groups.items()
    }


def _value(entry: Mapping[str, Any] | None, scale: float = 1.0) -> Value | None:
    if entry is None:
        return None
    low, high = entry["ci95"] or (entry["value"], entry["value"])
    return Value(scale * entry["value"], scale * max(low, 0.0), scale * high)


def _n(by_system: Mapping[str, Any]) -> int:
    return max(entry["n"] for entry in by_system.values())


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"


def _interval(entry: Mapping[str, Any], digits: int, scale: float = 1.0) -> str:
    return f"{scale * entry['value']:.{digits}f}{_ends(entry['ci95'], digits, scale)}"


def _ends(ends: Sequence[float] | None, digits: int, scale: float = 1.0) -> str:
    if ends is None:
        return ""
    return f" ({scale * ends[0]:.{digits}f} to {scale * ends[1]:.{digits}f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
