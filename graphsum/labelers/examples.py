"""Texts and their labels, as tables hold them, for training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphsum.labelers.labels import FOUR_STATES
from graphsum.labelers.schema import STATES
from preprocessing.errors import InputError, closest
from preprocessing.tables import open_table
from preprocessing.tables.rows import OpenTable, as_text

UNKNOWN = -1  # target of a class of which a table says nothing
PRESENT = FOUR_STATES.index("present")
TEXT_COLUMNS = ("text", "report")
IN_THE_INPUT = "columns"
_STATE_OF_CELL: dict[str, int] = {"1": 0, "0": 1, "-1": 2, "": 3} | {
    state: FOUR_STATES.index(state) for state in STATES
}


@dataclass(frozen=True)
class Texts:
    """The reports of a table: their names and texts, and the table itself."""

    uids: tuple[str, ...]
    texts: tuple[str, ...]
    table: OpenTable


def read_texts(path: str, *, column: str | None = None, uid: str = "uid") -> Texts:
    """The texts of a table.

    Raises:
        InputError: it has no such columns or no rows, or a uid is missing or there twice.
    """
    wanted = {"uid": uid} | ({"findings": column} if column else {})
    table = open_table(path, wanted)
    if column is None:
        column = next((name for name in TEXT_COLUMNS if name in table.columns), None)
        if column is None:
            raise InputError(f"{path}: no column 'text' or 'report'; name it with --column")
    _need(table, column, "--column")
    _need(table, uid, "--uid")
    texts: dict[str, str] = {}
    for row in table.rows():
        table.check(row)
        name = _uid(row.values[uid], row.where, texts)
        texts[name] = as_text(row.values[column], row.where, column)
    if not texts:
        raise InputError(f"{path}: no rows; expected a header and one report a row")
    return Texts(tuple(texts), tuple(texts.values()), table)


def read_targets(
    table: OpenTable, classes: Sequence[str], *, uid: str = "uid"
) -> dict[str, np.ndarray]:
    """uid -> the place in ``FOUR_STATES`` of each class's state, int64 [C].

    Raises:
        InputError: a class has no column, a cell holds none of the states, or a uid is missing or
            there twice.
    """
    _need(table, uid, "--uid")
    for name in classes:
        if name not in table.columns:
            raise InputError(
                f"{table.path}: no column for the class {name!r}{closest(name, table.columns)}; "
                "each class of the schema has one"
            )
    targets: dict[str, np.ndarray] = {}
    for row in table.rows():
        table.check(row)
        name = _uid(row.values[uid], row.where, targets)
        targets[name] = np.array(
            [_state(row.values[one], row.where, one) for one in classes], np.int64
        )
    return targets


def targets_of(uids: Sequence[str], found: Mapping[str, np.ndarray], n_classes: int) -> np.ndarray:
    """The targets of reports in their order, [n, C]; ``UNKNOWN`` for reports without any."""
    unknown = np.full(n_classes, UNKNOWN, np.int64)
    return np.stack([found.get(uid, unknown) for uid in uids])


def _need(table: OpenTable, column: str, option: str) -> None:
    if column not in table.columns:
        raise InputError(f"{table.path}: no column {column!r}; name it with {option}")


def _uid(value: object, where: str, known: Mapping[str, object]) -> str:
    name = as_text(value, where, "uid")
    if not name:
        raise InputError(f"{where}: no uid")
    if name in known:
        raise InputError(f"{where}: this uid is there twice")
    return name


def _state(value: object, where: str, column: str) -> int:
    text = as_text(value, where, column).strip().lower()
    text = {"1.0": "1", "0.0": "0", "-1.0": "-1"}.get(text, text)
    if text not in _STATE_OF_CELL:
        raise InputError(
            f"{where}, column {column!r}: no label; allowed are 1, 0, -1, nothing, "
            f"{', '.join(STATES)}"
        )
    return _STATE_OF_CELL[text]
