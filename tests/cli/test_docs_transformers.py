"""Every script of docs/transformers.md runs, offline."""

import os
import re
import subprocess
import sys

import pytest
from places import ROOT

PAGE = (ROOT / "docs" / "transformers.md").read_text(encoding="utf-8")
SCRIPTS = dict(
    re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", PAGE, re.M | re.S)
)


def test_there_are_five_scripts():
    assert len(SCRIPTS) == PAGE.count("```python") == 5


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title):
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPTS[title]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
