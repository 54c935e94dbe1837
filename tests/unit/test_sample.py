import re
from itertools import islice
from random import Random

import pytest

from graphsum.evaluation.report import evaluation_report
from graphsum.metrics.strata import is_normal
from preprocessing.corpora import load_corpus
from preprocessing.corpora.sample import (
    CT_SIZE_MM,
    MAX_STATED,
    Case,
    Fact,
    draw_case,
    read_reports,
    write_findings,
    write_impression,
)
from preprocessing.corpora.sample_phrases import (
    ABSENT,
    BILATERAL,
    NORMAL_IMPRESSION,
    NORMAL_STATEMENTS,
    NOWHERE,
    OBSERVATIONS,
    SIDED,
)

NAMED = {observation.name: observation for observation in OBSERVATIONS}
LEFT, RIGHT = SIDED
CASES = [draw_case(Random(f"case {i}")) for i in range(1500)]
WRITTEN = [write_findings(case, Random(i)) for i, case in enumerate(CASES)]


def fact(name, place=NOWHERE, severity="", change="", *, uncertain=False):
    return Fact(NAMED[name], place, severity, change, uncertain)


@pytest.mark.parametrize(
    ("facts", "impression"),
    [
        (
            [fact("pneumothorax", LEFT, "small", "new"), fact("cardiomegaly", NOWHERE, "mild")],
            "New small left pneumothorax. Mild cardiomegaly.",
        ),
        (
            [fact("pleural effusion", BILATERAL, "moderate", "worse")],
            "Worsening moderate bilateral pleural effusions.",
        ),
        (
            [fact("pulmonary edema", NOWHERE, "mild", uncertain=True)],
            "Possible mild pulmonary edema.",
        ),
        (
            [fact("pneumothorax", RIGHT, change="resolved")],
            f"Resolved right pneumothorax. {NORMAL_IMPRESSION}",
        ),
        (
            [fact("emphysema", NOWHERE, "severe", "stable")],
            f"Stable severe emphysema. {NORMAL_IMPRESSION}",
        ),
        (
            [fact("nodule", NAMED["nodule"].places[0], f"{CT_SIZE_MM} mm")],
            "8 mm left upper lobe nodule. Chest CT recommended.",
        ),
        (
            [fact("nodule", NAMED["nodule"].places[0], f"{CT_SIZE_MM - 1} mm")],
            "7 mm left upper lobe nodule.",
        ),
        (
            [fact("rib fracture", NAMED["rib fracture"].places[0], "acute")],
            "Acute left fourth rib fracture.",
        ),
        ([], NORMAL_IMPRESSION),
    ],
)
def test_hand_worked_impressions(facts, impression):
    assert write_impression(Case(tuple(facts), (), None)) == impression


def test_only_the_most_urgent_are_stated_in_order():
    for case in CASES:
        ranks = [OBSERVATIONS.index(f.observation) for f in case.facts if f.change != "resolved"]
        assert ranks == sorted(ranks)
        impression = write_impression(case).lower()
        names = [f.observation.name.removeprefix("rib ") for f in case.facts]
        positions = [impression.index(name) for name in names[:MAX_STATED]]
        assert positions == sorted(positions)
        assert all(name not in impression for name in names[MAX_STATED:])


def test_sides_of_the_impression_are_those_of_its_facts():
    for case in CASES:
        stated = case.facts[:MAX_STATED]
        expected = {f.place.side for f in stated if f.place.side in ("left", "right")}
        if any(f.observation.name.startswith("endotracheal") for f in stated):
            expected.add("right")
        assert set(re.findall(r"\b(?:left|right)\b", write_impression(case).lower())) == expected


