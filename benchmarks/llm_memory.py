"""How much GPU memory an LLM as decoder needs: counted from its configuration, nothing is loaded.

    python benchmarks/llm_memory.py                    a table of common shapes
    python benchmarks/llm_memory.py --llm FOLDER       the LLM whose config.json is in the folder

Counted, in GiB: weights as held; what trains (LoRA, mapper) with gradient and both moments of
AdamW in single precision; the keys and values of the search (beams x reports x pieces); and the
activations that one training pass of a part of a batch keeps: with gradient checkpointing one
state per piece and layer and one layer's inside, without it the inside of every layer, and in
both cases the scores of the target pieces in single precision. Not counted: the CUDA context and
fragments (allow 2 GiB), and the graph encoder (its parameters train as any others do).
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tabulate import tabulate
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    PhiConfig,
    PreTrainedConfig,
    Qwen2Config,
)

from graphsum.command_line import Parser, run
from graphsum.llm.loading import clear_errors
from preprocessing.errors import InputError

GIB = 2**30
BYTES = {"float32": 4.0, "bfloat16": 2.0, "8bit": 1.0, "4bit": 0.5 + 2 / 64}  # nf4: blocks of 64
# The shapes of published models, written down; nothing is fetched.
SHAPES: dict[str, PreTrainedConfig] = {
    "Qwen2 0.5B": Qwen2Config(
        vocab_size=151_936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
        num_attention_heads=14, num_key_value_heads=2, tie_word_embeddings=True,
    ),
    "Phi-2 2.7B": PhiConfig(
        vocab_size=51_200, hidden_size=2560, intermediate_size=10_240, num_hidden_layers=32,
        num_attention_heads=32,
    ),
    "Llama 7B": LlamaConfig(
        vocab_size=32_000, hidden_size=4096, intermediate_size=11_008, num_hidden_layers=32,
        num_attention_heads=32,
    ),
    "Llama 13B": LlamaConfig(
        vocab_size=32_000, hidden_size=5120, intermediate_size=13_824, num_hidden_layers=40,
        num_attention_heads=40,
    ),
    "Llama 70B": LlamaConfig(
        vocab_size=32_000, hidden_size=8192, intermediate_size=28_672, num_hidden_layers=80,
        num_attention_heads=64, num_key_value_heads=8,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What is asked of a GPU: reports of a part of a batch, and their pieces."""

    reports: int = 8
    context: int = 300  # prompt and prefix
    target: int = 60
    beams: int = 5
    lora_r: int = 8
    d_model: int = 256  # of the memory that the mapper reads


def counts(config: PreTrainedConfig, load: Load) -> dict[str, float]:
    """Parameters of the LLM and of what trains, and GiB of everything named above."""
    with torch.device("meta"):
        llm = AutoModelForCausalLM.from_config(config)
    total = sum(p.numel() for p in llm.parameters())
    # Embeddings and scores stay in 16 bits where the layers are held in 8 or 4.
    linear = [
        m for n, m in llm.named_modules() if isinstance(m, torch.nn.Linear) and "head" not in n
    ]
    inner = sum(m.weight.numel() for m in linear)
    lora = sum(
        load.lora_r * (m.in_features + m.out_features)
        for name, m in llm.named_modules()
        if name.endswith(("q_proj", "v_proj"))
    )
    width = config.hidden_size
    mapper = load.d_model * width + width * width + 4 * width  # --mapper mlp, with its norm
    layers = config.num_hidden_layers
    pieces = load.reports * (load.context + load.target)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    keys = 2 * layers * heads * width // config.num_attention_heads * 2  # per piece, in 16 bits
    inside = 2 * sum(m.in_features + m.out_features for m in linear) / layers  # of a layer, a piece
    scores = 3 * 4 * config.vocab_size * load.reports * load.target  # logits, softmax, gradient
    result = {
        "parameters": total,
        "trained, shallow": mapper,
        "trained, delta": mapper + lora,
        "trained state": 4 * 4 * (mapper + lora) / GIB,
        "search": load.beams * pieces * keys / GIB,
        "training, checkpointing": (pieces * (2 * width * layers + inside) + scores) / GIB,
        "training": (pieces * inside * layers + scores) / GIB,
    }
    for name, size in BYTES.items():
        outside = size if size >= 2 else 2.0
        result[name] = (inner * size + (total - inner) * outside) / GIB
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="llm_memory.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--llm", metavar="FOLDER", help="folder (or hub name) with a config.json")
    for name, default in vars(Load()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    given = vars(parser.parse_args(arguments))
    name = given.pop("llm")
    shapes = SHAPES
    if name:
        with clear_errors(name):
            shapes = {name: AutoConfig.from_pretrained(name)}
    if min(given.values()) <= 0:
        raise InputError("all sizes must be above 0")
    load = Load(**given)
    found = {shape: counts(config, load) for shape, config in shapes.items()}
    rows = [
        [shape, f"{values['parameters'] / 1e9:.2f} B"]
        + [f"{values[key] / 1e6:.1f} M" for key in ("trained, shallow", "trained, delta")]
        + [f"{values[key]:.1f}" for key in (*BYTES, "trained state", "search")]
        + [f"{values[key]:.1f}" for key in ("training, checkpointing", "training")]
        for shape, values in found.items()
    ]
    header = ["LLM", "parameters", "trained, shallow", "trained, delta", *BYTES,
              "trained state", "search", "activations, checkpointing", "activations"]  # fmt: skip
    print(f"GiB; {load}")
    print(tabulate(rows, headers=header, disable_numparse=True, tablefmt="github"))


if __name__ == "__main__":
    run(main)
