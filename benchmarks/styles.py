"""Is every impression made of whole sentences of words that exist, whatever the findings look like?

    python benchmarks/styles.py
    python benchmarks/styles.py --reports 50 --output impressions.jsonl

Findings of the invented corpus ``sample`` are written in five styles (prose, telegraphic, bullets,
a template with labels, capitals) and summarized by beam search or as the checkpoint decides. For
each style the table counts impressions with

- *unknown words*: in neither the findings nor the speller's list of the training texts,
- *blanks*: ``___``, ``XXXX``,
- *half sentences*: without a full stop, or that end in "of", "the", "and",
- *repeats*: a word or pair of words twice running, or the same sentence twice,
- *states nothing*: a sentence that neither states nor denies nor advises anything,
- *wrong*: a statement that the findings contradict or do not bear out,
- *missed*: something urgent or critical that is not reported.

The checks share no rule with the mending but the reading of statements. --output keeps all
impressions, to be read by hand.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum import Summarizer  # noqa: E402
from graphsum.command_line import Parser, run  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.facts.comparison import compare_statements, statements_of, tier_of  # noqa: E402
from preprocessing.files import dumps, write_text_atomically  # noqa: E402
from preprocessing.text.sentences import sentence_spans  # noqa: E402

_FILLERS = re.compile(
    r"\b(?:there (?:is|are|has been|have been) |(?:is|are) (?:seen|noted|evident|present|visible)"
    r"|(?:the|an?) )",
    re.IGNORECASE,
)
_LABELS = (
    ("PLEURA", re.compile(r"pleura|effusion|pneumothora|costophrenic", re.IGNORECASE)),
    ("LUNGS", re.compile(r"lung|lobe|opaci|nodul|atelecta|consolid|mass|edema", re.IGNORECASE)),
    ("HEART AND MEDIASTINUM", re.compile(r"heart|cardi|mediastin|aort|trachea|hil", re.IGNORECASE)),
    ("BONES", re.compile(r"bon|spine|rib|osseous|fractur|scoli", re.IGNORECASE)),
)
_DANGLING = re.compile(r"\b(?:of|the|and|or|with|an?|in|to|is|are|at|by|from|no|than)\W*$")
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)[ ,]+\1\b", re.IGNORECASE)
_ADVICE = re.compile(
    r"recommend|correlat|follow|compar|prior|stable|unchanged|change|limited|as above|consider"
    r"|(?:acute|active|evidence of)\b.*(?:process|disease|abnormalit|finding)",
    re.IGNORECASE,
)


def _template(sentences: Sequence[str]) -> str:
    lines: dict[str, list[str]] = {}
    for one in sentences:
        label = next((name for name, term in _LABELS if term.search(one)), "OTHER")
        lines.setdefault(label, []).append(one)
    return "\n".join(f"{label}: {' '.join(own)}" for label, own in lines.items())


def _telegraphic(sentences: Sequence[str]) -> str:
    short = (" ".join(_FILLERS.sub(" ", one).split()) for one in sentences)
    return " ".join(re.sub(r" ([.,;])", r"\1", one) for one in short)


STYLES: dict[str, Callable[[Sequence[str]], str]] = {
    "prose": " ".join,
    "telegraphic": _telegraphic,
    "bullets": lambda sentences: "\n".join(f"- {one.rstrip('.')}" for one in sentences),
    "template": _template,
    "capitals": lambda sentences: " ".join(sentences).upper(),
}


def faults_of(
    impression: str, findings: str, is_word: Callable[[str], bool] | None = None
) -> set[str]:
    """The names of the checks that an impression fails, of those on its wording alone."""
    words = set(re.findall(r"[a-z]{3,}", impression.lower()))
    known = set(re.findall(r"[a-z]{3,}", findings.lower()))
    sentences = [impression[start:end].strip() for start, end in sentence_spans(impression)]
    sentences = [one for one in sentences if not re.fullmatch(r"\d+[.)]", one)]
    found = set()
    if is_word and not all(map(is_word, words - known)):
        found.add("unknown words")
    if re.search(r"_{2,}|x{3,}", impression, re.IGNORECASE):
        found.add("blanks")
    if any(not re.search(r"[.!?]$", one) or _DANGLING.search(one) for one in sentences):
        found.add("half sentences")
    if len(set(sentences)) < len(sentences) or _REPEATED.search(impression):
        found.add("repeats")
    stated = statements_of(sentences)
    if any(not own and not _ADVICE.search(one) for one, own in zip(sentences, stated, strict=True)):
        found.add("states nothing")
    return found


CHECKS = ("unknown words", "blanks", "half sentences", "repeats", "states nothing")


def main(arguments: Sequence[str] | None = None) -> None:
    args = build_parser().parse_args(arguments)
    corpus = load_corpus("sample")
    reports = [*corpus.test, *corpus.val, *corpus.train][: args.reports]
    summarizer = Summarizer.from_pretrained(args.checkpoint)
    settings = {"num_beams": args.num_beams} if args.num_beams else {}
    rows, kept = [], []
    for style, write in STYLES.items():
        findings = [
            write([one.findings[start:end].strip() for start, end in sentence_spans(one.findings)])
            for one in reports
        ]
        impressions = list(map(str, summarizer.summarize(findings, **settings)))
        counts: Counter[str] = Counter()
        stated = zip(statements_of(impressions), statements_of(findings), strict=True)
        for text, source, (own, theirs) in zip(impressions, findings, stated, strict=True):
            checked = compare_statements(own, theirs, source)
            faults = faults_of(text, source, summarizer.processor.is_word)
            if checked.wrong:
                faults.add("wrong")
            if any(tier_of(one) in ("critical", "urgent") for one in checked.missed):
                faults.add("missed")
            counts.update(faults)
            kept.append(
                {
                    "style": style,
                    "findings": source,
                    "impression": text,
                    "faults": sorted(faults),
                }
            )
        checks = (*CHECKS, "wrong", "missed")
        rows.append((style, len(reports), *(counts[name] for name in checks)))
    print(tabulate(rows, headers=("style", "impressions", *CHECKS, "wrong", "missed")))
    if args.output:
        write_text_atomically(args.output, map(dumps, kept))
        print(f"written: {args.output}")


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", metavar="FOLDER", default=str(ROOT / "checkpoints/openi"))
    parser.add_argument("--reports", type=int, default=200, help="per style (default: 200)")
    parser.add_argument(
        "--num-beams", type=int, help="search in the place of what the checkpoint decides"
    )
    parser.add_argument("--output", metavar="FILE", help="all impressions, as JSON Lines")
    return parser


if __name__ == "__main__":
    run(main)
