"""Where the repository, its test data, and corpora that may be on this machine lie."""

import os
from pathlib import Path

ROOT = next(folder for folder in Path(__file__).parents if (folder / "setup.cfg").exists())
DATA = ROOT / "tests" / "data"
# The real corpora; tests that need them are skipped where they are not.
SHARED = Path(os.environ.get("GRAPHSUM_SHARED", ROOT.parent / "shared"))
