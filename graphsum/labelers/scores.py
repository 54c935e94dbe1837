"""How well labels agree with annotated ones.

A class counts as positive where it is present; uncertain counts as not. Micro averages count all
cells, macro averages are means over the classes that are present in an annotated report.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from graphsum.labelers.labels import FOUR_STATES, LabelTable
from graphsum.labelers.schema import State
from graphsum.metrics.bootstrap import percentile_interval, resampled_means, two_sided_p_value
from graphsum.page.charts import CurveChart, curve_chart
from preprocessing.errors import InputError

N_RESAMPLES = 2_000
_NUMBER: dict[State | None, int] = {state: row for row, state in enumerate(FOUR_STATES)}
_PRESENT, _BLANK = _NUMBER["present"], _NUMBER[None]
_STATE_NAMES = [state or "blank" for state in FOUR_STATES]


def score_labels(
    gold: LabelTable,
    labels: LabelTable,
    classes: Sequence[str],
    *,
    other: LabelTable | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Scores of labels, JSON-ready, as fractions.

    A report of ``gold`` that is not labeled counts as blank in every class. Where no cell of
    ``gold`` is blank or uncertain, it tells present from not present only: the scores of the four
    states are None then.

    Args:
        gold: the annotated labels; all of them are scored.
        labels: the labels to score.
        classes: in the order of the tables; both files have them.
        other: labels of the same reports to compare with, by a paired bootstrap over reports.
        seed: of the bootstrap.

    Raises:
        InputError: no report of ``gold`` is labeled.
    """
    true, found = _array(gold, gold, classes), _array(labels, gold, classes)
    four = bool(np.isin(true, [_NUMBER["uncertain"], _BLANK]).any())
    counts = _counts(true, found)  # [n, classes, 3]
    resampled = _resampled_f1(counts, seed)
    report: dict[str, Any] = {
        "reports": len(true),
        "not_labeled": len(set(gold.states) - set(labels.states)),
        "classes": _class_scores(true, found, classes, resampled, four=four),
        **_averages(counts, resampled),
        "four_state_accuracy": float((true == found).mean()) if four else None,
        "confusion": _confusion(true, found) if four else None,
        "reliability": _reliability(gold, labels, classes),
    }
    if other is not None:
        theirs = _counts(true, _array(other, gold, classes))
        differences = resampled - _resampled_f1(theirs, seed)
        p_values = two_sided_p_value(differences[:, :2])
        report["other"] = {
            "path": str(other.path),
            **_averages(theirs, _resampled_f1(theirs, seed)),
            "p_micro": float(p_values[0]),
            "p_macro": float(p_values[1]),
        }
    return report


def reliability_chart(report: Mapping[str, Any]) -> CurveChart:
    """How often what is said to be present with a probability is; ``report``: its scores.

    Raises:
        InputError: the labels had no probabilities.
    """
    found = report["reliability"]
    if found is None:
        raise InputError("the labels have no probabilities; label with --probabilities")
    points = [(one["predicted"], one["observed"]) for one in found["bins"]]
    chart = curve_chart(
        "Share present by the probability given", {"given": points, "ideal": [(0, 0), (1, 1)]}
    )
    assert chart is not None
    return chart


def score_tables(report: Mapping[str, Any]) -> str:
    """The scores as text."""
    rows = []
    for name, one in report["classes"].items():
        states = [_plain(one[key]) for key in ("accuracy", "kappa")]
        interval = "–".join(map(_plain, one["f1_interval"]))
        scores = [_plain(one[key]) for key in ("precision", "recall", "f1")]
        rows.append([name, one["support"], *scores, interval, *states])
    for key in ("micro", "macro"):
        one = report[key]
        interval = "–".join(map(_plain, one["f1_interval"]))
        rows.append([key, "", _plain(one["precision"]), _plain(one["recall"]), _plain(one["f1"]),
                     interval, "", ""])  # fmt: skip
    heads = ["class", "support", "P", "R", "F1", "95 %", "four states", "kappa"]
    parts = [tabulate(rows, heads, disable_numparse=True, colalign=("left", *["right"] * 7))]
    if report["confusion"]:
        table = [[name, *row] for name, row in zip(_STATE_NAMES, report["confusion"], strict=True)]
        parts.append(tabulate(table, ["annotated \\ labeled", *_STATE_NAMES]))
    if report["reliability"]:
        parts.append(
            "Brier score {brier:.4f}, expected calibration error {ece:.4f}".format(
                **report["reliability"]
            )
        )
    last = f"{report['reports']:,} reports"
    if report["not_labeled"]:
        last += f", of which {report['not_labeled']:,} are not labeled and count as blank"
    if other := report.get("other"):
        last += (
            f"; against {other['path']}: micro F1 {_plain(other['micro']['f1'])} "
            f"(p = {other['p_micro']:.4f}), macro F1 {_plain(other['macro']['f1'])} "
            f"(p = {other['p_macro']:.4f}), paired bootstrap over reports"
        )
    return "\n\n".join((*parts, last))


def _array(table: LabelTable, gold: LabelTable, classes: Sequence[str]) -> np.ndarray:
    """The states of the reports of ``gold`` as numbers: [n, classes]."""
    if not set(table.states) & set(gold.states):
        raise InputError(f"{table.path}: none of its uids is in {gold.path}")
    nothing: Mapping[str, State | None] = {}
    return np.array(
        [[_NUMBER[table.states.get(uid, nothing).get(name)] for name in classes]
         for uid in gold.states]
    )  # fmt: skip


