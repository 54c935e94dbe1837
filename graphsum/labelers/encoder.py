"""The labeler of a text encoder: a head of four states a class, learnt from labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from graphsum.labelers.decision import USUAL_THRESHOLD, decide, softmax, states_of
from graphsum.labelers.labeler import LABELER_FILE, SCHEMA_FILE, Labeler
from graphsum.labelers.labels import FOUR_STATES, ReportLabels, Span
from graphsum.labelers.network import LabelNetwork
from graphsum.labelers.rules import RuleLabeler, own_terms, with_no_finding
from graphsum.labelers.schema import READINGS, Reading, Schema, State
from graphsum.pretrained import (
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    build_encoder,
    hash_of_tokenizer,
    load_checkpoint_tokenizer,
    load_weights,
    save_weights,
)
from preprocessing.errors import InputError
from preprocessing.files import (
    digest_of,
    give_usual_permissions,
    json_text,
    read_json,
    write_text_atomically,
)
from preprocessing.text.sentences import sentence_spans

ENCODER = "encoder"  # folder of its configuration and tokenizer
STRIDE = 32  # tokens that two parts of a long text share
BATCH = 64  # parts of texts that are read at a time
CHUNK = 2048  # texts that are sorted by length together
# What the rules say of a class: by which readings, from the surest on, it is first present.
SURENESS: tuple[Reading, ...] = READINGS[: READINGS.index("absent")]
N_FEATURES = len(SURENESS) + 2  # or that it is absent, or not mentioned


@dataclass(frozen=True)
class Reader:
    """Texts to what the network takes.

    Args:
        tokenizer: of the encoder.
        rules: whose states are features; None: there are no features.
        max_length: tokens of a part of a text.
    """

    tokenizer: PreTrainedTokenizerBase
    rules: RuleLabeler | None
    max_length: int

    def features(self, texts: Sequence[str]) -> np.ndarray | None:
        """What the rules say of each class, float32 [n, C, F], one of F is 1; None: without rules.

        The least sure of ``SURENESS`` that has to count for the class to be present; or else that
        it is absent, or not mentioned.
        """
        if self.rules is None:
            return None
        names = self.rules.schema.names
        found = np.zeros((len(texts), len(names), N_FEATURES), np.float32)
        under = [self.rules.counting(SURENESS[: n + 1]) for n in range(len(SURENESS))]
        for row, text in enumerate(texts):  # text by text, so that each is read once for all
            usual = self.rules.label([text])[0].states
            stages = [rules.label([text])[0].states for rules in under]
            for column, name in enumerate(names):
                place = next(
                    (n for n, one in enumerate(stages) if one[name] == "present"),
                    len(SURENESS) + (usual[name] is None),
                )
                found[row, column, place] = 1
        return found

    def parts(self, text: str) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """The tokens of each part of a text, with their characters in it."""
        found = self.tokenizer(
            text,
            truncation=True,
            max_length=self.max_length,
            stride=min(STRIDE, self.max_length // 4),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            verbose=False,
        )
        return list(zip(found["input_ids"], found["offset_mapping"], strict=True))

    def batch(
        self, parts: Sequence[Sequence[list[int]]], device: torch.device
    ) -> dict[str, Tensor]:
        """The tensors of reports, each given by the tokens of its parts."""
        rows = [torch.tensor(one) for of_report in parts for one in of_report]
        ids = torch.nn.utils.rnn.pad_sequence(
            rows, batch_first=True, padding_value=self.tokenizer.pad_token_id or 0
        )
        lengths = torch.tensor([len(row) for row in rows])
        counts = torch.tensor([len(of_report) for of_report in parts])
        tensors = {
            "input_ids": ids,
            "attention_mask": (torch.arange(ids.size(1)) < lengths[:, None]).long(),
            "report_of_row": torch.arange(len(parts)).repeat_interleave(counts),
        }
        return {name: tensor.to(device) for name, tensor in tensors.items()}


class EncoderLabeler(Labeler):
    """Labels by a trained network; see :class:`graphsum.labelers.network.LabelNetwork`."""

    def __init__(
        self,
        schema: Schema,
        network: LabelNetwork,
        reader: Reader,
        *,
        thresholds: np.ndarray | None = None,
        temperature: float = 1.0,
        version: str = "",
    ) -> None:
        super().__init__(schema)
        self.network, self.reader = network, reader
        n_classes = len(schema.names)
        self.thresholds = np.full(n_classes, USUAL_THRESHOLD) if thresholds is None else thresholds
        self.temperature = temperature
        self._version = version

    @property
    def version(self) -> str:
        """A hash of its files, with the version of the rules that give its features."""
        return self._version

    @classmethod
    def load(cls, schema: Schema, folder: Path | None, **options: Any) -> "EncoderLabeler":
        """The labeler in a folder that :meth:`save` wrote.

        Args:
            schema: with the classes of the training.
            folder: of the labeler.
            options: ``precision``: ``bf16`` (default) or ``no``.

        Raises:
            InputError: the folder is incomplete or damaged.
        """
        precision = options.pop("precision", "bf16")
        if options or precision not in ("bf16", "no"):
            raise InputError("the labeler encoder takes the option precision: bf16 or no")
        if folder is None:
            raise InputError(
                "the labeler encoder has to be trained (graphsum label train); give its folder"
            )
        path = folder / LABELER_FILE
        values = read_json(path)
        n_classes = len(schema.names)
        thresholds: Any = values.get("thresholds")
        temperature: Any = values.get("temperature")
        max_length: Any = values.get("max_length")
        whole = (
            isinstance(thresholds, list)
            and len(thresholds) == n_classes
            and all(type(one) in (int, float) and 0 <= one <= 1 for one in thresholds)
            and type(temperature) in (int, float)
            and 0.01 <= temperature <= 100
            and type(max_length) is int
            and 8 <= max_length <= 8192
            and type(values.get("rule_features")) is bool
        )
        if not whole:
            raise InputError(f"{path}: not what graphsum label train writes; it is damaged")
        weights = load_weights(folder / WEIGHTS_FILE)
        encoder = build_encoder(folder / ENCODER, folder / WEIGHTS_FILE)
        features = N_FEATURES if values["rule_features"] else 0
        network = LabelNetwork(encoder, n_classes, n_features=features)
        shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
        if shapes != {name: tensor.shape for name, tensor in weights.items()}:
            raise InputError(f"{folder}: the weights are not those of this labeler")
        network.load_state_dict(weights)
        network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        if precision == "bf16":
            network.encoder.to(torch.bfloat16)
        tokenizer = load_checkpoint_tokenizer(
            folder / ENCODER, expected=values.get("tokenizer_hash")
        )
        rules = RuleLabeler(schema) if features else None
        version = digest_of(path, folder / WEIGHTS_FILE) + (rules.version if rules else "")
        return cls(
            schema,
            network,
            Reader(tokenizer, rules, max_length),
            thresholds=np.array(thresholds, float),
            temperature=float(temperature),
            version=version,
        )

    def save(self, folder: Path) -> None:
        """Write the labeler; ``Labeler.from_pretrained(folder)`` gives it back."""
        (folder / ENCODER).mkdir(parents=True, exist_ok=True)
        self.network.encoder.config.save_pretrained(folder / ENCODER)
        self.reader.tokenizer.save_pretrained(folder / ENCODER)
        if not (folder / ENCODER / TOKENIZER_FILE).is_file():
            raise InputError("the encoder's tokenizer has no tokenizer.json; give another encoder")
        save_weights(self.network.state_dict(), folder / WEIGHTS_FILE)
        give_usual_permissions(folder / WEIGHTS_FILE)
        write_text_atomically(folder / SCHEMA_FILE, [self.schema.text])
        values = {
            "labeler": "encoder",
            "thresholds": self.thresholds.round(4).tolist(),
            "temperature": round(self.temperature, 4),
            "max_length": self.reader.max_length,
            "rule_features": self.reader.rules is not None,
            "tokenizer_hash": hash_of_tokenizer(folder / ENCODER),
        }
        write_text_atomically(folder / LABELER_FILE, [json_text(values)])

    def _labels_of(self, texts: Sequence[str]) -> list[ReportLabels]:
        """The labels of each text, in order, with probabilities and the sentence behind each."""
        found: list[ReportLabels] = []
        for start in range(0, len(texts), CHUNK):
            found += self._label(texts[start : start + CHUNK])
        return found

    def _label(self, texts: Sequence[str]) -> list[ReportLabels]:
        parts = [self.reader.parts(text) for text in texts]
        logits, places = self._read(parts, self.reader.features(texts))
        chances = softmax(logits.astype(float) / self.temperature)
        decided = decide(chances, self.thresholds)
        labels = []
        own = own_terms(self.schema)
        for row, text in enumerate(texts):
            states = states_of(self.schema.names, decided[row])
            states = with_no_finding(self.schema, states, text, own)
            rounded = chances[row].round(4).tolist()
            labels.append(
                ReportLabels(
                    states=states,
                    evidence=_evidence(text, states, places[row].tolist()),
                    probabilities={
                        name: (one[0], one[1], one[2], one[3])
                        for name, one in zip(self.schema.names, rounded, strict=True)
                    },
                )
            )
        return labels

    @torch.inference_mode()
    def _read(
        self,
        parts: Sequence[Sequence[tuple[list[int], list[tuple[int, int]]]]],
        features: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits [n, C, K], and the first character of each class's most attended token, [n, C]."""
        n_classes = len(self.schema.names)
        logits = np.zeros((len(parts), n_classes, len(FOUR_STATES)), np.float32)
        places = np.zeros((len(parts), n_classes), np.int64)
        device = self.network.device
        for rows in batches_by_length(parts):
            of_rows = [parts[row] for row in rows]
            batch = self.reader.batch([[ids for ids, _ in one] for one in of_rows], device)
            if features is not None:
                batch["features"] = torch.from_numpy(features[rows]).to(device)
            found, attention = self.network(**batch)
            logits[rows] = found.cpu().numpy()
            highest, token = attention.max(1)  # [R, C]
            first = 0
            for row, one in zip(rows, of_rows, strict=True):
                last = first + len(one)
                best = highest[first:last].argmax(0)  # the part of each class, [C]
                for column, part in enumerate(best.tolist()):
                    places[row, column] = one[part][1][int(token[first + part, column])][0]
                first = last
        return logits, places


def batches_by_length(parts: Sequence[Sequence[tuple[list[int], Any]]]) -> list[list[int]]:
    """Places of reports of similar lengths, ``BATCH`` parts or one report at a time."""
    order = sorted(range(len(parts)), key=lambda row: max(len(one[0]) for one in parts[row]))
    batches: list[list[int]] = []
    room = 0
    for row in order:
        if len(parts[row]) > room:
            batches.append([])
            room = BATCH
        batches[-1].append(row)
        room -= len(parts[row])
    return batches


def _evidence(
    text: str, states: dict[str, State | None], places: Sequence[int]
) -> dict[str, tuple[Span, ...]]:
    """The sentence around each place, of the classes that are mentioned."""
    mentioned = [
        (name, place)
        for (name, state), place in zip(states.items(), places, strict=True)
        if state is not None
    ]
    spans = sentence_spans(text) if mentioned else []
    found: dict[str, tuple[Span, ...]] = {}
    for name, place in mentioned:
        for start, end in spans:
            if start <= place < end:
                found[name] = ((start, end),)
    return found
