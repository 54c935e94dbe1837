"""From findings and a candidate to an impression: clauses, plan, mending, summary, confidence."""

import json
import math
import re
from dataclasses import replace

import pytest

from graphsum.consensus.word_pairs import WordPairs
from graphsum.impressions.clauses import clauses_of, without_blanks
from graphsum.impressions.confidence import INTERCEPT, estimate, features_of
from graphsum.impressions.mending import NORMAL, NORMAL_ELSEWHERE, mend
from graphsum.impressions.plan import Plan, plans_of
from graphsum.impressions.summary import LOW_AGREEMENT, LedgerEntry, LeftOut, summary_of
from preprocessing.errors import InputError
from preprocessing.facts.comparison import statements_of
from preprocessing.records import Report

WORDS = frozenset(
    "a acute cardiomegaly cardiopulmonary abnormality clear effusion enlarged heart in is large "
    "left lobe lower lungs no nodule of pleural pneumothorax right size small the there "
    "upper".split()
)


def is_word(word):
    return word in WORDS


def texts(clauses):
    return [one.text for one in clauses]


def plan_of(findings, known=None):
    return plans_of([findings], known)[0]


def mended(candidate, findings, known=None):
    return mend([candidate], [plan_of(findings, known)], known)[0]


def summarized(candidate, findings, **settings):
    plan = plan_of(findings)
    return summary_of(plan, mend([candidate], [plan])[0], **settings)


# --- clauses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        # Denials, and what is normal, have no clause.
        (
            "There is a small left pleural effusion. No pneumothorax.",
            ["Small left pleural effusion."],
        ),
        (
            "No pneumothorax, but there is a large right pleural effusion.",
            ["Large right pleural effusion."],
        ),
        ("Small right effusion and no pneumothorax.", ["Small right effusion."]),
        ("The heart is normal in size. The lungs are clear.", []),
        ("No acute abnormality.", []),
        ("", []),
        # Several clauses of one sentence: one clause where nothing is denied between them.
        (
            "Moderate left effusion, no pneumothorax, and a right upper lobe mass.",
            ["Moderate left effusion.", "Right upper lobe mass."],
        ),
        (
            "The heart is enlarged, the lungs are clear, and there is a left rib fracture.",
            ["Heart is enlarged.", "Left rib fracture."],
        ),
        (
            "There is a small left effusion and a large right pneumothorax.",
            ["Small left effusion and a large right pneumothorax."],
        ),
        (
            "- Small left effusion\n- No pneumothorax\n- Cardiomegaly",
            ["Small left effusion.", "Cardiomegaly."],
        ),
        # A label goes, unless it is a side's or the finding itself.
        ("Lungs: Left basal atelectasis. Heart: normal.", ["Left basal atelectasis."]),
        ("Pleura: There is a small left effusion.", ["Small left effusion."]),
        (
            "Right cardiophrenic angle: rounded opacity.",
            ["Right cardiophrenic angle: rounded opacity."],
        ),
        ("Pneumothorax: none. Effusion: small, right.", ["Effusion: small, right."]),
        ("Gallbladder: surgically absent.", ["Gallbladder: surgically absent."]),
        # Parentheses belong to their clause, commas in them too.
        (
            "A nodule in the right upper lobe (6 mm, new) is again noted.",
            ["Nodule in the right upper lobe (6 mm, new)."],
        ),
        (
            "Nodule (6 mm, new) in the left apex, no effusion.",
            ["Nodule (6 mm, new) in the left apex."],
        ),
        # What an impression does without.
        ("A right apical pneumothorax is seen.", ["Right apical pneumothorax."]),
        ("Left lower lobe consolidation is present.", ["Left lower lobe consolidation."]),
        (
            "Left lower lobe consolidation is again demonstrated on today's study.",
            ["Left lower lobe consolidation."],
        ),
        # Capitals become ordinary writing, with the usual abbreviations.
        ("THERE IS A LARGE RIGHT PNEUMOTHORAX.", ["Large right pneumothorax."]),
        (
            "ETT TIP LIES IN THE RIGHT MAIN BRONCHUS.",
            ["ETT tip lies in the right main bronchus."],
        ),
        # Blanks go, and what leads to them.
        (
            "Compared to the study of ____, a small left pleural effusion is new.",
            ["Small left pleural effusion is new."],
        ),
        (
            "Left pleural effusion has increased since ____.",
            ["Left pleural effusion has increased."],
        ),
        # The place of a finding stays, and what comes behind does not.
        (
            "Complete opacification of the right middle lobe no significant volume loss.",
            ["Complete opacification of the right middle lobe."],
        ),
        (
            "Atelectasis at the left base otherwise negative for airspace disease.",
            ["Atelectasis at the left base."],
        ),
        (
            "Consolidation of the left lower lobe not associated with effusion.",
            ["Consolidation of the left lower lobe."],
        ),
        # That it is new stays.
        (
            "There has been interval development of a large effusion.",
            ["Interval development of a large effusion."],
        ),
        # A verb whose subject was removed goes as well.
        (
            "____ is fractured at its neck on the left.",
            ["Fractured at its neck on the left."],
        ),
        ("Again noted is ____ and left midlung opacity.", ["Left midlung opacity."]),
        ("Again visualized is a fracture of T12.", ["Fracture of T12."]),
        # What has resolved may be told; doubt that the words themselves carry stays.
        ("The left pneumothorax has resolved.", ["Left pneumothorax has resolved."]),
        ("Possible right lower lobe pneumonia.", ["Possible right lower lobe pneumonia."]),
    ],
)
def test_clauses_are_what_is_asserted_or_doubted_in_the_words_of_an_impression(findings, expected):
    assert texts(clauses_of(findings, statements_of([findings])[0])) == expected


