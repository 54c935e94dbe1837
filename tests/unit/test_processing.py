"""Processor: word/sub-word alignment, truncation by sentence, collation, tidy text."""

import logging
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny import PAIRS, graph_of, tiny_examples, tiny_processor

from graphsum.models.padding import padded
from graphsum.models.processing import GraphSumProcessor, tidy, with_shuffled_sentences
from graphsum.models.tokenizers import train_tokenizer
from preprocessing.errors import InputError
from preprocessing.graphs import EDGE_TYPES
from preprocessing.records import Edge, ReportGraph

ENTITY = EDGE_TYPES.index("entity")


@pytest.fixture(scope="module")
def letters():
    """A processor whose every letter is a piece, so that alignment can be worked by hand."""
    processor = tiny_processor()
    tokenizer = train_tokenizer(["a b c d e f . ,"], vocab_size=20)
    return GraphSumProcessor(tokenizer, processor.settings)


def test_a_word_edge_becomes_all_pairs_of_pieces(letters):
    #            0     1    2          pieces: [CLS] _ a b _ c _ d e f [SEP]
    words = ("ab", "c", "def")
    graph = ReportGraph("1", words, (0,), (2,), (Edge(1, 0, "amod"), Edge(1, 2, "nsubj")))
    example = next(letters.examples([graph]))
    spelled = letters.tokenizer.convert_ids_to_tokens(example.input_ids.tolist())
    owner, word = [], -1
    for piece in spelled[1:-1]:
        word += piece.startswith("▁")
        owner.append(word)
    positions = {w: [i + 1 for i, o in enumerate(owner) if o == w] for w in range(3)}
    expected = {}
    for head, dependent, kind in ((1, 0, "amod"), (1, 2, "nsubj")):
        for i in positions[head]:
            for j in positions[dependent]:
                expected[i, j] = EDGE_TYPES.index(kind)
    for row in positions.values():
        for left, right in pairwise(row):
            expected[left, right] = expected[right, left] = ENTITY
    actual = {
        (int(i), int(j)): int(t) for (i, j), t in zip(example.edge_index.T, example.edge_type,
                                                      strict=True)
    }  # fmt: skip
    assert actual == expected
    key = [position for position, flag in enumerate(example.key_mask) if flag]
    assert key == positions[2]
    assert example.key_mask[0] == example.key_mask[-1] == 0  # [CLS] and [SEP] are no key words


def test_two_edges_between_the_same_words_count_once_with_the_first_type(letters):
    edges = (Edge(0, 1, "amod"), Edge(0, 1, "entity"))
    graph = ReportGraph("1", ("a", "b"), (0,), (), edges)
    example = next(letters.examples([graph]))
    between = [t for (i, j), t in zip(example.edge_index.T, example.edge_type, strict=True)]
    assert EDGE_TYPES.index("amod") in between


def test_collation_offsets_edges_and_masks_padding():
    processor = tiny_processor()
    first, second = tiny_examples(processor)[:2]
    batch = processor.collate([first, second])
    size = len(first.input_ids)
    assert batch["edge_index"].shape[1] == first.edge_index.shape[1] + second.edge_index.shape[1]
    last = batch["edge_index"][:, first.edge_index.shape[1] :]
    assert torch.equal(last, torch.from_numpy(second.edge_index) + size)
    assert batch["attention_mask"].sum() == size + len(second.input_ids)
    assert (batch["labels"] == -100).sum() == abs(len(first.labels) - len(second.labels))
    assert first.labels[-1] == processor.end_id


def test_shuffled_sentences_are_the_same_graph():
    """Pieces stay together with their sentence; every edge still joins the same two pieces."""
    processor = tiny_processor()
    graph = graph_of("1", "Heart size is normal . Lungs are clear . No pneumothorax .")
    example = next(processor.examples([graph], ["Normal ."]))
    orders = set()
    for seed in range(20):
        other = with_shuffled_sentences(example, np.random.default_rng(seed))
        text = processor.tokenizer.decode(other.input_ids, skip_special_tokens=True)
        orders.add(text)
        parts = sorted(part.strip() for part in text.split("."))
        assert parts == ["", "heart size is normal", "lungs are clear", "no pneumothorax"]
        for one in (example, other):
            assert one.input_ids[0] == processor.start_id
            assert one.input_ids[-1] == processor.end_id
        edges = [
            sorted(
                (one.input_ids[i], one.input_ids[j], kind, one.key_mask[i])
                for (i, j), kind in zip(one.edge_index.T, one.edge_type, strict=True)
            )
            for one in (example, other)
        ]
        assert edges[0] == edges[1]
    assert len(orders) == 6  # all orders of three sentences


def test_padded():
    rows = [np.array([1, 2, 3]), np.array([4])]
    assert padded(rows, 9).tolist() == [[1, 2, 3], [4, 9, 9]]


def test_long_findings_lose_whole_sentences_with_a_warning(caplog):
    processor = tiny_processor(max_source_length=20)
    text = " ".join(["Lungs are clear ."] * 10)
    with caplog.at_level(logging.WARNING):
        example = next(processor.examples([graph_of("r7", text)]))
    assert len(example.input_ids) <= 20
    assert "r7" in caplog.text
    assert "clear" not in caplog.text  # no report text in logs
    kept = processor.tokenizer.decode(example.input_ids, skip_special_tokens=True)
    assert kept.strip().endswith(".")
    assert len(kept.split(".")) - 1 == (20 - 2) // 4


def test_a_single_endless_sentence_is_cut_within(caplog):
    processor = tiny_processor(max_source_length=20)
    with caplog.at_level(logging.WARNING):
        example = next(processor.examples([graph_of("r8", " ".join(["effusion"] * 5000))]))
    assert 15 <= len(example.input_ids) <= 20
    assert example.edge_index.max() < len(example.input_ids)


def test_tokenizer_training_is_deterministic():
    texts = [text for pair in PAIRS for text in pair]
    first, second = (train_tokenizer(texts, vocab_size=120).get_vocab() for _ in range(2))
    assert first == second


def test_examples_do_not_change_the_graph():
    graph = graph_of("1", PAIRS[0][0])
    before = repr(graph)
    next(tiny_processor().examples([graph], ["Normal ."]))
    assert repr(graph) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("no acute disease . stable chest .", "No acute disease. Stable chest."),
        ("left - sided effusion , 2 . 5 cm", "Left-sided effusion, 2.5 cm"),
        ("possible pneumonia / atelectasis ( new )", "Possible pneumonia/atelectasis (new)"),
        ("", ""),
        ("COPD .", "COPD."),
        ("small left effusion . .", "Small left effusion."),
    ],
)
def test_tidy(given, expected):
    assert tidy(given) == expected


@pytest.mark.parametrize("content", [None, "{", "[]", '{"annotator": 3, "nonsense": 1}'])
def test_folder_that_is_no_checkpoint(tmp_path, content):
    if content is not None:
        (tmp_path / "processor_config.json").write_text(content)
    with pytest.raises(InputError, match="not a graphsum checkpoint"):
        GraphSumProcessor.from_pretrained(tmp_path)
