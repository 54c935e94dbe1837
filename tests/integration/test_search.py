"""Our beam search finds what transformers' ``generate`` finds, piece for piece."""

import json
import os
import subprocess
import sys

import pytest
import torch
from places import ROOT
from search_parity import Chain, stock
from tiny import tiny_examples, tiny_model

from graphsum.decoding import beam_search as search
from graphsum.decoding.beam_search import SearchSettings, beam_search, block_repeated_ngrams
from graphsum.models import generation
from graphsum.models.decoders import transformer
from graphsum.models.generation import generate_impressions, onednn_is_exact, onednn_products
from preprocessing.errors import InputError


@pytest.fixture(scope="module")
def batch(processor):
    return processor.collate(tiny_examples(processor))


def impressions(pieces, end):
    """The pieces of each row up to its end piece, without the start."""
    rows = [row[1:] for row in pieces.tolist()]
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


def lively(processor, *, seed, **changes):
    """A random model with opinions, so that beams differ and part; it hardly ever ends."""
    model = tiny_model(processor, seed=seed, **changes).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        model.decoder.lm_head.weight.copy_(torch.randn_like(model.decoder.lm_head.weight))
    return model


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "copy"])
def half_trained(processor, batch, request):
    """A model that ends its impressions, after different numbers of pieces."""
    model = tiny_model(processor, dropout=0.0, copy=request.param).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


SETTINGS = [
    SearchSettings(max_new_tokens=20),
    SearchSettings(max_new_tokens=20, num_beams=1),
    SearchSettings(max_new_tokens=20, num_beams=1, no_repeat_ngram_size=0),
    SearchSettings(max_new_tokens=12, num_beams=3, length_penalty=2.0, no_repeat_ngram_size=2),
    SearchSettings(max_new_tokens=15, num_beams=8, length_penalty=0.0, min_new_tokens=4),
    SearchSettings(max_new_tokens=7, num_beams=4, min_new_tokens=7),
    SearchSettings(max_new_tokens=1),
]


@pytest.mark.parametrize("wrong", [{"num_beams": 0}, {"num_beams": 2.5}, {"max_new_tokens": 0}])
def test_a_search_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError, match="whole number"):
        SearchSettings(**wrong)


@pytest.mark.parametrize("settings", SETTINGS)
def test_same_pieces_as_transformers(processor, batch, half_trained, settings):
    copies = half_trained.decoder.copy is not None
    random = [lively(processor, seed=seed, copy=copies) for seed in range(3)]
    for model in (half_trained, *random):
        ours = impressions(model.generate_impressions(batch, settings), processor.end_id)
        for cached in (True, False):
            theirs = stock(model, batch, settings, use_cache=cached)
            assert ours == impressions(theirs, processor.end_id)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_same_where_looking_is_waiting(processor, batch, half_trained, settings, monkeypatch):
    """On a GPU finished reports stay in the batch for some steps more."""
    for model in (half_trained, lively(processor, seed=1, copy=half_trained.config.copy)):
        expected = model.generate_impressions(batch, settings)
        with monkeypatch.context() as patch:
            for module in (search, transformer):
                patch.setattr(module, "is_looking_free", lambda device: False)
            found = model.generate_impressions(batch, settings)
        assert torch.equal(found, expected)


@pytest.mark.parametrize("part", [6, 10, 64])
def test_the_best_of_parts_are_the_best(part, monkeypatch):
    """How a GPU takes the best of a large vocabulary, which need not divide into parts evenly."""
    logs = torch.randn(3, 2, 45, generator=torch.Generator().manual_seed(0))
    expected = search.best_continuations(logs, 6)
    monkeypatch.setattr(search, "PART", part)
    monkeypatch.setattr(search, "is_looking_free", lambda device: False)
    for found, wanted in zip(search.best_continuations(logs, 6), expected, strict=True):
        assert torch.equal(found, wanted)
    logs[:, :, 3:] = -torch.inf  # fewer than six tokens may follow
    scores, beams, tokens = search.best_continuations(logs, 10)
    assert scores[:, :6].isfinite().all()
    assert (scores[:, 6:] == -torch.inf).all()
    assert tokens.max() < 45
    assert beams.max() < 2


