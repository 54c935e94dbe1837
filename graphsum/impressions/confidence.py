"""How likely an impression is right, by a logistic regression on what its making showed.

*Right*: no missed and no invented statement of tier urgent or above against the radiologist's
impression, and ROUGE-L with it of 0.5 or more. The weights are fitted on validation reports by
``benchmarks/calibration.py`` and travel with a checkpoint (``consensus_config.json``).
"""

import math
from collections.abc import Mapping

from graphsum.impressions.mending import Mended
from graphsum.impressions.plan import Plan

INTERCEPT = "intercept"


def features_of(plan: Plan, mended: Mended, agreement: float | None) -> dict[str, float]:
    """What the estimate rests on; without votes an agreement of one half is taken."""
    statements = mended.checked.statements
    supported = sum(one.kind == "supported" for one in statements)
    return {
        "agreement": 0.5 if agreement is None else agreement,
        "asserted": float(min(len(plan.clauses), 6)),
        "must": float(min(len(plan.must), 4)),
        "dropped": float(min(mended.dropped, 3)),
        "quoted": float(min(len(mended.quoted), 3)),
        "supported": supported / len(statements) if statements else 1.0,
        "words": float(min(len(mended.text.split()), 40)) / 10,
        "unknown": plan.unknown_share,
    }


def estimate(features: Mapping[str, float], calibration: Mapping[str, float]) -> float:
    """The chance (0 to 1, three decimals) that an impression with these features is right."""
    score = calibration.get(INTERCEPT, 0.0)
    score += sum(calibration.get(name, 0.0) * value for name, value in features.items())
    return round(1 / (1 + math.exp(-max(min(score, 30.0), -30.0))), 3)
