"""An LLM alone, asked for the impression of findings: tuned with LoRA, or only prompted.

Tuned as Radiology-GPT (Liu et al. 2023, arXiv 2306.08666); prompted with similar training reports
as examples, as in RadAdapt (Van Veen et al. 2023) and ImpressionGPT (Ma et al. 2023). It has
neither encoder nor graph; for the rest it goes the way of
:class:`graphsum.models.modeling.GraphSum`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from graphsum.decoding.beam_search import SearchSettings
from graphsum.llm.prompting import Prompter
from graphsum.metrics.baselines import NeighbourConsensus, nearest
from graphsum.models.configuration import InstructConfig
from graphsum.models.decoders.causal_lm import CausalLMDecoder
from graphsum.models.llm_building import attach_llm, llm_spec_of, prompter_of
from graphsum.models.modeling import LLM, GraphSum, GraphSumOutput, own_state
from graphsum.models.padding import IGNORED, labels_up_to, padded, padded_left, places_of
from graphsum.models.processing import Example, tidy
from graphsum.options import TrainOptions
from graphsum.personal.context import author_codes
from graphsum.tasks.instructions import Instruction
from preprocessing.corpora import Corpus
from preprocessing.files import json_text, read_json, write_text_atomically
from preprocessing.records import Report

CONFIG_FILE = "config.json"
PROMPTED_LENGTH = 4096  # of a prompt with its examples


class Instruct(nn.Module):
    """The LLM with its adapter, with the methods that training and generation call."""

    def __init__(self, config: InstructConfig) -> None:
        super().__init__()
        self.config = config
        self.decoder = CausalLMDecoder(config)

    @property
    def device(self) -> torch.device:
        return self.decoder.embeddings.weight.device

    use_plain_attention = GraphSum.use_plain_attention

    def forward(
        self,
        source_ids: Tensor,
        labels: Tensor,
        label_places: Tensor | None = None,
        num_tokens: Tensor | float | None = None,
        num_reports: Tensor | float | None = None,
        segments: Tensor | None = None,
    ) -> GraphSumOutput:
        """Loss per target token.

        Args:
            source_ids: prompts, padded on the left, [B, P]; with ``segments`` packed prompts with
                their answers, [R, S].
            labels: target tokens with the end token, -100 where padded, [B, T]; with ``segments``
                the token that each position is to predict, -100 where none is, [R, S].
            segments: of packed rows, the number of each position's example, 0 where padded.
            label_places: as in :meth:`graphsum.models.modeling.GraphSum.forward`.
            num_tokens: what the loss sum is divided by; by default this batch's own count.
            num_reports: not used; there is no loss per report.
        """
        smoothing = self.config.label_smoothing if self.training else 0.0
        if segments is not None:
            losses = self.decoder.packed_losses(
                source_ids, segments, labels, label_smoothing=smoothing
            )
        else:
            inputs = nn.functional.pad(labels[:, :-1], (1, 0), value=self.config.eos_token_id)
            losses = self.decoder.token_losses(
                inputs,
                None,
                None,
                source_ids,
                labels,
                label_smoothing=smoothing,
                label_places=label_places,
            )
        loss = losses.sum() / ((labels != IGNORED).sum() if num_tokens is None else num_tokens)
        return GraphSumOutput(loss=loss, generation_loss=loss)

    @torch.no_grad()
    def generate_impressions(
        self, batch: dict[str, Tensor], settings: SearchSettings | None = None
    ) -> Tensor:
        """Generated tokens of each report, [B, T]."""
        return self.decoder.search(None, None, batch["source_ids"], settings or SearchSettings())

    @torch.inference_mode()
    def sample_impressions(
        self, batch: dict[str, Tensor], uniforms: Tensor, *, temperature: float
    ) -> Tensor:
        """Sampled tokens of each report, [B, N, T]; see :meth:`CausalLMDecoder.sample`."""
        return self.decoder.sample(
            None, None, batch["source_ids"], uniforms, temperature=temperature
        )

    def target_logprobs(
        self, batch: dict[str, Tensor], labels: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        """As :meth:`graphsum.models.modeling.GraphSum.target_logprobs`, [M, T]."""
        ids = batch["source_ids"] if rows is None else batch["source_ids"][rows]
        inputs = nn.functional.pad(labels[:, :-1], (1, 0), value=self.config.eos_token_id)
        losses = self.decoder.token_losses(inputs, None, None, ids, labels)
        found = torch.zeros(labels.shape, device=labels.device).flatten()
        return found.index_put((places_of(labels),), -losses).view_as(labels)

    def labels_of(self, tokens: Tensor) -> Tensor:
        """As :meth:`graphsum.models.modeling.GraphSum.labels_of`."""
        return labels_up_to(tokens, self.decoder.end_ids)

    def save_pretrained(
        self, folder: str | Path, *, state_dict: dict[str, Tensor] | None = None
    ) -> None:
        """Write ``config.json`` and ``adapter/``."""
        write_text_atomically(Path(folder) / CONFIG_FILE, [json_text(asdict(self.config))])
        state = own_state(self) if state_dict is None else state_dict
        self.decoder.save(folder, {name.removeprefix(LLM): t for name, t in state.items()})

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, llm: str | None = None) -> "Instruct":
        """The inverse of :meth:`save_pretrained`; ``llm``: where the LLM lies now.

        Raises:
            InputError: the LLM is not there, or not the one of the training.
        """
        values = read_json(Path(folder) / CONFIG_FILE)
        model = cls(InstructConfig(**values))
        if llm is not None:
            model.decoder.llm_spec = replace(model.decoder.llm_spec, name=llm, revision=None)
        model.decoder.attach(folder=folder)
        return model.eval()


class InstructProcessor:
    """Reports to prompts and labels; the counterpart of GraphSumProcessor, without graphs."""

    def __init__(self, prompter: Prompter) -> None:
        self.prompter = prompter
        self.tokenizer = prompter.tokenizer
        self.shots = 0
        self.packs = False  # several examples in a row of a training batch

    @property
    def context(self) -> tuple[str, ...]:
        """The kinds of context that the model reads."""
        return self.prompter.settings.context

    @property
    def authors(self) -> tuple[str, ...]:
        """The codes of the authors that the model knows."""
        return self.prompter.settings.authors

    def show(self, train: Sequence[Report], shots: int) -> None:
        """From now on put the ``shots`` most similar of these reports into every prompt."""
        self.shots, self.train = shots, train
        if shots:
            self.neighbours = NeighbourConsensus().fit(train)

    def examples(
        self, reports: Iterable[Report], impressions: Iterable[str] | None = None
    ) -> Iterator[Example]:
        """One example per report, in order; ``impressions`` become the labels."""
        chosen = list(reports)
        answers = [""] * len(chosen) if impressions is None else list(impressions)
        for report, impression in zip(chosen, answers, strict=True):
            prompt = self.prompter.prompt_ids(report.findings, self._shown(report))
            yield example_of(report.uid, prompt, self.prompter.target_ids(impression))

    def instruction_examples(
        self, instructions: Iterable[Instruction], *, answered: bool = True
    ) -> Iterator[Example]:
        """One example per instruction, in order; ``answered``: with its answer as labels.

        Neither is cut, since the end of a prompt may be the question: an instruction that is
        longer than the settings allow has no labels.
        """
        settings = self.prompter.settings
        for one in instructions:
            prompt = self.prompter.instruction_ids(one.prompt)
            labels = self.prompter.target_ids(one.answer, whole=True)
            fits = len(prompt) <= settings.max_prompt_length
            if not answered or not fits or len(labels) > settings.max_target_length:
                labels = labels[:0]
            yield example_of(one.id, prompt, labels)

    def _shown(self, report: Report) -> list[tuple[str, str]]:
        """Similar reports, the most similar last, where it weighs most (Liu et al. 2022)."""
        if not self.shots:
            return []
        (cosines,) = self.neighbours.cosines([report.findings])
        rows = nearest(cosines, self.shots)
        return [(self.train[row].findings, self.train[row].impression) for row in rows[::-1]]

    def is_word(self, word: str) -> bool:
        """True: whether a word exists does not follow from an LLM's tokens."""
        return True

    def collate(
        self, examples: Sequence[Example], *, fixed_shapes: bool = False
    ) -> dict[str, Tensor]:
        """``source_ids`` [B, P] and, when the examples have impressions, ``labels`` [B, T].

        ``fixed_shapes``: add ``label_places``, as :meth:`GraphSumProcessor.collate` does. Where the
        processor packs, examples with labels come as :func:`packed_rows` gives them.
        """
        if self.packs and all(len(example.labels) for example in examples):
            return packed_rows(examples)
        batch = {"source_ids": padded_left([example.input_ids for example in examples])}
        if all(len(example.labels) for example in examples):
            batch["labels"] = padded([example.labels for example in examples], IGNORED)
            if fixed_shapes:
                batch["label_places"] = places_of(batch["labels"])
        return batch

    def batch_decode(self, tokens: Tensor) -> list[str]:
        """Impressions of generated tokens [B, T]."""
        return [tidy(text) for text in self.prompter.decode(tokens)]

    def save_pretrained(self, folder: str | Path) -> None:
        self.prompter.save_pretrained(folder)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "InstructProcessor":
        config = read_json(Path(folder) / CONFIG_FILE)
        return cls(Prompter.from_pretrained(folder, expected=config.get("tokenizer_hash")))


