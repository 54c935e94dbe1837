"""Side and change of entities, on hand-made sentences and through the whole annotator."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from places import DATA

from preprocessing.annotation.builtin import BuiltinAnnotator
from preprocessing.annotation.context import with_context, with_status
from preprocessing.graphs import GRAPH_RULES, build_graph
from preprocessing.records import AnnotatedReport, Entity, ParsedSentence
from preprocessing.text.change import change_of, find_changes
from preprocessing.text.sentences import split_words


def judged(builtin: BuiltinAnnotator, name: str, field: str) -> Iterator[tuple[str | None, ...]]:
    """(expected, found) side or change of every target; what is no entity has none."""
    rows = [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
    reports = builtin.annotate((str(number), row["text"]) for number, row in enumerate(rows))
    for row, report in zip(rows, reports, strict=True):
        words = [word.lower() for word in report.words]
        for target, *expected in row["targets"]:
            wanted = [word.lower() for word in split_words(target)]
            start = next(i for i in range(len(words)) if words[i : i + len(wanted)] == wanted)
            last = start + len(wanted) - 1
            found = [getattr(e, field) for e in report.entities if e.start <= last < e.end]
            yield expected[field == "change"], found[0] if found else None


@pytest.mark.parametrize("name", ["side_and_change.jsonl", "side_and_change_heldout.jsonl"])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("side", ("left", "right", "bilateral")),
        ("change", ("new", "stable", "improved", "worse")),
    ],
)
def test_f1_of_each_value(
    builtin: BuiltinAnnotator, name: str, field: str, values: tuple[str, ...]
) -> None:
    counts = Counter(judged(builtin, name, field))
    assert sum(n for (expected, _), n in counts.items() if expected is None) >= 15
    for value in values:
        predicted = sum(n for (_, found), n in counts.items() if found == value)
        expected = sum(n for (right, _), n in counts.items() if right == value)
        assert expected >= 6
        assert 2 * counts[value, value] / (predicted + expected) >= 0.95


def entities(builtin: BuiltinAnnotator, text: str) -> dict[str, Entity]:
    (report,) = builtin.annotate([("1", text)])
    return {" ".join(report.words[e.start : e.end]).lower(): e for e in report.entities}


def test_what_has_resolved_is_negated_and_improved(builtin: BuiltinAnnotator) -> None:
    effusion = entities(builtin, "The left effusion has resolved.")["effusion"]
    assert (effusion.negated, effusion.side, effusion.change) == (True, "left", "improved")


def test_no_new_effusion_is_negated_and_no_change(builtin: BuiltinAnnotator) -> None:
    effusion = entities(builtin, "No new left effusion.")["effusion"]
    assert (effusion.negated, effusion.side, effusion.change) == (True, "left", None)


def test_modifiers_and_anatomy_follow_what_they_belong_to(builtin: BuiltinAnnotator) -> None:
    found = entities(builtin, "Unchanged small effusion at the left lung base.")
    assert {name: (e.side, e.change) for name, e in found.items()} == {
        "unchanged": ("left", "stable"),
        "small": ("left", "stable"),
        "effusion": ("left", "stable"),
        "left lung": ("left", None),
        "base": ("left", None),
    }


@pytest.mark.parametrize(
    ("observation", "text", "expected"),
    [
        ("effusion", "increased effusion", "worse"),
        ("markings", "increased markings", None),
        ("markings", "increased markings since the prior study", "worse"),
        ("aeration", "decreased aeration", "worse"),
        ("aeration", "increasing aeration", "improved"),
    ],
)
def test_more_and_less(observation: str, text: str, expected: str | None) -> None:
    (cue,) = find_changes(text)
    assert change_of(cue, observation, text) == expected


def test_input_is_not_changed_and_status_is_kept() -> None:
    marked = (Entity(1, 2, "ANATOMY_MODIFIER"), Entity(2, 3, "OBSERVATION"))
    sentence = ParsedSentence(
        ("No", "left", "effusion"), (2, 2, -1), ("det", "amod", "root"), marked
    )
    found = with_context(sentence)
    assert sentence.entities == marked
    assert [entity.side for entity in found.entities] == ["left", "left"]
    assert [entity[:5] for entity in found.entities] == [
        entity[:5] for entity in with_status(sentence).entities
    ]
    assert found._replace(entities=marked) == sentence


def test_graphs_do_not_depend_on_side_and_change(builtin: BuiltinAnnotator) -> None:
    (report,) = builtin.annotate([("1", "New left effusion. Stable right basilar opacity.")])
    assert any(entity.side and entity.change for entity in report.entities)
    plain = AnnotatedReport(
        report.uid,
        report.words,
        report.sentence_starts,
        report.heads,
        report.deprels,
        tuple(entity._replace(side=None, change=None) for entity in report.entities),
    )
    for rule in GRAPH_RULES:
        assert build_graph(report, rule) == build_graph(plain, rule)
