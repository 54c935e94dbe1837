"""Tables of variants: a variant is one entry under its name; deleting it is the reverse."""

import importlib
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar, cast

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
    if isinstance(entry, str):
        module, _, attribute = entry.partition(":")
        return cast(Entry, getattr(importlib.import_module(module), attribute))
    return entry


def unknown_name(noun: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is none of the known ones: it suggests one, and lists them all."""
    known = list(known)
    return InputError(
        f"unknown {noun} {name!r}{closest(name, known)}; choose from {', '.join(known)}"
    )
