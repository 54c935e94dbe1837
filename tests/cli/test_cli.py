"""``graphsum`` and its subcommands through the real entry point, and the doors to the same code."""

import json
import re
import resource
from dataclasses import fields

import pytest
from programs import run, run_fresh
from tiny import write_sample_reports

from graphsum import __version__
from graphsum.options import PretrainOptions, TrainOptions

GRAPHSUM = ("-m", "graphsum")
PREPROCESS = (*GRAPHSUM, "preprocess")


def succeeds(*arguments, cwd):
    done = run(*GRAPHSUM, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def options_in_help(*arguments):
    done = run(*arguments, "--help")
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"--[a-z][a-z-]*", done.stdout.partition("options:")[2]))


@pytest.mark.parametrize(
    "arguments",
    [(), ("summarize",), ("train",), ("evaluate",), ("export",), ("pretrain",), ("page",),
     ("tune",), ("reward",),
     ("style",),
     ("preprocess",), ("preprocess", "annotate"), ("preprocess", "graph"), ("preprocess", "show"),
     ("preprocess", "stats"), ("preprocess", "download"), ("study",), ("study", "make"),
     ("study", "analyse"), ("study", "power"), ("llm",),
     ("llm", "fetch"), ("llm", "convert")],
)  # fmt: skip
def test_help(arguments):
    done = run(*GRAPHSUM, *arguments, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(" ".join(["usage: graphsum", *arguments]))


@pytest.mark.parametrize("arguments", [(), ("summarize",), ("train",), ("preprocess", "annotate")])
def test_help_answers_at_once(arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run_fresh(*GRAPHSUM, *arguments, "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Seconds of processor, whatever else the machine does.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2.5


def test_the_version():
    assert run(*GRAPHSUM, "--version").stdout == f"graphsum {__version__}\n"


def test_the_grammar_needs_no_torch():
    program = """
import sys
from graphsum.cli.main import build_parser
build_parser()
print([name for name in ("torch", "transformers", "spacy", "numpy") if name in sys.modules])
"""
    assert run_fresh("-c", program).stdout == "[]\n"


@pytest.mark.parametrize(
    ("door", "subcommand"),
    [(("train.py",), "train"), (("evaluate.py",), "evaluate"),
     (("-m", "graphsum.pretrain"), "pretrain"), (("-m", "preprocessing", "graph"), "graph")],
)  # fmt: skip
def test_the_doors_take_the_same_options(door, subcommand):
    whole = PREPROCESS if subcommand == "graph" else GRAPHSUM
    options = options_in_help(*whole, subcommand)
    assert len(options) > 5
    assert options_in_help(*door) == options


@pytest.mark.parametrize(
    ("arguments", "headings"),
    [(("train",), ["run", "data", "model", "language model as decoder", "training"]),
     (("pretrain",), ["data", "model", "training"]),
     (("tune",), ["run", "what", "data", "method", "training"]),
     (("evaluate",), ["what is scored", "data", "decoding", "language model"]),
     (("summarize",), ["input and output", "style", "model", "decoding"])],
)  # fmt: skip
def test_options_stand_under_headings(arguments, headings):
    text = run(*GRAPHSUM, *arguments, "--help").stdout
    found = re.findall(r"^(\w.*):$", text, re.MULTILINE)
    assert found[0] == "options"  # --help alone
    assert [name.partition(" (")[0] for name in found[1:]] == headings


@pytest.mark.parametrize("cls", [TrainOptions, PretrainOptions])
def test_every_option_of_a_run_has_a_heading(cls):
    assert "group" in fields(cls)[0].metadata


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("-m graphsum", ("required: COMMAND", "graphsum --help")),
        ("-m graphsum trian", ("invalid choice: 'trian'", "graphsum --help")),
        ("-m graphsum train --batch_size 1",
         ("did you mean '--batch-size'", "graphsum train --help")),
        ("-m graphsum train --preset smal", ("did you mean 'small'",)),
        ("-m graphsum train --columns findings", ("pairs of the form",)),
        ("-m graphsum evaluate --chekpoint x",
         ("did you mean '--checkpoint'", "graphsum evaluate --help")),
        ("-m graphsum evaluate --checkpoint nowhere", ("nowhere", "no such folder")),
        ("-m graphsum summarize --num-beams x", ("--num-beams", "graphsum summarize --help")),
        ("-m graphsum export", ("required: --output", "graphsum export --help")),
        (
            "-m graphsum export --output x --data-dir y --min-reports 1",
            ("--data-dir is for --min-reports",),
        ),
        ("-m graphsum export --output x --checkpoint docs", ("not a graphsum checkpoint",)),
        ("-m graphsum pretrain --width 40", ("--width must be a multiple of 32",)),
        ("-m graphsum preprocess", ("required: COMMAND", "graphsum preprocess --help")),
        ("-m graphsum preprocess graph --rul wgsum --output x", ("did you mean '--rule'",)),
        ("-m graphsum preprocess stats", ("give --dataset NAME",)),
        ("-m graphsum preprocess stats --dataset openy", ("did you mean 'openi'",)),
        ("-m graphsum preprocess download mimic-cxr", ("mimic-cxr",)),
        ("train.py --lerning-rate 1", ("unknown option --lerning-rate", "train.py --help")),
        ("evaluate.py --spilt val", ("did you mean '--split'", "evaluate.py --help")),
        ("-m graphsum.pretrain --width x", ("python -m graphsum.pretrain --help",)),
        ("-m preprocessing graph", ("required: --output", "python -m preprocessing graph --help")),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_status_two(arguments, parts):
    done = run(*arguments.split())
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    for part in parts:
        assert part in done.stderr


def test_from_reports_to_a_checkpoint_to_give_away(tmp_path):
    """All subcommands in turn, in a folder of their own; the defaults find what came before."""
    write_sample_reports(tmp_path / "reports.jsonl", train=40, val=4, test=5)
    corpus = ("--dataset", "jsonl", "--data-dir", "reports.jsonl")
    assert "49 reports" in succeeds("preprocess", "stats", *corpus, cwd=tmp_path)
    succeeds("preprocess", "graph", *corpus, "--output", "graphs.jsonl", cwd=tmp_path)
    assert len((tmp_path / "graphs.jsonl").read_text().splitlines()) == 49

    out = succeeds(
        *("train", *corpus, "--preset", "tiny", "--batch-size", "4", "--graphs", "graphs.jsonl"),
        *("--max-steps", "4", "--validate-every", "2", "--output-dir", "checkpoints/mine"),
        cwd=tmp_path,
    )
    assert "done: checkpoints/mine; next: graphsum evaluate --checkpoint checkpoints/mine" in out
    greedy = ("evaluate", "--num-beams", "1")
    assert "checkpoints/mine/best" in succeeds(*greedy, "--mend", cwd=tmp_path)
    lines = (tmp_path / "results/jsonl-mine-test/predictions.jsonl").read_text().splitlines()
    mended = [json.loads(line)["prediction"] for line in lines]
    assert all(text.endswith(".") for text in mended)  # what four steps teach is dropped
    metrics = json.loads((tmp_path / "results/jsonl-mine-test/metrics.json").read_text())
    assert metrics["strata"]["all"]["n"] == 5
    page = (tmp_path / "results/jsonl-mine-test/report.html").read_text()
    assert "Scores on validation reports" in page
    rows = map(json.loads, (tmp_path / "reports.jsonl").read_text().splitlines())
    assert not any(row["findings"] in page for row in rows)

    assert "done: given (" in succeeds("export", "--output", "given", cwd=tmp_path)
    done = run(*GRAPHSUM, "summarize", "Heart size is normal.", "--num-beams", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("checkpoint: checkpoints/mine/best")
    assert done.stdout.endswith("\n")
    given = ("--checkpoint", "given", "--num-beams", "1")
    assert succeeds("summarize", "Heart size is normal.", *given, cwd=tmp_path) == done.stdout


def test_pretrain(tmp_path):
    write_sample_reports(tmp_path / "reports.jsonl", train=40, val=4, test=4)
    out = succeeds(
        *("pretrain", "--dataset", "jsonl", "--data-dir", "reports.jsonl", "--layers", "1"),
        *("--width", "32", "--vocab-size", "200", "--epochs", "1", "--output-dir", "llm"),
        cwd=tmp_path,
    )
    assert "next: graphsum train --llm llm" in out
    assert (tmp_path / "llm" / "model.safetensors").is_file()
