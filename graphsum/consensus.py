"""Consensus decoding: of many possible impressions the one that the others agree with.

Minimum Bayes risk (Kumar & Byrne, NAACL 2004; sampled as in Eikema & Aziz, COLING 2020) under a
utility that counts what is said besides ROUGE. ROUGE alone buys its gain with silence: most
impressions are templates, so the one nearest to all of them names nothing.

Impressions of similar training reports vote beside the model's samples. They come from the corpus
at hand and are never stored with a model. Nothing here imports torch.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.metrics.baselines import N_NEIGHBOURS, SHARPNESS, NeighbourConsensus, nearest
from graphsum.metrics.consistency import abnormal_names, compare_statements, statements_of
from graphsum.metrics.observations import CLASSES, positive_classes
from graphsum.metrics.rouge import pairwise_mean_rouge
from preprocessing.errors import InputError
from preprocessing.observations import statuses
from preprocessing.records import Report, write_text_atomically

CONSENSUS_FILE = "consensus_config.json"
ABNORMALITY_WEIGHT = 2.0  # of shared abnormalities beside SHARPNESS x cosine, in a neighbour's vote
NAMES = sorted(CLASSES)


@dataclass(frozen=True)
class ConsensusSettings:
    """How impressions are sampled and weighed.

    ``neighbour_weight``: share of the votes that training reports have, where there are any; the
    samples have the rest. ``observation_weight``: of what an impression claims beside its expected
    ROUGE (mean of three, 0 to 1); a claim pays when it is more probable than
    ``observation_threshold``.
    """

    num_samples: int = 32
    temperature: float = 0.7
    neighbour_weight: float = 0.75
    observation_weight: float = 1.0
    observation_threshold: float = 0.2

    def __post_init__(self) -> None:
        allowed = {
            "num_samples": (1, 10_000),
            "temperature": (0.01, 10),
            "neighbour_weight": (0, 1),
            "observation_weight": (0, 100),
            "observation_threshold": (0, 1),
        }
        for name, (lowest, highest) in allowed.items():
            value = getattr(self, name)
            kinds: Any = int if name == "num_samples" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise InputError(f"consensus: {name} must be a number, not {value!r}")
            if not lowest <= value <= highest:
                raise InputError(
                    f"consensus: {name} must be from {lowest} to {highest}, not {value}"
                )

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the settings into a checkpoint, which from then on uses consensus by default."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        write_text_atomically(Path(folder) / CONSENSUS_FILE, [text])

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "ConsensusSettings | None":
        """The settings of a checkpoint, or None where it has none.

        Raises:
            InputError: the file is there but cannot be used.
        """
        path = Path(folder) / CONSENSUS_FILE
        if not path.is_file():
            return None
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except InputError as error:
            raise InputError(f"{path}: {error}; correct or delete the file") from None
        except (OSError, ValueError, TypeError):
            raise InputError(
                f"{path}: not the settings of consensus decoding; correct or delete the file"
            ) from None


class TrainingEvidence:
    """What training reports say about the impression of other findings.

    Their impressions vote when their findings are alike: in words (the TF-IDF cosine of the
    neighbour row) and in the abnormalities that they assert, without which a report's nearest
    neighbours are those with the same normal sentences.
    """

    def __init__(self, train: Sequence[Report]) -> None:
        """Raises :class:`InputError` when no training report has words in its findings."""
        self._rows = NeighbourConsensus().fit(train)
        stated = [abnormal_names(one) for one in statements_of([r.findings for r in train])]
        self._columns = {name: i for i, name in enumerate(sorted(frozenset().union(*stated)))}
        self._abnormal = np.array([self._vector(names) for names in stated])  # [n, names]
        named = np.zeros((3, len(NAMES)))
        seen = np.zeros((3, len(NAMES)))
        columns = np.arange(len(NAMES))
        for report in train:
            claims = positive_classes(report.impression)
            kinds = _statuses_of_classes(report.findings)
            seen[kinds, columns] += 1
            named[kinds, columns] += [name in claims for name in NAMES]
        # Two reports more, of which a tenth names it, so that the rare is not taken for certain.
        self._rates = (named + 0.2) / (seen + 2)

    def neighbours(self, findings: Sequence[str]) -> Iterator[tuple[list[str], np.ndarray]]:
        """For each findings section the impressions of like reports, and their votes (sum 1).

        The ``N_NEIGHBOURS`` with the highest s = ``SHARPNESS`` x cosine + ``ABNORMALITY_WEIGHT`` x
        F1 of the abnormalities (1 where neither has any), weighted by exp(s).
        """
        sizes = self._abnormal.sum(axis=1)
        for statements, cosines in zip(
            statements_of(findings), self._rows.cosines(findings), strict=True
        ):
            names = abnormal_names(statements)
            total = sizes + len(names)
            shared = 2 * (self._abnormal @ self._vector(names)) / np.maximum(total, 1)
            score = SHARPNESS * cosines.astype(np.float64)
            score += ABNORMALITY_WEIGHT * np.where(total > 0, shared, 1.0)
            rows = nearest(score, N_NEIGHBOURS)
            votes = np.exp(score[rows] - score[rows[0]])
            yield [self._rows.impressions[row] for row in rows], votes / votes.sum()

    def naming_rates(self, findings: str) -> np.ndarray:
        """How often impressions name each of ``NAMES``, given how the findings speak of it."""
        return self._rates[_statuses_of_classes(findings), range(len(NAMES))]

    def _vector(self, names: frozenset[str]) -> np.ndarray:
        vector = np.zeros(len(self._columns), np.float32)
        vector[[self._columns[name] for name in names if name in self._columns]] = 1
        return vector


def consensus_impressions(
    findings: Sequence[str],
    samples: Sequence[Sequence[str]],
    settings: ConsensusSettings,
    *,
    train: TrainingEvidence | None = None,
) -> list[str]:
    """The impression of each report that samples and like training reports agree with most.

    Candidates are the samples and the neighbours' impressions. Those with a statement that the
    findings do not bear out (:func:`graphsum.metrics.consistency.check_impression`) stand back
    while there is another. Of the rest the one with the highest

        sum_r vote(r) ROUGE(c, r) + observation_weight x sum_o (p(o) - observation_threshold)

    is chosen, o running over the observations that candidate c claims (13 classes). p(o) is the
    mean of the shares of samples and of neighbours that name o, and of the rate at which
    training impressions do; without ``train`` the samples' share. Claiming what is more probable
    than F*/2 maximises a micro-averaged F1 whose best value is F* (Lipton et al., ECML 2014).
    Ties: the earlier candidate, the samples first.

    Args:
        samples: of each report, from any number of models.
    """
    pools = []
    neighbours: Iterable[tuple[list[str], np.ndarray]] = [([], np.zeros(0))] * len(findings)
    if train is not None:
        neighbours = train.neighbours(findings)
    for own, (others, weights) in zip(samples, neighbours, strict=True):
        texts = list(dict.fromkeys([*own, *others]))
        place = {text: row for row, text in enumerate(texts)}
        votes = np.zeros((2, len(texts)))  # of samples and of neighbours
        for text in own:
            votes[0, place[text]] += 1 / len(own)
        for text, weight in zip(others, weights, strict=True):
            votes[1, place[text]] += weight
        pools.append((texts, votes))
    distinct = list(dict.fromkeys(text for texts, _ in pools for text in texts))
    stated = dict(zip(distinct, statements_of(distinct), strict=True))
    claims = {text: positive_classes(text) for text in distinct}
    chosen = []
    for text, statements, (texts, votes) in zip(
        findings, statements_of(findings), pools, strict=True
    ):
        claimed = np.array([[name in claims[one] for name in NAMES] for one in texts], float)
        named = votes @ claimed  # [2, names]
        if train is not None:
            share = settings.neighbour_weight
            vote = (1 - share) * votes[0] + share * votes[1]
            probability = (named[0] + named[1] + train.naming_rates(text)) / 3
        else:
            vote, probability = votes[0], named[0]
        utility = pairwise_mean_rouge(texts) / 100 @ vote
        utility += settings.observation_weight * (
            claimed @ (probability - settings.observation_threshold)
        )
        wrong = np.array(
            [bool(compare_statements(stated[one], statements, text).wrong) for one in texts]
        )
        if not wrong.all():
            utility[wrong] = -np.inf
        chosen.append(texts[int(np.argmax(utility))])
    return chosen


def _statuses_of_classes(findings: str) -> np.ndarray:
    """For each of ``NAMES`` 2 where the findings assert it, 1 where they doubt it, else 0."""
    stated = statuses(findings)
    return np.array([{"present": 2, "uncertain": 1}.get(stated.get(n, ""), 0) for n in NAMES])
