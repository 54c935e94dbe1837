"""The impression decoder that is trained from scratch."""

from torch import Tensor, nn
from transformers import Cache
from transformers.models.pegasus import PegasusConfig
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder

from graphsum.decoding.beam_search import SearchSettings, Steps, beam_search, is_looking_free
from graphsum.decoding.sampling import sample_sequences
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.decoders.cache import CACHE
from graphsum.models.decoders.copy_head import CopyHead
from graphsum.models.decoders.packed_steps import PackedSteps
from graphsum.models.decoders.padded_steps import PaddedSteps
from graphsum.models.padding import labels_at, places_of, places_to_read, rows_at


class TransformerDecoder(nn.Module):
    """Pre-LN Transformer decoder with sinusoidal positions and tied embeddings (Hu et al. 2022).

    The layers are those of transformers' PEGASUS decoder, which has exactly this form, with its
    key-value caches; nothing of PEGASUS' weights is used. With ``config.copy`` a
    :class:`CopyHead` lets it take tokens from the findings.
    """

    target_groups = 4  # rows of similar length that are decoded together in training, on a CPU

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
        self.special_ids = {
            "start_id": config.decoder_start_token_id,
            "end_id": config.eos_token_id,
            "pad_id": config.pad_token_id,
        }

    def get_input_embeddings(self) -> nn.Module:
        return self.layers.embed_tokens

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def forward(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        *,
        cache: Cache | None = None,
        use_cache: bool = False,
        states: list[Tensor] | None = None,
    ) -> tuple[Tensor, Cache | None]:
        """Scores of the next token after each given one.

        Args:
            decoder_input_ids: [B, T], or [B, 1] when the earlier tokens are in the cache.
            memory: [B, S, D].
            memory_mask: 1 for real positions of the memory, [B, S].
            source_ids: the findings' tokens, which the copy head may take, [B, S].
            cache: what an earlier call returned.
            states: a list that takes the hidden states of embedding and layers, each [B, T, D].

        Returns:
            logits [B, T, V], and the cache (None unless ``use_cache``).
        """
        output = self.layers(
            input_ids=decoder_input_ids,
            encoder_hidden_states=memory,
            encoder_attention_mask=memory_mask,
            use_cache=use_cache,
            output_hidden_states=states is not None,
            **{CACHE: cache},
        )
        if states is not None:
            states.extend(output.hidden_states)
        last = output.last_hidden_state  # [B, T, D]
        logits = self.lm_head(last)  # [B, T, V]
        if self.copy is not None:
            logits = self.copy(logits, last, memory, memory_mask, source_ids)
        return logits, output[CACHE] if use_cache else None

    def token_losses(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        labels: Tensor,
        *,
        label_smoothing: float = 0.0,
        label_places: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropy of each labelled token, computed where there is a label and only there.

        Label smoothing (Szegedy et al., CVPR 2016) takes part of the weight from the label to
        all tokens of the vocabulary alike.

        Args:
            decoder_input_ids, memory, memory_mask, source_ids: as in :meth:`forward`.
            labels: [B, T], -100 where there is none.
            label_places: as in :meth:`graphsum.models.modeling.GraphSum.forward`, [N].

        Returns:
            [N], in nats and single precision, row by row; 0 where ``label_places`` is -1.
        """
        places = places_of(labels) if label_places is None else label_places
        logs = self.token_logs(decoder_input_ids, memory, memory_mask, source_ids, places)
        losses = smoothed_losses(logs, labels_at(labels, places), label_smoothing)
        return losses * (places >= 0)

    def agreement_losses(
        self,
        decoder_input_ids: Tensor,
        memories: tuple[Tensor, Tensor],
        memory_mask: Tensor,
        source_ids: Tensor,
        labels: Tensor,
        *,
        label_smoothing: float = 0.0,
        label_places: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """R-Drop (Liang et al., NeurIPS 2021, eq. 2 and 3): two passes with different dropout.

        Args:
            memories: of two passes of the encoders, each [B, S, D].

        Returns:
            The mean of the passes' :meth:`token_losses`, [N], and the mean of the KL divergences
            of their distributions in both directions, [N], in nats.
        """
        places = places_of(labels) if label_places is None else label_places
        first, second = (
            self.token_logs(decoder_input_ids, memory, memory_mask, source_ids, places)
            for memory in memories
        )
        tokens = labels_at(labels, places)
        losses = [smoothed_losses(logs, tokens, label_smoothing) for logs in (first, second)]
        divergence = ((first.exp() - second.exp()) * (first - second)).sum(1) / 2
        is_label = places >= 0
        return (losses[0] + losses[1]) / 2 * is_label, divergence * is_label

    def token_logs(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        places: Tensor,
    ) -> Tensor:
        """Log-probabilities of all tokens, [N, V], at these positions of the flattened inputs.

        Other arguments as above.
        """
        output = self.layers(
            input_ids=decoder_input_ids,
            encoder_hidden_states=memory,
            encoder_attention_mask=memory_mask,
            use_cache=False,
        )
        states = output.last_hidden_state  # [B, T, D]
        places = places_to_read(places, states.size(0) * states.size(1))
        logs = self.lm_head(rows_at(states, places)).float().log_softmax(-1)  # [N, V]
        if self.copy is not None:
            attention, gate = self.copy.attend(states, self.copy.key(memory), memory_mask)
            ids = source_ids[places // states.size(1)]  # [N, S]
            logs = self.copy.mix(logs, rows_at(attention, places), rows_at(gate, places), ids)
        return logs

    def search(
        self, memory: Tensor, memory_mask: Tensor, source_ids: Tensor, settings: SearchSettings
    ) -> Tensor:
        """The impressions' tokens, [B, T]; arguments as above."""
        steps = self.start(memory, memory_mask, source_ids)
        return beam_search(
            steps, settings, num_reports=len(memory), device=memory.device, **self.special_ids
        )

    def sample(
        self,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
        uniforms: Tensor,
        *,
        temperature: float,
    ) -> Tensor:
        """Tokens of sampled impressions, [B, N, 1 + T]; the other arguments as above.

        Args:
            uniforms, temperature: as in :func:`graphsum.decoding.sampling.sample_sequences`.
        """
        steps = self.start(memory, memory_mask, source_ids)
        return sample_sequences(
            steps,
            uniforms,
            temperature=temperature,
            fixed_width=not is_looking_free(memory.device),
            **self.special_ids,
        )

    def start(self, memory: Tensor, memory_mask: Tensor, source_ids: Tensor) -> Steps:
        """Step-by-step decoding, as searching and sampling ask; arguments as above."""
        kind = PackedSteps if is_looking_free(memory.device) else PaddedSteps
        return kind(self.layers, self.lm_head, self.copy, memory, memory_mask, source_ids)


def smoothed_losses(logs: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Cross-entropy with label smoothing of log-probabilities [N, V] and labels [N]: [N]."""
    losses = -(1 - label_smoothing) * logs.gather(1, labels.unsqueeze(1)).squeeze(1)
    return losses - label_smoothing * logs.mean(1) if label_smoothing else losses
