"""What a run trains on step by step, at which rate, and how it is validated.

A plain run has one stage, the corpus' impressions. ``--stages`` has several, each a mixture of
instructions; the second goes on with the adapter of the first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice
from typing import Any

import numpy as np

from graphsum.metrics.rouge import rouge_scores
from graphsum.models.instruct import InstructProcessor
from graphsum.models.padding import fixed_length
from graphsum.models.processing import Example
from graphsum.models.protocols import Inputs, Processor
from graphsum.options import TrainOptions
from graphsum.tasks.stages import Material, Stage, material_of, scores_of
from preprocessing.corpora import Corpus
from preprocessing.errors import InputError

Rate = Callable[[int], float]


@dataclass(frozen=True)
class Validation:
    """Examples to answer, their references, and the scores of the answers by name, x 100."""

    examples: Sequence[Example]
    references: Sequence[str]
    scores: Callable[[Sequence[str], Sequence[str]], dict[str, float]]
    deciding: str  # the score that the best checkpoint has the most of


@dataclass(frozen=True)
class Course:
    """The batches of a run, rates and validations.

    ``order``: row numbers of ``examples``, a batch each. ``rates``: of each group of parameters,
    by the number of steps done. ``starts``: the step that each stage begins at, 0 first;
    ``validations``: of each stage.
    """

    examples: Sequence[Example]
    order: Iterator[list[int]]
    rates: Sequence[Rate]
    starts: tuple[int, ...]
    validations: Sequence[Validation]

    def validation(self, step: int) -> Validation:
        """The validation of the stage that ``step`` (the number of steps done, from 1) ends in."""
        return self.validations[sum(start < step for start in self.starts) - 1]


def batches(
    lengths: Sequence[int],
    batch_size: int,
    *,
    seed: int | Sequence[int],
    rows: Iterator[int] | None = None,
) -> Iterator[list[int]]:
    """Endless batches of ``batch_size`` row numbers with rows of similar length together.

    Every row comes once per pass over the data; a batch may span two passes, so that all batches
    are full. Within a window of 50 batches rows are sorted by length, and the batches shuffled.

    Args:
        rows: an endless order of rows to take in place of passes over all.
    """
    generator = np.random.default_rng(seed)
    if rows is None:
        rows = endless_rows(len(lengths), generator)
    while True:
        window = sorted(islice(rows, 50 * batch_size), key=lambda row: lengths[row])
        groups = [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
        yield from (groups[i] for i in generator.permutation(len(groups)))


def token_batches(lengths: Sequence[int], batch_tokens: int, *, seed: int) -> Iterator[list[int]]:
    """Endless batches of as many rows of similar length as make ``batch_tokens`` tokens.

    Every row counts as many tokens as the longest of its batch is padded to on a GPU, on whatever
    device, so that batches of one padded length have one number of rows. Every row comes once per
    pass over the data. Within a window of about 50 batches rows are sorted by length, and the
    batches shuffled; the rows left at a window's end are one batch, or share two with the one
    before.
    """
    sizes = [fixed_length(length) for length in lengths]
    window_rows = 50 * max(1, batch_tokens // round(sum(sizes) / len(sizes)))
    generator = np.random.default_rng(seed)
    rows = endless_rows(len(lengths), generator)
    while True:
        window = sorted(islice(rows, window_rows), key=lambda row: -lengths[row])
        groups: list[list[int]] = []
        while window:
            count = batch_tokens // sizes[window[0]]
            groups.append(window[:count])
            window = window[count:]
        if len(groups) > 1 and len(groups[-1]) < len(groups[-2]) / 2:
            both = groups[-2] + groups[-1]
            half = (len(both) + 1) // 2
            groups[-2:] = [both[:half], both[half:]]
        yield from (groups[i] for i in generator.permutation(len(groups)))


def endless_rows(count: int, generator: np.random.Generator) -> Iterator[int]:
    """Row numbers in a new random order for every pass over the data."""
    while True:
        yield from map(int, generator.permutation(count))


def check_batch_tokens(options: TrainOptions, lengths: Sequence[int], processes: int) -> None:
    """Whether each part of each batch has a report.

    Raises:
        InputError: the batches of the longest findings have too few.
    """
    parts = processes * options.accumulation
    longest = fixed_length(max(lengths))
    needed = longest * (2 * parts if parts > 1 else 1)  # the last batches of a window are smaller
    if options.batch_tokens < needed:
        raise InputError(
            f"--batch-tokens {options.batch_tokens}: the longest findings are padded to {longest} "
            f"tokens, and a batch has {parts} parts (processes x accumulation); give at least "
            f"{needed}"
        )


def rate_factor(options: TrainOptions, warmup: int) -> Rate:
    """Learning rate as a factor of its peak, by the number of steps done.

    ``noam``: min(s^-0.5, s * warmup^-1.5) as in Vaswani et al. 2017, where the given rate is a
    factor, not the peak; ``linear``: up over the warm-up, then down to 0 at ``max_steps``.
    """

    def noam(step: int) -> float:
        return min((step + 1) ** -0.5, (step + 1) * warmup**-1.5)

    def linear(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return max(0.0, (options.max_steps - step) / max(1, options.max_steps - warmup))

    return {"noam": noam, "linear": linear}[options.schedule]


def plain_course(
    options: TrainOptions,
    processor: Processor,
    corpus: Corpus,
    inputs: tuple[Inputs, Inputs],
    groups: Sequence[dict[str, Any]],
    *,
    processes: int,
) -> Course:
    """The corpus' impressions in one stage.

    Args:
        inputs: what the model reads of the corpus' train and val reports.
        groups: of parameters, with ``lr`` and ``warmup``.
        processes: how many share the work.
    """
    examples = list(processor.examples(inputs[0], (r.impression for r in corpus.train)))
    val_reports = corpus.val[: options.validation_reports or None]
    validation = Validation(
        list(processor.examples(inputs[1][: len(val_reports)])),
        [report.impression for report in val_reports],
        rouge_means,
        "val_rouge_mean",
    )
    lengths = [len(example.input_ids) for example in examples]
    if options.batch_tokens:
        check_batch_tokens(options, lengths, processes)
        order = token_batches(lengths, options.batch_tokens, seed=options.seed)
    else:
        order = batches(lengths, options.batch_size, seed=options.seed)
    rates = [_rate(group["lr"], rate_factor(options, group["warmup"])) for group in groups]
    return Course(examples, order, rates, (0,), [validation])


def rouge_means(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Mean ROUGE-1/2/L F1 x 100, and the mean of the three."""
    scores = rouge_scores(predictions, references).mean(axis=0)
    names = ("val_rouge1", "val_rouge2", "val_rougeL")
    values = {name: float(value) for name, value in zip(names, scores, strict=True)}
    return values | {"val_rouge_mean": float(scores.mean())}


