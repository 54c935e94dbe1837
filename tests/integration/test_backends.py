"""The stanza backend on toy models of the real library; scispaCy's on a small spaCy pipeline.

Every processor that the backend loads is trained by stanza's own trainers (``toy_stanza``) but
the lemmatizer, in whose place stanza's option ``identity`` stands.
"""

import inspect
import json
import re
import shutil
import socket
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from toy_stanza import DEPRELS, HEADS, SENTENCES, TEXT, train

from preprocessing.annotation import load_annotator
from preprocessing.annotation.context import RULES_VERSION
from preprocessing.annotation.stanza import StanzaAnnotator
from preprocessing.errors import MissingBackendError
from preprocessing.records import AnnotatedReport, Entity

SMALL_TEXT = "Heart is normal . No large effusion ."


@pytest.fixture(scope="module")
def stanza_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("stanza")
    return train(tmp_path_factory.mktemp("stanza"))


@pytest.fixture(scope="module")
def stanza(stanza_dir: Path) -> StanzaAnnotator:
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: object) -> None:
            raise AssertionError("a connection to the network")

        patch.setattr(socket.socket, "connect", refuse)
        annotator = StanzaAnnotator(str(stanza_dir))
        list(annotator.annotate([("1", "Heart."), ("2", [["Heart"]])]))  # loads both pipelines
    return annotator


def check_training_text(report: AnnotatedReport) -> None:
    """Words, trees and entities of the sentences that the toy models have learnt by heart."""
    assert report.words == tuple(chain.from_iterable(SENTENCES))
    lengths = [len(words) for words in SENTENCES]
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    assert report.sentence_starts == tuple(starts)
    assert report.heads == tuple(
        head + start if head >= 0 else -1
        for start, heads in zip(starts, HEADS, strict=True)
        for head in heads
    )
    assert report.deprels == tuple(chain.from_iterable(DEPRELS))
    assert report.entities == (
        Entity(1, 2, "ANATOMY"),
        Entity(3, 4, "OBSERVATION"),
        Entity(6, 7, "OBSERVATION_MODIFIER", negated=True),
        Entity(7, 8, "OBSERVATION", negated=True),
        Entity(9, 10, "OBSERVATION_MODIFIER", side="left"),
        Entity(10, 11, "ANATOMY_MODIFIER", side="left"),
        Entity(11, 12, "ANATOMY", side="left"),
        Entity(12, 13, "OBSERVATION", side="left"),
        Entity(15, 18, "ANATOMY", side="right"),
        Entity(19, 20, "OBSERVATION", side="right"),
    )


@pytest.mark.smoke
def test_stanza_parses_text(stanza: StanzaAnnotator) -> None:
    (report,) = stanza.annotate([("1", TEXT)])
    check_training_text(report)


def test_stanza_keeps_given_words_and_sentences(stanza: StanzaAnnotator) -> None:
    (report,) = stanza.annotate([("1", SENTENCES)])
    check_training_text(report)


def test_stanza_texts_and_split_findings_together(stanza: StanzaAnnotator) -> None:
    odd = [["The", "heart", "is\x00", "normal", "."], [], ["No", "", " ", "effusion", "."]]
    reports = [("a", odd), ("b", TEXT), ("c", ""), ("d", []), ("e", [["No", "effusion"]])]
    a, b, c, d, e = stanza.annotate(reports)
    assert [one.uid for one in (a, b, c, d, e)] == ["a", "b", "c", "d", "e"]
    assert a.words == tuple(chain.from_iterable(odd))
    assert a.sentence_starts == (0, 5)
    assert [head for head in a.heads if head < 0] == [-1, -1]
    check_training_text(b)
    assert c.words == d.words == ()
    assert e.entities == (Entity(1, 2, "OBSERVATION", negated=True),)


def test_stanza_version_names_library_models_and_rules(
    stanza: StanzaAnnotator, stanza_dir: Path
) -> None:
    import stanza as library

    known = json.loads((stanza_dir / "resources.json").read_text("utf-8"))
    checksum = known["en"]["ner"]["radiology"]["md5"][:8]
    model = f"stanza {library.__version__} mimic+radiology {checksum}"
    assert stanza.version == f"{model} {RULES_VERSION}"


def unlisted(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def edit(models: Path) -> None:
        path = models / "resources.json"
        known = json.loads(path.read_text("utf-8"))
        change(known)
        path.write_text(json.dumps(known), "utf-8")

    return edit


def cut(name: str, length: int) -> Callable[[Path], Any]:
    """An edit that leaves only the first bytes of a model's file, as a broken download does."""

    def edit(models: Path) -> None:
        path = models / "en" / name
        path.write_bytes(path.read_bytes()[:length])

    return edit


MISSING: dict[str, Callable[[Path], Any]] = {
    **{
        name: lambda models, name=name: (models / "en" / f"{name}.pt").unlink()
        for name in ("tokenize/mimic", "pos/mimic", "depparse/mimic", "ner/radiology")
    },
    "vectors": lambda models: (models / "en" / "pretrain" / "toy.pt").unlink(),
    "language": lambda models: shutil.rmtree(models / "en"),
    "list": lambda models: (models / "resources.json").unlink(),
    "listed language": unlisted(lambda known: known.clear()),
    "listed package": unlisted(lambda known: known["en"]["packages"].clear()),
    "listed entities": unlisted(lambda known: known["en"]["ner"].clear()),
    "whole entities": cut("ner/radiology.pt", 5000),
    "any entities": cut("ner/radiology.pt", 0),
    "whole parser": cut("depparse/mimic.pt", 100),
    "whole vectors": cut("pretrain/toy.pt", 100),
    "whole list": lambda models: (models / "resources.json").write_text("{"),
}


@pytest.mark.parametrize("what", MISSING)
def test_whatever_is_missing_the_download_is_named(
    stanza_dir: Path, tmp_path: Path, what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    import stanza as library

    models = tmp_path / "models"
    shutil.copytree(stanza_dir, models)
    MISSING[what](models)
    with pytest.raises(MissingBackendError) as error:
        # Split words would need no tokeniser.
        list(load_annotator("stanza", model_dir=str(models)).annotate([("1", "Heart.")]))
    command = re.search(r'python -c "import stanza; (stanza\.download\(.*\))"$', str(error.value))
    assert command
    calls: list[dict[str, Any]] = []

    class Recorder:
        @staticmethod
        def download(*arguments: Any, **named: Any) -> None:
            calls.append(inspect.signature(library.download).bind(*arguments, **named).arguments)

    eval(command[1], {"stanza": Recorder})
    assert calls == [
        {
            "lang": "en",
            "model_dir": str(models),
            "package": "mimic",
            "processors": {"ner": "radiology"},
        }
    ]
    assert capfd.readouterr().err == ""


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
    text, words, empty = annotator.annotate([("a", SMALL_TEXT), ("b", split), ("c", "\x00")])
    assert text.words == tuple(SMALL_TEXT.split())
    assert text.sentence_starts == words.sentence_starts == (0, 4)
    assert text.entities == (Entity(5, 7, "OBSERVATION", negated=True),)
    # No parser: the first word is each sentence's root, the others hang on it.
    assert text.heads == (-1, 0, 0, 0, -1, 4, 4, 4)
    assert words.entities == text.entities
    assert empty.words == ()
