"""From a draft to an impression in a style, by rules that leave what is stated as it is.

1. *short* drops dispensable sentences, ``recommendations=drop`` general advice.
2. The author's phrase takes the place of a sentence that only says that nothing is wrong.
3. Every sentence is put in the wording asked for; it stays as it is where it would state another
   thing.
4. The items are ordered, and numbered or joined.
5. Where the whole does not state what the draft states, but for what *short* drops, the draft
   stands.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from graphsum.personal.detection import detect_styles, fits
from graphsum.personal.items import Item, Sentence, is_dispensable, read_items, shortened
from graphsum.personal.style import StyleSpec
from graphsum.personal.wording import as_clause, as_telegraphic
from preprocessing.facts.comparison import statements_of
from preprocessing.facts.statements import Statement


@dataclass(frozen=True, slots=True)
class Restyled:
    """An impression after restyling; ``applied``: whether it is in the style asked for."""

    text: str
    applied: bool


def restyle(drafts: Sequence[str], styles: Sequence[StyleSpec]) -> list[Restyled]:
    """Each draft in its style; an empty draft stays empty."""
    items = [
        _selected(found, style) for found, style in zip(read_items(drafts), styles, strict=True)
    ]
    worded = _worded(items, styles)
    texts = [
        _joined(_ordered(one, style), style) for one, style in zip(worded, styles, strict=True)
    ]
    before, after = statements_of(drafts), statements_of(texts)
    kept = [
        text if states_the_same(old, new, may_drop=style.length == "short") else draft
        for draft, text, old, new, style in zip(drafts, texts, before, after, styles, strict=True)
    ]
    return [
        Restyled(text, fits(found, style))
        for text, found, style in zip(kept, detect_styles(kept), styles, strict=True)
    ]


def states_the_same(
    draft: Collection[Statement], result: Collection[Statement], *, may_drop: bool = False
) -> bool:
    """Whether two texts state the same, whatever the order.

    Args:
        draft: the statements of the one.
        result: those of the other.
        may_drop: whether the result may lack what a short impression does without.
    """
    old, new = set(map(_content, draft)), set(map(_content, result))
    required = {_content(one) for one in draft if not (may_drop and is_dispensable(one))}
    return required <= new <= old


def _content(one: Statement) -> tuple[object, ...]:
    """What a statement says, without its place in the text; words count where it has no name."""
    if one.general:
        return ("general", one.words, one.status)
    return (
        one.names or one.words,
        one.status,
        one.side,
        one.degree,
        one.old,
        one.resolved,
        one.change,
        one.places,
        one.sizes,
        one.distances,
    )


def _selected(items: Sequence[Item], style: StyleSpec) -> list[Item]:
    """The items that the style leaves; one at least."""
    kept = shortened(items) if style.length == "short" else list(items)
    if style.recommendations == "drop":
        trimmed = [
            tuple(one for one in item.sentences if not one.is_general_advice) for item in kept
        ]
        kept = [Item(sentences) for sentences in trimmed if sentences] or kept
    return kept


def _worded(items: Sequence[Sequence[Item]], styles: Sequence[StyleSpec]) -> list[list[Item]]:
    """The items with every sentence in the wording of its style, where it states the same."""
    wanted = [
        [_in_words(sentence, style) for item in found for sentence in item.sentences]
        for found, style in zip(items, styles, strict=True)
    ]
    stated = iter(statements_of([text for texts in wanted for text in texts]))
    result = []
    for found, texts in zip(items, wanted, strict=True):
        new = iter(texts)
        result.append(
            [
                Item(tuple(_if_same(one, next(new), next(stated)) for one in item.sentences))
                for item in found
            ]
        )
    return result


def _in_words(sentence: Sentence, style: StyleSpec) -> str:
    if style.normal and Item((sentence,)).is_general and not _names_part(sentence):
        return style.normal
    if style.verbs == "telegraphic":
        return as_telegraphic(sentence.text)
    return as_clause(sentence.text) if style.verbs == "clauses" else sentence.text


def _names_part(sentence: Sentence) -> bool:
    return any(one.words for one in sentence.statements)


def _if_same(sentence: Sentence, text: str, stated: tuple[Statement, ...]) -> Sentence:
    same = states_the_same(sentence.statements, stated)
    return Sentence(text, stated) if same else sentence


def _ordered(items: Sequence[Item], style: StyleSpec) -> list[Item]:
    """The items in the order of the lead; what neither asserts nor denies goes with the last."""
    if style.lead == "urgent":
        return sorted(items, key=lambda one: one.urgency)
    if style.lead == "abnormal":
        return sorted(items, key=lambda one: one.is_calm)
    if style.lead == "normal":
        return sorted(items, key=lambda one: not one.is_calm)
    return list(items)


def _joined(items: Sequence[Item], style: StyleSpec) -> str:
    texts = [" ".join(one.text for one in item.sentences) for item in items]
    if style.numbered == "numbered":
        texts = [f"{number}. {text}" for number, text in enumerate(texts, 1)]
    return " ".join(texts)
