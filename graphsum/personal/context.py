"""What is known of a report besides its findings, as a model's input (Sun et al. 2024).

Each kind of context is a marked run of words before the first sentence, the findings behind their
own mark: ``indication : cough . age : 67 . findings : The heart is ...``. In a graph these words
have no edges and are no key words; an LLM reads them in its prompt. What is not known is left out.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from graphsum.options.train_options import CONTEXT_KINDS
from graphsum.personal.detection import Fits, detect_styles
from graphsum.personal.style import STYLE_VALUES, StyleSpec, format_style
from preprocessing.errors import InputError, closest
from preprocessing.records import Edge, Report, ReportGraph
from preprocessing.text.sentences import split_words

Context = Mapping[str, str]  # kind -> what is known
Input = TypeVar("Input", ReportGraph, Report)

LONGEST = 48  # words of one kind that are read
_RUN = 4  # words: the length of what an impression and its leak have in common
_FIELDS = ("indication", "comparison")  # kinds that are fields of a report; the others are in meta


def check_context(context: Context) -> None:
    """Raise ``InputError`` for a kind that does not exist, or something that is no text or None."""
    if not isinstance(context, Mapping):
        raise InputError(
            "a context is a mapping such as {'indication': 'Cough.'}, not "
            f"{type(context).__name__}"
        )
    for kind, value in context.items():
        if kind not in CONTEXT_KINDS:
            raise InputError(
                f"context {kind!r}{closest(str(kind), CONTEXT_KINDS)}; the kinds are "
                f"{', '.join(CONTEXT_KINDS)}"
            )
        if value is not None and not isinstance(value, str):
            raise InputError(f"context {kind!r} must be a text, not {type(value).__name__}")


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise ``InputError`` for kinds, as a checkpoint has them, that do not exist."""
    unknown = [kind for kind in kinds if kind not in CONTEXT_KINDS]
    if unknown or len(set(kinds)) < len(kinds):
        raise InputError(f"context must be some of {', '.join(CONTEXT_KINDS)}, each once")


def contexts_for(
    n: int, given: Context | Sequence[Context | None] | None
) -> Sequence[Context | None]:
    """A context for each of ``n`` reports: the one given for all, or theirs.

    Raises:
        InputError: another number of them, or one that :func:`check_context` refuses.
    """
    if isinstance(given, str):
        raise InputError("a context is a mapping such as {'indication': 'Cough.'}, not a text")
    contexts = [given] * n if given is None or isinstance(given, Mapping) else given
    if len(contexts) != n:
        raise InputError(f"{n} findings but {len(contexts)} contexts")
    for one in contexts:
        check_context({} if one is None else one)
    return contexts


def context_of(report: Report, kinds: Iterable[str]) -> dict[str, str]:
    """What a report says of these kinds; never its style, which only its impression shows.

    A text that holds the report's own impression is left out: the answer is no context.
    """
    found = {}
    for kind in kinds:
        value = _said(report, kind)
        if kind != "style" and value.strip() and not holds_impression(value, report.impression):
            found[kind] = value
    return found


def count_leaks(reports: Iterable[Report], kinds: Sequence[str]) -> int:
    """How many reports have a text of these kinds that holds their impression."""
    own = [kind for kind in kinds if kind != "style"]
    return sum(
        any(holds_impression(_said(one, kind), one.impression) for kind in own) for one in reports
    )


def _said(report: Report, kind: str) -> str:
    return getattr(report, kind) if kind in _FIELDS else report.meta.get(kind, "")


def holds_impression(value: str, impression: str) -> bool:
    """Whether half of the runs of four words of an impression stand in a text.

    Impressions of fewer than four words say too little to be told from chance.
    """
    runs = _runs(impression)
    return bool(runs) and 2 * len(runs & _runs(value)) >= len(runs)


