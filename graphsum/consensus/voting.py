"""Consensus decoding: of many possible impressions the one that the others agree with.

Minimum Bayes risk (Kumar & Byrne, NAACL 2004; sampled as in Eikema & Aziz, COLING 2020) under a
utility that counts what is said besides ROUGE. ROUGE alone buys its gain with silence: most
impressions are templates, so the one nearest to all of them names nothing.

Impressions of similar training reports vote beside the model's samples. They come from the corpus
at hand and are never stored with a model. Nothing here imports torch.
"""

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.consensus.neighbours import NAMES, WORD, TrainingEvidence, claimed_classes, rates_for
from graphsum.metrics.consistency import (
    ACTIONABLE,
    BESIDE_NORMAL,
    compare_statements,
    is_actionable,
    is_acute,
    may_matter,
    statements_of,
    tells,
)
from graphsum.metrics.observations import positive_classes
from graphsum.metrics.rouge import mean_rouge
from preprocessing.errors import InputError
from preprocessing.facts.observations import extract_mentions, statuses
from preprocessing.facts.ontology import NO_FINDING
from preprocessing.facts.statements import Statement
from preprocessing.files import write_text_atomically
from preprocessing.text.sentences import clean_text, sentence_spans, sentences_of

CONSENSUS_FILE = "consensus_config.json"
LONG_WORD = 5  # letters; shorter words may well come twice in a sentence
TOLD = 0.5  # share of the votes that tell something; what fewer tell is quoted
SHORT = 3  # letters; shorter words are abbreviations of any kind
NEW_WORDS = 3  # that training hardly had: a sentence with so many is new to the model
JOINED = 20  # candidates that a sentence of the findings is put before
THERE_IS = re.compile(r"^there (?:is|are|has been|have been) (?:an? |the )?", re.IGNORECASE)
NUMBERED = re.compile(r"\d+[.)]")  # an impression that is a numbered list
HEART_OR_LUNGS = re.compile(r"cardi|pulmon|lung|heart|thorac|respir", re.IGNORECASE)
PASSED_OVER = 1e3  # for each actionable finding left out: more than any utility
STAND_BACK = 1e6  # behind all candidates without such a fault
# Words that nobody means, unless the findings have them: a letter by itself, letters and digits in
# one word (but for sizes and ordinals), and what stands for a removed name.
STRANGE = re.compile(
    r"(?<![\w'’.-])[b-hj-z](?![\w'’-]|\.\w)"
    r"|\b(?!\d+(?:cm|mm|st|nd|rd|th)\b)(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]+\b"
    r"|\bx{3,}\b|\b__+\b|\b\d\.\s+(?=\d\.)"
)


