"""The model: invariances, parity with slow second implementations, train mode as well as eval."""

import itertools
import math
import random

import pytest
import torch
from search_parity import encode, stock
from tiny import PAIRS, graph_of, tiny_examples, tiny_model
from transformers import AutoModelForSeq2SeqLM

from graphsum.models.configuration import GraphSumConfig
from graphsum.models.encoders import GraphEncoder
from graphsum.models.generation import GREEDY, SearchSettings, generate_impressions
from graphsum.models.modeling import GraphSum, least_padding
from preprocessing.errors import InputError


@pytest.fixture(scope="module")
def examples(processor):
    return tiny_examples(processor)


@pytest.mark.parametrize("graph", ["gat", "gatv2", "none"])
def test_memory_does_not_depend_on_padding_or_batch_order(processor, examples, graph):
    model = tiny_model(processor, graph=graph, typed_edges=graph == "gatv2").eval()
    batch = processor.collate(examples)
    together = encode(model, batch)
    backwards = encode(model, processor.collate(examples[::-1])).flip(0)
    for row, example in enumerate(examples):
        alone = encode(model, processor.collate([example]))[0]
        size = len(example.input_ids)
        torch.testing.assert_close(together[row, :size], alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[row, :size], backwards[row, :size])


@pytest.mark.parametrize("graph", ["gat", "gatv2"])
def test_graph_encoder_follows_a_relabelling_of_the_nodes(processor, graph):
    model = tiny_model(processor, graph=graph, typed_edges=graph == "gatv2").eval()
    torch.manual_seed(3)
    nodes, edges = torch.randn(9, 32), torch.randint(0, 9, (2, 20))
    types = torch.randint(0, 38, (20,))
    order = torch.randperm(9)
    position = torch.argsort(order)  # where each old node went
    with torch.no_grad():
        before = model.graph_encoder(nodes, edges, types)
        after = model.graph_encoder(nodes[order], position[edges], types)
    torch.testing.assert_close(after, before[order], rtol=1e-4, atol=1e-6)


def test_copy_head_by_hand(processor):
    """Two source positions hold the same piece: their attention adds up on it."""
    model = tiny_model(processor, copy=True).eval()
    head = model.decoder.copy
    torch.manual_seed(2)
    states, memory, logits = torch.randn(1, 1, 32), torch.randn(1, 4, 32), torch.randn(1, 1, 10)
    ids = torch.tensor([[7, 3, 7, 5]])
    mask = torch.tensor([[1, 1, 1, 0]])
    with torch.no_grad():
        scores = (head.query(states)[0, 0] * head.key(memory)[0]).sum(-1) / math.sqrt(32)
        attention = torch.softmax(scores[:3], 0)
        gate = torch.sigmoid(head.gate(states))[0, 0, 0]
        expected = (1 - gate) * torch.softmax(logits[0, 0], -1)
        expected[7] += gate * (attention[0] + attention[2])
        expected[3] += gate * attention[1]
        actual = head(logits, states, memory, mask, ids)[0, 0].exp()
    torch.testing.assert_close(actual, expected)
    assert actual.sum().item() == pytest.approx(1, abs=1e-5)


