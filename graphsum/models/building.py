"""From the options of a run to what training needs: data, tokenizer, processor, model."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaPreLayerNormConfig,
)

from graphsum.llm.loading import clear_errors
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.encoders import without_pooler
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import GraphSumProcessor, ProcessorSettings
from graphsum.models.tokenizers import (
    frequent_tokens,
    has_words_whole,
    train_tokenizer,
    trim_tokenizer,
    with_tokens,
)
from graphsum.options import TrainOptions
from graphsum.options.runs import find_checkpoint
from graphsum.personal.context import author_codes
from graphsum.pretrained import load_config, load_encoder, load_tokenizer
from preprocessing.annotation import Annotator
from preprocessing.annotation.cache import annotate_reports
from preprocessing.corpora import Corpus
from preprocessing.errors import InputError
from preprocessing.facts.information import in_english
from preprocessing.files import read_jsonl
from preprocessing.graphs import EDGE_TYPES, build_graph
from preprocessing.records import Report, ReportGraph, from_json

EDGE_NAMES = frozenset(EDGE_TYPES)


def graphs_of(
    reports: Sequence[Report],
    annotator: Annotator | None,
    *,
    rule: str,
    cache_dir: str | Path,
    corpus: str,
    graphs: str | Path | None = None,
    progress: bool = True,
) -> list[ReportGraph]:
    """The graph of each report's findings.

    From the file ``graphs`` when there is one (JSON Lines of ``ReportGraph``; ``annotator`` and
    ``rule`` are not used); otherwise annotated here, or taken from the cache.

    Raises:
        InputError: the file cannot be read, or lacks a report.
    """
    if graphs is not None:
        return read_graphs(graphs, reports)
    assert annotator is not None
    annotated = annotate_reports(
        reports, annotator, cache_dir=cache_dir, corpus=corpus, progress=progress
    )
    annotated.reverse()
    built = []
    while annotated:  # each annotation is let go once its graph is there: half the memory
        built.append(build_graph(annotated.pop(), rule))
    return built


def read_graphs(path: str | Path, reports: Sequence[Report]) -> list[ReportGraph]:
    """The graphs of these reports, in their order, from a file that ``graph`` wrote."""
    wanted = {report.uid for report in reports}
    found = {}
    for number, line in enumerate(read_jsonl(path), 1):
        uid = line.get("uid")
        if not isinstance(uid, str):
            raise InputError(f"{path}: record {number} has no uid, which must be a text")
        if uid not in wanted:
            continue
        if uid in found:
            raise InputError(f"{path}: record {number} is a second graph of report {uid}")
        try:
            graph = from_json(ReportGraph, line)
            if not EDGE_NAMES.issuperset(edge.type for edge in graph.edges):
                raise ValueError("edge type")
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: record {number} is no report graph ({type(error).__name__}); make the "
                "file with python -m preprocessing graph"
            ) from None
        found[uid] = graph
    if missing := len(wanted) - len(found):
        raise InputError(
            f"{path}: {missing} of {len(wanted)} reports have no graph here; make the file with "
            "python -m preprocessing graph from the same corpus"
        )
    return [found[report.uid] for report in reports]


def build_processor(
    options: TrainOptions, corpus: Corpus, graphs: Sequence[ReportGraph], annotator_version: str
) -> GraphSumProcessor:
    """The pretrained encoder's tokenizer, that of ``--init-from``, or one fitted to the texts."""
    prompter = None
    if options.decoder == "causal-lm":
        from graphsum.models.llm_building import prompter_of

        prompter = prompter_of(options)
    if options.init_from:
        processor = GraphSumProcessor.from_pretrained(find_checkpoint(options.init_from))
        made, asked = processor.settings, (options.annotator, options.graph_rule)
        if (made.annotator, made.graph_rule) != asked:
            raise InputError(
                f"--init-from {options.init_from}: trained on graphs of {made.annotator}, "
                f"{made.graph_rule}, not {', '.join(asked)}; give --annotator {made.annotator} "
                f"--graph-rule {made.graph_rule}"
            )
        if made.context != options.context_kinds:
            given = f"--context {','.join(made.context)}" if made.context else "no --context"
            raise InputError(
                f"--init-from {options.init_from}: trained with another context; give {given}"
            )
        return GraphSumProcessor(processor.tokenizer, made, prompter)
    tokenizer: PreTrainedTokenizerBase
    if options.encoder:
        tokenizer = pretrained(load_tokenizer, options.encoder)
        if options.trim_vocab:
            tokenizer = trim_tokenizer(tokenizer, training_texts(corpus.train, graphs))
    else:
        tokenizer = train_tokenizer(
            training_texts(corpus.train, graphs), vocab_size=options.vocab_size
        )
    if options.vocab_min_reports > 1:
        texts = list(training_texts(corpus.train, graphs))
        of_each = zip(texts[::2], texts[1::2], strict=True)
        kept = frequent_tokens(tokenizer, of_each, at_least=options.vocab_min_reports)
        tokenizer = with_tokens(tokenizer, kept)
    settings = ProcessorSettings(
        annotator=options.annotator,
        annotator_version=annotator_version,
        graph_rule=options.graph_rule,
        max_source_length=options.max_source_length,
        max_target_length=options.max_target_length,
        whole_words=has_words_whole(tokenizer, training_texts(corpus.train, graphs)),
        english=in_english(report.findings for report in corpus.train),
        context=options.context_kinds,
        authors=author_codes(corpus.train, options.context_kinds),
    )
    return GraphSumProcessor(tokenizer, settings, prompter)


