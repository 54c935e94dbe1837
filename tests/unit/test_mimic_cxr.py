"""MIMIC-CXR, on invented files in PhysioNet's layout."""

import gzip
import random
import zipfile
from collections import Counter

import pytest
from mimic_tree import SHAPES, UNLISTED, MimicTree, write_mimic_tree

from preprocessing.corpora import Corpus, describe, load_corpus
from preprocessing.corpora.mimic_cxr import read_reports
from preprocessing.errors import InputError

SPLIT = "mimic-cxr-2.0.0-split.csv.gz"


@pytest.fixture(scope="module", params=["folder", "zip"])
def written(request, tmp_path_factory) -> tuple[MimicTree, Corpus, Corpus]:
    folder = tmp_path_factory.mktemp("mimic")
    tree = write_mimic_tree(folder, zipped=request.param == "zip")
    official = load_corpus("mimic-cxr", data_dir=folder)
    shuffled = load_corpus("mimic-cxr", data_dir=folder, split="paper-random", split_seed=4)
    return tree, official, shuffled


def test_every_report_is_read_as_planned(written):
    tree, official, _ = written
    assert tree.total == 8 * len(SHAPES) >= 300
    found = {
        report.uid: (report.patient, report.findings, report.impression, part)
        for part in ("train", "val", "test")
        for report in getattr(official, part)
    }
    assert found == {uid: pair for uid, pair in tree.pairs.items() if pair[3]}


def test_every_exclusion_is_counted(written):
    tree, official, shuffled = written
    assert tree.unlisted > 0
    assert official.exclusions == dict(tree.exclusions) | {UNLISTED: tree.unlisted}
    assert shuffled.exclusions == tree.exclusions
    parts = [official.train, official.val, official.test]
    assert sum(map(len, parts)) + sum(official.exclusions.values()) == tree.total
    assert official.split == "official"


def test_official_sizes(written):
    tree, official, _ = written
    sizes = Counter(part for *_, part in tree.pairs.values())
    assert min(sizes["train"], sizes["val"], sizes["test"]) > 0
    assert (len(official.train), len(official.val), len(official.test)) == (
        sizes["train"],
        sizes["val"],
        sizes["test"],
    )


def test_random_split_keeps_patients_together(written):
    tree, _, shuffled = written
    assert shuffled.split == "paper-random (seed 4)"
    patients = [{report.patient for report in part} for part in (shuffled.train, shuffled.val)]
    patients.append({report.patient for report in shuffled.test})
    assert len(set.union(*patients)) == sum(map(len, patients))
    assert len(shuffled.train) + len(shuffled.val) + len(shuffled.test) == len(tree.pairs)
    assert abs(len(shuffled.val) - len(tree.pairs) / 10) <= 3


def test_describe_shows_published_sizes_and_exclusions(written):
    _, official, shuffled = written
    text = describe(official)
    assert "(published 122,014)" in text
    assert "(published 957)" in text
    assert "(published 1,606)" in text
    for reason, count in official.exclusions.items():
        assert f"  {reason}: {count}" in text
    assert "published" not in describe(shuffled)


def test_no_text_of_reports_in_describe(written):
    _, official, _ = written
    assert official.train[0].impression not in describe(official)


def test_indication_and_comparison(tmp_path):
    write_mimic_tree(tmp_path, copies=1)
    first = next(read_reports(tmp_path))
    assert (first.indication, first.comparison) == ("___ year old", "")
    assert first.patient == "p10000032"


def test_no_data_says_where_to_get_it(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError) as error:
            load_corpus("mimic-cxr", data_dir=folder)
        for part in ("physionet.org/content/mimic-cxr/2.1.0/", "mimic-cxr-reports.zip", SPLIT):
            assert part in str(error.value)
        assert "\n" not in str(error.value)


def test_split_file_is_needed_for_the_official_split_only(tmp_path):
    write_mimic_tree(tmp_path, copies=1)
    (tmp_path / SPLIT).unlink()
    with pytest.raises(InputError, match="paper-random"):
        load_corpus("mimic-cxr", data_dir=tmp_path)
    assert load_corpus("mimic-cxr", data_dir=tmp_path, split="paper-random").train


def test_unpacked_split_file(tmp_path):
    write_mimic_tree(tmp_path, copies=1)
    packed = load_corpus("mimic-cxr", data_dir=tmp_path)
    (tmp_path / SPLIT[:-3]).write_bytes(gzip.decompress((tmp_path / SPLIT).read_bytes()))
    (tmp_path / SPLIT).unlink()
    assert load_corpus("mimic-cxr", data_dir=tmp_path) == packed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dicom_id,study,split\n", "no column study_id"),
        ("dicom_id,study_id,subject_id,split\na,1,2,train\na,1,2,exam\n", ":3: .*'s1'"),
        ("dicom_id,study_id,subject_id,split\na,1,2,train\na,1,2,test\n", ":3: study 's1' is in"),
        ("", "no column"),
    ],
)
def test_broken_split_files(tmp_path, text, message):
    write_mimic_tree(tmp_path, copies=1)
    with gzip.open(tmp_path / SPLIT, "wt") as out:
        out.write(text)
    with pytest.raises(InputError, match=message):
        load_corpus("mimic-cxr", data_dir=tmp_path)


def test_truncated_split_file(tmp_path):
    write_mimic_tree(tmp_path)
    content = (tmp_path / SPLIT).read_bytes()
    for broken in (content[: len(content) // 2], b"no gzip at all"):
        (tmp_path / SPLIT).write_bytes(broken)
        with pytest.raises(InputError, match="incomplete"):
            load_corpus("mimic-cxr", data_dir=tmp_path)


def test_broken_archives(tmp_path):
    write_mimic_tree(tmp_path, copies=1, zipped=True)
    archive = tmp_path / "mimic-cxr-reports.zip"
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a zip archive or incomplete"):
        load_corpus("mimic-cxr", data_dir=tmp_path)


def test_a_damaged_member_is_an_exclusion(tmp_path):
    write_mimic_tree(tmp_path, copies=1, zipped=True)
    archive = tmp_path / "mimic-cxr-reports.zip"
    before = load_corpus("mimic-cxr", data_dir=tmp_path)
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as members:
        position = members.infolist()[0].header_offset + 100
    content[position] ^= 0xFF
    archive.write_bytes(content)
    after = load_corpus("mimic-cxr", data_dir=tmp_path)
    assert after.exclusions["unreadable file"] == 1
    assert len(after.train) == len(before.train) - 1


def test_any_damage_to_the_archive_is_an_exclusion_or_one_error(tmp_path):
    write_mimic_tree(tmp_path, copies=1, zipped=True)
    archive = tmp_path / "mimic-cxr-reports.zip"
    whole = archive.read_bytes()
    rng = random.Random(3)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(whole)
        # The directory at the end decides most.
        damaged[-rng.randint(1, 4000)] = rng.randrange(256)
        archive.write_bytes(damaged)
        try:
            load_corpus("mimic-cxr", data_dir=tmp_path)
            outcomes.add("read")
        except InputError as error:
            outcomes.add("refused" if "\n" not in str(error) else "more than one line")
    assert outcomes == {"read", "refused"}