def test_graph_encoder_equals_its_equations():
    """GAT with explicit loops: softmax over incoming edges of LeakyReLU(a_s.Wx_j + a_d.Wx_i)."""
    config = GraphSumConfig(d_model=4, decoder_heads=2, graph="gat", graph_heads=2, graph_width=3)
    torch.manual_seed(0)
    encoder = GraphEncoder(config, 5).eval()
    nodes = torch.randn(4, 5)
    edges = torch.tensor([[0, 1, 2], [1, 2, 1]])
    with_loops = [(0, 1), (1, 2), (2, 1), (0, 0), (1, 1), (2, 2), (3, 3)]

    def layer(conv, states, heads, width):
        projected = conv.lin(states).view(len(states), heads, width)
        result = torch.zeros(len(states), heads, width)
        for node in range(len(states)):
            incoming = [head for head, dependent in with_loops if dependent == node]
            for h in range(heads):
                scores = torch.stack(
                    [
                        (projected[j, h] * conv.att_src[0, h]).sum()
                        + (projected[node, h] * conv.att_dst[0, h]).sum()
                        for j in incoming
                    ]
                )
                weights = torch.softmax(torch.nn.functional.leaky_relu(scores, 0.2), 0)
                result[node, h] = sum(
                    w * projected[j, h] for w, j in zip(weights, incoming, strict=True)
                )
        return result.flatten(1) + conv.bias

    with torch.no_grad():
        expected = layer(
            encoder.second, torch.relu(layer(encoder.first, nodes, 2, 3)), 1, config.d_model
        )
        actual = encoder(nodes, edges, torch.zeros(3, dtype=torch.long))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_edges_and_their_types_reach_the_memory(processor, examples):
    model = tiny_model(processor).eval()
    batch = processor.collate(examples)
    other = dict(batch)
    other["edge_type"] = (batch["edge_type"] + 1) % 38
    none = dict(batch)
    none["edge_index"], none["edge_type"] = batch["edge_index"][:, :0], batch["edge_type"][:0]
    memory = encode(model, batch)
    assert not torch.allclose(memory, encode(model, other))
    assert not torch.allclose(memory, encode(model, none))


def test_report_without_edges_and_without_key_words_trains(processor):
    model = tiny_model(processor).train()
    graph = graph_of("x", ". . .")
    bare = type(graph)("x", graph.words, (0,), (), ())
    example = next(processor.examples([bare], ["Normal chest ."]))
    output = model(**processor.collate([example]))
    output.loss.backward()
    assert math.isfinite(output.loss.item())
    assert output.contrastive_loss.item() == 0


def test_same_input_twice_gives_the_same_output(processor, examples):
    model = tiny_model(processor)  # in training mode: generation must switch dropout off itself
    model.train()
    first = generate_impressions(model, processor, examples)
    assert first == generate_impressions(model, processor, examples)
    assert model.training


def test_loss_is_a_sum_of_parts(processor, examples):
    """Two halves with the counts of the whole give the loss of the whole."""
    model = tiny_model(processor).eval()
    whole = model(**processor.collate(examples)).loss
    counts = {
        "num_tokens": sum(len(example.labels) for example in examples),
        "num_reports": len(examples),
    }
    halves = [model(**processor.collate(examples[i::2]), **counts).loss for i in range(2)]
    torch.testing.assert_close(whole, sum(halves))


@pytest.mark.parametrize("copy", [False, True])
def test_generation_loss_by_hand(processor, examples, copy):
    model = tiny_model(processor, copy=copy).eval()
    batch = processor.collate(examples[:2])
    output = model(**batch)
    labels = batch.pop("labels")
    logits = model(**batch, decoder_input_ids=model.shift_right(labels)).logits
    batch["labels"] = labels
    logs = torch.log_softmax(logits, -1)
    terms = [
        -logs[row, position, piece]
        for row, labels in enumerate(batch["labels"])
        for position, piece in enumerate(labels)
        if piece != -100
    ]
    torch.testing.assert_close(output.generation_loss, torch.stack(terms).mean())


def test_least_padding():
    assert least_padding([1, 1, 2, 9, 9, 10], 2) == [(0, 3), (3, 6)]
    assert least_padding([4], 4) == [(0, 1)]
    generator = random.Random(0)
    for _ in range(20):
        lengths = sorted(generator.randrange(1, 12) for _ in range(7))
        costs = []
        for cuts in itertools.combinations(range(1, 7), 2):
            runs = list(itertools.pairwise((0, *cuts, 7)))
            costs.append(sum((end - start) * lengths[end - 1] for start, end in runs))
        runs = least_padding(lengths, 3)
        assert runs[0][0] == 0
        assert runs[-1][1] == 7
        assert sum((end - start) * lengths[end - 1] for start, end in runs) == min(costs)


