"""Student against teacher: disease detection on Open-i from weak labels, on the coders' own.

    python benchmarks/detection.py --data-dir DIR --labels openi_gld_std14.csv --encoder FOLDER \\
        --run RUN --tuned-layers 0 --weak-epochs 6
    python benchmarks/detection.py --data-dir DIR --labels openi_gld_std14.csv --llm FOLDER \\
        --run RUN --sample 200 --batch-size 8

The teacher of multiple choice is the rules, that of the open-ended lists the automatic MeSH tags of
a report (``automatic``). Curated are the 13 classes and the coders' MeSH headings (``major``);
neither they nor the automatic tags are ever an input. benchmarks/openi_terms.tsv maps tags and
headings to terms. A fifth of the reports is held out; a student sees weak labels of the others
alone, and no features of the rules. With --sample N it sees N of them, and N of the fifth are
scored. RUN keeps what is trained, so that a run that was stopped goes on.
"""

import argparse
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from labels import SCHEMA, folds_of  # noqa: E402
from observations import SEED  # noqa: E402

from graphsum.cli.label_train import add_fields, given_fields  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.labelers.decision import softmax  # noqa: E402
from graphsum.labelers.detection import (  # noqa: E402
    FINDING,
    TASKS,
    compare_micro_f1,
    read_normaliser,
    term_targets,
    write_detection_schema,
)
from graphsum.labelers.examples import PRESENT, UNKNOWN  # noqa: E402
from graphsum.labelers.labels import FOUR_STATES, read_labels  # noqa: E402
from graphsum.labelers.rules import RuleLabeler  # noqa: E402
from graphsum.labelers.schema import Schema, load_schema  # noqa: E402
from graphsum.options.label_options import (  # noqa: E402
    DetectTrainOptions,
    LabelTrainOptions,
)
from preprocessing.corpora.openi import _read_files, read_reports  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.files import json_text, write_text_atomically  # noqa: E402
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


def sample_of(held_out: np.ndarray, count: int) -> np.ndarray:
    """The places of so many reports that are held out, and as many others, in their order."""
    generator = np.random.default_rng(SEED)
    parts = [generator.permutation(np.flatnonzero(part)) for part in (held_out, ~held_out)]
    return np.sort(np.concatenate([part[:count] for part in parts]))


def encoder_finds(
    settings: LabelTrainOptions,
    targets: Mapping[tuple[str, ...], np.ndarray],
    schemas: Mapping[tuple[str, ...], Schema],
    texts: Sequence[str],
    held_out: np.ndarray,
    run: Path,
) -> dict[tuple[str, ...], np.ndarray]:
    """Tasks -> what encoders that learn them call present in the reports held out, [n, C].

    Args:
        settings: of the training.
        targets: tasks -> the weak labels, [n, C]; unknown where held out.
        schemas: tasks -> the classes and terms.
        texts: of all reports.
        held_out: which are held out, [n].
        run: the folder of the encoders.
    """
    from graphsum.labelers.encoder_training import EncoderTraining
    from graphsum.pretrained import load_encoder, load_tokenizer

    found = {}
    states = None
    for tasks, own in targets.items():
        folder = run / "-".join(tasks)
        folder.mkdir(parents=True, exist_ok=True)
        training = EncoderTraining(
            schemas[tasks],
            load_encoder(str(settings.encoder)),
            load_tokenizer(str(settings.encoder)),
            texts,
            options=settings,
            run=folder,
        )
        if states is not None and settings.tuned_layers == 0:
            training._states = states
        width = len(schemas["mc",].names) if "mc" in tasks else 0
        training.learn_weak(own, positives=np.arange(own.shape[1]) >= width)
        chances = softmax(training.logits(np.flatnonzero(held_out)).astype(float))
        found[tasks] = chances[..., PRESENT] >= 0.5
        if settings.tuned_layers == 0:
            states = training._states
    return found


