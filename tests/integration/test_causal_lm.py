"""A frozen LLM as decoder, for each family and alignment: it learns, stays frozen, comes back."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from safetensors.torch import load_file
from tiny import PAIRS, tiny_examples, tiny_model, tiny_processor
from tiny_llm import FAMILIES, save_llm

from graphsum.llm.prompting import PREFIX
from graphsum.models.decoders.causal_lm import CausalLMSteps, context_places
from graphsum.models.generation import (
    GREEDY,
    SearchSettings,
    generate_impressions,
    sample_impressions,
)
from graphsum.models.llm_building import build_with_llm, prompter_of
from graphsum.models.modeling import LLM, GraphSum
from graphsum.models.padding import IGNORED
from graphsum.models.processing import GraphSumProcessor
from graphsum.options import resolve
from graphsum.training.loop import parameter_groups
from preprocessing.errors import InputError

ALIGNMENTS = ("shallow", "delta", "deep")
BEAMS = SearchSettings(num_beams=3, max_new_tokens=12)


def needs_peft(alignment):
    if alignment != "shallow":
        pytest.importorskip("peft", reason="LoRA needs the extra llm")


@pytest.fixture(scope="session")
def encoder_run(tmp_path_factory):
    """A checkpoint whose encoders are taken over."""
    folder = tmp_path_factory.mktemp("encoders")
    processor = tiny_processor()
    tiny_model(processor, dropout=0.0, graph_dropout=0.0).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llms(tmp_path_factory):
    """The folder of each family's LLM, made when asked for."""
    made = {}

    def llm(family, **changes):
        key = str((family, changes))
        if key not in made:
            folder = tmp_path_factory.mktemp(family)
            made[key] = save_llm(folder, family, learn_steps=150, **changes)
        return made[key]

    return llm


def build(encoder_run, llm, alignment="shallow", **options):
    values = {
        "decoder": "causal-lm", "llm": llm, "alignment": alignment, "init_from": str(encoder_run),
        "mapper": "linear", "lora_dropout": 0.0, "label_smoothing": 0.0, "lr": 1e-2,
        "encoder_lr": 1e-3, "weight_decay": 0.0,
    }  # fmt: skip
    chosen = resolve(values | options)
    made = GraphSumProcessor.from_pretrained(encoder_run)
    processor = GraphSumProcessor(made.tokenizer, made.settings, prompter_of(chosen))
    torch.manual_seed(0)
    return build_with_llm(chosen, None, processor.prompter), processor, chosen


def learn(model, processor, options, *, steps):
    """At least 100 steps, and on until the eight reports are learnt; the optimiser."""
    batch = processor.collate(tiny_examples(processor))
    optimizer = torch.optim.AdamW(parameter_groups(model, options))
    for step in range(steps):
        model.train()
        output = model(**batch)
        if step >= 99 and output.generation_loss < 0.02:
            break  # with the weights of this loss: at such a rate a further step may undo much
        output.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return optimizer


# One family with each alignment, and each other family with one of them.
OTHERS = [family for family in FAMILIES if family != "llama"]
KINDS = [("llama", alignment) for alignment in ALIGNMENTS] + [
    (family, ALIGNMENTS[1 + number % 2]) for number, family in enumerate(OTHERS)
]


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def trained(request, train_once):
    return train_once(*request.param)


@pytest.fixture(scope="module")
def train_once(encoder_run, llms, tmp_path_factory):
    """Trains each kind once, in whatever order the tests come."""

    @cache
    def kind(family, alignment):
        return train_kind(family, alignment, encoder_run, llms, tmp_path_factory)

    return kind


def train_kind(family, alignment, encoder_run, llms, tmp_path_factory):
    needs_peft(alignment)
    model, processor, options = build(encoder_run, llms(family), alignment)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = learn(model, processor, options, steps=600)
    folder = tmp_path_factory.mktemp("trained")
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return model, processor, before, optimizer, folder


