"""Status, side and change of every entity: what all annotators set in the same way.

Clauses are those of the negation rules. In a clause the observations are the mentions that side
words and change cues belong to; modifiers and anatomy follow their own phrase, and else the
mention above them in the dependency tree.
"""

import re
from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

from preprocessing.records import Change, Entity, ParsedSentence, Side
from preprocessing.text.change import ChangeCue, change_of, find_changes
from preprocessing.text.laterality import SideWords, find_sides, sides_of_mentions, union
from preprocessing.text.plain import plain_text
from preprocessing.text.sentences import join_words, join_wrapped_lines, word_spans
from preprocessing.text.status import judge_mentions

# Part of every annotator's version, for all that decides its output besides a model: how words and
# sentences are split, the lexicon, status, side and change. Give it a new value ("3" comes next)
# whenever an annotation changes; tests/unit/test_rules_version.py says when. Version 2 reads status
# by the engine of preprocessing.text and ends sentences at lines; the graphs of Open-i are those
# of version 1.
RULES_VERSION = "2"
# The first of these that a clause has are its mentions.
_MENTION_LABELS = ("OBSERVATION", "OBSERVATION_MODIFIER", "ANATOMY")
# What parts two phrases.
# fmt: off
_SEPARATORS = frozenset((
    ",", ";", ":", "(", ")", ".", "/", "and", "or", "nor", "but", "with", "without", "no", "not",
    "in", "at", "on", "of", "within", "involving", "near", "overlying", "along", "over", "to",
    "throughout", "adjacent", "from", "for", "since", "than", "versus", "vs", "while", "by",
    "is", "are", "was", "were", "be", "been", "has", "have", "had", "appears", "appear", "shows",
    "show", "remains", "remain", "may", "might", "could", "represent", "represents",
    "representing", "reflect", "reflects", "reflecting", "suggest", "suggests", "suggesting",
    "seen", "noted", "there", "which", "that", "contains", "demonstrates", "demonstrate",
))
# fmt: on
# Observations of the middle or of the whole chest have no side.
_UNSIDED = re.compile(
    r"\b(?:cardiomegaly|heart|cardiac|cardio\w*|mediastin\w+|trachea\w*|aort\w+|spin\w+|scoliosis|"
    r"kyphosis|sternotomy|osteop\w+)\b"
)
_CONJUNCT = re.compile(r"(?: ?(?:,|and|or|nor|, and|, or))? ?")
# "Stable appearance of the nodule" says it of the nodule.
_VACUOUS = re.compile(
    r"(?: \w+)?(?: and)? (?:appearance|position(?:ing)?|location|configuration|size|degree|"
    r"extent|amount)s? of(?: the| an?)?(?![^ ])"
)
_OF = re.compile(r" of(?: the| an?)? ?")


_STATUS_LABELS = ("OBSERVATION", "OBSERVATION_MODIFIER")
# Where every scope ends.
_BOUND = re.compile(
    r"(?<![^ ])(?:;|:|\(|\)|but|however|although|though|whereas|while|except|yet|aside from|"
    r"apart from|other than|besides|otherwise|because|since|despite)(?![^ ])"
)
# fmt: off
_FINITE = frozenset((
    "is", "are", "was", "were", "has", "have", "had", "appears", "appear", "shows", "show",
    "remains", "remain", "demonstrates", "demonstrate", "measures", "represents", "suggests",
    "reveals", "persists", "persist",
))
# fmt: on
_CLAUSE_RELATIONS = frozenset(("conj", "parataxis", "advcl", "ccomp", "root"))
_SUBJECTS = frozenset(("nsubj", "expl", "csubj"))


class _Mention(NamedTuple):
    """An observation: words ``start`` to ``end``; ``phrase``: where its phrase begins."""

    start: int
    end: int
    phrase: int
    negated: bool


