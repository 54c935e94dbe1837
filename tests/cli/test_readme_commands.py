"""Every command of the README runs; what it says is printed is printed.

The two ``bash`` blocks (install, first use, the tests) are what continuous integration runs.
"""

import csv
import re
import shlex

import programs
import pytest
from places import ROOT

from preprocessing.corpora import load_corpus

README = (ROOT / "README.md").read_text(encoding="utf-8")
# What makes a training short; everything else is as in the README.
SHORT = ["--max-steps", "2", "--validation-reports", "2", "--batch-size", "4"]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def session(text):
    """The commands of a block, each with the output that stands below it."""
    commands, lines = [], text.splitlines()
    while lines:
        command = lines.pop(0).removeprefix("$ ")
        while command.count('"') % 2:
            command += " " + lines.pop(0)
        output = []
        while "$ " in text and lines and not lines[0].startswith("$ "):
            output.append(lines.pop(0))
        commands.append((command, output))
    return commands


def run(command, folder, *more):
    """A command of the README, in another folder than the clone."""
    words = shlex.split(command)
    if words[0] == "graphsum":
        words[:0] = ["-m"]
    else:
        assert words.pop(0) == "python"
    done = programs.run(*words, *more, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def write_table(path, names, reports):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows((report.findings, report.impression) for report in reports)


@pytest.fixture
def in_clone(tmp_path):
    """A folder that has the clone's checkpoints/openi, as the README's reader has."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "openi").symlink_to(ROOT / "checkpoints" / "openi")
    return tmp_path


def test_use_on_the_command_line(in_clone):
    write_table(in_clone / "reports.csv", ("findings", "old"), load_corpus("sample").test[:3])
    [first, second] = session(blocks("sh")[0])
    assert run(first[0], in_clone).splitlines() == first[1]
    run(second[0], in_clone)
    with open(in_clone / "impressions.csv", newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_use_in_python(in_clone):
    [code] = blocks("python")
    *lines, last = code.strip().splitlines()
    call, comment = last.split("  # ")
    script = in_clone / "script.py"
    script.write_text("\n".join([*lines, f"print(repr({call}))"]), encoding="utf-8")
    done = programs.run(script, cwd=in_clone)
    assert done.stdout.strip() == comment, done.stderr[-2000:]


def test_training_on_reports_of_ones_own(tmp_path):
    reports = load_corpus("sample").train[:80]
    write_table(tmp_path / "reports.csv", ("BEFUND", "BEURTEILUNG"), reports)
    [train, evaluate] = session(blocks("sh")[1])
    run(train[0], tmp_path, *SHORT)
    table = run(evaluate[0], tmp_path)
    assert "rouge" in table.lower()


def test_no_command_is_left_out():
    assert len(blocks("sh")) == 2
    assert len(blocks("python")) == 1