def test_a_clause_knows_its_place_its_tier_and_whether_it_must_be_reported():
    findings = "No effusion, but there is a left pneumothorax. The heart is enlarged."
    first, second = clauses_of(findings, statements_of([findings])[0])
    assert findings[first.start : first.end] == "there is a left pneumothorax"
    assert (first.tier, first.must) == ("critical", True)
    assert [one.names for one in first.statements] == [frozenset({"Pneumothorax"})]
    assert findings[second.start : second.end] == "The heart is enlarged"
    assert (second.tier, second.must) == ("routine", False)


def test_what_has_resolved_need_not_be_reported():
    findings = "The left pneumothorax has resolved."
    (clause,) = clauses_of(findings, statements_of([findings])[0])
    assert not clause.must
    assert [(one.status, one.resolved) for one in clause.statements] == [("absent", True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Effusion, compared to ____.", "Effusion."),
        ("Effusion since XXXX", "Effusion"),
        ("Discussed with ____ / ____ today.", "Discussed today."),
        ("Effusion larger than on ____.", "Effusion larger."),
        ("Two  blanks  between.", "Two  blanks  between."),  # as it is where there is no blank
    ],
)
def test_blanks_go_with_what_leads_to_them(text, expected):
    assert without_blanks(text) == expected


# --- plan ---------------------------------------------------------------------------------------


def test_a_plan_sorts_clauses_by_what_an_impression_owes_its_reader():
    plan = plan_of(
        "A new 6 mm nodule in the right upper lobe. Small left effusion. Left apical pneumothorax. "
        "The heart is enlarged. The right PICC tip is in the SVC. Calcified granuloma in the left "
        "lung. Bezoar in the stomach. There is a left rib fracture. No edema."
    )
    assert [(one.text, one.tier) for one in plan.must] == [
        ("Left apical pneumothorax.", "critical"),
        ("Small left effusion.", "urgent"),
        ("Left rib fracture.", "urgent"),
        ("New 6 mm nodule in the right upper lobe.", "notable"),
    ]
    assert texts(plan.may) == ["Heart is enlarged."]  # a granuloma is a trace of the past
    assert texts(plan.minor) == ["Right PICC tip is in the SVC."]
    assert texts(plan.unnamed) == ["Bezoar in the stomach."]


@pytest.mark.parametrize(
    ("findings", "allowed"),
    [
        ("The heart is enlarged.", True),
        ("Left rib fracture.", True),  # no disease of heart and lungs
        ("Left rib fracture. Small left effusion.", False),
        ("Possible pneumonia.", False),
        ("Left pneumothorax.", False),
        ("Malpositioned PICC in the azygos vein.", False),
        ("A 6 mm nodule in the right upper lobe.", True),  # notable, not urgent
        ("A new 6 mm nodule in the right upper lobe.", False),
        ("The left pneumothorax has resolved.", True),
    ],
)
def test_a_normal_verdict_is_allowed_beside_nothing_urgent_in_the_chest(findings, allowed):
    assert plan_of(findings).allows_normal is allowed


@pytest.mark.parametrize(
    ("findings", "outside"),
    [
        ("Chest radiograph. The lungs are clear.", False),
        ("Portable chest film. The abdomen is unremarkable.", False),
        ("Ribs and chest, two views. The hip is normal.", False),
        ("CT of the chest. There is a nodule in the right upper lobe.", True),
        ("Ultrasound of the chest. Small left effusion.", True),
        ("Knee radiograph. No fracture.", True),
        ("Skull: no fracture.", True),
    ],
)
def test_another_examination_is_out_of_domain(findings, outside):
    plan = plan_of(findings)
    assert (plan.other_exam, plan.out_of_domain) == (outside, outside)


def test_many_unknown_words_are_out_of_domain():
    known = "small left pleural effusion. "
    strange = "xanthic zibeline quagga vortices"
    few = plan_of(known + "xanthic zibeline quagga.", is_word)
    assert (few.unknown_share, few.out_of_domain) == (0.0, False)  # three words prove nothing
    assert few.unknown_words == {"xanthic", "zibeline", "quagga"}
    # Of words longer than three letters: 4 of 8, then 4 of 24.
    many = plan_of(known + strange, is_word)
    assert (many.unknown_share, many.out_of_domain) == (4 / 8, True)
    diluted = plan_of(known * 5 + strange, is_word)
    assert (diluted.unknown_share, diluted.out_of_domain) == (4 / 24, False)
    assert plan_of(known + strange).unknown_share == 0.0  # where nobody says what is a word


def test_a_clause_of_three_unknown_words_is_new():
    findings = "Xanthic zibeline quagga in the left lung. Small left xanthic zibeline effusion."
    plan = plan_of(findings, is_word)
    assert [plan.is_new(one) for one in plan.clauses] == [True, False]


def test_a_plan_is_made_of_statements_or_of_texts_alike():
    findings = "Small left pleural effusion. No pneumothorax."
    assert Plan.of(findings, statements_of([findings])[0]) == plan_of(findings)


# --- mending ------------------------------------------------------------------------------------

EFFUSION = "Small left pleural effusion. No pneumothorax."
RIB = "Old healed fracture of the left fifth rib. The lungs are clear."


