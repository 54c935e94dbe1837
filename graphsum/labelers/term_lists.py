"""A list of findings as a language model writes it: what it is asked, and which tokens may follow.

A list is JSON, such as ``["edema", "nodule"]``. Its items are terms, each at most once and in their
order, so that every answer ends and is valid, whatever the model. What may follow is looked up in a
trie of the terms' tokens (De Cao et al., ICLR 2021).
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphsum.labelers.skeleton import check_keys, check_places
from preprocessing.errors import InputError
from preprocessing.files import read_yaml

SHIPPED_LIST_PROMPT = Path(__file__).with_name("prompts") / "findings.yaml"
_PLACES = {"instruction": "", "report": "{text}"}
_ALLOWED = {"instruction": {"{terms}"}, "report": {"{text}"}}


@dataclass(frozen=True)
class ListPrompt:
    """What a language model is asked for a list of findings.

    Args:
        instruction: with ``{terms}``, if it is to name them.
        report: with ``{text}``.
    """

    instruction: str
    report: str

    def question(self, terms: Sequence[str]) -> str:
        """What is asked of all reports."""
        return self.instruction.replace("{terms}", "\n".join(f"- {term}" for term in terms))

    def to_json(self) -> dict[str, str]:
        """What :func:`parse_list_prompt` takes."""
        return asdict(self)


def load_list_prompt(path: str | Path | None = None) -> ListPrompt:
    """The prompt in a YAML file; None: the shipped one.

    Raises:
        InputError: the file is no such prompt; the message names the key.
    """
    path = path or SHIPPED_LIST_PROMPT
    return parse_list_prompt(read_yaml(path), str(path))


def parse_list_prompt(found: Any, where: str) -> ListPrompt:
    """The same from what such a file holds."""
    check_keys(found, tuple(_PLACES), where)
    check_places(found, _PLACES, where)
    for key, allowed in _ALLOWED.items():
        for place in re.findall(r"\{\w+\}", found[key]):
            if place not in allowed:
                raise InputError(
                    f"{where}, key {key!r}: {place} stands for nothing; {' '.join(allowed)} may "
                    "stand there"
                )
    return ListPrompt(found["instruction"], found["report"])


@dataclass
class _Node:
    """A place in a trie.

    Args:
        children: by token.
        highest: of the items whose tokens go through it.
        item: the one whose tokens end here.
    """

    children: dict[int, "_Node"] = field(default_factory=dict)
    highest: int = -1
    item: int | None = None

    def add(self, ids: Sequence[int], item: int) -> "_Node | None":
        """Put in an item's tokens: where they end; None: there are none, or another item's."""
        node = self
        for token in ids:
            node = node.children.setdefault(token, _Node())
            node.highest = max(node.highest, item)
        if not ids or node.item is not None:
            return None
        node.item = item
        return node


class TermLists:
    """JSON lists of terms in a language model's tokens.

    A list is cut where quotes open, as ``["edema``, ``", "nodule`` and ``"]``; each part is cut
    into tokens by itself, in training as in generation.

    Args:
        terms: in the order in which lists have them.
        tokens_of: text -> token ids, without special ones.
        end: the token after a list.

    Raises:
        InputError: the tokens of two lists cannot be told apart.
    """

    def __init__(
        self, terms: Sequence[str], tokens_of: Callable[[str], list[int]], *, end: int
    ) -> None:
        self.terms, self.end = tuple(terms), end
        texts = [json.dumps(term, ensure_ascii=False)[1:-1] for term in self.terms]
        # Before the first term, and after one: what there may be, last of all the end of the list.
        self._first = [tokens_of(text) for text in (*(f'["{one}' for one in texts), "[]")]
        self._later = [tokens_of(text) for text in (*(f'", "{one}' for one in texts), '"]')]
        self._tries = _Node(), _Node()
        ends = []
        for trie, items in zip(self._tries, (self._first, self._later), strict=True):
            ends += [trie.add(ids, item) for item, ids in enumerate(items)]
        for item, end_of in zip([*range(len(self.terms) + 1)] * 2, ends, strict=True):
            if end_of is None or self._goes_on(end_of):
                what = f"the term {self.terms[item]!r}" if item < len(terms) else "a list's end"
                raise InputError(
                    f"the normaliser's terms: in this model's tokens {what} is none, or cannot be "
                    "told from another term; give another term"
                )
        longest = [max(map(len, pair)) for pair in zip(self._first, self._later, strict=True)]
        self.longest = sum(longest) + 1

    def _goes_on(self, node: _Node) -> bool:
        """Whether a term that ends here goes on elsewhere as a list does after it."""
        if node.item == len(self.terms):
            return bool(node.children)
        return not node.children.keys().isdisjoint(self._tries[1].children)

    def answer(self, places: Sequence[int]) -> list[int]:
        """The tokens of the list of some terms, given by their places in order."""
        ids: list[int] = []
        for number, place in enumerate((*places, len(self.terms))):
            ids += (self._later if number else self._first)[place]
        return ids

    def allowed(self, written: Sequence[int]) -> list[int]:
        """The tokens that may follow what was written."""
        places, node = self._follow(written)
        if node is None:
            return [self.end]
        last = places[-1] if places else -1
        found = [token for token, child in node.children.items() if child.highest > last]
        if node.item is not None and node.item > last:  # the term may be over
            later = self._tries[1].children.items()
            found += [token for token, child in later if child.highest > node.item]
        return found

    def read(self, written: Sequence[int]) -> list[int]:
        """The places of the terms in a list, whatever stands after it."""
        return self._follow(written)[0]

    def _follow(self, written: Sequence[int]) -> tuple[list[int], _Node | None]:
        """The places of the terms that are over, and where in a trie it is; None: at the end."""
        places: list[int] = []
        node = self._tries[0]
        for token in written:
            if token not in node.children and node.item is not None:
                places.append(node.item)
                node = self._tries[1]
            node = node.children[token]
            if node.item == len(self.terms):
                return places, None
        return places, node
