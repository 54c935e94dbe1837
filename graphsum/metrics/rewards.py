"""Scores of one impression, for tuning: as rewards, or as judges of what is rewarded.

Rewards and judges are read from a YAML file of two mappings of names to weights::

    rewards: {rouge: 1.0, missed_triage: -0.5, invented_triage: -0.5}
    judges: {observations: 1.0, reference_missed_all: -0.25}
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.metrics.errors import POOLS
from graphsum.metrics.observations import positive_classes
from graphsum.metrics.rouge import mean_rouge
from preprocessing.errors import InputError
from preprocessing.facts.comparison import (
    Consistency,
    Error,
    compare_statements,
    errors_of,
    statements_of,
)
from preprocessing.facts.ontology import TIERS, Tier
from preprocessing.facts.statements import Statement
from preprocessing.files import read_yaml
from preprocessing.records import Report
from preprocessing.registry import Table, load

REMEMBERED = 20_000  # texts whose statements are kept


@dataclass(frozen=True)
class Judged:
    """An impression of a report, with the statements of all three texts."""

    impression: str
    report: Report
    statements: tuple[Statement, ...]
    of_findings: tuple[Statement, ...]
    of_reference: tuple[Statement, ...]

    @cached_property
    def consistency(self) -> Consistency:
        """Judged by the findings."""
        return compare_statements(self.statements, self.of_findings, self.report.findings)

    @cached_property
    def errors(self) -> list[Error]:
        """By the findings."""
        return errors_of(self.consistency)

    @cached_property
    def reference_errors(self) -> list[Error]:
        """By the reference impression."""
        return errors_of(
            compare_statements(self.statements, self.of_reference, self.report.impression)
        )


Score = Callable[[Judged], float]


def rouge(one: Judged) -> float:
    """Mean F1 of ROUGE-1/2/L by the reference impression, 0 to 1."""
    return mean_rouge(one.impression, one.report.impression) / 100


def support(one: Judged) -> float:
    """Share of the statements that the findings say or imply; 0 without a statement."""
    kinds = [checked.kind for checked in one.consistency.statements]
    return sum(kind in ("supported", "inferred") for kind in kinds) / max(1, len(kinds))


def contradiction(one: Judged) -> float:
    """Share of the statements that contradict the findings; 0 without a statement."""
    kinds = [checked.kind for checked in one.consistency.statements]
    return sum(kind.endswith("flipped") for kind in kinds) / max(1, len(kinds))


def length_ratio(one: Judged) -> float:
    """Words of the shorter of impression and reference by those of the longer, 0 to 1."""
    own, wanted = len(one.impression.split()), len(one.report.impression.split())
    return min(own, wanted) / max(own, wanted, 1)


def observations(one: Judged) -> float:
    """F1 of the classes that are called present in both; 1 where neither calls any so."""
    own, wanted = positive_classes(one.impression), positive_classes(one.report.impression)
    return 2 * len(own & wanted) / (len(own) + len(wanted)) if own or wanted else 1.0


@dataclass(frozen=True)
class ErrorCount:
    """Number of errors of a kind (``missed``, ``invented``, ``differs``) in some tiers."""

    kind: str
    tiers: tuple[Tier, ...]
    by_reference: bool = False

    def __call__(self, one: Judged) -> float:
        errors = one.reference_errors if self.by_reference else one.errors
        return float(sum(e.kind == self.kind and e.tier in self.tiers for e in errors))


def error_counts() -> dict[str, Score]:
    """``missed_triage``, ``invented_critical``, ``reference_missed_all``, ... by their names."""
    tiers: dict[str, tuple[Tier, ...]] = POOLS | {tier: (tier,) for tier in TIERS}
    return {
        f"{source}{kind}_{name}": ErrorCount(kind, chosen, by_reference=bool(source))
        for source in ("", "reference_")
        for kind in ("missed", "invented", "differs")
        for name, chosen in tiers.items()
    }


REWARDS: Table[Score] = Table(
    "reward",
    {
        "rouge": rouge,
        "support": support,
        "contradiction": contradiction,
        "length_ratio": length_ratio,
        "observations": observations,
        **error_counts(),
    },
)


@dataclass(frozen=True)
class RewardSpec:
    """Weights of rewards and of judges, by name."""

    rewards: Mapping[str, float]
    judges: Mapping[str, float]

    @classmethod
    def read(cls, path: str | Path) -> "RewardSpec":
        """The weights in a YAML file.

        Raises:
            InputError: it cannot be read, names no reward or an unknown one, or the same metric as
                reward and as judge.
        """
        values = read_yaml(path)
        if not isinstance(values, dict) or not set(values) <= {"rewards", "judges"}:
            raise InputError(f"{path}: expected two mappings, rewards and judges, and nothing else")
        spec = cls(*(weights_of(path, name, values.get(name)) for name in ("rewards", "judges")))
        if not spec.rewards:
            raise InputError(f"{path}: rewards names no metric; known: {', '.join(REWARDS)}")
        if both := sorted(set(spec.rewards) & set(spec.judges)):
            raise InputError(
                f"{path}: {both[0]} is both reward and judge; a judge must be another metric"
            )
        return spec


def weights_of(path: str | Path, part: str, values: Any) -> dict[str, float]:
    """The weights of ``rewards`` or ``judges``; raises ``InputError`` for anything else."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{path}: {part} must be a mapping of metrics to weights")
    for name, weight in values.items():
        load(REWARDS, str(name))
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise InputError(f"{path}: the weight of {name} must be a number")
        if not 0 < abs(weight) <= 1000:
            raise InputError(f"{path}: the weight of {name} must be between -1000 and 1000, not 0")
    return {str(name): float(weight) for name, weight in values.items()}


