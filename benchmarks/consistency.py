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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.consistency import Consistency, compare_statements, statements_of  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.records import Report  # noqa: E402

_END = re.compile(r"(?<=[^\d\W][.!?])\s+|(?<=[.;])\s+(?=\d[.)])")
_NUMBER = re.compile(r"\s*(?:\d+[.)]\s*)?")
_DENIAL = re.compile(
    r"(?:(?P<there>there (?:is|are) )?no|negative for) (?:(?:radiographic|definite|convincing|clear) )*"
    r"(?:(?:evidence|signs?|findings?) (?:of|for) )?(?:an? |any )?",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"\bwithout (?:(?:definite|radiographic) )?(?:evidence (?:of|for) )?", re.I)
# Sentences that assert no finding, or that a "no" in front would not deny.
_NOT_POSITIVE = re.compile(
    r"\b(?:no|not|nor|without|negative|free|normal|clear|unremarkable|intact|stable (?:chest|exam\w*)|"
    r"unchanged|change|resol\w+|limits|recommend\w*|correlat\w+|follow\w*|comparison|compared|consider"
    r"|exclude\w*|dr|notified|discussed|telephone|findings?|ct|scan|views?|imaging|may|might|could|please)\b",
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
KINDS = (
    "negation: nothing acute -> acute",
    "negation: absent -> present",
    "negation: present -> absent",
    "side",
    "severity",
    "invented",
    "invented, denied by the findings",
    "dropped",
)


class Flip(NamedTuple):
    """A changed impression; ``told``: whether the findings have a word about what was changed."""

    kind: str
    text: str
    told: bool


def flips_of(report: Report, rng: random.Random) -> list[Flip]:
    """One change of each kind that the impression allows."""
    sentences = _END.split(report.impression.strip())
    findings = report.findings.lower()
    options: dict[str, list[tuple[str, bool]]] = {kind: [] for kind in KINDS}

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
            kind = KINDS[0] if summary and not re.search("bon[ey]|osseous", rest) else KINDS[1]
            offer(
                kind,
                position,
                head + _capital(there + rest),
                kind == KINDS[0] or _told(rest, findings),
            )
        elif without := _WITHOUT.search(body):
            rest = body[without.end() :]
            summary = re.match(r"(?:acute|active)\b", rest, re.I)
            kind = KINDS[0] if summary else KINDS[1]
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
            offer(KINDS[2], position, head + denied, _told(body, findings))
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


def wrong_statements(one: Consistency, rate: Callable) -> Counter:
    return Counter(
        (s.kind, s.statement.names, s.statement.words) for s in one.statements if rate(s)
    )


def evaluate(reports: Sequence[Report], n_flips: int, seed: int) -> tuple[list[list], dict]:
    rng = random.Random(seed)
    findings = statements_of([report.findings for report in reports])
    references = statements_of([report.impression for report in reports])
    original = [
        compare_statements(own, theirs, report.findings)
        for own, theirs, report in zip(references, findings, reports, strict=True)
    ]
    by_kind: dict[str, list[tuple[int, Flip]]] = {kind: [] for kind in KINDS}
    for row, report in enumerate(reports):
        for flip in flips_of(report, rng):
            by_kind[flip.kind].append((row, flip))
    expected = {"side": "side_flipped", "severity": "severity_flipped", "invented": "unsupported"}
    table = []
    missed = []
    for kind, flips in by_kind.items():
        flips = rng.sample(flips, min(n_flips, len(flips)))
        read = statements_of([flip.text for _, flip in flips])
        caught = right = told = caught_told = 0
        for (row, flip), own in zip(flips, read, strict=True):
            one = compare_statements(own, findings[row], reports[row].findings)
            if kind == "dropped":
                new = Counter(left=max(0, len(one.left_out) - len(original[row].left_out)))
                kinds = {"left"} if +new else set()
            else:
                new = wrong_statements(one, lambda s: s.wrong) - wrong_statements(
                    original[row], lambda s: s.wrong
                )
                kinds = {key[0] for key in new}
            caught += bool(kinds)
            right += (
                expected.get(kind, "left" if kind == "dropped" else "negation_flipped") in kinds
            )
            told += flip.told
            caught_told += flip.told and bool(kinds)
            if not kinds:
                missed.append((kind, flip, reports[row]))
        table.append([kind, len(flips), caught, right, told, caught_told])
    alarms = {
        "alarms": sum(any(s.wrong for s in one.statements) for one in original),
        "leaves": sum(bool(one.left_out) for one in original),
        "missed": missed,
    }
    return table, alarms


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
    corpus = load_corpus(options.dataset, data_dir=options.data_dir)
    for part, reports in (("train", corpus.train), ("val", corpus.val)):
        rows, alarms = evaluate(reports, options.flips, options.seed)
        shown = [
            [
                kind,
                n,
                *(f"{100 * x / n:.0f}" if n else "-" for x in (c, r)),
                f"{100 * ct / t:.0f} of {t}" if t else "-",
            ]
            for kind, n, c, r, t, ct in rows
        ]
        print(f"{corpus.name}, {part}: {len(reports)} references")
        print(
            tabulate(shown, headers=["mistake", "n", "caught %", "right kind %", "told, caught %"])
        )
        print(
            f"false alarms: {alarms['alarms']} of {len(reports)} ({100 * alarms['alarms'] / len(reports):.1f} %)\n"
        )


if __name__ == "__main__":
    run(main)
