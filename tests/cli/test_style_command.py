"""``graphsum style profile`` and the style options of ``graphsum summarize``, as commands."""

import csv
import json

import programs
import pytest
from places import ROOT

from graphsum.cli.main import main
from preprocessing.corpora.sample_authors import read_reports

CHECKPOINT = ROOT / "checkpoints" / "openi"
FINDINGS = "Small left pleural effusion. Heart size is normal. No pneumothorax."


def graphsum(*arguments, cwd):
    return programs.run("-m", "graphsum", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of sixty reports and the profile of its authors."""
    folder = tmp_path_factory.mktemp("styles")
    with open(folder / "reports.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["findings", "CONCLUSION", "RADIOLOGIST"])
        for one in read_reports(n=60):
            writer.writerow([one.findings, one.impression, one.meta["author"]])
        writer.writerow(["Clear lungs.", "", "Amsel"])
        writer.writerow(["Clear lungs.", "No acute disease.", ""])
    done = profile(folder, "--output", "p.json", "--salt", "s")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("written: p.json, 5 authors, 60 reports\nmean: ")
    return folder


def profile(folder, *options):
    columns = ("--author", "RADIOLOGIST", "--columns", "impression=CONCLUSION")
    return graphsum("style", "profile", "reports.csv", *columns, *options, cwd=folder)


def test_without_a_salt_the_names_are_hashed_with_a_new_one(folder):
    profile(folder, "--output", "other.json")
    known, other = (json.loads((folder / name).read_text()) for name in ("p.json", "other.json"))
    assert len(other["salt"]) == 16
    assert len(known["authors"]) == len(other["authors"]) == 5
    assert not other["authors"].keys() & known["authors"].keys()
    assert other["mean"] == known["mean"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("style", "profile", "reports.csv", "--author", "DOCTOR", "--output", "x.json",
          "--columns", "impression=CONCLUSION"), "no column 'DOCTOR' for author"),
        (("style", "profile", "reports.csv", "--author", "RADIOLOGIST", "--output", "x.json"),
         "no column 'impression' for impression"),
        (("style", "profile", "reports.csv", "--author", "RADIOLOGIST", "--output", "x.json",
          "--min-uses", "5"), "--min-uses must be at least 20"),
        (("summarize", FINDINGS, "--style", "shirt"), "unknown style 'shirt'"),
        (("summarize", FINDINGS, "--author", "Amsel"), "--author is looked up in --style-profile"),
        (("summarize", FINDINGS, "--style-profile", "none.json"), "none.json: cannot be read"),
        (("summarize", FINDINGS, "--style-profile", "reports.csv"), "reports.csv: not a JSON"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(folder, options, message):
    done = graphsum(*options, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "x.json").exists()


@pytest.mark.skipif(not (CHECKPOINT / "model.safetensors").is_file(), reason="no checkpoint here")
def test_an_impression_in_the_style_of_an_author(folder):
    how = ("--checkpoint", CHECKPOINT, "--num-beams", 1, "--style-profile")
    done = graphsum("summarize", FINDINGS, *how, "p.json#Amsel", cwd=folder)
    assert done.stdout.startswith("1. Small left pleural effusion."), done.stderr


@pytest.mark.skipif(not (CHECKPOINT / "model.safetensors").is_file(), reason="no checkpoint here")
def test_an_unknown_author_gets_the_mean_and_a_style_overrules_it(folder, capfd):
    profile_file = str(folder / "p.json")
    how = ["--checkpoint", str(CHECKPOINT), "--num-beams", "1", "--style-profile", profile_file]
    main(["summarize", FINDINGS, *how, "--author", "Nobody", "--style", "clauses"])
    out, err = capfd.readouterr()
    assert "There is a small left pleural effusion." in out
    assert err.startswith("the profile has no such author: the mean of all is taken\n")
