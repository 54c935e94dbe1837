"""Simulated readers, and how often a study of a given size finds an effect of a given size.

A rating is a latent score, rounded and kept within 1 to 5. The score is the system's mean, what the
report does to all systems, what it does to this one, the reader's severity, and noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphsum.study.files import Answer, Key
from graphsum.study.form import CRITERION_NAMES, SCALE, pairs_of
from graphsum.study.inference import signed_rank_p


@dataclass(frozen=True)
class Spread:
    """Standard deviations in points of the scale, around ``middle``."""

    middle: float = 3.5
    report: float = 0.5
    system: float = 0.5
    reader: float = 0.3
    noise: float = 0.7


def ratings_of(latent: np.ndarray) -> np.ndarray:
    """Latent scores as ratings: rounded, 1 to 5."""
    return np.clip(np.rint(latent), SCALE[0], SCALE[-1])


def expected_rating(centre: float, spread: Spread, *, draws: int = 1_000_000) -> float:
    """The mean rating of a system with a latent mean of ``centre``, of readers of mean severity."""
    rng = np.random.default_rng(0)
    deviation = np.sqrt(spread.report**2 + spread.system**2 + spread.noise**2)
    return float(ratings_of(rng.normal(centre, deviation, draws)).mean())


def simulate_answers(
    key: Key,
    centres: Mapping[str, float],
    *,
    spread: Spread,
    tie_within: float = 0.5,
    seed: int = 0,
) -> list[Answer]:
    """Answers of invented readers to all items of a study.

    Args:
        key: its key.
        centres: system -> latent mean of its ratings.
        spread: how much they vary; ``reader`` 0 leaves all readers equally severe.
        tie_within: how far apart the latent overall impressions are at least for a preference.
        seed: of all draws.
    """
    rng = np.random.default_rng(seed)
    of_report = {uid: rng.normal(0, spread.report) for uid in key.strata}
    of_text = {
        (uid, system): rng.normal(0, spread.system) for uid in key.strata for system in key.systems
    }
    answers = []
    for reader, sheet in enumerate(key.readers, 1):
        severity = rng.normal(0, spread.reader)
        for item in sheet.items:
            ratings, overall = {}, {}
            for system in key.systems:
                centre = centres[system] + of_report[item.uid] + of_text[item.uid, system]
                noise = rng.normal(0, spread.noise, len(CRITERION_NAMES))
                given = ratings_of(centre + severity + noise).astype(int).tolist()
                ratings[system] = dict(zip(CRITERION_NAMES, given, strict=True))
                overall[system] = centre + rng.normal(0, spread.noise)
            preferences = {}
            for pair in pairs_of(key.systems):
                apart = overall[pair[0]] - overall[pair[1]]
                preferences[pair] = 0 if abs(apart) < tie_within else int(np.sign(apart))
            errors: dict[str, frozenset[str]] = {system: frozenset() for system in key.systems}
            answers.append(
                Answer(reader, item.uid, item.repeat, ratings, errors, preferences, item.order, "")
            )
    return answers


def power(
    n: int,
    effect: float,
    *,
    readers: int,
    overlap: int | None = None,
    spread: Spread,
    level: float,
    simulations: int,
    seed: int,
) -> float:
    """The share of simulated studies in which the signed-rank test finds the effect.

    Args:
        n: reports.
        effect: the difference of the latent means of two systems.
        readers: how many there are.
        overlap: how many of the reports all of them read, the others having one reader each; None:
            all.
        spread: see :class:`Spread`.
        level: the test's level, after any correction for several tests.
        simulations: how many studies.
        seed: of all draws.
    """
    rng = np.random.default_rng([seed, n, round(1000 * effect)])
    shared = n if overlap is None else min(overlap, n)
    reads = np.zeros((n, readers), dtype=bool)
    reads[:shared] = True
    reads[np.arange(shared, n), np.arange(shared, n) % readers] = True
    found = 0
    for _ in range(simulations):
        means = spread.middle + np.array([effect / 2, -effect / 2])
        reports = rng.normal(0, spread.report, (n, 1)) + rng.normal(0, spread.system, (n, 2))
        severity = rng.normal(0, spread.reader, readers)
        noise = rng.normal(0, spread.noise, (n, readers, 2))
        ratings = ratings_of((means + reports)[:, None, :] + severity[:, None] + noise)
        differences = np.where(reads, ratings[..., 0] - ratings[..., 1], 0.0)
        found += signed_rank_p(differences.sum(axis=1) / reads.sum(axis=1)) < level
    return found / simulations


def power_table(
    ns: Sequence[int],
    effects: Sequence[float],
    *,
    readers: int,
    overlap: int | None,
    spread: Spread,
    level: float,
    simulations: int,
    seed: int,
) -> list[list[float]]:
    """:func:`power` of each n (row) and effect (column)."""
    return [
        [
            power(
                n, effect, readers=readers, overlap=overlap, spread=spread, level=level,
                simulations=simulations, seed=seed,
            )
            for effect in effects
        ]
        for n in ns
    ]  # fmt: skip
