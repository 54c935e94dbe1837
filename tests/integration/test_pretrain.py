"""python -m graphsum.pretrain: a language model from nothing but a corpus."""

import json

import pytest
from tiny import PAIRS

from graphsum.llm.loading import describe_llm
from graphsum.models.instruct import prompted
from graphsum.options import PretrainOptions
from graphsum.pretrain import main
from graphsum.training.pretraining import pretrain
from preprocessing.errors import InputError
from preprocessing.records import Report

REPORTS = [Report(str(n), *pair) for n, pair in enumerate(PAIRS)] * 4


def test_it_learns_and_can_be_prompted(tmp_path):
    options = PretrainOptions(
        output_dir=str(tmp_path / "llm"), layers=2, width=32, vocab_size=200, epochs=12,
        batch_size=8, lr=1e-2,
    )  # fmt: skip
    pretrain(options, REPORTS, REPORTS[:8])
    facts = json.loads((tmp_path / "llm" / "pretraining.json").read_text())
    perplexities = facts["val_perplexity"]
    assert perplexities[-1] < 0.5 * perplexities[0]
    assert facts["options"]["width"] == 32
    assert describe_llm(str(tmp_path / "llm")).hidden_size == 32
    model, processor = prompted(str(tmp_path / "llm"))
    examples = list(processor.examples(REPORTS[:2]))
    assert len(model.generate_impressions(processor.collate(examples))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["llm"]
    again = PretrainOptions(**facts["options"] | {"output_dir": str(tmp_path / "again")})
    pretrain(again, REPORTS, REPORTS[:8])
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("llm", "again")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--width", "40"], "--width must be a multiple of 32"),
        (["--epochs", "0"], "--epochs must be above 0"),
        (["--precision", "fp8"], "choose from no, bf16"),
        (["--dataset", "openy"], "did you mean 'openi'"),
        (["--output-dir", "/proc/llm"], "/proc/llm"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(InputError, match=message):
        main(arguments)
