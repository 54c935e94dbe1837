"""vLLM (Kwon et al., SOSP 2023) in the place of this project's own sampler of an LLM.

vLLM gets contexts as embeddings (``prompt_embeds``), so that prompts with a prefix in them can be
continued too. The calls follow the source of vLLM 0.32 and 0.33; they have been run with a build of
0.32 for CPUs, never on a GPU, and the tests use a stub that has the same signatures.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from graphsum.llm.loading import QUANTISED, LLMSpec, has_adapter, save_merged
from preprocessing.errors import InputError, MissingBackendError
from preprocessing.files import parse_json

LONGEST = 8192  # tokens of context and impression for which vLLM reserves memory by default
# For vLLM's processes, unless the user has set them: it would send statistics home, and log to
# standard output.
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "HF_HUB_OFFLINE": "1",
}


class VLLMSampler:
    """A running vLLM engine that continues contexts of one LLM."""

    def __init__(
        self,
        llm: PreTrainedModel,
        spec: LLMSpec,
        end_ids: Sequence[int],
        options: Mapping[str, str],
    ) -> None:
        """Start the engine, which reads the LLM, merged with its adapter if there is one.

        Args:
            llm: the LLM as this project has loaded it, with its adapter if there is one.
            spec: of that LLM.
            end_ids: tokens that end an impression; the first of them stands for all.
            options: of vLLM's engine, such as ``tensor_parallel_size``.

        Raises:
            MissingBackendError: vLLM is not installed.
            InputError: an LLM or options that cannot be used with vLLM.
            RunError: no room for the merged LLM in the folder for temporary files.
        """
        if not Path(spec.name).is_dir() or spec.weights in QUANTISED:
            raise InputError(
                f"--vllm: {spec.name}, weights {spec.weights}; vLLM is given the LLM's own folder "
                "(--llm FOLDER; graphsum llm convert makes one of a GGUF file), not in 8 or 4 bits"
            )
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            import vllm
        except ImportError:
            raise MissingBackendError(
                "--vllm needs vLLM and a GPU: pip install 'graphsum[vllm]'"
            ) from None
        self.vllm = vllm
        self.end_ids = list(end_ids)
        own: dict[str, Any] = {
            "model": spec.name,
            "dtype": str(llm.dtype).removeprefix("torch."),
            "load_format": "safetensors",
            "trust_remote_code": False,
            "skip_tokenizer_init": True,
            "enable_prompt_embeds": True,
        }
        positions = getattr(llm.config, "max_position_embeddings", None) or LONGEST
        default = {"max_model_len": min(positions, LONGEST)}
        self.options = default | engine_options(options, own) | own
        if type(longest := self.options["max_model_len"]) is not int:
            raise InputError(f"--vllm max_model_len={longest}: give a whole number")
        with tempfile.TemporaryDirectory(prefix="graphsum-") as folder:
            if has_adapter(llm):  # vLLM 0.32 fails when it gets embeddings and an adapter
                save_merged(llm, folder)
                self.options["model"] = folder
            try:
                self.engine = vllm.LLM(**self.options)
            except (TypeError, ValueError, RuntimeError) as error:
                reason = str(error).strip().partition("\n")[0]
                raise InputError(f"--vllm: vLLM does not start: {reason}") from error

    def sample(
        self,
        contexts: Sequence[Tensor],
        seeds: Sequence[int],
        *,
        num_samples: int,
        temperature: float,
        max_new_tokens: int,
        min_new_tokens: int = 0,
    ) -> list[list[list[int]]]:
        """The tokens of each context's samples, with an end token unless cut.

        Args:
            contexts: embeddings that the impression follows, without padding, each [C, W].
            seeds: one for each context.
            temperature: 0 for the most likely token each time, which allows one sample only.

        Raises:
            InputError: a context is longer than what the engine has room for.
        """
        parameters = [
            self.vllm.SamplingParams(
                n=num_samples,
                temperature=temperature,
                max_tokens=max_new_tokens,
                min_tokens=min_new_tokens,
                seed=seed,
                stop_token_ids=self.end_ids,
                detokenize=False,
            )
            for seed in seeds
        ]
        prompts = [{"prompt_embeds": context.detach().cpu()} for context in contexts]
        longest = self.options["max_model_len"]
        if (tokens := max(map(len, contexts))) >= longest:
            raise InputError(
                f"a context of {tokens} tokens, and vLLM has room for {longest}; give more with "
                "--vllm max_model_len=N"
            )
        outputs = self.engine.generate(prompts, parameters, use_tqdm=False)
        return [
            [
                self._ended(list(one.token_ids), cut=one.finish_reason == "length")
                for one in sorted(output.outputs, key=lambda one: one.index)
            ]
            for output in outputs
        ]

    def _ended(self, tokens: list[int], *, cut: bool) -> list[int]:
        """The tokens up to an end token of any kind, the first kind in its place."""
        for place, token in enumerate(tokens):
            if token in self.end_ids:
                return [*tokens[:place], self.end_ids[0]]
        return tokens if cut else [*tokens, self.end_ids[0]]


def engine_options(given: Mapping[str, str], own: Mapping[str, Any]) -> dict[str, Any]:
    """The user's options for vLLM's engine, with numbers and true or false as such.

    Raises:
        InputError: one of them is set by this project.
    """
    found: dict[str, Any] = {}
    for name, text in given.items():
        if name in own:
            raise InputError(f"--vllm {name}={text}: graphsum sets {name} itself; leave it out")
        try:
            found[name] = parse_json(text, name)
        except InputError:
            found[name] = text
    return found
