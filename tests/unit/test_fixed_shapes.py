"""Batches of few shapes, whose passes never wait for a GPU: same losses, same gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import tiny_examples, tiny_model, tiny_processor
from torch._subclasses.fake_tensor import FakeTensorMode

from graphsum.models import modeling
from graphsum.models.attention import allows_cudnn_attention, choose_attention_kernels
from graphsum.models.padding import fixed_count, fixed_length

VARIANTS = [
    {"graph": "gatv2", "copy": True},
    {"graph": "gat", "typed_edges": False, "contrastive_negatives": "batch"},
    {"graph": "none", "typed_edges": False, "contrastive_weight": 0.0},
    {"graph": "gatv2", "copy": True, "r_drop": 1.0, "dropout": 0.0, "graph_dropout": 0.0},
]


@pytest.fixture
def padded_graphs(monkeypatch):
    monkeypatch.setattr(modeling, "is_padded_faster", lambda hidden: True)


def losses_and_gradients(model, batch):
    model.zero_grad()
    output = model(**batch, return_logits=False)  # as in training
    output.loss.backward()
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return output, gradients


@pytest.mark.parametrize("changes", VARIANTS)
def test_same_losses_and_gradients(changes, monkeypatch):
    processor = tiny_processor()
    quiet = {"dropout": 0.0, "graph_dropout": 0.0, "attention_dropout": 0.0}
    model = tiny_model(processor, **(quiet | changes))
    model.text_encoder.eval()  # whose configuration has dropout of its own
    model.train() if changes.get("r_drop") else model.eval()
    model.text_encoder.eval()
    examples = tiny_examples(processor)
    plain, expected = losses_and_gradients(model, processor.collate(examples))
    monkeypatch.setattr(modeling, "is_padded_faster", lambda hidden: True)
    batch = processor.collate(examples, fixed_shapes=True)
    padded, found = losses_and_gradients(model, batch)
    for name, value in plain.items():
        torch.testing.assert_close(padded[name], value)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-6, rtol=1e-4)


def test_what_is_padded():
    processor = tiny_processor()
    examples = tiny_examples(processor)
    by_length = sorted(examples, key=lambda example: len(example.labels))
    plain = processor.collate(by_length)
    batch = processor.collate(examples, fixed_shapes=True)
    assert batch["input_ids"].shape == batch["key_mask"].shape == (8, 16)
    length = plain["input_ids"].size(1)
    assert torch.equal(batch["input_ids"][:, :length], plain["input_ids"])
    assert batch["edge_index"].shape == (2, 2 * 8 * 16)
    edges = plain["edge_type"].numel()
    assert torch.equal(batch["edge_index"][:, :edges], plain["edge_index"])
    assert (batch["edge_index"][:, edges:] == -1).all()
    found = []
    for labels, places in (
        (batch["short_labels"], batch["short_places"]),
        (batch["labels"][len(batch["short_labels"]) :], batch["label_places"]),
    ):
        real = places >= 0
        assert real[: real.sum()].all()
        found.append(labels.flatten()[places[real]])
    assert torch.equal(torch.cat(found), plain["labels"][plain["labels"] != -100])


def test_the_shortest_targets_are_padded_by_themselves():
    processor = tiny_processor()
    examples = tiny_examples(processor)
    lengths = [40, 3, 17, 5, 9, 2, 16, 24]
    examples = [
        replace(example, labels=np.full(length, 5))
        for example, length in zip(examples, lengths, strict=True)
    ]
    batch = processor.collate(examples, fixed_shapes=True)
    assert batch["labels"].shape == (8, 48)
    assert (batch["labels"] != -100).sum(1).tolist() == sorted(lengths)
    assert batch["short_labels"].shape == (6, 24)  # the longest of them has 17
    assert len(batch["short_places"]) == 96  # of 52 labels
    assert len(batch["label_places"]) == 64
    assert "short_labels" not in processor.collate(examples[:1], fixed_shapes=True)


def test_memory_is_the_same_without_edges(padded_graphs):
    """A report without a single edge, beside one with many."""
    processor = tiny_processor()
    model = tiny_model(processor).eval()
    batch = processor.collate(tiny_examples(processor)[:2], fixed_shapes=True)
    names = ("input_ids", "attention_mask", "edge_index", "edge_type")
    both = model.encode(*(batch[name] for name in names))
    first_only = batch["edge_index"] < batch["attention_mask"][0].sum()
    batch["edge_index"] = batch["edge_index"].masked_fill(~first_only, -1)
    without = model.encode(*(batch[name] for name in names))
    torch.testing.assert_close(without[0], both[0])
    real = batch["attention_mask"][1].bool()
    assert not torch.allclose(without[1][real], both[1][real])


@pytest.mark.parametrize("changes", VARIANTS)
def test_nothing_depends_on_values(changes, padded_graphs):
    """On fake tensors, which have no values, asking for one raises: so no GPU is waited for."""
    processor = tiny_processor()
    model = tiny_model(processor, **changes).train()
    batch = processor.collate(tiny_examples(processor), fixed_shapes=True)
    batch |= {"num_tokens": torch.tensor(40.0), "num_reports": torch.tensor(8.0)}
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = {name: mode.from_tensor(tensor) for name, tensor in batch.items()}
        model(**fake).loss.backward()
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = {name: mode.from_tensor(tensor) for name, tensor in batch.items()}
        del fake["label_places"]  # then labels are looked for
        with pytest.raises(Exception, match="aten"):
            model(**fake)


def test_fixed_sizes():
    assert [fixed_length(n) for n in (1, 16, 17, 512, 513)] == [16, 16, 24, 512, 640]
    assert [fixed_count(n, at_least=10) for n in (0, 10, 11, 41)] == [10, 10, 20, 80]


def test_cudnn_attention_is_off_whatever_the_version(monkeypatch):
    assert not any(map(allows_cudnn_attention, ("2.6.0", "2.11.0+cu130", "2.13.0", "3.0.0")))
    before = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        choose_attention_kernels()
        assert not torch.backends.cuda.cudnn_sdp_enabled()
        assert torch.backends.cuda.flash_sdp_enabled()
        assert torch.backends.cuda.mem_efficient_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)


def test_cudnn_attention_from_the_version_that_is_right(monkeypatch):
    monkeypatch.setattr("graphsum.models.attention.CUDNN_ATTENTION_RIGHT_SINCE", (2, 14))
    versions = ("2.13.1", "2.14.0+cu130", "3.0.0a1")
    assert [allows_cudnn_attention(v) for v in versions] == [False, True, True]