@pytest.mark.parametrize(
    ("candidate", "findings"),
    [
        ("Small left effusion.", EFFUSION),
        ("small LEFT effusion; no pneumothorax", EFFUSION),  # its writing too
        ("1. Small left effusion. 2. Cardiomegaly.", "The heart is enlarged. " + EFFUSION),
        ("Small left effusion. Recommend follow-up.", EFFUSION),
        ("Left lower lobe pneumonia.", "Left lower lobe consolidation."),  # may be concluded
        ("No acute cardiopulmonary abnormality.", RIB),
        ("No acute cardiopulmonary abnormality. Old left rib fracture.", RIB),
        ("No acute cardiopulmonary abnormality.", "The left pneumothorax has resolved."),
    ],
)
def test_a_sound_candidate_stays_as_it_is(candidate, findings):
    result = mended(candidate, findings)
    assert (result.text, result.dropped, result.quoted) == (candidate, 0, ())
    assert not result.checked.alarm


@pytest.mark.parametrize(
    ("candidate", "findings", "expected"),
    [
        # Another side, size, degree, place or course; a side, size or course left out.
        ("Small right effusion.", EFFUSION, "Small left pleural effusion."),
        ("Large left effusion.", EFFUSION, "Small left pleural effusion."),
        ("Effusion.", EFFUSION, "Small left pleural effusion."),
        (
            "Right upper lobe nodule of 12 mm.",
            "A new 6 mm nodule in the right upper lobe.",
            "New 6 mm nodule in the right upper lobe.",
        ),
        (
            "Left upper lobe consolidation.",
            "Left lower lobe consolidation.",
            "Left lower lobe consolidation.",
        ),
        (
            "Right lower lobe pneumonia.",
            "Left lower lobe consolidation.",
            "Left lower lobe consolidation.",
        ),
        (
            "Increased left effusion.",
            "Left pleural effusion is decreased.",
            "Left pleural effusion is decreased.",
        ),
        (
            "Left effusion.",
            "Left pleural effusion is decreased.",
            "Left pleural effusion is decreased.",
        ),
        # Doubt where the findings have none.
        ("Possible left effusion.", EFFUSION, "Small left pleural effusion."),
        # A word twice, and a blank.
        ("Small left effusion effusion.", EFFUSION, "Small left pleural effusion."),
        ("Small left effusion since ____.", EFFUSION, "Small left pleural effusion."),
    ],
)
def test_a_sentence_that_differs_is_replaced_by_the_findings_own_clause(
    candidate, findings, expected
):
    result = mended(candidate, findings)
    assert (result.text, result.dropped, result.quoted) == (expected, 1, (expected,))
    assert not result.checked.alarm


@pytest.mark.parametrize(
    ("candidate", "findings", "expected"),
    [
        # Invented, denied by the findings, or doubted without reason.
        ("Small left effusion. Edema.", EFFUSION, "Small left effusion."),
        ("Small left effusion. Right pneumothorax.", EFFUSION, "Small left effusion."),
        ("Cardiomegaly. Rib fracture.", "The heart is enlarged.", "Cardiomegaly."),
        ("Possible pneumonia.", "The lungs are clear. The heart is normal.", NORMAL),
        # Nonsense: nothing is stated, a word comes twice, a lone letter, a blank.
        ("Small left effusion. Of the and.", EFFUSION, "Small left effusion."),
        ("Small left effusion. The the lungs are clear.", EFFUSION, "Small left effusion."),
        ("Small left effusion. No q pneumothorax.", EFFUSION, "Small left effusion."),
        ("Small left effusion. No change since ____.", EFFUSION, "Small left effusion."),
    ],
)
def test_a_sentence_that_the_findings_do_not_bear_out_is_dropped(candidate, findings, expected):
    result = mended(candidate, findings)
    assert (result.text, result.dropped, result.quoted) == (expected, 1, ())


def test_a_word_that_the_model_does_not_know_is_dropped_unless_the_findings_have_it():
    candidate = "Small left effusion. Quixotic cardiomegaly."
    findings = "Small left pleural effusion. The heart is enlarged."
    assert mended(candidate, findings).text == candidate
    result = mended(candidate, findings, is_word)
    assert result.dropped == 1
    assert result.quoted == ("Heart is enlarged.",)
    assert "Quixotic" not in result.text
    assert mended(candidate, findings + " Quixotic.", is_word).text == candidate


def test_a_normal_verdict_is_dropped_beside_something_urgent_in_the_chest():
    assert mended(NORMAL, "There is a large left pneumothorax.").text == "Large left pneumothorax."
    assert mended(NORMAL, EFFUSION).text == "Small left pleural effusion."


def test_a_normal_verdict_is_dropped_beside_something_urgent_that_is_doubted_or_told():
    doubted = mended(NORMAL, "Possible right lower lobe pneumonia.")
    assert doubted.text == "Possible right lower lobe pneumonia."
    told = mended(f"Left pneumothorax. {NORMAL}", "There is a left pneumothorax.")
    assert (told.text, told.quoted) == ("Left pneumothorax.", ())


def test_clear_lungs_are_dropped_beside_something_in_them_that_must_be_reported():
    findings = "New nodule in the left upper lobe. The lungs are otherwise clear."
    result = mended("New left upper lobe nodule. The lungs are clear.", findings)
    assert (result.text, result.dropped) == ("New left upper lobe nodule.", 1)


def test_a_normal_verdict_stays_beside_a_fracture():
    result = mended(NORMAL, "Acute fracture of the left fifth rib. The lungs are clear.")
    assert result.text == f"Acute fracture of the left fifth rib. {NORMAL}"
    assert (result.dropped, result.quoted) == (0, ("Acute fracture of the left fifth rib.",))
    assert mended(NORMAL, RIB).quoted == ()  # an old one need not be told


