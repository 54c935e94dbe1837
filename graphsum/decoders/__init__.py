"""The decoders, by their names in the configuration; imported when used."""

from importlib import import_module
from typing import Any

DECODERS = {
    "transformer": "graphsum.decoders.transformer:TransformerDecoder",
    "causal-lm": "graphsum.decoders.causal_lm:CausalLMDecoder",
}


def build_decoder(config: Any) -> Any:
    """The decoder that a :class:`graphsum.configuration.GraphSumConfig` names."""
    module, name = DECODERS[config.decoder].split(":")
    return getattr(import_module(module), name)(config)
