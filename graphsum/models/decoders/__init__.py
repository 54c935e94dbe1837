"""The decoders, by their names in the configuration; imported when used."""

from importlib import import_module
from typing import Any

DECODERS = {
    "transformer": "graphsum.models.decoders.transformer:TransformerDecoder",
    "causal-lm": "graphsum.models.decoders.causal_lm:CausalLMDecoder",
}


def build_decoder(config: Any) -> Any:
    """The decoder that a :class:`graphsum.models.configuration.GraphSumConfig` names."""
    module, name = DECODERS[config.decoder].split(":")
    return getattr(import_module(module), name)(config)
