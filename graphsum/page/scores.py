"""The scores of a system as a page: charts by stratum, errors by tier, tables, learning curves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from graphsum.evaluation.tables import metrics_in
from graphsum.metrics import METRICS
from graphsum.metrics.metric import REFERENCE, systems_of
from graphsum.page.charts import BarChart, CurveChart, Value, bar_chart, curve_chart
from graphsum.page.document import document
from preprocessing.facts.ontology import TIERS
from preprocessing.registry import load

FINDINGS = "findings"


class Example(NamedTuple):
    """An invented report with the impression written; real reports do not belong on the page."""

    uid: str
    findings: str
    written: str
    reference: str


class ErrorTable(NamedTuple):
    """Errors per 100 reports by tier, with intervals; ``judge``: what they are judged by."""

    judge: str
    n: int
    rows: Sequence[tuple[str, Sequence[str]]]


def render_scores(
    report: Mapping[str, Any],
    *,
    title: str,
    log: Sequence[Mapping[str, Any]] = (),
    examples: Sequence[Example] = (),
) -> str:
    """One self-contained HTML file without any script.

    Args:
        report: as :func:`graphsum.evaluation.report.evaluation_report` gives it.
        log: the entries of a run's ``log.jsonl``.
        examples: invented reports.
    """
    metrics = metrics_in(report)
    tables = [load(METRICS, name)().table(report) for name in metrics]
    return document(
        "scores.html",
        title=title,
        bars=_bar_charts(report, metrics),
        errors=[error_table(report, judge) for judge in (FINDINGS, REFERENCE)]
        if "errors" in metrics
        else [],
        tables=tables,
        curves=learning_curves(log),
        examples=examples,
        fingerprint={key: _plain(value) for key, value in report["fingerprint"].items()},
    )


def learning_curves(log: Sequence[Mapping[str, Any]]) -> list[CurveChart]:
    """The terms of the loss, and the scores on validation reports, over the steps.

    Of a step that is logged twice the later entry counts.
    """
    curves: dict[str, dict[float, float]] = {}
    for entry in log:
        for name, value in entry.items():
            if name not in ("step", "lr"):
                curves.setdefault(name, {})[entry["step"]] = value
    lines = {name: sorted(points.items()) for name, points in curves.items()}
    validated = {name: points for name, points in lines.items() if name.startswith("val_")}
    trained = {name: points for name, points in lines.items() if name not in validated}
    scores = {name.removeprefix("val_"): points for name, points in validated.items()}
    charts = (
        curve_chart("Training loss and its terms, by step", trained),
        curve_chart("Scores on validation reports, by step", scores),
    )
    return [chart for chart in charts if chart is not None]


def error_table(report: Mapping[str, Any], judge: str) -> ErrorTable:
    """What the system misses, invents and alters, by tier.

    Args:
        judge: ``findings`` or ``reference``: by what an impression is judged.
    """
    scores = report["strata"]["all"]["errors"][judge]
    groups = (
        scores["missed_findings"],
        scores["invented_findings"],
        scores["attribute_errors"].get("all", {}),
    )
    rows = [
        (tier, [_error_cell(group.get(tier), scores["n_reports"]) for group in groups])
        for tier in (*TIERS, "all")
    ]
    names = {FINDINGS: "the findings", REFERENCE: "the reference impression"}
    return ErrorTable(names[judge], scores["n_reports"], rows)


def _error_cell(found: Mapping[str, Any] | None, n: int) -> str:
    """Their number, and per 100 reports with the interval."""
    if found is None:
        return "0"
    share, (low, high) = found["per_100_reports"], found["ci95"]
    return f"{round(share * n / 100)}: {share:.1f} ({low:.1f}–{high:.1f})"


def _bar_charts(report: Mapping[str, Any], metrics: Collection[str]) -> list[BarChart]:
    charts = [bar_chart("ROUGE-L F1 × 100", _by_stratum(report, _rouge), digits=1)]
    if "observations" in metrics:
        title = "F1 of the positive observations"
        charts.append(bar_chart(title, _by_stratum(report, _observations), digits=2))
    if "errors" in metrics:
        title = "Actionable errors per report, judged by the findings"
        values = _by_stratum(report, _errors, with_reference=True)
        charts.append(bar_chart(title, values, digits=2))
    return charts


def _rouge(scores: Mapping[str, Any]) -> tuple[Any, Any]:
    return scores["rougeL"], scores["ci95"]["rougeL"]


def _observations(scores: Mapping[str, Any]) -> tuple[Any, Any]:
    return scores["observations"]["f1"], scores["observations"]["f1_ci95"]


def _errors(scores: Mapping[str, Any]) -> tuple[Any, Any]:
    name = "actionable_errors_per_report"
    return scores["errors"][FINDINGS][name], scores["errors"][FINDINGS][f"{name}_ci95"]


def _by_stratum(
    report: Mapping[str, Any],
    score: Callable[[Mapping[str, Any]], tuple[Any, Any]],
    *,
    with_reference: bool = False,
) -> dict[str, dict[str, Value | None]]:
    """``{stratum: {system: value}}``; ``score`` takes a value and its interval from the scores."""
    groups: dict[str, dict[str, Value | None]] = {}
    for stratum, own in report["strata"].items():
        group = groups[f"{stratum.replace('_', ' ')} (n = {own['n']:,})"] = {}
        for name, scores in systems_of(report).items():
            if name != REFERENCE or with_reference:
                value, ends = score(scores[stratum])
                group[name] = None if value is None or ends is None else Value(value, *ends)
    return groups


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
