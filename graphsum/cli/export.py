"""Write what generation needs of a run's best checkpoint, in half precision.

No path of this machine goes into it. It holds no report text, but was trained on reports: pass it
on only as the corpus' licence allows.
"""

import argparse

from graphsum.options.runs import choose_checkpoint
from preprocessing.errors import InputError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum export``."""
    add = parser.add_argument
    add("--checkpoint", metavar="FOLDER", help="run; default: the newest finished one")
    add("--output", metavar="FOLDER", required=True, help="a new folder")
    add("--consensus", action="store_true", help="it is to use consensus decoding by default")
    add(
        "--data-dir",
        metavar="DIR",
        help="where the training reports lie, of which --consensus counts what their impressions "
        "name; default: where training had them",
    )


def execute(options: argparse.Namespace) -> None:
    """Export one checkpoint."""
    if options.data_dir and not options.consensus:
        raise InputError("--data-dir is for --consensus; give both or none")
    checkpoint = choose_checkpoint(options.checkpoint)

    from graphsum.training.exporting import export_checkpoint

    folder = export_checkpoint(
        checkpoint, options.output, consensus=options.consensus, data_dir=options.data_dir
    )
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    print(f"done: {folder} ({size:.1f} MB)")
