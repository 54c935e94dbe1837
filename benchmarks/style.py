"""Is an impression in the style asked for, and does it state the same in every style?

    python benchmarks/style.py openi --data-dir DIR --drafts drafts.jsonl
    python benchmarks/style.py authors

openi: the shipped checkpoint drafts the impressions of the findings of val (or --part test) that
are not normal, once (--drafts keeps them); each draft is written in six styles. For each style:
*draft fits*: the detectors find all that was asked for in the draft already; *fits*: they do in
what was written; *open*: how many asked attributes the text leaves open, so that they fit anyway;
*changed*: the text is not the draft; *same*: it states what the draft states, but for what
``short`` may leave out, and what the findings contradict or miss does not grow; *words*: it has the
draft's words but for articles, forms of "be" and the like (*short*: none but these), which is
counted without the reader of statements that restyling itself relies on.
*pairs*: impressions of the same findings in two styles that both keep everything state the same.
Then ROUGE-1/2/L with the radiologist's impression, in its own style as detected, in a predicted one
(what most training impressions have) and in that of another report. That the true style raises
ROUGE is no clinical gain.

authors: the profile of the invented corpus ``sample_authors`` against its planted habits, and how
often a classifier (logistic regression on n-grams of characters and on structure), trained on the
first 80 % of the authors' own impressions, names the author in whose style the plain impression of
a later report was written.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tabulate import tabulate  # noqa: E402

from graphsum.command_line import Parser, run  # noqa: E402
from graphsum.metrics.rouge import rouge_scores  # noqa: E402
from graphsum.personal.detection import detect_styles, fits  # noqa: E402
from graphsum.personal.items import NUMBER  # noqa: E402
from graphsum.personal.profile import habits_of, hashed, measure_profile  # noqa: E402
from graphsum.personal.restyling import restyle, states_the_same  # noqa: E402
from graphsum.personal.style import STYLE_VALUES, StyleSpec, parse_style  # noqa: E402
from preprocessing.corpora import load_corpus  # noqa: E402
from preprocessing.corpora.sample_authors import (  # noqa: E402
    HABITS,
    N_REPORTS,
    plain_impression,
    read_reports,
)
from preprocessing.facts.comparison import compare_statements, statements_of  # noqa: E402
from preprocessing.files import dumps, read_jsonl, write_text_atomically  # noqa: E402
from preprocessing.records import Report  # noqa: E402

_FUNCTION_WORDS = (
    "a an the is are was were has have been there this these it they which that present seen noted"
    " identified evident study patient"
).split()
STYLES = (
    "full,numbered,clauses,lead=urgent",
    "full,plain,clauses,lead=normal",
    "full,plain,telegraphic,lead=abnormal",
    "full,numbered,telegraphic,lead=normal",
    "short,numbered,telegraphic,lead=urgent,recommendations=drop",
    "short,plain,clauses,lead=urgent,recommendations=drop",
)


def drafts_of(reports: Sequence[Report], path: str | None) -> list[str]:
    """The checkpoint's impressions by beam search, from the file where they are there."""
    if path and Path(path).exists():
        kept = {str(row["uid"]): str(row["draft"]) for row in read_jsonl(path)}
        return [kept[report.uid] for report in reports]
    from graphsum import Summarizer

    summarizer = Summarizer.from_pretrained(ROOT / "checkpoints" / "openi")
    drafts = list(map(str, summarizer.summarize([r.findings for r in reports], num_beams=5)))
    if path:
        rows = zip(reports, drafts, strict=True)
        write_text_atomically(path, [dumps({"uid": r.uid, "draft": d}) for r, d in rows])
    return drafts


def openi(options: argparse.Namespace) -> None:
    """The six styles and the three kinds of requests on Open-i val."""
    corpus = load_corpus("openi", data_dir=options.data_dir)
    part = getattr(corpus, options.part)
    reports = [one for one in part if "normal" not in one.labels]
    drafts = drafts_of(reports, options.drafts)
    findings = statements_of([one.findings for one in reports])
    stated = statements_of(drafts)
    print(f"{len(reports)} findings of {options.part} that are not normal")

    drafted = detect_styles(drafts)
    table, by_style = [], []
    for text in STYLES:
        style = parse_style(text)
        restyled = restyle(drafts, [style] * len(drafts))
        new = statements_of([one.text for one in restyled])
        found = detect_styles([one.text for one in restyled])
        asked = [(name, getattr(style, name)) for name in STYLE_VALUES]
        asked = [(name, value) for name, value in asked if value is not None]
        loose = sum(one[name] >= set(STYLE_VALUES[name]) for one in found for name, _ in asked) / (
            len(found) * len(asked)
        )
        same = [
            states_the_same(old, now, may_drop=style.length == "short")
            and not _grows(old, now, report, theirs)
            for old, now, report, theirs in zip(stated, new, reports, findings, strict=True)
        ]
        by_style.append((style, new))
        table.append(
            [
                text,
                _share(fits(one, style) for one in drafted),
                _share(fits(one, style) for one in found),
                100 * loose,
                _share(one.text != draft for one, draft in zip(restyled, drafts, strict=True)),
                _share(same),
                _share(
                    _same_words(draft, one.text, may_drop=style.length == "short")
                    for one, draft in zip(restyled, drafts, strict=True)
                ),
            ]
        )
    print(
        tabulate(
            table,
            ["style", "draft fits", "fits", "open", "changed", "same", "words"],
            floatfmt=".1f",
        )
    )
    whole = [new for style, new in by_style if style.length == "full"]
    pairs = [states_the_same(a, b) for one, other in combinations(whole, 2)
             for a, b in zip(one, other, strict=True)]  # fmt: skip
    print(f"pairs that state the same: {_share(pairs):.1f} % of {len(pairs)}\n")

    truth = [_detected(one) for one in detect_styles([one.impression for one in reports])]
    common = habits_of(detect_styles([one.impression for one in corpus.train])).style
    predicted = replace(common, length="full", recommendations="keep")
    shuffled = list(truth)
    Random(options.seed).shuffle(shuffled)
    rows = []
    for name, styles in (
        ("none (the draft)", [StyleSpec()] * len(drafts)),
        (f"predicted ({predicted})", [predicted] * len(drafts)),
        ("true", truth),
        ("shuffled", shuffled),
    ):
        texts = [one.text for one in restyle(drafts, styles)]
        scores = rouge_scores(texts, [one.impression for one in reports])
        rows.append([name, *scores.mean(axis=0)])
    print(tabulate(rows, ["requested style", "R-1", "R-2", "R-L"], floatfmt=".1f"))


