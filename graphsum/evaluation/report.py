"""The scoring report: every metric by stratum, with intervals, beside the rows to beat.

``metrics.json`` holds the fingerprint, the system's strata and the two baseline rows;
``predictions.jsonl`` one ``{"uid", "prediction"}`` per line. References, which may be patients'
data under a licence, are never written.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.metrics import METRICS
from graphsum.metrics.baselines import CONSTANT_IMPRESSION, NeighbourConsensus
from graphsum.metrics.metric import REFERENCE, Metric, Scores
from graphsum.metrics.strata import STRATA, strata_masks
from preprocessing.corpora.duplicates import duplicates_of
from preprocessing.facts.information import in_english
from preprocessing.files import dumps, json_text, write_text_atomically
from preprocessing.records import Report
from preprocessing.registry import load


def evaluation_report(
    predictions: Sequence[str],
    reports: Sequence[Report],
    *,
    train: Sequence[Report],
    other: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Everything ``metrics.json`` says about predictions for ``reports``, JSON-ready.

    ``{"fingerprint", "strata": {stratum: scores}, "baselines": {"constant": {stratum: scores},
    "neighbour": {stratum: scores}}, "reference": {stratum: scores}, "comparisons": {"neighbour":
    {stratum: comparison}}, "duplicates", "left_out"}`` with the scores and comparisons of all of
    :data:`graphsum.metrics.METRICS`. The system is compared with the neighbour row, and under
    ``"other"`` with ``other``, a second system's predictions. ``"reference"`` are the
    radiologists' own impressions, ``"duplicates"`` the counts of
    :class:`preprocessing.corpora.duplicates.Duplicates`. ``"left_out"`` names what is missing
    because most findings are not in English: the constant row, the metrics whose rules read
    English and, without labels, the strata of normal reports.

    Raises:
        InputError: ``train`` gives the neighbour row nothing to learn from.
    """
    findings = [report.findings for report in reports]
    english = in_english(findings)
    masks = strata_masks(reports, (report.findings for report in train), english=english)
    constant = {"constant": [CONSTANT_IMPRESSION] * len(reports)} if english else {}
    impressions: dict[str, Sequence[str]] = {
        "system": predictions,
        **constant,
        "neighbour": NeighbourConsensus().fit(train).predict(findings),
        REFERENCE: [report.impression for report in reports],
    }
    metrics = [one for one in all_metrics() if english or not one.reads_english]
    rows = score_systems(metrics, impressions, reports, masks)
    others = {"neighbour": impressions["neighbour"]} | ({} if other is None else {"other": other})
    return {
        "fingerprint": {key: v for one in metrics for key, v in one.fingerprint().items()},
        "strata": rows["system"],
        "baselines": {name: rows[name] for name in (*constant, "neighbour")},
        REFERENCE: rows[REFERENCE],
        "comparisons": {
            name: compare_systems(metrics, predictions, texts, reports, masks)
            for name, texts in others.items()
        },
        "duplicates": duplicates_of(reports, train)._asdict(),
        "left_out": [] if english else _english_only(masks),
    }


def _english_only(masks: Mapping[str, np.ndarray]) -> list[str]:
    """What rests on rules that read English, and is not in ``masks``."""
    metrics = [name for name in METRICS if load(METRICS, name).reads_english]
    return ["constant", *metrics, *(stratum for stratum in STRATA if stratum not in masks)]


def all_metrics() -> list[Metric]:
    """One of each of :data:`graphsum.metrics.METRICS`."""
    return [load(METRICS, name)() for name in METRICS]


def score_systems(
    metrics: Sequence[Metric],
    impressions: Mapping[str, Sequence[str]],
    reports: Sequence[Report],
    masks: Mapping[str, np.ndarray],
) -> dict[str, Scores]:
    """The scores of each system by all metrics, side by side."""
    result: dict[str, Scores] = {name: {s: {} for s in masks} for name in impressions}
    for metric in metrics:
        for name, by_stratum in metric.scores(impressions, reports, masks).items():
            for stratum, scores in by_stratum.items():
                result[name][stratum] |= scores
    return result


def compare_systems(
    metrics: Sequence[Metric],
    predictions: Sequence[str],
    other: Sequence[str],
    reports: Sequence[Report],
    masks: Mapping[str, np.ndarray],
) -> Scores:
    """Paired comparison of two systems by all metrics, side by side."""
    result: Scores = {stratum: {} for stratum in masks}
    for metric in metrics:
        for stratum, scores in metric.comparison(predictions, other, reports, masks).items():
            result[stratum] |= scores
    return result


def write_predictions(out_dir: str | Path, predictions_by_uid: Mapping[str, str]) -> None:
    """Write ``predictions.jsonl`` into ``out_dir``: before they are scored, so that none is lost.

    Raises:
        InputError: the folder is not writable; so also :func:`write_report`.
    """
    lines = (dumps({"uid": uid, "prediction": text}) for uid, text in predictions_by_uid.items())
    write_text_atomically(Path(out_dir) / "predictions.jsonl", lines)


def write_report(out_dir: str | Path, report: Mapping[str, Any]) -> None:
    """Write ``metrics.json`` into ``out_dir``."""
    write_text_atomically(Path(out_dir) / "metrics.json", [json_text(report)])
