"""sharded_steps.py LLM ENCODER_RUN FOLDER: three steps of a steered LLM, its weights spread by
FSDP2 over all processes that run this (Accelerate offers FSDP on GPUs only)."""

import json
import sys
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from tiny import PAIRS, graph_of
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

from graphsum.models.building import build_model, build_processor
from graphsum.models.generation import GREEDY, generate_impressions
from graphsum.models.modeling import own_state
from graphsum.options import resolve
from graphsum.training.checkpoints import load_own_state
from graphsum.training.loop import parameter_groups
from graphsum.training.state import (
    load_training_state,
    save_training_state,
    training_state,
)
from graphsum.training.step import StepInputs, TrainingStep
from preprocessing.corpora import Corpus


def main(llm: str, encoder_run: str, folder: Path) -> None:
    accelerator = Accelerator(cpu=True)
    options = resolve(
        {
            "preset": "tiny", "decoder": "causal-lm", "llm": llm, "alignment": "delta",
            "init_from": encoder_run, "lora_dropout": 0.0, "lr": 1e-2,
        }
    )  # fmt: skip
    set_seed(0)
    graphs = [graph_of(str(number), findings) for number, (findings, _) in enumerate(PAIRS)]
    processor = build_processor(options, Corpus("jsonl", (), (), (), {}, ""), graphs, "")
    examples = list(processor.examples(graphs, [impression for _, impression in PAIRS]))
    model = build_model(options, processor)
    size = sum(p.numel() for p in model.decoder.llm.parameters())
    if accelerator.num_processes > 1:
        for layer in model.decoder.llm.model.layers:
            fully_shard(layer)
        fully_shard(model)
        register_fsdp_forward_method(model, "generate_impressions")
    held = sum(
        p.to_local().numel() if hasattr(p, "to_local") else p.numel()
        for p in model.decoder.llm.parameters()
    )
    optimizer = torch.optim.AdamW(parameter_groups(model, options))
    inputs = StepInputs(
        examples,
        processor,
        options,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    training_step = TrainingStep(accelerator, model, optimizer, options)
    losses = []
    for _ in range(3):
        model.train()
        losses.append(training_step(inputs.parts(examples))[0].item())
    written = generate_impressions(model, processor, examples, settings=GREEDY)
    weights = {name: tensor.clone() for name, tensor in own_state(model).items()}
    state = training_state(accelerator, optimizer)
    if accelerator.is_main_process:
        model.save_pretrained(folder, state_dict=weights)
        save_training_state(state, folder)
    accelerator.wait_for_everyone()
    with torch.no_grad():  # all is lost, and loaded again
        for tensor in [p for p in model.parameters() if p.requires_grad]:
            tensor.zero_()
        for values in optimizer.state.values():
            for value in values.values():
                value.zero_()
    load_own_state(model, folder)
    load_training_state(accelerator, optimizer, folder)
    again = own_state(model) | training_state(accelerator, optimizer)
    restored = all(torch.equal(again[name], t) for name, t in (weights | state).items())
    if accelerator.is_main_process:
        facts = {
            "losses": losses,
            "written": written,
            "share": held / size,
            "restored": restored,
        }
        (folder / "facts.json").write_text(json.dumps(facts))
    accelerator.wait_for_everyone()
    accelerator.end_training()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
