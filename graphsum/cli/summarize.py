"""Write the impression of findings. Not for clinical use.

    graphsum summarize "Small left pleural effusion. Heart size is normal."
    graphsum summarize --input reports.csv --output impressions.csv
    graphsum summarize --input ris.xlsx --columns findings=BEFUND --explain --output out.xlsx

The findings are the text given, standard input, a text file (one report, or several with
--separator), or every row of a table: csv, tsv, xlsx, parquet, jsonl, json. A table's columns are
kept. A run into a file that was stopped goes on when the same command is given again.
"""

import argparse
import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphsum import __version__
from graphsum.bulk import Job, Summarize, Tally, summarize_to_file, summarize_to_stream, survey
from graphsum.command_line import add_vllm, check_at_least, search_options, text_of_stdin
from graphsum.options.runs import (
    choose_checkpoint,
    context_kinds_of,
    describe_checkpoint,
    find_checkpoint,
    training_reports,
)
from graphsum.options.train_options import CONTEXT_KINDS
from graphsum.writers import WRITERS
from preprocessing.errors import InputError
from preprocessing.files import check_writable, digest_of, new_file
from preprocessing.registry import load
from preprocessing.tables import READERS, open_table
from preprocessing.tables.columns import Pairs, columns_of_fields, wanted_names
from preprocessing.tables.kinds import kind_of_prose
from preprocessing.tables.rows import OpenTable, Row

if TYPE_CHECKING:
    from graphsum.personal.authors import AuthorStyles
    from graphsum.personal.style import StyleSpec

