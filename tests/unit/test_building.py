"""From options to a model: the paper's size, a pretrained encoder from a folder, its mistakes."""

from dataclasses import replace

import pytest
import torch
from tiny import PAIRS, graph_of, tiny_processor
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from graphsum.models.building import build_model, build_processor, read_graphs, take_embeddings
from graphsum.models.configuration import GraphSumConfig
from graphsum.models.modeling import GraphSum
from graphsum.models.processing import GraphSumProcessor, ProcessorSettings
from graphsum.models.tokenizers import has_words_whole, train_tokenizer, trim_tokenizer
from graphsum.options import resolve
from preprocessing.corpora import Corpus
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.records import Report, to_json


def test_paper_size():
    """221.6 M parameters with BioBERT's pooler (0.6 M), which we leave out."""
    options = resolve({"preset": "hu2022", "dataset": "openi"})
    shared = "d_model decoder_layers decoder_heads decoder_ffn_dim copy graph graph_heads"
    shared += " graph_width typed_edges contrastive_layers"
    biobert = BertConfig(vocab_size=28996).to_dict()
    config = GraphSumConfig(
        text_encoder=biobert, **{name: getattr(options, name) for name in shared.split()}
    )
    with torch.device("meta"):
        model = GraphSum(config)
    size = sum(p.numel() for p in model.parameters())
    assert size == pytest.approx(221.6e6, rel=0.01)


@pytest.fixture(scope="module")
def corpus():
    reports = tuple(Report(str(i), *pair) for i, pair in enumerate(PAIRS))
    return Corpus("jsonl", reports, reports, reports, {}, "given")


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_pretrained_encoder_from_a_folder(tmp_path, corpus, kind):
    tokenizer = train_tokenizer((text for pair in PAIRS for text in pair), vocab_size=200)
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
    }
    encoder = (
        BertModel(BertConfig(**sizes)) if kind == "bert" else RobertaModel(RobertaConfig(**sizes))
    )
    encoder.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    options = resolve({"preset": "tiny", "encoder": str(tmp_path), "max_source_length": 60})
    graphs = [graph_of(report.uid, report.findings) for report in corpus.train]
    processor = build_processor(options, corpus, graphs, "1")
    model = build_model(options, processor)
    trained = encoder.state_dict()
    for name, tensor in model.text_encoder.state_dict().items():
        assert torch.equal(tensor, trained[name])
    batch = processor.collate(
        list(processor.examples(graphs, [r.impression for r in corpus.train]))
    )
    model(**batch).loss.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    with pytest.raises(InputError, match="--max-source-length 65"):
        build_model(replace(options, max_source_length=65), processor)


def test_encoder_that_is_not_there(tmp_path):
    options = resolve({"preset": "tiny", "encoder": str(tmp_path)})
    with pytest.raises(InputError, match="holds no complete model"):
        build_model(options, tiny_processor())


def test_graphs_made_before(tmp_path, corpus):
    """They come in the order of the reports; what is missing or no graph is told."""
    path = tmp_path / "graphs.jsonl"
    graphs = [graph_of(report.uid, report.findings) for report in corpus.train]
    path.write_text("".join(dumps(to_json(graph)) for graph in reversed(graphs)))
    assert read_graphs(path, corpus.train) == graphs
    path.write_text("".join(dumps(to_json(graph)) for graph in graphs[:-2]))
    with pytest.raises(InputError, match="2 of 8 reports have no graph here"):
        read_graphs(path, corpus.train)
    path.write_text('{"uid": "0", "words": ["Heart"]}\n')
    with pytest.raises(InputError, match="record 1 is no report graph"):
        read_graphs(path, corpus.train)


WORD_PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] heart size is enlarged . lungs are clear normal chest left "
    "right small large pleural effusion pneumo ##thorax opacity zebra quark ##ology lower upper "
    "lobe no there a cardiomegaly pneumonia , q ##q z ##e ##b ##r ##a"
).split()


def test_trimmed_vocabulary_splits_the_corpus_as_before(tmp_path, corpus):
    from transformers import BertTokenizer

    whole = BertTokenizer(vocab={piece: n for n, piece in enumerate(WORD_PIECES)})
    whole.save_pretrained(tmp_path)
    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = BertModel(BertConfig(vocab_size=len(whole), intermediate_size=48, **sizes))
    encoder.save_pretrained(tmp_path)
    options = resolve(
        {"preset": "tiny", "encoder": str(tmp_path), "trim_vocab": True, "d_model": 24}
    )
    graphs = [graph_of(report.uid, report.findings) for report in corpus.train]
    processor = build_processor(options, corpus, graphs, "1")
    trimmed = processor.tokenizer
    assert len(trimmed) == len(WORD_PIECES) - 3  # quark, zebra and ##ology are gone
    assert not processor.settings.whole_words  # these texts are too few for "pneumothorax"
    for text in [text for pair in PAIRS for text in pair]:
        assert trimmed.tokenize(text) == whole.tokenize(text)
    assert "[UNK]" in whole.tokenize("zebras")
    assert trimmed.tokenize("zebra") == ["z", "##e", "##b", "##r", "##a"]  # spelled, not unknown
    encoded = trimmed("no opacity")
    assert trimmed.convert_ids_to_tokens(encoded["input_ids"])[0] == "[CLS]"

    model = build_model(options, processor)
    assert model.config.vocab_size == model.text_encoder.config.vocab_size == len(trimmed)
    for piece in ("[CLS]", "##thorax", "lobe"):
        row = encoder.get_input_embeddings().weight[whole.convert_tokens_to_ids(piece)]
        new = trimmed.convert_tokens_to_ids(piece)
        torch.testing.assert_close(model.text_encoder.get_input_embeddings().weight[new], row)
        torch.testing.assert_close(model.get_input_embeddings().weight[new], row)
    processor.save_pretrained(tmp_path / "checkpoint")
    reread = type(processor).from_pretrained(tmp_path / "checkpoint")
    assert reread.tokenizer.get_vocab() == trimmed.get_vocab()


