"""A run's corpus and its checkpoints: what is needed before torch. Nothing here imports it."""

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphsum.options.train_options import (
    LOG_FILE,
    OPTIONS_FILE,
    PROGRESS_FILE,
    Progress,
    TrainOptions,
    run_options,
)
from preprocessing.corpora import INVENTED, Corpus, load_corpus
from preprocessing.errors import InputError, closest
from preprocessing.files import read_jsonl
from preprocessing.records import Report

logger = logging.getLogger(__name__)
RUNS = Path("checkpoints")
PACKAGE = Path(__file__).resolve().parents[1]
# The shipped checkpoint: of the current folder, in an installed wheel, in a clone.
SHIPPED = (
    RUNS / "openi",
    PACKAGE / "checkpoints" / "openi",
    PACKAGE.parent / "checkpoints" / "openi",
)
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "adapter/adapter_model.safetensors",
)


def find_checkpoint(name: str | Path | None, *, for_use: bool = False) -> Path:
    """The folder with the weights: ``name`` itself, its ``best/``, or that of the newest run.

    Without a name only finished runs count (:func:`is_finished`); if there is none, the shipped
    checkpoint is taken.

    Args:
        for_use: to write impressions of somebody's findings: without name a run on the invented
            ``sample`` counts only where there is nothing else.

    Raises:
        InputError: no checkpoint there, or no run yet.
    """
    if name is None:
        return newest_checkpoint(for_use=for_use)
    folder = Path(name)
    for candidate in (folder, folder / "best"):
        if any((candidate / weights).is_file() for weights in WEIGHTS):
            return candidate
    if not folder.is_dir():
        known = [str(path) for path in RUNS.glob("*") if path.is_dir()]
        raise InputError(
            f"{name}: no such folder{closest(str(name), known)}; give a run of graphsum train or a "
            "checkpoint folder"
        )
    raise InputError(
        f"{name}: not a graphsum checkpoint (no {WEIGHTS[0]} in it or in best/); give the folder "
        "that graphsum train wrote"
    )


def newest_checkpoint(*, for_use: bool) -> Path:
    """The best checkpoint of the finished run that wrote one last, or the shipped checkpoint.

    Runs are looked for under ``checkpoints/`` of the current folder.

    Raises:
        InputError: there is neither.
    """
    runs = [path.parent for path in RUNS.glob(f"*/{OPTIONS_FILE}")]
    best = [run / "best" for run in runs if (run / "best").is_dir() and is_finished(run)]
    best.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    shipped = [folder for folder in SHIPPED if (folder / WEIGHTS[0]).is_file()]
    preferred = [folder for folder in best if not is_on_sample(folder)] if for_use else best
    for folder in (*preferred, *shipped, *best):
        return folder
    raise InputError(
        f"no finished run under {RUNS}/; train one (graphsum train --dataset sample) or give "
        "--checkpoint FOLDER"
    )


def is_finished(run: Path) -> bool:
    """Did the run reach its last step, or stop early by ``--patience``?

    This follows from the run's options and the progress in ``last/``, so it holds for runs of any
    age, and a run that is resumed with more steps is in progress again. A run without ``last/``
    (deleted to save space), or whose options cannot be read, counts as finished.
    """
    try:
        progress = Progress.read(run / "last")
        options = run_options(run)
    except InputError:
        return not (run / "last").is_dir() or (run / "last" / PROGRESS_FILE).is_file()
    without_gain = progress.validations_without_gain
    stopped_early = bool(options.patience) and without_gain >= options.patience
    return stopped_early or progress.step >= options.max_steps


def choose_checkpoint(name: str | Path | None, *, for_use: bool = False) -> Path:
    """As :func:`find_checkpoint`; a checkpoint that was not named is reported on stderr.

    Of several processes the first one reports it.
    """
    folder = find_checkpoint(name, for_use=for_use)
    if name is None and os.environ.get("RANK", "0") == "0":
        print(
            f"checkpoint: {describe_checkpoint(folder)} (--checkpoint FOLDER for another)",
            file=sys.stderr,
        )
    return folder


def describe_checkpoint(folder: Path) -> str:
    """Its folder, its corpus and its training step, as far as the files beside it tell them."""
    parts = [str(folder)]
    with suppress(InputError):
        options = options_of_checkpoint(folder)
        if options is not None:
            parts.append(f"trained on {options.dataset}")
    with suppress(InputError):
        parts.append(f"step {Progress.read(folder).step}")
    return ", ".join(parts)


def is_on_sample(checkpoint: Path) -> bool:
    """Was it trained on invented reports, as far as its options can be read?"""
    with suppress(InputError):
        options = options_of_checkpoint(checkpoint)
        return options is not None and options.dataset in INVENTED
    return False


def options_of_checkpoint(checkpoint: Path) -> TrainOptions | None:
    """The options that a checkpoint was trained with, or None when they are not beside it."""
    for folder in (checkpoint, checkpoint.parent):
        if (folder / OPTIONS_FILE).is_file():
            return run_options(folder)
    return None


def context_kinds_of(checkpoint: Path) -> tuple[str, ...]:
    """The kinds of context that a checkpoint's model reads, as far as its options tell."""
    with suppress(InputError):
        options = options_of_checkpoint(checkpoint)
        return () if options is None else options.context_kinds
    return ()


def run_log(checkpoint: Path) -> list[dict[str, Any]]:
    """The entries that training logged, or none when they are not beside the checkpoint."""
    for folder in (checkpoint, checkpoint.parent):
        if (folder / LOG_FILE).is_file():
            return list(read_jsonl(folder / LOG_FILE))
    return []


def trained_on(saved: TrainOptions, now: TrainOptions, reports: Sequence[Report]) -> int:
    """How many of the reports a checkpoint was trained on, if by another split than ``now``.

    Where the parts that it was trained by are not here any more, that is logged, and it is 0.

    Args:
        saved: the options that it was trained with.
        now: where the reports come from; the corpus is read once more with ``saved``'s split.
    """
    split = {
        name: getattr(saved, name) for name in ("split", "split_seed", "split_file", "inclusion")
    }
    before = replace(now, **split)
    if saved.dataset != now.dataset or before == now:
        return 0
    try:
        train = corpus_of(before).train
    except InputError as error:
        logger.warning("it is not known whether these reports were trained on: %s", error)
        return 0
    uids = {report.uid for report in train}
    return sum(report.uid in uids for report in reports)


def training_reports(checkpoint: Path, data_dir: str | None = None) -> Sequence[Report]:
    """The reports that a checkpoint was trained on, from ``data_dir`` or where its run had them.

    Raises:
        InputError: it does not say by which corpus and split, or they are not there.
    """
    options = options_of_checkpoint(checkpoint)
    if options is None:
        raise InputError(
            f"{checkpoint}: no {OPTIONS_FILE} says what it was trained on; give a run of graphsum "
            "train"
        )
    return corpus_of(replace(options, data_dir=data_dir or options.data_dir)).train


def corpus_of(options: TrainOptions) -> Corpus:
    """The corpus and split that the options name."""
    return load_corpus(
        options.dataset,
        data_dir=options.data_dir,
        split=options.split,
        split_seed=options.split_seed,
        split_file=options.split_file,
        inclusion=options.inclusion,
        columns=options.columns or None,
    )
