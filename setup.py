"""A build step: the wheel holds the shipped checkpoint (see setup.cfg for everything else)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CHECKPOINT = Path("checkpoints/openi")


class BuildWithCheckpoint(build_py):
    """Copy ``checkpoints/openi`` into the package; an editable install reads it from the clone."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "graphsum", CHECKPOINT)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(CHECKPOINT, target)


setup(cmdclass={"build_py": BuildWithCheckpoint})
