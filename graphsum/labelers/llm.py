"""The labeler of a causal language model: the JSON of the schema's keys, read off by scores.

The model never writes freely. Of each value it only scores the allowed words, the best of which is
put into the answer before the next key: so the answer is valid JSON, with probabilities, whatever
the model (the forced skeleton of guided generation, Willard & Louf 2023, for a fixed vocabulary).
"""

import copy
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from graphsum.labelers.decision import softmax, states_of
from graphsum.labelers.examples import UNKNOWN, targets_of, texts_by_uid
from graphsum.labelers.labeler import LABELER_FILE, SCHEMA_FILE, Labeler
from graphsum.labelers.labeling import open_reports
from graphsum.labelers.labels import FOUR_STATES, ReportLabels, read_labels
from graphsum.labelers.schema import Schema
from graphsum.labelers.skeleton import LabelPrompt, Skeleton, answer_of, load_prompt, parse_prompt
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
from graphsum.llm.prompting import Prompter, PromptSettings
from graphsum.models.decoders.cache import CACHE
from graphsum.pretrained import downloads
from preprocessing.errors import InputError
from preprocessing.files import digest_of, json_text, read_json, write_text_atomically

BATCH = 16  # reports that are scored at a time
PROMPT_LENGTH = 4096  # tokens of a prompt; a report that makes it longer is cut on the right
NOWHERE = FOUR_STATES.index(None)
_TEXT = "\u241ftext\u241f"  # stands for the report while the turns are rendered


def precision() -> str:
    """How the weights are held: few tokens at a time are slow in 16 bits on a CPU."""
    return "bfloat16" if torch.cuda.is_available() else "float32"


class Examples:
    """Labeled reports, of which the most similar are shown before a question (Liu et al. 2022).

    Args:
        texts: of the reports.
        targets: their states, as places in ``FOUR_STATES``, [n, C].
    """

    def __init__(self, texts: Sequence[str], targets: np.ndarray) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.texts, self.targets = texts, np.where(targets == UNKNOWN, NOWHERE, targets)
        self._vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
        self._rows = self._vectorizer.fit_transform(texts)

    def nearest(self, text: str, count: int) -> list[int]:
        """The places of the most similar reports with another text, the most similar last."""
        cosines = (self._rows @ self._vectorizer.transform([text]).T).toarray()[:, 0]
        order = np.argsort(-cosines, kind="stable")
        return [int(row) for row in order if self.texts[row] != text][:count][::-1]


class Questions:
    """Reports to prompts, in an LLM's tokens."""

    def __init__(
        self,
        schema: Schema,
        prompt: LabelPrompt,
        tokenizer: Any,
        *,
        shots: int = 0,
        examples: Examples | None = None,
    ) -> None:
        self.schema, self.prompt = schema, prompt
        self.shots, self.examples = shots, examples
        self.prompter = Prompter(tokenizer, PromptSettings())
        self.skeleton = Skeleton(schema, prompt, self._tokens)

    def prompt_ids(self, text: str) -> list[int]:
        """The tokens of the question about a report, with the examples before it."""
        turns = []
        if self.examples is not None:
            for row in self.examples.nearest(text, self.shots):
                answer = answer_of(self.schema, self.prompt, self.examples.targets[row].tolist())
                turns.append(self._turn("user", self.prompt.shown(self.examples.texts[row])))
                turns.append(self._turn("assistant", answer))
        before, after = self._rendered(turns).split(_TEXT)
        ends = self._tokens(before), self._tokens(after)
        room = max(PROMPT_LENGTH - len(ends[0]) - len(ends[1]), 0)
        return [*ends[0], *self._tokens(self.prompt.shown(text))[:room], *ends[1]]

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        """The turns with the question before the first, and ``_TEXT`` in place of the report."""
        turns = [*turns, self._turn("user", _TEXT)]
        question = self.prompt.question(self.schema)
        turns[0] = self._turn("user", f"{question}\n\n{turns[0]['content']}")
        return self.prompter.render(turns, answer_follows=True)

    def _tokens(self, text: str) -> list[int]:
        tokenizer = self.prompter.tokenizer
        return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    @staticmethod
    def _turn(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}


