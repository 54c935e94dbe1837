"""Errors that are one clear line without a traceback: a user's mistake, a run that failed."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is a single line that says where, what was given, what is allowed and what to do.
    It never quotes report text (patients' data): an id and a position are enough.
    Every command prints it as ``error: <message>`` on stderr and exits with status 2.
    """


class MissingBackendError(InputError):
    """An optional tool or its model is not installed; the message gives the command to get it."""


class RunError(RuntimeError):
    """What was asked for is right but could not be done, such as a training that diverged.

    The message is a single line as in :class:`InputError`; commands exit with status 1.
    """


def closest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)`` when one of the known names is close, otherwise nothing."""
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
