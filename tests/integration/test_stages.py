"""Two stages of instruction tuning, from the files to a run that answers."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import stages as benchmark
import torch
from safetensors.torch import load_file
from tiny import PAIRS
from tiny_llm import save_llm

import train
from graphsum import Assistant, Summarizer
from graphsum.cli.main import main
from graphsum.models.instruct import build_model, build_processor, packed_rows
from graphsum.models.processing import Example
from graphsum.options import resolve, run_options
from graphsum.options.runs import corpus_of
from graphsum.tasks.impression import Impression
from graphsum.tasks.instructions import Instruction
from graphsum.tasks.stages import read_stages
from graphsum.tasks.task import NOT_STATED, Request
from graphsum.training.course import mixed_rows, staged_rate
from graphsum.training.loop import train as run_training
from preprocessing.errors import InputError
from preprocessing.records import Report

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


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    for name, rows in (("general", GENERAL), ("qa", QUESTIONS)):
        lines = [json.dumps(one.as_record()) for one in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "general.yaml").write_text(
        "steps: 3\nlr: 1.0e-2\nsources:\n  - {instructions: general.jsonl, validation: 2}\n"
    )
    (folder / "radiology.yaml").write_text(
        "steps: 5\nlr: 5e-3\nwarmup: 2\ntemperature: 2\nreplay: 0.25\nsources:\n"
        "  - {instructions: qa.jsonl, validation: qa.jsonl}\n"
        "  - {corpus: impression, validation: 4}\n"
    )
    return [str(folder / "general.yaml"), str(folder / "radiology.yaml")]


def arguments(reports_file, llm, stages, run, *more):
    return ["--dataset", "jsonl", "--data-dir", str(reports_file), "--output-dir", str(run),
            "--model", "instruct", "--llm", llm, "--batch-size", "4", "--label-smoothing", "0",
            "--lora-dropout", "0.1", "--validate-every", "4", "--log-every", "1", "--stages",
            *stages, *more]  # fmt: skip


@pytest.fixture(scope="module")
def run(reports_file, llm, stages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "two"
    train.main(arguments(reports_file, llm, stages, folder))
    return folder


def entries(run, name):
    lines = (run / "log.jsonl").read_text().splitlines()
    return {e["step"]: e[name] for e in map(json.loads, lines) if name in e}


def test_each_stage_has_its_rate_and_its_validation_per_task(run):
    assert list(entries(run, "loss")) == list(range(1, 9))
    rates = entries(run, "lr")
    assert rates[2] < rates[1] == 1e-2  # warm-up of one step, then down
    assert rates[4] == rates[5] == 5e-3  # the second begins anew
    assert rates[8] == 0
    assert list(entries(run, "val_general")) == [3]
    assert list(entries(run, "val_qa")) == list(entries(run, "val_impression")) == [4, 8]
    means = entries(run, "val_tasks_mean")
    assert means[8] == pytest.approx(
        (entries(run, "val_qa")[8] + entries(run, "val_impression")[8]) / 2
    )
    assert json.loads((run / "best" / "progress.json").read_text())["best_step"] in (4, 8)


@pytest.mark.parametrize("killed_at", [3, 5])
def test_a_killed_run_goes_on_exactly(run, reports_file, llm, stages, tmp_path, killed_at):
    half = tmp_path / "half"
    options = {**vars(run_options(run)), "output_dir": str(half), "max_steps": killed_at}
    run_training(resolve(options), corpus_of(resolve(options)))
    train.main(["--resume", str(half)])
    assert entries(half, "loss") == entries(run, "loss")
    (weights, whole) = (
        load_file(one / "last" / "adapter" / "adapter_model.safetensors") for one in (half, run)
    )
    assert all(torch.equal(weights[name], whole[name]) for name in whole)


def test_the_second_stage_starts_from_the_adapter_of_the_first(
    run, reports_file, llm, stages, tmp_path
):
    """With a second stage that learns next to nothing, the first stage's adapter is left."""
    first, second = tmp_path / "first", tmp_path / "second"
    train.main(arguments(reports_file, llm, stages[:1], first))
    still = tmp_path / "still.yaml"
    text = Path(stages[1]).read_text().replace("lr: 5e-3", "lr: 1e-12")
    still.write_text(text.replace("qa.jsonl", str(Path(stages[0]).with_name("qa.jsonl"))))
    train.main(arguments(reports_file, llm, [stages[0], str(still)], second))
    (before, after) = (
        load_file(one / "last" / "adapter" / "adapter_model.safetensors") for one in (first, second)
    )
    assert all(torch.allclose(before[name], after[name], atol=1e-9) for name in before)
    changed = load_file(run / "last" / "adapter" / "adapter_model.safetensors")
    assert any(not torch.allclose(before[name], changed[name], atol=1e-4) for name in before)


