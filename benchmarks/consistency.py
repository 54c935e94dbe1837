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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.baselines import CONSTANT_IMPRESSION  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.errors import InputError  # noqa: E402
from preprocessing.facts.comparison import (  # noqa: E402
    Consistency,
    compare_statements,
    statements_of,
)
from preprocessing.facts.statements import Statement  # noqa: E402
from preprocessing.records import Report  # noqa: E402

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
    r"\b(?:no|not|nor|without|negative|free|normal|clear|unremarkable|intact|unchanged|change"
    r"|stable (?:chest|exam\w*)|resol\w+|limits|recommend\w*|correlat\w+|follow\w*|comparison"
    r"|compared|consider|exclude\w*|dr|notified|discussed|telephone|findings?|ct|scan|views?"
    r"|imaging|may|might|could|please)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\b(?:chang\w+|change|compar\w+)\b", re.IGNORECASE)
_NOTHING_ACUTE = re.compile(
    r"(?:acute|active)\b(?!.*\b(?:bon[ey]|osseous)).*(?:abnormal|disease|process|finding)", re.I
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
_SIZE = re.compile(r"\b(\d+(?:\.\d+)?)(?= ?(?:mm|cm)\b)")
_LOBE = re.compile(r"\b(upper|lower)(?= (?:lobe|lung|zone))", re.IGNORECASE)
_OTHER_LOBE = {"upper": "lower", "lower": "upper"}
_DEGREE = re.compile(rf"\b(?:{'|'.join(_OPPOSITE)})\b", re.IGNORECASE)
_SLIGHT = ("small", "tiny", "trace", "mild", "minimal", "slight")
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
    "size": "size_flipped",
    "lobe": "place_flipped",
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
    options: dict[str, list[Flip]] = {kind: [] for kind in EXPECTED}
    for position, sentence in enumerate(sentences):
        number = _NUMBER.match(sentence)
        assert number is not None
        for kind, changed, told in _changes(sentence[number.end() :], findings):
            new = [number[0] + _capital(changed)] if changed else []
            text = " ".join([*sentences[:position], *new, *sentences[position + 1 :]])
            options[kind].append(Flip(kind, text or CONSTANT_IMPRESSION, told))
    for sentence, term in INVENTED:
        stated = [one for one in re.split(r"[.;]", findings) if re.search(term, one)]
        if not re.search(term, report.impression.lower()) and all(map(_denies, stated)):
            kind = "invented, denied by the findings" if stated else "invented"
            options[kind].append(Flip(kind, f"{report.impression.strip()} {sentence}", True))
    return [rng.choice(flips) for flips in options.values() if flips]


def _changes(sentence: str, findings: str) -> Iterator[Flip]:
    """The sentence changed, in each way that it allows; empty where it is dropped."""
    denial, without = _DENIAL.match(sentence), _WITHOUT.search(sentence)
    told = _told(sentence, findings)
    if (denial or without) and _COMPARES.search(sentence):
        pass  # "no change": not about an observation
    elif denial:
        rest = sentence[denial.end() :]
        kind = SUMMARY if _NOTHING_ACUTE.match(rest) else APPEARS
        yield Flip(kind, (denial["there"] or "") + rest, told or kind == SUMMARY)
    elif without:
        rest = sentence[without.end() :]
        kind = SUMMARY if _NOTHING_ACUTE.match(rest) else APPEARS
        changed = f"{sentence[: without.start()]}with {rest}"
        yield Flip(kind, changed, _told(rest, findings) or kind == SUMMARY)
    elif not _NOT_POSITIVE.search(sentence) and re.search(r"[a-z]{4}", sentence):
        if _BE.search(sentence):
            yield Flip(DENIED, _BE.sub(r"\1 not", sentence, count=1), told)
        else:
            yield Flip(DENIED, f"No {sentence[:1].lower()}{sentence[1:]}", told)
        yield Flip("dropped", "", told)
        if degree := _DEGREE.search(sentence):
            changed = sentence[: degree.start()] + _OPPOSITE[degree[0].lower()]
            graded = any(
                _is_slight(word) == _is_slight(degree[0]) for word in _DEGREE.findall(findings)
            )
            yield Flip("severity", changed + sentence[degree.end() :], graded)
    if not (denial or without) and (size := _SIZE.search(sentence)):
        value = f"{2 * float(size[1]):g}"
        changed = sentence[: size.start()] + value + sentence[size.end() :]
        yield Flip("size", changed, size[1] in findings)
    lobes = {one.lower() for one in _LOBE.findall(sentence)}
    if len(lobes) == 1 and not re.search(r"recommend|suggest|correlat", sentence):
        changed = _LOBE.sub(lambda one: _OTHER_LOBE[one[0].lower()], sentence)
        yield Flip("lobe", changed, bool(re.search(rf"{min(lobes)} (?:lobe|lung|zone)", findings)))
    sides = {one.lower() for one in _SIDE.findall(sentence)}
    if len(sides) == 1 and not re.search(r"recommend|suggest|correlat", sentence):
        changed = _SIDE.sub(lambda one: _SWAPPED[one[0].lower()], sentence)
        yield Flip("side", changed, min(sides) in findings)


def _is_slight(word: str) -> bool:
    return word.lower().removesuffix("ly") in _SLIGHT


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
