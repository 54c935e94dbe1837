"""graphsum: radiology findings in, impression out.

>>> from graphsum import Summarizer
>>> Summarizer.from_pretrained().summarize(findings)  # by the shipped checkpoint; doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from graphsum.auto_classes import register_when_loaded

if TYPE_CHECKING:
    from graphsum.consensus.neighbours import TrainingEvidence
    from graphsum.labelers.labeler import Labeler
    from graphsum.models.configuration import GraphSumConfig
    from graphsum.models.modeling import GraphSum
    from graphsum.models.processing import GraphSumProcessor
    from graphsum.summarizer import Summarizer
    from graphsum.tasks.assistant import Assistant

__all__ = [
    "Assistant",
    "GraphSum",
    "GraphSumConfig",
    "GraphSumProcessor",
    "Labeler",
    "Summarizer",
    "TrainingEvidence",
]
__version__ = "0.1.0"

_MODULES = {
    "Assistant": "graphsum.tasks.assistant",
    "GraphSum": "graphsum.models.modeling",
    "GraphSumConfig": "graphsum.models.configuration",
    "GraphSumProcessor": "graphsum.models.processing",
    "Labeler": "graphsum.labelers.labeler",
    "Summarizer": "graphsum.summarizer",
    "TrainingEvidence": "graphsum.consensus.neighbours",
}


def __getattr__(name: str) -> Any:
    """Import on first use: ``import graphsum`` must not cost the seconds that torch takes."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module 'graphsum' has no attribute {name!r}")
    if name in ("GraphSum", "GraphSumConfig", "GraphSumProcessor"):
        for part in ("modeling", "processing"):  # they register with transformers' Auto classes
            import_module(f"graphsum.models.{part}")
    return getattr(import_module(_MODULES[name]), name)


register_when_loaded()
