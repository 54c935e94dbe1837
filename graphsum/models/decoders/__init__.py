"""The decoders, by their names in the configuration; imported when used."""

from typing import Any

from preprocessing.registry import Table

DECODERS: Table[Any] = Table(
    "decoder",
    {
        "transformer": "graphsum.models.decoders.transformer:TransformerDecoder",
        "causal-lm": "graphsum.models.decoders.causal_lm:CausalLMDecoder",
    },
)