def weighted(spec: Mapping[str, float], one: Judged) -> float:
    """Sum of the scores with these weights."""
    return sum(weight * load(REWARDS, name)(one) for name, weight in spec.items())


class Reader:
    """Reads texts into statements, by ``builtin``; those read lately are remembered."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, tuple[Statement, ...]] = OrderedDict()

    def judge(self, impressions: Sequence[str], reports: Sequence[Report]) -> list[Judged]:
        """Each impression with its report and all statements."""
        pairs = list(zip(impressions, reports, strict=True))
        texts = {text for own, r in pairs for text in (own, r.findings, r.impression)}
        read = self.read(texts)
        return [
            Judged(own, report, read[own], read[report.findings], read[report.impression])
            for own, report in pairs
        ]

    def read(self, texts: Iterable[str]) -> dict[str, tuple[Statement, ...]]:
        """The statements of each text."""
        wanted = set(texts)
        new = sorted(wanted - self.known.keys())
        self.known.update(zip(new, statements_of(new), strict=True))
        for text in wanted:
            self.known.move_to_end(text)
        result = {text: self.known[text] for text in wanted}
        while len(self.known) > REMEMBERED:
            self.known.popitem(last=False)
        return result


def describe(judged: Sequence[Judged], counts: Sequence[float] | None = None) -> dict[str, float]:
    """What tells of reward hacking: length, claims, doubt, and how varied the texts are.

    ``words`` and ``claims`` (statements) per impression; ``doubt``: share of uncertain statements;
    ``distinct_2``: different bigrams by all bigrams. ``counts``: how often each impression counts.
    """
    weights = np.ones(len(judged)) if counts is None else np.asarray(counts, float)
    words = np.array([len(one.impression.split()) for one in judged])
    claims = np.array([len(one.statements) for one in judged])
    doubts = np.array([sum(s.status == "uncertain" for s in one.statements) for one in judged])
    bigrams = [pairwise(one.impression.lower().split()) for one in judged]
    every = [pair for pairs in bigrams for pair in pairs]
    total = max(weights.sum(), 1e-9)
    return {
        "words": float(weights @ words / total),
        "claims": float(weights @ claims / total),
        "doubt": float(weights @ doubts / max(weights @ claims, 1e-9)),
        "distinct_2": len(set(every)) / max(1, len(every)),
    }


def is_hacked(rewards: Sequence[float], judgements: Sequence[float], patience: int) -> bool:
    """Whether the reward rises while the judges do not, in the last ``patience`` validations.

    Args:
        rewards, judgements: of the start and of each validation since, higher being better.
        patience: 0: never.
    """
    if not patience or len(rewards) <= patience:
        return False
    recent = range(len(rewards) - patience, len(rewards))
    return all(rewards[i] > rewards[0] and judgements[i] <= judgements[0] for i in recent)
