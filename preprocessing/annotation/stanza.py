"""stanza with its MIMIC syntax and radiology entity models (Zhang et al., JAMIA 2021).

This is what Hu et al. (ACL 2022) annotated with.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from preprocessing.annotation import Findings
from preprocessing.annotation.context import RULES_VERSION, with_context
from preprocessing.annotation.trees import join_sentences, single_root
from preprocessing.errors import MissingBackendError
from preprocessing.files import read_json
from preprocessing.records import AnnotatedReport, Entity, ParsedSentence
from preprocessing.text.sentences import clean_text

_PACKAGE, _NER = "mimic", "radiology"
_REPORTS_AT_ONCE = 64
# What torch raises for a file that is cut short; it depends on where.
_CUT_SHORT = (RuntimeError, EOFError, IndexError, UnpicklingError, struct.error)


class StanzaAnnotator:
    """The reference annotator; uses a GPU when there is one.

    ``model_dir``: stanza's resources folder (default: stanza's own). Nothing is ever downloaded;
    raises ``MissingBackendError`` with the download command when models are missing.
    """

    name = "stanza"

    def __init__(self, model_dir: str | None = None) -> None:
        try:
            import stanza
            from stanza.resources.common import DEFAULT_MODEL_DIR
        except ImportError:
            raise MissingBackendError(
                "the stanza annotator needs stanza; run: pip install 'stanza>=1.9'"
            ) from None
        self._folder = Path(model_dir or DEFAULT_MODEL_DIR)
        self._pipelines: dict[bool, Any] = {}
        self._pipeline(pretokenized=True)
        resources = read_json(self._folder / "resources.json")
        checksum = resources["en"]["ner"].get(_NER, {}).get("md5", "")[:8]
        model = f"stanza {stanza.__version__} {_PACKAGE}+{_NER} {checksum}".strip()
        self.version = f"{model} {RULES_VERSION}"

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        """Yield one ``AnnotatedReport`` for each (uid, findings), in order."""
        reports = iter(reports)
        while batch := list(islice(reports, _REPORTS_AT_ONCE)):
            texts = iter(self._parse_texts([found for _, found in batch if isinstance(found, str)]))
            splits = iter(
                self._parse_split([found for _, found in batch if not isinstance(found, str)])
            )
            for uid, findings in batch:
                sentences = next(texts if isinstance(findings, str) else splits)
                yield join_sentences(uid, sentences)

    def _pipeline(self, *, pretokenized: bool) -> Any:
        if pretokenized not in self._pipelines:
            import stanza
            from stanza.pipeline.core import PipelineRequirementsException

            try:
                pipeline = stanza.Pipeline(
                    "en",
                    dir=str(self._folder),
                    package=_PACKAGE,
                    processors={"ner": _NER},
                    tokenize_pretokenized=pretokenized,
                    download_method=None,
                    # A missing model is our error to report, in one line.
                    logging_level="CRITICAL",
                )
            # What it raises depends on what is missing: the folder, a file, an entry in the list.
            except (FileNotFoundError, KeyError, ValueError, PipelineRequirementsException):
                raise self._missing() from None
            except _CUT_SHORT as error:
                what = f"cannot be read ({type(error).__name__})"
                raise self._missing(what) from None
            if not {"tokenize", "depparse", "ner"} <= pipeline.processors.keys():
                raise self._missing()
            self._pipelines[pretokenized] = pipeline
        return self._pipelines[pretokenized]

    def _missing(self, what: str = "not found") -> MissingBackendError:
        return MissingBackendError(
            f'stanza models {what} in {self._folder}; run: python -c "import stanza; '
            f"stanza.download('en', package='{_PACKAGE}', processors={{'ner': '{_NER}'}}, "
            f"model_dir='{self._folder}')\""
        )

    def _parse_texts(self, texts: Sequence[str]) -> list[list[ParsedSentence]]:
        clean = [" ".join(clean_text(text).split()) for text in texts]
        full = [text for text in clean if text]
        documents = iter(self._pipeline(pretokenized=False).bulk_process(full) if full else [])
        return [
            [_parsed(sentence) for sentence in next(documents).sentences] if text else []
            for text in clean
        ]

    def _parse_split(
        self, reports: Sequence[Sequence[Sequence[str]]]
    ) -> list[list[ParsedSentence]]:
        kept = [[list(sentence) for sentence in report if sentence] for report in reports]
        # Pretokenised input keeps its sentences, so one document serves the whole batch.
        flat = [[word.strip() or "_" for word in s] for report in kept for s in report]
        parsed = iter(self._pipeline(pretokenized=True)(flat).sentences if flat else [])
        return [
            [_parsed(next(parsed))._replace(words=tuple(sentence)) for sentence in report]
            for report in kept
        ]


def _parsed(sentence: Any) -> ParsedSentence:
    words = sentence.words
    heads, deprels = single_root(
        [word.head - 1 for word in words], [word.deprel or "dep" for word in words]
    )
    tags = [(len(token.words), token.ner or "O") for token in sentence.tokens]
    parsed = ParsedSentence(
        tuple(word.text for word in words), tuple(heads), tuple(deprels), spans_of_bioes(tags)
    )
    return with_context(parsed)


def spans_of_bioes(tags: Iterable[tuple[int, str]]) -> tuple[Entity, ...]:
    """Entities from the (number of words, BIOES tag) of each token, e.g. ``(1, "B-ANATOMY")``.

    A tag that does not continue the entity before it opens a new one.
    """
    entities: list[Entity] = []
    position, open_label = 0, ""
    for length, tag in tags:
        place, _, label = tag.partition("-")
        if place in ("I", "E") and label == open_label:
            entities[-1] = entities[-1]._replace(end=position + length)
        elif label:
            entities.append(Entity(position, position + length, label))
        open_label = label if place in ("B", "I") else ""
        position += length
    return tuple(entities)
