"""What ``graphsum label train`` does once texts and labels are read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphsum.labelers.encoder_training import EncoderTraining, train_encoder
from graphsum.labelers.llm_training import train_llm
from graphsum.labelers.schema import Schema
from graphsum.llm.loading import clear_errors
from graphsum.options.label_options import LabelTrainOptions
from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.pretrained import downloads, load_encoder, load_tokenizer


@out_of_memory_as_input_error()
def train_labeler(
    settings: LabelTrainOptions,
    schema: Schema,
    texts: Sequence[str],
    targets: Mapping[str, np.ndarray],
    *,
    run: Path,
    download: bool = False,
) -> None:
    """Train a labeler into a folder.

    Args:
        settings: of the training.
        schema: its classes.
        texts: the reports.
        targets: ``curated`` and ``weak``, [n, C].
        run: the folder.
        download: whether the model hub may be asked.
    """
    with downloads(download):
        if settings.labeler == "llm":
            train_llm(settings, schema, texts, targets["curated"], targets["weak"], run=run)
            return
        training = _encoder_training(settings, schema, texts, run)
    positives = settings.labels_say == "positives"
    train_encoder(training, targets["curated"], targets["weak"], positives=positives)


@out_of_memory_as_input_error()
def train_detector(
    settings: LabelTrainOptions,
    schema: Schema,
    texts: Sequence[str],
    targets: Mapping[str, np.ndarray],
    *,
    terms: Sequence[str],
    run: Path,
    list_prompt: str | None = None,
    download: bool = False,
) -> None:
    """Train a detector into a folder: the labeler of a schema that has the terms as classes.

    Args:
        settings: of the training.
        schema: the classes, the last of which are the terms.
        texts: the reports.
        targets: ``curated`` and ``weak``, [n, C].
        terms: of the lists, in their order; none: multiple choice alone.
        run: the folder.
        list_prompt: the file of what an LLM is asked for a list; None: the shipped one.
        download: whether the model hub may be asked.
    """
    with downloads(download):
        if settings.labeler == "llm":
            train_llm(
                settings, schema, texts, targets["curated"], targets["weak"], run=run, terms=terms,
                list_prompt=list_prompt,
            )  # fmt: skip
            return
        training = _encoder_training(settings, schema, texts, run)
    # A list tells only what is present.
    positives = np.arange(len(schema.names)) >= len(schema.names) - len(terms)
    train_encoder(
        training, targets["curated"], targets["weak"], positives=positives,
        weak_positives=positives,
    )  # fmt: skip


def _encoder_training(
    settings: LabelTrainOptions, schema: Schema, texts: Sequence[str], run: Path
) -> EncoderTraining:
    name = str(settings.encoder)
    with clear_errors(name, "--encoder"):
        encoder, tokenizer = load_encoder(name), load_tokenizer(name)
    return EncoderTraining(schema, encoder, tokenizer, texts, options=settings, run=run)
