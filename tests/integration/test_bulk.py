"""``graphsum summarize`` of whole tables: formats, columns, rejects, progress, and kills."""

import csv
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time

import invented_tables
import programs
import pytest
import stub_summaries
from invented_tables import BROKEN, CANARY, KINDS
from places import ROOT
from stub_summaries import fake_checkpoint, stub, summary_of

from graphsum.cli import summarize
from graphsum.cli.main import main
from graphsum.writers import WRITERS, ExcelWriter, Writer
from preprocessing.errors import InputError
from preprocessing.tables import open_table

FORMATS = {"csv": "csv", "tsv": "tsv", "xlsx": "xlsx", "parquet": "parquet", "jsonl": "jsonl",
           "text": "txt"}  # fmt: skip
EXPLAINED = ["impression", "review", "confidence", "flags", "reason", "supporting_sentences",
             "left_out", "checkpoint"]  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return fake_checkpoint(tmp_path_factory.mktemp("run") / "best")


@pytest.fixture
def command(checkpoint, monkeypatch):
    """Runs the command in this process, without a model."""
    monkeypatch.setattr(summarize, "_summarizer", stub())

    def run(*arguments):
        main(["summarize", "--checkpoint", str(checkpoint), *map(str, arguments)])

    return run


def written(path):
    """The rows of an output, cells without content as empty text."""
    return [
        {name: "" if value is None else value for name, value in row.values.items()}
        for row in open_table(path, {"findings": "impression"}).rows()
    ]


def test_every_format_has_a_case_here():
    assert set(WRITERS) >= set(FORMATS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_impressions_and_its_columns_back(command, tmp_path, kind):
    source, output = tmp_path / kind, tmp_path / "out.jsonl"
    rows = invented_tables.rows(13)
    KINDS[kind](source, rows)
    command("--input", source, "--output", output, "--batch-size", 1)
    back = [json.loads(line) for line in output.read_text().splitlines()]
    impressions = [row.pop("impression") for row in back]
    assert impressions == [str(summary_of(row["Findings "])) for row in rows]
    values = [[value or "" for value in row.values()] for row in back]
    assert values == [list(row.values()) for row in rows]
    assert not output.with_name("out.jsonl.rejects.jsonl").exists()
    assert {path.name for path in tmp_path.iterdir()} == {kind, "out.jsonl"}


@pytest.mark.smoke
@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "parquet", "jsonl"])
@pytest.mark.parametrize("kind", ["semicolon.csv", "book.xlsx", "columns.parquet", "list.json"])
def test_every_format_can_be_read_again(command, tmp_path, name, kind):
    source, output = tmp_path / kind, tmp_path / f"out.{name}"
    rows = invented_tables.rows(11)
    KINDS[kind](source, rows)
    command("--input", source, "--output", output, "--explain")
    back = written(output)
    own = len(rows[0])
    assert [list(map(str, row.values()))[:own] for row in back] == [
        list(row.values()) for row in rows
    ]
    whole = ["summary"] if name == "jsonl" else []
    assert list(back[0])[own:] == EXPLAINED + whole
    nested = name == "jsonl"
    assert back[0]["flags"] == (["mended"] if nested else "mended")
    supporting = "Heart size is normal."
    assert back[0]["supporting_sentences"] == ([supporting] if nested else supporting)
    left_out = "Scarring (need not be reported)"
    assert back[0]["left_out"] == ([left_out] if nested else left_out)
    typed = name in ("xlsx", "parquet", "jsonl")
    assert back[0]["confidence"] == (0.25 if typed else "0.25")
    assert back[0]["review"] == (True if typed else "true")


def test_a_format_may_ask_for_the_whole_summary_and_all_rows(command, tmp_path, monkeypatch):
    class Page(Writer):
        nested = whole = True

        def text(self, rows, column):
            return "".join(
                f"{row[self.findings]} -> {row[column]} {row['summary']['ledger'][0]['verdict']}\n"
                for row in rows
            )

    monkeypatch.setitem(WRITERS, "page", Page)
    source, output = tmp_path / "in.csv", tmp_path / "out.page"
    source.write_text("Nr;Befund\n1;Clear lungs.\n2;Normal heart.\n")
    command("--input", source, "--output", output, "--columns", "findings=befund")
    assert output.read_text().splitlines() == [
        "Clear lungs. -> Clear lungs. supported",
        "Normal heart. -> Normal heart. supported",
    ]


