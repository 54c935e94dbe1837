"""Tune a trained model by rewards of what it writes, or by the corrections of its readers.

    graphsum tune --checkpoint RUN --method rloo --rewards rewards.yaml --output-dir TUNED
    graphsum tune --checkpoint RUN --method dpo --preferences corrections.jsonl
    graphsum tune --resume TUNED                     go on with a killed run exactly

rewards.yaml names rewards and judges, which must be other metrics (docs/tuning.md); try it with
`graphsum reward audit` first. The run stops where the reward rises and the judges' score does not.
"""

import argparse
from dataclasses import replace

from graphsum.command_line import add_dataclass_options
from graphsum.options.runs import choose_checkpoint
from graphsum.options.tune_options import TuneOptions, saved_tune_options


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of :class:`TuneOptions`, and what to do with a folder that holds a run."""
    group = parser.add_argument_group("run")
    group.add_argument("--resume", metavar="RUN", help="continue the run in this folder")
    group.add_argument(
        "--overwrite", action="store_true", help="replace the run that is in the folder"
    )
    add_dataclass_options(parser, TuneOptions)


def execute(options: argparse.Namespace) -> None:
    """Tune one model."""
    given = vars(options)
    resume, overwrite = given.pop("resume"), given.pop("overwrite")
    if resume is not None:
        settings = replace(saved_tune_options(resume), **given, output_dir=resume)
    else:
        settings = TuneOptions(**given)
        folder = choose_checkpoint(settings.checkpoint)
        settings = replace(settings, checkpoint=str(folder))

    from graphsum.training.tuning import tune

    run = tune(settings, resume=resume is not None, overwrite=overwrite)
    print(f"done: {run}; next: graphsum evaluate --checkpoint {run}")
