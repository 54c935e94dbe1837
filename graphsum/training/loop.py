"""The training loop, on one page: build, step, validate, save, log."""

import logging
import math
import os
import shutil
import time
from collections import deque
from contextlib import nullcontext, suppress
from itertools import islice, tee
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object, set_seed
from torch.distributed.fsdp import register_fsdp_forward_method
from tqdm import tqdm
from transformers.utils import logging as transformers_logging

from graphsum.models.attention import choose_attention_kernels
from graphsum.models.building import graphs_of
from graphsum.models.decoders import DECODERS
from graphsum.models.generation import GREEDY, generate_impressions, onednn_products
from graphsum.models.protocols import Inputs, Processor
from graphsum.models.types import MODELS
from graphsum.options import (
    LOG_FILE,
    OPTIONS_FILE,
    PROGRESS_FILE,
    Progress,
    TrainOptions,
    run_options,
    save_options,
)
from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.personal.context import (
    author_codes,
    context_of,
    count_leaks,
    in_context,
    training_contexts,
)
from graphsum.pretrained import downloads
from graphsum.tasks.stages import Stage, files_of, read_stages
from graphsum.training.checkpoints import is_spread, load_own_state, save_checkpoint
from graphsum.training.course import Validation, plain_course, staged_course
from graphsum.training.state import load_training_state
from graphsum.training.step import FiniteGuard, StepInputs, TrainingStep, load_ahead
from preprocessing.annotation import load_annotator
from preprocessing.corpora import Corpus, describe
from preprocessing.errors import InputError, RunError
from preprocessing.files import (
    append_line,
    json_text,
    locked_folder,
    read_json,
    read_jsonl,
    read_text,
    restore_folders,
    write_text_atomically,
)
from preprocessing.registry import load

TENSORBOARD = "tensorboard"
STAGES_FILE = "stages.json"  # the files that a run's stages consisted of, with their digests


def parameter_groups(model: torch.nn.Module, options: TrainOptions) -> list[dict[str, Any]]:
    """Text encoder and everything else, each with its own rate; decay on matrices only."""
    groups = []
    for is_encoder, rate in ((True, options.encoder_lr), (False, options.lr)):
        for is_matrix, decay in ((True, options.weight_decay), (False, 0.0)):
            parameters = [
                parameter
                for name, parameter in model.named_parameters()
                if parameter.requires_grad
                and name.startswith("text_encoder.") == is_encoder
                and (parameter.ndim > 1) == is_matrix
            ]
            warmup = options.encoder_warmup if is_encoder else options.warmup
            groups.append(
                {"params": parameters, "lr": rate, "weight_decay": decay, "warmup": warmup}
            )
    return groups


@out_of_memory_as_input_error()
def train(
    options: TrainOptions,
    corpus: Corpus,
    *,
    resume: bool = False,
    overwrite: bool = False,
    download: bool | None = None,
) -> Path:
    """Train one model and return its run folder.

    The folder holds ``options.yaml``, ``log.jsonl`` (one object per log entry), TensorBoard
    events, ``best/`` (for use) and ``last/`` (for use and for an exact ``resume``).

    Args:
        resume: go on with the run in the folder; from its beginning, when it was killed before its
            first checkpoint.
        overwrite: replace the run in the folder, as soon as this one is ready to start.
        download: whether an encoder or LLM that is no folder is asked for on the model hub; by
            default only without ``resume``, whose options somebody else may have written.

    Raises:
        InputError: what is given does not fit; a run is in the way; nothing to resume; another
            training writes into the folder.
        RunError: the training diverged, or the disk is full.
    """
    load(DECODERS, options.decoder)  # an unknown name is an error before anything is annotated
    accelerator = build_accelerator(options)
    choose_attention_kernels()
    quiet_libraries()
    run = options.run_dir
    make_folder(run, accelerator)
    with (
        locked_folder(run) if accelerator.is_main_process else nullcontext(),
        downloads(not resume if download is None else download),
    ):
        resume = prepare_folder(options, accelerator, resume=resume, overwrite=overwrite)
        return run_training(options, corpus, accelerator, resume=resume)


