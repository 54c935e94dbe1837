"""The bounds of setup.cfg, and the file that holds their lower ends."""

from configparser import ConfigParser

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from places import ROOT


def requirements() -> list[Requirement]:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    texts = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    lines = [line for text in texts for line in text.splitlines()]
    return [Requirement(line) for line in lines if line]


def test_every_requirement_has_two_bounds():
    for requirement in requirements():
        operators = sorted(bound.operator for bound in requirement.specifier)
        assert operators == ["<", ">="], requirement


def test_the_oldest_versions_are_the_lower_bounds():
    lines = (ROOT / "constraints/oldest.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    lowest = {
        canonicalize_name(requirement.name): Version(bound.version)
        for requirement in requirements()
        for bound in requirement.specifier
        if bound.operator == ">="
    }
    assert {canonicalize_name(name): Version(text) for name, text in pinned.items()} == lowest