def test_types_of_a_table_are_kept(command, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    import datetime

    from pyarrow import parquet

    day = datetime.datetime(2021, 5, 6, 7, 8, 9)
    record = {"findings": "=Clear.", "n": 7, "x": 0.5, "yes": True, "day": day, "long": 10**17,
              "tags": ["a", "b"], "none": None}  # fmt: skip
    source = tmp_path / "in.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([record, record]), source)
    for name in ("parquet", "xlsx", "jsonl", "csv"):
        command("--input", source, "--output", tmp_path / f"out.{name}")
    schema = parquet.read_schema(tmp_path / "out.parquet")
    assert schema.remove(len(schema) - 1).equals(parquet.read_schema(source))
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist()[0] == {
        **record, "impression": "=Clear."
    }  # fmt: skip
    in_excel = next(open_table(tmp_path / "out.xlsx").rows()).values
    assert in_excel == {**record, "tags": '["a", "b"]', "long": str(10**17),
                        "impression": "=Clear."}  # fmt: skip
    in_json = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert in_json == {**record, "day": day.isoformat(), "impression": "=Clear."}
    assert (tmp_path / "out.csv").read_text().splitlines()[1].endswith(',"[""a"", ""b""]",,=Clear.')
    # Back from a workbook the types are inferred.
    command("--input", tmp_path / "out.xlsx", "--output", tmp_path / "again.parquet",
            "--output-column", "second")  # fmt: skip
    again = parquet.read_schema(tmp_path / "again.parquet")
    assert [str(again.field(name).type) for name in ("n", "x", "yes", "day", "long", "none")] == [
        "int64", "double", "bool", "timestamp[us]", "string", "string"
    ]  # fmt: skip


def test_control_characters_survive_a_workbook(command, tmp_path):
    source, first, second = (tmp_path / name for name in ("in.jsonl", "a.xlsx", "b.jsonl"))
    text = "Clear\x0b lungs.\r\nNo _x000B_ effusion\x1f."
    source.write_text(json.dumps({"findings": text.replace("_x000B_", "")}))
    command("--input", source, "--output", first)
    command("--input", first, "--output", second, "--output-column", "again")
    assert json.loads(second.read_text())["findings"] == text.replace("_x000B_", "")


def test_what_a_workbook_cannot_hold_is_told_before_the_work(command, tmp_path, monkeypatch):
    source, output = tmp_path / "in.csv", tmp_path / "out.xlsx"
    source.write_text("findings\nClear.\n" + "long " * 7000 + "\n")
    with pytest.raises(InputError, match=r"in\.csv:3: column 1 is longer than a cell"):
        command("--input", source, "--output", output)
    monkeypatch.setattr(ExcelWriter, "max_rows", 1)
    source.write_text("findings\nClear.\nClear.\n")
    with pytest.raises(InputError, match=r"in\.csv:3: more rows than a sheet can hold"):
        command("--input", source, "--output", output)
    with pytest.raises(InputError, match="xlsx cannot go to standard output"):
        command("--input", source, "--format", "xlsx")


def test_delimiter_and_mark_of_the_input_are_kept(command, tmp_path, capsys):
    for kind, start in {
        "semicolon.csv": b"Nr;",
        "mark.csv": b"\xef\xbb\xbfNr,",
        "western.csv": b"\xef\xbb\xbfNr;",
        "tab_called.csv": b"Nr,",
    }.items():
        source, output = tmp_path / kind, tmp_path / "out.csv"
        KINDS[kind](source, invented_tables.rows())
        command("--input", source, "--output", output)
        assert output.read_bytes().startswith(start)
    capsys.readouterr()
    KINDS["tab.tsv"](tmp_path / "tab.tsv", invented_tables.rows())
    command("--input", tmp_path / "tab.tsv")
    assert capsys.readouterr().out.startswith("Nr\tFindings\tDatum")


def test_the_format_goes_by_name_option_or_input(command, tmp_path, capsys):
    source = tmp_path / "in.csv"
    source.write_text("uid,findings\n1,Clear lungs.\n")
    command("--input", source, "--output", tmp_path / "a.out", "--format", "jsonl")
    assert (tmp_path / "a.out").read_text().startswith('{"uid":"1"')
    command("--input", source, "--output", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "Clear lungs.\n"
    command("--input", source, "--output", tmp_path / "none")
    assert (
        tmp_path / "none"
    ).read_text() == "uid,findings,impression\n1,Clear lungs.,Clear lungs.\n"
    with pytest.raises(InputError, match=r"unknown output format 'xls' .did you mean 'xlsx'"):
        command("--input", source, "--output", tmp_path / "a.xls")
    with pytest.raises(InputError, match="--explain adds columns, and text has none"):
        command("--explain", "Clear lungs.")
    capsys.readouterr()
    command("--format", "csv", "Clear lungs.")
    assert capsys.readouterr().out == "findings,impression\nClear lungs.,Clear lungs.\n"


def test_empty_rows_are_rejects_and_refuse_nothing(command, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("uid,findings\na,Clear lungs.\nb,\nc,  \nd,Normal heart.\n")
    command("--input", source, "--output", output)
    assert "2 of 4" not in capsys.readouterr().err  # the stub asks for a review everywhere
    assert [row["impression"] for row in written(output)] == [
        "Clear lungs.",
        "",
        "",
        "Normal heart.",
    ]
    rejects = tmp_path / "out.csv.rejects.jsonl"
    assert [json.loads(line) for line in rejects.read_text().splitlines()] == [
        {"row": 2, "uid": "b", "reason": "empty"},
        {"row": 3, "uid": "c", "reason": "empty"},
    ]
    command("--input", source, "--output", output, "--skip-empty")
    assert [row["uid"] for row in written(output)] == ["a", "d"]
    assert len(rejects.read_text().splitlines()) == 2
    source.write_text("uid,findings\na,Clear lungs.\n")
    command("--input", source, "--output", output)
    assert not rejects.exists()
    source.write_text("uid,findings\na,\n")
    command("--input", source, "--output", tmp_path / "none.parquet", "--skip-empty")
    assert written(tmp_path / "none.parquet") == []


def test_text_with_a_separator_and_tables_on_standard_input(command, tmp_path, monkeypatch):
    source, output = tmp_path / "many.txt", tmp_path / "out.csv"
    source.write_text("Clear lungs.\n===\nNormal heart,\nas before.\n===\n")
    command("--input", source, "--separator", "===", "--output", output)
    with open(output, newline="") as file:
        assert [row["impression"] for row in csv.DictReader(file)] == [
            "Clear lungs.", "Normal heart, as before."
        ]  # fmt: skip
    with pytest.raises(InputError, match="--separator is a line of the text file"):
        command("--separator", "===", "Clear")
    for table in ("uid;findings\n1;Clear.\n", "Nr;Befund\n1;Frei\n", '{"findings": "a"}\n'):
        monkeypatch.setattr(sys, "stdin", open_stream(table))
        with pytest.raises(InputError, match="standard input: this looks like a table"):
            command()
    monkeypatch.setattr(sys, "stdin", open_stream("Nr;Befund\n1;Frei\n"))
    command("--input-format", "text")


def open_stream(text):
    import io

    return io.TextIOWrapper(io.BytesIO(text.encode()))


@pytest.mark.parametrize("name", BROKEN)
def test_broken_tables_are_one_line_and_leave_nothing(command, tmp_path, name, capsys):
    source, output = tmp_path / name, tmp_path / "out" / "out.csv"
    source.write_bytes(BROKEN[name])
    with pytest.raises(InputError) as error:
        command("--input", source, "--output", output, "--progress")
    assert "\n" not in str(error.value)
    told = str(error.value) + capsys.readouterr().err
    assert CANARY not in told.replace(str(source), "")
    assert not output.parent.exists()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("findings\n", (), "no rows"),
        ("findings,impression\na,b\n", (), "'impression' already; give another --output-column"),
        ("findings,flags,review\na,b,c\n", ("--explain",), "'review', 'flags' already; rename"),
        ("findings,x\na,b\n", ("--columns", "uid=nr"), "no column 'nr' for uid; the columns are"),
        ("findings\na\n", ("--columns", "finding=x"), "'finding' .did you mean 'findings'"),
        ("findings\na\n", ("--columns", "uid=a", "uid=b"), "gives 'uid' twice"),
        ("findings\na\n", ("--input-format", "cvs"), "unknown input format 'cvs' .did you mean"),
        ("findings\na\n", ("--batch-size", "-1"), "--batch-size must be at least 1, not -1"),
    ],
)
def test_mistakes_with_tables(command, tmp_path, content, options, message):
    source = tmp_path / "in.csv"
    source.write_text(content)
    with pytest.raises(InputError, match=message):
        command("--input", source, "--output", tmp_path / "out.csv", *options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_output_that_is_a_folder_is_told_before_the_work(command, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("findings\nClear.\n")
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        command("--input", source, "--output", tmp_path)


def test_progress_goes_to_stderr_where_asked(command, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    KINDS["comma.csv"](source, invented_tables.rows(20))
    command("--input", source, "--output", output)
    assert "reports/s" not in capsys.readouterr().err
    command("--input", source, "--output", output, "--progress", "--batch-size", 1)
    error = capsys.readouterr().err
    assert "20/20" in error
    assert "reports/s" in error
    assert not any(word in error for word in ("Heart", "effusion", "Befund"))


class Killed(BaseException):
    """Stands for the end of the process."""


def test_an_unfinished_run_goes_on_with_the_same_only(command, tmp_path, monkeypatch):
    source, output, whole = (tmp_path / name for name in ("in.csv", "out.csv", "whole.csv"))
    rows = invented_tables.rows(20)
    KINDS["comma.csv"](source, rows)
    command("--input", source, "--output", whole, "--batch-size", 1)
    texts = []

    def dies_after_eight(options, checkpoint):
        def summaries(batch, contexts):
            if len(texts) >= 8:
                raise Killed
            texts.extend(batch)
            return [summary_of(text).to_json() for text in batch]

        return summaries

    monkeypatch.setattr(summarize, "_summarizer", dies_after_eight)
    given = ["--input", source, "--output", output, "--batch-size", 1]
    with pytest.raises(Killed):
        command(*given)
    part = tmp_path / "out.csv.part"
    assert len(part.read_text().splitlines()) == 8
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert not output.exists()
    monkeypatch.setattr(summarize, "_summarizer", stub())
    with pytest.raises(InputError, match=r"its num_beams was None and is now 2; delete"):
        command(*given, "--num-beams", 2)
    source.write_bytes(source.read_bytes() + b"9,x,y,z\n")
    with pytest.raises(InputError, match=r"its input was"):
        command(*given)
    KINDS["comma.csv"](source, rows)
    with open(part, "ab") as file:
        file.write(b'{"half a li')  # what a kill may leave
    seen = []
    monkeypatch.setattr(
        summarize,
        "_summarizer",
        lambda *_: lambda batch, _: seen.extend(batch) or [summary_of(t).to_json() for t in batch],
    )
    command(*given)
    assert len(seen) == 12
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv", "whole.csv"]


@pytest.mark.parametrize("step", ["write", "replace", "unlink"])
def test_a_kill_at_the_very_end_loses_nothing(command, tmp_path, monkeypatch, step):
    """While the output is made of the part, before the rejects get their name, and after."""
    from pathlib import Path

    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("uid,findings\n1,Clear lungs.\n2,\n")
    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(WRITERS["csv"], "write", lambda *_: raises_killed())
        elif step == "replace":
            real = os.replace
            patch.setattr(
                os,
                "replace",
                lambda a, b: raises_killed() if "rejects" in str(b) else real(a, b),
            )
        else:
            real_unlink = Path.unlink
            patch.setattr(
                Path,
                "unlink",
                lambda self, **k: (
                    raises_killed() if self.name == "out.csv.part.json" else real_unlink(self, **k)
                ),
            )
        with pytest.raises(Killed):
            command("--input", source, "--output", output)
    monkeypatch.setattr(summarize, "_summarizer", None)  # nothing is summarized again
    command("--input", source, "--output", output)
    assert [row["impression"] for row in written(output)] == ["Clear lungs.", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "in.csv", "out.csv", "out.csv.rejects.jsonl"
    ]  # fmt: skip


def raises_killed():
    raise Killed


@pytest.mark.parametrize("name", FORMATS)
def test_kill_9_and_again_is_as_unbroken(command, checkpoint, tmp_path, name):
    source = tmp_path / "in.csv"
    rows = invented_tables.rows(200)
    rows[5]["Findings "] = rows[77]["Findings "] = ""
    KINDS["comma.csv"](source, rows)
    broken, whole = (tmp_path / f"{stem}.{FORMATS[name]}" for stem in ("broken", "whole"))
    more = ["--batch-size", 1, *(() if name == "text" else ["--explain"])]
    command("--input", source, "--output", whole, *more)
    kills = kill_and_resume(checkpoint, source, broken, more, delay=0.003, seed=name, kills=1)
    assert kills == 1
    assert same(broken, whole)
    assert (
        broken.with_name(broken.name + ".rejects.jsonl").read_bytes()
        == whole.with_name(whole.name + ".rejects.jsonl").read_bytes()
    )


def kill_and_resume(checkpoint, source, output, more, *, delay, seed, kills):
    """Kill a run at random moments, then let it end; returns how often it was killed."""
    chance = random.Random(seed)
    done = 0
    command = (
        *(stub_summaries.__file__, delay, "summarize", "--checkpoint", checkpoint),
        *("--input", source, "--output", output, *more),
    )
    state = output.with_name(output.name + ".part.json")
    for _ in range(kills):
        before = state.read_bytes() if state.exists() else b""
        process = programs.start(*command)
        while process.is_alive() and (not state.exists() or state.read_bytes() == before):
            time.sleep(0.002)  # until it goes on
        process.join(chance.uniform(0, 0.4))
        process.kill()
        process.join()
        done += process.exitcode == -signal.SIGKILL
    end = programs.run(*command)
    assert end.returncode == 0, end.stderr
    return done


def same(one, other):
    if one.suffix == ".xlsx":  # a workbook holds the time when it was made
        return written(one) == written(other)
    return one.read_bytes() == other.read_bytes()


def test_a_closed_pipe_is_no_traceback(checkpoint, tmp_path):
    source = tmp_path / "in.csv"
    KINDS["comma.csv"](source, invented_tables.rows(400))
    given = ["0", "summarize", "--checkpoint", str(checkpoint), "--input", str(source)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, stub_summaries.__file__, *given], stdout=writer, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True, timeout=60,
    )  # fmt: skip
    os.close(writer)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
