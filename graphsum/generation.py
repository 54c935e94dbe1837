"""Writing impressions for many reports: search settings, batches by length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from graphsum.modeling import GraphSum
from graphsum.processing import Example, GraphSumProcessor


@dataclass(frozen=True)
class SearchSettings:
    """How ``generate`` searches.

    Defaults follow Hu et al.: beam 5, trigram blocking, length penalty exponent 0.95. Two
    departures: transformers divides the score by length^0.95 (not ((5 + length)/6)^0.95), and
    there is no minimal length (the paper's 6 pieces make 75 of Open-i's 576 references
    unreachable).
    """

    num_beams: int = 5
    max_new_tokens: int = 80
    min_new_tokens: int = 0
    length_penalty: float = 0.95
    no_repeat_ngram_size: int = 3

    def as_options(self) -> dict[str, Any]:
        """Keyword arguments for transformers' ``generate``."""
        options: dict[str, Any] = {
            "num_beams": self.num_beams,
            "max_new_tokens": self.max_new_tokens,
            "do_sample": False,
        }
        if self.min_new_tokens:
            options["min_new_tokens"] = self.min_new_tokens
        if self.no_repeat_ngram_size:
            options["no_repeat_ngram_size"] = self.no_repeat_ngram_size
        if self.num_beams > 1:
            options |= {"length_penalty": self.length_penalty, "early_stopping": False}
        return options


GREEDY = SearchSettings(num_beams=1, no_repeat_ngram_size=0)


def generate_impressions(
    model: GraphSum,
    processor: GraphSumProcessor,
    examples: Sequence[Example],
    *,
    settings: SearchSettings | None = None,
    batch_size: int = 32,
    progress: bool = False,
) -> list[str]:
    """One impression per example, in the order given.

    The model is put into evaluation mode and back. Reports are generated in batches of similar
    length; the result does not depend on the batches but for rounding.
    """
    options = (settings or SearchSettings()).as_options()
    impressions = [""] * len(examples)
    order = sorted(range(len(examples)), key=lambda row: len(examples[row].input_ids))
    was_training = model.training
    model.eval()
    with tqdm(total=len(order), unit=" reports", desc="generate", disable=not progress) as bar:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = processor.collate([examples[row] for row in rows])
            batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
            pieces = model.generate_impressions(batch, **options)
            for row, text in zip(rows, processor.decode(pieces), strict=True):
                impressions[row] = text
            bar.update(len(rows))
    model.train(was_training)
    return impressions