def test_what_is_missing_comes_first_the_most_urgent_before_all():
    result = mended("Small left effusion.", EFFUSION + " Free air under the right hemidiaphragm.")
    assert result.text == "Free air under the right hemidiaphragm. Small left effusion."
    assert result.dropped == 0
    result = mended(
        "Cardiomegaly.",
        "The heart is enlarged. Small left pleural effusion. There is a right pneumothorax.",
    )
    assert result.text == "Right pneumothorax. Small left pleural effusion. Cardiomegaly."
    assert result.quoted == ("Right pneumothorax.", "Small left pleural effusion.")


@pytest.mark.parametrize(
    "other", ["Left PICC tip in the azygos vein.", "Nasogastric tube coiled in the esophagus."]
)
def test_two_devices_astray_are_both_reported(other):
    result = mended(
        "ETT in the right main bronchus.", f"{other} The ETT is in the right main bronchus."
    )
    assert result.text == f"{other} ETT in the right main bronchus."


def test_what_a_quoted_clause_tells_is_not_said_again():
    findings = "There is a small left effusion and a large right pneumothorax."
    result = mended("Small left effusion.", findings)
    assert result.text == "Small left effusion and a large right pneumothorax."


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ("Small left pleural effusion.", "Small left pleural effusion."),
        ("The heart is enlarged.", "Heart is enlarged."),
        ("The heart is normal in size. The lungs are clear.", NORMAL),
        ("Right knee: no fracture.", NORMAL_ELSEWHERE),
        ("CT of the chest. No pneumothorax.", NORMAL),
    ],
)
def test_an_empty_candidate_becomes_the_findings_own_clauses(findings, expected):
    result = mended("", findings)
    assert (result.text, result.dropped) == (expected, 0)
    assert result.quoted == (() if expected.startswith("No ") else (expected,))


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ("The heart is enlarged. The lungs are clear.", f"Heart is enlarged. {NORMAL}"),
        ("Hiatal hernia. No effusion.", f"Hiatal hernia. {NORMAL}"),
        ("Hiatal hernia.", "Hiatal hernia."),  # of the lungs nothing is said
        ("Gas in the left psoas. No effusion.", "Gas in the left psoas."),
        ("Left mass. No effusion.", "Left mass."),
    ],
)
def test_beside_something_harmless_it_is_said_that_nothing_acute_is_there(findings, expected):
    assert mended("", findings).text == expected


@pytest.mark.parametrize("findings", ["", "nan", "See impression.", "Exam not performed."])
def test_findings_without_information_have_no_impression(findings):
    result = mended("Small left effusion.", findings)
    assert (result.text, result.dropped, result.quoted) == ("", 1, ())


def test_a_candidate_about_another_examination_is_not_trusted():
    result = mended("Right upper lobe nodule.", "CT of the abdomen. The liver has a 2 cm cyst.")
    assert (result.text, result.dropped) == ("Liver has a 2 cm cyst.", 1)


def test_each_candidate_is_mended_by_its_own_plan():
    findings = [EFFUSION, "There is a right pneumothorax.", ""]
    candidates = ["Small left effusion.", "Small left effusion.", NORMAL]
    together = mend(candidates, plans_of(findings))
    assert [one.text for one in together] == ["Small left effusion.", "Right pneumothorax.", ""]
    assert together == [mended(*pair) for pair in zip(candidates, findings, strict=True)]
    with pytest.raises(ValueError, match="zip"):
        mend(candidates[:2], plans_of(findings))


# --- summary ------------------------------------------------------------------------------------


def test_the_ledger_shows_what_bears_out_each_statement():
    findings = "The lungs are clear. Left lower lobe consolidation. No pneumothorax."
    summary = summarized("Left lower lobe pneumonia. No pneumothorax.", findings)
    assert str(summary) == summary.impression == "Left lower lobe pneumonia. No pneumothorax."
    shown = [
        (
            summary.impression[one.start : one.end],
            one.status,
            one.verdict,
            one.evidence and findings[slice(*one.evidence)],
        )
        for one in summary.ledger
    ]
    assert shown == [
        ("pneumonia", "present", "inferred", "consolidation"),
        ("pneumothorax", "absent", "supported", "pneumothorax"),
    ]
    assert summary.ledger[0] == LedgerEntry(
        16, 25, ("Pneumonia",), "present", "inferred", (37, 50), ()
    )


def test_spans_of_the_ledger_are_those_of_the_mended_text():
    findings = EFFUSION + " There is a right pneumothorax."
    summary = summarized("Small left effusion.", findings)
    assert summary.impression == "Right pneumothorax. Small left effusion."
    assert [
        (summary.impression[one.start : one.end], findings[slice(*one.evidence)])
        for one in summary.ledger
    ] == [("pneumothorax", "pneumothorax"), ("effusion", "pleural effusion")]


def test_what_is_left_out_is_listed_with_the_reason():
    findings = "The heart is enlarged. Old rib fracture. Calcified granuloma in the left lung."
    summary = summarized("Cardiomegaly.", findings)
    assert [
        (findings[one.start : one.end], one.names, one.tier, one.reason) for one in summary.left_out
    ] == [
        ("rib fracture", ("Fracture", "Rib Fracture"), "routine", "old or stable"),
        ("Calcified granuloma", ("Granuloma",), "routine", "need not be reported"),
    ]
    assert not summary.review


def test_what_is_missed_is_listed_and_reviewed():
    plan = plan_of(EFFUSION)
    blind = mend(["No pneumothorax."], [plan_of("No pneumothorax.")])[0]
    checked = mend([""], [plan])[0].checked
    # As if mending had not put the effusion in.
    missing = replace(blind, checked=replace(checked, statements=(), missed=checked.abnormal))
    summary = summary_of(plan, missing)
    start = EFFUSION.index("pleural")
    assert summary.left_out == (
        LeftOut(start, EFFUSION.index("."), ("Pleural Effusion",), "urgent", "missed"),
    )
    assert summary.review