def test_a_run_does_not_go_on_with_other_files(reports_file, llm, stages, tmp_path):
    for name in ("general.jsonl", "qa.jsonl", "general.yaml", "radiology.yaml"):
        (tmp_path / name).write_text(Path(stages[0]).with_name(name).read_text())
    own = [str(tmp_path / "general.yaml")]
    folder = tmp_path / "run"
    train.main(arguments(reports_file, llm, own, folder))
    with open(tmp_path / "general.jsonl", "a") as file:
        file.write(json.dumps(QUESTIONS[0].as_record()) + "\n")
    with pytest.raises(InputError, match=r"general\.jsonl: not as it was when the run began"):
        train.main(["--resume", str(folder)])


def test_a_run_answers_and_is_checked(run, capsys, tmp_path):
    assistant = Assistant.from_pretrained(run, device="cpu")
    answer = assistant.ask("No pneumothorax.", question="Is there a pneumothorax?")
    assert answer.text in ("No.", NOT_STATED)
    (tmp_path / "asked.jsonl").write_text(
        '{"id": 1, "text": "No pneumothorax.", "question": "Is there a pneumothorax?"}\n'
        '{"id": 2, "text": "Small left effusion.", "question": "Is there an effusion?"}\n'
    )
    main(["ask", "--checkpoint", str(run), "--device", "cpu", "--task", "qa", "--input",
          str(tmp_path / "asked.jsonl"), "--output", str(tmp_path / "out.jsonl"),
          "--explain"])  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0]["answer"] == answer.text
    assert Summarizer.from_pretrained(run).summarize("No effusion.").impression
    with pytest.raises(InputError, match="for --checkpoint RUN"):
        main(["ask", "--device", "cpu", "--question", "Is it?", "A mass."])
    with pytest.raises(InputError, match="tokens, above the"):
        assistant.ask("No pneumothorax. " * 400, question="Is there a pneumothorax?")


# --- the parts ----------------------------------------------------------------------------------


def example(prompt, answer):
    row = np.arange(10, 10 + prompt)
    none = np.zeros(0, np.int64)
    return Example("x", row, none, none.reshape(2, 0), none, np.arange(50, 50 + answer),
                   none, row)  # fmt: skip


def test_rows_are_packed_by_hand():
    batch = packed_rows([example(2, 2), example(3, 4), example(1, 3)])
    assert batch["source_ids"].tolist() == [
        [10, 11, 12, 50, 51, 52],
        [10, 11, 50, 10, 50, 51],
    ]
    assert batch["segments"].tolist() == [[1] * 6, [1, 1, 1, 2, 2, 2]]
    no = -100
    assert batch["labels"].tolist() == [
        [no, no, 50, 51, 52, 53],
        [no, 50, 51, 50, 51, 52],
    ]


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma", "phi"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_packed_rows_have_the_losses_and_gradients_of_padded_ones(tmp_path, family, attention):
    folder = save_llm(tmp_path / "llm", family)
    options = resolve(
        {"model": "instruct", "llm": folder, "lora_targets": "all-linear", "lora_dropout": 0.0,
         "label_smoothing": 0.0}
    )  # fmt: skip
    torch.manual_seed(0)
    processor = build_processor(options)
    model = build_model(options, processor)
    model.decoder.llm.config._attn_implementation = attention
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    long = Instruction("long", "qa", " ".join(one.prompt for one in QUESTIONS[:3]), "Yes.")
    examples = list(processor.instruction_examples([*GENERAL, *QUESTIONS[:3], long]))
    found = []
    for packs in (False, True):
        processor.packs = packs
        batch = processor.collate(examples)
        model.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        found.append((loss.item(), [p.grad.clone() for p in model.parameters() if p.requires_grad]))
    assert batch["source_ids"].shape[0] < len(examples)
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-5)
    for padded, packed in zip(found[0][1], found[1][1], strict=True):
        assert torch.allclose(padded, packed, atol=1e-5)