def run_training(
    options: TrainOptions, corpus: Corpus, accelerator: Accelerator, *, resume: bool
) -> Path:
    """The training itself, in a folder that is this process' own."""
    run = options.run_dir
    set_seed(options.seed)
    accelerator.print(describe(corpus))
    if not corpus.train or not corpus.val:
        raise InputError(f"{options.dataset}: training needs train and val reports")
    stages = stages_of(options, resume=resume)
    model_type = load(MODELS, options.model)
    train_inputs, val_inputs, annotator_version = inputs_of(options, corpus, accelerator)
    processor = (
        model_type.part("processor").from_pretrained(run / "last")
        if resume
        else model_type.part("build_processor")(options, corpus, train_inputs, annotator_version)
    )
    if resume and processor.context != options.context_kinds:
        raise InputError(
            f"{run}: the run reads the context {','.join(processor.context) or 'none'}, which "
            "--resume cannot change; leave out --context"
        )
    model = model_type.part("build_model")(options, processor)
    if accelerator.device.type == "cpu":
        model.use_plain_attention()
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    count, trained = sum(n for n, _ in sizes), sum(n for n, trains in sizes if trains)
    of_which = f" ({trained / 1e6:.2f} M train)" if trained < count else ""
    size = f"{count / 1e6:.1f} M parameters{of_which}, vocabulary {len(processor.tokenizer)}"
    accelerator.print(f"model: {size}; run: {run}")

    groups = parameter_groups(model, options)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), fused=True)
    course = (
        staged_course(options, stages, processor, corpus, groups, report=accelerator.print)
        if stages
        else plain_course(
            options,
            processor,
            corpus,
            (train_inputs, val_inputs),
            groups,
            processes=accelerator.num_processes,
        )
    )
    del train_inputs, val_inputs  # graphs are much larger than the examples
    if options.activation_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model, optimizer = accelerator.prepare(model, optimizer)
    if is_spread(model):
        register_fsdp_forward_method(model, "generate_impressions")
    progress = Progress()
    if resume:
        progress = Progress.read(run / "last")
        load_own_state(accelerator.unwrap_model(model), run / "last")
        load_training_state(accelerator, optimizer, run / "last")
    if accelerator.is_main_process:
        if not resume:
            remove_run(run)
        save_options(options, run)
        if stages:
            write_text_atomically(run / STAGES_FILE, [json_text(files_of(stages))])
        drop_entries_after(run / LOG_FILE, progress.step)
    accelerator.wait_for_everyone()
    accelerator.init_trackers("")

    examples = course.examples
    numbered = zip(range(options.max_steps), course.order, strict=False)
    steps, ahead = tee(islice(numbered, progress.step, None))
    on_gpu = accelerator.device.type == "cuda"
    inputs = StepInputs(
        examples,
        processor,
        options,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
        fixed_shapes=on_gpu,
    )
    training_step = TrainingStep(accelerator, model, optimizer, options)
    guard = FiniteGuard()
    unread: list[torch.Tensor] = []  # what the last steps gave, still on the device
    unread_uids: list[list[str]] = []
    recent: deque[dict[str, float]] = deque(maxlen=options.log_every)
    bar = tqdm(
        total=options.max_steps,
        initial=progress.step,
        unit=" steps",
        disable=not accelerator.is_local_main_process,
        mininterval=2.0,
    )
    started, done = time.perf_counter(), 0

    def read() -> None:
        """Wait for the device, and look at the losses of the last steps."""
        values = torch.stack(unread).tolist()
        uids = unread_uids.copy()
        unread.clear()
        unread_uids.clear()
        recent.extend(
            dict(zip(training_step.names, row, strict=False)) for row in values if not row[-1]
        )
        try:
            guard.check(progress.step - len(values) + 1, [bool(row[-1]) for row in values], uids)
        except RunError:
            bar.close()
            save_checkpoint(accelerator, model, optimizer, processor, progress, run, best=False)
            raise

    loaded = load_ahead(inputs, ahead, for_gpu=on_gpu)
    for (_, rows), parts in zip(steps, loaded, strict=False):
        model.train()
        if progress.step in course.starts[1:]:
            optimizer.state.clear()
            progress.best_score, progress.validations_without_gain = -1.0, 0
        for group, rate in zip(optimizer.param_groups, course.rates, strict=True):
            group["lr"] = rate(progress.step)
        with onednn_products():
            unread.append(training_step(parts))
        unread_uids.append([examples[row].uid for row in rows])
        done += len(rows)
        progress.step += 1
        bar.update()
        logs = progress.step % options.log_every == 0
        validates = progress.step % options.validate_every == 0
        validates |= progress.step == options.max_steps or progress.step in course.starts
        if logs or validates:
            read()
        if logs and recent:
            means = {
                name: float(np.mean([losses[name] for losses in recent]))
                for name in training_step.names
            }
            speed = done / (time.perf_counter() - started)
            bar.set_postfix(
                {name: f"{value:.3f}" for name, value in means.items()}
                | {"reports/s": f"{speed:.0f}"},
                refresh=False,
            )
            lr = float(course.rates[-1](progress.step))
            log(accelerator, run, progress.step, means | {"lr": lr})
        if validates:
            validation = course.validation(progress.step)
            scores = validate(accelerator, model, processor, validation)
            log(accelerator, run, progress.step, scores)
            score = scores[validation.deciding]
            better = score > progress.best_score
            if better:
                progress.best_score, progress.best_step = score, progress.step
            progress.validations_without_gain = (
                0 if better else progress.validations_without_gain + 1
            )
            line = " ".join(f"{name[4:]} {value:.1f}" for name, value in scores.items())
            bar.write(f"step {progress.step}: val {line}{' (best)' if better else ''}")
            save_checkpoint(accelerator, model, optimizer, processor, progress, run, best=better)
            in_last_stage = progress.step > course.starts[-1]
            patient = progress.validations_without_gain < (options.patience or math.inf)
            if in_last_stage and not patient:
                bar.write(f"no gain in {options.patience} validations: stopped")
                break
    bar.close()
    accelerator.end_training()
    return run


