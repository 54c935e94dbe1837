"""The one exception for a user's mistake: one clear line, exit status 2, no traceback."""

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


def closest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)`` when one of the known names is close, otherwise nothing."""
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
