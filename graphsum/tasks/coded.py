"""What human coders indexed of a report, as the truth of questions about its findings.

Open-i's MeSH headings ("Pleural Effusion/left/small") name what a coder saw in the whole report.
They are the truth of an answer, and never part of a prompt. A question is asked only of what the
findings mention, so that they hold the answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from preprocessing.facts.reading import read_mentions
from preprocessing.records import Report

NORMAL = "normal"
_SIDES = {"left": "Left side.", "right": "Right side.", "bilateral": "Both sides."}
_SIDE_WORDS = {
    "left": r"\bleft\b",
    "right": r"\bright\b",
    "bilateral": r"\bbilateral|\bboth\b|\bleft\b.*\bright\b|\bright\b.*\bleft\b",
}
_DEGREES = {"mild": "Mild.", "moderate": "Moderate.", "severe": "Severe.", "small": "Small.",
            "large": "Large."}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tag:
    """A heading read: the ontology's names and parents of what it names, and its qualifiers."""

    names: frozenset[str]
    parents: frozenset[str]
    qualifiers: frozenset[str]


def tags_of(report: Report) -> list[Tag] | None:
    """The tags of a report, or None where it was not indexed.

    What the ontology does not know has no names.
    """
    if not report.labels or any(label.startswith("No Indexing") for label in report.labels):
        return None
    return [_tag(label) for label in report.labels if label != NORMAL]


def _tag(label: str) -> Tag:
    heading, *qualifiers = (part.strip() for part in label.split("/"))
    first, comma, second = heading.partition(", ")  # "Fractures, Bone"
    mentions = read_mentions(f"{second} {first}" if comma else heading)[1]
    return Tag(
        frozenset(name for one in mentions for name in one.names),
        frozenset(name for one in mentions for name in one.parents),
        frozenset(qualifiers),
    )


def coded_questions(report: Report, asked: set[str]) -> Iterator[tuple[str, str]]:
    """Questions with the answers that the tags give.

    Args:
        asked: the ontology's names that are asked of.
    """
    tags = tags_of(report)
    if tags is None:
        return
    mentions = read_mentions(report.findings)[1]
    text = report.findings.lower()
    near = {name for tag in tags for name in (*tag.names, *tag.parents)}
    for name in sorted(asked.intersection(name for one in mentions for name in one.names)):
        own = [tag for tag in tags if name in tag.names]
        thing = name.lower()
        if not own:
            related = near.intersection(p for one in mentions if name in one.names
                                        for p in one.parents)  # fmt: skip
            if name not in near and not related:
                yield f"Is there {thing}?", "No."
            continue
        yield f"Is there {thing}?", "Yes."
        qualifiers = {one for tag in own for one in tag.qualifiers}
        sides = qualifiers.intersection(_SIDES)
        if len(sides) == 1 and re.search(_SIDE_WORDS[side := sides.pop()], text, re.DOTALL):
            yield f"On which side is the {thing}?", _SIDES[side]
        degrees = qualifiers.intersection(_DEGREES)
        if len(degrees) == 1 and re.search(rf"\b{(degree := degrees.pop())}", text):
            yield f"How severe is the {thing}?", _DEGREES[degree]
