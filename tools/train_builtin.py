"""Train the model of the built-in annotator (about half an hour on one core).

    OMP_NUM_THREADS=1 python -m tools.train_builtin \\
        --ud UD_English-EWT --silver silver.jsonl --findings train_findings.jsonl --output DIR

1. A parser on UD English EWT, with part-of-speech tags as an auxiliary task.
2. The silver graphs' edges give most heads of their sentences; the parser completes the trees
   (see ``partial_trees``). The parser goes on training on them mixed with EWT, from two seeds,
   together with a tagger of entity words (B, I, O).
3. Once more from step 1's parser, on trees that those two completed, and on their parses of the
   distinct unannotated sentences (self-training).

The best epoch on the silver reports with ``"split": "val"`` is written, with its scores in
``meta.json``. The same inputs and seeds give the same model on the same machine.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from preprocessing.annotation.builtin import BuiltinAnnotator
from preprocessing.annotation.trees import single_root
from preprocessing.errors import InputError
from preprocessing.files import read_jsonl
from preprocessing.graphs import build_graph
from preprocessing.text.sentences import sentences_of
from tools.partial_trees import (
    Parse,
    align_edges,
    complete_tree,
)
from tools.treebanks import (
    UNKNOWN,
    Sentence,
    SilverReport,
    entity_tags,
    read_conllu,
    read_silver,
)

WIDTH, DEPTH = 128, 4
ROWS = [2000, 500, 1000, 500]  # hash table rows of NORM, PREFIX, SUFFIX, SHAPE
EWT_PER_EPOCH = 3000  # sentences mixed in while adapting, against forgetting
VERSION = "1"


def new_pipeline() -> Any:
    """Shared hash embeddings and convolutions, part-of-speech tagger, transition-based parser."""
    import spacy

    pipeline = spacy.blank("en")
    encoder = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": WIDTH,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
            "rows": ROWS,
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": WIDTH,
            "depth": DEPTH,
            "window_size": 1,
            "maxout_pieces": 3,
        },
    }
    pipeline.add_pipe("tok2vec", config={"model": encoder})
    pipeline.add_pipe("tagger", config={"model": _tagger_model()})
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": _listener(),
    }
    pipeline.add_pipe("parser", config={"min_action_freq": 20, "model": parser})
    return pipeline


def _listener() -> dict[str, Any]:
    return {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}


def _tagger_model() -> dict[str, Any]:
    return {"@architectures": "spacy.Tagger.v2", "tok2vec": _listener()}


def add_entity_tagger(pipeline: Any) -> None:
    """Replace the part-of-speech tagger by an untrained tagger of entity words."""
    from spacy.tokens import Doc
    from spacy.training import Example

    pipeline.remove_pipe("tagger")
    tagger = pipeline.add_pipe("tagger", name="entities", config={"model": _tagger_model()})
    words = ["B", "I", "O"]
    example = Example.from_dict(Doc(pipeline.vocab, words=words), {"words": words, "tags": words})
    tagger.initialize(lambda: [example], nlp=pipeline)


def fit(
    pipeline: Any,
    epochs: Sequence[Iterable[Sentence]],
    *,
    batch_words: Callable[[int], float],
    dropout: float,
    after_epoch: Callable[[int], None],
) -> None:
    """Train all components; ``after_epoch(number)`` runs with the averaged weights in place."""
    from thinc.api import Adam

    optimizer = Adam(0.001, L2=0.01, grad_clip=1.0, use_averages=True)
    for number, sentences in enumerate(epochs):
        batch: list[Any] = []
        size = 0
        for sentence in sentences:
            batch.append(_example(pipeline, sentence))
            size += len(sentence.words)
            if size >= batch_words(number):
                pipeline.update(batch, sgd=optimizer, drop=dropout)
                batch, size = [], 0
        if batch:
            pipeline.update(batch, sgd=optimizer, drop=dropout)
        with pipeline.use_params(optimizer.averages):
            after_epoch(number)


def _example(pipeline: Any, sentence: Sentence) -> Any:
    from spacy.tokens import Doc
    from spacy.training import Example

    words = list(sentence.words)
    reference = {
        "words": words,
        "heads": [word if head < 0 else head for word, head in enumerate(sentence.parse.heads)],
        "deps": ["ROOT" if name == "root" else name for name in sentence.parse.deprels],
        "tags": list(sentence.tags),
        "sent_starts": [1] + [-1] * (len(words) - 1),
    }
    return Example.from_dict(Doc(pipeline.vocab, words=words), reference)


def parse_all(pipeline: Any, sentences: Iterable[Sequence[str]]) -> Iterator[Sentence]:
    """The pipeline's own parse and tags of each sentence."""
    from spacy.tokens import Doc

    docs = (
        Doc(pipeline.vocab, words=list(words), sent_starts=[i == 0 for i in range(len(words))])
        for words in sentences
    )
    for doc in pipeline.pipe(docs, batch_size=256):
        heads = [-1 if token.head.i == token.i else token.head.i for token in doc]
        parse = Parse(*single_root(heads, [token.dep_ for token in doc]))
        yield Sentence([token.text for token in doc], parse, [token.tag_ for token in doc])


