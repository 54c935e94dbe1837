"""Does an impression name what the radiologist's names, and does it contradict its findings?

ROUGE pays for silence: the constant "No acute cardiopulmonary abnormality." scores well and finds
nothing. These counts look only at what is asserted to be there. Classes: the 14 of CheXpert
(Irvin et al. 2019) without "No Finding".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from preprocessing.observations import CHEXPERT_OBSERVATIONS, NO_FINDING, statuses

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
    return (
        frozenset(name for name, status in statuses(text).items() if status == "present") & CLASSES
    )


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
    """``{stratum: scores}`` with the scores of :func:`observation_scores`.

    ``masks``: stratum -> which reports belong to it, bool [n]. Raises ``ValueError`` when there
    are not as many predictions as references and findings.
    """
    counts = [
        count_observations(*texts) for texts in zip(predictions, references, findings, strict=True)
    ]
    return {
        stratum: observation_scores([counts[row] for row in np.flatnonzero(mask)])
        for stratum, mask in masks.items()
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
