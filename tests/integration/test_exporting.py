"""A checkpoint to give away: the same impressions, half the size, no path of this machine."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny import PAIRS, graph_of, tiny_model, tiny_processor, write_sample_reports

from graphsum.__main__ import main
from graphsum.consensus.neighbours import naming_rates
from graphsum.consensus.settings import ConsensusSettings
from graphsum.models.building import build_processor
from graphsum.models.generation import generate_impressions
from graphsum.models.loading import load_model
from graphsum.models.processing import GraphSumProcessor, ProcessorSettings
from graphsum.models.tokenizers import train_tokenizer
from graphsum.options import Progress, resolve, run_options, runs, save_options
from graphsum.options.runs import corpus_of
from graphsum.training.checkpoints import save_model
from graphsum.training.exporting import export_checkpoint
from preprocessing.errors import InputError, RunError
from preprocessing.files import dumps

CORPUS = {"dataset": "jsonl"}
SHIPPED = Path("checkpoints/openi")


@pytest.fixture
def trained(tmp_path):
    """A run folder with a model that nobody trained."""
    run, processor = tmp_path / "run", tiny_processor()
    tiny_model(processor, copy=True).save_pretrained(run / "best")
    processor.save_pretrained(run / "best")
    (tmp_path / "an-encoder").mkdir()
    given = CORPUS | {"data_dir": str(tmp_path / "nowhere.jsonl"), "seed": 5}
    given |= {"encoder": str(tmp_path / "an-encoder"), "output_dir": str(run)}
    save_options(resolve(given), run)
    return run


def test_exported_checkpoint_writes_the_same(trained, tmp_path, capsys):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "README.md").write_text("a model card")
    reports = tmp_path / "reports.jsonl"
    write_sample_reports(reports, train=40, val=4, test=4)
    main(["export", "--checkpoint", str(trained), "--output", str(folder), "--consensus",
          "--data-dir", str(reports)])  # fmt: skip
    assert "done" in capsys.readouterr().out
    assert (folder / "README.md").read_text() == "a model card"
    whole, half = load_model(trained / "best"), load_model(folder)
    assert half.contrastive is None
    assert {p.dtype for p in half.parameters()} == {torch.float32}  # computed as before
    size = (folder / "model.safetensors").stat().st_size
    assert size < 0.6 * (trained / "best" / "model.safetensors").stat().st_size
    processor = GraphSumProcessor.from_pretrained(folder)
    graphs = [graph_of(str(row), findings) for row, (findings, _) in enumerate(PAIRS)]
    examples = list(processor.examples(graphs))
    assert generate_impressions(half, processor, examples) == generate_impressions(
        whole, processor, examples
    )
    rates = naming_rates(corpus_of(resolve(CORPUS | {"data_dir": str(reports)})).train)
    assert ConsensusSettings.from_pretrained(folder) == ConsensusSettings(naming_rates=rates)
    for file in folder.iterdir():
        assert b"pleural effusion." not in file.read_bytes(), file.name  # no report text
    # Colleagues can read the weights as well as the rest.
    assert len({file.stat().st_mode for file in folder.iterdir()}) == 1


def test_consensus_asks_for_the_training_reports(trained, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        export_checkpoint(trained, tmp_path / "given", consensus=True)
    (trained / "options.yaml").unlink()
    with pytest.raises(InputError, match=r"no options\.yaml says what it was trained on"):
        export_checkpoint(trained, tmp_path / "given", consensus=True)
    assert not (tmp_path / "given").exists()
    assert not (tmp_path / "given.new").exists()


def test_exported_checkpoint_names_no_local_path(trained, tmp_path):
    folder = export_checkpoint(trained, tmp_path / "given").folder
    options = run_options(folder)
    assert (options.seed, options.dataset, options.encoder) == (5, "jsonl", "an-encoder")
    assert options.data_dir is None
    for path in folder.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes(), path.name
    assert ConsensusSettings.from_pretrained(folder) is None
    assert not (tmp_path / "given.new").exists()


def test_training_reports_are_for_counting_only(trained, tmp_path):
    with pytest.raises(InputError, match="--data-dir is for --min-reports"):
        main(["export", "--checkpoint", str(trained), "--output", str(tmp_path / "given"),
              "--data-dir", "somewhere", "--min-reports", "1"])  # fmt: skip


def test_a_folder_in_use_is_left_alone(trained, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="already there"):
        export_checkpoint(trained, folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_run_with_an_llm_is_not_exported(trained, tmp_path):
    given = {"preset": "radiology-gpt", "llm": "some/llm"}
    save_options(resolve(given), trained)
    with pytest.raises(InputError, match="made with an LLM"):
        export_checkpoint(trained, tmp_path / "given")
    assert not (tmp_path / "given").exists()


def test_what_ships_is_used_where_nothing_was_trained(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "SHIPPED", (SHIPPED,))
    with pytest.raises(InputError, match="no finished run"):
        runs.find_checkpoint(None)
    (tmp_path / "checkpoints").mkdir()
    export_checkpoint(trained, SHIPPED)
    assert runs.find_checkpoint(None) == SHIPPED
    trained.rename(tmp_path / "checkpoints" / "mine")
    assert runs.find_checkpoint(None) == runs.RUNS / "mine" / "best"


def test_a_run_on_invented_reports_writes_only_where_there_is_nothing_else(
    trained, tmp_path, monkeypatch, capsys
):
    """A first look must not decide what is made of somebody's findings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "SHIPPED", (SHIPPED,))
    (tmp_path / "checkpoints").mkdir()
    sample = runs.RUNS / "sample-tiny"
    shutil.copytree(trained, sample)
    save_options(resolve({"dataset": "sample"}), sample)
    assert runs.find_checkpoint(None, for_use=True) == sample / "best"
    export_checkpoint(trained, SHIPPED)
    assert runs.find_checkpoint(None, for_use=True) == SHIPPED
    assert runs.find_checkpoint(None) == sample / "best"
    assert runs.find_checkpoint(sample, for_use=True) == sample / "best"
    main(["summarize", "--num-beams", "1", "Lungs are clear."])
    assert f"checkpoint: {SHIPPED}, trained on " in capsys.readouterr().err
    trained.rename(runs.RUNS / "mine")
    (runs.RUNS / "broken" / "best").mkdir(parents=True)  # of another version: still somebody's
    (runs.RUNS / "broken" / "options.yaml").write_text("unknown: 1\n")
    assert runs.find_checkpoint(None, for_use=True) == runs.RUNS / "broken" / "best"
    shutil.rmtree(runs.RUNS / "broken")
    assert runs.find_checkpoint(None, for_use=True) == runs.RUNS / "mine" / "best"


