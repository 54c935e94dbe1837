"""Train a labeler on annotated reports, on weak labels, or on weak ones first.

    graphsum label --input reports.csv --output weak.csv --labeler rules --schema my.yaml
    graphsum label train --labeler encoder --encoder FOLDER --input reports.csv \\
        --weak weak.csv --labels annotated.csv --schema my.yaml --output-dir RUN
    graphsum label --input others.csv --output labels.csv --labeler RUN

Tables have a column uid; labels have one column a class with 1, 0, -1 or nothing, as CheXpert
writes them. A training that was stopped goes on when the same command is given again.
"""

import argparse
import shutil
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from graphsum.command_line import add_dataclass_options
from graphsum.labelers.labeler import LABELER_FILE
from graphsum.labelers.labeling import open_reports
from graphsum.labelers.labels import read_labels
from graphsum.labelers.schema import Schema, load_schema
from graphsum.options import OPTIONS_FILE
from graphsum.options.label_options import DetectTrainOptions, LabelTrainOptions
from preprocessing.errors import InputError
from preprocessing.files import digest_of, locked_folder, read_yaml, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of :class:`LabelTrainOptions`, and what to do with a folder that holds a run."""
    group = parser.add_argument_group("run")
    group.add_argument(
        "--overwrite", action="store_true", help="replace the labeler that is in the folder"
    )
    group.add_argument(
        "--download",
        action="store_true",
        help="ask the model hub for an encoder or LLM that is no folder",
    )
    add_fields(parser, LabelTrainOptions)


def add_fields(parser: argparse.ArgumentParser, cls: type) -> None:
    """The fields of a dataclass as options; None, not what the parent command has, if not given."""
    add_dataclass_options(parser, cls)
    parser.set_defaults(**dict.fromkeys(entry.name for entry in fields(cls)))


def given_fields(options: argparse.Namespace, cls: type) -> dict[str, Any]:
    """Those of them that were given."""
    values = {entry.name: getattr(options, entry.name) for entry in fields(cls)}
    return {name: value for name, value in values.items() if value is not None}


def execute(options: argparse.Namespace) -> None:
    """Train one labeler."""
    settings = LabelTrainOptions(**given_fields(options, LabelTrainOptions))
    schema = load_schema(settings.schema)
    texts, found = read_examples(settings, schema)
    run = Path(settings.output_dir)
    with locked_folder(run):
        prepare(run, settings, overwrite=options.overwrite)
        from graphsum.labelers.training import train_labeler

        train_labeler(settings, schema, texts, found, run=run, download=options.download)
        shutil.rmtree(run / "training", ignore_errors=True)
    print(f"done: {run}; next: graphsum label --labeler {run} --input TABLE --output LABELS")


def read_examples(settings: LabelTrainOptions, schema: Schema) -> tuple[list[str], dict[str, Any]]:
    """The texts and, of ``curated`` and ``weak`` labels, the targets [n, C].

    Raises:
        InputError: a table is not as it must be, or has labels of none of the texts.
    """
    from graphsum.labelers.examples import IN_THE_INPUT, targets_of, texts_by_uid

    assert settings.input is not None
    text = [settings.column] if settings.column else []
    texts = texts_by_uid(open_reports(settings.input, text=text, uid=settings.uid_column))
    found = {}
    for name, path in (("curated", settings.labels), ("weak", settings.weak)):
        place = settings.input if path == IN_THE_INPUT else path
        table = read_labels(place, schema, uid=settings.uid_column) if place else None
        found[name] = targets_of(list(texts), table, schema.names)
    return list(texts.values()), found


def prepare(
    run: Path, settings: LabelTrainOptions | DetectTrainOptions, *, overwrite: bool
) -> None:
    """Make a run's folder, or see that the run in it can go on.

    Raises:
        InputError: a labeler is there already, or a run with other options or tables; or a file
            with a prompt is none.
    """
    import yaml

    from graphsum.labelers.examples import IN_THE_INPUT
    from graphsum.labelers.skeleton import load_prompt
    from graphsum.labelers.term_lists import load_list_prompt

    if settings.labeler == "llm":
        load_prompt(settings.prompt)
        load_list_prompt(getattr(settings, "list_prompt", None))
    names = ("input", "labels", "weak", "terms", "prompt", "list_prompt")
    tables = [path for name in names if (path := getattr(settings, name, None))]
    digests = {path: digest_of(path) for path in tables if path != IN_THE_INPUT}
    values = {**asdict(settings), "tables": digests}
    path = run / OPTIONS_FILE
    if overwrite:
        for one in run.iterdir():
            if one.name != ".lock":
                shutil.rmtree(one) if one.is_dir() else one.unlink()
    if (run / LABELER_FILE).exists():
        raise InputError(f"{run}: holds a labeler already; give --overwrite or another folder")
    begun = (run / "training").exists()  # not where the encoder or LLM was not even found
    if begun and path.exists() and read_yaml(path) != values:
        raise InputError(
            f"{run}: holds a training with other options or tables; repeat its command to go on, "
            "or give --overwrite"
        )
    write_text_atomically(path, [yaml.safe_dump(values, sort_keys=False)])
