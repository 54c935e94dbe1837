"""dies.py N PROGRAM ...: a program that is killed just before its n-th rename, unlink or fsync."""

import os
import runpy
import shutil
import signal
import sys

from places import ROOT

left = int(sys.argv[1])


def dying(real):
    def change(*given, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **options)

    return change


if __name__ == "__main__":
    for name in ("rename", "replace", "unlink", "remove", "rmdir", "fsync"):
        setattr(os, name, dying(getattr(os, name)))
    # pathlib and shutil look them up in os; what shutil took for itself before is its own.
    shutil.rmtree = dying(shutil.rmtree)
    given = sys.argv[2:]
    module = given[0] == "-m"
    sys.argv = given[module:]
    if module:
        runpy.run_module(given[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(str(ROOT / given[0]), run_name="__main__")
