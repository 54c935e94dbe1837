"""benchmarks/fewer_reports.py: nested training parts, the other parts as they are."""

import fewer_reports
import pytest
import quality

from preprocessing.corpora import load_corpus
from preprocessing.errors import InputError


def test_split_files_are_nested_and_read_back(tmp_path):
    out = str(tmp_path / "out")
    fewer_reports.main(["20", "5", "--dataset", "sample", "--output-dir", out])
    variants = quality.read_variants(tmp_path / "out" / "variants.yaml")
    assert list(variants) == ["5 reports", "20 reports", "1440 reports"]
    corpora = [load_corpus("sample", split_file=row["split_file"]) for row in variants.values()]
    whole = load_corpus("sample")
    few, more, all_of_them = ({report.uid for report in corpus.train} for corpus in corpora)
    assert len(few) == 5
    assert few < more < all_of_them == {report.uid for report in whole.train}
    for corpus in corpora:
        assert {r.uid for r in corpus.val} == {r.uid for r in whole.val}
        assert {r.uid for r in corpus.test} == {r.uid for r in whole.test}
    first = (tmp_path / "out" / "20.json").read_bytes()
    fewer_reports.main(["20", "--dataset", "sample", "--output-dir", out])
    assert (tmp_path / "out" / "20.json").read_bytes() == first


def test_more_than_there_are(tmp_path):
    with pytest.raises(InputError, match="1441 training reports: sample has 1 to 1440 to draw"):
        fewer_reports.main(["1441", "--dataset", "sample", "--output-dir", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