def _rate(peak: float, factor: Rate) -> Rate:
    return lambda step: peak * factor(step)


def staged_course(
    options: TrainOptions,
    stages: Sequence[Stage],
    processor: InstructProcessor,
    corpus: Corpus,
    groups: Sequence[dict[str, Any]],
    *,
    report: Callable[[str], None],
) -> Course:
    """Stages of instruction tuning; their rows are packed.

    With ``replay`` a stage takes that share of its rows from the mixture of the stage before, with
    what that had of the stages before it.

    Args:
        report: takes a line on each stage.

    Raises:
        InputError: a file of a stage is broken, or a stage has nothing to be validated by.
    """
    processor.packs = True
    examples: list[Example] = []
    pools: list[range] = []
    shares: list[float] = []  # of each pool so far, of the present stage's rows
    orders, validations = [], []
    for number, stage in enumerate(stages):
        own, held_out = [], []
        left_out = 0
        for source, material in zip(stage.sources, material_of(stage), strict=True):
            made, answers = _examples_of(options, processor, corpus, source.validation, material)
            fitting = [one for one in made if len(one.labels)]
            if not fitting:
                raise InputError(
                    f"{source.instructions or 'the corpus'}: no instruction is within "
                    "--max-prompt-length and --max-target-length"
                )
            left_out += len(made) - len(fitting)
            own.append(range(len(examples), len(examples) + len(fitting)))
            examples += fitting
            held_out += answers
        if not held_out:
            raise InputError(
                f"{stage.path}: no source has a validation, so no checkpoint would be the best"
            )
        kept = [share * stage.replay for share in shares]
        new = [share * (1 - stage.replay) for share in stage.shares([len(pool) for pool in own])]
        pools, shares = [*pools, *own], [*kept, *new]
        lengths = [len(one.input_ids) + len(one.labels) for one in examples]
        seed = [options.seed, number]
        rows = mixed_rows(list(pools), list(shares), seed=[options.seed, number, 1])
        orders.append(
            islice(batches(lengths, options.batch_size, seed=seed, rows=rows), stage.steps)
        )
        validations.append(_tasks_validation(held_out))
        report(
            f"{stage.path}: {stage.steps} steps, "
            + ", ".join(
                f"{source.instructions or 'corpus'} {len(pool):,} ({share:.0%})"
                for source, pool, share in zip(stage.sources, own, new, strict=True)
            )
            + (f", replay {stage.replay:.0%}" if stage.replay else "")
            + (f"; {left_out:,} left out, which are too long" if left_out else "")
        )
    starts = tuple(accumulate((stage.steps for stage in stages[:-1]), initial=0))
    rate = staged_rate(options, stages, starts)
    return Course(examples, chain.from_iterable(orders), [rate] * len(groups), starts, validations)


