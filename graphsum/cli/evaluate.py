"""Score impressions: one table, by stratum, beside the constant and the neighbour row.

    graphsum evaluate                                      the newest run, its own test split
    graphsum evaluate --checkpoint RUN --dataset openi --data-dir DIR --split val
    graphsum evaluate --dataset openi --data-dir DIR --predictions FILE    anyone's outputs
    graphsum evaluate --llm FOLDER --shots 4               a language model, prompted
    graphsum evaluate --predictions FILE --compare OTHER   with a paired bootstrap test
    torchrun --nproc-per-node 4 -m graphsum evaluate       each process writes its share

Writes metrics.json, predictions.jsonl and a page, report.html, into --output-dir. ROUGE F1 x 100,
google rouge-score, no stemmer, rougeL unsplit. In a clone of the repository `python evaluate.py` is
the same.
"""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphsum import __version__
from graphsum.command_line import add_vllm, check_at_least, search_options
from graphsum.options import TrainOptions
from graphsum.options.runs import (
    choose_checkpoint,
    corpus_of,
    options_of_checkpoint,
    run_log,
    trained_on,
)
from preprocessing.corpora import INVENTED
from preprocessing.corpora.duplicates import describe_duplicates, duplicates_of
from preprocessing.errors import InputError
from preprocessing.files import check_writable, digest_of, write_text_atomically
from preprocessing.records import Report
from preprocessing.tables.columns import Pairs, check_fields

if TYPE_CHECKING:  # imports numpy
    from graphsum.evaluation.resuming import PredictionsSoFar
    from graphsum.page.scores import Example