def test_findings_state_every_fact_with_its_place():
    for case, findings in zip(CASES, WRITTEN, strict=True):
        text = findings.lower()
        for f in case.facts:
            assert f.place.before in text or f.place.after in text
            nouns = [noun.removeprefix("a ").removeprefix("an ") for noun in f.observation.nouns]
            own = {s.split()[-1].rstrip(".") for s in f.observation.sentences}
            assert any(word in text for word in (*nouns, *own))
            if f.severity.endswith("mm"):
                assert f.severity in text
            if f.change == "resolved":
                assert re.search(r"resol(?:ved|ution)|no longer", text)


def test_nothing_present_is_denied_and_nothing_absent_is_concluded():
    denial = re.compile(r"^(?:there is no|no|negative for) ")
    for case, findings in zip(CASES, WRITTEN, strict=True):
        present = {f.observation.name: f for f in case.facts}
        sentences = findings.lower().split(". ")
        for sentence in filter(denial.match, sentences):
            for name, f in present.items():
                sided = re.search(r"\b(?:left|right)\b", sentence)
                if ABSENT.get(name, "\0") in sentence:
                    assert sided
                    assert sided.group() != f.place.side != "bilateral"
        impression = write_impression(case).lower()
        assert all(name in present for name in NAMED if re.search(rf"\b{name}s?\b", impression))


def test_abnormal_regions_are_not_called_normal():
    for case, findings in zip(CASES, WRITTEN, strict=True):
        for f in case.facts:
            for statement in NORMAL_STATEMENTS.get(f.observation.region, ()):
                assert statement not in findings
        lungs = {f.place.side for f in case.facts if f.observation.region in ("lungs", "vessels")}
        if lungs & {"left", "bilateral", ""}:
            assert "The left lung is clear" not in findings


def test_conflicting_observations_do_not_meet():
    for case in CASES:
        names = {f.observation.name for f in case.facts}
        assert len(names) == len(case.facts)
        assert not any(names & set(f.observation.conflicts) for f in case.facts)


def test_reports_depend_on_seed_and_position_alone():
    reports = list(read_reports(n=60, seed=3))
    assert reports == list(read_reports(n=90, seed=3))[:60]
    assert [r.findings for r in reports] != [r.findings for r in read_reports(n=60, seed=4)]


def test_reports_stream():
    first = list(islice(read_reports(n=10**12), 3))
    assert [report.uid for report in first] == ["sample-000000", "sample-000001", "sample-000002"]


def test_corpus_is_whole_unique_and_of_the_promised_size():
    corpus = load_corpus("sample")
    reports = corpus.train + corpus.val + corpus.test
    assert (len(corpus.train), len(corpus.val), len(corpus.test)) == (1440, 180, 180)
    assert not any(corpus.exclusions.values())
    assert len({report.uid for report in reports}) == 1800
    assert 0.3 < sum(map(is_normal, reports)) / 1800 < 0.4
    assert all(40 <= len(report.findings.split()) <= 80 for report in reports)
    assert all(3 <= len(report.impression.split()) <= 25 for report in reports)
    words = {w for r in reports for w in re.findall(r"\w+", f"{r.findings} {r.impression}".lower())}
    assert 200 < len(words) < 400


def test_equal_findings_have_equal_impressions():
    impressions = {}
    for report in read_reports(n=3000):
        assert impressions.setdefault(report.findings, report.impression) == report.impression
    assert len(impressions) < 3000


def test_templates_do_not_solve_the_corpus():
    corpus = load_corpus("sample")
    truth = [report.impression for report in corpus.test]
    report = evaluation_report(truth, corpus.test, train=corpus.train)
    assert report["strata"]["findings_seen"]["n"] > 0
    assert report["baselines"]["constant"]["not_normal"]["rougeL"] < 35
    assert 35 < report["baselines"]["neighbour"]["not_normal"]["rougeL"] < 65


def test_the_corpus_of_authors_loads_with_their_names():
    corpus = load_corpus("sample_authors")
    assert [len(part) for part in (corpus.train, corpus.val, corpus.test)] == [1280, 160, 160]
    assert {report.meta["author"] for report in corpus.val} == {
        "Amsel", "Birke", "Cedar", "Drossel", "Erle",
    }  # fmt: skip
