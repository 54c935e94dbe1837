"""What the answers of a study say: against published examples, by hand, and of invented readers."""

import json
import math

import numpy as np
import pytest
from study_cases import cases, export, sealed

from graphsum.study.agreement import krippendorff_alpha, mean_kappa, weighted_kappa
from graphsum.study.analysis import (
    OVERALL,
    SEVERE_NAME,
    analyse,
    preference_scores,
    rating,
    rating_differences,
)
from graphsum.study.files import read_answers
from graphsum.study.form import CRITERION_NAMES, SCALE
from graphsum.study.inference import (
    davidson,
    holm,
    mean_interval,
    share_interval,
    sign_test_p,
    signed_rank_p,
)
from graphsum.study.making import make_study
from graphsum.study.results_page import render_results
from graphsum.study.simulation import Spread, expected_rating, power, simulate_answers
from preprocessing.errors import InputError

_ = np.nan
# Krippendorff 2011, section D: four observers, twelve units, five values.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_the_published_one(level, published):
    assert round(krippendorff_alpha(PUBLISHED, level), 3) == published


def test_alpha_at_its_ends():
    same = np.array([[1.0, 1], [3, 3], [5, 5]])
    assert krippendorff_alpha(same) == 1
    assert krippendorff_alpha(np.array([[1.0, 5], [5, 1]]), "nominal") == -0.5
    assert krippendorff_alpha(np.array([[3.0, 3], [3, 3]])) is None
    assert krippendorff_alpha(np.array([[3.0, _], [_, 3]])) is None


def test_kappa_is_the_published_one():
    """Two radiologists on 85 xeromammograms in four grades (Boyd et al. 1982), as Stata's manual
    has it: 0.4728 without weights, 0.6714 with quadratic ones."""
    table = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
    first = [row for row in range(4) for column in range(4) for _ in range(table[row][column])]
    second = [column for row in range(4) for column in range(4) for _ in range(table[row][column])]
    assert len(first) == 85
    assert weighted_kappa(first, second, range(4)) == pytest.approx(0.6714, abs=5e-5)
    values = np.array([first, second, first], dtype=float).T
    values[:, 2] = np.nan
    assert mean_kappa(values, range(4)) == pytest.approx(0.6714, abs=5e-5)
    assert weighted_kappa([3, 3], [3, 3], SCALE) is None
    assert weighted_kappa([], [], SCALE) is None


def test_the_interval_of_a_mean():
    """1, 2, 3: mean 2, standard error 1 / sqrt 3, and t(0.975, 2) = 4.3027."""
    value, low, high = mean_interval([1, 2, 3])
    assert (value, low) == (2, pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-4))
    assert high - value == pytest.approx(value - low)
    assert math.isnan(mean_interval([4]).low)


