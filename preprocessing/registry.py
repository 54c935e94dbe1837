"""Tables of variants: a variant is one entry under its name; deleting it is the reverse."""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar, cast

from preprocessing.errors import InputError, closest

Entry = TypeVar("Entry")


class Table(dict[str, "str | Entry"], Generic[Entry]):
    """Name -> an object, or ``module:attribute`` where it is found, imported only when asked for.

    ``noun``: what an entry is called in error messages.
    """

    def __init__(self, noun: str, entries: "Mapping[str, str | Entry]") -> None:
        super().__init__(entries)
        self.noun = noun


def load(table: Table[Entry], name: str) -> Entry:
    """The object called ``name``; raises ``InputError`` when the table has none."""
    if name not in table:
        raise unknown_name(table.noun, name, table)
    entry = table[name]
    return cast(Entry, imported(entry)) if isinstance(entry, str) else entry


def imported(place: str) -> Any:
    """What ``module:attribute`` names."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def unknown_name(noun: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is none of the known ones: it suggests one, and lists them all."""
    known = list(known)
    return InputError(
        f"unknown {noun} {name!r}{closest(name, known)}; choose from {', '.join(known)}"
    )