def test_loss_does_not_depend_on_the_grouping(processor, examples, monkeypatch):
    model = tiny_model(processor, copy=True).eval()
    batch = processor.collate(examples)
    batch["labels"][2, 1] = -100  # a gap is no end
    grouped = model(**batch).generation_loss
    everything = [(torch.arange(len(examples)), batch["labels"].size(1))]
    monkeypatch.setattr("graphsum.models.modeling.target_groups", lambda labels, groups: everything)
    torch.testing.assert_close(model(**batch).generation_loss, grouped)


def test_label_smoothing_by_hand(processor, examples):
    """Without copying: the usual cross-entropy with label smoothing."""
    model = tiny_model(processor).eval()
    batch = processor.collate(examples)
    labels = batch["labels"]
    memory = model.encode(
        *(batch[name] for name in ("input_ids", "attention_mask", "edge_index", "edge_type"))
    )
    inputs = (model.shift_right(labels), memory, batch["attention_mask"], batch["input_ids"])
    logits, _ = model.decoder(*inputs)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), label_smoothing=0.2
    )
    actual = model.decoder.token_losses(*inputs, labels, label_smoothing=0.2).mean()
    torch.testing.assert_close(actual, expected)


def test_two_passes_agree_by_hand(processor, examples):
    """R-Drop: mean loss of two memories and the symmetric KL of what they lead to."""
    model = tiny_model(processor, copy=True).eval()
    batch = processor.collate(examples)
    labels = batch["labels"]
    names = ("input_ids", "attention_mask", "edge_index", "edge_type")
    first = model.encode(*(batch[name] for name in names))
    second = first + 0.3 * torch.randn(first.shape, generator=torch.Generator().manual_seed(1))
    given, rest = model.shift_right(labels), (batch["attention_mask"], batch["input_ids"])
    losses, divergence = model.decoder.agreement_losses(
        given, (first, second), *rest, labels, label_smoothing=0.1
    )
    each = [
        model.decoder.token_losses(given, memory, *rest, labels, label_smoothing=0.1)
        for memory in (first, second)
    ]
    torch.testing.assert_close(losses, (each[0] + each[1]) / 2)
    p, q = (model.decoder(given, memory, *rest)[0][labels != -100] for memory in (first, second))
    kl = torch.nn.functional.kl_div
    both = kl(q, p, reduction="none", log_target=True) + kl(p, q, reduction="none", log_target=True)
    torch.testing.assert_close(divergence, both.sum(1) / 2)
    assert divergence.min() >= 0
    assert divergence.max() > 0


def test_r_drop_is_of_training_and_needs_dropout(processor, examples):
    batch = processor.collate(examples)
    model = tiny_model(processor, r_drop=2.0)
    output = model(**batch)
    weighted = output.contrastive_loss + 2 * output.agreement_loss
    assert output.agreement_loss > 0
    torch.testing.assert_close(output.loss, output.generation_loss + weighted)
    assert model.eval()(**batch).agreement_loss is None
    assert tiny_model(processor)(**batch).agreement_loss is None
    calm = {"dropout": 0.0, "graph_dropout": 0.0, "r_drop": 2.0}
    quiet = tiny_model(processor, **calm)
    for module in quiet.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    plain = quiet(**batch)
    torch.testing.assert_close(plain.agreement_loss, torch.tensor(0.0), atol=1e-5, rtol=0)
    quiet.config.r_drop = 0.0
    torch.testing.assert_close(plain.generation_loss, quiet(**batch).generation_loss)


def test_every_parameter_gets_a_gradient(processor, examples):
    """Distributed training stops at parameters without one."""
    for graph, copy in (("gat", False), ("gatv2", True), ("none", True)):
        model = tiny_model(processor, graph=graph, typed_edges=graph == "gatv2", copy=copy).train()
        model(**processor.collate(examples)).loss.backward()
        missing = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
        assert missing == []