def training_texts(reports: Sequence[Report], graphs: Sequence[ReportGraph]) -> Iterator[str]:
    for report, graph in zip(reports, graphs, strict=True):
        yield " ".join(graph.words)
        yield report.impression


def build_model(options: TrainOptions, processor: GraphSumProcessor) -> GraphSum:
    """A model of the options' shape; with ``--encoder`` the text encoder's weights are loaded."""
    if processor.prompter is not None:  # imported here: it takes time, and few runs need it
        from graphsum.models.llm_building import build_with_llm

        if options.init_from:
            return build_with_llm(options, None, processor.prompter)
    vocab_size = len(processor.tokenizer)
    if options.encoder:
        encoder_config = pretrained(load_config, options.encoder)
        if options.trim_vocab:
            encoder_config.vocab_size = vocab_size
        longest = getattr(encoder_config, "max_position_embeddings", None)
        if longest and options.max_source_length > longest:
            raise InputError(
                f"--max-source-length {options.max_source_length} is more than {options.encoder} "
                f"can read; give at most {longest}"
            )
    else:
        # Pre-LN: trained from scratch, BERT's own post-LN form needs far smaller steps.
        encoder_config = RobertaPreLayerNormConfig(
            vocab_size=vocab_size,
            hidden_size=options.d_model,
            num_hidden_layers=options.encoder_layers,
            num_attention_heads=options.decoder_heads,
            intermediate_size=options.decoder_ffn_dim,
            hidden_dropout_prob=options.dropout,
            attention_probs_dropout_prob=options.attention_dropout,
            max_position_embeddings=options.max_source_length + processor.pad_id + 1,
            type_vocab_size=1,
            pad_token_id=processor.pad_id,
        )
    encoder_values = encoder_config.to_dict()
    encoder_values.pop("_name_or_path", None)  # a folder of this machine
    config = GraphSumConfig.from_options(
        options,
        text_encoder=encoder_values,
        vocab_size=vocab_size,
        max_positions=max(512, options.max_target_length + 1),
        pad_token_id=processor.pad_id,
        bos_token_id=processor.start_id,
        eos_token_id=processor.end_id,
        decoder_start_token_id=processor.start_id,
    )
    if processor.prompter is not None:
        model = build_with_llm(options, config, processor.prompter)
    else:
        config.decoder = options.decoder
        model = GraphSum(config)
    if options.encoder:
        encoder: PreTrainedModel = without_pooler(pretrained(load_encoder, options.encoder))
        if options.trim_vocab:
            take_embeddings(encoder, processor.tokenizer, options.encoder)
        model.text_encoder.load_state_dict(encoder.state_dict())
        embeddings = model.text_encoder.get_input_embeddings().state_dict()
        shared = processor.prompter is None and options.trim_vocab
        if shared and options.d_model == encoder_config.hidden_size:
            model.get_input_embeddings().load_state_dict(embeddings)
    return model


def take_embeddings(
    encoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str
) -> None:
    """Leave the encoder the embeddings of the tokenizer's tokens only, in its order.

    A token that the encoder does not know is a whole word: it gets the mean of those that it had.
    """
    original = pretrained(load_tokenizer, name)
    known = original.get_vocab()
    embeddings = encoder.get_input_embeddings()
    rows = [
        embeddings.weight[
            [known[token]]
            if token in known
            else original.convert_tokens_to_ids(original.tokenize(token))
        ].mean(dim=0)
        for token in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    ]
    padding = tokenizer.convert_tokens_to_ids(tokenizer.pad_token)
    encoder.set_input_embeddings(
        nn.Embedding.from_pretrained(torch.stack(rows).detach(), padding_idx=padding)
    )


def pretrained(load: Callable[[str], Any], name: str) -> Any:
    """``load(name)`` of an encoder, with one clear line when it is not there.

    Raises:
        InputError: neither a folder with such files nor reachable on a model hub.
    """
    advice = "copy the model's files into a folder, or use --preset small, which needs none"
    with clear_errors(name, "--encoder", advice):
        return load(name)
