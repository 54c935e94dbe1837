"""Train a findings -> impression model.

    graphsum train --dataset sample                                 invented reports, no data
    graphsum train --dataset openi --data-dir DIR --preset small    Open-i, from scratch, CPU
    graphsum train --dataset mimic-cxr --preset hu2022              the paper's system
    graphsum train --model instruct --llm FOLDER --stages general.yaml radiology.yaml
    accelerate launch --num-processes 4 -m graphsum train --dataset mimic-cxr

Options come from the preset, then --config FILE (YAML or JSON), then the command line; the
resolved ones are saved with the run. --resume continues a killed run exactly. In a clone of the
repository `python train.py` is the same.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from graphsum.command_line import add_dataclass_options
from graphsum.options import OPTIONS_FILE, TrainOptions, resolve, run_options
from graphsum.options.runs import corpus_of, find_checkpoint
from graphsum.tasks.stages import read_stages
from preprocessing.errors import InputError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of :class:`TrainOptions`, and what to do with a folder that holds a run."""
    group = parser.add_argument_group("run")
    group.add_argument("--config", metavar="FILE", help="options from a YAML or JSON file")
    group.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="continue the run in this folder (default: the folder of the other options)",
    )
    group.add_argument(
        "--overwrite", action="store_true", help="replace the run that is in the folder"
    )
    group.add_argument(
        "--download",
        action=argparse.BooleanOptionalAction,
        help="ask the model hub for an encoder or LLM that is no folder (default: yes, but not "
        "with --resume, which takes what is on this machine)",
    )
    add_dataclass_options(parser, TrainOptions)


def execute(options: argparse.Namespace) -> None:
    """Train one model."""
    given = vars(options)
    config, resume, overwrite = given.pop("config"), given.pop("resume"), given.pop("overwrite")
    download = given.pop("download")
    settings = resolve(given, config)
    if resume == "" and not (settings.run_dir / OPTIONS_FILE).exists():
        print(f"{settings.run_dir}: no run to go on with; it begins")
        resume = None
    if resume is not None:
        saved = run_options(resume or settings.run_dir)
        settings = replace(saved, **given, **({"output_dir": resume} if resume else {}))

    if settings.stages:
        if "max_steps" in given:
            raise InputError("--stages have their own steps: leave out --max-steps")
        steps = sum(stage.steps for stage in read_stages(settings.stages))
        settings = replace(settings, max_steps=steps)
    if resume is None:
        check_places(settings)
    corpus = corpus_of(settings)  # its mistakes are reported before torch is imported

    from graphsum.training.loop import train

    folder = train(
        settings, corpus, resume=resume is not None, overwrite=overwrite, download=download
    )
    print(f"done: {folder}; next: graphsum evaluate --checkpoint {folder}")


def check_places(options: TrainOptions) -> None:
    """Raise ``InputError`` at once for a folder that is not there.

    A name with one slash or none may be one of the hub, which is asked for later.
    """
    for name in ("encoder", "llm"):
        place = getattr(options, name)
        is_path = place and (place[0] in "./~" or place.count("/") > 1 or place.endswith("/"))
        path = Path(place or "").expanduser()
        is_file = path.suffix.lower() == ".gguf" and path.is_file()
        if is_path and not is_file and not path.is_dir():
            raise InputError(f"--{name} {place}: no such folder; give a folder or a hub name")
    if options.init_from:
        find_checkpoint(options.init_from)
    if options.graphs and not Path(options.graphs).is_file():
        raise InputError(f"--graphs {options.graphs}: no such file")
