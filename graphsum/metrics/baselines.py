"""The two rows that every system must be read beside: a constant, and nearest neighbours.

Neither looks at what is wrong with the patient, and both come close to published systems on
ROUGE, because impressions repeat.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from graphsum.metrics.rouge import pairwise_mean_rouge
from preprocessing.errors import InputError
from preprocessing.records import Report

CONSTANT_IMPRESSION = "No acute cardiopulmonary abnormality."

N_NEIGHBOURS = 30
SHARPNESS = 8.0
# Cosines held at once: 64 MB in float32, whatever the size of the training part.
_CHUNK_ELEMENTS = 2**24


class NeighbourConsensus:
    """Answers with an impression of similar training reports; nothing is learnt.

    Findings are lower-cased TF-IDF vectors over uni- and bigrams (sublinear term frequency). The
    ``N_NEIGHBOURS`` nearest training reports (ties: the earlier one) vote with the weight
    exp(``SHARPNESS`` x cosine); the answer is the impression among theirs with the highest expected
    mean of ROUGE-1/2/L, itself included (minimum Bayes risk, Kumar & Byrne 2004; ties: the nearer).
    """

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)

    def fit(self, train: Sequence[Report]) -> "NeighbourConsensus":
        """Index the training reports; raises :class:`InputError` when none of them has words."""
        self.impressions = [report.impression for report in train]
        try:
            vectors = self._vectorizer.fit_transform(report.findings for report in train)
        except ValueError:
            raise InputError(
                f"neighbour row: none of the {len(train)} training reports has words in its "
                "findings; give a corpus with a training part"
            ) from None
        self._train = vectors.T.tocsr()
        return self

    def predict(self, findings: Sequence[str]) -> list[str]:
        """One impression of the training part for each findings section."""
        answers = []
        for cosines in self.cosines(findings):
            neighbours = nearest(cosines, N_NEIGHBOURS)
            weights = np.exp(SHARPNESS * cosines[neighbours].astype(np.float64))
            answers.append(consensus([self.impressions[i] for i in neighbours], weights))
        return answers

    def cosines(self, findings: Sequence[str]) -> Iterator[np.ndarray]:
        """For each findings section its cosine with every training report's, float32 [n]."""
        if not findings:
            return
        queries = self._vectorizer.transform(findings)
        rows = max(1, _CHUNK_ELEMENTS // len(self.impressions))
        for start in range(0, len(findings), rows):
            yield from (queries[start : start + rows] @ self._train).toarray()


def consensus(candidates: Sequence[str], weights: np.ndarray) -> str:
    """The candidate with the highest expected mean of ROUGE-1/2/L under the weights [n].

    Ties go to the earlier candidate. Equal candidates are scored once and add up their weights.
    """
    merged: dict[str, float] = {}
    for candidate, weight in zip(candidates, weights, strict=True):
        merged[candidate] = merged.get(candidate, 0.0) + float(weight)
    texts = list(merged)
    expected = pairwise_mean_rouge(texts) @ np.array(list(merged.values()))
    return texts[int(np.argmax(expected))]


def nearest(cosines: np.ndarray, n: int) -> np.ndarray:
    """Positions of the ``n`` highest cosines, highest first, ties by position."""
    if len(cosines) > n:
        # All positions that reach the n-th highest value: a plain partition would cut through ties.
        threshold = np.partition(cosines, len(cosines) - n)[len(cosines) - n]
        positions = np.flatnonzero(cosines >= threshold)
    else:
        positions = np.arange(len(cosines))
    return positions[np.argsort(-cosines[positions], kind="stable")][:n]