def stages_of(options: TrainOptions, *, resume: bool) -> list[Stage]:
    """The stages of a run, or none where it has no ``--stages``.

    Raises:
        InputError: a file of theirs is broken, or on ``resume`` not what the run began with.
    """
    if not options.stages:
        return []
    stages = read_stages(options.stages)
    if options.max_steps > (total := sum(stage.steps for stage in stages)):
        raise InputError(f"--max-steps {options.max_steps} is above the stages' {total} steps")
    known = options.run_dir / STAGES_FILE
    if resume and known.is_file():
        saved = read_json(known)
        for path, digest in files_of(stages).items():
            if saved.get(path) != digest:
                raise InputError(f"{path}: not as it was when the run began; train anew")
    return stages


def inputs_of(
    options: TrainOptions, corpus: Corpus, accelerator: Accelerator
) -> tuple[Inputs, Inputs, str]:
    """What the model reads of train and val (graphs, or the reports), and the annotator's version.

    With the context that the options name. The annotator is not kept: with the sentences that it
    remembers it is 100 MB and more.
    """
    if not load(MODELS, options.model).reads_graphs:
        return *with_contexts(options, corpus, corpus.train, corpus.val, accelerator), ""
    annotator = (
        None
        if options.graphs
        else load_annotator(options.annotator, model_dir=options.annotator_model)
    )
    with accelerator.main_process_first():  # one process annotates, the others read its cache
        train_inputs, val_inputs = (
            graphs_of(
                reports,
                annotator,
                rule=options.graph_rule,
                cache_dir=options.cache_dir,
                corpus=options.dataset,
                graphs=options.graphs,
                progress=accelerator.is_main_process,
            )
            for reports in (corpus.train, corpus.val)
        )
    version = annotator.version if annotator else ""
    return *with_contexts(options, corpus, train_inputs, val_inputs, accelerator), version


def with_contexts(
    options: TrainOptions,
    corpus: Corpus,
    train_inputs: Inputs,
    val_inputs: Inputs,
    accelerator: Accelerator,
) -> tuple[Inputs, Inputs]:
    """The inputs with what else the model reads of their reports."""
    kinds = options.context_kinds
    if not kinds:
        return train_inputs, val_inputs
    contexts = training_contexts(
        corpus.train, kinds, dropout=options.context_dropout, seed=options.seed
    )
    shares = (
        f"{kind} {100 * sum(kind in one for one in contexts) / max(len(contexts), 1):.0f} %"
        for kind in kinds
    )
    accelerator.print(f"context of the training reports: {', '.join(shares)}")
    unknown = [kind for kind in kinds if not any(kind in one for one in contexts)]
    if unknown and options.context_dropout < 1:
        raise InputError(
            f"--context {','.join(unknown)}: no training report has it; name its column with "
            "--columns KIND=NAME, or leave it out"
        )
    leaks = count_leaks((*corpus.train, *corpus.val), kinds)
    if leaks:
        accelerator.print(f"reports whose context holds their impression, and is left out: {leaks}")
    authors = author_codes(corpus.train, kinds)
    train: Any = zip(train_inputs, contexts, strict=True)
    val: Any = zip(val_inputs, (context_of(one, kinds) for one in corpus.val), strict=True)
    read: list[Any] = [
        [in_context(one, context, kinds, authors) for one, context in part] for part in (train, val)
    ]
    return read[0], read[1]


def build_accelerator(options: TrainOptions) -> Accelerator:
    """Devices, precision and trackers of a run.

    Raises:
        InputError: the precision is not to be had on this machine.
    """
    # Without cpu=True Accelerate takes several CPU processes for one.
    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    if options.precision == "fp16" and not has_gpu:
        raise InputError("--precision fp16 needs a GPU; use no or bf16 here")
    return Accelerator(
        cpu=not has_gpu,
        mixed_precision=options.precision,
        log_with="tensorboard",
        project_dir=options.run_dir / TENSORBOARD,
    )


