"""Presets: values of the options of ``train.py`` under a name."""

from typing import Any

# Sizes and schedule by name; every other option keeps its built-in value.
PRESETS: dict[str, dict[str, Any]] = {
    # A few seconds per hundred steps on a laptop: first look, tests.
    "tiny": {
        "encoder_layers": 2,
        "vocab_size": 2000,
        "max_source_length": 256,
        "d_model": 128,
        "decoder_layers": 2,
        "decoder_heads": 4,
        "decoder_ffn_dim": 512,
        "graph_heads": 4,
        "contrastive_layers": 1,
        "encoder_lr": 1e-3,
        "lr": 1e-3,
        "max_steps": 500,
        "validate_every": 250,
        "encoder_warmup": 100,
        "warmup": 100,
    },
    # Encoder and tokenizer from scratch, for a few thousand reports and a CPU.
    "small": {
        "shuffle_sentences": True,
        "contrastive_negatives": "batch",
        "contrastive_temperature": 0.1,
    },
    # A small pretrained encoder, for a few thousand reports and an hour of CPU.
    "minilm": {
        "encoder": "sentence-transformers/all-MiniLM-L6-v2",
        "trim_vocab": True,
        "d_model": 384,
        "decoder_ffn_dim": 1536,
        "graph_width": 48,
        "dropout": 0.15,
        "encoder_lr": 1.2e-4,
        "max_steps": 1200,
        "validate_every": 300,
        "shuffle_sentences": True,
        "contrastive_negatives": "batch",
        "contrastive_temperature": 0.1,
    },
    # Liu et al., Radiology-GPT (2023): LoRA as in Alpaca-LoRA.
    "radiology-gpt": {
        "model": "instruct",
        "inclusion": "radiology-gpt",
        "lora_r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "lora_targets": "q_proj,v_proj",
        "lr": 3e-4,
        "warmup": 100,
        "weight_decay": 0.01,
        "batch_size": 128,
        "label_smoothing": 0.0,
        "contrastive_weight": 0.0,
    },
    # A small LLM (SmolLM2-135M and the like) alone: the published rank is far too little for it.
    "small-llm": {
        "model": "instruct",
        "lora_r": 64,
        "lora_alpha": 64,
        "lora_dropout": 0.0,
        "lora_targets": "all-linear",
        "lr": 5e-4,
        "warmup": 40,
        "max_steps": 400,
        "validate_every": 100,
        "patience": 2,
        "label_smoothing": 0.0,
        "contrastive_weight": 0.0,
    },
    # The same LLM, steered by the memory of a trained run beside the findings' text.
    "small-llm-steered": {
        "decoder": "causal-lm",
        "alignment": "delta",
        "prompt_findings": True,
        "lora_r": 64,
        "lora_alpha": 64,
        "lora_dropout": 0.0,
        "lora_targets": "all-linear",
        "lr": 5e-4,
        "encoder_lr": 5e-5,
        "warmup": 40,
        "encoder_warmup": 40,
        "max_steps": 800,
        "validate_every": 200,
        "patience": 2,
        "label_smoothing": 0.0,
    },
    # Hu et al. (ACL 2022), Open-i; 221.6 M parameters with BioBERT.
    "hu2022": {
        "annotator": "stanza",
        "encoder": "dmis-lab/biobert-base-cased-v1.1",
        "d_model": 768,
        "decoder_layers": 6,
        "decoder_ffn_dim": 2048,
        "dropout": 0.2,
        "attention_dropout": 0.2,
        "copy": False,
        "graph": "gat",
        "graph_width": 768,
        "graph_dropout": 0.2,
        "typed_edges": False,
        "contrastive_layers": 6,
        "schedule": "noam",
        "encoder_lr": 3e-4,
        "encoder_warmup": 2000,
        "lr": 0.04,
        "warmup": 1500,
        "weight_decay": 0.0,
        "clip": 0.0,
        "max_steps": 30_000,
        "validate_every": 2000,
    },
}

# Where a preset differs by corpus (the paper's own settings for MIMIC-CXR).
PRESETS_OF_DATASET: dict[tuple[str, str], dict[str, Any]] = {
    ("hu2022", "mimic-cxr"): {
        "encoder_lr": 2e-4,
        "encoder_warmup": 10_000,
        "lr": 0.05,
        "warmup": 7000,
        "max_steps": 150_000,
        "validate_every": 5000,
    },
}

DEFAULT_PRESET = {"sample": "tiny", "mimic-cxr": "hu2022"}  # "small" for every other corpus
