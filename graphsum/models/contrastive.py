"""Contrastive module of Hu et al. (2022): what remains when key words are hidden."""

import torch
import torch.nn.functional as F
from torch import Tensor, distributed, nn
from transformers.models.roberta_prelayernorm.configuration_roberta_prelayernorm import (
    RobertaPreLayerNormConfig,
)
from transformers.models.roberta_prelayernorm.modeling_roberta_prelayernorm import (
    RobertaPreLayerNormEncoder,
)

from graphsum.models.configuration import GraphSumConfig


def contrastive_views(attention_mask: Tensor, key_mask: Tensor) -> tuple[Tensor, Tensor]:
    """Which tokens each view keeps.

    Args:
        attention_mask: 1 for real tokens, 0 for padding, [B, S].
        key_mask: 1 for tokens of key words, [B, S].

    Returns:
        ``positive`` keeps the key words (everything else is masked), ``negative`` keeps what is
        not a key word; both boolean, [B, S], never padding.
    """
    real = attention_mask.bool()
    key = key_mask.bool() & real
    return key, real & ~key


def contrastive_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    temperature: float = 1.0,
    others: Tensor | None = None,
    is_negative: Tensor | None = None,
) -> Tensor:
    """-log(e^(a.p/t) / (e^(a.p/t) + e^(a.n/t))) with cosine similarities (Hu et al. 2022).

    With ``others`` the denominator holds the positives of other reports as well, as in InfoNCE
    (van den Oord et al. 2018).

    Args:
        anchor, positive, negative: pooled views, [B, D].
        temperature: t > 0.
        others: positives of M reports, possibly these among them, [M, D].
        is_negative: which of them are negatives of each report, boolean, [B, M].

    Returns:
        One loss per report, [B].
    """
    towards = F.cosine_similarity(anchor, positive, dim=-1)
    away = F.cosine_similarity(anchor, negative, dim=-1)
    if others is None or is_negative is None:
        return F.softplus((away - towards) / temperature)  # the same quotient, without overflow
    across = F.normalize(anchor, dim=-1) @ F.normalize(others, dim=-1).T  # [B, M]
    across = across.masked_fill(~is_negative, -torch.inf)
    every = torch.cat([towards.unsqueeze(1), away.unsqueeze(1), across], dim=1) / temperature
    return every.logsumexp(1) - towards / temperature


class ContrastiveModule(nn.Module):
    """Encodes memory and its two masked views, and compares them.

    A view is the memory with the masked positions invisible: not attended to and not pooled.
    Since the positive and the negative view share no position, one pass encodes both: tokens of
    key words see only each other, all other tokens see only each other.
    """

    def __init__(self, config: GraphSumConfig) -> None:
        super().__init__()
        self.encoder = RobertaPreLayerNormEncoder(
            RobertaPreLayerNormConfig(
                hidden_size=config.d_model,
                num_hidden_layers=config.contrastive_layers,
                num_attention_heads=config.decoder_heads,
                intermediate_size=config.decoder_ffn_dim,
                hidden_dropout_prob=config.dropout,
                attention_probs_dropout_prob=config.attention_dropout,
                attn_implementation="sdpa",
            )
        )
        self.norm = nn.LayerNorm(config.d_model)
        self.temperature = config.contrastive_temperature
        self.batch_negatives = config.contrastive_negatives == "batch"

    def encode(self, memory: Tensor, visible: Tensor) -> Tensor:
        """Encoded positions, each from those that it sees.

        Args:
            memory: [B, S, D].
            visible: boolean, [B, S, S]; row i says which positions i sees, at least one.

        Returns:
            [B, S, D].
        """
        bias = torch.zeros_like(visible, dtype=memory.dtype)
        bias = bias.masked_fill(~visible, torch.finfo(memory.dtype).min).unsqueeze(1)
        return self.norm(self.encoder(memory, bias).last_hidden_state)

    def forward(
        self,
        memory: Tensor,
        attention_mask: Tensor,
        key_mask: Tensor,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Contrastive loss per report.

        Args:
            memory: [B, S, D].
            attention_mask, key_mask: [B, S].
            labels: [B, T]; with negatives from the batch, reports with the same impression are
                no negatives of each other.

        Returns:
            [B]; 0 for reports that are all key words or have none, since a view is empty there.
        """
        real = attention_mask.bool()
        positive, negative = contrastive_views(attention_mask, key_mask)
        same_view = positive.unsqueeze(2) == positive.unsqueeze(1)  # [B, S, S]
        everything = real.unsqueeze(1).expand_as(same_view)
        # Padding positions, which nothing pools, see what they like: softmax needs something.
        within_views = same_view & everything | ~real.unsqueeze(2)
        whole, views = self.encode(
            memory.repeat(2, 1, 1), torch.cat([everything, within_views])
        ).chunk(2)  # each [B, S, D]
        has_views = positive.any(dim=1) & negative.any(dim=1)
        towards = masked_mean(views, positive)  # [B, D]
        others = is_negative = None
        if self.batch_negatives and labels is not None:
            others = of_all_processes(towards)  # [M, D]
            impressions = fingerprints(labels)  # [B]
            differ = impressions.unsqueeze(1) != of_all_processes(impressions)
            is_negative = differ & of_all_processes(has_views)  # never a report itself
        losses = contrastive_loss(
            masked_mean(whole, real),
            towards,
            masked_mean(views, negative),
            temperature=self.temperature,
            others=others,
            is_negative=is_negative,
        )
        return losses * has_views


def fingerprints(labels: Tensor) -> Tensor:
    """One whole number per row of labels [B, T], the same for the same impression: [B]."""
    real = labels >= 0
    factors = torch.ones(labels.size(1), dtype=torch.long, device=labels.device)
    factors = (factors * 6364136223846793005).cumprod(0)  # modulo 2^64 (Knuth's MMIX multiplier)
    return ((labels + 1) * factors * real).sum(1)


def of_all_processes(rows: Tensor) -> Tensor:
    """The rows [B, ...] of all processes of a distributed run, [M, ...], with their gradients."""
    if not distributed.is_available() or not distributed.is_initialized():
        return rows
    from torch.distributed.nn.functional import all_gather  # with gradient

    counts = [
        torch.zeros(1, dtype=torch.long, device=rows.device)
        for _ in range(distributed.get_world_size())
    ]
    distributed.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
    missing = int(max(counts)) - len(rows)
    filled = torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])])
    if rows.requires_grad:
        parts = list(all_gather(filled))
    else:
        parts = [torch.empty_like(filled) for _ in counts]
        distributed.all_gather(parts, filled)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])


def masked_mean(states: Tensor, keep: Tensor) -> Tensor:
    """Mean over the kept positions.

    Args:
        states: [B, S, D].
        keep: boolean, [B, S]; a row that keeps nothing gives zeros.

    Returns:
        [B, D], in single precision.
    """
    weight = keep.unsqueeze(-1).float()
    return (states.float() * weight).sum(1) / weight.sum(1).clamp(min=1)
