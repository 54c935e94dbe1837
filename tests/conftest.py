"""Tests use the CPU, also on a machine with a GPU, unless those marked ``gpu`` are asked for."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a GPU; run with -m gpu")
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch is imported
