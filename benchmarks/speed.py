"""Speed against transformers' own encoder-decoder of the same sizes; medians of repeated runs.

    python benchmarks/speed.py                                            the invented sample
    python benchmarks/speed.py --dataset openi --data-dir DIR
    python benchmarks/speed.py --dataset openi --data-dir DIR --checkpoint RUN
    python benchmarks/speed.py --device cuda

Weights are random, so nothing has to be trained. A random model does not stop by itself: in the
comparison every impression gets exactly as many pieces as the mean reference has. With
--checkpoint, impressions of natural length are timed too. Both sides get the same findings, in
the same batches of similar length, and what is compared takes turns within each repeat. The last
columns let transformers multiply matrices and attend as graphsum does on a CPU
(graphsum.models.generation.onednn_products, GraphSum.use_plain_attention); on a GPU they are empty.
Writes speed.json and speed.md into --output-dir.
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
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from accelerate.state import AcceleratorState  # noqa: E402
from tabulate import tabulate  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402
from transformers import BertConfig, EncoderDecoderConfig, EncoderDecoderModel  # noqa: E402

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.decoding.beam_search import SearchSettings  # noqa: E402
from graphsum.models.building import build_model, build_processor, graphs_of  # noqa: E402
from graphsum.models.generation import generate_impressions, onednn_products  # noqa: E402
from graphsum.models.loading import on_device  # noqa: E402
from graphsum.models.modeling import GraphSum, target_groups  # noqa: E402
from graphsum.models.padding import IGNORED  # noqa: E402
from graphsum.models.processing import Example, GraphSumProcessor  # noqa: E402
from graphsum.options import TrainOptions, resolve  # noqa: E402
from graphsum.options.runs import corpus_of  # noqa: E402
from graphsum.summarizer import Summarizer  # noqa: E402
from graphsum.training.course import batches  # noqa: E402
from graphsum.training.step import StepInputs, TrainingStep  # noqa: E402
from preprocessing.annotation import load_annotator  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.files import write_text_atomically  # noqa: E402

# Options that differ from the preset small. Without the contrastive module, which only training
# uses, "30M" has 30 million parameters.
SIZES: dict[str, dict[str, Any]] = {
    "small": {},
    "30M": {"d_model": 512, "decoder_ffn_dim": 2048, "graph_width": 64, "contrastive_weight": 0.0},
}


PLAIN_INPUTS = ("input_ids", "attention_mask", "labels")


class Row(NamedTuple):
    """One line of the table: what was measured, and the median of its runs."""

    what: str
    value: float
    unit: str
    baseline: float | None = None  # of transformers' model, in the same unit
    baseline_tuned: float | None = None  # the same with our products of matrices and attention


class Setting(NamedTuple):
    """What all measurements share."""

    options: argparse.Namespace
    findings: list[str]
    impressions: list[str]
    length: int  # pieces of the mean reference, with the end piece
    examples: list[Example]
    training: list[Example]
    sizes: dict[str, TrainOptions]
    processor: GraphSumProcessor
    models: dict[str, GraphSum]


def build_parser() -> Parser:
    parser = Parser(
        prog="speed.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--dataset", default="sample", help="corpus whose test findings are used")
    add("--data-dir", metavar="DIR", help="where the corpus lies")
    add("--cache-dir", default="cache", metavar="DIR", help="where annotations are kept")
    add("--checkpoint", metavar="FOLDER", help="trained model, for impressions of natural length")
    add("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="sizes compared")
    add("--reports", type=int, default=0, help="use N of the test reports (default: all)")
    add("--repeats", type=int, default=3, help="runs of everything (default 3)")
    add("--steps", type=int, default=10, help="of training, in each run (default 10)")
    add(
        "--device", choices=("cpu", "cuda"), default="cpu", help="where all is timed (default: cpu)"
    )
    add("--batch-size", type=int, default=32, help="reports at a time (default 32)")
    add("--threads", type=int, default=0, help="of torch (default: its own choice)")
    add("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS), help="measurements")
    add("--output-dir", default="results/speed", metavar="DIR", help="default: results/speed")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    options = build_parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: there is no GPU here; leave it out")
    setting = prepare(options)
    rows = [row for name in options.only for row in MEASUREMENTS[name](setting)]
    facts = {
        "dataset": options.dataset,
        "reports": len(setting.examples),
        "pieces per impression": setting.length,
        "batch": options.batch_size,
        "repeats": options.repeats,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": {name: parameters(model) for name, model in setting.models.items()},
    }
    table = tabulate(
        [
            (
                *(row.what, row.value, row.unit),
                *(row.baseline, row.baseline and f"{row.value / row.baseline:.2f}"),
                *(row.baseline_tuned,),
                *(row.baseline_tuned and f"{row.value / row.baseline_tuned:.2f}",),
            )
            for row in rows
        ],
        headers=["", "graphsum", "unit", "transformers", "ratio", "tuned", "ratio"],
        floatfmt=".1f",
        tablefmt="github",
    )
    print(table)
    folder = Path(options.output_dir)
    values = facts | {"rows": [row._asdict() for row in rows]}
    write_text_atomically(folder / "speed.json", [json.dumps(values, indent=2) + "\n"])
    text = "\n".join(f"* {name}: {value}" for name, value in facts.items())
    write_text_atomically(folder / "speed.md", [f"{table}\n\n{text}\n"])
    print(f"written: {folder}/speed.json, {folder}/speed.md")


def prepare(options: argparse.Namespace) -> Setting:
    """The test findings as examples, and a model of each size with random weights."""
    run_options = resolve(
        {
            "dataset": options.dataset,
            "data_dir": options.data_dir,
            "cache_dir": options.cache_dir,
            "preset": "small",
        }
    )
    corpus = corpus_of(run_options)
    annotator = load_annotator("builtin")

    def graphs(reports: Any) -> Any:
        return graphs_of(
            reports,
            annotator,
            rule=run_options.graph_rule,
            cache_dir=options.cache_dir,
            corpus=options.dataset,
        )

    processor = build_processor(run_options, corpus, graphs(corpus.train), annotator.version)
    step = max(1, len(corpus.test) // options.reports) if options.reports else 1
    reports = corpus.test[::step][: options.reports or None]
    references = [report.impression for report in reports]
    labels = [example.labels for example in processor.examples(graphs(reports), references)]
    training = processor.examples(graphs(corpus.train), [r.impression for r in corpus.train])
    sizes = {name: replace(run_options, **SIZES[name]) for name in options.sizes}
    models = {}
    for name, own in sizes.items():
        torch.manual_seed(1)
        models[name] = on_device(build_model(own, processor), options.device)  # as Summarizer does
    return Setting(
        options=options,
        findings=[report.findings for report in reports],
        impressions=references,
        length=round(statistics.mean(map(len, labels))),
        examples=list(processor.examples(graphs(reports))),
        training=list(training),
        sizes=sizes,
        processor=processor,
        models=models,
    )


def parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def seconds(repeats: int, *actions: Callable[[], object]) -> list[float]:
    """The median seconds of each action; they take turns, after one run that does not count.

    A GPU's work is over when the clock is read.
    """
    times: list[list[float]] = [[] for _ in actions]
    for repeat in range(repeats + 1):
        for action, own in zip(actions, times, strict=True):
            wait_for_gpu()
            start = time.perf_counter()
            action()
            wait_for_gpu()
            if repeat:
                own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]


def wait_for_gpu() -> None:
    """Wait until a GPU, if this process has used one, has done all that it was given."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def attentions(setting: Setting) -> list[str | None]:
    """The kinds of attention that transformers' model is timed with: its own, and on a CPU ours."""
    return [None, "eager"] if setting.options.device == "cpu" else [None]


