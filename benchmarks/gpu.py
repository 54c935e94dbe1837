"""What graphsum does on one GPU: speed, memory, scores, and whether the results are a CPU's.

    python benchmarks/gpu.py --dataset openi --data-dir DIR --graphs graphs.jsonl \\
        --encoder MINILM --llm SMOLLM2 --checkpoint checkpoints/openi
    python benchmarks/gpu.py --device cpu --tiny          every part in small, on a CPU

Each part writes its figures into --output (JSON); a part that is there already is not run again
(--again runs it). Graphs come from a file, so that neither spaCy nor a network is needed here;
`python -m preprocessing graph` makes it elsewhere. Weights of the paper's size and of the 7B
language model are random: speed and memory do not depend on them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402
from accelerate import Accelerator  # noqa: E402
from accelerate.state import AcceleratorState  # noqa: E402
from speed import PLAIN_INPUTS, operations, plain_model  # noqa: E402
from tokenizers import BertWordPieceTokenizer  # noqa: E402
from transformers import (  # noqa: E402
    AutoTokenizer,
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.consensus.neighbours import TrainingEvidence  # noqa: E402
from graphsum.decoding.beam_search import SearchSettings  # noqa: E402
from graphsum.metrics.observations import (  # noqa: E402
    count_observations,
    observation_scores,
)
from graphsum.metrics.rouge import rouge_scores  # noqa: E402
from graphsum.models.attention import choose_attention_kernels  # noqa: E402
from graphsum.models.building import build_model, build_processor, graphs_of  # noqa: E402
from graphsum.models.generation import GREEDY, generate_impressions, sample_impressions  # noqa: E402
from graphsum.models.instruct import InstructProcessor  # noqa: E402
from graphsum.models.llm_building import (  # noqa: E402
    attach_llm,
    config_with_llm,
    prompter_of,
)
from graphsum.models.loading import load_model  # noqa: E402
from graphsum.models.modeling import GraphSum  # noqa: E402
from graphsum.models.processing import Example, GraphSumProcessor  # noqa: E402
from graphsum.models.types import model_type_of  # noqa: E402
from graphsum.options import TrainOptions, resolve  # noqa: E402
from graphsum.options.runs import corpus_of, find_checkpoint  # noqa: E402
from graphsum.summarizer import Summarizer  # noqa: E402
from graphsum.training.course import batches  # noqa: E402
from graphsum.training.loop import parameter_groups  # noqa: E402
from graphsum.training.step import StepInputs, TrainingStep  # noqa: E402
from preprocessing.annotation import load_annotator  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.files import dumps, write_text_atomically  # noqa: E402
from preprocessing.records import to_json  # noqa: E402

STEPS = {32: 20, 128: 12, 512: 6}  # timed, by batch size
TINY = {
    "d_model": 64,
    "decoder_layers": 1,
    "decoder_heads": 4,
    "decoder_ffn_dim": 128,
    "graph_width": 16,
    "contrastive_layers": 1,
}
LLM_STEPS = {"instruct": 400, "shallow": 1000, "delta": 1000, "deep": 1000}


@dataclass
class Setting:
    """What the parts share."""

    arguments: argparse.Namespace
    folder: Path  # for what is made on the way
    device: str

    @property
    def tiny(self) -> bool:
        return bool(self.arguments.tiny)

    def run_options(self, **given: Any) -> TrainOptions:
        """Options of a run on the corpus of this benchmark."""
        own = self.arguments
        values = {"dataset": own.dataset, "data_dir": own.data_dir, "graphs": own.graphs}
        return resolve({n: v for n, v in values.items() if v is not None} | given)

    def command(self, *options: str) -> list[str]:
        """The same as options of a command line."""
        own = self.arguments
        values = {"--dataset": own.dataset, "--data-dir": own.data_dir, "--graphs": own.graphs}
        given = [part for name, value in values.items() if value for part in (name, value)]
        return [*given, *options]

    def synchronize(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def peak_gib(self) -> float:
        return torch.cuda.max_memory_allocated() / 2**30 if self.device == "cuda" else 0.0

    def forget_peak(self) -> None:
        if self.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def seconds(self, action: Callable[[], object]) -> float:
        self.synchronize()
        start = time.perf_counter()
        action()
        self.synchronize()
        return time.perf_counter() - start


def build_parser() -> Parser:
    parser = Parser(
        prog="gpu.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--dataset", default="sample", help="corpus (default: the invented sample)")
    add("--data-dir", metavar="DIR", help="where the corpus lies")
    add("--graphs", metavar="FILE", help="graphs of all reports (default: made here)")
    add("--encoder", metavar="FOLDER", help="all-MiniLM-L6-v2, or another small encoder")
    add("--llm", metavar="FOLDER", help="SmolLM2-135M-Instruct, or another small LLM")
    add("--checkpoint", default="checkpoints/openi", metavar="FOLDER", help="trained checkpoint")
    add("--device", choices=("cuda", "cpu"), default="cuda", help="default: cuda")
    add("--tiny", action="store_true", help="everything in small, to see that it runs")
    add("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts")
    add("--again", action="store_true", help="run parts whose figures are there already")
    add("--sizes", nargs="+", type=int, default=list(STEPS), help="batch sizes of training")
    add("--rows", nargs="+", metavar="ROW", help="rows of training and language-models")
    add("--folder", metavar="DIR", help="for the runs made on the way (default: a temporary one)")
    add("--output", default="results/gpu.json", metavar="FILE", help="default: results/gpu.json")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    own = build_parser().parse_args(arguments)
    if own.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: there is no GPU here; give --device cpu --tiny to try")
    choose_attention_kernels()
    path = Path(own.output)
    figures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    with TemporaryDirectory() as folder:
        setting = Setting(own, Path(own.folder or folder), own.device)
        prepare(setting)
        for name in own.only:
            if name in figures and not own.again:
                print(f"{name}: there already")
                continue
            start = time.perf_counter()
            found = PARTS[name](setting)
            figures[name] = found | {"seconds": round(time.perf_counter() - start, 1)}
            figures["machine"] = machine(own.device)
            write_text_atomically(path, [json.dumps(figures, indent=1) + "\n"])
            print(name, json.dumps(figures[name]), flush=True)
    print(f"written: {path}")


def machine(device: str) -> dict[str, Any]:
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    return {"device": name, "torch": torch.__version__, "threads": torch.get_num_threads()}


def prepare(setting: Setting) -> None:
    """Make what was not given: graphs, and in small an encoder and a language model."""
    own = setting.arguments
    if setting.tiny and own.dataset == "sample":
        own.dataset, own.data_dir = "jsonl", str(setting.folder / "reports.jsonl")
        sample = load_corpus("sample")
        rows = [
            {"uid": r.uid, "findings": r.findings, "impression": r.impression, "split": part}
            for part, size in (("train", 48), ("val", 8), ("test", 8))
            for r in getattr(sample, part)[:size]
        ]
        write_text_atomically(own.data_dir, map(dumps, rows))
    if not own.graphs:
        options = setting.run_options(preset="tiny")
        corpus = corpus_of(options)
        annotator = load_annotator("builtin")
        graphs = graphs_of(
            [*corpus.train, *corpus.val, *corpus.test],
            annotator,
            rule=options.graph_rule,
            cache_dir=setting.folder / "cache",
            corpus=own.dataset,
            progress=False,
        )
        own.graphs = str(setting.folder / "graphs.jsonl")
        write_text_atomically(own.graphs, [dumps(to_json(graph)) for graph in graphs])
    if setting.tiny and not own.encoder:
        own.encoder = str(setting.folder / "encoder")
        reports = corpus_of(setting.run_options(preset="tiny")).train
        tokenizer = wordpiece_tokenizer([report.findings for report in reports])
        tokenizer.save_pretrained(own.encoder)
        save_bert(Path(own.encoder), tokenizer, tiny=True)
    if setting.tiny and not own.llm:
        own.llm = str(setting.folder / "llm")
        call(
            [
                *("-m", "graphsum.pretrain", "--dataset", "sample", "--output-dir", own.llm),
                *("--epochs", "1", "--width", "32", "--layers", "1", "--vocab-size", "400"),
            ]
        )


def wordpiece_tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of BERT's kind, trained on these texts."""
    backend = BertWordPieceTokenizer()
    backend.train_from_iterator(texts, vocab_size=500, show_progress=False)
    special = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend._tokenizer,
        **{f"{name}_token": token for name, token in special.items()},
    )


