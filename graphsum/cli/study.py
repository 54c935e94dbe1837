"""A reader study: which system's impressions do readers like better, and how sure is that?

    graphsum study make --systems a.jsonl b.jsonl --n 100 --readers 3 --overlap 30 --output-dir DIR
    graphsum study analyse --key DIR/key.json --answers answers-*.json --output-dir RESULTS
    graphsum study power --n 50 100 200 --effects 0.2 0.3 0.5 --readers 3

make writes a blinded sheet for each reader, an HTML file that loads nothing, and the key, which
stays with you. Sheets hold findings: keep them where reports may lie (docs/study.md).
"""

import argparse
import logging
from pathlib import Path

from graphsum.command_line import CommandParser, check_at_least
from preprocessing.errors import InputError
from preprocessing.files import OWNER_ONLY, check_writable, dumps, json_text, write_text_atomically
from preprocessing.tables.columns import Pairs

SHEETS = "sheets/reader-*.html"
logger = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``graphsum study`` and its three parts."""
    parts = parser.add_subparsers(
        required=True, metavar="make|analyse|power", parser_class=CommandParser
    )
    _make_options(parts.add_parser("make", help="sheets and key from what systems wrote"))
    _analyse_options(parts.add_parser("analyse", help="report on the answers"))
    _power_options(parts.add_parser("power", help="how many reports an effect needs"))


def execute(options: argparse.Namespace) -> None:
    """Do the part asked for."""
    options.part(options)


def _make_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--systems",
        nargs="+",
        required=True,
        metavar="FILE",
        help="tables with uid and prediction (or impression), FILE or NAME=FILE, one per system",
    )
    add(
        "--reference",
        metavar="FILE",
        help="the reports' own impressions, judged blindly like a system",
    )
    add(
        "--findings",
        metavar="FILE",
        help="a table with uid and findings, where the systems' have no findings",
    )
    add(
        "--columns",
        nargs="+",
        default={},
        action=Pairs,
        metavar="FIELD=NAME",
        help="other names of the columns uid, findings and prediction, such as findings=BEFUND",
    )
    add("--n", type=int, default=100, help="reports (default: 100)")
    _add_readers(parser)
    add(
        "--repeats",
        type=int,
        default=None,
        help="reports that each reader gets twice (default: a tenth of the reader's)",
    )
    add("--seed", type=int, default=1, help="of all draws (default: 1)")
    add("--output-dir", metavar="DIR", required=True, help="for key.json and sheets/")
    add("--overwrite", action="store_true", help="replace the study that is there")
    parser.set_defaults(part=make)


def _add_readers(parser: argparse.ArgumentParser) -> None:
    """How many readers there are, and what they share."""
    add = parser.add_argument
    add("--readers", type=int, default=3, help="readers, one sheet each (default: 3)")
    add(
        "--overlap",
        type=int,
        default=None,
        help="reports that all readers have; the others have one reader each (default: all)",
    )


def _analyse_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--key", metavar="FILE", required=True, help="key.json of the study")
    add("--answers", nargs="+", metavar="FILE", required=True, help="what the sheets exported")
    add(
        "--output-dir",
        metavar="DIR",
        help="for report.html, results.json and remarks.jsonl (default: the key's folder)",
    )
    add("--partial", action="store_true", help="readers or answers may be missing")
    parser.set_defaults(part=analyse)


def _power_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--n",
        nargs="+",
        type=int,
        default=[25, 50, 100, 200],
        help="numbers of reports (default: 25 50 100 200)",
    )
    add(
        "--effects",
        nargs="+",
        type=float,
        default=[0.1, 0.2, 0.3, 0.5],
        help="differences of two systems in points of the scale (default: 0.1 0.2 0.3 0.5)",
    )
    _add_readers(parser)
    add(
        "--tests",
        type=int,
        default=7,
        help="how many tests are corrected for (default: 7, those of two systems)",
    )
    add("--alpha", type=float, default=0.05, help="level before the correction (default: 0.05)")
    add(
        "--sd-report",
        type=float,
        default=0.5,
        help="standard deviation of what a report does to all systems (default: 0.5)",
    )
    add(
        "--sd-system",
        type=float,
        default=0.5,
        help="of what a report does to one system (default: 0.5)",
    )
    add("--sd-noise", type=float, default=0.7, help="of a single rating (default: 0.7)")
    add("--simulations", type=int, default=500, help="studies per cell (default: 500)")
    add("--seed", type=int, default=1, help="of all draws (default: 1)")
    parser.set_defaults(part=power)


def make(options: argparse.Namespace) -> None:
    """Write sheets and key."""
    check_at_least(options, 1, "n", "readers")
    check_at_least(options, 0, "overlap", "repeats", "seed")

    from graphsum.study.files import write_key
    from graphsum.study.making import make_study, sheet_path
    from graphsum.study.systems import named_files, read_cases

    systems = named_files(options.systems)
    if "impression" in options.columns:
        raise InputError("--columns takes uid, findings and prediction; name the systems' column "
                         "with prediction=NAME")  # fmt: skip
    folder = Path(options.output_dir)
    key_path = folder / "key.json"
    check_writable(key_path)
    there = [path for path in (key_path, *sorted(folder.glob(SHEETS))) if path.exists()]
    if there and not options.overwrite:
        raise InputError(
            f"{there[0]}: a study is there, whose answers need it; give another --output-dir, or "
            "--overwrite"
        )

    cases = read_cases(
        systems,
        reference=options.reference,
        findings=options.findings,
        columns=options.columns,
    )
    overlap = options.n if options.overlap is None else options.overlap
    study = make_study(
        cases,
        n=options.n,
        readers=options.readers,
        overlap=overlap,
        repeats=options.repeats,
        seed=options.seed,
    )
    made_with = {
        "systems": systems,
        "reference": options.reference,
        "n": options.n,
        "overlap": overlap,
        "seed": options.seed,
    }
    for reader, sheet in enumerate(study.sheets, 1):
        write_text_atomically(sheet_path(folder, reader), [sheet], mode=OWNER_ONLY)
    digest = write_key(key_path, study.key, made_with=made_with)
    for stale in sorted(folder.glob(SHEETS)):
        if stale not in {sheet_path(folder, one) for one in range(1, options.readers + 1)}:
            stale.unlink()  # of the study that was overwritten
    counts: dict[str, int] = {}
    for stratum in study.key.strata.values():
        counts[stratum] = counts.get(stratum, 0) + 1
    print(f"study {study.key.study}: {', '.join(study.key.systems)}")
    print("reports: " + "; ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    drawn = [one for one in cases if one.uid in study.key.strata]
    same = sum(len(set(one.impressions.values())) < len(one.impressions) for one in drawn)
    if same:
        print(f"reports with two impressions that are the same: {same}")
    for reader, sheet_key in enumerate(study.key.readers, 1):
        repeats = sum(item.repeat for item in sheet_key.items)
        path = sheet_path(folder, reader)
        print(f"written: {path}, {len(sheet_key.items)} readings, {repeats} of them repeats")
    print(f"written: {key_path}, SHA-256 {digest}; it stays with you")


def analyse(options: argparse.Namespace) -> None:
    """Write the report on a study."""
    folder = Path(options.output_dir or Path(options.key).parent)
    for name in ("report.html", "results.json"):
        check_writable(folder / name)

    from tabulate import tabulate

    from graphsum.study.analysis import analyse as results_of
    from graphsum.study.files import read_answers, read_key
    from graphsum.study.results_page import SUMMARY_HEADER, render_results, summary_lines

    key, digest = read_key(options.key)
    answers = read_answers(options.answers, key, partial=options.partial)
    results = results_of(key, answers)
    results["key_sha256"] = digest
    write_text_atomically(folder / "results.json", [json_text(results)], mode=OWNER_ONLY)
    write_text_atomically(folder / "report.html", [render_results(results)], mode=OWNER_ONLY)
    remarks = [one for one in answers if one.comment.strip()]
    written = f"written: {folder}/report.html, {folder}/results.json"
    if remarks:
        lines = (
            dumps({"uid": one.uid, "reader": one.reader, "remark": one.comment.strip(),
                   "order": list(one.order)})
            for one in remarks
        )  # fmt: skip
        write_text_atomically(folder / "remarks.jsonl", lines, mode=OWNER_ONLY)
        written += f", {folder}/remarks.jsonl ({len(remarks)} remarks)"
    print(
        f"study {key.study}: {results['n_reports']} reports, {results['n_readings']} readings, "
        f"{len(results['readers'])} of {len(key.readers)} readers"
    )
    if results["unfinished"]:
        logger.warning("%d answers are not finished", results["unfinished"])
    print(tabulate(summary_lines(results), headers=SUMMARY_HEADER, disable_numparse=True))
    for name, one in results["agreement"].items():
        alpha = "-" if one["alpha"] is None else f"{one['alpha']:.2f}"
        print(f"Krippendorff's alpha, {name}: {alpha} ({one['units']} judged by several)")
    print(written)


def power(options: argparse.Namespace) -> None:
    """Print the share of simulated studies that find an effect."""
    check_at_least(options, 1, "readers", "tests", "simulations")
    check_at_least(options, 0, "overlap", "seed")
    if min(options.n) < 2:
        raise InputError(f"--n must be at least 2, not {min(options.n)}")
    if not 0 < options.alpha < 1:
        raise InputError(f"--alpha must be between 0 and 1, not {options.alpha}")
    for name in ("sd_report", "sd_system", "sd_noise"):
        if not 0 <= getattr(options, name) <= 5:
            flag = name.replace("_", "-")
            raise InputError(f"--{flag} must be 0 to 5, not {getattr(options, name)}")
    if not all(0 <= effect <= 4 for effect in options.effects):
        raise InputError("--effects must be 0 to 4 points")

    from tabulate import tabulate

    from graphsum.study.simulation import Spread, power_table

    spread = Spread(report=options.sd_report, system=options.sd_system, noise=options.sd_noise)
    level = options.alpha / options.tests
    table = power_table(
        options.n,
        options.effects,
        readers=options.readers,
        overlap=options.overlap,
        spread=spread,
        level=level,
        simulations=options.simulations,
        seed=options.seed,
    )
    rows = [
        [str(n), *(f"{100 * share:.0f} %" for share in row)]
        for n, row in zip(options.n, table, strict=True)
    ]
    shared = "all" if options.overlap is None else str(options.overlap)
    print(
        f"Power of the Wilcoxon signed-rank test at {level:.4g} ({options.alpha:g} for "
        f"{options.tests} tests), {options.readers} readers, reports that all read: {shared}"
    )
    header = ["reports", *(f"{effect:g} points" for effect in options.effects)]
    print(tabulate(rows, headers=header, disable_numparse=True, stralign="right"))
