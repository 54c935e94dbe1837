"""Dependency trees of sentences: one root each, joined into a report."""

from collections.abc import Iterable, Sequence

from preprocessing.records import AnnotatedReport, Entity, ParsedSentence


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
