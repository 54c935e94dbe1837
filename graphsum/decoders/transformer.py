"""The impression decoder that is trained from scratch."""

import math

import torch
from torch import Tensor, nn
from transformers import Cache
from transformers.models.pegasus import PegasusConfig
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder

from graphsum.configuration import GraphSumConfig


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
                attention_dropout=config.dropout,
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
        scores = self.query(states) @ self.key(memory).transpose(1, 2)  # [B, T, S]
        scores = scores.float() / math.sqrt(memory.size(-1))
        scores = scores.masked_fill(~memory_mask.bool().unsqueeze(1), -math.inf)
        attention = scores.softmax(-1)
        ids = ids.unsqueeze(1).expand_as(attention)
        copied = torch.zeros_like(logits, dtype=attention.dtype).scatter_add(2, ids, attention)
        gate = self.gate(states).float().sigmoid()  # [B, T, 1]
        mixture = (1 - gate) * logits.float().softmax(-1) + gate * copied
        return mixture.clamp(min=1e-9).log()
