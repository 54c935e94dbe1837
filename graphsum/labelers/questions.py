"""What a language model is asked about a report, in its own tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphsum.labelers.examples import UNKNOWN
from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.schema import Schema
from graphsum.labelers.skeleton import LabelPrompt, Skeleton, answer_of
from graphsum.labelers.term_lists import ListPrompt, TermLists
from graphsum.llm.prompting import Prompter, PromptSettings

PROMPT_LENGTH = 4096  # tokens of a prompt; a report that makes it longer is cut on the right
NOWHERE = FOUR_STATES.index(None)
_TEXT = "\u241ftext\u241f"  # stands for the report while the turns are rendered


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


class ReportQuestion:
    """A question that is asked about every report.

    Args:
        question: what is asked.
        prompt: how a report is shown.
        tokenizer: the LLM's.
    """

    def __init__(self, question: str, prompt: LabelPrompt | ListPrompt, tokenizer: Any) -> None:
        self._question, self._report = question, prompt.report
        self.prompter = Prompter(tokenizer, PromptSettings())

    def answered(self, text: str) -> list[tuple[str, str]]:
        """Other reports and their answers, which are shown before."""
        return []

    def prompt_ids(self, text: str) -> list[int]:
        """The tokens of the question about a report, up to where the answer begins."""
        turns = []
        for report, answer in self.answered(text):
            turns += [self._turn("user", self._shown(report)), self._turn("assistant", answer)]
        before, after = self._rendered(turns).split(_TEXT)
        ends = self.tokens(before), self.tokens(after)
        room = max(PROMPT_LENGTH - len(ends[0]) - len(ends[1]), 0)
        return [*ends[0], *self.tokens(self._shown(text))[:room], *ends[1]]

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        tokenizer = self.prompter.tokenizer
        return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        """The turns with the question before the first, and ``_TEXT`` in place of the report."""
        turns = [*turns, self._turn("user", _TEXT)]
        turns[0] = self._turn("user", f"{self._question}\n\n{turns[0]['content']}")
        return self.prompter.render(turns, answer_follows=True)

    def _shown(self, text: str) -> str:
        return self._report.replace("{text}", text)

    @staticmethod
    def _turn(role: str, content: str) -> dict[str, str]:
        return {"role": role, "content": content}


class Questions(ReportQuestion):
    """Multiple choice: the state of each class of a schema, as a JSON object."""

    def __init__(
        self,
        schema: Schema,
        prompt: LabelPrompt,
        tokenizer: Any,
        *,
        shots: int = 0,
        examples: Examples | None = None,
    ) -> None:
        super().__init__(prompt.question(schema), prompt, tokenizer)
        self.schema, self.prompt = schema, prompt
        self.shots, self.examples = shots, examples
        self.skeleton = Skeleton(schema, prompt, self.tokens)

    def answered(self, text: str) -> list[tuple[str, str]]:
        """The most similar examples with their labels."""
        if self.examples is None:
            return []
        examples = self.examples
        return [
            (
                examples.texts[row],
                answer_of(self.schema, self.prompt, examples.targets[row].tolist()),
            )
            for row in examples.nearest(text, self.shots)
        ]


class ListQuestion(ReportQuestion):
    """An open-ended list of findings, as a JSON list of terms."""

    def __init__(self, terms: Sequence[str], prompt: ListPrompt, tokenizer: Any) -> None:
        super().__init__(prompt.question(terms), prompt, tokenizer)
        self.prompt = prompt
        self.lists = TermLists(terms, self.tokens, end=tokenizer.eos_token_id)
