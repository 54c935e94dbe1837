"""Which words may stand side by side: the pairs of words in the texts that a model learnt from.

A model that is unsure writes pairs that nobody writes ("apical pacemaker", "reside indicate"). Only
pairs of words that each occur in many training reports are kept, as hashes: no rare word, such as a
name, can be asked for.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError
from preprocessing.files import json_text, read_json, write_text_atomically
from preprocessing.records import Report

WORD_PAIRS_FILE = "word_pairs.json"
MIN_REPORTS = 20  # that a word occurs in
MOST_PAIRS = 2_000_000
_PART = re.compile(r"[.;:!?](?:\s|$)|\n")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")


class WordPairs:
    """A set of pairs of lower-case words, by the CRC-32 of the two with a blank between."""

    def __init__(self, hashes: Iterable[int]) -> None:
        self._hashes = frozenset(hashes)

    def __len__(self) -> int:
        return len(self._hashes)

    @classmethod
    def of(cls, reports: Sequence[Report], min_reports: int = MIN_REPORTS) -> "WordPairs":
        """The pairs in findings and impressions whose words occur in ``min_reports`` reports."""
        counts: Counter[str] = Counter()
        pairs: set[tuple[str, str]] = set()
        for report in reports:
            text = f"{report.findings}\n{report.impression}"
            counts.update(set(_WORD.findall(text.lower())))
            pairs.update(_pairs(text))
        kept = (one for one in pairs if min(counts[word] for word in one) >= min_reports)
        return cls(map(_hash, kept))

    def knows(self, sentence: str, findings: str) -> bool:
        """Whether each pair of a sentence is known, or stands in the findings."""
        new = set(_pairs(sentence)) - set(_pairs(findings))
        return self._hashes.issuperset(map(_hash, new))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write them into a checkpoint."""
        value = {"min_reports": MIN_REPORTS, "pairs": sorted(self._hashes)}
        write_text_atomically(Path(folder) / WORD_PAIRS_FILE, [json_text(value)])

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "WordPairs | None":
        """Those of a checkpoint, or None where it has none.

        Raises:
            InputError: the file is there but cannot be used.
        """
        path = Path(folder) / WORD_PAIRS_FILE
        if not path.is_file():
            return None
        value: Any = read_json(path)
        pairs = value.get("pairs") if isinstance(value, dict) else None
        if (
            not isinstance(pairs, list)
            or len(pairs) > MOST_PAIRS
            or not all(type(one) is int and 0 <= one < 2**32 for one in pairs)
        ):
            raise InputError(f"{path}: no list of hashes under 'pairs'; delete the file")
        return cls(pairs)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in _PART.split(text.lower()):
        words = _WORD.findall(part)
        yield from zip(words, words[1:], strict=False)


def _hash(pair: tuple[str, str]) -> int:
    return zlib.crc32(" ".join(pair).encode())
