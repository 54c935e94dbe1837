"""Step-by-step decoding where shapes must not depend on values: on a GPU."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.pegasus.modeling_pegasus import PegasusDecoder, PegasusDecoderLayer

from graphsum.models.decoders.copy_head import CopyHead

# Up to so many queries at a time plain products are faster than PyTorch's fused kernel, which takes
# 64 at a time (measured with the 5 of a beam search).
FEW_QUERIES = 8


class PaddedSteps:
    """One token per beam and call, through the weights of a ``TransformerDecoder``.

    The same computation as its ``forward`` in evaluation mode. All reports have the same number
    of beams, so that nothing is asked of the GPU. The beams of a report are the positions of one
    sequence: they share the keys and values of its memory, and attend to all tokens that any of
    its beams ever held, under a mask of their own ancestors. So nothing is copied when beams are
    reordered but that mask. Keys and values of tokens lie in tensors with room for more.
    """

    ROOM = 16  # steps for which there is room at first; then doubled

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
        self.source_ids = source_ids
        self.mask = memory_mask.bool().unsqueeze(1)  # [R, 1, S]
        self.memory_bias = as_bias(self.mask, lm_head.weight.dtype)
        self.layers: list[PegasusDecoderLayer] = list(decoder.layers)
        self.heads = (self.layers[0].self_attn.num_heads, self.layers[0].self_attn.head_dim)
        self.of_memory: list[tuple[Tensor, Tensor]] = []  # keys, values: [R, heads, S, head_dim]
        for layer in self.layers:
            keys, values = layer.encoder_attn.k_proj(memory), layer.encoder_attn.v_proj(memory)
            self.of_memory.append((self.split(keys).contiguous(), self.split(values).contiguous()))
        shape = (len(self.layers), 2, len(memory), self.heads[0], 0, self.heads[1])
        self.of_tokens = memory.new_empty(shape)  # [layers, keys and values, R, heads, room, .]
        self.joined = [joined_projections(layer) for layer in self.layers]
        self.copy_keys = copy.key(memory) if copy is not None else None
        self.ancestors = self.mask[:, :, :0]  # may beam k see n? [R, K, N]
        self.beams = 1
        self.length = 0

    def step(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of the next token [R, K, V] after each beam's last token [R, K]."""
        self.beams = tokens.size(1)
        itself = torch.eye(self.beams, dtype=torch.bool, device=tokens.device)
        self.ancestors = torch.cat([self.ancestors, itself.expand(len(tokens), -1, -1)], dim=-1)
        states = self.decoder.embed_tokens(tokens) * self.decoder.embed_scale  # [R, K, D]
        states = states + self.decoder.embed_positions.weight[self.length]
        own_bias = as_bias(self.ancestors, states.dtype)
        count = self.ancestors.size(-1)  # N, tokens of all beams with these
        self._make_room(count)
        self.length += 1
        for number, layer in enumerate(self.layers):
            normed = layer.self_attn_layer_norm(states)
            own = F.linear(normed, *self.joined[number])  # [R, K, 3D]
            query, key, value = (self.split(part) for part in own.chunk(3, dim=-1))
            keys, values = self.of_tokens[number, :, :, :, :count]
            keys[:, :, -self.beams :], values[:, :, -self.beams :] = key, value
            states = states + layer.self_attn.out_proj(attend(query, keys, values, own_bias))
            query = self.split(layer.encoder_attn.q_proj(layer.encoder_attn_layer_norm(states)))
            keys, values = self.of_memory[number]
            attended = attend(query, keys, values, self.memory_bias)
            states = states + layer.encoder_attn.out_proj(attended)
            inner = layer.activation_fn(layer.fc1(layer.final_layer_norm(states)))
            states = states + layer.fc2(inner)
        states = self.decoder.layer_norm(states)
        logits = self.lm_head(states)  # [R, K, V]
        if self.copy is None or self.copy_keys is None:
            return logits.float().log_softmax(-1)
        attention, gate = self.copy.attend(states, self.copy_keys, self.mask.squeeze(1))
        return self.copy.mix(logits, attention, gate, self.source_ids)

    def _make_room(self, count: int) -> None:
        """See to it that the keys and values of ``count`` tokens have room."""
        held, like = self.of_tokens, self.of_memory[0][0]
        if count <= held.size(4):
            return
        room = max(self.ROOM * self.beams, 2 * held.size(4))
        self.of_tokens = like.new_empty(*held.shape[:4], room, held.size(5))
        self.of_tokens[..., : held.size(4), :] = held

    def split(self, states: Tensor) -> Tensor:
        """[R, N, D] by heads: [R, heads, N, head_dim]."""
        return states.unflatten(-1, self.heads).transpose(1, 2)

    def reorder(self, parents: Tensor) -> None:
        """Go on with beams that continue these, [R, K], counted over all reports."""
        if len(parents) < len(self.mask):
            self._keep(parents[:, 0] // self.beams)
        index = (parents % self.beams).unsqueeze(-1).expand(-1, -1, self.ancestors.size(-1))
        self.ancestors = self.ancestors.gather(1, index)

    def _keep(self, rows: Tensor) -> None:
        self.source_ids, self.mask = self.source_ids[rows], self.mask[rows]
        self.memory_bias = as_bias(self.mask, self.memory_bias.dtype)
        self.ancestors = self.ancestors[rows]
        self.of_memory = [(keys[rows], values[rows]) for keys, values in self.of_memory]
        self.of_tokens = self.of_tokens[:, :, rows]
        if self.copy_keys is not None:
            self.copy_keys = self.copy_keys[rows]


def joined_projections(layer: PegasusDecoderLayer) -> tuple[Tensor, Tensor]:
    """Query, key and value projections of self-attention as one: weight [3D, D] and bias [3D]."""
    parts = [getattr(layer.self_attn, name) for name in ("q_proj", "k_proj", "v_proj")]
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])


def as_bias(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores, [R, 1, K or 1, N]: 0 where the mask is true, else -inf.

    Its rows begin where a GPU's fused kernel can read them, which would copy it otherwise.
    """
    count = mask.size(-1)
    aligned = F.pad(mask, (0, -count % 16))
    zero = torch.zeros((), dtype=dtype, device=mask.device)
    return torch.where(aligned, zero, -math.inf).unsqueeze(1)[..., :count]


def attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """Attention of K queries of each report over N positions, before the output projection.

    Args:
        query: [R, heads, K, head_dim].
        keys, values: [R, heads, N, head_dim].
        bias: [R, 1, K or 1, N].

    Returns:
        [R, K, D].
    """
    if query.size(2) <= FEW_QUERIES:
        scores = (query * query.size(-1) ** -0.5) @ keys.transpose(2, 3) + bias
        attended = scores.softmax(-1) @ values
    else:
        attended = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias)
    return attended.transpose(1, 2).flatten(2)