def llm_finds(
    settings: LabelTrainOptions,
    targets: Mapping[tuple[str, ...], np.ndarray],
    schemas: Mapping[tuple[str, ...], Schema],
    texts: Sequence[str],
    held_out: np.ndarray,
    run: Path,
) -> dict[tuple[str, ...], np.ndarray]:
    """The same of LLMs."""
    from graphsum.labelers.labeler import LABELER_FILE, load_labeler
    from graphsum.labelers.training import train_detector

    terms = tuple(name.removeprefix(FINDING) for name in schemas["open",].names)
    asked = [text for text, own in zip(texts, held_out, strict=True) if own]
    found = {}
    for tasks, own in targets.items():
        folder = run / "-".join(tasks)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / LABELER_FILE).exists():
            train_detector(
                settings,
                schemas[tasks],
                texts,
                {"weak": own, "curated": np.full(own.shape, UNKNOWN)},
                terms=terms if "open" in tasks else (),
                run=folder,
            )
        start = time.perf_counter()
        labels = load_labeler(folder).label(asked)
        speed = len(asked) / (time.perf_counter() - start)
        print(f"llm, {','.join(tasks)}: {len(asked)} answers, {speed:.2f} a second")
        found[tasks] = np.array([[one == "present" for one in it.states.values()] for it in labels])
    return found


def folder_of(run: str, settings: LabelTrainOptions, sample: int | None) -> Path:
    """The folder of the students of one kind; raises ``InputError`` if it holds others."""
    folder = Path(run) / settings.labeler
    text = json_text({**asdict(settings), "sample": sample})
    path = folder / "options.json"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise InputError(f"{folder}: holds students with other options; give another --run")
    folder.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, [text])
    return folder


STUDENTS = {"encoder": encoder_finds, "llm": llm_finds}


def main(arguments: Sequence[str] | None = None) -> None:
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
    parser.add_argument(
        "--sample", type=int, metavar="N", help="reports to learn, and to score (default: all)"
    )
    options = parser.parse_args(arguments)
    given = given_fields(options, DetectTrainOptions) | {"input": "-", "weak": "-", "labels": None}
    settings = [
        DetectTrainOptions(**given | {"labeler": kind}).labeler_options()
        for kind in STUDENTS
        if kind in given
    ]
    if not settings:
        raise InputError("give the students: --encoder FOLDER, --llm FOLDER or both")
    schema, normaliser = load_schema(SCHEMA), read_normaliser(TERMS)
    read = read_labels(options.labels, schema, uid="filename").states
    labels = {uid.removeprefix("CXR"): states for uid, states in read.items()}
    reports = [
        report
        for report in read_reports(options.data_dir)
        if isinstance(report, Report) and report.uid in labels
    ]
    held_out = folds_of(len(reports)) == 0
    if options.sample is not None:
        chosen = sample_of(held_out, options.sample)
        reports, held_out = [reports[row] for row in chosen], held_out[chosen]
    uids = [report.uid for report in reports]
    texts = [f"{report.findings}\n\n{report.impression}" for report in reports]
    tags = tags_of(options.data_dir)
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
    folders = [folder_of(options.run, own, options.sample) for own in settings]
    schemas, targets = {}, {}
    for tasks in SYSTEMS:
        path = Path(options.run) / f"{'-'.join(tasks)}.yaml"
        schemas[tasks] = write_detection_schema(path, schema, normaliser.terms, tasks)
        targets[tasks] = np.concatenate([weak[task] for task in tasks], axis=1)
        targets[tasks][held_out] = UNKNOWN
    found = {
        own.labeler: STUDENTS[own.labeler](own, targets, schemas, texts, held_out, folder)
        for own, folder in zip(settings, folders, strict=True)
    }
    print(f"{int(held_out.sum())} reports held out, {int((~held_out).sum())} with weak labels")
    for task in TASKS:
        wanted = sets_of(gold[task][held_out])
        teacher = sets_of(weak[task][held_out] == PRESENT)
        show(task, "teacher", compare_micro_f1(wanted, teacher))
        for kind, present in found.items():
            for tasks in (one for one in SYSTEMS if task in one):
                first = len(names) if task == "open" and "mc" in tasks else 0
                own = sets_of(present[tasks][:, first : first + gold[task].shape[1]])
                name = f"{kind}, {'joint' if len(tasks) > 1 else 'alone'}"
                show(task, name, compare_micro_f1(wanted, own, teacher))


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