FORMAT_OF_SUFFIX = {".txt": "text", ".tab": "tsv", ".htm": "html"}
FORMAT_OF_INPUT = {"xlsx": "csv", "parquet": "csv", "json": "jsonl"}  # on standard output


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum summarize``."""
    add = parser.add_argument_group("input and output").add_argument
    add("findings", nargs="?", help="text of the findings; - or none: stdin")
    add("--input", metavar="FILE", help="a text file or a table (docs/tables.md)")
    add(
        "--input-format",
        metavar="NAME",
        help=f"where the content does not tell: {', '.join(READERS)}",
    )
    add("--separator", metavar="LINE", help="the line between the reports of a text file")
    add(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="a table's column names, such as findings=BEFUND uid=NR",
    )
    add("--output", metavar="FILE", help="default: standard output")
    add(
        "--format",
        metavar="NAME",
        help=f"of the output: {', '.join(WRITERS)}; default: by its name, or that of the input",
    )
    add("--output-column", default="impression", help="column to add (default: impression)")
    add(
        "--explain",
        action="store_true",
        help="more columns: review, confidence, flags, reason, supporting sentences, what is left "
        "out, checkpoint; in jsonl also the whole summary",
    )
    add(
        "--skip-empty",
        action="store_true",
        help="leave rows without an impression out of the output; OUTPUT.rejects.jsonl lists them "
        "in any case",
    )
    add(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="reports per second and the time left, on standard error; default: on a terminal",
    )
    add(
        "--review-below",
        type=float,
        default=0.5,
        metavar="P",
        help="confidence below which an impression asks for a review (default: 0.5)",
    )

    add = parser.add_argument_group("style (docs/style.md)").add_argument
    add("--style", metavar="WORDS", help="such as short,numbered,telegraphic,lead=urgent")
    add(
        "--style-profile",
        metavar="FILE[#AUTHOR]",
        help="of graphsum style profile: write as the author does; default: as all do on average",
    )
    add(
        "--author",
        metavar="NAME",
        help="an author of --style-profile, or whom the model was trained to write as; default: of "
        "a table's column author, each row's own",
    )

    model = parser.add_argument_group("model")
    add = model.add_argument
    add(
        "--checkpoint",
        metavar="FOLDER",
        help="run or checkpoint; default: the newest finished run that is not on invented reports, "
        "or else the shipped checkpoint",
    )
    add("--device", help="cpu, cuda, ...; default: a GPU when there is one")
    add("--annotator-model", metavar="FOLDER", help="the annotator's models")
    add_vllm(model)

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
    _check(options)
    read = {*context_kinds_of(find_checkpoint(options.checkpoint, for_use=True))}
    options.spec = _style(options, reads_author="author" in read)
    options.by_profile = _styles_of_authors(options)
    if options.output:
        check_writable(options.output)
    table = _input(options)
    name = _output_format(options, table)
    fields = columns_of_fields(
        options.columns, table.columns, str(table.path), required=("findings",)
    )
    writer = load(WRITERS, name)(fields["findings"])
    if not writer.streams and not options.output:
        raise InputError(f"{name} cannot go to standard output; give --output FILE")
    if options.explain and name == "text":
        raise InputError("--explain adds columns, and text has none; give --format csv or jsonl")
    if options.by_profile is not None:
        read.add("author")
    job = Job(
        table,
        fields["findings"],
        fields.get("uid"),
        options.output_column,
        writer,
        explain=options.explain,
        skip_empty=options.skip_empty,
        context={kind: fields[kind] for kind in CONTEXT_KINDS if kind in fields and kind in read},
    )
    found = survey(job)

    checkpoint = choose_checkpoint(options.checkpoint, for_use=True)
    job = replace(job, checkpoint=describe_checkpoint(checkpoint))
    how: dict[str, Any] = {"chunk": 4 * options.batch_size, "progress": options.progress}
    if options.output and options.input:
        tally = summarize_to_file(
            job,
            found,
            options.output,
            _settings(options, checkpoint),
            lambda: _summarizer(options, checkpoint),
            **how,
        )
    elif options.output:
        with new_file(options.output) as file:
            tally = summarize_to_stream(job, found, file, _summarizer(options, checkpoint), **how)
    else:
        sys.stdout.flush()
        out = sys.stdout.buffer
        tally = summarize_to_stream(job, found, out, _summarizer(options, checkpoint), **how)
        out.flush()
    _say_what_needs_a_look(tally)
    if options.by_profile is not None and options.by_profile.unknown:
        print(
            f"{options.by_profile.unknown} reports are of authors that the profile does not have: "
            "the mean of all is taken",
            file=sys.stderr,
        )


def _style(options: argparse.Namespace, *, reads_author: bool) -> "StyleSpec | None":
    """The style asked for; one line on stderr where the profile does not know its author."""
    of_profile = options.author if options.style_profile or not reads_author else None
    if options.style is options.style_profile is of_profile is None or by_author(options):
        return None
    from graphsum.personal.authors import chosen_style

    style, known = chosen_style(options.style, options.style_profile, of_profile)
    if not known:
        print("the profile has no such author: the mean of all is taken", file=sys.stderr)
    return style


def _styles_of_authors(options: argparse.Namespace) -> "AuthorStyles | None":
    """The style of each row's author, where each row is written in its own author's style."""
    if not by_author(options):
        return None
    from graphsum.personal.authors import AuthorStyles

    return AuthorStyles(options.style, options.style_profile)


def by_author(options: argparse.Namespace) -> bool:
    """Whether each row of a table is written in its own author's style."""
    named = "#" in (options.style_profile or "") or options.author is not None
    return bool(options.style_profile and options.input and not named)


def _check(options: argparse.Namespace) -> None:
    """Raise ``InputError`` for options that are not allowed, or not together."""
    if options.findings not in (None, "-") and options.input:
        raise InputError("give either a text or --input FILE, not both")
    if options.findings and "\n" not in options.findings and os.path.isfile(options.findings):
        raise InputError(f"{options.findings}: is a file; give it with --input")
    check_at_least(options, 1, "num_beams", "batch_size")
    search_options(options)
    if not 0 <= options.review_below <= 1:
        raise InputError("--review-below must be from 0 to 1")
    if options.neighbours and (options.num_beams or options.consensus is False):
        raise InputError("--neighbours is for --consensus; leave out one of the two")
    if options.data_dir and not options.neighbours:
        raise InputError("--data-dir says where the reports of --neighbours lie; give both")
    if options.separator is not None and not (options.input and options.separator.strip()):
        raise InputError("--separator is a line of the text file in --input; give both")


