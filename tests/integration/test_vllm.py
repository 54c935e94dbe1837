"""vLLM runs a checkpoint's LLM: its calls with a stub, its impressions those of our own search."""

import os
import sys
from dataclasses import replace

import pytest
import torch
from tiny import PAIRS, tiny_examples, tiny_model, tiny_processor
from tiny_llm import save_llm

import evaluate
from graphsum import Summarizer
from graphsum.cli import main as cli
from graphsum.llm.vllm_sampler import ENVIRONMENT, VLLMSampler
from graphsum.models import instruct
from graphsum.models.generation import GREEDY, generate_impressions, sample_impressions
from graphsum.models.llm_building import build_with_llm, prompter_of
from graphsum.models.loading import hand_over_to_vllm, load_model
from graphsum.models.processing import GraphSumProcessor
from graphsum.options import resolve
from preprocessing.errors import InputError, MissingBackendError
from preprocessing.records import Report

pytest.importorskip("peft", reason="LoRA needs the extra llm")
import stub_vllm

REPORTS = [Report(str(n), *pair) for n, pair in enumerate(PAIRS)]


@pytest.fixture(autouse=True)
def stub(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "")  # so that it is as before afterwards
        monkeypatch.delenv(name)
    stub_vllm.install(monkeypatch)


@pytest.fixture(scope="module")
def llm(tmp_path_factory):
    return save_llm(tmp_path_factory.mktemp("llm"), learn_steps=60)


@pytest.fixture(scope="module", params=["steered", "instruct"])
def checkpoint(request, llm, tmp_path_factory):
    """A checkpoint with an adapter that changes what is written, and its kind."""
    folder = tmp_path_factory.mktemp(request.param)
    options = {"llm": llm, "lora_targets": "all-linear", "lora_r": 4}
    torch.manual_seed(0)
    if request.param == "instruct":
        chosen = resolve(options | {"model": "instruct"})
        processor = instruct.build_processor(chosen)
        model = instruct.build_model(chosen, processor)
    else:
        made = tiny_processor()
        encoders = tmp_path_factory.mktemp("encoders")
        tiny_model(made).save_pretrained(encoders)
        chosen = resolve(
            options
            | {"decoder": "causal-lm", "alignment": "delta", "init_from": str(encoders),
               "prompt_findings": True}
        )  # fmt: skip
        processor = GraphSumProcessor(made.tokenizer, made.settings, prompter_of(chosen))
        model = build_with_llm(chosen, None, processor.prompter)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, std=0.05)
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder, request.param


def examples_of(processor, kind):
    if kind == "instruct":
        return list(processor.examples(REPORTS))
    return tiny_examples(processor)


def both(checkpoint, options=None):
    """The checkpoint's model run by this project and by vLLM, and the examples."""
    folder, kind = checkpoint
    cls = instruct.InstructProcessor if kind == "instruct" else GraphSumProcessor
    processor = cls.from_pretrained(folder)
    models = (load_model(folder), load_model(folder, vllm=options or {}))
    return *models, processor, examples_of(processor, kind)


def test_it_writes_what_our_own_search_writes(checkpoint):
    own, handed, processor, examples = both(checkpoint, {"tensor_parallel_size": "2"})
    (engine,) = stub_vllm.STARTED
    assert engine.tensor_parallel_size == 2
    assert engine.max_model_len == 512  # what the LLM has positions for
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1"
    held = {name for name, _ in handed.named_parameters() if name.startswith("decoder.")}
    assert not any("layers" in name for name in held)
    settings = replace(GREEDY, max_new_tokens=12)
    expected = generate_impressions(own, processor, examples, settings=settings)
    written = generate_impressions(handed, processor, examples, settings=settings, batch_size=3)
    assert not os.path.exists(engine.model)  # the LLM with its adapter, while vLLM read it
    assert written == expected
    assert len(set(expected)) > 1
    cold = {"num_samples": 2, "temperature": 0.01, "max_new_tokens": 12}
    assert sample_impressions(handed, processor, examples, **cold) == [[one] * 2 for one in written]
    with torch.inference_mode():
        batch = processor.collate(examples)
        tokens = [model.generate_impressions(batch, settings) for model in (own, handed)]
    assert torch.equal(*tokens)


