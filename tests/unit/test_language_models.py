"""LLMs that cannot be used: one clear line each. And what identifies one."""

from dataclasses import replace

import llm_memory
import pytest
import torch
from tiny_llm import FAMILIES, save_llm
from transformers import AutoConfig, BertConfig, T5Config

from graphsum.llm.loading import add_lora, config_hash, describe_llm, load_llm
from graphsum.options import resolve
from graphsum.out_of_memory import out_of_memory_as_input_error
from preprocessing.errors import InputError, MissingBackendError


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return save_llm(tmp_path_factory.mktemp("llama"))


def without(monkeypatch, package):
    """Let a package look as if it were not installed."""
    found = "graphsum.llm.loading.find_spec"
    monkeypatch.setattr(found, lambda name: None if name == package else object())


def test_what_identifies_an_llm(llama):
    record = describe_llm(llama)
    assert (record.hidden_size, record.weights, record.revision) == (32, "auto", None)
    config = AutoConfig.from_pretrained(llama)
    assert config_hash(config) == record.config_hash
    config.transformers_version, config.dtype = "0", "bfloat16"
    assert config_hash(config) == record.config_hash
    config.num_hidden_layers = 3
    assert config_hash(config) != record.config_hash


def test_an_llm_is_loaded_frozen_and_in_its_precision(llama):
    llm = load_llm(describe_llm(llama, weights="bfloat16"))
    assert {p.dtype for p in llm.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in llm.parameters())
    with pytest.raises(InputError, match=r"hash [0-9a-f]{12}, not 000000000000"):
        load_llm(replace(describe_llm(llama), config_hash="0" * 64))


def test_models_that_are_no_decoders(tmp_path):
    T5Config().save_pretrained(tmp_path / "t5")
    with pytest.raises(InputError, match=r"encoder-decoder model \(t5\); give a decoder-only"):
        describe_llm(str(tmp_path / "t5"))
    with pytest.raises(InputError, match="no such folder, and it cannot be fetched"):
        describe_llm(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no complete model"):
        describe_llm(str(tmp_path / "empty"))
    BertConfig(vocab_size=10).save_pretrained(tmp_path / "bert")
    with pytest.raises(InputError, match=r"no causal language model \(bert\)"):
        describe_llm(str(tmp_path / "bert"))


def test_missing_weights(tmp_path):
    folder = save_llm(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match="holds no complete model"):
        load_llm(describe_llm(folder))


def test_missing_packages(llama, monkeypatch):
    without(monkeypatch, "bitsandbytes")
    with pytest.raises(MissingBackendError, match="4bit needs bitsandbytes"):
        load_llm(describe_llm(llama, weights="4bit"))
    without(monkeypatch, "peft")
    with pytest.raises(MissingBackendError, match=r"pip install 'graphsum\[llm\]'"):
        add_lora(load_llm(describe_llm(llama)), r=2, alpha=4, dropout=0, targets="q_proj")


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_stands_beside_the_named_layers(tmp_path, family):
    pytest.importorskip("peft", reason="LoRA needs the extra llm")
    llm = load_llm(describe_llm(save_llm(tmp_path, family), weights="bfloat16"))
    add_lora(llm, r=2, alpha=4, dropout=0.0, targets="q_proj,v_proj")
    trained = {name: p for name, p in llm.named_parameters() if p.requires_grad}
    assert len(trained) == 2 * 2 * 2  # layers, targets, factors
    assert all("q_proj.lora_" in name or "v_proj.lora_" in name for name in trained)
    assert {p.dtype for p in trained.values()} == {torch.float32}
    with pytest.raises(InputError, match="query not among the LLM's layers"):
        add_lora(llm, r=2, alpha=4, dropout=0.0, targets="query")


def test_out_of_memory():
    """On the CPU for real: more than there is address space for."""
    with pytest.raises(InputError, match="out of memory"), out_of_memory_as_input_error():
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(InputError, match="out of memory"), out_of_memory_as_input_error():
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="shape"), out_of_memory_as_input_error():
        raise RuntimeError("shape mismatch")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decoder": "causal-lm"}, "need --llm"),
        ({"model": "instruct"}, "need --llm"),
        ({"llm": "folder"}, "nothing else takes one"),
        ({"decoder": "causal-lm", "llm": "folder"}, "--alignment shallow trains no encoder"),
        ({"model": "instruct", "llm": "folder", "lora_r": 0}, "--lora-r 0"),
        ({"decoder": "causal-lm", "llm": "x", "alignment": "deap"}, "did you mean 'deep'"),
        ({"decoder": "causal-lm", "llm": "x", "mapper": "mlpp"}, "did you mean 'mlp'"),
        ({"model": "instruct", "llm": "x", "llm_weights": "3bit"}, "did you mean"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(InputError, match=message):
        resolve(options)


def test_radiology_gpt_recipe():
    """Liu et al. (2023): LoRA and rate as published."""
    options = resolve({"preset": "radiology-gpt", "llm": "folder"})
    assert (options.model, options.inclusion) == ("instruct", "radiology-gpt")
    assert (options.lora_r, options.lora_alpha, options.lora_dropout) == (8, 16, 0.05)
    assert (options.lora_targets, options.lr, options.batch_size) == ("q_proj,v_proj", 3e-4, 128)
    assert options.prompt == "Derive the impression from findings in the radiology report"


def test_memory_counted_by_hand():
    """Llama 7B: 32 layers of 4 x 4096^2 + 3 x 4096 x 11008, two tables of 32000 x 4096."""
    found = llm_memory.counts(llm_memory.SHAPES["Llama 7B"], llm_memory.Load())
    assert found["parameters"] == 6_738_415_616
    assert found["bfloat16"] == pytest.approx(2 * 6_738_415_616 / 2**30)
    assert found["trained, delta"] - found["trained, shallow"] == 32 * 2 * 8 * (4096 + 4096)
    # keys and values: 2 x 32 layers x 4096 x 2 bytes a piece, 5 beams of 8 reports of 360 pieces
    assert found["search"] == pytest.approx(5 * 8 * 360 * 2 * 32 * 4096 * 2 / 2**30)
