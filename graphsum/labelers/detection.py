"""Disease detection: multiple choice over a schema's classes, and open-ended lists of findings.

Both tasks are learnt jointly from weak labels (Wei et al. 2025). A list's free wording becomes a
term by a normaliser, a table that people edit and that is fixed before training; each term is then
one more class, so that a detector is a labeler whose schema has the terms too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.labelers.examples import PRESENT, UNKNOWN
from graphsum.labelers.labels import FOUR_STATES, Form, ReportLabels
from graphsum.labelers.schema import BLANK, Schema, load_schema
from graphsum.metrics.bootstrap import percentile_interval, resampled_means, two_sided_p_value
from preprocessing.errors import InputError
from preprocessing.facts.reading import read_mentions
from preprocessing.files import write_text_atomically
from preprocessing.tables import open_table
from preprocessing.tables.rows import as_text

TASKS = ("mc", "open")
FINDING = "finding: "  # begins the name of the class that stands for a term
NOT_PRESENT = FOUR_STATES.index("absent")
WORDING, TERM = "wording", "term"  # columns of a normaliser


def parse_tasks(text: str) -> tuple[str, ...]:
    """Tasks separated by commas; raises ``InputError`` for another name, or none."""
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(TASKS) or len(set(names)) < len(names):
        raise InputError(f"--tasks {text}: give mc, open or mc,open")
    return tuple(name for name in TASKS if name in names)


def fold_wording(text: str) -> str:
    """A wording without case, blanks around it and a full stop."""
    return " ".join(text.casefold().split()).rstrip(".")


@dataclass(frozen=True)
class Normaliser:
    """Free wording -> term; an empty term drops the wording.

    Args:
        term_of: folded wording -> term.
        path: the table.
    """

    term_of: Mapping[str, str]
    path: Path

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms in alphabetical order."""
        return tuple(sorted({term for term in self.term_of.values() if term}))

    def terms_in(self, wordings: Iterable[str]) -> frozenset[str]:
        """The terms of some wordings; those that the table does not have are passed over."""
        found = (self.term_of.get(fold_wording(one), "") for one in wordings)
        return frozenset(term for term in found if term)

    def check(self, lists: Mapping[str, Sequence[str]], place: str) -> None:
        """Raise ``InputError`` where wordings are not in the table: it is fixed before training."""
        known = self.term_of.keys()
        unknown = {fold_wording(one) for wordings in lists.values() for one in wordings} - known
        if unknown:
            raise InputError(
                f"{place}: {len(unknown)} wordings are not in {self.path}; add them by graphsum "
                "detect terms, or by hand (an empty term drops a wording)"
            )


def read_normaliser(path: str | Path) -> Normaliser:
    """The table in a file with the columns ``wording`` and ``term``.

    Raises:
        InputError: it has no such columns, no term at all, or two terms for one wording.
    """
    table = open_table(path, {"uid": WORDING})
    for name in (WORDING, TERM):
        if name not in table.columns:
            raise InputError(f"{path}: no column {name!r}; a normaliser has {WORDING} and {TERM}")
    term_of: dict[str, str] = {}
    for row in table.rows():
        wording = fold_wording(as_text(row.values[WORDING], row.where, WORDING))
        term = " ".join(as_text(row.values[TERM], row.where, TERM).split())
        if term_of.setdefault(wording, term) != term:
            raise InputError(f"{row.where}: this wording has another term before")
    if not any(term_of.values()):
        raise InputError(f"{path}: no terms; expected a wording and its term in each row")
    return Normaliser(term_of, Path(path))


def propose_terms(lists: Iterable[Sequence[str]], *, at_least: int) -> list[tuple[str, str]]:
    """Wordings, the most frequent first, with a term for each, to be edited by hand.

    The term is the ontology's name of what the wording mentions; else the wording itself, if
    ``at_least`` reports have it; else nothing.
    """
    counts = Counter(wording for found in lists for wording in {fold_wording(one) for one in found})
    rows = []
    for wording, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        _, mentions = read_mentions(wording)
        names = [one.names[0].lower() for one in mentions if one.status != "absent"]
        rows.append((wording, names[0] if names else wording if count >= at_least else ""))
    return rows


def write_normaliser(rows: Iterable[tuple[str, str]], path: str | Path) -> None:
    """Write a normaliser's table, separated by tabs."""
    lines = (f"{wording}\t{term}\n" for wording, term in rows)
    write_text_atomically(path, [f"{WORDING}\t{TERM}\n", *lines])