logger = logging.getLogger(__name__)
PARTS = ("train", "val", "test")
BATCHES_AT_ONCE = 4  # written between two looks at the disk, and lost by a kill
PAGE_EXAMPLES = 20  # invented reports shown in report.html


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum evaluate``."""
    add = parser.add_argument_group("what is scored").add_argument
    add(
        "--checkpoint",
        metavar="FOLDER",
        help="run or checkpoint (default: the newest finished run)",
    )
    add(
        "--predictions",
        metavar="FILE",
        help="score these, no model: a table with uid and prediction, or what summarize wrote",
    )
    add("--compare", metavar="FILE", help="other predictions, for a paired bootstrap test")
    add("--output-dir", metavar="DIR", help="default: results/<dataset>-<what is scored>-<part>")
    add("--examples", type=int, default=0, help="print this many findings and impressions")

    add = parser.add_argument_group("data").add_argument
    add("--dataset", help="corpus (default: the run's own, without a run sample)")
    add("--data-dir", metavar="DIR", help="where the corpus lies (default: the run's own)")
    add(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="a table's column names, such as findings=BEFUND uid=NR; prediction=NAME is that of "
        "--predictions and --compare (default: prediction, or else impression)",
    )
    add(
        "--split",
        default="test",
        help="part to score: train, val or test (default) of the run's split; or the name of "
        "another split (papers, official, random), whose test part is scored",
    )
    add("--split-seed", type=int, help="seed of --split random")
    add("--split-file", metavar="FILE", help="another split, as for graphsum train")
    add("--inclusion", help="inclusion rule, as for graphsum train")
    add("--annotator-model", metavar="FOLDER", help="the annotator's models")
    add("--graphs", metavar="FILE", help="graphs made before, as for graphsum train")
    add("--cache-dir", metavar="DIR", help="where annotations are kept (default: the run's)")

    decoding = parser.add_argument_group("decoding")
    either = decoding.add_mutually_exclusive_group()
    either.add_argument("--num-beams", type=int, help="beam width (default 5); 1: greedy")
    either.add_argument(
        "--consensus",
        action=argparse.BooleanOptionalAction,
        help="take the impression that samples and similar training reports agree with most "
        "(default: as the checkpoint says)",
    )
    add = decoding.add_argument
    add(
        "--mend",
        action=argparse.BooleanOptionalAction,
        help="check what the model writes against the findings and mend it, as graphsum summarize "
        "does (default: in consensus decoding only)",
    )
    add("--batch-size", type=int, default=32, help="reports generated at a time (default 32)")
    add("--device", help="cpu, cuda, ... (default: a GPU when there is one)")

    llm = parser.add_argument_group("language model")
    add = llm.add_argument
    add(
        "--llm",
        metavar="FOLDER",
        help="where the checkpoint's LLM lies now; without --checkpoint: an LLM to prompt as it is",
    )
    add("--shots", type=int, default=0, help="similar training reports shown to an LLM alone")
    add(
        "--prompt-findings",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="without them an LLM that is prompted as it is knows nothing of the report",
    )
    add_vllm(llm)
    add(
        "--download",
        action="store_true",
        help="ask the model hub for an LLM that is no folder on this machine",
    )


def execute(options: argparse.Namespace) -> None:
    """Score one system."""
    if options.predictions and options.checkpoint:
        raise InputError("give either --checkpoint or --predictions, not both")
    check_at_least(options, 1, "num_beams", "batch_size")
    check_at_least(options, 0, "examples", "shots")
    check_fields(options.columns)
    search_options(options)
    prompted = bool(options.llm) and not options.checkpoint and not options.predictions
    checkpoint = None
    if not options.predictions and not prompted:
        checkpoint = choose_checkpoint(options.checkpoint)
    saved = options_of_checkpoint(checkpoint) if checkpoint else None
    settings = data_settings(options, saved)
    check_writable(Path(options.output_dir or "results") / "metrics.json")
    if options.examples and settings.dataset not in INVENTED:
        raise InputError("--examples shows reports of the invented corpora only")
    corpus = corpus_of(settings)
    part = options.split if options.split in PARTS else "test"
    reports: tuple[Report, ...] = getattr(corpus, part)
    if not reports:
        raise InputError(f"{settings.dataset}: no reports in {part}; choose another --split")
    known = trained_on(saved, settings, reports) if saved and part != "train" else 0
    if known:
        logger.warning(
            "%s was trained on %d of these %d reports, by another split: its scores are too high",
            checkpoint,
            known,
            len(reports),
        )

    from graphsum.evaluation.predictions import read_predictions
    from graphsum.evaluation.report import evaluation_report, write_predictions, write_report
    from graphsum.evaluation.tables import format_table
    from graphsum.page.scores import render_scores

    uids = [report.uid for report in reports]
    columns = {**settings.columns, **options.columns}
    references = [report.impression for report in reports]
    other, so_far = None, None
    if options.compare:
        other = read_predictions(options.compare, uids, columns=columns, references=references)
    if options.predictions:
        predictions = read_predictions(
            options.predictions, uids, columns=columns, references=references
        )
        name = Path(options.predictions).stem
    else:
        name = name_of(options, checkpoint)
    folder = Path(options.output_dir or f"results/{corpus.name}-{name}-{part}")
    if not options.predictions:
        predictions, so_far = generate(options, settings, checkpoint, reports, corpus.train, folder)
        if not predictions:
            return  # another process has them all
    write_predictions(folder, dict(zip(uids, predictions, strict=True)))
    if so_far is not None:
        so_far.finish()
    report = evaluation_report(predictions, reports, train=corpus.train, other=other)
    write_report(folder, report)  # before it is printed: a reader of our output may have gone
    scored = checkpoint or options.predictions or options.llm
    title = f"{corpus.name}, split {corpus.split}, {part}: {scored}"
    invented = settings.dataset in INVENTED
    page = render_scores(
        report,
        title=title,
        log=run_log(checkpoint) if checkpoint else (),
        examples=examples_of(reports, predictions, PAGE_EXAMPLES) if invented else (),
    )
    write_text_atomically(folder / "report.html", [page])
    print(title)
    if part != "train":
        print(describe_duplicates(part, duplicates_of(reports, corpus.train)))
    print(format_table(report))
    for one in examples_of(reports, predictions, options.examples):
        print(f"findings    {one.findings}")
        print(f"  written   {one.written}")
        print(f"  reference {one.reference}\n")
    print(f"written: {folder}/metrics.json, {folder}/predictions.jsonl, {folder}/report.html")


def data_settings(options: argparse.Namespace, saved: TrainOptions | None) -> TrainOptions:
    """The run's own data options, if there are any, with those given here in their place."""
    given: dict[str, Any] = {
        name: getattr(options, name)
        for name in (
            "data_dir split_seed split_file inclusion annotator_model graphs cache_dir"
        ).split()
        if getattr(options, name) is not None
    }
    columns = {field: name for field, name in options.columns.items() if field != "prediction"}
    if columns:
        given["columns"] = columns
    if options.split not in PARTS:
        given |= {"split": options.split, "split_file": options.split_file}
    elif options.split_file:
        given["split"] = None
    if options.dataset and (saved is None or options.dataset != saved.dataset):
        return TrainOptions(dataset=options.dataset, **given)  # nothing of another corpus fits
    return replace(saved or TrainOptions(), **given)


def name_of(options: argparse.Namespace, checkpoint: Path | None) -> str:
    """What the results' folder calls the system."""
    if checkpoint is None:
        blind = "" if options.prompt_findings else "-blind"
        return f"{Path(options.llm).name}-{options.shots}-shot{blind}"
    return checkpoint.parent.name if checkpoint.name in ("best", "last") else checkpoint.name


def generate(
    options: argparse.Namespace,
    settings: TrainOptions,
    checkpoint: Path | None,
    reports: Sequence[Report],
    train: Sequence[Report],
    folder: Path,
) -> "tuple[list[str], PredictionsSoFar]":
    """The impressions of the checkpoint, or of the LLM as it is, for the reports.

    They are kept in ``folder`` as they are written; a run that was killed goes on where it was.

    With consensus decoding ``train``, the training part of the corpus at hand, votes too, unless
    its own reports are asked for.

    Of several processes each writes a share; the first one gets them all, the others nothing.

    Returns:
        The impressions, and what is kept of them, to be removed when they are written elsewhere.
    """
    from graphsum.pretrained import downloads

    with downloads(options.download):
        return _generate(options, settings, checkpoint, reports, train, folder)


