"""Export: what generation needs of a checkpoint, in half precision, without local paths."""

import os
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from graphsum.consensus.neighbours import naming_rates
from graphsum.consensus.settings import ConsensusSettings
from graphsum.models.loading import load_model
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import GraphSumProcessor
from graphsum.options import PRESETS, TrainOptions, save_options
from graphsum.options.runs import find_checkpoint, options_of_checkpoint, training_reports
from graphsum.training.checkpoints import share_weights
from preprocessing.errors import InputError

LOCAL = "data_dir split_file annotator_model graphs cache_dir output_dir".split()


def export_checkpoint(
    checkpoint: str | Path | None,
    folder: str | Path,
    *,
    consensus: bool = False,
    data_dir: str | None = None,
) -> Path:
    """Write a run's best checkpoint without contrastive module and optimiser state.

    Weights become float16 (IEEE half precision); :func:`graphsum.models.loading.load_model`
    computes with them in float32. ``options.yaml`` keeps the options but no path of this machine.

    Args:
        checkpoint: run or checkpoint folder; None: the newest finished run.
        folder: must not exist yet, or hold nothing but a README.md (a model card), which stays.
        consensus: store the settings of consensus decoding, which makes it the default, with the
            naming rates of the training reports (39 shares, no text).
        data_dir: where the run's corpus lies now, when it has moved.

    Raises:
        InputError: no checkpoint there, it needs an LLM beside it, the folder is not free, or with
            ``consensus`` the training reports cannot be read.
    """
    source, target = find_checkpoint(checkpoint), Path(folder)
    options = options_of_checkpoint(source)
    refusal = InputError(
        f"{source}: made with an LLM, whose weights it does not hold; copy the folder as it is"
    )
    if options is not None and options.uses_llm:
        raise refusal
    if target.exists() and {path.name for path in target.iterdir()} - {"README.md"}:
        raise InputError(f"{target}: already there; choose another --output or delete it first")
    settings = None
    if consensus:
        settings = ConsensusSettings(naming_rates=naming_rates(training_reports(source, data_dir)))
    model = load_model(source, device="cpu")
    if not isinstance(model, GraphSum):
        raise refusal
    model.contrastive = None
    model.config.contrastive_weight = 0.0
    model.config.text_encoder.pop("_name_or_path", None)  # older runs hold a local path there
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{new}: cannot be written ({error.strerror})") from None
    model.to(torch.float16).save_pretrained(new)
    GraphSumProcessor.from_pretrained(source).save_pretrained(new)
    if settings is not None:
        settings.save_pretrained(new)
    if options is not None:
        save_options(without_paths(options), new)
    share_weights(new)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(new.iterdir(), key=lambda path: path.suffix == ".safetensors"):
        os.replace(path, target / path.name)  # the weights, which make it a checkpoint, last
    new.rmdir()
    return target


def without_paths(options: TrainOptions) -> TrainOptions:
    """The options with their defaults in the place of local paths."""
    defaults = {entry.name: entry.default for entry in fields(TrainOptions)}
    changes: dict[str, Any] = {name: defaults[name] for name in LOCAL}
    if options.encoder and Path(options.encoder).is_dir():
        of_preset = PRESETS.get(options.preset or "", {}).get("encoder")
        changes["encoder"] = of_preset or Path(options.encoder).name
    return replace(options, **changes)
