"""What only a GPU can show; run with ``python -m pytest -m gpu`` (skipped where there is none)."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from tiny import tiny_examples, tiny_model, tiny_processor

from graphsum.decoding.beam_search import SearchSettings
from graphsum.models.attention import choose_attention_kernels
from graphsum.models.generation import generate_impressions, sample_impressions
from graphsum.options import resolve
from graphsum.training.loop import parameter_groups
from graphsum.training.step import StepInputs, TrainingStep

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU, or not asked for"),
]


@pytest.fixture(autouse=True)
def kernels():
    choose_attention_kernels()


@pytest.mark.parametrize("length", [63, 64, 128, 192, 320])
@pytest.mark.parametrize("floating", [False, True])
def test_gradients_of_attention_are_finite(length, floating):
    """With a mask and logits so low that cuDNN's kernel overflows."""
    torch.manual_seed(0)
    shape, kind = (2, 4, length, 64), {"device": "cuda", "dtype": torch.bfloat16}
    query, key = (0.1 * torch.randn(shape, **kind) for _ in range(2))
    value = torch.randn(shape, **kind)
    query[..., 0], key[..., 0] = 1.0, -120 * math.sqrt(64)
    mask = torch.ones(length, length, dtype=torch.bool, device="cuda").tril()[None, None]
    if floating:
        mask = torch.zeros(mask.shape, **kind).masked_fill(~mask, torch.finfo(torch.bfloat16).min)
    inputs = [tensor.requires_grad_() for tensor in (query, key, value)]
    F.scaled_dot_product_attention(*inputs, attn_mask=mask).float().square().sum().backward()
    assert all(tensor.grad.isfinite().all() for tensor in inputs)


def run_steps(*, cuda_graphs, precision="no", steps=6, **changes):
    """Losses of some steps of a tiny model without dropout, and its weights."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(True)
    options = resolve(
        {"preset": "tiny", "lr": 1e-3, "encoder_lr": 1e-3, "cuda_graphs": cuda_graphs}
    )
    accelerator = Accelerator(mixed_precision=precision)
    processor = tiny_processor()
    model = tiny_model(processor, **({"dropout": 0.0, "graph_dropout": 0.0} | changes))
    model.text_encoder.config.hidden_dropout_prob = 0.0
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    optimizer = torch.optim.AdamW(parameter_groups(model, options), fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)
    step = TrainingStep(accelerator, model, optimizer, options)
    inputs = StepInputs((), processor, options, fixed_shapes=True)
    examples = tiny_examples(processor)
    long = [replace(e, input_ids=e.input_ids.repeat(3), key_mask=e.key_mask.repeat(3),
                    sentence=e.sentence.repeat(3)) for e in examples]  # fmt: skip
    losses = [step(inputs.parts([examples, long][n % 2])) for n in range(steps)]
    return torch.stack(losses), step, accelerator.unwrap_model(model)


@pytest.mark.parametrize("changes", [{}, {"graph": "gat", "typed_edges": False, "copy": False},
                                     {"contrastive_negatives": "batch"}])  # fmt: skip
def test_captured_steps_equal_others(changes):
    plain, step, model = run_steps(cuda_graphs=False, **changes)
    assert step.captured is None
    captured, step, other = run_steps(cuda_graphs=True, **changes)
    assert step.captured is not None
    assert len(step.captured.graphs) == 2
    torch.testing.assert_close(captured, plain, rtol=2e-3, atol=2e-3)
    for (name, weight), found in zip(model.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(found, weight, rtol=5e-2, atol=5e-3, msg=name)


def test_bf16_steps_learn():
    losses, _, _ = run_steps(cuda_graphs=True, precision="bf16", steps=80)
    assert losses.isfinite().all()
    assert losses[-1, 0] < 0.7 * losses[0, 0]


def test_dropout_differs_from_step_to_step_in_a_graph():
    _, step, model = run_steps(cuda_graphs=True, steps=2, dropout=0.5)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    step.captured.graphs.clear()
    examples = tiny_examples(tiny_processor())
    parts = StepInputs((), tiny_processor(), step.options, fixed_shapes=True).parts(examples)
    losses = [step.captured(parts[0])[0].item() for _ in range(3)]
    assert len(set(losses)) == 3


def test_a_step_waits_for_nothing():
    """Once its shapes are captured."""
    _, step, _ = run_steps(cuda_graphs=True)
    examples = tiny_examples(tiny_processor())
    parts = StepInputs((), tiny_processor(), step.options, fixed_shapes=True).parts(examples)
    parts = [{name: tensor.pin_memory() for name, tensor in part.items()} for part in parts]
    torch.cuda.set_sync_debug_mode("error")
    try:
        step(parts)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("copy", [True, False])
def test_impressions_and_samples_of_a_cpu(copy):
    processor = tiny_processor()
    model = tiny_model(processor, copy=copy).eval()
    with torch.no_grad():
        model.decoder.lm_head.weight.copy_(torch.randn_like(model.decoder.lm_head.weight))
    examples = tiny_examples(processor)

    def written():
        settings = SearchSettings(max_new_tokens=20)
        samples = {"num_samples": 6, "temperature": 0.7, "max_new_tokens": 20}
        return (
            generate_impressions(model, processor, examples, settings=settings),
            sample_impressions(model, processor, examples, **samples),
        )

    here = written()
    model.cuda()
    assert written() == here
