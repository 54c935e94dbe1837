"""Consensus decoding: of many possible impressions the one that the others agree with.

Minimum Bayes risk (Kumar & Byrne, NAACL 2004; sampled as in Eikema & Aziz, COLING 2020) under a
utility that counts what is said besides ROUGE. ROUGE alone buys its gain with silence: most
impressions are templates, so the one nearest to all of them names nothing.

Impressions of similar training reports vote beside the model's samples. They come from the corpus
at hand and are never stored with a model. Nothing here imports torch.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.evidence import NAMES, TrainingEvidence
from graphsum.metrics.consistency import compare_statements, statements_of
from graphsum.metrics.observations import positive_classes
from graphsum.metrics.rouge import pairwise_mean_rouge
from preprocessing.annotators.sentences import sentences_of
from preprocessing.errors import InputError
from preprocessing.records import write_text_atomically

CONSENSUS_FILE = "consensus_config.json"
LONG_WORD = 5  # letters; shorter words may well come twice in a sentence


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
    neighbour_weight: float = 0.6
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


def consensus_impressions(
    findings: Sequence[str],
    samples: Sequence[Sequence[str]],
    settings: ConsensusSettings,
    *,
    train: TrainingEvidence | None = None,
) -> list[str]:
    """The impression of each report that samples and like training reports agree with most.

    Samples that repeat themselves (:func:`repeats_itself`) are left out while there is another.
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
    for drawn, (others, weights) in zip(samples, neighbours, strict=True):
        own = [text for text in drawn if not repeats_itself(text)] or drawn
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


def repeats_itself(impression: str) -> bool:
    """Whether a sentence has a word of ``LONG_WORD`` letters or more twice.

    One in twelve samples of a small model does ("atelectasis or atelectasis"), of the
    radiologists' impressions in Open-i 3 %.
    """
    for sentence in sentences_of(impression.lower()):
        words = [word for word in sentence if len(word) >= LONG_WORD and word.isalpha()]
        if len(set(words)) < len(words):
            return True
    return False
