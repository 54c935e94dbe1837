"""Writing the impressions of a whole table: in chunks, with a progress bar, and past a kill.

While a run lasts, ``OUTPUT.part`` holds the summaries of the rows so far as JSON Lines, and
``OUTPUT.part.json`` says how many are sound, of which input and by which options. The output
itself is made of both when all is done, in one go: so any format can go on after ``kill -9``.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from tqdm import tqdm

from graphsum.impressions import EXPLAINED
from graphsum.writers import Layout, Writer
from preprocessing.errors import InputError
from preprocessing.files import digest_of, dumps, new_file
from preprocessing.pipeline.output import OutputProgress, ResumableOutput
from preprocessing.tables.rows import OpenTable, Row, as_text, plain
from preprocessing.text.sentences import sentence_spans

# Findings, and what else is known of each report -> one summary each, as
# ``graphsum.impressions.summary.Summary.to_json`` has it.
Summarize = Callable[[list[str], list[dict[str, str]]], list[dict[str, Any]]]
_TYPES = {"review": bool, "confidence": float}
_BETWEEN = {"flags": "; ", "supporting_sentences": " | ", "left_out": "; "}
_LARGEST = 2**63


@dataclass(frozen=True)
class Job:
    """What is made of a table.

    Args:
        table: the input.
        findings: its column with the findings.
        uid: its column with the reports' names, for the rejects; None: there is none.
        impression: the column to add.
        writer: the output's format.
        explain: whether to add the columns of ``EXPLAINED`` too, and ``summary``, the whole summary
            as an object, where the format can hold it.
        skip_empty: whether rows without an impression are left out of the output.
        checkpoint: what wrote them, in words, for the column of that name.
        context: the columns of what else is read (:mod:`graphsum.personal.context`), by kind.
    """

    table: OpenTable
    findings: str
    uid: str | None
    impression: str
    writer: Writer
    explain: bool = False
    skip_empty: bool = False
    checkpoint: str = ""
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that are added."""
        explained = EXPLAINED if self.explain else ()
        return (self.impression, *explained, *(("summary",) if self.has_summary else ()))

    @property
    def has_summary(self) -> bool:
        """Whether the whole summary is a column."""
        return self.writer.whole or (self.explain and self.writer.nested)


@dataclass(frozen=True)
class Survey:
    """What one reading of the whole input found: the number of rows, the types in each column."""

    rows: int
    types: Mapping[str, frozenset[type]]


@dataclass
class Tally:
    """What needs a look in an output."""

    rows: int = 0
    empty: int = 0
    reviewed: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    reason: str = ""

    def add(self, summary: Mapping[str, Any]) -> None:
        """Count one summary."""
        self.rows += 1
        self.empty += not summary["impression"]
        self.reason = summary["reason"]
        if summary["review"]:
            self.reviewed += 1
            self.flags.update(summary["flags"])


def survey(job: Job) -> Survey:
    """Read the whole input once, before any work.

    Raises:
        InputError: a row is broken, has other columns than the first one, no text for findings, or
            something that the output's format cannot hold; there are no rows; or a column that is
            to be added is there already.
    """
    taken = [name for name in job.added if name in job.table.columns]
    if taken:
        advice = "give another --output-column" if taken == [job.impression] else "rename them"
        raise InputError(
            f"{job.table.path}: there is a column {', '.join(map(repr, taken))} already; {advice}"
        )
    types: dict[str, set[type]] = {name: set() for name in job.table.columns}
    number = 0
    for number, row in enumerate(job.table.rows(), 1):
        job.table.check(row)
        as_text(row.values[job.findings], row.where, "findings")
        _context(job, row)
        _check_values(row)
        job.writer.check(number, row.values, row.where)
        for name, value in row.values.items():
            if value is not None:
                types[name].add(_type(value))
    if not number:
        raise InputError(f"{job.table.path}: no rows; expected a header and one report a row")
    return Survey(number, {name: frozenset(found) for name, found in types.items()})


def summarize_to_file(
    job: Job,
    found: Survey,
    output: str | Path,
    settings: Mapping[str, Any],
    load: Callable[[], Summarize],
    *,
    chunk: int,
    progress: bool | None,
) -> Tally:
    """Summarize a table into a file; a run that was killed before goes on where it was.

    Rows without an impression stand in ``OUTPUT.rejects.jsonl`` with their number and the reason.

    Args:
        job: what is made of which table.
        found: what :func:`survey` said of it.
        output: the file, which appears whole or not at all.
        settings: whatever the summaries depend on besides the input; JSON-ready.
        load: gives what summarizes; not called where all is done already.
        chunk: how many reports are summarized, and can be lost by a kill, at a time.
        progress: whether to show a bar; None: on a terminal.

    Raises:
        InputError: the place is not writable, another run is writing there, or the unfinished run
            had another input or other options.
    """
    given = {
        "input": [job.table.kind, digest_of(job.table.path)],
        "findings": job.findings,
        "context": dict(job.context),
        **settings,
        "chunk": chunk,
    }
    tally = Tally()
    with closing(ResumableOutput(output, given)) as out:
        done = out.progress
        if not done.done and done.records < found.rows:
            rows = islice(job.table.rows(), done.records, None)
            with _bar(found.rows, done.records, progress) as bar:
                for group, summaries in _summarized(job, rows, load(), chunk):
                    lines = "".join(map(dumps, summaries)).encode()
                    rejects = _rejects(job, done.records, group, summaries)
                    done = OutputProgress(
                        done.records + len(group),
                        done.rejected + len(rejects),
                        done.output_bytes + len(lines),
                        done.rejects_bytes + sum(map(len, rejects)),
                    )
                    out.append(lines, b"".join(rejects), done)
                    bar.update(len(group))

        def make(part: Path) -> None:
            with new_file(output) as file, open(part, "rb") as lines:
                summaries = map(json.loads, lines)
                _write(job, found, file, zip(job.table.rows(), summaries, strict=True), tally)

        rejected = bool(done.rejected)
        out.finish(make)
    if not rejected:
        out.rejects.unlink(missing_ok=True)
    return tally