def test_samples_of_a_report_do_not_depend_on_the_others(checkpoint):
    _, handed, processor, examples = both(checkpoint)

    def draw(chosen, seed=0):
        how = {"num_samples": 3, "temperature": 2.0, "max_new_tokens": 6, "seed": seed}
        return sample_impressions(handed, processor, chosen, **how)

    whole = draw(examples)
    assert all(len(set(texts)) > 1 for texts in whole)
    assert draw(examples[2:4]) == whole[2:4]
    assert draw(examples[2:4], seed=1) != whole[2:4]


def test_what_ends_an_answer_becomes_the_first_end_token(llm):
    model, processor = instruct.prompted(llm)
    model.decoder.end_ids = [*model.decoder.end_ids, *range(3, 400)]  # any token ends it
    hand_over_to_vllm(model, {})
    batch = processor.collate(list(processor.examples(REPORTS)))
    tokens = model.generate_impressions(batch, GREEDY)
    assert tokens.tolist() == [[model.decoder.end_ids[0]]] * len(REPORTS)
    sampler = model.decoder.sampler
    assert sampler._ended([1, 0], cut=True) == [1, 0]
    assert sampler._ended([1, 0], cut=False) == [1, 0, model.decoder.end_ids[0]]


@pytest.mark.parametrize("checkpoint", ["instruct"], indirect=True)
def test_by_the_commands(checkpoint, reports_file, llm, tmp_path, capsys):
    data = ["--dataset", "jsonl", "--data-dir", str(reports_file)]
    out = tmp_path / "out"
    evaluate.main(["--llm", llm, *data, "--num-beams", "1", "--vllm", "--output-dir", str(out)])
    assert len((out / "predictions.jsonl").read_text().splitlines()) == 10
    write = ["summarize", PAIRS[0][0], "--checkpoint", str(checkpoint[0]), "--consensus"]
    cli.main([*write, "--vllm", "max_model_len=300"])
    assert [one.max_model_len for one in stub_vllm.STARTED] == [512, 300]
    assert capsys.readouterr().out
    with pytest.raises(InputError, match="give more with --vllm max_model_len=N"):
        cli.main([*write, "--vllm", "max_model_len=20"])


def test_the_command_ends_as_usual_so_that_vllm_ends_its_processes(monkeypatch):
    ends = []
    monkeypatch.setattr(cli, "run", lambda function: None)
    monkeypatch.setattr(os, "_exit", ends.append)
    monkeypatch.setattr(sys, "argv", ["graphsum", "summarize", "text"])
    cli.program()
    assert ends == []
    monkeypatch.delitem(sys.modules, "vllm")
    cli.program()
    assert ends == [0]


MISTAKES = [
    ({"model": "x"}, "--vllm model=x: graphsum sets model itself"),
    ({"trust_remote_code": "true"}, "graphsum sets trust_remote_code itself"),
    ({"max_model_len": "auto"}, "--vllm max_model_len=auto: give a whole number"),
    ({"bandwidth": "3"}, "--vllm: vLLM does not start: .*unexpected keyword argument 'bandwidth'"),
    ({"gpu_memory_utilization": "2"}, "vLLM does not start: not enough memory$"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_mistakes_are_one_line(llm, options, message):
    model, _ = instruct.prompted(llm)
    with pytest.raises(InputError, match=message):
        hand_over_to_vllm(model, options)


def test_what_vllm_does_not_do(llm, tmp_path, monkeypatch):
    model, processor = instruct.prompted(llm)
    given = ["--llm", llm, "--dataset", "sample", "--vllm"]
    with pytest.raises(InputError, match="give --consensus or --num-beams 1 too"):
        evaluate.main([*given, "--num-beams", "3"])
    with pytest.raises(InputError, match="give --consensus or --num-beams 1 too"):
        cli.main(["summarize", "Heart size normal.", "--vllm"])
    own = model.decoder
    for change in ({"weights": "4bit"}, {"name": str(tmp_path / "x.gguf")}):
        spec = replace(own.llm_spec, **change)
        with pytest.raises(InputError, match=r"vLLM is given the LLM's own folder .* 8 or 4 bits"):
            VLLMSampler(own.model, spec, own.end_ids, {})
    tiny = tiny_model(tiny_processor())
    with pytest.raises(InputError, match="this checkpoint has none"):
        hand_over_to_vllm(tiny, {})
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingBackendError, match=r"pip install 'graphsum\[vllm\]'"):
        hand_over_to_vllm(model, {})
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        stub_vllm.install(patch)
        hand_over_to_vllm(model, {})
        with pytest.raises(InputError, match="one beam and blocks no repeated n-grams"):
            Summarizer(model, processor, None).summarize(PAIRS[0][0], num_beams=2)
