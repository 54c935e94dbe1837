"""What training reports say about the impression of other findings, for consensus decoding.

Learnt from the corpus at hand in seconds; of all this a checkpoint holds the naming rates at most.
Nothing here imports torch.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from graphsum.metrics.baselines import SHARPNESS, NeighbourConsensus, nearest
from graphsum.metrics.observations import CLASSES, positive_classes
from graphsum.metrics.rouge import mean_rouge
from preprocessing.facts.comparison import abnormal_sides, denied_names, statements_of
from preprocessing.facts.observations import statuses
from preprocessing.records import Report

NAMES = sorted(CLASSES)
WORD = re.compile(r"[^\W\d_]+")
VOTERS = 60  # training reports that vote on an impression
FIRST_WEIGHTS = np.array([SHARPNESS, 0.0, 2.0, 0.0, 0.0])  # which training reports may vote
LEARNING_REPORTS = 2000  # from which the weights are learnt, at most
LIKENESS = 0.08  # of two impressions: exp(mean of ROUGE-1/2/L / LIKENESS)
RIDGE = 1e-3  # on the weights of features divided by their standard deviation


def claimed_classes(texts: Sequence[str]) -> np.ndarray:
    """Which of ``NAMES`` each text claims: 0 or 1, float64 [n, 13]."""
    claims = [[name in found for name in NAMES] for found in map(positive_classes, texts)]
    return np.array(claims, float).reshape(len(texts), len(NAMES))


def naming_rates(train: Sequence[Report]) -> dict[str, list[float]]:
    """How often impressions name each of ``NAMES``, given how the findings speak of it.

    Three shares for each: where the findings say nothing of it or deny it, doubt it, assert it.
    Two reports more are counted in each, of which a tenth names it: the rare is not certain.
    """
    seen, named = np.full((len(NAMES), 3), 2.0), np.full((len(NAMES), 3), 0.2)
    rows = np.arange(len(NAMES))
    claims = claimed_classes([report.impression for report in train])
    for report, claimed in zip(train, claims, strict=True):
        spoken = _how_spoken_of(report.findings)
        seen[rows, spoken] += 1
        named[rows, spoken] += claimed
    return dict(zip(NAMES, (named / seen).round(4).tolist(), strict=True))


def rates_for(findings: str, rates: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Of the three :func:`naming_rates` of each of ``NAMES`` the one that fits these findings."""
    spoken = _how_spoken_of(findings)
    return np.array([rates[name][column] for name, column in zip(NAMES, spoken, strict=True)])


def _how_spoken_of(findings: str) -> np.ndarray:
    """For each of ``NAMES`` 2 where the findings assert it, 1 where they doubt it, else 0."""
    stated = statuses(findings)
    return np.array([{"present": 2, "uncertain": 1}.get(stated.get(n, ""), 0) for n in NAMES])


