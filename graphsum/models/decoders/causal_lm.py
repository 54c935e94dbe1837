"""A frozen LLM as decoder, steered by a prefix made from the memory.

R2GenGPT (Wang et al. 2023, arXiv 2309.09812) does this with the features of an image; here the
features are the fused states of text and graph.

Shapes: B reports, S positions of the memory, P tokens of a prompt, Q of a prefix, C = of the whole
context (prompt and prefix, padded on the left), T target tokens, D width of the memory, W of the
LLM, V its vocabulary.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Cache, GenerationConfig, PreTrainedModel

from graphsum.decoding.beam_search import SearchSettings
from graphsum.decoding.sampling import sample_sequences
from graphsum.llm.loading import (
    LLMSpec,
    has_adapter,
    load_adapter,
    load_llm,
    save_adapter,
)
from graphsum.llm.prompting import PREFIX
from graphsum.llm.vllm_sampler import VLLMSampler
from graphsum.models.configuration import GraphSumConfig, InstructConfig
from graphsum.models.decoders.cache import CACHE
from graphsum.models.padding import NOTHING, PADDING, label_losses
from preprocessing.errors import InputError

NO_TOKEN = -1  # in the place of a start token: the context is what an impression follows


class QueryMapper(nn.Module):
    """A few learned queries attend to the memory (as in Flamingo's resampler, one layer)."""

    def __init__(self, d_model: int, width: int, length: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(length, width) * 0.02)
        self.attention = nn.MultiheadAttention(
            width, num_heads=heads_for(width), kdim=d_model, vdim=d_model, batch_first=True
        )

    def forward(self, memory: Tensor, memory_mask: Tensor) -> tuple[Tensor, Tensor]:
        queries = self.queries.expand(len(memory), -1, -1)  # [B, Q, W]
        states, _ = self.attention(
            queries, memory, memory, key_padding_mask=~memory_mask.bool(), need_weights=False
        )
        return queries + states, memory_mask.new_ones(states.shape[:2])


class PositionMapper(nn.Module):
    """Each position of the memory becomes one of the prefix: linear, or with one hidden layer."""

    def __init__(self, d_model: int, width: int, *, hidden: bool) -> None:
        super().__init__()
        self.map: nn.Module = nn.Linear(d_model, width)
        if hidden:
            self.map = nn.Sequential(self.map, nn.GELU(), nn.Linear(width, width))

    def forward(self, memory: Tensor, memory_mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.map(memory), memory_mask


# Each gives the prefix [B, Q, W] and its mask [B, Q] of a memory [B, S, D] and its mask [B, S].
MAPPERS: dict[str, Callable[[GraphSumConfig, int], nn.Module]] = {
    "linear": lambda config, width: PositionMapper(config.d_model, width, hidden=False),
    "mlp": lambda config, width: PositionMapper(config.d_model, width, hidden=True),
    "queries": lambda config, width: QueryMapper(config.d_model, width, config.prefix_length),
}


def heads_for(width: int) -> int:
    """As many heads as 64 goes into the width, or the next number down that divides it."""
    return next(n for n in range(max(1, width // 64), 0, -1) if width % n == 0)


class CausalLMDecoder(nn.Module):
    """Mapper and LLM. The LLM is attached after the model's own weights, and never saved with them.

    A context is the prompt's embeddings with the mapped memory in the place of the prompt's
    :data:`graphsum.llm.prompting.PREFIX`, padded on the left; so all impressions of a batch begin
    at the same position, in training as in generation.
    """

    target_groups = 1  # most of a row is its context

    def __init__(self, config: GraphSumConfig | InstructConfig) -> None:
        super().__init__()
        assert config.llm is not None  # the configuration has seen to it
        self.llm_spec = LLMSpec(**config.llm)
        width = self.llm_spec.hidden_size
        self.mapper = self.norm = None
        if isinstance(config, GraphSumConfig) and config.mapper:
            self.mapper = MAPPERS[config.mapper](config, width)
            self.norm = nn.LayerNorm(width)
        self.llm: PreTrainedModel | None = None
        self.sampler: VLLMSampler | None = None
        self.end_ids = [config.eos_token_id]
        self.pad_id = config.pad_token_id

    def attach(
        self, llm: PreTrainedModel | None = None, *, folder: str | Path | None = None
    ) -> None:
        """Load the LLM (or take ``llm``), and the adapter where the checkpoint ``folder`` has one.

        Raises:
            InputError: the LLM is not there, or another one.
        """
        self.llm = llm or load_llm(self.llm_spec)
        if folder is not None:
            load_adapter(self.llm, folder)
        ends = self.llm.generation_config.eos_token_id
        self.end_ids = sorted({*self.end_ids, *([ends] if isinstance(ends, int) else ends or [])})

    def hand_over(self, sampler: VLLMSampler) -> None:
        """Let vLLM continue the contexts from now on; of the LLM its embeddings alone stay here."""
        self.kept_embeddings = self.embeddings
        self.llm, self.sampler = None, sampler

    @torch.no_grad()
    def start_at_embedding_scale(self) -> None:
        """Let the prefix begin with the root mean square of the LLM's own embeddings."""
        if self.norm is not None:
            self.norm.weight.fill_(self.embeddings.weight.float().square().mean().sqrt().item())

    @property
    def model(self) -> PreTrainedModel:
        if self.llm is None:
            raise RuntimeError("the LLM is not attached; load the model with from_pretrained")
        return self.llm

    @property
    def embeddings(self) -> nn.Embedding:
        if self.sampler is not None:
            return self.kept_embeddings
        return self.model.get_input_embeddings()

    def get_input_embeddings(self) -> nn.Module | None:
        return None if self.llm is None else self.embeddings

    def get_output_embeddings(self) -> nn.Module | None:
        return None if self.llm is None else self.model.get_output_embeddings()

    def context(
        self, memory: Tensor | None, memory_mask: Tensor | None, source_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Embeddings that the impression follows, and their mask.

        Args:
            memory, memory_mask: [B, S, D] and [B, S]; None where no prompt has a prefix.
            source_ids: the prompts, padded on their left with PADDING, [B, P].

        Returns:
            [B, C, W] and [B, C].
        """
        words = self.embeddings(source_ids.clamp(min=0))  # [B, P, W]
        real = source_ids != PADDING
        if self.mapper is None or self.norm is None:
            return words * real.unsqueeze(-1), real.long()
        if memory is None or memory_mask is None:
            raise ValueError("a decoder with a mapper needs a memory")
        prefixes, kept = self.mapper(memory, memory_mask)
        every = torch.cat([words, self.norm(prefixes).to(words.dtype)], dim=1)  # [B, P + Q, W]
        places = context_places(source_ids, kept)  # [B, C]
        mask = places >= 0
        index = places.clamp(min=0).unsqueeze(-1).expand(-1, -1, every.size(-1))
        return every.gather(1, index) * mask.unsqueeze(-1), mask.long()

    def forward(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor | None,
        memory_mask: Tensor | None,
        source_ids: Tensor,
        *,
        cache: Cache | None = None,
        use_cache: bool = False,
        states: list[Tensor] | None = None,
    ) -> tuple[Tensor, Cache | None]:
        """Scores of the next token after each given one, [B, T, V].

        Args:
            decoder_input_ids: [B, T]; the first token of each row is a start token, in whose
                place the context stands. Negative after a row's end.
            memory, memory_mask, source_ids: as in :meth:`context`.
            states: a list that takes the LLM's hidden states, each [B, C + T - 1, W].
        """
        if cache is not None or use_cache:
            raise ValueError("step by step the LLM is run by search(), which has its own cache")
        context, mask = self.context(memory, memory_mask, source_ids)
        inputs = decoder_input_ids[:, 1:]
        embedded = torch.cat([context, self.embeddings(inputs.clamp(min=0))], dim=1)
        mask = torch.cat([mask, torch.ones_like(inputs)], dim=1)  # causal: what follows is unseen
        output = self.model(
            inputs_embeds=embedded,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=decoder_input_ids.size(1),
            output_hidden_states=states is not None,
        )
        if states is not None:
            states.extend(output.hidden_states)
        return output.logits, None

    def token_losses(
        self,
        decoder_input_ids: Tensor,
        memory: Tensor | None,
        memory_mask: Tensor | None,
        source_ids: Tensor,
        labels: Tensor,
        *,
        label_smoothing: float = 0.0,
        label_places: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropy of each labelled token, [N], in nats and single precision, row by row.

        Args:
            decoder_input_ids, memory, memory_mask, source_ids: as in :meth:`forward`.
            labels: [B, T], -100 where there is none.
            label_places: as in :meth:`graphsum.models.modeling.GraphSum.forward`; 0 where it is -1.
        """
        logits, _ = self(decoder_input_ids, memory, memory_mask, source_ids)
        return label_losses(logits, labels, label_places, label_smoothing)

    def packed_losses(
        self, ids: Tensor, segments: Tensor, labels: Tensor, *, label_smoothing: float = 0.0
    ) -> Tensor:
        """Cross-entropy of each labelled token, [N], of rows that hold several texts each.

        A text sees nothing of the others in its row, and its positions count from 0.

        Args:
            ids: tokens, [R, S].
            segments: the number of each position's text within its row, 0 for padding, [R, S].
            labels: the token that each position is to predict, -100 where none is, [R, S].
        """
        columns = (labels >= 0).any(0).nonzero().squeeze(1)
        output = self.model(
            input_ids=ids,
            attention_mask=packed_mask(segments, self.model),
            position_ids=packed_positions(segments),
            use_cache=False,
            logits_to_keep=columns,
        )
        return label_losses(output.logits, labels[:, columns], None, label_smoothing)

    def search(
        self,
        memory: Tensor | None,
        memory_mask: Tensor | None,
        source_ids: Tensor,
        settings: SearchSettings,
    ) -> Tensor:
        """The impressions' tokens [B, T], by transformers' ``generate``, or by vLLM.

        Raises:
            InputError: vLLM is asked for more than one beam, or to block repeated n-grams.
        """
        context, mask = self.context(memory, memory_mask, source_ids)
        if self.sampler is not None:
            if settings.num_beams > 1 or settings.no_repeat_ngram_size:
                raise InputError(
                    "vLLM searches with one beam and blocks no repeated n-grams: give num_beams=1 "
                    "and no_repeat_ngram_size=0, or consensus"
                )
            return self._continued(
                self.sampler,
                context,
                mask,
                [0] * len(context),
                num_samples=1,
                temperature=0.0,
                max_new_tokens=settings.max_new_tokens,
                min_new_tokens=settings.min_new_tokens,
            )[:, 0]
        with warnings.catch_warnings():  # n-grams of the prompt may be repeated: that is meant
            warnings.filterwarnings("ignore", message=".*n-gram constraints only")
            return self.model.generate(
                inputs_embeds=context,
                attention_mask=mask,
                generation_config=GenerationConfig(
                    **settings.as_options(), eos_token_id=self.end_ids, pad_token_id=self.pad_id
                ),
            )

    def sample(
        self,
        memory: Tensor | None,
        memory_mask: Tensor | None,
        source_ids: Tensor,
        uniforms: Tensor,
        *,
        temperature: float,
    ) -> Tensor:
        """Tokens of sampled impressions, [B, N, T].

        Args:
            memory, memory_mask, source_ids: as in :meth:`context`.
            uniforms, temperature: as in :func:`graphsum.decoding.sampling.sample_sequences`; vLLM
                draws numbers of its own, with a seed for each report that the uniforms give.
        """
        context, mask = self.context(memory, memory_mask, source_ids)
        if self.sampler is not None:
            return self._continued(
                self.sampler,
                context,
                mask,
                (uniforms[:, 0, 0].double() * 2**24).long().tolist(),
                num_samples=uniforms.size(2),
                temperature=temperature,
                max_new_tokens=uniforms.size(1),
            )
        drawn = sample_sequences(
            CausalLMSteps(self, context, mask),
            uniforms,
            temperature=temperature,
            start_id=NO_TOKEN,
            end_id=self.end_ids[0],
            pad_id=self.pad_id,
        )
        return drawn[:, :, 1:]

    def _continued(
        self,
        sampler: VLLMSampler,
        context: Tensor,
        mask: Tensor,
        seeds: list[int],
        *,
        num_samples: int,
        **how: Any,
    ) -> Tensor:
        """What vLLM makes of the contexts [B, C, W], padded after the end token, [B, N, T]."""
        contexts = [own[kept.bool()] for own, kept in zip(context, mask, strict=True)]
        written = sampler.sample(contexts, seeds, num_samples=num_samples, **how)
        rows = [torch.tensor(tokens) for samples in written for tokens in samples]
        tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.pad_id)
        return tokens.unflatten(0, (-1, num_samples)).to(context.device)

    def save(self, folder: str | Path, weights: dict[str, Tensor]) -> None:
        """Write the adapter, when there is one; ``weights`` are the LLM's state."""
        if self.llm is not None and has_adapter(self.llm):
            save_adapter(self.llm, folder, weights)


def context_places(source_ids: Tensor, kept: Tensor) -> Tensor:
    """What stands where in a context: a prompt with a prefix in the place of its ``PREFIX``.

    Nothing here waits for a GPU: there a context is as long as prompt and prefix can make it.

    Args:
        source_ids: prompts, padded on their left with PADDING, [B, P].
        kept: which positions of the prefix are used, [B, Q].

    Returns:
        For each position of the context the column of prompt (0 to P - 1) or prefix (from P on)
        that stands there, -1 for padding, which is on the left; [B, C].
    """
    kept = kept.bool()
    length = source_ids.size(1)
    is_mark = source_ids == PREFIX
    has_mark = is_mark.any(1, keepdim=True).long()  # [B, 1]
    start = (source_ids == PADDING).sum(1, keepdim=True)
    mark = torch.where(has_mark > 0, is_mark.long().argmax(1, keepdim=True), length)
    count = kept.sum(1, keepdim=True) * has_mark  # of the prefix' positions that are used
    sizes = length - start - has_mark + count
    longest = length + kept.size(1) - 1 if kept.device.type != "cpu" else int(sizes.max())
    order = (~kept).byte().argsort(dim=1, stable=True)  # used positions first
    place = torch.arange(longest, device=kept.device) - (longest - sizes)  # in the row, [B, C]
    within = place - (mark - start)  # from the prefix' first position on
    column = start + place - torch.where(within >= count, count - has_mark, torch.zeros_like(count))
    from_prefix = length + order.gather(1, within.clamp(0, kept.size(1) - 1))
    column = torch.where((within >= 0) & (within < count), from_prefix, column)
    return column.masked_fill(place < 0, NOTHING)


def packed_positions(segments: Tensor) -> Tensor:
    """The place of each position in its text, from 0, [R, S].

    Args:
        segments: the number of each position's text, [R, S]; a text's positions stand together.
    """
    place = torch.arange(segments.size(1), device=segments.device).expand_as(segments)
    begins = torch.ones_like(segments, dtype=torch.bool)
    begins[:, 1:] = segments[:, 1:] != segments[:, :-1]
    return place - (place * begins).cummax(1).values


def packed_mask(segments: Tensor, llm: PreTrainedModel) -> Tensor:
    """Who sees whom in packed rows: what stands before in the same text, [R, 1, S, S].

    The form is the one that the LLM's attention takes: a boolean mask for PyTorch's fused
    kernels, otherwise numbers to add to the scores.
    """
    same = segments.unsqueeze(2) == segments.unsqueeze(1)  # [R, S, S]
    seen = same.tril().unsqueeze(1)
    if llm.config._attn_implementation == "sdpa":
        return seen
    numbers = torch.zeros(seen.shape, dtype=llm.dtype, device=seen.device)
    return numbers.masked_fill(~seen, torch.finfo(llm.dtype).min)


class CausalLMSteps:
    """One token per beam and call through an LLM, for :func:`sample_sequences`.

    Every beam has a copy of its context's keys and values in transformers' cache: A beams of all
    reports are a batch of A rows.
    """

    def __init__(self, decoder: CausalLMDecoder, context: Tensor, mask: Tensor) -> None:
        """``context``, ``mask``: of :meth:`CausalLMDecoder.context`."""
        self.decoder = decoder
        self.context = context
        self.mask = mask  # [A, C + t]
        self.cache: Cache | None = None

    def step(self, tokens: Tensor) -> Tensor:
        """Log-probabilities of the next token [..., V] after each beam's last token [...].

        What ends an answer in one of several ways counts as the first of them.
        """
        inputs, position_ids = self.context, (self.mask.cumsum(1) - 1).clamp(min=0)
        if self.cache is not None:
            inputs = self.decoder.embeddings(tokens.flatten().unsqueeze(1))  # [A, 1, W]
            self.mask = torch.cat([self.mask, self.mask.new_ones(len(inputs), 1)], dim=1)
            position_ids = self.mask.sum(1, keepdim=True) - 1
        output = self.decoder.model(
            inputs_embeds=inputs,
            attention_mask=self.mask,
            position_ids=position_ids,
            use_cache=True,
            logits_to_keep=1,
            **{CACHE: self.cache},
        )
        self.cache = output[CACHE]
        logs = output.logits[:, -1].float().log_softmax(-1)  # [A, V]
        ends = logs[:, self.decoder.end_ids].logsumexp(1)
        logs[:, self.decoder.end_ids] = -torch.inf
        logs[:, self.decoder.end_ids[0]] = ends
        return logs.unflatten(0, tokens.shape)

    def reorder(self, parents: Tensor) -> None:
        """Go on with beams that continue these, counted over all reports, [...]."""
        rows = parents.flatten()
        if torch.equal(rows, torch.arange(len(self.mask), device=rows.device)):
            return  # copying a cache takes as long as a step
        self.mask = self.mask[rows]
        if self.cache is not None:
            self.cache.reorder_cache(rows)
