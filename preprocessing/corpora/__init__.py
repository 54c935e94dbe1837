"""The corpora: read reports, apply an inclusion rule, split into train, val and test.

A new corpus is one module with a ``SOURCE`` (see ``source.py``) and one line in ``CORPORA``.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from preprocessing.corpora.duplicates import describe_duplicates, duplicates_of
from preprocessing.corpora.inclusion import INCLUSION_RULES, exclusion_reason
from preprocessing.corpora.source import CorpusSource, Exclusion, SplitRequest
from preprocessing.corpora.splits import RandomSplit, read_split_file, split_by_file
from preprocessing.errors import InputError
from preprocessing.records import Report
from preprocessing.registry import Table, load, unknown_name

CORPORA: Table[CorpusSource] = Table(
    "corpus",
    {
        "openi": "preprocessing.corpora.openi:SOURCE",
        "mimic-cxr": "preprocessing.corpora.mimic_cxr:SOURCE",
        "csv": "preprocessing.corpora.table:CSV",
        "tsv": "preprocessing.corpora.table:TSV",
        "xlsx": "preprocessing.corpora.table:XLSX",
        "parquet": "preprocessing.corpora.table:PARQUET",
        "jsonl": "preprocessing.corpora.table:JSONL",
        "json": "preprocessing.corpora.table:JSON",
        "sample": "preprocessing.corpora.sample:SOURCE",
        "sample_authors": "preprocessing.corpora.sample_authors:SOURCE",
        "sample_context": "preprocessing.corpora.sample_context:SOURCE",
    },
)

# Corpora without patients behind them, generated on the spot.
INVENTED = ("sample", "sample_authors", "sample_context")
# Why the second record of a uid is left out.
SEEN_BEFORE = "uid seen before"


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
    source = load(CORPORA, name)
    inclusion = _inclusion_rule(source, inclusion)
    if split is not None and split_file is not None:
        raise InputError(f"split {split!r} and a split file were both given; give one of them")
    request = SplitRequest(
        Path("data", name) if data_dir is None else Path(data_dir), split_seed, columns or {}
    )
    missing = source.without_impressions and source.without_impressions(request)
    if missing:
        raise missing
    # Looked at before the reports, which may take minutes to read.
    if split_file is not None:
        read_split_file(split_file)
    elif split is None:
        split = source.default_split(request) if source.default_split else next(iter(source.splits))
    elif split not in source.splits:
        raise unknown_name(f"{name} split", split, source.splits)

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


def iter_reports(
    name: str,
    *,
    data_dir: str | Path | None = None,
    inclusion: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Report | Exclusion]:
    """Each record of a corpus once, in the corpus's order: a report, or why it is left out.

    What :func:`load_corpus` keeps and counts, without a split and without holding the reports in
    memory (16 bytes of each uid are held). Tables without a column for impressions are read too;
    unless ``inclusion`` is given, all their reports with findings are kept. Raises ``InputError``
    as it does.
    """
    source = load(CORPORA, name)
    rule: str | None = _inclusion_rule(source, inclusion)
    request = SplitRequest(
        Path("data", name) if data_dir is None else Path(data_dir), 0, columns or {}
    )
    if inclusion is None and source.without_impressions and source.without_impressions(request):
        rule = None
    return _filtered(source, rule, request)


def uid_digest(uid: str) -> bytes:
    """16 bytes that stand for a uid where very many must be remembered."""
    return hashlib.blake2b(uid.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def describe(corpus: Corpus) -> str:
    """The sizes of the parts, beside published ones, what they share with train, the exclusions."""
    published = load(CORPORA, corpus.name).published.get(corpus.split, ())
    parts = {"train": corpus.train, "val": corpus.val, "test": corpus.test}
    total = sum(map(len, parts.values()))
    lines = [f"{corpus.name}: {total:,} reports, split {corpus.split}"]
    for i, (part, reports) in enumerate(parts.items()):
        beside = f"  (published {published[i]:,})" if published else ""
        lines.append(f"  {part:<5} {len(reports):>9,}{beside}")
    for part in ("val", "test") if corpus.train else ():
        found = duplicates_of(parts[part], corpus.train)
        if found.n:
            lines.append(f"  {describe_duplicates(part, found)}")
    lines.append(f"left out: {sum(corpus.exclusions.values()):,}")
    lines += [f"  {reason}: {count:,}" for reason, count in corpus.exclusions.items()]
    return "\n".join(lines)


def _read_and_filter(
    source: CorpusSource, inclusion: str, request: SplitRequest
) -> tuple[list[Report], set[str], dict[str, int]]:
    """The reports kept, the uids of all records, and the counts of exclusions."""
    reports: list[Report] = []
    known: set[str] = set()
    left_out: Counter[str] = Counter()
    for record in _filtered(source, inclusion, request):
        known.add(record.uid)
        if isinstance(record, Exclusion):
            left_out[record.reason] += 1
        else:
            reports.append(record)
    rules = [reason for reason, _ in load(INCLUSION_RULES, inclusion)]
    exclusions = {reason: count for reason, count in left_out.items() if reason not in rules}
    exclusions |= {reason: left_out[reason] for reason in rules if left_out[reason]}
    return reports, known, exclusions


def _filtered(
    source: CorpusSource, inclusion: str | None, request: SplitRequest
) -> Iterator[Report | Exclusion]:
    """``inclusion``: None: findings suffice."""
    kept_anyway = source.kept_anyway.get(inclusion or "", ())
    seen: set[bytes] = set()
    for record in source.read_reports(request.data_dir, columns=request.columns):
        digest = uid_digest(record.uid)
        if isinstance(record, Exclusion):
            yield record
        elif digest in seen:
            yield Exclusion(record.uid, SEEN_BEFORE)
        else:
            reason = exclusion_reason(record, inclusion)
            if reason is None or (record.uid in kept_anyway and record.findings):
                yield record
            else:
                yield Exclusion(record.uid, reason)
        seen.add(digest)


def _inclusion_rule(source: CorpusSource, given: str | None) -> str:
    rule = source.inclusion if given is None else given
    load(INCLUSION_RULES, rule)  # a mistake is reported before the reports are read
    return rule