def call(arguments: Sequence[str]) -> None:
    """Run Python with these arguments in the repository's root; its output on failure only."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{' '.join(arguments[:4])} ...: {done.stderr[-800:]}")


def save_bert(folder: Path, tokenizer: Any, *, tiny: bool) -> None:
    """Random weights of BERT base's shape (or a tiny one) beside a tokenizer's files."""
    small = {
        "hidden_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 128,
    }
    config = BertConfig(vocab_size=len(tokenizer), **(small if tiny else {}))
    BertModel(config).save_pretrained(folder)


@dataclass
class PaperSize:
    """A corpus as examples, and the options of the paper's model."""

    options: TrainOptions
    processor: GraphSumProcessor
    training: list[Example]
    test: list[Example]


class Measured(NamedTuple):
    """Seconds of some steps the first time and again, their operations, and the peak in GiB."""

    first: float
    again: float
    operations: int
    peak: float


def paper_size(setting: Setting) -> PaperSize:
    folder = setting.folder / "paper"
    if not folder.exists():
        if not setting.arguments.encoder:
            raise InputError("--encoder is needed: its tokenizer is that of the paper's size")
        tokenizer = AutoTokenizer.from_pretrained(setting.arguments.encoder)
        tokenizer.save_pretrained(folder)
        save_bert(folder, tokenizer, tiny=setting.tiny)
    options = setting.run_options(
        preset="hu2022",
        annotator="builtin",
        encoder=str(folder),
        precision="bf16",
        **(TINY if setting.tiny else {}),
    )
    corpus = corpus_of(options)
    graphs = {
        part: graphs_of(
            getattr(corpus, part), None, rule="", cache_dir="", corpus="", graphs=options.graphs
        )
        for part in ("train", "test")
    }
    processor = build_processor(options, corpus, graphs["train"], "")
    return PaperSize(
        options,
        processor,
        list(processor.examples(graphs["train"], (r.impression for r in corpus.train))),
        list(processor.examples(graphs["test"])),
    )


