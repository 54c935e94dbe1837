"""Micro F1 of detections against curated ones, with intervals, and against another system.

    graphsum detect evaluate --gold gold.jsonl --found student.jsonl --other teacher.jsonl

All reports of --gold are scored. With --terms the findings of all files become terms first.
"""

import argparse

from preprocessing.errors import InputError
from preprocessing.files import check_writable, json_text, write_text_atomically


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum detect evaluate``."""
    add = parser.add_argument
    add("--gold", metavar="FILE", required=True, help="curated detections: a .jsonl file")
    add("--found", metavar="FILE", required=True, help="what graphsum detect wrote")
    add("--other", metavar="FILE", help="another's, such as the teacher's, for a paired test")
    add("--tasks", default="mc,open", help="mc, open or mc,open (default: mc,open)")
    add("--schema", default="chexpert14", metavar="NAME|FILE", help="of mc (default: chexpert14)")
    add("--terms", metavar="FILE", help="normaliser of the findings")
    add("--json", metavar="FILE", help="write the scores there too")


def execute(options: argparse.Namespace) -> None:
    """Print the scores."""
    from tabulate import tabulate

    from graphsum.labelers.detection import (
        compare_micro_f1,
        fold_wording,
        parse_tasks,
        read_findings,
        read_normaliser,
    )
    from graphsum.labelers.labels import read_labels
    from graphsum.labelers.schema import load_schema

    tasks = parse_tasks(options.tasks)
    schema = load_schema(options.schema)
    normaliser = read_normaliser(options.terms) if options.terms else None
    if options.json:
        check_writable(options.json)

    def sets_of(path: str, task: str) -> dict[str, frozenset[str]]:
        if task == "mc":
            labels = read_labels(path, schema).states
            return {
                uid: frozenset(name for name, state in states.items() if state == "present")
                for uid, states in labels.items()
            }
        lists = read_findings(path)
        if normaliser is None:
            return {uid: frozenset(map(fold_wording, one)) for uid, one in lists.items()}
        return {uid: normaliser.terms_in(one) for uid, one in lists.items()}

    report, rows = {}, []
    for task in tasks:
        gold = sets_of(options.gold, task)
        systems = []
        for path in (options.found, options.other):
            if path:
                found = sets_of(path, task)
                if missing := [uid for uid in gold if uid not in found]:
                    raise InputError(
                        f"{path}: {len(missing)} reports of {options.gold} are not there, such as "
                        f"{missing[0]}"
                    )
                systems.append([found[uid] for uid in gold])
        scores = compare_micro_f1(list(gold.values()), *systems)
        report[task] = scores
        low, high = scores["ci95"]
        rows.append(
            [task, scores["reports"], *(f"{scores[n]:.3f}" for n in ("precision", "recall", "f1")),
             f"{low:.3f}–{high:.3f}", *(f"{scores[n]:.3f}" for n in ("other_f1",) if n in scores),
             *(f"{scores[n]:.4f}" for n in ("p_value",) if n in scores)]
        )  # fmt: skip
    if options.json:
        write_text_atomically(options.json, [json_text(report)])
    headers = ["task", "reports", "P", "R", "micro F1", "95 %"]
    print(tabulate(rows, headers + (["other's F1", "p"] if options.other else [])))
