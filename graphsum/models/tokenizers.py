"""Tokenizers: trained from scratch, or a pretrained vocabulary fitted to the texts."""

import copy
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from graphsum.consensus.neighbours import WORD
from preprocessing.errors import InputError
from preprocessing.files import parse_json

METASPACE = "\u2581"  # stands before a word's first token
WHOLE_WORDS = 0.98  # share of the words of the training texts that has to be whole
WHOLE_WORD_COUNT = 5  # occurrences that make a word a token of a trimmed vocabulary


def first_id(tokenizer: PreTrainedTokenizerBase, *names: str) -> int:
    """Id of the first of these special tokens that the tokenizer has.

    Raises:
        InputError: it has none of them.
    """
    for name in names:
        if getattr(tokenizer, name, None) is not None:
            return tokenizer.convert_tokens_to_ids(getattr(tokenizer, name))
    raise InputError(f"the tokenizer has no {' or '.join(names)}; choose another --encoder")


def has_words_whole(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> bool:
    """Whether of all words of ``texts`` at least ``WHOLE_WORDS`` are one token.

    So it is with a vocabulary made for them or fitted to them (0.99 on Open-i), not with a general
    one (0.75), nor where the texts have far more words than the vocabulary has tokens.
    """
    words = Counter(word for text in texts for word in WORD.findall(text.lower()))
    whole = sum(count for word, count in words.items() if len(tokenizer.tokenize(word)) == 1)
    return whole >= WHOLE_WORDS * words.total() > 0


def trim_tokenizer(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]
) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer fitted to ``texts``: frequent words whole, and what else they use.

    A general vocabulary splits a quarter of a radiologist's words ("pneumothorax" into six
    tokens). Words that occur ``WHOLE_WORD_COUNT`` times become tokens of their own; of the other
    tokens those stay that ``texts`` still use, and single characters, which spell the rest.

    Raises:
        InputError: the tokenizer is of another kind.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    values = parse_json(backend.to_str(), "tokenizer") if backend is not None else {"model": {}}
    if backend is None or values["model"].get("type") != "WordPiece":
        raise InputError("--trim-vocab needs an encoder with a WordPiece tokenizer, such as BERT's")
    texts = list(texts)
    normalized = map(backend.normalizer.normalize_str, texts)
    words = Counter(
        word for text in normalized for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)
    )
    vocabulary = values["model"]["vocab"]
    whole = sorted(w for w, n in words.items() if n >= WHOLE_WORD_COUNT and w not in vocabulary)
    order = [*sorted(vocabulary, key=vocabulary.get), *whole]
    longer = with_vocabulary(tokenizer, values, order)
    used = {token["content"] for token in values["added_tokens"]}
    used.update(tokenizer.all_special_tokens, whole)
    for text in texts:
        used.update(longer.tokenize(text, verbose=False))
    return with_vocabulary(
        tokenizer, values, [token for token in order if token in used or single_character(token)]
    )


def with_vocabulary(
    tokenizer: PreTrainedTokenizerBase, values: dict[str, Any], tokens: Sequence[str]
) -> PreTrainedTokenizerFast:
    """The fast tokenizer that ``values`` describe, with other tokens, numbered in their order."""
    from tokenizers import Tokenizer

    number = {token: new for new, token in enumerate(tokens)}
    values = copy.deepcopy(values)
    values["model"]["vocab"] = number
    if "merges" in values["model"]:
        values["model"]["merges"] = [
            [left, right]
            for left, right in values["model"]["merges"]
            if {left, right, left + right} <= number.keys()
        ]
    for token in values["added_tokens"]:
        token["id"] = number[token["content"]]
    framing = values["post_processor"] or {}
    for name, token in framing.get("special_tokens", {}).items():
        token["ids"] = [number[name]]
    for name in {"cls", "sep"} & framing.keys():  # BERT's and RoBERTa's own form: token and id
        framing[name][1] = number[framing[name][0]]
    values["truncation"] = values["padding"] = None
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(values)), **tokenizer.special_tokens_map
    )


def single_character(token: str) -> bool:
    return len(token.removeprefix("##")) == 1 and token.isascii()


def frequent_tokens(
    tokenizer: PreTrainedTokenizerBase, reports: Iterable[Sequence[str]], *, at_least: int
) -> list[int]:
    """Ids of the tokens that tell nothing of a single report, increasing.

    These are the special tokens, single characters, and the tokens that occur within the words of
    ``at_least`` different reports. A name that two reports have is not among them, nor are the
    pieces that only it has.

    Args:
        reports: the texts of each training report.

    Raises:
        InputError: the tokenizer is of a kind whose tokens cannot be counted.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    values = parse_json(backend.to_str(), "the tokenizer") if backend is not None else {}
    model = values.get("model", {})
    if backend is None or model.get("type") not in ("WordPiece", "BPE"):
        raise InputError("tokens can be counted in vocabularies of WordPiece and BPE only")
    prefix = model.get("continuing_subword_prefix") or ""
    vocabulary = model["vocab"]
    longest = max(map(len, vocabulary))
    kept = {token["content"] for token in values["added_tokens"]}
    kept.update(token for token in vocabulary if is_short(token, prefix))

    @cache
    def within(word: str) -> frozenset[str]:
        """The tokens that could be a part of the word."""
        return frozenset(
            token
            for start in range(len(word))
            for end in range(start + 1, min(len(word), start + longest) + 1)
            if (token := (prefix if start else "") + word[start:end]) in vocabulary
        )

    counts: Counter[str] = Counter()
    for texts in reports:
        words = {
            word
            for text in texts
            for word, _ in backend.pre_tokenizer.pre_tokenize_str(
                backend.normalizer.normalize_str(text)
            )
        }
        counts.update(frozenset().union(*map(within, words)))
    kept.update(token for token, count in counts.items() if count >= at_least)
    return sorted(vocabulary[token] for token in kept if token in vocabulary)


def is_short(token: str, prefix: str = "") -> bool:
    """Is it a single character, or the mark of a word's beginning, or both?"""
    return len(token.removeprefix(prefix).removeprefix(METASPACE)) <= 1


def with_tokens(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> PreTrainedTokenizerFast:
    """The tokenizer with these of its tokens only, numbered anew in their order."""
    values = parse_json(tokenizer.backend_tokenizer.to_str(), "the tokenizer")
    return with_vocabulary(tokenizer, values, tokenizer.convert_ids_to_tokens(list(ids)))


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> PreTrainedTokenizerFast:
    """A lower-casing BPE tokenizer fitted to ``texts``, with BERT's special tokens.

    Words and punctuation marks are split first, so no token spans two of them. The same texts
    give the same tokenizer (the library's WordPiece trainer breaks ties at random, see
    github.com/huggingface/tokenizers/issues/1794; its BPE without prefix does not).
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = BpeTrainer(
        vocab_size=vocab_size, min_frequency=2, special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
