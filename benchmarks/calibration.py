"""How far the confidence of impressions can be trusted: fit it, and the coverage-risk curve.

    python benchmarks/calibration.py --data-dir DIR
    python benchmarks/calibration.py --data-dir DIR --write
    python benchmarks/calibration.py --data-dir DIR --split test

An impression is *right* when the radiologist's has no statement of tier urgent or above that it
misses, it has none that the radiologist's does not bear out, and ROUGE-L of the two is 0.5 or more.
A logistic regression on :func:`graphsum.impressions.confidence.features_of` is fitted on validation
reports (the curve of val is out of fold, ten folds); ``--write`` puts its weights into the
checkpoint's ``consensus_config.json``. ``--split test`` fits nothing: the checkpoint's own weights
are used. Training reports vote, as in evaluation.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from graphsum import Summarizer, TrainingEvidence  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.impressions.confidence import INTERCEPT, estimate  # noqa: E402
from graphsum.impressions.summary import Summary  # noqa: E402
from graphsum.metrics.rouge import rouge_scores  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.facts.comparison import (  # noqa: E402
    REPORTED_TIERS,
    Error,
    compare_statements,
    errors_of,
    statements_of,
)

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.2)
LEAST_ROUGE_L = 0.5
FOLDS = 10
SEED = 0


def errors_against(impressions: Sequence[str], references: Sequence[str]) -> list[list[Error]]:
    """The errors of each impression by the radiologist's: n lists."""
    stated = statements_of([*impressions, *references])
    own, wanted = stated[: len(impressions)], stated[len(impressions) :]
    return [
        errors_of(compare_statements(mine, theirs, text))
        for mine, theirs, text in zip(own, wanted, references, strict=True)
    ]


def are_right(
    impressions: Sequence[str], references: Sequence[str], errors: Sequence[Sequence[Error]]
) -> np.ndarray:
    """Which impressions are right, bool [n]."""
    rouge = rouge_scores(impressions, references)[:, 2] / 100
    urgent = [
        any(
            one.tier in ("critical", "urgent") and one.kind in ("missed", "invented") for one in own
        )
        for own in errors
    ]
    return (rouge >= LEAST_ROUGE_L) & ~np.array(urgent)


def reviewed(summaries: Sequence[Summary], errors: Sequence[Sequence[Error]]) -> str:
    """How many impressions ask for a review, and how many of those with an actionable error."""
    actionable = [
        any(one.tier in REPORTED_TIERS and one.significance == "major" for one in own)
        for own in errors
    ]
    found = sum(one.review and wrong for one, wrong in zip(summaries, actionable, strict=True))
    return (
        f"{sum(one.review for one in summaries)} of {len(summaries)} ask for a review, among them "
        f"{found} of the {sum(actionable)} with a major error of tier notable or above"
    )


def fit(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression, the intercept last: [k + 1]."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1000).fit(features, right)
    return np.append(model.coef_[0], model.intercept_[0])


def out_of_fold(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The confidence of each report by weights fitted without its fold: [n]."""
    folds = np.random.default_rng(SEED).permutation(len(right)) % FOLDS
    confidence = np.zeros(len(right))
    for fold in range(FOLDS):
        weights = fit(features[folds != fold], right[folds != fold])
        scores = features[folds == fold] @ weights[:-1] + weights[-1]
        confidence[folds == fold] = 1 / (1 + np.exp(-scores))
    return confidence


def curve(confidence: np.ndarray, right: np.ndarray) -> str:
    """The error rate among the most confident reports, at each coverage."""
    order = np.argsort(-confidence, kind="stable")
    rows = []
    for coverage in COVERAGES:
        chosen = order[: max(1, round(coverage * len(order)))]
        error = 100 * (1 - right[chosen].mean())
        rows.append(
            [
                f"{100 * coverage:.0f} %",
                len(chosen),
                f"{error:.1f}",
                f"{confidence[chosen[-1]]:.2f}",
            ]
        )
    brier = float(((confidence - right) ** 2).mean())
    table = tabulate(rows, headers=["coverage", "reports", "wrong %", "confidence from"])
    means = f"mean confidence {confidence.mean():.3f}, right {right.mean():.3f}"
    return f"{table}\nBrier score {brier:.3f}; {means}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit or use the weights, and print the curve."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default=str(ROOT / "checkpoints/openi"))
    parser.add_argument("--dataset", default="openi")
    parser.add_argument("--data-dir", required=True, metavar="DIR")
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument(
        "--write", action="store_true", help="the weights into the checkpoint (val)"
    )
    options = parser.parse_args(arguments)
    corpus = load_corpus(options.dataset, data_dir=options.data_dir)
    reports = getattr(corpus, options.split)
    summarizer = Summarizer.from_pretrained(options.checkpoint)
    settings = summarizer.consensus
    if settings is None:
        raise InputError(f"{options.checkpoint}: does not decode by consensus; give one that does")
    summaries: list[Summary] = summarizer.summarize(
        [report.findings for report in reports], train=TrainingEvidence(corpus.train)
    )
    impressions = [str(one) for one in summaries]
    references = [report.impression for report in reports]
    errors = errors_against(impressions, references)
    right = are_right(impressions, references, errors)
    names = list(summaries[0].features)
    features = np.array([[one.features[name] for name in names] for one in summaries])
    if options.split == "test":
        if settings.calibration is None:
            raise InputError(f"{options.checkpoint}: no calibration; fit it on val with --write")
        confidence = np.array([estimate(one.features, settings.calibration) for one in summaries])
    else:
        confidence = out_of_fold(features, right)
        weights = dict(
            zip([*names, INTERCEPT], fit(features, right).round(4).tolist(), strict=True)
        )
        print("weights:", weights, sep="\n")
        if options.write:
            replace(settings, calibration=weights).save_pretrained(options.checkpoint)
    print(curve(confidence, right))
    print(reviewed(summaries, errors))


if __name__ == "__main__":
    run(main)
