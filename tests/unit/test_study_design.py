"""Which reports are drawn for a study, who reads them, and what a sheet holds."""

import json
import re
from collections import Counter
from html import unescape

import numpy as np
import pytest
from study_cases import cases

from graphsum.study.design import assign, draw_reports, sheet_items
from graphsum.study.files import checksum, read_key, write_key
from graphsum.study.form import CRITERIA, ERRORS
from graphsum.study.making import make_study, strata_of
from graphsum.study.systems import Case, stratum_of
from preprocessing.errors import InputError

RNG = np.random.default_rng


def test_each_stratum_gets_its_share():
    strata = {f"r{row}": "abc"[min(row // 50, 2)] for row in range(120)}  # 50, 50, 20
    drawn = draw_reports(strata, 12, RNG(0))
    assert Counter(strata[uid] for uid in drawn) == {"a": 5, "b": 5, "c": 2}
    assert len(set(drawn)) == 12
    assert drawn != draw_reports(strata, 12, RNG(1))
    assert sorted(draw_reports(strata, 120, RNG(0))) == sorted(strata)
    with pytest.raises(InputError, match=r"--n 121: only 120 reports"):
        draw_reports(strata, 121, RNG(0))


def test_the_overlap_is_read_by_all_and_the_rest_by_one():
    strata = {f"r{row}": "ab"[row % 2] for row in range(100)}
    parts = assign(strata, readers=3, overlap=30, rng=RNG(0))
    read_by = Counter(uid for part in parts for uid in part)
    assert Counter(read_by.values()) == {3: 30, 1: 70}
    assert sorted(map(len, parts)) == [53, 53, 54]
    for part in parts:
        assert abs(Counter(strata[uid] for uid in part)["a"] - len(part) / 2) <= 1


def test_sides_are_balanced_and_repeats_come_late_with_sides_swapped():
    uids = [f"r{row}" for row in range(50)]
    items = sheet_items(uids, ("a", "b"), repeats=5, rng=RNG(0))
    firsts = [item for item in items if not item.repeat]
    assert Counter(item.uid for item in firsts) == Counter(uids)
    assert Counter(item.order for item in firsts) == {("a", "b"): 25, ("b", "a"): 25}
    places = {item.uid: place for place, item in enumerate(items) if not item.repeat}
    repeats = [(place, item) for place, item in enumerate(items) if item.repeat]
    assert len(repeats) == len({item.uid for _, item in repeats}) == 5
    for place, item in repeats:
        assert place - places[item.uid] > len(uids) // 3
        assert item.order == items[places[item.uid]].order[::-1]
    with pytest.raises(InputError, match="at most a third of a reader's 50 reports, 16"):
        sheet_items(uids, ("a", "b"), repeats=17, rng=RNG(0))


def test_orders_of_three_systems_are_balanced():
    items = sheet_items([f"r{row}" for row in range(60)], ("a", "b", "c"), repeats=0, rng=RNG(0))
    assert set(Counter(item.order for item in items).values()) == {10}


def test_readers_have_orders_of_their_own_and_a_seed_gives_the_same_study():
    made = make_study(cases(), n=20, readers=2, overlap=20, seed=3)
    first, second = (reader.items for reader in made.key.readers)
    assert [item.uid for item in first] != [item.uid for item in second]
    sides = [{item.uid: item.order for item in own if not item.repeat} for own in (first, second)]
    assert sides[0] != sides[1]
    again = make_study(cases(), n=20, readers=2, overlap=20, seed=3)
    assert again == made
    other = make_study(cases(), n=20, readers=2, overlap=20, seed=4)
    assert other.key.study != made.key.study


def test_strata_are_by_normality_and_length():
    made = [
        Case("1", "Clear lungs.", {"a": ""}),
        Case("2", "Clear lungs and a normal heart, no effusion or pneumothorax.", {"a": ""}),
        Case("3", "Left effusion.", {"a": ""}),
    ]
    assert strata_of(made) == {"1": "normal, short", "2": "normal, long", "3": "abnormal, short"}
    # The reference's words count where there is one.
    assert stratum_of(Case("4", "Clear lungs.", {"a": "", "reference": "Nodule."})) == "abnormal"
    assert stratum_of(Case("5", "Effusion.", {"reference": "No acute disease."})) == "normal"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 10, "readers": 2, "overlap": 11}, "--overlap 11: more than the --n 10 reports"),
        ({"n": 10, "readers": 4, "overlap": 8}, "--n 10: too few for 4 readers beside --overlap 8"),
        ({"n": 41, "readers": 1, "overlap": 41}, "only 40 reports in these files"),
    ],
)
def test_a_study_that_cannot_be(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        make_study(cases(), **options)


def embedded(page, name):
    return re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page)[0]


