"""The shipped checkpoint writes an impression out of the box."""

from dataclasses import replace

import pytest
from places import ROOT

from graphsum import GraphSumProcessor, Summarizer
from graphsum.consensus.settings import ConsensusSettings
from graphsum.options.runs import options_of_checkpoint

FOLDER = ROOT / "checkpoints" / "openi"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "model.safetensors").is_file(),
    reason="checkpoints/openi is not here (only the repository has it, not an installed package)",
)


def test_it_names_what_is_there_and_nothing_where_nothing_is(caplog):
    summarizer = Summarizer.from_pretrained(FOLDER)
    assert not caplog.text  # such as that the annotator is another one than in training
    found = summarizer.summarize(
        [
            "There is a large left pleural effusion. Heart size is normal. No pneumothorax.",
            "The heart is normal in size. The lungs are clear. No effusion or pneumothorax.",
        ]
    )
    abnormal, normal = map(str, found)
    assert "effusion" in abnormal.lower()
    assert "left" in abnormal.lower()
    assert "no " in normal.lower() or "normal" in normal.lower()


def test_empty_cells_of_a_data_frame_are_no_findings():
    summarizer = Summarizer.from_pretrained(FOLDER)
    found = summarizer.summarize([None, float("nan"), ""])
    assert [(str(one), one.reason) for one in found] == [("", "empty")] * 3
    for wrong in (None, float("nan"), b"Small effusion.", {"findings": "Small effusion."}):
        with pytest.raises(TypeError, match="must be a text, or a list of texts, not"):
            summarizer.summarize(wrong)
    with pytest.raises(TypeError, match="not int"):
        summarizer.summarize([3])


def test_earlier_names_in_its_files_are_understood_and_no_longer_written(tmp_path):
    assert '"max_source_pieces": 512' in (FOLDER / "processor_config.json").read_text()
    processor = GraphSumProcessor.from_pretrained(FOLDER)
    assert (processor.settings.max_source_length, processor.settings.max_target_length) == (512, 80)
    processor.save_pretrained(tmp_path)
    text = (tmp_path / "processor_config.json").read_text()
    assert '"max_source_length": 512' in text
    assert "pieces" not in text
    assert GraphSumProcessor.from_pretrained(tmp_path).settings == processor.settings


def test_its_files_hold_no_local_path_and_their_settings_are_read():
    settings = ConsensusSettings.from_pretrained(FOLDER)
    assert settings is not None
    assert settings.calibration is not None
    assert settings.calibration["agreement"] > 0
    assert replace(settings, naming_rates=None, calibration=None) == ConsensusSettings()
    options = options_of_checkpoint(FOLDER)
    assert options is not None
    assert options.dataset == "openi"
    assert options.data_dir is None
    assert (options.max_source_length, options.max_target_length) == (512, 80)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 45e6
