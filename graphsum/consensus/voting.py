"""Consensus decoding: of many possible impressions the one that the others agree with.

Minimum Bayes risk (Kumar & Byrne, NAACL 2004; sampled as in Eikema & Aziz, COLING 2020) under a
utility that counts what is said besides ROUGE. ROUGE alone buys its gain with silence: most
impressions are templates, so the one nearest to all of them names nothing.

Impressions of similar training reports vote beside the model's samples. They come from the corpus
at hand and are never stored with a model. Nothing here imports torch.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from graphsum.consensus.candidates import (
    has_strange_word,
    invents_words,
    own_sentences,
    repeats_itself,
    with_own_sentences,
)
from graphsum.consensus.neighbours import (
    NAMES,
    WORD,
    TrainingEvidence,
    claimed_classes,
    rates_for,
)
from graphsum.consensus.settings import ConsensusSettings
from graphsum.metrics.rouge import mean_rouge
from preprocessing.facts.comparison import (
    compare_statements,
    is_actionable,
    is_acute,
    may_matter,
    statements_of,
    tells,
)
from preprocessing.facts.statements import Statement

REPORTED_SHARE = 0.5  # share of the votes that must report a statement, or it is quoted
SHORT = 3  # letters; shorter words are abbreviations of any kind
NEW_WORDS = 3  # that training hardly had: a sentence with so many is new to the model
OMISSION_PENALTY = 1e3  # for each actionable finding left out: more than any utility
FAULT_PENALTY = 1e6  # more than any other difference: a faulty candidate is the last choice


def consensus_impressions(
    findings: Sequence[str],
    samples: Sequence[Sequence[str]],
    settings: ConsensusSettings,
    *,
    train: TrainingEvidence | None = None,
    is_word: Callable[[str], bool] | None = None,
) -> list[str]:
    """The impression of each report that samples and like training reports agree with most.

    Candidates are the samples, the neighbours' impressions and what :func:`with_own_sentences`
    makes of the best of them. The candidate c with the highest

        sum_r vote(r) ROUGE(c, r) + observation_weight x sum_o (p(o) - observation_threshold)
            - left_out_weight x acute(c) - ``OMISSION_PENALTY`` x omissions(c)
            - ``FAULT_PENALTY`` x faulty(c)

    is chosen; of equals the earlier one, the samples first.

    * o runs over the observations that c claims (13 classes). p(o) is the mean of the share of
      samples that name o and, where they are known, of the neighbours' share and of the rate at
      which training impressions name it (:func:`graphsum.consensus.neighbours.naming_rates`).
      Claiming what is more probable than F*/2 maximises a micro-averaged F1 whose best value is F*
      (Lipton et al., ECML 2014).
    * acute(c) is the number of acute abnormalities of the findings that c leaves out.
    * omissions(c) is the number of statements and quotations that must be reported
      (:func:`_must_report`) and that c leaves out.
    * faulty(c) is 1 where the findings do not bear out a statement of c
      (:func:`graphsum.metrics.consistency.check_impression`), or where c has a strange word
      (:func:`has_strange_word`). Samples that repeat themselves (:func:`repeats_itself`) or have a
      word that does not exist (:func:`invents_words`) are left out; where there is no other
      sample, they stay and are faulty. Nothing is made of faulty candidates.

    Args:
        samples: of each report, from any number of models.
        is_word: whether a lower-case word exists, beside those of findings and training reports;
            None: all do.
    """
    if is_word is not None:
        is_word = cache(is_word)
    claims = _Claims()
    neighbours: Iterable[tuple[list[str], np.ndarray]] = [([], np.zeros(0))] * len(findings)
    if train is not None:
        neighbours = train.neighbours(findings)
    pools = [
        _Candidates.of(text, statements, drawn, voters, settings, train, is_word, claims)
        for text, statements, drawn, voters in zip(
            findings, statements_of(findings), samples, neighbours, strict=True
        )
    ]
    stated = _read(text for pool in pools for text in pool.texts)
    must_report = [_must_report(pool, stated, is_word) for pool in pools]
    texts_of_pools = [pool.texts for pool in pools]
    utilities = _utilities(pools, must_report, texts_of_pools, stated, claims, settings)
    added = []
    for pool, required, utility in zip(pools, must_report, utilities, strict=True):
        # "No acute disease" must not follow an effusion that it would deny by itself.
        sound = [
            row for row in np.argsort(-utility, kind="stable") if utility[row] > -FAULT_PENALTY / 2
        ]
        best_first = [pool.texts[row] for row in sound]
        added.append(list(with_own_sentences(pool.findings, best_first, required.quotes)))
    stated |= _read(text for texts in added for text in texts)
    of_added = _utilities(pools, must_report, added, stated, claims, settings)
    chosen = []
    for pool, new, *parts in zip(pools, added, utilities, of_added, strict=True):
        chosen.append([*pool.texts, *new][int(np.argmax(np.concatenate(parts)))])
    return chosen


def _read(texts: Iterable[str]) -> dict[str, tuple[Statement, ...]]:
    """The statements of each distinct text."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, statements_of(distinct), strict=True))


