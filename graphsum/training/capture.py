"""Training passes as CUDA graphs: the work of a GPU recorded once per shape, then repeated.

A pass of a small batch starts some 2,000 kernels, and to start one takes longer than to run it. A
CUDA graph starts them all at once. It is bound to its shapes and its memory, so batches must come
in few shapes (``collate(..., fixed_shapes=True)``), and nothing in a pass may wait for the GPU.
"""

import gc
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

Batch = dict[str, Tensor]


class CapturedPass:
    """Forward and backward pass of a batch, captured for each combination of shapes.

    The first batch of all runs as it is, on a stream of its own, so that libraries have set
    themselves up; every new combination of shapes is captured when it first comes. All graphs
    share one pool of memory, which is as large as the largest needs.
    """

    def __init__(
        self, forward_backward: Callable[[Batch], Tensor], parameters: Iterable[torch.nn.Parameter]
    ) -> None:
        """``forward_backward`` adds to the gradients and returns what is to be known of the pass,
        as a tensor on the GPU; ``parameters`` are those that train."""
        self.forward_backward = forward_backward
        self.graphs: dict[tuple, tuple[torch.cuda.CUDAGraph, Batch, Tensor]] = {}
        self.pool = torch.cuda.graph_pool_handle()
        self.is_warm = False
        for parameter in parameters:  # graphs add to these tensors, which must stay where they are
            if parameter.requires_grad and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def __call__(self, batch: Batch) -> Tensor:
        """What ``forward_backward`` returns for a batch in pinned memory or on the GPU."""
        if not self.is_warm:
            self.is_warm = True
            return self._uncaptured(batch)
        shapes = tuple((name, *tensor.shape) for name, tensor in sorted(batch.items()))
        if shapes not in self.graphs:
            self.graphs[shapes] = self._capture(batch)
        graph, inputs, result = self.graphs[shapes]
        for name, tensor in batch.items():
            inputs[name].copy_(tensor, non_blocking=True)
        graph.replay()
        return result.clone()

    def _uncaptured(self, batch: Batch) -> Tensor:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = self.forward_backward(on_gpu(batch))
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def _capture(self, batch: Batch) -> tuple[torch.cuda.CUDAGraph, Batch, Tensor]:
        inputs = on_gpu(batch)
        graph = torch.cuda.CUDAGraph()
        # Threads that pin memory for the next batches may go on meanwhile. Graphs of an earlier
        # training must not be collected now: to free one is not allowed during a capture.
        collects = gc.isenabled()
        gc.disable()
        try:
            with torch.cuda.graph(graph, pool=self.pool, capture_error_mode="thread_local"):
                result = self.forward_backward(inputs)
        finally:
            if collects:
                gc.enable()
        return graph, inputs, result


def on_gpu(batch: Batch) -> Batch:
    """The tensors of a batch on the current GPU; from pinned memory without waiting for them."""
    return {name: tensor.to("cuda", non_blocking=True) for name, tensor in batch.items()}
