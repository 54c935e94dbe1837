"""A disk without room: every command that writes says so in one line, and goes on when there is."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from short_runs import SMALL
from tiny import tiny_model, tiny_processor

from graphsum.cli.main import main
from preprocessing.errors import InputError, RunError

SIZE = "20m"
SAMPLE = ("--dataset", "jsonl", "--data-dir", "{reports}")
MODEL = ("--checkpoint", "{model}", "--num-beams", "1")
SUMMARIZE = ("summarize", *MODEL, "--input", "{table}", "--output-column", "written")
TRAIN = ("train", *SAMPLE, *SMALL, "--max-steps", "2", "--validate-every", "2")
# Command -> what it writes on the disk.
COMMANDS = {
    "annotate": (("preprocess", "annotate", "--input", "{words}"), "--output", "w.jsonl"),
    "graph": (("preprocess", "graph", *SAMPLE), "--output", "g.jsonl"),
    "read": (("preprocess", "read", "--input", "{texts}"), "--output", "read.jsonl"),
    "summarize to csv": (SUMMARIZE, "--output", "o.csv"),
    "summarize to a page": (SUMMARIZE, "--output", "o.html"),
    "summarize to a workbook": (SUMMARIZE, "--output", "o.xlsx"),
    "evaluate": (("evaluate", *MODEL, *SAMPLE), "--output-dir", "results"),
    "train": (TRAIN, "--output-dir", "run"),
    "export": (("export", "--checkpoint", "{model}", "--min-reports", "1"), "--output", "given"),
    "pretrain": (
        ("pretrain", *SAMPLE, "--layers", "1", "--width", "32", "--vocab-size", "200",
         "--epochs", "1"), "--output-dir", "llm",
    ),
    "page": (("page", "--input", "{rows}"), "--output", "page.html"),
    "tune": (
        ("tune", "--checkpoint", "{run}", "--method", "rloo", "--rewards", "{rewards}",
         "--max-steps", "1", "--validate-every", "1", "--batch-size", "2", "--samples", "2",
         "--validation-reports", "2", "--max-new-tokens", "8"), "--output-dir", "tuned",
    ),
    "label": (("label", "--input", "{table}"), "--output", "labels.csv"),
    "tasks build": (("tasks", "build", *SAMPLE, "--tasks", "qa"), "--output", "qa.jsonl"),
    "ask": (
        ("ask", "--task", "paraphrase", "--input", "{texts}"), "--output", "answers.jsonl",
    ),
    "study make": (
        ("study", "make", "--systems", "{system}", "{system_b}", "--n", "4", "--readers", "1",
         "--seed", "1"), "--output-dir", "study",
    ),
    "style profile": (
        ("style", "profile", "{table}", "--author", "author"), "--output", "profile.json",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small disk of its own."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"there is no mount here ({error.strerror})")
    if done.returncode:
        pytest.skip(f"nothing may be mounted here ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, reports_file):
    """What the commands read, on another disk."""
    folder = tmp_path_factory.mktemp("inputs")
    reports = [json.loads(line) for line in reports_file.read_text().splitlines()]

    def lines(name, rows):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return folder / name

    processor = tiny_processor(max_source_length=128)
    tiny_model(processor).save_pretrained(folder / "model")
    processor.save_pretrained(folder / "model")
    few = reports[:12]
    (folder / "rewards.yaml").write_text("rewards: {rouge: 1.0}\njudges: {observations: 1.0}\n")
    main([str(one).format(reports=reports_file) for one in TRAIN]
         + ["--output-dir", str(folder / "run"), "--cache-dir", str(folder / "cache")])  # fmt: skip
    table = [{"author": "AB"[n % 2], **row} for n, row in enumerate(reports)]
    systems = [
        lines(
            f"{name}.jsonl", [{**row, "prediction": f"{name}. {row['impression']}"} for row in few]
        )
        for name in "ab"
    ]
    explained = ["--checkpoint", str(folder / "model"), "--num-beams", "1", "--explain"]
    source = lines("findings.jsonl", [{"uid": r["uid"], "findings": r["findings"]} for r in few])
    rows = folder / "rows.jsonl"
    main(["summarize", *explained, "--input", str(source), "--output", str(rows)])
    return {
        "reports": reports_file,
        "model": folder / "model",
        "table": lines("table.jsonl", table),
        "words": lines(
            "words.jsonl", ({"uid": r["uid"], "words": r["findings"].split()} for r in few)
        ),
        "texts": lines("texts.jsonl", [{"id": r["uid"], "text": r["findings"]} for r in few]),
        "system": systems[0],
        "run": folder / "run",
        "rewards": folder / "rewards.yaml",
        "rows": rows,
        "system_b": systems[1],
    }  # fmt: skip


def fill(disk):
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        for block in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(block)):
                    pass
    return filler


@pytest.mark.parametrize("name", COMMANDS)
def test_no_room_is_one_line_and_the_same_command_goes_on_later(
    disk, inputs, tmp_path, monkeypatch, capsys, name
):
    command, option, output = COMMANDS[name]
    given = [str(one).format(**inputs) for one in command]
    if "--checkpoint" not in given and name in ("train", "evaluate"):
        given += ["--cache-dir", str(tmp_path / "cache")]
    monkeypatch.chdir(tmp_path)
    given += [option, str(disk / name.replace(" ", "-") / output)]
    (disk / name.replace(" ", "-")).mkdir()
    filler = fill(disk)
    with pytest.raises((InputError, RunError)) as told:
        main(given)
    assert "\n" not in str(told.value)
    assert "No space left" in str(told.value) or "room" in str(told.value)
    target = Path(given[-1])
    assert not target.is_file()
    assert not any(path.name in ("metrics.json", "model.safetensors") for path in target.rglob("*")
                   if path.stat().st_size)  # fmt: skip
    filler.unlink()
    capsys.readouterr()
    main(given)
    assert target.exists()
