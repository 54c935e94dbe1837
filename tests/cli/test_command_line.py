"""Each command through its real entry point, and its users' mistakes: one line, status 2."""

import csv
import json
import os
import resource
import stat
import subprocess
import sys

import pytest
from places import ROOT
from programs import run
from stub_summaries import fake_checkpoint, stub, summary_of
from tiny import tiny_model, tiny_processor, write_sample_reports

import evaluate
import train
from graphsum import Summarizer
from graphsum.__main__ import main as graphsum
from graphsum.cli import summarize
from graphsum.consensus.settings import ConsensusSettings
from graphsum.options import resolve, save_options
from preprocessing.annotation import load_annotator
from preprocessing.annotation.cache import annotate_reports
from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.records import Report, to_json

FINDINGS = "There is a small left pleural effusion. Heart size is normal."


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """An untrained checkpoint in the shape of a run folder."""
    run_folder = tmp_path_factory.mktemp("run")
    processor = tiny_processor(max_source_length=128)
    tiny_model(processor).save_pretrained(run_folder / "best")
    processor.save_pretrained(run_folder / "best")
    return run_folder


def test_summary_reaches_a_pipe_and_a_closed_one_is_no_traceback(checkpoint):
    """The program ends without Python's own end, so everything must have been written."""
    command = [sys.executable, "-m", "graphsum", "summarize", "--checkpoint", str(checkpoint)]
    done = run(*command[1:], FINDINGS)
    assert done.returncode == 0
    assert done.stdout.endswith("\n")
    reader, writer = os.pipe()
    os.close(reader)
    closed = subprocess.run(
        [*command, FINDINGS], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    os.close(writer)
    assert closed.returncode == 1
    assert "Traceback" not in closed.stderr


@pytest.mark.parametrize(
    "arguments",
    [("train.py",), ("evaluate.py",), ("-m", "graphsum"), ("-m", "graphsum", "summarize"),
     ("-m", "graphsum.pretrain"), ("-m", "preprocessing")],
)  # fmt: skip
def test_help_answers_at_once(arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(*arguments, "--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert "usage" in done.stdout
    # Seconds of processor, whatever else the machine does.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2.5


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("train.py", "--preset", "smal"), ("did you mean 'small'",)),
        (("train.py", "--lerning-rate", "1"), ("unknown option --lerning-rate",)),
        (("train.py", "--batch_size", "1"), ("did you mean '--batch-size'",)),
        (("train.py", "--batch-size", "x"), ("--batch-size", "invalid int value: 'x'")),
        (("train.py", "--dataset", "openy"), ("did you mean 'openi'",)),
        (("train.py", "--dataset", "mimic-cxr", "--data-dir", "nowhere"), ("nowhere", "physionet")),
        (("train.py", "--dataset", "openi", "--data-dir", "nowhere"), ("nowhere", "download")),
        (("train.py", "--config", "nowhere.yaml"), ("nowhere.yaml", "cannot be read")),
        (("train.py", "--resume", "nowhere"), ("nowhere", "no training run here")),
        (("train.py", "--columns", "findings"), ("pairs of the form",)),
        (("train.py", "--output-dir", "/proc/run"), ("/proc/run", "cannot be written")),
        (("evaluate.py", "--checkpoint", "nowhere"), ("nowhere", "no such folder")),
        (("evaluate.py", "--checkpoint", "docs"), ("not a graphsum checkpoint",)),
        (("evaluate.py", "--predictions", "README.md"), ("README.md", "JSON")),
        (("evaluate.py", "--batch-size", "-1"), ("--batch-size must be at least 1, not -1",)),
        (("evaluate.py", "--num-beams", "0"), ("--num-beams must be at least 1, not 0",)),
        (("evaluate.py", "--examples", "-1"), ("--examples must be at least 0, not -1",)),
        (("evaluate.py", "--columns", "x=y"), ("'x'", "the fields are")),
        (("train.py", "--encoder", "/nope"), ("--encoder /nope", "no such folder")),
        (("train.py", "--decoder", "causal-lm", "--llm", "docs", "--init-from", "nope"),
         ("nope", "no such folder")),
        (("train.py", "--graphs", "nope"), ("--graphs nope", "no such file")),
        (("-m", "graphsum", "summarise"), ("invalid choice", "summarize")),
        (("-m", "graphsum", "summarize", "x", "--checkpoint", "docs"), ("not a graphsum",)),
        (("-m", "graphsum", "summarize", ""), ("empty",)),
        (("-m", "graphsum", "summarize", "--input", "nowhere.txt"), ("nowhere.txt",)),
        (("-m", "graphsum", "summarize", "README.md"), ("README.md", "--input")),
        (
            ("-m", "graphsum", "summarize", "--input", "setup.cfg", "--output", "./setup.cfg"),
            ("setup.cfg", "is the input"),
        ),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_status_two(arguments, parts):
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    for part in parts:
        assert part in done.stderr


def test_a_run_is_not_replaced_unasked(tmp_path):
    (tmp_path / "options.yaml").write_text("dataset: sample\n")
    with pytest.raises(InputError, match="already holds a run"):
        train.main(["--dataset", "sample", "--output-dir", str(tmp_path)])
    assert (tmp_path / "options.yaml").read_text() == "dataset: sample\n"


def test_summarize_text_stdin_and_file(checkpoint, tmp_path, capsys):
    given = ["summarize", "--checkpoint", str(checkpoint), "--num-beams", "1"]
    graphsum([*given, FINDINGS])
    direct = capsys.readouterr().out
    path = tmp_path / "report.txt"
    path.write_text(FINDINGS)
    graphsum([*given, "--input", str(path)])
    assert capsys.readouterr().out == direct
    piped = run("-m", "graphsum", *given, stdin=FINDINGS)
    assert piped.stdout == direct
    assert piped.returncode == 0


def test_summarize_a_table(checkpoint, tmp_path):
    table, result = tmp_path / "in.csv", tmp_path / "out.csv"
    with open(table, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "FINDINGS"])
        rows.writerow(["a", FINDINGS])
        rows.writerow(["b", 'Lungs are clear, "quoted",\nand a line break.'])
    graphsum(["summarize", "--checkpoint", str(checkpoint), "--input", str(table),
              "--output", str(result)])  # fmt: skip
    before, after = (
        list(csv.DictReader(p.read_text().splitlines(keepends=True))) for p in (table, result)
    )
    assert [row.pop("impression") for row in after] != []
    assert after == before
    lines, written = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines.write_text("".join(dumps({"findings": row["FINDINGS"], "n": 3}) for row in before))
    graphsum(["summarize", "--checkpoint", str(checkpoint), "--input", str(lines),
              "--output", str(written)])  # fmt: skip
    assert [sorted(json.loads(x)) for x in written.read_text().splitlines()] == [
        ["findings", "impression", "n"]
    ] * 2


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"a,b\n1,2\n", (), "no column 'findings' for findings; the table has 2 columns"),
        (b"findings,x\nclear lungs\n", (), r"in\.csv:2: 1 fields where the header has 2"),
        (b"findings\n\xff\xfe\x00\n", (), r"in\.csv:2"),
        (b"findings\n", (), "no rows"),
        (b"findings,impression\nclear,none\n", (), "already; give another --output-column"),
        (b"findings\nclear lungs\n", ("--output", "/proc/x/out.csv"), "cannot be written"),
        (b"findings\nclear lungs\n", ("--num-beams", "0"), "--num-beams must be at least 1"),
    ],
)
def test_bad_tables_leave_nothing_behind(checkpoint, tmp_path, content, options, message):
    path, result = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_bytes(content)
    given = ["summarize", "--checkpoint", str(checkpoint), "--input", str(path)]
    with pytest.raises(InputError, match=message):
        graphsum([*given, "--output", str(result), *options])
    assert not result.exists()


