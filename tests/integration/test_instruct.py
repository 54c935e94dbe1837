"""An LLM alone: tuned with LoRA or prompted, through the same commands as every model."""

import json

import programs
import pytest
import torch
from safetensors.torch import load_file
from tiny import PAIRS
from tiny_llm import save_llm

import evaluate
import train
from graphsum import Summarizer
from graphsum.consensus.settings import ConsensusSettings
from graphsum.models.generation import GREEDY, generate_impressions, sample_impressions
from graphsum.models.instruct import (
    Instruct,
    InstructProcessor,
    build_model,
    build_processor,
    prompted,
)
from graphsum.options import resolve
from preprocessing.errors import InputError
from preprocessing.records import Report

pytest.importorskip("peft", reason="LoRA needs the extra llm")
REPORTS = [Report(str(n), *pair) for n, pair in enumerate(PAIRS)]
ANSWERS = [impression.replace(" .", ".").replace(" ,", ",") for _, impression in PAIRS]


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    return save_llm(tmp_path_factory.mktemp("llm"), learn_steps=60)


@pytest.mark.parametrize("chat", [pytest.param(False, marks=pytest.mark.slow), True])
def test_it_learns_eight_reports_and_comes_back(tmp_path, llm, chat):
    folder = save_llm(tmp_path / "chat", chat=True) if chat else llm
    options = resolve(
        {"model": "instruct", "llm": folder, "lora_targets": "all-linear", "label_smoothing": 0.0}
    )
    torch.manual_seed(0)
    processor = build_processor(options)
    model = build_model(options, processor)
    examples = list(processor.examples(REPORTS, ANSWERS))
    batch = processor.collate(examples)
    before = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    model.train()
    for _ in range(400):
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss < 0.01:
            break
    assert all(torch.equal(model.get_parameter(name), p) for name, p in before.items())
    model.eval()
    assert generate_impressions(model, processor, examples, settings=GREEDY) == ANSWERS
    cold = sample_impressions(model, processor, examples, num_samples=2, temperature=0.01)
    assert cold == [[answer] * 2 for answer in ANSWERS]
    model.save_pretrained(tmp_path / "best")
    processor.save_pretrained(tmp_path / "best")
    again, kept = Instruct.from_pretrained(tmp_path / "best"), InstructProcessor.from_pretrained(
        tmp_path / "best"
    )  # fmt: skip
    assert torch.equal(
        again.generate_impressions(kept.collate(examples)), model.generate_impressions(batch)
    )
    summarizer = Summarizer.from_pretrained(tmp_path)
    texts = [findings for findings, _ in PAIRS]
    reports = [Report(str(row), text) for row, text in enumerate(texts)]
    assert summarizer.write(texts, reports, num_beams=1) == ANSWERS


def test_similar_reports_are_shown_the_most_similar_last(llm):
    _, processor = prompted(llm, shots=2, train=REPORTS)
    (example,) = processor.examples([Report("x", "There is a small left pleural effusion today .")])
    text = processor.tokenizer.decode(example.input_ids)
    other = text.index("There is a large right pleural effusion .")
    assert other < text.index("There is a small left pleural effusion .")
    assert text.count("### Response:") == 3
    _, blind = prompted(llm, findings=False)
    texts = {blind.tokenizer.decode(e.input_ids) for e in blind.examples(REPORTS)}
    assert len(texts) == 1  # nothing of the report is in it


def options_for(reports_file, run, *more):
    return ["--dataset", "jsonl", "--data-dir", str(reports_file), "--cache-dir",
            str(reports_file.parent / "cache"), "--output-dir", str(run), "--batch-size", "8",
            "--max-steps", "4", "--validate-every", "4", "--log-every", "1", *more]  # fmt: skip


def losses(run):
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [entry["loss"] for entry in entries if "loss" in entry]


