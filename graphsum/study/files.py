"""The files of a study: the sealed key, and the answers that a sheet exports.

The key says what stands where on each sheet; the sheets say nothing of it. Both are JSON. Answers
carry a checksum of the sheet that was read and one of themselves: what was damaged or changed by
accident is noticed. They are no signatures.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphsum.study.design import Item
from graphsum.study.form import CRITERION_NAMES, ERRORS, LETTERS, SCALE, TIE, pairs_of
from preprocessing.errors import InputError
from preprocessing.files import OWNER_ONLY, json_text, read_json, write_text_atomically

KEY_FORMAT = "graphsum study key"
ANSWERS_FORMAT = "graphsum study answers"
VERSION = 1


@dataclass(frozen=True)
class ReaderKey:
    """What a reader's sheet holds, and its checksum."""

    sheet: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Key:
    """The key of a study: uid -> stratum of its reports, and each reader's sheet."""

    study: str
    systems: tuple[str, ...]
    strata: Mapping[str, str]
    readers: tuple[ReaderKey, ...]


@dataclass(frozen=True)
class Answer:
    """What one reader said of one item, by system.

    ``preferences``: (first, second) in the key's order -> 1 where the first is better, 0 for a tie,
    -1 where the second is. What was not answered is not there. ``order``: the systems of impression
    A, B and so on.
    """

    reader: int
    uid: str
    repeat: bool
    ratings: Mapping[str, Mapping[str, int]]
    errors: Mapping[str, frozenset[str]]
    preferences: Mapping[tuple[str, str], int]
    order: tuple[str, ...]
    comment: str

    @property
    def complete(self) -> bool:
        """Whether all ratings and preferences are there."""
        rated = all(len(own) == len(CRITERION_NAMES) for own in self.ratings.values())
        return rated and len(self.preferences) == len(pairs_of(self.order))


def checksum(text: str) -> str:
    """CRC-32 of a text's UTF-8 in hexadecimal, as the sheet's script computes it too."""
    return f"{zlib.crc32(text.encode()):08x}"


def write_key(path: str | Path, key: Key, *, made_with: Mapping[str, Any]) -> str:
    """Write the key for its owner alone; its SHA-256 comes back."""
    value = {
        "format": KEY_FORMAT,
        "version": VERSION,
        "study": key.study,
        "made_with": dict(made_with),
        "systems": list(key.systems),
        "strata": dict(key.strata),
        "readers": [
            {
                "sheet": reader.sheet,
                "items": [
                    {"uid": item.uid, "order": list(item.order), "repeat": item.repeat}
                    for item in reader.items
                ],
            }
            for reader in key.readers
        ],
    }
    text = json_text(value, indent=None)
    write_text_atomically(path, [text], mode=OWNER_ONLY)
    return hashlib.sha256(text.encode()).hexdigest()


