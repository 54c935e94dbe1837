"""What the parts of a corpus share."""

from preprocessing.corpora import Corpus, describe
from preprocessing.corpora.duplicates import Duplicates, duplicates_of
from preprocessing.records import Report

TRAIN = (
    Report("1", "Clear lungs.", "Normal.", patient="p"),
    Report("2", "Large heart.", "Cardiomegaly."),
)
TEST = (
    Report("3", "CLEAR, lungs", "Normal", patient="q"),
    Report("4", "Clear lungs.", "Fine."),
    Report("5", "Effusion.", "Effusion.", patient="p"),
    Report("6", "Nodule.", "Normal."),
)


def test_counts_by_hand():
    assert duplicates_of(TEST, TRAIN) == Duplicates(4, findings=2, pairs=1, patients=1)
    assert duplicates_of(TEST, ()) == Duplicates(4, 0, 0, 0)
    assert duplicates_of((), TRAIN) == Duplicates(0, 0, 0, 0)


def test_they_stand_beside_the_sizes_of_the_parts():
    text = describe(Corpus("csv", TRAIN, (), TEST, {}, "given"))
    line = "test findings that occur in train: 2 of 4 (with the same impression: 1); patients: 1"
    assert line in text
    assert "val findings" not in text
