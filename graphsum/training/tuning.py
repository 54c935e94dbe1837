"""Tuning of a trained model by rewards of its samples, or by preferences.

Device, optimiser, step, guard, checkpoints and state are those of training
(:mod:`graphsum.training.loop`); what differs is where targets come from: they are sampled from the
model itself at every step, so that no batch can be made ahead.

Shapes: B reports, N samples of each, M different targets of all reports, T tokens.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from graphsum.metrics.rewards import (
    Judged,
    Reader,
    RewardSpec,
    describe,
    is_hacked,
    rouge,
    weighted,
)
from graphsum.models.attention import choose_attention_kernels
from graphsum.models.generation import GREEDY, generate_impressions, onednn_products
from graphsum.models.loading import load_model
from graphsum.models.padding import IGNORED, padded
from graphsum.models.processing import Example
from graphsum.models.protocols import Processor
from graphsum.models.types import MODELS
from graphsum.options import LOG_FILE, Progress, TrainOptions, save_options
from graphsum.options.runs import corpus_of, find_checkpoint, options_of_checkpoint
from graphsum.options.tune_options import TuneOptions, save_tune_options
from graphsum.out_of_memory import out_of_memory_as_input_error
from graphsum.training.checkpoints import load_own_state, save_checkpoint
from graphsum.training.course import batches, rate_factor
from graphsum.training.loop import (
    build_accelerator,
    drop_entries_after,
    inputs_of,
    log,
    make_folder,
    parameter_groups,
    prepare_folder,
    quiet_libraries,
    remove_run,
)
from graphsum.training.objectives import TUNING_OBJECTIVES
from graphsum.training.objectives.preference import Targets, TuningObjective
from graphsum.training.preferences import Preference, read_preferences
from graphsum.training.state import load_training_state
from graphsum.training.step import FiniteGuard, TrainingStep
from preprocessing.corpora import Corpus
from preprocessing.errors import InputError, RunError
from preprocessing.files import locked_folder, read_jsonl
from preprocessing.records import Report
from preprocessing.registry import load

CARRIED = ("consensus_config.json", "word_pairs.json")  # files of a checkpoint beside its weights
Batch = dict[str, Tensor]


@out_of_memory_as_input_error()
def tune(options: TuneOptions, *, resume: bool = False, overwrite: bool = False) -> Path:
    """Tune one model and return its run folder, which is that of a training (``best/``, ``last/``).

    ``log.jsonl`` holds, every ``log_every`` steps, the scores of the samples, and at the start and
    every ``validate_every`` steps those of greedy impressions of val (``val_...``). ``best/`` is
    the model with the best score by the judges (without judges: by the rewards, or the margin),
    which may be the start.

    Raises:
        InputError: what is given does not fit, or there is nothing to resume.
        RunError: the tuning diverged, or the disk is full.
    """
    folder = find_checkpoint(options.checkpoint)
    saved = options_of_checkpoint(folder)
    if saved is None:
        raise InputError(f"{folder}: no options.yaml says how it was trained; give a run")
    settings = options.train_options(saved)
    spec = RewardSpec.read(options.rewards) if options.rewards else RewardSpec({}, {})
    corpus = corpus_to_tune_on(options, settings)
    preferences = None
    if options.preferences:
        every = (*corpus.train, *corpus.val, *corpus.test) if corpus else ()
        known = {report.uid: report.findings for report in every}
        preferences = read_preferences(options.preferences, known, accepted=options.likelihood > 0)
    accelerator = build_accelerator(settings)
    if accelerator.num_processes > 1:
        raise InputError("graphsum tune runs in one process; start it without a launcher")
    choose_attention_kernels()
    quiet_libraries()
    make_folder(settings.run_dir, accelerator)
    with locked_folder(settings.run_dir):
        resume = prepare_folder(settings, accelerator, resume=resume, overwrite=overwrite)
        torch.manual_seed(options.seed)
        tuner = Tuner(options, settings, folder, spec, accelerator, resume=resume)
        tuner.prepare(corpus, preferences)
        return tuner.run(resume=resume)


def corpus_to_tune_on(options: TuneOptions, settings: TrainOptions) -> Corpus | None:
    """The corpus; None for preferences where nothing of it is asked for."""
    if options.preferences and not (options.rewards or options.dataset or options.data_dir):
        return None
    corpus = corpus_of(settings)
    if not corpus.train or not corpus.val:
        raise InputError(f"{settings.dataset}: tuning needs train and val reports")
    return corpus


class StartWeights:
    """The weights that train, as they were at the start; an LLM's frozen ones are not copied."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.values = [p.detach().clone() for p in self.parameters]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have them, without gradients."""
        now = [parameter.data for parameter in self.parameters]
        try:
            for parameter, value in zip(self.parameters, self.values, strict=True):
                parameter.data = value
            with torch.no_grad():
                yield
        finally:
            for parameter, value in zip(self.parameters, now, strict=True):
                parameter.data = value


