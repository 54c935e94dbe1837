"""A variant is one class and one line of a table: metric, objective, corpus, output format."""

import json

import pytest
from test_training import command, reports_file  # noqa: F401 (a fixture)

import evaluate
import train
from graphsum import __main__ as commands
from graphsum.metrics import METRICS
from graphsum.metrics.metric import Metric
from graphsum.options import resolve
from graphsum.options.runs import corpus_of
from graphsum.training.objectives import OBJECTIVES
from graphsum.training.objectives.objective import Objective
from graphsum.writers import WRITERS, Writer
from preprocessing.corpora import CORPORA, load_corpus
from preprocessing.corpora.source import CorpusSource, Parts
from preprocessing.records import Report


class ShortImpressions(Metric):
    """Mean number of words."""

    def scores(self, impressions, reports, masks):
        return {
            name: {stratum: {"words": words(texts, mask)} for stratum, mask in masks.items()}
            for name, texts in impressions.items()
        }

    def table(self, report):
        strata = report["strata"]
        return ["words", *strata], [["system", *(str(row["words"]) for row in strata.values())]]


def words(texts, mask):
    counts = [len(text.split()) for text, is_in in zip(texts, mask, strict=True) if is_in]
    return sum(counts) / len(counts) if counts else None


class SmallMemory(Objective):
    """Square of the weights that make the memory."""

    name = "small_memory"

    @classmethod
    def weight(cls, options):
        return 0.5

    def loss(self, output, batch, model):
        return model.fusion.weight.square().sum() * len(batch["input_ids"]) / batch["num_reports"]


def read_two_reports(data_dir, *, columns=None):
    yield Report("1", "Lungs are clear.", "Normal.")
    yield Report("2", "Clear.", "Normal.")


TWO_REPORTS = CorpusSource(
    read_reports=read_two_reports,
    splits={"halves": lambda reports, request: Parts(reports[:1], reports[1:], [])},
    inclusion="none",
    data_hint="nothing",
)


class Shouting(Writer):
    """Upper case."""

    def text(self, rows, column):
        return "".join(row[column].upper() + "!\n" for row in rows)


@pytest.fixture(scope="module")
def run(reports_file, tmp_path_factory):  # noqa: F811
    """A run of two steps with an objective more."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(OBJECTIVES, "small_memory", SmallMemory)
        arguments = command(reports_file, folder, "--max-steps", "2", "--validate-every", "2")
        train.main(arguments[1:])
    return folder


def test_an_objective(run):
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    first, second = (entry["small_memory"] for entry in entries if "loss" in entry)
    assert 0 < second < first  # it teaches


def test_a_metric(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(METRICS, "words", ShortImpressions)
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
    assert "words" in capsys.readouterr().out


def test_a_corpus(monkeypatch):
    monkeypatch.setitem(CORPORA, "two", TWO_REPORTS)
    corpus = load_corpus("two")
    assert [report.uid for report in (*corpus.train, *corpus.val)] == ["1", "2"]
    assert corpus_of(resolve({"dataset": "two"})) == corpus  # as the commands load it


def test_an_output_format(run, monkeypatch, capsys):
    arguments = ["summarize", "Small left effusion.", "--checkpoint", str(run), "--num-beams", "1"]
    commands.main(arguments)
    plain = capsys.readouterr().out
    monkeypatch.setitem(WRITERS, "shouting", Shouting)
    commands.main([*arguments, "--format", "shouting"])
    assert capsys.readouterr().out == plain.rstrip("\n").upper() + "!\n"