def training_contexts(
    reports: Sequence[Report], kinds: Sequence[str], *, dropout: float, seed: int
) -> list[dict[str, str]]:
    """The context of training reports, the style of their impressions included.

    Each kind is missing in a share ``dropout`` of the reports, by ``seed``, uid and kind, so that a
    model learns to do without it.
    """
    contexts = [context_of(report, kinds) for report in reports]
    if "style" in kinds:
        found = detect_styles([report.impression for report in reports])
        for context, fits in zip(contexts, found, strict=True):
            context["style"] = format_style(style_of(fits))
    return [
        {
            kind: value
            for kind, value in context.items()
            if Random(f"{seed}:{report.uid}:{kind}").random() >= dropout
        }
        for report, context in zip(reports, contexts, strict=True)
    ]


def style_of(fits: Fits) -> StyleSpec:
    """The style of a text: of each attribute the first value that it fits, in their usual order."""
    chosen = {
        name: next((value for value in values if value in fits[name]), None)
        for name, values in STYLE_VALUES.items()
    }
    return StyleSpec(**chosen)  # type: ignore[arg-type]


def in_context(
    given: Input, context: Context | None, kinds: Sequence[str], authors: Sequence[str] = ()
) -> Input:
    """A graph or a report with what is known of these kinds before its findings.

    In a graph the words of the context come before the first sentence. With nothing known it stays
    as it is. ``authors``: the codes of those that the model knows; another author is left out.
    """
    context = {} if context is None else context
    if is_unknown_author(context, kinds, authors):
        context = {kind: value for kind, value in context.items() if kind != "author"}
    words = context_words(context, kinds)
    if not words:
        return given
    if isinstance(given, Report):
        said = re.sub(r" ([:.,;?!])", r"\1", " ".join(words))
        return replace(given, findings=f"{said} {given.findings}")
    return _graph_in_context(given, words)


def context_words(context: Context, kinds: Sequence[str]) -> list[str]:
    """The marked words of a context, in the order of the kinds; none where nothing is known."""
    words: list[str] = []
    for kind in kinds:
        value = context.get(kind) or ""
        if kind == "author" and value.strip():
            value = author_code(value)
        elif kind == "style":
            value = re.sub(r"[,=]", " ", value)
        # A colon makes a mark: none but ours.
        said = ["," if word == ":" else word for word in split_words(value)][:LONGEST]
        if said:
            words += [*kind.split("_"), ":", *said, *([] if said[-1] == "." else ["."])]
    return [*words, "findings", ":"] if words else []


def author_codes(reports: Iterable[Report], kinds: Sequence[str]) -> tuple[str, ...]:
    """The codes of the reports' authors, where authors are among the kinds that are read."""
    if "author" not in kinds:
        return ()
    names = {report.meta.get("author", "").strip() for report in reports} - {""}
    return tuple(sorted(map(author_code, names)))


def check_authors(authors: Sequence[str]) -> None:
    """Raise ``InputError`` for what are no codes of authors."""
    if not all(isinstance(code, str) and re.fullmatch("[a-p]{8}", code) for code in authors):
        raise InputError("authors must be codes of eight letters from a to p")


def is_unknown_author(
    context: Context | None, kinds: Sequence[str], authors: Sequence[str]
) -> bool:
    """Whether a context names an author who is not among those with these codes.

    Without codes (a checkpoint that did not keep them) nobody is unknown.
    """
    name = (context or {}).get("author") or ""
    return bool(authors and "author" in kinds and name.strip() and author_code(name) not in authors)


def author_code(name: str) -> str:
    """Eight letters that stand for an author: a model and its vocabulary hold no name."""
    digits = hashlib.sha256(name.strip().encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digits)


def _graph_in_context(graph: ReportGraph, words: Sequence[str]) -> ReportGraph:
    n = len(words)
    return ReportGraph(
        uid=graph.uid,
        words=(*words, *graph.words),
        sentence_starts=tuple(start + n for start in graph.sentence_starts),
        key_words=tuple(word + n for word in graph.key_words),
        edges=tuple(Edge(e.head + n, e.dependent + n, e.type) for e in graph.edges),
    )


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)}
