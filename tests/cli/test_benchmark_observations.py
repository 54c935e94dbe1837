"""benchmarks/observations.py through its real entry point."""

import programs
import pytest
from places import SHARED


def benchmark(*arguments):
    return programs.run("benchmarks/observations.py", *arguments)


COLUMNS = (
    "filename,Atelectasis,Cardiomegaly,Effusion,Infiltration,Mass,Nodule,Pneumonia,Pneumothorax,"
    "Consolidation,Edema,Emphysema,Fibrosis,Pleural_Thickening\n"
)
XML = (
    '<x><AbstractText Label="FINDINGS">{}</AbstractText>'
    '<AbstractText Label="IMPRESSION">{}</AbstractText></x>'
)


def test_benchmark_scores_invented_reports(tmp_path):
    rows = []
    for number in range(1, 11):  # report 10 has an effusion that its coder did not see
        said = "A left effusion." if number % 2 or number == 10 else "No effusion."
        (tmp_path / f"{number}.xml").write_text(XML.format(said, "Seen."), encoding="utf-8")
        rows.append(f"CXR{number},0,0,{number % 2}" + ",0" * 10)
    labels = tmp_path / "labels.csv"
    labels.write_text(COLUMNS + "\n".join(rows) + "\n")
    done = benchmark("--data-dir", tmp_path, "--labels", labels)
    assert done.returncode == 0, done.stderr
    table = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert table["Effusion"][:4] == ["5", "0.833", "1.000", "0.909"]
    assert table["micro"][:3] == table["macro"][:3] == ["0.833", "1.000", "0.909"]
    assert "Effusion 5/0/0/0" in done.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"filename,Mass\nCXR1,0\n", "no column 'Atelectasis'"),
        (COLUMNS.encode() + b"CXR1,2" + b",0" * 12 + b"\n", "column 'Atelectasis': allowed are"),
        (COLUMNS.encode() + b"CXR7" + b",0" * 13 + b"\n", "no report of"),
        (COLUMNS.encode() + b"CXR1,0\n", ":2: "),
    ],
)
def test_benchmark_mistakes_are_one_line(tmp_path, content, message):
    (tmp_path / "1.xml").write_text(XML.format("Effusion.", "Effusion."), encoding="utf-8")
    if content is not None:
        (tmp_path / "labels.csv").write_bytes(content)
    done = benchmark("--data-dir", tmp_path, "--labels", tmp_path / "labels.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(
    not (SHARED / "openi/openi_gld_std14.csv").exists(),
    reason="the Open-i reports and their labels are not on this machine",
)
def test_open_i_scores_are_the_documented_ones():
    folder = SHARED / "openi"
    done = benchmark("--data-dir", folder, "--labels", folder / "openi_gld_std14.csv")
    table = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert float(table["micro"][2]) >= 0.91
    assert float(table["macro"][2]) >= 0.885
