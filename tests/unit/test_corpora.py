"""Loading a corpus: names, inclusion rules, splits. Every text is invented."""

import json

import pytest

from preprocessing.corpora import CORPORA, load_corpus
from preprocessing.corpora.inclusion import count_tokens, exclusion_reason
from preprocessing.corpora.source import SplitRequest
from preprocessing.corpora.splits import RandomSplit
from preprocessing.errors import InputError
from preprocessing.records import Report
from preprocessing.registry import load

TEN = "one two three four five six seven eight nine ten"


def reports(n: int, *, patients: int = 0) -> list[Report]:
    return [
        Report(str(i), "f", "i", patient=str(i % patients) if patients else "") for i in range(n)
    ]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    lines = [f"{i},Clear lungs {i}.,Fine {i}.\n" for i in range(20)]
    path.write_text("uid,findings,impression\n" + "".join(lines) + "20,,Nothing seen.\n")
    return path


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("Clear.", 2),
        ("Chest x-ray, no change", 5),
        ("The patient's 1-2 cm nodule", 5),
        ("At 2.5 cm", 5),
        ("- - a", 3),
    ],
)
def test_count_tokens(text, tokens):
    assert count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("rule", "findings", "impression", "reason"),
    [
        ("hu2022", TEN + ".", "All is well", "impression of 3 tokens or fewer"),
        ("hu2022", TEN + ".", "All is well.", None),
        ("hu2022", TEN, "All is well.", "findings of 10 tokens or fewer"),
        ("hu2022", "", "", "no findings"),
        ("radiology-gpt", TEN, "All well", None),
        ("radiology-gpt", TEN[:-4], "All well", "findings of fewer than 10 words"),
        ("radiology-gpt", TEN, "Well.", "impression of fewer than 2 words"),
        ("none", "a", " ", "no impression"),
        ("none", "a", "b", None),
    ],
)
def test_inclusion_rules_at_their_limits(rule, findings, impression, reason):
    assert exclusion_reason(Report("1", findings, impression), rule) == reason


def test_random_split_has_exact_sizes_and_depends_on_uids_and_seed_only(tmp_path):
    split = RandomSplit(8, 1, 1)
    request = SplitRequest(tmp_path, seed=5)
    parts = split(reports(50), request)
    assert [len(part) for part in parts] == [40, 5, 5]
    assert len({report.uid for part in parts for report in part}) == 50
    assert split(reports(50)[::-1], request) == parts
    assert split(reports(50), SplitRequest(tmp_path, seed=6)) != parts


def test_random_split_keeps_patients_together(tmp_path):
    parts = RandomSplit(8, 1, 1)(reports(100, patients=30), SplitRequest(tmp_path))
    patients = [{report.patient for report in part} for part in parts]
    assert sum(map(len, patients)) == 30
    assert len(parts.val) <= 10
    assert len(parts.val) > 6


def test_split_file_keeps_its_order_and_counts_what_it_leaves_out(table, tmp_path):
    path = tmp_path / "parts.json"
    path.write_text(json.dumps({"train": [5, "3", 20], "val": [1], "test": ["2"]}))
    corpus = load_corpus("csv", data_dir=table, split_file=path)
    assert [report.uid for report in corpus.train] == ["5", "3"]
    assert [report.uid for report in corpus.val + corpus.test] == ["1", "2"]
    assert corpus.exclusions == {"no findings": 1, "in no part of the split": 16}
    assert corpus.split == "file parts.json"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not JSON"),
        ("[1, 2]", 'no list under "train"'),
        ('{"train": [1], "val": [2]}', 'no list under "test"'),
        ('{"train": [1], "val": 2, "test": []}', 'no list under "val"'),
        ('{"train": [1], "val": [1], "test": []}', "'1' is listed twice, in train and in val"),
        ('{"train": [1, "1"], "val": [], "test": []}', "listed twice"),
        ('{"train": [1.5], "val": [], "test": []}', r'"train"\[0\] is not'),
        ('{"train": [true], "val": [], "test": []}', r'"train"\[0\] is not'),
        ('{"train": [1], "val": ["x y"], "test": []}', "1 uid.* under 'val' .* 'x y'"),
        ("\xff", "not JSON"),
    ],
)
def test_broken_split_files(table, tmp_path, content, message):
    path = tmp_path / "parts.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=message) as error:
        load_corpus("csv", data_dir=table, split_file=path)
    assert "\n" not in str(error.value)


def test_mistaken_names_are_answered_with_the_right_ones(table, tmp_path):
    with pytest.raises(InputError, match=r"did you mean 'openi'.*mimic-cxr"):
        load_corpus("open-i")
    with pytest.raises(InputError, match="did you mean 'hu2022'"):
        load_corpus("csv", data_dir=table, inclusion="hu2021")
    with pytest.raises(InputError, match="did you mean 'random'"):
        load_corpus("csv", data_dir=table, split="randon")
    with pytest.raises(InputError, match="both given"):
        load_corpus("csv", data_dir=table, split="random", split_file=tmp_path / "x.json")
    with pytest.raises(InputError, match="split file cannot be read"):
        load_corpus("csv", data_dir=table, split_file=tmp_path / "x.json")


def test_an_empty_corpus_says_what_was_left_out(table):
    with pytest.raises(InputError, match=r"no reports left .*findings of 10 tokens or fewer: 20"):
        load_corpus("csv", data_dir=table, inclusion="hu2022")


def test_default_folder_is_data_and_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^data/openi: "):
        load_corpus("openi")


@pytest.mark.parametrize("name", ["openi", "mimic-cxr", "csv", "jsonl"])
def test_every_source_names_its_split_and_rule(name):
    assert name in CORPORA
    source = load(CORPORA, name)
    assert source.splits
    assert source.data_hint
    assert exclusion_reason(Report("1", TEN + ".", "All is well."), source.inclusion) is None
