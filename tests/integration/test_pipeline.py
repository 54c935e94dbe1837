"""Annotation of a whole corpus: order, rejects, workers, and runs that are killed."""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import programs
import pytest

from preprocessing.__main__ import main
from preprocessing.annotation import ANNOTATORS
from preprocessing.errors import InputError
from preprocessing.pipeline import jobs
from preprocessing.pipeline import run as pipeline
from preprocessing.pipeline.inputs import InputRecord, corpus_records, first_of_each_uid
from preprocessing.pipeline.jobs import MAX_FINDINGS, NOT_TEXT, TOO_LONG, AnnotationJob
from preprocessing.pipeline.output import OutputProgress
from preprocessing.pipeline.run import run_pipeline
from preprocessing.records import ReportGraph, from_json

TOY = AnnotationJob(annotator="toy")


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANNOTATORS, "toy", "toy_annotator:ToyAnnotator")
    monkeypatch.setattr(pipeline, "RECORDS_PER_CHUNK", 4)


def run(items: Iterable[InputRecord], output: Path, job: AnnotationJob = TOY) -> OutputProgress:
    return run_pipeline(lambda: items, output, job, progress=False)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def many(n: int) -> list[InputRecord]:
    return [
        InputRecord(f"r{i}", "", "no findings")
        if i % 5 == 3
        else InputRecord(f"r{i}", f"small effusion {i}.")
        for i in range(n)
    ]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


OUTPUTS = {"out.jsonl", "out.jsonl.rejects.jsonl"}


