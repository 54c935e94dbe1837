"""Training sentences: CoNLL-U treebanks, and reports with published graph edges."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from preprocessing.annotation.lexicon import load_lexicon
from preprocessing.files import read_jsonl
from tools.partial_trees import Parse, PartialTree, WordPair

UNKNOWN = ""  # a tag that says nothing: no loss


class Sentence(NamedTuple):
    """A training sentence; ``tags`` are UNKNOWN where nothing is known."""

    words: Sequence[str]
    parse: Parse
    tags: Sequence[str]


class SilverReport(NamedTuple):
    """One report with published graph edges."""

    uid: str
    sentences: list[list[str]]
    is_entity: list[int]
    edges: list[WordPair]


def read_conllu(path: Path) -> list[Sentence]:
    """Sentences of a CoNLL-U file, relations without subtypes, tags = UPOS."""
    sentences = []
    for block in path.read_text("utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if line and line[0] != "#"]
        rows = [row for row in rows if row[0].isdigit()]  # no multiword ranges or empty nodes
        if rows:
            parse = Parse(
                [int(row[6]) - 1 for row in rows], [row[7].partition(":")[0] for row in rows]
            )
            sentences.append(Sentence([row[1] for row in rows], parse, [row[3] for row in rows]))
    return sentences


def read_silver(path: Path, split: str) -> list[SilverReport]:
    """The silver reports of one split."""
    return [
        SilverReport(
            str(line["uid"]),
            [sentence.split(" ") for sentence in line["sentences"]],
            line["is_entity"],
            [(head, dependent) for head, dependent in line["edges"]],
        )
        for line in read_jsonl(path)
        if line["split"] == split
    ]


def entity_tags(trees: Sequence[PartialTree]) -> list[list[str]]:
    """B, I or O for each word of the partial trees.

    The reference never tags the first word of a sentence, which says nothing about the word:
    there the tag is what the same word mostly gets elsewhere, else what the lexicon says.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    tags = []
    for tree in trees:
        tags.append(
            [
                "I" if word in tree.joined else "B" if is_entity else "O"
                for word, is_entity in enumerate(tree.is_entity)
            ]
        )
        for word, tag in zip(tree.words[1:], tags[-1][1:], strict=True):
            counts[word.lower()][tag.replace("I", "B")] += 1
    for tree, row in zip(trees, tags, strict=True):
        seen = counts[tree.words[0].lower()]
        in_lexicon = load_lexicon().get(tree.words[0].lower(), "UNCERTAINTY") != "UNCERTAINTY"
        row[0] = seen.most_common(1)[0][0] if seen else "B" if in_lexicon else "O"
    return tags
