"""GraphSum: text and graph -> memory -> impression.

Shapes: B reports, S source tokens, T target tokens, N nodes (all real tokens of the batch),
E edges, D width, V vocabulary.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForSeq2SeqLM,
    Cache,
    GenerationMixin,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import ModelOutput

from graphsum.decoding.beam_search import SearchSettings
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.contrastive import ContrastiveModule
from graphsum.models.decoders import DECODERS
from graphsum.models.decoders.cache import CACHE
from graphsum.models.encoders import GraphEncoder, build_text_encoder
from graphsum.models.padding import IGNORED, label_losses, labels_up_to, places_of
from graphsum.pretrained import load_checkpoint_model
from preprocessing.errors import InputError
from preprocessing.registry import load

# Of a batch, where impressions are generated.
UNUSED = ("labels", "label_places", "short_labels", "short_places", "key_mask")
LLM = "decoder.llm."  # where the weights lie that a checkpoint does not hold


@dataclass
class GraphSumOutput(ModelOutput):
    """What a forward pass gives.

    ``loss``: generation_loss + contrastive_weight x contrastive_loss + r_drop x agreement_loss
    (scalar, with labels only); ``generation_loss``: cross-entropy per target token, in nats, with
    label smoothing; ``contrastive_loss``: mean over reports; ``agreement_loss``: per target token,
    in nats, in training with r_drop only; ``logits``: [B, T, V], with labels too unless they are
    left out (see ``return_logits`` of :meth:`GraphSum.forward`). With ``output_hidden_states``, as
    tuples of the embedding's and each layer's states: ``encoder_hidden_states`` of the text
    encoder, [B, S, .], and ``decoder_hidden_states``, [B, T, D]; ``encoder_last_hidden_state``: the
    memory, [B, S, D].
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    generation_loss: Tensor | None = None
    contrastive_loss: Tensor | None = None
    agreement_loss: Tensor | None = None
    encoder_last_hidden_state: Tensor | None = None
    encoder_hidden_states: tuple[Tensor, ...] | None = None
    decoder_hidden_states: tuple[Tensor, ...] | None = None
    if CACHE == "cache":
        cache: Cache | None = None
    else:
        past_key_values: Cache | None = None


