"""A head that lets a decoder take tokens from the findings."""

import math

from torch import Tensor, nn

from graphsum.models.configuration import GraphSumConfig


class CopyHead(nn.Module):
    """Pointer-generator (See et al., ACL 2017): p = (1 - g) p_vocabulary + g p_copy.

    p_copy is one attention of the decoder's state over the memory, spread onto the tokens that
    stand there; g is a sigmoid of the state.
    """

    def __init__(self, config: GraphSumConfig) -> None:
        super().__init__()
        self.query = nn.Linear(config.d_model, config.d_model)
        self.key = nn.Linear(config.d_model, config.d_model)
        self.gate = nn.Linear(config.d_model, 1)

    def forward(
        self, logits: Tensor, states: Tensor, memory: Tensor, memory_mask: Tensor, ids: Tensor
    ) -> Tensor:
        """Log-probabilities of the mixture.

        Args:
            logits: scores of the vocabulary, [B, T, V].
            states: of the decoder, [B, T, D].
            memory: [B, S, D].
            memory_mask, ids: [B, S]; 1 for real positions, and the tokens there.

        Returns:
            [B, T, V], in single precision; their exponentials add up to 1.
        """
        attention, gate = self.attend(states, self.key(memory), memory_mask)
        return self.mix(logits, attention, gate, ids)

    def attend(self, states: Tensor, keys: Tensor, memory_mask: Tensor) -> tuple[Tensor, Tensor]:
        """p_copy over the positions of the memory, [B, T, S], and the logit of g, [B, T].

        ``keys``: of the memory, [B, S, D].
        """
        attention = self.over_memory(self.query(states), keys, memory_mask.bool().unsqueeze(1))
        return attention, self.gate(states).float().squeeze(2)

    def over_memory(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """p_copy of queries [B, T, D] over the positions [B, S] where mask [B, 1, S] is true."""
        scores = (queries @ keys.transpose(1, 2)).float() / math.sqrt(keys.size(-1))  # [B, T, S]
        return scores.masked_fill_(~mask, -math.inf).softmax(-1)

    def mix(self, logits: Tensor, attention: Tensor, gate: Tensor, ids: Tensor) -> Tensor:
        """The mixture's log-probabilities of what :meth:`attend` gave.

        Args:
            logits: scores of the vocabulary, [..., V].
            attention: p_copy over the positions, [..., S].
            gate: logit of g, [...].
            ids: tokens at the positions, [B, S] for all [B, T], or [N, S] for [N].
        """
        ids = ids.unsqueeze(1).expand_as(attention) if attention.ndim == 3 else ids
        share = gate.sigmoid().unsqueeze(-1)
        # In place: every pass over all scores counts in a search.
        mixture = (1 - share) * logits.float().softmax(-1)
        return mixture.scatter_add_(-1, ids, share * attention).clamp_(min=1e-9).log_()
