"""``python -m graphsum.pretrain``: the same as ``graphsum pretrain``."""

from graphsum.cli import pretrain
from graphsum.command_line import run, standalone

main = standalone(pretrain, "python -m graphsum.pretrain")

if __name__ == "__main__":
    run(main)