class LLMLabeler(Labeler):
    """Labels by the scores that a language model gives to the allowed words."""

    def __init__(
        self, schema: Schema, llm: PreTrainedModel, questions: Questions, *, version: str = ""
    ) -> None:
        super().__init__(schema)
        self.llm, self.questions = llm, questions
        self._version = version

    @property
    def version(self) -> str:
        """A hash of the prompt, the model's configuration and what was trained."""
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
        values = read_json(folder / LABELER_FILE)
        damaged = InputError(
            f"{folder / LABELER_FILE}: not what graphsum label train writes; it is damaged"
        )
        try:
            saved = LLMSpec(**values["llm"])
            own = {"weights": precision()} | ({"name": str(name)} if name else {})
            spec = LLMSpec(**(asdict(saved) | own))
            shots, tables = values["shots"], values["examples"]
        except (KeyError, TypeError):
            raise damaged from None
        if type(shots) is not int or shots < 0 or not isinstance(spec.name, str):
            raise damaged
        prompt = parse_prompt(values.get("prompt"), str(folder / LABELER_FILE))
        with downloads(False):
            llm, tokenizer = load_llm(spec), load_llm_tokenizer(spec.name)
        load_adapter(llm, folder)
        examples = _examples(schema, tables) if shots else None
        questions = Questions(schema, prompt, tokenizer, shots=shots, examples=examples)
        trained = [folder / ADAPTER / ADAPTER_WEIGHTS] if (folder / ADAPTER).is_dir() else []
        version = digest_of(folder / LABELER_FILE, *trained)
        return cls(schema, _placed(llm), questions, version=version)

    def label(self, texts: Sequence[str]) -> list[ReportLabels]:
        """The labels of each text, in order, with probabilities."""
        chances, places = self.scores(texts)
        names = self.schema.names
        return [
            ReportLabels(
                states=states_of(names, places[row]),
                probabilities={
                    name: (one[0], one[1], one[2], one[3])
                    for name, one in zip(names, chances[row].round(6).tolist(), strict=True)
                },
            )
            for row in range(len(texts))
        ]

    def answers(self, texts: Sequence[str]) -> list[str]:
        """The JSON answer about each text."""
        _, places = self.scores(texts)
        prompt = self.questions.prompt
        return [answer_of(self.schema, prompt, row.tolist()) for row in places]

    @torch.inference_mode()
    def scores(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The probability of each state [n, C, 4], and the place of the likeliest, [n, C]."""
        n_classes = len(self.schema.names)
        logits = np.zeros((len(texts), n_classes, len(FOUR_STATES)))
        prompts = [self.questions.prompt_ids(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(prompts[row]))
        shared = shared_prefix(prompts)
        prefix = self._read(torch.tensor([prompts[0][:shared]])) if shared else None
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            logits[rows] = self._score([prompts[row] for row in rows], shared, prefix)
        chances = softmax(logits)
        return chances, chances.argmax(-1)

    def _read(self, ids: Tensor) -> Any:
        output = self.llm(input_ids=ids.to(self.llm.device), use_cache=True)
        return output[CACHE]

    def _score(self, prompts: Sequence[list[int]], shared: int, prefix: Any) -> np.ndarray:
        """Logits of the values of each class, [B, C, 4]."""
        skeleton, device = self.questions.skeleton, self.llm.device
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


def save_llm_labeler(
    folder: Path,
    schema: Schema,
    llm: PreTrainedModel,
    spec: LLMSpec,
    prompt: LabelPrompt,
    *,
    shots: int,
    tables: dict[str, Any],
) -> None:
    """Write a labeler; of the reports that it shows only where their tables lie is written.

    Args:
        folder: of the labeler.
        schema: its classes.
        llm: with its adapter, if it has one.
        spec: which LLM.
        prompt: what it is asked.
        shots: how many similar reports are shown.
        tables: what :func:`example_tables` says of their reports.
    """
    write_text_atomically(folder / SCHEMA_FILE, [schema.text])
    if has_adapter(llm):
        save_adapter(llm, folder, llm.state_dict())
    values = {
        "labeler": "llm",
        "llm": asdict(spec),
        "prompt": prompt.to_json(),
        "shots": shots,
        "examples": tables if shots else None,
    }
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


def _padded_left(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and mask, [B, longest]."""
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def _placed(llm: PreTrainedModel) -> PreTrainedModel:
    return llm.to("cuda" if torch.cuda.is_available() else "cpu").eval()
