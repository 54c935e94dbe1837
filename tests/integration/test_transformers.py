"""transformers' conventions: Auto classes, processor, forward, generate."""

import subprocess
import sys

import pytest
import torch
from places import ROOT
from tiny import PAIRS, graph_of, tiny_examples, tiny_model

from graphsum.decoding.beam_search import SearchSettings
from graphsum.models.processing import GraphSumProcessor, ProcessorSettings
from preprocessing.errors import InputError

FINDINGS, IMPRESSIONS = (list(texts) for texts in zip(*PAIRS, strict=True))
SHIPPED = ROOT / "checkpoints" / "openi"


@pytest.fixture(scope="module")
def model(processor):
    return tiny_model(processor).eval()


@pytest.mark.smoke
@pytest.mark.parametrize(
    "order",
    ["import graphsum, transformers", "from transformers import AutoConfig; import graphsum"],
)
def test_auto_classes_know_the_checkpoints(order):
    """Whichever is imported first."""
    script = f"""{order}
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoProcessor
folder = {str(SHIPPED)!r}
classes = (AutoProcessor, AutoConfig, AutoModelForSeq2SeqLM)
parts = [part.from_pretrained(folder) for part in classes]
print(*(type(part).__name__ for part in parts))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["GraphSumProcessor", "GraphSumConfig", "GraphSum"]


def test_importing_graphsum_imports_neither_torch_nor_transformers():
    script = (
        "import sys, graphsum; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_processor_makes_a_batch_of_texts(processor, model):
    batch = processor(FINDINGS[:2], text_target=IMPRESSIONS[:2])
    graphs = processor.graphs(FINDINGS[:2])
    expected = processor.collate(list(processor.examples(graphs, IMPRESSIONS[:2])))
    assert batch.keys() == expected.keys()
    assert all(torch.equal(batch[name], expected[name]) for name in expected)
    assert torch.equal(processor(graphs=graphs, labels=IMPRESSIONS[:2])["labels"], batch["labels"])
    assert "labels" not in processor(FINDINGS[0])
    assert model(**batch).logits.shape == (*batch["labels"].shape, len(processor.tokenizer))


def test_decode_takes_one_sequence_or_many(processor):
    labels = processor(graphs=[graph_of("1", FINDINGS[0])], labels=IMPRESSIONS[0])["labels"]
    padded = torch.nn.functional.pad(labels, (0, 3), value=-100)
    assert processor.decode(labels[0]) == "Cardiomegaly."
    assert processor.decode(labels) == processor.batch_decode(padded.numpy()) == ["Cardiomegaly."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ["Heart normal.", " . "]}, "findings 2 of 2: empty"),
        ({"text": []}, "no findings"),
        ({}, "findings \\(text\\) or graphs"),
        ({"text": "Heart normal.", "text_target": ["a", "b"]}, "1 findings but 2 impressions"),
        ({"text": "Heart normal.", "text_target": ""}, "impression 1 of 1: empty"),
    ],
)
def test_mistakes_in_calling_the_processor(processor, arguments, message):
    with pytest.raises(InputError, match=message):
        processor(**arguments)


def test_unknown_annotator(processor):
    settings = ProcessorSettings("nobody", "1")
    with pytest.raises(InputError, match="nobody"):
        GraphSumProcessor(processor.tokenizer, settings)("Heart normal.")


@pytest.mark.parametrize("copy", [False, True])
def test_losses_are_the_same_with_and_without_logits(processor, copy):
    model = tiny_model(processor, copy=copy).eval()
    batch = processor.collate(tiny_examples(processor))
    with torch.no_grad():
        slow, fast = model(**batch), model(**batch, return_logits=False)
        given = model(**batch, num_tokens=(batch["labels"] >= 0).sum())
    assert fast.logits is None
    assert given.logits is None
    torch.testing.assert_close(slow.loss, fast.loss)
    torch.testing.assert_close(given.loss, fast.loss)
    expected = torch.nn.functional.cross_entropy(slow.logits.transpose(1, 2), batch["labels"])
    torch.testing.assert_close(slow.generation_loss, expected)
    torch.testing.assert_close(model(**batch, return_dict=False)[0], slow.loss)


@pytest.mark.smoke
@pytest.mark.parametrize("num_beams", [1, 3])
def test_generate_is_our_own_search(processor, model, num_beams):
    batch = processor.collate(tiny_examples(processor))
    settings = SearchSettings(num_beams=num_beams, max_new_tokens=12)
    expected = model.generate_impressions(batch, settings)
    assert torch.equal(model.generate(**batch, **settings.as_options()), expected)


@pytest.mark.smoke
def test_generate_takes_the_usual_options(processor, model):
    from transformers import LogitsProcessor, LogitsProcessorList, MaxLengthCriteria

    class Forbid(LogitsProcessor):
        def __call__(self, input_ids, scores):
            scores[:, processor.end_id] = -torch.inf
            return scores

    batch = processor.collate(tiny_examples(processor)[:2])
    torch.manual_seed(0)
    sampled = model.generate(**batch, do_sample=True, num_return_sequences=3, max_new_tokens=6)
    assert len(sampled) == 6
    forbidden = model.generate(
        **batch, logits_processor=LogitsProcessorList([Forbid()]), max_new_tokens=6, num_beams=2
    )
    assert processor.end_id not in forbidden
    assert forbidden.size(1) == 7
    stopped = model.generate(**batch, stopping_criteria=[MaxLengthCriteria(3)], max_new_tokens=9)
    assert stopped.size(1) <= 3
    several = model.generate(**batch, num_beams=3, num_return_sequences=2, max_new_tokens=5)
    assert len(several) == 4


@pytest.mark.smoke
def test_hidden_states(processor):
    """One encoder layer and two decoder layers, each with its embedding before it."""
    model = tiny_model(processor, copy=False).eval()
    batch = processor.collate(tiny_examples(processor))
    plain = model(**batch)
    output = model(**batch, output_hidden_states=True)
    assert plain.decoder_hidden_states is None
    torch.testing.assert_close(output.logits, plain.logits)
    names = ("input_ids", "attention_mask", "edge_index", "edge_type")
    memory = model.encode(*(batch[name] for name in names))
    torch.testing.assert_close(output.encoder_last_hidden_state, memory)
    rows, length = batch["input_ids"].shape
    assert [s.shape for s in output.encoder_hidden_states] == [(rows, length, 32)] * 2
    target = batch["labels"].size(1)
    assert [s.shape for s in output.decoder_hidden_states] == [(rows, target, 32)] * 3
    last = model.decoder.lm_head(output.decoder_hidden_states[-1])
    torch.testing.assert_close(last, output.logits)
    as_tuple = model(**batch, output_hidden_states=True, return_dict=False)
    assert torch.equal(as_tuple[0], output.loss)
    assert torch.equal(as_tuple[1], output.logits)


def test_hidden_states_of_generate(processor):
    model = tiny_model(processor).eval()
    batch = processor.collate(tiny_examples(processor))
    found = model.generate(
        **batch, max_new_tokens=4, return_dict_in_generate=True, output_hidden_states=True
    )
    assert len(found.encoder_hidden_states) == 2
    assert all(len(step) == 3 for step in found.decoder_hidden_states)


def test_activation_checkpointing_gives_the_same_gradients(processor):
    model = tiny_model(processor, dropout=0.0, graph_dropout=0.0, attention_dropout=0.0)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.text_encoder.config.attention_probs_dropout_prob = 0.0
    batch = processor.collate(tiny_examples(processor))
    gradients = []
    for checkpointing in (False, True):
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
            layers = [m for m in model.modules() if getattr(m, "gradient_checkpointing", False)]
            assert len(layers) >= 4  # encoder, contrastive module, two of the decoder
        model.train()
        model.zero_grad()
        model(**batch, num_tokens=40.0).loss.backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(checkpointed, plain)
