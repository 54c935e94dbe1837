"""Writing impressions for many reports, in batches of similar length."""

from collections.abc import Sequence

from tqdm import tqdm

from graphsum.modeling import GraphSum
from graphsum.processing import Example, GraphSumProcessor
from graphsum.search import SearchSettings


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
    settings = settings or SearchSettings()
    impressions = [""] * len(examples)
    order = sorted(range(len(examples)), key=lambda row: len(examples[row].input_ids))
    was_training = model.training
    model.eval()
    with tqdm(total=len(order), unit=" reports", desc="generate", disable=not progress) as bar:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = processor.collate([examples[row] for row in rows])
            batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
            pieces = model.generate_impressions(batch, settings)
            for row, text in zip(rows, processor.decode(pieces), strict=True):
                impressions[row] = text
            bar.update(len(rows))
    model.train(was_training)
    return impressions
