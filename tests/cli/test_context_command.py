"""``--context`` of train, and what summarize, evaluate and tune make of such a checkpoint."""

import csv
import json

import programs
import pytest
from short_runs import SMALL

from graphsum.personal.context import author_code
from preprocessing.corpora.sample_context import read_reports

FIELDS = ("uid", "findings", "impression", "indication", "author", "split")


def graphsum(*arguments, cwd):
    return programs.run("-m", "graphsum", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of reports and a run of a few steps that reads two kinds of context."""
    folder = tmp_path_factory.mktemp("context")
    reports = list(read_reports(n=40))
    long = max(range(40), key=lambda number: len(reports[number].impression))
    with open(folder / "reports.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uid", "findings", "impression", "REASON", "author", "split"])
        for number, one in enumerate(reports):
            told = f"Before: {one.impression}" if number == long else one.indication
            part = "train" if number < 30 else "val" if number < 35 else "test"
            writer.writerow([one.uid, one.findings, one.impression, told, "AB"[number % 2], part])
    with open(folder / "new.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["findings", "REASON", "author"])
        for reason, author in (("", ""), ("Pneumothorax?", ""), ("Pneumothorax?", "A")):
            writer.writerow(["Heart size is normal. The lungs are clear.", reason, author])
    done = graphsum(
        "train", "--dataset", "csv", "--data-dir", "reports.csv", *SMALL,
        "--columns", "indication=REASON", "--context", "author,indication",
        "--max-steps", "4", "--output-dir", "run", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "context of the training reports: indication " in done.stdout
    assert "\nreports whose context holds their impression, and is left out: 1\n" in done.stdout
    return folder


def settings(folder):
    return json.loads((folder / "run" / "best" / "processor_config.json").read_text())


def test_the_checkpoint_remembers_what_it_reads(folder):
    assert settings(folder)["context"] == ["indication", "author"]
    assert settings(folder)["authors"] == sorted(map(author_code, "AB"))


def test_an_author_whom_the_model_does_not_know_is_said(folder):
    how = ("--checkpoint", "run", "--num-beams", "1", "--author")
    written = {}
    for author in ("A", "C"):
        done = graphsum("summarize", "Lungs are clear.", *how, author, cwd=folder)
        assert done.returncode == 0, done.stderr
        written[author] = done.stderr
    assert "does not know" not in written["A"]
    line = "1 of 1 reports are of authors that the model does not know: written for no author"
    assert line in written["C"]


def test_summarize_reads_the_columns_of_a_table(folder):
    how = ("--checkpoint", "run", "--columns", "indication=REASON", "--num-beams", "1")
    done = graphsum(
        "summarize", "--input", "new.csv", *how, "--output", "out.csv", cwd=folder
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with open(folder / "out.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
    done = graphsum("summarize", "Lungs are clear.", *how[:2], "--author", "A", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = graphsum("summarize", "--input", "new.csv", *how[:2], "--columns",
                    "indication=REASONS", cwd=folder)  # fmt: skip
    assert done.returncode == 2
    assert "no column 'REASONS' for indication" in done.stderr


def test_evaluate_reads_it_too_and_resume_knows_it(folder):
    done = graphsum("evaluate", "--checkpoint", "run", "--num-beams", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = graphsum("train", "--resume", "run", "--max-steps", "5", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert settings(folder)["context"] == ["indication", "author"]


def test_another_context_cannot_be_resumed_and_one_that_no_report_has_is_one_line(folder):
    done = graphsum("train", "--resume", "run", "--context", "indication", cwd=folder)
    assert done.returncode == 2
    assert "run: the run reads the context indication,author, which --resume" in done.stderr
    done = graphsum(
        "train", "--dataset", "csv", "--data-dir", "reports.csv", *SMALL, "--max-steps", "1",
        "--context", "technique", "--output-dir", "other", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--context technique: no training report has it" in done.stderr


def test_what_is_given_in_the_place_of_pairs_is_not_shown(folder):
    done = graphsum("summarize", "--columns", "Small effusion. Mr. Kranich.", cwd=folder)
    assert done.returncode == 2
    assert "Kranich" not in done.stderr


def test_an_unknown_kind_is_one_line(folder):
    done = graphsum("train", "--context", "reason", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --context reason; the kinds are indication,"), done.stderr
    assert done.stderr.count("\n") == 1


def test_rows_of_a_table_in_the_style_of_their_own_authors(folder):
    """Numbered for A, not for B; an author whom the profile does not have gets the mean."""
    rows = [("A", f"1. Small effusion {n}.") for n in range(30)]
    rows += [("B", f"There is a small effusion {n}.") for n in range(30)]
    with open(folder / "habits.csv", "w", newline="") as file:
        csv.writer(file).writerows([("author", "impression"), *rows])
    done = graphsum("style", "profile", "habits.csv", "--author", "author", "--output",
                    "p.json", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    with open(folder / "rows.csv", "w", newline="") as file:
        findings = "Moderate left pleural effusion. No pneumothorax."
        csv.writer(file).writerows(
            [("findings", "author"), *((findings, one) for one in ("A", "B", "C", ""))]
        )
    done = graphsum("summarize", "--input", "rows.csv", "--style-profile", "p.json",
                    "--num-beams", "1", "--output", "styled.csv", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    with open(folder / "styled.csv", newline="") as file:
        first, second, *mean = [row["impression"] for row in csv.DictReader(file)]
    assert first.startswith("1. ")
    assert second.startswith("There is")
    assert mean[0] == mean[1]
    assert "1 reports are of authors that the profile does not have" in done.stderr
