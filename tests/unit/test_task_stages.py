"""Files of stages, the shares of their mixtures, and questions whose truth coders gave."""

import itertools
import json
from collections import Counter

import pytest

from graphsum.cli.main import main
from graphsum.options import resolve
from graphsum.tasks.building import build_instructions
from graphsum.tasks.coded import tags_of
from graphsum.tasks.stages import Source, Stage, files_of, material_of, read_stages
from graphsum.tasks.task import NOT_STATED
from preprocessing.errors import InputError
from preprocessing.records import Report

GOOD = "steps: 10\nlr: 5e-4\nsources:\n  - {instructions: a.jsonl, validation: 2}\n"


def write(folder, text=GOOD, rows=6):
    lines = [
        json.dumps({"id": str(n), "task": "qa", "prompt": f"p {n}", "answer": "Yes."})
        for n in range(rows)
    ]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "stage.yaml").write_text(text)
    return folder / "stage.yaml"


def test_a_stage_is_read_with_its_instructions(tmp_path):
    (stage,) = read_stages([write(tmp_path)])
    assert (stage.steps, stage.lr, stage.warmup, stage.replay) == (10, 5e-4, 1, 0.0)
    assert stage.sources == (Source(tmp_path / "a.jsonl", 2, 1.0),)
    (material,) = material_of(stage)
    assert material is not None
    assert [len(material.train), len(material.validation)] == [4, 2]
    assert not {one.id for one in material.train} & {one.id for one in material.validation}
    before = files_of([stage])
    assert len(before) == 2
    write(tmp_path, rows=7)
    assert files_of([stage]) != before


def test_shares_by_weight_size_and_temperature(tmp_path):
    def shares(temperature, sizes, weights=(1.0, 1.0)):
        sources = tuple(Source(None, 0, weight) for weight in weights)
        stage = Stage(tmp_path, 1, 1.0, 1, temperature, 0.0, sources)
        return stage.shares(sizes)

    assert shares(None, [900, 100], (1.0, 3.0)) == [0.25, 0.75]
    assert shares(1.0, [900, 100]) == [0.9, 0.1]
    assert shares(2.0, [900, 100]) == pytest.approx([0.75, 0.25])
    assert shares(1000.0, [900, 100]) == pytest.approx([0.5, 0.5], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "expected a mapping"),
        (GOOD + "stepz: 3\n", "unknown key 'stepz'.*steps"),
        (GOOD.replace("10", "0"), "steps must be a whole number, at least 1"),
        (GOOD.replace("5e-4", "fast"), "lr must be a number above 0, at most 10"),
        (GOOD.replace("5e-4", "20"), "lr must be a number above 0, at most 10"),
        (GOOD + "replay: 0.95\n", "replay must be a number at least 0, at most 0.9"),
        (GOOD + "replay: 0.1\n", "no stage is before the first"),
        (GOOD + "temperature: 0\n", "temperature must be a number at least 0.1"),
        ("steps: 1\nlr: 1\nsources: []\n", "sources must be a list"),
        ("steps: 1\nlr: 1\nsources: [3]\n", "source 1: give either instructions"),
        ("steps: 1\nlr: 1\nsources: [{corpus: qa}]\n", "corpus must be impression"),
        ("steps: 1\nlr: 1\nsources: [{corpus: impression, instructions: a}]\n", "either"),
        (GOOD.replace("2}", "2, rows: 1}"), "source 1: unknown key 'rows'"),
        (GOOD.replace("2}", "-2}"), "validation must be a file or a number, at least 0"),
        (GOOD.replace("2}", "2, weight: 0}"), "weight must be a number above 0"),
        (GOOD.replace("2}", "2, weight: 2}") + "temperature: 2\n", "give temperature, or a weight"),
        (GOOD + "  - {corpus: impression, weight: 2}\n", "give temperature, or a weight"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        read_stages([path])
    assert str(path) in str(caught.value)


def test_files_of_instructions_that_cannot_be_used(tmp_path):
    (stage,) = read_stages([write(tmp_path, rows=2)])
    with pytest.raises(InputError, match="no instructions are left"):
        list(material_of(stage))
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(InputError, match=r"a\.jsonl"):
        list(material_of(stage))
    with pytest.raises(InputError, match=r"a\.jsonl: cannot be read"):
        files_of([stage])


def test_options_with_stages(tmp_path):
    with pytest.raises(InputError, match="for --model instruct"):
        resolve({"stages": ["a.yaml"]})
    (tmp_path / "options.yaml").write_text("stages: a.yaml\n")
    with pytest.raises(InputError, match="stages must be of type"):
        resolve({}, tmp_path / "options.yaml")
    (tmp_path / "options.yaml").write_text("stages: [a.yaml, 3]\n")
    with pytest.raises(InputError, match="stages must be a list of files"):
        resolve({}, tmp_path / "options.yaml")


def test_the_command_adds_up_the_steps_itself(tmp_path):
    path = str(write(tmp_path))
    asked = ["train", "--model", "instruct", "--llm", "x", "--stages", path, "--max-steps", "3"]
    with pytest.raises(InputError, match="leave out --max-steps"):
        main(asked)


# --- the coders' tags ---------------------------------------------------------------------------

FINDINGS = "Small left pleural effusion. No pneumothorax. Possible mass in the right lung."
TAGGED = Report("7", FINDINGS, labels=("Pleural Effusion/left/small",))


def questions(report, truth="tags"):
    built = build_instructions([report], ["qa"], truth=truth)
    return {one.request.question: one.answer for one in built if one.request}


def test_tags_give_the_answers_and_no_prompt_holds_them():
    asked = questions(TAGGED)
    assert asked["Is there pleural effusion?"] == "Yes."
    assert asked["On which side is the pleural effusion?"] == "Left side."
    assert asked["How severe is the pleural effusion?"] == "Small."
    assert asked["Is there pneumothorax?"] == "No."
    assert asked["Is there mass?"] == "No."  # the engine reads a possible one, the coders none
    assert questions(TAGGED, "rules")["Is there mass?"].startswith("Possibly")
    assert Counter(asked.values())[NOT_STATED] >= 1
    other = Report("7", FINDINGS, labels=("Pneumothorax/right",))
    prompts = [
        [one.prompt for one in build_instructions([report], ["qa"], truth="tags")]
        for report in (TAGGED, other)
    ]
    assert {p.rpartition("Question:")[0] for p in itertools.chain(*prompts)} == {
        prompts[0][0].rpartition("Question:")[0]
    }
    assert questions(other)["Is there pneumothorax?"] == "Yes."


def test_what_was_not_indexed_is_not_asked_of():
    for labels in ((), ("No Indexing",)):
        assert tags_of(Report("1", FINDINGS, labels=labels)) is None
    assert tags_of(Report("1", FINDINGS, labels=("normal",))) == []
    with pytest.raises(InputError, match="no report has tags"):
        questions(Report("1", FINDINGS))
    with pytest.raises(InputError, match="tags is of the answers of qa"):
        list(build_instructions([TAGGED], ["paraphrase"], truth="tags"))
    with pytest.raises(InputError, match="unknown truth"):
        questions(TAGGED, "tag")


def test_a_side_is_asked_for_only_where_the_findings_give_it():
    report = Report("1", "There is a pleural effusion.", labels=("Pleural Effusion/left",))
    assert "On which side is the pleural effusion?" not in questions(report)
