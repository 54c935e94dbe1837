"""Reading and comparing texts of JSON Lines files: the commands ``read`` and ``compare``."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from preprocessing.errors import InputError
from preprocessing.facts.comparison import compare_statements, errors_of, statements_of, tier_of
from preprocessing.facts.information import information_in
from preprocessing.facts.observations import extract_observations
from preprocessing.facts.statements import Statement
from preprocessing.files import check_writable, dumps, read_jsonl, write_text_atomically

_AT_ONCE = 256


def read_file(source: str, target: str) -> int:
    """Read every ``{"id", "text"}`` of a file; returns their number.

    Writes ``{"id", "observations", "statements", "verdict", "reason"}`` a line, in order: what the
    text mentions (name, status, side, certainty, start, end), what it states (names, status, side,
    places, sizes in mm, severity 1 to 3, change, tier, start, end), and whether it says anything at
    all ("read", or "nothing" and why).

    Raises:
        InputError: the file, a line or a field is not as described; nothing is written.
    """
    return _write(source, target, (dumps(line) for line in _read_lines(source)))


def compare_file(source: str, target: str) -> int:
    """Judge the impression of every line by its findings, or by a reference; returns their number.

    Lines: ``{"id", "findings" or "reference", "impression"}``. Writes ``{"id", "alarm", "errors",
    "left_out"}``: errors as :class:`preprocessing.facts.comparison.Error` has them, and what the
    impression leaves out with its tier.

    Raises:
        InputError: the file, a line or a field is not as described; nothing is written.
    """
    return _write(source, target, (dumps(line) for line in _compared_lines(source)))


def _write(source: str, target: str, lines: Iterable[str]) -> int:
    if os.path.realpath(source) == os.path.realpath(target):
        raise InputError(f"--output {target}: is the input; give another name")
    check_writable(target)
    written = list(lines)
    write_text_atomically(target, written)
    return len(written)


def _records(source: str, *fields: tuple[str, ...]) -> Iterator[tuple[Any, list[str]]]:
    """The id and the texts of each line; ``fields``: the names that each text may have."""
    number = 0
    for number, line in enumerate(read_jsonl(source), start=1):
        where = f"{source}, line {number}"
        if not isinstance(line, dict) or "id" not in line:
            raise InputError(f"{where}: needs an object with the field 'id'")
        texts = []
        for names in fields:
            name = next((name for name in names if name in line), None)
            if name is None or not isinstance(line[name], str):
                raise InputError(f"{where}: needs a text in the field {' or '.join(names)!r}")
            texts.append(line[name])
        yield line["id"], texts
    if not number:
        raise InputError(f"{source}: empty; give a line of JSON for each text")


def _read_lines(source: str) -> Iterator[dict[str, Any]]:
    records = _records(source, ("text",))
    while batch := list(islice(records, _AT_ONCE)):
        stated = statements_of([text for _, (text,) in batch])
        for (own_id, (text,)), statements in zip(batch, stated, strict=True):
            information = information_in(text)
            yield {
                "id": own_id,
                "observations": [
                    {
                        "name": one.name,
                        "status": one.status,
                        "side": one.side,
                        "certainty": one.certainty,
                        "start": one.start,
                        "end": one.end,
                    }
                    for one in extract_observations(text)
                ],
                "statements": [_statement(one) for one in statements if not one.denied_only],
                "verdict": information.verdict,
                "reason": information.reason,
            }


def _statement(one: Statement) -> dict[str, Any]:
    return {
        "names": sorted(one.names),
        "status": one.status,
        "side": one.side,
        "places": sorted(one.places),
        "sizes": sorted(one.sizes),
        "severity": one.degree[1] if one.degree else None,
        "change": one.change,
        "old": one.old,
        "tier": tier_of(one),
        "start": one.start,
        "end": one.end,
    }


def _compared_lines(source: str) -> Iterator[dict[str, Any]]:
    records = _records(source, ("findings", "reference"), ("impression",))
    while batch := list(islice(records, _AT_ONCE)):
        read = iter(statements_of([text for _, texts in batch for text in texts]))
        for own_id, (findings, _) in batch:
            theirs, own = next(read), next(read)
            checked = compare_statements(own, theirs, findings)
            yield {
                "id": own_id,
                "alarm": checked.alarm,
                "errors": [
                    {
                        "kind": one.kind,
                        "attribute": one.attribute,
                        "tier": one.tier,
                        "significance": one.significance,
                        "names": list(one.names),
                        "start": one.start,
                        "end": one.end,
                    }
                    for one in errors_of(checked)
                ],
                "left_out": [
                    {
                        "names": sorted(one.names),
                        "tier": tier_of(one),
                        "start": one.start,
                        "end": one.end,
                    }
                    for one in checked.left_out
                ],
            }