def _grows(old, new, report: Report, findings) -> bool:  # type: ignore[no-untyped-def]
    """Whether more is contradicted or missed than before."""
    before = compare_statements(old, findings, report.findings)
    after = compare_statements(new, findings, report.findings)
    return len(after.wrong) > len(before.wrong) or len(after.missed) > len(before.missed)


def _same_words(draft: str, text: str, *, may_drop: bool) -> bool:
    """Whether two texts have the same words that carry content, or the second some of them."""
    old, new = (
        Counter(re.findall(r"\w+(?:\.\d+)?", NUMBER.sub("", one).lower())) for one in (draft, text)
    )
    for words in (old, new):
        for word in _FUNCTION_WORDS:
            del words[word]
    return not new - old and (may_drop or not old - new)


def _detected(found) -> StyleSpec:  # type: ignore[no-untyped-def]
    """What a text shows of its style; what it leaves open is not asked for."""
    only = {name: next(iter(found[name])) for name in STYLE_VALUES if len(found[name]) == 1}
    if found["length"] == {"short", "full"}:
        only["length"] = "short"
    return StyleSpec(**only)


def _share(values) -> float:  # type: ignore[no-untyped-def]
    values = list(values)
    return 100 * sum(values) / max(len(values), 1)


def authors(options: argparse.Namespace) -> None:
    """The profile of the invented authors, and who a classifier says wrote what."""
    reports = list(read_reports(n=options.reports))
    pairs = [(one.meta["author"], one.impression) for one in reports]
    profile = measure_profile(pairs, salt="benchmark", phrases=True)
    rows = []
    for name in HABITS:
        measured = profile.authors[hashed(name, "benchmark")]
        planted = planted_style(name)
        rows.append([name, measured.reports, measured.style, measured.style == planted])
    print(tabulate(rows, ["author", "reports", "measured style", "as planted"]))

    n_train = options.reports * 8 // 10
    test = range(n_train, options.reports)
    wanted = list(HABITS)
    styles = [profile.authors[hashed(name, "benchmark")].style for name in wanted]
    accuracy = attribution(
        pairs[:n_train],
        [
            (name, one.text)
            for name, style in zip(wanted, styles, strict=True)
            for one in restyle([plain_impression(i) for i in test], [style] * len(test))
        ],
    )
    own = attribution(pairs[:n_train], pairs[n_train:])
    print(f"\nattributed to the author asked for: {100 * accuracy:.1f} % of {5 * len(test)}")
    print(f"the authors' own impressions: {100 * own:.1f} % of {len(test)}")


def planted_style(author: str) -> StyleSpec:
    """The habits of an author of the corpus as a style."""
    own = HABITS[author]
    return StyleSpec(
        numbered="numbered" if own.numbered else "plain",
        length="short" if own.short else "full",
        verbs="clauses" if own.clauses else "telegraphic",
        lead=own.lead,  # type: ignore[arg-type]
        recommendations="keep" if own.advises else "drop",
        normal=own.normal,
    )


def attribution(train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]]) -> float:
    """The share of ``test`` pairs (author, impression) whose author a classifier names."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, min_df=2)

    def features(texts: Sequence[str], fitted: bool):  # type: ignore[no-untyped-def]
        grams = characters.transform(texts) if fitted else characters.fit_transform(texts)
        structure = [
            [float("short" in f["length"]), float("numbered" in f["numbered"]),
             float("clauses" in f["verbs"]), float("normal" in f["lead"]),
             float("urgent" in f["lead"]), float("drop" in f["recommendations"])]
            for f in detect_styles(texts)
        ]  # fmt: skip
        return hstack([grams, csr_matrix(structure)])

    model = LogisticRegression(C=10, max_iter=1000)
    model.fit(features([text for _, text in train], False), [name for name, _ in train])
    score = model.score(features([text for _, text in test], True), [name for name, _ in test])
    return float(score)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the two."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("openi", help="six styles on Open-i val")
    one.add_argument("--data-dir", help="default: data/openi")
    one.add_argument("--part", default="val", choices=("val", "test"), help="default: val")
    one.add_argument("--drafts", metavar="FILE", help="where the drafts are kept")
    one.add_argument("--seed", type=int, default=0, help="of the shuffled styles (default: 0)")
    one.set_defaults(execute=openi)
    two = commands.add_parser("authors", help="five invented authors")
    two.add_argument("--reports", type=int, default=N_REPORTS, help=f"default: {N_REPORTS}")
    two.set_defaults(execute=authors)
    options = parser.parse_args(arguments)
    options.execute(options)


if __name__ == "__main__":
    run(main)