def test_unwritable_output_is_told_before_the_work(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(Summarizer, "from_pretrained", None)  # never reached
    path = tmp_path / "in.txt"
    path.write_text(FINDINGS)
    given = ["--checkpoint", str(checkpoint)]
    with pytest.raises(InputError, match="cannot be written"):
        graphsum(["summarize", *given, "--input", str(path), "--output", "/proc/out.txt"])
    with pytest.raises(InputError, match="cannot be written"):
        evaluate.main([*given, "--dataset", "sample", "--output-dir", "/proc/results"])


@pytest.mark.parametrize("content", [b"\x00\x01\xff\xfe\x93", b"", b" \n\t"])
def test_junk_for_findings(checkpoint, tmp_path, content):
    path = tmp_path / "junk.txt"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "graphsum", "summarize", "--checkpoint", str(checkpoint)],
        cwd=ROOT, input=content, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    with pytest.raises(InputError, match=r"junk\.txt"):
        graphsum(["summarize", "--checkpoint", str(checkpoint), "--input", str(path)])


def test_broken_weights_are_one_line(checkpoint, tmp_path):
    for file in (checkpoint / "best").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read"):
        Summarizer.from_pretrained(tmp_path)


def test_summarizer(checkpoint, caplog):
    summarizer = Summarizer.from_pretrained(checkpoint)
    texts = [FINDINGS, "Lungs are clear. No effusion.", "XXXX normal."]
    together = summarizer.summarize(texts, num_beams=3)
    assert together == [summarizer.summarize(text, num_beams=3) for text in texts]
    assert summarizer.summarize([]) == []
    empty = summarizer.summarize([FINDINGS, " .\n"])[1]
    assert (str(empty), empty.reason, empty.flags) == ("", "empty", ("no_information",))
    long = summarizer.summarize("Lungs are clear. " * 1700, num_beams=1)  # 5,100 words
    assert "truncated" in long.flags
    assert long.review
    assert "left out" in caplog.text


