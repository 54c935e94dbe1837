"""Reading what anybody may have written, writing whole or not at all, locks."""

import errno
import os
import subprocess
import sys

import pytest
from places import ROOT

from preprocessing import files
from preprocessing.errors import InputError
from preprocessing.files import (
    append_line,
    check_writable,
    json_text,
    locked_folder,
    new_file,
    read_json,
    read_jsonl,
    read_yaml,
    write_text_atomically,
)

HALF = '{"a": "\\ud83d"}'
BROKEN = {
    "brackets": '{"a":' * 100_000,
    "NaN": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "a number beyond floats": '{"a": 1e999}',
    "5,000 digits": '{"a": ' + "9" * 5000 + "}",
    "half a surrogate pair": HALF,
    "a list": "[1]",
    "a text": '"a"',
    "cut short": '{"a": ',
    "nothing": "",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_json_that_is_none_is_one_line(tmp_path, text):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"file\.json"):
        read_json(path)
    if text:
        with pytest.raises(InputError, match=r"file\.json:1"):
            list(read_jsonl(path))


def test_lines_may_hold_what_a_pipeline_rejects_one_by_one(tmp_path):
    path = tmp_path / "words.jsonl"
    path.write_text(HALF + "\n")
    assert list(read_jsonl(path, surrogates=True)) == [{"a": "\ud83d"}]


def message_of(read, path) -> str:
    try:
        read(path)
    except InputError as error:
        return str(error)
    return ""


def test_no_content_is_quoted(tmp_path):
    path = tmp_path / "file.json"
    for text in ('{"Jane Roe": bad}', "Jane Roe", '{"a": "Jane Roe', '["Jane Roe"]'):
        path.write_text(text)
        for read in (read_json, lambda p: list(read_jsonl(p)), read_yaml):
            assert "Jane" not in message_of(read, path)


def test_only_regular_files_within_the_limits_are_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, "/dev/zero", tmp_path / "nothing"):
        for read in (read_json, lambda p: list(read_jsonl(p)), read_yaml):
            with pytest.raises(InputError):
                read(place)
    path = tmp_path / "large.json"
    path.write_text('{"a": "' + "x" * 100 + '"}')
    with pytest.raises(InputError, match="larger than 50 bytes"):
        read_json(path, at_most=50)
    monkeypatch.setattr(files, "JSON_LINE_BYTES", 50)
    with pytest.raises(InputError, match="a line of more than 50 bytes"):
        list(read_jsonl(path))


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1, 2]\nb: *x",
        "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: !!python/object/apply:os.system [ls]",
        "a: 0x" + "f" * 5000 + "\nb: " + "9" * 5000,
        "[" * 5000,
        "a: \x01",
        "? {a: b}\n: c",
    ],
)
def test_yaml_of_anything_but_plain_values_is_one_line(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"file\.yaml") as error:
        read_yaml(path)
    assert len(str(error.value)) < 300


def test_dates_stay_texts(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text("a: 2024-02-31\nb: 3\nc: [x, null, true]\n")
    assert read_yaml(path) == {"a": "2024-02-31", "b": 3, "c": ["x", None, True]}


def test_json_is_always_valid():
    with pytest.raises(ValueError, match="JSON"):
        json_text({"a": float("nan")})


def test_a_link_keeps_leading_to_its_file(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_text_atomically(tmp_path / "link", ["new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"


def test_devices_and_pipes_are_written_to_and_stay(tmp_path):
    write_text_atomically("/dev/null", ["lost"])
    assert not os.path.isfile("/dev/null")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    write_text_atomically(pipe, ["a line\n"])
    assert reader.communicate(timeout=20)[0] == "a line\n"
    assert not pipe.is_file()


def test_a_folder_is_no_file_to_write(tmp_path):
    for write in (check_writable, lambda path: write_text_atomically(path, ["a"])):
        with pytest.raises(InputError, match="is a folder"):
            write(tmp_path)


def test_permissions(tmp_path):
    write_text_atomically(tmp_path / "own", ["a"], mode=files.OWNER_ONLY)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_one_line_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def chunks():
        yield "new"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(InputError, match=r"cannot be written \(No space left"):
        write_text_atomically(path, chunks())
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    with pytest.raises(InputError, match="No space left"):
        append_line("/dev/full", "a line")
    with pytest.raises(ConnectionResetError), new_file(path):
        raise ConnectionResetError  # somebody else's error stays what it is


def test_a_text_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(InputError, match="half a surrogate pair"):
        write_text_atomically(tmp_path / "file", ["\ud83d"])
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time(tmp_path):
    code = (
        "import sys; from preprocessing.files import locked_folder\n"
        "with locked_folder(sys.argv[1]): print('in')"
    )

    def other():
        return subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "run")],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    with locked_folder(tmp_path / "run"):
        assert "another run is writing it" in other().stderr
    assert other().stdout == "in\n"
    assert list((tmp_path / "run").iterdir()) == []
