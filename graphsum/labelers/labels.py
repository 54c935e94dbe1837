"""The labels of a report, and tables of labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphsum.labelers.schema import State

# The order of the four probabilities of a class.
FOUR_STATES: tuple[State | None, ...] = ("present", "absent", "uncertain", None)
Span = tuple[int, int]
Probabilities = tuple[float, float, float, float]
_CELLS: dict[State | None, str] = {"present": "1", "absent": "0", "uncertain": "-1", None: ""}


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


def cell(state: State | None, *, words: bool = False) -> str:
    """A state as a cell of a table: 1, 0, -1 or nothing, as CheXpert writes; or a word."""
    return (state or "") if words else _CELLS[state]
