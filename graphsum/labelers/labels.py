"""The labels of a report, and tables of labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphsum.labelers.schema import Schema, State
from preprocessing.errors import InputError, closest
from preprocessing.tables import open_table
from preprocessing.tables.columns import fold
from preprocessing.tables.rows import OpenTable, as_text

# The order of the four probabilities of a class.
FOUR_STATES: tuple[State | None, ...] = ("present", "absent", "uncertain", None)
Span = tuple[int, int]
Probabilities = tuple[float, float, float, float]
_CELLS: dict[State | None, str] = {"present": "1", "absent": "0", "uncertain": "-1", None: ""}
_STATES: dict[str, State | None] = {
    "1": "present", "1.0": "present", "present": "present", "positive": "present",
    "0": "absent", "0.0": "absent", "-0.0": "absent", "absent": "absent", "negative": "absent",
    "-1": "uncertain", "-1.0": "uncertain", "uncertain": "uncertain",
    "": None, "nan": None, "blank": None,
}  # fmt: skip
_PROBABILITY_COLUMNS = ("p_present", "p_absent", "p_uncertain", "p_blank")


@dataclass(frozen=True)
class ReportLabels:
    """What a labeler says of one report.

    Args:
        states: class -> its state; None: it is not mentioned. Every class of the schema is there.
        evidence: class -> the characters (start, end) of the text that the state rests on; a class
            without evidence may be left out.
        probabilities: class -> the probabilities that it is present, absent, uncertain, not
            mentioned; None: the labeler gives none.
    """

    states: Mapping[str, State | None]
    evidence: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    probabilities: Mapping[str, Probabilities] | None = None


@dataclass(frozen=True)
class Form:
    """How labels are written.

    Args:
        kind: ``csv``, ``tsv`` or ``jsonl``.
        evidence: whether each class has its words too.
        probabilities: whether each class has its four probabilities too.
        words: whether a state is a word rather than 1, 0, -1 or nothing.
    """

    kind: str = "csv"
    evidence: bool = False
    probabilities: bool = False
    words: bool = False

    def columns(self, names: Sequence[str]) -> list[str]:
        """The columns of a table of these classes: the uid, then class by class."""
        columns = ["uid"]
        for name in names:
            columns.append(name)
            if self.evidence:
                columns.append(f"{name} evidence")
            if self.probabilities:
                columns += [f"{name} {column}" for column in _PROBABILITY_COLUMNS]
        return columns

    def row(self, uid: str, text: str, labels: ReportLabels) -> dict[str, Any]:
        """The values of these columns for one report."""
        values: dict[str, Any] = {"uid": uid}
        for name, state in labels.states.items():
            values[name] = cell(state, words=self.words)
            if self.kind == "jsonl" and not self.words:
                values[name] = int(values[name]) if state else None
            if self.evidence:
                spans = labels.evidence.get(name, ())
                values[f"{name} evidence"] = " | ".join(
                    " ".join(text[start:end].split()) for start, end in spans
                )
            if self.probabilities and labels.probabilities is not None:
                four = labels.probabilities[name]
                for column, value in zip(_PROBABILITY_COLUMNS, four, strict=True):
                    values[f"{name} {column}"] = round(value, 6)
        return values


@dataclass(frozen=True)
class LabelTable:
    """A table of labels: the file, and uid -> class -> state, in the file's order.

    ``probabilities``: uid -> class -> that it is present, where the file gives them for all.
    """

    path: Path
    states: Mapping[str, Mapping[str, State | None]]
    probabilities: Mapping[str, Mapping[str, float]] | None = None


def cell(state: State | None, *, words: bool = False) -> str:
    """A state as a cell of a table: 1, 0, -1 or nothing, as CheXpert writes; or a word."""
    return (state or "") if words else _CELLS[state]


def read_labels(
    path: str | Path, schema: Schema, *, uid: str = "uid", classes: Sequence[str] | None = None
) -> LabelTable:
    """A table with a column for the uid and one for each class; other columns are passed over.

    Args:
        path: of a table of any kind. In JSON Lines the classes may stand in an object ``labels``.
        schema: what the classes are called.
        uid: the name of the column with the uid.
        classes: those that are read; None: all of the schema.

    Raises:
        InputError: a column is not there, a cell is none of 1, 0, -1, blank and their words, or a
            uid is empty or there twice; the message names the line and the column.
    """
    wanted = tuple(schema[name].name for name in classes or schema.names)
    table = open_table(path, {"uid": uid, "labels": wanted[0]})
    columns = _columns(table, (uid, *wanted))
    certain = {name: f"{name} {_PROBABILITY_COLUMNS[0]}" for name in wanted}
    has_probabilities = all(column in table.columns for column in certain.values())
    states: dict[str, dict[str, State | None]] = {}
    probabilities: dict[str, dict[str, float]] = {}
    for where, values in _rows(table):
        own = as_text(values.get(columns[uid]), where, uid).strip()
        if not own:
            raise InputError(f"{where}, column {uid!r}: no uid")
        if own in states:
            raise InputError(f"{where}, column {uid!r}: a uid that is there before")
        states[own] = {
            name: _state(values.get(columns[name]), f"{where}, column {name!r}") for name in wanted
        }
        if has_probabilities:
            probabilities[own] = {
                name: _probability(values[column], f"{where}, column {column!r}")
                for name, column in certain.items()
            }
    if not states:
        raise InputError(f"{path}: no rows; expected a uid and its labels in each")
    return LabelTable(Path(path), states, probabilities if has_probabilities else None)


def _rows(table: OpenTable) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands and its values, those of an object ``labels`` among them."""
    for row in table.rows():
        nested = row.values.get("labels")
        yield row.where, {**row.values, **nested} if isinstance(nested, dict) else row.values


def _columns(table: OpenTable, wanted: Sequence[str]) -> dict[str, str]:
    """Wanted name -> the column that has it, whatever its case and blanks."""
    first = next(_rows(table), (str(table.path), {}))[1]
    there = [*table.columns, *(name for name in first if name not in table.columns)]
    folded = {fold(name): name for name in there}
    for name in wanted:
        if fold(name) not in folded:
            raise InputError(f"{table.path}, line 1: no column {name!r}{closest(name, there)}")
    return {name: folded[fold(name)] for name in wanted}


def _state(value: Any, where: str) -> State | None:
    text = "" if value is None else as_text(value, where, "labels").strip().lower()
    if text not in _STATES:
        raise InputError(f"{where}: allowed are 1, 0, -1, blank, present, absent, uncertain")
    return _STATES[text]


def _probability(value: Any, where: str) -> float:
    try:
        probability = float(value)
    except (TypeError, ValueError):
        probability = -1.0
    if not 0 <= probability <= 1:
        raise InputError(f"{where}: a probability is a number from 0 to 1")
    return probability
