"""Texts to words and sentences: what every backend parses, and where they stand in the text."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from preprocessing.text.plain import PlainText, plain_text

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
    return [words for words, _ in sentences_with_text(findings)]


def sentences_with_text(findings: str | Sequence[Sequence[str]]) -> list[tuple[list[str], str]]:
    """The words of each sentence, and the sentence as it stands in the text.

    A sentence ends with its ``.``, ``?`` or ``!`` (see :func:`is_stop`) and at the end of its line,
    unless the line was wrapped.
    """
    if not isinstance(findings, str):
        return [(list(words), join_words(words)[0]) for words in findings if words]
    words = split_words(findings)
    spans = word_spans(findings, words)
    return [
        (words[first:last], findings[spans[first][0] : spans[last - 1][1]])
        for first, last in _sentence_ends(findings, words, spans)
    ]


def _sentence_ends(
    text: str, words: Sequence[str], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """The first word of each sentence, and the one past its last."""
    plain = join_wrapped_lines(plain_text(text))
    lines = [plain.starts[place] for place, sign in enumerate(plain.text) if sign == "\n"]
    first = 0
    for row, (word, (start, end)) in enumerate(zip(words, spans, strict=True)):
        behind = spans[row + 1][0] if row + 1 < len(words) else len(text)
        place = plain.place(start, end)[1] - 1
        stop = (
            word[-1:] in _ENDS
            and set(word) <= _ENDS
            and (plain.text[place : place + 1] not in tuple(_ENDS) or is_stop(plain, place))
        )
        broken = bool(lines) and bisect_left(lines, end) < bisect_left(lines, behind)
        if stop or broken or row + 1 == len(words):
            yield first, row + 1
            first = row + 1


def join_words(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Words as one text, and the characters of each; a hyphen or slash between two joins them."""
    text, spans = "", []
    for row, word in enumerate(words):
        inner = (row > 0 and "-" in (word, words[row - 1])) or "/" in (word, words[row - 1])
        ends = words[max(row - 1, 0)][-1:], words[min(row + 1, len(words) - 1)][:1]
        inner = inner and (word.isalnum() or all(end.isalnum() for end in ends))
        if text and not inner:
            text += " "
        spans.append((len(text), len(text) + len(word)))
        text += word
    return text, spans


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
    """The characters of each sentence, split as :func:`sentences_of` does."""
    words = split_words(text)
    spans = word_spans(text, words)
    return [
        (spans[first][0], spans[last - 1][1]) for first, last in _sentence_ends(text, words, spans)
    ]


# --- Segments: what the rules read at once ---------------------------------------------------

_BULLET = re.compile(
    r"[ ]*(?:[-*\u2022\u00b7\u2023\u25aa\u25cf\u25e6\u2219>]+[ ]*(?=[^\d\s.-]|\d+(?:st|nd|rd|th"
    r"|[ -])|$)"
    r"|\(?\d{1,2}(?:[.)](?!\d)|[/:-](?=[ ]))[ ]*|\(?(?:[a-h]|[ivx]{1,4})[.)][ ]+|[ ]+)"
)
_ABBREVIATION_BEFORE = re.compile(
    r"\b(?:dr|mr|mrs|ms|prof|st|vs|approx|max|min|nos|fig|cf|ca|resp|incl|e\.?g|i\.?e|atyp|int|bilat|interst"
    r"|subseg|pulm|no(?=\. ?\d))$"
)
_UNIT_BEFORE = re.compile(
    r"\d ?(?:mm|cm|ml|cc|fr|f|mg|kg|yrs?|mos?|wks?|hrs?|in|deg|hu|ant|post|lat|sup|inf|med)$"
    r"|\b(?:ant|post|lat|sup|inf|esp|surg|excl)$"
)
_A_MEASURE_BEFORE = re.compile(r"\b(?:an?|the|this) [\d., x]*\d ?(?:mm|cm|ml|cc|fr)$")
_INITIAL_BEFORE = re.compile(r"(?:\b[a-z]\.[a-z]|(?:^|\n) *\(?(?:[a-h]|[ivx]{1,4}))$")
_ANSWER = re.compile(
    r"\?[ ]*(?=(?:also )?(?:no|none|yes|negative|positive|absent|present|possible|probable|likely"
    r"|unlikely)\b)"
)
_HEADING = re.compile(
    r"[ ]*(?:heart(?: size)?|cardiac silhouette|lungs?|pleura|mediastinum|bones|hila|diaphragms?"
    r"|pleural spaces?"
    r"|cardiomediastinal silhouette|soft tissues|chest wall|aorta|airways?)[ ]*"
)
_STOP = re.compile(
    r"[.!?;](?!\d)|\n|(?<=[^:=] )(?<!through )(?<! to )(?<! and )(?<! or )\d{1,2}\.(?=\s)"
    r"|(?<=\n)\d{1,2}\.(?=\s)|(?<=\s)\d{1,2}\)(?=\s)"
    r"|^\d{1,2}[.)](?=\s)"
)
# A line that ends so goes on in the next one.
_GOES_ON = re.compile(
    r"(?:,|\b(?:there is no|there are no|shows? no|with no|not|nor|or|and|with|without|of|in|at"
    r"|on|to|for|from|by|the|an?"
    r"|is|are|was|were|has|have|may|than|which|that))$"
)
# "There is a right", before a line that begins in lower case.
_GOES_ON_LOW = re.compile(
    r"(?:^|(?<!\bon )(?<!\bin )(?<!\bat )(?<!\bof )(?<!\bto )\b(?:an?|the)"
    r"(?: (?:small|large|moderate|mild|tiny|new|old|left|right|bilateral|upper|lower|middle|stable"
    r"|focal|patchy|dense|hazy|rounded)){1,4})$"
)
# A line that begins so goes on with the one before.
_GOES_ON_WITH = re.compile(
    r"(?:is|are|was|were|has|have|of|in|at|on|and|or|nor|with|which|that|to|from|by|for|but)\b"
)
_WRAP_WIDTH = 50
# "FINDINGS:", "Pleura:", "Pleural effusion:"; not "10:30", not "ratio 1:2".
_LABEL = re.compile(
    r"(?!(?:no|not|without|nil) )(?:[^\W\d_][\w/&(),' -]{0,58}?[\w)])[ ]?:(?!\d)[ ]*"
)


