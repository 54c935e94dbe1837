"""Hundreds of alternatives as one expression that tries only those that can begin where it is.

``re`` tries every alternative at every place. Here the first letters that each can begin with are
taken from its parse, and a place tries those that fit what stands there, in their order: what is
found is the same, several times as fast.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import groupby
from typing import Any

try:
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as parser

_LETTERS = 3  # that are looked at
_LONG = 60  # characters of a pattern that is compiled by itself, and so once only
_MOST_KNOWN = 50_000  # groups of letters of which is kept what can begin with them
_SPACES = "".join(one for one in map(chr, range(0x3001)) if one.isspace())
_UNKNOWN = chr(0x10FFFF)  # stands for any letter; no text has it
_MOST = 10_000  # beginnings of one alternative; of one with more, fewer letters are looked at
# What an alternative can begin with: the letters, and whether nothing is known of those behind.
_Head = tuple[str, bool]
_ANYTHING: frozenset[_Head] = frozenset({("", True)})
_NOTHING: frozenset[_Head] = frozenset({("", False)})


class Alternatives:
    """Named alternatives, searched for from left to right.

    Args:
        parts: name -> pattern, in order of preference. The patterns hold no named groups and no
            references to groups.
        start: an expression of one character that must match where an alternative begins.
        behind: what must stand behind one.
    """

    def __init__(self, parts: Mapping[str, str], *, start: str, behind: str = "") -> None:
        self._patterns = [(name, one) for name, pattern in parts.items() for one in _split(pattern)]
        self._start = re.compile(start)
        self._behind = behind
        # Letters -> expressions of what can begin with them, tried in order.
        self._known: dict[str, list[re.Pattern[str]]] = {}
        self._compiled: dict[tuple[int, ...], re.Pattern[str]] = {}

    def finditer(
        self, text: str, start: int = 0, end: int | None = None
    ) -> Iterator[re.Match[str]]:
        """The matches in ``text[start:end]``; the name of each is its ``lastgroup``."""
        end = len(text) if end is None else end
        done, known = start, self._known
        for begin in self._start.finditer(text, start, end):
            place = begin.start()
            if place < done:
                continue
            letters = text[place : place + _LETTERS]
            try:
                expressions = known[letters]
            except KeyError:
                if len(known) >= _MOST_KNOWN:
                    known.clear()
                expressions = known[letters] = self._beginning_with(letters)
            for expression in expressions:
                if match := expression.match(text, place, end):
                    yield match
                    done = max(match.end(), place + 1)
                    break

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """Beginning -> the patterns that have it."""
        rows: dict[str, list[int]] = {}
        for row, (_, pattern) in enumerate(self._patterns):
            for head in {letters for letters, _ in _heads_of(pattern)}:
                rows.setdefault(head, []).append(row)
        return rows

    def _beginning_with(self, letters: str) -> list[re.Pattern[str]]:
        """The alternatives that can begin with these letters."""
        heads = [letters[:count] for count in range(len(letters) + 1)]
        if len(letters) < _LETTERS:  # at the end of the text
            heads += [head for head in self._rows if head.startswith(letters)]
        rows = sorted({row for head in heads for row in self._rows.get(head, ())})
        runs = groupby(rows, key=lambda row: row if len(self._patterns[row][1]) > _LONG else -1)
        return [self._compile(tuple(run)) for _, run in runs]

    def _compile(self, rows: tuple[int, ...]) -> re.Pattern[str]:
        """Several patterns as one expression."""
        if rows not in self._compiled:
            groups: dict[str, list[str]] = {}
            for name, pattern in (self._patterns[row] for row in rows):
                groups.setdefault(name, []).append(pattern)
            joined = "|".join(f"(?P<{name}>{'|'.join(found)})" for name, found in groups.items())
            self._compiled[rows] = re.compile(f"(?:{joined}){self._behind}")
        return self._compiled[rows]


def _split(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern that stand outside of every bracket."""
    depth, in_class, begin, place = 0, False, 0, 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            place += 1
        elif in_class:
            in_class = sign != "]" or pattern[place - 1] == "["
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            yield pattern[begin:place]
            begin = place + 1
        place += 1
    yield pattern[begin:]


@cache
def _heads_of(pattern: str) -> frozenset[_Head]:
    """The first letters that what a pattern matches can have, ``_LETTERS`` of them at most."""
    return _of_sequence(parser.parse(pattern), ignore_case=False)


def _of_sequence(items: Iterable[tuple[Any, Any]], *, ignore_case: bool) -> frozenset[_Head]:
    heads = _NOTHING
    for code, value in items:
        if all(_is_done(head) for head in heads):
            break
        heads = _joined(heads, _of_item(code, value, ignore_case=ignore_case))
    return heads


def _is_done(head: _Head) -> bool:
    return head[1] or len(head[0]) >= _LETTERS


def _joined(heads: frozenset[_Head], more: frozenset[_Head]) -> frozenset[_Head]:
    done = {head for head in heads if _is_done(head)}
    open_heads = heads - done
    if len(open_heads) * len(more) > _MOST:
        return frozenset(done | {(begin, True) for begin, _ in open_heads})
    return frozenset(
        done | {((a + b)[:_LETTERS], unknown) for a, _ in open_heads for b, unknown in more}
    )


def _of_item(code: Any, value: Any, *, ignore_case: bool) -> frozenset[_Head]:
    if code is codes.LITERAL:
        return _of_letters(chr(value), ignore_case)
    if code is codes.IN:
        spaces = value[:2] == [(codes.NEGATE, None), (codes.CATEGORY, codes.CATEGORY_NOT_SPACE)]
        letters = "".join(map(_letters, value[2:] if spaces else value))
        if _UNKNOWN in letters:
            return _ANYTHING
        if spaces:
            letters = "".join(one for one in _SPACES if one not in letters)
        return _of_letters(letters, ignore_case)
    if code is codes.BRANCH:
        found = [_of_sequence(one, ignore_case=ignore_case) for one in value[1]]
        return frozenset().union(*found)
    if code is codes.SUBPATTERN:
        _, added, removed, items = value
        case = (ignore_case or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
        return _of_sequence(items, ignore_case=case)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        least, most, items = value
        once = _of_sequence(items, ignore_case=ignore_case)
        heads, every = _NOTHING, set(_NOTHING if not least else ())
        for number in range(1, min(int(most), _LETTERS) + 1):
            heads = _joined(heads, once)
            if number >= min(least, _LETTERS):
                every |= heads
        return frozenset(every)
    if code in (codes.ASSERT, codes.ASSERT_NOT, codes.AT):
        return _NOTHING
    return _ANYTHING


def _letters(item: tuple[Any, Any]) -> str:
    """The letters of an item of a set, or ``_UNKNOWN``."""
    kind, value = item
    if kind is codes.LITERAL:
        return chr(value)
    if kind is codes.RANGE and value[1] - value[0] < _MOST:
        return "".join(map(chr, range(value[0], value[1] + 1)))
    return _SPACES if item == (codes.CATEGORY, codes.CATEGORY_SPACE) else _UNKNOWN


def _of_letters(letters: str, ignore_case: bool) -> frozenset[_Head]:
    if ignore_case:
        letters = letters.lower() + letters.upper()
    return frozenset((letter, False) for letter in letters)
