"""scispaCy, or any other spaCy pipeline with a parser and entities."""

from collections.abc import Iterable, Iterator
from typing import Any

from preprocessing.annotation import Findings
from preprocessing.annotation.context import RULES_VERSION, with_context
from preprocessing.annotation.trees import join_sentences, single_root
from preprocessing.errors import MissingBackendError
from preprocessing.records import ENTITY_LABELS, AnnotatedReport, Entity, ParsedSentence
from preprocessing.text.sentences import clean_text

_DEFAULT_PIPELINE = "en_core_sci_sm"
_MODEL_URL = (
    "https://s3-us-west-2.amazonaws.com/ai2-s2-scispacy/releases/v0.5.4/en_core_sci_sm-0.5.4.tar.gz"
)


class ScispacyAnnotator:
    """A spaCy pipeline by name or folder (default ``en_core_sci_sm`` of scispaCy).

    Entity labels outside ``ENTITY_LABELS`` (scispaCy's ``ENTITY``) become OBSERVATION.
    Raises ``MissingBackendError`` when spaCy, scispaCy or the pipeline is not installed.
    """

    name = "scispacy"

    def __init__(self, model_dir: str | None = None) -> None:
        try:
            import spacy
        except ImportError:
            raise MissingBackendError(
                "the scispacy annotator needs spaCy and scispaCy; run: "
                "pip install 'graphsum[scispacy]'"
            ) from None
        pipeline = model_dir or _DEFAULT_PIPELINE
        try:
            self._pipeline = spacy.load(pipeline)
        except OSError:
            raise MissingBackendError(
                f"no spaCy pipeline {pipeline!r} is installed; run: "
                f"pip install 'graphsum[scispacy]' {_MODEL_URL}"
            ) from None
        meta = self._pipeline.meta
        model = f"{meta['lang']}_{meta['name']} {meta['version']} spacy {spacy.__version__}"
        self.version = f"{model} {RULES_VERSION}"

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        """Yield one ``AnnotatedReport`` for each (uid, findings), in order."""
        docs = self._pipeline.pipe(
            ((self._to_doc(findings), uid) for uid, findings in reports),
            as_tuples=True,
            batch_size=64,
        )
        for doc, uid in docs:
            yield join_sentences(uid, (_parsed(sentence) for sentence in doc.sents if sentence))

    def _to_doc(self, findings: Findings) -> Any:
        from spacy.tokens import Doc

        if isinstance(findings, str):
            return self._pipeline.make_doc(" ".join(clean_text(findings).split()))
        starts = [place == 0 for sentence in findings for place in range(len(sentence))]
        words = [
            word.encode("utf-8", "replace").decode("utf-8") or "_"
            for sentence in findings
            for word in sentence
        ]
        return Doc(self._pipeline.vocab, words=words, sent_starts=starts)


def _parsed(sentence: Any) -> ParsedSentence:
    heads, deprels = single_root(
        [
            -1
            if token.head.i == token.i or not sentence.start <= token.head.i < sentence.end
            else token.head.i - sentence.start
            for token in sentence
        ],
        [token.dep_ for token in sentence],
    )
    parsed = ParsedSentence(
        tuple(token.text for token in sentence),
        tuple(heads),
        tuple(deprels),
        tuple(
            Entity(
                entity.start - sentence.start,
                entity.end - sentence.start,
                entity.label_ if entity.label_ in ENTITY_LABELS else "OBSERVATION",
            )
            for entity in sentence.ents
        ),
    )
    return with_context(parsed)
