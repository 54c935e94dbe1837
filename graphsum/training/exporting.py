"""Export: what generation needs of a checkpoint, in half precision, without local paths."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from graphsum.consensus.neighbours import naming_rates
from graphsum.consensus.settings import CONSENSUS_FILE, ConsensusSettings
from graphsum.consensus.word_pairs import WORD_PAIRS_FILE, WordPairs
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.loading import load_model
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import PROCESSOR_FILE, GraphSumProcessor
from graphsum.models.tokenizers import frequent_tokens, has_words_whole, with_tokens
from graphsum.options import OPTIONS_FILE, PRESETS, TrainOptions, save_options
from graphsum.options.runs import find_checkpoint, options_of_checkpoint, training_reports
from graphsum.pretrained import TOKENIZER_FILE, WEIGHTS_FILE, check_finite, saving
from graphsum.training.checkpoints import save_model, share_weights
from preprocessing.errors import InputError
from preprocessing.files import write_text_atomically
from preprocessing.records import Report

CARD = "README.md"
MIN_REPORTS = 20
PARTS = {
    CARD,
    CONSENSUS_FILE,
    OPTIONS_FILE,
    PROCESSOR_FILE,
    TOKENIZER_FILE,
    WORD_PAIRS_FILE,
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
}
LOCAL = "data_dir split_file annotator_model graphs cache_dir output_dir".split()


@dataclass(frozen=True)
class Exported:
    """What an export wrote: its folder, and how many tokens were left out of how many.

    ``min_reports``: a token of several letters is there only if so many training reports have it;
    None where the vocabulary was not looked through.
    """

    folder: Path
    tokens: int
    left_out: int
    min_reports: int | None


def export_checkpoint(
    checkpoint: str | Path | None,
    folder: str | Path,
    *,
    consensus: bool = False,
    data_dir: str | None = None,
    min_reports: int = MIN_REPORTS,
) -> Exported:
    """Write a run's best checkpoint without contrastive module and optimiser state.

    Weights become float16 (IEEE half precision); :func:`graphsum.models.loading.load_model`
    computes with them in float32. ``options.yaml`` keeps the options but no path of this machine.
    Tokens that would tell of single reports are left out (:func:`frequent_tokens`), with their
    embeddings; words with them are spelled by shorter tokens.

    Args:
        checkpoint: run or checkpoint folder; None: the newest finished run.
        folder: must not exist yet, or hold nothing but a README.md (a model card), which stays;
            what an export that was killed left there is completed.
        consensus: store the settings of consensus decoding, which makes it the default, with the
            naming rates of the training reports (39 shares, no text) and the pairs of frequent
            words that stand side by side there (hashes).
        data_dir: where the run's corpus lies now, when it has moved.
        min_reports: a token of several letters stays only if words with it occur in so many
            different training reports; 1: all stay, those that only one report has too.

    Raises:
        InputError: no checkpoint there, it needs an LLM beside it, the folder is not free, or the
            training reports are needed and cannot be read.
        RunError: the disk is full, or the place not writable.
    """
    source, target = find_checkpoint(checkpoint), Path(folder)
    options = options_of_checkpoint(source)
    refusal = InputError(
        f"{source}: made with an LLM, whose weights it does not hold; copy the folder as it is"
    )
    if options is not None and options.uses_llm:
        raise refusal
    check_free(target)
    counted = min_reports > 1 and not has_public_vocabulary(options)
    train: Sequence[Report] = ()
    if consensus or counted:
        train = reports_for_export(source, data_dir)
    settings = ConsensusSettings(naming_rates=naming_rates(train)) if consensus else None
    model = load_model(source, device="cpu")
    if not isinstance(model, GraphSum):
        raise refusal
    processor = GraphSumProcessor.from_pretrained(source)
    tokens = len(processor.tokenizer)
    if counted:
        model, processor = without_rare_tokens(model, processor, train, min_reports)
    exported = Exported(
        target, tokens, tokens - len(processor.tokenizer), min_reports if counted else None
    )
    model.contrastive = None
    model.config.contrastive_weight = 0.0
    model.config.text_encoder.pop("_name_or_path", None)  # older runs hold a local path there
    half = model.to(torch.float16)
    check_finite(half.state_dict(), f"{source}, in half precision")
    new = target.with_name(f".{target.name}.export")
    try:
        with saving(target):
            shutil.rmtree(new, ignore_errors=True)  # what a kill left
            new.mkdir(parents=True)
            save_model(half, processor, new)
            if settings is not None:
                settings.save_pretrained(new)
                WordPairs.of(train).save_pretrained(new)
            if options is not None:
                save_options(without_paths(options), new)
            if not (target / CARD).exists():
                write_text_atomically(new / CARD, [model_card(exported, options)])
            share_weights(new)
            target.mkdir(exist_ok=True)
            # The weights, which make it a checkpoint, come last.
            for path in sorted(new.iterdir(), key=lambda path: path.suffix == ".safetensors"):
                os.replace(path, target / path.name)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return exported


def check_free(target: Path) -> None:
    """Raises ``InputError`` where the folder holds a checkpoint, or anything but parts of one."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: not a folder; choose another --output")
    if target.exists():
        names = {path.name for path in target.iterdir()}
        if names - PARTS or (names - {CARD} and WEIGHTS_FILE in names):
            raise InputError(f"{target}: already there; choose another --output or delete it first")