def summarize_to_stream(
    job: Job,
    found: Survey,
    stream: BinaryIO,
    summarize: Summarize,
    *,
    chunk: int,
    progress: bool | None,
) -> Tally:
    """Summarize a table into a stream, chunk by chunk; the arguments are those for a file."""
    tally = Tally()

    def pairs() -> Iterator[tuple[Row, dict[str, Any]]]:
        with _bar(found.rows, 0, progress) as bar:
            for group, summaries in _summarized(job, job.table.rows(), summarize, chunk):
                yield from zip(group, summaries, strict=True)
                stream.flush()
                bar.update(len(group))

    _write(job, found, stream, pairs(), tally)
    return tally


def _summarized(
    job: Job, rows: Iterable[Row], summarize: Summarize, chunk: int
) -> Iterator[tuple[list[Row], list[dict[str, Any]]]]:
    rows = iter(rows)
    while group := list(islice(rows, chunk)):
        summaries = summarize(
            [_findings(job, row) for row in group], [_context(job, row) for row in group]
        )
        # As they come back from a file: lists for tuples.
        yield group, [json.loads(dumps(one)) for one in summaries]


def _findings(job: Job, row: Row) -> str:
    return as_text(row.values[job.findings], row.where, "findings")


def _context(job: Job, row: Row) -> dict[str, str]:
    texts = {
        kind: as_text(row.values.get(column), row.where, kind).strip()
        for kind, column in job.context.items()
    }
    return {kind: text for kind, text in texts.items() if text}


def _rejects(
    job: Job, before: int, group: Sequence[Row], summaries: Sequence[Mapping[str, Any]]
) -> list[bytes]:
    """A line for each row without an impression; rows count from 1."""
    lines = []
    for number, (row, one) in enumerate(zip(group, summaries, strict=True), before + 1):
        if not one["impression"]:
            uid = {} if job.uid is None else {"uid": as_text(row.values[job.uid], row.where, "uid")}
            lines.append(dumps({"row": number, **uid, "reason": one["reason"]}).encode())
    return lines


def _write(
    job: Job,
    found: Survey,
    out: BinaryIO,
    pairs: Iterable[tuple[Row, Mapping[str, Any]]],
    tally: Tally,
) -> None:
    """Write rows with their summaries in the job's format, and count them."""
    columns = (*job.table.columns, *job.added)
    types = {
        **found.types,
        **{name: frozenset({_TYPES.get(name, str)}) for name in job.added},
    }
    layout = Layout(columns, job.impression, job.table.layout, types)

    def rows() -> Iterator[dict[str, Any]]:
        for row, summary in pairs:
            tally.add(summary)
            if summary["impression"] or not job.skip_empty:
                yield row.values | _added(job, _findings(job, row), summary)

    job.writer.write(out, rows(), layout)


def _added(job: Job, findings: str, summary: Mapping[str, Any]) -> dict[str, Any]:
    added = {job.impression: summary["impression"]}
    if job.has_summary:
        added["summary"] = dict(summary)
    if not job.explain:
        return added
    lists = {
        "flags": summary["flags"],
        "supporting_sentences": supporting_sentences(findings, summary["ledger"]),
        "left_out": [
            f"{', '.join(one['names']) or findings[one['start'] : one['end']]} ({one['reason']})"
            for one in summary["left_out"]
        ],
    }
    if not job.writer.nested:
        lists = {name: _BETWEEN[name].join(values) for name, values in lists.items()}
    explained = {**summary, **lists, "checkpoint": job.checkpoint}
    return added | {name: explained[name] for name in EXPLAINED}


def supporting_sentences(findings: str, ledger: Iterable[Mapping[str, Any]]) -> list[str]:
    """The sentences of the findings that bear out an impression, in their order, each once."""
    places = [one["evidence"] for one in ledger if one["evidence"] is not None]
    return [
        " ".join(findings[start:end].split())
        for start, end in sentence_spans(findings)
        if any(first < end and last > start for first, last in places)
    ]


def _check_values(row: Row) -> None:
    """Raise ``InputError`` for values that no output could hold."""
    for number, value in enumerate(row.values.values(), 1):
        if isinstance(value, str) and value.isascii():
            continue
        try:
            dumps({"value": plain(value)}).encode()
        except (TypeError, ValueError):
            raise InputError(
                f"{row.where}: column {number} holds something that is no text, number or date"
            ) from None


def _type(value: Any) -> type:
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value < _LARGEST:
        return str
    if isinstance(value, datetime) and value.tzinfo is not None:
        return str
    return type(value)


def _bar(total: int, initial: int, progress: bool | None) -> "tqdm[Any]":
    """A bar with reports per second and the time left, by the mean rate of this run."""
    hidden = not (sys.stderr.isatty() if progress is None else progress)
    return tqdm(
        desc="summarize", total=total, initial=initial, unit=" reports", smoothing=0,
        disable=hidden, file=sys.stderr,
    )  # fmt: skip
