"""The types of models: which classes a checkpoint's model and processor have."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.errors import InputError
from preprocessing.files import read_json
from preprocessing.registry import Table, imported, load


@dataclass(frozen=True)
class ModelType:
    """Where the parts of a type are, as ``module:name``, imported when used.

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
        return imported(getattr(self, name))


MODELS: Table[ModelType] = Table(
    "model",
    {
        "graphsum": ModelType(
            "graphsum.models.modeling:GraphSum",
            "graphsum.models.processing:GraphSumProcessor",
            "graphsum.models.building:build_processor",
            "graphsum.models.building:build_model",
            reads_graphs=True,
        ),
        "instruct": ModelType(
            "graphsum.models.instruct:Instruct",
            "graphsum.models.instruct:InstructProcessor",
            "graphsum.models.instruct:build_processor",
            "graphsum.models.instruct:build_model",
            reads_graphs=False,
        ),
    },
)


def model_type_of(checkpoint: str | Path) -> ModelType:
    """The type of the model in a checkpoint folder; ``graphsum`` where nothing says otherwise."""
    try:
        return load(MODELS, read_json(Path(checkpoint) / "config.json")["model_type"])
    except (KeyError, TypeError, InputError):
        return load(MODELS, "graphsum")  # whose loader says what is missing