@pytest.mark.parametrize(
    ("candidate", "findings", "settings", "flags", "review"),
    [
        ("Small left effusion.", EFFUSION, {}, (), False),
        ("Small right effusion.", EFFUSION, {}, ("mended", "quoted"), False),
        ("Small left effusion. Edema.", EFFUSION, {}, ("mended",), False),
        ("", EFFUSION, {}, ("quoted",), False),
        ("Small left effusion.", EFFUSION, {"truncated": True}, ("truncated",), True),
        ("Small left effusion.", EFFUSION, {"agreement": LOW_AGREEMENT}, (), False),
        ("Small left effusion.", EFFUSION, {"agreement": 0.34}, ("low_agreement",), False),
        ("Edema.", "nan", {}, ("no_information",), True),
        ("", "Knee radiograph. No fracture.", {}, ("out_of_domain",), True),
    ],
)
def test_flags_say_what_was_done_and_what_to_review(candidate, findings, settings, flags, review):
    summary = summarized(candidate, findings, **settings)
    assert (summary.flags, summary.review) == (flags, review)
    assert summary.reason == ("empty" if findings == "nan" else "")


def test_review_follows_the_confidence_where_there_is_a_calibration():
    calibration = {INTERCEPT: math.log(3)}  # a chance of 3 in 4, whatever the features
    summary = summarized("Small left effusion.", EFFUSION, calibration=calibration)
    assert (summary.confidence, summary.review) == (0.75, False)
    doubtful = summarized("Small left effusion.", EFFUSION, calibration=calibration, threshold=0.8)
    assert (doubtful.confidence, doubtful.review) == (0.75, True)
    assert summarized("Edema.", "nan", calibration=calibration).confidence is None
    assert summarized("Small left effusion.", EFFUSION).confidence is None


def test_a_summary_becomes_json_and_back():
    summary = summarized("Small left effusion.", "The heart is enlarged. " + EFFUSION)
    record = json.loads(json.dumps(summary.to_json()))
    assert set(record) == {
        "impression", "ledger", "left_out", "flags", "reason", "confidence", "review",
        "unknown_share", "features",
        "agreement",
    }  # fmt: skip
    assert record["impression"] == str(summary)
    assert len(record["ledger"]) == len(summary.ledger) == 2
    names = [entry["names"] for entry in record["ledger"]]
    assert sorted(names) == [["Cardiomegaly"], ["Pleural Effusion"]]


# --- confidence ---------------------------------------------------------------------------------


def test_features_tell_of_the_plan_and_the_mending():
    findings = "Small left pleural effusion. The heart is enlarged. No pneumothorax."
    plan = plan_of(findings)
    features = features_of(plan, mend(["Small right effusion."], [plan])[0], 0.8)
    # "Small left pleural effusion. Heart is enlarged.": both clauses are quoted.
    assert features == {
        "agreement": 0.8,
        "asserted": 2.0,
        "must": 1.0,
        "dropped": 1.0,
        "quoted": 2.0,
        "supported": 1.0,
        "words": 0.7,
        "unknown": 0.0,
    }


def test_features_without_votes_and_statements_are_neutral_and_all_are_bounded():
    plan = plan_of("The heart is normal in size.")
    neutral = features_of(plan, mend([""], [plan])[0], None)
    assert (neutral["agreement"], neutral["supported"]) == (0.5, 1.0)
    parts = ["apical scar", "nodule", "mass", "effusion", "pneumothorax", "consolidation"]
    findings = " ".join(
        f"There is a new {side} {one}." for one in parts for side in ("left", "right")
    )
    plan = plan_of(findings)
    assert len(plan.clauses) > 6
    assert len(plan.must) > 4
    full = features_of(plan, mend(["Edema. Hernia. Cardiomegaly. Abscess."], [plan])[0], 1.0)
    assert (full["asserted"], full["must"], full["dropped"], full["quoted"]) == (6, 4, 3, 3)
    assert full["words"] <= 4


def test_the_estimate_is_a_logistic_regression():
    weights = {INTERCEPT: -1.0, "agreement": 2.0, "quoted": -0.5}
    assert estimate({"agreement": 0.5, "quoted": 0.0}, weights) == 0.5
    # -1 + 2 * 1 - 0.5 * 2 = 0; -1 + 2 * 0.5 - 0.5 * 2 = -1
    assert estimate({"agreement": 1.0, "quoted": 2.0}, weights) == 0.5
    assert estimate({"agreement": 0.5, "quoted": 2.0}, weights) == 0.269
    assert estimate({"unheard_of": 9.0}, {}) == 0.5


def test_the_estimate_rises_with_agreement_where_its_weight_is_positive():
    plan = plan_of(EFFUSION)
    result = mend(["Small left effusion."], [plan])[0]
    values = [
        estimate(features_of(plan, result, step / 10), {INTERCEPT: -2.0, "agreement": 4.0})
        for step in range(11)
    ]
    assert values == sorted(values)
    assert len(set(values)) == 11
    assert values[5] == 0.5


@pytest.mark.parametrize(("weight", "expected"), [(1e9, 1.0), (-1e9, 0.0)])
def test_the_estimate_is_bounded_whatever_the_weights(weight, expected):
    assert estimate({"agreement": 1.0}, {"agreement": weight}) == expected