def with_context(sentence: ParsedSentence, text: str | None = None) -> ParsedSentence:
    """The sentence with status (see :func:`with_status`), side and change of its entities set.

    ``text``: the sentence as it stands in the report; None: its words, joined.
    """
    sentence = with_status(sentence, text)
    words = [word.lower() for word in sentence.words]
    text = " ".join(words)
    sides, changes = list(find_sides(text)), find_changes(text)
    if sentence.entities and (sides or changes):
        entities = _Context(sentence, words, text, sides, changes).entities()
        sentence = sentence._replace(entities=entities)
    return sentence


def with_status(sentence: ParsedSentence, text: str | None = None) -> ParsedSentence:
    """The sentence with ``negated`` and ``uncertain`` set on its observations.

    An observation or its modifier is negated when the sentence says it is not there (now), else
    uncertain when it says it may be there; anatomy is neither. The engine of
    ``preprocessing.text.status`` decides, as for plain text.
    """
    rows = [
        row
        for row, entity in sorted(enumerate(sentence.entities), key=lambda one: one[1].start)
        if entity.label in _STATUS_LABELS
    ]
    if not rows:
        return sentence
    joined, spans = join_words(sentence.words)
    if text is not None and text != joined:
        joined, spans = text, word_spans(text, sentence.words)
    plain = join_wrapped_lines(plain_text(joined))
    found = [sentence.entities[row] for row in rows]
    mentions = [plain.place(spans[one.start][0], spans[one.end - 1][1]) for one in found]
    judged = judge_mentions(plain.text, 0, len(plain.text), mentions)
    entities = list(sentence.entities)
    for row, (status, _) in zip(rows, judged, strict=True):
        entities[row] = entities[row]._replace(
            negated=status in ("absent", "past"), uncertain=status == "uncertain"
        )
    return sentence._replace(entities=tuple(entities))


