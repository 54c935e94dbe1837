"""``graphsum study`` through its entry point, and users' mistakes."""

import io
import json
import os
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import programs
import pytest
from study_cases import cases, export

from graphsum.cli.main import main
from graphsum.study.files import read_key
from preprocessing.errors import InputError


def in_a_process(*arguments, cwd):
    return programs.run("-m", "graphsum", "study", *arguments, cwd=cwd)


@contextmanager
def mistake(*, saying):
    with pytest.raises(InputError) as raised:
        yield raised
    assert saying in str(raised.value)
    assert "\n" not in str(raised.value)


def study(*arguments, cwd):
    """What the command prints, run in this process."""
    with chdir(cwd), redirect_stdout(io.StringIO()) as printed:
        main(["study", *map(str, arguments)])
    return printed.getvalue()


@contextmanager
def chdir(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of two systems, one as summarize and one as evaluate writes it, and a study."""
    place = tmp_path_factory.mktemp("study")
    made = cases()
    write_rows(
        place / "aurora.jsonl",
        [
            {"uid": case.uid, "findings": case.findings, "impression": case.impressions["aurora"]}
            for case in made
        ],
    )
    write_rows(
        place / "borealis.jsonl",
        [{"uid": case.uid, "prediction": case.impressions["borealis"]} for case in made[::-1]],
    )
    write_rows(
        place / "reference.jsonl",
        [{"uid": case.uid, "impression": "Nodule."} for case in [*made, *cases(41)[40:]]],
    )
    done = in_a_process("make", *SYSTEMS, *SIZE, "--output-dir", "kit", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert "study " in done.stdout
    assert done.stdout.count("written: ") == 3
    return place


SYSTEMS = ("--systems", "aurora.jsonl", "borealis.jsonl")
SIZE = ("--n", 20, "--readers", 2, "--overlap", 10)


def test_sheets_and_key_are_their_owners(folder):
    files = sorted(path for path in (folder / "kit").rglob("*") if path.is_file())
    names = [str(path.relative_to(folder / "kit")) for path in files]
    assert names == ["key.json", "sheets/reader-1.html", "sheets/reader-2.html"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    key, _ = read_key(folder / "kit/key.json")
    assert key.systems == ("aurora", "borealis")
    by_uid = {case.uid: case for case in cases()}
    sheet = (folder / "kit/sheets/reader-1.html").read_text()
    first = key.readers[0].items[0]
    assert by_uid[first.uid].impressions["borealis"] in sheet
    for word in ("UID-0", "aurora", "borealis"):
        assert word not in sheet


def test_the_same_command_gives_the_same_bytes(folder):
    study("make", *SYSTEMS, *SIZE, "--output-dir", "again", cwd=folder)
    for name in ("key.json", "sheets/reader-1.html", "sheets/reader-2.html"):
        assert (folder / "kit" / name).read_bytes() == (folder / "again" / name).read_bytes()


def test_a_reference_is_one_system_more_and_overwriting_leaves_no_old_sheet(folder):
    options = ("make", *SYSTEMS, "--reference", "reference.jsonl", "--output-dir", "third")
    study(*options, "--n", 9, "--readers", 3, cwd=folder)
    refused = in_a_process(*options, "--n", 9, "--readers", 1, cwd=folder)
    assert (refused.returncode, refused.stdout) == (2, "")
    message = "error: third/key.json: a study is there, whose answers need it; "
    assert refused.stderr.startswith(message)
    assert refused.stderr.count("\n") == 1
    (folder / "third/key.json").rename(folder / "safe.json")  # as one should
    with mistake(saying="third/sheets/reader-1.html: a study is there"):
        study(*options, "--n", 9, "--readers", 1, cwd=folder)
    study(*options, "--n", 9, "--readers", 1, "--overwrite", cwd=folder)
    assert [path.name for path in (folder / "third/sheets").iterdir()] == ["reader-1.html"]
    key, _ = read_key(folder / "third/key.json")
    assert key.systems == ("aurora", "borealis", "reference")
    assert set(key.strata.values()) <= {"abnormal, short", "abnormal, long"}  # "Nodule."


def test_answers_become_a_report(folder):
    key, digest = read_key(folder / "kit/key.json")
    for reader in (1, 2):
        sheet = export(
            key, reader, lambda _, system: 4 if system == "aurora" else 2,
            prefer=lambda _: "aurora", comment="Größer als nötig. " if reader == 1 else "",
        )  # fmt: skip
        (folder / f"answers-{reader}.json").write_text(json.dumps(sheet))
    answers = ("--answers", "answers-1.json", "answers-2.json")
    options = ("analyse", "--key", "kit/key.json")
    done = in_a_process(*options, *answers, "--output-dir", "out", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "20 reports, 30 readings, 2 of 2 readers" in done.stdout
    assert "2.00 (2.00 to 2.00)" in done.stdout
    assert "Krippendorff's alpha, relevance: 1.00 (20 judged by several)" in done.stdout
    results = json.loads((folder / "out/results.json").read_text())
    assert results["key_sha256"] == digest
    assert results["preference"][0]["value"] == 1
    remarks = [json.loads(line) for line in (folder / "out/remarks.jsonl").open()]
    assert {one["reader"] for one in remarks} == {1}
    assert remarks[0]["remark"] == "Größer als nötig."
    assert {path.stat().st_mode & 0o777 for path in (folder / "out").iterdir()} == {0o600}
    assert "<title>Reader study</title>" in (folder / "out/report.html").read_text()

    with mistake(saying="no answers of reader 2 of 2; give their files"):
        study(*options, *answers[:2], cwd=folder)
    study("make", *SYSTEMS, *SIZE, "--seed", 2, "--output-dir", "other", cwd=folder)
    with mistake(saying="answers-1.json: answers of another study than the key's"):
        study("analyse", "--key", "other/key.json", *answers, cwd=folder)
    with mistake(saying="answers-1.json: not a key of graphsum study make"):
        study("analyse", "--key", "answers-1.json", *answers, cwd=folder)


def test_power_is_a_table(tmp_path):
    options = ("power", "--n", 20, 80, "--effects", 0.0, 1.0, "--simulations", 40)
    printed = study(*options, cwd=tmp_path)
    *_, small, large = printed.splitlines()
    assert small.split()[0] == "20"
    assert large.split() == ["80", large.split()[1], "%", "100", "%"]
    assert printed == study(*options, cwd=tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--systems", "aurora.jsonl"), "one system alone cannot be compared"),
        (("--systems", "aurora.jsonl", "aurora.jsonl"), "the name 'aurora' is given twice"),
        (("--systems", "aurora.jsonl", "reference.jsonl"), "'reference' is kept for --reference"),
        (("--systems", "aurora.jsonl", "r=reference.jsonl"), "1 uids of reference.jsonl missing"),
        (("--systems", "aurora.jsonl", "short.jsonl"), "35 uids of aurora.jsonl missing"),
        (("--systems", "borealis.jsonl", "b=borealis.jsonl"), "no findings in these files"),
        (("--systems", "aurora.jsonl", "differ.jsonl"), "differ from those in aurora.jsonl"),
        (("--systems", "aurora.jsonl", "none.jsonl"), "none.jsonl: cannot be read"),
        (("--systems", "aurora.jsonl", "nothing.jsonl"), "nothing.jsonl"),
        (("--systems", "aurora.jsonl", "nouid.jsonl"), "no column 'uid'"),
        (("--systems", "aurora.jsonl", "double.jsonl"), "uids given more than once"),
        ((*SYSTEMS, "--n", "50"), "--n 50: only 40 reports in these files"),
        ((*SYSTEMS, "--n", "0"), "--n must be at least 1"),
        ((*SYSTEMS, "--n", "9", "--overlap", "10"), "--overlap 10: more than the --n 9"),
        ((*SYSTEMS, "--n", "9", "--repeats", "4"), "--repeats 4: at most a third"),
        ((*SYSTEMS, "--columns", "impression=x"), "--columns takes uid, findings and prediction"),
    ],
)
def test_a_mistake_is_one_line(folder, options, message):
    made = cases()
    write_rows(folder / "short.jsonl", [{"uid": one.uid, "prediction": ""} for one in made[:5]])
    write_rows(
        folder / "differ.jsonl",
        [{"uid": one.uid, "prediction": "", "findings": "Other."} for one in made],
    )
    write_rows(folder / "nothing.jsonl", [])
    write_rows(folder / "nouid.jsonl", [{"prediction": "x"}])
    write_rows(folder / "double.jsonl", [{"uid": one.uid, "prediction": ""} for one in made * 2])
    with mistake(saying=message) as raised:
        study("make", *options, "--output-dir", "wrong", cwd=folder)
    for case in made[:3]:
        assert case.findings not in str(raised.value)
    assert not (folder / "wrong").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--n", "1"), "--n must be at least 2"),
        (("--alpha", "2"), "--alpha must be between 0 and 1"),
        (("--effects", "9"), "--effects must be 0 to 4 points"),
        (("--sd-noise", "-1"), "--sd-noise must be 0 to 5"),
        (("--reader", "3"), "unknown option --reader (did you mean '--readers'?)"),
    ],
)
def test_a_mistake_about_power_is_one_line(tmp_path, options, message):
    with mistake(saying=message):
        study("power", *options, cwd=tmp_path)
