"""Write what generation needs of a run's best checkpoint, in half precision.

No path of this machine goes into it, and no word that only a few training reports have. It holds
no report text, but was trained on reports: pass it on only as the corpus' licence allows.
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
        help="where the training reports lie, of which words are counted, and for --consensus what "
        "their impressions name; default: where training had them",
    )
    add(
        "--min-reports",
        type=int,
        default=20,
        metavar="N",
        help="leave out of the vocabulary what fewer different training reports have, such as "
        "names; single letters stay, and spell it (default: 20; 1: keep all)",
    )


def execute(options: argparse.Namespace) -> None:
    """Export one checkpoint."""
    if options.min_reports < 1:
        raise InputError(f"--min-reports must be at least 1, not {options.min_reports}")
    if options.data_dir and not options.consensus and options.min_reports == 1:
        raise InputError("--data-dir is for --min-reports and --consensus; give one of these too")
    checkpoint = choose_checkpoint(options.checkpoint)

    from graphsum.training.exporting import export_checkpoint

    exported = export_checkpoint(
        checkpoint,
        options.output,
        consensus=options.consensus,
        data_dir=options.data_dir,
        min_reports=options.min_reports,
    )
    folder = exported.folder
    if exported.min_reports is not None:
        print(
            f"vocabulary: {exported.left_out} of {exported.tokens} tokens left out, which fewer "
            f"than {exported.min_reports} different training reports have"
        )
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    print(f"done: {folder} ({size:.1f} MB)")
