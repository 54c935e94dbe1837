"""``python -m graphsum``: the console command ``graphsum``, for launchers of several processes."""

from graphsum.cli.main import main, program

__all__ = ["main", "program"]

if __name__ == "__main__":
    program()
