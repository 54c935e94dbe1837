"""benchmarks/mistakes.py: each mistake does what it says, and is gone afterwards."""

import numpy as np
import pytest
import torch
from mistakes import MISTAKES
from tiny import PAIRS, graph_of, tiny_model

from graphsum.models.contrastive import contrastive_views
from graphsum.models.generation import generate_impressions


def examples(processor):
    graphs = [graph_of(str(number), findings) for number, (findings, _) in enumerate(PAIRS)]
    return list(processor.examples(graphs, [impression for _, impression in PAIRS]))


@pytest.fixture
def batch(processor):
    return processor.collate(examples(processor))


def contrastive_parts(model, batch, rows=slice(None)):
    torch.manual_seed(0)
    memory = torch.randn(*batch["input_ids"].shape, 32)[rows]
    return model.contrastive(memory, batch["attention_mask"][rows], batch["key_mask"][rows])


def test_start_is_key_word(processor):
    right = examples(processor)
    with MISTAKES["start-is-key-word"]():
        wrong = examples(processor)
    assert not any(example.key_mask[0] for example in right)
    assert 0 < sum(example.key_mask[0] for example in wrong) <= len(PAIRS)
    for one, other in zip(right, wrong, strict=True):
        np.testing.assert_array_equal(one.key_mask[1:], other.key_mask[1:])
    assert not any(example.key_mask[0] for example in examples(processor))


def test_pieces_not_linked(processor):
    graph = graph_of("1", "Left hydropneumothorax .")  # the long word is in several pieces
    (right,) = processor.examples([graph])
    with MISTAKES["pieces-not-linked"]():
        (wrong,) = processor.examples([graph])
    words = processor._source_tokens(graph)[1]
    linked, rest = (
        {(words[head], words[dependent]) for head, dependent in one.edge_index.T}
        for one in (right, wrong)
    )
    assert linked - rest == {(1, 1)}
    assert rest == {(0, 1), (1, 2)}
    assert wrong.edge_index.shape == (2, len(wrong.edge_type))


def test_attention_across_the_batch(processor, batch):
    model = tiny_model(processor, contrastive_weight=1.0).eval()
    alone = torch.cat([contrastive_parts(model, batch, slice(row, row + 1)) for row in range(8)])
    torch.testing.assert_close(contrastive_parts(model, batch), alone)
    with MISTAKES["attention-across-batch"]():
        assert not torch.allclose(contrastive_parts(model, batch), alone, atol=1e-3)
        # a report by itself: every position sees itself alone, as in a report of one piece
        memory = torch.randn(1, 4, 32)
        visible = torch.ones(2, 4, 4, dtype=torch.bool)
        across = model.contrastive.encode(memory.repeat(2, 1, 1), visible)
    for position in range(4):
        one = model.contrastive.encode(
            memory[:, position : position + 1], torch.ones(1, 1, 1, dtype=torch.bool)
        )
        torch.testing.assert_close(across[:1, position : position + 1], one)


def test_padding_is_pooled(processor, batch):
    model = tiny_model(processor, contrastive_weight=1.0).eval()
    right = contrastive_parts(model, batch)
    with MISTAKES["padding-is-pooled"]():
        wrong = contrastive_parts(model, batch)
    padded = (batch["attention_mask"] == 0).any(dim=1)
    assert padded.any()
    assert not padded.all()
    torch.testing.assert_close(wrong[~padded], right[~padded])
    assert ((wrong - right).abs() > 1e-5)[padded].all()


def test_all_pairs(processor, batch):
    from graphsum.models import contrastive

    anchor, positive, negative = torch.randn(3, 8, 32, generator=torch.manual_seed(1))
    with MISTAKES["all-pairs"]():
        wrong = contrastive.contrastive_loss(anchor, positive, negative, temperature=0.5)
    for row in range(8):
        each = [
            contrastive.contrastive_loss(
                anchor[row : row + 1],
                positive[other : other + 1],
                negative[other : other + 1],
                temperature=0.5,
            )
            for other in range(8)
        ]
        torch.testing.assert_close(wrong[row], torch.cat(each).mean())


def test_dropout_at_test_time(processor, batch):
    model = tiny_model(processor, graph_dropout=0.5)
    parts = {name: batch[name] for name in ("input_ids", "attention_mask", "edge_index")}
    parts["edge_type"] = batch["edge_type"]
    model.eval()
    assert torch.equal(model.encode(**parts), model.encode(**parts))
    with MISTAKES["dropout-at-test-time"]():
        model.eval()
        assert not torch.equal(model.encode(**parts), model.encode(**parts))
        assert not model.text_encoder.training
        assert not model.decoder.training


def test_six_pieces_at_least(processor, monkeypatch):
    asked = []
    model = tiny_model(processor)
    search = model.generate_impressions
    monkeypatch.setattr(
        model, "generate_impressions", lambda b, s: asked.append(s.min_new_tokens) or search(b, s)
    )
    generate_impressions(model, processor, examples(processor))
    with MISTAKES["six-pieces-at-least"]():
        generate_impressions(model, processor, examples(processor))
    assert asked == [0, 6]


def test_views_hold_the_start_piece(batch):
    """What ``attention-across-batch`` finds the views by: the start piece is no key word."""
    positive, negative = contrastive_views(batch["attention_mask"], batch["key_mask"])
    assert negative[:, 0].all()
    assert not positive[:, 0].any()
