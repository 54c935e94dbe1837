"""Negation and uncertainty, on hand-made sentences."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from places import DATA

from preprocessing.annotation.builtin import BuiltinAnnotator
from preprocessing.annotation.context import with_status
from preprocessing.records import Entity, ParsedSentence
from preprocessing.text.sentences import split_words


def status(entity: Entity) -> str:
    return "negated" if entity.negated else "uncertain" if entity.uncertain else "affirmed"


def judged(name: str) -> Iterator[tuple[str, str]]:
    """(expected, found) status of every target, on the built-in parse."""
    rows = [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
    annotator = BuiltinAnnotator()
    reports = annotator.annotate((str(number), row["text"]) for number, row in enumerate(rows))
    for row, report in zip(rows, reports, strict=True):
        words = [word.lower() for word in report.words]
        bounds = [*report.sentence_starts, len(words)]
        for target, expected in row["targets"]:
            wanted = [word.lower() for word in split_words(target)]
            start = next(i for i in range(len(words)) if words[i : i + len(wanted)] == wanted)
            first = max(bound for bound in bounds if bound <= start)
            last = min(bound for bound in bounds if bound > start)
            sentence = ParsedSentence(
                report.words[first:last],
                tuple(head - first if head >= 0 else -1 for head in report.heads[first:last]),
                report.deprels[first:last],
                (Entity(start - first, start - first + len(wanted), "OBSERVATION"),),
            )
            yield expected, status(with_status(sentence).entities[0])


@pytest.mark.parametrize("name", ["negation.jsonl", "negation_heldout.jsonl"])
def test_f1_of_each_status(name: str) -> None:
    counts = Counter(judged(name))
    for label in ("negated", "uncertain", "affirmed"):
        predicted = sum(n for (_, found), n in counts.items() if found == label)
        expected = sum(n for (right, _), n in counts.items() if right == label)
        assert expected > 20
        assert 2 * counts[label, label] / (predicted + expected) >= 0.95


def annotated(text: str) -> dict[str, str]:
    (report,) = BuiltinAnnotator().annotate([("1", text)])
    return {
        " ".join(report.words[entity.start : entity.end]).lower(): status(entity)
        for entity in report.entities
    }


def test_whole_annotator_marks_observations() -> None:
    found = annotated("No pleural effusion. The left lung shows possible pneumonia and scarring.")
    assert found["effusion"] == "negated"
    assert found["pneumonia"] == "uncertain"


def test_anatomy_is_never_negated() -> None:
    assert annotated("No pleural effusion.")["pleural"] == "affirmed"


def test_negation_wins_over_uncertainty() -> None:
    assert (
        annotated("There is no effusion, and no finding suspicious for pneumonia.")["pneumonia"]
        == "negated"
    )


def test_input_is_not_changed_and_order_does_not_matter() -> None:
    entities = (Entity(1, 2, "OBSERVATION"), Entity(3, 4, "OBSERVATION"))
    sentence = ParsedSentence(
        ("no", "edema", "or", "effusion"), (1, -1, 3, 1), ("det", "root", "cc", "conj"), entities
    )
    assert [entity.negated for entity in with_status(sentence).entities] == [True, True]
    assert sentence.entities == entities
    backwards = sentence._replace(entities=entities[::-1])
    assert with_status(backwards).entities == with_status(sentence).entities[::-1]
