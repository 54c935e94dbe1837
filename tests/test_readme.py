"""The README's two commands are what continuous integration runs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_first_and_second_block():
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert "train.py --dataset sample" in blocks[0]
    assert "evaluate.py" in blocks[0]
    assert "pytest" in blocks[1]
    assert len(blocks) == 2


def test_linked_files_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert links
    for link in links:
        assert (ROOT / link).is_file(), link
