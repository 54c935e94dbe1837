"""The lay glossary: plain words for technical ones; data in ``glossary.tsv``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from preprocessing.errors import InputError
from preprocessing.files import read_text

SHIPPED = Path(__file__).with_name("glossary.tsv")
Kind = Literal["finding", "part", "device", "test", "phrase"]
_SLOT = re.compile(r"\[([^\[\]]*\{d\}[^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the glossary."""

    kind: Kind
    pattern: re.Pattern[str]
    plain: str

    def words(self, match: re.Match[str], degree: str = "") -> str:
        """The plain words for a match; those in brackets only with a degree."""
        text = _SLOT.sub(lambda slot: slot[1].replace("{d}", degree) if degree else "", self.plain)
        return match.expand(text)


@dataclass(frozen=True, slots=True)
class Term:
    """An entry that matches characters ``start`` to ``end`` of a plain text."""

    entry: Entry
    match: re.Match[str]

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.match.start()

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.match.end()


@lru_cache(maxsize=4)
def load_glossary(path: Path = SHIPPED) -> tuple[Entry, ...]:
    """The entries in order.

    Raises:
        InputError: a line has not three columns, an unknown kind, or a damaged pattern.
    """
    entries = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 3 or cells[0] not in get_args(Kind):
            kinds = ", ".join(get_args(Kind))
            raise InputError(f"{path}, line {number}: kind ({kinds}), pattern and plain words")
        try:
            pattern = re.compile(rf"(?<![\w-])(?:{cells[1]})(?![\w])")
        except re.error as error:
            raise InputError(f"{path}, line {number}: damaged pattern ({error.msg})") from None
        entries.append(Entry(cells[0], pattern, cells[2]))  # type: ignore[arg-type]
    return tuple(entries)


def find_terms(text: str) -> Iterator[Term]:
    """The terms of a plain text in order, the longest at each place; they do not overlap."""
    found = [Term(entry, m) for entry in load_glossary() for m in entry.pattern.finditer(text)]
    found = [one for one in found if one.start < one.end]
    done = 0
    for term in sorted(found, key=lambda one: (one.start, -one.end)):
        if term.start >= done:
            yield term
            done = term.end