def _counts(true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """True positives, false positives, false negatives of each cell: [n, classes, 3]."""
    t, f = true == _PRESENT, found == _PRESENT
    return np.stack([t & f, ~t & f, t & ~f], axis=-1).astype(float)


def _resampled_f1(counts: np.ndarray, seed: int) -> np.ndarray:
    """Micro F1, macro F1 and that of each class, of reports drawn with replacement."""
    n, k, _ = counts.shape
    means = resampled_means(counts.reshape(n, -1), n_resamples=N_RESAMPLES, seed=seed)
    by_class = means.reshape(-1, k, 3)
    there = counts[:, :, [0, 2]].sum(axis=(0, 2)) > 0
    f1 = _f1(by_class)
    # A class that a resample has no report of, and none is labeled with, has no F1 there.
    known = there & (by_class.sum(axis=2) > 0)
    macro = (f1 * known).sum(axis=1) / np.maximum(1, known.sum(axis=1))
    return np.column_stack([_f1(by_class.sum(axis=1)), macro, f1])


def _f1(counts: np.ndarray) -> np.ndarray:
    """F1 of counts [..., 3]; 0 where nothing is to be divided by."""
    tp, wrong = counts[..., 0], counts[..., 1] + counts[..., 2]
    return np.divide(2 * tp, 2 * tp + wrong, out=np.zeros_like(tp), where=2 * tp + wrong > 0)


def _averages(counts: np.ndarray, resampled: np.ndarray) -> dict[str, Any]:
    """Micro and macro precision, recall and F1 with its interval."""
    sums = counts.sum(axis=0)
    there = sums[:, 0] + sums[:, 2] > 0
    tp, fp, fn = sums.sum(axis=0)
    per_class = sums[there]
    precision = per_class[:, 0] / np.maximum(1, per_class[:, 0] + per_class[:, 1])
    recall = per_class[:, 0] / np.maximum(1, per_class[:, 0] + per_class[:, 2])
    low, high = percentile_interval(resampled[:, :2])
    rows = {
        "micro": (tp / max(1, tp + fp), tp / max(1, tp + fn), _f1(sums.sum(axis=0))),
        "macro": (precision, recall, _f1(per_class)),
    }
    return {
        name: {
            "precision": _mean(p), "recall": _mean(r), "f1": _mean(f),
            "f1_interval": [float(low[row]), float(high[row])],
        }
        for row, (name, (p, r, f)) in enumerate(rows.items())
    }  # fmt: skip


def _mean(values: Any) -> float | None:
    values = np.asarray(values, dtype=float)
    return float(values.mean()) if values.size else None


def _class_scores(
    true: np.ndarray,
    found: np.ndarray,
    classes: Sequence[str],
    resampled: np.ndarray,
    *,
    four: bool,
) -> dict[str, Any]:
    from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support

    low, high = percentile_interval(resampled[:, 2:])
    scores = {}
    for row, name in enumerate(classes):
        t, f = true[:, row], found[:, row]
        p, r, f1, _ = precision_recall_fscore_support(
            t == _PRESENT, f == _PRESENT, average="binary", zero_division=0.0
        )
        same = (t, f) if four else (t == _PRESENT, f == _PRESENT)
        constant = len(np.unique(np.concatenate(same))) < 2
        scores[name] = {
            "support": int((t == _PRESENT).sum()),
            "precision": float(p),
            "recall": float(r),
            "f1": float(f1),
            "f1_interval": [float(low[row]), float(high[row])],
            "accuracy": float((t == f).mean()) if four else None,
            "kappa": None if constant else float(cohen_kappa_score(*same)),
        }
    return scores


def _confusion(true: np.ndarray, found: np.ndarray) -> list[list[int]]:
    """Annotated states (rows) by labeled states, over all classes, in the order of FOUR_STATES."""
    from sklearn.metrics import confusion_matrix

    labels = list(range(len(FOUR_STATES)))
    matrix = confusion_matrix(true.ravel(), found.ravel(), labels=labels)
    return [[int(one) for one in row] for row in matrix]


def _reliability(
    gold: LabelTable, labels: LabelTable, classes: Sequence[str]
) -> dict[str, Any] | None:
    """Ten bins of the probability that a class is present, over all classes; None without any."""
    if labels.probabilities is None:
        return None
    cells = [
        (states[name] == "present", labels.probabilities[uid][name])
        for uid, states in gold.states.items()
        if uid in labels.probabilities
        for name in classes
    ]
    present, given = (np.array(one, dtype=float) for one in zip(*cells, strict=True))
    row = np.minimum((given * 10).astype(int), 9)
    bins = [
        {
            "predicted": float(given[row == one].mean()),
            "observed": float(present[row == one].mean()),
            "cells": int((row == one).sum()),
        }
        for one in range(10)
        if (row == one).any()
    ]
    error = sum(one["cells"] * abs(one["predicted"] - one["observed"]) for one in bins)
    return {
        "bins": bins,
        "ece": error / len(given),
        "brier": float(((given - present) ** 2).mean()),
    }


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