def test_a_run_in_progress_is_not_taken_unasked(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "SHIPPED", ())
    run = runs.RUNS / "mine"
    run.parent.mkdir()
    trained.rename(run)
    (run / "last").mkdir(exist_ok=True)

    def state(step, without_gain, **given):
        Progress(step, validations_without_gain=without_gain).write(run / "last")
        save_options(resolve({"dataset": "csv", "max_steps": 20, **given}), run)
        return runs.is_finished(run)

    assert not state(10, 3)  # --patience 0: never stopped early
    with pytest.raises(InputError, match="no finished run"):
        runs.find_checkpoint(None)
    assert runs.find_checkpoint(run) == run / "best"  # by its name it can be had
    assert not state(10, 1, patience=2)
    assert state(10, 2, patience=2)
    assert state(20, 0)
    assert runs.find_checkpoint(None) == run / "best"
    assert not state(20, 0, max_steps=30)  # resumed with more steps


def test_the_shipped_checkpoint_is_found_from_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = runs.choose_checkpoint(None)
    assert folder.is_absolute()
    assert folder.parts[-2:] == ("checkpoints", "openi")
    assert capsys.readouterr().err.startswith(f"checkpoint: {folder}, trained on openi (")


def test_what_was_chosen_is_said_with_corpus_and_step(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runs.RUNS.mkdir()
    trained.rename(runs.RUNS / "mine")
    save_options(resolve({"dataset": "csv"}), runs.RUNS / "mine")
    Progress(70).write(runs.RUNS / "mine" / "best")
    folder = runs.choose_checkpoint(None)
    assert f"checkpoint: {folder}, trained on csv, step 70 (" in capsys.readouterr().err
    runs.choose_checkpoint(folder)
    assert capsys.readouterr().err == ""


@pytest.fixture
def named(tmp_path):
    """A run whose vocabulary was fitted to reports, two of which name somebody; and the reports."""
    run, reports = tmp_path / "run", tmp_path / "reports.jsonl"
    write_sample_reports(reports, train=40, val=4, test=4)
    rows = [json.loads(line) for line in reports.read_text().splitlines()]
    for row in rows[:2]:
        row["findings"] += " Discussed with Zbigniewska."
    reports.write_text("".join(map(dumps, rows)))
    texts = [row[part] for row in rows[:40] for part in ("findings", "impression")]
    settings = ProcessorSettings("builtin", "test", whole_words=True)
    processor = GraphSumProcessor(train_tokenizer(texts, vocab_size=2000), settings)
    save_model(tiny_model(processor, copy=True), processor, run / "best")
    save_options(resolve(CORPUS | {"data_dir": str(reports)}), run)
    return run, texts


@pytest.mark.parametrize("min_reports", [3, 20])
def test_rare_words_are_left_out_of_what_is_given_away(named, tmp_path, capsys, min_reports):
    run, texts = named
    name = "zbigniewska"
    assert name in (run / "best" / "tokenizer.json").read_text()  # a run keeps its own
    main(["export", "--checkpoint", str(run), "--output", str(tmp_path / "given"),
          "--min-reports", str(min_reports)])  # fmt: skip
    printed = capsys.readouterr().out
    card = (tmp_path / "given" / "README.md").read_text()
    assert f"at least {min_reports} different training reports" in card
    before, after = (
        GraphSumProcessor.from_pretrained(f) for f in (run / "best", tmp_path / "given")
    )
    tokens = after.tokenizer.get_vocab()
    assert f"{len(before.tokenizer) - len(tokens)} of {len(before.tokenizer)} tokens" in printed
    pieces = {name[i:j] for i in range(len(name)) for j in range(i + 5, len(name) + 1)}
    assert not {token.strip("\u2581") for token in tokens} & pieces
    assert name in after.tokenizer.decode(after.tokenizer(name)["input_ids"])  # it can be spelled
    reports = [" ".join(pair).lower() for pair in zip(texts[::2], texts[1::2], strict=True)]
    for token in tokens:  # by a slow second count
        plain = token.strip("\u2581")
        if len(plain) > 1 and not plain.startswith("["):
            assert sum(plain in report for report in reports) >= min_reports, token
    # The others have the weights that they had.
    whole, half = load_model(run / "best"), load_model(tmp_path / "given")
    old = before.tokenizer.get_vocab()
    for part in ("text_encoder", "decoder"):
        mine, theirs = (
            getattr(model, part).get_input_embeddings().weight for model in (half, whole)
        )
        for token, row in tokens.items():
            assert torch.equal(mine[row], theirs[old[token]].half().float())
    words = [
        t for t in reports[5].split() if all(p in tokens for p in before.tokenizer.tokenize(t))
    ]
    same = [m.tokenizer.tokenize(" ".join(words)) for m in (before, after)]
    assert same[0] == same[1]


def test_all_words_can_be_kept(named, tmp_path):
    exported = export_checkpoint(named[0], tmp_path / "given", min_reports=1)
    assert exported.left_out == 0
    assert "kept all words" in (tmp_path / "given" / "README.md").read_text()


def test_export_says_what_it_needs_the_reports_for(named, tmp_path):
    save_options(resolve(CORPUS | {"data_dir": str(tmp_path / "moved.jsonl")}), named[0])
    with pytest.raises(InputError, match="--data-dir says where they lie"):
        export_checkpoint(named[0], tmp_path / "given")
    assert not (tmp_path / "given").exists()


def test_a_run_may_leave_rare_words_out_of_its_own_vocabulary(named):
    options = run_options(named[0])
    corpus = corpus_of(options)
    graphs = [graph_of(report.uid, report.findings) for report in corpus.train]
    found = []
    for least in (1, 3):
        given = replace(options, vocab_min_reports=least)
        tokenizer = build_processor(given, corpus, graphs, "").tokenizer
        found.append("zbigniewska" in tokenizer.backend_tokenizer.to_str())
    assert found == [True, False]
    with pytest.raises(InputError, match="--trim-vocab"):
        resolve({"encoder": "x", "vocab_min_reports": 2})


def test_what_a_kill_left_is_completed(trained, tmp_path, monkeypatch):
    """Killed while the files get their names, or before, export can be run again."""
    folder = tmp_path / "given"
    (tmp_path / "given.new").mkdir()
    (tmp_path / "given.new" / "notes.txt").write_text("mine")
    replaced = []

    def killed(source, target):
        if len(replaced) == 3:
            raise KeyboardInterrupt
        replaced.append(target)
        os.rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("graphsum.training.exporting.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            export_checkpoint(trained, folder)
    export_checkpoint(trained, folder)
    load_model(folder)
    assert (tmp_path / "given.new" / "notes.txt").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} >= {"given", "given.new"}
    assert not list(tmp_path.glob(".given*"))
    with pytest.raises(InputError, match="already there"):
        export_checkpoint(trained, folder)


def test_a_full_disk_leaves_nothing_half_written(trained, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("graphsum.training.exporting.save_options", full)
        with pytest.raises(RunError, match="No space left on device"):
            export_checkpoint(trained, tmp_path / "given")
    assert not (tmp_path / "given").exists()
    assert not list(tmp_path.glob(".given*"))
