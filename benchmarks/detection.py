"""Student against teacher: disease detection on Open-i from weak labels, on the coders' own.

    python benchmarks/detection.py --data-dir DIR --labels openi_gld_std14.csv --encoder FOLDER \\
        --run RUN --tuned-layers 0 --weak-epochs 6

The teacher of multiple choice is the rules, that of the open-ended lists the automatic MeSH tags of
a report (``automatic``). Curated are the 13 classes and the coders' MeSH headings (``major``);
neither they nor the automatic tags are ever an input. benchmarks/openi_terms.tsv maps tags and
headings to terms. A fifth of the reports is held out; a student sees weak labels of the others
alone, and no features of the rules.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from labels import SCHEMA, folds_of  # noqa: E402

from graphsum.cli.label_train import add_fields, given_fields  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.labelers.decision import softmax  # noqa: E402
from graphsum.labelers.detection import (  # noqa: E402
    TASKS,
    compare_micro_f1,
    read_normaliser,
    term_targets,
    write_detection_schema,
)
from graphsum.labelers.examples import PRESENT, UNKNOWN  # noqa: E402
from graphsum.labelers.labels import FOUR_STATES, read_labels  # noqa: E402
from graphsum.labelers.rules import RuleLabeler  # noqa: E402
from graphsum.labelers.schema import load_schema  # noqa: E402
from graphsum.options.label_options import DetectTrainOptions  # noqa: E402
from preprocessing.corpora.openi import _read_files, read_reports  # noqa: E402
from preprocessing.records import Report  # noqa: E402

TERMS = ROOT / "benchmarks" / "openi_terms.tsv"
SYSTEMS = (("mc",), ("open",), TASKS)


def tags_of(data_dir: str) -> dict[str, tuple[list[str], list[str]]]:
    """uid -> automatic tags, and the first parts of the coders' headings."""
    found = {}
    for name, content in _read_files(Path(data_dir)):
        number = re.search(r"\d+", Path(name).stem)
        root = ElementTree.fromstring(content)
        if number:
            automatic, major = (
                [" ".join("".join(one.itertext()).split()) for one in root.iterfind(f"MeSH/{kind}")]
                for kind in ("automatic", "major")
            )
            found[number.group()] = automatic, [one.partition("/")[0] for one in major]
    return found


def sets_of(present: np.ndarray) -> list[frozenset[str]]:
    """The columns that are true in each row, as sets of their numbers."""
    return [frozenset(map(str, np.flatnonzero(row))) for row in present]


def main(arguments: Sequence[str] | None = None) -> None:
    from graphsum.labelers.encoder_training import EncoderTraining
    from graphsum.pretrained import load_encoder, load_tokenizer

    parser = Parser(
        prog="benchmarks/detection.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        conflict_handler="resolve",
    )
    add_fields(parser, DetectTrainOptions)
    parser.add_argument("--data-dir", required=True, metavar="DIR", help="where Open-i lies")
    parser.add_argument("--labels", required=True, metavar="FILE", help="openi_gld_std14.csv")
    parser.add_argument("--run", required=True, metavar="RUN", help="folder of the students")
    options = parser.parse_args(arguments)
    given = given_fields(options, DetectTrainOptions) | {"input": "-", "weak": "-", "labels": None}
    schema, normaliser = load_schema(SCHEMA), read_normaliser(TERMS)
    read = read_labels(options.labels, schema, uid="filename").states
    labels = {uid.removeprefix("CXR"): states for uid, states in read.items()}
    reports = [
        report
        for report in read_reports(options.data_dir)
        if isinstance(report, Report) and report.uid in labels
    ]
    uids = [report.uid for report in reports]
    texts = [f"{report.findings}\n\n{report.impression}" for report in reports]
    tags = tags_of(options.data_dir)
    held_out = folds_of(len(reports)) == 0
    names = schema.names
    rules = [one.states for one in RuleLabeler(schema).label(texts)]
    weak = {
        "mc": np.array([[FOUR_STATES.index(one[name]) for name in names] for one in rules]),
        "open": term_targets(uids, {uid: tags[uid][0] for uid in uids}, normaliser),
    }
    gold = {
        "mc": np.array([[labels[uid][name] == "present" for name in names] for uid in uids]),
        "open": term_targets(uids, {uid: tags[uid][1] for uid in uids}, normaliser) == PRESENT,
    }
    chances: dict[tuple[str, ...], np.ndarray] = {}
    states = None
    for tasks in SYSTEMS:
        folder = Path(options.run) / "-".join(tasks)
        folder.mkdir(parents=True, exist_ok=True)
        joint = write_detection_schema(folder / "schema.yaml", schema, normaliser.terms, tasks)
        settings = DetectTrainOptions(**given).labeler_options()
        training = EncoderTraining(
            joint,
            load_encoder(str(settings.encoder)),
            load_tokenizer(str(settings.encoder)),
            texts,
            options=settings,
            run=folder,
        )
        if states is not None and settings.tuned_layers == 0:
            training._states = states
        targets = np.concatenate([weak[task] for task in tasks], axis=1)
        targets[held_out] = UNKNOWN
        width = len(names) if "mc" in tasks else 0
        lists_say = np.arange(targets.shape[1]) >= width
        training.learn_weak(targets, positives=lists_say)
        chances[tasks] = softmax(training.logits(np.flatnonzero(held_out)).astype(float))
        if settings.tuned_layers == 0:
            states = training._states
    print(f"{int(held_out.sum())} reports held out, {int((~held_out).sum())} with weak labels")
    for task in TASKS:
        wanted = sets_of(gold[task][held_out])
        teacher = sets_of(weak[task][held_out] == PRESENT)
        show(task, "teacher", compare_micro_f1(wanted, teacher))
        for tasks in (one for one in SYSTEMS if task in one):
            first = len(names) if task == "open" and "mc" in tasks else 0
            own = chances[tasks][:, first : first + gold[task].shape[1], PRESENT] >= 0.5
            name = "student, joint" if len(tasks) > 1 else "student, alone"
            show(task, name, compare_micro_f1(wanted, sets_of(own), teacher))


def show(task: str, name: str, scores: dict[str, float]) -> None:
    """Print one row."""
    low, high = scores["ci95"]  # type: ignore[misc]
    p_value = f"  p against the teacher {scores['p_value']:.4f}" if "p_value" in scores else ""
    print(
        f"{task:6}{name:16} P {scores['precision']:.3f} R {scores['recall']:.3f} "
        f"micro F1 {scores['f1']:.3f} [{low:.3f}, {high:.3f}]{p_value}"
    )


if __name__ == "__main__":
    run(main)