def test_instruct_by_the_commands(reports_file, llm, tmp_path, capsys):
    """train.py, resumed exactly, then evaluate.py; the checkpoint holds the adapter only."""
    asked = ("--model", "instruct", "--llm", llm, "--schedule", "noam", "--no-shuffle-sentences")
    train.main(options_for(reports_file, tmp_path / "whole", *asked))
    assert "M train)" in capsys.readouterr().out
    half = [*options_for(reports_file, tmp_path / "half", *asked), "--max-steps", "2"]
    train.main([*half, "--validate-every", "2"])
    train.main([*options_for(reports_file, tmp_path / "half", *asked), "--resume"])
    assert losses(tmp_path / "half") == losses(tmp_path / "whole")
    files = {path.name for path in (tmp_path / "whole" / "last").rglob("*.safetensors")}
    assert files == {"adapter_model.safetensors", "training_state.safetensors"}
    out = tmp_path / "out"
    evaluate.main(["--checkpoint", str(tmp_path / "whole"), "--output-dir", str(out),
                   "--num-beams", "1"])  # fmt: skip
    assert json.loads((out / "metrics.json").read_text())["strata"]["all"]["n"] == 10
    ConsensusSettings(num_samples=2).save_pretrained(tmp_path / "whole" / "best")
    assert Summarizer.from_pretrained(tmp_path / "whole").decodes_by_consensus()
    with pytest.raises(InputError, match="--shots is for an LLM alone"):
        evaluate.main(["--checkpoint", str(tmp_path / "whole"), "--shots", "2"])


def test_prompting_by_the_command(reports_file, llm, tmp_path):
    data = ["--dataset", "jsonl", "--data-dir", str(reports_file)]
    for number, decoding in enumerate((["--num-beams", "1"], ["--consensus"])):
        out = tmp_path / str(number)
        evaluate.main(["--llm", llm, "--shots", "1", *data, *decoding, "--output-dir", str(out)])
        assert len((out / "predictions.jsonl").read_text().splitlines()) == 10


@pytest.fixture(scope="module")
def encoder_run(reports_file, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "encoder"
    train.main(
        options_for(reports_file, run, *"--preset tiny --d-model 32 --decoder-ffn-dim 64 "
                    "--graph-width 8 --encoder-layers 1 --decoder-layers 1 --vocab-size 300 "
                    "--dropout 0 --graph-dropout 0".split())
    )  # fmt: skip
    return run


def steered(reports_file, llm, encoder_run, run, *more):
    return options_for(
        reports_file, run, "--preset", "tiny", "--decoder", "causal-lm", "--llm", llm,
        "--alignment", "delta", "--init-from", str(encoder_run), "--lora-dropout", "0", *more,
    )  # fmt: skip


def test_a_steered_llm_by_the_commands(reports_file, llm, encoder_run, tmp_path):
    run = tmp_path / "whole"
    train.main(steered(reports_file, llm, encoder_run, run))
    half = [*steered(reports_file, llm, encoder_run, tmp_path / "half"), "--max-steps", "2"]
    train.main([*half, "--validate-every", "2"])
    resumed = steered(reports_file, llm, encoder_run, tmp_path / "half")
    train.main([*resumed, "--resume"])
    # The rate falls to 0 at --max-steps, so the first two steps differ in the last digits only.
    assert len(losses(tmp_path / "half")) == len(losses(run)) == 4
    for decoding in (["--num-beams", "1"], ["--consensus"]):
        evaluate.main(["--checkpoint", str(run), "--output-dir", str(tmp_path / "out"), *decoding])
        assert len((tmp_path / "out" / "predictions.jsonl").read_text().splitlines()) == 10
    with pytest.raises(InputError, match="trained on graphs of builtin, hu2022, not"):
        train.main(
            [*steered(reports_file, llm, encoder_run, tmp_path / "x"), "--graph-rule", "wgsum"]
        )


def test_two_processes_give_the_losses_of_one(reports_file, llm, encoder_run, tmp_path):
    train.main(steered(reports_file, llm, encoder_run, tmp_path / "one"))
    run = tmp_path / "two"
    done = programs.run_two("train.py", *steered(reports_file, llm, encoder_run, run))
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(run) == pytest.approx(losses(tmp_path / "one"), abs=1e-5)


def test_weights_spread_over_two_processes(llm, encoder_run, tmp_path):
    """FSDP2 on two CPU processes (gloo): losses, saved weights and impressions of one process."""
    for name, start in (("one", programs.run), ("two", programs.run_two)):
        done = start("tests/helpers/sharded_steps.py", llm, encoder_run, tmp_path / name)
        assert done.returncode == 0, done.stderr[-3000:]
    one, two = (json.loads((tmp_path / name / "facts.json").read_text()) for name in ("one", "two"))
    assert two["share"] < 0.6 < one["share"] == 1  # of the LLM's weights, in the first process
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5)
    assert two["written"] == one["written"]
    assert one["restored"]
    assert two["restored"]
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("one", "two")]
    for key, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][key], tensor, rtol=0, atol=1e-4)
