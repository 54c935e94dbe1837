"""Does an impression name what the radiologist's names, and does it contradict its findings?

ROUGE pays for silence: the constant "No acute cardiopulmonary abnormality." scores well and finds
nothing. These counts look only at what is asserted to be there. Classes: the 14 of CheXpert
(Irvin et al. 2019), for micro averages without "No Finding".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from graphsum.metrics.bootstrap import percentile_interval, resampled_means, two_sided_p_value
from graphsum.metrics.metric import Metric, Scores, column_names, p_cell, systems_of
from preprocessing.facts.observations import statuses
from preprocessing.facts.ontology import CHEXPERT_OBSERVATIONS, NO_FINDING, on_change
from preprocessing.records import Report

CLASSES = frozenset(CHEXPERT_OBSERVATIONS) - {NO_FINDING}


@dataclass(frozen=True, slots=True)
class ObservationCounts:
    """Counts of one report, or sums over several.

    ``claims``: positive classes of the prediction; ``wanted``: of the reference; ``shared``: of
    both; ``contradicted``: claims that the findings assert to be absent, and nowhere present or
    uncertain.
    """

    claims: int = 0
    wanted: int = 0
    shared: int = 0
    contradicted: int = 0

    def __add__(self, other: "ObservationCounts") -> "ObservationCounts":
        return ObservationCounts(
            self.claims + other.claims,
            self.wanted + other.wanted,
            self.shared + other.shared,
            self.contradicted + other.contradicted,
        )


def positive_classes(text: str) -> frozenset[str]:
    """The classes of ``CLASSES`` that a text asserts to be present; doubtful ones do not count."""
    return _asserted(text) & CLASSES


def count_observations(prediction: str, reference: str, findings: str) -> ObservationCounts:
    """The counts of one impression against the reference and against the findings."""
    claims, wanted = positive_classes(prediction), positive_classes(reference)
    stated = statuses(findings) if claims else {}
    return ObservationCounts(
        claims=len(claims),
        wanted=len(wanted),
        shared=len(claims & wanted),
        contradicted=sum(stated.get(name) == "absent" for name in claims),
    )


def observation_scores(counts: Sequence[ObservationCounts]) -> dict[str, Any]:
    """Micro-averaged scores of reports (fractions, four decimals).

    ``{"precision", "recall", "f1", "claims", "contradicted"}``; precision is None without claims,
    recall without observations to find, and F1 where neither exists.
    """
    total = sum(counts, ObservationCounts())
    return {
        "precision": _ratio(total.shared, total.claims),
        "recall": _ratio(total.shared, total.wanted),
        "f1": _ratio(2 * total.shared, total.claims + total.wanted),
        "claims": total.claims,
        "contradicted": total.contradicted,
    }


def observations_by_stratum(
    predictions: Sequence[str],
    references: Sequence[str],
    findings: Sequence[str],
    masks: Mapping[str, np.ndarray],
) -> dict[str, dict[str, Any]]:
    """``{stratum: scores}``: those of :func:`observation_scores`, the macro-averaged F1, intervals.

    ``macro_f1`` is the mean F1 of the 14 classes of CheXpert; classes that neither the predictions
    nor the references assert are left out, and ``macro_classes`` is the number of the others.
    ``f1_ci95`` and ``macro_f1_ci95``: 95 % bootstrap intervals, [lo, hi]; in each resample the mean
    is over the classes asserted there. None where there is no F1. ``masks``: stratum -> which
    reports belong to it, bool [n]. Raises ``ValueError`` when there are not as many predictions as
    references and findings.
    """
    counts = _counted(predictions, references, findings)
    by_class = _counted_by_class(predictions, references)
    result: dict[str, dict[str, Any]] = {}
    for stratum, mask in masks.items():
        chosen = [counts[row] for row in np.flatnonzero(mask)]
        scores = observation_scores(chosen)
        interval = None if scores["f1"] is None else _interval(_resampled_f1([chosen])[:, 0])
        result[stratum] = scores | {"f1_ci95": interval} | _macro_scores(by_class[mask])
    return result


def compare_observations(
    predictions: Sequence[str],
    other: Sequence[str],
    references: Sequence[str],
    findings: Sequence[str],
    masks: Mapping[str, np.ndarray],
) -> dict[str, dict[str, Any]]:
    """How far the F1 of two systems is apart, positive where the first is better.

    ``{stratum: {"f1_difference", "ci95": [lo, hi], "p_value"}}``, all None where either has no
    F1; the same paired bootstrap as for ROUGE (:func:`two_sided_p_value`), F1 micro-averaged in
    each resample. Arguments as in :func:`observations_by_stratum`.
    """
    first = _counted(predictions, references, findings)
    second = _counted(other, references, findings)
    result: dict[str, dict[str, Any]] = {}
    for stratum, mask in masks.items():
        pair = [[counts[row] for row in np.flatnonzero(mask)] for counts in (first, second)]
        f1, other_f1 = (observation_scores(counts)["f1"] for counts in pair)
        row: dict[str, Any] = dict.fromkeys(("f1_difference", "ci95", "p_value"))
        if f1 is not None and other_f1 is not None:
            resampled = _resampled_f1(pair)
            differences = np.nan_to_num(resampled[:, :1] - resampled[:, 1:])  # 0 without F1
            row = {
                "f1_difference": round(f1 - other_f1, 4),
                "ci95": np.round(percentile_interval(differences), 4)[:, 0].tolist(),
                "p_value": round(float(two_sided_p_value(differences)[0]), 4),
            }
        result[stratum] = row
    return result


class Observations(Metric):
    """The scores of :func:`observations_by_stratum` and the comparisons of
    :func:`compare_observations`, each under ``"observations"``."""

    reads_english = True

    def scores(
        self,
        impressions: Mapping[str, Sequence[str]],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> dict[str, Scores]:
        references, findings = _texts(reports)
        return {
            name: _under_name(observations_by_stratum(texts, references, findings, masks))
            for name, texts in impressions.items()
        }

    def comparison(
        self,
        first: Sequence[str],
        second: Sequence[str],
        reports: Sequence[Report],
        masks: Mapping[str, np.ndarray],
    ) -> Scores:
        return _under_name(compare_observations(first, second, *_texts(reports), masks))

    def table(self, report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
        """P/R/F1 x100, and the claims that the findings contradict, of all claims.

        Below, of the system: half the width of the 95 % intervals of F1; macro F1, half its width
        and, in brackets, the number of classes; how far F1 is from that of others.
        """
        strata = report["strata"]
        rows = [
            [name, *(_cell(scores[stratum]["observations"]) for stratum in strata)]
            for name, scores in systems_of(report).items()
        ]
        system = [scores["observations"] for scores in strata.values()]
        rows.append(["± F1", *(_half_width(found["f1_ci95"]) for found in system)])
        rows.append(["macro F1", *map(_macro_cell, system)])
        for name, compared in report["comparisons"].items():
            found = [compared[stratum]["observations"] for stratum in strata]
            rows.append([f"F1 - {name}", *map(_difference_cell, found)])
        return ["observations P/R/F1\ncontradicted/claims", *column_names(report)], rows


def _texts(reports: Sequence[Report]) -> tuple[list[str], list[str]]:
    """Impressions and findings."""
    return [report.impression for report in reports], [report.findings for report in reports]


def _under_name(scores: Scores) -> Scores:
    return {stratum: {"observations": found} for stratum, found in scores.items()}


def _cell(found: Mapping[str, Any]) -> str:
    fractions = [found[name] for name in ("precision", "recall", "f1")]
    shown = "/".join("-" if value is None else format(100 * value, ".0f") for value in fractions)
    return f"{shown} {found['contradicted']}/{found['claims']}"


def _half_width(ends: Sequence[float] | None) -> str:
    return f"{50 * (ends[1] - ends[0]):.0f}" if ends else "-"


def _macro_cell(found: Mapping[str, Any]) -> str:
    if found["macro_f1"] is None:
        return "-"
    half_width = _half_width(found["macro_f1_ci95"])
    return f"{100 * found['macro_f1']:.0f} ± {half_width} ({found['macro_classes']})"


def _difference_cell(found: Mapping[str, Any]) -> str:
    difference, p_value = found["f1_difference"], found["p_value"]
    return "-" if p_value is None else f"{100 * difference:+.0f} p {p_cell(p_value)}"


@lru_cache(maxsize=2**14)
def _asserted(text: str) -> frozenset[str]:
    """The classes of CheXpert, No Finding among them, that a text asserts."""
    asserted = frozenset(name for name, status in statuses(text).items() if status == "present")
    return asserted.intersection(CHEXPERT_OBSERVATIONS)


on_change(_asserted.cache_clear)


def _counted(
    predictions: Sequence[str], references: Sequence[str], findings: Sequence[str]
) -> list[ObservationCounts]:
    texts = zip(predictions, references, findings, strict=True)
    return [count_observations(*of_report) for of_report in texts]


def _resampled_f1(systems: Sequence[Sequence[ObservationCounts]]) -> np.ndarray:
    """F1 of each system in each resample of the reports they share: [r, systems].

    NaN in resamples in which a system neither names anything nor had anything to name.
    """
    counts = [[(2 * c.shared, c.claims + c.wanted) for c in of_system] for of_system in systems]
    sums = resampled_means(np.concatenate(counts, axis=1).astype(float))  # [r, 2 x systems]
    shared, named = sums[:, ::2], sums[:, 1::2]
    return np.divide(shared, named, out=np.full_like(shared, np.nan), where=named > 0)


def _counted_by_class(predictions: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Numerator and denominator of each class's F1, report by report: float64 [n, 2, 14]."""
    named = [
        [[name in _asserted(text) for name in CHEXPERT_OBSERVATIONS] for text in pair]
        for pair in zip(predictions, references, strict=True)
    ]
    asserted = np.reshape(np.array(named, float), (-1, 2, len(CHEXPERT_OBSERVATIONS)))
    return np.stack([2 * asserted.prod(axis=1), asserted.sum(axis=1)], axis=1)


