"""The table of annotators, sentence splitting, and each backend's edge cases."""

import itertools
from pathlib import Path

import pytest

from preprocessing import annotation
from preprocessing.annotation import ANNOTATORS, load_annotator
from preprocessing.annotation.builtin import BuiltinAnnotator
from preprocessing.annotation.lexicon import label_of, load_lexicon
from preprocessing.annotation.stanza import spans_of_bioes
from preprocessing.annotation.trees import join_sentences, single_root
from preprocessing.errors import InputError, MissingBackendError
from preprocessing.records import ENTITY_LABELS, AnnotatedReport, Entity, ParsedSentence
from preprocessing.text.sentences import split_sentences, split_words


def check(report: AnnotatedReport) -> None:
    """What must hold for every annotated report."""
    n = len(report.words)
    assert len(report.heads) == len(report.deprels) == n
    assert list(report.sentence_starts) == sorted(set(report.sentence_starts))
    assert (report.sentence_starts[:1] == (0,)) == (n > 0)
    for start, end in itertools.pairwise((*report.sentence_starts, n)):
        heads = report.heads[start:end]
        assert sum(head == -1 for head in heads) == 1
        assert all(head == -1 or start <= head < end for head in heads)
        for word in range(start, end):  # a tree: every word reaches the root
            node, steps = word, 0
            while node != -1:
                node, steps = report.heads[node], steps + 1
                assert steps <= end - start
    last = 0
    for entity in report.entities:
        assert last <= entity.start < entity.end <= n
        assert entity.label in ENTITY_LABELS
        last = entity.end


def test_unknown_annotator_suggests() -> None:
    with pytest.raises(InputError, match=r"did you mean 'stanza'\?\); choose from builtin, stanza"):
        load_annotator("stanzza")


def test_missing_models_name_the_command(tmp_path: Path) -> None:
    for name in ANNOTATORS:
        with pytest.raises(MissingBackendError) as error:
            load_annotator(name, model_dir=str(tmp_path / "none"))
        assert "\n" not in str(error.value)
        assert str(tmp_path / "none") in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Lungs are clear.", ["Lungs", "are", "clear", "."]),
        (
            "A 1.5 cm nodule, right-sided.",
            ["A", "1.5", "cm", "nodule", ",", "right", "-", "sided", "."],
        ),
        ("patient's XXXX...", ["patient", "'s", "XXXX", "..."]),
        ("\x00(stable)\x07", ["(", "stable", ")"]),
        ("cannot, don't 10:30 a.m. 3/4", ["can", "not", ",", "do", "n't", "10:30", "a.m.", "3/4"]),
        ("", []),
    ],
)
def test_split_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_split_sentences() -> None:
    assert split_sentences(["a", ".", "b", "1.5", "?", "c"]) == [
        ["a", "."],
        ["b", "1.5", "?"],
        ["c"],
    ]


def test_single_root_keeps_the_first() -> None:
    assert single_root([-1, 0, -1], ["ROOT", "det", "ROOT"]) == (
        [-1, 0, 0],
        ["root", "det", "parataxis"],
    )


def test_join_shifts_positions() -> None:
    one = ParsedSentence(("a", "b"), (1, -1), ("det", "root"), (Entity(1, 2, "ANATOMY"),))
    report = join_sentences("7", [one, one])
    assert report.sentence_starts == (0, 2)
    assert report.heads == (1, -1, 3, -1)
    assert [entity[:2] for entity in report.entities] == [(1, 2), (3, 4)]


def test_bioes_spans() -> None:
    tags = [(1, "O"), (1, "B-ANATOMY"), (2, "E-ANATOMY"), (1, "S-OBSERVATION"), (1, "I-ANATOMY")]
    assert spans_of_bioes(tags) == (
        Entity(1, 4, "ANATOMY"),
        Entity(4, 5, "OBSERVATION"),
        Entity(5, 6, "ANATOMY"),
    )


def test_lexicon_is_lower_case_single_words() -> None:
    lexicon = load_lexicon()
    assert lexicon["effusion"] == "OBSERVATION"
    assert lexicon["thoracic"] == "ANATOMY_MODIFIER"
    text = Path(annotation.__file__).with_name("lexicon.txt").read_text("utf-8")
    words = [
        word
        for line in text.splitlines()
        if not line.startswith("#")
        for word in line.partition(":")[2].split()
    ]
    assert len(words) == len(set(words)) == len(lexicon)  # each word has one label
    assert all(word == word.lower() for word in words)


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Effusion", "OBSERVATION"),
        ("T7", "ANATOMY_MODIFIER"),
        ("11th", "ANATOMY_MODIFIER"),
        ("3.4", "OBSERVATION_MODIFIER"),
        ("strangely", "OBSERVATION_MODIFIER"),
        ("xyz", "OBSERVATION"),
        ("may", "OBSERVATION"),  # only asked of words that are part of an entity
    ],
)
def test_label_of(word: str, label: str) -> None:
    assert label_of(word) == label


ODD = [
    "",
    "   ",
    "\x00\x01\x1b[0m",
    "XXXX XXXX. XXXX",
    ". . .",
    "﻿\u202eabc \ud800 \U0001f4a9",
    "word " * 5000,
    "a" * 20_000,
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_builtin_takes_odd_text(builtin: BuiltinAnnotator, text: str) -> None:
    (report,) = builtin.annotate([("1", text)])
    check(report)


def test_builtin_keeps_given_words(builtin: BuiltinAnnotator) -> None:
    given = [["Heart", "size", "", "is\x00", "normal", "."], [], [" "], ["No", "effusion"]]
    (report,) = builtin.annotate([("1", given)])
    check(report)
    assert report.words == tuple(itertools.chain.from_iterable(given))
    assert report.sentence_starts == (0, 6, 7)
    # The same text, split in another way.
    for words in (["No effusion"], ["No", "effusion"], [""], ["", ""]):
        (report,) = builtin.annotate([("1", [words])])
        assert report.words == tuple(words)


def test_builtin_does_not_depend_on_neighbours(builtin: BuiltinAnnotator) -> None:
    texts = ["The lungs are clear. No pleural effusion.", "", "Mild edema persists.", "No mass."]
    reports = [(str(number), text) for number, text in enumerate(texts)]
    together = list(builtin.annotate(reports))
    assert [report.uid for report in together] == ["0", "1", "2", "3"]
    for report in reports:
        assert list(BuiltinAnnotator().annotate([report])) == [together[int(report[0])]]


def test_builtin_parses_a_plain_sentence(builtin: BuiltinAnnotator) -> None:
    (report,) = builtin.annotate([("1", "The right lung is clear.")])
    assert report.heads == (2, 2, 4, 4, -1, 4)
    assert report.deprels == ("det", "amod", "nsubj", "cop", "root", "punct")
    assert {"right", "lung", "clear"} == {
        report.words[word] for e in report.entities for word in range(e.start, e.end)
    }
