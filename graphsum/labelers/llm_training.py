"""Training the labeler of a language model: LoRA on the words that it chooses among."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from graphsum.labelers.examples import IN_THE_INPUT, UNKNOWN
from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.llm import (
    NOWHERE,
    Examples,
    Questions,
    example_tables,
    precision,
    save_llm_labeler,
)
from graphsum.labelers.network import class_weights, label_loss
from graphsum.labelers.phases import Phase, product, put_back, save_product, train_phase, trained
from graphsum.labelers.schema import Schema
from graphsum.labelers.skeleton import load_prompt
from graphsum.llm.loading import add_lora, describe_llm, load_llm, load_llm_tokenizer
from graphsum.options.label_options import LabelTrainOptions
from graphsum.pretrained import load_weights
from preprocessing.errors import InputError

NOT_PRESENT = FOUR_STATES.index("absent")


def train_llm(
    options: LabelTrainOptions,
    schema: Schema,
    texts: Sequence[str],
    curated: np.ndarray,
    weak: np.ndarray,
    *,
    run: Path,
) -> None:
    """Train the adapters of an LLM, on weak labels first, and save the labeler; rank 0: only that.

    Args:
        options: of the training.
        schema: the classes.
        texts: of the reports.
        curated, weak: their targets, [n, C].
        run: the folder.
    """
    spec = describe_llm(str(options.llm), weights=precision())
    llm, tokenizer = load_llm(spec), load_llm_tokenizer(spec.name)
    llm.to("cuda" if torch.cuda.is_available() else "cpu")
    prompt = load_prompt(options.prompt)
    shown = curated if (curated != UNKNOWN).any() else weak
    labeled = np.flatnonzero((shown != UNKNOWN).any(axis=1)).tolist()
    tables = {}
    examples = None
    if options.shots:
        examples = Examples([texts[row] for row in labeled], shown[labeled])
        labels = options.labels if shown is curated else options.weak
        place = options.input if labels == IN_THE_INPUT else labels
        tables = example_tables(str(options.input), options.column, options.uid_column, str(place))
    questions = Questions(schema, prompt, tokenizer, shots=options.shots, examples=examples)
    if options.lora_r:
        targets = {"weak": weak, "curated": curated}
        _fit(options, llm, questions, texts, targets, run)
    save_llm_labeler(run, schema, llm, spec, prompt, shots=options.shots, tables=tables)


def _fit(
    options: LabelTrainOptions,
    llm: PreTrainedModel,
    questions: Questions,
    texts: Sequence[str],
    targets: dict[str, np.ndarray],
    run: Path,
) -> None:
    torch.manual_seed(options.seed)
    add_lora(llm, r=options.lora_r, alpha=options.lora_r, dropout=0.0, targets="all-linear")
    if not trained(llm):
        raise InputError("the LLM has no linear layers for adapters")
    prompts = [questions.prompt_ids(text) for text in texts]
    lengths = np.array([len(one) for one in prompts])
    for name, found in targets.items():
        rows = np.flatnonzero((found != UNKNOWN).any(axis=1))
        if not len(rows):
            continue
        path = product(run, name)
        if path.is_file():
            put_back(llm, load_weights(path), path)
            continue
        positives = name == "curated" and options.labels_say == "positives"
        wanted = np.where(found > 0, NOT_PRESENT, found) if positives else found
        epochs = options.weak_epochs if name == "weak" else options.epochs
        train_phase(
            llm,
            Phase(name, rows, epochs),
            groups=[{"params": list(trained(llm).values()), "lr": options.lora_lr}],
            lengths=lengths,
            loss_of=_Loss(llm, questions, prompts, wanted, rows, options, positives=positives),
            options=options,
            run=run,
        )
        save_product(trained(llm), run, name)


class _Loss:
    """The loss of the values of a batch's answers, each after those that are right before it."""

    def __init__(
        self,
        llm: PreTrainedModel,
        questions: Questions,
        prompts: Sequence[list[int]],
        targets: np.ndarray,
        rows: np.ndarray,
        options: LabelTrainOptions,
        *,
        positives: bool,
    ) -> None:
        self.llm, self.skeleton, self.prompts = llm, questions.skeleton, prompts
        self.targets, self.positives = targets, positives
        counts = [np.bincount(one[one >= 0], minlength=len(FOUR_STATES)) for one in targets[rows].T]
        weights = class_weights(torch.from_numpy(np.stack(counts)), options.class_weights)
        self.device = next(llm.parameters()).device
        self.weights = weights.to(self.device)
        self.first = torch.tensor(self.skeleton.first, device=self.device)

    def __call__(self, rows: np.ndarray) -> Tensor:
        sequences, places = [], []
        for row in rows:
            known = np.where(self.targets[row] == UNKNOWN, NOWHERE, self.targets[row])
            answer, begins = self.skeleton.answer(known.tolist())
            start = len(self.prompts[row])
            sequences.append(torch.tensor(self.prompts[row] + answer))
            places.append([start + begin - 1 for begin in begins])  # whose next token is the value
        ids = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
        lengths = torch.tensor([len(one) for one in sequences])
        mask = (torch.arange(ids.size(1)) < lengths[:, None]).long()
        at = torch.tensor(places, device=self.device)  # [B, C]
        hidden = self.llm.base_model(
            input_ids=ids.to(self.device), attention_mask=mask.to(self.device), use_cache=False
        ).last_hidden_state
        chosen = hidden.gather(1, at[..., None].expand(-1, -1, hidden.size(2)))  # [B, C, D]
        logits = self.llm.get_output_embeddings()(chosen).float()[..., self.first]
        wanted = torch.from_numpy(self.targets[rows]).to(self.device)
        return label_loss(logits, wanted, self.weights, positives=self.positives)