def staged_rate(options: TrainOptions, stages: Sequence[Stage], starts: Sequence[int]) -> Rate:
    """The rate by the number of steps done; each stage has its own peak, warm-up and decay."""
    factors = [
        rate_factor(replace(options, max_steps=stage.steps), stage.warmup) for stage in stages
    ]

    def rate(step: int) -> float:
        number = sum(start <= step for start in starts) - 1
        return stages[number].lr * factors[number](step - starts[number])

    return rate


def mixed_rows(
    pools: Sequence[Sequence[int]], shares: Sequence[float], *, seed: int | Sequence[int]
) -> Iterator[int]:
    """Endless rows of several pools in these shares; within a pool each comes once per pass."""
    generator = np.random.default_rng(seed)
    streams = [_passes(pool, generator) for pool in pools]
    while True:
        yield next(streams[generator.choice(len(pools), p=shares)])


def _passes(pool: Sequence[int], generator: np.random.Generator) -> Iterator[int]:
    while True:
        yield from (int(pool[place]) for place in generator.permutation(len(pool)))


def _examples_of(
    options: TrainOptions,
    processor: InstructProcessor,
    corpus: Corpus,
    validation: Any,
    material: Material | None,
) -> tuple[list[Example], list[tuple[str, Example, str]]]:
    """Training examples of a source, and what is held out: task, example without labels, answer.

    An example that is too long has no labels.
    """
    if material is not None:
        train = list(processor.instruction_examples(material.train))
        held_out = processor.instruction_examples(material.validation, answered=False)
        return train, [
            (one.task, example, one.answer)
            for one, example in zip(material.validation, held_out, strict=True)
        ]
    reports = corpus.val[: validation or options.validation_reports or None]
    train = list(processor.examples(corpus.train, (r.impression for r in corpus.train)))
    return train, [
        ("impression", example, report.impression)
        for example, report in zip(processor.examples(reports), reports, strict=True)
    ]


def _tasks_validation(held_out: Sequence[tuple[str, Example, str]]) -> Validation:
    tasks = [task for task, _, _ in held_out]

    def scores(outputs: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        values = {}
        for task in sorted(set(tasks)):
            rows = [row for row, own in enumerate(tasks) if own == task]
            of_task = scores_of(
                task, [outputs[row] for row in rows], [references[row] for row in rows]
            )
            values[f"val_{task}"] = 100 * float(np.mean(of_task))
        return values | {"val_tasks_mean": float(np.mean(list(values.values())))}

    return Validation(
        [example for _, example, _ in held_out],
        [answer for _, _, answer in held_out],
        scores,
        "val_tasks_mean",
    )
