"""A checkpoint's model, loaded and put on a device."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers.utils import logging as transformers_logging

from graphsum.models.attention import choose_attention_kernels
from graphsum.models.protocols import ImpressionModel
from graphsum.models.types import model_type_of
from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.pretrained import one_line
from preprocessing.errors import InputError

CANNOT_LOAD = "the checkpoint cannot be loaded; it is incomplete, damaged or of another version"
Model = TypeVar("Model", bound=ImpressionModel)


def load_model(
    folder: str | Path,
    *,
    device: str | None = None,
    llm: str | None = None,
    vllm: Mapping[str, str] | None = None,
) -> ImpressionModel:
    """The model of a checkpoint folder, in evaluation mode, on the device.

    Args:
        llm: where the LLM lies that it was trained with, when it has moved.
        vllm: options of vLLM's engine, which is then to run the LLM; None: this project does.

    Raises:
        InputError: files are missing or broken.
    """
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        cls = model_type_of(folder).part("model")
        with one_line(str(folder), CANNOT_LOAD), out_of_memory_as_input_error():
            model: ImpressionModel = cls.from_pretrained(str(folder), llm=llm)
        if vllm is not None:
            hand_over_to_vllm(model, vllm)
    finally:
        if bars:
            transformers_logging.enable_progress_bar()
    return on_device(model, device)


def hand_over_to_vllm(model: Any, options: Mapping[str, str]) -> None:
    """Let vLLM run the LLM of a model; the rest of the model stays here.

    Args:
        model: on the CPU, so that the GPU is free for vLLM.
        options: of vLLM's engine.

    Raises:
        InputError: the model has no LLM, or vLLM cannot run it.
    """
    from graphsum.llm.vllm_sampler import VLLMSampler
    from graphsum.models.decoders.causal_lm import CausalLMDecoder

    decoder = model.decoder
    if not isinstance(decoder, CausalLMDecoder):
        raise InputError("--vllm runs an LLM, and this checkpoint has none; leave it out")
    sampler = VLLMSampler(decoder.model, decoder.llm_spec, decoder.end_ids, options)
    decoder.hand_over(sampler)


def on_device(model: Model, device: str | None) -> Model:
    """The model in evaluation mode on a device, by default a GPU when there is one.

    Raises:
        InputError: there is no such device.
    """
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    choose_attention_kernels()
    if where == "cpu":
        model.use_plain_attention()
    try:
        with out_of_memory_as_input_error():
            model.to(where)
            model.eval()
            return model
    except InputError:
        raise
    except (RuntimeError, AssertionError):
        raise InputError(
            f"--device {where} is not available here; leave it out or use cpu"
        ) from None
