"""Two stages of instruction tuning, from the files to a run that answers."""

import json

import pytest
import torch
from tiny import PAIRS
from tiny_llm import save_llm

import train
from graphsum.models.instruct import build_model, build_processor
from graphsum.models.processing import Example
from graphsum.options import resolve
from graphsum.tasks.instructions import Instruction
from graphsum.training.course import mixed_rows
from preprocessing.errors import InputError

pytest.importorskip("peft", reason="LoRA needs the extra llm")

GENERAL = [
    Instruction(f"g-{n}", "general", f"Count {n} and answer.", f"It is {n} .") for n in range(6)
]
QUESTIONS = [
    Instruction(f"q-{n}", "qa", f"Answer the question.\n\nReport: {findings}", "Yes.")
    for n, (findings, _) in enumerate(PAIRS)
]


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    return save_llm(tmp_path_factory.mktemp("llm"), learn_steps=10)


@pytest.fixture
def stages(tmp_path):
    for name, rows in (("general", GENERAL), ("qa", QUESTIONS)):
        lines = [
            json.dumps({"id": o.id, "task": o.task, "prompt": o.prompt, "answer": o.answer})
            for o in rows
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "general.yaml").write_text(
        "steps: 3\nlr: 1.0e-3\nsources:\n  - {instructions: general.jsonl, validation: 2}\n"
    )
    (tmp_path / "radiology.yaml").write_text(
        "steps: 5\nlr: 5e-4\nwarmup: 2\ntemperature: 2\nreplay: 0.25\nsources:\n"
        "  - {instructions: qa.jsonl, validation: qa.jsonl}\n  - {corpus: impression}\n"
    )
    return [str(tmp_path / "general.yaml"), str(tmp_path / "radiology.yaml")]


def arguments(reports_file, llm, stages, run, *more):
    return ["--dataset", "jsonl", "--data-dir", str(reports_file), "--output-dir", str(run),
            "--model", "instruct", "--llm", llm, "--batch-size", "4", "--label-smoothing", "0",
            "--validate-every", "4", "--log-every", "1", "--stages", *stages, *more]  # fmt: skip


def entries(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_two_stages_by_the_command(reports_file, llm, stages, tmp_path, capsys):
    run = tmp_path / "run"
    train.main(arguments(reports_file, llm, stages, run))
    assert "radiology.yaml: 5 steps" in capsys.readouterr().out