def reports_for_export(source: Path, data_dir: str | None) -> Sequence[Report]:
    """The training reports; raises ``InputError`` that says what they are needed for."""
    try:
        return training_reports(source, data_dir)
    except InputError as error:
        raise InputError(
            f"{error}; export counts words in the training reports, so that no rare one is given "
            "away: --data-dir says where they lie (--min-reports 1 keeps all words)"
        ) from None


def has_public_vocabulary(options: TrainOptions | None) -> bool:
    """Is the vocabulary that of a pretrained encoder, with nothing from the reports?"""
    return options is not None and bool(options.encoder) and not options.trim_vocab


def without_rare_tokens(
    model: GraphSum, processor: GraphSumProcessor, train: Sequence[Report], min_reports: int
) -> tuple[GraphSum, GraphSumProcessor]:
    """Model and processor without the tokens that fewer reports have.

    The embeddings of the other tokens are as they were, under new numbers.
    """
    tokenizer = processor.tokenizer
    texts = [(report.findings, report.impression) for report in train]
    kept = frequent_tokens(tokenizer, texts, at_least=min_reports)
    if len(kept) == len(tokenizer):
        return model, processor
    fewer = with_tokens(tokenizer, kept)
    whole = has_words_whole(fewer, (text for pair in texts for text in pair))
    shorter = GraphSumProcessor(fewer, replace(processor.settings, whole_words=whole))
    encoder = model.config.text_encoder | {"vocab_size": len(kept), "pad_token_id": shorter.pad_id}
    config = GraphSumConfig(
        **model.config.to_dict()
        | {
            "vocab_size": len(kept),
            "text_encoder": encoder,
            "pad_token_id": shorter.pad_id,
            "bos_token_id": shorter.start_id,
            "eos_token_id": shorter.end_id,
            "decoder_start_token_id": shorter.start_id,
        }
    )
    smaller = GraphSum(config)
    of_tokens = {
        id(module.weight)
        for part in (model, model.text_encoder)
        for module in (part.get_input_embeddings(), part.get_output_embeddings())
        if module is not None
    }
    rows = torch.tensor(kept)
    named = dict(model.named_parameters(remove_duplicate=False))
    state = {
        name: tensor[rows] if id(named.get(name)) in of_tokens else tensor
        for name, tensor in model.state_dict().items()
    }
    smaller.load_state_dict(state)
    return smaller.eval(), shorter


def model_card(exported: Exported, options: TrainOptions | None) -> str:
    """What whoever gets the checkpoint must know of it."""
    lines = ["# A graphsum checkpoint", "", "It writes impressions. Not for clinical use.", ""]
    if options is not None:
        lines += [f"It was trained on the corpus `{options.dataset}`; see `options.yaml`.", ""]
    if exported.min_reports is None:
        lines.append(
            "It holds no report text. Its vocabulary was not looked through for rare words: it is "
            "that of the pretrained encoder, or whoever exported it kept all words."
        )
    else:
        lines.append(
            "It holds no report text. A token of more than one letter is in its vocabulary only if "
            f"words with it occur in at least {exported.min_reports} different training reports; "
            f"{exported.left_out} of {exported.tokens} tokens were left out."
        )
    lines.append("The weights were fitted to reports: pass them on as the corpus' licence allows.")
    return "\n".join(lines) + "\n"


def without_paths(options: TrainOptions) -> TrainOptions:
    """The options with their defaults in the place of local paths."""
    defaults = {entry.name: entry.default for entry in fields(TrainOptions)}
    changes: dict[str, Any] = {name: defaults[name] for name in LOCAL}
    if options.encoder and Path(options.encoder).is_dir():
        of_preset = PRESETS.get(options.preset or "", {}).get("encoder")
        changes["encoder"] = of_preset or Path(options.encoder).name
    return replace(options, **changes)
