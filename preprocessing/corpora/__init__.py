"""The corpora: read reports, apply an inclusion rule, split into train, val and test.

A new corpus is one module with a ``SOURCE`` (see ``source.py``) and one line in ``CORPORA``.
"""

import difflib
import importlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from preprocessing.corpora.inclusion import INCLUSION_RULES, exclusion_reason
from preprocessing.corpora.source import CorpusSource, Exclusion, SplitRequest
from preprocessing.corpora.splits import RandomSplit, read_split_file, split_by_file
from preprocessing.errors import InputError
from preprocessing.records import Report

# name -> "module:attribute", imported only when asked for
CORPORA: dict[str, str] = {
    "openi": "preprocessing.corpora.openi:SOURCE",
    "mimic-cxr": "preprocessing.corpora.mimic_cxr:SOURCE",
    "csv": "preprocessing.corpora.csv_table:SOURCE",
    "jsonl": "preprocessing.corpora.jsonl:SOURCE",
    "sample": "preprocessing.corpora.sample:SOURCE",
}


@dataclass(frozen=True)
class Corpus:
    """A corpus in its three parts, and what was left out.

    ``exclusions``: reason -> number of reports, in the order the rules are applied.
    ``split``: the split in words, such as ``papers``, ``random (seed 7)`` or ``file parts.json``.
    """

    name: str
    train: tuple[Report, ...]
    val: tuple[Report, ...]
    test: tuple[Report, ...]
    exclusions: Mapping[str, int]
    split: str


def corpus_source(name: str) -> CorpusSource:
    """The source of the corpus called ``name``; ``InputError`` when there is none."""
    if name not in CORPORA:
        raise InputError(f"unknown corpus {name!r}{_did_you_mean(name, CORPORA)}")
    module, attribute = CORPORA[name].split(":")
    source: CorpusSource = getattr(importlib.import_module(module), attribute)
    return source


def load_corpus(
    name: str,
    *,
    data_dir: str | Path | None = None,
    split: str | None = None,
    split_seed: int = 0,
    split_file: str | Path | None = None,
    inclusion: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Corpus:
    """Read a corpus from ``data_dir`` (default ``data/<name>``), filter and split it.

    ``split`` and ``inclusion`` default to the corpus's own; ``split_file`` (JSON lists of uids)
    takes the place of a named split; ``columns`` (field -> column) is for tables.
    Raises ``InputError`` for names that do not exist and data that is missing or broken.
    """
    source = corpus_source(name)
    inclusion = source.inclusion if inclusion is None else inclusion
    if inclusion not in INCLUSION_RULES:
        raise InputError(
            f"unknown inclusion rule {inclusion!r}{_did_you_mean(inclusion, INCLUSION_RULES)}"
        )
    if split is not None and split_file is not None:
        raise InputError(f"split {split!r} and a split file were both given; give one of them")
    request = SplitRequest(
        Path("data", name) if data_dir is None else Path(data_dir), split_seed, columns or {}
    )
    # Looked at before the reports, which may take minutes to read.
    if split_file is not None:
        read_split_file(split_file)
    elif split is None:
        split = source.default_split(request) if source.default_split else next(iter(source.splits))
    elif split not in source.splits:
        raise InputError(f"unknown split {split!r} of {name}{_did_you_mean(split, source.splits)}")

    reports, known, exclusions = _read_and_filter(source, inclusion, request)
    if split_file is not None:
        parts = split_by_file(reports, split_file, known=known)
        described = f"file {Path(split_file).name}"
    else:
        assert split is not None
        parts = source.splits[split](reports, request)
        seeded = isinstance(source.splits[split], RandomSplit)
        described = f"{split} (seed {split_seed})" if seeded else split
    in_no_part = len(reports) - sum(map(len, parts))
    if in_no_part:
        exclusions["in no part of the split"] = in_no_part
    if not any(parts):
        counts = "; ".join(f"{reason}: {count}" for reason, count in exclusions.items())
        raise InputError(f"{request.data_dir}: no reports left ({counts or 'none were found'})")
    return Corpus(
        name, tuple(parts.train), tuple(parts.val), tuple(parts.test), exclusions, described
    )


def describe(corpus: Corpus) -> str:
    """The sizes of the parts, beside the published ones where there are any, and the exclusions."""
    published = corpus_source(corpus.name).published.get(corpus.split, ())
    parts = {"train": corpus.train, "val": corpus.val, "test": corpus.test}
    total = sum(map(len, parts.values()))
    lines = [f"{corpus.name}: {total:,} reports, split {corpus.split}"]
    for i, (part, reports) in enumerate(parts.items()):
        beside = f"  (published {published[i]:,})" if published else ""
        lines.append(f"  {part:<5} {len(reports):>9,}{beside}")
    lines.append(f"left out: {sum(corpus.exclusions.values()):,}")
    lines += [f"  {reason}: {count:,}" for reason, count in corpus.exclusions.items()]
    return "\n".join(lines)


def _read_and_filter(
    source: CorpusSource, inclusion: str, request: SplitRequest
) -> tuple[list[Report], set[str], dict[str, int]]:
    """The reports kept, the uids of all records, and the counts of exclusions."""
    kept_anyway = source.kept_anyway.get(inclusion, ())
    reports: list[Report] = []
    known: set[str] = set()
    unreadable: Counter[str] = Counter()
    filtered = dict.fromkeys([reason for reason, _ in INCLUSION_RULES[inclusion]], 0)
    for record in source.read_reports(request.data_dir, columns=request.columns):
        if isinstance(record, Exclusion):
            known.add(record.uid)
            unreadable[record.reason] += 1
        elif record.uid in known:
            unreadable["uid seen before"] += 1
        else:
            known.add(record.uid)
            reason = exclusion_reason(record, inclusion)
            if reason is None or (record.uid in kept_anyway and record.findings):
                reports.append(record)
            else:
                filtered[reason] += 1
    exclusions = dict(unreadable) | {reason: count for reason, count in filtered.items() if count}
    return reports, known, exclusions


def _did_you_mean(given: str, allowed: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(given, allowed, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"{hint} choose one of {', '.join(allowed)}"
