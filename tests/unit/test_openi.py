"""Open-i, on invented XML in the layout of the National Library of Medicine."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from places import SHARED

from preprocessing.corpora import describe, load_corpus
from preprocessing.corpora.download import OPENI_SHA256
from preprocessing.corpora.openi import read_reports
from preprocessing.corpora.source import Exclusion
from preprocessing.errors import InputError
from preprocessing.records import Report

FINDINGS = "Both lungs are as clear as a summer sky over the lake, and the heart agrees."
IMPRESSION = "Nothing to report at all."


def xml(findings: str | None = FINDINGS, impression: str | None = IMPRESSION) -> bytes:
    def section(label: str, text: str | None) -> str:
        return f'<AbstractText Label="{label}">{text or ""}</AbstractText>'

    return (
        '<?xml version="1.0" encoding="utf-8"?><eCitation><MedlineCitation><Article><Abstract>'
        + section("COMPARISON", "None.")
        + section("INDICATION", "Pain &amp; fever")
        + (section("FINDINGS", findings) if findings is not None else "")
        + (section("IMPRESSION", impression) if impression is not None else "")
        + "</Abstract></Article></MedlineCitation><MeSH><major> Opacity/lung/left </major>"
        "<major>Spine/degenerative</major><automatic>opacity</automatic></MeSH></eCitation>"
    ).encode()


FILES = {
    "1.xml": xml(),
    "1000.xml": xml(),
    "15.xml": xml(),
    "20.xml": xml(),
    "21.xml": xml(findings="Clear."),
    "22.xml": xml(impression="Normal."),
    "23.xml": xml(findings=None),
    "24.xml": xml(impression=""),
    "25.xml": xml()[:-20],
    "26.xml": b"\x00\xff\x89binary junk",
    "27.xml": b"",
    "CXR20.xml": xml(),
    "notes.xml": xml(),
}
EXCLUSIONS = {
    "broken XML": 3,
    "uid seen before": 1,
    "no number in the file name": 1,
    "no findings": 1,
    "no impression": 1,
    "findings of 10 tokens or fewer": 1,
    "impression of 3 tokens or fewer": 1,
}


def write_archive(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in FILES.items():
            info = tarfile.TarInfo(f"ecgen-radiology/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture(params=["archive", "archive itself", "folder", "files"])
def data_dir(request, tmp_path) -> Path:
    if request.param.startswith("archive"):
        write_archive(tmp_path / "NLMCXR_reports.tgz")
        return tmp_path / ("NLMCXR_reports.tgz" if request.param.endswith("itself") else "")
    folder = tmp_path / ("ecgen-radiology" if request.param == "folder" else "")
    folder.mkdir(exist_ok=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return tmp_path


def test_layouts_and_exclusions(data_dir):
    corpus = load_corpus("openi", data_dir=data_dir)
    assert [report.uid for report in corpus.val] == ["1", "1000"]
    assert [report.uid for report in corpus.test] == ["15"]
    assert [report.uid for report in corpus.train] == ["20"]
    assert corpus.exclusions == EXCLUSIONS
    assert corpus.split == "papers"
    assert corpus.train[0] == Report(
        uid="20",
        findings=FINDINGS,
        impression=IMPRESSION,
        indication="Pain & fever",
        comparison="None.",
        labels=("Opacity/lung/left", "Spine/degenerative"),
    )


def test_other_inclusion_rules_do_not_move_reports(data_dir):
    corpus = load_corpus("openi", data_dir=data_dir, inclusion="none")
    assert [report.uid for report in corpus.train] == ["20", "21", "22"]
    assert [report.uid for report in corpus.val] == ["1", "1000"]


def test_broken_records_are_named(data_dir):
    excluded = [one for one in read_reports(data_dir) if isinstance(one, Exclusion)]
    assert Exclusion("26", "broken XML") in excluded


def test_missing_data_says_where_to_get_it(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError) as error:
            load_corpus("openi", data_dir=folder)
        message = str(error.value)
        assert "https://openi.nlm.nih.gov/imgs/collections/NLMCXR_reports.tgz" in message
        assert "python -m preprocessing download openi" in message
        assert str(folder) in message


def test_broken_archives_are_one_error(tmp_path):
    archive = tmp_path / "NLMCXR_reports.tgz"
    write_archive(archive)
    whole = archive.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (b"", b"no archive", whole[: len(whole) // 2], whole[:-30], bytes(flipped)):
        archive.write_bytes(content)
        with pytest.raises(InputError, match=r"NLMCXR_reports\.tgz: .*download openi"):
            load_corpus("openi", data_dir=tmp_path)


@pytest.mark.skipif(
    not (SHARED / "openi" / "split.json").is_file(),
    reason="needs the real Open-i reports in $GRAPHSUM_SHARED/openi",
)
def test_the_papers_split_is_reproduced():
    listed = json.loads((SHARED / "openi" / "split.json").read_text())
    corpus = load_corpus("openi", data_dir=SHARED / "openi")
    for part in ("train", "val", "test"):
        assert [int(report.uid) for report in getattr(corpus, part)] == listed[part]
    assert describe(corpus).splitlines()[:4] == [
        "openi: 3,268 reports, split papers",
        "  train     2,400  (published 2,400)",
        "  val         292  (published 292)",
        "  test        576  (published 576)",
    ]
    assert sum(corpus.exclusions.values()) == 3955 - 3268


@pytest.mark.skipif(
    not (SHARED / "openi" / "NLMCXR_reports.tgz").is_file(),
    reason="needs the real Open-i reports in $GRAPHSUM_SHARED/openi",
)
def test_the_checksum_is_that_of_the_archive():
    content = (SHARED / "openi" / "NLMCXR_reports.tgz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == OPENI_SHA256
