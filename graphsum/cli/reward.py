"""Ask what a reward is worth before a model is tuned by it.

    graphsum reward audit --rewards rewards.yaml

Scores, on invented findings, texts that no reader wants (names without a sentence, shuffled words,
the template on abnormal findings, copied findings, nothing) against good impressions. Where one of
them earns as much, the exit status is 1 and the probe is named.
"""

import argparse

from preprocessing.errors import RunError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The one action, and its file."""
    parser.add_argument("action", choices=("audit",), help="audit: try the probes")
    parser.add_argument(
        "--rewards", required=True, metavar="FILE", help="YAML file, as for graphsum tune"
    )


def execute(options: argparse.Namespace) -> None:
    """Print the table of probes; raise ``RunError`` where one earns as much as it should not."""
    from tabulate import tabulate

    from graphsum.metrics.reward_audit import audit
    from graphsum.metrics.rewards import RewardSpec

    results = audit(RewardSpec.read(options.rewards).rewards)
    rows = [
        [one.name, f"{one.reward:.3f}", "HACKABLE" if one.hackable else "low"] for one in results
    ]
    good = results[0]
    rows += [["good impressions", f"{good.good:.3f}", ""], ["limit", f"{good.limit:.3f}", ""]]
    print(tabulate(rows, headers=["probe", "reward", ""], disable_numparse=True))
    if failed := [one.name for one in results if one.hackable]:
        raise RunError(
            f"{options.rewards}: hackable: {', '.join(failed)} earns as much as a good impression; "
            "add a reward that tells them apart"
        )
