"""Contrastive views and loss against an explicit loop over reports and views."""

import math

import pytest
import torch
from tiny import tiny_model, tiny_processor

from graphsum.models.contrastive import contrastive_loss, contrastive_views, fingerprints


def test_views_by_hand():
    attention_mask = torch.tensor([[1, 1, 1, 1, 0]])
    key_mask = torch.tensor([[0, 1, 1, 0, 1]])  # the last one is padding whatever it says
    positive, negative = contrastive_views(attention_mask, key_mask)
    assert positive.tolist() == [[False, True, True, False, False]]
    assert negative.tolist() == [[True, False, False, True, False]]


def test_loss_by_hand():
    anchor = torch.tensor([[1.0, 0.0]])
    positive, negative = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    # cosines 1 and 0
    expected = -math.log(math.e / (math.e + 1))
    assert contrastive_loss(anchor, positive, negative).item() == pytest.approx(expected)
    sharper = -math.log(math.exp(10) / (math.exp(10) + 1))
    assert contrastive_loss(anchor, positive, negative, temperature=0.1).item() == pytest.approx(
        sharper, abs=1e-6
    )


def explicit(module, memory, attention_mask, key_mask):
    """One report, one view, one call at a time, with only the kept positions in the sequence."""
    losses = []
    for row in range(len(memory)):
        real = [i for i in range(memory.size(1)) if attention_mask[row, i]]
        key = [i for i in real if key_mask[row, i]]
        other = [i for i in real if not key_mask[row, i]]
        if not key or not other:
            losses.append(torch.zeros(()))
            continue
        pooled = []
        for kept in (real, key, other):
            encoded = memory[row : row + 1, kept]
            for layer in module.encoder.layer:
                encoded = layer(encoded)
            pooled.append(module.norm(encoded)[0].mean(0))
        anchor, positive, negative = pooled

        def cosine(a, b):
            return (a @ b / a.norm() / b.norm()).item() / module.temperature

        towards = math.exp(cosine(anchor, positive))
        away = math.exp(cosine(anchor, negative))
        losses.append(torch.tensor(-math.log(towards / (towards + away))))
    return torch.stack(losses)


@pytest.mark.parametrize("training", [False, True])
def test_module_equals_the_explicit_loop(training):
    processor = tiny_processor()
    model = tiny_model(processor, dropout=0.0, contrastive_layers=2, contrastive_temperature=0.5)
    module = model.contrastive.train(training)
    torch.manual_seed(1)
    memory = torch.randn(5, 7, 32)
    attention_mask = torch.ones(5, 7, dtype=torch.long)
    attention_mask[1, 4:] = 0
    attention_mask[4, 2:] = 0
    key_mask = torch.randint(0, 2, (5, 7))
    key_mask[2] = 1  # nothing but key words
    key_mask[3] = 0  # none
    actual = module(memory, attention_mask, key_mask)
    expected = explicit(module, memory, attention_mask, key_mask)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)
    assert actual[2] == actual[3] == 0
    assert actual.isfinite().all()


def test_gradient_is_finite_and_pulls_key_words_in():
    processor = tiny_processor()
    model = tiny_model(processor, dropout=0.0)
    memory = torch.randn(4, 6, 32, requires_grad=True)
    attention_mask = torch.ones(4, 6, dtype=torch.long)
    key_mask = torch.tensor([[0, 1, 0, 1, 0, 1]] * 3 + [[1] * 6])
    before = model.contrastive(memory, attention_mask, key_mask).sum()
    before.backward()
    assert memory.grad.isfinite().all()
    moved = (memory - 0.5 * memory.grad).detach()
    assert model.contrastive(moved, attention_mask, key_mask).sum() < before


def test_negatives_from_the_batch_by_an_explicit_loop():
    """Key words of reports with another impression are negatives; those of the same are not."""
    processor = tiny_processor()
    model = tiny_model(
        processor, dropout=0.0, contrastive_temperature=0.5, contrastive_negatives="batch"
    )
    torch.manual_seed(2)
    anchor, positive, negative = torch.randn(3, 4, 6)
    labels = torch.tensor([[5, 6], [5, -100], [5, 6], [7, 8]])
    prints = fingerprints(labels)
    actual = contrastive_loss(
        anchor,
        positive,
        negative,
        temperature=0.5,
        others=positive,
        is_negative=prints.unsqueeze(0) != prints.unsqueeze(1),
    )
    for i in range(4):

        def term(a, b):
            return math.exp((a @ b / a.norm() / b.norm()).item() / 0.5)

        towards = term(anchor[i], positive[i])
        rest = term(anchor[i], negative[i]) + sum(
            term(anchor[i], positive[j])
            for j in range(4)
            if labels[i].tolist() != labels[j].tolist()
        )
        assert actual[i].item() == pytest.approx(-math.log(towards / (towards + rest)), abs=1e-5)

    memory = torch.randn(4, 6, 32)
    attention_mask = torch.ones(4, 6, dtype=torch.long)
    key_mask = torch.tensor([[0, 1, 0, 1, 0, 1]] * 3 + [[1] * 6])  # the last has one view only
    module = model.contrastive.eval()
    alone = module(memory, attention_mask, key_mask)
    among = module(memory, attention_mask, key_mask, labels)
    assert (among[:3] > alone[:3]).all()
    assert among[3] == 0
    # The last report, without views, is no negative: leaving it out changes nothing.
    fewer = module(memory[:3], attention_mask[:3], key_mask[:3], labels[:3])
    torch.testing.assert_close(among[:3], fewer)
    # All impressions the same: nothing but the own negative remains.
    same = module(memory, attention_mask, key_mask, labels[:1].expand(4, 2))
    torch.testing.assert_close(same, alone)