class TuningStep(TrainingStep):
    """A training step whose loss is that of a tuning objective."""

    def __init__(
        self, *args: Any, objective: TuningObjective, likelihood: float, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.objective = objective
        self.likelihood = likelihood

    def last_pass(self, batch: Batch) -> Tensor:
        """Forward and backward pass of the targets in a batch: loss and divergence in nats, [2]."""
        targets = Targets(**{name: batch.pop(f"target_{name}") for name in TARGETS})
        model: Any = self.model
        with self.accelerator.autocast(), onednn_products():
            logprobs = model.target_logprobs(batch, targets.labels, targets.rows)
        loss = self.objective.loss(logprobs, targets)
        if self.likelihood:
            chosen = logprobs[targets.chosen]
            tokens = (targets.labels[targets.chosen] != IGNORED).sum()
            loss = loss - self.likelihood * chosen.sum() / tokens
        self.accelerator.backward(loss)
        self.names = ["loss", "kl"]
        counts = targets.counts
        ratios = logprobs.detach().sum(1) - targets.start
        divergence = (counts * ratios).sum() / counts.sum().clamp(min=1)
        return torch.stack([loss.detach().float(), divergence.float()])


TARGETS = tuple(Targets.__dataclass_fields__)


class Tuner:
    """A model on its way from a checkpoint; what it reads, samples, is told and logs."""

    def __init__(
        self,
        options: TuneOptions,
        settings: TrainOptions,
        folder: Path,
        spec: RewardSpec,
        accelerator: Any,
        *,
        resume: bool,
    ) -> None:
        self.options, self.settings, self.folder, self.spec = options, settings, folder, spec
        self.accelerator = accelerator
        self.run_dir = settings.run_dir
        kind = load(TUNING_OBJECTIVES, options.method)
        beta = kind.default_beta if options.beta is None else options.beta
        self.objective = kind(beta, options.gamma)
        self.model_type = load(MODELS, settings.model)
        self.processor: Processor = self.model_type.part("processor").from_pretrained(folder)
        model: Any = load_model(folder, device=str(accelerator.device.type))
        self.start = StartWeights(model)
        if not self.start.parameters:
            raise InputError(f"{folder}: nothing of this model trains, so nothing can be tuned")
        groups = [g for g in parameter_groups(model, settings) if g["params"]]
        optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), fused=True)
        self.model: Any
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.rate = rate_factor(settings, settings.warmup)
        self.step = TuningStep(
            accelerator,
            self.model,
            self.optimizer,
            settings,
            objective=self.objective,
            likelihood=options.likelihood,
        )
        self.progress = Progress()
        if resume:
            self.progress = Progress.read(self.run_dir / "last")
            load_own_state(accelerator.unwrap_model(self.model), self.run_dir / "last")
            load_training_state(accelerator, self.optimizer, self.run_dir / "last")
        self.reader = Reader()
        self.guard = FiniteGuard()
        self.examples: list[Example] = []
        self.rejected: list[Example] = []
        self.cached: np.ndarray | None = None  # log-probabilities at the start of pairs, [pairs, 2]
        self.seen: list[tuple[Judged, float]] = []  # samples since the last entry, with counts

    def prepare(self, corpus: Corpus | None, preferences: list[Preference] | None) -> None:
        """Make the examples of what is tuned on and of what is validated on."""
        self.val_reports: Sequence[Report] = ()
        self.val_examples: list[Example] = []
        if self.spec.rewards and corpus is not None:
            read = corpus if preferences is None else replace(corpus, train=())
            of_train, of_val, _ = inputs_of(self.settings, read, self.accelerator)
            self.val_reports = corpus.val[: self.options.validation_reports or None]
            self.val_examples = list(self.processor.examples(of_val[: len(self.val_reports)]))
        if preferences is None:
            assert corpus is not None
            self.reports = list(corpus.train)
            self.examples = list(
                self.processor.examples(of_train, (r.impression for r in self.reports))
            )
            return
        self.reports = [preference.report for preference in preferences]
        inputs: Any = self.reports
        if self.model_type.reads_graphs:
            made = self.processor.graphs([r.findings for r in self.reports])  # type: ignore[attr-defined]
            inputs = [
                replace(graph, uid=r.uid) for graph, r in zip(made, self.reports, strict=True)
            ]
        self.examples = list(self.processor.examples(inputs, (r.impression for r in self.reports)))
        self.rejected = list(self.processor.examples(inputs, (p.rejected for p in preferences)))
        self.corrected = np.array([p.rejected != p.report.impression for p in preferences])
        with self.start.in_place():
            self.cached = self.pair_logprobs()

    def run(self, *, resume: bool) -> Path:
        """The loop: sample, reward, step, log, validate, save."""
        options, run, progress = self.options, self.run_dir, self.progress
        if not resume:
            remove_run(run)
        save_options(self.settings, run)
        save_tune_options(options)
        drop_entries_after(run / LOG_FILE, progress.step)
        self.accelerator.init_trackers("")
        self.model.eval()  # no dropout: what is tuned is what samples are drawn from
        if resume:
            history = self.history()
        else:
            if options.rewards:
                shutil.copyfile(options.rewards, run / "rewards.yaml")  # for the record
            history = [self.validate()]
            log(self.accelerator, run, 0, history[0])
            progress.best_score = percent(history[0][self.deciding])
            self.save(best=True)  # the start, which something has to be better than
        order = batches(
            [len(e.input_ids) for e in self.examples], options.batch_size, seed=options.seed
        )
        unread: list[Tensor] = []
        uids: list[list[str]] = []
        recent: list[list[float]] = []

        def read() -> None:
            values = [row.tolist() for row in unread]
            recent.extend(row[:-1] for row in values if not row[-1])
            names = uids.copy()
            unread.clear()
            uids.clear()
            try:
                skipped = [bool(row[-1]) for row in values]
                self.guard.check(progress.step - len(values) + 1, skipped, names)
            except RunError:
                self.save(best=False)
                raise

        bar = tqdm(total=options.max_steps, initial=progress.step, unit=" steps", mininterval=2.0)
        for rows in islice(order, progress.step, options.max_steps):
            for group in self.optimizer.param_groups:
                group["lr"] = options.lr * self.rate(progress.step)
            batch = self.batch_of(rows, progress.step)
            if batch is not None:
                unread.append(self.step([batch]))
                uids.append([self.examples[row].uid for row in rows])
            progress.step += 1
            bar.update()
            last = progress.step == options.max_steps
            if (logs := progress.step % options.log_every == 0) or last:
                read()
            if logs:
                log(self.accelerator, run, progress.step, self.entry(recent))
                recent.clear()
            if progress.step % options.validate_every and not last:
                continue
            read()
            scores = self.validate()
            history.append(scores)
            log(self.accelerator, run, progress.step, scores)
            score = percent(scores[self.deciding])
            better = score > progress.best_score
            if better:
                progress.best_score, progress.best_step = score, progress.step
            shown = " ".join(f"{name[4:]} {value:.3f}" for name, value in scores.items())
            bar.write(f"step {progress.step}: val {shown}{' (best)' if better else ''}")
            self.save(best=better)
            if self.hacked(history):
                bar.write(
                    f"step {progress.step}: the reward rises ({history[0]['val_reward']:.3f} to "
                    f"{scores['val_reward']:.3f}) and the judges' score does not "
                    f"({history[0]['val_judges']:.3f} to {scores['val_judges']:.3f}) in "
                    f"{options.stop_hacking} validations: stopped, the reward is being hacked"
                )
                log(self.accelerator, run, progress.step, {"stopped_hacking": 1.0})
                break
        bar.close()
        if not progress.best_step:
            print(f"no validation was better than the start, which {run / 'best'} holds")
        self.accelerator.end_training()
        return run

    @property
    def deciding(self) -> str:
        """The score of a validation that ``best/`` is chosen by."""
        if self.spec.judges:
            return "val_judges"
        return "val_reward" if self.spec.rewards else "val_margin"

    def history(self) -> list[dict[str, float]]:
        """The validations that the log holds."""
        path = self.run_dir / LOG_FILE
        entries = list(read_jsonl(path)) if path.is_file() else []
        return [entry for entry in entries if self.deciding in entry]

    def hacked(self, history: Sequence[dict[str, float]]) -> bool:
        """Whether the reward rises alone."""
        if not self.spec.judges or not self.spec.rewards:
            return False
        rewards, judgements = (
            [entry[name] for entry in history] for name in ("val_reward", "val_judges")
        )
        return is_hacked(rewards, judgements, self.options.stop_hacking)

    def save(self, *, best: bool) -> None:
        """Write ``last/``, and ``best/`` where it is the best, with what the start had beside."""
        save_checkpoint(
            self.accelerator,
            self.model,
            self.optimizer,
            self.processor,
            self.progress,
            self.run_dir,
            best=best,
        )
        for name in CARRIED:
            for place in ("best", "last") if best else ("last",):
                if (self.folder / name).is_file():
                    shutil.copyfile(self.folder / name, self.run_dir / place / name)

    def batch_of(self, rows: Sequence[int], step: int) -> Batch | None:
        """The batch of a step with its targets; None where they teach nothing."""
        if self.cached is not None:
            return self.batch_of_pairs(rows)
        return self.batch_of_samples(rows, step)

    def batch_of_pairs(self, rows: Sequence[int]) -> Batch:
        """Chosen and rejected impressions of readers."""
        assert self.cached is not None
        batch = self.processor.collate([self.examples[row] for row in rows])
        labels = [part[row].labels for part in (self.examples, self.rejected) for row in rows]
        own = torch.arange(len(rows))
        start = torch.from_numpy(self.cached[list(rows)].T.copy()).flatten()  # chosen, rejected
        return batch | named(
            labels=padded(labels, IGNORED),
            rows=own.repeat(2),
            start=start,
            rewards=torch.zeros(2 * len(rows)),
            counts=torch.ones(2 * len(rows)),
            greedy=torch.zeros(0, dtype=torch.long),
            chosen=own,
            rejected=own + len(rows),
        )

    def batch_of_samples(self, rows: Sequence[int], step: int) -> Batch | None:
        """Samples of the model as it is now, with their rewards."""
        options, device = self.options, self.accelerator.device
        batch = self.processor.collate([self.examples[row] for row in rows])
        batch = {name: tensor.to(device) for name, tensor in batch.items() if name != "labels"}
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + step)
        uniforms = torch.rand(
            len(rows), options.max_new_tokens, options.samples, generator=generator
        )
        with self.accelerator.autocast(), onednn_products():
            tokens = self.model.sample_impressions(
                batch, uniforms.to(device), temperature=options.temperature
            )
            samples = self.model.labels_of(tokens).cpu().numpy()  # [B, N, T]
            greedy = None
            if self.objective.needs_greedy:
                written = self.model.generate_impressions(
                    batch, replace(GREEDY, max_new_tokens=options.max_new_tokens)
                )
                greedy = self.model.labels_of(written).cpu().numpy()  # [B, T]
        counts: dict[tuple[int, tuple[int, ...]], int] = {}
        for row, of_report in enumerate(samples):
            for sample in of_report:
                key = (row, tuple(sample[sample != IGNORED].tolist()))
                counts[key] = counts.get(key, 0) + 1
        of_greedy = []
        for row, sample in enumerate(greedy if greedy is not None else ()):
            key = (row, tuple(sample[sample != IGNORED].tolist()))
            counts.setdefault(key, 0)
            of_greedy.append(list(counts).index(key))
        targets = list(counts)
        labels = padded([np.array(tokens, np.int64) for _, tokens in targets], IGNORED)
        texts = self.processor.batch_decode(labels)
        judged = self.reader.judge(texts, [self.reports[rows[row]] for row, _ in targets])
        rewards = [weighted(self.spec.rewards, one) for one in judged]
        self.seen += zip(judged, map(float, counts.values()), strict=True)
        chosen, rejected = best_and_worst([row for row, _ in targets], rewards)
        if self.objective.pairs and not chosen:
            return None
        own = torch.tensor([row for row, _ in targets])
        with self.start.in_place(), self.accelerator.autocast(), onednn_products():
            start = self.model.target_logprobs(batch, labels.to(device), own.to(device)).sum(1)
        return batch | named(
            labels=labels,
            rows=own,
            start=start.float(),
            rewards=torch.tensor(rewards),
            counts=torch.tensor(list(counts.values()), dtype=torch.float),
            greedy=torch.tensor(of_greedy, dtype=torch.long),
            chosen=torch.tensor(chosen, dtype=torch.long),
            rejected=torch.tensor(rejected, dtype=torch.long),
        )

    def pair_logprobs(self) -> np.ndarray:
        """Log-probabilities of chosen and rejected impressions, float32 [pairs, 2]."""
        found = []
        device, size = self.accelerator.device, self.options.batch_size
        with torch.no_grad(), self.accelerator.autocast(), onednn_products():
            for first in range(0, len(self.examples), size):
                part = slice(first, first + size)
                batch = self.processor.collate(self.examples[part])
                batch = {n: tensor.to(device) for n, tensor in batch.items() if n != "labels"}
                both = [
                    self.model.target_logprobs(
                        batch, padded([e.labels for e in side[part]], IGNORED).to(device)
                    ).sum(1)
                    for side in (self.examples, self.rejected)
                ]
                found.append(torch.stack(both, 1).float().cpu().numpy())
        return np.concatenate(found)

    def entry(self, recent: Sequence[Sequence[float]]) -> dict[str, float]:
        """An entry of the log: means of the steps since the last one, and what samples are like."""
        values = {"lr": float(self.options.lr * self.rate(self.progress.step))}
        if recent:
            values |= dict(zip(self.step.names, np.mean(recent, axis=0).tolist(), strict=True))
        if self.seen:
            values |= self.scores([one for one, _ in self.seen], [n for _, n in self.seen])
            self.seen.clear()
        return values

    def scores(
        self, judged: Sequence[Judged], counts: Sequence[float] | None = None
    ) -> dict[str, float]:
        """Reward and judges' score, each of their metrics, and :func:`describe`."""
        weights = np.ones(len(judged)) if counts is None else np.asarray(counts)
        metrics = {name: {name: 1.0} for name in (*self.spec.rewards, *self.spec.judges)}
        sums = {"reward": self.spec.rewards, "judges": self.spec.judges} | metrics
        means = {
            name: float(np.average([weighted(spec, one) for one in judged], weights=weights))
            for name, spec in sums.items()
        }
        return means | describe(judged, counts)

    def validate(self) -> dict[str, float]:
        """The scores of greedy impressions of val, and how well preferences are kept apart."""
        scores: dict[str, float] = {}
        if self.val_examples:
            plain = self.accelerator.unwrap_model(self.model)
            written = generate_impressions(
                plain, self.processor, self.val_examples, settings=GREEDY, batch_size=64
            )
            judged = self.reader.judge(written, self.val_reports)
            scores |= self.scores(judged) | {"rouge": float(np.mean([*map(rouge, judged)]))}
        if self.cached is not None:
            margins = (self.pair_logprobs() - self.cached) @ np.array([1.0, -1.0])
            margins = margins[self.corrected]
            scores |= {"margin": float(margins.mean()), "preferred": float((margins > 0).mean())}
        return {f"val_{name}": value for name, value in scores.items()}


def named(**tensors: Tensor) -> Batch:
    """Targets under the names that :class:`TuningStep` takes them from."""
    return {f"target_{name}": tensor for name, tensor in tensors.items()}


def best_and_worst(rows: Sequence[int], rewards: Sequence[float]) -> tuple[list[int], list[int]]:
    """The targets of highest and of lowest reward of each report where these differ."""
    chosen, rejected = [], []
    for row in sorted(set(rows)):
        own = [number for number, of in enumerate(rows) if of == row]
        best, worst = (pick(own, key=rewards.__getitem__) for pick in (max, min))
        if rewards[best] > rewards[worst]:
            chosen.append(best)
            rejected.append(worst)
    return chosen, rejected


def percent(score: float) -> float:
    """A score on a scale from 0 to 100, as ``progress.json`` holds it, in the same order."""
    return float(100 / (1 + np.exp(-score)))
