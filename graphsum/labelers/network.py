"""A text encoder and a head that reads off four states for each class.

B reports, R rows (parts of reports) with S tokens, C classes, K states, F features, D width.
"""

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from graphsum.labelers.labels import FOUR_STATES

STATES = len(FOUR_STATES)
SMOOTHING = 2.0  # reports with the usual states that are counted beside those of each feature


class LabelNetwork(nn.Module):
    """Each class attends to the tokens with a query of its own (CAML, Mullenbach et al. 2018).

    What a class reads there gives four logits; features, such as what the rules say, add to them.
    A report of several parts is read as one: the attention of a class sums to 1 over all its
    tokens.
    """

    def __init__(
        self, encoder: PreTrainedModel, n_classes: int, *, n_features: int = 0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.query = nn.Parameter(torch.randn(n_classes, width) / width)
        self.weight = nn.Parameter(torch.randn(n_classes, width, STATES) * width**-0.5 / 10)
        self.bias = nn.Parameter(torch.zeros(n_classes, STATES))
        self.feature_weight = None
        if n_features:
            self.feature_weight = nn.Parameter(torch.zeros(n_classes, n_features, STATES))
        self.dropout = nn.Dropout(dropout)

    @property
    def device(self) -> torch.device:
        return self.query.device

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        report_of_row: Tensor,
        features: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits and attention.

        Args:
            input_ids, attention_mask: [R, S].
            report_of_row: which report of the batch each row is part of, [R]; every report has one.
            features: [B, C, F], when the network takes any.

        Returns:
            Logits [B, C, K] in single precision, and each class's attention to each token,
            [R, S, C].
        """
        hidden = self.encode(input_ids, attention_mask)
        return self.read(hidden, attention_mask, report_of_row, features)

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The encoder's last states, [R, S, D]."""
        return self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    def read(
        self,
        hidden: Tensor,
        attention_mask: Tensor,
        report_of_row: Tensor,
        features: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The same as :meth:`forward`, from the encoder's states [R, S, D]."""
        hidden = hidden.float()
        with torch.autocast(hidden.device.type, enabled=False):
            scores = hidden @ self.query.T  # [R, S, C]
            scores = scores.masked_fill(attention_mask[..., None] == 0, -torch.inf)
            n_reports = int(report_of_row.max()) + 1
            highest = self._of_reports(scores.amax(1).detach(), report_of_row, n_reports)
            attention = torch.exp(scores - highest[report_of_row, None])
            total = scores.new_zeros(n_reports, scores.size(2))
            total = total.index_add(0, report_of_row, attention.sum(1))  # [B, C]
            attention = attention / total[report_of_row, None]
            read = hidden.new_zeros(n_reports, scores.size(2), hidden.size(2))
            read = read.index_add(0, report_of_row, attention.transpose(1, 2) @ hidden)  # [B, C, D]
            logits = torch.einsum("bcd,cdk->bck", self.dropout(read), self.weight) + self.bias
            if self.feature_weight is not None and features is not None:
                logits = logits + torch.einsum("bcf,cfk->bck", features, self.feature_weight)
        return logits, attention

    @staticmethod
    def _of_reports(highest: Tensor, report_of_row: Tensor, n_reports: int) -> Tensor:
        """The highest scores of the rows [R, C] as those of their reports, [B, C]."""
        start = highest.new_full((n_reports, highest.size(1)), -torch.inf)
        return start.scatter_reduce(0, report_of_row[:, None].expand_as(highest), highest, "amax")

    @torch.no_grad()
    def count_features(self, features: Tensor, targets: Tensor) -> None:
        """Let the features' weights be the logarithms of how often each state goes with them.

        So training begins where the features alone are best, and the text has to add to that.

        Args:
            features: [n, C, F], of which one is 1 in each row.
            targets: [n, C], -1 where not known.
        """
        if self.feature_weight is None:
            return
        known = (targets >= 0)[..., None]
        states = nn.functional.one_hot(targets.clamp(min=0), STATES) * known  # [n, C, K]
        counts = torch.einsum("ncf,nck->cfk", features, states.to(features))
        usual = (states.sum(0) + 0.5).to(features)
        usual = usual / usual.sum(-1, keepdim=True)  # [C, K]
        counts += SMOOTHING * usual[:, None]
        self.feature_weight.copy_((counts / counts.sum(-1, keepdim=True)).log())
        self.bias.zero_()

    def train_only(self, upper_layers: int | None) -> None:
        """Freeze the encoder but for so many of its upper layers; None: train it all."""
        if upper_layers is None:
            return
        self.encoder.requires_grad_(False)
        layers = max(
            (one for one in self.encoder.modules() if isinstance(one, nn.ModuleList)), key=len
        )
        for layer in list(layers)[len(layers) - upper_layers :] if upper_layers else ():
            layer.requires_grad_(True)


def class_weights(counts: Tensor, power: float) -> Tensor:
    """The weight of each state of each class, [C, K]: its count to the power of ``-power``.

    They are scaled such that the mean weight of a class's reports is 1.
    """
    weights = counts.clamp(min=1).float() ** -power
    mean = (weights * counts).sum(1, keepdim=True) / counts.sum(1, keepdim=True).clamp(min=1)
    return weights / mean.clamp(min=1e-12)


def label_loss(
    logits: Tensor, targets: Tensor, weights: Tensor, *, positives: bool | np.ndarray = False
) -> Tensor:
    """Mean weighted negative log-likelihood of the known targets; 0 where none is known.

    Args:
        logits: [B, C, K].
        targets: [B, C], -1 where not known.
        weights: of each state of each class, [C, K].
        positives: of each class [C], or all: the targets only tell present (0) from not present
            (any other): the other three states are then one event.
    """
    chances = logits.log_softmax(-1)
    if np.any(positives):
        other = chances[..., 1:].logsumexp(-1, keepdim=True)
        merged = torch.cat([chances[..., :1], other.expand(-1, -1, logits.size(2) - 1)], -1)
        of_class = torch.from_numpy(np.broadcast_to(positives, logits.shape[1]).copy())
        chances = torch.where(of_class.to(logits.device)[:, None], merged, chances)
    known = targets >= 0
    place = targets.clamp(min=0)[..., None]
    losses = -chances.gather(-1, place)[..., 0]
    weighted = losses * weights.expand_as(logits).gather(-1, place)[..., 0] * known
    return weighted.sum() / known.sum().clamp(min=1)
