"""Schemas: what is shipped is sound, and a mistake names its line and key."""

import re

import pytest
from places import DATA, ROOT

from graphsum.cli.main import main
from graphsum.labelers.schema import READINGS, SCHEMAS, load_schema
from preprocessing.errors import InputError
from preprocessing.facts.ontology import CHEXPERT_OBSERVATIONS

HEAD = "name: own\nclasses:\n"
GOOD = "  - name: Mass\n    synonyms: [mass]\n"


def test_the_shipped_schemas_are_sound():
    assert set(SCHEMAS) == {"chexpert14", "openi13"}
    assert sorted(load_schema("chexpert14").names) == sorted(CHEXPERT_OBSERVATIONS)
    assert all(one.definition for one in load_schema("chexpert14").classes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: a schema is a mapping"),
        ("name: own\n", "line 1, key 'classes': must be a list"),
        ("classes: []\n", "line 1, key 'name': 'name' must be a text"),
        (HEAD + GOOD + "nmae: x\n", "line 5, key 'nmae': unknown key (did you mean 'name'?)"),
        (HEAD + "  - synonyms: [a]\n", "line 3, key 'name': 'name' must be a text"),
        (HEAD + "  - name: A\n", "line 3, key 'classes': 'A' needs 'observations'"),
        (HEAD + GOOD + GOOD, "line 5, key 'name': 'Mass' is there twice"),
        (HEAD + "  - name: uid\n    synonyms: [a]\n", "line 3, key 'name': 'uid' cannot be"),
        (HEAD + GOOD + "    parents: [Node]\n", "line 5, key 'parents': no class 'Node'"),
        (HEAD + GOOD + "    parents: [Mass]\n", "line 5, key 'parents': 'Mass' names itself"),
        (HEAD + GOOD + "    states: {presnt: absent}\n",
         "line 5, key 'presnt': unknown reading (did you mean 'present'?)"),
        (HEAD + GOOD + "    states:\n      possible: perhaps\n",
         "line 6, key 'possible': 'perhaps' is no state"),
        (HEAD + "  - name: A\n    observations: [Mas]\n",
         "line 4, key 'observations': unknown observation 'Mas' (did you mean 'Mass'?)"),
        ("ontology: false\n" + HEAD + "  - name: A\n    observations: [Mass]\n",
         "line 5, key 'observations': not allowed with 'ontology: false'"),
        (HEAD + "  - name: A\n    patterns: ['(a']\n", "line 4, key 'patterns': no regular expr"),
        (HEAD + "  - name: A\n    patterns: ['a*']\n", "line 4, key 'patterns': matches the empty"),
        (HEAD + "  - name: A\n    synonyms: [no]\n", "line 4, key 'synonyms': must hold words"),
        (HEAD + "  - name: A\n    synonyms: mass\n", "line 4, key 'synonyms': must be a list"),
        (HEAD + "  - name: A\n   synonyms: [a]\n", ":4: not YAML"),
        (HEAD + "  - {name: A, synonyms: [a], parents: [B]}\n"
                "  - {name: B, synonyms: [b], parents: [A]}\n",
         "line 3, key 'parents': 'A' is its own ancestor"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line_and_key(tmp_path, text, message):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        load_schema(file)
    assert str(file) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_check_schema_tells_what_it_read(capsys):
    main(["label", "check-schema", str(DATA / "birads.yaml")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Mass: 3 terms; present present, probable present,")
    assert lines[-1].endswith("a schema of 6 classes")
    with pytest.raises(InputError, match="no schema of that name"):
        main(["label", "check-schema", "birads"])


def test_the_schema_in_the_docs_is_one(tmp_path):
    text = (ROOT / "docs/labels.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "docs.yaml"
    file.write_text(block)
    assert load_schema(file).names[-1] == "Negative"
    table = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert set(READINGS) <= table
