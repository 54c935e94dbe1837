"""The impression decoder that is trained from scratch."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Cache
from transformers.models.pegasus import PegasusConfig
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder, PegasusDecoderLayer

from graphsum.decoding.beam_search import SearchSettings, beam_search, is_looking_free
from graphsum.decoding.sampling import sample_sequences
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.decoders.cache import CACHE
from graphsum.models.padding import labels_at, places_of, rows_at


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
        places = places.clamp(min=0)
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

    def start(self, memory: Tensor, memory_mask: Tensor, source_ids: Tensor) -> "TransformerSteps":
        """Step-by-step decoding, as searching and sampling ask; arguments as above."""
        return TransformerSteps(self, memory, memory_mask, source_ids)


def smoothed_losses(logs: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Cross-entropy with label smoothing of log-probabilities [N, V] and labels [N]: [N]."""
    losses = -(1 - label_smoothing) * logs.gather(1, labels.unsqueeze(1)).squeeze(1)
    return losses - label_smoothing * logs.mean(1) if label_smoothing else losses


class TransformerSteps:
    """One token per beam and call, through the weights of a :class:`TransformerDecoder`.

    The same computation as ``forward`` in evaluation mode. The beams of a report are the
    positions of one sequence: they share the keys and values of its memory, and attend to all
    tokens that any of its beams ever held, under a mask of their own ancestors. So nothing is
    copied when beams are reordered but that mask.
    """

    def __init__(
        self, decoder: TransformerDecoder, memory: Tensor, memory_mask: Tensor, source_ids: Tensor
    ) -> None:
        self.decoder = decoder
        self.source_ids = source_ids
        self.mask = memory_mask.bool().unsqueeze(1)  # [R, 1, S]
        self.memory_bias = as_bias(self.mask, decoder.lm_head.weight.dtype)
        self.layers: list[PegasusDecoderLayer] = list(decoder.layers.layers)
        self.heads = (self.layers[0].self_attn.num_heads, self.layers[0].self_attn.head_dim)
        self.of_memory: list[tuple[Tensor, Tensor]] = []  # keys, values: [R, heads, S, head_dim]
        for layer in self.layers:
            keys, values = layer.encoder_attn.k_proj(memory), layer.encoder_attn.v_proj(memory)
            self.of_memory.append((self.split(keys).contiguous(), self.split(values).contiguous()))
        self.of_tokens = [(keys[:, :, :0], values[:, :, :0]) for keys, values in self.of_memory]
        self.joined = []  # query, key and value projections as one: [3D, D] and [3D]
        for layer in self.layers:
            parts = [getattr(layer.self_attn, name) for name in ("q_proj", "k_proj", "v_proj")]
            self.joined.append(
                [torch.cat([getattr(part, name) for part in parts]) for name in ("weight", "bias")]
            )
        self.copy_keys = decoder.copy.key(memory) if decoder.copy is not None else None
        self.ancestors = self.mask[:, :, :0]  # may beam k see n? [R, K, N]
        self.length = 0

    def step(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of the next token [R, K, V] after each beam's last token [R, K]."""
        model = self.decoder.layers
        itself = torch.eye(tokens.size(1), dtype=torch.bool, device=tokens.device)
        self.ancestors = torch.cat([self.ancestors, itself.expand(len(tokens), -1, -1)], dim=-1)
        states = model.embed_tokens(tokens) * model.embed_scale  # [R, K, D]
        states = states + model.embed_positions.weight[self.length]
        own_bias = as_bias(self.ancestors, states.dtype)
        self.length += 1
        for number, layer in enumerate(self.layers):
            normed = layer.self_attn_layer_norm(states)
            own = F.linear(normed, *self.joined[number])  # [R, K, 3D]
            query, key, value = (self.split(part) for part in own.chunk(3, dim=-1))
            keys, values = self.of_tokens[number]
            keys, values = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
            self.of_tokens[number] = keys, values
            states = states + layer.self_attn.out_proj(attend(query, keys, values, own_bias))
            query = self.split(layer.encoder_attn.q_proj(layer.encoder_attn_layer_norm(states)))
            keys, values = self.of_memory[number]
            attended = attend(query, keys, values, self.memory_bias)
            states = states + layer.encoder_attn.out_proj(attended)
            inner = layer.activation_fn(layer.fc1(layer.final_layer_norm(states)))
            states = states + layer.fc2(inner)
        states = model.layer_norm(states)
        logits = self.decoder.lm_head(states)  # [R, K, V]
        if self.decoder.copy is None or self.copy_keys is None:
            return logits.float().log_softmax(-1)
        attention, gate = self.decoder.copy.attend(states, self.copy_keys, self.mask.squeeze(1))
        return self.decoder.copy.mix(logits, attention, gate, self.source_ids)

    def split(self, states: Tensor) -> Tensor:
        """[R, N, D] by heads: [R, heads, N, head_dim]."""
        return states.unflatten(-1, self.heads).transpose(1, 2)

    def reorder(self, parents: Tensor) -> None:
        """Beam k of each report now continues the beam ``parents[:, k]``, [R, K]."""
        index = parents.unsqueeze(-1).expand(-1, -1, self.ancestors.size(-1))
        self.ancestors = self.ancestors.gather(1, index)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows of the R reports only."""
        self.source_ids, self.mask = self.source_ids[rows], self.mask[rows]
        self.memory_bias = as_bias(self.mask, self.memory_bias.dtype)
        self.ancestors = self.ancestors[rows]
        self.of_memory = [(keys[rows], values[rows]) for keys, values in self.of_memory]
        self.of_tokens = [(keys[rows], values[rows]) for keys, values in self.of_tokens]
        if self.copy_keys is not None:
            self.copy_keys = self.copy_keys[rows]


def as_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores, [R, 1, K or 1, N]: 0 where the mask is true, else -inf.

    On a GPU its rows begin where the fused kernel can read them, which would copy it otherwise.
    """
    if not is_looking_free(mask.device):
        count = mask.size(-1)
        aligned = F.pad(mask, (0, -count % 16))
        zero = torch.zeros((), dtype=dtype, device=mask.device)
        return torch.where(aligned, zero, -math.inf).unsqueeze(1)[..., :count]
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(~mask, -math.inf).unsqueeze(1)


def attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """Attention of K queries of each report over N positions, before the output projection.

    Plain products on a CPU: for so few queries they take two thirds of the time of torch's
    ``scaled_dot_product_attention``, which saves a GPU the starting of many kernels.

    Args:
        query: [R, heads, K, head_dim].
        keys, values: [R, heads, N, head_dim].
        bias: [R, 1, K or 1, N].

    Returns:
        [R, K, D].
    """
    if not is_looking_free(query.device):
        attended = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias)
        return attended.transpose(1, 2).flatten(2)
    query = query * query.size(-1) ** -0.5
    scores = query @ keys.transpose(2, 3) + bias  # [R, heads, K, N]
    return (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)


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
        scores = self.query(states) @ keys.transpose(1, 2)  # [B, T, S]
        scores = scores.float() / math.sqrt(keys.size(-1))
        scores = scores.masked_fill(~memory_mask.bool().unsqueeze(1), -math.inf)
        return scores.softmax(-1), self.gate(states).float().squeeze(2)

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
