"""Files of predictions: tables with a report's uid and what was written for it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from preprocessing.corpora.splits import PART_NAMES
from preprocessing.errors import InputError
from preprocessing.tables import open_table
from preprocessing.tables.columns import columns_of_fields, fold
from preprocessing.tables.rows import OpenTable, as_text

logger = logging.getLogger(__name__)


def read_predictions(
    path: str | Path,
    uids: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    references: Sequence[str] | None = None,
) -> list[str]:
    """The predictions of a table for ``uids``, in that order; those of other reports are ignored.

    Args:
        path: a table of any kind, such as ``graphsum summarize`` writes.
        uids: the reports. A table without a column for uids has one row a report, in their order:
            row 3 is of report ``3``, or of ``test-3`` where all are called so.
        columns: names of the columns ``uid`` and ``prediction``. Without them ``prediction`` holds
            the texts, or else ``impression``.
        references: the reports' own impressions, which a column ``impression`` may hold as well.

    Raises:
        InputError: a row is malformed, a uid is missing or given twice, or the column
            ``impression`` has the references themselves.
    """
    columns = columns or {}
    table = open_table(path, columns)
    if table.kind == "text":
        raise InputError(f"{path}: plain text; expected a table or JSON Lines: uid and prediction")
    uid_column = next(
        (
            name
            for wanted in (columns.get("uid", "uid"), "uid")
            for name in table.columns
            if fold(name) == fold(wanted)
        ),
        None,
    )
    text_column, is_own = _text_column(table, columns)
    prefix = "" if uid_column else _part_prefix(uids)
    predictions: dict[str, str] = {}
    repeated: list[str] = []
    for number, (where, values) in enumerate(table.rows(), 1):
        uid = f"{prefix}{number}"
        if uid_column:
            uid = as_text(values.get(uid_column), where, "uid").strip()
            if not uid:
                raise InputError(f'{where}: "uid" must be a string or an integer')
        prediction = values.get(text_column, 0)
        if not isinstance(prediction, str | None):
            raise InputError(f'{where}: "prediction" must be a string')
        if uid in predictions:
            repeated.append(uid)
        predictions[uid] = prediction or ""
    _refuse(path, "uids given more than once", repeated, "keep one line per report")
    _refuse(
        path,
        f"uids missing of the {len(uids)} to score",
        [uid for uid in uids if uid not in predictions],
        "give one prediction for each report of the split",
    )
    others = len(predictions) - len(set(uids))
    if others:
        logger.warning("%s: %d predictions of reports that are not scored here", path, others)
    texts = [predictions[uid] for uid in uids]
    if not is_own and references is not None and texts == list(references):
        raise InputError(
            f"{path}: the column 'impression' holds the references themselves; name that of the "
            "predictions with --columns prediction=NAME"
        )
    return texts


def _text_column(table: OpenTable, columns: Mapping[str, str]) -> tuple[str, bool]:
    """The column with the predictions, and whether it is called so or was named by the user."""
    there, where = table.columns, str(table.path)
    given = {"prediction": columns["prediction"]} if "prediction" in columns else {}
    found = columns_of_fields(given, there, where, required=())
    if "prediction" in found:
        return found["prediction"], True
    if "impression" in found:
        return found["impression"], False
    return columns_of_fields(given, there, where, required=("prediction",))["prediction"], True


def _part_prefix(uids: Sequence[str]) -> str:
    """``test-`` where all are called so, as reports in files of their own part without uids are."""
    prefixes = {uid.rpartition("-")[0] for uid in uids}
    [only] = prefixes if len(prefixes) == 1 else [""]
    return f"{only}-" if only in PART_NAMES.values() else ""


def _refuse(path: str | Path, what: str, uids: Iterable[str], advice: str) -> None:
    found = list(uids)
    if found:
        raise InputError(f"{path}: {len(found)} {what} (first: {found[0]}); {advice}")
