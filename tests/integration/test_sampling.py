"""Samples follow the decoder's distribution, and a report's do not depend on the batch."""

from collections import Counter

import numpy as np
import pytest
import torch
from search_parity import Chain
from tiny import tiny_examples, tiny_model

from graphsum.decoding.sampling import sample_sequences
from graphsum.models.generation import GREEDY, generate_impressions, sample_impressions

START, END, PAD = 3, 0, 9
# Pieces 0 (end), 1 and 2; their probabilities depend on the last piece only.
AFTER = {START: [0.35, 0.6, 0.05], 1: [0.5, 0.4, 0.1], 2: [0.9, 0.05, 0.05], 0: [1 / 3] * 3}


def sample(uniforms, *, temperature=1.0, **options):
    ids = {"start_id": START, "end_id": END, "pad_id": PAD}
    drawn = sample_sequences(Chain(AFTER), uniforms, temperature=temperature, **ids, **options)
    return [[tuple(p for p in row if p != PAD) for row in report] for report in drawn.tolist()]


def exact(temperature, longest):
    """Every sequence with its probability."""
    result, growing = {}, {(START,): 1.0}
    for step in range(longest):
        longer = {}
        for sequence, mass in growing.items():
            powers = np.array(AFTER[sequence[-1]]) ** (1 / temperature)
            for piece, share in enumerate(powers / powers.sum()):
                ends = piece == END or step + 1 == longest
                (result if ends else longer)[(*sequence, piece)] = mass * share
        growing = longer
    return result


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_shares_of_samples_are_the_probabilities(temperature):
    generator = torch.Generator().manual_seed(1)
    uniforms = torch.rand(200, 4, 50, generator=generator)
    counts = Counter(
        sequence for report in sample(uniforms, temperature=temperature) for sequence in report
    )
    expected = exact(temperature, 4)
    assert set(counts) <= set(expected)
    assert sum(expected.values()) == pytest.approx(1)
    for sequence, mass in expected.items():
        # Four standard deviations of independent draws (systematic ones vary less), or one draw.
        allowed = max(1.0, 4 * (10_000 * mass * (1 - mass)) ** 0.5)
        assert counts[sequence] == pytest.approx(10_000 * mass, abs=allowed)


def test_few_samples_have_the_expected_shares_to_within_one():
    for seed in range(20):
        uniforms = torch.rand(1, 3, 10, generator=torch.Generator().manual_seed(seed))
        first = Counter(sequence[1] for sequence in sample(uniforms)[0])
        assert first[0] in (3, 4)  # 0.35 of ten
        assert first[1] in (5, 6, 7)
        assert first[2] in (0, 1)


def test_a_report_depends_on_its_own_uniforms_only():
    uniforms = torch.rand(7, 5, 12, generator=torch.Generator().manual_seed(2))
    together = sample(uniforms)
    assert together == [sample(uniforms[row : row + 1])[0] for row in range(7)]
    assert len({tuple(report) for report in together}) > 1


@pytest.fixture(scope="module")
def model(processor):
    """Trained a little, so that reports differ and impressions end."""
    model = tiny_model(processor, dropout=0.0, copy=True).train()
    batch = processor.collate(tiny_examples(processor))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def test_a_cold_sample_is_the_greedy_impression(processor, model):
    examples = tiny_examples(processor)
    cold = sample_impressions(model, processor, examples, num_samples=3, temperature=0.01)
    greedy = generate_impressions(model, processor, examples, settings=GREEDY)
    assert cold == [[text] * 3 for text in greedy]


def test_samples_do_not_depend_on_the_batch_but_on_the_seed(processor, model):
    examples = tiny_examples(processor)

    def draw(chosen, **options):
        return sample_impressions(
            model, processor, chosen, num_samples=6, temperature=1.0, max_new_tokens=15, **options
        )

    model.train()
    whole = draw(examples)
    assert model.training
    assert len({text for texts in whole for text in texts}) > len(examples)
    assert draw(examples, batch_size=3) == whole
    assert draw(examples[::-1])[::-1] == whole
    assert draw([examples[2]]) == [whole[2]]
    assert draw(examples, seed=1) != whole
    model.eval()


def test_the_same_where_looking_is_waiting(processor, model, monkeypatch):
    """On a GPU the number of beginnings is not asked for, nor at each step who is done."""
    uniforms = torch.rand(20, 30, 8, generator=torch.Generator().manual_seed(1))
    expected = sample(uniforms)
    examples = tiny_examples(processor)
    options = {"num_samples": 6, "temperature": 1.0, "max_new_tokens": 20}
    written = sample_impressions(model, processor, examples, **options)
    for module in ("graphsum.decoding.beam_search", "graphsum.models.decoders.transformer"):
        monkeypatch.setattr(f"{module}.is_looking_free", lambda device: False)
    assert sample(uniforms, fixed_width=True) == expected
    assert sample_impressions(model, processor, examples, **options) == written
