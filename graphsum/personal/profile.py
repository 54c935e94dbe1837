"""Style profiles: the habits of authors, measured on their impressions, and their JSON file.

A profile holds counts, styles and hashes of the authors' names. It holds no report text, but for
an author's phrase for a normal study where that was asked for and many reports have it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphsum.personal.detection import Fits, detect_styles
from graphsum.personal.items import sentences_in
from graphsum.personal.style import STYLE_VALUES, StyleSpec
from preprocessing.errors import InputError
from preprocessing.facts.comparison import statements_of
from preprocessing.files import json_text, read_json, write_text_atomically

VERSION = 1
MIN_USES = 20  # reports in which an author uses a phrase before a profile may hold it
# What a habit is, where most texts leave it open: the share of an author's reports that have what
# the value allows and its opposite does not.
_RARE_SIGNS = {"length": ("full", "short", 0.35), "recommendations": ("keep", "drop", 0.05)}
_UNSORTED = 0.05  # share of reports with something less urgent before something more urgent


@dataclass(frozen=True, slots=True)
class Habits:
    """What was measured of one author, or of all: reports, style, and the shares behind it.

    ``shares``: attribute -> value -> share of the reports whose text fits that value.
    """

    reports: int
    style: StyleSpec
    shares: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class StyleProfile:
    """The habits of each author, by :func:`hashed` name, and of all together (``mean``)."""

    salt: str
    authors: Mapping[str, Habits]
    mean: Habits

    def style_of(self, author: str) -> StyleSpec | None:
        """The style of an author by name; None for an unknown one."""
        habits = self.authors.get(hashed(author, self.salt))
        return None if habits is None else replace(habits.style, author=author)


def hashed(author: str, salt: str) -> str:
    """The name of an author as a profile has it: 16 hexadecimal digits."""
    return hashlib.sha256(f"{salt}\n{author.strip()}".encode()).hexdigest()[:16]


def measure_profile(
    reports: Iterable[tuple[str, str]],
    *,
    salt: str,
    phrases: bool = False,
    min_uses: int = MIN_USES,
) -> StyleProfile:
    """The profile of (author, impression) pairs; empty impressions are passed over.

    Args:
        salt: what is hashed with the authors' names.
        phrases: whether to keep each author's phrase for a normal study.
        min_uses: the reports in which such a phrase must be found.
    """
    by_author: dict[str, list[str]] = {}
    for author, text in reports:
        if text.strip():
            by_author.setdefault(author.strip(), []).append(text)
    texts = [text for own in by_author.values() for text in own]
    found = iter(detect_styles(texts))
    fits = {author: [next(found) for _ in own] for author, own in by_author.items()}
    normal = (
        {author: normal_phrase(own, min_uses) for author, own in by_author.items()}
        if phrases
        else {}
    )
    return StyleProfile(
        salt,
        {
            hashed(author, salt): habits_of(own, normal.get(author, ""))
            for author, own in sorted(fits.items(), key=lambda item: hashed(item[0], salt))
        },
        habits_of([one for own in fits.values() for one in own]),
    )


def habits_of(found: Sequence[Fits], normal: str = "") -> Habits:
    """The habits behind what was detected of an author's texts."""
    n = len(found)
    shares = {
        name: {
            value: round(sum(value in one[name] for one in found) / n, 4) if n else 0.0
            for value in values
        }
        for name, values in STYLE_VALUES.items()
    }
    chosen = {name: max(values, key=values.__getitem__) for name, values in shares.items() if n}
    for name, (value, other, least) in _RARE_SIGNS.items():
        if n:
            chosen[name] = value if 1 - shares[name][other] >= least else other
    if n and chosen["lead"] != "normal":
        chosen["lead"] = "abnormal" if _unsorted(found) / n >= _UNSORTED else "urgent"
    return Habits(n, StyleSpec(**chosen, normal=normal), shares)  # type: ignore[arg-type]


def _unsorted(found: Sequence[Fits]) -> int:
    return sum(one["lead"] == {"abnormal"} for one in found)


def normal_phrase(texts: Sequence[str], min_uses: int) -> str:
    """The sentence that most of an author's impressions consist of and that only says that nothing
    is wrong; empty where fewer than ``min_uses`` do."""
    split = [sentences_in(text) for text in texts]
    counts = Counter(sentences[0] for sentences in split if len(sentences) == 1)
    common = [text for text, uses in counts.most_common() if uses >= max(min_uses, MIN_USES)]
    for text, statements in zip(common, statements_of(common), strict=True):
        if statements and all(
            one.general and one.status == "absent" and not one.words for one in statements
        ):
            return text
    return ""


# --- the file -----------------------------------------------------------------------------------


def save_profile(profile: StyleProfile, path: str | Path) -> None:
    """Write a profile as JSON; the same profile gives the same bytes."""
    value = {
        "version": VERSION,
        "salt": profile.salt,
        "authors": {name: _to_json(habits) for name, habits in profile.authors.items()},
        "mean": _to_json(profile.mean),
    }
    write_text_atomically(path, [json_text(value)])


def load_profile(path: str | Path) -> StyleProfile:
    """The profile in a file.

    Raises:
        InputError: it cannot be read, has another version, or is no profile.
    """
    value = read_json(path)
    if value.get("version") != VERSION:
        raise InputError(
            f"{path}: not a style profile of version {VERSION}; make one with graphsum style "
            "profile"
        )
    try:
        if set(value) != {"version", "salt", "authors", "mean"}:
            raise ValueError("fields")
        authors = {str(name): _from_json(one) for name, one in value["authors"].items()}
        return StyleProfile(_text(value["salt"]), authors, _from_json(value["mean"]))
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: a damaged style profile ({type(error).__name__}); make it again"
        ) from None


def _to_json(habits: Habits) -> dict[str, Any]:
    style = {name: getattr(habits.style, name) for name in STYLE_VALUES}
    if habits.style.normal:
        style["normal"] = habits.style.normal
    return {"reports": habits.reports, "style": style, "shares": habits.shares}


def _from_json(value: Mapping[str, Any]) -> Habits:
    style = dict(value["style"])
    if set(style) - {"normal"} != set(STYLE_VALUES):
        raise ValueError("style")
    normal = _text(style.pop("normal", ""))
    if normal and normal_phrase([normal] * MIN_USES, MIN_USES) != normal:
        raise ValueError("normal")  # more than that nothing is wrong
    shares = {
        name: {one: float(share) for one, share in value["shares"][name].items()}
        for name in STYLE_VALUES
    }
    if any(set(shares[name]) != set(values) for name, values in STYLE_VALUES.items()):
        raise ValueError("shares")
    if type(value["reports"]) is not int or value["reports"] < 0:
        raise ValueError("reports")
    return Habits(value["reports"], StyleSpec(**style, normal=normal), shares)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
