"""The wheel, installed into an empty folder, works from another one without the clone."""

import json
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
    options = ("--no-deps", "--no-index", "--no-build-isolation")
    pip("wheel", *options, "--wheel-dir", copy / "dist", copy)
    (path,) = (copy / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-index", "--target", folder, wheel)
    return folder


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


def graphsum(installed, folder, *arguments):
    """The console command, with the wheel's folder before everything else on the path."""
    return run(installed, folder, str(installed / "bin" / "graphsum"), *arguments)


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


def test_it_holds_the_templates_of_pages(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    prefix = "graphsum/page/templates/"
    held = sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    assert held == sorted(path.name for path in (ROOT / prefix).iterdir())


def test_the_clone_is_not_used(installed, tmp_path):
    program = "import graphsum, preprocessing; print(graphsum.__file__, preprocessing.__file__)"
    places = run(installed, tmp_path, "-c", program).stdout.split()
    assert places == [f"{installed}/{name}/__init__.py" for name in ("graphsum", "preprocessing")]


@pytest.mark.slow
def test_every_command_works(installed, tmp_path):
    """From an empty folder: what is written stands there, the shipped checkpoint is found."""
    done = graphsum(installed, tmp_path, "summarize", "Large left pleural effusion.")
    shipped = f"checkpoint: {installed}/graphsum/checkpoints/openi, trained on openi"
    assert "effusion" in done.stdout.lower()
    assert done.stderr.startswith(shipped)

    done = graphsum(installed, tmp_path, "preprocess", "stats", "--dataset", "sample")
    assert "1,800 reports" in done.stdout

    steps = ("--max-steps", "20", "--validation-reports", "20")
    done = graphsum(installed, tmp_path, "train", "--dataset", "sample", *steps)
    assert "done: checkpoints/sample-tiny;" in done.stdout

    done = graphsum(installed, tmp_path, "evaluate", "--num-beams", "1")
    run_of_our_own = "checkpoint: checkpoints/sample-tiny/best, trained on sample, step 20 ("
    assert done.stderr.startswith(run_of_our_own)
    metrics = json.loads((tmp_path / "results/sample-sample-tiny-test/metrics.json").read_text())
    assert metrics["strata"]["all"]["n"] == 180