def _generate(
    options: argparse.Namespace,
    settings: TrainOptions,
    checkpoint: Path | None,
    reports: Sequence[Report],
    train: Sequence[Report],
    folder: Path,
) -> "tuple[list[str], PredictionsSoFar]":
    import torch
    from accelerate import PartialState
    from accelerate.utils import gather_object

    from graphsum.consensus.neighbours import TrainingEvidence
    from graphsum.evaluation.resuming import PredictionsSoFar, settings_digest
    from graphsum.models.building import graphs_of
    from graphsum.models.loading import hand_over_to_vllm, on_device
    from graphsum.personal.context import context_of, in_context
    from graphsum.summarizer import Summarizer

    state = PartialState(cpu=not torch.cuda.is_available())
    device = options.device or str(state.device)
    if options.vllm is not None and state.num_processes > 1:
        raise InputError(
            "--vllm uses several GPUs by itself: start one process, with tensor_parallel_size=N"
        )
    if checkpoint is None:
        from graphsum.models.instruct import prompted

        model, processor = prompted(
            options.llm, findings=options.prompt_findings, shots=options.shots, train=train
        )
        if options.vllm is not None:
            hand_over_to_vllm(model, options.vllm)
        summarizer = Summarizer(on_device(model, device), processor, None)
    else:
        summarizer = Summarizer.from_pretrained(
            checkpoint,
            device=device,
            annotator_model=settings.annotator_model,
            llm=options.llm,
            vllm=options.vllm,
        )
        if options.shots:
            raise InputError("--shots is for an LLM alone: give --llm without --checkpoint")
    with state.main_process_first():  # one process annotates, the others read its cache
        inputs: Sequence[Any] = reports
        if summarizer.annotator is not None:
            inputs = graphs_of(
                reports,
                summarizer.annotator,
                rule=summarizer.processor.settings.graph_rule,
                graphs=settings.graphs,
                cache_dir=settings.cache_dir,
                corpus=settings.dataset,
                progress=state.is_main_process,
            )
    kinds = summarizer.processor.context
    contexts = [context_of(report, kinds) for report in reports]
    inputs = [
        in_context(one, context, kinds, summarizer.processor.authors)
        for one, context in zip(inputs, contexts, strict=True)
    ]
    beams = search_options(options)
    own = range(state.process_index, len(inputs), state.num_processes)
    consensus = options.consensus
    if consensus is None:
        consensus = summarizer.decodes_by_consensus(**beams)
    evidence = None
    if consensus and options.split != "train":  # no report votes for itself
        evidence = TrainingEvidence(train)

    def write(rows: Sequence[int]) -> list[str]:
        return summarizer.write(
            [reports[row].findings for row in rows],
            [inputs[row] for row in rows],
            batch_size=options.batch_size,
            consensus=consensus,
            checked=options.mend,
            train=evidence,
            **beams,
        )

    depends_on = {
        "model": digest_of(*files_of(checkpoint or Path(options.llm))),
        "reports": settings_digest(
            [
                [report.uid, report.findings, *([context] if context else [])]
                for report, context in zip(reports, contexts, strict=True)
            ]
        ),
        "training reports": settings_digest([[r.findings, r.impression] for r in train])
        if evidence
        else "",
        "options": settings_digest(
            [
                *(__version__, consensus, options.mend, beams, options.batch_size),
                *(options.shots, options.prompt_findings, options.llm, own.start, own.step),
                digest_of(settings.graphs) if settings.graphs else "",
                *([] if options.vllm is None else [options.vllm]),
            ]
        ),
    }
    suffix = f"-{own.start}" if own.step > 1 else ""
    so_far = PredictionsSoFar(folder / f"predictions{suffix}.jsonl", depends_on)
    try:
        so_far.write(
            [own[row] for row in summarizer.writing_order([inputs[row] for row in own])],
            write,
            chunk=BATCHES_AT_ONCE * options.batch_size,
            progress=state.is_main_process,
        )
    except BaseException:
        so_far.close()
        raise
    written = dict(gather_object(list(so_far.predictions.items())))
    if state.is_main_process:
        return [written[row] for row in range(len(inputs))], so_far
    so_far.finish()
    return [], so_far


def files_of(model: Path) -> list[Path]:
    """The files that a model consists of; none where it is a name on a hub."""
    if model.is_dir():
        return sorted(path for path in model.rglob("*") if path.is_file())
    return [model] if model.is_file() else []


def examples_of(
    reports: Sequence[Report], predictions: Sequence[str], count: int
) -> "list[Example]":
    """``count`` findings with the impression written, spread over the reports.

    Only of the invented sample: text of real reports does not belong on a screen, in a log or in
    a page of scores.
    """
    from graphsum.page.scores import Example

    if not count:
        return []
    rows = range(0, len(reports), max(1, len(reports) // count))[:count]
    return [
        Example(reports[row].uid, reports[row].findings, predictions[row], reports[row].impression)
        for row in rows
    ]