def _input(options: argparse.Namespace) -> OpenTable:
    """The reports as a table; of one report a table with one row."""
    if options.input:
        table = open_table(
            options.input, options.columns, kind=options.input_format, separator=options.separator
        )
        if table.kind == "text" and options.separator is None:
            _check_not_empty(next(iter(table.rows())).values["findings"], options.input)
        return table
    text, where = given_text(options.findings)
    if options.findings in (None, "-") and options.input_format != "text":
        kind = kind_of_prose(text, wanted_names(options.columns))
        if kind != "text":
            raise InputError(
                f"{where}: this looks like a table; give it with --input FILE, or "
                "--input-format text where it is one report"
            )
    row = Row(where, {"findings": text})
    return OpenTable(Path(where), "text", ("findings",), lambda: iter([row]))


def _output_format(options: argparse.Namespace, table: OpenTable) -> str:
    if options.format:
        return str(options.format)
    suffix = Path(options.output).suffix.lower() if options.output else ""
    if suffix:
        return FORMAT_OF_SUFFIX.get(suffix, suffix[1:])
    if table.layout.get("delimiter") == "\t":
        return "tsv"
    if options.output and table.kind in WRITERS:
        return table.kind
    return FORMAT_OF_INPUT.get(table.kind, table.kind)


def _settings(options: argparse.Namespace, checkpoint: Path) -> dict[str, Any]:
    """What the summaries depend on besides the input; a stopped run goes on with the same only."""
    names = (
        "num_beams consensus neighbours data_dir review_below annotator_model device vllm"
    ).split()
    files = sorted(path for path in checkpoint.iterdir() if path.is_file())
    return {
        "graphsum": __version__,
        "checkpoint": digest_of(*files)[:16],
        **{name: getattr(options, name) for name in names},
        "style": options.spec and [str(options.spec), options.spec.normal],
        "author": options.author,
        "profile": options.by_profile and [options.style, digest_of(options.style_profile)],
    }


def _summarizer(options: argparse.Namespace, checkpoint: Path) -> Summarize:
    """What summarizes: the model is loaded here, and not before it is needed."""
    # Imports make a million objects that stay; the garbage collector shall not go through them
    # again and again, nor once more at the end.
    gc.disable()
    from graphsum.summarizer import Summarizer

    gc.freeze()
    gc.enable()
    evidence = None
    if options.neighbours:
        from graphsum.consensus.neighbours import TrainingEvidence

        evidence = TrainingEvidence(training_reports(checkpoint, options.data_dir))
    summarizer = Summarizer.from_pretrained(
        checkpoint,
        device=options.device,
        annotator_model=options.annotator_model,
        vllm=options.vllm,
    )
    gc.freeze()
    beams = search_options(options)

    def summarize(texts: list[str], contexts: list[dict[str, str]]) -> list[dict[str, Any]]:
        styles: Any = options.spec
        if options.by_profile is not None:
            styles = [options.by_profile.of(one.get("author", "")) for one in contexts]
        elif options.author is not None:
            contexts = [{**one, "author": options.author} for one in contexts]
        summaries = summarizer.summarize(
            texts,
            consensus=True if options.neighbours else options.consensus,
            train=evidence,
            batch_size=options.batch_size,
            review_below=options.review_below,
            style=styles,
            context=contexts,
            **beams,
        )
        return [one.to_json() for one in summaries]

    return summarize


def _say_what_needs_a_look(tally: Tally) -> None:
    """One line on stderr where an impression is empty or asks for a review."""
    if tally.rows == 1 and tally.empty:
        print(f"no impression: {tally.reason}", file=sys.stderr)
    elif tally.reviewed:
        flags = sorted(tally.flags.items())
        why = ", ".join(f"{flag.replace('_', ' ')}: {n}" for flag, n in flags)
        print(
            f"{tally.reviewed} of {tally.rows} ask for a review" + (f" ({why})" if why else ""),
            file=sys.stderr,
        )


def given_text(argument: str | None) -> tuple[str, str]:
    """The findings of one report from the command line or standard input, and where they stood."""
    if argument in (None, "-"):
        where = "standard input"
        text = text_of_stdin("findings")
    else:
        text, where = str(argument), "the text given"
    _check_not_empty(text, where)
    return text, where


def _check_not_empty(text: str, where: str) -> None:
    if not any(character.isalnum() for character in text):
        raise InputError(f"{where}: empty; give the findings of a report")
