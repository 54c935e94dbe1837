"""Files are opened, and what is pretrained is loaded, in one place each; nothing is unpickled."""

import ast
from pathlib import Path

import pytest
from places import ROOT

FILES = "preprocessing/files.py"
PRETRAINED = "graphsum/pretrained.py"
# What else may do so, and why.
EXCEPTIONS = {
    "preprocessing/corpora": "archives and tables of reports, within limits of their own",
    "preprocessing/tables": "tables of every kind, whose errors tell no field's content",
    "graphsum/bulk.py": "reads the unfinished part that it wrote itself",
    "preprocessing/pipeline/output.py": "appends to a file and has it written through",
    "graphsum/command_line.py": "opens the null device",
    "graphsum/page": "serves files of its own",
    "tools": "makes shipped files, from treebanks; not installed",
}
OPENS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen", "mkstemp"}
OF_FILES = {"read_text", "read_bytes"}  # the functions of that place, by their own names
PARSES = {"json.load", "json.loads", "yaml.safe_load", "yaml.load"}
LOADS = {"torch.load", "load_file", "safe_open", "save_file", "pickle.load", "pickle.loads"}
AUTO = ("Auto", "PreTrained", "Peft", "Lora", "Llama")  # classes of libraries


def sources():
    yield from (ROOT / name for name in ("train.py", "evaluate.py"))
    for package in ("graphsum", "preprocessing"):
        yield from sorted((ROOT / package).rglob("*.py"))


def name_of(call: ast.Call) -> str:
    """``module.function``, as the call spells it."""
    return ast.unparse(call.func)


def offences(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = name_of(node)
            last = name.rpartition(".")[2]
            opens = last in OPENS and name not in OF_FILES
            if opens or name in PARSES or name in LOADS or last in LOADS:
                found.append(name)
            loads = last in ("from_pretrained", "from_config", "load_adapter")
            if loads and name.startswith(AUTO) and not refuses_code(node):
                found.append(name)
        if isinstance(node, ast.Import) and any(one.name == "pickle" for one in node.names):
            found.append("import pickle")
    return found


def refuses_code(call: ast.Call) -> bool:
    return any(
        word.arg == "trust_remote_code" and ast.unparse(word.value) == "False"
        for word in call.keywords
    )


def test_all_else_goes_by_way_of_them():
    found = {}
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        if place in (FILES, PRETRAINED) or any(place.startswith(one) for one in EXCEPTIONS):
            continue
        names = [name for name in offences(path.read_text("utf-8")) if not is_harmless(place, name)]
        if names:
            found[place] = names
    assert found == {}


def is_harmless(place: str, name: str) -> bool:
    """Whether it reads what ships with the package: word lists and models of its own."""
    shipped = {
        "preprocessing/annotation/lexicon.py": ("read_text",),
        "preprocessing/annotation/builtin.py": ("read_bytes",),
    }
    return any(name.endswith(last) for last in shipped.get(place, ()))


@pytest.mark.parametrize(
    "line",
    ["open('x')", "Path('x').read_text()", "json.load(f)", "torch.load('x')", "import pickle",
     "AutoModel.from_pretrained('x')", "AutoModel.from_config(c, trust_remote_code=True)"],
)  # fmt: skip
def test_what_is_looked_for_is_found(line):
    assert offences(line)


def test_nothing_pretrained_is_loaded_with_code_of_its_own():
    text = (ROOT / PRETRAINED).read_text("utf-8")
    calls = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and name_of(node).endswith(".from_pretrained")
    ]
    assert len(calls) >= 4
    for call in calls:
        assert "_safely()" in ast.unparse(call)
        if name_of(call).startswith("AutoModel"):
            assert "use_safetensors=True" in ast.unparse(call)
    assert '"trust_remote_code": False' in text
    assert "trust_remote_code=True" not in text


def test_exceptions_exist():
    for place in EXCEPTIONS:
        assert (ROOT / place).exists() or place == "graphsum/page", place
    assert Path(ROOT / FILES).is_file()