def test_only_answers_are_learnt_and_nothing_is_cut(llm):
    options = resolve(
        {"model": "instruct", "llm": llm, "max_target_length": 12, "max_prompt_length": 60}
    )
    processor = build_processor(options)
    fits, long_answer, long_prompt = processor.instruction_examples(
        [
            Instruction("1", "qa", "Answer.", "No effusion."),
            Instruction("2", "qa", "Answer.", "No effusion is seen. " * 5),
            Instruction("3", "qa", "Small left effusion. " * 20, "Yes."),
        ]
    )
    decoded = processor.tokenizer.decode(fits.labels)
    assert decoded.startswith("No effusion.")
    assert fits.labels[-1] == processor.prompter.end_id
    assert len(long_answer.labels) == len(long_prompt.labels) == 0
    assert len(long_prompt.input_ids) > 60


@pytest.mark.parametrize("chat", [False, True])
def test_the_impression_is_asked_for_alike_by_file_and_by_corpus(tmp_path, chat):
    folder = save_llm(tmp_path / "llm", chat=chat)
    processor = build_processor(resolve({"model": "instruct", "llm": folder}))
    prompt = Impression().prompt(Request("No effusion ."))
    (of_file,) = processor.instruction_examples([Instruction("1", "impression", prompt, "No .")])
    (of_corpus,) = processor.examples([Report("1", "No effusion .")], ["No ."])
    assert of_file.input_ids.tolist() == of_corpus.input_ids.tolist()
    assert of_file.labels.tolist() == of_corpus.labels.tolist()


def test_rows_come_in_their_shares_and_each_once_per_pass():
    rows = list(islice(mixed_rows([range(10), range(10, 40)], [0.25, 0.75], seed=3), 4000))
    assert np.mean([row < 10 for row in rows]) == pytest.approx(0.25, abs=0.02)
    own = [row for row in rows if row < 10]
    assert sorted(own[:10]) == list(range(10))
    again = list(islice(mixed_rows([range(10), range(10, 40)], [0.25, 0.75], seed=3), 4000))
    assert rows == again


def test_the_rate_of_each_stage(stages):
    options = resolve({"model": "instruct", "llm": "x"})
    rate = staged_rate(options, read_stages(stages), (0, 3))
    assert [rate(step) for step in range(8)] == pytest.approx(
        [1e-2, 1e-2, 0.5e-2, 2.5e-3, 5e-3, 5e-3, 5e-3 * 2 / 3, 5e-3 / 3]
    )


@pytest.mark.slow
def test_the_benchmark(llm, tmp_path, capfd):
    """Rules and two stages, from the sample's reports to the table; nothing is made twice."""
    options = ["--llm", llm, "--output-dir", str(tmp_path), "--only", "rules", "two-stage"]
    options += ["--train", "40", "--test", "2", "--steps", "4", "--first-steps", "2"]
    options += ["--batch-size", "2", "--max-prompt-length", "600"]
    benchmark.main(options)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["rules qa"]["written"]["score"] > 0.9
    assert 0 <= scores["two-stage impression"]["given"]["score"] <= 1
    assert scores["two-stage qa"]["given"]["n"] == 4
    assert "rules qa (n 4)" in capfd.readouterr().out
    made = {path: path.stat().st_mtime_ns for path in tmp_path.glob("answers-*.jsonl")}
    assert len(made) == sum("written" in one for one in scores.values())
    benchmark.main(options)
    assert made == {path: path.stat().st_mtime_ns for path in made}
    assert "loss=" not in capfd.readouterr().err  # nothing was trained
