"""The scoring report: every score by stratum, with intervals, beside the rows to beat.

``metrics.json`` holds the fingerprint, the system's strata and the two baseline rows;
``predictions.jsonl`` one ``{"uid", "prediction"}`` per line. References, which may be patients'
data under a licence, are never written.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.metrics.baselines import CONSTANT_IMPRESSION, NeighbourConsensus
from graphsum.metrics.bootstrap import N_RESAMPLES, confidence_interval, paired_p_value
from graphsum.metrics.consistency import KINDS, consistency_scores
from graphsum.metrics.observations import compare_observations, observations_by_stratum
from graphsum.metrics.rouge import FINGERPRINT, ROUGE_NAMES, rouge_scores
from graphsum.metrics.strata import STRATA, strata_masks
from preprocessing.annotation import load_annotator
from preprocessing.errors import InputError
from preprocessing.files import dumps, read_jsonl, write_text_atomically
from preprocessing.records import Report

SEED = 0


def evaluation_report(
    predictions: Sequence[str],
    reports: Sequence[Report],
    *,
    train: Sequence[Report],
    other: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Everything ``metrics.json`` says about predictions for ``reports``, JSON-ready.

    ``{"fingerprint", "strata": {stratum: scores}, "baselines": {"constant": {stratum: scores},
    "neighbour": {stratum: scores}}, "reference": {stratum: {"observations", "consistency"}},
    "comparisons": {"neighbour": {stratum: comparison}}}`` with the scores of :func:`score_system`,
    under ``"consistency"`` those of :func:`graphsum.metrics.consistency.consistency_scores`, and
    the comparisons of :func:`compare_systems`: with the neighbour row, and under ``"other"`` with
    ``other``, a second system's predictions. ``"reference"`` are the radiologists' own
    impressions. Raises :class:`InputError` when ``train`` gives the neighbour row nothing to
    learn from.
    """
    masks = strata_masks(reports, (report.findings for report in train))
    findings = [report.findings for report in reports]
    impressions: dict[str, Sequence[str]] = {
        "system": predictions,
        "constant": [CONSTANT_IMPRESSION] * len(reports),
        "neighbour": NeighbourConsensus().fit(train).predict(findings),
        "reference": [report.impression for report in reports],
    }
    annotator = load_annotator("builtin")  # the same for every system, whatever it was trained with
    checked = consistency_scores(impressions, findings, masks, annotator)
    rows: dict[str, dict[str, Any]] = {}
    for name, texts in impressions.items():
        if name == "reference":
            observations = _observations(texts, reports, masks)
            rows[name] = {stratum: {"observations": observations[stratum]} for stratum in masks}
        else:
            rows[name] = score_system(texts, reports, masks)
        for stratum, scores in rows[name].items():
            scores["consistency"] = checked[name][stratum]
    report: dict[str, Any] = {
        "fingerprint": FINGERPRINT
        | {
            "interval": f"95 % percentile bootstrap, {N_RESAMPLES} resamples, seed {SEED}",
            "consistency": f"{annotator.name} {annotator.version}",
        },
        "strata": rows["system"],
        "baselines": {name: rows[name] for name in ("constant", "neighbour")},
        "reference": rows["reference"],
        "comparisons": {},
    }
    others = {"neighbour": impressions["neighbour"]} | ({} if other is None else {"other": other})
    for name, texts in others.items():
        report["comparisons"][name] = compare_systems(predictions, texts, reports, masks)
    return report


