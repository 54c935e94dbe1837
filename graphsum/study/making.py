"""A study from what systems wrote: its sheets and its key."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graphsum.page.document import document, embedded_json
from graphsum.study.design import Item, assign, draw_reports, sheet_items
from graphsum.study.files import ANSWERS_FORMAT, VERSION, Key, ReaderKey, checksum
from graphsum.study.form import CRITERIA, KINDS, LETTERS, SCALE, TIE, TIERS
from graphsum.study.systems import Case, stratum_of
from preprocessing.errors import InputError


class Study(NamedTuple):
    """The key, and the text of each reader's sheet."""

    key: Key
    sheets: Sequence[str]


def make_study(
    cases: Sequence[Case],
    *,
    n: int,
    readers: int,
    overlap: int,
    repeats: int | None = None,
    seed: int = 1,
) -> Study:
    """Draw the reports, assign them, and write the sheets.

    Args:
        cases: all with the same systems.
        n: how many reports are drawn, of *normal* and *abnormal* ones, and of short and long
            findings, their shares.
        readers: how many sheets.
        overlap: how many of the reports all readers have; the others have one reader each.
        repeats: how many reports each reader gets twice; None: a tenth.

    Raises:
        InputError: there are too few reports for it.
    """
    if overlap > n:
        raise InputError(f"--overlap {overlap}: more than the --n {n} reports")
    if overlap + readers > n and overlap != n:
        raise InputError(f"--n {n}: too few for {readers} readers beside --overlap {overlap}")
    systems = tuple(cases[0].impressions)
    by_uid = {case.uid: case for case in cases}
    strata = strata_of(cases)
    rng = np.random.default_rng(seed)
    drawn = {uid: strata[uid] for uid in draw_reports(strata, n, rng)}
    parts = assign(drawn, readers=readers, overlap=overlap, rng=rng)
    sheets = []
    for number, uids in enumerate(parts, 1):
        own = np.random.default_rng([seed, number])
        several = max(1, len(uids) // 10) if len(uids) >= 3 else 0
        sheets.append(
            sheet_items(uids, systems, repeats=several if repeats is None else repeats, rng=own)
        )
    study = _study_id(by_uid, sheets)
    pages = [
        render_sheet(items, by_uid, study=study, reader=r) for r, items in enumerate(sheets, 1)
    ]
    keys = tuple(
        ReaderKey(page.checksum, tuple(items)) for page, items in zip(pages, sheets, strict=True)
    )
    return Study(Key(study, systems, drawn, keys), [page.text for page in pages])


def strata_of(cases: Sequence[Case]) -> dict[str, str]:
    """uid -> *normal* or *abnormal*, with *short* or *long* findings (above the median)."""
    lengths = {case.uid: len(case.findings.split()) for case in cases}
    middle = float(np.median(list(lengths.values())))
    return {
        case.uid: f"{stratum_of(case)}, {'long' if lengths[case.uid] > middle else 'short'}"
        for case in cases
    }


class Sheet(NamedTuple):
    """A page, and the checksum of what it shows and asks."""

    text: str
    checksum: str


def render_sheet(
    items: Sequence[Item], cases: Mapping[str, Case], *, study: str, reader: int
) -> Sheet:
    """One self-contained HTML file: findings and impressions, no uid and no system's name."""
    settings = embedded_json(
        {
            "format": ANSWERS_FORMAT,
            "version": VERSION,
            "study": study,
            "reader": reader,
            "letters": list(LETTERS[: len(items[0].order)]),
            "tie": TIE,
            "scale": list(SCALE),
            "criteria": [one._asdict() for one in CRITERIA],
            "kinds": KINDS,
            "tiers": TIERS,
        }
    )
    data = embedded_json(
        [
            {
                "findings": cases[item.uid].findings,
                "texts": [cases[item.uid].impressions[name].strip() for name in item.order],
            }
            for item in items
        ]
    )
    text = document(
        "study_sheet.html",
        script="study_sheet.js",
        title=f"Reading sheet, reader {reader}",
        settings=settings,
        reports=data,
        criteria=CRITERIA,
        kinds=KINDS,
        tiers=TIERS,
        number=len(items),
    )
    return Sheet(text, checksum(f"{settings}\n{data}"))


def _study_id(cases: Mapping[str, Case], sheets: Sequence[Sequence[Item]]) -> str:
    """12 hexadecimal digits that change with any text, system or order."""
    value = [
        [[item.uid, item.order, cases[item.uid].findings, *cases[item.uid].impressions.values()]
         for item in items]
        for items in sheets
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def sheet_path(folder: str | Path, reader: int) -> Path:
    """Where a reader's sheet lies: in a folder of its own, without the key."""
    return Path(folder) / "sheets" / f"reader-{reader}.html"
