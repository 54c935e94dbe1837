"""A prompt as a file, and the JSON answer whose values alone a language model may choose."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.schema import LabelClass, Schema
from preprocessing.errors import InputError, closest
from preprocessing.files import read_yaml

SHIPPED_PROMPT = Path(__file__).with_name("prompts") / "label.yaml"
NOT_MENTIONED = "not mentioned"
_VALUES = tuple(state or NOT_MENTIONED for state in FOUR_STATES)
_PLACES = {"instruction": "{classes}", "class_line": "{name}", "report": "{text}"}


@dataclass(frozen=True)
class LabelPrompt:
    """What a language model is asked.

    Args:
        instruction: with ``{classes}``.
        class_line: of each class, with ``{name}`` and, if wanted, ``{definition}``.
        report: with ``{text}``.
        values: the word for each of ``FOUR_STATES``.
    """

    instruction: str
    class_line: str
    report: str
    values: tuple[str, ...]

    def question(self, schema: Schema) -> str:
        """What is asked of all reports."""
        lines = [
            self.class_line.replace("{name}", one.name).replace("{definition}", _definition(one))
            for one in schema.classes
        ]
        return self.instruction.replace("{classes}", "\n".join(lines))

    def to_json(self) -> dict[str, Any]:
        """What :func:`parse_prompt` takes."""
        values = dict(zip(_VALUES, self.values, strict=True))
        own = {name: getattr(self, name) for name in _PLACES}
        return {**own, "values": values}


def _definition(label_class: LabelClass) -> str:
    return label_class.definition or label_class.name


def load_prompt(path: str | Path | None = None) -> LabelPrompt:
    """The prompt in a YAML file; None: the shipped one.

    Raises:
        InputError: the file is no prompt; the message names the key.
    """
    path = path or SHIPPED_PROMPT
    return parse_prompt(read_yaml(path), str(path))


def parse_prompt(found: Any, where: str) -> LabelPrompt:
    """The same from what such a file holds."""
    check_keys(found, (*_PLACES, "values"), where)
    check_places(found, _PLACES, where)
    values = found.get("values")
    if not isinstance(values, Mapping) or set(values) != set(_VALUES):
        raise InputError(
            f"{where}, key 'values': must give a word for each of {', '.join(_VALUES)}"
        )
    words = tuple(values[name] for name in _VALUES)
    if any(not isinstance(word, str) or not word.strip() for word in words):
        raise InputError(f"{where}, key 'values': must hold words only; put them in quotes")
    return LabelPrompt(found["instruction"], found["class_line"], found["report"], words)


def check_keys(found: Any, known: Sequence[str], where: str) -> None:
    """Raise ``InputError`` where a prompt is no mapping, or has another key than these."""
    if not isinstance(found, Mapping):
        raise InputError(f"{where}: a prompt is a mapping of {', '.join(known)}")
    for key in found:
        if key not in known:
            raise InputError(f"{where}, key {key!r}: unknown{closest(str(key), known)}")


def check_places(found: Mapping[str, Any], places: Mapping[str, str], where: str) -> None:
    """Raise ``InputError`` where a key's text is missing, or without what it must have."""
    for key, place in places.items():
        if not isinstance(found.get(key), str) or place not in found[key]:
            must = f"a text with {place}" if place else "a text"
            raise InputError(f"{where}, key {key!r}: must be {must}")


def answer_of(schema: Schema, prompt: LabelPrompt, places: Sequence[int]) -> str:
    """The JSON answer with these states, given by their places in ``FOUR_STATES``, [C]."""
    return json.dumps(
        {name: prompt.values[place] for name, place in zip(schema.names, places, strict=True)},
        ensure_ascii=False,
    )


class Skeleton:
    """An answer in tokens: what stands before each value, the values, and what closes it.

    Each part is cut into tokens by itself, in training as in labeling.

    Args:
        schema: whose classes are the keys.
        prompt: whose values are the vocabulary.
        tokens_of: text -> token ids, without special ones.

    Raises:
        InputError: two values begin with the same token, so that one token cannot choose.
    """

    def __init__(self, schema: Schema, prompt: LabelPrompt, tokens_of: Any) -> None:
        keys = [json.dumps(name, ensure_ascii=False) for name in schema.names]
        texts = [("{" if not number else '", ') + f'{key}: "' for number, key in enumerate(keys)]
        self.before: list[list[int]] = [tokens_of(text) for text in texts]
        self.close: list[int] = tokens_of('"}')
        self.values: list[list[int]] = [
            tokens_of(json.dumps(word, ensure_ascii=False)[1:-1]) for word in prompt.values
        ]
        self.first = [ids[0] for ids in self.values if ids]
        if len(set(self.first)) < len(self.values):
            raise InputError(
                "the prompt's values: two begin with the same token of this model, or one with "
                f"none; give words that begin otherwise than {', '.join(prompt.values)}"
            )

    def answer(self, places: Sequence[int]) -> tuple[list[int], list[int]]:
        """The tokens of an answer, and where in them each value begins, [C]."""
        ids: list[int] = []
        begins = []
        for before, place in zip(self.before, places, strict=True):
            ids += before
            begins.append(len(ids))
            ids += self.values[place]
        return ids + self.close, begins
