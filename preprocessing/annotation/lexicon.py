"""The word list that decides which label an entity word usually carries."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from preprocessing.records import ENTITY_LABELS


@lru_cache(maxsize=1)
def load_lexicon() -> Mapping[str, str]:
    """Lower-cased word -> entity label, of ``lexicon.txt``; the first label of a word counts."""
    labels: dict[str, str] = {}
    text = resources.files("preprocessing.annotation").joinpath("lexicon.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        label, _, words = line.partition(":")
        if label not in ENTITY_LABELS:
            raise ValueError(f"lexicon.txt: unknown label {label!r}")
        for word in words.split():
            labels.setdefault(word, label)
    return labels


def is_uncertainty(word: str) -> bool:
    """Whether the word expresses uncertainty ("may", "possible")."""
    return load_lexicon().get(word.lower()) == "UNCERTAINTY"


def label_of(word: str) -> str:
    """The entity label of a word that is known to be part of an entity.

    Words outside the lexicon are judged by form: adverbs, participles and adjectives modify an
    observation, "t7" is a level of the spine, the rest are observations.
    """
    word = word.lower()
    label = load_lexicon().get(word, "UNCERTAINTY")
    if label != "UNCERTAINTY":
        return label
    if re.fullmatch(r"[clt]\d+|\d+(st|nd|rd|th)", word):
        return "ANATOMY_MODIFIER"
    if re.fullmatch(r"[\d./-]+|.*(ly|ous|ive|ed|ing|al|ic|able|less|est|er)", word):
        return "OBSERVATION_MODIFIER"
    return "OBSERVATION"
