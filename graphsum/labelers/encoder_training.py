"""Training the labeler of a text encoder: weak labels first, curated ones after.

CheXbert's way (Smit et al., EMNLP 2020): what the rules say of many reports teaches the encoder
the language, what people say of a few corrects it.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from graphsum.labelers.decision import USUAL_THRESHOLD, fit_temperature, fit_thresholds, softmax
from graphsum.labelers.encoder import N_FEATURES, EncoderLabeler, Reader, batches_by_length
from graphsum.labelers.examples import PRESENT, UNKNOWN
from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.network import LabelNetwork, class_weights, label_loss
from graphsum.labelers.phases import (
    Phase,
    product,
    put_back,
    save_product,
    train_phase,
    trained,
)
from graphsum.labelers.rules import RuleLabeler
from graphsum.labelers.schema import Schema
from graphsum.options.label_options import LabelTrainOptions
from graphsum.pretrained import load_weights, saving

CACHE_BYTES = 2**31  # of states of an encoder that is not trained, which are computed once
NOT_PRESENT = FOUR_STATES.index("absent")


class EncoderTraining:
    """Texts as the network takes them, and the network that is trained on them.

    Args:
        schema: the classes.
        encoder: pretrained; its pooling layer is taken off.
        tokenizer: of the encoder.
        texts: of all reports that are trained on or held out.
        options: of the training.
        run: folder of its products; a phase whose product is there is not trained again.
    """

    def __init__(
        self,
        schema: Schema,
        encoder: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        texts: Sequence[str],
        *,
        options: LabelTrainOptions,
        run: Path,
    ) -> None:
        self.schema, self.options, self.run = schema, options, run
        rules = RuleLabeler(schema) if options.rule_features else None
        longest = getattr(encoder.config, "max_position_embeddings", options.max_length)
        self.reader = Reader(tokenizer, rules, min(options.max_length, longest))
        self.parts = [self.reader.parts(text) for text in texts]
        self.lengths = np.array([max(len(ids) for ids, _ in parts) for parts in self.parts])
        self.features = self.reader.features(texts)
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None
        for module in encoder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = options.encoder_dropout
        torch.manual_seed(options.seed)
        self.network = LabelNetwork(
            encoder,
            len(schema.names),
            n_features=0 if rules is None else N_FEATURES,
            dropout=options.dropout,
        )
        self.network.train_only(options.tuned_layers)
        self._bytes = 2 * encoder.config.hidden_size  # of a token's state
        self.network.to("cuda" if torch.cuda.is_available() else "cpu")
        self.start = {name: one.detach().clone() for name, one in trained(self.network).items()}

    def learn_weak(self, targets: np.ndarray, *, positives: bool | np.ndarray = False) -> None:
        """Let all that is learnt later begin with what weak labels, [n, C], teach."""
        path = product(self.run, "weak")
        if not path.is_file():
            rows = np.flatnonzero((targets != UNKNOWN).any(axis=1))
            phase = Phase("weak", rows, self.options.weak_epochs)
            self._train(phase, targets, positives=positives)
            save_product(trained(self.network), self.run, "weak")
        self.start = {
            name: tensor.to(self.network.device) for name, tensor in load_weights(path).items()
        }

    def cross_validate(
        self, targets: np.ndarray, fold_of: np.ndarray, *, positives: bool | np.ndarray
    ) -> np.ndarray:
        """Logits of each report by a network that was not trained on it, [n, C, K].

        Args:
            targets: [n, C].
            fold_of: the fold of each report, [n]; -1: it is in none, and its logits are 0.
            positives: what the targets tell, see :func:`graphsum.labelers.network.label_loss`.
        """
        logits = np.zeros((*targets.shape, len(FOUR_STATES)), np.float32)
        for fold in range(fold_of.max() + 1):
            held_out = np.flatnonzero(fold_of == fold)
            path = product(self.run, f"fold-{fold}")
            if not path.is_file():
                rows = np.flatnonzero((fold_of >= 0) & (fold_of != fold))
                phase = Phase(f"fold {fold}", rows, self.options.epochs)
                self._train(phase, targets, positives=positives)
                found = torch.from_numpy(self.logits(held_out))
                save_product({"logits": found}, self.run, f"fold-{fold}")
            logits[held_out] = load_weights(path)["logits"].numpy()
        return logits

    def learn(self, targets: np.ndarray, *, positives: bool | np.ndarray) -> None:
        """Train on all reports that have targets, [n, C]."""
        rows = np.flatnonzero((targets != UNKNOWN).any(axis=1))
        self._train(Phase("curated", rows, self.options.epochs), targets, positives=positives)

    def labeler(self, thresholds: np.ndarray, temperature: float) -> EncoderLabeler:
        """What has been learnt, as a labeler."""
        return EncoderLabeler(
            self.schema, self.network, self.reader, thresholds=thresholds, temperature=temperature
        )

    @torch.inference_mode()
    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Logits of reports by their places, [n, C, K]."""
        found = np.zeros((len(rows), len(self.schema.names), len(FOUR_STATES)), np.float32)
        self.network.eval()
        bf16 = self.options.precision == "bf16"
        for places in batches_by_length([self.parts[row] for row in rows]):
            with torch.autocast(self.network.device.type, torch.bfloat16, enabled=bf16):
                found[places] = self._forward(rows[places]).cpu().numpy()
        return found

    def _train(self, phase: Phase, targets: np.ndarray, *, positives: bool | np.ndarray) -> None:
        """Train from ``start``."""
        options = self.options
        put_back(self.network, self.start, self.run)
        targets = np.where(positives & (targets > PRESENT), NOT_PRESENT, targets)
        n_states = len(FOUR_STATES)
        counts = np.stack(
            [np.bincount(one[one >= 0], minlength=n_states) for one in targets[phase.rows].T]
        )
        if self.features is not None:
            self.network.count_features(
                torch.from_numpy(self.features[phase.rows]).to(self.network.device),
                torch.from_numpy(targets[phase.rows]).to(self.network.device),
            )
        weights = class_weights(torch.from_numpy(counts), options.class_weights)
        weights = weights.to(self.network.device)

        def loss_of(rows: np.ndarray) -> Tensor:
            wanted = torch.from_numpy(targets[rows]).to(self.network.device)
            return label_loss(self._forward(rows), wanted, weights, positives=positives)

        train_phase(
            self.network,
            phase,
            groups=self._groups(),
            lengths=self.lengths,
            loss_of=loss_of,
            options=options,
            run=self.run,
        )

    def _forward(self, rows: np.ndarray) -> Tensor:
        if self.options.tuned_layers == 0 and self.lengths.sum() * self._bytes <= CACHE_BYTES:
            return self._forward_from_states(rows)
        parts = [[ids for ids, _ in self.parts[row]] for row in rows]
        batch = self.reader.batch(parts, self.network.device)
        if self.features is not None:
            batch["features"] = torch.from_numpy(self.features[rows]).to(self.network.device)
        return self.network(**batch)[0]

    @cached_property
    def _states(self) -> list[list[Tensor]]:
        """The states of each part of each report, [S, D], of an encoder that is not trained."""
        states: list[list[Tensor]] = [[] for _ in self.parts]
        bf16 = self.options.precision == "bf16"
        for places in batches_by_length(self.parts):
            batch = self.reader.batch(
                [[ids for ids, _ in self.parts[row]] for row in places], self.network.device
            )
            owner = batch.pop("report_of_row").tolist()
            with (
                torch.no_grad(),
                torch.autocast(self.network.device.type, torch.bfloat16, enabled=bf16),
            ):
                hidden = self.network.encode(**batch)
            for row, own, mask in zip(owner, hidden, batch["attention_mask"], strict=True):
                states[places[row]].append(own[: int(mask.sum())].to(torch.bfloat16, copy=True))
        return states

    def _forward_from_states(self, rows: np.ndarray) -> Tensor:
        states = [one for row in rows for one in self._states[row]]
        lengths = torch.tensor([len(one) for one in states])
        mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        counts = torch.tensor([len(self._states[row]) for row in rows])
        device = self.network.device
        features = None if self.features is None else torch.from_numpy(self.features[rows])
        return self.network.read(
            torch.nn.utils.rnn.pad_sequence(states, batch_first=True),
            mask.to(device),
            torch.arange(len(rows)).repeat_interleave(counts).to(device),
            None if features is None else features.to(device),
        )[0]

    def _groups(self) -> list[Mapping[str, object]]:
        own = trained(self.network)
        encoder = [one for name, one in own.items() if name.startswith("encoder.")]
        head = [one for name, one in own.items() if not name.startswith("encoder.")]
        groups: list[Mapping[str, object]] = [{"params": head, "lr": self.options.head_lr}]
        if encoder:
            groups.append({"params": encoder, "lr": self.options.lr})
        return groups