@pytest.mark.parametrize(
    ("candidate", "findings", "must", "must_not"),
    [
        (
            "Left pneumothorax.",
            "There is a left pneumothorax. There is a right pneumothorax.",
            ["left", "right"],
            [],
        ),
        (
            "Small left effusion.",
            "Small left pleural effusion. Stable small right pleural effusion.",
            ["left"],
            [],
        ),
        (
            NORMAL,
            "ETT tip in the right mainstem bronchus, needs to be withdrawn.",
            ["ett"],
            ["no acute"],
        ),
        (
            NORMAL,
            "The nasogastric tube is coiled in the esophagus and should be removed.",
            ["nasogastric"],
            ["no acute"],
        ),
        (
            "No pneumothorax.",
            "No nasogastric tube, and a malpositioned endotracheal tube in the left mainstem "
            "bronchus is seen.",
            ["endotracheal"],
            [],
        ),
        (
            NORMAL,
            "No infiltrate, rather a 3 cm mass with irregular margins in the left lower lobe.",
            ["mass"],
            ["no acute"],
        ),
        ("", "There may be a right pneumothorax.", ["may|possible"], []),
        ("", "There appears to be free air under the diaphragm.", ["appears|possible"], []),
        ("", "Small left effusion ____.", ["effusion"], []),
        (
            "ET tube in standard position.",
            "The ETT is in the right main bronchus. No pneumothorax.",
            ["right main"],
            ["standard"],
        ),
        (
            NORMAL,
            "Malpositioned endotracheal tube with its tip in the right mainstem bronchus, but no "
            "free air.",
            ["right mainstem"],
            [],
        ),
        (
            "Small left effusion. Hydatid cyst.",
            "Small left pleural effusion.",
            ["effusion"],
            ["cyst"],
        ),
        ("", "Again seen is a right lower lobe consolidation.", ["consolidation"], ["^seen is"]),
        (
            "The lungs are clear.",
            "There is a left pneumothorax and the right lung is clear.",
            ["pneumothorax"],
            ["the lungs are clear"],
        ),
    ],
)
def test_impressions_that_were_wrong_once(
    candidate: str, findings: str, must: list[str], must_not: list[str]
) -> None:
    text = mend([candidate], plans_of([findings]))[0].text.lower()
    assert all(re.search(wanted, text) for wanted in must), text
    assert not any(re.search(wrong, text) for wrong in must_not), text


def test_a_recommendation_is_no_title() -> None:
    assert not plans_of(["The lungs are clear. CT is recommended."])[0].out_of_domain


# --- what the samples and what nobody can read have to say ---------------------------------------


def test_routine_findings_are_told_where_the_samples_disagree():
    plan = plan_of("The left hemidiaphragm is raised. The lungs are clear.")
    sure, unsure = (mend([NORMAL], [plan], None, [agreement])[0].text for agreement in (0.9, 0.3))
    assert sure == NORMAL
    assert unsure == f"Left hemidiaphragm is raised. {NORMAL}"


@pytest.mark.parametrize(
    ("candidate", "findings", "expected"),
    [
        # A course, at the same place, that the candidate hides.
        (
            "Left basal airspace disease.",
            "Left basal consolidation is improving. Streaky opacity remains.",
            "Left basal consolidation is improving.",
        ),
        # A device where the findings do not have it.
        (
            "Jugular catheter tip in the svc.",
            "The tip of the jugular catheter lies in the brachiocephalic vein.",
            "Tip of the jugular catheter lies in the brachiocephalic vein.",
        ),
        # What nobody can read is quoted where nothing is left, and takes the normal verdict away.
        (
            "Clear lungs.",
            "The bronchus on the left has an odd ragged look like torn paper.",
            "Bronchus on the left has an odd ragged look like torn paper.",
        ),
        # What is normal, or about the film, is not.
        ("", "Good inspiratory effort. Equal lung density on both sides.", NORMAL),
        # Of several tubes and lines the reader is told that they are there.
        (
            NORMAL,
            "ETT tip 5 cm above the carina. NG tube tip in the stomach. The lungs are clear.",
            f"ETT tip 5 cm above the carina. Nasogastric tube tip in the stomach. {NORMAL}",
        ),
        # That something urgent is gone is a finding too.
        (
            "",
            "The edema of last week has resolved. The heart is enlarged. No effusion.",
            "Heart is enlarged. Edema of last week has resolved.",
        ),
        ("Small left effusion. Small left sided pleural effusion.", "Small left effusion.", None),
        ("No pneumonia. I see i edema.", "No pneumonia.", "No pneumonia."),
        # A clause about another place does not tell it.
        (
            "Increased markings are seen throughout.",
            "Increased markings are seen throughout. A new opacity at the left base.",
            "New opacity at the left base.",
        ),
        (
            "New opacity at the left apex.",
            "New opacity at the left apex. New opacity at the left base.",
            "New opacity at the left base. New opacity at the left apex.",
        ),
        # What a quoted clause tells is not told in other words beside it.
        (
            "Bibasilar opacities and large left effusion.",
            "Large left effusion, larger than before. Opacities at both bases.",
            "Large left effusion, larger than before. Opacities at both bases.",
        ),
        # The verdict of a sentence that is dropped for something else stays.
        (
            "Severe cardiomegaly, no acute findings.",
            "The heart is mildly enlarged. The lungs are clear.",
            f"Heart is mildly enlarged. {NORMAL}",
        ),
        # What explains itself need not be told.
        (
            NORMAL,
            "Vague density at the right base is secondary to soft tissue overlap. Heart normal.",
            NORMAL,
        ),
        # A word of course by itself is of nothing.
        ("Stable. No effusion.", "Unchanged heart. No effusion.", "No effusion."),
    ],
)
def test_what_is_mended_beyond_single_statements(candidate, findings, expected):
    assert mended(candidate, findings).text == (expected or findings)


