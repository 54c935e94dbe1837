"""Records: JSON Lines there and back, atomic writing, clear errors."""

import json
import os

import pytest

from preprocessing.errors import InputError
from preprocessing.files import dumps, read_jsonl, write_text_atomically
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
