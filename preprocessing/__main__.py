"""The command line ``python -m preprocessing``: annotate, graph, show, stats, download."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preprocessing.errors import InputError

if TYPE_CHECKING:  # heavy or optional at run time: --help must answer at once
    from preprocessing.corpora import Corpus
    from preprocessing.records import AnnotatedReport, ReportGraph


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
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = _Parser(
        prog="python -m preprocessing",
        description="From raw radiology reports to entity graphs.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    corpus = _Parser(add_help=False)
    corpus.add_argument(
        "--dataset", metavar="NAME", help="a corpus: openi, mimic-cxr, csv, jsonl, sample"
    )
    corpus.add_argument("--data-dir", metavar="PATH", help="where it lies (default data/NAME)")
    corpus.add_argument("--split", metavar="RULE", help="split rule (default: the corpus's own)")
    corpus.add_argument("--inclusion", metavar="RULE", help="which reports are kept")

    annotator = _Parser(add_help=False)
    annotator.add_argument(
        "--annotator", default="builtin", metavar="NAME", help="builtin (default), stanza, scispacy"
    )
    annotator.add_argument("--model-dir", metavar="PATH", help="the annotator's model")
    annotator.add_argument(
        "--cache-dir", default="cache/annotations", metavar="PATH", help="default: %(default)s"
    )
    rule = _Parser(add_help=False)
    rule.add_argument("--rule", default="hu2022", metavar="NAME", help="hu2022 (default), wgsum")

    command = commands.add_parser(
        "annotate",
        parents=[corpus, annotator, rule],
        help="findings to words, key words and edges, as JSON Lines",
        description="Writes one line per report: uid, words, is_entity (1: the word is a key "
        "word of the graph), edges (pairs [head word, dependent word]).",
    )
    command.add_argument(
        "--input",
        metavar="FILE",
        help="instead of a corpus: JSON Lines with uid, words and, if known, sentences "
        "(strings, words separated by spaces)",
    )
    command.add_argument("--output", required=True, metavar="FILE")
    command.set_defaults(command=_annotate)

    command = commands.add_parser(
        "graph",
        parents=[corpus, annotator, rule],
        help="the entity graphs of a corpus, as JSON Lines of ReportGraph records",
    )
    command.add_argument("--output", required=True, metavar="FILE")
    command.set_defaults(command=_graph)

    command = commands.add_parser(
        "show", parents=[corpus, annotator, rule], help="one report: sections, entities, edges"
    )
    command.add_argument("uid", metavar="UID")
    command.set_defaults(command=_show)

    command = commands.add_parser(
        "stats", parents=[corpus], help="split sizes and what was excluded, with reasons"
    )
    command.set_defaults(command=_stats)

    command = commands.add_parser("download", help="fetch a freely available corpus")
    command.add_argument("dataset", metavar="CORPUS")
    command.add_argument("--data-dir", metavar="PATH", help="where to put it (default data/CORPUS)")
    command.set_defaults(command=_download)
    return parser


class _Parser(argparse.ArgumentParser):
    """Mistakes are one line on stderr, as everywhere in the project."""

    def error(self, message: str) -> Any:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def _annotate(options: argparse.Namespace) -> None:
    from preprocessing.annotators import load_annotator
    from preprocessing.graph import graph_rule
    from preprocessing.records import dumps, write_text_atomically

    rule = graph_rule(options.rule)
    if bool(options.input) == bool(options.dataset):
        raise InputError("annotate: give one of --dataset NAME and --input FILE")
    if options.input:
        given = list(_read_words(options.input))
        annotator = load_annotator(options.annotator, model_dir=options.model_dir)
        annotated = annotator.annotate((str(uid), sentences) for uid, sentences in given)
        uids = [uid for uid, _ in given]  # written as they were read: a number stays a number
    else:
        corpus = _annotated_corpus(options)
        annotated, uids = iter(corpus), [one.uid for one in corpus]
    lines = (
        dumps({**_as_pairs(rule(one)), "uid": uid})
        for one, uid in zip(annotated, uids, strict=True)
    )
    write_text_atomically(options.output, lines)


def _graph(options: argparse.Namespace) -> None:
    from preprocessing.graph import graph_rule
    from preprocessing.records import dumps, to_json, write_text_atomically

    rule = graph_rule(options.rule)
    annotated = _annotated_corpus(options)
    write_text_atomically(options.output, (dumps(to_json(rule(one))) for one in annotated))


def _show(options: argparse.Namespace) -> None:
    from preprocessing.annotators import load_annotator
    from preprocessing.graph import build_graph

    corpus = _load_corpus(options)
    reports = {
        report.uid: report for part in (corpus.train, corpus.val, corpus.test) for report in part
    }
    if options.uid not in reports:
        raise InputError(f"{corpus.name}: no report {options.uid!r} among the {len(reports)} kept")
    report = reports[options.uid]
    annotator = load_annotator(options.annotator, model_dir=options.model_dir)
    (annotated,) = annotator.annotate([(report.uid, report.findings)])
    graph = build_graph(annotated, options.rule)
    print(f"findings:   {report.findings}\nimpression: {report.impression}\n")
    for entity in annotated.entities:
        status = "negated" if entity.negated else "uncertain" if entity.uncertain else ""
        words = " ".join(annotated.words[entity.start : entity.end])
        print(f"{entity.start:4d}  {entity.label:21s} {words} {status}".rstrip())
    print()
    for edge in graph.edges:
        print(f"{graph.words[edge.head]} -{edge.type}-> {graph.words[edge.dependent]}")


def _stats(options: argparse.Namespace) -> None:
    from preprocessing.corpora import describe

    print(describe(_load_corpus(options)))


def _download(options: argparse.Namespace) -> None:
    from preprocessing.download import download

    download(options.dataset, options.data_dir or Path("data") / options.dataset)


def _load_corpus(options: argparse.Namespace) -> "Corpus":
    if not options.dataset:
        raise InputError("give --dataset NAME: openi, mimic-cxr, csv, jsonl or sample")
    from preprocessing.corpora import load_corpus

    return load_corpus(
        options.dataset,
        data_dir=options.data_dir,
        split=options.split,
        inclusion=options.inclusion,
    )


def _annotated_corpus(options: argparse.Namespace) -> list["AnnotatedReport"]:
    from preprocessing.annotate import annotate_reports
    from preprocessing.annotators import load_annotator

    corpus = _load_corpus(options)
    annotator = load_annotator(options.annotator, model_dir=options.model_dir)
    return annotate_reports(
        (*corpus.train, *corpus.val, *corpus.test),
        annotator,
        cache_dir=options.cache_dir,
        corpus=corpus.name,
    )


def _read_words(path: str) -> Iterator[tuple[str | int, list[list[str]]]]:
    from preprocessing.annotators.sentences import split_sentences
    from preprocessing.records import read_jsonl

    for number, line in enumerate(read_jsonl(path), 1):
        place = f"{path}, record {number}"
        words: Any = line.get("words")
        sentences: Any = line.get("sentences")
        if not isinstance(line.get("uid"), str | int):
            raise InputError(f"{place}: no uid (string or number); each line needs uid and words")
        if not _is_strings(words):
            raise InputError(f"{place}: words must be a list of strings")
        if sentences is None:
            yield line["uid"], split_sentences(words)
            continue
        if not _is_strings(sentences):
            raise InputError(f"{place}: sentences must be a list of strings")
        split = [sentence.split(" ") for sentence in sentences]
        if [word for sentence in split for word in sentence] != words:
            raise InputError(
                f"{place}: sentences and words differ; split at spaces, the sentences must give "
                "exactly the words"
            )
        yield line["uid"], split


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _as_pairs(graph: "ReportGraph") -> dict[str, Any]:
    key_words = set(graph.key_words)
    ends = [*graph.sentence_starts, len(graph.words)]
    return {
        "uid": graph.uid,
        "sentences": [" ".join(graph.words[start:end]) for start, end in pairwise(ends)],
        "words": graph.words,
        "is_entity": [int(position in key_words) for position in range(len(graph.words))],
        "edges": [[graph.words[edge.head], graph.words[edge.dependent]] for edge in graph.edges],
    }


if __name__ == "__main__":
    sys.exit(main())
