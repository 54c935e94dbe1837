"""What searching and sampling are compared with: transformers' search, and steps by hand."""

import torch
from transformers.modeling_outputs import BaseModelOutput


def encode(model, batch):
    """The memory of a batch, [B, S, D]."""
    with torch.no_grad():
        return model.encode(
            batch["input_ids"], batch["attention_mask"], batch["edge_index"], batch["edge_type"]
        )


def stock(model, batch, settings, **options):
    """What transformers' own search finds."""
    return model.generate(
        encoder_outputs=BaseModelOutput(encode(model, batch)),
        attention_mask=batch["attention_mask"],
        source_ids=batch["input_ids"],
        **settings.as_options(),
        **options,
    )


class Chain:
    """Steps whose probabilities depend on the last piece only; pieces not listed hardly ever."""

    def __init__(self, after):
        self.after = after

    def step(self, pieces):
        rows = [[*self.after[int(p)], 1e-9] for p in pieces.flatten()]
        return torch.tensor(rows).log().unflatten(0, pieces.shape)

    def reorder(self, parents):
        pass
