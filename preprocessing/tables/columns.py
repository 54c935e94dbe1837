"""Which column of a table holds which field.

Names match whatever their case and blanks. Messages give a table's own column names only where its
first row is plainly a header: the first row of a table without one is a patient's report.
"""

import argparse
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from preprocessing.errors import InputError, closest

FIELDS = (
    "uid",
    "findings",
    "impression",
    "indication",
    "comparison",
    "labels",
    "patient",
    "split",
    "prediction",
    "author",
    "age",
    "sex",
    "technique",
    "modality",
    "body_part",
)
# Of these a report keeps what a table has in ``Report.meta``.
META_FIELDS = ("author", "age", "sex", "technique", "modality", "body_part")
_LONGEST_NAME = 40
_NO_NAME = re.compile(r"\d{4}|[.!?:]\s|[.!?]$|\n")  # of dates, record numbers and sentences


def fold(name: str) -> str:
    """A column's name without case and blanks."""
    return "".join(name.casefold().split())


def wanted_names(columns: Mapping[str, str]) -> frozenset[str]:
    """What tells a header: the fields' names and those that the user gave, folded."""
    return frozenset(map(fold, (*FIELDS, *columns.values())))


def is_plain_header(names: Sequence[str], wanted: Collection[str]) -> bool:
    """Are these surely column names, and not a patient's row?"""
    return any(fold(name) in wanted for name in names) and not any(
        len(name) > _LONGEST_NAME or _NO_NAME.search(name) for name in names
    )


def check_fields(columns: Mapping[str, str]) -> None:
    """Raise ``InputError`` where a column is given for a field that does not exist."""
    for field in columns:
        if field not in FIELDS:
            raise InputError(
                f"column given for {field!r}{closest(field, FIELDS)}; the fields are "
                f"{', '.join(FIELDS)}"
            )


def check_distinct(names: Sequence[str], where: str) -> None:
    """Raise ``InputError`` where two columns have the same name; it gives their numbers."""
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in first:
            raise InputError(
                f"{where}: columns {first[name]} and {number} have the same name; rename one"
            )
        first[name] = number


def columns_of_fields(
    columns: Mapping[str, str], there: Iterable[str], where: str, *, required: Collection[str]
) -> dict[str, str]:
    """field -> column, for the fields that the table has.

    Args:
        columns: field -> column as the user gave them; other fields are called by their own names.
        there: the names of the table's columns.
        where: the file, for messages.
        required: fields without which the table is of no use.

    Raises:
        InputError: a field does not exist, a column that is needed or given is not there, or two
            columns have its name.
    """
    check_fields(columns)
    there = list(there)
    found = {}
    for field in FIELDS:
        name = columns.get(field, field)
        same = [name] if name in there else [one for one in there if fold(one) == fold(name)]
        if len(same) > 1:
            raise InputError(
                f"{where}: {len(same)} columns are called {name!r}, but for case and blanks; "
                "rename one"
            )
        if same:
            found[field] = same[0]
        elif field in required or field in columns:
            plain = is_plain_header(there, wanted_names(columns))
            names = f"the columns are {', '.join(map(repr, there))}"
            number = (
                f"the table has {len(there)} column{'s' * (len(there) != 1)}, whose names are not "
                "shown because its first row may be a report"
            )
            raise InputError(
                f"{where}: no column {name!r} for {field}{closest(name, there) if plain else ''}; "
                f"{names if plain else number}; give --columns {field}=NAME"
            )
    return found


class Pairs(argparse.Action):
    """``field=column field=column`` on the command line, as a dictionary."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        pairs: dict[str, str] = {}
        for value in values or ():
            name, equals, target = str(value).partition("=")
            if not equals or not target:
                # What was given may be a report: it is not shown.
                form = self.metavar if isinstance(self.metavar, str) else "NAME=VALUE"
                parser.error(
                    f"{option_string} takes pairs of the form {form}, and was given others"
                )
            if name in pairs:
                parser.error(f"{option_string} gives {name!r} twice; leave out one of the two")
            pairs[name] = target
        setattr(namespace, self.dest, pairs)