def test_consensus_is_the_default_where_the_checkpoint_says_so(checkpoint, tmp_path, capsys):
    for file in (checkpoint / "best").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    texts = [FINDINGS, "Lungs are clear. No effusion."]
    searched = Summarizer.from_pretrained(tmp_path).summarize(texts)
    ConsensusSettings(num_samples=3, temperature=2.0).save_pretrained(tmp_path)
    summarizer = Summarizer.from_pretrained(tmp_path)
    agreed = summarizer.summarize(texts)
    assert agreed == [summarizer.summarize(text, consensus=True) for text in texts]
    assert agreed != searched
    assert summarizer.summarize(texts, consensus=False) == searched
    assert summarizer.summarize(texts, num_beams=5) == searched
    for decoding, expected in (((), agreed), (("--no-consensus",), searched)):
        graphsum(["summarize", "--checkpoint", str(tmp_path), *decoding, FINDINGS])
        assert capsys.readouterr().out == str(expected[0]) + "\n"
    with pytest.raises(InputError, match="--num-beams: not allowed with argument --consensus"):
        graphsum(["summarize", "--consensus", "--num-beams", "2", FINDINGS])


def test_neighbours_vote_where_the_training_reports_are(checkpoint, tmp_path, capsys):
    """With all votes theirs, an untrained model writes what like training reports say."""
    for file in (checkpoint / "best").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    ConsensusSettings(num_samples=2, neighbour_weight=1.0).save_pretrained(tmp_path)
    reports = tmp_path / "reports.jsonl"
    write_sample_reports(reports, train=60, val=4, test=4)
    report = load_corpus("jsonl", data_dir=str(reports)).train[3]
    given = ["summarize", "--checkpoint", str(tmp_path), report.findings, "--neighbours"]
    with pytest.raises(InputError, match=r"no options\.yaml"):
        graphsum(given)
    save_options(resolve({"dataset": "jsonl", "data_dir": "moved.jsonl"}), tmp_path)
    with pytest.raises(InputError, match=r"moved\.jsonl"):
        graphsum(given)
    graphsum([*given, "--data-dir", str(reports)])
    assert capsys.readouterr().out == report.impression + "\n"
    for wrong in (["--num-beams", "2"], ["--no-consensus"]):
        with pytest.raises(InputError, match="--neighbours is for --consensus"):
            graphsum([*given, *wrong])
    with pytest.raises(InputError, match="--data-dir says where the reports of --neighbours"):
        graphsum(["summarize", FINDINGS, "--data-dir", str(reports)])


