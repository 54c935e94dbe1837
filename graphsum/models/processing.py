"""Report graphs to tensors and tokens back to text: word/sub-word alignment, collation."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoProcessor, BatchEncoding, PreTrainedTokenizerBase

from graphsum.llm.prompting import LLM_TOKENIZER, Prompter
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.padding import IGNORED, padded, padded_left, to_fixed_shapes
from graphsum.models.tokenizers import first_id
from graphsum.options import with_present_names
from graphsum.personal.context import (
    Context,
    check_authors,
    check_kinds,
    contexts_for,
    in_context,
)
from graphsum.pretrained import load_checkpoint_tokenizer, one_line
from preprocessing.annotation import shared_annotator
from preprocessing.errors import InputError
from preprocessing.files import json_text, read_json, write_text_atomically
from preprocessing.graphs import EDGE_TYPES, build_graph
from preprocessing.limits import SEQUENCE_LENGTH
from preprocessing.records import ReportGraph

logger = logging.getLogger(__name__)

PROCESSOR_FILE = "processor_config.json"
TokenIds = Tensor | np.ndarray | Sequence[int] | Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Example:
    """One report as arrays: S source tokens, E edges between them, T target tokens."""

    uid: str
    input_ids: np.ndarray  # [S]
    key_mask: np.ndarray  # [S]
    edge_index: np.ndarray  # [2, E]
    edge_type: np.ndarray  # [E]
    labels: np.ndarray  # [T], with the end token; empty without impression
    sentence: np.ndarray  # [S], number of each token's sentence; -1: special token
    prompt: np.ndarray | None = None  # [P], with an LLM as decoder: what it is asked


@dataclass(frozen=True)
class ProcessorSettings:
    """What, besides the tokenizer, must be the same in training and use.

    ``whole_words``: the tokenizer has nearly every word of the training texts whole, so that a word
    of several tokens is one that they hardly had (:func:`has_words_whole`). ``english``: whether
    the training findings are in English, which the rules that check impressions read. ``context``:
    what the model reads besides the findings (:mod:`graphsum.personal.context`). ``authors``: the
    codes of the authors whose reports it was trained with, where it reads them.
    """

    annotator: str
    annotator_version: str
    graph_rule: str = "hu2022"
    max_source_length: int = 512
    max_target_length: int = 80
    whole_words: bool = False
    edge_types: tuple[str, ...] = EDGE_TYPES
    english: bool = True
    context: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        texts = (self.annotator, self.annotator_version, self.graph_rule, *self.edge_types)
        if not all(isinstance(text, str) for text in texts):
            raise InputError("annotator, graph rule and edge types must be texts")
        if len(set(self.edge_types)) < len(self.edge_types) or "entity" not in self.edge_types:
            raise InputError("edge_types must differ, and 'entity' be one of them")
        for length in (self.max_source_length, self.max_target_length):
            if type(length) is not int or not 0 < length <= SEQUENCE_LENGTH:
                raise InputError(f"lengths must be from 1 to {SEQUENCE_LENGTH}")
        if not type(self.whole_words) is type(self.english) is bool:
            raise InputError("whole_words and english must be true or false")
        check_kinds(self.context)
        check_authors(self.authors)


class GraphSumProcessor:
    """Turns report graphs into batches and generated tokens into impressions."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        settings: ProcessorSettings,
        prompter: Prompter | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.settings = settings
        self.prompter = prompter  # of an LLM as decoder, whose tokens the impressions are then
        self.start_id = first_id(tokenizer, "bos_token", "cls_token")
        self.end_id = first_id(tokenizer, "eos_token", "sep_token")
        self.pad_id = first_id(tokenizer, "pad_token")
        self._is_one_token: dict[str, bool] = {}  # of words that were asked for
        self._edge_type_id = {name: number for number, name in enumerate(settings.edge_types)}

    @property
    def context(self) -> tuple[str, ...]:
        """The kinds of context that the model reads."""
        return self.settings.context

    @property
    def authors(self) -> tuple[str, ...]:
        """The codes of the authors that the model knows."""
        return self.settings.authors

    def __call__(
        self,
        text: str | Sequence[str] | None = None,
        *,
        graphs: Sequence[ReportGraph] | None = None,
        context: Context | Sequence[Context] | None = None,
        text_target: str | Sequence[str] | None = None,
        labels: str | Sequence[str] | None = None,
    ) -> BatchEncoding:
        """A batch for the model, as transformers' processors make it.

        Args:
            text: findings. Their graphs are made by the annotator and the rule that the
                checkpoint was trained with; the annotator is loaded when first needed.
            graphs: the graphs of the findings, instead of ``text``.
            context: what else is known of each report, such as ``{"indication": "Cough."}``; kinds
                and authors that the model was not trained with are not read.
            text_target: the impressions, for ``labels`` in the batch.
            labels: the same, by another name.

        Returns:
            What :meth:`collate` makes, with ``to(device)``.

        Raises:
            InputError: findings or impressions without a word, other numbers of them or of
                contexts, an unknown kind of context, both or neither of ``text`` and ``graphs``, or
                an annotator that does not exist.
        """
        if (text is None) == (graphs is None):
            raise InputError("the processor takes findings (text) or graphs, and one of them only")
        if text_target is not None and labels is not None:
            raise InputError("text_target and labels are the same; give one of them only")
        if graphs is None:
            graphs = self.graphs([text] if isinstance(text, str) else list(text or ()))
        if not graphs:
            raise InputError("there are no findings; give at least one text or graph")
        graphs = [
            in_context(graph, one, self.context, self.authors)
            for graph, one in zip(graphs, contexts_for(len(graphs), context), strict=True)
        ]
        target = labels if text_target is None else text_target
        if target is None:
            return BatchEncoding(self.collate(list(self.examples(graphs))))
        impressions = [target] if isinstance(target, str) else list(target)
        if len(impressions) != len(graphs):
            raise InputError(f"{len(graphs)} findings but {len(impressions)} impressions")
        check_words(impressions, "impression")
        return BatchEncoding(self.collate(list(self.examples(graphs, impressions))))

    def graphs(self, findings: Sequence[str]) -> list[ReportGraph]:
        """The graphs of findings, as the checkpoint's annotator and rule make them.

        Raises:
            InputError: findings without a word, or an annotator that does not exist.
        """
        check_words(findings, "findings")
        annotator = shared_annotator(self.settings.annotator, None)
        numbered = ((str(number), text) for number, text in enumerate(findings, 1))
        return [build_graph(r, self.settings.graph_rule) for r in annotator.annotate(numbered)]

    def examples(
        self, graphs: Iterable[ReportGraph], impressions: Iterable[str] | None = None
    ) -> Iterator[Example]:
        """One :class:`Example` per graph, in order; ``impressions`` become the labels.

        A word edge becomes the edges between all pairs of the two words' tokens, and the tokens
        of one word are linked both ways (type ``entity``), as in Hu et al. 2022. Findings longer
        than ``max_source_length`` lose whole sentences from their end, with a logged warning.
        """
        answers = repeat("") if impressions is None else impressions
        for graph, impression in zip(graphs, answers, strict=impressions is not None):
            yield self._example(graph, impression)

    def _example(self, graph: ReportGraph, impression: str) -> Example:
        tokens, word_of_token = self._source_tokens(graph)
        tokens_of_word: dict[int, list[int]] = {}
        for position, word in enumerate(word_of_token):
            if word is not None:
                tokens_of_word.setdefault(word, []).append(position)
        key_words = set(graph.key_words)
        edges: dict[tuple[int, int], int] = {}  # two words are linked once, by their first edge
        for edge in graph.edges:
            for head in tokens_of_word.get(edge.head, ()):
                for dependent in tokens_of_word.get(edge.dependent, ()):
                    edges.setdefault((head, dependent), self._edge_type_id[edge.type])
        for positions in tokens_of_word.values():
            for left, right in pairwise(positions):
                edges[left, right] = edges[right, left] = self._edge_type_id["entity"]
        numbers = np.searchsorted(graph.sentence_starts, np.arange(len(graph.words)), "right") - 1
        return Example(
            uid=graph.uid,
            input_ids=np.array(tokens, np.int64),
            key_mask=np.array([word in key_words for word in word_of_token], np.int64),
            edge_index=np.array(list(edges), np.int64).reshape(-1, 2).T,
            edge_type=np.array(list(edges.values()), np.int64),
            labels=self._target_tokens(impression),
            prompt=self._prompt(graph),
            sentence=np.array(
                [-1 if word is None else numbers[word] for word in word_of_token], np.int64
            ),
        )

    def _prompt(self, graph: ReportGraph) -> np.ndarray | None:
        if self.prompter is None:
            return None
        return self.prompter.prompt_ids(tidy(" ".join(graph.words)))

    def exceeds(self, graph: ReportGraph) -> bool:
        """Whether the findings are longer than the encoder reads, so that their end is left out."""
        limit = self.settings.max_source_length
        return len(self._encode_words(graph.words)["input_ids"]) > limit

    def _source_tokens(self, graph: ReportGraph) -> tuple[list[int], list[int | None]]:
        limit = self.settings.max_source_length
        kept = len(graph.words)
        encoding = self._encode_words(graph.words)
        if len(encoding["input_ids"]) > limit:
            ends = [*graph.sentence_starts[1:], len(graph.words)]
            room = limit - self.tokenizer.num_special_tokens_to_add()
            within = [word for word in encoding.word_ids() if word is not None][:room]
            last = max(within, default=-1)  # possibly cut within its tokens
            kept = max((end for end in ends if end <= last), default=max(last, 1))
            logger.warning(
                "report %s: findings longer than %d tokens; the last %d of %d words are left out",
                graph.uid,
                limit,
                len(graph.words) - kept,
                len(graph.words),
            )
            encoding = self._encode_words(graph.words[:kept])
        return encoding["input_ids"][:limit], encoding.word_ids()[:limit]

    def _encode_words(self, words: Sequence[str]) -> BatchEncoding:
        return self.tokenizer(list(words), is_split_into_words=True, verbose=False)

    def is_word(self, word: str) -> bool:
        """Whether a lower-case word was in the training texts more than a few times, and so exists.

        True of every word where this does not follow from the tokens: without ``whole_words``, or
        where an LLM writes.
        """
        if self.prompter is not None or not self.settings.whole_words:
            return True
        if word not in self._is_one_token:
            self._is_one_token[word] = len(self.tokenizer.tokenize(word)) == 1
        return self._is_one_token[word]

    def _target_tokens(self, impression: str) -> np.ndarray:
        if self.prompter is not None:
            return self.prompter.target_ids(impression)
        if not impression:
            return np.zeros(0, np.int64)
        ids = self.tokenizer(impression, add_special_tokens=False, verbose=False)["input_ids"]
        return np.array([*ids[: self.settings.max_target_length - 1], self.end_id], np.int64)

    def collate(
        self, examples: Sequence[Example], *, fixed_shapes: bool = False
    ) -> dict[str, Tensor]:
        """A batch: ``input_ids``, ``attention_mask``, ``key_mask`` [B, S], ``edge_index`` [2, E],
        ``edge_type`` [E]; ``labels`` [B, T] when the examples have impressions; ``source_ids``
        [B, P] when they have prompts, filled up on the left.

        Nodes are the real tokens of the batch, counted row by row: padding is no node.

        Args:
            fixed_shapes: pad S, T and E to one of few sizes, so that a GPU meets the same shapes
                again; missing edges are -1. ``label_places`` [N] then says where labels are, as
                positions in the flattened labels, -1 after the last. Where examples have labels
                and no prompts, rows come in the order of the labels' lengths, and the first have
                ``short_labels`` and ``short_places`` besides, as :meth:`GraphSum.forward` takes
                them; ``label_places`` is of the others.
        """
        has_labels = all(len(example.labels) for example in examples)
        has_short = fixed_shapes and has_labels and all(e.prompt is None for e in examples)
        if has_short:
            examples = sorted(examples, key=lambda example: len(example.labels))
        sizes = [len(example.input_ids) for example in examples]
        offsets = np.cumsum([0, *sizes[:-1]])
        batch = {
            "input_ids": padded([example.input_ids for example in examples], self.pad_id),
            "attention_mask": padded([np.ones(size, np.int64) for size in sizes], 0),
            "key_mask": padded([example.key_mask for example in examples], 0),
            "edge_index": torch.from_numpy(
                np.concatenate(
                    [e.edge_index + offset for e, offset in zip(examples, offsets, strict=True)],
                    axis=1,
                )
            ),
            "edge_type": torch.from_numpy(np.concatenate([e.edge_type for e in examples])),
        }
        if has_labels:
            batch["labels"] = padded([example.labels for example in examples], IGNORED)
        if fixed_shapes:
            to_fixed_shapes(batch, self.pad_id, has_short=has_short)
        prompts = [example.prompt for example in examples if example.prompt is not None]
        if prompts:
            batch["source_ids"] = padded_left(prompts)
        return batch

    def decode(self, tokens: TokenIds) -> str | list[str]:
        """The impression of generated tokens [T], a str, or those of [B, T], a list."""
        tokens = torch.as_tensor(tokens)
        texts = self.batch_decode(tokens if tokens.ndim == 2 else tokens.unsqueeze(0))
        return texts if tokens.ndim == 2 else texts[0]

    def batch_decode(self, tokens: TokenIds) -> list[str]:
        """Impressions of tokens [B, T]: special tokens dropped, spacing tidied.

        Labels are tokens too: their padding (-100) is dropped.
        """
        tokens = torch.as_tensor(tokens)
        tokens = tokens.masked_fill(tokens == IGNORED, self.pad_id)
        if self.prompter is not None:
            texts = self.prompter.decode(tokens)
        else:
            texts = self.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [tidy(text) for text in texts]

    def save_pretrained(self, folder: str | Path) -> None:
        """Write tokenizers and settings into ``folder``."""
        self.tokenizer.save_pretrained(str(folder))
        if self.prompter is not None:
            self.prompter.save_pretrained(folder)
        write_text_atomically(Path(folder) / PROCESSOR_FILE, [json_text(asdict(self.settings))])

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: object) -> "GraphSumProcessor":
        """The inverse of :meth:`save_pretrained`.

        Args:
            folder: a checkpoint on this machine.
            options: what ``AutoProcessor`` passes about a hub; a folder needs none of it.

        Raises:
            InputError: ``folder`` is not a graphsum checkpoint.
        """
        path = Path(folder) / PROCESSOR_FILE
        try:
            values = with_present_names(read_json(path))
            lists = {"edge_types": tuple(values["edge_types"])}
            lists |= {name: tuple(values.get(name, ())) for name in ("context", "authors")}
            settings = ProcessorSettings(**values | lists)
        except (ValueError, KeyError, TypeError) as error:
            why = f": {error}" if isinstance(error, InputError) and path.is_file() else ""
            raise InputError(
                f"{folder}: not a graphsum checkpoint (no readable {PROCESSOR_FILE}{why}); give "
                "the folder that graphsum train wrote, such as checkpoints/sample-tiny/best"
            ) from None
        config: dict[str, Any] = {}
        if (Path(folder) / "config.json").is_file():
            config = read_json(Path(folder) / "config.json")
        prompter = None
        if (Path(folder) / LLM_TOKENIZER).is_dir():
            prompter = Prompter.from_pretrained(folder)
        tokenizer = load_checkpoint_tokenizer(folder, expected=config.get("tokenizer_hash"))
        with one_line(str(folder), "the tokenizer cannot be used"):
            processor = cls(tokenizer, settings, prompter)
            processor.check_fits(config, folder)
        return processor

    def check_fits(self, config: dict[str, Any], folder: str | Path) -> None:
        """Compare the tokenizer with a model's ``config.json`` (empty: there is none).

        Raises:
            InputError: the model was trained with another one.
        """
        size = max(self.tokenizer.get_vocab().values(), default=-1) + 1
        encoder = config.get("text_encoder")
        of_encoder = encoder.get("vocab_size", size) if isinstance(encoder, dict) else size
        fits = size <= of_encoder
        if config and self.prompter is None:
            own = [self.pad_id, self.end_id, self.start_id]
            names = ("pad_token_id", "eos_token_id", "decoder_start_token_id")
            fits &= size == config.get("vocab_size", size)
            fits &= own == [config.get(name, value) for name, value in zip(names, own, strict=True)]
        if not fits:
            raise InputError(
                f"{folder}: the tokenizer has other tokens than the model; copy the whole folder "
                "of the checkpoint"
            )


