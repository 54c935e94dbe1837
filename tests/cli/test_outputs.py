"""No command writes over a file that it reads."""

import pytest

from graphsum.cli.main import main
from preprocessing.errors import InputError


@pytest.mark.parametrize(
    "command",
    [
        ["label", "audit", "--input", "a.csv", "--labels", "b.csv", "--output", "./a.csv"],
        ["label", "evaluate", "--labels", "a.csv", "--gold", "b.csv", "--json", "b.csv"],
        ["tasks", "build", "--dataset", "csv", "--data-dir", "a.csv", "--tasks", "qa",
         "--output", "a.csv"],
        ["detect", "weak", "--input", "a.csv", "--output", "a.csv"],
        ["detect", "terms", "--weak", "a.csv", "--output", "a.csv"],
        ["style", "profile", "a.csv", "--author", "author", "--output", "a.csv"],
        ["ask", "--task", "qa", "--input", "a.csv", "--output", "a.csv"],
        ["summarize", "--input", "a.csv", "--output", "a.csv"],
    ],
)  # fmt: skip
def test_an_input_is_not_written_over(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("uid,findings\n1,Lungs are clear.\n")
    before = (tmp_path / "a.csv").read_bytes()
    with pytest.raises(InputError, match="is the input; give another name"):
        main(command)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes() == before