class _Context:
    """One sentence with its side words and change cues, and what they belong to."""

    def __init__(
        self,
        sentence: ParsedSentence,
        words: Sequence[str],
        text: str,
        sides: Sequence[SideWords],
        changes: Sequence[ChangeCue],
    ) -> None:
        self._sentence, self._words, self._text = sentence, words, text
        self._sides, self._changes = sides, changes
        self._offsets = [0]
        for word in words:
            self._offsets.append(self._offsets[-1] + len(word) + 1)
        self._side_of: dict[int, Side | None] = {}  # by the last word of a mention
        self._change_of: dict[int, Change | None] = {}
        self._said: dict[ChangeCue, Change | None] = {}
        self._entity_starts = {entity.start for entity in sentence.entities}
        before: list[_Mention] = []
        inner = {bound for bound in clause_bounds(sentence, words, text) if bound < len(words)}
        for start, end in pairwise([*sorted({0, *inner}), len(words)]):
            mentions = self._mentions(start, end)
            if sides:
                self._place(mentions, start, end)
            if changes:
                self._compare(mentions, before, start, end)
            before = mentions or before

    def entities(self) -> tuple[Entity, ...]:
        """The entities with side and change."""
        return tuple(
            entity
            if entity.label == "UNCERTAINTY"
            else entity._replace(side=self._side(entity), change=self._change(entity))
            for entity in self._sentence.entities
        )

    def _at(self, character: int) -> int:
        return bisect_right(self._offsets, character) - 1

    def _between(self, start: int, end: int) -> str:
        return self._text[max(self._offsets[start] - 1, 0) : self._offsets[end]]

    def _phrase(self, word: int) -> tuple[int, int]:
        """The words around this one up to what parts two phrases."""
        start, end = word, word + 1
        while start and self._words[start - 1] not in _SEPARATORS:
            start -= 1
        while end < len(self._words) and self._words[end] not in _SEPARATORS:
            end += 1
        return start, end

    def _cue_at(self, word: int) -> ChangeCue | None:
        place = self._offsets[word]
        return next((cue for cue in self._changes if cue.start <= place < cue.end), None)

    def _mentions(self, start: int, end: int) -> list[_Mention]:
        inside = [
            entity
            for entity in self._sentence.entities
            if start <= entity.start < end and self._cue_at(entity.end - 1) is None
        ]
        labels = {entity.label for entity in inside}
        label = next((label for label in _MENTION_LABELS if label in labels), None)
        tagged = {
            word
            for entity in inside
            if entity.label != "UNCERTAINTY"
            for word in range(entity.start, entity.end)
        }
        mentions: list[_Mention] = []
        for entity in inside:
            if entity.label != label:
                continue
            phrase = self._phrase(entity.start)[0]
            one = _Mention(entity.start, entity.end, max(phrase, start), entity.negated)
            # "Calcified left hilar nodes", but not "scarring of the left apex".
            if mentions and all(word in tagged for word in range(mentions[-1].end, one.start)):
                one = mentions.pop()._replace(end=one.end, negated=one.negated)
            mentions.append(one)
        return mentions

    def _place(self, mentions: Sequence[_Mention], start: int, end: int) -> None:
        first, last = self._offsets[start], self._offsets[end]
        found = [one for one in self._sides if first <= one.start < last]
        spans = [(self._offsets[one.start], self._offsets[one.end] - 1) for one in mentions]
        sides = sides_of_mentions(self._text, first, last, spans, found)
        for mention, side in zip(mentions, sides, strict=True):
            own = self._own_side(mention.phrase, mention.end)
            if own is None and _UNSIDED.search(self._between(mention.phrase, mention.end)):
                side = None
            self._side_of.update(dict.fromkeys(range(mention.start, mention.end), side))

    def _compare(
        self, mentions: Sequence[_Mention], before: Sequence[_Mention], start: int, end: int
    ) -> None:
        first, last = self._offsets[start], self._offsets[end]
        cues = [cue for cue in self._changes if first <= cue.start < last]
        unclaimed = list(mentions)
        for mention in mentions:
            self._change_of.update(dict.fromkeys(range(mention.start, mention.end)))

        def claim(cue: ChangeCue, claimed: Sequence[_Mention]) -> None:
            for mention in [one for one in claimed if one in unclaimed]:
                observation = self._between(mention.start, mention.end).strip()
                change = change_of(cue, observation, self._text)
                if change == "new" and mention.negated:
                    change = None  # nothing new is nothing
                self._said[cue] = self._said.get(cue) or change
                self._change_of.update(dict.fromkeys(range(mention.start, mention.end), change))
                unclaimed.remove(mention)

        looks, predicates, around = [], [], []
        for cue in cues:
            own = {"adjective": self._modified, "after": self._following}.get(cue.reach)
            claimed = own(cue, mentions) if own else []
            if claimed and cue.reach == "adjective" and cue.value in ("more", "less"):
                looks.append((cue, claimed))
            elif claimed:
                claim(cue, claimed)
            elif cue.reach == "around":
                around.append(cue)
            elif cue.reach != "adjective" or self._at(cue.end - 1) + 1 not in self._entity_starts:
                predicates.append(cue)
        for cue in predicates:
            place = self._at(cue.start)
            subjects = [one for one in unclaimed if one.start < place]
            inverted = self._text.startswith((" is ", " are "), cue.end)
            if mentions:
                claim(cue, subjects or (list(unclaimed) if inverted else []))
            else:
                unclaimed = [one for one in before if self._change_of[one.start] is None]
                claim(cue, list(unclaimed))
        # "The increased markings are unchanged": how they look says less than how they changed.
        for cue, claimed in looks:
            claim(cue, claimed)
        for cue in around:
            claim(cue, list(unclaimed))

    def _modified(self, cue: ChangeCue, mentions: Sequence[_Mention]) -> list[_Mention]:
        """The mention that an adjective stands before, and those that are bare beside it."""
        vacuous = _VACUOUS.match(self._text, cue.end)
        place = self._at((vacuous.end() if vacuous else cue.end) - 1) + 1
        behind = [one for one in mentions if one.end > place]
        if not behind or not behind[0].phrase <= place <= behind[0].end:
            return []
        if place < len(self._words) and self._words[place] in _SEPARATORS:
            return []
        claimed = behind[:1]
        for last, one in pairwise(behind):
            between = self._bare(last.end, one.start)
            joined = _CONJUNCT.fullmatch(between) and last.negated == one.negated
            if not (joined or _OF.fullmatch(between)):
                break
            claimed.append(one)
        return claimed

    def _bare(self, start: int, end: int) -> str:
        """The words without anatomy, sides and modifiers other than change cues."""
        dropped = {
            word
            for entity in self._sentence.entities
            if entity.label not in ("OBSERVATION", "UNCERTAINTY")
            and start <= entity.start < end
            and self._cue_at(entity.end - 1) is None
            for word in range(entity.start, entity.end)
        }
        kept = [self._words[word] for word in range(start, end) if word not in dropped]
        return " " + " ".join(kept)

    def _following(self, cue: ChangeCue, mentions: Sequence[_Mention]) -> list[_Mention]:
        """The mentions behind a noun such as "increase in", up to "with" and to the next cue."""
        place = self._at(cue.end - 1) + 1
        ends = [self._at(other.start) for other in self._changes if other.start >= cue.end]
        ends += [i for i in range(place, len(self._words)) if self._words[i] in ("with", "without")]
        end = min(ends, default=len(self._words))
        return [one for one in mentions if place <= one.start < end]

    def _own_side(self, start: int, end: int) -> Side | None:
        """The side that is named among these words."""
        first, last = self._offsets[start], self._offsets[end]
        return union({one.side for one in self._sides if one.start < last and one.end > first})

    def _side(self, entity: Entity) -> Side | None:
        if not self._sides:
            return None
        word = entity.end - 1
        if word not in self._side_of and (own := self._own_side(*self._phrase(word))):
            return own
        mention = self._mention_of(word, self._side_of)
        return None if mention is None else self._side_of[mention]

    def _change(self, entity: Entity) -> Change | None:
        if not self._changes or not entity.label.startswith("OBSERVATION"):
            return None
        word = entity.end - 1
        if cue := self._cue_at(word):
            known = cue.value not in ("more", "less")
            return cast(Change, cue.value) if known else self._said.get(cue)
        mention = self._mention_of(word, self._change_of)
        return None if mention is None else self._change_of[mention]

    def _mention_of(self, word: int, mentions: Container[int]) -> int | None:
        """The word of a mention that this one is, is below in the tree, heads, or stands before."""
        heads = self._sentence.heads
        above = word
        for _ in heads:
            if above in mentions:
                return above
            above = heads[above]
            if above < 0:
                break
        return next(
            (one for one, head in enumerate(heads) if head == word and one in mentions), None
        )