def train_encoder(
    training: EncoderTraining,
    curated: np.ndarray,
    weak: np.ndarray,
    *,
    positives: bool | np.ndarray,
    weak_positives: bool | np.ndarray = False,
) -> None:
    """Train, calibrate and save a labeler into the folder of its run.

    Args:
        training: with the texts.
        curated, weak: targets, [n, C]; ``UNKNOWN`` where there are none.
        positives, weak_positives: what they tell, see
            :func:`graphsum.labelers.network.label_loss`.
    """
    options = training.options
    n_classes = len(training.schema.names)
    thresholds, temperature = np.full(n_classes, USUAL_THRESHOLD), 1.0
    if (weak != UNKNOWN).any():
        training.learn_weak(weak, positives=weak_positives)
    has_labels = (curated != UNKNOWN).any(axis=1)
    if has_labels.any():
        if options.folds:
            rows = np.flatnonzero(has_labels)
            fold_of = np.full(len(curated), -1)
            order = np.random.default_rng(options.seed).permutation(len(rows))
            fold_of[rows[order]] = np.arange(len(rows)) % options.folds
            logits = training.cross_validate(curated, fold_of, positives=positives)[rows]
            temperature = fit_temperature(logits, curated[rows], positives=positives)
            chances = softmax(logits.astype(float) / temperature)[..., PRESENT]
            thresholds = fit_thresholds(chances, curated[rows], seed=options.seed)
        training.learn(curated, positives=positives)
    else:
        put_back(training.network, training.start, training.run)
    with saving(training.run):
        training.labeler(thresholds, temperature).save(training.run)
