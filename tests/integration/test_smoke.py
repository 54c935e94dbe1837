"""What must work with the oldest versions of the requirements too: one pass through everything."""

import json

import pytest
import torch
from safetensors.torch import load_file
from tiny import PAIRS, tiny_examples, tiny_model, tiny_processor, write_sample_reports
from tiny_llm import save_llm
from transformers.modeling_outputs import BaseModelOutput

import evaluate
import train
from graphsum.__main__ import main
from graphsum.llm.loading import add_lora, describe_llm, load_llm, set_adapter_weights
from graphsum.models.generation import generate_impressions
from graphsum.models.instruct import Instruct, build_model, build_processor
from graphsum.options import resolve
from graphsum.summarizer import Summarizer
from preprocessing.errors import InputError
from preprocessing.records import Report

pytestmark = pytest.mark.smoke


def test_the_commands_from_training_to_a_given_checkpoint(tmp_path, capsys):
    """Five steps on invented reports, resumed; scored; given away; an impression written."""
    reports, run = tmp_path / "reports.jsonl", tmp_path / "run"
    write_sample_reports(reports, train=40, val=6, test=6)
    options = [
        "--dataset", "jsonl", "--data-dir", str(reports), "--preset", "tiny", "--batch-size", "8",
        "--cache-dir", str(tmp_path / "cache"), "--output-dir", str(run), "--validate-every", "5",
    ]  # fmt: skip
    train.main([*options, "--max-steps", "3"])
    train.main([*options, "--max-steps", "5", "--resume"])
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert entries[-1]["step"] == 5
    out = tmp_path / "out"
    evaluate.main(["--checkpoint", str(run), "--output-dir", str(out), "--num-beams", "2"])
    assert json.loads((out / "metrics.json").read_text())["strata"]["all"]["n"] == 6
    given = tmp_path / "given"
    main(["export", "--checkpoint", str(run), "--output", str(given)])
    capsys.readouterr()
    main(["summarize", "--checkpoint", str(given), "Small left pleural effusion. Heart normal."])
    written = capsys.readouterr().out
    summarizer = Summarizer.from_pretrained(given)
    assert str(summarizer.summarize("Small left pleural effusion. Heart normal.")) in written


@pytest.mark.parametrize("use_cache", [True, False])
def test_generate_of_transformers(use_cache):
    """From a batch as from its memory, step by step as all at once."""
    processor = tiny_processor()
    model = tiny_model(processor, copy=True).eval()
    batch = processor.collate(tiny_examples(processor))
    names = ("input_ids", "attention_mask", "edge_index", "edge_type")
    memory = model.encode(**{name: batch[name] for name in names})
    search = {"num_beams": 3, "max_new_tokens": 8}
    expected = model.generate(
        encoder_outputs=BaseModelOutput(memory),
        attention_mask=batch["attention_mask"],
        source_ids=batch["input_ids"],
        use_cache=False,
        **search,
    )
    assert torch.equal(model.generate(**batch, use_cache=use_cache, **search), expected)


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_forward_takes_the_cache_by_both_names(name):
    processor = tiny_processor()
    model = tiny_model(processor).eval()
    batch = processor.collate(tiny_examples(processor)[:2])
    inputs = model.shift_right(batch.pop("labels"))
    with torch.no_grad():
        full = model(**batch, decoder_input_ids=inputs).logits
        first = model(**batch, decoder_input_ids=inputs[:, :1], use_cache=True)
        cache = {name: first[list(first)[-1]]}
        second = model(**batch, decoder_input_ids=inputs[:, 1:2], use_cache=True, **cache)
    torch.testing.assert_close(second.logits[:, 0], full[:, 1], rtol=1e-4, atol=1e-5)


def test_lora_in_the_format_of_peft(tmp_path):
    """Trained, saved, loaded: by us and by PEFT itself."""
    peft = pytest.importorskip("peft", reason="LoRA needs the extra llm")
    folder = save_llm(tmp_path / "llm", learn_steps=20)
    options = resolve({"model": "instruct", "llm": folder, "lora_dropout": 0.0})
    processor = build_processor(options)
    model = build_model(options, processor)
    reports = [Report(str(n), *pair) for n, pair in enumerate(PAIRS)]
    examples = list(processor.examples(reports, [report.impression for report in reports]))
    batch = processor.collate(examples)
    before = model(**batch).loss.item()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(5):
        model.train()(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    loss = model.eval()(**batch).loss.item()
    assert loss < before
    model.save_pretrained(tmp_path / "run")
    again = Instruct.from_pretrained(tmp_path / "run")
    assert again(**batch).loss.item() == pytest.approx(loss, rel=1e-6)
    assert generate_impressions(again, processor, examples) == generate_impressions(
        model, processor, examples
    )
    assert any(p.requires_grad for p in again.parameters())
    wrapped = peft.PeftModel.from_pretrained(
        load_llm(describe_llm(folder)), str(tmp_path / "run" / "adapter")
    )
    for name, tensor in load_file(tmp_path / "run/adapter/adapter_model.safetensors").items():
        found = wrapped.get_parameter(name.replace(".weight", ".default.weight"))
        assert torch.equal(found, tensor)


def test_weights_of_another_adapter_are_refused(tmp_path):
    pytest.importorskip("peft", reason="LoRA needs the extra llm")
    folder = save_llm(tmp_path / "llm")
    options = resolve({"model": "instruct", "llm": folder, "lora_r": 4})
    build_model(options, build_processor(options)).save_pretrained(tmp_path / "run")
    for changes in ({"r": 8}, {"targets": "k_proj,v_proj"}, {"targets": "q_proj,k_proj,v_proj"}):
        llm = load_llm(describe_llm(folder))
        add_lora(
            llm, **({"r": 4, "alpha": 8, "dropout": 0.0, "targets": "q_proj,v_proj"} | changes)
        )
        with pytest.raises(InputError, match="not the weights of this LLM's adapter"):
            set_adapter_weights(llm, tmp_path / "run")
