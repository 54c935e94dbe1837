"""The impression decoder that is trained from scratch."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Cache
from transformers.models.pegasus import PegasusConfig
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder

from graphsum.configuration import GraphSumConfig

IGNORED = -100  # label of positions without loss, as everywhere in transformers


class TransformerDecoder(nn.Module):
    """Pre-LN Transformer decoder with sinusoidal positions and tied embeddings (Hu et al. 2022).

    The layers are those of transformers' PEGASUS decoder, which has exactly this form, with its
    key-value caches; nothing of PEGASUS' weights is used. With ``config.copy`` a
    :class:`CopyHead` lets it take pieces from the findings.
    """

    def __init__(self, config: GraphSumConfig) -> None:
        super().__init__()
        self.layers = PegasusDecoder(
            PegasusConfig(
                vocab_size=config.vocab_size,
                d_model=config.d_model,
                decoder_layers=config.decoder_layers,
                decoder_attention_heads=config.decoder_heads,
                decoder_ffn_dim=config.decoder_ffn_dim,
                max_position_embeddings=config.max_positions,
                dropout=config.dropout,
                attention_dropout=config.attention_dropout,
                activation_function="gelu",
                scale_embedding=True,
                pad_token_id=config.pad_token_id,
                attn_implementation="sdpa",
            )
        )
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.copy = CopyHead(config) if config.copy else None

    def forward(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        *,
        past_key_values: Cache | None = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Cache | None]:
        """Scores of the next piece after each given one.

        Args:
            decoder_input_ids: [B, T], or [B, 1] when the earlier pieces are in the cache.
            memory: [B, S, D].
            memory_mask: 1 for real positions of the memory, [B, S].
            source_ids: the findings' pieces, which the copy head may take, [B, S].
            past_key_values: what an earlier call returned.

        Returns:
            logits [B, T, V], and the cache (None unless ``use_cache``).
        """
        output = self.layers(
            input_ids=decoder_input_ids,
            encoder_hidden_states=memory,
            encoder_attention_mask=memory_mask,
            past_key_values=past_key_values,
            use_cache=use_cache,
        )
        states = output.last_hidden_state  # [B, T, D]
        logits = self.lm_head(states)  # [B, T, V]
        if self.copy is not None:
            logits = self.copy(logits, states, memory, memory_mask, source_ids)
        return logits, output.past_key_values

    def token_losses(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        labels: Tensor,
        *,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross-entropy of each labelled piece, computed where there is a label and only there.

        Label smoothing (Szegedy et al., CVPR 2016) takes part of the weight from the label to
        all pieces of the vocabulary alike; with a copy head, to the vocabulary's own
        distribution, before the mixture.

        Args:
            decoder_input_ids, memory, memory_mask, source_ids: as in :meth:`forward`.
            labels: [B, T], -100 where there is none.

        Returns:
            [N], in nats and single precision, row by row.
        """
        output = self.layers(
            input_ids=decoder_input_ids,
            encoder_hidden_states=memory,
            encoder_attention_mask=memory_mask,
            use_cache=False,
        )
        labelled = labels != IGNORED
        label = labels[labelled].unsqueeze(1)  # [N, 1]
        states = output.last_hidden_state  # [B, T, D]
        logs = self.lm_head(states[labelled]).float().log_softmax(-1)  # [N, V]
        gain = logs.gather(1, label)
        if self.copy is not None:
            attention, gate = self.copy.attend(states, memory, memory_mask)
            rows = labelled.nonzero()[:, 0]
            copied = attention[labelled] * (source_ids[rows] == label)  # [N, S]
            gate = gate[labelled].unsqueeze(1)  # [N, 1]
            gain = torch.logaddexp(
                F.logsigmoid(-gate) + gain,
                F.logsigmoid(gate) + copied.sum(1, keepdim=True).clamp(min=1e-9).log(),
            )
        losses = -(1 - label_smoothing) * gain.squeeze(1)
        return losses - label_smoothing * logs.mean(1) if label_smoothing else losses


class CopyHead(nn.Module):
    """Pointer-generator (See et al., ACL 2017): p = (1 - g) p_vocabulary + g p_copy.

    p_copy is one attention of the decoder's state over the memory, spread onto the pieces that
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
            memory_mask, ids: [B, S]; 1 for real positions, and the pieces there.

        Returns:
            [B, T, V], in single precision; their exponentials add up to 1.
        """
        attention, gate = self.attend(states, memory, memory_mask)  # [B, T, S], [B, T]
        ids = ids.unsqueeze(1).expand_as(attention)
        copied = torch.zeros_like(logits, dtype=attention.dtype).scatter_add(2, ids, attention)
        share = gate.sigmoid().unsqueeze(2)
        mixture = (1 - share) * logits.float().softmax(-1) + share * copied
        return mixture.clamp(min=1e-9).log()

    def attend(self, states: Tensor, memory: Tensor, memory_mask: Tensor) -> tuple[Tensor, Tensor]:
        """p_copy over the positions of the memory, [B, T, S], and the logit of g, [B, T]."""
        scores = self.query(states) @ self.key(memory).transpose(1, 2)  # [B, T, S]
        scores = scores.float() / math.sqrt(memory.size(-1))
        scores = scores.masked_fill(~memory_mask.bool().unsqueeze(1), -math.inf)
        return scores.softmax(-1), self.gate(states).float().squeeze(2)
