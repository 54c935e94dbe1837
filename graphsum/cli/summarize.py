"""Write the impression of findings. Not for clinical use.

    graphsum summarize "Small left pleural effusion. Heart size is normal."
    graphsum summarize --input reports.csv --column findings --output impressions.csv
    graphsum summarize --input reports.csv --output impressions.html

The findings are the text given, standard input, a text file (one report), or every row of a .csv
or .jsonl file, whose other columns are kept.
"""

import argparse
import csv
import gc
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphsum.options.runs import choose_checkpoint, training_reports
from graphsum.writers import WRITERS
from preprocessing.corpora.tables import text_lines
from preprocessing.errors import InputError, closest
from preprocessing.files import check_writable, dumps, read_jsonl, write_text_atomically
from preprocessing.registry import load

if TYPE_CHECKING:  # imports torch
    from graphsum.impressions.summary import Summary

TABLES = (".csv", ".jsonl")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum summarize``."""
    add = parser.add_argument_group("input and output").add_argument
    add("findings", nargs="?", help="text of the findings; - or none: stdin")
    add("--input", metavar="FILE", help=".txt, .csv or .jsonl file")
    add("--output", metavar="FILE", help="default: standard output")
    add(
        "--format",
        metavar="NAME",
        help=f"of the output: {', '.join(WRITERS)}; default: html for --output FILE.html, else "
        "that of the input",
    )
    add("--column", default="findings", help="column with the findings (default: findings)")
    add("--output-column", default="impression", help="column to add (default: impression)")

    add(
        "--details",
        action="store_true",
        help="a column 'summary' too: evidence for each statement, what is left out and why, "
        "flags, confidence",
    )
    add(
        "--review-below",
        type=float,
        default=0.5,
        metavar="P",
        help="confidence below which an impression asks for a review (default: 0.5)",
    )

    add = parser.add_argument_group("model").add_argument
    add(
        "--checkpoint",
        metavar="FOLDER",
        help="run or checkpoint; default: the newest finished run that is not on invented reports, "
        "or else the shipped checkpoint",
    )
    add("--device", help="cpu, cuda, ...; default: a GPU when there is one")
    add("--annotator-model", metavar="FOLDER", help="the annotator's models")

    decoding = parser.add_argument_group("decoding")
    either = decoding.add_mutually_exclusive_group()
    either.add_argument("--num-beams", type=int, help="beam width, 5 by default; 1: greedy")
    either.add_argument(
        "--consensus",
        action=argparse.BooleanOptionalAction,
        help="the impression that samples agree with most; default: as the checkpoint says",
    )
    add = decoding.add_argument
    add(
        "--neighbours",
        action="store_true",
        help="similar reports of those that the checkpoint was trained on vote too (consensus)",
    )
    add(
        "--data-dir",
        metavar="DIR",
        help="where those reports lie; default: where training had them",
    )
    add("--batch-size", type=int, default=32, help="reports at a time (default: 32)")


def execute(options: argparse.Namespace) -> None:
    """Write the impressions of one text or of a file."""
    if options.findings not in (None, "-") and options.input:
        raise InputError("give either a text or --input FILE, not both")
    for name in ("num_beams", "batch_size"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise InputError(f"--{name.replace('_', '-')} must be at least 1")
    if not 0 <= options.review_below <= 1:
        raise InputError("--review-below must be from 0 to 1")
    if options.neighbours and (options.num_beams or options.consensus is False):
        raise InputError("--neighbours is for --consensus; leave out one of the two")
    if options.data_dir and not options.neighbours:
        raise InputError("--data-dir says where the reports of --neighbours lie; give both")
    source = Path(options.input) if options.input else None
    is_table = source is not None and source.suffix.lower() in TABLES
    own_format = source.suffix.lower()[1:] if source is not None and is_table else "text"
    if options.output and Path(options.output).suffix.lower() in (".html", ".htm"):
        own_format = "html"
    writer = load(WRITERS, options.format or own_format)(options.column)
    if options.output:
        check_writable(options.output)
    if source is not None and is_table:
        rows = list(read_rows(source))
        texts = findings_of(rows, source, column=options.column, added=options.output_column)
    else:
        texts = [read_text(options.findings, source)]
        rows = [{options.column: texts[0]} if writer.whole else {}]

    checkpoint = choose_checkpoint(options.checkpoint, for_use=True)

    # Imports make a million objects that stay; the garbage collector shall not go through them
    # again and again, nor once more at the end.
    gc.disable()
    from graphsum.summarizer import Summarizer

    gc.freeze()
    gc.enable()
    evidence = None
    if options.neighbours:
        from graphsum.consensus.neighbours import TrainingEvidence

        reports = training_reports(checkpoint, options.data_dir)
        evidence = TrainingEvidence(reports)
    summarizer = Summarizer.from_pretrained(
        checkpoint, device=options.device, annotator_model=options.annotator_model
    )
    gc.freeze()
    beams = {} if options.num_beams is None else {"num_beams": options.num_beams}
    summaries = summarizer.summarize(
        texts,
        consensus=True if options.neighbours else options.consensus,
        train=evidence,
        batch_size=options.batch_size,
        review_below=options.review_below,
        **beams,
    )
    _say_what_needs_a_look(summaries)
    for row, summary in zip(rows, summaries, strict=True):
        row[options.output_column] = str(summary)
        if options.details or writer.whole:
            details = summary.to_json()
            row["summary"] = details if writer.nested else dumps(details).strip()
    text = writer.text(rows, options.output_column)
    if options.output:
        write_text_atomically(options.output, [text])
    else:
        sys.stdout.write(text)


def _say_what_needs_a_look(summaries: "Sequence[Summary]") -> None:
    """One line on stderr where an impression is empty or asks for a review."""
    reviewed = sum(one.review for one in summaries)
    if len(summaries) == 1 and not summaries[0].impression:
        print(f"no impression: {summaries[0].reason}", file=sys.stderr)
    elif reviewed:
        flags = Counter(flag for one in summaries for flag in one.flags if one.review)
        why = ", ".join(f"{flag.replace('_', ' ')}: {n}" for flag, n in sorted(flags.items()))
        print(
            f"{reviewed} of {len(summaries)} ask for a review" + (f" ({why})" if why else ""),
            file=sys.stderr,
        )


def read_text(argument: str | None, path: Path | None) -> str:
    """The findings of one report from the command line, a file or standard input."""
    if path is not None:
        text = "".join(text_lines(path))
        where = str(path)
    elif argument in (None, "-"):
        try:
            text = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError:
            raise InputError("standard input: not UTF-8 text; expected findings") from None
        where = "standard input"
    else:
        text, where = str(argument), "the text given"
    if not any(character.isalnum() for character in text):
        raise InputError(f"{where}: empty; give the findings of a report")
    return text


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a .csv or .jsonl file, with all their columns.

    Raises:
        InputError: file, line and reason where one cannot be read.
    """
    if path.suffix.lower() == ".jsonl":
        yield from read_jsonl(path)
        return
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(text_lines(path), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    f"{path}:{reader.line_num}: not as many fields as the header; put fields "
                    "that contain commas or line breaks in double quotes"
                )
            yield row
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: not valid csv ({error})") from None


def findings_of(
    rows: Sequence[dict[str, Any]], path: Path, *, column: str, added: str
) -> list[str]:
    """The findings of all rows.

    Raises:
        InputError: no rows, a row without findings, or ``added`` is taken already.
    """
    if not rows:
        raise InputError(f"{path}: no rows; expected a header and one report a row")
    texts = []
    for number, row in enumerate(rows, 1):
        if column not in row:
            raise InputError(
                f"{path}: row {number}: no column {column!r}{closest(column, row)}; there are "
                f"{', '.join(map(repr, row))}: name the right one with --column"
            )
        if added in row:
            raise InputError(
                f"{path}: there is a column {added!r} already; give another --output-column"
            )
        text = row[column]
        if not isinstance(text, str):
            raise InputError(f"{path}: row {number}: column {column!r} is no text; give a string")
        texts.append(text)
    return texts