def attachment_scores(pipeline: Any, gold: Sequence[Sentence]) -> tuple[float, float]:
    """(UAS, LAS) over all words but punctuation."""
    total = unlabelled = labelled = 0
    for one, right in zip(parse_all(pipeline, (s.words for s in gold)), gold, strict=True):
        pairs = zip(zip(*one.parse, strict=True), zip(*right.parse, strict=True), strict=True)
        for predicted, expected in pairs:
            if expected[1] != "punct":
                total += 1
                unlabelled += predicted[0] == expected[0]
                labelled += predicted == expected
    return unlabelled / total, labelled / total


def silver_scores(annotator: BuiltinAnnotator, reports: Sequence[SilverReport]) -> dict[str, float]:
    """F1 of key words and of edges (multisets of word pairs per report), rule ``hu2022``."""
    words: Counter[str] = Counter()
    edges: Counter[str] = Counter()
    annotated = annotator.annotate((report.uid, report.sentences) for report in reports)
    for report, one in zip(reports, annotated, strict=True):
        graph = build_graph(one, "hu2022")
        gold_words = {word for word, is_entity in enumerate(report.is_entity) if is_entity}
        gold_edges = Counter(report.edges)
        found = Counter((one.words[edge.head], one.words[edge.dependent]) for edge in graph.edges)
        words["both"] += 2 * len(gold_words & set(graph.key_words))
        words["sum"] += len(gold_words) + len(graph.key_words)
        edges["both"] += 2 * (gold_edges & found).total()
        edges["sum"] += gold_edges.total() + found.total()
    return {
        "entity_word_f1": round(words["both"] / words["sum"], 4),
        "edge_f1": round(edges["both"] / edges["sum"], 4),
    }


def write_model(pipeline: Any, folder: Path, scores: dict[str, float]) -> None:
    """The pipeline as the annotator loads it: no tokeniser, no vocabulary."""
    pipeline.meta.update(
        name="graphsum_builtin",
        version=VERSION,
        spacy_version=">=3.8,<3.9",
        license="CC BY-SA 4.0 (trained on UD English EWT)",
        performance=scores,
    )
    pipeline.to_disk(folder, exclude=["tokenizer", "vocab"])


def pretrain(train: list[Sentence], dev: list[Sentence], *, epochs: int, seed: int) -> Any:
    """Step 1: the parser on EWT, batches growing from 300 to 1,000 words."""
    pipeline = new_pipeline()
    pipeline.initialize(lambda: [_example(pipeline, sentence) for sentence in train])

    def report(number: int) -> None:
        uas, las = attachment_scores(pipeline, dev)
        _log(f"ewt epoch {number + 1}: dev UAS {uas:.4f} LAS {las:.4f}")

    fit(
        pipeline,
        [_shuffled(train, seed + number) for number in range(epochs)],
        batch_words=lambda number: min(1000, 300 * 1.3**number),
        dropout=0.15,
        after_epoch=report,
    )
    return pipeline


def adapt(
    start: Path,
    radiology: list[Sentence],
    ewt: list[Sentence],
    *,
    val: list[SilverReport],
    folder: Path,
    epochs: int,
    seed: int,
) -> dict[str, float]:
    """Steps 2 and 3: from the model in ``start``, write the best epoch to ``folder``."""
    import spacy

    spacy.util.fix_random_seed(seed)
    pipeline = spacy.load(start)
    add_entity_tagger(pipeline)
    ewt = [sentence._replace(tags=[UNKNOWN] * len(sentence.words)) for sentence in ewt]
    best: dict[str, float] = {"edge_f1": 0.0}

    def keep_best(number: int) -> None:
        nonlocal best
        with tempfile.TemporaryDirectory() as candidate:
            write_model(pipeline, Path(candidate), {})
            scores = silver_scores(BuiltinAnnotator(candidate), val)
        _log(f"adapt epoch {number + 1}: {scores}")
        if scores["edge_f1"] > best["edge_f1"]:
            best = scores
            write_model(pipeline, folder, scores)

    rng = random.Random(seed)
    fit(
        pipeline,
        [
            _shuffled(radiology + rng.sample(ewt, min(EWT_PER_EPOCH, len(ewt))), seed + number)
            for number in range(epochs)
        ],
        batch_words=lambda _: 500,
        dropout=0.2,
        after_epoch=keep_best,
    )
    return best