def score_system(
    predictions: Sequence[str], reports: Sequence[Report], masks: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Mean ROUGE F1 (x100, two decimals) of each stratum with 95 % bootstrap intervals.

    ``{stratum: {"n", "rouge1", "rouge2", "rougeL", "ci95": {"rouge1": [lo, hi], ...},
    "observations": {...}}}`` with the observations of
    :func:`graphsum.metrics.observations.observations_by_stratum`; a stratum without reports has
    ``n`` 0, None for every score and 0 for every count.
    """
    scores = rouge_scores(predictions, [report.impression for report in reports])
    observations = _observations(predictions, reports, masks)
    result: dict[str, Any] = {}
    for stratum, mask in masks.items():
        chosen = scores[mask]
        means, intervals = _empty_row(), _empty_row()
        if len(chosen):
            means = _by_name(chosen.mean(axis=0), 2)
            intervals = _by_name(confidence_interval(chosen, seed=SEED).T, 2)
        result[stratum] = {
            "n": len(chosen),
            **means,
            "ci95": intervals,
            "observations": observations[stratum],
        }
    return result


def compare_systems(
    predictions: Sequence[str],
    other: Sequence[str],
    reports: Sequence[Report],
    masks: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Paired comparison of two systems on the same reports, positive where the first is better.

    ``{stratum: {"n", "difference": {"rouge1": points, ...}, "ci95": {"rouge1": [lo, hi], ...},
    "p_value": {"rouge1": p, ...}, "observations": {...}}}``, the p-value two-sided as
    :func:`graphsum.metrics.bootstrap.two_sided_p_value` defines it, the observations those of
    :func:`graphsum.metrics.observations.compare_observations`.
    """
    references = [report.impression for report in reports]
    findings = [report.findings for report in reports]
    first, second = rouge_scores(predictions, references), rouge_scores(other, references)
    named = compare_observations(predictions, other, references, findings, masks)
    result: dict[str, Any] = {}
    for stratum, mask in masks.items():
        a, b = first[mask], second[mask]
        differences, intervals, p_values = _empty_row(), _empty_row(), _empty_row()
        if len(a):
            differences = _by_name((a - b).mean(axis=0), 2)
            intervals = _by_name(confidence_interval(a - b, seed=SEED).T, 2)
            p_values = _by_name(paired_p_value(a, b, seed=SEED), 4)
        result[stratum] = {
            "n": len(a),
            "difference": differences,
            "ci95": intervals,
            "p_value": p_values,
            "observations": named[stratum],
        }
    return result


def format_table(report: Mapping[str, Any]) -> str:
    """The report as text tables by stratum (ROUGE, observations, consistency), and the fingerprint.

    The ``±`` rows are half the width of the system's 95 % intervals, in the second table of F1.
    Its cells are P/R/F1 x100 and the claims that the findings contradict, of all claims; those of
    the third the percentages of the impressions' statements that are unsupported, and flipped, and
    of the findings' actionable and acute abnormalities that are left out.
    """
    from tabulate import tabulate

    strata = report["strata"]
    header = ["R-1/R-2/R-L"]
    header += [f"{stratum.replace('_', ' ')}\nn={strata[stratum]['n']}" for stratum in STRATA]
    rows = [
        ["system", *(_cell(strata[stratum]) for stratum in STRATA)],
        ["±", *(_half_widths(strata[stratum]["ci95"]) for stratum in STRATA)],
    ]
    rows += [
        [name, *(_cell(baseline[stratum]) for stratum in STRATA)]
        for name, baseline in report["baselines"].items()
    ]
    for name, compared in report["comparisons"].items():
        apart = (_cell(compared[stratum]["difference"], "+.1f") for stratum in STRATA)
        p_values = (
            "/".join(_p(p) for p in compared[stratum]["p_value"].values()) for stratum in STRATA
        )
        rows += [[f"system - {name}", *apart], ["p (paired)", *p_values]]
    table = tabulate(rows, headers=header, disable_numparse=True, colalign=["left"] * len(header))
    settings = ", ".join(
        f"{name}: {_plain(value)}" for name, value in report["fingerprint"].items()
    )
    systems = {"system": strata, **report["baselines"], "reference": report["reference"]}
    names = [stratum.replace("_", " ") for stratum in STRATA]
    tables = [table]
    for title, cell, more in (
        ("observations P/R/F1\ncontradicted/claims", _observation_cell, _f1_lines(report)),
        ("% unsupported/flipped\nleft out, actionable/acute", _consistency_cell, []),
    ):
        lines = [
            [name, *(cell(by_stratum[stratum]) for stratum in STRATA)]
            for name, by_stratum in systems.items()
        ]
        header = [title, *names]
        tables.append(
            tabulate(
                lines + more, headers=header, disable_numparse=True, colalign=["left"] * len(header)
            )
        )
    return "\n\n".join(tables) + f"\nfingerprint: {settings}\n"


def write_report(
    out_dir: str | Path, report: Mapping[str, Any], predictions_by_uid: Mapping[str, str]
) -> None:
    """Write ``predictions.jsonl``, then ``metrics.json``, into ``out_dir``.

    Each file appears whole or not at all. Raises :class:`InputError` when the folder is not
    writable.
    """
    lines = (dumps({"uid": uid, "prediction": text}) for uid, text in predictions_by_uid.items())
    write_text_atomically(Path(out_dir) / "predictions.jsonl", lines)
    text = json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    write_text_atomically(Path(out_dir) / "metrics.json", [text])


def read_predictions(path: str | Path, uids: Sequence[str]) -> list[str]:
    """The predictions of a JSON Lines file for ``uids``, in that order.

    Each line is ``{"uid": string or integer, "prediction": string}``; other fields are ignored.
    Raises :class:`InputError` when a line is malformed, or when a uid is missing, given twice or
    not among ``uids``.
    """
    predictions: dict[str, str] = {}
    repeated: list[str] = []
    for number, row in enumerate(read_jsonl(path), 1):
        uid, prediction = row.get("uid"), row.get("prediction")
        if not isinstance(uid, str | int) or isinstance(uid, bool):
            raise InputError(f'{path}: record {number}: "uid" must be a string or an integer')
        if not isinstance(prediction, str):
            raise InputError(f'{path}: record {number}, uid {uid}: "prediction" must be a string')
        if str(uid) in predictions:
            repeated.append(str(uid))
        predictions[str(uid)] = prediction
    expected = set(uids)
    _refuse(path, "uids given more than once", repeated, "keep one line per report")
    _refuse(
        path,
        f"uids missing of the {len(uids)} to score",
        [uid for uid in uids if uid not in predictions],
        "give one prediction for each report of the split",
    )
    _refuse(
        path,
        "uids that are not in the split",
        [uid for uid in predictions if uid not in expected],
        "score them with their own corpus and split",
    )
    return [predictions[uid] for uid in uids]


def _refuse(path: str | Path, what: str, uids: Iterable[str], advice: str) -> None:
    found = list(uids)
    if found:
        raise InputError(f"{path}: {len(found)} {what} (first: {found[0]}); {advice}")


def _observations(
    predictions: Sequence[str], reports: Sequence[Report], masks: Mapping[str, np.ndarray]
) -> dict[str, dict[str, Any]]:
    return observations_by_stratum(
        predictions,
        [report.impression for report in reports],
        [report.findings for report in reports],
        masks,
    )


def _empty_row() -> dict[str, Any]:
    return dict.fromkeys(ROUGE_NAMES)


def _by_name(values: np.ndarray, digits: int) -> dict[str, Any]:
    return dict(zip(ROUGE_NAMES, np.round(values, digits).tolist(), strict=True))


def _cell(scores: Mapping[str, Any], spec: str = ".1f") -> str:
    values = [scores[name] for name in ROUGE_NAMES]
    return "-" if None in values else "/".join(format(value, spec) for value in values)


def _observation_cell(scores: Mapping[str, Any]) -> str:
    found = scores["observations"]
    fractions = [found[name] for name in ("precision", "recall", "f1")]
    shown = "/".join("-" if value is None else format(100 * value, ".0f") for value in fractions)
    return f"{shown} {found['contradicted']}/{found['claims']}"


def _f1_lines(report: Mapping[str, Any]) -> list[list[str]]:
    """How sure the F1 of the observations is, and how far from the other systems'."""
    half_widths = []
    for stratum in STRATA:
        ends = report["strata"][stratum]["observations"]["f1_ci95"]
        half_widths.append(f"{50 * (ends[1] - ends[0]):.0f}" if ends else "-")
    lines = [["± F1", *half_widths]]
    for name, compared in report["comparisons"].items():
        cells = []
        for stratum in STRATA:
            found = compared[stratum]["observations"]
            apart, p = found["f1_difference"], found["p_value"]
            cells.append("-" if p is None else f"{100 * apart:+.0f} p {_p(p)}")
        lines.append([f"F1 - {name}", *cells])
    return lines


def _consistency_cell(scores: Mapping[str, Any]) -> str:
    found = scores["consistency"]
    flipped = [found[kind] for kind in KINDS if kind.endswith("flipped")]
    values = [found["unsupported"], None if None in flipped else sum(flipped)]
    shown = "/".join("-" if value is None else format(100 * value, ".1f") for value in values)
    shares = (found["actionable_left_out"], found["acute_left_out"])
    return f"{shown} {'/'.join('-' if v is None else format(100 * v, '.0f') for v in shares)}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "1" if value == 1 else format(value, ".4f").lstrip("0")


def _half_widths(intervals: Mapping[str, Any]) -> str:
    return _cell({n: ends and (ends[1] - ends[0]) / 2 for n, ends in intervals.items()})


def _plain(value: Any) -> str:
    return "/".join(value) if isinstance(value, list) else str(value)
