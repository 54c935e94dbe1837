"""Train a detector on weak detections: multiple choice and open-ended lists, jointly.

    graphsum detect train --encoder FOLDER --input reports.csv --weak weak.jsonl \\
        --terms terms.tsv --output-dir RUN
    graphsum detect train --labeler llm --llm FOLDER --input reports.csv --weak weak.jsonl \\
        --terms terms.tsv --output-dir RUN

Weak detections are learnt first, curated ones (--labels) after. The normaliser --terms is fixed
before training; a copy stays with the detector.
"""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphsum.cli.label_train import add_fields, given_fields, prepare
from graphsum.labelers.labeling import open_reports
from graphsum.labelers.labels import read_labels
from graphsum.labelers.schema import Schema, load_schema
from graphsum.options.label_options import DetectTrainOptions
from preprocessing.errors import InputError
from preprocessing.files import locked_folder

if TYPE_CHECKING:
    from graphsum.labelers.detection import Normaliser

TERMS_FILE = "terms.tsv"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of :class:`DetectTrainOptions`, and what to do with a folder that holds a run."""
    group = parser.add_argument_group("run")
    group.add_argument(
        "--overwrite", action="store_true", help="replace the detector that is in the folder"
    )
    group.add_argument("--download", action="store_true", help="ask the model hub for a model")
    add_fields(parser, DetectTrainOptions)


def execute(options: argparse.Namespace) -> None:
    """Train one detector."""
    from graphsum.labelers.detection import (
        parse_tasks,
        read_normaliser,
        write_detection_schema,
        write_normaliser,
    )
    from graphsum.labelers.examples import texts_by_uid

    settings = DetectTrainOptions(**given_fields(options, DetectTrainOptions))
    tasks = parse_tasks(settings.tasks)
    schema = load_schema(settings.schema)
    normaliser = None
    if "open" in tasks:
        if not settings.terms:
            raise InputError("--terms is missing: the normaliser of the findings")
        normaliser = read_normaliser(settings.terms)
    text = [settings.column] if settings.column else []
    texts = texts_by_uid(open_reports(str(settings.input), text=text, uid=settings.uid_column))
    targets = {
        name: _targets(path, list(texts), schema, tasks, normaliser)
        for name, path in (("weak", settings.weak), ("curated", settings.labels))
    }
    run = Path(settings.output_dir)
    with locked_folder(run):
        prepare(run, settings, overwrite=options.overwrite)
        terms = normaliser.terms if normaliser else ()
        joint = write_detection_schema(run / "detection.yaml", schema, terms, tasks)
        if normaliser:
            write_normaliser(normaliser.term_of.items(), run / TERMS_FILE)
        from graphsum.labelers.training import train_detector

        train_detector(
            settings.labeler_options(), joint, list(texts.values()), targets, terms=terms, run=run,
            list_prompt=settings.list_prompt, download=options.download,
        )  # fmt: skip
        shutil.rmtree(run / "training", ignore_errors=True)
    print(f"done: {run}; next: graphsum detect --detector {run} --input TABLE --output FOUND")


def _targets(
    path: str | None,
    uids: list[str],
    schema: Schema,
    tasks: tuple[str, ...],
    normaliser: "Normaliser | None",
) -> Any:
    """The targets of a file of detections, [n, classes and terms]."""
    import numpy as np

    from graphsum.labelers.detection import read_findings, term_targets
    from graphsum.labelers.examples import targets_of

    parts = []
    if "mc" in tasks:
        table = read_labels(path, schema) if path else None
        parts.append(targets_of(uids, table, schema.names))
    if normaliser:
        lists = read_findings(path) if path else {}
        normaliser.check(lists, str(path))
        parts.append(term_targets(uids, lists, normaliser))
    return np.concatenate(parts, axis=1)
