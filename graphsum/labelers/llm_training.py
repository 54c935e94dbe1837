"""Training the labeler of a language model: LoRA on the words that it chooses among.

A detector learns its lists in the same steps; the losses of both tasks are added (Wei et al. 2025).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from graphsum.labelers.examples import IN_THE_INPUT, PRESENT, UNKNOWN
from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.llm import LLMLabeler, ask, example_tables, precision, save_llm_labeler
from graphsum.labelers.network import class_weights, label_loss
from graphsum.labelers.phases import Phase, product, put_back, save_product, train_phase, trained
from graphsum.labelers.questions import NOWHERE, Examples
from graphsum.labelers.schema import Schema
from graphsum.labelers.skeleton import Skeleton, load_prompt
from graphsum.labelers.term_lists import TermLists, load_list_prompt
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
    terms: Sequence[str] = (),
    list_prompt: str | None = None,
) -> None:
    """Train the adapters of an LLM, on weak labels first, and save the labeler; rank 0: only that.

    Args:
        options: of the training.
        schema: the classes, the last of which are the terms.
        texts: of the reports.
        curated, weak: their targets, [n, C].
        run: the folder.
        terms: of a detector's list, in their order; none: no detector.
        list_prompt: the file of its prompt; None: the shipped one.
    """
    mc = load_prompt(options.prompt) if len(terms) < len(schema.names) else None
    lists = load_list_prompt(list_prompt) if terms else None
    spec = describe_llm(str(options.llm), weights=precision())
    llm, tokenizer = load_llm(spec), load_llm_tokenizer(spec.name)
    llm.to("cuda" if torch.cuda.is_available() else "cpu")
    shown = curated if (curated != UNKNOWN).any() else weak
    labeled = np.flatnonzero((shown != UNKNOWN).any(axis=1)).tolist()
    tables = {}
    examples = None
    if options.shots:
        examples = Examples([texts[row] for row in labeled], shown[labeled])
        labels = options.labels if shown is curated else options.weak
        place = options.input if labels == IN_THE_INPUT else labels
        tables = example_tables(str(options.input), options.column, options.uid_column, str(place))
    questions, findings = ask(
        schema, mc, lists, terms, tokenizer, shots=options.shots, examples=examples
    )
    labeler = LLMLabeler(schema, llm, questions, findings)
    if options.lora_r:
        _fit(options, labeler, texts, {"weak": weak, "curated": curated}, run)
    save_llm_labeler(labeler, run, spec, tables=tables)


def _fit(
    options: LabelTrainOptions,
    labeler: LLMLabeler,
    texts: Sequence[str],
    targets: dict[str, np.ndarray],
    run: Path,
) -> None:
    llm = labeler.llm
    torch.manual_seed(options.seed)
    add_lora(llm, r=options.lora_r, alpha=options.lora_r, dropout=0.0, targets="all-linear")
    if not trained(llm):
        raise InputError("the LLM has no linear layers for adapters")
    prompts = {
        task: [question.prompt_ids(text) for text in texts]
        for task, question in (("mc", labeler.questions), ("open", labeler.findings))
        if question is not None
    }
    lengths = np.array([[len(one) for one in own] for own in prompts.values()]).sum(axis=0)
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
            loss_of=TaskLoss(labeler, prompts, wanted, rows, options, positives=positives),
            options=options,
            run=run,
        )
        save_product(trained(llm), run, name)


class TaskLoss:
    """The sum of the losses of a labeler's tasks on a batch.

    Args:
        labeler: what is trained.
        prompts: of each task that it has, ``mc`` and ``open``: the tokens asked about each report.
        targets: of the classes, and of the terms after them, [n, C].
        rows: the places of the reports that are learnt from.
        options: of the training.
        positives: whether the classes' targets tell only what is present from what is not.
    """

    def __init__(
        self,
        labeler: LLMLabeler,
        prompts: Mapping[str, Sequence[list[int]]],
        targets: np.ndarray,
        rows: np.ndarray,
        options: LabelTrainOptions,
        *,
        positives: bool = False,
    ) -> None:
        self.llm, self.questions, self.findings = labeler.llm, labeler.questions, labeler.findings
        self.prompts, self.positives = prompts, positives
        n_terms = len(self.findings.lists.terms) if self.findings else 0
        self.classes, self.terms = np.split(targets, [targets.shape[1] - n_terms], axis=1)
        own = self.classes[rows].T
        counts = np.array([np.bincount(one[one >= 0], minlength=len(FOUR_STATES)) for one in own])
        self.device = next(self.llm.parameters()).device
        if self.questions:
            weights = class_weights(torch.from_numpy(counts), options.class_weights)
            self.weights = weights.to(self.device)

    def __call__(self, rows: np.ndarray) -> Tensor:
        """The loss of the reports in these places."""
        losses = []
        if self.questions:
            losses.append(self.of_choices(self.questions.skeleton, rows))
        if self.findings:
            losses.append(self.of_lists(self.findings.lists, rows))
        return torch.stack(losses).sum()

    def of_choices(self, skeleton: Skeleton, rows: np.ndarray) -> Tensor:
        """Of the values of the answers, each after those that are right before it."""
        sequences, places = [], []
        for row in rows:
            known = np.where(self.classes[row] == UNKNOWN, NOWHERE, self.classes[row])
            answer, begins = skeleton.answer(known.tolist())
            prompt = self.prompts["mc"][row]
            sequences.append(prompt + answer)
            places.append([len(prompt) + begin - 1 for begin in begins])  # before each value
        at = torch.tensor(places, device=self.device)  # [B, C]
        hidden = self._hidden(sequences)
        chosen = hidden.gather(1, at[..., None].expand(-1, -1, hidden.size(2)))  # [B, C, D]
        logits = self.llm.get_output_embeddings()(chosen).float()[..., skeleton.first]
        wanted = torch.from_numpy(self.classes[rows]).to(self.device)
        return label_loss(logits, wanted, self.weights, positives=self.positives)

    def of_lists(self, lists: TermLists, rows: np.ndarray) -> Tensor:
        """Of the tokens of the lists that are a choice, each among those that may stand there.

        It is 0 where no report of the batch has a list.
        """
        sequences: list[list[int]] = []
        places, wanted, allowed = [], [], []
        for row in rows:
            if (self.terms[row] == UNKNOWN).all():
                continue
            answer = lists.answer(np.flatnonzero(self.terms[row] == PRESENT).tolist())
            prompt = self.prompts["open"][row]
            for place, token in enumerate(answer):
                choices = lists.allowed(answer[:place])
                if len(choices) > 1:
                    places.append((len(sequences), len(prompt) + place - 1))  # before the token
                    wanted.append(token)
                    allowed.append(choices)
            sequences.append(prompt + answer)
        if not sequences:
            return torch.zeros((), device=self.device)
        report, at = torch.tensor(places, device=self.device).T
        chosen = self._hidden(sequences)[report, at]  # [choices, D]
        logits = self.llm.get_output_embeddings()(chosen).float()  # [choices, V]
        barred = torch.ones_like(logits, dtype=torch.bool)
        for row, choices in enumerate(allowed):
            barred[row, choices] = False
        logits = logits.masked_fill(barred, -torch.inf)
        return cross_entropy(logits, torch.tensor(wanted, device=self.device))

    def _hidden(self, sequences: Sequence[list[int]]) -> Tensor:
        """The last hidden states of some sequences, [B, T, D]."""
        ids = pad_sequence([torch.tensor(one) for one in sequences], batch_first=True)
        lengths = torch.tensor([len(one) for one in sequences])
        mask = (torch.arange(ids.size(1)) < lengths[:, None]).long()
        output = self.llm.base_model(
            input_ids=ids.to(self.device), attention_mask=mask.to(self.device), use_cache=False
        )
        return output.last_hidden_state