def test_texts_are_made_beside_the_search(processor, half_trained, monkeypatch):
    """As where a GPU searches: in another thread, in the same order."""
    examples = tiny_examples(processor)
    settings = SearchSettings(max_new_tokens=20)
    options = {"settings": settings, "batch_size": 3}
    expected = generation.generate_impressions(half_trained, processor, examples, **options)
    monkeypatch.setattr(generation, "is_looking_free", lambda device: False)
    found = generation.generate_impressions(half_trained, processor, examples, **options)
    assert found == expected
    assert generation.generate_impressions(half_trained, processor, [], **options) == []


def test_the_half_trained_model_ends_at_different_lengths(processor, batch, half_trained):
    """Or else reports would never leave the batch one by one in the test above."""
    written = half_trained.generate_impressions(batch, SETTINGS[0])
    assert len(set(map(len, impressions(written, processor.end_id)))) > 1


def test_a_report_is_searched_alike_alone_and_in_a_batch(processor, batch):
    examples = tiny_examples(processor)
    model = lively(processor, seed=3, copy=True)
    settings = SearchSettings(max_new_tokens=20)
    together = impressions(model.generate_impressions(batch, settings), processor.end_id)
    for example, pieces in zip(examples, together, strict=True):
        alone = model.generate_impressions(processor.collate([example]), settings)
        assert impressions(alone, processor.end_id) == [pieces]


@pytest.mark.parametrize("waits", [False, True])
def test_steps_equal_the_full_forward(processor, batch, waits, monkeypatch):
    """Beams of one report that part, swap places and lose reports, against forward on each."""
    module = "graphsum.models.decoders.transformer"
    monkeypatch.setattr(f"{module}.is_looking_free", lambda device: not waits)
    model = lively(processor, seed=1, copy=True)
    generator = torch.Generator().manual_seed(0)
    mask, ids = batch["attention_mask"], batch["input_ids"]
    with torch.no_grad():
        memory = model.encode(ids, mask, batch["edge_index"], batch["edge_type"])
        steps = model.decoder.start(memory, mask, ids)
        rows = torch.arange(len(ids))
        pieces = torch.full((len(ids), 1, 1), processor.start_id)
        for length in range(20):
            scores = steps.step(pieces[:, :, -1])
            for beam in range(pieces.size(1)):
                full, _ = model.decoder(pieces[:, beam], memory[rows], mask[rows], ids[rows])
                expected = full[:, -1].log_softmax(-1)
                torch.testing.assert_close(scores[:, beam], expected, rtol=1e-4, atol=1e-4)
            kept = {3: [0, 1, 2, 3, 5, 6, 7], 5: [0, 2, 5], 15: [1]}.get(length, range(len(rows)))
            kept = torch.tensor(list(kept))
            beams = pieces.size(1)
            parents = torch.randint(beams, (len(kept), 4), generator=generator)
            steps.reorder(kept.unsqueeze(1) * beams + parents)
            rows, pieces = rows[kept], pieces[kept.unsqueeze(1), parents]
            new = torch.randint(scores.size(-1), (len(rows), 4, 1), generator=generator)
            pieces = torch.cat([pieces, new], dim=-1)


