"""From the options of a run to a model with an LLM in it: steered by a graph, or alone."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

from graphsum.llm.loading import LLMSpec, add_lora, describe_llm, load_llm
from graphsum.llm.prompting import Prompter, PromptSettings
from graphsum.models.configuration import GraphSumConfig
from graphsum.options import TrainOptions
from graphsum.options.runs import find_checkpoint
from graphsum.pretrained import downloads

if TYPE_CHECKING:
    from graphsum.models.decoders.causal_lm import CausalLMDecoder
    from graphsum.models.modeling import GraphSum


def prompter_of(options: TrainOptions) -> Prompter:
    """How the LLM of a run is asked."""
    alone = options.model == "instruct"
    settings = PromptSettings(
        prompt=options.prompt,
        findings=alone or options.prompt_findings,
        prefix=not alone,
        max_prompt_length=options.max_prompt_length,
        max_target_length=options.max_target_length,
        context=options.context_kinds if alone else (),
    )
    return Prompter.for_llm(str(options.llm), settings, revision=options.llm_revision)


def llm_spec_of(options: TrainOptions) -> LLMSpec:
    """Which LLM a run uses."""
    return describe_llm(
        str(options.llm), revision=options.llm_revision, weights=options.llm_weights
    )


def build_with_llm(
    options: TrainOptions, config: GraphSumConfig | None, prompter: Prompter
) -> "GraphSum":
    """A model that steers the run's LLM.

    Args:
        config: the encoders' shapes; None for those of ``--init-from``, whose weights are then
            taken over.
    """
    from graphsum.models.modeling import GraphSum

    source = None
    if config is None:
        with downloads(False):  # its own LLM is what somebody else named
            source = GraphSum.from_pretrained(find_checkpoint(options.init_from))
        config = source.config
    model = GraphSum(config_with_llm(config, options, prompter))
    attach_llm(model.decoder, options, lora=options.alignment != "shallow" and options.lora_r > 0)
    if source is not None:
        for own, trained in zip(model.encoders(), source.encoders(), strict=True):
            own.load_state_dict(trained.state_dict())
    return model


def config_with_llm(
    config: GraphSumConfig, options: TrainOptions, prompter: Prompter
) -> GraphSumConfig:
    """The configuration with an LLM as decoder.

    The contrastive loss shapes the memory; where the encoders are frozen it is left out.
    """
    spec = llm_spec_of(options)
    changes: dict[str, Any] = {
        "decoder": "causal-lm",
        "llm": asdict(spec),
        "copy": False,
        "vocab_size": spec.vocab_size,
        "label_smoothing": options.label_smoothing,
        "contrastive_weight": options.contrastive_weight if options.alignment == "deep" else 0.0,
        "pad_token_id": prompter.tokenizer.pad_token_id,
        "bos_token_id": prompter.end_id,
        "eos_token_id": prompter.end_id,
        "decoder_start_token_id": prompter.end_id,  # the context stands in its place
    } | {name: getattr(options, name) for name in ("mapper", "prefix_length", "alignment")}
    return GraphSumConfig(**config.to_dict() | changes)


def attach_llm(
    decoder: "CausalLMDecoder",
    options: TrainOptions,
    *,
    lora: bool,
    llm: PreTrainedModel | None = None,
) -> None:
    """Load the LLM of the options (or take ``llm``) into a new model, with LoRA or without."""
    llm = load_llm(decoder.llm_spec) if llm is None else llm
    if lora:
        add_lora(
            llm,
            r=options.lora_r,
            alpha=options.lora_alpha,
            dropout=options.lora_dropout,
            targets=options.lora_targets,
        )
    if options.gradient_checkpointing:
        llm.gradient_checkpointing_enable({"use_reentrant": False})
    decoder.attach(llm)
    decoder.start_at_embedding_scale()
