"""No memory left on a device: one line for the user."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from preprocessing.errors import InputError

CPU_SAYS = "can't allocate memory"  # its allocator's error has no class of its own


@contextmanager
def out_of_memory_as_input_error() -> Iterator[None]:
    """One clear line instead of a traceback; for a ``with``, or as a decorator."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and CPU_SAYS not in str(error):
            raise
        raise InputError(
            "out of memory; for training give a larger --accumulation (a batch in smaller parts), "
            "--gradient-checkpointing or --llm-weights bfloat16 or 4bit; for evaluation a smaller "
            "--batch-size (docs/llm.md counts what an LLM needs)"
        ) from error
