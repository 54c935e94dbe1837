"""What the answers of a study say.

Reports are the sample: of each, readers' first answers are averaged, and intervals and tests go
over reports. They say what these readers would think of other reports. What other readers would
think, the spread of these readers tells: ``ci95_of_readers`` is over their means.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graphsum.metrics.bootstrap import SEED
from graphsum.study.agreement import Level, alpha_of, coincidences, mean_kappa, weighted_kappa
from graphsum.study.files import Answer, Key
from graphsum.study.form import (
    CRITERION_NAMES,
    ERRORS,
    KINDS,
    SCALE,
    SEVERE,
    TIERS,
    pairs_of,
)
from graphsum.study.inference import (
    Estimate,
    davidson,
    holm,
    mean_interval,
    share_interval,
    sign_test_p,
    signed_rank_p,
)
from preprocessing.errors import InputError

OVERALL = "mean of the five"
SEVERE_NAME = "critical or urgent errors"
PREFERENCE = "preference"
_RESAMPLES = 500
_SIGNS = (-1, 0, 1)  # of a preference


def analyse(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    """All results, as JSON can hold them.

    Args:
        key: the study's.
        answers: as :func:`graphsum.study.files.read_answers` gives them.

    Raises:
        InputError: nothing is answered.
    """
    first = [one for one in answers if not one.repeat]
    rated = [one for one in first if any(one.ratings.values())]
    if not rated:
        raise InputError("nothing is rated in these answers")
    tests = _differences(key, first)
    preferences = _preferences(key, first)
    tested = [*tests, *preferences]
    for one, p in zip(tested, holm([one["p"] for one in tested]), strict=True):
        one["p_holm"] = p
    return {
        "format": "graphsum study results",
        "study": key.study,
        "systems": list(key.systems),
        "readers": sorted({one.reader for one in answers}),
        "n_reports": len({one.uid for one in rated}),
        "n_readings": len(rated),
        "n_repeats": len(answers) - len(first),
        "unfinished": sum(not one.complete for one in answers),
        "tests": len(tested),
        "criteria": _means(key, first),
        "by_stratum": _by_stratum(key, first),
        "differences": tests,
        "preference": preferences,
        "strengths": _strengths(key, first),
        "errors": _errors(key, first),
        "agreement": _agreement(key, first),
        "self_agreement": _self_agreement(key, answers),
        "position": _position(first),
    }


def rating(answer: Answer, system: str, criterion: str) -> float | None:
    """One rating, or the mean of all five; None where it was not given."""
    given = answer.ratings[system]
    if criterion != OVERALL:
        return given.get(criterion)
    return float(np.mean(list(given.values()))) if len(given) == len(CRITERION_NAMES) else None


def per_report(
    answers: Sequence[Answer], value: Callable[[Answer], float | None]
) -> dict[str, float]:
    """uid -> the mean of a value over the readers who gave it."""
    found: dict[str, list[float]] = {}
    for one in answers:
        given = value(one)
        if given is not None:
            found.setdefault(one.uid, []).append(given)
    return {uid: float(np.mean(values)) for uid, values in found.items()}


def rating_differences(
    answers: Sequence[Answer], pair: tuple[str, str], criterion: str
) -> dict[str, float]:
    """uid -> the first system's rating less the second's, by readers who rated both."""

    def difference(answer: Answer) -> float | None:
        one, other = (rating(answer, system, criterion) for system in pair)
        return None if one is None or other is None else one - other

    return per_report(answers, difference)


def severe_differences(answers: Sequence[Answer], pair: tuple[str, str]) -> dict[str, float]:
    """uid -> share of readers who saw a severe error of the first system, less the second's."""
    return per_report(
        [one for one in answers if one.complete],
        lambda answer: float(_has_severe(answer, pair[0])) - float(_has_severe(answer, pair[1])),
    )


def _has_severe(answer: Answer, system: str) -> bool:
    return any(error.endswith(SEVERE) for error in answer.errors[system])


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """A value with its interval, or None for an interval that one report does not give."""
    ends = None if np.isnan(estimate.low) else [round(estimate.low, 6), round(estimate.high, 6)]
    return {"value": round(estimate.value, 6), "ci95": ends}