def test_cached_decoding_equals_the_full_forward(processor, examples):
    model = tiny_model(processor).eval()
    batch = processor.collate(examples)
    memory = encode(model, batch)
    start = torch.full((len(examples), 1), processor.start_id)
    pieces, cache = start, None
    with torch.no_grad():
        for _ in range(6):
            full, _ = model.decoder(pieces, memory, batch["attention_mask"], batch["input_ids"])
            step, cache = model.decoder(
                pieces[:, -1:], memory, batch["attention_mask"], batch["input_ids"],
                cache=cache, use_cache=True,
            )  # fmt: skip
            torch.testing.assert_close(step[:, -1], full[:, -1], rtol=1e-4, atol=1e-5)
            pieces = torch.cat([pieces, full[:, -1:].argmax(-1)], dim=1)


def test_wide_beam_finds_the_best_of_all_sequences(processor, examples):
    """Exhaustive search over every sequence of at most 3 pieces of a 7-piece vocabulary."""
    vocabulary, longest, penalty = 7, 3, 0.95
    for seed in range(5):
        model = tiny_model(processor, seed=seed, vocab_size=vocabulary).eval()
        with torch.no_grad():
            model.decoder.lm_head.weight.mul_(20)  # sharpen: tied embeddings start near uniform
        batch = processor.collate(examples[:1])
        end = processor.end_id
        memory = encode(model, batch)
        best, best_score = None, -math.inf
        for pieces in itertools.product(range(vocabulary), repeat=longest):
            if end in pieces:
                pieces = pieces[: pieces.index(end) + 1]
            given = torch.tensor([[processor.start_id, *pieces[:-1]]])
            with torch.no_grad():
                logits, _ = model.decoder(
                    given, memory, batch["attention_mask"], batch["input_ids"]
                )
            logs = torch.log_softmax(logits[0], -1)
            score = sum(logs[i, piece].item() for i, piece in enumerate(pieces))
            score /= len(pieces) ** penalty
            if score > best_score + 1e-7:
                best, best_score = list(pieces), score
        settings = SearchSettings(
            num_beams=vocabulary**2,
            max_new_tokens=longest,
            length_penalty=penalty,
            no_repeat_ngram_size=0,
        )
        for found in (
            model.generate_impressions(batch, settings),
            stock(model, batch, settings),
        ):
            assert found[0, 1:].tolist()[: len(best)] == best


@pytest.mark.parametrize(
    ("graph", "copy"),
    [
        ("gatv2", True),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in (("gat", False), ("gatv2", False), ("none", False))
        ),
    ],
)
def test_overfits_eight_reports(processor, examples, graph, copy):
    model = tiny_model(processor, graph=graph, typed_edges=graph == "gatv2", dropout=0.0, copy=copy)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=300)
    batch = processor.collate(examples)
    model.train()
    for _ in range(300):
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        decay.step()
        optimizer.zero_grad()
    for settings in (GREEDY, SearchSettings(num_beams=3)):
        written = generate_impressions(model, processor, examples, settings=settings)
        assert [simple(text) for text in written] == [simple(text) for _, text in PAIRS]


def simple(text):
    return "".join(text.lower().split())


def test_checkpoint_round_trip(processor, examples, tmp_path):
    model = tiny_model(processor).eval()
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = GraphSum.from_pretrained(tmp_path).eval()
    reread = type(processor).from_pretrained(tmp_path)
    assert reread.settings == processor.settings
    assert isinstance(AutoModelForSeq2SeqLM.from_pretrained(tmp_path), GraphSum)
    batch = reread.collate(examples)
    with torch.no_grad():
        torch.testing.assert_close(model(**batch).loss, again(**batch).loss)
    assert again.decoder.lm_head.weight is again.decoder.layers.embed_tokens.weight


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"graph": "gta"}, "gta"),
        ({"d_model": 10, "decoder_heads": 4}, "multiple"),
        ({"dropout": 1.5}, "dropout"),
        ({"contrastive_temperature": 0}, "contrastive_temperature"),
        ({"graph": "gat", "typed_edges": True}, "gatv2"),
    ],
)
def test_impossible_configurations_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        GraphSumConfig(**change)
