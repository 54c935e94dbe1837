"""The commands of ``python -m preprocessing``: annotate, graph, read, compare, show, stats,
download."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preprocessing.errors import InputError
from preprocessing.tables.columns import Pairs

if TYPE_CHECKING:  # --help must answer at once
    from preprocessing.pipeline.inputs import InputRecord


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (2 after a user's mistake)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        options.command(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = _Parser(
        prog="python -m preprocessing",
        description="From raw radiology reports to entity graphs.",
    )
    add_commands(parser)
    return parser


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Give a parser the commands; the one that is chosen is ``options.command``, a function."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    corpus = _Parser(add_help=False)
    corpus.add_argument(
        "--dataset",
        metavar="NAME",
        help="a corpus: openi, mimic-cxr, sample, or a table: csv, tsv, xlsx, parquet, jsonl, json",
    )
    corpus.add_argument("--data-dir", metavar="PATH", help="where it lies (default data/NAME)")
    corpus.add_argument("--inclusion", metavar="RULE", help="which reports are kept")
    corpus.add_argument(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="a table's column names, such as findings=BEFUND",
    )

    annotator = _Parser(add_help=False)
    annotator.add_argument(
        "--annotator", default="builtin", metavar="NAME", help="builtin (default), stanza, scispacy"
    )
    annotator.add_argument("--model-dir", metavar="PATH", help="the annotator's model")
    annotator.add_argument(
        "--rule", default="hu2022", metavar="NAME", help="graph rule: hu2022 (default), wgsum"
    )

    output = _Parser(add_help=False)
    output.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="what was left out, and why, goes to FILE.rejects.jsonl; a run that was stopped "
        "goes on from FILE.part",
    )
    output.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes (default: %(default)s)"
    )
    output.add_argument(
        "--engine", default="local", metavar="NAME", help="local (default), ray (a Ray Data job)"
    )

    command = commands.add_parser(
        "annotate",
        parents=[corpus, annotator, output],
        help="findings to words, key words and edges, as JSON Lines",
        description="Writes one line per report: uid, sentences, words, is_entity (1: the word is "
        "a key word of the graph), edges (pairs [head word, dependent word]).",
    )
    command.add_argument(
        "--input",
        metavar="FILE",
        help="instead of a corpus: JSON Lines with uid, words and, if known, sentences "
        "(strings, words separated by spaces)",
    )
    command.set_defaults(command=_annotate, form="pairs")

    command = commands.add_parser(
        "graph",
        parents=[corpus, annotator, output],
        help="the entity graphs of a corpus, as JSON Lines of ReportGraph records",
    )
    command.set_defaults(command=_graph, form="graph")

    for name, does, form, run in (
        ("read", "what texts say: observations and statements, or nothing", "id, text", _read),
        (
            "compare",
            "judge impressions by their findings, or by references: errors, what is left out",
            "id, findings (or reference), impression",
            _compare,
        ),
    ):
        command = commands.add_parser(name, help=does)
        command.add_argument(
            "--input", required=True, metavar="FILE", help=f"JSON Lines with {form}"
        )
        command.add_argument("--output", required=True, metavar="FILE", help="JSON Lines")
        command.add_argument(
            "--ontology",
            action="append",
            metavar="FILE",
            help="words and findings of your own on top (docs/ontology.md); may be repeated",
        )
        command.set_defaults(command=run)

    command = commands.add_parser(
        "show", parents=[corpus, annotator], help="one report: sections, entities, edges"
    )
    command.add_argument("uid", metavar="UID")
    command.add_argument("--output", metavar="FILE.html", help="a drawing instead of text")
    command.set_defaults(command=_show)

    command = commands.add_parser(
        "stats",
        parents=[corpus, annotator],
        help="split sizes, what was excluded and why, and the graphs' nodes, edges and key words",
    )
    command.add_argument("--split", metavar="RULE", help="split rule (default: the corpus's own)")
    command.add_argument(
        "--graphs", metavar="FILE", help="what the graph command wrote, to save annotating again"
    )
    command.set_defaults(command=_stats)

    command = commands.add_parser("download", help="fetch a freely available corpus")
    command.add_argument("dataset", metavar="CORPUS")
    command.add_argument("--data-dir", metavar="PATH", help="where to put it (default data/CORPUS)")
    command.set_defaults(command=_download)


class _Parser(argparse.ArgumentParser):
    """Mistakes are one line on stderr, as everywhere in the project."""

    def error(self, message: str) -> Any:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def _annotate(options: argparse.Namespace) -> None:
    if bool(options.input) == bool(options.dataset):
        raise InputError("annotate: give one of --dataset NAME and --input FILE")
    if options.dataset:
        _graph(options)
        return
    from preprocessing.pipeline.inputs import first_of_each_uid, read_words

    _run(options, lambda: first_of_each_uid(read_words(options.input)))


def _graph(options: argparse.Namespace) -> None:
    from preprocessing.pipeline.inputs import corpus_records

    name = _dataset(options)
    _run(options, lambda: corpus_records(name, **_given(options)))


def _run(options: argparse.Namespace, read_records: "Callable[[], Iterable[InputRecord]]") -> None:
    from preprocessing.pipeline.jobs import AnnotationJob
    from preprocessing.pipeline.output import rejects_path
    from preprocessing.pipeline.run import run_pipeline

    job = AnnotationJob(options.annotator, options.model_dir, options.rule, options.form)
    done = run_pipeline(
        read_records, options.output, job, workers=options.workers, engine=options.engine
    )
    print(f"{options.output}: {done.records - done.rejected:,} reports")
    print(f"{rejects_path(options.output)}: {done.rejected:,} left out")


def _show(options: argparse.Namespace) -> None:
    from preprocessing.annotation import load_annotator
    from preprocessing.corpora import iter_reports
    from preprocessing.files import write_text_atomically
    from preprocessing.graphs import build_graph
    from preprocessing.records import Report
    from preprocessing.show import as_html, as_text

    name = _dataset(options)
    records = iter_reports(name, **_given(options))
    record = next((record for record in records if record.uid == options.uid), None)
    if record is None:
        raise InputError(f"{name}: no report {options.uid!r}")
    if not isinstance(record, Report):
        raise InputError(f"{name}: report {options.uid!r} is left out: {record.reason}")
    annotator = load_annotator(options.annotator, model_dir=options.model_dir)
    (annotated,) = annotator.annotate([(record.uid, record.findings)])
    graph = build_graph(annotated, options.rule)
    if options.output:
        write_text_atomically(options.output, [as_html(record, annotated, graph)])
    else:
        print(as_text(record, annotated, graph))


def _stats(options: argparse.Namespace) -> None:
    from preprocessing.corpora import describe, load_corpus
    from preprocessing.stats import annotate_parts, describe_graphs, read_parts

    corpus = load_corpus(_dataset(options), split=options.split, **_given(options))
    if options.graphs:
        parts = read_parts(corpus, options.graphs)
    else:
        parts = annotate_parts(corpus, options.annotator, options.model_dir, options.rule)
    print(describe(corpus), describe_graphs(corpus, parts), sep="\n\n")


def _read(options: argparse.Namespace) -> None:
    from preprocessing.reading_files import read_file

    _use_ontology(options)
    print(f"{options.output}: {read_file(options.input, options.output):,} texts")


def _compare(options: argparse.Namespace) -> None:
    from preprocessing.reading_files import compare_file

    _use_ontology(options)
    print(f"{options.output}: {compare_file(options.input, options.output):,} impressions")


def _use_ontology(options: argparse.Namespace) -> None:
    from preprocessing.facts.ontology import use_ontology

    if options.ontology:
        use_ontology(*options.ontology)


def _download(options: argparse.Namespace) -> None:
    from preprocessing.corpora.download import download  # type: ignore[import-not-found,unused-ignore]

    download(options.dataset, options.data_dir or Path("data") / options.dataset)


def _dataset(options: argparse.Namespace) -> str:
    if not options.dataset:
        raise InputError("give --dataset NAME: openi, mimic-cxr, sample, or a table such as csv")
    return str(options.dataset)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Where the corpus lies, what is kept of it, and its columns."""
    return {name: getattr(options, name) for name in ("data_dir", "inclusion", "columns")}
