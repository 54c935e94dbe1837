"""The examples of CONTRIBUTING.md: a variant is its code and one line of a table, nothing else."""

import importlib
import json
import re
import sys
from types import ModuleType

import pytest
from places import ROOT

import evaluate
import train
from graphsum import __main__ as commands
from graphsum.metrics.rewards import Reader, weighted
from graphsum.options import resolve
from graphsum.options.runs import corpus_of
from graphsum.summarizer import Summarizer
from graphsum.training import loop
from preprocessing.annotation import load_annotator
from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError
from preprocessing.graphs import build_graph
from preprocessing.records import Report
from preprocessing.registry import load

BLOCKS = re.findall(
    r"^```python\n# ([^\n]*)\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S
)
EXAMPLES = list(zip(BLOCKS[::2], BLOCKS[1::2], strict=True))  # each with its line
TEXT = "Small left effusion. No pneumothorax."


def module_name(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def add_example(example, patch):
    """Do what the document says: write the code to its place, the line into its table."""
    (path, code), (place, line) = example
    module = ModuleType(module_name(path))
    exec(compile(code, path, "exec"), module.__dict__)
    if not (ROOT / path).exists():  # else the code is added to a module that is there
        patch.setitem(sys.modules, module.__name__, module)
    table_name, table_path = place.split(" in ")
    table = getattr(importlib.import_module(module_name(table_path)), table_name)
    ((name, entry),) = eval(f"{{{line}}}", module.__dict__).items()
    assert name not in table
    patch.setitem(table, name, entry)
    return table, name


@pytest.fixture(scope="module")
def variants():
    """All examples added: the name of each in its table, and the tables by their nouns."""
    with pytest.MonkeyPatch.context() as patch:
        added = [add_example(example, patch) for example in EXAMPLES]
        yield {table.noun: (table, name) for table, name in added}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The invented corpus as the example's text files, and one without an impression."""
    folder = tmp_path_factory.mktemp("texts")
    for report in load_corpus("sample").train[:60]:
        (folder / f"{report.uid}.txt").write_text(f"{report.findings}\n\n{report.impression}\n")
    (folder / "half.txt").write_text("Lungs are clear.\n")
    return folder


@pytest.fixture(scope="module")
def run(variants, folder, tmp_path_factory):
    """Two steps on the example's corpus, with its annotator, graph rule, objective and decoder."""
    run = tmp_path_factory.mktemp("runs") / "variants"
    train.main(
        [
            *("--dataset", "text-files", "--data-dir", str(folder), "--annotator", "word-list"),
            *("--graph-rule", "key-word-chain", "--decoder", "relu", "--preset", "tiny"),
            *("--d-model", "32", "--decoder-ffn-dim", "64", "--vocab-size", "300"),
            *("--encoder-layers", "1", "--decoder-layers", "1", "--batch-size", "8"),
            *("--max-steps", "2", "--validate-every", "2", "--log-every", "1", "--warmup", "1"),
            *("--cache-dir", str(run.parent / "cache"), "--output-dir", str(run)),
        ]
    )
    return run


def test_there_is_an_example_for_every_table(variants):
    assert set(variants) == {
        *("corpus", "annotator", "graph rule", "metric", "reward", "objective", "decoder"),
        "output format",
    }
    for table, name in variants.values():
        assert load(table, name) is not None


def test_a_corpus(variants, folder):
    corpus = load_corpus("text-files", data_dir=folder)
    assert [len(part) for part in (corpus.train, corpus.val, corpus.test)] == [48, 6, 6]
    assert corpus.exclusions["no impression"] == 1
    given = {"dataset": "text-files", "data_dir": str(folder)}
    assert corpus_of(resolve(given)) == corpus  # as the commands load it
    first = corpus.train[0]
    text = (folder / f"{first.uid}.txt").read_text()
    assert text == f"{first.findings}\n\n{first.impression}\n"
    with pytest.raises(InputError, match=r"no \.txt files here"):
        load_corpus("text-files", data_dir=folder / "elsewhere")


def test_an_annotator_and_a_graph_rule(variants):
    (annotated,) = load_annotator("word-list").annotate([("1", TEXT)])
    assert annotated.heads == (-1, 0, 1, 2, -1, 4, 5)
    effusion, pneumothorax = annotated.entities
    assert (effusion.start, effusion.negated, effusion.side) == (2, False, "left")
    assert (pneumothorax.start, pneumothorax.negated) == (5, True)
    graph = build_graph(annotated, "key-word-chain")
    assert graph.key_words == (2, 5)
    assert [(edge.head, edge.dependent) for edge in graph.edges] == [(2, 5), (5, 2)]


def test_an_objective_a_decoder_and_what_a_checkpoint_remembers(variants, run):
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    first, second = (entry["small_memory"] for entry in entries if "loss" in entry)
    assert 0 < second < first  # it teaches
    summarizer = Summarizer.from_pretrained(run)
    assert type(summarizer.model.decoder) is load(*variants["decoder"])
    settings = summarizer.processor.settings
    assert (settings.annotator, settings.graph_rule) == ("word-list", "key-word-chain")
    assert summarizer.summarize(TEXT) == summarizer.summarize(TEXT)


def test_a_decoder_that_there_is_not(folder, tmp_path):
    options = resolve({"decoder": "rleu", "output_dir": str(tmp_path / "run")})
    with pytest.raises(InputError, match=r"unknown decoder 'rleu'.*choose from transformer"):
        loop.train(options, load_corpus("sample"))
    assert not (tmp_path / "run").exists()


def test_a_metric(variants, tmp_path, capsys):
    predictions = tmp_path / "predictions.jsonl"
    options = ["--dataset", "sample", "--output-dir", str(tmp_path / "out")]
    uids = [report.uid for report in load_corpus("sample").test]
    predictions.write_text(
        "".join(json.dumps({"uid": uid, "prediction": "Two words."}) + "\n" for uid in uids)
    )
    evaluate.main(["--predictions", str(predictions), *options])
    report = json.loads((tmp_path / "out/metrics.json").read_text())
    assert report["strata"]["all"]["words"] == 2.0
    assert report["baselines"]["constant"]["all"]["words"] == 4.0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["words", "all"] for line in lines)
    assert any(line.split()[:2] == ["constant", "4.0"] for line in lines)


def test_a_reward(variants):
    (one,) = Reader().judge(["Small effusion."], [Report("1", TEXT, "Effusion.")])
    assert weighted({"brevity": 3.0}, one) == 1.0


def test_an_output_format(variants, run, capsys):
    arguments = ["summarize", TEXT, "--checkpoint", str(run), "--num-beams", "1"]
    commands.main(arguments)
    plain = capsys.readouterr().out
    commands.main([*arguments, "--format", "markdown"])
    assert capsys.readouterr().out == f"* {plain}"
