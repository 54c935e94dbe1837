"""Does the consistency metric notice mistakes? References with one mistake put into each.

    python benchmarks/consistency.py --dataset openi --data-dir DIR
    python benchmarks/consistency.py --dataset sample

Every reference impression of a part of the split is given one mistake of each kind that it allows,
by plain rules on its text that know nothing of the metric; at most --flips of a kind, drawn with
--seed. *Caught*: the changed impression has a wrong statement that the original did not have (for a
dropped finding: more is left out). *Right kind*: it is wrong in the way that it was changed.
*Told*: flips that the findings have a word about, so that they can be noticed at all. False
alarms: references as written with a wrong statement. Never the test part.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.consistency import Consistency, compare_statements, statements_of  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.records import Report  # noqa: E402
from preprocessing.statements import Statement  # noqa: E402

_END = re.compile(r"(?<=[^\d\W][.!?])\s+|(?<=[.;])\s+(?=\d[.)])")
_NUMBER = re.compile(r"\s*(?:\d+[.)]\s*)?")
_DENIAL = re.compile(
    r"(?:(?P<there>there (?:is|are) )?no|negative for) "
    r"(?:(?:radiographic|definite|convincing|clear) )*"
    r"(?:(?:evidence|signs?|findings?) (?:of|for) )?(?:an? |any )?",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"\bwithout (?:(?:definite|radiographic) )?(?:evidence (?:of|for) )?", re.I)
# Sentences that assert no finding, or that a "no" in front would not deny.
_NOT_POSITIVE = re.compile(
    r"\b(?:no|not|nor|without|negative|free|normal|clear|unremarkable|intact|stable (?:chest|exam\w*)"
    r"|unchanged|change|resol\w+|limits|recommend\w*|correlat\w+|follow\w*|comparison|compared"
    r"|consider|exclude\w*|dr|notified|discussed|telephone|findings?|ct|scan|views?|imaging|may"
    r"|might|could|please)\b",
    re.IGNORECASE,
)
_BE = re.compile(r"\b(is|are)\b(?! not)")
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_SWAPPED = {"left": "right", "right": "left"}
_OPPOSITE = {
    "small": "large",
    "tiny": "large",
    "trace": "large",
    "mild": "severe",
    "mildly": "severely",
    "minimal": "extensive",
    "minimally": "severely",
    "slight": "marked",
    "slightly": "markedly",
    "large": "small",
    "severe": "mild",
    "severely": "mildly",
    "marked": "slight",
    "markedly": "slightly",
    "extensive": "minimal",
}
_DEGREE = re.compile(rf"\b(?:{'|'.join(_OPPOSITE)})\b", re.IGNORECASE)
_SLIGHT = ("small", "tiny", "trace", "mild", "minimal", "slight", "minor", "subtle", "faint")
# Inventions, and words that say that a text already speaks of them.
INVENTED = (
    ("Small right pneumothorax.", r"pneumoth"),
    ("Moderate left pleural effusion.", r"effusion|fluid|costophrenic"),
    ("Right lower lobe pneumonia.", r"pneumonia|infect|opacit|consolid|infiltrat|airspace|densit"),
    ("Mild pulmonary edema.", r"edema|congest|failure|interstitial|vascular"),
    ("Cardiomegaly.", r"cardiomeg|heart|cardiac|cardiom"),
    ("Left basilar atelectasis.", r"atelect|collapse|opacit|volume|densit"),
    ("Nodule in the right upper lobe.", r"nodul|mass|lesion|opacit|granulom|densit"),
    ("Acute fracture of a left rib.", r"fractur|rib|deform"),
    ("Hiatal hernia.", r"hernia"),
    ("Emphysema.", r"emphys|copd|hyper|flatten|chronic obstr"),
    ("Calcified granuloma in the left lung.", r"granul|calcif"),
    ("Right-sided central venous catheter.", r"cathet|line|picc|port|tube|device|pace"),
    ("Scoliosis of the thoracic spine.", r"scolio|curv"),
    ("Tortuous aorta.", r"tortuo|aort|ectat"),
    ("Degenerative changes of the spine.", r"degener|spondyl|osteoph|arthr|spine|spinal"),
    ("Elevated left hemidiaphragm.", r"diaphragm"),
)
# Kind of flip -> what it is when noticed for what it is.
EXPECTED = {
    "negation: nothing acute -> acute": "negation_flipped",
    "negation: absent -> present": "negation_flipped",
    "negation: present -> absent": "negation_flipped",
    "side": "side_flipped",
    "severity": "severity_flipped",
    "invented": "unsupported",
    "invented, denied by the findings": "negation_flipped",
    "dropped": "left_out",
}
SUMMARY, APPEARS, DENIED = tuple(EXPECTED)[:3]


class Flip(NamedTuple):
    """A changed impression; ``told``: whether the findings have a word about what was changed."""

    kind: str
    text: str
    told: bool


def flips_of(report: Report, rng: random.Random) -> list[Flip]:
    """One change of each kind that the impression allows."""
    sentences = _END.split(report.impression.strip())
    findings = report.findings.lower()
    options: dict[str, list[tuple[str, bool]]] = {kind: [] for kind in EXPECTED}

    def offer(kind: str, position: int, sentence: str | None, told: bool = True) -> None:
        kept = [*sentences]
        kept[position : position + 1] = [] if sentence is None else [sentence]
        options[kind].append((" ".join(kept) or "No acute cardiopulmonary abnormality.", told))

    for position, sentence in enumerate(sentences):
        number = _NUMBER.match(sentence)
        assert number is not None
        head, body = number[0], sentence[number.end() :]
        if denial := _DENIAL.match(body):
            rest = body[denial.end() :]
            there = denial["there"] or ""
            summary = re.match(
                r"(?:acute|active)\b.*(?:abnormal|disease|process|finding)", rest, re.I
            )
            kind = SUMMARY if summary and not re.search("bon[ey]|osseous", rest) else APPEARS
            offer(
                kind,
                position,
                head + _capital(there + rest),
                kind == SUMMARY or _told(rest, findings),
            )
        elif without := _WITHOUT.search(body):
            rest = body[without.end() :]
            summary = re.match(r"(?:acute|active)\b", rest, re.I)
            kind = SUMMARY if summary else APPEARS
            offer(
                kind,
                position,
                head + body[: without.start()] + "with " + rest,
                _told(rest, findings),
            )
        elif not _NOT_POSITIVE.search(body) and re.search(r"[a-z]{4}", body):
            denied = (
                _BE.sub(r"\1 not", body, count=1)
                if _BE.search(body)
                else "No " + body[:1].lower() + body[1:]
            )
            offer(DENIED, position, head + denied, _told(body, findings))
            offer("dropped", position, None, _told(body, findings))
            if degree := _DEGREE.search(body):
                new = _OPPOSITE[degree[0].lower()]
                slight = degree[0].lower().removesuffix("ly") in _SLIGHT
                told = any(
                    word.removesuffix("ly") in _OPPOSITE
                    and (word.removesuffix("ly") in _SLIGHT) == slight
                    for word in re.findall(r"\w+", findings)
                )
                changed = body[: degree.start()] + new + body[degree.end() :]
                offer("severity", position, head + _capital(changed), told)
        sides = {one.lower() for one in _SIDE.findall(body)}
        if len(sides) == 1 and not re.search(r"recommend|suggest|correlat", body):
            changed = _SIDE.sub(lambda one: _SWAPPED[one[0].lower()], body)
            offer("side", position, head + _capital(changed), min(sides) in findings)
    inventions = [
        (sentence, bool(re.search(term, findings)))
        for sentence, term in INVENTED
        if not re.search(term, report.impression.lower())
        and not any(re.search(term, one) for one in re.split(r"[.;]", findings) if not _denies(one))
    ]
    for sentence, told in inventions:
        kind = "invented, denied by the findings" if told else "invented"
        options[kind].append((f"{report.impression.strip()} {sentence}", True))
    return [Flip(kind, *rng.choice(texts)) for kind, texts in options.items() if texts]


def _denies(sentence: str) -> bool:
    return bool(re.match(r"\s*(?:there (?:is|are) )?(?:no|without|negative)\b", sentence))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _told(sentence: str, findings: str) -> bool:
    """Whether the findings have a longer word of the sentence."""
    return any(word[:7] in findings for word in re.findall(r"[a-z]{6,}", sentence.lower()))


class Row(NamedTuple):
    """How many flips of one kind were made, noticed, noticed for what they are, and told."""

    kind: str
    made: int
    caught: int
    right: int
    told: int
    caught_told: int


def evaluate(reports: Sequence[Report], n_flips: int, rng: random.Random) -> tuple[list[Row], int]:
    """A row for each kind of flip, and the number of references that raise an alarm as they are."""
    findings = statements_of([report.findings for report in reports])
    references = statements_of([report.impression for report in reports])
    flips: dict[str, list[tuple[int, Flip]]] = {kind: [] for kind in EXPECTED}

    def check(row: int, impression: Sequence[Statement]) -> Consistency:
        return compare_statements(impression, findings[row], reports[row].findings)

    for row, report in enumerate(reports):
        for flip in flips_of(report, rng):
            flips[flip.kind].append((row, flip))
    table = []
    for kind, made in flips.items():
        chosen = rng.sample(made, min(n_flips, len(made)))
        caught = right = caught_told = 0
        read = statements_of([flip.text for _, flip in chosen])
        for (row, flip), impression in zip(chosen, read, strict=True):
            new = faults(check(row, impression)) - faults(check(row, references[row]))
            kinds = {fault for fault, *_ in new if (fault == "left_out") == (kind == "dropped")}
            caught += bool(kinds)
            right += EXPECTED[kind] in kinds
            caught_told += flip.told and bool(kinds)
        told = sum(flip.told for _, flip in chosen)
        table.append(Row(kind, len(chosen), caught, right, told, caught_told))
    alarms = sum(bool(check(row, own).wrong) for row, own in enumerate(references))
    return table, alarms


def faults(one: Consistency) -> Counter[tuple[str, frozenset[str], frozenset[str]]]:
    """The wrong statements, and what is left out, as things that can be counted."""
    wrong = [(checked.kind, checked.statement) for checked in one.wrong]
    left_out = [("left_out", finding) for finding in one.left_out]
    return Counter((kind, what.names, what.words) for kind, what in [*wrong, *left_out])


def show(name: str, n_reports: int, rows: Sequence[Row], alarms: int) -> str:
    """The table of one part of the split."""
    shown = [
        [
            row.kind,
            row.made,
            *(f"{100 * part / row.made:.0f}" if row.made else "-" for part in row[2:4]),
            f"{100 * row.caught_told / row.told:.0f} of {row.told}" if row.told else "-",
        ]
        for row in rows
    ]
    header = ["mistake", "n", "caught %", "right kind %", "told: caught %"]
    share = f"{100 * alarms / n_reports:.1f} %"
    return (
        f"{name}: {n_reports} references\n{tabulate(shown, headers=header)}\n"
        f"false alarms: {alarms} of {n_reports} references ({share})\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(
        prog="benchmarks/consistency.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", required=True, help="corpus, as for train.py")
    parser.add_argument("--data-dir", metavar="DIR", help="where the corpus lies")
    parser.add_argument("--flips", type=int, default=500, help="at most so many of a kind (500)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn (default 1)")
    options = parser.parse_args(arguments)
    if options.flips < 1:
        raise InputError("--flips: at least 1")
    corpus = load_corpus(options.dataset, data_dir=options.data_dir)
    for part, reports in (("train", corpus.train), ("val", corpus.val)):
        if reports:
            rows, alarms = evaluate(reports, options.flips, random.Random(options.seed))
            print(show(f"{corpus.name}, {part}", len(reports), rows, alarms))


if __name__ == "__main__":
    run(main)