def test_each_record_has_one_line_in_order(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.jsonl"
    done = run(many(11), out)
    assert (done.records, done.rejected) == (11, 2)
    assert [one["uid"] for one in lines(out)] == [f"r{i}" for i in range(11) if i not in (3, 8)]
    assert lines(Path(f"{out}.rejects.jsonl")) == [
        {"uid": "r3", "reason": "no findings"},
        {"uid": "r8", "reason": "no findings"},
    ]
    assert names(out.parent) == OUTPUTS
    graph = from_json(ReportGraph, lines(out)[0])
    assert graph.words == ("small", "effusion", "0", ".")
    assert graph.key_words == (1,)


def test_a_report_that_fails_is_rejected_alone(tmp_path: Path) -> None:
    items = [
        InputRecord("a", "clear"),
        InputRecord("b", "secret poison"),
        InputRecord("c", "effusion"),
        InputRecord("d", ""),
    ]
    run(items, tmp_path / "out.jsonl")
    assert [one["uid"] for one in lines(tmp_path / "out.jsonl")] == ["a", "c", "d"]
    rejects = (tmp_path / "out.jsonl.rejects.jsonl").read_text()
    assert json.loads(rejects) == {"uid": "b", "reason": "ZeroDivisionError"}
    assert "secret" not in rejects


def test_what_no_parser_should_see_is_rejected(tmp_path: Path) -> None:
    long = "x " * (MAX_FINDINGS // 2)
    items = [
        InputRecord("fits", long),
        InputRecord("long", long + "x"),
        InputRecord("split", [["word"] * (MAX_FINDINGS // 5 + 1)]),
        InputRecord("half", [["half", "\udc00"]]),
        InputRecord("\ud800", "whole"),
    ]
    run(items, tmp_path / "out.jsonl")
    assert [one["uid"] for one in lines(tmp_path / "out.jsonl")] == ["fits"]
    assert lines(tmp_path / "out.jsonl.rejects.jsonl") == [
        {"uid": "long", "reason": TOO_LONG},
        {"uid": "split", "reason": TOO_LONG},
        {"uid": "half", "reason": NOT_TEXT},
        {"uid": "\ud800", "reason": NOT_TEXT},
    ]


def test_the_second_of_a_uid_is_rejected() -> None:
    items = [InputRecord("a", "one"), InputRecord("b", "two"), InputRecord("a", "three")]
    assert list(first_of_each_uid(items)) == [*items[:2], InputRecord("a", "", "uid seen before")]


def test_corpus_records_are_reports_and_reasons() -> None:
    items = list(corpus_records("sample", inclusion="hu2022"))
    assert len(items) == 1800
    assert items[7].uid == "sample-000007"


class Stop(Exception):
    """Stands for whatever ends a run."""


def stopping(items: list[InputRecord], at: int) -> Iterator[InputRecord]:
    yield from items[:at]
    raise Stop


@pytest.mark.parametrize("at", [0, 3, 4, 9, 16, 19])
def test_a_stopped_run_goes_on(tmp_path: Path, at: int) -> None:
    items = many(19)
    run(items, tmp_path / "whole.jsonl")
    out = tmp_path / "broken" / "out.jsonl"
    with pytest.raises(Stop):
        run(stopping(items, at), out)
    assert not out.exists()
    assert ("out.jsonl.part" in names(out.parent)) == (at >= 4)

    # What a kill may leave behind the last sound line: half a line, and more.
    for path in out.parent.glob("*.part"):
        with path.open("ab") as file:
            file.write(b'{"uid": "r99", "wor')
    run(items, out)
    for end in ("", ".rejects.jsonl"):
        whole = Path(f"{tmp_path / 'whole.jsonl'}{end}")
        assert Path(f"{out}{end}").read_bytes() == whole.read_bytes()
    assert names(out.parent) == OUTPUTS


def test_a_run_stopped_between_the_final_names_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(many(9), tmp_path / "whole.jsonl")
    out = tmp_path / "out.jsonl"
    rename, renamed = os.replace, []

    def stop_at_second(source: Path, target: Path) -> None:
        if str(target).endswith(".jsonl"):
            if renamed:
                raise Stop
            renamed.append(target)
        rename(source, target)

    monkeypatch.setattr(os, "replace", stop_at_second)
    with pytest.raises(Stop):
        run(many(9), out)
    monkeypatch.setattr(os, "replace", rename)
    assert run(many(9), out).records == 9
    for end in ("", ".rejects.jsonl"):
        whole = Path(f"{tmp_path / 'whole.jsonl'}{end}")
        assert Path(f"{out}{end}").read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.part*"))


def test_only_the_same_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(Stop):
        run(stopping(many(9), 9), out)
    with pytest.raises(InputError, match="its rule was 'hu2022' and is now 'wgsum'; delete"):
        run(many(9), out, AnnotationJob(annotator="toy", rule="wgsum"))
    with pytest.raises(InputError, match="its version was '1' and is now '2'"):
        run(many(9), out, AnnotationJob(annotator="toy", model_dir="2"))
    with pytest.raises(InputError, match="the reports are not the same any more"):
        run([InputRecord("r0", "other"), *many(9)[1:]], out)
    with pytest.raises(InputError, match="the reports are not the same any more"):
        run(many(3), out)
    (tmp_path / "out.jsonl.part").write_bytes(b"")
    with pytest.raises(InputError, match=r"out.jsonl.part is shorter than it was"):
        run(many(9), out)
    state = tmp_path / "out.jsonl.part.json"
    state.write_text("{")
    with pytest.raises(InputError, match="its state is damaged") as error:
        run(many(9), out)
    assert f"delete {state} to start again" in str(error.value)
    state.unlink()
    assert run(many(9), out).records == 9
    assert names(tmp_path) == OUTPUTS


def test_the_old_output_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    with pytest.raises(Stop):
        run(stopping(many(9), 9), out)
    assert out.read_text() == "old"
    run(many(9), out)
    assert len(lines(out)) == 7


def test_mistakes(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for arguments, message in (
        ({"workers": 0}, "0 workers; give at least 1"),
        ({"engine": "spark"}, "unknown engine 'spark'; choose from local, ray"),
        ({"job": AnnotationJob(annotator="toi")}, "unknown annotator 'toi'"),
        ({"job": AnnotationJob(annotator="toy", rule="hu")}, "unknown graph rule 'hu'"),
    ):
        with pytest.raises(InputError, match=message):
            run_pipeline(lambda: [], out, **{"job": TOY, **arguments})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is a folder"):
        run([], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run([], tmp_path / "file" / "out.jsonl")
    assert names(tmp_path) == {"file"}


def test_two_runs_never_write_one_output(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    def meanwhile() -> Iterator[InputRecord]:
        yield from many(9)[:5]
        with pytest.raises(InputError, match=r"out\.jsonl: another run is writing it"):
            run(many(9), out)
        yield from many(9)[5:]

    assert run(meanwhile(), out).records == 9
    assert names(tmp_path) == OUTPUTS
    assert len(lines(out)) == 7


def test_the_lock_of_a_dead_run_holds_nobody(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.part.lock").touch()
    run(many(9), tmp_path / "out.jsonl")
    assert names(tmp_path) == OUTPUTS


@pytest.mark.slow
def test_with_several_workers_only_they_load_the_annotator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    jobs._loaded.cache_clear()
    job = AnnotationJob(annotator="builtin")
    run_pipeline(lambda: many(3), tmp_path / "two", job, workers=2, progress=False)
    assert jobs._loaded.cache_info().currsize == 0
    run_pipeline(lambda: many(3), tmp_path / "one", job, progress=False)
    assert jobs._loaded.cache_info().currsize == 1
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()


def test_no_records(tmp_path: Path) -> None:
    assert run([], tmp_path / "out.jsonl").records == 0
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert names(tmp_path) == OUTPUTS


def graph_command(source: Path, output: Path, *more: str) -> list[str]:
    return [
        "graph",
        "--dataset",
        "jsonl",
        "--data-dir",
        str(source),
        "--output",
        str(output),
        *more,
    ]


def write_reports(path: Path, n: int) -> None:
    rows = [
        {"uid": f"u{i % (n - 2)}", "findings": f"There is effusion {i}.", "impression": "Effusion."}
        for i in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.slow
def test_what_two_workers_began_one_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    source, one, two = tmp_path / "in.jsonl", tmp_path / "one", tmp_path / "two"
    write_reports(source, 1600)
    assert main(graph_command(source, one)) == 0
    process = programs.start("-m", "preprocessing", *graph_command(source, two, "--workers", "2"))
    state = Path(f"{two}.part.json")
    while process.is_alive() and not state.exists():
        time.sleep(0.005)
    process.kill()
    process.join()
    assert not two.exists()
    assert 0 < json.loads(state.read_text())["checkpoint"]["records"] < 1600
    capsys.readouterr()
    assert main(graph_command(source, two)) == 0
    out = capsys.readouterr().out
    assert out == f"{two}: 1,598 reports\n{two}.rejects.jsonl: 2 left out\n"
    assert two.read_bytes() == one.read_bytes()
    rejects = Path(f"{two}.rejects.jsonl")
    assert rejects.read_bytes() == Path(f"{one}.rejects.jsonl").read_bytes()
    assert [line["uid"] for line in lines(rejects)] == ["u0", "u1"]


def test_ray_writes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (the extra ray)")
    source, one, two = tmp_path / "in.jsonl", tmp_path / "one", tmp_path / "two"
    write_reports(source, 600)
    assert main(graph_command(source, one)) == 0
    command = graph_command(source, two, "--workers", "2", "--engine", "ray")
    assert programs.run_fresh("-m", "preprocessing", *command).returncode == 0
    for end in ("", ".rejects.jsonl"):
        assert Path(f"{two}{end}").read_bytes() == Path(f"{one}{end}").read_bytes()
    assert len(list(tmp_path.iterdir())) == 5


def test_records_go_to_ray_as_rows() -> None:
    """What a chunk of them gives is the same, numbers and half surrogate pairs included."""
    pytest.importorskip("pyarrow", reason="Arrow tables need the extra tables or ray")
    from preprocessing.pipeline.ray_engine import records_of, table_of, table_of_result

    records = (*many(5), InputRecord(7, [["a", "b"], ["\ud800"]]), InputRecord("", "\udc00 x\n"))
    rows = table_of(records)
    assert rows.num_rows == 7
    assert rows.column_names == ["uid", "findings", "reason"]
    assert records_of(rows) == records
    result = jobs.annotate_chunk(TOY, jobs.Chunk(records, "digest"))
    (row,) = table_of_result(result).to_pylist()
    assert jobs.ChunkResult(**row, digest="digest") == result
    assert result.n_rejected == 2


def test_without_ray_the_install_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'graphsum\[ray\]'"):
        run_pipeline(lambda: many(3), tmp_path / "out.jsonl", TOY, engine="ray", progress=False)
    assert not names(tmp_path)
