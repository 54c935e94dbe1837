"""Files of predictions: JSON Lines of ``{"uid", "prediction"}``."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.files import read_jsonl


def read_predictions(path: str | Path, uids: Sequence[str]) -> list[str]:
    """The predictions of a JSON Lines file for ``uids``, in that order.

    Each line is ``{"uid": string or integer, "prediction": string}``; other fields are ignored.
    Raises :class:`InputError` when a line is malformed, or when a uid is missing, given twice or
    not among ``uids``.
    """
    predictions: dict[str, str] = {}
    repeated: list[str] = []
    for number, row in enumerate(read_jsonl(path), 1):
        uid, prediction = row.get("uid"), row.get("prediction")
        if not isinstance(uid, str | int) or isinstance(uid, bool):
            raise InputError(f'{path}: record {number}: "uid" must be a string or an integer')
        if not isinstance(prediction, str):
            raise InputError(f'{path}: record {number}, uid {uid}: "prediction" must be a string')
        if str(uid) in predictions:
            repeated.append(str(uid))
        predictions[str(uid)] = prediction
    expected = set(uids)
    _refuse(path, "uids given more than once", repeated, "keep one line per report")
    _refuse(
        path,
        f"uids missing of the {len(uids)} to score",
        [uid for uid in uids if uid not in predictions],
        "give one prediction for each report of the split",
    )
    _refuse(
        path,
        "uids that are not in the split",
        [uid for uid in predictions if uid not in expected],
        "score them with their own corpus and split",
    )
    return [predictions[uid] for uid in uids]


def _refuse(path: str | Path, what: str, uids: Iterable[str], advice: str) -> None:
    found = list(uids)
    if found:
        raise InputError(f"{path}: {len(found)} {what} (first: {found[0]}); {advice}")
