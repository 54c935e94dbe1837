"""The annotation cache."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from preprocessing.annotation import Findings
from preprocessing.annotation.cache import annotate_reports, cache_path
from preprocessing.errors import InputError
from preprocessing.records import AnnotatedReport, Entity, Report

REPORTS = [Report("1", "clear lungs"), Report("2", ""), Report("3", "naïve effusion\u2028")]


class Counting:
    """Annotates by splitting at spaces; counts what it is asked."""

    name = "counting"

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.calls = 0

    def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
        for uid, findings in reports:
            self.calls += 1
            assert isinstance(findings, str)
            words = tuple(findings.split(" ")) if findings else ()
            heads, deprels = tuple(range(-1, len(words) - 1)), ("root",) * len(words)
            entities = (Entity(0, 1, "OBSERVATION", True),) if words else ()
            yield AnnotatedReport(uid, words, (0,) if words else (), heads, deprels, entities)


def annotate(
    annotator: Counting, folder: Path, reports: list[Report] = REPORTS
) -> list[AnnotatedReport]:
    return annotate_reports(reports, annotator, cache_dir=folder, corpus="toy", progress=False)


def test_second_time_comes_from_the_cache(tmp_path: Path) -> None:
    annotator = Counting()
    first = annotate(annotator, tmp_path)
    assert annotator.calls == 3
    again = annotate(annotator, tmp_path)
    assert annotator.calls == 3
    assert again == first
    assert again[0].entities[0] == Entity(0, 1, "OBSERVATION", True, False)
    assert len(list(tmp_path.iterdir())) == 1


def test_version_findings_and_order_each_miss_the_cache(tmp_path: Path) -> None:
    annotate(Counting(), tmp_path)
    for annotator, reports in (
        (Counting("2"), REPORTS),
        (Counting(), [Report("1", "clear lung"), *REPORTS[1:]]),
        (Counting(), REPORTS[::-1]),
    ):
        assert [one.uid for one in annotate(annotator, tmp_path, reports)] == [
            one.uid for one in reports
        ]
        assert annotator.calls == 3


@pytest.mark.parametrize("damage", ["header", "cut", "half a line", "junk", "other uid", "empty"])
def test_damaged_cache_is_made_again(tmp_path: Path, damage: str) -> None:
    first = annotate(Counting(), tmp_path)
    path = cache_path(REPORTS, Counting(), cache_dir=tmp_path, corpus="toy")
    text = path.read_text("utf-8")
    lines = text.splitlines(keepends=True)
    path.write_bytes(
        {
            "header": text.replace('"schema":2', '"schema":1'),
            "cut": "".join(lines[:-1]),
            "half a line": text[:-5],
            "junk": "\x00\x01junk",
            "other uid": text.replace('"uid":"2"', '"uid":"9"'),
            "empty": "",
        }[damage].encode()
    )
    annotator = Counting()
    assert annotate(annotator, tmp_path) == first
    assert annotator.calls == 3
    assert path.read_text("utf-8") == text


def test_interrupted_annotation_leaves_nothing(tmp_path: Path) -> None:
    class Failing(Counting):
        def annotate(self, reports: Iterable[tuple[str, Findings]]) -> Iterator[AnnotatedReport]:
            yield from super().annotate(list(reports)[:1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate(Failing(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_repeated_uid_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="toy: uid '1' occurs twice"):
        annotate(Counting(), tmp_path, [Report("1", "a"), Report("1", "b")])