def _shuffled(sentences: list[Sentence], seed: int) -> list[Sentence]:
    return random.Random(seed).sample(sentences, len(sentences))


def _log(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the whole training; see the module's description."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ud", type=Path, required=True, help="folder of UD English EWT")
    parser.add_argument("--silver", type=Path, required=True, help="JSON Lines with graph edges")
    parser.add_argument(
        "--findings", type=Path, help="JSON Lines with unannotated training texts in 'findings'"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the model")
    parser.add_argument("--epochs", type=int, nargs=3, default=(12, 12, 20), metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        _train(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    import spacy
    from thinc.api import NumpyOps, set_current_ops

    # The blis of the wheels is several times slower than numpy's matrix product.
    set_current_ops(NumpyOps(use_blis=False))
    spacy.util.fix_random_seed(options.seed)
    parts = {}
    for part in ("train", "dev"):
        path = options.ud / f"en_ewt-ud-{part}.conllu"
        if not path.is_file():
            raise InputError(f"{path} is missing; --ud is the folder of UD English EWT")
        parts[part] = read_conllu(path)
    val = read_silver(options.silver, "val")
    aligned = [align_edges(*report[1:]) for report in read_silver(options.silver, "train")]
    trees = [tree for report in aligned if report is not None for tree in report]
    tags = entity_tags(trees)
    unlabelled = sorted(
        {
            tuple(sentence)
            for line in (read_jsonl(options.findings) if options.findings else ())
            for sentence in sentences_of(line["findings"])
        }
        - {tree.words for tree in trees}
    )
    _log(
        f"{len(parts['train'])} EWT sentences; {len(trees)} silver sentences, "
        f"{aligned.count(None)} silver reports left out (edges do not fit the words); "
        f"{len(unlabelled)} distinct unannotated sentences; {len(val)} val reports"
    )
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        pretrain(parts["train"], parts["dev"], epochs=options.epochs[0], seed=options.seed).to_disk(
            base
        )
        words = [tree.words for tree in trees]
        first = [one.parse for one in parse_all(spacy.load(base), words)]
        completed = [
            Sentence(tree.words, complete_tree(tree.words, [vote], tree), row)
            for tree, vote, row in zip(trees, first, tags, strict=True)
        ]
        teachers = []
        for number in range(2):
            teacher = Path(scratch) / f"teacher{number}"
            adapt(
                base,
                completed,
                parts["train"],
                val=val,
                folder=teacher,
                epochs=options.epochs[1],
                seed=options.seed + 100 * number,
            )
            teachers.append(spacy.load(teacher, exclude=["tokenizer", "vocab"]))
        votes = zip(*(parse_all(teacher, words) for teacher in teachers), strict=True)
        completed = [
            Sentence(tree.words, complete_tree(tree.words, [one.parse for one in ones], tree), row)
            for tree, ones, row in zip(trees, votes, tags, strict=True)
        ]
        votes = zip(*(parse_all(teacher, unlabelled) for teacher in teachers), strict=True)
        completed += [_agreed(ones) for ones in votes]
        scores = adapt(
            base,
            completed,
            parts["train"],
            val=val,
            folder=options.output,
            epochs=options.epochs[2],
            seed=options.seed,
        )
    _log(f"best epoch: {scores}")


def _agreed(parses: Sequence[Sentence]) -> Sentence:
    """The tree that the parses vote for; a tag only where they agree."""
    words = parses[0].words
    parse = complete_tree(words, [one.parse for one in parses])
    tags = [
        row[0] if len(set(row)) == 1 else UNKNOWN
        for row in zip(*(one.tags for one in parses), strict=True)
    ]
    return Sentence(words, parse, tags)


if __name__ == "__main__":
    sys.exit(main())