def check_words(texts: Sequence[str], what: str) -> None:
    """Whether each text has a word.

    Raises:
        InputError: one has none; the message has its number, and ``what`` the texts are.
    """
    for number, text in enumerate(texts, 1):
        if not any(character.isalnum() for character in text):
            raise InputError(f"{what} {number} of {len(texts)}: empty; nothing to summarise")


def with_shuffled_sentences(example: Example, generator: np.random.Generator) -> Example:
    """The same report with its sentences in another order; special tokens keep their ends.

    An impression does not depend on the order of the findings' sentences.
    """
    positions = np.arange(len(example.input_ids))
    inner = np.flatnonzero(example.sentence >= 0)
    if not len(inner):
        return example
    first, last = inner[0], inner[-1] + 1
    order = generator.permutation(example.sentence[first:last].max() + 1)
    rank = order[example.sentence[first:last]]
    moved = first + np.argsort(rank, kind="stable")
    taken = np.concatenate([positions[:first], moved, positions[last:]])  # new position -> old one
    place = np.argsort(taken)  # old position -> new one
    return replace(
        example,
        input_ids=example.input_ids[taken],
        key_mask=example.key_mask[taken],
        edge_index=place[example.edge_index],
        sentence=example.sentence[taken],
    )


def tidy(text: str) -> str:
    """Generated text as a person would type it: spacing around punctuation, capital letters.

    Upper-case is added at the start of sentences only, never removed.
    """
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([.,;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"\.{2,}", ".", text)
    text = re.sub(r"(?<=\w)\s*([-/])\s*(?=\w)", r"\1", text)
    text = re.sub(r"(?<=\d)\. (?=\d+ (?:cm|mm)\b)", ".", text)
    return re.sub(r"(^|[.!?]\s+)([a-z])", lambda m: m[1] + m[2].upper(), text)


AutoProcessor.register(GraphSumConfig, GraphSumProcessor, exist_ok=True)
