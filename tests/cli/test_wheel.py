"""The wheel, installed into an empty folder, works from another one without the clone."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from places import ROOT

SOURCES = (
    "graphsum preprocessing checkpoints/openi setup.cfg setup.py pyproject.toml README.md LICENSE"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the sources, so that the clone stays as it is."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES.split():
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copy / name)
    pip("wheel", "--no-deps", "--wheel-dir", copy / "dist", copy)
    (path,) = (copy / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--target", folder, wheel)
    return folder


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


def run(installed, folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def test_it_holds_the_shipped_checkpoint_once_and_whole(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    prefix = "graphsum/checkpoints/openi/"
    held = sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    assert held == sorted(path.name for path in (ROOT / "checkpoints" / "openi").iterdir())
    assert sum(name.endswith("model.safetensors") for name in names) == 1


def test_it_writes_an_impression_with_the_shipped_checkpoint(installed, tmp_path):
    done = run(installed, tmp_path, "-m", "graphsum", "summarize", "Large left pleural effusion.")
    assert "effusion" in done.stdout.lower()
    assert f"checkpoint: {installed}/graphsum/checkpoints/openi, trained on openi" in done.stderr


def test_it_annotates(installed, tmp_path):
    done = run(installed, tmp_path, "-m", "preprocessing", "stats", "--dataset", "sample")
    assert "train" in done.stdout
    where = run(installed, tmp_path, "-c", "import preprocessing; print(preprocessing.__file__)")
    assert where.stdout.startswith(str(installed))
