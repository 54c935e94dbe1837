"""Step-by-step decoding without padding, where values cost no waiting: on a CPU.

Shapes: A beams of all reports together, R reports, K beams of a report at most, t tokens so far,
S source tokens, D width, V vocabulary.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder, PegasusDecoderLayer

from graphsum.models.decoders.copy_head import CopyHead
from graphsum.models.decoders.padded_steps import joined_projections

FEW_TOKENS = 12  # up to which products element by element are faster than many small matrices
TOKENS_AT_ONCE = 16  # by which the caches grow
HELD = 0.75  # share of the memory's reports in use below which the others are dropped


class PackedSteps:
    """One token per beam and call, through the weights of a ``TransformerDecoder``.

    The same computation as its ``forward`` in evaluation mode. The beams of all reports are the
    rows of one matrix, as many of each report as it has. They share the keys and values of its
    memory. The keys and values of its own tokens lie in a place that a beam has for itself. One
    beam that continues another takes over its place, and only where several do is anything copied.
    """

    def __init__(
        self,
        decoder: PegasusDecoder,
        lm_head: nn.Linear,
        copy: CopyHead | None,
        memory: Tensor,
        memory_mask: Tensor,
        source_ids: Tensor,
    ) -> None:
        """``memory``, ``memory_mask``, ``source_ids``: as in ``TransformerDecoder.forward``."""
        self.decoder, self.lm_head, self.copy = decoder, lm_head, copy
        self.layers: list[PegasusDecoderLayer] = list(decoder.layers)
        self.heads = (self.layers[0].self_attn.num_heads, self.layers[0].self_attn.head_dim)
        self.scale = self.heads[1] ** -0.5
        self.joined = [joined_projections(layer) for layer in self.layers]
        self.source_ids = source_ids
        self.mask = memory_mask.bool().unsqueeze(1)  # [R, 1, S]
        self.memory_bias = torch.zeros(self.mask.shape, dtype=memory.dtype)
        self.memory_bias = self.memory_bias.masked_fill_(~self.mask, -math.inf).unsqueeze(1)
        self.of_memory = [  # keys [R, heads, head_dim, S] and values [R, heads, S, head_dim]
            (
                self.split(layer.encoder_attn.k_proj(memory)).transpose(2, 3).contiguous(),
                self.split(layer.encoder_attn.v_proj(memory)).contiguous(),
            )
            for layer in self.layers
        ]
        self.copy_keys = copy.key(memory) if copy is not None else None
        count = len(memory)
        self.report = torch.arange(count)  # of each beam, increasing, [A]
        self.place = torch.arange(count)  # of each beam in the caches, [A]
        self.beam = torch.arange(count)  # at each place, [A]
        # Keys and values of each layer: [layers, 2, tokens, places, heads, head_dim].
        shape = (len(self.layers), 2, TOKENS_AT_ONCE, count, *self.heads)
        self.of_tokens = memory.new_empty(shape)
        self.length = 0
        self.arrange()

    def arrange(self) -> None:
        """Where the beams stand when those of each report are padded to the same number."""
        counts = self.report.bincount(minlength=len(self.mask))
        self.width = int(counts.max())
        self.is_square = len(self.report) == len(counts) * self.width
        if not self.is_square:
            within = torch.arange(len(self.report)) - (counts.cumsum(0) - counts)[self.report]
            self.column = self.report * self.width + within  # of each beam, [A]
            self.padded = torch.zeros(len(counts) * self.width, dtype=torch.long)
            self.padded[self.column] = torch.arange(len(self.report))

    def step(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of the next token [..., V] after each beam's last token [...]."""
        states = self.decoder.embed_tokens(tokens.flatten()) * self.decoder.embed_scale  # [A, D]
        states = states + self.decoder.embed_positions.weight[self.length]
        self.make_room(self.length + 1)
        self.length += 1
        for number, layer in enumerate(self.layers):
            attended = self.over_tokens(number, layer.self_attn_layer_norm(states))
            states = states + layer.self_attn.out_proj(attended)
            query = layer.encoder_attn.q_proj(layer.encoder_attn_layer_norm(states))
            states = states + layer.encoder_attn.out_proj(self.over_memory(number, query))
            inner = layer.activation_fn(layer.fc1(layer.final_layer_norm(states)))
            states = states + layer.fc2(inner)
        states = self.decoder.layer_norm(states)
        logits = self.lm_head(states)  # [A, V]
        if self.copy is None or self.copy_keys is None:
            logs = logits.float().log_softmax(-1)
        else:
            query = self.as_padded(self.copy.query(states))
            attention = self.as_packed(self.copy.over_memory(query, self.copy_keys, self.mask))
            gate = self.copy.gate(states).float().squeeze(1)  # [A]
            logs = self.copy.mix(logits, attention, gate, self.source_ids[self.report])
        return logs.unflatten(0, tokens.shape)

    def over_tokens(self, number: int, normed: Tensor) -> Tensor:
        """Self-attention of a layer before its output projection, [A, D]."""
        cache = self.of_tokens[number, :, : self.length, : len(normed)]
        own = F.linear(normed, *self.joined[number])[self.beam]  # by place, [A, 3D]
        query, cache[0, -1], cache[1, -1] = own.unflatten(1, (3, *self.heads)).unbind(1)
        query = query * self.scale  # [A, heads, head_dim]
        keys, values = cache  # [t, A, heads, head_dim] each
        if self.length <= FEW_TOKENS:
            scores = (query * keys).sum(-1, keepdim=True)  # [t, A, heads, 1]
            attended = (scores.softmax(0) * values).sum(0)  # [A, heads, head_dim]
        else:
            scores = query.flatten(0, 1).unsqueeze(1) @ keys.flatten(1, 2).permute(1, 2, 0)
            attended = scores.softmax(-1) @ values.flatten(1, 2).transpose(0, 1)
        return attended.reshape(len(normed), -1)[self.place]

    def over_memory(self, number: int, query: Tensor) -> Tensor:
        """Cross-attention of a layer before its output projection, [A, D]."""
        keys, values = self.of_memory[number]
        query = self.split(self.as_padded(query * self.scale))  # [R, heads, K, head_dim]
        scores = (query @ keys).add_(self.memory_bias)  # [R, heads, K, S]
        attended = (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)  # [R, K, D]
        return self.as_packed(attended)

    def split(self, states: Tensor) -> Tensor:
        """[R, N, D] by heads: [R, heads, N, head_dim]."""
        return states.unflatten(-1, self.heads).transpose(1, 2)

    def as_padded(self, values: Tensor) -> Tensor:
        """[A, ...] as [R, K, ...]; what stands in the padding nothing may read."""
        values = values if self.is_square else values[self.padded]
        return values.unflatten(0, (-1, self.width))

    def as_packed(self, values: Tensor) -> Tensor:
        """[R, K, ...] as [A, ...]."""
        return values.flatten(0, 1) if self.is_square else values.flatten(0, 1)[self.column]

    def make_room(self, tokens: int) -> None:
        """Let the caches hold so many tokens at as many places as there are beams."""
        old, beams = self.of_tokens, len(self.report)
        if tokens <= old.size(2) and beams <= old.size(3):
            return
        places = beams if beams <= old.size(3) else max(beams, old.size(3) * 3 // 2)
        longest = old.size(2) if tokens <= old.size(2) else old.size(2) + TOKENS_AT_ONCE
        self.of_tokens = old.new_empty(*old.shape[:2], longest, places, *old.shape[4:])
        kept = old[:, :, : self.length, :places]
        self.of_tokens[:, :, : self.length, : kept.size(3)] = kept

    def reorder(self, parents: Tensor) -> None:
        """Go on with beams that continue these, counted over all reports, [...]."""
        parents = parents.flatten()
        count = len(parents)
        if torch.equal(parents, torch.arange(len(self.report))):
            return
        self.report = self.report[parents]
        in_use, report = self.report.unique_consecutive(return_inverse=True)
        if len(in_use) < HELD * len(self.mask):
            self.report = report
            self.source_ids, self.mask = self.source_ids[in_use], self.mask[in_use]
            self.memory_bias = self.memory_bias[in_use]
            self.of_memory = [(keys[in_use], values[in_use]) for keys, values in self.of_memory]
            if self.copy_keys is not None:
                self.copy_keys = self.copy_keys[in_use]
        self.arrange()

        place = self.place[parents]
        by_place, order = place.sort(stable=True)
        is_first = torch.ones_like(by_place, dtype=torch.bool)
        is_first[1:] = by_place[1:] != by_place[:-1]
        moves = torch.empty_like(is_first)
        moves[order] = ~is_first | (by_place >= count)  # the others stay where their parent was
        is_free = torch.ones(count, dtype=torch.bool)
        is_free[place[~moves]] = False
        source, target = place[moves], is_free.nonzero().squeeze(1)
        self.place = place.masked_scatter(moves, target)
        self.beam = torch.empty_like(self.place)
        self.beam[self.place] = torch.arange(count)
        self.make_room(self.length)
        if len(source):
            used = self.of_tokens[:, :, : self.length]
            used.index_copy_(3, target, used.index_select(3, source))