def test_frequent_words_become_whole(tmp_path, corpus):
    """Five times "pneumothorax", four times "cardiopneumonia"; both are known in parts."""
    from transformers import BertTokenizer

    pieces = [*WORD_PIECES, "cardio", "##pneumonia", "##s", "##i", "##o"]
    general = BertTokenizer(vocab={piece: n for n, piece in enumerate(pieces)})
    general.save_pretrained(tmp_path)
    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = BertModel(BertConfig(vocab_size=len(general), intermediate_size=48, **sizes))
    encoder.save_pretrained(tmp_path)
    texts = ["A pneumothorax, no pneumothorax."] * 2 + ["Pneumothorax: cardiopneumonia."]
    fitted = trim_tokenizer(general, iter([*texts, "No cardiopneumonia." * 3]))
    assert fitted.tokenize("Pneumothorax no cardiopneumonia") == [
        *("pneumothorax", "no", "cardio", "##pneumonia")
    ]
    assert fitted.tokenize("pneumothoraxs") == ["pneumothorax", "##s"]
    assert not {"##thorax", "lungs"} & set(fitted.get_vocab())  # nobody needs them now

    take_embeddings(encoder, fitted, str(tmp_path))
    rows = encoder.get_input_embeddings().weight
    before = BertModel.from_pretrained(tmp_path).get_input_embeddings().weight
    parts = before[general.convert_tokens_to_ids(["pneumo", "##thorax"])].mean(dim=0)
    torch.testing.assert_close(rows[fitted.convert_tokens_to_ids("pneumothorax")], parts)
    other = before[general.convert_tokens_to_ids("##pneumonia")]
    torch.testing.assert_close(rows[fitted.convert_tokens_to_ids("##pneumonia")], other)


def test_whole_words_are_those_of_a_vocabulary_that_was_made_for_the_texts(corpus):
    texts = [text for pair in PAIRS for text in pair]
    graphs = [graph_of(report.uid, report.findings) for report in corpus.train]
    processor = build_processor(resolve({"preset": "tiny"}), corpus, graphs, "1")
    assert processor.settings.whole_words
    assert processor.is_word("effusion")
    assert not processor.is_word("frobnication")
    small = train_tokenizer(texts, vocab_size=60)
    assert not has_words_whole(small, texts)
    assert not has_words_whole(small, [])
    elsewhere = GraphSumProcessor(small, ProcessorSettings("builtin", "1"))
    assert elsewhere.is_word("frobnication")  # nothing is known of it


def test_trimming_keeps_an_mpnet_tokenizers_own_tokens(tmp_path):
    """Two unknown tokens, and ends of sentences by token and id; both move with the pieces."""
    from tokenizers.processors import RobertaProcessing
    from transformers import MPNetTokenizer

    pieces = ["quark", "zebra", "<s>", "<pad>", "</s>", "<unk>", *WORD_PIECES[:-1], "<mask>"]
    general = MPNetTokenizer(vocab={piece: n for n, piece in enumerate(dict.fromkeys(pieces))})
    general.add_special_tokens({"unk_token": "[UNK]"})
    general.backend_tokenizer.add_special_tokens(["<unk>"])
    ends = [(token, general.convert_tokens_to_ids(token)) for token in ("</s>", "<s>")]
    general.backend_tokenizer.post_processor = RobertaProcessing(*ends)
    general.save_pretrained(tmp_path)
    trimmed = trim_tokenizer(general, ["No opacity."])
    assert {"<unk>", "[UNK]"} <= set(trimmed.get_vocab())
    ids = trimmed("no opacity")["input_ids"]
    assert trimmed.convert_ids_to_tokens(ids) == ["<s>", "no", "opacity", "</s>"]


def test_only_word_piece_vocabularies_are_trimmed(tmp_path, corpus):
    train_tokenizer((text for pair in PAIRS for text in pair), vocab_size=200).save_pretrained(
        tmp_path
    )
    options = resolve({"preset": "tiny", "encoder": str(tmp_path), "trim_vocab": True})
    with pytest.raises(InputError, match="WordPiece"):
        build_processor(options, corpus, [graph_of(r.uid, r.findings) for r in corpus.train], "1")
    with pytest.raises(InputError, match="--encoder"):
        resolve({"preset": "small", "trim_vocab": True})


def test_the_configuration_copies_what_the_options_call_alike():
    options = resolve({"preset": "small", "dataset": "openi", "dropout": 0.3, "graph_width": 24})
    config = GraphSumConfig.from_options(options, vocab_size=77)
    assert (config.vocab_size, config.dropout, config.graph_width) == (77, 0.3, 24)
    assert config.contrastive_negatives == "batch"
    assert config.contrastive_temperature == 0.1
    assert config.copy is True
    assert (config.decoder, config.alignment, config.llm) == ("transformer", "deep", None)