def generation(setting: Setting) -> list[Row]:
    """Reports per second with equal lengths, against stock ``generate`` without a graph."""
    rows = []
    for name, model in setting.models.items():
        others = [
            plain_model(model, attention=kind).to(model.device) for kind in attentions(setting)
        ]
        for beams in (1, 5):
            settings = SearchSettings(
                num_beams=beams, min_new_tokens=setting.length, max_new_tokens=setting.length
            )
            plain, *tuned = [partial(write_plain, setting, other, settings) for other in others]
            times = seconds(
                setting.options.repeats,
                partial(write, setting, model, settings),
                plain,
                *(onednn_products()(action) for action in tuned),
            )
            speeds = [len(setting.examples) / median for median in times]
            what = f"generation, {name}, beam {beams}"
            rows.append(Row(what, speeds[0], "reports/s", *speeds[1:]))
    return rows


def write(setting: Setting, model: GraphSum, settings: SearchSettings) -> list[str]:
    return generate_impressions(
        model,
        setting.processor,
        setting.examples,
        settings=settings,
        batch_size=setting.options.batch_size,
    )


@torch.inference_mode()
def write_plain(
    setting: Setting, model: EncoderDecoderModel, settings: SearchSettings
) -> list[str]:
    """What :func:`generate_impressions` does, with transformers' model and its ``generate``."""
    size = setting.options.batch_size
    examples = sorted(setting.examples, key=lambda example: len(example.input_ids))
    impressions = []
    for start in range(0, len(examples), size):
        batch = setting.processor.collate(examples[start : start + size])
        pieces = model.generate(
            input_ids=batch["input_ids"].to(model.device),
            attention_mask=batch["attention_mask"].to(model.device),
            **settings.as_options(),
        )
        impressions += setting.processor.decode(pieces)
    return impressions