def test_it_learns_eight_reports_and_batches_do_not_matter(trained):
    model, processor, *_ = trained
    examples = tiny_examples(processor)
    written = generate_impressions(model, processor, examples, settings=GREEDY)
    assert written == [reference.replace(" .", ".").replace(" ,", ",") for _, reference in PAIRS]
    together = generate_impressions(model, processor, examples, settings=BEAMS)
    alone = [generate_impressions(model, processor, [e], settings=BEAMS)[0] for e in examples]
    assert together == alone


def test_what_is_frozen_stays_bit_identical(trained):
    """After 100 steps and more; and only mapper, LoRA and (deep) encoders have optimiser state."""
    model, _, before, optimizer, _ = trained
    changed = {
        name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    assert not any(name.startswith(LLM) and ".lora_" not in name for name in changed | trains)
    assert changed <= trains
    assert {id(p) for p in optimizer.state} <= {
        id(p) for p in model.parameters() if p.requires_grad
    }
    encoders = ("text_encoder.", "graph_encoder.", "fusion.", "contrastive.")
    assert any(name.startswith(encoders) for name in trains) == (model.config.alignment == "deep")
    assert any(".lora_" in name for name in trains) == (model.config.alignment != "shallow")
    assert {"decoder.mapper.map.weight", "decoder.norm.weight"} <= changed


def test_a_checkpoint_holds_all_but_the_llm_and_comes_back_the_same(trained):
    model, processor, _, _, folder = trained
    saved = load_file(folder / "model.safetensors")
    own = {n: p for n, p in model.named_parameters() if not n.startswith(LLM)}
    assert set(saved) == set(own)
    lora = sum(p.numel() for n, p in model.named_parameters() if ".lora_" in n)
    if lora:
        adapter = load_file(folder / "adapter" / "adapter_model.safetensors")
        assert sum(tensor.numel() for tensor in adapter.values()) == lora
    weights = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    assert weights == pytest.approx(4 * (lora + sum(p.numel() for p in own.values())), rel=0.2)
    again = GraphSum.from_pretrained(folder).eval()
    kept = GraphSumProcessor.from_pretrained(folder)
    batch = processor.collate(tiny_examples(processor))
    for name, tensor in kept.collate(tiny_examples(kept)).items():
        assert torch.equal(tensor, batch[name])
    with torch.no_grad():
        assert torch.equal(again(**batch).generation_loss, model(**batch).generation_loss)
    assert torch.equal(
        again.generate_impressions(batch, BEAMS), model.generate_impressions(batch, BEAMS)
    )


def test_cached_generation_equals_whole_passes(trained):
    """Greedy pieces, each from a pass over everything before it, without a cache."""
    model, processor, *_ = trained
    batch = processor.collate(tiny_examples(processor))
    cached = model.generate_impressions(batch, GREEDY)
    with torch.no_grad():
        memory = model.encode(
            *(batch[n] for n in ("input_ids", "attention_mask", "edge_index", "edge_type"))
        )
        pieces = torch.zeros(len(memory), 1, dtype=torch.long)
        for _ in range(cached.size(1)):
            logits, _ = model.decoder(pieces, memory, batch["attention_mask"], batch["source_ids"])
            pieces = torch.cat([pieces, logits[:, -1:].argmax(-1)], dim=1)
    for whole, row in zip(pieces[:, 1:], cached, strict=True):
        length = int((row == processor.prompter.end_id).int().argmax()) + 1
        assert torch.equal(whole[:length], row[:length])


def test_samples_are_drawn_from_the_llm(trained):
    model, processor, *_ = trained
    examples = tiny_examples(processor)
    cold = sample_impressions(model, processor, examples, num_samples=3, temperature=0.01)
    greedy = generate_impressions(model, processor, examples, settings=GREEDY)
    assert cold == [[text] * 3 for text in greedy]

    def draw(chosen):
        return sample_impressions(
            model, processor, chosen, num_samples=5, temperature=3.0, max_new_tokens=6
        )

    whole = draw(examples)
    assert all(len(set(texts)) > 1 for texts in whole)
    assert draw(examples[2:5]) == whole[2:5]


def test_sampling_steps_equal_whole_passes(trained):
    """Beams part and change places, reports leave; a second piece ends an answer too."""
    model, processor, *_ = trained
    batch = processor.collate(tiny_examples(processor))
    decoder = model.decoder
    ends, another = decoder.end_ids, 7
    decoder.end_ids = [*ends, another]
    with torch.no_grad():
        memory = model.encode(
            *(batch[n] for n in ("input_ids", "attention_mask", "edge_index", "edge_type"))
        )
        given = [memory, batch["attention_mask"], batch["source_ids"]]
        steps = CausalLMSteps(decoder, *decoder.context(*given))
        written = torch.zeros(len(memory), 1, 1, dtype=torch.long)  # [R, K, 1 + t]
        for parents, rows in (
            ([0, 0, 0], slice(None)),
            ([2, 0, 0, 1], slice(1, 7, 2)),
            ([3, 1], slice(0, 2)),
        ):
            logs = steps.step(written[:, :, -1])
            beams = logs.size(1)
            whole, _ = decoder(
                written.flatten(0, 1), *(tensor.repeat_interleave(beams, 0) for tensor in given)
            )
            expected = whole[:, -1].log_softmax(-1)
            total = expected[:, decoder.end_ids].logsumexp(1)
            expected[:, another], expected[:, ends[0]] = -torch.inf, total
            torch.testing.assert_close(logs.flatten(0, 1), expected, rtol=1e-3, atol=1e-4)
            pieces = logs.topk(2, dim=-1).indices.flatten(1)  # two of each beam
            kept = torch.arange(len(logs))[rows]
            chosen = torch.tensor([parents] * len(kept))
            steps.reorder(kept.unsqueeze(1) * beams + chosen)
            written = torch.cat(
                [
                    written[kept].gather(1, chosen.unsqueeze(2).expand(-1, -1, written.size(2))),
                    pieces[kept][:, [2 * p + n % 2 for n, p in enumerate(parents)]].unsqueeze(2),
                ],
                dim=2,
            )
            given = [tensor[kept] for tensor in given]
    decoder.end_ids = ends


@pytest.mark.parametrize("mapper", ["linear", "mlp", "queries"])
@pytest.mark.parametrize("findings", [False, True])
def test_losses_do_not_depend_on_the_batch(encoder_run, llms, mapper, findings):
    """Each mapper, findings in the prompt or not: the loss of eight is the mean over singles."""
    model, processor, _ = build(
        encoder_run, llms("llama"), mapper=mapper, prompt_findings=findings, prefix_length=5
    )
    model.eval()
    examples = tiny_examples(processor)
    with torch.no_grad():
        together = model(**processor.collate(examples)).loss
        total = sum(
            model(**processor.collate([example])).loss * len(example.labels) for example in examples
        )
    torch.testing.assert_close(together, total / sum(len(example.labels) for example in examples))


def test_the_prefix_stands_where_the_prompt_says(encoder_run, llms):
    """Context by hand: the prompt with the mapped memory in it, padded on the left."""
    model, processor, _ = build(encoder_run, llms("llama"))
    model.eval()
    batch = processor.collate(tiny_examples(processor)[:2])
    memory = model.encode(
        *(batch[n] for n in ("input_ids", "attention_mask", "edge_index", "edge_type"))
    )
    decoder = model.decoder
    context, mask = decoder.context(memory, batch["attention_mask"], batch["source_ids"])
    sizes = batch["attention_mask"].sum(1).tolist()
    for row, size in enumerate(sizes):
        ids = batch["source_ids"][row]
        ids = ids[ids != -1]
        place = ids.tolist().index(PREFIX)
        prefix = decoder.norm(decoder.mapper.map(memory[row, :size]))
        before, after = (decoder.embeddings(part) for part in (ids[:place], ids[place + 1 :]))
        expected = torch.cat([before, prefix, after])
        padding = context.size(1) - len(expected)
        assert mask[row].tolist() == [0] * padding + [1] * len(expected)
        torch.testing.assert_close(context[row, padding:], expected)


def test_the_memory_reaches_the_impression(encoder_run, llms):
    """Gradients go through the frozen LLM to the mapper, and in deep alignment to the encoders."""
    model, processor, _ = build(encoder_run, llms("llama"), "deep", lora_r=0)
    batch = processor.collate(tiny_examples(processor))
    output = model(**batch)
    assert output.contrastive_loss is not None
    output.generation_loss.backward()
    for name in ("text_encoder.embeddings.word_embeddings.weight", "fusion.weight"):
        assert model.get_parameter(name).grad.abs().sum() > 0
    assert model.decoder.mapper.map.weight.grad.abs().sum() > 0
    assert all(p.grad is None for n, p in model.named_parameters() if n.startswith(LLM))


def test_gradient_checkpointing_gives_the_same_gradients(encoder_run, llms):
    gradients = []
    for checkpointing in (False, True):
        model, processor, _ = build(
            encoder_run, llms("llama"), gradient_checkpointing=checkpointing
        )
        model.train()
        model(**processor.collate(tiny_examples(processor))).loss.backward()
        gradients.append(model.decoder.mapper.map.weight.grad)
    torch.testing.assert_close(*gradients)


def test_weights_of_16_bits_under_adapters_of_32(encoder_run, llms):
    needs_peft("delta")
    model, processor, _ = build(encoder_run, llms("llama"), "delta", llm_weights="bfloat16")
    whole, _, _ = build(encoder_run, llms("llama"), "delta")
    batch = processor.collate(tiny_examples(processor))
    model(**batch).loss.backward()
    for name, parameter in model.named_parameters():
        frozen_llm = name.startswith(LLM) and ".lora_" not in name
        assert parameter.dtype == (torch.bfloat16 if frozen_llm else torch.float32)
        assert (parameter.grad is not None) == parameter.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(
            model.eval()(**batch).loss, whole.eval()(**batch).loss, rtol=0.05, atol=0.05
        )


def test_padding_of_labels_has_no_loss(encoder_run, llms):
    model, processor, _ = build(encoder_run, llms("llama"))
    model.eval()
    batch = processor.collate(tiny_examples(processor))
    longer = torch.nn.functional.pad(batch["labels"], (0, 3), value=IGNORED)
    with torch.no_grad():
        torch.testing.assert_close(model(**batch).loss, model(**batch | {"labels": longer}).loss)


def test_another_llm_is_refused(trained_once, llms):
    folder, _ = trained_once
    with pytest.raises(InputError, match=r"not the LLM that this checkpoint was trained with"):
        GraphSum.from_pretrained(folder, llm=llms("llama", num_hidden_layers=1))


def test_the_llm_may_move(trained_once, tmp_path):
    folder, llm = trained_once
    moved = tmp_path / "elsewhere"
    moved.symlink_to(llm)
    model = GraphSum.from_pretrained(folder, llm=str(moved))
    assert model.decoder.llm_spec == replace(GraphSum.from_pretrained(folder).decoder.llm_spec,
                                           name=str(moved))  # fmt: skip


@pytest.fixture
def trained_once(encoder_run, llms, tmp_path):
    model, processor, _ = build(encoder_run, llms("llama"))
    model.save_pretrained(tmp_path / "run")
    processor.save_pretrained(tmp_path / "run")
    return tmp_path / "run", llms("llama")


def test_places_of_a_context():
    """Padding, what stands before the mark, the positions used of the prefix, what follows."""
    source = torch.tensor([[-1, 5, -2, 6], [7, -2, 8, 9], [-1, -1, 5, 6]])  # -2: the mark
    kept = torch.tensor([[1, 1, 0], [0, 1, 1], [1, 1, 1]])
    places = context_places(source, kept)
    assert places.tolist() == [
        [-1, 1, 4, 5, 3],
        [0, 5, 6, 2, 3],
        [-1, -1, -1, 2, 3],
    ]
