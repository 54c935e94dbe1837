"""Abbreviations in context: the sense of each is chosen by the words around it.

The table ``abbreviations.tsv`` has a line for each sense, the usual one first: term, expansion,
and two regular expressions for the context. ``near`` matches words beside the term (which it
writes as ``_``), ``far`` words anywhere in the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from graphsum.tasks.task import Answer, Request, first_line, words_of
from preprocessing.errors import InputError
from preprocessing.files import read_text
from preprocessing.text.sentences import sentence_spans

SHIPPED = Path(__file__).with_name("abbreviations.tsv")
_NEAR_WEIGHT = 3
_FAR_AT_MOST = 4
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
)
_REGIONS = {"C": ("cervical", 8), "T": ("thoracic", 12), "L": ("lumbar", 5), "S": ("sacral", 5)}
_LEVEL = re.compile(r"([CTLS])-?(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Sense:
    """A meaning of a term, and the patterns of the contexts in which it has that meaning."""

    expansion: str
    near: re.Pattern[str] | None = None
    far: re.Pattern[str] | None = None


@lru_cache(maxsize=4)
def load_abbreviations(path: Path = SHIPPED) -> dict[str, tuple[Sense, ...]]:
    """The senses of each term as written in the table.

    Raises:
        InputError: a line has too few or too many columns, a pattern that cannot be read, or a
            sense that its term has already.
    """
    known: dict[str, tuple[Sense, ...]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{path}, line {number}"
        cells = [cell.strip() for cell in line.split("\t")]
        if not 2 <= len(cells) <= 4 or not all(cells[:2]):
            raise InputError(f"{where}: term, expansion, near and far are expected, between tabs")
        term, expansion, near, far = (*cells, "", "")[:4]
        if any(sense.expansion == expansion for sense in known.get(term, ())):
            raise InputError(f"{where}: the term has this sense already")
        try:
            sense = Sense(expansion, *(re.compile(one) if one else None for one in (near, far)))
        except re.error as error:
            raise InputError(f"{where}: a pattern cannot be read ({error.msg})") from None
        known[term] = (*known.get(term, ()), sense)
    return known


def senses_of(term: str) -> tuple[Sense, ...]:
    """The senses of a term: as written, then in any case, without dots, and in the singular."""
    known = load_abbreviations()
    folded = _folded()
    plain = term.strip().strip("()[]\"',;:")
    forms = (plain, plain.replace(".", ""), plain.removesuffix("'s").removesuffix("s"))
    for form in forms:
        if form in known:
            return known[form]
    for form in forms:
        if form.lower() in folded:
            return folded[form.lower()]
    if match := _LEVEL.fullmatch(plain.upper()):
        region, count = _REGIONS[match[1]]
        if 1 <= int(match[2]) <= count:
            return (Sense(f"{_ORDINALS[int(match[2]) - 1]} {region} vertebra"),)
    return ()


@lru_cache(maxsize=1)
def _folded() -> dict[str, tuple[Sense, ...]]:
    result: dict[str, tuple[Sense, ...]] = {}
    for term, senses in load_abbreviations().items():
        result.setdefault(term.lower(), senses)
    return result


def expand(term: str, text: str) -> str:
    """The expansion of a term in a text, or an empty string for a term that is not known."""
    senses = senses_of(term)
    if len(senses) < 2:
        return senses[0].expansion if senses else ""
    marked = _marked(term, text)
    scores = [_fit(sense, marked) for sense in senses]
    return senses[scores.index(max(scores))].expansion


def _marked(term: str, text: str) -> str:
    """The text in lower case with "_" in place of the term."""
    term = term.strip()
    pattern = rf"(?<![^\W_]){re.escape(term)}(?![^\W_])"
    marked, count = re.subn(pattern, "\0", text)
    if not count:
        marked = re.sub(pattern, "\0", text, flags=re.IGNORECASE)
    return " ".join(marked.replace("_", " ").replace("\0", "_").lower().split())


def _fit(sense: Sense, marked: str) -> int:
    near = len({match[0] for match in sense.near.finditer(marked)}) if sense.near else 0
    far = len({match[0] for match in sense.far.finditer(marked)}) if sense.far else 0
    return _NEAR_WEIGHT * min(near, 2) + min(far, _FAR_AT_MOST)


class Abbreviations:
    """The meaning of an abbreviation in the text where it stands."""

    name = "abbreviations"
    needs = "term"

    def prompt(self, request: Request) -> str:
        """The instruction for a language model."""
        return (
            f"What does {request.term!r} stand for in this radiology text? Answer with the "
            f"expansion alone.\n\n{request.text}"
        )

    def target(self, answer: str) -> str:
        """The expansion alone."""
        return answer

    def clean(self, output: str) -> str:
        """The first line without a full stop."""
        return first_line(output).rstrip(".")

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """Whether an output is one of the right expansions."""
        return [
            float(words_of(self.clean(output)) in {words_of(one) for one in right})
            for output, right in zip(outputs, references, strict=True)
        ]

    def baseline(self, request: Request) -> Answer:
        """The sense of the table that fits the context best; it says so where there is none."""
        expansion = expand(request.term, request.text)
        if not expansion:
            return Answer("Not known: the table of abbreviations does not have this term.")
        pattern = re.compile(rf"(?<![^\W_]){re.escape(request.term.strip())}(?![^\W_])")
        spans = sentence_spans(request.text)
        cited = (request.text[start:end] for start, end in spans)
        return Answer(expansion, tuple(one for one in cited if pattern.search(one))[:1])
