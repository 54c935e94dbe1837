"""Checkpoints that strangers made: code in every place that a library might look into."""

import builtins
import json
import os
import pickle
import shutil
import socket
from contextlib import contextmanager
from pathlib import Path

MARK = "GRAPHSUM_TEST_MARK"  # environment variable with the file that planted code would write
CODE = "import os\nopen(os.environ['GRAPHSUM_TEST_MARK'], 'w').write('ran')\n"


class Payload:
    """Unpickled, it writes the file that ``MARK`` names."""

    def __reduce__(self):
        return exec, (CODE,)


# What torch, transformers, PEFT, accelerate, DeepSpeed and the tokenizers may look for.
PICKLES = (
    "pytorch_model.bin", "model.bin", "model.pt", "model.pth", "model.ckpt.index",
    "consolidated.pth",
    "optimizer.bin", "scheduler.bin", "sampler.bin", "scaler.pt", "random_states_0.pkl",
    "custom_checkpoint_0.pkl", "training_args.bin", "adapter_model.bin",
    "adapter/adapter_model.bin",
    "tf_model.h5", "flax_model.msgpack", ".metadata", "distributed_checkpoint/.metadata",
    "pytorch_model_fsdp.bin", "vocab.pkl", "vocab.bin", "tokenizer.model", "spiece.model",
    "sentencepiece.bpe.model", "tokenizer.pkl", "llm_tokenizer.pkl", "mp_rank_00_model_states.pt",
    "latest", "zero_to_fp32.py", "dl_state_dict.bin", "rng_state.pth",
)  # fmt: skip
MODULES = (
    "modeling_evil.py", "configuration_evil.py", "tokenization_evil.py", "processing_evil.py",
    "custom_generate/generate.py", "sitecustomize.py", "usercustomize.py",
    "__init__.py", "conftest.py",
    "torch.py", "transformers.py", "preprocessing.py",
)  # fmt: skip
AUTO_MAP = {
    "AutoConfig": "configuration_evil.Evil",
    "AutoModel": "modeling_evil.Evil",
    "AutoModelForSeq2SeqLM": "modeling_evil.Evil",
    "AutoModelForCausalLM": "modeling_evil.Evil",
    "AutoTokenizer": ["tokenization_evil.Evil", "tokenization_evil.Evil"],
    "AutoProcessor": "processing_evil.Evil",
}
JSON_FILES = (
    "config.json", "tokenizer_config.json", "processor_config.json", "generation_config.json",
    "special_tokens_map.json", "preprocessor_config.json", "consensus_config.json",
    "adapter_config.json",
    "adapter/adapter_config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json",
)  # fmt: skip
HUGE = 10**9


def plant_pickles(folder: Path) -> None:
    for name in PICKLES:
        write(folder / name, pickle.dumps(Payload()))


def plant_modules(folder: Path) -> None:
    for name in MODULES:
        write(folder / name, CODE.encode())


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def change(folder: Path, name: str, *keys: str, value: object) -> None:
    """Set a value within a JSON file, which is made where there is none."""
    path = folder / name
    values = json.loads(path.read_text()) if path.is_file() else {}
    inner = values
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = value
    write(path, json.dumps(values).encode())


def normalizer(steps: int) -> dict:
    """A normalizer that makes 50 characters of one, again and again."""
    step = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 50}
    return {"type": "Sequence", "normalizers": [step] * steps}


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


