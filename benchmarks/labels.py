"""Compare labelers on the labels that coders gave to Open-i's reports.

    python benchmarks/labels.py --data-dir DIR --labels openi_gld_std14.csv
    python benchmarks/labels.py --data-dir DIR --labels openi_gld_std14.csv \\
        --encoder FOLDER --run RUN --tuned-layers 2 --epochs 4

Reads findings and impression of every report that has labels, never the MeSH headings, which the
labels are derived from. Everything is cross-validated over the same five folds: what is learnt, and
the threshold (of the rules: which doubt counts as present) of each class, come from the other
folds. Prints F1 of each class, macro and micro F1 with 95 % bootstrap intervals, and the p-value of
the paired bootstrap against the rules. RUN keeps each fold, so that a run that was stopped goes on.

    python benchmarks/labels.py --data-dir DIR --labels openi_gld_std14.csv \\
        --llm FOLDER --shots 4 --sample 200

An LLM labels a sample of one fold, with examples of the others; thresholds are not fitted for it.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from observations import N_FOLDS, N_POSITIVE, SEED  # noqa: E402

from graphsum.command_line import Parser, add_dataclass_options, run  # noqa: E402
from graphsum.labelers.decision import fit_thresholds, softmax  # noqa: E402
from graphsum.labelers.encoder import Reader  # noqa: E402
from graphsum.labelers.examples import PRESENT  # noqa: E402
from graphsum.labelers.labels import FOUR_STATES, read_labels  # noqa: E402
from graphsum.labelers.rules import RuleLabeler  # noqa: E402
from graphsum.labelers.schema import load_schema  # noqa: E402
from graphsum.metrics.bootstrap import (  # noqa: E402
    percentile_interval,
    resampled_means,
    two_sided_p_value,
)
from graphsum.options.label_options import LabelTrainOptions  # noqa: E402
from preprocessing.corpora.openi import read_reports  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.records import Report  # noqa: E402

SCHEMA = "openi13"
ABSENT = FOUR_STATES.index("absent")


def folds_of(n_reports: int) -> np.ndarray:
    """The fold of each report, as benchmarks/observations.py draws them."""
    fold_of = [number % N_FOLDS for number in range(n_reports)]
    random.Random(SEED).shuffle(fold_of)
    return np.array(fold_of)


def with_thresholds(chances: np.ndarray, targets: np.ndarray, fold_of: np.ndarray) -> np.ndarray:
    """What is present, bool [n, C], by thresholds that the other folds give."""
    found = np.zeros(targets.shape, bool)
    for fold in range(N_FOLDS):
        own = fold_of == fold
        thresholds = fit_thresholds(chances[~own], targets[~own], seed=SEED)
        found[own] = chances[own] >= thresholds
    return found


def with_policies(features: np.ndarray, targets: np.ndarray, fold_of: np.ndarray) -> np.ndarray:
    """What the rules call present, bool [n, C], by the policy that is best on the other folds."""
    answers = features[:, :, : len(N_POSITIVE)].cumsum(-1) > 0  # [n, C, policies]
    present = targets == PRESENT
    found = np.zeros(targets.shape, bool)
    for fold in range(N_FOLDS):
        own = fold_of == fold
        shared = (answers & present[..., None])[~own].sum(0)
        named = answers[~own].sum(0) + present[~own].sum(0)[:, None]
        best = (2 * shared / np.maximum(named, 1)).argmax(1)  # [C]
        found[own] = np.take_along_axis(answers[own], best[None, :, None], 2)[..., 0]
    return found


def bag_of_words(
    texts: Sequence[str], targets: np.ndarray, fold_of: np.ndarray, features: np.ndarray | None
) -> np.ndarray:
    """P(present) of each class, [n, C], by logistic regression on TF-IDF of one and two words.

    ``features``: what else it sees of each class, [n, C, F].
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    chances = np.zeros(targets.shape)
    for fold in range(N_FOLDS):
        own = fold_of == fold
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        vectorizer.fit([text for text, held_out in zip(texts, own, strict=True) if not held_out])
        words = vectorizer.transform(texts).tocsr()
        for column in range(targets.shape[1]):
            inputs = words
            if features is not None:
                inputs = hstack([words, csr_matrix(3 * features[:, column])]).tocsr()
            present = targets[~own, column] == PRESENT
            if not present.any():
                continue
            model = LogisticRegression(C=30.0 if features is None else 2.0, solver="liblinear")
            model.fit(inputs[~own], present)
            chances[own, column] = model.predict_proba(inputs[own])[:, 1]
    return chances


def ask_llm(
    settings: Mapping[str, Any],
    texts: Sequence[str],
    targets: np.ndarray,
    shown: np.ndarray,
    chosen: np.ndarray,
) -> np.ndarray:
    """What an LLM calls present, bool [n, C], of the reports at ``chosen``.

    Args:
        settings: ``llm``, ``prompt`` and ``shots``.
        texts, targets: of all reports.
        shown: which of them may be examples, bool.
        chosen: places.
    """
    import json
    import time

    from graphsum.labelers.labeler import load_labeler
    from graphsum.labelers.llm import LLMLabeler
    from graphsum.labelers.questions import Examples

    labeler = load_labeler("llm", SCHEMA, llm=settings["llm"], prompt=settings.get("prompt"))
    assert isinstance(labeler, LLMLabeler)
    assert labeler.questions is not None
    shots = settings.get("shots", 0)
    if shots:
        others = [text for text, own in zip(texts, shown, strict=True) if own]
        labeler.questions.examples = Examples(others, targets[shown])
        labeler.questions.shots = shots
    asked = [texts[row] for row in chosen]
    start = time.perf_counter()
    answers = [json.loads(one) for one in labeler.answers(asked)]
    seconds = time.perf_counter() - start
    print(f"{len(answers)} answers, all of them JSON; {len(answers) / seconds:.2f} a second")
    yes = labeler.questions.prompt.values[PRESENT]
    return np.array([[one[name] == yes for name in labeler.schema.names] for one in answers])


