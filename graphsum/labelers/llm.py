"""The labeler of a causal language model: the JSON of the schema's keys, read off by scores.

The model never writes freely. Of each value it only scores the allowed words, the best of which is
put into the answer before the next key: so the answer is valid JSON, with probabilities, whatever
the model (the forced skeleton of guided generation, Willard & Louf 2023, for a fixed vocabulary).
A detector also writes a list of findings, in which nothing but terms can stand.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from graphsum.labelers.decision import softmax, states_of
from graphsum.labelers.detection import FINDING
from graphsum.labelers.examples import UNKNOWN, targets_of, texts_by_uid
from graphsum.labelers.labeler import LABELER_FILE, SCHEMA_FILE, Labeler
from graphsum.labelers.labeling import open_reports
from graphsum.labelers.labels import FOUR_STATES, Probabilities, ReportLabels, read_labels
from graphsum.labelers.questions import Examples, ListQuestion, Questions
from graphsum.labelers.schema import Schema, State
from graphsum.labelers.skeleton import LabelPrompt, Skeleton, answer_of, load_prompt, parse_prompt
from graphsum.labelers.term_lists import ListPrompt, parse_list_prompt
from graphsum.llm.loading import (
    ADAPTER,
    ADAPTER_WEIGHTS,
    LLMSpec,
    describe_llm,
    has_adapter,
    load_adapter,
    load_llm,
    load_llm_tokenizer,
    save_adapter,
)
from graphsum.models.decoders.cache import CACHE
from graphsum.pretrained import downloads
from preprocessing.errors import InputError
from preprocessing.files import digest_of, json_text, read_json, write_text_atomically

BATCH = 16  # reports that are scored at a time


def precision() -> str:
    """How the weights are held: few tokens at a time are slow in 16 bits on a CPU."""
    return "bfloat16" if torch.cuda.is_available() else "float32"


class LLMLabeler(Labeler):
    """Labels by the scores that a language model gives to the allowed words.

    Args:
        schema: the classes; a detector's terms are its last ones.
        llm: the language model.
        questions: multiple choice; None: a detector of lists alone.
        findings: the list of a detector, each of whose terms is a class; None: no detector.
        version: a hash of the prompt, the model's configuration and what was trained.
    """

    def __init__(
        self,
        schema: Schema,
        llm: PreTrainedModel,
        questions: Questions | None,
        findings: ListQuestion | None = None,
        *,
        version: str = "",
    ) -> None:
        super().__init__(schema)
        self.llm, self.questions, self.findings = llm, questions, findings
        self._version = version

    @property
    def version(self) -> str:
        """What the labeler was made with."""
        return self._version

    @classmethod
    def load(cls, schema: Schema, folder: Path | None, **options: Any) -> "LLMLabeler":
        """The labeler in a folder that training wrote, or an LLM as it is.

        Args:
            schema: the keys of the answer.
            folder: what training wrote; None: nothing was trained.
            options: ``llm``: folder of the model, in place of where it was in training; without a
                labeler's folder also ``prompt``, a file.

        Raises:
            InputError: the model is not there or another one, or the folder is damaged.
        """
        name, prompt_file = options.pop("llm", None), options.pop("prompt", None)
        if options or (folder and prompt_file):
            raise InputError("the labeler llm takes the options llm and, untrained, prompt")
        if folder is None:
            if not name:
                raise InputError("the labeler llm needs a model: give --llm FOLDER")
            with downloads(False):
                spec = describe_llm(str(name), weights=precision())
                llm, tokenizer = load_llm(spec), load_llm_tokenizer(spec.name)
            prompt = load_prompt(prompt_file)
            questions = Questions(schema, prompt, tokenizer)
            return cls(schema, _placed(llm), questions, version=spec.config_hash + str(prompt))
        saved = _Saved.read(folder / LABELER_FILE, schema)
        spec = LLMSpec(
            **asdict(saved.llm) | {"weights": precision()} | ({"name": str(name)} if name else {})
        )
        with downloads(False):
            llm, tokenizer = load_llm(spec), load_llm_tokenizer(spec.name)
        load_adapter(llm, folder)
        examples = _examples(schema, saved.examples) if saved.shots else None
        mc, findings = ask(
            schema, saved.prompt, saved.list_prompt, saved.terms, tokenizer,
            shots=saved.shots, examples=examples,
        )  # fmt: skip
        trained = [folder / ADAPTER / ADAPTER_WEIGHTS] if (folder / ADAPTER).is_dir() else []
        version = digest_of(folder / LABELER_FILE, *trained)
        return cls(schema, _placed(llm), mc, findings, version=version)

    def _labels_of(self, texts: Sequence[str]) -> list[ReportLabels]:
        """The labels of each text, in order; with probabilities, where no list is written.

        A term that is not in a report's list is not mentioned.
        """
        states: list[dict[str, State | None]] = [{} for _ in texts]
        probabilities: list[dict[str, Probabilities] | None] = [None for _ in texts]
        if self.questions is not None:
            names = self.questions.schema.names
            chances, places = self.scores(texts)
            states = [states_of(names, row) for row in places]
            if self.findings is None:
                probabilities = [
                    {
                        name: (one[0], one[1], one[2], one[3])
                        for name, one in zip(names, row, strict=True)
                    }
                    for row in chances.round(6).tolist()
                ]
        if self.findings is not None:
            for own, found in zip(states, self.term_lists(texts), strict=True):
                for term in self.findings.lists.terms:
                    own[FINDING + term] = "present" if term in found else None
        return [
            ReportLabels(states=own, probabilities=four)
            for own, four in zip(states, probabilities, strict=True)
        ]

    def answers(self, texts: Sequence[str]) -> list[str]:
        """The JSON object about each text."""
        assert self.questions is not None
        _, places = self.scores(texts)
        own = self.questions
        return [answer_of(own.schema, own.prompt, row.tolist()) for row in places]

    @torch.inference_mode()
    def scores(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The probability of each state [n, C, 4], and the place of the likeliest, [n, C]."""
        assert self.questions is not None
        n_classes = len(self.questions.schema.names)
        logits = np.zeros((len(texts), n_classes, len(FOUR_STATES)))
        prompts = [self.questions.prompt_ids(text) for text in texts]
        shared = shared_prefix(prompts)
        prefix = self._read(torch.tensor([prompts[0][:shared]])) if shared else None
        for rows in _batches(prompts):
            chosen = [prompts[row] for row in rows]
            logits[rows] = self._score(self.questions.skeleton, chosen, shared, prefix)
        chances = softmax(logits)
        return chances, chances.argmax(-1)

    @torch.inference_mode()
    def term_lists(self, texts: Sequence[str]) -> list[list[str]]:
        """The list of terms about each text, searched greedily among the lists that may be."""
        assert self.findings is not None
        lists = self.findings.lists
        prompts = [self.findings.prompt_ids(text) for text in texts]
        found: list[list[str]] = [[] for _ in texts]
        for rows in _batches(prompts):
            ids, mask = _padded_left([prompts[row] for row in rows])
            width = ids.size(1)
            written = self.llm.generate(
                input_ids=ids.to(self.llm.device),
                attention_mask=mask.to(self.llm.device),
                prefix_allowed_tokens_fn=lambda _, row: lists.allowed(row[width:].tolist()),  # noqa: B023
                generation_config=GenerationConfig(
                    do_sample=False, max_new_tokens=lists.longest, eos_token_id=lists.end,
                    pad_token_id=lists.end,
                ),
            )[:, width:]  # fmt: skip
            for row, one in zip(rows, written.tolist(), strict=True):
                found[row] = [lists.terms[place] for place in lists.read(one)]
        return found

    def _read(self, ids: Tensor) -> Any:
        output = self.llm(input_ids=ids.to(self.llm.device), use_cache=True)
        return output[CACHE]

    def _score(
        self, skeleton: Skeleton, prompts: Sequence[list[int]], shared: int, prefix: Any
    ) -> np.ndarray:
        """Logits of the values of each class, [B, C, 4]."""
        device = self.llm.device
        first = torch.tensor(skeleton.first, device=device)
        cache = copy.deepcopy(prefix)  # it grows with what is read
        if cache is not None:
            cache.batch_repeat_interleave(len(prompts))
        mask = torch.ones(len(prompts), shared, dtype=torch.long, device=device)
        pending = [ids[shared:] for ids in prompts]
        found = []
        for before in skeleton.before:
            ids, own = _padded_left([[*one, *before] for one in pending])
            mask = torch.cat([mask, own.to(device)], dim=1)
            places = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.size(1) :]
            output = self.llm(
                input_ids=ids.to(device),
                attention_mask=mask,
                position_ids=places,
                use_cache=True,
                logits_to_keep=1,
                **{CACHE: cache},
            )
            cache = output[CACHE]
            logits = output.logits[:, -1].float()[:, first]  # [B, 4]
            found.append(logits.cpu().numpy())
            pending = [skeleton.values[place] for place in logits.argmax(-1).tolist()]
        return np.stack(found, axis=1)


