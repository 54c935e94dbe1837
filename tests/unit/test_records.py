"""Records: JSON Lines there and back, atomic writing, clear errors."""

import json
import os
from pathlib import Path

import pytest

from preprocessing.errors import InputError
from preprocessing.files import (
    dumps,
    new_file,
    read_jsonl,
    replace_folder,
    restore_folders,
    write_text_atomically,
)
from preprocessing.records import (
    AnnotatedReport,
    Edge,
    Entity,
    Report,
    ReportGraph,
    from_json,
    to_json,
)

RECORDS = [
    Report("a1", "Lungs are clear.", "Normal.", labels=("normal",)),
    AnnotatedReport(
        "a1",
        ("Lungs", "clear"),
        (0,),
        (1, -1),
        ("nsubj", "root"),
        (Entity(0, 1, "ANATOMY"), Entity(1, 2, "OBSERVATION", True, False, "left", "stable")),
    ),
    ReportGraph("a1", ("Lungs", "clear"), (0,), (0, 1), (Edge(1, 0, "nsubj"),)),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_json_round_trip(record):
    assert from_json(type(record), json.loads(dumps(to_json(record)))) == record


def test_read_jsonl_names_the_line(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text('{"uid": "1"}\n\n{oops\n')
    with pytest.raises(InputError, match=r"broken\.jsonl:3"):
        list(read_jsonl(path))


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def chunks():
        yield "new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_text_atomically(path, chunks())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("name", ["best", "model-0.5"])
def test_a_folder_is_replaced_or_stays(tmp_path: Path, name: str) -> None:
    new, folder = tmp_path / "new", tmp_path / name
    for place in (new, folder):
        place.mkdir()
        (place / "which").write_text(place.name)
    replace_folder(new, folder)
    assert (folder / "which").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == [name]

    folder.rename(tmp_path / f".{name}.old")  # where a kill may leave it
    restore_folders(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (folder / "which").read_text() == "new"


def test_a_new_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "out.bin"
    with new_file(path) as out:
        out.write(b"first")
        assert not path.exists()

    def fail() -> None:
        with new_file(path) as out:
            out.write(b"second")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == b"first"
    assert [one.name for one in path.parent.iterdir()] == ["out.bin"]


def test_meta_of_a_report_is_kept_and_left_out_where_empty():
    bare = Report("1", "Clear lungs.")
    assert "meta" not in to_json(bare)
    assert from_json(Report, to_json(bare)) == bare
    known = Report("1", "Clear lungs.", meta={"author": "A", "age": "61"})
    assert from_json(Report, to_json(known)) == known
    assert len({bare, known}) == 2
    for wrong in (["A"], {"age": 61}):
        with pytest.raises(TypeError, match="meta"):
            from_json(Report, to_json(known) | {"meta": wrong})
