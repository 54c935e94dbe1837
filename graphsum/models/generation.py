"""Writing impressions for many reports, in batches of similar length."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from graphsum.decoding.beam_search import SearchSettings, is_looking_free
from graphsum.models.processing import Example
from graphsum.models.protocols import ImpressionModel, Processor
from graphsum.out_of_memory import out_of_memory_as_input_error

Batch = dict[str, torch.Tensor]

GREEDY = SearchSettings(num_beams=1, no_repeat_ngram_size=0)


@out_of_memory_as_input_error()
def generate_impressions(
    model: ImpressionModel,
    processor: Processor,
    examples: Sequence[Example],
    *,
    settings: SearchSettings | None = None,
    batch_size: int = 32,
    progress: bool = False,
) -> list[str]:
    """One impression per example, in the order given.

    ``model`` and ``processor`` are those of one of :data:`graphsum.models.types.MODELS`.
    The model is put into evaluation mode and back. Reports are generated in batches of similar
    length; the result does not depend on the batches but for rounding.
    """
    settings = settings or SearchSettings()
    impressions = [""] * len(examples)

    def write(rows: list[int], batch: Batch) -> torch.Tensor:
        return model.generate_impressions(batch, settings)

    name = "generate" if progress else None
    for rows, texts in written(model, processor, examples, batch_size, write, name):
        for row, text in zip(rows, texts, strict=True):
            impressions[row] = text
    return impressions


def sample_impressions(
    model: ImpressionModel,
    processor: Processor,
    examples: Sequence[Example],
    *,
    num_samples: int,
    temperature: float,
    max_new_tokens: int = 80,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> list[list[str]]:
    """``num_samples`` impressions per example, drawn from the model.

    Randomness comes from ``seed`` and the findings' tokens, so that a report has the same samples
    alone and in any batch, but for rounding.
    """
    sampled: list[list[str]] = [[]] * len(examples)

    def write(rows: list[int], batch: Batch) -> torch.Tensor:
        uniforms = torch.stack(
            [uniforms_of(examples[row], (max_new_tokens, num_samples), seed) for row in rows]
        )
        tokens = model.sample_impressions(batch, uniforms.to(model.device), temperature=temperature)
        return tokens.flatten(0, 1)

    name = "sample" if progress else None
    for rows, texts in written(model, processor, examples, batch_size, write, name):
        for number, row in enumerate(rows):
            sampled[row] = texts[number * num_samples : (number + 1) * num_samples]
    return sampled


def uniforms_of(example: Example, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Uniform numbers in [0, 1) that depend on the seed and the findings' tokens."""
    digest = zlib.crc32(example.input_ids.astype("<i8").tobytes())
    generator = np.random.default_rng((seed, digest))
    return torch.from_numpy(generator.random(shape, dtype=np.float32))


def written(
    model: ImpressionModel,
    processor: Processor,
    examples: Sequence[Example],
    batch_size: int,
    write: Callable[[list[int], Batch], torch.Tensor],
    progress: str | None,
) -> Iterator[tuple[list[int], list[str]]]:
    """Rows of similar length with their texts, the model in evaluation mode meanwhile.

    While a GPU writes, another thread makes the next batch and the texts of the last.

    Args:
        write: the tokens [N, T] of the texts of these rows and their batch.
        progress: what to call the progress bar; None: no bar.
    """
    order = sorted(range(len(examples)), key=lambda row: len(examples[row].input_ids))
    groups = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]

    def collated(rows: list[int]) -> Batch:
        return processor.collate([examples[row] for row in rows])

    was_training = model.training
    model.eval()
    try:
        with (
            tqdm(total=len(order), unit=" reports", desc=progress, disable=progress is None) as bar,
            onednn_products(),
            ThreadPoolExecutor(1) as thread,
        ):

            def later(function: Callable[..., Any], argument: Any) -> Callable[[], Any]:
                if is_looking_free(model.device):
                    return partial(function, argument)
                return thread.submit(function, argument).result

            following = [later(collated, rows) for rows in groups[:1]]
            last: list[tuple[list[int], Callable[[], list[str]]]] = []
            for number, rows in enumerate(groups):
                batch = following.pop()()
                following += [later(collated, more) for more in groups[number + 1 : number + 2]]
                batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
                tokens = write(rows, batch).cpu()
                yield from ((before, texts()) for before, texts in last)
                last = [(rows, later(processor.batch_decode, tokens))]
                bar.update(len(rows))
            yield from ((before, texts()) for before, texts in last)
    finally:
        model.train(was_training)


@contextmanager
def onednn_products() -> Iterator[None]:
    """Let oneDNN multiply matrices of single precision on the CPU, where that is as exact.

    On AMD's processors it is twice as fast as MKL, which torch takes by itself. torch (2.9 and
    later) offers oneDNN under the name of the lower precision that it may use; it does so only on
    processors with units for that, and there this changes nothing.
    """
    with reduced_precision_allowed() if onednn_is_exact() else nullcontext():
        yield


@cache
def onednn_is_exact() -> bool:
    """Does oneDNN keep single precision here when it need not? Tried on one product."""
    if not (hasattr(torch.backends.mkldnn, "matmul") and torch.backends.mkldnn.is_available()):
        return False
    generator = torch.Generator().manual_seed(0)
    left = torch.rand(64, 256, generator=generator)  # sums of 256 terms of about 1/4
    right = torch.rand(256, 64, generator=generator)
    with reduced_precision_allowed():
        error = (left @ right - left.double() @ right.double()).abs().max().item()
    return error < 1e-3  # single precision: about 2e-5; bf16: about 2e-2


@contextmanager
def reduced_precision_allowed() -> Iterator[None]:
    """Let oneDNN multiply matrices of single precision as bf16."""
    products: Any = getattr(torch.backends.mkldnn, "matmul", None)
    before = products.fp32_precision
    products.fp32_precision = "bf16"
    try:
        yield
    finally:
        products.fp32_precision = before
