"""The name under which transformers passes and returns a key-value cache."""

from dataclasses import fields

from transformers.modeling_outputs import BaseModelOutputWithPast

# An argument of every decoder and a field of every output. transformers renamed it in 5.24.
CACHE = (
    "cache"
    if "cache" in {field.name for field in fields(BaseModelOutputWithPast)}
    else "past_key_values"
)
