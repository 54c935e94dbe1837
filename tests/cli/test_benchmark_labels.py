"""benchmarks/labels.py and benchmarks/detection.py on invented reports, with tiny models."""

import detection
import labels
import numpy as np
import pytest
from test_benchmark_observations import COLUMNS
from tiny_encoder import save_encoder
from tiny_llm import save_llm

from preprocessing.errors import InputError

XML = (
    '<x><AbstractText Label="FINDINGS">{}</AbstractText>'
    '<AbstractText Label="IMPRESSION">{}</AbstractText>'
    "<MeSH><major>{}</major><automatic>{}</automatic></MeSH></x>"
)


@pytest.fixture
def data(tmp_path):
    """Ten reports, of which those with odd numbers have an effusion."""
    rows = []
    for number in range(1, 11):
        odd = number % 2
        said, tags = ("A left effusion.", "Effusions") if odd else ("No effusion.", "normal")
        heading = "Pleural Effusion/left" if odd else "normal"
        text = XML.format(said, "Seen.", heading, tags)
        (tmp_path / f"{number}.xml").write_text(text, encoding="utf-8")
        rows.append(f"CXR{number},0,0,{odd}" + ",0" * 10)
    (tmp_path / "labels.csv").write_text(COLUMNS + "\n".join(rows) + "\n")
    return ["--data-dir", str(tmp_path), "--labels", str(tmp_path / "labels.csv")]


def test_all_labelers_stand_in_one_table(data, tmp_path, capsys):
    encoder = save_encoder(tmp_path / "encoder")
    run = str(tmp_path / "run")
    labels.main([*data, "--encoder", encoder, "--run", run, "--epochs", "1", "--tuned-layers", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "reports", "bag", "of", "words", "rules", "words", "and", "rules", "encoder"
    ]  # fmt: skip
    effusion = next(line.split() for line in lines if line.startswith("Effusion"))
    assert effusion[1] == "5"
    assert effusion[3] == "1.000"  # the rules
    assert any(line.startswith("macro encoder") and "p " in line for line in lines)


def test_a_language_model_answers_for_a_sample(data, tmp_path, capsys):
    llm = save_llm(tmp_path / "llm", max_position_embeddings=4096)
    labels.main([*data, "--llm", llm, "--shots", "1", "--sample", "2"])
    assert "2 answers, all of them JSON" in capsys.readouterr().out


def test_student_and_teacher_are_scored_on_what_coders_gave(data, tmp_path, capsys):
    encoder = save_encoder(tmp_path / "encoder")
    run = str(tmp_path / "run")
    detection.main([*data, "--encoder", encoder, "--run", run, "--weak-epochs", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 reports held out, 8 with weak labels"
    teachers = [line for line in lines if " teacher " in line and "against" not in line]
    assert len(teachers) == 2
    assert all("micro F1 1.000" in line for line in teachers)
    assert sum("p against the teacher" in line for line in lines) == 4


def test_a_language_model_is_a_student_of_a_sample(data, tmp_path, capsys):
    llm = save_llm(tmp_path / "llm", all_bytes=True, max_position_embeddings=4096)
    given = [*data, "--llm", llm, "--run", str(tmp_path / "run"), "--sample", "2"]
    given += ["--lora-r", "2", "--batch-size", "2", "--weak-epochs", "1", "--precision", "no"]
    detection.main(given)
    lines = capsys.readouterr().out.splitlines()
    assert "2 reports held out, 2 with weak labels" in lines
    rows = [line.split()[:3] for line in lines if "p against the teacher" in line]
    assert rows == [[task, "llm,", how] for task in ("mc", "open") for how in ("alone", "joint")]
    assert (tmp_path / "run/llm/mc-open/adapter").is_dir()
    detection.main(given)  # what is trained is kept
    again = capsys.readouterr().out.splitlines()
    assert [one for one in again if "micro" in one] == [one for one in lines if "micro" in one]
    with pytest.raises(InputError, match="holds students with other options"):
        detection.main([*given, "--seed", "2"])
    with pytest.raises(InputError, match="give the students: --encoder FOLDER, --llm FOLDER"):
        detection.main([*data, "--run", str(tmp_path / "run")])


def test_policies_come_from_the_other_folds():
    # A class whose doubt is right in all reports but those of fold 0.
    fold_of = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    features = np.zeros((10, 1, 7))
    features[:, 0, 1] = 1
    targets = np.where(fold_of == 0, 1, 0)[:, None]
    assert labels.with_policies(features, targets, fold_of).all()
    assert not labels.with_policies(features, np.ones_like(targets), fold_of).any()