def test_another_version_of_the_annotator_is_told(checkpoint, tmp_path, caplog):
    Summarizer.from_pretrained(checkpoint)  # its version is "test", which no annotator has
    assert "trained on graphs of builtin test" in caplog.text
    caplog.clear()
    for file in (checkpoint / "best").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = tmp_path / "processor_config.json"
    version = load_annotator("builtin").version
    settings.write_text(settings.read_text().replace('"test"', json.dumps(version)))
    Summarizer.from_pretrained(tmp_path)
    assert "trained on graphs" not in caplog.text


@pytest.fixture(scope="session")
def predictions(tmp_path_factory):
    """References with one impression in three replaced: a file to score."""
    path = tmp_path_factory.mktemp("predictions") / "mixed.jsonl"
    reports = load_corpus("sample").test
    rows = [
        {"uid": r.uid, "prediction": "Normal." if i % 3 == 0 else r.impression}
        for i, r in enumerate(reports)
    ]
    path.write_text("".join(dumps(row) for row in rows))
    return path


def test_evaluate_predictions(predictions, tmp_path, capsys):
    perfect = tmp_path / "perfect.jsonl"
    perfect.write_text(
        "".join(
            dumps({"uid": r.uid, "prediction": r.impression}) for r in load_corpus("sample").test
        )
    )
    evaluate.main(["--predictions", str(perfect), "--compare", str(predictions),
                   "--output-dir", str(tmp_path / "out")])  # fmt: skip
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert set(metrics["duplicates"]) == {"n", "findings", "pairs", "patients"}
    assert set(metrics) >= {"fingerprint", "strata", "baselines", "comparisons"}
    assert set(metrics["strata"]) == {
        "all", "normal", "not_normal", "findings_seen", "findings_unseen", "not_normal_unseen"
    }  # fmt: skip
    assert metrics["strata"]["all"]["rougeL"] == 100.0
    assert metrics["strata"]["all"]["n"] == 180
    assert metrics["comparisons"]["other"]["all"]["p_value"]["rougeL"] < 0.01
    assert metrics["baselines"]["constant"]["all"]["rougeL"] < 60
    assert "fingerprint" in capsys.readouterr().out
    written = (tmp_path / "out" / "predictions.jsonl").read_text()
    assert written == perfect.read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "ROUGE-L" in page
    assert page.count("<dt>findings of sample-") == 20  # invented, so they may be shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[1:], "1 uids missing"),
        (lambda lines: [*lines, lines[0]], "more than once"),
        (lambda lines: [*lines, dumps({"uid": "x"})], '"prediction" must be a string'),
    ],
)
def test_predictions_that_do_not_fit(predictions, tmp_path, change, message):
    broken = tmp_path / "broken.jsonl"
    broken.write_text("".join(change(predictions.read_text().splitlines(keepends=True))))
    out = tmp_path / "out"
    with pytest.raises(InputError, match=message):
        evaluate.main(["--predictions", str(broken), "--output-dir", str(out)])
    assert not out.exists()


def test_reports_of_the_training_are_told(checkpoint, tmp_path, caplog, monkeypatch):
    """A random split of other reports than the checkpoint's own: some were learnt from."""
    reports = [*load_corpus("sample").test[:40]]
    table = tmp_path / "reports.jsonl"
    table.write_text("".join(dumps(to_json(report)) for report in reports))
    given = {"dataset": "jsonl", "data_dir": str(table), "split": "random", "split_seed": 1}
    for file in (checkpoint / "best").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    save_options(resolve(given), tmp_path)
    voters = []
    monkeypatch.setattr(
        Summarizer, "write", lambda self, texts, *_, train, **__: voters.append(train) or texts
    )
    out = ["--checkpoint", str(tmp_path), "--output-dir", str(tmp_path / "out")]
    evaluate.main(out)
    assert voters.pop() is None  # a search has no votes
    out.append("--consensus")
    evaluate.main(out)
    assert "of these" not in caplog.text
    evaluate.main([*out, "--split", "random", "--split-seed", "2"])
    first, second = (
        load_corpus("jsonl", data_dir=table, split="random", split_seed=n) for n in (1, 2)
    )
    known = {report.uid for report in first.train} & {report.uid for report in second.test}
    assert known
    assert f"was trained on {len(known)} of these {len(second.test)} reports" in caplog.text
    evaluate.main([*out, "--split", "train"])
    assert voters.pop() is None  # no report votes for itself
    for evidence, corpus in zip(voters, (first, second), strict=True):
        assert evidence.impressions == [report.impression for report in corpus.train]
    save_options(resolve(given | {"split": None, "split_file": str(tmp_path / "gone")}), tmp_path)
    evaluate.main([*out, "--split", "random", "--split-seed", "2"])
    assert "it is not known" in caplog.text


