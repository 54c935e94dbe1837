"""``graphsum summarize`` with a summarizer that needs no model; what it writes follows the text.

As a program it takes the seconds for each report, then the arguments of ``graphsum``.
"""

import sys
import time
from dataclasses import replace

from graphsum.cli import summarize
from graphsum.command_line import run
from graphsum.impressions.summary import LedgerEntry, LeftOut, Summary

EMPTY = Summary("", (), (), ("no_information",), "empty", None, True, 0.0, None, {})


def summary_of(text):
    """The first five words, borne out by the first sentence; the second one is left out."""
    if not text.strip():
        return EMPTY
    end = text.find(".") + 1 or len(text)
    ledger = (LedgerEntry(0, 5, ("Nodule",), "present", "supported", (0, end), ()),)
    left_out = (LeftOut(end, len(text), ("Scarring",), "none", "need not be reported"),)
    one = replace(EMPTY, impression=" ".join(text.split()[:5]), ledger=ledger, left_out=left_out)
    return replace(one, reason="", flags=("mended",), confidence=0.25, review=True)


def stub(delay=0.0):
    """Takes the place of ``graphsum.cli.summarize._summarizer``."""

    def load(options, checkpoint):
        def summaries(texts, contexts):
            time.sleep(delay * len(texts))
            return [summary_of(text).to_json() for text in texts]

        return summaries

    return load


def fake_checkpoint(folder):
    """A folder that looks like a checkpoint until it is loaded."""
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(b"no weights")
    return folder


if __name__ == "__main__":
    from graphsum.cli.main import main

    summarize._summarizer = stub(float(sys.argv[1]))
    run(lambda _: main(sys.argv[2:]))
