"""The models' configurations: flat, validated sets of values, JSON in and out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from transformers import AutoConfig, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from graphsum.options import TrainOptions
from graphsum.options.train_options import CHOICES
from preprocessing.errors import InputError
from preprocessing.graphs import EDGE_TYPES

# Types of text encoders: those of masked language models, but none that compile code of their own
# or read images.
TEXT_ENCODERS = frozenset(MODEL_FOR_MASKED_LM_MAPPING_NAMES) - {
    "modernvbert",
    "mra",
    "perceiver",
    "ultravbert",
    "yoso",
}
CHECKPOINT_SCHEMA = 1  # rises when older code cannot read a checkpoint any more
LLM_VALUES = ("decoder", "llm", "mapper", "prefix_length", "alignment")


class GraphSumConfig(PreTrainedConfig):
    """Everything that determines the network's shape and loss.

    Defaults are Hu et al. (ACL 2022): 6 pre-LN decoder layers of width 768, GAT 768 -> 768 with
    8 concatenated heads then one head back to 768, a 6-layer contrastive encoder, temperature 1.

    Args:
        text_encoder: the encoder's own transformers configuration as a dictionary with its
            ``model_type``, so that no model hub is needed to load a checkpoint.
        vocab_size: tokens of the decoder, V; encoder and decoder share one tokenizer.
        d_model: width of memory and decoder, D.
        dropout, attention_dropout: of the layers' outputs and attention weights, in the decoder
            and the contrastive module.
        graph: graph convolution: ``gat``, ``gatv2`` or ``none`` (text only).
        graph_heads, graph_width, graph_dropout: heads and width per head of the first graph
            layer, and the dropout of the graph layers' inputs and attention.
        typed_edges: edge types enter the attention (``gatv2`` only).
        edge_types: names of the edge types, in the order of their ids.
        copy: the decoder may copy tokens of the findings (pointer-generator).
        contrastive_weight: factor of the contrastive loss; 0 leaves the module out.
        contrastive_layers: layers of the contrastive module's Transformer encoder.
        contrastive_temperature: temperature of the contrastive loss.
        contrastive_negatives: ``own`` (what remains of the report without key words; the paper) or
            ``batch`` (the key words of reports with another impression as well).
        label_smoothing: of the token loss.
        r_drop: factor of the divergence of two passes with different dropout (R-Drop, Liang et al.,
            NeurIPS 2021; half of its alpha); 0: one pass.
        decoder: ``transformer`` (from scratch) or ``causal-lm`` (a frozen LLM).
        llm: which LLM, as :class:`graphsum.llm.loading.LLMSpec` says it (``causal-lm``).
        mapper: from memory to the LLM's prefix: ``linear``, ``mlp`` or ``queries``.
        prefix_length: number of ``queries``; the other mappers make one of every position.
        alignment: what trains besides the mapper (R2GenGPT's terms): nothing (``shallow``), LoRA
            in the LLM (``delta``), that and the encoders (``deep``).
        pad_token_id, bos_token_id, eos_token_id, decoder_start_token_id: of the shared tokenizer
            (BERT's by default).
        tokenizer_hash: of the tokenizer in the checkpoint, see
            :func:`graphsum.pretrained.hash_of_tokenizer`; None: not known.
        schema_version: of the checkpoint's files, see ``CHECKPOINT_SCHEMA``.

    Raises:
        InputError: a value outside what is allowed, naming the value.
    """

    model_type = "graphsum"
    # Names under which ``generate`` and its caches look the decoder's sizes up.
    attribute_map: ClassVar[dict[str, str]] = {
        "num_hidden_layers": "decoder_layers",
        "num_attention_heads": "decoder_heads",
        "hidden_size": "d_model",
    }
    is_encoder_decoder: bool = True
    tie_word_embeddings: bool = True

    text_encoder: dict[str, Any] = field(default_factory=lambda: {"model_type": "bert"})
    vocab_size: int = 28996
    d_model: int = 768
    decoder_layers: int = 6
    decoder_heads: int = 8
    decoder_ffn_dim: int = 2048
    max_positions: int = 512
    dropout: float = 0.2
    attention_dropout: float = 0.2
    copy: bool = False
    graph: str = "gat"
    graph_heads: int = 8
    graph_width: int = 768
    graph_dropout: float = 0.2
    typed_edges: bool = False
    edge_types: Sequence[str] = EDGE_TYPES
    contrastive_weight: float = 1.0
    contrastive_layers: int = 6
    contrastive_temperature: float = 1.0
    contrastive_negatives: str = "own"
    label_smoothing: float = 0.1
    r_drop: float = 0.0
    decoder: str = "transformer"
    llm: dict[str, Any] | None = None
    mapper: str | None = None
    prefix_length: int = 32
    alignment: str = "deep"
    pad_token_id: int = 0
    bos_token_id: int = 101
    eos_token_id: int = 102
    decoder_start_token_id: int = 101
    tokenizer_hash: str | None = None
    schema_version: int = CHECKPOINT_SCHEMA

    def __post_init__(self, **kwargs: Any) -> None:
        self.edge_types = list(self.edge_types)
        super().__post_init__(**kwargs)
        self._check()

    @classmethod
    def from_options(cls, options: TrainOptions, **values: Any) -> "GraphSumConfig":
        """The configuration of a run: every value that its options call by the same name.

        Not those of an LLM, which :mod:`graphsum.models.llm_building` adds.

        Args:
            values: what the options do not say: text encoder, vocabulary, ids of special tokens.
        """
        shared = {entry.name for entry in fields(options)} & {entry.name for entry in fields(cls)}
        copied = {name: getattr(options, name) for name in shared.difference(LLM_VALUES)}
        return cls(**copied | values)

    def _check(self) -> None:
        check_schema(self.schema_version)
        encoder = self.text_encoder
        if not isinstance(encoder, dict) or encoder.get("model_type") not in TEXT_ENCODERS:
            raise InputError("text_encoder is no text encoder that transformers knows")
        for name in ("graph", "contrastive_negatives", "mapper", "alignment"):
            value, allowed = getattr(self, name), CHOICES[name]
            if value not in allowed and not (name == "mapper" and value is None):
                raise InputError(f"{name}={value!r} is not one of {', '.join(allowed)}")
        if self.typed_edges and self.graph != "gatv2":
            raise InputError(
                f"graph={self.graph} ignores the types of edges, which gatv2 alone reads: give "
                "typed_edges=False as well (--no-typed-edges)"
            )
        if self.d_model % self.decoder_heads:
            raise InputError(
                f"d_model={self.d_model} is not a multiple of decoder_heads={self.decoder_heads}"
            )
        for name in ("dropout", "attention_dropout", "graph_dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is not in [0, 1)")
        if (self.decoder == "causal-lm") != (self.llm is not None):
            raise InputError("decoder=causal-lm needs llm, and no other decoder takes one")
        if self.r_drop < 0 or (self.r_drop and self.decoder != "transformer"):
            raise InputError("r_drop must be at least 0, and 0 with decoder=causal-lm")
        if self.contrastive_temperature <= 0 or self.contrastive_weight < 0:
            raise InputError(
                "contrastive_temperature must be above 0 and contrastive_weight at least 0"
            )

    @property
    def trains_encoder(self) -> bool:
        """Do the encoders that make the memory train? With an LLM that is steered, they may not."""
        return self.alignment == "deep"

    @property
    def text_encoder_config(self) -> PreTrainedConfig:
        """The text encoder's configuration as its own class."""
        values = dict(self.text_encoder)
        return AutoConfig.for_model(values.pop("model_type"), **values)

    def get_text_config(
        self, decoder: bool | None = None, encoder: bool | None = None
    ) -> "GraphSumConfig":
        """This configuration itself: ``generate`` reads the decoder's sizes from it."""
        return self


def check_schema(version: Any) -> None:
    """Raises ``InputError`` for a checkpoint that this version cannot read."""
    if type(version) is not int or not 1 <= version <= CHECKPOINT_SCHEMA:
        raise InputError(
            f"a checkpoint of schema version {version}; this version of graphsum reads "
            f"{CHECKPOINT_SCHEMA}: install a newer one"
        )


@dataclass(frozen=True)
class InstructConfig:
    """Which LLM, and how its answers end; fields as in GraphSumConfig."""

    llm: dict[str, Any]
    eos_token_id: int
    pad_token_id: int
    label_smoothing: float = 0.0
    mapper: None = None  # there is no memory to map
    model_type: str = "instruct"
    tokenizer_hash: str | None = None
    schema_version: int = CHECKPOINT_SCHEMA

    def __post_init__(self) -> None:
        check_schema(self.schema_version)