def test_examples_only_of_the_invented_corpus(checkpoint):
    with pytest.raises(InputError, match="invented"):
        evaluate.main(["--checkpoint", str(checkpoint), "--dataset", "openi", "--examples", "2"])


def test_results_are_written_before_they_are_printed(predictions, tmp_path):
    """A reader that goes away (``| head -1``) loses no results."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "evaluate.py", "--predictions", predictions, "--output-dir", tmp_path],
        stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "strata" in json.loads((tmp_path / "metrics.json").read_text())
    assert (tmp_path / "predictions.jsonl").read_text() == predictions.read_text()


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "parquet", "jsonl"])
def test_what_summarize_writes_evaluate_reads(tmp_path, monkeypatch, capsys, name):
    """A table with the reports' own impressions and German headers, and rows of all parts."""
    monkeypatch.setattr(summarize, "_summarizer", stub())
    source, output = tmp_path / "reports.csv", tmp_path / f"out.{name}"
    corpus = load_corpus("sample")
    with open(source, "w", newline="", encoding="cp1252") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["Nr", "BEFUND", "BEURTEILUNG", "Teil", "Größe"])
        for part in ("train", "test"):
            for report in getattr(corpus, part)[:30]:
                rows.writerow([report.uid, report.findings, report.impression, part, ""])
    columns = ["--columns", "uid=nr", "findings=befund", "impression=Beurteilung", "split=teil"]
    graphsum(["summarize", "--checkpoint", str(fake_checkpoint(tmp_path / "best")),
              "--input", str(source), "--output", str(output), "--output-column", "Prediction",
              "--explain", *columns])  # fmt: skip
    evaluate.main(["--dataset", "csv", "--data-dir", str(source), "--predictions", str(output),
                   "--output-dir", str(tmp_path / "results"), *columns])  # fmt: skip
    written = [json.loads(x) for x in (tmp_path / "results/predictions.jsonl").open()]
    expected = {r.uid: str(summary_of(r.findings)) for r in corpus.test[:30]}
    assert {row["uid"]: row["prediction"] for row in written} == expected
    assert "test findings that occur in train: " in capsys.readouterr().out


def test_annotations_are_for_their_owner_alone(tmp_path):
    cache = tmp_path / "new" / "cache"
    reports = [Report("1", "Clear lungs.")]
    annotator = load_annotator("builtin")
    for _ in range(2):
        annotate_reports(reports, annotator, cache_dir=cache, corpus="x", progress=False)
        [file] = cache.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(cache.stat().st_mode) == 0o700
        file.chmod(0o644)  # as earlier versions left it


EVALUATE = "from graphsum.command_line import run; run(lambda _: print('a \\u00b1 b'))"


@pytest.mark.parametrize(
    ("redirection", "encoding", "status"),
    [(">/dev/full", "utf-8", 1), (">&-", "utf-8", 0), ("", "ascii", 0)],
)
def test_output_that_cannot_be_written_is_no_traceback(redirection, encoding, status):
    done = subprocess.run(
        ["bash", "-c", f'"$0" -c "$1" {redirection}', sys.executable, EVALUATE],
        cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    if encoding == "ascii":
        assert done.stdout == "a \\xb1 b\n"