@dataclass(frozen=True)
class ConsensusSettings:
    """How impressions are sampled and weighed.

    ``neighbour_weight``: share of the votes that training reports have, where there are any; the
    samples have the rest. ``observation_weight``: of what an impression claims beside its expected
    ROUGE (mean of three, 0 to 1); a claim pays when it is more probable than
    ``observation_threshold``. ``left_out_weight``: what it costs to leave out an acute abnormality
    that the findings assert. ``naming_rates``: those of
    :func:`graphsum.consensus.neighbours.naming_rates`, for use without training reports.
    """

    num_samples: int = 32
    temperature: float = 0.7
    neighbour_weight: float = 0.6
    observation_weight: float = 1.0
    observation_threshold: float = 0.2
    left_out_weight: float = 0.1
    naming_rates: Mapping[str, Sequence[float]] | None = None

    def __post_init__(self) -> None:
        allowed = {
            "num_samples": (1, 10_000),
            "temperature": (0.01, 10),
            "neighbour_weight": (0, 1),
            "observation_weight": (0, 10),
            "observation_threshold": (0, 1),
            "left_out_weight": (0, 10),
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
        if self.naming_rates is not None and not are_naming_rates(self.naming_rates):
            raise InputError(
                "consensus: naming_rates must give three numbers from 0 to 1 for each of "
                f"{', '.join(NAMES)}; or null"
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


def are_naming_rates(value: Any) -> bool:
    """Whether a value read from JSON has the form that consensus decoding asks for."""
    try:
        table = np.array([value[name] for name in NAMES], float)
    except (TypeError, KeyError, ValueError, IndexError):
        return False
    return table.shape == (len(NAMES), 3) and bool(((table >= 0) & (table <= 1)).all())


def consensus_impressions(
    findings: Sequence[str],
    samples: Sequence[Sequence[str]],
    settings: ConsensusSettings,
    *,
    train: TrainingEvidence | None = None,
    is_word: Callable[[str], bool] | None = None,
) -> list[str]:
    """The impression of each report that samples and like training reports agree with most.

    Samples that repeat themselves (:func:`repeats_itself`) or have a word that does not exist
    (:func:`invents_words`) are left out while there is another, and stand back while there is none.
    Candidates are the samples, the neighbours' impressions and what :func:`with_own_sentences`
    makes of the best of them. Those with a statement that the findings do not bear out
    (:func:`graphsum.metrics.consistency.check_impression`) or with a strange word
    (:func:`has_strange_word`) stand back while there is another, and nothing is made of them. Of
    the rest the one with the highest

        sum_r vote(r) ROUGE(c, r) + observation_weight x sum_o (p(o) - observation_threshold)
            - left_out_weight x acute(c) - ``PASSED_OVER`` x actionable(c)

    is chosen, o running over the observations that candidate c claims (13 classes), acute(c) being
    the number of acute abnormalities of the findings that c leaves out, actionable(c) that of the
    actionable ones among them, and of sentences that have to be quoted and are not: a sentence with
    something actionable (:func:`graphsum.metrics.consistency.is_actionable`), or with ``NEW_WORDS``
    words that do not exist for the model, is quoted where fewer than ``TOLD`` of the votes tell
    what it says. p(o) is the
    mean of the share of samples that name o and, where they are known, of the neighbours' share and
    of the rate at which training impressions name it
    (:func:`graphsum.consensus.neighbours.naming_rates`). Claiming what is more probable than F*/2
    maximises a micro-averaged F1 whose best value is F* (Lipton et al., ECML 2014). Ties: the
    earlier candidate, the samples first.

    Args:
        samples: of each report, from any number of models.
        is_word: whether a lower-case word exists, beside those of findings and training reports;
            None: all do.
    """
    if is_word is not None:
        is_word = cache(is_word)
    neighbours: Iterable[tuple[list[str], np.ndarray]] = [([], np.zeros(0))] * len(findings)
    if train is not None:
        neighbours = train.neighbours(findings)
    ballots = [
        _Ballot.of(text, statements, drawn, voters, settings, train, is_word)
        for text, statements, drawn, voters in zip(
            findings, statements_of(findings), samples, neighbours, strict=True
        )
    ]
    stated = _read(text for ballot in ballots for text in ballot.texts)
    duties = [_duties(ballot, stated, is_word) for ballot in ballots]
    utilities = _utilities(ballots, duties, [ballot.texts for ballot in ballots], stated, settings)
    added = []
    for ballot, owed, utility in zip(ballots, duties, utilities, strict=True):
        # "No acute disease" must not follow an effusion that it would deny by itself.
        sound = [
            row for row in np.argsort(-utility, kind="stable") if utility[row] > -STAND_BACK / 2
        ]
        best_first = [ballot.texts[row] for row in sound]
        added.append(list(with_own_sentences(ballot.findings, best_first, owed.quotes)))
    stated |= _read(text for texts in added for text in texts)
    chosen = []
    for ballot, new, *parts in zip(
        ballots, added, utilities, _utilities(ballots, duties, added, stated, settings), strict=True
    ):
        chosen.append([*ballot.texts, *new][int(np.argmax(np.concatenate(parts)))])
    return chosen


def _read(texts: Iterable[str]) -> dict[str, tuple[Statement, ...]]:
    """The statements of each distinct text."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, statements_of(distinct), strict=True))


@dataclass(frozen=True, slots=True)
class _Duties:
    """What an impression has to tell: actionable statements, and sentences in their own words."""

    statements: list[Statement]
    quotes: list[str]

    def neglected(self, text: str, stated: Sequence[Statement]) -> int:
        return sum(not tells(stated, one) for one in self.statements) + sum(
            sentence not in text for sentence in self.quotes
        )


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The votes on one report: n distinct texts, with a share each of the sum of 1.

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
    ) -> "_Ballot":
        known: Container[str] = () if train is None else train.words
        own = [
            text
            for text in samples
            if not repeats_itself(text)
            and not (is_word and invents_words(text, findings, known, is_word))
        ]
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
        named = votes @ claimed_classes(texts)
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


def _duties(
    ballot: _Ballot,
    stated: Mapping[str, Sequence[Statement]],
    is_word: Callable[[str], bool] | None,
) -> _Duties:
    """What is actionable, or new to the model; what fewer than half of the votes tell is quoted."""

    def told(one: Statement) -> bool:
        return bool(ballot.votes @ [tells(stated[text], one) for text in ballot.texts] >= TOLD)

    statements, quotes = [], []
    for start, end, sentence in own_sentences(ballot.findings):
        inside = [one for one in ballot.statements if start <= one.start < end]
        owed = [one for one in inside if is_actionable(one)]
        if not owed and is_word is not None:
            words = {word for word in WORD.findall(sentence.lower()) if len(word) >= SHORT}
            if sum(not is_word(word) for word in words) >= NEW_WORDS:
                owed = [one for one in inside if may_matter(one)]
        if all(map(told, owed)):
            statements += owed
        else:
            quotes.append(sentence)
    return _Duties(statements, list(dict.fromkeys(quotes)))


def _utilities(
    ballots: Sequence[_Ballot],
    duties: Sequence[_Duties],
    candidates: Sequence[Sequence[str]],
    stated: Mapping[str, tuple[Statement, ...]],
    settings: ConsensusSettings,
) -> list[np.ndarray]:
    """The utility of each report's candidates, less ``STAND_BACK`` for those that stand back."""
    distinct = list(dict.fromkeys(text for texts in candidates for text in texts))
    claims = dict(zip(distinct, claimed_classes(distinct), strict=True))
    found = []
    for ballot, owed, texts in zip(ballots, duties, candidates, strict=True):
        utility = np.zeros(len(texts))
        for row, text in enumerate(texts):
            alike = [mean_rouge(text, other) / 100 for other in ballot.texts]
            utility[row] = ballot.votes @ alike + ballot.pays @ claims[text]
            checked = compare_statements(stated[text], ballot.statements, ballot.findings)
            utility[row] -= settings.left_out_weight * sum(map(is_acute, checked.left_out))
            utility[row] -= PASSED_OVER * owed.neglected(text, stated[text])
            strange = text in ballot.flawed or has_strange_word(text, ballot.findings)
            if checked.wrong or strange:
                utility[row] -= STAND_BACK
        found.append(utility)
    return found


def with_own_sentences(
    findings: str, impressions: Sequence[str], quotes: Sequence[str] = ()
) -> Iterator[str]:
    """Sentences of the findings, for what no sample or neighbour names beside the rest.

    Each sentence that claims one of the 13 classes, alone and before each of the first ``JOINED``
    impressions that leaves one of its classes out; and ``quotes`` together, alone and before each
    of these. Impressions that are numbered lists are passed over; so are those that call the chest
    normal where a sentence tells of something actionable within it, and those that call everything
    normal ("no acute findings") where a quoted one tells of anything. Without impressions, each
    sentence alone.
    """
    plain = [text for text in impressions if not NUMBERED.match(text)][:JOINED]
    named = {text: positive_classes(text) for text in plain}
    normal = {text for text in plain if calls_normal(text)}
    wholly = {text for text in normal if calls_normal(text, wholly=True)}
    quoted = " ".join(quotes)
    sentences = [sentence for *_, sentence in own_sentences(findings)]
    for sentence in dict.fromkeys([*sentences, *filter(None, [quoted])]):
        claimed = positive_classes(sentence)
        if impressions and not claimed and sentence != quoted:
            continue
        told = statuses(sentence)
        grave = any(told.get(name, "absent") != "absent" for name in ACTIONABLE - BESIDE_NORMAL)
        denials = normal if grave else wholly if sentence == quoted else ()
        yield sentence
        for text in plain:
            if (claimed - named[text] or sentence == quoted) and text not in denials:
                yield f"{sentence} {text}"


def calls_normal(impression: str, *, wholly: bool = False) -> bool:
    """Whether it says anywhere that there is no acute disease, or that the chest is normal.

    ``wholly``: in words that name neither heart nor lungs, so that bones are normal too.
    """
    return any(
        mention.name == NO_FINDING
        and not (wholly and HEART_OR_LUNGS.search(impression, mention.start, mention.end))
        for mention in extract_mentions(impression)
    )


def own_sentences(findings: str) -> Iterator[tuple[int, int, str]]:
    """Where each sentence of the findings stands, and how an impression has it.

    Without "there is a" at its start, and with a full stop.
    """
    cleaned = clean_text(findings)
    for start, end in sentence_spans(findings):
        sentence = THERE_IS.sub("", " ".join(cleaned[start:end].split()))
        sentence = sentence[:1].upper() + sentence[1:]
        yield start, end, sentence if sentence[-1] in ".?!" else sentence + "."


def has_strange_word(impression: str, findings: str) -> bool:
    """Whether it has a word that nobody means (``STRANGE``) and that the findings do not have."""
    strange = set(STRANGE.findall(impression.lower()))
    return bool(strange - set(re.findall(r"\w+", findings.lower())))


def invents_words(
    impression: str, findings: str, known: Container[str], is_word: Callable[[str], bool]
) -> bool:
    """Whether it has a word that is neither in the findings nor known nor a word at all.

    Small models put pieces together that do not belong together ("leftffusion").
    """
    words = set(WORD.findall(impression.lower())) - set(WORD.findall(findings.lower()))
    return any(word not in known and not is_word(word) for word in words)


def repeats_itself(impression: str) -> bool:
    """Whether a sentence comes twice, or has a word of ``LONG_WORD`` letters or more twice.

    One in twelve samples of a small model does ("atelectasis or atelectasis"), of the
    radiologists' impressions in Open-i 3 %.
    """
    sentences = sentences_of(impression.lower())
    if len(set(map(tuple, sentences))) < len(sentences):
        return True
    for sentence in sentences:
        words = [word for word in sentence if len(word) >= LONG_WORD and word.isalpha()]
        if len(set(words)) < len(words):
            return True
    return False
