"""A stand-in for vLLM with the calls of its version 0.32 that this project makes, on transformers.

It reads the LLM from its folder, as vLLM does, and refuses arguments that vLLM does not know.
"""

import sys
from dataclasses import dataclass

import torch
from transformers import AutoModelForCausalLM

STARTED: list["LLM"] = []


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int | None = 16
    min_tokens: int = 0
    detokenize: bool = True

    def __post_init__(self):
        assert self.temperature > 0 or self.n == 1, "n must be 1 when using greedy sampling"


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: list[int]
    finish_reason: str


@dataclass
class RequestOutput:
    outputs: list[CompletionOutput]


class LLM:
    def __init__(
        self,
        model: str,
        *,
        skip_tokenizer_init: bool = False,
        trust_remote_code: bool = False,
        tensor_parallel_size: int = 1,
        dtype: str = "auto",
        gpu_memory_utilization: float = 0.92,
        max_model_len: int | None = None,
        load_format: str = "auto",
        enable_prompt_embeds: bool = False,
    ):
        if gpu_memory_utilization > 1:
            raise ValueError("not enough memory\nand more lines")
        assert skip_tokenizer_init
        assert enable_prompt_embeds
        assert load_format == "safetensors"
        self.model = model
        self.max_model_len = max_model_len
        self.tensor_parallel_size = tensor_parallel_size
        self.llm = AutoModelForCausalLM.from_pretrained(
            model, dtype=getattr(torch, dtype), trust_remote_code=trust_remote_code
        )
        STARTED.append(self)

    @torch.inference_mode()
    def generate(self, prompts, sampling_params=None, *, use_tqdm=True):
        assert len(prompts) == len(sampling_params)
        outputs = []
        for prompt, how in zip(prompts, sampling_params, strict=True):
            (embeddings,) = prompt.values()
            assert embeddings.ndim == 2
            assert embeddings.device.type == "cpu"
            if len(embeddings) >= self.max_model_len:
                raise ValueError("the prompt is too long")
            room = self.max_model_len - len(embeddings)
            made = []
            for index in range(how.n):
                torch.manual_seed(how.seed + index)
                greedy = how.temperature == 0
                (tokens,) = self.llm.generate(
                    inputs_embeds=embeddings.unsqueeze(0),
                    attention_mask=torch.ones(1, len(embeddings), dtype=torch.long),
                    max_new_tokens=min(how.max_tokens, room),
                    min_new_tokens=how.min_tokens or None,
                    do_sample=not greedy,
                    **{} if greedy else {"temperature": how.temperature, "top_k": 0, "top_p": 1.0},
                    eos_token_id=how.stop_token_ids,
                    pad_token_id=0,
                ).tolist()
                stopped = tokens[-1] in how.stop_token_ids
                made.append(CompletionOutput(index, "", tokens, "stop" if stopped else "length"))
            outputs.append(RequestOutput(made[::-1]))
        return outputs


def install(monkeypatch) -> None:
    """Let ``import vllm`` find this module, for one test."""
    STARTED.clear()
    monkeypatch.setitem(sys.modules, "vllm", sys.modules[__name__])
