"""Text encoder (any transformers encoder) and graph encoder (torch-geometric)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from graphsum.models.configuration import GraphSumConfig


def build_text_encoder(config: GraphSumConfig) -> PreTrainedModel:
    """A randomly initialised text encoder of the configured shape, without pooling layer."""
    encoder = AutoModel.from_config(config.text_encoder_config, trust_remote_code=False)
    return without_pooler(encoder)


def without_pooler(encoder: PreTrainedModel) -> PreTrainedModel:
    """The encoder less its pooling layer.

    The pooled vector is never used; parameters that get no gradient stop distributed training.
    """
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


class GraphEncoder(nn.Module):
    """Two graph attention layers over the tokens of a batch (Hu et al. 2022).

    GAT width_in -> graph_heads x graph_width (concatenated), ReLU, dropout, GAT -> d_model with
    one head. Every node gets a self-loop of a type of its own, so nodes without edges keep
    their state. Reference: Velickovic et al. 2018 (``gat``), Brody et al. 2022 (``gatv2``).
    """

    def __init__(self, config: GraphSumConfig, width_in: int) -> None:
        super().__init__()
        from torch_geometric.nn import GATConv, GATv2Conv

        width = config.graph_heads * config.graph_width
        self.self_loop_type = len(config.edge_types)
        self.edge_embedding = (
            nn.Embedding(len(config.edge_types) + 1, config.graph_width)
            if config.typed_edges
            else None
        )
        convolution = {"gat": GATConv, "gatv2": GATv2Conv}[config.graph]
        options = {
            "add_self_loops": False,
            "dropout": config.graph_dropout,
            "edge_dim": config.graph_width if config.typed_edges else None,
        }
        self.first = convolution(width_in, config.graph_width, heads=config.graph_heads, **options)
        self.second = convolution(width, config.d_model, heads=1, **options)
        self.dropout = nn.Dropout(config.graph_dropout)

    def forward(self, nodes: Tensor, edge_index: Tensor, edge_type: Tensor) -> Tensor:
        """New node states.

        Args:
            nodes: states of all real tokens of the batch, [N, width_in].
            edge_index: head and dependent node of each edge, [2, E].
            edge_type: id of each edge's type, [E].

        Returns:
            [N, D].
        """
        loops = torch.arange(nodes.size(0), device=nodes.device)
        edge_index = torch.cat([edge_index, loops.expand(2, -1)], dim=1)  # [2, E + N]
        edges = None
        if self.edge_embedding is not None:
            types = torch.cat([edge_type, torch.full_like(loops, self.self_loop_type)])
            edges = self.edge_embedding(types)  # [E + N, graph_width]
        hidden = self.dropout(torch.relu(self.first(nodes, edge_index, edges)))
        return self.second(hidden, edge_index, edges)

    def of_padded(
        self, hidden: Tensor, attention_mask: Tensor, edge_index: Tensor, edge_type: Tensor
    ) -> Tensor:
        """The same for the padded rows of a batch, without a shape that depends on values.

        So a GPU is never waited for, and the pass can be captured in a CUDA graph. Padding
        positions are nodes without edges.

        Args:
            hidden: [B, S, width_in].
            attention_mask: 1 for real tokens, which come first in each row, [B, S].
            edge_index, edge_type: as in :meth:`GraphSum.encode`; -1 where there is no edge.

        Returns:
            [B, S, D]; padding positions hold values that nothing may read.
        """
        rows, length, _ = hidden.shape
        sizes = attention_mask.sum(1)
        ends = sizes.cumsum(0)
        row = torch.searchsorted(ends, edge_index.contiguous(), right=True).clamp(
            max=rows - 1
        )  # [2, E]
        places = row * length + edge_index - (ends - sizes)[row]
        beyond = rows * length  # one node more, for what fills the edges up
        places = places.masked_fill(edge_index < 0, beyond)
        nodes = F.pad(hidden.flatten(0, 1), (0, 0, 0, 1))
        return self(nodes, places, edge_type)[:beyond].unflatten(0, (rows, length))
