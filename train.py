"""``python train.py``: the same as ``graphsum train``."""

from graphsum.cli import train
from graphsum.command_line import run, standalone

main = standalone(train, "train.py")

if __name__ == "__main__":
    run(main)
