"""Sentences: the unit that every backend parses, and how they join into a report."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from preprocessing.records import AnnotatedReport, Entity

# As in UD English and in stanza's MIMIC models: hyphens and slashes split words, "cannot" and
# "n't" are two words. Numbers ("1.5", "10:30"), abbreviations and "___" stay whole.
_WORD = re.compile(
    r"""
      (?:[A-Za-z]\.){2,}                # a.m.
    | (?:Dr|Mr|Mrs|Ms|vs|approx)\.(?=\s)
    | \d+(?:[.,:/]\d+)+                 # 1.5  10:30  1/2
    | [Cc]an(?=not\b) | (?<=[Cc]an)not\b
    | \w+(?=n['’]t\b) | n['’]t\b
    | ['’][sS]\b
    | \w+
    | \.\.\.+ | --+
    | [^\w\s]
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ENDS = frozenset(".?!")


class ParsedSentence(NamedTuple):
    """One sentence: ``heads`` and entity spans count from the sentence's first word."""

    words: tuple[str, ...]
    heads: tuple[int, ...]
    deprels: tuple[str, ...]
    entities: tuple[Entity, ...]


def clean_text(text: str) -> str:
    """The text with a space in place of each control character and lone surrogate."""
    return _CONTROL.sub(" ", text)


def split_words(text: str) -> list[str]:
    """The words and punctuation signs of a text, in order; control characters count as spaces."""
    return _WORD.findall(clean_text(text))


def split_sentences(words: Iterable[str]) -> list[list[str]]:
    """Group words into sentences, each ending with its ``.``, ``?`` or ``!``."""
    sentences: list[list[str]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if word[-1:] in _ENDS and set(word) <= _ENDS:
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def sentences_of(findings: str | Sequence[Sequence[str]]) -> list[list[str]]:
    """Findings as sentences of words; sentences that came split are kept, empty ones dropped."""
    if isinstance(findings, str):
        return split_sentences(split_words(findings))
    return [list(sentence) for sentence in findings if sentence]


def single_root(heads: Sequence[int], deprels: Sequence[str]) -> tuple[list[int], list[str]]:
    """The tree with one root: every later root hangs on the first one as ``parataxis``.

    ``heads`` is -1 at roots. Greedy parsers may leave several.
    """
    heads, deprels = list(heads), list(deprels)
    roots = [word for word, head in enumerate(heads) if head < 0]
    for word in roots[1:]:
        heads[word], deprels[word] = roots[0], "parataxis"
    for word in roots[:1]:
        deprels[word] = "root"
    return heads, deprels


def join_sentences(uid: str, sentences: Iterable[ParsedSentence]) -> AnnotatedReport:
    """One report of all its sentences; positions shift to count over the whole report."""
    words: list[str] = []
    starts: list[int] = []
    heads: list[int] = []
    deprels: list[str] = []
    entities: list[Entity] = []
    for sentence in sentences:
        offset = len(words)
        starts.append(offset)
        words.extend(sentence.words)
        heads.extend(head if head < 0 else head + offset for head in sentence.heads)
        deprels.extend(sentence.deprels)
        entities.extend(
            entity._replace(start=entity.start + offset, end=entity.end + offset)
            for entity in sentence.entities
        )
    return AnnotatedReport(
        uid, tuple(words), tuple(starts), tuple(heads), tuple(deprels), tuple(entities)
    )
