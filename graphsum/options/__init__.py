"""Options of a run, presets and run folders. Nothing here imports torch."""

from graphsum.options.presets import PRESETS
from graphsum.options.pretrain_options import PretrainOptions
from graphsum.options.train_options import (
    LOG_FILE,
    OPTIONS_FILE,
    PROGRESS_FILE,
    Progress,
    TrainOptions,
    flag,
    option,
    read_options,
    resolve,
    run_options,
    save_options,
    with_present_names,
)

__all__ = [
    "LOG_FILE",
    "OPTIONS_FILE",
    "PRESETS",
    "PROGRESS_FILE",
    "PretrainOptions",
    "Progress",
    "TrainOptions",
    "flag",
    "option",
    "read_options",
    "resolve",
    "run_options",
    "save_options",
    "with_present_names",
]
