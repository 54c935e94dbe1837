"""The language model of ``graphsum pretrain``: tokenizer, documents, loop."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from graphsum.llm.prompting import Prompter, PromptSettings
from graphsum.models.padding import IGNORED, padded
from graphsum.models.tokenizers import train_tokenizer
from graphsum.options import PretrainOptions
from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.pretrained import saving
from graphsum.training.checkpoints import share_weights
from preprocessing.files import json_text, replace_folder, write_text_atomically
from preprocessing.records import Report

BLIND = 0.25  # share of the reports whose findings a pass leaves out


@out_of_memory_as_input_error()
def pretrain(options: PretrainOptions, train: Sequence[Report], val: Sequence[Report]) -> None:
    """Train a model on ``train``, and keep the pass with the lowest perplexity on ``val``.

    A document is what the LLM will be asked, the project's prompt with the findings, and the
    impression; some are without findings, so that the model knows both forms of the prompt. The
    loss counts every token. The folder holds model, tokenizer and ``pretraining.json`` (options,
    perplexities per token); it appears complete or not at all.
    """
    transformers_logging.disable_progress_bar()
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    tokenizer = report_tokenizer(train, options.vocab_size)
    seeing, blind = (Prompter(tokenizer, PromptSettings(findings=seen)) for seen in (True, False))
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=options.width,
            intermediate_size=4 * options.width,
            num_hidden_layers=options.layers,
            num_attention_heads=options.width // 32,
            max_position_embeddings=2048,
            attention_dropout=options.dropout,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).to("cuda" if torch.cuda.is_available() else "cpu")
    print(f"model: {model.num_parameters() / 1e6:.1f} M parameters, vocabulary {len(tokenizer)}")
    steps = options.epochs * -(-len(train) // options.batch_size)
    warmup = max(1, steps // 10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / (steps - warmup + 1))
    )
    held_out = [document(seeing, report) for report in val]
    perplexities: list[float] = []
    with tqdm(total=steps, unit=" steps", mininterval=2.0) as bar:
        for _ in range(options.epochs):
            texts = [
                document(blind if hidden else seeing, report)
                for report, hidden in zip(train, generator.random(len(train)) < BLIND, strict=True)
            ]
            model.train()
            for batch in batches(texts, options.batch_size, generator):
                with torch.autocast(
                    model.device.type, torch.bfloat16, enabled=options.precision == "bf16"
                ):
                    loss, count = summed_loss(model, batch)
                (loss / count).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                scheduler.step()
                bar.update()
            perplexities.append(perplexity(model, held_out, options.batch_size))
            bar.write(f"pass {len(perplexities)}: val perplexity {perplexities[-1]:.3f}")
            if perplexities[-1] == min(perplexities):
                save(model, tokenizer, options, perplexities)


def report_tokenizer(train: Sequence[Report], vocab_size: int) -> PreTrainedTokenizerBase:
    """Fitted to the train reports and the prompt, with the start and end tokens of an LLM."""
    prompt = f"### Instruction: {PromptSettings().prompt} ### Input: ### Response:"
    texts = [text for report in train for text in (prompt, report.findings, report.impression)]
    tokenizer = train_tokenizer(texts, vocab_size=vocab_size)
    tokenizer.bos_token, tokenizer.eos_token = tokenizer.cls_token, tokenizer.sep_token
    return tokenizer


def document(prompter: Prompter, report: Report) -> np.ndarray:
    """Tokens of prompt and impression, [T]."""
    return np.concatenate(
        [prompter.prompt_ids(report.findings), prompter.target_ids(report.impression)]
    )


def batches(
    documents: Sequence[np.ndarray], size: int, generator: np.random.Generator
) -> Iterator[Tensor]:
    """All documents once, in random batches [B, T] of similar length, padded with -100."""
    order = sorted(range(len(documents)), key=lambda row: len(documents[row]))
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    for number in generator.permutation(len(groups)):
        yield padded([documents[row] for row in groups[number]], IGNORED)


def summed_loss(model: LlamaForCausalLM, batch: Tensor) -> tuple[Tensor, int]:
    """Sum of the cross-entropies in nats of a batch's tokens but the first, and their number."""
    batch = batch.to(model.device)
    logits = model(input_ids=batch.clamp(min=0), use_cache=False).logits  # causal: no mask needed
    labels = batch[:, 1:]
    loss = torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), labels.flatten(), reduction="sum"
    )
    return loss, int((labels != IGNORED).sum())


@torch.no_grad()
def perplexity(model: LlamaForCausalLM, documents: Sequence[np.ndarray], size: int) -> float:
    """exp of the mean cross-entropy per token."""
    model.eval()
    order = batches(documents, size, np.random.default_rng(0))
    parts = [summed_loss(model, batch) for batch in order]
    return float(np.exp(sum(float(loss) for loss, _ in parts) / sum(count for _, count in parts)))


def save(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    options: PretrainOptions,
    perplexities: Sequence[float],
) -> None:
    """Put model and tokenizer in the place of the folder's earlier ones."""
    folder = Path(options.output_dir)
    new = folder.with_name(f".{folder.name}.new")
    facts = {"options": asdict(options), "val_perplexity": list(perplexities)}
    try:
        with saving(folder):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            model.save_pretrained(new)
            tokenizer.save_pretrained(new)
            write_text_atomically(new / "pretraining.json", [json_text(facts)])
            share_weights(new)
            replace_folder(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
