"""One stage, two stages and each task alone, beside the rules and the LLM as it is.

    python benchmarks/stages.py --dataset openi --data-dir DIR --llm FOLDER --output-dir DIR

Instructions come from the train part, by rules; short ones only, so that it runs on one core. The
first stage has the same tasks on the corpus ``sample``. All systems answer the same requests of the
val part. A run that is there already is not trained again, and an answer file not written again.
"""

import argparse
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from graphsum.models.answering import Answerer
from graphsum.models.instruct import prompted
from graphsum.tasks import TASKS
from graphsum.tasks.building import build_instructions
from graphsum.tasks.checking import check_answer
from graphsum.tasks.coded import tags_of
from graphsum.tasks.instructions import Instruction
from graphsum.tasks.measures import Measures, measure
from preprocessing.corpora import load_corpus
from preprocessing.files import dumps, json_text, read_jsonl, write_text_atomically
from preprocessing.registry import load

SYSTEMS = ("rules", "zero-shot", "alone", "one-stage", "two-stage")
LONGEST = {"prompt": 110, "answer": 45}  # words


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the data, train, answer and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", default="sample")
    add("--data-dir")
    add("--llm", required=True)
    add("--output-dir", type=Path, required=True)
    add("--train", type=int, default=400, help="instructions of each task, at most")
    add("--test", type=int, default=40, help="requests of each task; of qa twice as many")
    add("--steps", type=int, default=120, help="of the second stage; alone a quarter of it")
    add("--first-steps", type=int, default=48, help="of the first stage")
    add("--batch-size", type=int, default=8)
    add("--lr", type=float, default=1e-3)
    add("--max-prompt-length", type=int, default=240, help="tokens")
    add("--seed", type=int, default=1)
    add("--only", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    options = parser.parse_args(arguments)
    options.output_dir.mkdir(parents=True, exist_ok=True)
    tests = make_data(options)
    rows: dict[str, dict] = {}
    for system in options.only:
        for test, asked in tests.items():
            answers = answers_of(options, system, test, asked)
            measured = scored(asked[0].task, asked, answers)
            rows[f"{system} {test}"] = {
                name: as_record(values) for name, values in measured.items()
            }
    for test, asked in tests.items():
        if asked[0].task == "qa":
            (_, count) = Counter(one.answer for one in asked).most_common(1)[0]
            rows[f"majority {test}"] = {"score": count / len(asked)}
    write_text_atomically(options.output_dir / "scores.json", [json_text(rows)])
    print_table(rows)


def short(instructions: Sequence[Instruction], count: int, seed: int) -> list[Instruction]:
    """So many of those that are short, drawn at random."""
    chosen = [
        one
        for one in instructions
        if len(one.prompt.split()) <= LONGEST["prompt"]
        and len(one.answer.split()) <= LONGEST["answer"]
    ]
    return random.Random(seed).sample(chosen, min(count, len(chosen)))


def make_data(options: argparse.Namespace) -> dict[str, list[Instruction]]:
    """Files of instructions and stages; the requests that are answered, by the name of a test.

    ``qa-tags`` has questions whose answers coders gave, where the corpus has tags.
    """
    folder = options.output_dir
    corpora = {"own": load_corpus(options.dataset, data_dir=options.data_dir),
               "general": load_corpus("sample")}  # fmt: skip
    tests = {}
    for task in TASKS:
        for name, corpus in corpora.items():
            path = folder / f"{name}-{task}.jsonl"
            if not path.is_file():
                made = short(list(build_instructions(corpus.train, [task])), options.train, 0)
                write_text_atomically(path, (dumps(one.as_record()) for one in made))
        of_val = build_instructions(corpora["own"].val, [task])
        count = options.test * (2 if task == "qa" else 1)
        tests[task] = short([one for one in of_val if one.request], count, 0)
    if any(tags_of(report) for report in corpora["own"].val):
        coded = build_instructions(corpora["own"].val, ["qa"], truth="tags")
        tests["qa-tags"] = short(list(coded), 2 * options.test, 0)

    def stage(file: str, names: Sequence[str], steps: int, more: str = "") -> None:
        sources = "".join(
            f"  - {{instructions: {name}.jsonl, validation: 8, weight: 1}}\n" for name in names
        )
        text = f"steps: {steps}\nlr: {options.lr}\n{more}sources:\n{sources}"
        write_text_atomically(folder / file, [text])

    stage("general.yaml", [f"general-{task}" for task in TASKS], options.first_steps)
    own = [f"own-{task}" for task in TASKS]
    stage("one-stage.yaml", own, options.steps)
    stage("radiology.yaml", own, options.steps, "replay: 0.1\n")
    for task in TASKS:
        stage(f"alone-{task}.yaml", [f"own-{task}"], options.steps // len(TASKS))
    return {name: asked for name, asked in tests.items() if asked}


def run_of(options: argparse.Namespace, system: str, task: str) -> Path:
    """The run of a system, trained when it is not there."""
    stages = {
        "alone": [f"alone-{task}.yaml"],
        "one-stage": ["one-stage.yaml"],
        "two-stage": ["general.yaml", "radiology.yaml"],
    }[system]
    run = options.output_dir / (f"alone-{task}" if system == "alone" else system)
    where = ["--data-dir", options.data_dir] if options.data_dir else []
    command = [
        sys.executable, "-m", "graphsum", "train", "--model", "instruct", "--llm", options.llm,
        "--dataset", options.dataset, *where, "--output-dir", str(run), "--llm-weights",
        "bfloat16", "--precision", "bf16", "--lora-r", "16", "--lora-alpha", "32",
        "--lora-dropout", "0", "--lora-targets", "all-linear", "--label-smoothing", "0",
        "--batch-size", str(options.batch_size), "--max-prompt-length",
        str(options.max_prompt_length), "--max-target-length", "96", "--validate-every", "40",
        "--log-every", "5", "--seed", str(options.seed),
        "--stages", *(str(options.output_dir / one) for one in stages),
    ]  # fmt: skip
    if not (run / "last").is_dir():
        subprocess.run(command, check=True)
    elif not (run / "done").exists():
        subprocess.run([*command, "--resume"], check=True)
    (run / "done").touch()
    return run


def answers_of(
    options: argparse.Namespace, system: str, test: str, asked: Sequence[Instruction]
) -> list[str]:
    """What a system writes, before the check."""
    task = asked[0].task
    path = options.output_dir / f"answers-{system}-{test}.jsonl"
    if not path.is_file():
        requests = [one.request for one in asked if one.request]
        if system == "rules":
            answers = [load(TASKS, task)().baseline(one).text for one in requests]
        else:
            if system == "zero-shot":
                answerer = Answerer(*prompted(options.llm))
            else:
                answerer = Answerer.from_pretrained(run_of(options, system, task) / "last")
            answers = answerer.answers([(task, one) for one in requests])
        rows = [{"id": one.id, "answer": text} for one, text in zip(asked, answers, strict=True)]
        write_text_atomically(path, map(dumps, rows))
    written = {row["id"]: row["answer"] for row in read_jsonl(path)}
    return [written[one.id] for one in asked]


def scored(task: str, asked: Sequence[Instruction], answers: Sequence[str]) -> dict[str, Measures]:
    """The measures of the answers as written, and of what the check lets through."""
    requests = [one.request for one in asked if one.request]
    given = [
        check_answer(task, request, answer).text
        for request, answer in zip(requests, answers, strict=True)
    ]
    texts, right = [one.text for one in requests], [[one.answer] for one in asked]
    return {"written": measure(task, texts, answers, right),
            "given": measure(task, texts, given, right)}  # fmt: skip


def as_record(values: Measures) -> dict[str, float]:
    """The measures by name."""
    return {name: getattr(values, name) for name in Measures.__slots__}


def print_table(rows: dict[str, dict]) -> None:
    """A line for each system and task: score as written and as given, with its interval."""
    for name, values in rows.items():
        if "written" not in values:
            print(f"{name}: {100 * values['score']:.1f}")
            continue
        first, then = values["written"], values["given"]
        print(
            f"{name} (n {first['n']}): {100 * first['score']:.1f} "
            f"({100 * first['low']:.1f} to {100 * first['high']:.1f}), contradicted "
            f"{100 * first['contradicted']:.1f}; after the check {100 * then['score']:.1f}, "
            f"{100 * then['contradicted']:.1f}"
        )


if __name__ == "__main__":
    main()
