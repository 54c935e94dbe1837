"""Train a findings -> impression model.

    python train.py --dataset sample                                 invented reports, no data
    python train.py --dataset openi --data-dir DIR --preset small    Open-i, from scratch, CPU
    python train.py --dataset mimic-cxr --preset hu2022              the paper's system
    accelerate launch --num-processes 4 train.py --dataset mimic-cxr

Options come from the preset, then --config FILE (YAML or JSON), then the command line; the
resolved ones are saved with the run. --resume continues a killed run exactly.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from graphsum.command_line import Parser, add_dataclass_options, run
from graphsum.options import TrainOptions, resolve, run_options
from graphsum.options.runs import corpus_of


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="train.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", metavar="FILE", help="options from a YAML or JSON file")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="continue the run in this folder (default: the folder of the other options)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the run that is in the folder"
    )
    add_dataclass_options(parser, TrainOptions)
    given = vars(parser.parse_args(arguments))
    config, resume, overwrite = given.pop("config"), given.pop("resume"), given.pop("overwrite")
    options = resolve(given, config)
    if resume is not None:
        saved = run_options(resume or options.run_dir)
        options = replace(saved, **given, **({"output_dir": resume} if resume else {}))

    corpus = corpus_of(options)  # its mistakes are told before torch is imported

    from graphsum.training.loop import train

    folder = train(options, corpus, resume=resume is not None, overwrite=overwrite)
    print(f"done: {folder}; next: python evaluate.py --checkpoint {folder}")


if __name__ == "__main__":
    run(main)