def example_of(uid: str, prompt: np.ndarray, labels: np.ndarray) -> Example:
    """A prompt [P] with the tokens of its answer [T] as an example without a graph."""
    none = np.zeros(0, np.int64)
    return Example(
        uid=uid,
        input_ids=prompt,
        key_mask=none,
        edge_index=none.reshape(2, 0),
        edge_type=none,
        labels=labels,
        sentence=np.full(len(prompt), -1),
        prompt=prompt,
    )


def packed_rows(examples: Sequence[Example]) -> dict[str, Tensor]:
    """Prompts with their answers in rows as long as the longest of them, as few as first fit gives.

    Returns:
        ``source_ids``, ``labels`` (the next token within answers, else -100) and ``segments`` (the
        number of the example within its row, 0 for padding), each [R, S].
    """
    longest = max(len(one.input_ids) + len(one.labels) - 1 for one in examples)
    rows: list[list[Example]] = []
    room: list[int] = []
    for one in sorted(examples, key=lambda one: -len(one.input_ids) - len(one.labels)):
        size = len(one.input_ids) + len(one.labels) - 1  # nothing follows the last token
        place = next((number for number, left in enumerate(room) if left >= size), len(rows))
        if place == len(rows):
            rows.append([])
            room.append(longest)
        rows[place].append(one)
        room[place] -= size
    ids, labels, segments = [], [], []
    for row in rows:
        ids.append(
            np.concatenate([part for one in row for part in (one.input_ids, one.labels[:-1])])
        )
        labels.append(np.concatenate([
            part for one in row
            for part in (np.full(len(one.input_ids) - 1, IGNORED), one.labels)
        ]))  # fmt: skip
        sizes = [len(one.input_ids) + len(one.labels) - 1 for one in row]
        segments.append(np.repeat(np.arange(1, len(row) + 1), sizes))
    return {
        "source_ids": padded(ids, 0),
        "labels": padded(labels, IGNORED),
        "segments": padded(segments, 0),
    }


