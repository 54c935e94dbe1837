"""A tiny model with a word-level tokenizer, graphs by hand, a few reports: for the tests."""

import torch

from graphsum.models.configuration import GraphSumConfig
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import GraphSumProcessor, ProcessorSettings
from graphsum.models.tokenizers import train_tokenizer
from preprocessing.corpora import load_corpus
from preprocessing.files import dumps
from preprocessing.graphs import EDGE_TYPES
from preprocessing.records import Edge, ReportGraph

PAIRS = [
    ("Heart size is enlarged . Lungs are clear .", "Cardiomegaly ."),
    ("Heart size is normal . Lungs are clear .", "Normal chest ."),
    ("There is a small left pleural effusion .", "Small left effusion ."),
    ("There is a large right pleural effusion .", "Large right effusion ."),
    ("There is a small right pneumothorax . Heart size is normal .", "Small right pneumothorax ."),
    ("Left lower lobe opacity .", "Left lower lobe pneumonia ."),
    ("Right upper lobe opacity . No effusion .", "Right upper lobe pneumonia ."),
    ("No effusion . No pneumothorax . Heart size is enlarged .", "Cardiomegaly , no effusion ."),
]
PLAIN = {"is", "are", "a", ".", "There", "No"}


def graph_of(uid: str, text: str) -> ReportGraph:
    """Neighbouring key words are linked both ways; every other word hangs on the one before."""
    words = tuple(text.split())
    starts = [0] + [i + 1 for i, word in enumerate(words[:-1]) if word == "."]
    key_words = tuple(i for i, word in enumerate(words) if word not in PLAIN)
    edges = [Edge(i, i + 1, EDGE_TYPES[i % 7]) for i in range(len(words) - 1)]
    return ReportGraph(uid, words, tuple(starts), key_words, tuple(edges))


def tiny_processor(**settings) -> GraphSumProcessor:
    texts = [text for pair in PAIRS for text in pair] * 3
    tokenizer = train_tokenizer(texts, vocab_size=300)
    return GraphSumProcessor(tokenizer, ProcessorSettings("builtin", "test", **settings))


def tiny_model(processor: GraphSumProcessor, *, seed: int = 0, **changes) -> GraphSum:
    torch.manual_seed(seed)
    vocab_size = len(processor.tokenizer)
    values = {
        "text_encoder": {
            "model_type": "bert",
            "vocab_size": vocab_size,
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 128,
        },
        "vocab_size": vocab_size,
        "d_model": 32,
        "decoder_layers": 2,
        "decoder_heads": 4,
        "decoder_ffn_dim": 64,
        "attention_dropout": changes.get("dropout", 0.2),
        "graph": "gatv2",
        "graph_heads": 2,
        "graph_width": 8,
        "typed_edges": True,
        "contrastive_layers": 1,
        "pad_token_id": processor.pad_id,
        "bos_token_id": processor.start_id,
        "eos_token_id": processor.end_id,
        "decoder_start_token_id": processor.start_id,
    }
    return GraphSum(GraphSumConfig(**values | changes))


def tiny_examples(processor: GraphSumProcessor) -> list:
    graphs = [graph_of(str(i), findings) for i, (findings, _) in enumerate(PAIRS)]
    return list(processor.examples(graphs, [impression for _, impression in PAIRS]))


def write_sample_reports(path, **sizes: int) -> None:
    """The first invented reports of each part named, as a jsonl corpus with its parts."""
    corpus = load_corpus("sample")
    rows = [
        {"uid": r.uid, "findings": r.findings, "impression": r.impression, "split": part}
        for part, size in sizes.items()
        for r in getattr(corpus, part)[:size]
    ]
    path.write_text("".join(map(dumps, rows)))
