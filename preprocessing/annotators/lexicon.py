"""The word list that decides which label an entity word usually carries."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from preprocessing.records import ENTITY_LABELS


@lru_cache(maxsize=1)
def load_lexicon() -> Mapping[str, str]:
    """Lower-cased word -> entity label, of ``lexicon.txt``; the first label of a word counts."""
    labels: dict[str, str] = {}
    text = resources.files("preprocessing.annotators").joinpath("lexicon.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        label, _, words = line.partition(":")
        if label not in ENTITY_LABELS:
            raise ValueError(f"lexicon.txt: unknown label {label!r}")
        for word in words.split():
            labels.setdefault(word, label)
    return labels
