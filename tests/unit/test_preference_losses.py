"""Losses of tuning: values by hand, TRL's formulas, closed forms of gradients, bandits."""

import math

import pytest
import torch

from graphsum.options.tune_options import METHODS
from graphsum.training.objectives import TUNING_OBJECTIVES
from graphsum.training.objectives.preference import (
    Targets,
    dpo_loss,
    policy_loss,
    rloo_advantages,
    scst_advantages,
    simpo_loss,
)
from preprocessing.registry import load


def targets(rewards, counts, *, rows=None, greedy=(), chosen=(), rejected=(), start=None, length=1):
    count = len(rewards)
    return Targets(
        labels=torch.zeros(count, length, dtype=torch.long),
        rows=torch.zeros(count, dtype=torch.long) if rows is None else torch.tensor(rows),
        start=torch.zeros(count) if start is None else start,
        rewards=torch.tensor(rewards),
        counts=torch.tensor(counts),
        greedy=torch.tensor(greedy, dtype=torch.long),
        chosen=torch.tensor(chosen, dtype=torch.long),
        rejected=torch.tensor(rejected, dtype=torch.long),
    )


def test_the_command_knows_every_method():
    assert tuple(TUNING_OBJECTIVES) == METHODS


def test_rloo_by_hand():
    # Report 0: rewards 1, 2, 6: 1 - (2 + 6) / 2 = -3; report 1: 4 twice and 1 once.
    rewards = torch.tensor([1.0, 2.0, 6.0, 4.0, 1.0])
    counts = torch.tensor([1.0, 1.0, 1.0, 2.0, 1.0])
    found = rloo_advantages(rewards, counts, torch.tensor([0, 0, 0, 1, 1]))
    assert found.tolist() == pytest.approx([-3, -1.5, 4.5, 1.5, -3])
    assert rloo_advantages(*(torch.tensor([1.0]),) * 2, torch.tensor([0])).item() == 0


def test_rloo_is_trls_formula_on_samples_that_repeat():
    generator = torch.Generator().manual_seed(0)
    samples, reports = 6, 4
    rewards = torch.randint(0, 3, (samples, reports), generator=generator).float()
    baseline = (rewards.sum(0) - rewards) / (samples - 1)  # TRL: reshaped to [k, prompts]
    wanted = rewards - baseline
    for report in range(reports):
        values, counts = rewards[:, report].unique(return_counts=True)
        rows = torch.zeros(len(values), dtype=torch.long)
        found = rloo_advantages(values, counts.float(), rows)
        for value, advantage in zip(values, found, strict=True):
            own = wanted[rewards[:, report] == value, report]
            torch.testing.assert_close(own, advantage.expand_as(own))


def test_scst_by_hand():
    rewards = torch.tensor([1.0, 3.0, 2.0])
    counts = torch.tensor([2.0, 1.0, 0.0])  # the third is the greedy one, which nobody sampled
    found = scst_advantages(rewards, counts, torch.tensor([0, 0, 0]), torch.tensor([2]))
    assert found.tolist() == [-1, 1, 0]
    loss = policy_loss(torch.tensor([-1.0, -2.0, -9.0]), found, counts)
    assert loss.item() == pytest.approx(-(2 * -1 * -1 + 1 * 1 * -2) / 3)


def test_dpo_and_simpo_by_hand_and_by_trls_formulas():
    chosen, rejected = torch.tensor([-1.0, -2.0]), torch.tensor([-3.0, -1.0])
    of_start = torch.tensor([-2.0, -2.0]), torch.tensor([-2.0, -2.0])
    wanted = -(math.log(1 / (1 + math.exp(-0.2))) + math.log(1 / (1 + math.exp(0.1)))) / 2
    assert dpo_loss(chosen, rejected, *of_start, beta=0.1).item() == pytest.approx(wanted)
    ratios, of_reference = chosen - rejected, of_start[0] - of_start[1]
    trl = -torch.nn.functional.logsigmoid(0.1 * (ratios - of_reference)).mean()
    assert dpo_loss(chosen, rejected, *of_start, beta=0.1).item() == pytest.approx(trl.item())
    # TRL's CPOTrainer, loss_type "simpo": logits less gamma / beta, then times beta.
    trl = -torch.nn.functional.logsigmoid(2.0 * (ratios - 0.5 / 2.0)).mean()
    found = simpo_loss(chosen, rejected, beta=2.0, gamma=0.5)
    assert found.item() == pytest.approx(trl.item())
    assert simpo_loss(chosen, chosen, beta=2.0, gamma=0.0).item() == pytest.approx(math.log(2))


def test_gradients_have_their_closed_forms():
    chosen = torch.tensor([-1.0, -2.0], requires_grad=True)
    rejected = torch.tensor([-3.0, -1.0], requires_grad=True)
    dpo_loss(chosen, rejected, torch.zeros(2), torch.zeros(2), beta=0.3).backward()
    wanted = -0.3 * torch.sigmoid(-0.3 * (chosen - rejected).detach()) / 2  # Rafailov, section 4
    torch.testing.assert_close(chosen.grad, wanted)
    torch.testing.assert_close(rejected.grad, -wanted)

    logits = torch.tensor([0.3, -0.2, 0.1], requires_grad=True)
    rewards = torch.tensor([1.0, 0.0, 0.0])
    p = logits.detach().softmax(0)
    # With exact shares as counts and a mean baseline the gradient is p (E[r] - r).
    policy_loss(logits.log_softmax(0), rewards - (p * rewards).sum(), p).backward()
    torch.testing.assert_close(logits.grad, p * ((p * rewards).sum() - rewards))


def test_divergence_from_the_start_lowers_rewards_by_beta_per_nat():
    objective = load(TUNING_OBJECTIVES, "rloo")(0.5, 0.0)
    given = targets([1.0, 1.0], [1.0, 1.0], start=torch.tensor([-2.0, -1.0]))
    found = objective.penalised(torch.tensor([[-1.0], [-3.0]]), given)
    assert found.tolist() == [0.5, 2.0]


@pytest.mark.parametrize("method", list(TUNING_OBJECTIVES))
def test_bandit_learns_the_rewarded_token(method):
    """Four tokens, the third one rewarded: its probability rises from a quarter to most of all."""
    kind = load(TUNING_OBJECTIVES, method)
    objective = kind(kind.default_beta, 0.5)
    logits = torch.zeros(4, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(60):
        drawn = torch.multinomial(logits.detach().softmax(0), 8, True, generator=generator)
        counts = drawn.bincount(minlength=4).float()
        given = targets(
            [0.0, 0.0, 1.0, 0.0], counts.tolist(), start=torch.full((4,), math.log(0.25)),
            greedy=[int(logits.argmax())], chosen=[2, 2, 2], rejected=[0, 1, 3],
        )  # fmt: skip
        optimizer.zero_grad()
        objective.loss(logits.log_softmax(0).unsqueeze(1), given).backward()
        optimizer.step()
    assert logits.softmax(0)[2] > 0.8


def test_simpo_goes_by_the_mean_per_token():
    objective = load(TUNING_OBJECTIVES, "simpo")(2.0, 0.0)
    given = targets([0.0, 0.0], [1.0, 1.0], chosen=[0], rejected=[1], length=3)
    given.labels[1, 1:] = -100  # the rejected one has a single token
    loss = objective.loss(torch.tensor([[-1.0, -1.0, -1.0], [-1.0, 0.0, 0.0]]), given)
    assert loss.item() == pytest.approx(math.log(2))
