"""The kinds of models: which classes a checkpoint's model and processor have."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """Where a kind's parts are, as ``module:name``, imported when used.

    ``build_processor(options, corpus, inputs, annotator_version)`` and ``build_model(options,
    processor)`` make those of a new run; the inputs are graphs, or else the reports themselves.
    """

    model: str
    processor: str
    build_processor: str
    build_model: str
    reads_graphs: bool

    def part(self, name: str) -> Any:
        """The class or function called ``name`` above."""
        module, attribute = getattr(self, name).split(":")
        return getattr(import_module(module), attribute)


KINDS = {
    "graphsum": Kind(
        "graphsum.models.modeling:GraphSum",
        "graphsum.models.processing:GraphSumProcessor",
        "graphsum.models.building:build_processor",
        "graphsum.models.building:build_model",
        reads_graphs=True,
    ),
    "instruct": Kind(
        "graphsum.models.instruct:Instruct",
        "graphsum.models.instruct:InstructProcessor",
        "graphsum.models.instruct:build_processor",
        "graphsum.models.instruct:build_model",
        reads_graphs=False,
    ),
}


def kind_of(checkpoint: str | Path) -> Kind:
    """The kind of model in a checkpoint folder; ``graphsum`` where nothing says otherwise."""
    try:
        config = json.loads((Path(checkpoint) / "config.json").read_text(encoding="utf-8"))
        return KINDS.get(config.get("model_type"), KINDS["graphsum"])
    except (OSError, ValueError, AttributeError):
        return KINDS["graphsum"]  # whose loader says what is missing
