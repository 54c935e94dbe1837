"""The stanza and scispaCy backends, on stand-ins for their models."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from preprocessing.annotators import load_annotator
from preprocessing.records import Entity

TEXT = "Heart is normal . No large effusion ."
SPLIT = [["Heart", "is", "normal", "."], [], ["No", "large\x00", "", "effusion", "."]]


def stanza_sentence(words: list[str]) -> SimpleNamespace:
    """Every word hangs on the first; "large effusion" is an OBSERVATION, as BIOES."""
    tags = {"large": "B-OBSERVATION", "effusion": "E-OBSERVATION", "normal": "S-OBSERVATION"}
    made = [
        SimpleNamespace(text=word, head=min(place, 1), deprel="root" if place == 0 else "dep:x")
        for place, word in enumerate(words)
    ]
    tokens = [SimpleNamespace(words=[word], ner=tags.get(word.text, "O")) for word in made]
    return SimpleNamespace(words=made, tokens=tokens)


class FakePipeline:
    calls: list[dict[str, Any]] = []  # noqa: RUF012

    def __init__(self, lang: str, **settings: Any) -> None:
        self.calls.append({"lang": lang, **settings})
        self.pretokenized = settings["tokenize_pretokenized"]

    def __call__(self, sentences: list[list[str]]) -> SimpleNamespace:
        assert self.pretokenized
        assert all(word and word.strip() for sentence in sentences for word in sentence)
        return SimpleNamespace(sentences=[stanza_sentence(words) for words in sentences])

    def bulk_process(self, texts: list[str]) -> Iterator[SimpleNamespace]:
        assert not self.pretokenized
        for text in texts:
            sentences = [[*part.split(), "."] for part in text.split(".") if part.strip()]
            yield SimpleNamespace(sentences=[stanza_sentence(words) for words in sentences])


@pytest.fixture
def stanza_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    fake, resources, common = (
        ModuleType(name) for name in ("stanza", "stanza.resources", "stanza.resources.common")
    )
    fake.Pipeline = FakePipeline  # type: ignore[attr-defined]
    fake.__version__ = "9.9"  # type: ignore[attr-defined]
    common.DEFAULT_MODEL_DIR = "unused"  # type: ignore[attr-defined]
    for module in (fake, resources, common):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(FakePipeline, "calls", [])
    known = {"en": {"ner": {"radiology": {"md5": "0123456789abcdef"}}}}
    (tmp_path / "resources.json").write_text(json.dumps(known))
    return str(tmp_path)


def test_stanza_texts_and_split_findings_together(stanza_dir: str) -> None:
    annotator = load_annotator("stanza", model_dir=stanza_dir)
    assert annotator.version.startswith("stanza 9.9 mimic+radiology 01234567 ")
    reports = [("a", SPLIT), ("b", TEXT), ("c", ""), ("d", []), ("e", SPLIT[:1])]
    a, b, c, d, e = annotator.annotate(reports)
    assert [one.uid for one in (a, b, c, d, e)] == ["a", "b", "c", "d", "e"]
    assert a.words == ("Heart", "is", "normal", ".", "No", "large\x00", "", "effusion", ".")
    assert b.words == tuple(TEXT.split())
    assert b.sentence_starts == (0, 4)
    assert b.heads == (-1, 0, 0, 0, -1, 4, 4, 4)
    assert b.entities == (Entity(2, 3, "OBSERVATION"), Entity(5, 7, "OBSERVATION", negated=True))
    assert c.words == d.words == ()
    assert e.words == tuple(SPLIT[0])


def test_stanza_never_downloads(stanza_dir: str) -> None:
    list(load_annotator("stanza", model_dir=stanza_dir).annotate([("b", TEXT)]))
    assert len(FakePipeline.calls) == 2
    for call in FakePipeline.calls:
        assert call["download_method"] is None
        assert (call["package"], call["processors"]) == ("mimic", {"ner": "radiology"})


@pytest.fixture(scope="module")
def pipeline_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline as scispaCy's: entities of the one label ENTITY; here without a parser."""
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ENTITY", "pattern": "large effusion"}])
    folder = tmp_path_factory.mktemp("pipeline")
    pipeline.to_disk(folder)
    return str(folder)


def test_scispacy_maps_entities(pipeline_dir: str) -> None:
    annotator = load_annotator("scispacy", model_dir=pipeline_dir)
    split = [["Heart", "is", "normal", "."], [], ["No", "large", "effusion", "", "."]]
    text, words, empty = annotator.annotate([("a", TEXT), ("b", split), ("c", "\x00")])
    assert text.words == tuple(TEXT.split())
    assert text.sentence_starts == words.sentence_starts == (0, 4)
    assert text.entities == (Entity(5, 7, "OBSERVATION", negated=True),)
    # No parser: the first word is each sentence's root, the others hang on it.
    assert text.heads == (-1, 0, 0, 0, -1, 4, 4, 4)
    assert words.entities == text.entities
    assert empty.words == ()
