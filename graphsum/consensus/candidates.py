"""What may be chosen: samples without faults, and sentences of the findings."""

import re
from collections.abc import Callable, Container, Iterator, Sequence

from graphsum.consensus.neighbours import WORD
from graphsum.metrics.observations import positive_classes
from preprocessing.facts.comparison import beside_normal, must_be_reported
from preprocessing.facts.observations import extract_mentions, statuses
from preprocessing.facts.ontology import NO_FINDING
from preprocessing.text.sentences import clean_text, sentence_spans, sentences_of

LONG_WORD = 5  # letters; shorter words may well come twice in a sentence
JOINED = 20  # candidates that a sentence of the findings is put before
THERE_IS = re.compile(r"^there (?:is|are|has been|have been) (?:an? |the )?", re.IGNORECASE)
NUMBERED = re.compile(r"\d+[.)]")  # an impression that is a numbered list
HEART_OR_LUNGS = re.compile(r"cardi|pulmon|lung|heart|thorac|respir", re.IGNORECASE)
# Words that nobody means, unless the findings have them: a letter by itself, letters and digits in
# one word (but for sizes and ordinals), and what stands for a removed name.
STRANGE = re.compile(
    r"(?<![\w'’.-])[b-hj-z](?![\w'’-]|\.\w)"
    r"|\b(?!\d+(?:cm|mm|st|nd|rd|th)\b)(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]+\b"
    r"|\bx{3,}\b|\b__+\b|\b\d\.\s+(?=\d\.)"
)


def with_own_sentences(
    findings: str, impressions: Sequence[str], quotes: Sequence[str] = ()
) -> Iterator[str]:
    """Sentences of the findings, for what no sample or neighbour names beside the rest.

    Each sentence that claims one of the 13 classes, alone and before each of the first ``JOINED``
    impressions that leaves one of its classes out; and ``quotes`` together, alone and before each
    of these. Impressions that are numbered lists are passed over; so are those that call the chest
    normal where a sentence tells of something actionable within it, and those that call everything
    normal ("no acute findings") where a quoted one tells of anything. Without impressions, each
    sentence alone.
    """
    plain = [text for text in impressions if not NUMBERED.match(text)][:JOINED]
    named = {text: positive_classes(text) for text in plain}
    normal = {text for text in plain if calls_normal(text)}
    wholly = {text for text in normal if calls_normal(text, wholly=True)}
    quoted = " ".join(quotes)
    sentences = [sentence for *_, sentence in own_sentences(findings)]
    for sentence in dict.fromkeys([*sentences, *filter(None, [quoted])]):
        claimed = positive_classes(sentence)
        if impressions and not claimed and sentence != quoted:
            continue
        stated = statuses(sentence)
        grave = any(
            stated.get(name, "absent") != "absent" for name in must_be_reported() - beside_normal()
        )
        denials = normal if grave else wholly if sentence == quoted else ()
        yield sentence
        for text in plain:
            if (claimed - named[text] or sentence == quoted) and text not in denials:
                yield f"{sentence} {text}"


def calls_normal(impression: str, *, wholly: bool = False) -> bool:
    """Whether it says anywhere that there is no acute disease, or that the chest is normal.

    ``wholly``: in words that name neither heart nor lungs, so that bones are normal too.
    """
    return any(
        mention.name == NO_FINDING
        and not (wholly and HEART_OR_LUNGS.search(impression, mention.start, mention.end))
        for mention in extract_mentions(impression)
    )


def own_sentences(findings: str) -> Iterator[tuple[int, int, str]]:
    """Where each sentence of the findings stands, and how an impression has it.

    Without "there is a" at its start, and with a full stop.
    """
    cleaned = clean_text(findings)
    for start, end in sentence_spans(findings):
        sentence = THERE_IS.sub("", " ".join(cleaned[start:end].split()))
        sentence = sentence[:1].upper() + sentence[1:]
        yield start, end, sentence if sentence[-1] in ".?!" else sentence + "."


def has_strange_word(impression: str, findings: str) -> bool:
    """Whether it has a word that nobody means (``STRANGE``) and that the findings do not have."""
    strange = set(STRANGE.findall(impression.lower()))
    return bool(strange - set(re.findall(r"\w+", findings.lower())))


def invents_words(
    impression: str, findings: str, known: Container[str], is_word: Callable[[str], bool]
) -> bool:
    """Whether it has a word that is neither in the findings nor known nor a word at all.

    Small models put pieces together that do not belong together ("leftffusion").
    """
    words = set(WORD.findall(impression.lower())) - set(WORD.findall(findings.lower()))
    return any(word not in known and not is_word(word) for word in words)


def repeats_itself(impression: str) -> bool:
    """Whether a sentence comes twice, or has a word of ``LONG_WORD`` letters or more twice.

    One in twelve samples of a small model does ("atelectasis or atelectasis"), of the
    radiologists' impressions in Open-i 3 %.
    """
    sentences = sentences_of(impression.lower())
    if len(set(map(tuple, sentences))) < len(sentences):
        return True
    for sentence in sentences:
        words = [word for word in sentence if len(word) >= LONG_WORD and word.isalpha()]
        if len(set(words)) < len(words):
            return True
    return False