def test_the_interval_of_a_share():
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662, 0 of 20 is 0 to 0.1611."""
    assert share_interval(81 / 263, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_interval(0, 20) == pytest.approx((0, 0, 0.1611), abs=5e-5)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]


def test_the_sign_test_leaves_ties_out():
    assert sign_test_p([1, 1, 1, 1, 1, 1, 0, 0, 0]) == pytest.approx(2 / 2**6)
    assert sign_test_p([0, 0]) == 1
    assert sign_test_p([1, -1, 0]) == 1


def test_the_signed_rank_test_by_hand():
    """Of the 32 signs of five reports two are as extreme as all positive; zeros take rank 1."""
    assert signed_rank_p([0.5, 1, 1, 2, 3]) == 2 / 32
    assert signed_rank_p([0, 0]) == 1
    # Ranks 2, 3, 4 (the zero has 1), sum 3: of the sums 9, 5, 3, 1 and their negatives six do.
    assert signed_rank_p([0, 1, -2, 3]) == 6 / 8
    # Below and above the limit the two ways are close.
    exact = signed_rank_p([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11, -12])
    normal = signed_rank_p([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11, -12, 0.1])
    assert exact == pytest.approx(normal, abs=0.1)
    assert signed_rank_p([1, 2, 1, 2, 1] * 6) < 1e-5 < signed_rank_p([1, -1, 2, -2] * 6)


def test_davidson_of_two_systems_by_hand():
    """60 wins, 20 ties, 20 losses: s1 / s2 = 3, nu = 20 / sqrt(60 * 20)."""
    strengths, nu = davidson({(0, 1): (60, 20, 20)}, 2)
    assert strengths[0] - strengths[1] == pytest.approx(math.log(3), abs=2e-3)
    assert nu == pytest.approx(20 / math.sqrt(1200), abs=2e-3)
    assert sum(strengths) == pytest.approx(0)


def test_davidson_fits_shares_that_its_model_gives():
    true, nu = np.array([0.8, 0.1, -0.9]), 0.7
    counts = {}
    for one, other in ((0, 1), (0, 2), (1, 2)):
        first, second = np.exp(true[[one, other]])
        parts = np.array([first, nu * math.sqrt(first * second), second])
        counts[one, other] = 1e6 * parts / parts.sum()
    fitted = davidson(counts, 3)
    assert fitted.strengths == pytest.approx(true, abs=1e-4)
    assert fitted.nu == pytest.approx(nu, abs=1e-4)
    always = davidson({(0, 1): (50, 0, 0)}, 2)
    assert np.isfinite(always.strengths).all()
    assert always.strengths[0] > 2


@pytest.fixture(scope="module")
def key():
    return make_study(cases(100), n=100, readers=3, overlap=30, seed=1).key


def test_planted_effects_are_recovered(key):
    """In at least 90 of 100 simulated studies each the interval holds what was planted."""
    spread, centres = Spread(), {"aurora": 3.7, "borealis": 3.3}
    one_reader = Spread(noise=math.hypot(spread.noise, spread.reader))
    means = {system: expected_rating(centre, one_reader) for system, centre in centres.items()}
    pair = ("aurora", "borealis")
    planted = means["aurora"] - means["borealis"]
    # The preference: how often a normal difference is beyond 0.5 in either direction.
    deviation = math.sqrt(2 * (spread.system**2 + spread.noise**2))
    beyond = [0.5 * math.erfc((0.5 - sign * 0.4) / deviation / math.sqrt(2)) for sign in (1, -1)]
    truths = {"one criterion": planted, "all": planted, "preference": beyond[0] - beyond[1]}
    held = dict.fromkeys(truths, 0)
    for seed in range(100):
        answers = [
            one for one in simulate_answers(key, centres, spread=spread, seed=seed)
            if not one.repeat
        ]  # fmt: skip
        samples = {
            "one criterion": rating_differences(answers, pair, "relevance"),
            "all": rating_differences(answers, pair, OVERALL),
            "preference": preference_scores(answers, pair),
        }
        for name, sample in samples.items():
            _, low, high = mean_interval(list(sample.values()))
            held[name] += low <= truths[name] <= high
    assert min(held.values()) >= 90, held


def test_without_an_effect_few_tests_find_one(key):
    """Of 30 studies of equal systems at most 4 have any corrected p-value below 0.05."""
    from graphsum.study import analysis

    found = 0
    for seed in range(30):
        answers = simulate_answers(key, {"aurora": 3.5, "borealis": 3.5}, spread=Spread(),
                                   seed=seed)  # fmt: skip
        tests = [*analysis._differences(key, answers), *analysis._preferences(key, answers)]
        found += min(holm([one["p"] for one in tests])) < 0.05
    assert found <= 4


def test_power_grows_and_is_the_level_where_there_is_nothing():
    options = {"readers": 3, "spread": Spread(), "level": 0.05, "simulations": 120, "seed": 1}
    assert power(50, 0.0, **options) < 0.1
    assert power(50, 0.2, **options) < power(200, 0.2, **options)
    assert power(100, 0.2, **options) < power(100, 0.5, **options)
    assert power(100, 0.3, overlap=0, **options) < power(100, 0.3, **options)


@pytest.fixture(scope="module")
def results():
    """Two readers read 12 reports, of which one comes twice. The first rates aurora 5 and borealis
    3 and prefers aurora; the second rates both 4, sees no difference, and an error of borealis."""
    made = make_study(cases(), n=12, readers=2, overlap=12, repeats=1, seed=1)
    key = made.key
    sheets = [
        export(key, 1, lambda _, system: 5 if system == "aurora" else 3, prefer=lambda _: "aurora"),
        export(
            key, 2, lambda *_: 4,
            errors=lambda _, system: ["missed urgent"] if system == "borealis" else [],
        ),
    ]  # fmt: skip
    return key, sheets


def analysed(key, sheets, tmp_path, **options):
    paths = []
    for number, sheet in enumerate(sheets):
        path = tmp_path / f"answers-{number}.json"
        path.write_text(json.dumps(sheet, ensure_ascii=False), encoding="utf-8")
        paths.append(str(path))
    return analyse(key, read_answers(paths, key, **options))


def test_means_differences_and_preferences_by_hand(results, tmp_path):
    found = analysed(*results, tmp_path)
    assert (found["n_reports"], found["n_readings"], found["n_repeats"]) == (12, 24, 2)
    relevance = found["criteria"]["relevance"]
    assert relevance["aurora"] == {"value": 4.5, "ci95": [4.5, 4.5], "n": 12}
    assert relevance["borealis"]["value"] == 3.5
    by_name = {one["what"]: one for one in found["differences"]}
    assert by_name["relevance"]["value"] == 1.0
    assert by_name["relevance"]["by_reader"] == {"1": 2.0, "2": 0.0}
    # Of the readers' means 2 and 0: 1 +- t(0.975, 1) = 12.7062 times sqrt(2) / sqrt(2).
    assert by_name["relevance"]["ci95_of_readers"] == pytest.approx([-11.7062, 13.7062], abs=1e-4)
    assert by_name[SEVERE_NAME]["value"] == -0.5
    assert found["tests"] == len(CRITERION_NAMES) + 2
    (preference,) = found["preference"]
    # The preference has the smallest p; six times the next one is less than seven times that.
    assert preference["p_holm"] == pytest.approx(7 * preference["p"])
    assert by_name["relevance"]["p_holm"] == preference["p_holm"]
    assert preference["first_better"]["readings"] == preference["tie"]["readings"] == 12
    assert preference["reports"] == {"first_better": 12, "tie": 0, "second_better": 0}
    assert (preference["value"], preference["p"]) == (0.5, pytest.approx(2 / 2**12))
    errors = found["errors"]["borealis"]
    assert errors["missed urgent"]["value"] == errors["urgent"]["value"] == 0.5
    assert found["errors"]["aurora"]["urgent"]["value"] == 0


def test_agreement_by_hand(results, tmp_path):
    found = analysed(*results, tmp_path)
    assert found == analysed(*results, tmp_path)
    relevance = found["agreement"]["relevance"]
    assert (relevance["units"], relevance["exact"]) == (24, 0)
    values = np.array([[5, 4], [3, 4]] * 12, dtype=float)
    assert relevance["alpha"] == pytest.approx(krippendorff_alpha(values))
    assert relevance["weighted_kappa"] == 0  # the second reader says 4 whatever the first does
    own = found["self_agreement"]["relevance"]
    assert (own["n"], own["exact"], own["mean_distance"]) == (4, 1, 0)
    assert found["self_agreement"]["preference"]["n"] == 2
    sides = found["position"]
    assert sides["first_shown_better"] == sides["second_shown_better"] == 6


def test_three_systems_have_three_pairs(tmp_path):
    key = make_study(cases(systems=("a1", "b2", "c3")), n=30, readers=1, overlap=30, seed=1).key
    order = {"a1": 2, "b2": 4, "c3": 5}
    sheet = export(key, 1, lambda _, system: order[system], prefer=lambda _: "c3")
    found = analysed(key, [sheet], tmp_path)
    pairs = [(one["first"], one["second"], one["value"]) for one in found["preference"]]
    assert pairs == [("a1", "b2", 0.0), ("a1", "c3", -1.0), ("b2", "c3", -1.0)]
    strengths = {name: one["value"] for name, one in found["strengths"]["systems"].items()}
    assert strengths["c3"] > strengths["a1"] == pytest.approx(strengths["b2"])
    assert found["tests"] == 21
    assert found["agreement"] == {}


def test_what_was_not_answered_is_left_out(results, tmp_path):
    key, (first, second) = results
    answers = json.loads(json.dumps(first["answers"]))
    for one in answers[1:]:
        for text in one["texts"].values():
            text["ratings"] = {}
        one["preferences"] = {}
    open_sheet = sealed(key, 1, answers)
    with pytest.raises(InputError, match=r"12 of 13 reports not finished \(first: 2\)"):
        analysed(key, [open_sheet, second], tmp_path)
    found = analysed(key, [open_sheet], tmp_path, partial=True)
    assert (found["n_readings"], found["unfinished"], found["readers"]) == (1, 12, [1])
    assert found["criteria"]["relevance"]["aurora"] == {"value": 5.0, "ci95": None, "n": 1}
    assert "12 answers are not finished" in render_results(found)
    nothing = sealed(key, 1, [one | {"texts": answers[1]["texts"]} for one in answers])
    with pytest.raises(InputError, match="nothing is rated"):
        analysed(key, [nothing], tmp_path, partial=True)


def test_the_page_holds_charts_and_no_report(results, tmp_path):
    key, sheets = results
    page = render_results(analysed(key, sheets, tmp_path))
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert " style=" not in page
    for case in cases():
        for text in (case.uid, case.findings, *case.impressions.values()):
            assert text not in page
    assert "Krippendorff&#39;s α" in page
    assert "1.00 (1.00 to 1.00)" in page


def edited(sheet, change):
    copy = json.loads(json.dumps(sheet))
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.update(study="0" * 12), "answers of another study than the key's"),
        (lambda one: one.update(sheet="00000000"), "the sheet was changed after it was made"),
        (lambda one: one.update(reader=3), "the study has readers 1 to 2, and not this one"),
        (lambda one: one.update(reader=True), "the study has readers 1 to 2, and not this one"),
        (lambda one: one["answers"].pop(), "changed after its export"),
        (lambda one: one["answers"][0].update(comment="x"), "changed after its export"),
        (lambda one: one.update(format="x"), "not the answers that a sheet"),
    ],
)
def test_answers_that_do_not_belong(results, tmp_path, change, message):
    key, (first, second) = results
    with pytest.raises(InputError, match=message):
        analysed(key, [edited(first, change), second], tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["texts"]["A"]["ratings"].update(relevance=6),
        lambda one: one["texts"]["A"]["ratings"].update(relevance=True),
        lambda one: one["texts"]["A"]["ratings"].update(beauty=3),
        lambda one: one["texts"]["A"].update(errors=["missed nothing"]),
        lambda one: one["texts"].pop("B"),
        lambda one: one["preferences"].update(AB="C"),
        lambda one: one.update(comment=None),
    ],
)
def test_answers_that_no_sheet_exports(results, tmp_path, change):
    key, (first, second) = results
    answers = json.loads(json.dumps(first["answers"]))
    change(answers[2])
    with pytest.raises(InputError, match="report 3: not an answer of a sheet"):
        analysed(key, [sealed(key, 1, answers), second], tmp_path)


def test_readers_are_all_there_once(results, tmp_path):
    key, (first, second) = results
    with pytest.raises(InputError, match="no answers of reader 2 of 2"):
        analysed(key, [first], tmp_path)
    with pytest.raises(InputError, match="reader 1 again"):
        analysed(key, [first, first, second], tmp_path)
    with pytest.raises(InputError, match="not one answer for each of the sheet's 13 reports"):
        analysed(key, [sealed(key, 1, first["answers"][:-1]), second], tmp_path)


def test_a_mean_of_five_needs_all_five(results, tmp_path):
    key, sheets = results
    answers = json.loads(json.dumps(sheets[0]["answers"]))
    del answers[0]["texts"]["A"]["ratings"]["relevance"]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(sealed(key, 1, answers)))
    first, second, *_ = read_answers([str(path)], key, partial=True)
    system = first.order[0]
    assert rating(first, system, OVERALL) is None
    assert rating(first, system, "coherence") is not None
    assert rating(second, system, OVERALL) is not None