@dataclass(frozen=True)
class _Saved:
    """What ``labeler.json`` says.

    Args:
        llm: which LLM.
        prompt: of multiple choice; None: a detector of lists alone.
        list_prompt, terms: of the list; None and none: no detector.
        shots: how many similar reports are shown.
        examples: what :func:`example_tables` says of their reports, if there are any.
    """

    llm: LLMSpec
    prompt: LabelPrompt | None
    list_prompt: ListPrompt | None
    terms: tuple[str, ...]
    shots: int
    examples: Any

    @classmethod
    def read(cls, path: Path, schema: Schema) -> "_Saved":
        """What the file says; raises ``InputError`` where it is damaged."""
        values = read_json(path)
        damaged = InputError(f"{path}: not what graphsum label train writes; it is damaged")
        try:
            llm = LLMSpec(**values["llm"])
            shots, examples = values["shots"], values["examples"]
            terms = tuple(values.get("terms", ()))
            own = schema.names[len(schema.names) - len(terms) :]
            whole = own == tuple(FINDING + term for term in terms)
        except (KeyError, TypeError):
            raise damaged from None
        if not whole or type(shots) is not int or shots < 0 or not isinstance(llm.name, str):
            raise damaged
        prompt = list_prompt = None
        if len(terms) < len(schema.names):
            prompt = parse_prompt(values.get("prompt"), str(path))
        if terms:
            list_prompt = parse_list_prompt(values.get("list_prompt"), str(path))
        return cls(llm, prompt, list_prompt, terms, shots, examples)