class GraphSum(PreTrainedModel, GenerationMixin):
    """Graph-enhanced summariser of Hu et al. (ACL 2022, arXiv 2204.00203).

    Text encoder gives H, graph encoder on H gives G, memory M = W[H; G]; the decoder attends to
    M; the contrastive module compares M with its masked views during training.
    """

    config_class = GraphSumConfig
    base_model_prefix = "graphsum"
    main_input_name = "input_ids"
    _tied_weights_keys = {  # noqa: RUF012 (transformers' own form)
        "decoder.lm_head.weight": "decoder.layers.embed_tokens.weight"
    }
    _supports_sdpa = True
    supports_gradient_checkpointing = True

    def __init__(self, config: GraphSumConfig) -> None:
        super().__init__(config)
        self.text_encoder = build_text_encoder(config)
        width = self.text_encoder.config.hidden_size
        has_graph = config.graph != "none"
        self.graph_encoder = GraphEncoder(config, width) if has_graph else None
        self.fusion = nn.Linear(width + config.d_model if has_graph else width, config.d_model)
        self.contrastive = ContrastiveModule(config) if config.contrastive_weight else None
        self.decoder = load(DECODERS, config.decoder)(config)
        if config.llm is not None:
            self._tied_weights_keys = {}  # an LLM ties its own weights
        if not config.trains_encoder:
            for part in self.encoders():
                part.requires_grad_(False)
        self.post_init()

    def encoders(self) -> list[nn.Module]:
        """What makes the memory: all but mapper, decoder and contrastive module."""
        parts = (self.text_encoder, self.graph_encoder, self.fusion)
        return [part for part in parts if part is not None]

    def get_input_embeddings(self) -> nn.Module:
        return self.decoder.get_input_embeddings()

    def get_output_embeddings(self) -> nn.Module:
        return self.decoder.get_output_embeddings()

    def train(self, mode: bool = True) -> "GraphSum":
        """Training mode, but for encoders that are frozen: their dropout stays off."""
        super().train(mode)
        if not self.config.trains_encoder:
            for part in self.encoders():
                part.eval()
        return self

    def save_pretrained(
        self,
        save_directory: str | Path,
        *args: Any,
        state_dict: dict[str, Tensor] | None = None,
        **options: Any,
    ) -> None:
        """As in transformers; an LLM's own weights are left out, its adapter is in ``adapter/``."""
        state = own_state(self) if state_dict is None else state_dict
        own = {name: tensor for name, tensor in state.items() if not name.startswith(LLM)}
        super().save_pretrained(save_directory, *args, state_dict=own, **options)
        if self.config.llm is not None:
            of_llm = {n.removeprefix(LLM): t for n, t in state.items() if n.startswith(LLM)}
            self.decoder.save(save_directory, of_llm)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *args: Any, **options: Any) -> Any:
        """As in transformers; ``llm``: where the LLM lies now, when not at its recorded name.

        Raises:
            InputError: the LLM is not there, or not the one of the training; the weights are
                incomplete, of another model, or not finite.
        """
        place = options.pop("llm", None)
        wants_info = options.pop("output_loading_info", False)
        options.setdefault("dtype", torch.float32)  # whatever they are saved in
        model, info = load_checkpoint_model(
            super().from_pretrained, folder, *args, output_loading_info=True, **options
        )
        if model.config.llm is not None:
            if place is not None:
                model.decoder.llm_spec = replace(model.decoder.llm_spec, name=place, revision=None)
            model.decoder.attach(folder=folder)
        elif place is not None:
            raise InputError(f"{folder}: this checkpoint uses no LLM; leave out --llm")
        return (model, info) if wants_info else model

    def encode(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        edge_index: Tensor,
        edge_type: Tensor,
        *,
        states: list[Tensor] | None = None,
    ) -> Tensor:
        """The memory M that the decoder attends to.

        Args:
            input_ids, attention_mask: [B, S].
            edge_index: [2, E], over the real tokens of the batch counted row by row.
            edge_type: [E].
            states: a list that takes the text encoder's hidden states.

        Returns:
            [B, S, D]; padding positions hold values that nothing may read.
        """
        with nullcontext() if self.config.trains_encoder else torch.no_grad():
            text = self.text_encoder(
                input_ids=input_ids,
                attention_mask=attention_mask,
                output_hidden_states=states is not None,
            )
            if states is not None:
                states.extend(text.hidden_states)
            hidden = text.last_hidden_state  # [B, S, width]
            if self.graph_encoder is None:
                return self.fusion(hidden)
            if is_padded_faster(hidden):
                graph = self.graph_encoder.of_padded(hidden, attention_mask, edge_index, edge_type)
                return self.fusion(torch.cat([hidden, graph.to(hidden.dtype)], dim=-1))
            real = attention_mask.bool()
            nodes = self.graph_encoder(hidden[real], edge_index, edge_type)  # [N, D]
            graph = nodes.new_zeros(*hidden.shape[:2], nodes.size(-1))
            graph = graph.masked_scatter(real.unsqueeze(-1), nodes)  # [B, S, D]
            return self.fusion(torch.cat([hidden, graph], dim=-1))

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        edge_index: Tensor | None = None,
        edge_type: Tensor | None = None,
        key_mask: Tensor | None = None,
        labels: Tensor | None = None,
        label_places: Tensor | None = None,
        short_labels: Tensor | None = None,
        short_places: Tensor | None = None,
        source_ids: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: BaseModelOutput | None = None,
        cache: Cache | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        num_tokens: Tensor | float | None = None,
        num_reports: Tensor | float | None = None,
        return_logits: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> GraphSumOutput | tuple[Any, ...]:
        """Teacher-forced losses (with ``labels``) or next-token scores (without).

        Args:
            input_ids, attention_mask, edge_index, edge_type: as in :meth:`encode`.
            key_mask: 1 for tokens of key words, [B, S]; the contrastive loss needs it.
            labels: target tokens with the end token, -100 where padded, [B, T].
            label_places: where the flattened labels are not -100, then -1, [N]; found here when
                not given, for which a GPU is waited for.
            short_labels: the labels of the first rows once more, [B1, T1], where these are the
                shortest: so many rows are then decoded by themselves, padded to T1 only.
            short_places: the ``label_places`` of these; ``label_places`` is then of the rows after.
            decoder_input_ids: [B, T]; by default the labels shifted right.
            encoder_outputs: the memory, when already encoded (``generate``); then
            source_ids: the findings' tokens that it stands for, [B, S]; with an LLM as decoder
                always the prompts, [B, P].
            cache: what an earlier call with ``use_cache`` returned.
            past_key_values: the same, by its name before transformers 5.24.
            num_tokens, num_reports: what the loss sums are divided by, when this batch is a part
                of a larger one; by default its own counts.
            return_logits: give logits beside the losses; by default unless ``num_tokens`` is given.
                Without them scores are computed only where there is a label, which is faster and
                takes less memory. In training with R-Drop there are none: two passes are compared.
            output_hidden_states: give the states of encoder and decoder, too; of the encoder not
                with ``encoder_outputs``, of the decoder not without logits.
            return_dict: False: a tuple of what is not None, as in transformers.
        """
        cache = past_key_values if cache is None else cache
        return_logits = num_tokens is None if return_logits is None else return_logits
        of_encoder: list[Tensor] | None = [] if output_hidden_states else None
        of_decoder: list[Tensor] | None = [] if output_hidden_states else None
        again = None
        if encoder_outputs is not None:
            memory = encoder_outputs[0]
        elif input_ids is None or attention_mask is None or edge_index is None or edge_type is None:
            raise ValueError("forward needs input_ids, attention_mask, edge_index and edge_type")
        else:
            memory = self.encode(
                input_ids, attention_mask, edge_index, edge_type, states=of_encoder
            )
            if labels is not None and self.training and self.config.r_drop:  # with other dropout
                again = self.encode(input_ids, attention_mask, edge_index, edge_type)
        ids = input_ids if source_ids is None else source_ids
        if ids is None or attention_mask is None:
            raise ValueError("with encoder_outputs forward needs attention_mask and source_ids")
        if labels is None:
            if decoder_input_ids is None:
                raise ValueError("forward needs labels or decoder_input_ids")
            logits, new_cache = self.decoder(
                decoder_input_ids,
                memory,
                attention_mask,
                ids,
                cache=cache,
                use_cache=bool(use_cache),
                states=of_decoder,
            )
            output = GraphSumOutput(logits=logits, **{CACHE: new_cache})
            return with_states(output, memory, of_encoder, of_decoder, return_dict)
        if decoder_input_ids is None:
            decoder_input_ids = self.shift_right(labels)
        smoothing = self.config.label_smoothing if self.training else 0.0
        total = divergence = memory.new_zeros((), dtype=torch.float32)
        options: dict[str, Any] = {"label_smoothing": smoothing}
        logits = None
        groups: list[tuple[Tensor | slice, int, Tensor | None]] = []  # rows, length, places
        if return_logits and again is None:
            logits, _ = self.decoder(  # [B, T, V]
                decoder_input_ids, memory, attention_mask, ids, states=of_decoder
            )
            places = label_places if short_labels is None else None
            total = label_losses(logits, labels, places, smoothing).sum()
        elif label_places is None:
            found = target_groups(labels, self.decoder.target_groups)
            groups += [(rows, length, None) for rows, length in found]
        else:
            first = 0 if short_labels is None else len(short_labels)
            groups.append((slice(first, None), labels.size(1), label_places))
            if short_labels is not None:
                groups.append((slice(first), short_labels.size(1), short_places))
        for rows, length, places in groups:
            given = decoder_input_ids[rows, :length]
            rest = (attention_mask[rows], ids[rows], labels[rows, :length])
            options["label_places"] = places
            if again is None:
                losses = self.decoder.token_losses(given, memory[rows], *rest, **options)
            else:
                losses, divergences = self.decoder.agreement_losses(
                    given, (memory[rows], again[rows]), *rest, **options
                )
                divergence = divergence + divergences.sum()
            total = total + losses.sum()
        count = (labels != IGNORED).sum() if num_tokens is None else num_tokens
        loss = generation = total / count
        agreement = contrastive = None
        if again is not None:
            agreement = divergence / count
            loss = loss + self.config.r_drop * agreement
        if self.contrastive is not None and key_mask is not None:
            per_report = self.contrastive(memory, attention_mask, key_mask, labels)  # [B]
            contrastive = per_report.sum() / (len(labels) if num_reports is None else num_reports)
            loss = loss + self.config.contrastive_weight * contrastive
        output = GraphSumOutput(
            loss=loss,
            logits=logits,
            generation_loss=generation,
            contrastive_loss=contrastive,
            agreement_loss=agreement,
        )
        return with_states(output, memory, of_encoder, of_decoder, return_dict)

    def use_plain_attention(self) -> None:
        """Compute attention step by step, without PyTorch's fused kernel, which is slow on CPUs.

        Measured at 32 reports of 40 tokens, forward and backward, one core: bf16 4 ms instead of
        30, single precision the same; it takes more memory on long findings.
        """
        for module in self.modules():
            config = getattr(module, "config", None)
            if config is not None and hasattr(config, "_attn_implementation"):
                config._attn_implementation = "eager"

    def shift_right(self, labels: Tensor) -> Tensor:
        """Decoder input for the given labels: start token first, last token dropped, [B, T]."""
        start = labels.new_full((len(labels), 1), self.config.decoder_start_token_id)
        shifted = torch.cat([start, labels[:, :-1]], dim=1)
        return shifted.masked_fill(shifted == IGNORED, self.config.pad_token_id)

    @torch.no_grad()
    def generate_impressions(
        self, batch: dict[str, Tensor], settings: SearchSettings | None = None
    ) -> Tensor:
        """Generated tokens of each report of a batch.

        The same as transformers' ``generate`` gives for the batch's memory with
        ``settings.as_options()``, in a fraction of the time.

        Args:
            batch: what :class:`graphsum.models.processing.GraphSumProcessor` collates.
            settings: of the search; beam 5 by default.

        Returns:
            [B, T], padded after the end token.
        """
        return self.decoder.search(*self._encoded(batch), settings or SearchSettings())

    @torch.inference_mode()
    def sample_impressions(
        self, batch: dict[str, Tensor], uniforms: Tensor, *, temperature: float
    ) -> Tensor:
        """Sampled tokens of each report of a batch.

        Args:
            batch: as in :meth:`generate_impressions`.
            uniforms: numbers in [0, 1), [B, T, N] for N samples of at most T tokens.

        Returns:
            [B, N, .], padded after the end token.
        """
        return self.decoder.sample(*self._encoded(batch), uniforms, temperature=temperature)

    def target_logprobs(
        self, batch: dict[str, Tensor], labels: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        """Log-probabilities of targets' tokens, [M, T], in nats; 0 where there is no label.

        Args:
            batch: as in :meth:`generate_impressions`; it is encoded once.
            labels: [M, T], -100 where there is none.
            rows: the report of the batch that each target is for, [M]; by default one each.
        """
        memory, mask, ids = self._encoded(batch)
        if rows is None:
            rows = torch.arange(len(labels), device=labels.device)
        inputs = self.shift_right(labels)
        found = torch.zeros(labels.shape, device=labels.device).flatten()
        for chosen, length in target_groups(labels, self.decoder.target_groups):
            of, own = rows[chosen], labels[chosen, :length]
            losses = self.decoder.token_losses(
                inputs[chosen, :length], memory[of], mask[of], ids[of], own
            )
            numbers = torch.arange(labels.numel(), device=labels.device).view_as(labels)
            places = numbers[chosen, :length].flatten()[places_of(own)]
            found = found.index_put((places,), -losses)
        return found.view_as(labels)

    def labels_of(self, tokens: Tensor) -> Tensor:
        """Labels of generated or sampled tokens, [..., T]: up to the end token, then -100."""
        if self.config.llm is not None:
            return labels_up_to(tokens, self.decoder.end_ids)
        return labels_up_to(tokens[..., 1:], [self.config.eos_token_id])  # after the start token

    def _encoded(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Memory [B, S, D], its mask, and the ids that decoders get with it, [B, S] or [B, P]."""
        ids, mask = batch["input_ids"], batch["attention_mask"]
        memory = self.encode(ids, mask, batch["edge_index"], batch["edge_type"])
        return memory, mask, batch.get("source_ids", ids)

    def generate(self, *inputs: Any, **options: Any) -> Any:
        """As in transformers, for a batch too: ``generate(**processor.collate(examples))``."""
        if "edge_index" in options and options.get("encoder_outputs") is None:
            names = ("input_ids", "attention_mask", "edge_index", "edge_type")
            batch = {name: options.pop(name) for name in names}
            states: list[Tensor] | None = [] if options.get("output_hidden_states") else None
            with torch.no_grad():
                memory = self.encode(**batch, states=states)
            options = {name: v for name, v in options.items() if name not in UNUSED}
            options |= {
                "encoder_outputs": BaseModelOutput(memory, hidden_states=states and tuple(states)),
                "attention_mask": batch["attention_mask"],
                "source_ids": options.get("source_ids", batch["input_ids"]),
            }
        return super().generate(*inputs, **options)

    def get_encoder(self, modality: str | None = None) -> nn.Module:
        """The text encoder; ``generate`` gets its memory from :meth:`encode` instead."""
        return self.text_encoder


def with_states(
    output: GraphSumOutput,
    memory: Tensor,
    of_encoder: list[Tensor] | None,
    of_decoder: list[Tensor] | None,
    return_dict: bool | None,
) -> GraphSumOutput | tuple[Any, ...]:
    """The output with the hidden states, and as a tuple, where these were asked for."""
    if of_encoder is not None:
        output.encoder_last_hidden_state = memory
        output.encoder_hidden_states = tuple(of_encoder) or None
        output.decoder_hidden_states = tuple(of_decoder or ()) or None
    return output.to_tuple() if return_dict is False else output


def own_state(model: nn.Module) -> dict[str, Tensor]:
    """All weights but an LLM's own: what a checkpoint holds.

    Where they are spread over processes (FSDP2), each of these must call it.
    """
    return {
        name: tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
        for name, tensor in model.state_dict().items()
        if not name.startswith(LLM) or ".lora_" in name
    }


def is_padded_faster(hidden: Tensor) -> bool:
    """Whether graphs are encoded with padding: on a GPU, where to count nodes is to wait."""
    return hidden.device.type != "cpu"


def target_groups(labels: Tensor, groups: int = 4) -> list[tuple[Tensor | slice, int]]:
    """Rows whose targets are decoded together, and the length of the longest target of each.

    On a CPU padding costs more than starting every operation a few times: the groups are those
    that pad least. Elsewhere all rows are one group.

    Args:
        labels: [B, T], -100 where there is none.
        groups: at most that many.
    """
    if labels.device.type != "cpu":
        return [(slice(None), labels.size(1))]
    positions = torch.arange(1, labels.size(1) + 1)
    lengths, order = ((labels != IGNORED) * positions).amax(1).sort()
    return [
        (order[start:end], int(lengths[end - 1]))
        for start, end in least_padding(lengths.tolist(), groups)
    ]


def least_padding(lengths: Sequence[int], groups: int) -> list[tuple[int, int]]:
    """Cut increasing lengths into at most ``groups`` runs (start, end) that pad least."""
    count = len(lengths)
    best: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]  # of the first n lengths
    best += [(n * lengths[n - 1], [(0, n)]) for n in range(1, count + 1)]
    for _ in range(groups - 1):
        best = [
            min(
                [best[n]]
                + [
                    (best[cut][0] + (n - cut) * lengths[n - 1], [*best[cut][1], (cut, n)])
                    for cut in range(1, n)
                ]
            )
            for n in range(count + 1)
        ]
    return best[count][1]


# By way of graphsum.auto_classes they know the checkpoints once graphsum is imported.
AutoConfig.register("graphsum", GraphSumConfig, exist_ok=True)
AutoModelForSeq2SeqLM.register(GraphSumConfig, GraphSum, exist_ok=True)