def test_steps_with_different_numbers_of_beams(processor, batch):
    """Where no report is padded to the beams of another, against forward on each."""
    model = lively(processor, seed=1, copy=True)
    generator = torch.Generator().manual_seed(0)
    mask, ids = batch["attention_mask"], batch["input_ids"]
    with torch.no_grad():
        memory = model.encode(ids, mask, batch["edge_index"], batch["edge_type"])
        steps = model.decoder.start(memory, mask, ids)
        report = torch.arange(len(ids))
        pieces = torch.full((len(ids), 1), processor.start_id)
        for length in range(18):
            scores = steps.step(pieces[:, -1])
            full, _ = model.decoder(pieces, memory[report], mask[report], ids[report])
            expected = full[:, -1].log_softmax(-1)
            torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-4)
            size = min(5 * (length + 1), 30 - length)  # more beams at first, fewer later
            parents = torch.randint(len(report), (size,), generator=generator).sort().values
            steps.reorder(parents)
            report = report[parents]
            new = torch.randint(scores.size(-1), (size, 1), generator=generator)
            pieces = torch.cat([pieces[parents], new], dim=-1)
        assert len(report.unique()) < len(ids)  # some reports have left


def test_search_by_hand():
    """Two beams over pieces 0 (end), 1 and 2 whose probabilities depend on the last piece only.

    1 -> end has 0.6 * 0.5 = 0.30, end at once 0.35: with length penalty 1 the averages of the
    logarithms are ln(0.30) / 2 = -0.60 and ln(0.35) = -1.05, so the longer one wins; with
    penalty 0 the shorter.
    """
    after = {3: [0.35, 0.6, 0.05], 1: [0.5, 0.4, 0.1], 2: [0.9, 0.05, 0.05], 0: [1 / 3] * 3}

    for penalty, expected in ((1.0, [3, 1, 0]), (0.0, [3, 0])):
        settings = SearchSettings(num_beams=2, max_new_tokens=5, length_penalty=penalty)
        found = beam_search(Chain(after), settings, num_reports=1, start_id=3, end_id=0, pad_id=9)
        assert found.tolist() == [expected]


def test_repeated_trigrams_are_blocked():
    logs = torch.zeros(1, 2, 6)
    block_repeated_ngrams(logs, torch.tensor([[[1, 2, 3, 1, 2], [1, 2, 3, 4, 5]]]), 3)
    assert logs[0, 0].tolist() == [0, 0, 0, -torch.inf, 0, 0]  # 1 2 3 came before
    assert logs[0, 1].tolist() == [0] * 6


def test_onednn_keeps_single_precision_and_its_setting():
    torch.manual_seed(0)
    left, right = torch.randn(160, 256), torch.randn(256, 512)
    products = getattr(torch.backends.mkldnn, "matmul", None)
    before = products and products.fp32_precision
    with onednn_products():
        result = left @ right
    exact = (left.double() @ right.double()).float()
    torch.testing.assert_close(result, exact, rtol=1e-4, atol=1e-4)
    assert (products and products.fp32_precision) == before
    assert isinstance(onednn_is_exact(), bool)


def test_impressions_do_not_depend_on_the_batch_size(processor):
    examples = tiny_examples(processor)
    model = lively(processor, seed=2, copy=True)
    one, three = (generate_impressions(model, processor, examples, batch_size=n) for n in (1, 3))
    assert one == three


def test_summarising_loads_no_more_than_it_needs(processor, tmp_path):
    """Cold start is imports: what only training, scoring or other annotators use stays out.

    Graphs are made and statements are read with one annotator, which is loaded once.
    """
    model = tiny_model(processor)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    program = """
import json, sys
from unittest.mock import patch
import spacy
from graphsum.__main__ import main
with patch("spacy.load", wraps=spacy.load) as load:
    main(["summarize", "--consensus", "--checkpoint", sys.argv[1], "Heart size is normal ."])
print(json.dumps([load.call_count, *(name for name in sys.argv[2:] if name in sys.modules)]))
"""
    slow = ["sklearn", "pandas", "stanza", "tensorboard", "rouge_score", "nltk", "datasets", "ray"]
    slow += ["torch.utils.tensorboard", "graphsum.training.loop", "graphsum.models.building"]
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *slow],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == [1]