def counts_of(found: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Twice what is shared and what is named of each report and class, float64 [n, 2, C]."""
    present = targets == PRESENT
    return np.stack([2.0 * (found & present), 1.0 * found + present], axis=1)


def f1_of(sums: np.ndarray) -> np.ndarray:
    """F1 of each class, then macro and micro F1, of sums [..., 2, C]: [..., C + 2]."""
    shared, named = sums[..., 0, :], sums[..., 1, :]
    each = shared / np.maximum(named, 1e-12)
    micro = shared.sum(-1) / np.maximum(named.sum(-1), 1e-12)
    return np.concatenate([each, each.mean(-1, keepdims=True), micro[..., None]], axis=-1)


def print_table(systems: Mapping[str, np.ndarray], targets: np.ndarray) -> None:
    """F1 of each class and, below, macro and micro F1 with intervals and p-values."""
    names = load_schema(SCHEMA).names
    counts = {name: counts_of(found, targets) for name, found in systems.items()}
    scores = {name: f1_of(one.sum(0)) for name, one in counts.items()}
    resampled = {
        name: f1_of(resampled_means(one.reshape(len(one), -1)).reshape(-1, *one.shape[1:]))[:, -2:]
        for name, one in counts.items()
    }
    print(f"{'':20}{'reports':>8}" + "".join(f"{name:>16}" for name in systems))
    for column, name in enumerate(names):
        row = "".join(f"{scores[system][column]:16.3f}" for system in systems)
        print(f"{name:20}{(targets[:, column] == PRESENT).sum():8}{row}")
    for place, name in ((0, "macro"), (1, "micro")):
        for system in systems:
            low, high = percentile_interval(resampled[system])[:, place]
            line = f"{name} {system:16} {scores[system][place - 2]:.3f} [{low:.3f}, {high:.3f}]"
            if system != "rules":
                difference = resampled[system] - resampled["rules"]
                p_value = two_sided_p_value(difference)[place]
                gain = scores[system][place - 2] - scores["rules"][place - 2]
                line += f"  against rules {gain:+.3f}, p {p_value:.4f}"
            print(line)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="benchmarks/labels.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data-dir", required=True, metavar="DIR", help="where Open-i lies")
    parser.add_argument("--labels", required=True, metavar="FILE", help="openi_gld_std14.csv")
    parser.add_argument("--run", metavar="RUN", help="folder of the encoder's folds")
    parser.add_argument(
        "--sample", type=int, default=200, help="reports for the LLM (default: 200)"
    )
    own = {"data_dir", "labels", "run", "sample"}
    learning = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_dataclass_options(learning, LabelTrainOptions)
    for action in learning._actions:
        if action.dest in {entry.name for entry in fields(LabelTrainOptions)} - own:
            parser._add_action(action)
    options = vars(parser.parse_args(arguments))
    settings = {name: value for name, value in options.items() if name not in own}
    schema = load_schema(SCHEMA)
    read = read_labels(options["labels"], schema, uid="filename").states
    labels = {uid.removeprefix("CXR"): states for uid, states in read.items()}
    reports = [
        report
        for report in read_reports(options["data_dir"])
        if isinstance(report, Report) and report.uid in labels
    ]
    if not reports:
        raise InputError(f"{options['labels']}: no report of {options['data_dir']} has labels here")
    texts = [f"{report.findings}\n\n{report.impression}" for report in reports]
    uids = [report.uid for report in reports]
    present = [[labels[uid][name] == "present" for name in schema.names] for uid in uids]
    targets = np.where(present, PRESENT, ABSENT)
    fold_of = folds_of(len(reports))
    features = Reader(None, RuleLabeler(schema), 0).features(texts)  # type: ignore[arg-type]
    if settings.get("llm"):
        chosen = np.random.default_rng(SEED).permutation(np.flatnonzero(fold_of == 0))
        chosen = chosen[: options["sample"]]
        rules = with_policies(features, targets, fold_of)[chosen]
        found = ask_llm(settings, texts, targets, fold_of != 0, chosen)
        print_table({"rules": rules, "llm": found}, targets[chosen])
        return
    systems = {
        "bag of words": with_thresholds(
            bag_of_words(texts, targets, fold_of, None), targets, fold_of
        ),
        "rules": with_policies(features, targets, fold_of),
        "words and rules": with_thresholds(
            bag_of_words(texts, targets, fold_of, features), targets, fold_of
        ),
    }
    if settings.get("encoder"):
        from graphsum.labelers.encoder_training import EncoderTraining
        from graphsum.pretrained import load_encoder, load_tokenizer

        given = LabelTrainOptions(input="-", labels="-", **settings)
        training = EncoderTraining(
            schema,
            load_encoder(settings["encoder"]),
            load_tokenizer(settings["encoder"]),
            texts,
            options=given,
            run=Path(options["run"] or given.output_dir),
        )
        training.run.mkdir(parents=True, exist_ok=True)
        logits = training.cross_validate(targets, fold_of, positives=True)
        chances = softmax(logits.astype(float))[..., PRESENT]
        systems["encoder"] = with_thresholds(chances, targets, fold_of)
    print_table(systems, targets)
    print(f"{len(reports)} reports; folds drawn with seed {SEED}, 10,000 resamples")


if __name__ == "__main__":
    run(main)
