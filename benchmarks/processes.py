"""How much faster do several processes train, what holds them back, and are their losses the same?

    python benchmarks/processes.py --processes 2

Whole optimiser steps of a preset on invented reports, one thread per process, no dropout: one
process; N processes that share each batch; one process with an N-th of the batch, alone and with
N - 1 unconnected ones beside it, which shows what the machine itself allows. Medians over steps.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from graphsum.command_line import Parser, run
from preprocessing.errors import InputError

BATCH = 32
REPORTS = 640
FIRST = 5  # steps that are not timed


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--precision", choices=("no", "bf16"), default="no")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--lr", type=float, default=7e-4)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=BATCH, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        return work(options)
    count, part = options.processes, BATCH // options.processes
    if count < 2 or BATCH % count:
        raise InputError(f"--processes must divide {BATCH} and be at least 2, not {count}")
    if options.steps < 4 * FIRST:
        raise InputError(f"--steps must be at least {4 * FIRST}, not {options.steps}")
    given = [f"--preset={options.preset}", f"--precision={options.precision}"]
    given += [f"--steps={options.steps}", f"--lr={options.lr}"]
    with tempfile.TemporaryDirectory() as name:
        one, both, half, crowded = (
            launch(Path(name) / kind, [*given, f"--batch={batch}"], connected, beside)
            for kind, batch, connected, beside in (
                ("one", BATCH, 1, 1),
                ("both", BATCH, count, 1),
                ("half", part, 1, 1),
                ("crowded", part, 1, count),
            )
        )
    rows = [
        ("one process", BATCH, one, 1),
        (f"{count} processes, connected", BATCH, both, 1),
        ("one process, its share of the batch", part, half, 1),
        (f"{count} unconnected, a share each", part, crowded, count),
    ]
    print_table(rows)
    pairs = list(zip(one["losses"], both["losses"], strict=True))
    gaps = [abs(a - b) for a, b in pairs]
    relative = max(gap / abs(a) for gap, (a, _) in zip(gaps, pairs, strict=True))
    print(
        f"losses of one and of {count} connected over {len(gaps)} steps: largest difference "
        f"{max(gaps):.1e}, of the loss itself {relative:.1e}"
    )


def print_table(rows: Sequence[tuple[str, int, dict[str, Any], int]]) -> None:
    from tabulate import tabulate

    names = ("step", "passes", "reduction", "optimizer")
    speeds = [batch * beside / found["step"] for _, batch, found, beside in rows]
    table = [
        (what, speed, speed / speeds[0], *(1000 * found[name] for name in names))
        for (what, _, found, _), speed in zip(rows, speeds, strict=True)
    ]
    head = ["", "reports/s", "x one", "step, ms", "forward and backward", "all-reduce", "optimiser"]
    print(tabulate(table, headers=head, floatfmt=("", ".1f", ".2f", *[".0f"] * 4)))


def launch(folder: Path, given: Sequence[str], connected: int, beside: int) -> dict[str, Any]:
    """What the slowest of ``beside`` launches of ``connected`` processes measured."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={connected}", __file__, *given]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    outputs = [folder.with_suffix(f".{number}") for number in range(beside)]
    started = [
        subprocess.Popen([*command, f"--worker={output}"], env=environment) for output in outputs
    ]
    if any(process.wait() for process in started):
        raise InputError("a process stopped; see its message above")
    found = [json.loads(output.read_text(encoding="utf-8")) for output in outputs]
    return max(found, key=lambda one: one["step"])


def work(options: argparse.Namespace) -> None:
    """One process of a launch: time steps and their parts; the first one writes what it found."""
    import torch
    from accelerate import Accelerator

    from graphsum.models.building import build_model, build_processor
    from graphsum.models.generation import onednn_products
    from graphsum.models.processing import Example
    from graphsum.options import resolve
    from graphsum.training.course import batches
    from graphsum.training.loop import parameter_groups
    from graphsum.training.step import StepInputs, TrainingStep
    from preprocessing.annotation import load_annotator
    from preprocessing.corpora import load_corpus
    from preprocessing.files import write_text_atomically
    from preprocessing.graphs import build_graph

    settings = resolve(
        {
            **{"dataset": "sample", "preset": options.preset, "precision": options.precision},
            **{"batch_size": options.batch, "lr": options.lr, "encoder_lr": options.lr},
            **{"dropout": 0.0, "graph_dropout": 0.0},
        }
    )
    corpus = load_corpus("sample")
    corpus = replace(corpus, train=corpus.train[:REPORTS])
    annotator = load_annotator("builtin")
    annotated = annotator.annotate((report.uid, report.findings) for report in corpus.train)
    graphs = [build_graph(one, settings.graph_rule) for one in annotated]
    processor = build_processor(settings, corpus, graphs, annotator.version)
    examples = list(processor.examples(graphs, [report.impression for report in corpus.train]))
    lengths = [len(example.input_ids) for example in examples]
    order = islice(batches(lengths, options.batch, seed=1), options.steps)
    chosen = [[examples[row] for row in rows] for rows in order]

    accelerator = Accelerator(cpu=True, mixed_precision=options.precision)
    torch.manual_seed(1)
    model = build_model(settings, processor).train()
    model.use_plain_attention()
    optimizer = torch.optim.AdamW(parameter_groups(model, settings), fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)

    def passes(batch: Sequence[Example]) -> None:
        share = batch[accelerator.process_index :: accelerator.num_processes]
        with accelerator.no_sync(model):
            accelerator.backward(model(**processor.collate(share)).loss)

    losses = []
    times: dict[str, list[float]] = {}

    def timed(name: str, action: Callable[..., Any], *given: Any) -> Any:
        accelerator.wait_for_everyone()
        start = time.perf_counter()
        result = action(*given)
        times.setdefault(name, []).append(time.perf_counter() - start)
        return result

    inputs = StepInputs(
        examples,
        processor,
        settings,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    training_step = TrainingStep(accelerator, model, optimizer, settings)

    def step(batch: Sequence[Example]) -> float:
        return training_step(inputs.parts(batch))[0].item()

    with onednn_products():
        for batch in chosen:
            losses.append(timed("step", step, batch))
        for batch in chosen[: len(chosen) // 2]:
            timed("passes", passes, batch)
            gradients = torch.cat(
                [p.grad.flatten() for p in model.parameters() if p.grad is not None]
            )
            timed("reduction", accelerator.reduce, gradients)
            timed("optimizer", optimizer.step)
            optimizer.zero_grad()
    if accelerator.is_main_process:
        found = {name: statistics.median(own[FIRST:]) for name, own in times.items()}
        write_text_atomically(options.worker, [json.dumps(found | {"losses": losses})])
    accelerator.end_training()


if __name__ == "__main__":
    run(main)
