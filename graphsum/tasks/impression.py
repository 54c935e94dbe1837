"""The impression by rules: the sentences that a reader must be told of, word for word."""

from collections.abc import Sequence

from graphsum.tasks.task import Answer, Request
from preprocessing.facts.comparison import is_actionable, may_matter, statements_of
from preprocessing.text.sentences import sentence_spans

NORMAL = "No acute abnormality is stated."


class Impression:
    """The impression of findings; the shipped model is ``graphsum summarize``."""

    name = "impression"
    needs = ""

    def prompt(self, request: Request) -> str:
        """The instruction for a language model (Liu et al. 2023)."""
        return f"Derive the impression from findings in the radiology report\n\n{request.text}"

    def target(self, answer: str) -> str:
        """The impression."""
        return answer

    def clean(self, output: str) -> str:
        """The output on one line."""
        return " ".join(output.split())

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """ROUGE-L F1 with the nearest reference."""
        from graphsum.metrics.rouge import rouge_scores

        best = []
        for output, right in zip(outputs, references, strict=True):
            scores = rouge_scores([self.clean(output)] * len(right), list(right))
            best.append(float(scores[:, 2].max()) / 100)
        return best

    def baseline(self, request: Request) -> Answer:
        """The sentences with what is actionable, else with what may matter."""
        spans = sentence_spans(request.text)
        (statements,) = statements_of([request.text])
        for wanted in (is_actionable, may_matter):
            places = [one.start for one in statements if wanted(one)]
            told = tuple(
                request.text[start:end]
                for start, end in spans
                if any(start <= place < end for place in places)
            )
            if told:
                return Answer(" ".join(told), told)
        return Answer(NORMAL)