@pytest.mark.parametrize(
    "findings",
    [
        "Rupture of the thoracic aorta.",
        "Ruptured spleen.",
        "Findings of Boerhaave syndrome.",
        "Incarcerated umbilical hernia.",
    ],
)
def test_what_ruptures_is_never_called_normal(findings):
    result = mended(NORMAL, f"The heart is normal in size. {findings}")
    assert NORMAL not in result.text
    assert result.quoted


def test_a_denial_of_one_side_is_none_of_both():
    findings = "Right pneumothorax. No left pneumothorax. The heart is normal."
    assert mended("Right pneumothorax. No pneumothorax.", findings).text == "Right pneumothorax."
    both = "Right pneumothorax. No left pneumothorax."
    assert mended(both, findings).text == both


def test_what_no_rule_reads_is_quoted_and_takes_the_normal_verdict_away():
    findings = "The heart is normal in size. Crumbled spleen."
    told = summarized(NORMAL, findings)
    assert told.impression == "Crumbled spleen."
    assert "unread" not in told.flags
    for calm in ("The spleen.", "Mediastinum is stable.", "Chronic changes of the spine."):
        assert mended(NORMAL, f"The heart is normal in size. {calm}").text == NORMAL


def test_unnamed_findings_are_quoted_where_a_word_alarms():
    findings = "The heart is normal in size. Gas lies deep in the soft tissues of the neck."
    assert "Gas lies deep" in mended(NORMAL, findings).text


@pytest.mark.parametrize(
    ("candidate", "findings", "expected"),
    [
        # Both sides are told, and once.
        (
            "Moderate right effusion with small effusions.",
            "Moderate right and small left pleural effusions.",
            "Moderate right and small left pleural effusions.",
        ),
        # "Stable" needs an earlier examination.
        ("Large left effusion. Stable chest.", "Large left effusion.", "Large left effusion."),
        (
            "Large left effusion. Otherwise stable chest.",
            "Large left effusion, as before. Otherwise unchanged.",
            "Large left effusion. Otherwise stable chest.",
        ),
        # What is new is told as new.
        (
            "Mild cardiomegaly.",
            "The mild cardiomegaly is new.",
            "Mild cardiomegaly.",
        ),
        (
            "Right basal atelectasis.",
            "Right basal atelectasis, new since last week.",
            "Right basal atelectasis, new since last week.",
        ),
        # Garble: items told twice, and what nobody calls acute.
        (
            "Fractures of the left sixth, seventh, seventh ribs.",
            "Fractures of the left sixth and seventh ribs.",
            "Fractures of the left sixth and seventh ribs.",
        ),
        ("Left effusion. No acute pulmonary spa.", "Left effusion.", "Left effusion."),
        # Doubt is not taken for certain, with or without a name.
        (
            "Cavity in the left apex. Left apical xanthosis.",
            "Cavity in the left apex. Left apical xanthosis is suspected.",
            "Cavity in the left apex. Left apical xanthosis is suspected.",
        ),
    ],
)
def test_what_newcomers_saw(candidate, findings, expected):
    assert mended(candidate, findings).text == expected


def test_where_the_samples_disagree_the_findings_own_clauses_assert():
    findings = "Consolidation of the right lower lobe. The heart is mildly enlarged."
    candidate = "Pneumonia. Cardiomegaly. No pneumothorax. No acute disease."
    plans = [plan_of(findings)]
    distrusted = mend([candidate], plans, None, [0.1])[0].text
    assert distrusted == "Consolidation of the right lower lobe. Heart is mildly enlarged."
    assert "Cardiomegaly." in mend([candidate], plans, None, [0.9])[0].text


def test_what_is_not_read_is_not_said_to_be_left_out():
    result = summarized("", "Kein Pneumothorax. Das Herz ist nicht vergrößert, links kein Erguss.")
    assert (result.impression, result.reason) == ("", "another language")
    assert result.left_out == ()
    assert result.review


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        # A sentence that needs the one before is quoted with it.
        ("A left PICC is seen. Its tip lies in the neck.", "Left PICC. Its tip lies in the neck."),
        (
            "Interstitial edema of both lungs. This is unchanged. No effusion.",
            "Interstitial edema of both lungs. This is unchanged.",
        ),
        # "Is no longer seen" keeps its verb.
        (
            "A left pneumothorax is no longer seen.",
            "Left pneumothorax is no longer seen.",
        ),
        # Of a few findings none is passed over.
        (
            "Free air under both domes. A hiatus hernia is present.",
            "Free air under both domes. Hiatus hernia.",
        ),
        # What is measured is told, with or without a name.
        (
            "Large left effusion. The left adrenal measures 3 cm.",
            "Large left effusion. Left adrenal measures 3 cm.",
        ),
        # What is no finding is not quoted in the place of the verdict.
        ("Nipple shadows overlie both lower zones.", NORMAL),
        ("Chest PA. The diaphragm is sharply outlined.", NORMAL),
    ],
)
def test_what_the_findings_own_words_become(findings, expected):
    assert mended("", findings).text == expected


def test_a_sentence_of_pairs_that_nobody_writes_is_distrusted_where_the_model_is_unsure():
    train = [Report("1", "Small left effusion. Interstitial edema.", "Left effusion.")]
    pairs = WordPairs.of(train, min_reports=1)
    assert pairs.knows("Small left effusion.", "")
    assert not pairs.knows("Effusion small left.", "")
    assert pairs.knows("Effusion small left.", "The effusion small left of it.")
    findings = "Interstitial edema. Cardiomegaly."
    for agreement, kept in ((0.45, False), (None, False), (0.9, True)):
        text = mend(["Edema cardiomegaly."], [plan_of(findings)], None, [agreement], pairs)[0].text
        assert (text == "Edema cardiomegaly.") == kept


