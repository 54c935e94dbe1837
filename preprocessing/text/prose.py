"""Findings as running sentences, for a model that has only seen prose.

Lines, bullets, templates, HTML and HL7 become sentences; abbreviations are spelled out. Findings
that are prose already stay as they are, character for character.
"""

import re

from preprocessing.text.boxes import round_boxes
from preprocessing.text.plain import plain_text
from preprocessing.text.sentences import join_wrapped_lines, segments

_LAYOUT = re.compile(
    r"[\r\n\t\\|~]|<[A-Za-z/]|&(?:[a-z]+|#\d+);|(?:^|\s)[-*•]\s|\[\s*[xX]?\s*\]"
    r"|[\u2610-\u2612]"
)
_HEADING = re.compile(
    r"(?:findings?|report|results?|body|impression|chest|lungs?|other)\W*", re.IGNORECASE
)
_SENTENCE = 4  # words that a sentence has at least
_PREDICATE = re.compile(
    r"^(?:there|no evidence of|the) |\w (?:is|are|has|have|was|were|shows?|remains?|appears?) \w",
    re.IGNORECASE,
)
_KEEP_UPPER = re.compile(
    r"\b(?:ett|ngt?|ogt?|picc|icd|aicd|cvc|svc|ivc|ij|ct|mri?|pet|us|copd|chf|ards|tb|iv|iabp"
    r"|lvad|ecmo"
    r"|cabg|ap|pa|gi|ge|[ctl]\d{1,2}(?:-[ctl]?\d{1,2})?|ptx|pna|suv|hu)\b"
)


def lower_capitals(text: str) -> str:
    """Text in capitals as ordinary text, its usual abbreviations kept; other text as it is."""
    letters = [c for c in text if c.isalpha()]
    if len(letters) <= 6 or sum(c.isupper() for c in letters) <= 0.8 * len(letters):
        return text
    return _KEEP_UPPER.sub(lambda match: match[0].upper(), text.lower())


def _is_sentence(value: str) -> bool:
    """Whether what stands behind a label has a subject and a predicate of its own."""
    return len(value.split()) >= _SENTENCE and _PREDICATE.search(value) is not None


def as_prose(findings: str) -> str:
    """The findings as sentences; those without layout stay as they are."""
    capitals = lower_capitals(findings) != findings
    if not (capitals or _LAYOUT.search(findings) or round_boxes(findings)):
        return findings
    plain = join_wrapped_lines(plain_text(findings))
    sentences = []
    for segment in segments(plain):
        label = plain.cased[segment.start : segment.label].strip()
        value = plain.cased[segment.label : segment.end].strip(" ,;:-")
        if label and (not value or _HEADING.fullmatch(label) or _is_sentence(value)):
            label = ""
        text = lower_capitals(" ".join(f"{label} {value}".split()))
        if re.search(r"[^\W\d_]{2}", text):
            sentences.append(text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else "."))
    return " ".join(sentences)