def read_key(path: str | Path) -> tuple[Key, str]:
    """The key in a file, and its SHA-256, which is the file's as it was written.

    Raises:
        InputError: it is no key, or a damaged one.
    """
    value = read_json(path)
    if value.get("format") != KEY_FORMAT or value.get("version") != VERSION:
        raise InputError(f"{path}: not a key of graphsum study make")
    try:
        systems = tuple(map(str, value["systems"]))
        readers = tuple(
            ReaderKey(
                reader["sheet"],
                tuple(
                    Item(one["uid"], tuple(one["order"]), one["repeat"] is True)
                    for one in reader["items"]
                ),
            )
            for reader in value["readers"]
        )
        strata = dict(value["strata"])
        whole = all(
            sorted(item.order) == sorted(systems) and item.uid in strata
            for reader in readers
            for item in reader.items
        )
        key = Key(str(value["study"]), systems, strata, readers)
    except (KeyError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise InputError(f"{path}: a damaged key; take the file that graphsum study make wrote")
    return key, hashlib.sha256(json_text(value, indent=None).encode()).hexdigest()


def read_answers(paths: Sequence[str], key: Key, *, partial: bool = False) -> list[Answer]:
    """The answers of all readers.

    Args:
        partial: whether readers and answers may be missing.

    Raises:
        InputError: a file is no answers or another study's, sheet or answers were changed, a reader
            is missing, comes twice, or has not answered all.
    """
    answers: list[Answer] = []
    by_reader: dict[int, str] = {}
    for path in paths:
        value = read_json(path)
        reader = _checked_reader(path, value, key)
        if reader in by_reader:
            raise InputError(f"{path}: reader {reader} again, as in {by_reader[reader]}")
        by_reader[reader] = path
        own = _answers_of(path, value["answers"], key, reader)
        todo = [number for number, one in enumerate(own, 1) if not one.complete]
        if todo and not partial:
            raise InputError(
                f"{path}: {len(todo)} of {len(own)} reports not finished (first: {todo[0]}); ask "
                f"reader {reader} to go on, or analyse what there is with --partial"
            )
        answers += own
    missing = sorted(set(range(1, len(key.readers) + 1)) - by_reader.keys())
    if missing and not partial:
        raise InputError(
            f"no answers of reader {', '.join(map(str, missing))} of {len(key.readers)}; give "
            "their files, or analyse what there is with --partial"
        )
    return answers


def _checked_reader(path: str, value: Mapping[str, Any], key: Key) -> int:
    if value.get("format") != ANSWERS_FORMAT or value.get("version") != VERSION:
        raise InputError(f"{path}: not the answers that a sheet of graphsum study make exports")
    if value.get("study") != key.study:
        raise InputError(f"{path}: answers of another study than the key's, {key.study}")
    reader, answers = value.get("reader"), value.get("answers")
    if type(reader) is not int or not 1 <= reader <= len(key.readers):
        raise InputError(f"{path}: the study has readers 1 to {len(key.readers)}, and not this one")
    if value.get("sheet") != key.readers[reader - 1].sheet:
        raise InputError(f"{path}: the sheet was changed after it was made; use the original one")
    text = json.dumps(answers, ensure_ascii=False, separators=(",", ":"))
    if value.get("checksum") != checksum(text):
        raise InputError(f"{path}: changed after its export; export it again from the sheet")
    return reader


def _answers_of(path: str, answers: Any, key: Key, reader: int) -> list[Answer]:
    items = key.readers[reader - 1].items
    if not isinstance(answers, list) or len(answers) != len(items):
        raise InputError(f"{path}: not one answer for each of the sheet's {len(items)} reports")
    found = []
    for number, (value, item) in enumerate(zip(answers, items, strict=True), 1):
        try:
            found.append(_answer(value, item, key.systems, reader))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise InputError(f"{path}: report {number}: not an answer of a sheet") from None
    return found


def _answer(value: Any, item: Item, systems: Sequence[str], reader: int) -> Answer:
    letters = dict(zip(LETTERS, item.order, strict=False))
    ratings, errors = {}, {}
    for letter, system in letters.items():
        own = value["texts"][letter]
        ratings[system] = dict(own["ratings"])
        errors[system] = frozenset(own["errors"])
        if not (
            set(ratings[system]) <= set(CRITERION_NAMES)
            and all(type(one) is int and one in SCALE for one in ratings[system].values())
            and errors[system] <= set(ERRORS)
        ):
            raise ValueError(letter)
    preferences: dict[tuple[str, str], int] = {}
    for one, other in pairs_of(list(letters)):
        better = value["preferences"].get(one + other)
        if better not in (one, other, TIE, None):
            raise ValueError(one + other)
        pair = (letters[one], letters[other])
        if better is not None:
            sign = 0 if better == TIE else 1 if better == one else -1
            if systems.index(pair[0]) > systems.index(pair[1]):
                pair, sign = (pair[1], pair[0]), -sign
            preferences[pair] = sign
    if not isinstance(value["comment"], str):
        raise TypeError("comment")
    return Answer(
        reader, item.uid, item.repeat, ratings, errors, preferences, item.order, value["comment"]
    )
