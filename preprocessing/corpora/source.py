"""What a corpus module offers: one ``SOURCE``, found through the table in ``__init__``."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from preprocessing.errors import InputError
from preprocessing.records import Report


class Exclusion(NamedTuple):
    """A record that ``read_reports`` met and could not turn into a report, and why.

    ``reason`` is a fixed phrase (it is counted), never report text.
    """

    uid: str
    reason: str


class Parts(NamedTuple):
    """The three parts of a split. Reports in none of them are counted as excluded."""

    train: list[Report]
    val: list[Report]
    test: list[Report]


@dataclass(frozen=True)
class SplitRequest:
    """What a split may depend on besides the reports."""

    data_dir: Path
    seed: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


Split = Callable[[list[Report], SplitRequest], Parts]


class ReadReports(Protocol):
    """Reads a corpus in a fixed order, one record at a time."""

    def __call__(
        self, data_dir: str | Path, *, columns: Mapping[str, str] | None = None
    ) -> Iterator[Report | Exclusion]:
        """Yield reports and exclusions; raise ``InputError`` where the data is missing or broken.

        ``columns`` renames fields in tables; corpora with a fixed format ignore it.
        """


@dataclass(frozen=True)
class CorpusSource:
    """A corpus: its reader, its named splits (the first is the default), its inclusion rule.

    ``data_hint``: one line for help texts, saying which files are expected and whence.
    ``published``: split name -> (train, val, test) sizes in the papers, for ``describe``.
    ``kept_anyway``: inclusion rule -> uids that it keeps whatever their length.
    ``default_split``: picks the split's name from the data when the first is not always right.
    ``without_impressions``: the error to raise where impressions are needed and the data have none.
    """

    read_reports: ReadReports
    splits: Mapping[str, Split]
    inclusion: str
    data_hint: str
    published: Mapping[str, Sequence[int]] = field(default_factory=dict)
    kept_anyway: Mapping[str, Collection[str]] = field(default_factory=dict)
    default_split: Callable[[SplitRequest], str] | None = None
    without_impressions: Callable[[SplitRequest], InputError | None] | None = None
