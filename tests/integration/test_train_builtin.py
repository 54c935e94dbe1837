"""Training the built-in annotator, end to end on a few invented sentences."""

import json
from pathlib import Path

import pytest

from preprocessing.annotation.builtin import BuiltinAnnotator
from tools.partial_trees import Parse, PartialTree
from tools.train_builtin import main, silver_scores
from tools.treebanks import entity_tags, read_conllu, read_silver

SHARED_TREE = """\
# text = The lungs are clear.
1\tThe\tthe\tDET\tDT\t_\t2\tdet\t2:det\t_
2\tlungs\tlung\tNOUN\tNNS\t_\t4\tnsubj:pass\t4:nsubj\t_
3-4\tare clear\t_\t_\t_\t_\t_\t_\t_\t_
3\tare\tbe\tAUX\tVBP\t_\t4\tcop\t4:cop\t_
4\tclear\tclear\tADJ\tJJ\t_\t0\troot\t0:root\t_
4.1\tghost\t_\t_\t_\t_\t_\t_\t_\t_
5\t.\t.\tPUNCT\t.\t_\t4\tpunct\t4:punct\t_

"""


def silver_line(split: str) -> str:
    return (
        json.dumps(
            {
                "uid": 1,
                "split": split,
                "sentences": ["The lungs are clear .", "No left lower mass ."],
                "words": [],
                "is_entity": [0, 1, 0, 1, 0, 0, 1, 1, 1, 0],
                "edges": [
                    ["clear", "lungs"],
                    ["mass", "left"],
                    ["mass", "lower"],
                    ["left", "lower"],
                    ["lower", "left"],
                ],
            }
        )
        + "\n"
    )


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    for part in ("train", "dev"):
        (tmp_path / f"en_ewt-ud-{part}.conllu").write_text(SHARED_TREE * 40)
    (tmp_path / "silver.jsonl").write_text(silver_line("train") * 40 + silver_line("val"))
    (tmp_path / "findings.jsonl").write_text(json.dumps({"findings": "Lungs clear. No mass."}))
    silver, findings = tmp_path / "silver.jsonl", tmp_path / "findings.jsonl"
    return ["--ud", str(tmp_path), "--silver", str(silver), "--findings", str(findings)]


def test_read_conllu_leaves_out_ranges_and_empty_nodes(inputs: list[str]) -> None:
    sentences = read_conllu(Path(inputs[1]) / "en_ewt-ud-dev.conllu")
    assert len(sentences) == 40
    assert sentences[0].words == ["The", "lungs", "are", "clear", "."]
    assert sentences[0].parse == Parse([1, 3, 3, -1, 3], ["det", "nsubj", "cop", "root", "punct"])


def test_entity_tags_of_first_words() -> None:
    seen = PartialTree(("the", "Lungs", "upper", "lobe"), (0, 1, 1, 1), {}, frozenset({3}))
    first = PartialTree(("lungs", "clear"), (0, 1), {}, frozenset())
    medical = PartialTree(("effusion",), (0,), {}, frozenset())
    other = PartialTree(("specifically",), (0,), {}, frozenset())
    assert entity_tags([seen, first, medical, other]) == [
        ["O", "B", "B", "I"],
        ["B", "B"],  # "lungs" is tagged elsewhere
        ["B"],  # never elsewhere, but in the lexicon
        ["O"],
    ]


def test_trains_scores_and_loads(inputs: list[str], tmp_path: Path) -> None:
    model = tmp_path / "model"
    assert main([*inputs, "--output", str(model), "--epochs", "1", "2", "3"]) == 0
    annotator = BuiltinAnnotator(str(model))
    val = read_silver(Path(inputs[3]), "val")
    scores = silver_scores(annotator, val)
    assert scores == json.loads((model / "meta.json").read_text())["performance"]
    assert scores["edge_f1"] > 0.7
    assert scores["entity_word_f1"] > 0.9


def test_missing_treebank_is_a_mistake(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--ud", str(tmp_path / "no"), *inputs[2:], "--output", str(tmp_path / "m")]) == 2
    assert "--ud is the folder of UD English EWT" in capsys.readouterr().err