def _means(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for criterion in (*CRITERION_NAMES, OVERALL):
        for system in key.systems:
            values = per_report(answers, lambda one: rating(one, system, criterion))  # noqa: B023
            if values:
                entry = estimate_json(mean_interval(list(values.values())))
                table.setdefault(criterion, {})[system] = {**entry, "n": len(values)}
    return table


def _by_stratum(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for stratum in sorted(set(key.strata.values())):
        part = [one for one in answers if key.strata[one.uid] == stratum]
        found = _means(key, part).get(OVERALL)
        if found:
            table[stratum] = found
    return table


def _differences(key: Key, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    found = []
    for pair in pairs_of(key.systems):
        columns = {name: rating_differences(answers, pair, name) for name in CRITERION_NAMES}
        columns[SEVERE_NAME] = severe_differences(answers, pair)
        for name, values in columns.items():
            if not values:
                continue
            sample = list(values.values())
            entry: dict[str, Any] = {"first": pair[0], "second": pair[1], "what": name}
            entry |= estimate_json(mean_interval(sample))
            entry |= {"n": len(sample), "test": "Wilcoxon signed-rank", "p": signed_rank_p(sample)}
            if name != SEVERE_NAME:
                entry["by_reader"] = _by_reader(answers, pair, name)
                of_readers = mean_interval(list(entry["by_reader"].values()))
                entry["ci95_of_readers"] = estimate_json(of_readers)["ci95"]
            found.append(entry)
    return found


def _by_reader(answers: Sequence[Answer], pair: tuple[str, str], name: str) -> dict[str, float]:
    means = {}
    for reader in sorted({one.reader for one in answers}):
        own = [one for one in answers if one.reader == reader]
        values = rating_differences(own, pair, name)
        if values:
            means[str(reader)] = round(float(np.mean(list(values.values()))), 6)
    return means


def preference_scores(answers: Sequence[Answer], pair: tuple[str, str]) -> dict[str, float]:
    """uid -> the mean over readers of 1 (the first is better), 0 (neither) and -1."""
    return per_report(answers, lambda one: one.preferences.get(pair))


def _preferences(key: Key, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    found = []
    for pair in pairs_of(key.systems):
        scores = preference_scores(answers, pair)
        if not scores:
            continue
        sample = np.array(list(scores.values()))
        given = [one for one in answers if pair in one.preferences]
        entry: dict[str, Any] = {"first": pair[0], "second": pair[1], "what": PREFERENCE}
        for name, sign in (("first_better", 1), ("tie", 0), ("second_better", -1)):
            shares = per_report(given, lambda one: float(one.preferences[pair] == sign))  # noqa: B023
            share = share_interval(float(np.mean(list(shares.values()))), len(shares))
            count = sum(one.preferences[pair] == sign for one in given)
            entry[name] = {**estimate_json(share), "readings": count}
        entry |= estimate_json(mean_interval(sample))
        entry |= {
            "n": len(sample),
            "test": "sign test over reports, ties left out",
            "reports": {
                "first_better": int((sample > 0).sum()),
                "tie": int((sample == 0).sum()),
                "second_better": int((sample < 0).sum()),
            },
            "p": sign_test_p(sample),
        }
        found.append(entry)
    return found


def _strengths(key: Key, answers: Sequence[Answer]) -> dict[str, Any] | None:
    """Davidson's strengths, with percentile intervals of the bootstrap over reports."""
    systems = list(key.systems)
    pairs = [pair for pair in pairs_of(systems) if any(pair in one.preferences for one in answers)]
    uids = sorted({one.uid for one in answers if one.preferences})
    if not pairs:
        return None
    counts = np.zeros((len(uids), len(pairs), 3))
    rows = {uid: row for row, uid in enumerate(uids)}
    for one in answers:
        for column, pair in enumerate(pairs):
            if pair in one.preferences:
                counts[rows[one.uid], column, 1 - one.preferences[pair]] += 1
    places = [(systems.index(first), systems.index(second)) for first, second in pairs]

    def fit(drawn: np.ndarray) -> Any:
        total = counts[drawn].sum(axis=0)
        return davidson(dict(zip(places, total.tolist(), strict=True)), len(systems))

    whole = fit(np.arange(len(uids)))
    rng = np.random.default_rng(SEED)
    draws = [fit(rng.integers(len(uids), size=len(uids))).strengths for _ in range(_RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return {
        "model": "Bradley-Terry with ties (Davidson 1970), log strengths",
        "systems": {
            name: estimate_json(Estimate(float(whole.strengths[row]), low[row], high[row]))
            for row, name in enumerate(systems)
        },
        "ties_of_equals": round(whole.nu / (2 + whole.nu), 6),
    }


def _errors(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    """system -> error -> share of reports with it; also by tier, whatever the kind."""
    whole = [one for one in answers if one.complete]
    groups: dict[str, tuple[str, ...]] = {error: (error,) for error in ERRORS}
    groups |= {tier: tuple(f"{kind} {tier}" for kind in KINDS) for tier in TIERS}
    table: dict[str, Any] = {system: {} for system in key.systems}
    for system in key.systems if whole else ():
        for name, errors in groups.items():
            shares = per_report(whole, lambda one: float(bool(one.errors[system] & set(errors))))  # noqa: B023
            share = share_interval(float(np.mean(list(shares.values()))), len(shares))
            table[system][name] = {**estimate_json(share), "n": len(shares)}
    return table


def _matrix(
    answers: Sequence[Answer],
    units: Sequence[Any],
    value: Callable[[Answer, Any], float | None],
) -> tuple[np.ndarray, list[str]]:
    """Values [uids x units, readers], NaN where there is none, and the uid of each row."""
    readers = sorted({one.reader for one in answers})
    uids = list(dict.fromkeys(one.uid for one in answers))
    rows = {uid: row for row, uid in enumerate(uids)}
    table = np.full((len(uids), len(units), len(readers)), np.nan)
    for one in answers:
        for column, unit in enumerate(units):
            given = value(one, unit)
            if given is not None:
                table[rows[one.uid], column, readers.index(one.reader)] = given
    flat = table.reshape(-1, len(readers))
    several = (~np.isnan(flat)).sum(axis=1) >= 2
    names = np.repeat(uids, len(units))[several]
    return flat[several], list(map(str, names))


def _agreement(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    """Of what several readers judged: alpha with its interval, and mean weighted kappa."""
    table = {}
    for criterion in CRITERION_NAMES:
        values, uids = _matrix(
            answers, key.systems, lambda one, system: rating(one, system, criterion)  # noqa: B023
        )  # fmt: skip
        table[criterion] = _agreement_of(values, uids, SCALE, "ordinal")
    values, uids = _matrix(
        answers, pairs_of(key.systems), lambda one, pair: one.preferences.get(pair)
    )
    table[PREFERENCE] = _agreement_of(values, uids, _SIGNS, "ordinal")
    return {name: entry for name, entry in table.items() if entry}


def _agreement_of(
    values: np.ndarray, uids: Sequence[str], labels: Sequence[float], level: Level
) -> dict[str, Any] | None:
    if not len(values):
        return None
    categories, table = coincidences(values)
    names, rows = np.unique(uids, return_inverse=True)
    of_report = np.zeros((len(names), *table.shape[1:]))
    np.add.at(of_report, rows, table)
    rng = np.random.default_rng(SEED)
    times = rng.multinomial(len(names), [1 / len(names)] * len(names), size=_RESAMPLES)
    drawn = [alpha_of(one, categories, level) for one in np.tensordot(times, of_report, axes=1)]
    resampled = [one for one in drawn if one is not None] if len(names) > 1 else []
    ends = np.percentile(resampled, [2.5, 97.5]).round(6).tolist() if resampled else None
    pairs = [(a[both], b[both]) for a, b in combinations(values.T, 2)
             if (both := ~np.isnan(a) & ~np.isnan(b)).any()]  # fmt: skip
    exact = [float((one == other).mean()) for one, other in pairs]
    return {
        "alpha": alpha_of(table.sum(axis=0), categories, level),
        "ci95": ends,
        "weighted_kappa": mean_kappa(values, labels),
        "exact": float(np.mean(exact)),
        "units": len(values),
    }


def _self_agreement(key: Key, answers: Sequence[Answer]) -> dict[str, Any]:
    """Of reports that a reader had twice: the first answer against the second."""
    table: dict[str, Any] = {}
    firsts = {(one.reader, one.uid): one for one in answers if not one.repeat}
    seconds = [(firsts[one.reader, one.uid], one) for one in answers if one.repeat]

    def add(name: str, before: Sequence[float], after: Sequence[float], labels: Any) -> None:
        if before:
            apart = np.abs(np.subtract(before, after))
            table[name] = {
                "n": len(before),
                "exact": float((apart == 0).mean()),
                "mean_distance": float(apart.mean()),
                "weighted_kappa": weighted_kappa(before, after, labels),
            }

    for name in CRITERION_NAMES:
        both = [
            (one.ratings[system][name], two.ratings[system][name])
            for one, two in seconds
            for system in key.systems
            if name in one.ratings[system] and name in two.ratings[system]
        ]
        add(name, [one for one, _ in both], [two for _, two in both], SCALE)
    both = [
        (one.preferences[pair], two.preferences[pair])
        for one, two in seconds
        for pair in pairs_of(key.systems)
        if pair in one.preferences and pair in two.preferences
    ]
    add(PREFERENCE, [one for one, _ in both], [two for _, two in both], _SIGNS)
    return table


def _position(answers: Sequence[Answer]) -> Mapping[str, Any]:
    """How often the impression was preferred that stood first, whichever system wrote it."""
    signs = [
        sign if one.order.index(pair[0]) < one.order.index(pair[1]) else -sign
        for one in answers
        for pair, sign in one.preferences.items()
    ]
    return {
        "first_shown_better": signs.count(1),
        "tie": signs.count(0),
        "second_shown_better": signs.count(-1),
        "p": sign_test_p(signs) if signs else None,
    }