@pytest.fixture(scope="module")
def study():
    return make_study(cases(), n=30, readers=3, overlap=10, seed=1)


def test_the_key_is_in_no_sheet(study):
    """Neither a uid, a system's name, an order, nor what is a repeat or of which stratum."""
    for page in study.sheets:
        shown = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower()
        shown = shown.replace("sensible order", "").replace("the order could be better", "")
        for word in ("uid", "aurora", "borealis", "repeat", "order", "normal", "seed"):
            assert re.search(rf"\b{word}\b", shown) is None, word
        assert "uid-0" not in page.lower()
        items = json.loads(embedded(page, "data"))
        assert {tuple(sorted(item)) for item in items} == {("findings", "texts")}


def test_a_sheet_shows_what_the_key_says(study):
    by_uid = {case.uid: case for case in cases()}
    for reader, page in zip(study.key.readers, study.sheets, strict=True):
        items = json.loads(embedded(page, "data"))
        assert len(items) == len(reader.items)
        for shown, item in zip(items, reader.items, strict=True):
            case = by_uid[item.uid]
            assert shown["findings"] == case.findings
            assert shown["texts"] == [case.impressions[system] for system in item.order]
        assert reader.sheet == checksum(f"{embedded(page, 'settings')}\n{embedded(page, 'data')}")
    assert len({reader.sheet for reader in study.key.readers}) == 3


def test_a_sheet_loads_nothing_and_asks_all(study):
    page = study.sheets[0]
    policy = unescape(re.findall(r'Security-Policy" content="(.*?)"', page)[0])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "require-trusted-types-for 'script'" in policy
    assert re.search(r'\b(?:src|href)="(?!#)', page) is None
    assert "http" not in page.replace("http-equiv", "")
    settings = json.loads(embedded(page, "settings"))
    assert [one["name"] for one in settings["criteria"]] == [one.name for one in CRITERIA]
    assert all(len(one.anchors) == 5 for one in CRITERIA)
    kinds, tiers = settings["kinds"], settings["tiers"]
    assert {f"{kind} {tier}" for kind in kinds for tier in tiers} == set(ERRORS)


def test_hostile_texts_stay_texts():
    hostile = '</script><script>alert(1)</script><img src="x">\u2028'
    made = [Case(f"u{row}", hostile, {"a": hostile, "b": "x"}) for row in range(3)]
    page = make_study(made, n=3, readers=1, overlap=3).sheets[0]
    assert "alert(1)</script>" not in page
    assert json.loads(embedded(page, "data"))[0]["findings"] == hostile


def test_the_key_is_its_owners_and_is_read_back(study, tmp_path):
    path = tmp_path / "new" / "key.json"
    digest = write_key(path, study.key, made_with={"seed": 1})
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == (study.key, digest)
    value = json.loads(path.read_text())
    for text in (*(case.findings for case in cases()), "Text 0"):
        assert text not in path.read_text()
    value["readers"][0]["items"][0]["order"] = ["aurora", "aurora"]
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match="a damaged key"):
        read_key(path)
    for damage in ({"readers": [{}]}, {"strata": []}, {"systems": 3}):
        path.write_text(json.dumps(value | damage))
        with pytest.raises(InputError, match="a damaged key"):
            read_key(path)
    path.write_text("{}")
    with pytest.raises(InputError, match="not a key of graphsum study make"):
        read_key(path)