class Segment(NamedTuple):
    """Characters ``start`` to ``end`` of a plain text that the rules read at once.

    ``label``: where the text behind a leading "Label:" begins, or ``start`` without one. ``line``:
    whether it begins a line. ``new``: whether it begins a sentence.
    """

    start: int
    end: int
    label: int
    line: bool
    new: bool


def join_wrapped_lines(plain: PlainText) -> PlainText:
    """The text with a blank in place of each line break inside a sentence.

    A line goes on in the next one if it ends with a word such as "the", or if it is as long as
    its block allows and the next one begins in lower case.
    """
    if "\n" not in plain.text:
        return plain
    lines = plain.cased.split("\n")
    width = max(map(len, lines))
    text, place = list(plain.text), -1
    for line, following in pairwise(lines):
        place += len(line) + 1
        body, start = line.rstrip(), following.lstrip()
        if not body or not start or body[-1] in ".!?;" or _BULLET.match(start):
            continue
        if _HEADING.fullmatch(line.lower()) and not _HEADING.fullmatch(following.lower()):
            text[place] = ":"
            continue
        if body[-1] == ":":
            if not _LABEL.match(start):
                text[place] = " "
            continue
        full = width >= _WRAP_WIDTH and len(line) + 1 + len(start.split()[0]) > width
        wrapped = full and start[0].islower()
        low = start[0].islower() and _GOES_ON_LOW.search(body.lower())
        if wrapped or low or _GOES_ON.search(body.lower()) or _GOES_ON_WITH.match(start):
            text[place] = " "
    cased = list(plain.cased)
    for match in re.finditer("\n", plain.text):
        cased[match.start()] = text[match.start()]
    return PlainText("".join(text), "".join(cased), plain.starts, plain.ends)


def is_stop(plain: PlainText, place: int) -> bool:
    """Whether the full stop, question or exclamation mark at ``place`` ends a sentence.

    It does not inside a number (``1.2``, ``.5``), after an abbreviation ("St. Jude"), after a unit
    that the sentence goes on behind ("a 1.2 cm. nodule"), nor before the answer to a question
    ("Effusion? No.").
    """
    text = plain.text
    if text[place] == "?":
        if text[:place].endswith((": ", ":", "= ")):
            return False  # "Pneumonia: ?"
        return _ANSWER.match(text, place) is None
    if text[place] != "." or (place >= 8 and text[place - 8 : place].isalpha()):
        return True  # no abbreviation is so long
    before = text[max(place - 24, 0) : place]
    if before.endswith(" no") and text[place + 1 : place + 3].strip().isdigit():
        return False  # "nodule no. 1"
    after = plain.cased[place + 1 : place + 3]
    if after[:1].isalnum() and before[-1:].isalpha() and not before[-2:-1].isalpha():
        return False  # "e.g", "a.m"
    if _INITIAL_BEFORE.search(before) and (before[-2:-1] in "\n " or not after.strip().isupper()):
        return False  # "10 a.m. today", and "a." before an item of a list
    if _ABBREVIATION_BEFORE.search(before) and after.strip():
        return False
    if _UNIT_BEFORE.search(before):
        following = after.strip()
        if following and (
            following[0].islower() or following[0] in ",()-x" or following[0].isdigit()
        ):
            return False
        return not (following and _A_MEASURE_BEFORE.search(before))
    return True


def segments(plain: PlainText) -> Iterator[Segment]:
    """The segments of a text in order, without bullets, numbers of lists and end marks.

    ``plain``: with wrapped lines joined. A segment ends with its sentence, at a semicolon and at
    the end of its line; blank ones are left out.
    """
    text = plain.text
    start, line, new = 0, True, True

    def found(start: int, end: int, line: bool, new: bool) -> Iterator[Segment]:
        if line and (bullet := _BULLET.match(text, start, end)):
            start = bullet.end()
        while start < end and text[start] in " ,":
            start += 1
        while start < end and text[end - 1] == " ":
            end -= 1
        if text[start:end].strip():
            label = _LABEL.match(text, start, end)
            yield Segment(start, end, label.end() if label else start, line, new)

    for match in _STOP.finditer(text):
        mark = match.group()
        if mark[-1] in ".?!" and len(mark) == 1 and not is_stop(plain, match.start()):
            continue
        # "Effusion?" is in doubt.
        yield from found(start, match.end() if mark == "?" else match.start(), line, new)
        new = mark != ";"
        line = mark == "\n" or (line and not text[start : match.start()].strip())
        start = match.end()
    yield from found(start, len(text), line, new)
