"""Texts to words and sentences: what every backend parses, and where they stand in the text."""

import re
from collections.abc import Iterable, Iterator, Sequence

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
# A full stop inside a number or after "vs" ends nothing; a number that counts list items does.
_UNIT_END = re.compile(
    r"(?<!\bvs)(?<!\bdr)\.(?!\d)|[!?;]|\n\s*\n|(?:^|(?<=\s))\d{1,2}[.)](?=\s)|\n\s*[-*•]"
)


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


def word_spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """The characters of each annotated word; raises ``ValueError`` for words of another text."""
    text = clean_text(text)
    spans, place = [], 0
    for word in words:
        place = text.index(word, place)
        spans.append((place, place + len(word)))
        place += len(word)
    return spans


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The characters of each sentence, split as :func:`split_sentences` does."""
    words = split_words(text)
    spans = word_spans(text, words)
    found, first = [], 0
    for sentence in split_sentences(words):
        last = first + len(sentence) - 1
        found.append((spans[first][0], spans[last][1]))
        first = last + 1
    return found


def unit_spans(text: str) -> Iterator[tuple[int, int]]:
    """The characters of each sentence or list item of a lower-cased text, without its end mark.

    The extractor of observations reads these. They differ from :func:`sentence_spans`: a semicolon,
    an empty line and a list item's mark end one too, and blank ones are among them.
    """
    start = 0
    for match in _UNIT_END.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)
