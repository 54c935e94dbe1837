"""Continuous integration runs the README's two blocks; links of all documents lead somewhere."""

import re

import pytest
from places import ROOT

DOCUMENTS = ["README.md", "CHANGELOG.md", "checkpoints/README.md", "checkpoints/openi/README.md"]
DOCUMENTS += ["CONTRIBUTING.md"]
DOCUMENTS += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))


def test_first_and_second_block():
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert "graphsum summarize" in blocks[0]
    assert "train.py --dataset sample" in blocks[0]
    assert "evaluate.py" in blocks[0]
    assert "pytest" in blocks[1]
    assert len(blocks) == 2


def anchors(markdown):
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", markdown, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    place = ROOT / document
    for link in re.findall(r"\]\(([^):]+)\)", place.read_text()):
        name, _, anchor = link.partition("#")
        target = place.parent / name if name else place
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_readme_links_every_document():
    readme = (ROOT / "README.md").read_text()
    missing = [path for path in DOCUMENTS if path.startswith("docs/") and f"({path})" not in readme]
    assert not missing
