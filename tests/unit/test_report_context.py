"""What is known of a report besides its findings: marked words before them, what is left out."""

import re
from dataclasses import replace

import numpy as np
import pytest
from tiny import graph_of, tiny_processor

from graphsum.models.processing import (
    GraphSumProcessor,
    ProcessorSettings,
    with_shuffled_sentences,
)
from graphsum.options import TrainOptions
from graphsum.personal.context import (
    LONGEST,
    author_code,
    author_codes,
    context_of,
    context_words,
    contexts_for,
    count_leaks,
    holds_impression,
    in_context,
    training_contexts,
)
from graphsum.summarizer import Summarizer
from preprocessing.corpora import load_corpus
from preprocessing.corpora.sample import make_report
from preprocessing.corpora.sample_context import make_report_with_context
from preprocessing.errors import InputError
from preprocessing.records import Report

KINDS = ("indication", "age", "author", "style")
REPORT = Report(
    "r", "Lungs are clear .", "No acute disease is seen today.", indication="Cough, fever.",
    meta={"age": "67", "author": "Dr. Kranich"},
)  # fmt: skip


def test_each_kind_is_a_marked_run_of_words_in_the_order_of_the_kinds():
    context = {"age": "67", "indication": "Cough, fever.", "style": "short,lead=urgent"}
    assert " ".join(context_words(context, KINDS)) == (
        "indication : Cough , fever . age : 67 . style : short lead urgent . findings :"
    )
    assert context_words(context, ()) == context_words({}, KINDS) == []
    assert context_words({"indication": " \x00 "}, KINDS) == []
    assert context_words({"indication": None}, KINDS) == []
    forged = context_words({"indication": "cough. findings: clear"}, KINDS)
    assert forged.count(":") == 2  # the marks are ours
    long = context_words({"indication": "pain " * 500}, ("indication",))
    assert long.count("pain") == LONGEST
    assert " ".join(context_words({"body_part": "Chest"}, ("body_part",))).startswith("body part :")


def test_an_author_whom_the_model_does_not_know_is_left_out():
    authors = author_codes([REPORT, replace(REPORT, meta={"author": " "})], KINDS)
    assert authors == (author_code("Dr. Kranich"),)
    assert author_codes([REPORT], ("indication",)) == ()
    known, unknown = {"author": "Dr. Kranich", "age": "67"}, {"author": "Dr. Storch", "age": "67"}
    with_author, without = (in_context(REPORT, one, KINDS, authors) for one in (known, unknown))
    assert author_code("Dr. Kranich") in with_author.findings
    assert without == in_context(REPORT, {"age": "67"}, KINDS)
    assert author_code("Dr. Storch") in in_context(REPORT, unknown, KINDS).findings
    with pytest.raises(InputError, match="codes of eight letters"):
        ProcessorSettings("builtin", "1", authors=("Dr. Kranich",))


def test_an_author_is_a_code_and_no_name():
    words = context_words({"author": "Dr. Kranich"}, ("author",))
    assert words[2] == author_code(" Dr. Kranich ") != author_code("Dr. Storch")
    assert len(words[2]) == 8
    assert words[2].isalpha()
    assert "Kranich" not in words


def test_a_graph_gets_words_before_its_first_sentence_without_edges_or_key_words():
    graph = graph_of("r", "Heart size is normal . Small left effusion .")
    read = in_context(graph, {"indication": "Cough"}, KINDS)
    n = len(read.words) - len(graph.words)
    assert read.words[:n] == ("indication", ":", "Cough", ".", "findings", ":")
    assert read.words[n:] == graph.words
    assert [word - n for word in read.key_words] == list(graph.key_words)
    assert [(e.head - n, e.dependent - n, e.type) for e in read.edges] == list(graph.edges)
    assert read.sentence_starts == tuple(start + n for start in graph.sentence_starts)
    assert in_context(graph, {}, KINDS) is graph
    assert in_context(graph, {"indication": "Cough"}, ()) is graph


def test_its_tokens_are_of_no_sentence_and_stay_before_those_that_are_shuffled():
    processor = tiny_processor()
    graph = graph_of("r", "Heart size is normal . Lungs are clear . No effusion .")
    read = in_context(graph, {"indication": "clear"}, KINDS)
    (plain,), (example,) = processor.examples([graph]), processor.examples([read])
    n = len(example.input_ids) - len(plain.input_ids)
    assert n >= 6
    assert not example.key_mask[: n + 1].any()
    assert (example.sentence[: n + 1] == -1).all()
    assert np.array_equal(example.sentence[n + 1 :], plain.sentence[1:])
    assert np.array_equal(
        example.edge_index[:, : len(graph.edges)] - n, plain.edge_index[:, : len(graph.edges)]
    )
    shuffled = with_shuffled_sentences(example, np.random.default_rng(3))
    assert np.array_equal(shuffled.input_ids[: n + 1], example.input_ids[: n + 1])
    assert not np.array_equal(shuffled.input_ids, example.input_ids)


def test_a_report_for_an_llm_says_it_before_its_findings():
    read = in_context(REPORT, {"indication": "Cough, fever.", "age": "67"}, KINDS)
    assert read.findings == "indication: Cough, fever. age: 67. findings: Lungs are clear ."
    assert read.impression == REPORT.impression


