"""The annotators' rules have a version, and it is raised whenever an annotation changes.

``data/golden_annotations.jsonl`` holds the version, then invented findings with the annotation and
the graphs made under it. ``python tests/unit/test_rules_version.py`` makes them again.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from places import DATA, ROOT

from preprocessing.annotation.builtin import MODEL_DIR, BuiltinAnnotator
from preprocessing.annotation.context import RULES_VERSION
from preprocessing.files import dumps, read_jsonl
from preprocessing.graphs import GRAPH_RULES, build_graph
from preprocessing.records import to_json

GOLDEN = DATA / "golden_annotations.jsonl"


def golden_line(findings: str) -> str:
    """Findings, their annotation, and of each rule's graph the key words and edges."""
    (report,) = BuiltinAnnotator().annotate([("golden", findings)])
    graphs = {rule: build_graph(report, rule) for rule in GRAPH_RULES}
    value: dict[str, Any] = {
        "findings": findings,
        "annotation": to_json(report),
        "graphs": {rule: [one.key_words, one.edges] for rule, one in graphs.items()},
    }
    return dumps(value)


def test_the_rules_version_is_raised_when_an_annotation_changes() -> None:
    header, *golden = read_jsonl(GOLDEN)
    assert header == {"rules_version": RULES_VERSION}, (
        "RULES_VERSION has a new value: make the golden annotations that belong to it with "
        "'python tests/unit/test_rules_version.py'"
    )
    assert len(golden) >= 23
    changed = [one["findings"] for one in golden if golden_line(one["findings"]) != dumps(one)]
    assert not changed, (
        "annotations or graphs changed, so that caches and checkpoints made before are of another "
        "version: give RULES_VERSION a new value and run 'python tests/unit/test_rules_version.py'"
    )


def test_the_shipped_checkpoint_was_made_under_this_version() -> None:
    config = json.loads((ROOT / "checkpoints/openi/processor_config.json").read_text("utf-8"))
    assert config["annotator_version"] == BuiltinAnnotator().version


def test_the_builtin_version_is_that_of_the_rules_and_the_model(tmp_path: Path) -> None:
    builtin = BuiltinAnnotator()
    assert builtin.version == f"1+{RULES_VERSION}"
    copy = tmp_path / "model"
    shutil.copytree(MODEL_DIR, copy)
    assert BuiltinAnnotator(str(copy)).version == builtin.version
    meta = copy / "meta.json"
    meta.write_text(meta.read_text("utf-8") + " ", "utf-8")
    assert BuiltinAnnotator(str(copy)).version.startswith(f"{builtin.version}+")


if __name__ == "__main__":
    _, *lines = read_jsonl(GOLDEN)
    new = [
        dumps({"rules_version": RULES_VERSION}),
        *(golden_line(one["findings"]) for one in lines),
    ]
    GOLDEN.write_text("".join(new), "utf-8")
