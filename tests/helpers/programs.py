"""The programs of the repository as processes of their own, without the seconds that imports take.

A server per test process imports torch and the package once; each program is a fork of it.
"""

import faulthandler
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing import forkserver
from pathlib import Path

from places import ROOT

_PROCESSES = multiprocessing.get_context("forkserver")


def run(*arguments, cwd=ROOT, stdin="", timeout=300, environment=None):
    """What ``python *arguments`` does: its status, output and errors, as ``subprocess.run`` says.

    Args:
        arguments: a script of the repository (``train.py …``) or a module (``-m graphsum …``).
        stdin: the text on standard input.
        environment: variables beside those of the tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_text(stdin, "utf-8")
        process = start(*arguments, cwd=cwd, streams=streams, environment=environment)
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, timeout)
        output, errors = (path.read_text("utf-8") for path in streams[1:])
        return subprocess.CompletedProcess(arguments, process.exitcode, output, errors)


def run_two(*arguments, timeout=300):
    """The same program as the two processes of one distributed run; what the two say.

    A process that does not end is killed, having said where it stood.
    """
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("localhost", 0))
        meeting = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
        free.close()
        streams = [[os.devnull, *(Path(folder, f"{name}{rank}") for name in "oe")] for rank in "01"]
        processes = [
            start(
                *arguments,
                streams=streams[rank],
                environment=meeting
                | {"DUMP_AFTER": f"{timeout - 20}"}
                | {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": f"{rank}"}
                | {"LOCAL_RANK": f"{rank}"},
            )
            for rank in (0, 1)
        ]
        for process in processes:
            process.join(timeout)
            process.kill()
            process.join()
        output, errors = ("".join(one[k].read_text("utf-8") for one in streams) for k in (1, 2))
        status = max(abs(process.exitcode) for process in processes)
        return subprocess.CompletedProcess(arguments, status, output, errors)


def run_fresh(*arguments, cwd=ROOT, timeout=300):
    """The same in a Python that has imported nothing yet; ``-c program`` too."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, timeout=timeout,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def start(*arguments, cwd=ROOT, streams=(os.devnull,) * 3, environment=None):
    """A program that runs: a ``multiprocessing.Process`` (``is_alive``, ``kill``, ``join``)."""
    environment = {"OMP_NUM_THREADS": "1", **(environment or {})}
    _start_server()
    given = (list(map(str, arguments)), str(cwd), list(map(str, streams)), environment)
    process = _PROCESSES.Process(target=_program, args=given)
    process.start()
    return process


@cache
def _start_server():
    """Let the server import what programs need; it finds it by PYTHONPATH alone."""
    _PROCESSES.set_forkserver_preload(["programs_imports"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _program(arguments, folder, streams, environment):
    """The forked process: what Python does with these arguments, ended as Python ends it."""
    for number, (path, mode) in enumerate(zip(streams, (os.O_RDONLY, *[_NEW] * 2), strict=True)):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the server ignores it
    os.environ.update(environment)
    if "DUMP_AFTER" in environment:  # where every thread stands goes to stderr
        faulthandler.dump_traceback_later(int(environment["DUMP_AFTER"]), file=sys.stderr)
    os.chdir(folder)
    import torch

    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    module = arguments[0] == "-m"
    name, rest = arguments[module], arguments[module + 1 :]
    sys.path.insert(0, folder if module else str(Path(ROOT, name).parent))
    sys.argv = [name, *rest]
    if module:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(str(ROOT / name), run_name="__main__")


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
