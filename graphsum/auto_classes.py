"""transformers' Auto classes know the checkpoints once graphsum is imported, at no cost before.

``import graphsum`` must not import torch, and transformers' table of configurations does. So the
table gets its line when it is loaded: at once where it is loaded already, otherwise by an import
hook. The line names the class; the class, and with it torch, is imported when a checkpoint is read.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

TABLE = "transformers.models.auto.configuration_auto"
MODEL_TYPE = "graphsum"


def register_when_loaded() -> None:
    """Let ``AutoConfig``, ``AutoProcessor`` and ``AutoModelForSeq2SeqLM`` find our classes."""
    if TABLE in sys.modules:
        add_to_table(sys.modules[TABLE])
    else:
        sys.meta_path.insert(0, TableFinder())


def add_to_table(table: ModuleType) -> None:
    """One line in transformers' table of configurations.

    Reading it imports :class:`GraphSumConfig` by way of ``graphsum.__getattr__``, which imports the
    modules of model and processor too; these register themselves with the other Auto classes.
    """
    table.CONFIG_MAPPING_NAMES[MODEL_TYPE] = "GraphSumConfig"
    table.CONFIG_MAPPING._modules[MODEL_TYPE] = sys.modules["graphsum"]


class TableFinder(MetaPathFinder):
    """Finds the table once, where the other finders find it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != TABLE:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_with_our_line(module: ModuleType) -> None:
                load(module)
                add_to_table(module)

            spec.loader.exec_module = load_with_our_line  # type: ignore[method-assign]
        return spec
