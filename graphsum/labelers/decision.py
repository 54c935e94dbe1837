"""From scores to labels: a temperature that calibrates them, and a threshold for each class."""

from collections.abc import Sequence

import numpy as np

from graphsum.labelers.examples import PRESENT, UNKNOWN
from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.schema import State

CANDIDATES = 200  # thresholds that are tried, at most
RESAMPLES = 100
USUAL_THRESHOLD = 0.5


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def mean_log_loss(
    logits: np.ndarray, targets: np.ndarray, *, positives: bool | np.ndarray
) -> float:
    """Mean negative log-likelihood, in nats, of the known targets.

    Args:
        logits: [n, C, 4].
        targets: [n, C], ``UNKNOWN`` where not known.
        positives: of each class [C], or all, whether the targets only tell what is present from
            what is not.
    """
    known = targets != UNKNOWN
    merged = np.broadcast_to(positives, targets.shape)[known]
    chances = softmax(logits)[known]  # [cells, 4]
    wanted = targets[known]
    own = chances[np.arange(len(wanted)), wanted]
    own = np.where(merged & (wanted != PRESENT), 1 - chances[:, PRESENT], own)
    return float(-np.log(np.clip(own, 1e-12, None)).mean())


def fit_temperature(
    logits: np.ndarray, targets: np.ndarray, *, positives: bool | np.ndarray
) -> float:
    """What logits of reports that were not trained on are divided by (Guo et al., ICML 2017)."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: mean_log_loss(logits / np.exp(log), targets, positives=positives),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def fit_thresholds(chances: np.ndarray, targets: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """For each class the threshold of P(present) with the best F1 of present, [C].

    The best mean over bootstrap resamples counts, since what is best for a rare class on one sample
    is chance; among equal ones the nearest to 0.5. A class that is never present, or of which
    nothing is known, has 0.5.

    Args:
        chances: P(present) of reports that were not trained on, [n, C].
        targets: [n, C].
    """
    thresholds = np.full(chances.shape[1], USUAL_THRESHOLD)
    for column in range(chances.shape[1]):
        known = targets[:, column] != UNKNOWN
        present = targets[known, column] == PRESENT
        if not present.any():
            continue
        own = chances[known, column]
        values = np.unique(own)
        if len(values) > CANDIDATES:
            values = np.quantile(values, np.linspace(0, 1, CANDIDATES))
        candidates = np.append((values[1:] + values[:-1]) / 2, USUAL_THRESHOLD)
        candidates = candidates[np.argsort(np.abs(candidates - USUAL_THRESHOLD), kind="stable")]
        generator = np.random.default_rng(seed)
        n = len(present)
        times = generator.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)  # [r, n]
        positive = own[:, None] >= candidates  # [n, candidates]
        shared = times @ (positive & present[:, None])
        named = times @ positive + (times @ present)[:, None]
        f1 = np.divide(2 * shared, named, out=np.zeros_like(named), where=named > 0)
        thresholds[column] = candidates[f1.mean(axis=0).argmax()]
    return thresholds


def decide(chances: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Places in ``FOUR_STATES``, [n, C].

    Present where P(present) reaches the class's threshold, otherwise the likeliest other state.

    Args:
        chances: [n, C, 4].
        thresholds: [C].
    """
    others = chances.copy()
    others[..., PRESENT] = -1.0
    return np.where(chances[..., PRESENT] >= thresholds, PRESENT, others.argmax(axis=-1))


def states_of(names: Sequence[str], places: np.ndarray) -> dict[str, State | None]:
    """Class -> state, of the places [C] of one report."""
    return {name: FOUR_STATES[place] for name, place in zip(names, places, strict=True)}