def test_pairs_of_words_travel_as_hashes_of_frequent_words(tmp_path):
    often = [Report(str(n), "Small left effusion.", "") for n in range(20)]
    pairs = WordPairs.of([*often, Report("20", "Small left Zwirner sign.", "")])
    assert len(pairs) == 2  # "small left", "left effusion"
    pairs.save_pretrained(tmp_path)
    assert "effusion" not in (tmp_path / "word_pairs.json").read_text("utf-8")
    again = WordPairs.from_pretrained(tmp_path)
    assert again is not None
    assert again.knows("Small left effusion.", "")
    assert not again.knows("Left small effusion.", "")
    (tmp_path / "word_pairs.json").write_text('{"pairs": [-1]}')
    with pytest.raises(InputError, match=r"word_pairs\.json: no list of hashes"):
        WordPairs.from_pretrained(tmp_path)


# --- another language ---------------------------------------------------------------------------


def test_a_model_of_another_language_is_not_checked():
    findings = ["Kleiner Erguss links. Das Herz ist nicht vergrößert.", " "]
    assert [str(one.information.reason) for one in plans_of(findings)] == [
        "another language",
        "empty",
    ]
    plans = plans_of(findings, english=False)
    one, empty = map(summary_of, plans, mend(["Erguss links, rechts frei.", "Frei."], plans))
    assert (one.impression, one.flags, one.reason) == (
        "Erguss links, rechts frei.",
        ("not_checked",),
        "",
    )
    assert one.review
    assert (empty.impression, empty.reason) == ("", "empty")


@pytest.mark.parametrize(
    "text",
    [
        "The lungs are not clear.",
        "Left lung is clear. Right lung is not.",
        "Neither lung is clear.",
        "The lungs are far from clear. Heart normal.",
        "The lungs are hardly clear.",
        "The heart is not normal in size. Lungs clear.",
        "Ribs are not intact on the left. Lungs clear.",
        "The tube is not in the trachea. Lungs clear.",
        "The NG tube is not seen below the diaphragm. Lungs clear.",
        "No normal lung markings on the left. Heart normal.",
        "No opacities apart from one of 3 cm in the right apex.",
        "No masses save for one at the left hilum.",
        "The ribs are normal, the left sixth excepted.",
        "Neither lung is free of opacities.",
        "No healthy lung is left on the right.",
        "There is no longer any aeration of the right lung.",
        "The left lung is clear. The right is not.",
        "The chest was called normal before. This is wrong.",
        "The lungs would be clear were it not for a shadow at the left base.",
        "No evidence that the consolidation has cleared.",
        "Not a normal chest.",
        "The right lung, which was clear, is now white.",
        "The lungs are less clear than in May.",
        "The heart is double the usual width.",
        "The drain is not in the chest. Lungs clear.",
        "The left lung does not reach the ribs.",
    ],
)
def test_what_denies_that_something_is_normal_forbids_the_verdict(text: str) -> None:
    (plan,) = plans_of([text])
    assert not plan.allows_normal
    (mended,) = mend(["No acute cardiopulmonary abnormality."], [plan])
    assert mended.text == next(clause.text for clause in plan.must)


@pytest.mark.parametrize(
    "text",
    [
        "The lungs are not hyperinflated. The heart is not enlarged.",
        "Inspiration is not adequate. The lungs are clear.",
        "It is not clear whether the heart is enlarged. Lungs clear.",
        "The lungs are not well seen. Heart normal.",
    ],
)
def test_what_only_looks_like_it_does_not(text: str) -> None:
    assert plans_of([text])[0].allows_normal


def test_a_side_is_not_left_out_beside_the_other_one() -> None:
    (plan,) = plans_of(["Large right pneumothorax. Small left effusion is unchanged."])
    (mended,) = mend(["Large right pneumothorax. Small pleural effusion."], [plan])
    assert "left effusion" in mended.text


def test_nothing_is_called_stable_that_was_not_seen_before() -> None:
    (plan,) = plans_of(["Right rib fractures."])
    (mended,) = mend(["Stable right rib fractures."], [plan])
    assert mended.text == "Right rib fractures."


def test_a_number_in_a_list_of_ribs_is_no_item() -> None:
    (plan,) = plans_of(["Right rib fractures 4 through 7. Small right hemothorax."])
    assert plan.clauses[0].text == "Right rib fractures 4 through 7."


def test_a_title_gives_its_side_and_nothing_else_does() -> None:
    duplex, earlier = plans_of(
        [
            "DUPLEX LLE: Popliteal vein holds clot and will not compress.",
            "Comparison with CT from 2019 which showed a nodule in the left lung. Liver bright.",
        ]
    )
    assert (duplex.title_side, earlier.title_side) == ("left", "")


def test_advice_about_what_must_be_reported_is_kept() -> None:
    texts = [
        "8 mm nodule in the left upper lobe. Recommend CT in 3 months.",
        "Right upper lobe mass. Bronchoscopy and biopsy are advised.",
        "Small left effusion. Clinical correlation is recommended.",
        "Lungs are clear. Repeat film in 6 weeks is suggested.",
        "Left lower lobe mass. CT is not needed.",
    ]
    assert [plan.advice for plan in plans_of(texts)] == [
        "Recommend CT in 3 months.", "Bronchoscopy and biopsy are advised.", "", "", ""
    ]  # fmt: skip
    (plan, *_) = plans_of(texts)
    (mended,) = mend(["8 mm left upper lobe nodule."], [plan])
    assert mended.text == "8 mm left upper lobe nodule. Recommend CT in 3 months."
