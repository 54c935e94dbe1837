"""Stages of instruction tuning: each a YAML file with its mixture, steps and rate.

    steps: 300
    lr: 5.0e-4
    warmup: 20
    temperature: 2      # or a weight at each source
    replay: 0.1         # share of the rows that the mixtures of the stages before give
    sources:
      - instructions: general.jsonl     # of graphsum tasks build or convert
        validation: 50                  # so many are held out; or a file
      - corpus: impression              # findings and impressions of the run's corpus

Paths are relative to the file. ``docs/tasks.md`` has an example of two stages.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from graphsum.tasks import TASKS
from graphsum.tasks.instructions import Instruction, read_instructions
from graphsum.tasks.task import words_of
from preprocessing.errors import InputError, closest
from preprocessing.files import digest_of, read_yaml
from preprocessing.registry import load

OF_CORPUS = ("impression",)  # the tasks whose instructions a corpus holds as it is
SEED_OF_HELD_OUT = 0  # which instructions are held out does not depend on the run's seed


@dataclass(frozen=True)
class Source:
    """A part of a mixture: a file of instructions, or a task of the run's corpus.

    ``instructions``: the file, or None for the corpus. ``validation``: a file, or how many
    instructions are held out (of the corpus: how many val reports are used; 0: all, of a file
    none). ``weight``: its share of the rows, by the sum of the weights.
    """

    instructions: Path | None
    validation: Path | int
    weight: float


@dataclass(frozen=True)
class Stage:
    """One stage. ``lr``: peak rate. ``shares``: of the sources, which add up to 1."""

    path: Path
    steps: int
    lr: float
    warmup: int
    temperature: float | None
    replay: float
    sources: tuple[Source, ...]

    def shares(self, sizes: Sequence[int]) -> list[float]:
        """What share of the rows each source gives, by its weight, or by size and temperature.

        With temperature T a source of n instructions has a share in proportion to n^(1/T)
        (Raffel et al. 2020): 1 mixes by size, a large T all sources alike.
        """
        if self.temperature is None:
            weights = [source.weight for source in self.sources]
        else:
            weights = [size ** (1 / self.temperature) for size in sizes]
        return [weight / sum(weights) for weight in weights]


@dataclass(frozen=True)
class Material:
    """The instructions of a source, those to train with and those held out."""

    train: tuple[Instruction, ...]
    validation: tuple[Instruction, ...]


def read_stages(paths: Sequence[str | Path]) -> list[Stage]:
    """The stages in these files, in their order.

    Raises:
        InputError: there are none; a file cannot be read; a key is unknown or its value not
            allowed.
    """
    if not paths:
        raise InputError("--stages needs at least one file")
    stages = [_stage(Path(path)) for path in paths]
    if stages[0].replay:
        raise InputError(f"{stages[0].path}: replay must be 0: no stage is before the first")
    return stages


def _stage(path: Path) -> Stage:
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a mapping with steps, lr and sources")
    known = {entry.name for entry in fields(Stage)} - {"path"}
    _check_keys(values, known, str(path))
    steps = _whole(values, "steps", path, least=1)
    sources = values.get("sources")
    if not isinstance(sources, list) or not sources:
        raise InputError(f"{path}: sources must be a list of instructions or corpus entries")
    given = [
        _source(one, path, f"{path}, source {number}") for number, one in enumerate(sources, 1)
    ]
    weighed = [isinstance(one, dict) and "weight" in one for one in sources]
    temperature = None
    if "temperature" in values:
        temperature = _number(values, "temperature", path, at_least=0.1, at_most=1000)
    if any(weighed) and (temperature is not None or not all(weighed)):
        raise InputError(
            f"{path}: give temperature, or a weight at each of the {len(sources)} sources, or "
            "neither (all weigh the same)"
        )
    return Stage(
        path,
        steps,
        _number(values, "lr", path, above=0, at_most=10),
        _whole(values, "warmup", path, least=1) if "warmup" in values else max(1, steps // 10),
        temperature,
        _number(values, "replay", path, at_least=0, at_most=0.9) if "replay" in values else 0.0,
        tuple(given),
    )


def _source(value: Any, path: Path, where: str) -> Source:
    if not isinstance(value, dict) or ("instructions" in value) == ("corpus" in value):
        raise InputError(f"{where}: give either instructions (a file) or corpus (impression)")
    _check_keys(value, {"instructions", "corpus", "validation", "weight"}, where)
    weight = _number(value, "weight", where, above=0, at_most=1e6) if "weight" in value else 1.0
    held_out = value.get("validation", 0)
    validation: Path | int
    if isinstance(held_out, str) and "instructions" in value:
        validation = path.parent / held_out
    elif type(held_out) is int and held_out >= 0:
        validation = held_out
    else:
        allowed = "a number, at least 0" if "corpus" in value else "a file or a number, at least 0"
        raise InputError(f"{where}: validation must be {allowed}")
    if "corpus" in value:
        if value["corpus"] not in OF_CORPUS:
            raise InputError(f"{where}: corpus must be {' or '.join(OF_CORPUS)}")
        return Source(None, validation, weight)
    if not isinstance(value["instructions"], str):
        raise InputError(f"{where}: instructions must name a file")
    return Source(path.parent / value["instructions"], validation, weight)


def _check_keys(values: Mapping[Any, Any], known: set[str], where: str) -> None:
    for key in values:
        if key not in known:
            raise InputError(
                f"{where}: unknown key {str(key)[:80]!r}{closest(str(key), known)}; known are "
                f"{', '.join(sorted(known))}"
            )


def _number(
    values: Mapping[str, Any],
    name: str,
    where: str | Path,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float,
) -> float:
    if name not in values:
        raise InputError(f"{where}: {name} is missing; give a number, at most {at_most:g}")
    value = values[name]
    if isinstance(value, str):  # YAML 1.1 reads 3e-4 as text
        try:
            value = float(value)
        except ValueError:
            value = None
    low = f"above {above}" if above is not None else f"at least {at_least}"
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not value <= at_most
        or (above is not None and not value > above)
        or (at_least is not None and not value >= at_least)
    ):
        raise InputError(f"{where}: {name} must be a number {low}, at most {at_most:g}")
    return float(value)


def _whole(values: Mapping[str, Any], name: str, where: str | Path, *, least: int) -> int:
    value = values.get(name)
    if type(value) is not int or not least <= value <= 10**9:
        raise InputError(f"{where}: {name} must be a whole number, at least {least}")
    return value


def material_of(stage: Stage) -> Iterator[Material | None]:
    """The instructions of each source of a stage; None for the corpus.

    Raises:
        InputError: a file is missing or broken, has no instruction, or fewer than are held out.
    """
    for source in stage.sources:
        if source.instructions is None:
            yield None
            continue
        path = source.instructions
        train = list(read_instructions(path, "graphsum"))
        held_out: list[Instruction] = []
        if isinstance(source.validation, Path):
            held_out = list(read_instructions(source.validation, "graphsum"))
        elif source.validation:
            random.Random(SEED_OF_HELD_OUT).shuffle(train)
            held_out, train = train[: source.validation], train[source.validation :]
        if not train:
            raise InputError(f"{path}: no instructions are left to train with")
        yield Material(tuple(train), tuple(held_out))


def files_of(stages: Sequence[Stage]) -> dict[str, str]:
    """The files that the stages consist of, with a digest of each.

    Raises:
        InputError: one is not there any more.
    """
    paths: list[Path] = []
    for stage in stages:
        paths.append(stage.path)
        for source in stage.sources:
            paths += [one for one in (source.instructions, source.validation)
                      if isinstance(one, Path)]  # fmt: skip
    try:
        return {str(path): digest_of(path) for path in paths}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None


def scores_of(task: str, outputs: Sequence[str], references: Sequence[str]) -> list[float]:
    """A value from 0 to 1 for each output: the task's own, or exact match of words (general)."""
    if task in TASKS:
        return load(TASKS, task)().score(outputs, [[one] for one in references])
    return [
        float(words_of(output) == words_of(right))
        for output, right in zip(outputs, references, strict=True)
    ]