@contextmanager
def cudnn_attention(allowed: bool) -> Iterator[None]:
    """PyTorch's own choice of attention kernels (``allowed``), or ours."""
    torch.backends.cuda.enable_cudnn_sdp(allowed)
    try:
        yield
    finally:
        choose_attention_kernels()


def training(setting: Setting) -> dict[str, Any]:
    """Paper's size, bf16: reports/s, GiB and share of the matrix rate, by batch size.

    transformers' EncoderDecoderModel of equal sizes gets the same batches and optimiser, without
    graph and contrastive module; "as it comes" with cuDNN's attention, and with our kernels.
    Each batch is trained on twice; "first" is the first time (plans and captures included).
    """
    size = paper_size(setting)
    rate = matrix_rate(setting)
    figures: dict[str, Any] = {"matrix TFLOP/s": rate / 1e12}
    lengths = [len(example.input_ids) for example in size.training]
    sizes = (8,) if setting.tiny else setting.arguments.sizes
    for batch_size in sizes:
        count = 2 if setting.tiny else STEPS.get(batch_size, 6)
        rows = list(islice(batches(lengths, batch_size, seed=1), count))
        chosen = [[size.training[row] for row in own] for own in rows]
        ours = partial(train_graphsum, setting, size, chosen)
        theirs = partial(train_transformers, setting, size, chosen)
        rows_of_table: dict[str, Callable[[], Measured]] = {
            "graphsum": ours,
            "transformers": partial(theirs, cudnn=False),
        }
        if batch_size <= 32:
            rows_of_table["graphsum, no CUDA graphs"] = partial(ours, cuda_graphs=False)
            rows_of_table["transformers, as it comes"] = partial(theirs, cudnn=True)
        if batch_size > 128:
            rows_of_table["graphsum, parts of 128"] = partial(ours, accumulation=batch_size // 128)
            rows_of_table["graphsum, checkpointing"] = partial(ours, activation_checkpointing=True)
        for name, measure in rows_of_table.items():
            if setting.arguments.rows and name not in setting.arguments.rows:
                continue
            setting.forget_peak()
            try:
                found = measure()
            except torch.OutOfMemoryError:
                figures[f"{name}, batch {batch_size}"] = "out of memory"
                continue
            reports = count * batch_size
            figures[f"{name}, batch {batch_size}"] = {
                "reports/s": round(reports / found.again, 1),
                "reports/s, first": round(reports / found.first, 1),
                "GiB": round(found.peak, 1),
                "GFLOP/report": round(found.operations / reports / 1e9, 1),
                "share of matrix rate, %": round(100 * found.operations / found.again / rate, 1),
            }
            print(f"{name}, batch {batch_size}", figures[f"{name}, batch {batch_size}"], flush=True)
    return figures


def train_graphsum(
    setting: Setting,
    size: PaperSize,
    chosen: Sequence[Sequence[Example]],
    **changes: Any,
) -> Measured:
    """The steps through :class:`TrainingStep`; what checkpointing computes again is not counted."""
    options = replace(size.options, batch_size=len(chosen[0]), **changes)
    accelerator = accelerator_of(setting)
    torch.manual_seed(1)
    model = build_model(options, size.processor).train()
    if options.activation_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    optimizer = torch.optim.AdamW(parameter_groups(model, options), fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)
    step = TrainingStep(accelerator, model, optimizer, options)
    on_gpu = setting.device == "cuda"
    inputs = StepInputs((), size.processor, options, fixed_shapes=on_gpu)
    made = [inputs.parts(own) for own in chosen]
    if on_gpu:
        made = [[{n: t.pin_memory() for n, t in part.items()} for part in parts] for parts in made]

    def steps() -> None:
        for parts in made:
            step(parts)

    step(made[0])
    first, again = setting.seconds(steps), setting.seconds(steps)
    step.captured = None  # what a captured graph does is not counted
    if options.activation_checkpointing:
        accelerator.unwrap_model(model).gradient_checkpointing_disable()
    parts_of_128 = replace(options, accumulation=max(1, options.batch_size // 128))
    inputs = replace(inputs, options=parts_of_128)  # which fit into memory
    peak = setting.peak_gib()
    made = [inputs.parts(own) for own in chosen]
    return Measured(first, again, operations(steps), peak)


def train_transformers(
    setting: Setting, size: PaperSize, chosen: Sequence[Sequence[Example]], *, cudnn: bool
) -> Measured:
    """The same with transformers' model, under autocast and with a fused AdamW as ours."""
    model = build_model(size.options, size.processor)
    plain = plain_model(model).train().to(setting.device)
    del model
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-4, fused=True)
    made = [size.processor.collate(own) for own in chosen]

    def steps() -> None:
        for batch in made:
            given = {name: batch[name].to(setting.device) for name in PLAIN_INPUTS}
            with torch.autocast(setting.device, torch.bfloat16):
                loss = plain(**given).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    with cudnn_attention(cudnn):
        made, rest = made[:1], made
        steps()
        made = rest
        first, again = setting.seconds(steps), setting.seconds(steps)
        peak = setting.peak_gib()
        return Measured(first, again, operations(steps), peak)


def accelerator_of(setting: Setting) -> Accelerator:
    AcceleratorState._reset_state(True)  # it keeps the first precision otherwise
    return Accelerator(mixed_precision="bf16", cpu=setting.device == "cpu")


def matrix_rate(setting: Setting) -> float:
    """Floating-point operations per second in a product of 8192 x 8192 bf16 matrices."""
    size = 256 if setting.tiny else 8192
    left, right = (
        torch.randn(size, size, device=setting.device, dtype=torch.bfloat16) for _ in range(2)
    )

    def products() -> None:
        for _ in range(10):
            left @ right

    products()
    return 10 * 2 * size**3 / setting.seconds(products)


def writing(setting: Setting) -> dict[str, Any]:
    """Paper's size: reports/s of beam search, against ``generate`` of the same length; samples."""
    size = paper_size(setting)
    torch.manual_seed(1)
    model = build_model(size.options, size.processor).eval()
    plain = plain_model(model).to(setting.device)
    model = model.to(setting.device)
    figures: dict[str, Any] = {}
    examples = size.test
    batch_size = 4 if setting.tiny else 128
    by_length = sorted(examples, key=lambda example: len(example.input_ids))
    length = 16  # tokens of the mean impression of Open-i's train part, with its end
    for beams in (1, 5):
        settings = SearchSettings(num_beams=beams, min_new_tokens=length, max_new_tokens=length)
        ours = partial(
            generate_impressions,
            *(model, size.processor, examples),
            settings=settings,
            batch_size=batch_size,
        )

        @torch.inference_mode()
        def theirs(settings: SearchSettings = settings) -> None:
            for start in range(0, len(by_length), batch_size):
                batch = size.processor.collate(by_length[start : start + batch_size])
                pieces = plain.generate(
                    input_ids=batch["input_ids"].to(setting.device),
                    attention_mask=batch["attention_mask"].to(setting.device),
                    **settings.as_options(),
                )
                size.processor.decode(pieces)

        rates = []
        for action in (ours, theirs):
            action()
            rates.append(len(examples) / setting.seconds(action))
        figures[f"beam {beams}"] = {
            "reports/s": round(rates[0], 1),
            "generate, reports/s": round(rates[1], 1),
            "ratio": round(rates[0] / rates[1], 2),
        }
    samples = partial(
        sample_impressions,
        *(model, size.processor, examples),
        num_samples=4 if setting.tiny else 32,
        temperature=0.7,
        max_new_tokens=length,
        batch_size=batch_size,
    )
    samples()
    figures["samples, reports/s"] = round(len(examples) / setting.seconds(samples), 1)
    return figures


def recipe(setting: Setting) -> dict[str, Any]:
    """The recipe of the README, end to end: seconds of training, val scores."""
    run_folder = setting.folder / "recipe"
    options = ["--preset", "minilm", "--precision", "bf16", "--output-dir", str(run_folder)]
    options += ["--encoder", str(setting.arguments.encoder)]
    if setting.tiny:
        options += ["--max-steps", "2", "--validation-reports", "4", "--d-model", "64"]
    start = time.perf_counter()
    call(["train.py", *setting.command(*options)])
    trained = time.perf_counter() - start
    return {"training, s": round(trained, 1)} | scores_of(setting, run_folder, consensus=True)


def scores_of(setting: Setting, run_folder: Path, *, consensus: bool = False) -> dict[str, Any]:
    """ROUGE and the F1 of observations on val, of a run on its own corpus.

    Here and not by evaluate.py, whose further metrics need spaCy.
    """
    checkpoint = find_checkpoint(run_folder)
    kind = model_type_of(checkpoint)
    model = load_model(checkpoint, device=setting.device)
    processor = kind.part("processor").from_pretrained(checkpoint)
    corpus = corpus_of(setting.run_options(preset="tiny"))
    reports = corpus.val
    inputs: Sequence[Any] = reports
    if kind.reads_graphs:
        graphs = setting.arguments.graphs
        inputs = graphs_of(reports, None, rule="", cache_dir="", corpus="", graphs=graphs)
    findings = [report.findings for report in reports]
    start = time.perf_counter()
    texts = Summarizer(model, processor, None).write(
        findings,
        inputs,
        batch_size=128,
        consensus=consensus,
        train=TrainingEvidence(corpus.train) if consensus else None,
    )
    seconds = round(time.perf_counter() - start, 1)
    references = [report.impression for report in reports]
    means = rouge_scores(texts, references).mean(axis=0).tolist()
    counted = map(count_observations, texts, references, findings)
    seen = observation_scores(list(counted))
    return (
        {"writing, s": seconds}
        | dict(zip(("rouge1", "rouge2", "rougeL"), (round(mean, 2) for mean in means), strict=True))
        | {name: seen[name] for name in ("f1", "claims", "contradicted")}
    )


def language_models(setting: Setting) -> dict[str, Any]:
    """A small LLM tuned alone and steered in three ways, beside each other: seconds, val scores."""
    llm = setting.arguments.llm
    if not llm:
        raise InputError("--llm is needed: the folder of a small language model")
    common = ["--llm", llm, "--precision", "bf16"]
    if setting.tiny:
        common += ["--max-steps", "2", "--validation-reports", "2", "--batch-size", "4"]
    checkpoint = setting.arguments.checkpoint
    running = {}
    for name, steps in LLM_STEPS.items():
        if setting.arguments.rows and name not in setting.arguments.rows:
            continue
        preset = "small-llm" if name == "instruct" else "small-llm-steered"
        options = [*common, "--preset", preset, "--output-dir", str(setting.folder / name)]
        if not setting.tiny:
            options += ["--max-steps", str(steps), "--validate-every", "200"]
            options += ["--validation-reports", "128", "--patience", "0"]
        if name != "instruct":
            options += ["--alignment", name, "--init-from", checkpoint]
        arguments = [sys.executable, "train.py", *setting.command(*options)]
        running[name] = subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if setting.device == "cpu":
            running[name].wait()
    figures: dict[str, Any] = {}
    start = time.perf_counter()
    for name, process in running.items():
        error = process.communicate()[1]
        if process.returncode:
            figures[name] = error[-800:]
            continue
        folder = setting.folder / name
        figures[name] = {"training, s": round(time.perf_counter() - start, 1)}
        figures[name]["beam 5"] = scores_of(setting, folder)
        if name == "instruct":
            figures[name]["32 samples, reports/s"] = llm_sampling_rate(setting, folder)
            try:
                figures[name]["consensus"] = scores_of(setting, folder, consensus=True)
            except InputError as error:  # the choice among samples reads them: it needs spaCy
                figures[name]["consensus"] = str(error)
        print(name, json.dumps(figures[name]), flush=True)
    return figures


def llm_sampling_rate(setting: Setting, run_folder: Path) -> float:
    """Reports/s of 32 samples each, of at most 40 tokens, in bf16: the tuned LLM on val."""
    checkpoint = find_checkpoint(run_folder)
    model = load_model(checkpoint, device=setting.device)
    processor = InstructProcessor.from_pretrained(checkpoint)
    reports = corpus_of(setting.run_options(preset="tiny")).val
    examples = list(processor.examples(reports[: 2 if setting.tiny else 292]))
    samples = partial(
        sample_impressions,
        *(model, processor, examples),
        num_samples=4 if setting.tiny else 32,
        temperature=0.7,
        max_new_tokens=4 if setting.tiny else 40,
        batch_size=64,
    )
    with torch.autocast(setting.device, torch.bfloat16):
        samples()
        return round(len(examples) / setting.seconds(samples), 1)


def seven_billion(setting: Setting) -> dict[str, Any]:
    """An LLM of Llama 7B's shape, random, bf16, LoRA of rank 8 steered by a prefix (delta)."""
    own = setting.arguments
    folder = setting.folder / "llama"
    tokenizer = AutoTokenizer.from_pretrained(own.llm)
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64 if setting.tiny else 4096,
        intermediate_size=128 if setting.tiny else 11008,
        num_hidden_layers=2 if setting.tiny else 32,
        num_attention_heads=4 if setting.tiny else 32,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(folder)
    options = setting.run_options(
        preset="small",
        decoder="causal-lm",
        llm=str(folder),
        alignment="delta",
        init_from=own.checkpoint,
        prompt_findings=True,
        precision="bf16",
        gradient_checkpointing=not setting.tiny,
        batch_size=4 if setting.tiny else 32,
        accumulation=2,  # parts of 16 reports
    )
    corpus = corpus_of(options)
    corpus = replace(corpus, train=corpus.train[: 4 if setting.tiny else 256])
    graphs = graphs_of(corpus.train, None, rule="", cache_dir="", corpus="", graphs=own.graphs)
    processor = build_processor(options, corpus, graphs, "")
    source = GraphSum.from_pretrained(own.checkpoint)
    model = GraphSum(config_with_llm(source.config, options, prompter_of(options)))
    with torch.device(setting.device):
        torch.set_default_dtype(torch.bfloat16)
        llm = LlamaForCausalLM(config).requires_grad_(False)
        torch.set_default_dtype(torch.float32)
    attach_llm(model.decoder, options, lora=True, llm=llm)
    model = model.to(setting.device)
    examples = list(processor.examples(graphs, (r.impression for r in corpus.train)))
    accelerator = accelerator_of(setting)
    optimizer = torch.optim.AdamW(parameter_groups(model, options), fused=True)
    model, optimizer = accelerator.prepare(model, optimizer)
    step = TrainingStep(accelerator, model, optimizer, options)
    inputs = StepInputs((), processor, options, fixed_shapes=setting.device == "cuda")
    lengths = [len(example.input_ids) for example in examples]
    rows = list(islice(batches(lengths, options.batch_size, seed=1), 2 if setting.tiny else 5))
    made = [inputs.parts([examples[row] for row in own]) for own in rows]
    setting.forget_peak()
    model.train()
    times = [setting.seconds(partial(step, parts)) for parts in made]
    figures = {
        "GiB, parts of 16, with checkpointing": round(setting.peak_gib(), 1),
        "seconds a step of 32": round(statistics.median(times[1:]), 2),
    }
    settings = SearchSettings(num_beams=5, min_new_tokens=12, max_new_tokens=12)
    few = examples[: 2 if setting.tiny else 8]
    plain = accelerator.unwrap_model(model)
    search = partial(
        generate_impressions, plain, processor, few, settings=settings, batch_size=len(few)
    )
    search()
    figures["beam 5, reports/s"] = round(len(few) / setting.seconds(search), 2)
    return figures


def equality(setting: Setting) -> dict[str, Any]:
    """The checkpoint on GPU and CPU: impressions in single precision, scores in bf16."""
    own = setting.arguments
    options = setting.run_options(preset="tiny")
    corpus = corpus_of(options)
    reports = corpus.val[: 4 if setting.tiny else 64]
    graphs = graphs_of(reports, None, rule="", cache_dir="", corpus="", graphs=own.graphs)
    processor = GraphSumProcessor.from_pretrained(own.checkpoint)
    examples = list(processor.examples(graphs))
    written: dict[str, dict[str, list[str]]] = {}
    for device in dict.fromkeys(("cpu", setting.device)):
        model = load_model(own.checkpoint, device=device)
        written[device] = {
            name: generate_impressions(model, processor, examples, settings=settings)
            for name, settings in (("greedy", GREEDY), ("beam 5", SearchSettings()))
        }
    with torch.autocast(setting.device, torch.bfloat16):
        lower = generate_impressions(model, processor, examples)
    here, there = written["cpu"], written[setting.device]
    figures: dict[str, Any] = {
        f"{name}, equal of {len(reports)}": sum(
            a == b for a, b in zip(here[name], there[name], strict=True)
        )
        for name in here
    }
    references = [report.impression for report in reports]
    scores = [
        rouge_scores(texts, references).mean(axis=0).tolist() for texts in (here["beam 5"], lower)
    ]
    figures["matrix products on the GPU"] = torch.get_float32_matmul_precision()
    figures["beam 5, ROUGE-1/2/L, CPU"] = [round(score, 2) for score in scores[0]]
    figures["beam 5, ROUGE-1/2/L, bf16"] = [round(score, 2) for score in scores[1]]
    return figures


PARTS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "training": training,
    "writing": writing,
    "equality": equality,
    "recipe": recipe,
    "language-models": language_models,
    "7b": seven_billion,
}


if __name__ == "__main__":
    run(main)