def ask(
    schema: Schema,
    prompt: LabelPrompt | None,
    list_prompt: ListPrompt | None,
    terms: Sequence[str],
    tokenizer: Any,
    *,
    shots: int = 0,
    examples: Examples | None = None,
) -> tuple[Questions | None, ListQuestion | None]:
    """The questions of both tasks; None for a task without a prompt.

    Args:
        schema: the classes, the last of which are the terms.
        prompt, list_prompt: of multiple choice and of the list.
        terms: of the list, in their order.
        tokenizer: the LLM's.
        shots, examples: of multiple choice.
    """
    classes = replace(schema, classes=schema.classes[: len(schema.names) - len(terms)])
    questions = findings = None
    if prompt is not None:
        questions = Questions(classes, prompt, tokenizer, shots=shots, examples=examples)
    if list_prompt is not None:
        findings = ListQuestion(terms, list_prompt, tokenizer)
    return questions, findings


def save_llm_labeler(
    labeler: LLMLabeler, folder: Path, spec: LLMSpec, *, tables: dict[str, Any]
) -> None:
    """Write a labeler; of the reports that it shows only where their tables lie is written.

    Args:
        labeler: its LLM may have an adapter.
        folder: of the labeler.
        spec: which LLM.
        tables: what :func:`example_tables` says of the reports that it shows.
    """
    write_text_atomically(folder / SCHEMA_FILE, [labeler.schema.text])
    if has_adapter(labeler.llm):
        save_adapter(labeler.llm, folder, labeler.llm.state_dict())
    values: dict[str, Any] = {"labeler": "llm", "llm": asdict(spec), "shots": 0, "examples": None}
    if labeler.questions is not None:
        shots = labeler.questions.shots
        values |= {"prompt": labeler.questions.prompt.to_json(), "shots": shots}
        values["examples"] = tables if shots else None
    if labeler.findings is not None:
        values["list_prompt"] = labeler.findings.prompt.to_json()
        values["terms"] = list(labeler.findings.lists.terms)
    write_text_atomically(folder / LABELER_FILE, [json_text(values)])


def example_tables(input: str, column: str | None, uid_column: str, labels: str) -> dict[str, Any]:
    """Where the reports that a labeler shows lie, and a hash of what they are."""
    return {
        "input": input, "column": column, "uid_column": uid_column, "labels": labels,
        "digest": digest_of(input, labels),
    }  # fmt: skip


def _examples(schema: Schema, tables: Any) -> Examples:
    """The examples in the tables that :func:`example_tables` describes."""
    names = ("input", "column", "uid_column", "labels", "digest")
    if not isinstance(tables, dict) or set(tables) != set(names):
        raise InputError("the labeler's examples: its labeler.json is damaged")
    try:
        found = digest_of(tables["input"], tables["labels"])
    except OSError:
        found = ""
    if found != tables["digest"]:
        raise InputError(
            f"{tables['input']}, {tables['labels']}: not the tables whose reports this labeler "
            "shows as examples; put them back, or train anew"
        )
    text = [tables["column"]] if tables["column"] else []
    texts = texts_by_uid(open_reports(tables["input"], text=text, uid=tables["uid_column"]))
    table = read_labels(tables["labels"], schema, uid=tables["uid_column"])
    targets = targets_of(list(texts), table, schema.names)
    labeled = (targets != UNKNOWN).any(axis=1)
    shown = [text for text, own in zip(texts.values(), labeled, strict=True) if own]
    return Examples(shown, targets[labeled])


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with; at least one of each is left."""
    if not prompts:
        return 0
    shortest = min(len(one) for one in prompts) - 1
    first = prompts[0]
    for place in range(shortest):
        if any(one[place] != first[place] for one in prompts):
            return place
    return max(shortest, 0)


def _batches(prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The places of prompts of similar lengths, ``BATCH`` at a time."""
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _padded_left(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and mask, [B, longest]."""
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def _placed(llm: PreTrainedModel) -> PreTrainedModel:
    return llm.to("cuda" if torch.cuda.is_available() else "cpu").eval()
