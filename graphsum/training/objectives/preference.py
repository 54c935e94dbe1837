"""Losses of tuning by rewards or preferences, as functions of sequences' log-probabilities.

They are no :class:`~graphsum.training.objectives.objective.Objective`: those see one forward pass
over the reference impressions, these several targets per report and what the start held of them.
A target that was sampled several times is computed once and has a count.

Shapes: M targets of all reports, P pairs, T tokens of a target.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Targets:
    """What one step computes log-probabilities of.

    ``labels``: [M, T], -100 where there is none; ``rows``: the report in the batch, [M];
    ``start``: the log-probability of each target under the start, in nats, [M]; ``rewards``: [M];
    ``counts``: how often it was sampled, [M], 0 for a greedy one that no sample equals;
    ``greedy``: which target of each report in the batch is the greedy one, [B], empty where the
    method needs none; ``chosen`` and ``rejected``: numbers of targets, [P].
    """

    labels: Tensor
    rows: Tensor
    start: Tensor
    rewards: Tensor
    counts: Tensor
    greedy: Tensor
    chosen: Tensor
    rejected: Tensor


def rloo_advantages(rewards: Tensor, counts: Tensor, rows: Tensor) -> Tensor:
    """Reward less the mean reward of the report's other samples (Ahmadian et al. 2024), [M].

    REINFORCE leave-one-out, arXiv 2402.14740; a report with one sample has the advantage 0.

    Args:
        rewards, counts, rows: of the targets, [M], see :class:`Targets`.
    """
    size = int(rows.max()) + 1 if len(rows) else 0
    sums = rewards.new_zeros(size).index_add(0, rows, counts * rewards)[rows]
    others = counts.new_zeros(size).index_add(0, rows, counts)[rows] - 1
    baseline = (sums - rewards) / others.clamp(min=1)
    return torch.where((others > 0) & (counts > 0), rewards - baseline, torch.zeros_like(rewards))


def scst_advantages(rewards: Tensor, counts: Tensor, rows: Tensor, greedy: Tensor) -> Tensor:
    """Reward less that of the report's greedy impression (Rennie et al., CVPR 2017), [M].

    Args:
        rewards, counts, rows, greedy: as in :class:`Targets`.
    """
    return torch.where(counts > 0, rewards - rewards[greedy][rows], torch.zeros_like(rewards))


def policy_loss(logprobs: Tensor, advantages: Tensor, counts: Tensor) -> Tensor:
    """REINFORCE: minus the mean over samples of advantage x log-probability, a scalar.

    Args:
        logprobs, advantages, counts: of the targets, [M].
    """
    return -(counts * advantages * logprobs).sum() / counts.sum()


def dpo_loss(
    chosen: Tensor, rejected: Tensor, start_chosen: Tensor, start_rejected: Tensor, *, beta: float
) -> Tensor:
    """Direct preference optimisation (Rafailov et al., NeurIPS 2023, eq. 7), a scalar.

    Args:
        chosen, rejected: log-probabilities of whole impressions, [P].
        start_chosen, start_rejected: the same under the start, [P].
    """
    margins = (chosen - start_chosen) - (rejected - start_rejected)
    return -F.logsigmoid(beta * margins).mean()


def simpo_loss(chosen: Tensor, rejected: Tensor, *, beta: float, gamma: float) -> Tensor:
    """Simple preference optimisation (Meng et al., NeurIPS 2024, eq. 6), a scalar.

    Args:
        chosen, rejected: mean log-probability per token, [P].
        gamma: by how much ``beta`` times their difference is to be above 0.
    """
    return -F.logsigmoid(beta * (chosen - rejected) - gamma).mean()


class TuningObjective(ABC):
    """A method of ``graphsum tune``.

    ``pairs``: whether it compares a chosen with a rejected impression; otherwise it weighs
    samples by their rewards. ``needs_greedy``: whether the greedy impression is a target too.
    """

    pairs = False
    needs_greedy = False
    default_beta: float

    def __init__(self, beta: float, gamma: float) -> None:
        self.beta = beta
        self.gamma = gamma

    @abstractmethod
    def loss(self, logprobs: Tensor, targets: Targets) -> Tensor:
        """The loss of a step, a scalar; ``logprobs``: of each target's tokens, [M, T]."""

    def penalised(self, logprobs: Tensor, targets: Targets) -> Tensor:
        """Rewards less beta x what the target is more likely than at the start, in nats, [M]."""
        return targets.rewards - self.beta * (logprobs.detach().sum(1) - targets.start)


class Rloo(TuningObjective):
    """Samples against each other; beta: weight of the divergence from the start."""

    default_beta = 0.02

    def loss(self, logprobs: Tensor, targets: Targets) -> Tensor:
        rewards = self.penalised(logprobs, targets)
        advantages = rloo_advantages(rewards, targets.counts, targets.rows)
        return policy_loss(logprobs.sum(1), advantages, targets.counts)


class Scst(TuningObjective):
    """Samples against the greedy impression; beta as for :class:`Rloo`."""

    needs_greedy = True
    default_beta = 0.02

    def loss(self, logprobs: Tensor, targets: Targets) -> Tensor:
        rewards = self.penalised(logprobs, targets)
        advantages = scst_advantages(rewards, targets.counts, targets.rows, targets.greedy)
        return policy_loss(logprobs.sum(1), advantages, targets.counts)


class Dpo(TuningObjective):
    """Chosen against rejected, both by their likelihood at the start."""

    pairs = True
    default_beta = 0.1

    def loss(self, logprobs: Tensor, targets: Targets) -> Tensor:
        whole, start = logprobs.sum(1), targets.start
        chosen, rejected = targets.chosen, targets.rejected
        return dpo_loss(
            whole[chosen], whole[rejected], start[chosen], start[rejected], beta=self.beta
        )


class SimPo(TuningObjective):
    """Chosen against rejected by likelihood per token, without the start."""

    pairs = True
    default_beta = 2.0

    def loss(self, logprobs: Tensor, targets: Targets) -> Tensor:
        means = logprobs.sum(1) / (targets.labels >= 0).sum(1)
        chosen, rejected = means[targets.chosen], means[targets.rejected]
        return simpo_loss(chosen, rejected, beta=self.beta, gamma=self.gamma)