class _Claims:
    """As :func:`claimed_classes`, with equal texts read once."""

    def __init__(self) -> None:
        self._known: dict[str, np.ndarray] = {}

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Which of ``NAMES`` each text claims: 0 or 1, float64 [n, 13]."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, claimed_classes(new), strict=True))
        return np.array([self._known[text] for text in texts]).reshape(len(texts), len(NAMES))


@dataclass(frozen=True, slots=True)
class _MustReport:
    """What an impression must report: actionable statements, and sentences to be quoted."""

    statements: list[Statement]
    quotes: list[str]

    def omissions_of(self, text: str, stated: Sequence[Statement]) -> int:
        return sum(not tells(stated, one) for one in self.statements) + sum(
            sentence not in text for sentence in self.quotes
        )


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The texts that vote on one report, n distinct ones, with shares that sum to 1.

    ``pays``: what it is worth to claim each of ``NAMES``. ``flawed``: the samples, if none of them
    is without repetition and invented words.
    """

    findings: str
    statements: tuple[Statement, ...]
    texts: list[str]
    votes: np.ndarray
    pays: np.ndarray
    flawed: frozenset[str]

    @classmethod
    def of(
        cls,
        findings: str,
        statements: tuple[Statement, ...],
        samples: Sequence[str],
        neighbours: tuple[list[str], np.ndarray],
        settings: ConsensusSettings,
        train: TrainingEvidence | None,
        is_word: Callable[[str], bool] | None,
        claims: _Claims,
    ) -> "_Candidates":
        known: Container[str] = () if train is None else train.words
        sound = {
            text
            for text in set(samples)
            if not repeats_itself(text)
            and not (is_word and invents_words(text, findings, known, is_word))
        }
        own = [text for text in samples if text in sound]
        flawed = frozenset() if own else frozenset(samples)
        own = own or list(samples)
        others, weights = neighbours
        texts = list(dict.fromkeys([*own, *others]))
        place = {text: row for row, text in enumerate(texts)}
        votes = np.zeros((2, len(texts)))  # of samples and of neighbours
        for text in own:
            votes[0, place[text]] += 1 / len(own)
        for text, weight in zip(others, weights, strict=True):
            votes[1, place[text]] += weight
        named = votes @ claims.of(texts)
        rates = settings.naming_rates if train is None else train.naming_rates
        opinions = [named[0]]
        if train is not None:
            opinions.append(named[1])
        if rates is not None:
            opinions.append(rates_for(findings, rates))
        probability = np.mean(opinions, axis=0)
        share = 0.0 if train is None else settings.neighbour_weight
        return cls(
            findings,
            statements,
            texts,
            (1 - share) * votes[0] + share * votes[1],
            settings.observation_weight * (probability - settings.observation_threshold),
            flawed,
        )


def _must_report(
    pool: _Candidates,
    stated: Mapping[str, Sequence[Statement]],
    is_word: Callable[[str], bool] | None,
) -> _MustReport:
    """The statements that are actionable, or in a sentence that is new to the model.

    A sentence is new with ``NEW_WORDS`` words that do not exist for the model. It is quoted where
    fewer than ``REPORTED_SHARE`` of the votes report all such statements of it.
    """

    def reported(one: Statement) -> bool:
        return bool(
            pool.votes @ [tells(stated[text], one) for text in pool.texts] >= REPORTED_SHARE
        )

    statements, quotes = [], []
    for start, end, sentence in own_sentences(pool.findings):
        inside = [one for one in pool.statements if start <= one.start < end]
        required = [one for one in inside if is_actionable(one)]
        if not required and is_word is not None:
            words = {word for word in WORD.findall(sentence.lower()) if len(word) >= SHORT}
            if sum(not is_word(word) for word in words) >= NEW_WORDS:
                required = [one for one in inside if may_matter(one)]
        if all(map(reported, required)):
            statements += required
        else:
            quotes.append(sentence)
    return _MustReport(statements, list(dict.fromkeys(quotes)))


def _utilities(
    pools: Sequence[_Candidates],
    must_report: Sequence[_MustReport],
    candidates: Sequence[Sequence[str]],
    stated: Mapping[str, tuple[Statement, ...]],
    claims: _Claims,
    settings: ConsensusSettings,
) -> list[np.ndarray]:
    """The utility of each report's candidates, less ``FAULT_PENALTY`` for faulty ones."""
    found = []
    for pool, required, texts in zip(pools, must_report, candidates, strict=True):
        utility = claims.of(texts) @ pool.pays
        for row, text in enumerate(texts):
            alike = [mean_rouge(text, other) / 100 for other in pool.texts]
            utility[row] += pool.votes @ alike
            checked = compare_statements(stated[text], pool.statements, pool.findings)
            utility[row] -= settings.left_out_weight * sum(map(is_acute, checked.left_out))
            utility[row] -= OMISSION_PENALTY * required.omissions_of(text, stated[text])
            strange = text in pool.flawed or has_strange_word(text, pool.findings)
            if checked.wrong or strange:
                utility[row] -= FAULT_PENALTY
        found.append(utility)
    return found