class TrainingEvidence:
    """Training reports whose impressions vote on the impression of other findings.

    A report's vote is exp(w x), w one weight for each of five features x of it and the findings:
    the cosines of TF-IDF vectors of words (those of the neighbour row) and of letters (2 to 5
    within a word), F1 of the abnormalities with their sides and of what is denied, and how many
    of the 13 classes its impression names. The first and the third choose the ``VOTERS`` reports
    that vote at all.

    The weights are learnt from the training reports, each of which leaves itself (and others of its
    patient) out: they maximise log sum_j vote_j exp(ROUGE(r_j, r) / ``LIKENESS``), votes summing to
    1, r the report's own impression (neighbourhood components analysis, Goldberger et al., NIPS
    2004, with impressions alike in the place of equal classes).
    """

    def __init__(self, train: Sequence[Report]) -> None:
        """Raises :class:`InputError` when no training report has words in its findings."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        findings = [report.findings for report in train]
        self.impressions = [report.impression for report in train]
        texts = " ".join((*findings, *self.impressions)).lower()
        self.words = frozenset(WORD.findall(texts))
        self._rows = NeighbourConsensus().fit(train)
        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32
        )
        self._letters = self._vectorizer.fit_transform(findings)
        stated = statements_of(findings)
        self._abnormal = _Sets([abnormal_sides(one) for one in stated])
        self._denied = _Sets([denied_names(one) for one in stated])
        self._claims = claimed_classes(self.impressions).sum(axis=1)
        self.naming_rates = naming_rates(train)
        self.weights = self._learn(train)

    def neighbours(self, findings: Sequence[str]) -> Iterator[tuple[list[str], np.ndarray]]:
        """For each findings section the impressions that vote, highest first, and votes (sum 1)."""
        for rows, features in self._voters(findings):
            votes = _softmax(features @ self.weights)
            order = np.argsort(-votes, kind="stable")
            yield [self.impressions[row] for row in rows[order]], votes[order]

    def _voters(
        self, findings: Sequence[str], left_out: Sequence[np.ndarray] | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each findings section the rows of the reports that vote, and their features [n, 5].

        ``left_out``: rows that may not vote, for each findings section.
        """
        letters = self._vectorizer.transform(findings)
        for number, (stated, cosines) in enumerate(
            zip(statements_of(findings), self._rows.cosines(findings), strict=True)
        ):
            abnormal = self._abnormal.f1(abnormal_sides(stated))
            score = FIRST_WEIGHTS[0] * cosines.astype(float) + FIRST_WEIGHTS[2] * abnormal
            if left_out is not None:
                score[left_out[number]] = -np.inf
            rows = nearest(score, VOTERS)
            rows = rows[np.isfinite(score[rows])]
            features = [
                cosines[rows],
                (self._letters[rows] @ letters[number].T).toarray()[:, 0],
                abnormal[rows],
                self._denied.f1(denied_names(stated))[rows],
                self._claims[rows],
            ]
            yield rows, np.stack(features, axis=1).astype(float)

    def _learn(self, train: Sequence[Report]) -> np.ndarray:
        from scipy.optimize import minimize

        step = -(-len(train) // LEARNING_REPORTS)
        chosen = range(0, len(train), step)
        patients = np.array([report.patient for report in train])
        left_out = [
            np.flatnonzero(patients == patients[row]) if patients[row] else np.array([row])
            for row in chosen
        ]
        examples = []
        voters = self._voters([train[row].findings for row in chosen], left_out)
        for row, (others, features) in zip(chosen, voters, strict=True):
            own = self.impressions[row]
            alike = [mean_rouge(own, self.impressions[other]) / 100 for other in others]
            if len(others) > 1:
                examples.append((features, np.array(alike) / LIKENESS))
        if not examples:
            return FIRST_WEIGHTS.copy()
        spread = np.concatenate([features for features, _ in examples]).std(axis=0)
        spread[spread == 0] = 1.0

        def loss(scaled: np.ndarray) -> tuple[float, np.ndarray]:
            total, gradient = 0.0, np.zeros_like(scaled)
            for features, alike in examples:
                scores = features @ (scaled / spread)
                total += _log_sum_exp(scores) - _log_sum_exp(scores + alike)
                gradient += (_softmax(scores) - _softmax(scores + alike)) @ features / spread
            mean = total / len(examples) * LIKENESS + RIDGE * (scaled**2).sum()
            return mean, gradient / len(examples) * LIKENESS + 2 * RIDGE * scaled

        start = FIRST_WEIGHTS * spread
        return minimize(loss, start, jac=True, method="L-BFGS-B").x / spread


class _Sets:
    """Sets of names, one per row, to be compared with others."""

    def __init__(self, sets: Sequence[frozenset[object]]) -> None:
        self._columns = {name: i for i, name in enumerate(frozenset().union(*sets))}
        self._rows = np.zeros((len(sets), len(self._columns)), np.float32)
        for row, names in enumerate(sets):
            self._rows[row, [self._columns[name] for name in names]] = 1
        self._sizes = self._rows.sum(axis=1)

    def f1(self, names: frozenset[object]) -> np.ndarray:
        """Of each row's set with ``names``, [n]; 1 where both are empty."""
        known = [self._columns[name] for name in names if name in self._columns]
        shared = self._rows[:, known].sum(axis=1)
        total = self._sizes + len(names)
        return np.where(total > 0, 2 * shared / np.maximum(total, 1), 1.0)


def _log_sum_exp(scores: np.ndarray) -> float:
    highest = scores.max()
    return float(highest + np.log(np.exp(scores - highest).sum()))


def _softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()