def read_findings(path: str | Path) -> dict[str, tuple[str, ...]]:
    """uid -> the list under ``findings`` of each line of a JSON Lines file.

    Raises:
        InputError: a line has no uid, one that is there before, or no list of texts.
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in open_table(path, kind="jsonl").rows():
        uid = as_text(row.values.get("uid"), row.where, "uid")
        values = row.values.get("findings")
        if not uid or uid in found:
            raise InputError(f"{row.where}: no uid, or one that is there before")
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise InputError(f"{row.where}: 'findings' must be a list of texts")
        found[uid] = tuple(values)
    return found


def write_detection_schema(
    path: Path, schema: Schema, terms: Sequence[str], tasks: Sequence[str]
) -> Schema:
    """Write the schema of a detector, and give it back: the classes, then the terms as classes."""
    import yaml

    classes: list[dict[str, Any]] = []
    for one in schema.classes if "mc" in tasks else ():
        states = {reading: state or BLANK for reading, state in one.states.items()}
        entry = {"name": one.name, "definition": one.definition, "states": states}
        for key in ("observations", "synonyms", "patterns", "normal", "not_terms", "parents"):
            entry[key] = list(getattr(one, key))
        if one.no_finding_unless is not None:
            entry["no_finding_unless"] = list(one.no_finding_unless)
        classes.append({key: value for key, value in entry.items() if value or key == "name"})
    if "open" in tasks:
        classes += [{"name": FINDING + term, "synonyms": [term]} for term in terms]
    values = {
        "name": schema.name,
        "description": schema.description or schema.name,
        "ontology": schema.ontology,
        "classes": classes,
    }
    write_text_atomically(path, [yaml.safe_dump(values, sort_keys=False, allow_unicode=True)])
    return load_schema(path)


def term_targets(
    uids: Sequence[str], lists: Mapping[str, Sequence[str]], normaliser: Normaliser
) -> np.ndarray:
    """Whether each report's list has each term, as places in ``FOUR_STATES``, [n, terms].

    ``UNKNOWN`` for reports without a list.
    """
    terms = normaliser.terms
    targets = np.full((len(uids), len(terms)), UNKNOWN, np.int64)
    for row, uid in enumerate(uids):
        if uid in lists:
            found = normaliser.terms_in(lists[uid])
            targets[row] = [PRESENT if term in found else NOT_PRESENT for term in terms]
    return targets


@dataclass(frozen=True)
class DetectionForm(Form):
    """How detections are written: ``labels`` of the classes, and ``findings``, a list of terms."""

    kind: str = "jsonl"

    def row(self, uid: str, text: str, labels: ReportLabels) -> dict[str, Any]:
        """One line."""
        flat = super().row(uid, text, labels)
        found = [
            name.removeprefix(FINDING)
            for name, state in labels.states.items()
            if name.startswith(FINDING) and state == "present"
        ]
        classes = {name: flat[name] for name in labels.states if not name.startswith(FINDING)}
        return {"uid": uid, "labels": classes, "findings": found}


def micro_f1(counts: np.ndarray) -> np.ndarray:
    """F1 of (twice what is shared, what is named) on the last axis; 0 where nothing is named."""
    shared, named = counts[..., 0], counts[..., 1]
    return np.divide(shared, named, out=np.zeros_like(shared), where=named > 0)


def counts_of_sets(gold: Sequence[frozenset[str]], found: Sequence[frozenset[str]]) -> np.ndarray:
    """What :func:`micro_f1` takes, of each report: float64 [n, 2]."""
    pairs = zip(gold, found, strict=True)
    return np.array([[2.0 * len(own & one), len(own) + len(one)] for own, one in pairs])


def compare_micro_f1(
    gold: Sequence[frozenset[str]],
    found: Sequence[frozenset[str]],
    other: Sequence[frozenset[str]] | None = None,
) -> dict[str, Any]:
    """Micro F1 with its 95 % bootstrap interval and, with another system, the paired bootstrap.

    Args:
        gold, found, other: what each report has, in the same order.
    """
    counts = counts_of_sets(gold, found)
    resampled = micro_f1(resampled_means(counts))
    shared = sum(len(own & one) for own, one in zip(gold, found, strict=True))
    scores: dict[str, Any] = {
        "reports": len(gold),
        "precision": shared / max(1, sum(map(len, found))),
        "recall": shared / max(1, sum(map(len, gold))),
        "f1": float(micro_f1(counts.sum(0))),
        "ci95": percentile_interval(resampled).tolist(),
    }
    if other is not None:
        theirs = counts_of_sets(gold, other)
        difference = resampled - micro_f1(resampled_means(theirs))
        scores["other_f1"] = float(micro_f1(theirs.sum(0)))
        scores["p_value"] = float(two_sided_p_value(difference[:, None])[0])
    return scores
