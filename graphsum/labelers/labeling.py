"""Labeling a whole table: in chunks, by several processes, with a progress bar, and past a kill."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from graphsum import __version__
from graphsum.labelers.labeler import Labeler, load_labeler
from graphsum.labelers.labels import Form
from preprocessing.errors import InputError, closest
from preprocessing.files import digest_of, dumps
from preprocessing.pipeline.executors import map_in_order
from preprocessing.pipeline.output import OutputProgress, ResumableOutput
from preprocessing.tables import open_table
from preprocessing.tables.columns import fold
from preprocessing.tables.rows import OpenTable, as_text

CHUNK = 1024  # reports that are labeled, and can be lost by a kill, at a time
# Columns of the text where the user names none; of the first line that is there all are taken.
TEXT_COLUMNS = (("text",), ("report",), ("findings", "impression"))
FORMS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl"}
_Rows = list[tuple[str, str]]  # uid and text


@dataclass(frozen=True)
class LabelingJob:
    """What labels and how it is written; each process loads the labeler for itself.

    Args:
        labeler: a name or a folder.
        schema: a name or a file; None: that of the labeler.
        form: of the output.
        options: further ones of the labeler, as pairs.
    """

    labeler: str
    schema: str | None
    form: Form
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class ReportTable:
    """A table of reports, the columns that make up the text, and that of the uid, if any."""

    table: OpenTable
    text: tuple[str, ...]
    uid: str | None

    def rows(self) -> Iterator[tuple[str, str]]:
        """The uid and the text of each report; without a column for the uid rows count from 1."""
        for number, row in enumerate(self.table.rows(), 1):
            self.table.check(row)
            parts = [as_text(row.values[name], row.where, name) for name in self.text]
            own = as_text(row.values[self.uid], row.where, "uid") if self.uid else str(number)
            yield own, "\n\n".join(part for part in parts if part.strip())


def open_reports(
    path: str | Path, *, text: Sequence[str] = (), uid: str | None = None, kind: str | None = None
) -> ReportTable:
    """A table of reports of any kind.

    Args:
        path: the file.
        text: the columns whose texts, one below the other, are labeled; none: ``text``, ``report``,
            or ``findings`` and ``impression``.
        uid: the column with the names of the reports; None: ``uid``, if there is one.
        kind: what the file is, where its content does not tell.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    names = {"findings": text[0] if text else "text", "impression": text[-1] if text else "report"}
    table = open_table(path, names | ({"uid": uid} if uid else {}), kind=kind)
    folded = {fold(name): name for name in table.columns}
    for name in (*text, *([uid] if uid else ())):
        if fold(name) not in folded:
            raise InputError(f"{path}: no column {name!r}{closest(name, table.columns)}")
    choices = (tuple(text),) if text else TEXT_COLUMNS
    for choice in choices:
        if found := tuple(folded[fold(name)] for name in choice if fold(name) in folded):
            return ReportTable(table, found, folded.get(fold(uid or "uid")))
    raise InputError(
        f"{path}: none of the columns text, report, findings, impression; give --column NAME"
    )


def form_of(output: str | Path) -> str:
    """The kind of table that a file's name asks for."""
    suffix = Path(output).suffix.lower()
    if suffix not in FORMS:
        raise InputError(f"{output}: labels are written as {', '.join(FORMS)}; give such a name")
    return FORMS[suffix]


def label_table(
    reports: ReportTable,
    output: str | Path,
    job: LabelingJob,
    *,
    workers: int = 1,
    progress: bool | None = None,
) -> int:
    """Label a table into a file; a run that was killed before goes on where it was.

    Returns the number of reports. The whole input is read once before any work.

    Args:
        reports: the input.
        output: the file, which appears whole or not at all.
        job: what labels.
        workers: processes.
        progress: whether to show a bar; None: on a terminal.

    Raises:
        InputError: a row is broken, the place is not writable, another run is writing there, or
            the unfinished run had another input or other options.
    """
    total = sum(1 for _ in reports.rows())
    if not total:
        raise InputError(f"{reports.table.path}: no rows; expected a header and one report a row")
    labeler = _labeler(job)
    if job.form.probabilities and labeler.label(["No effusion."])[0].probabilities is None:
        raise InputError(f"the labeler {job.labeler} gives no probabilities")
    settings = {
        "graphsum": __version__,
        "input": [reports.table.kind, digest_of(reports.table.path)],
        "columns": [*reports.text, reports.uid],
        "labeler": [job.labeler, labeler.version, [list(pair) for pair in job.options]],
        "schema": labeler.schema.text,
        "form": asdict(job.form),
    }
    with closing(ResumableOutput(output, settings)) as out:
        done = out.progress
        if not done.done:
            if not done.output_bytes and (header := _header(job, labeler)):
                done = OutputProgress(output_bytes=len(header))
                out.append(header, b"", done)
            rows = islice(reports.rows(), done.records, None)
            with (
                _bar(total, done.records, progress) as bar,
                closing(
                    map_in_order(partial(label_chunk, job), _chunks(rows), workers, Path(output))
                ) as results,
            ):
                for count, lines in results:
                    done = OutputProgress(
                        done.records + count, output_bytes=done.output_bytes + len(lines)
                    )
                    out.append(lines, b"", done)
                    bar.update(count)
        out.finish()
    out.rejects.unlink(missing_ok=True)
    return total


def label_chunk(job: LabelingJob, rows: _Rows) -> tuple[int, bytes]:
    """The number of some reports, and the lines of their labels."""
    labeler, form = _labeler(job), job.form
    columns = form.columns(labeler.schema.names)
    found = labeler.label([text for _, text in rows])
    values = [form.row(uid, text, labels) for (uid, text), labels in zip(rows, found, strict=True)]
    if form.kind == "jsonl":
        return len(rows), "".join(map(dumps, values)).encode()
    return len(rows), _lines(form, ([one[column] for column in columns] for one in values))


def _header(job: LabelingJob, labeler: Labeler) -> bytes:
    if job.form.kind == "jsonl":
        return b""
    return _lines(job.form, [job.form.columns(labeler.schema.names)])


def _lines(form: Form, rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    delimiter = "\t" if form.kind == "tsv" else ","
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _chunks(rows: Iterable[tuple[str, str]]) -> Iterator[_Rows]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


@cache
def _labeler(job: LabelingJob) -> Labeler:
    return load_labeler(job.labeler, job.schema, **dict(job.options))


def _bar(total: int, initial: int, progress: bool | None) -> "tqdm[Any]":
    hidden = not (sys.stderr.isatty() if progress is None else progress)
    return tqdm(
        desc="label", total=total, initial=initial, unit=" reports", smoothing=0, disable=hidden,
        file=sys.stderr,
    )  # fmt: skip
