"""Every script of docs/transformers.md runs, offline."""

import re

import programs
import pytest
from places import ROOT

PAGE = (ROOT / "docs" / "transformers.md").read_text(encoding="utf-8")
SCRIPTS = dict(
    re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", PAGE, re.M | re.S)
)


def test_there_are_five_scripts():
    assert len(SCRIPTS) == PAGE.count("```python") == 5


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPTS[title], encoding="utf-8")
    run = programs.run(script, environment={"HF_HUB_OFFLINE": "1"})
    assert run.returncode == 0, run.stderr[-2000:]
