"""The statements of all texts that are scored, read once for every metric that needs them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from preprocessing.annotation import shared_annotator
from preprocessing.facts.comparison import statements_of
from preprocessing.facts.ontology import on_change
from preprocessing.facts.statements import Statement


def read_once(texts: Iterable[str]) -> Mapping[str, tuple[Statement, ...]]:
    """The statements of each text, read by ``builtin`` whatever a system was trained with.

    The last set of texts is remembered: metrics that score the same systems and reports one after
    the other annotate nothing twice.
    """
    return _read(frozenset(texts))


def reader_version() -> str:
    """The annotator that reads, and its version."""
    annotator = shared_annotator("builtin", None)
    return f"{annotator.name} {annotator.version}"


@lru_cache(maxsize=1)
def _read(texts: frozenset[str]) -> Mapping[str, tuple[Statement, ...]]:
    ordered = sorted(texts)
    return dict(zip(ordered, statements_of(ordered), strict=True))


on_change(_read.cache_clear)
