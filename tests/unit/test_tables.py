"""Corpora in tables. Every text is invented."""

import json

import pytest

from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError
from preprocessing.files import dumps
from preprocessing.records import Report, to_json


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def everything(corpus):
    return sorted(corpus.train + corpus.val + corpus.test, key=lambda report: report.uid)


def test_csv_fields_and_renamed_columns(tmp_path):
    path = write(
        tmp_path / "a.csv",
        '\ufeffid,Text,impression,labels,extra\r\na1,"Clear, ""mostly"".\r\nTwo lines.",Fine.,x; y,'
        "\r\n\r\n,Hazy.,Ill.,,z\r\n",
    )
    corpus = load_corpus("csv", data_dir=path, columns={"uid": "id", "findings": "Text"})
    assert everything(corpus) == [
        Report("2", "Hazy.", "Ill."),
        Report("a1", 'Clear, "mostly".\r\nTwo lines.', "Fine.", labels=("x", "y")),
    ]
    assert corpus.split == "random (seed 0)"


def test_jsonl_reads_what_the_package_writes(tmp_path):
    reports = [
        Report("7", "Clear.", "Fine.", "Pain.", "None.", ("a", "b"), "p1"),
        Report("8", "Hazy \u2028 line.", "Ill."),
    ]
    text = "".join(dumps(to_json(report)) for report in reports)
    path = write(tmp_path / "a.jsonl", text + "\n" + '{"findings":"f","impression":null}\n')
    corpus = load_corpus("jsonl", data_dir=path)
    assert everything(corpus) == reports
    assert corpus.exclusions == {"no impression": 1}


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_split_column_and_part_files(tmp_path, suffix):
    def content(splits):
        rows = [{"findings": f"f{split}", "impression": "i", "split": split} for split in splits]
        if suffix == "jsonl":
            return "".join(json.dumps(row) + "\n" for row in rows)
        return "findings,impression,split\n" + "".join(
            ",".join(row.values()) + "\n" for row in rows
        )

    one = tmp_path / "one"
    one.mkdir()
    write(one / f"all.{suffix}", content(["", "train", "Validation", "TEST", "train"]))
    corpus = load_corpus(suffix, data_dir=one)
    assert corpus.split == "given"
    parts = (corpus.train, corpus.val, corpus.test)
    assert [[report.uid for report in part] for part in parts] == [["2", "5"], ["3"], ["4"]]
    assert corpus.exclusions == {"in no part of the split": 1}
    assert load_corpus(suffix, data_dir=one, split="random").split == "random (seed 0)"

    three = tmp_path / "three"
    three.mkdir()
    for part in ("train", "valid", "test"):
        write(three / f"{part}.{suffix}", content(["test", "test"]))
    corpus = load_corpus(suffix, data_dir=three)
    parts = (corpus.train, corpus.val, corpus.test)
    assert [[report.uid for report in part] for part in parts] == [
        ["train-1", "train-2"],
        ["val-1", "val-2"],
        ["test-1", "test-2"],
    ]


def test_duplicate_uids_count_as_left_out(tmp_path):
    path = write(tmp_path / "a.csv", "uid,findings,impression\n1,a,b\n1,c,d\n")
    corpus = load_corpus("csv", data_dir=path)
    assert corpus.exclusions == {"uid seen before": 1}
    assert [report.findings for report in everything(corpus)] == ["a"]


def test_a_field_longer_than_csv_allows_by_default(tmp_path):
    path = write(tmp_path / "a.csv", f"findings,impression\n{'long ' * 40_000},b\n")
    assert len(everything(load_corpus("csv", data_dir=path))[0].findings) == 199_999


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "empty; expected a header"),
        ("a.csv", "findings,text\na,b\n", "no column 'impression'.*'findings', 'text'"),
        ("a.csv", "findings,impression\na\n", ":2: 1 fields where the header has 2"),
        ("a.csv", 'findings,impression\na,b\n"c,d\n', ":3: not valid csv"),
        ("a.csv", b"findings,impression\na,b\nx\x8dy,c\n", ":3: not UTF-8"),
        ("a.csv", b"findings,impression\na\0,b\n", ":2: a NUL byte"),
        ("a.csv", "findings,impression,split\na,b,train\nc,d,secret\n", ":3: the split is neither"),
        ("a.jsonl", '{"findings":"a","impression":"b"}\n{"findings"\n', ":2: not JSON"),
        ("a.jsonl", "\n[1]\n", ":2: not a JSON object"),
        ("a.jsonl", "\n", "holds no report"),
        ("a.jsonl", '{"findings":"a"}\n', "no column 'impression'.*'findings'"),
        ("a.jsonl", '{"findings":{"secret":1},"impression":"b"}\n', ":1: 'findings' is neither"),
        ("a.jsonl", '{"findings":"\\ud800secret","impression":"b"}\n', ":1: half a surrogate"),
        ("a.jsonl", b'{"findings":"\x81","impression":"b"}\n', ":1: not UTF-8"),
        ("a.jsonl", "[" * 100_000 + "\n", ":1: not JSON"),
    ],
)
def test_broken_tables_are_one_line_without_their_text(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(InputError, match=message) as error:
        load_corpus(name.partition(".")[2], data_dir=path)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)
    assert str(path) in str(error.value)


def test_columns_that_do_not_exist(tmp_path):
    path = write(tmp_path / "a.csv", "findings,impression\na,b\n")
    with pytest.raises(InputError, match=r"no column 'report' for indication.*'impression'"):
        load_corpus("csv", data_dir=path, columns={"indication": "report"})
    with pytest.raises(
        InputError, match=r"'finding' \(did you mean 'findings'\?\); the fields are uid"
    ):
        load_corpus("csv", data_dir=path, columns={"finding": "findings"})


def test_which_file_is_meant(tmp_path):
    with pytest.raises(InputError, match=r"no such file or folder; give a \.csv"):
        load_corpus("csv", data_dir=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"found 0 \(none\)"):
        load_corpus("csv", data_dir=tmp_path)
    for name in ("train.csv", "test.csv"):
        write(tmp_path / name, "findings,impression\na,b\n")
    with pytest.raises(InputError, match=r"found 2 \(test.csv, train.csv\)"):
        load_corpus("csv", data_dir=tmp_path)


def test_who_wrote_a_report_and_of_whom_is_its_meta(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("findings,impression,DOCTOR,Age,sex\nClear lungs.,Normal.,A,61,\n")
    [report] = load_corpus("csv", data_dir=path, columns={"author": "DOCTOR"}, split="random").train
    assert report.meta == {"author": "A", "age": "61"}