def clause_bounds(sentence: ParsedSentence, words: Sequence[str], text: str) -> set[int]:
    """Positions of the words where clauses begin or end; ``text`` is the lower-cased ``words``."""
    bounds = {text.count(" ", 0, match.start()) for match in _BOUND.finditer(text)}
    bounds.update(_clause_starts(sentence, words))
    return bounds


def _clause_starts(sentence: ParsedSentence, words: Sequence[str]) -> Iterator[int]:
    """Commas and conjunctions behind which a clause with its own verb begins."""
    separators = [i for i, word in enumerate(words) if word in (",", "and")] + [len(words)]
    for place, nxt in pairwise(separators):
        segment = words[place + 1 : nxt]
        if words[place] == "," and segment[:1] == ["and"]:
            continue
        has_verb = any(word in _FINITE for word in segment)
        if not has_verb or "or" in segment or "nor" in segment:
            continue
        before = words[:place]
        if words[place] == "," or before[-1:] == [","] or any(word in _FINITE for word in before):
            yield place
    subjects_of: dict[int, list[int]] = {}
    for child, (head, relation) in enumerate(zip(sentence.heads, sentence.deprels, strict=True)):
        if relation in _SUBJECTS:
            subjects_of.setdefault(head, []).append(child)
    for word, children in subjects_of.items():
        if word < 0 or sentence.deprels[word] not in _CLAUSE_RELATIONS:
            continue
        head = sentence.heads[word]
        subjects = [child for child in children if head < child < word]
        if 0 <= head < word and subjects:
            start = min(subjects)
            while start - 1 > head and words[start - 1] not in (",", "and"):
                start -= 1
            yield start
