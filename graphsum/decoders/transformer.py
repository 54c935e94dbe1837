"""The impression decoder that is trained from scratch."""

from torch import Tensor, nn
from transformers import Cache
from transformers.models.pegasus import PegasusConfig
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder

from graphsum.configuration import GraphSumConfig


class TransformerDecoder(nn.Module):
    """Pre-LN Transformer decoder with sinusoidal positions and tied embeddings (Hu et al. 2022).

    The layers are those of transformers' PEGASUS decoder, which has exactly this form, with its
    key-value caches; nothing of PEGASUS' weights is used.
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

    def forward(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        *,
        past_key_values: Cache | None = None,
        use_cache: bool = False,
    ) -> tuple[Tensor, Cache | None]:
        """Scores of the next piece after each given one.

        Args:
            decoder_input_ids: [B, T], or [B, 1] when the earlier pieces are in the cache.
            memory: [B, S, D].
            memory_mask: 1 for real positions of the memory, [B, S].
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
        return self.lm_head(output.last_hidden_state), output.past_key_values
