"""Which attention kernels PyTorch may use on a GPU: chosen here, and nowhere else."""

import torch

# The first version of PyTorch whose cuDNN attention is right; None: none so far is known to be.
CUDNN_ATTENTION_RIGHT_SINCE: tuple[int, int] | None = None


def allows_cudnn_attention(torch_version: str) -> bool:
    """Whether cuDNN's attention may be used with this version of PyTorch.

    On H100 and H200 its backward pass gives NaN where a mask is passed, the length is 64 modulo
    128 and a query's logsumexp is below -88.7, as in some heads of language models (PyTorch issue
    196678). PyTorch takes it there by itself since version 2.11. It also makes a plan for every
    new shape, which costs about 0.4 s each; batches of text have many shapes.
    """
    if CUDNN_ATTENTION_RIGHT_SINCE is None:
        return False
    major, minor = (int(part) for part in torch_version.split(".")[:2])
    return (major, minor) >= CUDNN_ATTENTION_RIGHT_SINCE


def choose_attention_kernels() -> None:
    """Leave PyTorch the flash, memory-efficient and plain kernels, and cuDNN's where it is right.

    Called before a model runs: in training, and where a checkpoint is loaded. It touches no GPU.
    """
    torch.backends.cuda.enable_cudnn_sdp(allows_cudnn_attention(torch.__version__))