def plain_model(model: GraphSum, *, attention: str | None = None) -> EncoderDecoderModel:
    """An encoder-decoder of BERT layers of the same number, widths and vocabulary, no graph.

    ``attention``: transformers' name of an implementation; None: its own choice.
    """
    config = model.config
    encoder = model.text_encoder.config
    common = {
        "vocab_size": config.vocab_size,
        "max_position_embeddings": encoder.max_position_embeddings,
        "pad_token_id": config.pad_token_id,
    }
    plain = EncoderDecoderConfig(
        encoder=BertConfig(
            hidden_size=encoder.hidden_size,
            num_hidden_layers=encoder.num_hidden_layers,
            num_attention_heads=encoder.num_attention_heads,
            intermediate_size=encoder.intermediate_size,
            **common,
        ).to_dict(),
        decoder=BertConfig(
            hidden_size=config.d_model,
            num_hidden_layers=config.decoder_layers,
            num_attention_heads=config.decoder_heads,
            intermediate_size=config.decoder_ffn_dim,
            is_decoder=True,
            add_cross_attention=True,
            **common,
        ).to_dict(),
        decoder_start_token_id=config.decoder_start_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
    )
    torch.manual_seed(1)
    built = EncoderDecoderModel(plain).eval()
    if attention is not None:
        built.set_attn_implementation(attention)
    return built


