"""Texts and their labels, as tables hold them, for training."""

from collections.abc import Mapping, Sequence

import numpy as np

from graphsum.labelers.labeling import ReportTable
from graphsum.labelers.labels import FOUR_STATES, LabelTable
from graphsum.labelers.schema import State
from preprocessing.errors import InputError

UNKNOWN = -1  # target of a class of which a table says nothing
PRESENT = FOUR_STATES.index("present")
IN_THE_INPUT = "columns"


def texts_by_uid(reports: ReportTable) -> dict[str, str]:
    """uid -> text, in the table's order.

    Raises:
        InputError: a uid is missing or there twice, or there are no rows.
    """
    texts: dict[str, str] = {}
    for number, (uid, text) in enumerate(reports.rows(), 1):
        if not uid:
            raise InputError(f"{reports.table.path}, report {number}: no uid")
        if uid in texts:
            raise InputError(f"{reports.table.path}, report {number}: a uid that is there before")
        texts[uid] = text
    if not texts:
        raise InputError(f"{reports.table.path}: no rows; expected a header and one report a row")
    return texts


def targets_of(uids: Sequence[str], table: LabelTable | None, classes: Sequence[str]) -> np.ndarray:
    """The place in ``FOUR_STATES`` of each class's state of reports in their order, int64 [n, C].

    ``UNKNOWN`` for reports that the table does not have.

    Raises:
        InputError: it has none of them.
    """
    unknown = np.full(len(classes), UNKNOWN, np.int64)
    if table is None:
        return np.tile(unknown, (len(uids), 1))
    if table.states.keys().isdisjoint(uids):
        raise InputError(f"{table.path}: labels of none of the reports; their uids join the tables")
    return np.stack(
        [_places(table.states[uid], classes) if uid in table.states else unknown for uid in uids]
    )


def _places(states: Mapping[str, State | None], classes: Sequence[str]) -> np.ndarray:
    return np.array([FOUR_STATES.index(states[name]) for name in classes], np.int64)
