"""Damaged files: what damages them, for how long, and what may come of it.

``FUZZ_SECONDS``: how long each test goes on, in proportion (by default 12 seconds in all of them).
"""

import itertools
import os
import random
import resource
import signal
import time

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from preprocessing.errors import InputError

SECONDS = float(os.environ.get("FUZZ_SECONDS", "12"))
LONGEST = 10.0  # seconds for one file
LARGEST = 2 * 2**30  # bytes more than before
CANARY = "Zebrafisch"  # stands in texts, and may stand in no message


def bounded(read, *given_to_it):
    """Reads, or refuses in one line; anything else fails the test. Returns whether it read."""
    started, memory = time.monotonic(), peak()
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(round(3 * LONGEST))
    try:
        read(*given_to_it)
    except InputError as error:
        message = str(error)
        assert "\n" not in message.strip(), message
        assert len(message) < 1500
        assert CANARY not in message
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        assert time.monotonic() - started < LONGEST
        assert peak() - memory < LARGEST
    return True


def _hangs(*_):
    raise AssertionError(f"still reading after {3 * LONGEST} seconds")


def peak():
    """The most memory that this process has held so far, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fuzz(seconds, damage):
    """Call ``damage`` with data of hypothesis until the time is up; returns the number of calls."""
    deadline, calls = time.monotonic() + seconds, [0]
    for number in itertools.count():
        if time.monotonic() > deadline:
            return calls[0]

        @seed(number)
        @settings(
            max_examples=10, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(data=st.data())
        def some(data):
            calls[0] += 1
            damage(data)

        some()


def damaged(content, generator, *, within=None):
    """Bytes of which one to four places are changed, cut out or added to, or the rest is missing.

    Args:
        generator: of :class:`random.Random`.
        within: how many bytes from the start may be changed; None: all.
    """
    content = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        start = generator.randrange(max(1, min(len(content), within or len(content))))
        how = generator.randrange(5)
        if how == 0 and content:
            content[start] = generator.randrange(256)
        elif how == 1:
            del content[start:]
            break
        elif how == 2:
            del content[start : start + generator.randint(1, 30)]
        elif how == 3:
            content[start:start] = generator.randbytes(generator.randint(1, 30))
        else:  # a piece of itself, where it does not belong
            piece = content[start : start + generator.randint(1, 40)]
            place = generator.randrange(len(content) + 1)
            content[place:place] = piece
    return bytes(content)


def tell(what, number):
    """Say how many were tried, where ``python -m tests.fuzz`` looks for it."""
    if path := os.environ.get("FUZZ_REPORT"):
        with open(path, "a", encoding="utf-8") as report:
            report.write(f"{what}: {number}\n")


def generator_of(data):
    return random.Random(data.draw(st.integers(0, 2**32)))
