"""Tiny random language models of the usual families, as folders, with a tokenizer of their own."""

import torch
from tiny import PAIRS
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from graphsum.llm.prompting import PROMPT, Prompter, PromptSettings

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.1,
}
FAMILIES = {
    "llama": {},
    "mistral": {"sliding_window": None},
    "qwen2": {},
    "gemma": {"head_dim": 8},
    "phi": {},
}
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def llm_tokenizer(
    *, chat: bool = False, pad: bool = True, all_bytes: bool = False
) -> PreTrainedTokenizerFast:
    """Byte-level BPE, as most LLMs have it; transformers reads a Qwen folder as nothing else.

    ``all_bytes``: any text can be written, not only what the examples have (no quotes, brackets).
    """
    texts = [text for pair in PAIRS for text in pair]
    texts += [text.replace(" .", ".") for text in texts]
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["[PAD]", "[START]", "[END]"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if all_bytes else [],
    )
    backend.train_from_iterator([*texts, PROMPT, "### Instruction:\n### Response:\n"] * 3, trainer)
    options = {"pad_token": "[PAD]"} if pad else {}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="[START]", eos_token="[END]", **options
    )
    if chat:
        names = ["<|user|>", "<|assistant|>", "<|end|>"]
        tokenizer.add_special_tokens({"additional_special_tokens": names})
        tokenizer.chat_template = CHAT
    return tokenizer


def save_llm(
    folder,
    family: str = "llama",
    *,
    seed: int = 0,
    chat: bool = False,
    all_bytes: bool = False,
    learn_steps: int = 0,
    **changes,
) -> str:
    """Write a random model with its tokenizer; returns the folder as text."""
    tokenizer = llm_tokenizer(chat=chat, all_bytes=all_bytes)
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        family,
        **SIZES
        | FAMILIES[family]
        | {"vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
           "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
        | changes,
    )  # fmt: skip
    llm = AutoModelForCausalLM.from_config(config)
    if learn_steps:
        learn(llm, tokenizer, learn_steps)
    llm.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def learn(llm, tokenizer, steps: int) -> None:
    """Teach the LLM to read findings, so that a prefix can lead it."""
    prompter = Prompter(tokenizer, PromptSettings())
    ids = [
        torch.tensor([*prompter.prompt_ids(findings), *prompter.target_ids(impression)])
        for findings, impression in PAIRS
    ]
    ids = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
    optimizer = torch.optim.AdamW(llm.parameters(), lr=1e-2)
    for _ in range(steps):
        llm(input_ids=ids.clamp(min=0), labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