def _macro_scores(counts: np.ndarray) -> dict[str, Any]:
    """Macro F1, its interval and the number of its classes, of reports' counts [n, 2, 14]."""
    sums = counts.sum(axis=0, keepdims=True)
    n_classes = int((sums[0, 1] > 0).sum())
    mean, interval = None, None
    if n_classes:
        mean = round(float(_macro_f1(sums)[0]), 4)
        resampled = resampled_means(counts.reshape(len(counts), -1))  # [r, 2 x 14]
        interval = _interval(_macro_f1(resampled.reshape(-1, *counts.shape[1:])))
    return {"macro_f1": mean, "macro_f1_ci95": interval, "macro_classes": n_classes}


def _macro_f1(sums: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that are asserted at all, of sums [r, 2, classes]; NaN without."""
    shared, named = sums[:, 0], sums[:, 1]
    n_classes = (named > 0).sum(axis=1)
    of_class = np.divide(shared, named, out=np.zeros_like(shared), where=named > 0)
    undefined = np.full(len(sums), np.nan)
    return np.divide(of_class.sum(axis=1), n_classes, out=undefined, where=n_classes > 0)


def _interval(resampled: np.ndarray) -> list[float]:
    """Ends of the 95 % interval, four decimals, of resampled values [r], some of them NaN."""
    ends = percentile_interval(resampled[~np.isnan(resampled)])
    return np.round(ends, 4).tolist()


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
