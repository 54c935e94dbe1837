"""Tests use the CPU, also on a machine with a GPU, unless those marked ``gpu`` are asked for.

Each test process has one thread, so that as many as there are cores do not wait for each other.
"""

import os
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a GPU; run with -m gpu")
    # Before torch is imported.
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


# What needs torch is imported inside fixtures, after pytest_configure.


@pytest.fixture(scope="session")
def processor():
    """The tiny processor, which nothing changes."""
    from tiny import tiny_processor

    return tiny_processor()


@pytest.fixture(scope="session")
def builtin():
    """The annotator that comes with the package."""
    from preprocessing.annotation.builtin import BuiltinAnnotator

    return BuiltinAnnotator()


@pytest.fixture(scope="session")
def reports_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty invented reports as a jsonl corpus with its parts."""
    from tiny import write_sample_reports

    path = tmp_path_factory.mktemp("reports") / "reports.jsonl"
    write_sample_reports(path, train=40, val=10, test=10)
    return path