def build_processor(
    options: TrainOptions,
    corpus: Corpus | None = None,
    reports: Sequence[Report] = (),
    version: str = "",
) -> InstructProcessor:
    """With the tokenizer of the run's LLM; from the corpus come only its authors' codes."""
    prompter = prompter_of(options)
    codes = author_codes(corpus.train if corpus else (), options.context_kinds)
    prompter.settings = replace(prompter.settings, authors=codes)
    return InstructProcessor(prompter)


def prompted(
    llm: str, *, findings: bool = True, shots: int = 0, train: Sequence[Report] = ()
) -> tuple[Instruct, InstructProcessor]:
    """An LLM as it is, asked with ``shots`` similar training reports as examples.

    Args:
        findings: without them the prompt says nothing about the report: what the LLM writes then
            is what it writes for all, the row to compare a prefix with.
    """
    options = TrainOptions(model="instruct", llm=llm, max_prompt_length=PROMPTED_LENGTH)
    processor = build_processor(options)
    processor.prompter.settings = replace(processor.prompter.settings, findings=findings)
    processor.show(train, shots)
    return build_model(options, processor, lora=False).eval(), processor


def build_model(
    options: TrainOptions, processor: InstructProcessor, *, lora: bool = True
) -> Instruct:
    """The run's LLM with new adapters, or (``lora`` false) as it is."""
    config = InstructConfig(
        llm=asdict(llm_spec_of(options)),
        eos_token_id=processor.prompter.end_id,
        pad_token_id=processor.tokenizer.pad_token_id,
        label_smoothing=options.label_smoothing,
    )
    model = Instruct(config)
    attach_llm(model.decoder, options, lora=lora)
    return model
