"""What the pipeline annotates: the records of a corpus, or of a file of words."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from preprocessing.annotation import Findings
from preprocessing.corpora import SEEN_BEFORE, iter_reports, uid_digest
from preprocessing.errors import InputError
from preprocessing.files import read_jsonl
from preprocessing.records import Report
from preprocessing.text.sentences import split_sentences


class InputRecord(NamedTuple):
    """One record on its way: findings to annotate, or the reason why there are none.

    ``uid`` is written as it was read: a number stays a number.
    """

    uid: str | int
    findings: Findings
    reason: str = ""


def corpus_records(
    name: str,
    *,
    data_dir: str | Path | None = None,
    inclusion: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[InputRecord]:
    """The records of a corpus (see ``iter_reports``), each to annotate or with its reason."""
    for record in iter_reports(name, data_dir=data_dir, inclusion=inclusion, columns=columns):
        if isinstance(record, Report):
            yield InputRecord(record.uid, record.findings)
        else:
            yield InputRecord(record.uid, "", record.reason)


def first_of_each_uid(records: Iterable[InputRecord]) -> Iterator[InputRecord]:
    """The records, later ones of a uid turned into rejects (corpora have done so themselves)."""
    seen: set[bytes] = set()
    for record in records:
        digest = uid_digest(str(record.uid))
        yield InputRecord(record.uid, "", SEEN_BEFORE) if digest in seen else record
        seen.add(digest)


def read_words(path: str | Path) -> Iterator[InputRecord]:
    """The records of a JSON Lines file with uid, words and, if known, sentences.

    Raises ``InputError`` with the record's number where one is broken.
    """
    for number, line in enumerate(read_jsonl(path, surrogates=True), 1):
        place = f"{path}, record {number}"
        words: Any = line.get("words")
        sentences: Any = line.get("sentences")
        if not isinstance(line.get("uid"), str | int):
            raise InputError(f"{place}: no uid (string or number); each line needs uid and words")
        if not _is_strings(words):
            raise InputError(f"{place}: words must be a list of strings")
        if sentences is None:
            yield InputRecord(line["uid"], split_sentences(words))
            continue
        if not _is_strings(sentences):
            raise InputError(f"{place}: sentences must be a list of strings")
        split = [sentence.split(" ") for sentence in sentences]
        if [word for sentence in split for word in sentence] != words:
            raise InputError(
                f"{place}: sentences and words differ; split at spaces, the sentences must give "
                "exactly the words"
            )
        yield InputRecord(line["uid"], split)


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