def training(setting: Setting) -> list[Row]:
    """Reports per second of whole optimiser steps, with graph and contrastive loss.

    transformers' model gets the same batches, padded as usual, and the same optimiser; both
    compute in bf16 and in single precision. Both train with the dropout of their own preset.
    """
    rows = []
    size = setting.options.batch_size
    whole_pass = [
        [setting.training[row] for row in rows]
        for rows in islice(
            batches([len(e.input_ids) for e in setting.training], size, seed=1),
            max(setting.options.steps, len(setting.training) // size),
        )
    ]
    pieces = padded = 0
    for chosen in whole_pass:
        sources = torch.tensor([len(example.input_ids) for example in chosen])
        pieces += int(sources.sum())
        padded += len(sources) * int(sources.max())
        labels = setting.processor.collate(chosen)["labels"]
        pieces += int((labels != IGNORED).sum())
        padded += sum(len(own) * length for own, length in target_groups(labels))
    steps = whole_pass[: setting.options.steps]
    share = 100 * (1 - pieces / padded)
    for name, options in setting.sizes.items():
        for precision, words in (("bf16", "bf16"), ("no", "single precision")):
            AcceleratorState._reset_state(True)  # it keeps the first precision otherwise
            own = replace(options, precision=precision, batch_size=size)
            on_cpu = setting.options.device == "cpu"
            accelerator = Accelerator(cpu=on_cpu, mixed_precision=precision)
            torch.manual_seed(1)
            model = build_model(own, setting.processor).train().to(setting.options.device)
            if on_cpu:
                model.use_plain_attention()
            others = [
                plain_model(model, attention=kind).train().to(model.device)
                for kind in attentions(setting)
            ]
            optimizer = optimizer_of(model)
            prepared = accelerator.prepare(model)  # without it nothing is computed in bf16
            training_step = TrainingStep(accelerator, prepared, optimizer, own)
            ours = partial(train_ours, setting, training_step, steps)
            plain, *tuned = [
                partial(train_plain, setting, accelerator, other, optimizer_of(other), steps)
                for other in others
            ]
            actions = [ours, plain, *(onednn_products()(action) for action in tuned)]
            times = seconds(setting.options.repeats, *actions)
            speeds = [len(steps) * size / median for median in times]
            rows.append(Row(f"training, {name}, {words}", speeds[0], "reports/s", *speeds[1:]))
            kind = torch.bfloat16 if precision == "bf16" else torch.float32
            rate = matrix_rate(kind, setting.options)
            training_step.captured = None  # what a CUDA graph does is not counted
            counts = [operations(action) for action in actions]
            used = [
                100 * count / median / rate for count, median in zip(counts, times, strict=True)
            ]
            rows.append(
                Row(
                    f"  share of the matrix rate, {rate / 1e9:.0f} GFLOP/s", used[0], "%", *used[1:]
                )
            )
            rows.append(
                Row(
                    "  counted operations",
                    counts[0] / 1e9 / len(steps) / size,
                    "GFLOP/report",
                    counts[1] / 1e9 / len(steps) / size,
                )
            )
    rows.append(Row("padding of one pass of training batches", share, "%"))
    return rows


def matrix_rate(kind: torch.dtype, options: argparse.Namespace) -> float:
    """Floating-point operations per second in the fastest of some large matrix products."""
    best = 0.0
    for size in (512, 1024, 2048) if options.device == "cpu" else (2048, 8192):
        left, right = (torch.rand(size, size, device=options.device).to(kind) for _ in range(2))
        with onednn_products():
            [median] = seconds(options.repeats, partial(torch.mm, left, right))
        best = max(best, 2 * size**3 / median)
    return best


def operations(action: Callable[[], object]) -> int:
    """Floating-point operations of all matrix products of an action, as PyTorch counts them."""
    with FlopCounterMode(display=False) as counter:
        action()
    return counter.get_total_flops()


def optimizer_of(model: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)


def train_ours(
    setting: Setting, training_step: TrainingStep, steps: Sequence[Sequence[Example]]
) -> None:
    on_gpu = setting.options.device == "cuda"
    inputs = StepInputs((), setting.processor, training_step.options, fixed_shapes=on_gpu)
    with onednn_products():
        for chosen in steps:
            training_step(inputs.parts(chosen))


def train_plain(
    setting: Setting,
    accelerator: Accelerator,
    model: EncoderDecoderModel,
    optimizer: torch.optim.Optimizer,
    steps: Sequence[Sequence[Example]],
) -> None:
    """The same steps with transformers' model."""
    for chosen in steps:
        batch = setting.processor.collate(chosen)
        with accelerator.autocast():
            loss = model(**{name: batch[name].to(model.device) for name in PLAIN_INPUTS}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()


def natural(setting: Setting) -> list[Row]:
    """Reports per second of a trained model that stops where it wants to, search and consensus."""
    if not setting.options.checkpoint:
        return []
    summarizer = Summarizer.from_pretrained(
        setting.options.checkpoint, device=setting.options.device
    )
    decodings: dict[str, dict[str, Any]] = {
        "beam 1": {"num_beams": 1},
        "beam 5": {"num_beams": 5},
        "consensus": {"consensus": True},
    }
    medians = seconds(
        setting.options.repeats,
        *(
            partial(
                summarizer.summarize,
                setting.findings,
                batch_size=setting.options.batch_size,
                **options,
            )
            for options in decodings.values()
        ),
    )
    return [
        Row(f"Summarizer, trained, {name}", len(setting.findings) / median, "reports/s")
        for name, median in zip(decodings, medians, strict=True)
    ]


def summarizer(setting: Setting) -> list[Row]:
    """Reports per second from findings as text: annotation, graph, generation at beam 5.

    Every report is annotated anew in each run, as reports of a new day would be.
    """
    length = setting.length

    def summarize() -> None:
        warm = Summarizer(
            next(iter(setting.models.values())), setting.processor, load_annotator("builtin")
        )
        start = time.perf_counter()
        warm.summarize(
            setting.findings,
            batch_size=setting.options.batch_size,
            min_new_tokens=length,
            max_new_tokens=length,
        )
        times.append(time.perf_counter() - start)

    times: list[float] = []
    seconds(setting.options.repeats, summarize)
    speed = len(setting.findings) / statistics.median(times[1:])
    return [Row("Summarizer, small, beam 5", speed, "reports/s")]


def cold_start(setting: Setting) -> list[Row]:
    """Seconds of ``graphsum summarize`` on one report, from the shell."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = setting.options.checkpoint
        if not checkpoint:  # random weights write up to 80 pieces
            checkpoint = folder
            next(iter(setting.models.values())).save_pretrained(folder)
            setting.processor.save_pretrained(folder)
        command = [sys.executable, "-m", "graphsum", "summarize", "--checkpoint", checkpoint,
                   "--device", setting.options.device]  # fmt: skip

        def summarize() -> None:
            subprocess.run(
                [*command, setting.findings[0]],
                check=True,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

        [median] = seconds(setting.options.repeats, summarize)
    return [Row("graphsum summarize, one report, cold", median, "s")]


def annotation(setting: Setting) -> list[Row]:
    """Reports per second of the built-in annotator, its memory of sentences empty."""
    times: list[float] = []

    def annotate() -> None:
        annotator = load_annotator("builtin")
        start = time.perf_counter()
        for _ in annotator.annotate((str(n), text) for n, text in enumerate(setting.findings)):
            pass
        times.append(time.perf_counter() - start)

    seconds(setting.options.repeats, annotate)
    return [Row("annotation", len(setting.findings) / statistics.median(times[1:]), "reports/s")]


MEASUREMENTS: dict[str, Callable[[Setting], list[Row]]] = {
    "training": training,
    "generation": generation,
    "natural": natural,
    "summarizer": summarizer,
    "cold": cold_start,
    "annotation": annotation,
}


if __name__ == "__main__":
    run(main)