# Name -> what it does to a checkpoint's folder.
CASES = {
    **{f"pickle {name}": lambda f, n=name: write(f / n, pickle.dumps(Payload()))
       for name in PICKLES},
    **{f"module {name}": lambda f, n=name: write(f / n, CODE.encode()) for name in MODULES},
    **{f"auto_map in {name}": lambda f, n=name: change(f, n, "auto_map", value=AUTO_MAP)
       for name in JSON_FILES},
    "auto_map of the encoder": lambda f: change(
        f, "config.json", "text_encoder", "auto_map", value=AUTO_MAP
    ),
    "auto_map in a repository": lambda f: change(
        f, "tokenizer_config.json", "auto_map", value={"AutoTokenizer": ["evil/repo--t.Evil", None]}
    ),
    "pickled weights only": lambda f: (
        (f / "model.safetensors").unlink(), write(f / "pytorch_model.bin", pickle.dumps(Payload()))
    ),
    "a pickle as safetensors": lambda f: write(f / "model.safetensors", pickle.dumps(Payload())),
    "kernels from a repository": lambda f: change(
        f, "config.json", "attn_implementation", value="evil/kernel"
    ),
    "kernels for the encoder": lambda f: change(
        f, "config.json", "text_encoder", "_attn_implementation", value="evil/kernel:attention"
    ),
    "kernels by another name": lambda f: change(
        f, "config.json", "_attn_implementation_internal", value="evil/kernel"
    ),
    "quantisation": lambda f: change(
        f, "config.json", "quantization_config", value={"quant_method": "gptq", "bits": 4}
    ),
    "an encoder with a backbone": lambda f: change(
        f, "config.json", "text_encoder",
        value={"model_type": "detr", "backbone": "evil/net", "use_pretrained_backbone": True},
    ),
    "another adapter's base": lambda f: change(
        f, "adapter_config.json", "base_model_name_or_path", value="evil/base"
    ),
    "an LLM on the hub": lambda f: (
        change(f, "config.json", "decoder", value="causal-lm"),
        change(f, "config.json", "llm", value={
            "name": "evil/llm", "revision": None, "config_hash": "0", "hidden_size": 8,
            "vocab_size": 10}),
    ),
    "code in custom_generate": lambda f: (
        plant_modules(f), change(f, "generation_config.json", "custom_generate", value="evil/repo")
    ),
    "an index that leads outside": lambda f: write(
        f / "model.safetensors.index.json",
        json.dumps({"metadata": {}, "weight_map": {"a": "../../../../etc/passwd"}}).encode(),
    ),
    "a tokenizer of another class": lambda f: change(
        f, "tokenizer_config.json", "tokenizer_class", value="os.system"
    ),
    "a chat template with code": lambda f: write(
        f / "chat_template.jinja", b"{{ ''.__class__.__mro__[1].__subclasses__() }}"
    ),
    **{f"{name} = {value}": lambda f, n=name, v=value: change(f, "config.json", n, value=v)
       for name, value in (("d_model", HUGE), ("vocab_size", HUGE), ("decoder_layers", 10**6),
                           ("max_positions", HUGE), ("decoder_ffn_dim", 10**8),
                           ("graph_width", HUGE),
                           ("contrastive_layers", 10**6), ("decoder_heads", -1), ("d_model", 0),
                           ("schema_version", 99), ("vocab_size", 2**20), ("decoder_layers", 200))},
    **{f"encoder's {name} = {value}": lambda f, n=name, v=value: change(
        f, "config.json", "text_encoder", n, value=v)
       for name, value in (("num_hidden_layers", 10**6), ("hidden_size", HUGE),
                           ("vocab_size", HUGE),
                           ("max_position_embeddings", HUGE), ("intermediate_size", HUGE),
                           ("num_hidden_layers", 500))},
    "a normalizer that blows up": lambda f: change(f, "tokenizer.json", "normalizer",
                                                   value=normalizer(12)),
    "nested brackets": lambda f: write(f / "config.json", nested(100_000)),
    "nested brackets in the tokenizer": lambda f: write(f / "tokenizer.json", nested(100_000)),
    "a long number": lambda f: write(f / "processor_config.json", b'{"a":' + b"9" * 5000 + b"}"),
    "a pipe as configuration": lambda f: (
        (f / "config.json").unlink(), os.mkfifo(f / "config.json")
    ),
    "a large header of weights": lambda f: write(
        f / "model.safetensors", (2**62).to_bytes(8, "little") + b"{}"
    ),
}  # fmt: skip


class Guards:
    """What happened meanwhile that must not happen."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark
        self.events: list[str] = []

    @property
    def seen(self) -> list[str]:
        return self.events + (["code ran"] if self.mark.exists() else [])


@contextmanager
def guarded(folder: Path):
    """Within the block the network and standard input are traps, and planted code leaves a mark."""
    guards = Guards(folder / "mark")

    def connect(*_args, **_options):
        guards.events.append("network")
        raise OSError("no network in this test")

    def ask(*_args):
        guards.events.append("question")
        return "y"

    before = socket.socket.connect, socket.getaddrinfo, builtins.input, os.environ.get(MARK)
    os.environ[MARK] = str(guards.mark)
    socket.socket.connect, socket.getaddrinfo, builtins.input = connect, connect, ask
    try:
        yield guards
    finally:
        socket.socket.connect, socket.getaddrinfo, builtins.input = before[:3]
        os.environ.pop(MARK)


def copy_of(checkpoint: Path, folder: Path) -> Path:
    shutil.copytree(checkpoint, folder)
    return folder
