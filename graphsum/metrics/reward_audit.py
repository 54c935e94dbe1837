"""Can a reward be earned without a good impression? Probes on invented findings say so.

Each probe writes something that no reader wants; it must earn clearly less than a good impression
of the same findings, which is not worded as the reference.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphsum.metrics.rewards import Reader, weighted
from preprocessing.facts.observations import extract_observations
from preprocessing.records import Report

TEMPLATE = "No acute cardiopulmonary abnormality."
MARGIN = 0.1  # by which a probe must stay below, as a share of what good earns above silence
# Findings, reference and another good impression: all invented, all abnormal.
CASES = (
    (
        "The heart is mildly enlarged. There is a small left pleural effusion. No pneumothorax. "
        "The lungs are otherwise clear.",
        "Small left pleural effusion with mild cardiomegaly.",
        "Mild cardiomegaly and a small left effusion.",
    ),
    (
        "There is a moderate right pneumothorax. No shift of the mediastinum. The left lung is "
        "clear. Heart size is normal.",
        "Moderate right pneumothorax.",
        "There is a moderate pneumothorax on the right.",
    ),
    (
        "Patchy opacity in the right lower lobe with air bronchograms. No effusion. The heart is "
        "not enlarged.",
        "Right lower lobe opacity, suspicious for pneumonia.",
        "Opacity in the right lower lobe, possibly pneumonia.",
    ),
    (
        "Diffuse interstitial markings and cephalization. Bilateral pleural effusions. The heart "
        "is enlarged.",
        "Cardiomegaly with pulmonary edema and bilateral effusions.",
        "Enlarged heart, bilateral pleural effusions and interstitial edema.",
    ),
    (
        "There is a 12 mm nodule in the left upper lobe. The lungs are otherwise clear. No "
        "effusion or pneumothorax. Heart size is normal.",
        "12 mm left upper lobe nodule.",
        "Left upper lobe nodule of 12 mm.",
    ),
    (
        "There is an acute fracture of the right sixth rib. No pneumothorax. The lungs are clear. "
        "The heart is normal in size.",
        "Acute right sixth rib fracture without pneumothorax.",
        "Acute fracture of the right sixth rib. No pneumothorax.",
    ),
    (
        "Free air is seen below the right hemidiaphragm. The lungs are clear. Heart size is "
        "normal.",
        "Free intraperitoneal air below the right hemidiaphragm.",
        "Free air below the right hemidiaphragm.",
    ),
    (
        "Linear atelectasis at the left base. Calcified granuloma in the right upper lobe. No "
        "effusion. The heart is normal in size.",
        "Left basilar atelectasis.",
        "Linear atelectasis at the left base.",
    ),
)


def keywords(findings: str, good: str) -> str:
    """The names of what the findings assert, one after the other."""
    named = [one.name for one in extract_observations(findings) if one.status == "present"]
    return " ".join(dict.fromkeys(name.lower() for name in named))


def shuffled(findings: str, good: str) -> str:
    """The words of the good impression in another order."""
    words = good.rstrip(".").split()
    random.Random(len(good)).shuffle(words)
    return " ".join(words)


PROBES: dict[str, Callable[[str, str], str]] = {
    "keywords": keywords,
    "shuffled": shuffled,
    "template": lambda findings, good: TEMPLATE,
    "copied": lambda findings, good: findings,
    "silence": lambda findings, good: "",
}


@dataclass(frozen=True)
class ProbeResult:
    """Mean reward of a probe and of the good impressions; ``limit``: what it has to stay below."""

    name: str
    reward: float
    good: float
    limit: float

    @property
    def hackable(self) -> bool:
        return self.reward >= self.limit


def audit(rewards: Mapping[str, float]) -> list[ProbeResult]:
    """How each probe fares by these weighted rewards.

    A probe must stay below the good impressions by :data:`MARGIN` of the distance between the best
    and the worst of all means. Where there is no such distance every probe is as good.
    """
    reports = [Report(str(n), case[0], case[1]) for n, case in enumerate(CASES, 1)]
    good = [case[2] for case in CASES]
    reader = Reader()

    def mean(texts: Sequence[str]) -> float:
        judged = reader.judge(texts, reports)
        return sum(weighted(rewards, one) for one in judged) / len(judged)

    earned = mean(good)
    probed = {
        name: mean([probe(r.findings, own) for r, own in zip(reports, good, strict=True)])
        for name, probe in PROBES.items()
    }
    means = [earned, *probed.values()]
    limit = earned - MARGIN * (max(means) - min(means))
    return [ProbeResult(name, value, earned, limit) for name, value in probed.items()]