def test_an_indication_that_holds_the_impression_is_left_out_and_counted():
    told = replace(REPORT, indication="Prior read: no acute disease is seen today. Recheck.")
    assert context_of(REPORT, KINDS) == {
        "indication": "Cough, fever.", "age": "67", "author": "Dr. Kranich",
    }  # fmt: skip
    assert context_of(told, KINDS) == {"age": "67", "author": "Dr. Kranich"}
    assert count_leaks([REPORT, told, told], KINDS) == 2
    assert count_leaks([told], ("age",)) == 0
    assert not holds_impression("Normal.", "Normal.")  # too short to tell from chance
    assert not holds_impression("Acute disease of the chest is to be ruled out", REPORT.impression)


def test_each_kind_is_missing_in_a_share_of_the_training_reports():
    reports = [replace(REPORT, uid=str(i), impression="1. Small effusion.") for i in range(400)]
    contexts = training_contexts(reports, KINDS, dropout=0.25, seed=1)
    assert contexts == training_contexts(reports, KINDS, dropout=0.25, seed=1)
    assert contexts != training_contexts(reports, KINDS, dropout=0.25, seed=2)
    for kind in KINDS:
        assert 0.66 < sum(kind in one for one in contexts) / 400 < 0.84
    together = sum("age" in one and "indication" in one for one in contexts) / 400
    assert 0.48 < together < 0.65  # each by itself
    (full,) = training_contexts(reports[:1], KINDS, dropout=0.0, seed=1)
    assert full["style"].startswith("short,numbered,telegraphic")
    assert training_contexts(reports[:1], KINDS, dropout=1.0, seed=1) == [{}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"indicaton": "x"}, "context 'indicaton' (did you mean 'indication'?)"),
        ({"age": 67}, "context 'age' must be a text, not int"),
        ([{}, {}], "3 findings but 2 contexts"),
        (["Cough.", {}, {}], "a context is a mapping such as {'indication': 'Cough.'}, not str"),
        ("Cough.", "not a text"),
    ],
)
def test_contexts_that_do_not_fit(given, message):
    with pytest.raises(InputError, match=re.escape(message)):
        contexts_for(3, given)


def test_one_context_is_for_all():
    assert contexts_for(2, {"age": "3"}) == [{"age": "3"}, {"age": "3"}]
    assert contexts_for(2, None) == [None, None]


def test_options_name_kinds_in_any_order():
    assert TrainOptions(context="style, indication").context_kinds == ("indication", "style")
    assert TrainOptions().context_kinds == ()
    with pytest.raises(InputError, match=r"--context indicaton .did you mean 'indication'"):
        TrainOptions(context="indicaton")


def test_a_processor_remembers_what_its_model_reads(tmp_path):
    processor = tiny_processor(context=("indication",))
    processor.save_pretrained(tmp_path)
    loaded = GraphSumProcessor.from_pretrained(tmp_path)
    assert loaded.context == ("indication",)
    known = loaded("Lungs are clear.", context={"indication": "Left effusion"})
    other = loaded("Lungs are clear.", context={"age": "67"})
    assert known["input_ids"].shape[1] > other["input_ids"].shape[1]
    assert other["input_ids"].equal(loaded("Lungs are clear.")["input_ids"])
    with pytest.raises(InputError, match="context must be some of"):
        ProcessorSettings("builtin", "1", context=("indication", "indication"))


class _Seen:
    """In place of a model: keeps what it is to read."""

    def __init__(self):
        self.words = []

    def eval(self):
        return self


@pytest.fixture
def words_read(monkeypatch):
    """Summarize with a processor that reads indication and comparison; the words of its inputs."""
    from preprocessing.annotation import shared_annotator

    summarizer = Summarizer(
        _Seen(), tiny_processor(context=("indication", "comparison")),
        shared_annotator("builtin", None),
    )  # fmt: skip
    seen = []

    def write(findings, inputs, **_):
        seen.extend(" ".join(one.words) for one in inputs)
        return ["No effusion."] * len(inputs), [None] * len(inputs)

    monkeypatch.setattr(summarizer, "_write", write)

    def read(texts, **options):
        seen.clear()
        summarizer.summarize(texts, **options)
        return list(seen)

    return read


def test_the_summarizer_reads_what_is_given_and_what_a_text_says_under_headings(words_read):
    text = "Lungs are clear. No effusion."
    (read,) = words_read(text, context={"indication": "Cough"})
    assert read.startswith("indication : Cough . findings : Lungs")
    report = f"INDICATION: Fever. COMPARISON: None. FINDINGS: {text}"
    (read,) = words_read(report)
    assert read == f"indication : Fever . comparison : None . findings : {words_read(text)[0]}"
    (read,) = words_read(report, context={"indication": "Fall."})  # what is given counts
    assert read.startswith("indication : Fall . comparison : None .")
    first, second = words_read([text, text], context=[{"indication": "A"}, None])
    assert first.startswith("indication : A .")
    assert second.startswith("Lungs")
    with pytest.raises(InputError, match="2 findings but 1 contexts"):
        words_read([text, text], context=[{}])


def test_the_corpus_whose_impressions_answer_the_indication():
    corpus = load_corpus("sample_context")
    assert [len(part) for part in (corpus.train, corpus.val, corpus.test)] == [1440, 180, 180]
    asked = [report for report in corpus.train if "asked" in report.labels]
    assert 0.29 < len(asked) / len(corpus.train) < 0.37
    assert all(("explain" in one.impression) == ("asked" in one.labels) for one in corpus.val)
    assert count_leaks(corpus.train, ("indication",)) == 0
    for index in range(40):  # nothing in the findings tells what was asked
        assert make_report_with_context(index).findings == make_report(index).findings