def quiet_libraries() -> None:
    """Keep transformers' bars for saved files and accelerate's note on tied weights out of ours."""
    transformers_logging.disable_progress_bar()
    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)


def validate(
    accelerator: Accelerator,
    model: torch.nn.Module,
    processor: Processor,
    validation: Validation,
) -> dict[str, float]:
    """The scores of greedy answers; every process generates a share."""
    plain = accelerator.unwrap_model(model)
    # Weights that are spread over the processes are gathered piece by piece, by all at once.
    numbered = list(enumerate(validation.examples))
    share = numbered[accelerator.process_index :: accelerator.num_processes]
    if is_spread(model):
        share = numbered
    predictions = generate_impressions(
        plain, processor, [example for _, example in share], settings=GREEDY, batch_size=64
    )
    pairs = list(zip((number for number, _ in share), predictions, strict=True))
    by_number = dict(gather_object(pairs))
    outputs = [by_number[number] for number, _ in numbered]
    return validation.scores(outputs, validation.references)


def make_folder(run: Path, accelerator: Accelerator) -> None:
    """The run folder, which may be there already; raises ``InputError`` where it cannot be had."""
    if accelerator.is_main_process:
        try:
            run.mkdir(parents=True, exist_ok=True)
            if not os.access(run, os.W_OK):
                raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise InputError(
                f"{run}: cannot be written ({error.strerror}); choose another --output-dir"
            ) from None
    accelerator.wait_for_everyone()


def prepare_folder(
    options: TrainOptions, accelerator: Accelerator, *, resume: bool, overwrite: bool
) -> bool:
    """Whether there is a checkpoint to go on from.

    A run that was killed before its first checkpoint can begin again, with ``resume``, or without
    by the same options.

    Raises:
        InputError: nothing to resume here, or a run is in the way.
    """
    run = options.run_dir
    if accelerator.is_main_process:
        restore_folders(run)
    accelerator.wait_for_everyone()
    has_run = (run / OPTIONS_FILE).exists()
    has_last = (run / "last" / PROGRESS_FILE).is_file()
    has_best = (run / "best").is_dir() and not is_first_checkpoint(run)
    has_checkpoint = has_best or (run / "last").is_dir()
    if resume and (not has_run or (has_checkpoint and not has_last)):
        raise InputError(f"{run}: nothing to resume here; train without --resume first")
    if resume and not has_last:
        accelerator.print(f"{run}: no checkpoint yet; the run begins again")
    begins_again = not has_checkpoint and has_options(run, options)
    if not resume and has_run and not overwrite and not begins_again:
        raise InputError(
            f"{run} already holds a run: --resume goes on with it, --overwrite replaces it, "
            "--output-dir puts the new one elsewhere"
        )
    accelerator.wait_for_everyone()
    return resume and has_last


def is_first_checkpoint(run: Path) -> bool:
    """Whether a run without ``last`` was killed at its first checkpoint, when it had ``best``."""
    log = run / LOG_FILE
    return log.is_file() and sum('"val_' in line for line in read_text(log).splitlines()) <= 1


def has_options(run: Path, options: TrainOptions) -> bool:
    """Whether the run in the folder was made by these options."""
    try:
        return run_options(run) == options
    except InputError:
        return False


def remove_run(run: Path) -> None:
    """Remove what an earlier run wrote into its folder, and nothing else that lies there."""
    if (run / OPTIONS_FILE).is_file():
        for name in ("best", "last", ".best.new", ".last.new", TENSORBOARD):
            shutil.rmtree(run / name, ignore_errors=True)
        for name in (LOG_FILE, OPTIONS_FILE, STAGES_FILE):
            (run / name).unlink(missing_ok=True)


def log(accelerator: Accelerator, run: Path, step: int, values: dict[str, float]) -> None:
    """Append one entry to ``log.jsonl`` and to TensorBoard; what is not finite is null."""
    if accelerator.is_main_process:
        entry = {name: value if math.isfinite(value) else None for name, value in values.items()}
        line = json_text({"step": step} | entry, indent=None)
        append_line(run / LOG_FILE, line.rstrip("\n"))
    accelerator.log(values, step=step)


def drop_entries_after(path: Path, step: int) -> None:
    """Leave only the entries up to ``step``: a resumed run writes the later ones again.

    A last line that a kill cut short goes too, and whatever follows a line that is no entry.
    """
    if not path.exists():
        return
    kept = []
    with suppress(InputError):
        for entry in read_jsonl(path):
            if type(entry.get("step")) is not int or entry["step"] > step:
                break
            kept.append(json_text(entry, indent=None))
    write_text_atomically(path, kept)
