"""The annotator that ships with the package: a compact spaCy pipeline, no download needed."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from preprocessing.annotation import Findings
from preprocessing.annotation.context import RULES_VERSION, with_context
from preprocessing.annotation.lexicon import is_uncertainty, label_of
from preprocessing.annotation.trees import join_sentences, single_root
from preprocessing.errors import MissingBackendError
from preprocessing.files import read_json
from preprocessing.records import AnnotatedReport, Entity, ParsedSentence
from preprocessing.text.sentences import sentences_with_text

MODEL_DIR = Path(__file__).with_name("builtin_model")
# Reports repeat their sentences; a parsed one is kept until this many are known.
_REMEMBERED_SENTENCES = 50_000
_REPORTS_AT_ONCE = 128
_Sentence = tuple[str, tuple[str, ...]]  # its text and its words, which may come split otherwise


class BuiltinAnnotator:
    """Dependency parser and entity tagger trained for this package; see its model card.

    ``model_dir``: a folder in the same form, made by ``train_builtin``; default: the one shipped.
    Raises ``MissingBackendError`` when spaCy or the folder is missing.
    """

    name = "builtin"

    def __init__(self, model_dir: str | None = None) -> None:
        folder = Path(model_dir) if model_dir else MODEL_DIR
        self._pipeline = load_pipeline(folder)
        self.version = _version(folder)
        self._parsed: dict[_Sentence, ParsedSentence] = {}

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        """Yield one ``AnnotatedReport`` for each (uid, findings), in order.

        Sentences are parsed one by one, so a report's annotation never depends on its neighbours.
        """
        reports = iter(reports)
        while batch := [
            (uid, [(text, tuple(words)) for words, text in sentences_with_text(findings)])
            for uid, findings in islice(reports, _REPORTS_AT_ONCE)
        ]:
            if len(self._parsed) > _REMEMBERED_SENTENCES:
                self._parsed.clear()
            new = {one for _, sentences in batch for one in sentences if one not in self._parsed}
            self._parsed.update(self._parse(sorted(new)))
            for uid, sentences in batch:
                yield join_sentences(uid, (self._parsed[one] for one in sentences))

    def _parse(self, sentences: Sequence[_Sentence]) -> Iterator[tuple[_Sentence, ParsedSentence]]:
        docs = (_to_doc(self._pipeline.vocab, words) for _, words in sentences)
        parsed = self._pipeline.pipe(docs, batch_size=256)
        for (text, words), doc in zip(sentences, parsed, strict=True):
            heads, deprels = single_root(
                [-1 if token.head.i == token.i else token.head.i for token in doc],
                [token.dep_ for token in doc],
            )
            sentence = ParsedSentence(words, tuple(heads), tuple(deprels), _entities(doc))
            yield (text, words), with_context(sentence, text)


def load_pipeline(folder: Path) -> Any:
    """The spaCy pipeline in ``folder``; raises ``MissingBackendError`` when there is none."""
    try:
        import spacy
    except ImportError:
        raise MissingBackendError(
            "the builtin annotator needs spaCy; run: pip install 'spacy>=3.8,<3.9'"
        ) from None
    if not (folder / "meta.json").is_file():
        raise MissingBackendError(
            f"no builtin annotator model in {folder}; give a folder that "
            "'python -m tools.train_builtin' made, or leave model_dir out"
        )
    from thinc.api import use_ops

    # numpy's matrix product is faster than the blis of the wheels, and layers keep the one they
    # were made with. Words come split; the pipeline has neither a tokeniser nor a vocabulary.
    with use_ops("numpy", use_blis=False):
        return spacy.load(folder, exclude=["tokenizer", "vocab"])


def _version(folder: Path) -> str:
    """The shipped model's own version and that of the rules; of another model a digest too."""
    model = read_json(folder / "meta.json").get("version")
    digest = "" if folder == MODEL_DIR else _digest(folder)
    other = f"+{digest}" if digest and digest != _digest(MODEL_DIR) else ""
    return f"{model}+{RULES_VERSION}{other}"


def _digest(folder: Path) -> str:
    """Eight hexadecimal digits that stand for the contents of a model's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix != ".md" and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _to_doc(vocab: Any, words: Sequence[str]) -> Any:
    from spacy.tokens import Doc

    # The parser may not split the sentence again; spaCy takes no empty words or lone surrogates.
    return Doc(
        vocab,
        words=[word.encode("utf-8", "replace").decode("utf-8") or "_" for word in words],
        sent_starts=[position == 0 for position in range(len(words))],
    )


def _entities(doc: Any) -> tuple[Entity, ...]:
    """Entities of the tagger's B, I, O; words of uncertainty are one by the lexicon alone."""
    entities: list[Entity] = []
    inside = False
    for token in doc:
        if is_uncertainty(token.text):
            entities.append(Entity(token.i, token.i + 1, "UNCERTAINTY"))
            inside = False
            continue
        if token.tag_ == "I" and inside:
            # The last word of an entity decides its label: "soft tissue" is ANATOMY.
            entities[-1] = entities[-1]._replace(end=token.i + 1, label=label_of(token.text))
        elif token.tag_ != "O":
            entities.append(Entity(token.i, token.i + 1, label_of(token.text)))
        inside = token.tag_ != "O"
    return tuple(entities)
