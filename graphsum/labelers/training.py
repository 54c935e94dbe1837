"""What ``graphsum label train`` does once texts and labels are read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graphsum.labelers.encoder_training import EncoderTraining, train_encoder
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
    assert settings.encoder is not None
    with clear_errors(settings.encoder, "--encoder"), downloads(download):
        encoder = load_encoder(settings.encoder)
        tokenizer = load_tokenizer(settings.encoder)
    training = EncoderTraining(schema, encoder, tokenizer, list(texts), options=settings, run=run)
    train_encoder(training, targets["curated"], targets["weak"])
