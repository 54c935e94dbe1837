"""Instruction data: one form of ours, and readers of the forms that others publish.

PubMedQA (Jin et al. 2019, MIT) and MedQA (Jin et al. 2020, MIT) are read from files that the user
downloaded; nothing of them is shipped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphsum.tasks.task import Request
from preprocessing.errors import InputError
from preprocessing.files import parse_json, read_jsonl, read_text
from preprocessing.registry import Table, load


@dataclass(frozen=True, slots=True)
class Instruction:
    """A prompt with the answer that a model is trained to give; ``task``: of TASKS, or general.

    ``request``: what the prompt asks, where it was made here from a report; files have none.
    """

    id: str
    task: str
    prompt: str
    answer: str
    request: Request | None = None

    def as_record(self) -> dict[str, str]:
        """The form of a line of a file."""
        return {"id": self.id, "task": self.task, "prompt": self.prompt, "answer": self.answer}


def read_instructions(path: str | Path, form: str) -> Iterator[Instruction]:
    """The instructions of a file in a form of ``FORMS``.

    Raises:
        InputError: the form is unknown, or the file or a record of it is not of that form.
    """
    yield from load(FORMS, form)(path)


def _records(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON list or of JSON Lines, each with its place for messages."""
    text = read_text(path)
    if text.lstrip()[:1] == "[":
        values = parse_json(text, str(path))
        for number, value in enumerate(values, start=1):
            if not isinstance(value, dict):
                raise InputError(f"{path}, record {number}: a JSON object is expected")
            yield f"{path}, record {number}", value
        return
    for number, value in enumerate(read_jsonl(path), start=1):
        yield f"{path}, record {number}", value


def _text(value: dict[str, Any], name: str, where: str, *, needed: bool = True) -> str:
    found = value.get(name)
    if found is None and not needed:
        return ""
    if not isinstance(found, str) or (needed and not found.strip()):
        raise InputError(f"{where}: {name} must be a text")
    return found


def read_pubmedqa(path: str | Path) -> Iterator[Instruction]:
    """PubMedQA's ``ori_pqal.json``: questions on abstracts, answered yes, no or maybe."""
    values = parse_json(read_text(path), str(path))
    if not isinstance(values, dict) or not values:
        raise InputError(f"{path}: an object with an entry for each article is expected")
    for name, value in values.items():
        where = f"{path}, entry {name}"
        if not isinstance(value, dict):
            raise InputError(f"{where}: a JSON object is expected")
        contexts = value.get("CONTEXTS")
        if not isinstance(contexts, list) or not all(isinstance(one, str) for one in contexts):
            raise InputError(f"{where}: CONTEXTS must be a list of texts")
        decision = _text(value, "final_decision", where)
        if decision not in ("yes", "no", "maybe"):
            raise InputError(f"{where}: final_decision must be yes, no or maybe")
        question = _text(value, "QUESTION", where)
        prompt = "\n".join(["Answer yes, no or maybe from the abstract.", *contexts, question])
        yield Instruction(f"pubmedqa-{name}", "general", prompt, decision)


def read_medqa(path: str | Path) -> Iterator[Instruction]:
    """MedQA's JSON Lines: examination questions with options."""
    for number, value in enumerate(read_jsonl(path), start=1):
        where = f"{path}, record {number}"
        options = value.get("options")
        if (
            not isinstance(options, dict)
            or not options
            or not all(isinstance(one, str) for one in options.values())
        ):
            raise InputError(f"{where}: options must be an object of texts")
        right = _text(value, "answer_idx", where)
        if right not in options:
            raise InputError(f"{where}: answer_idx is none of the options")
        listed = "\n".join(f"{name}. {option}" for name, option in options.items())
        prompt = f"{_text(value, 'question', where)}\n{listed}"
        yield Instruction(f"medqa-{number}", "general", prompt, f"{right}. {options[right]}")


def read_alpaca(path: str | Path) -> Iterator[Instruction]:
    """Alpaca's form: instruction, input (may be empty), output."""
    for number, (where, value) in enumerate(_records(path), start=1):
        prompt = _text(value, "instruction", where)
        more = _text(value, "input", where, needed=False)
        yield Instruction(
            f"alpaca-{number}",
            "general",
            f"{prompt}\n\n{more}".strip(),
            _text(value, "output", where),
        )


def read_sharegpt(path: str | Path) -> Iterator[Instruction]:
    """ShareGPT's form: conversations of turns; each turn of the assistant is an answer."""
    names = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
             "system": "system"}  # fmt: skip
    for number, (where, value) in enumerate(_records(path), start=1):
        turns = value.get("conversations")
        if not isinstance(turns, list) or not turns:
            raise InputError(f"{where}: conversations must be a list of turns")
        said: list[str] = []
        for row, turn in enumerate(turns, start=1):
            if not isinstance(turn, dict) or turn.get("from") not in names:
                raise InputError(f"{where}, turn {row}: from must be one of {', '.join(names)}")
            text = _text(turn, "value", f"{where}, turn {row}")
            if names[turn["from"]] == "assistant":
                if not said:
                    raise InputError(f"{where}, turn {row}: an answer without a question")
                yield Instruction(f"sharegpt-{number}-{row}", "general", "\n\n".join(said), text)
            said.append(text)


def read_own(path: str | Path) -> Iterator[Instruction]:
    """The form that ``graphsum tasks build`` writes."""
    for number, value in enumerate(read_jsonl(path), start=1):
        where = f"{path}, record {number}"
        own_id, task, prompt, answer = (
            _text(value, name, where) for name in ("id", "task", "prompt", "answer")
        )
        yield Instruction(own_id, task, prompt, answer)


FORMS: Table[Callable[[str | Path], Iterator[Instruction]]] = Table(
    "form",
    {
        "graphsum": read_own,
        "pubmedqa": read_pubmedqa,
        "medqa": read_medqa,
        "alpaca": read_alpaca,
        "sharegpt": read_sharegpt,
    },
)
