"""``python evaluate.py``: the same as ``graphsum evaluate``."""

from graphsum.cli import evaluate
from graphsum.command_line import run, standalone

main = standalone(evaluate, "evaluate.py")

if __name__ == "__main__":
    run(main)
