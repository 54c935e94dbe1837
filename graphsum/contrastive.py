"""Contrastive module of Hu et al. (2022): what remains when key words are hidden."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphsum.configuration import GraphSumConfig


def contrastive_views(attention_mask: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
    """Which pieces each view keeps.

    Args:
        attention_mask: 1 for real pieces, 0 for padding, [B, S].
        key_mask: 1 for pieces of key words, [B, S].

    Returns:
        ``positive`` keeps the key words (everything else is masked), ``negative`` keeps what is
        not a key word; both boolean, [B, S], never padding.
    """
    real = attention_mask.bool()
    key = key_mask.bool() & real
    return key, real & ~key


def contrastive_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, temperature: float = 1.0
) -> Tensor:
    """-log(e^(a.p/t) / (e^(a.p/t) + e^(a.n/t))) with cosine similarities (Hu et al. 2022).

    Args:
        anchor, positive, negative: pooled views, [B, D].
        temperature: t > 0.

    Returns:
        One loss per report, [B].
    """
    towards = F.cosine_similarity(anchor, positive, dim=-1)
    away = F.cosine_similarity(anchor, negative, dim=-1)
    return F.softplus((away - towards) / temperature)  # the same quotient, without overflow


class ContrastiveModule(nn.Module):
    """Encodes memory and its two masked views, and compares them.

    A view is the memory with the masked positions invisible: not attended to and not pooled.
    """

    def __init__(self, config: GraphSumConfig) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            config.d_model,
            config.decoder_heads,
            config.decoder_ffn_dim,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer,
            config.contrastive_layers,
            norm=nn.LayerNorm(config.d_model),
            enable_nested_tensor=False,
        )
        self.temperature = config.contrastive_temperature

    def pool(self, memory: Tensor, keep: Tensor) -> Tensor:
        """Mean of the encoded positions that the view keeps.

        Args:
            memory: [B, S, D].
            keep: boolean, [B, S]; a report that keeps nothing gets zeros.

        Returns:
            [B, D].
        """
        # A row that keeps nothing would make softmax undefined: let it see its first position.
        visible = keep.clone()
        visible[:, 0] |= ~keep.any(dim=1)
        encoded = self.encoder(memory, src_key_padding_mask=~visible)  # [B, S, D]
        weight = keep.unsqueeze(-1).to(encoded.dtype)
        return (encoded * weight).sum(1) / weight.sum(1).clamp(min=1)

    def forward(self, memory: Tensor, attention_mask: Tensor, key_mask: Tensor) -> Tensor:
        """Contrastive loss per report.

        Args:
            memory: [B, S, D].
            attention_mask, key_mask: [B, S].

        Returns:
            [B]; 0 for reports that are all key words or have none, since a view is empty there.
        """
        positive, negative = contrastive_views(attention_mask, key_mask)
        # One pass over the three views: B reports become 3B rows.
        keep = torch.cat([attention_mask.bool(), positive, negative])  # [3B, S]
        pooled = self.pool(memory.repeat(3, 1, 1), keep)  # [3B, D]
        losses = contrastive_loss(*pooled.float().chunk(3), temperature=self.temperature)
        defined = positive.any(dim=1) & negative.any(dim=1)
        return losses * defined
