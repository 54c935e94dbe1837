"""Styles: their text form, detectors, wording, restyling that states the same, profiles."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from style import attribution, planted_style

from graphsum.impressions.mending import mend
from graphsum.impressions.plan import plans_of
from graphsum.impressions.styled import in_style
from graphsum.impressions.summary import summary_of
from graphsum.personal.authors import chosen_style
from graphsum.personal.detection import detect_styles
from graphsum.personal.items import read_items, sentences_in
from graphsum.personal.profile import (
    MIN_USES,
    hashed,
    load_profile,
    measure_profile,
    normal_phrase,
    save_profile,
)
from graphsum.personal.restyling import restyle, states_the_same
from graphsum.personal.style import STYLE_VALUES, StyleSpec, format_style, parse_style
from graphsum.personal.wording import as_clause, as_telegraphic, is_clause, is_telegraphic
from preprocessing.corpora.sample_authors import HABITS, plain_impression, read_reports
from preprocessing.errors import InputError
from preprocessing.facts.comparison import statements_of

DRAFT = (
    "No pneumothorax. There is a small left pleural effusion. Chest CT is recommended. "
    "Stable mild cardiomegaly. Clinical correlation is recommended."
)


def restyled(text, style):
    [one] = restyle([text], [parse_style(style)])
    return one.text, one.applied


# --- the text form ----------------------------------------------------------------------------


styles = st.builds(
    StyleSpec,
    **{name: st.none() | st.sampled_from(values) for name, values in STYLE_VALUES.items()},
).filter(lambda style: style != StyleSpec())


@given(styles)
def test_the_text_form_comes_back(style):
    assert parse_style(format_style(style)) == style


def test_words_may_name_their_attribute():
    assert parse_style(" Short, verbs=clauses,lead=normal") == StyleSpec(
        length="short", verbs="clauses", lead="normal"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shrot", "unknown style 'shrot' (did you mean 'short'?)"),
        ("lead=first", "unknown style 'lead=first'"),
        ("normal", "unknown style 'normal'"),
        ("", "unknown style ''"),
        ("short,full", "style 'short' and 'full': give one of them"),
    ],
)
def test_what_is_no_style_is_one_line(text, message):
    with pytest.raises(InputError) as error:
        parse_style(text)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_style_has_no_other_values():
    with pytest.raises(InputError, match="style length=long: the values are short, full"):
        StyleSpec(length="long")


# --- wording ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("telegraphic", "clause"),
    [
        ("Small left pleural effusion.", "There is a small left pleural effusion."),
        ("No acute findings.", "There are no acute findings."),
        ("8 mm nodule in left base.", "There is an 8 mm nodule in left base."),
        ("Moderate pulmonary edema.", "There is moderate pulmonary edema."),
        ("Bilateral pleural effusions.", "There are bilateral pleural effusions."),
        ("Heart size normal.", "The heart size is normal."),
        ("Lungs clear.", "The lungs are clear."),
        ("Normal chest.", "The chest is normal."),
        ("Chest CT recommended.", "Chest CT is recommended."),
        ("Negative for acute disease.", "The study is negative for acute disease."),
        ("Status post CABG.", "The patient is status post CABG."),
    ],
)
def test_a_clause_and_back(telegraphic, clause):
    assert as_clause(telegraphic) == clause
    assert is_clause(clause)
    assert not is_clause(telegraphic)
    assert is_telegraphic(as_telegraphic(clause))
    assert as_clause(clause) == clause


@pytest.mark.parametrize(
    ("clause", "telegraphic"),
    [
        ("There has been interval growth of the mass.", "Interval growth of mass."),
        ("An opacity that is new is seen.", "Opacity new."),
        ("The effusion has increased.", "Effusion increased."),
        ("These are unchanged.", "Unchanged."),
        ("A nodule is present.", "Nodule."),
        ("Recommend a chest CT.", "Recommend chest CT."),
    ],
)
def test_articles_and_copulas_go(clause, telegraphic):
    assert as_telegraphic(clause) == telegraphic


def test_a_verb_of_a_relative_clause_is_not_that_of_the_sentence():
    assert not is_clause("Opacity which may represent edema.")
    assert is_clause("Findings that suggest edema are present.")


# --- items and detectors ----------------------------------------------------------------------


def test_numbers_are_no_sentences():
    assert sentences_in("1. Mass of 1.5 cm. 2. No effusion.\n3) Old fracture of rib 4.") == [
        "Mass of 1.5 cm.",
        "No effusion.",
        "Old fracture of rib 4.",
    ]


def test_what_refers_back_and_advice_stay_with_their_sentence():
    [items] = read_items(["New mass. This is large. Chest CT recommended. No effusion."])
    assert [[one.text for one in item.sentences] for item in items] == [
        ["New mass.", "This is large.", "Chest CT recommended."],
        ["No effusion."],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Left pneumothorax. 2. No effusion.", {"numbered": "numbered", "length": "full"}),
        ("There is a mass. The heart is normal.", {"numbered": "plain", "verbs": "clauses"}),
        ("No effusion. Left pneumothorax.", {"lead": "normal", "verbs": "telegraphic"}),
        ("Mild cardiomegaly. Large left pneumothorax.", {"length": "full"}),
        ("Edema. Clinical correlation recommended.", {"recommendations": "keep"}),
    ],
)
def test_detectors(text, expected):
    [found] = detect_styles([text])
    for name, value in expected.items():
        assert value in found[name]
        assert set(STYLE_VALUES[name]) - {value} - found[name]


def test_a_single_finding_leaves_open_what_comes_first():
    [found] = detect_styles(["Left pneumothorax."])
    assert found["lead"] == set(STYLE_VALUES["lead"])
    assert found["length"] == set(STYLE_VALUES["length"])


def test_an_order_against_urgency_is_seen():
    [found] = detect_styles(["Mild cardiomegaly. Large left pneumothorax. No fracture."])
    assert found["lead"] == {"abnormal"}


# --- restyling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (
            "short,numbered,telegraphic,recommendations=drop",
            "1. Small left pleural effusion. Chest CT recommended.",
        ),
        (
            "full,plain,clauses,lead=normal",
            "There is no pneumothorax. There is a small left pleural effusion. Chest CT is "
            "recommended. There is stable mild cardiomegaly. Clinical correlation is recommended.",
        ),
        (
            "numbered,lead=urgent",
            "1. There is a small left pleural effusion. Chest CT is recommended. "
            "2. Stable mild cardiomegaly. 3. No pneumothorax. "
            "4. Clinical correlation is recommended.",
        ),
        (
            "lead=abnormal,recommendations=drop",
            "There is a small left pleural effusion. Chest CT is recommended. "
            "Stable mild cardiomegaly. No pneumothorax.",
        ),
    ],
)
def test_a_draft_in_several_styles(style, expected):
    assert restyled(DRAFT, style) == (expected, True)


def test_restyling_again_changes_nothing():
    for style in ("short,numbered,telegraphic,lead=urgent", "full,plain,clauses,lead=normal"):
        text, _ = restyled(DRAFT, style)
        assert restyled(text, style) == (text, True)


def test_advice_to_do_something_is_never_dropped():
    for advice in ("Chest CT recommended.", "Follow-up recommended.", "Recommend retraction."):
        text, _ = restyled(f"Right lung mass. {advice}", "short,recommendations=drop")
        assert text.endswith(advice)


def test_short_keeps_what_may_be_new_where_nothing_is_urgent():
    assert restyled("No effusion. Left basilar atelectasis. Mild scoliosis.", "short")[0] == (
        "Left basilar atelectasis."
    )
    assert restyled("Mild scoliosis. No acute disease.", "short")[0] == "No acute disease."
    doubted = "Possible small effusion, unchanged."
    assert restyled(f"{doubted} Large left pneumothorax.", "short")[0].startswith(doubted)


def test_short_keeps_what_no_rule_reads():
    assert "Zebra sign" in restyled("Zebra sign again. Large left pneumothorax.", "short")[0]


def test_a_normal_study_gets_the_phrase_of_its_author_and_nothing_else_does():
    style = StyleSpec(normal="No active disease.")
    drafts = ["No acute cardiopulmonary abnormality.", "No fracture.", "Left pneumothorax."]
    texts = [one.text for one in restyle(drafts, [style] * 3)]
    assert texts == ["No active disease.", "No fracture.", "Left pneumothorax."]
    # A phrase that says more than that is not put in.
    says_more = StyleSpec(normal="No fracture.")
    assert restyle(drafts[:1], [says_more])[0].text == drafts[0]


def test_the_draft_stands_where_the_wording_would_state_another_thing(monkeypatch):
    wrong = {"Small left pleural effusion.": "There is a small right pleural effusion."}
    monkeypatch.setattr("graphsum.personal.restyling.as_clause", lambda text: wrong[text])
    text, applied = restyled("Small left pleural effusion.", "clauses")
    assert text == "Small left pleural effusion."
    assert not applied


def test_an_empty_draft_stays_empty():
    assert restyle([""], [StyleSpec(numbered="numbered")])[0].text == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Small left effusion. No edema.", "No edema. There is a small left effusion.", True),
        ("Small left effusion.", "Small right effusion.", False),
        ("Small effusion.", "Large effusion.", False),
        ("Effusion.", "No effusion.", False),
        ("Effusion.", "Effusion, unchanged.", False),
        ("Effusion. No edema.", "Effusion.", False),
        ("Effusion.", "Effusion. No edema.", False),
        ("8 mm nodule.", "9 mm nodule.", False),
    ],
)
def test_what_states_the_same(one, other, same):
    assert states_the_same(*statements_of([one, other])) == same


def test_short_may_drop_what_is_routine_and_only_that():
    whole, edema, effusion = statements_of(
        ["New edema. Stable cardiomegaly. No effusion.", "New edema.", "No effusion."]
    )
    assert states_the_same(whole, edema, may_drop=True)
    assert not states_the_same(whole, effusion, may_drop=True)
    assert not states_the_same(edema, whole, may_drop=True)


SENTENCES = (
    "Small left pleural effusion.", "There is a new 8 mm nodule in the right upper lobe.",
    "The heart is mildly enlarged.", "No pneumothorax.", "There is no focal consolidation.",
    "Lungs clear.", "Chest CT is recommended.", "Clinical correlation recommended.",
    "This is unchanged.", "Possible pneumonia.", "Old healed rib fracture.",
    "The previously seen edema has resolved.",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), max_size=5, unique=True), styles)
def test_nothing_is_invented_and_only_short_drops(sentences, style):
    draft = " ".join(sentences)
    text = restyle([draft], [style])[0].text
    old, new = statements_of([draft, text])
    assert states_the_same(old, new, may_drop=style.length == "short")
    assert all(one in text for one in ("Chest CT",) if one in draft)


# --- summaries --------------------------------------------------------------------------------


def summaries_of(draft, findings):
    plans = plans_of([findings])
    [mended] = mend([draft], plans)
    return [summary_of(plans[0], mended)], plans


def test_the_ledger_is_that_of_the_new_text():
    findings = "There is a small left pleural effusion. The heart is normal in size."
    summaries, plans = summaries_of("Small left pleural effusion.", findings)
    [one] = in_style(summaries, plans, [parse_style("numbered,clauses")])
    assert str(one) == "1. There is a small left pleural effusion."
    [entry] = one.ledger
    assert one.impression[entry.start : entry.end] == "pleural effusion"
    assert entry.verdict == "supported"
    assert "style_not_applied" not in one.flags
    assert replace(one, impression="", ledger=()) == replace(summaries[0], impression="", ledger=())


def test_what_no_rule_puts_so_is_flagged():
    summaries, plans = summaries_of("x", "Zebra sign. There is a left pleural effusion.")
    summaries = [replace(summaries[0], impression="Otherwise, clear.")]
    [one] = in_style(summaries, plans, [parse_style("clauses")])
    assert one.impression == "Otherwise, clear."
    assert one.flags[-1] == "style_not_applied"


def test_a_phrase_that_the_findings_contradict_is_not_put_in():
    findings = "There is a large left pneumothorax."
    summaries, plans = summaries_of("Large left pneumothorax.", findings)
    drafted = [replace(summaries[0], impression="No acute fracture. No acute process.")]
    [one] = in_style(drafted, plans, [StyleSpec(normal="No acute process.")])
    assert one.impression == drafted[0].impression


# --- profiles ---------------------------------------------------------------------------------

N_TRAIN, N = 300, 330


@pytest.fixture(scope="module")
def pairs():
    return [(one.meta["author"], one.impression) for one in read_reports(n=N)]


@pytest.fixture(scope="module")
def profile(pairs):
    return measure_profile(pairs[:N_TRAIN], salt="salt", phrases=True)


def test_a_report_depends_on_its_number_alone(pairs):
    assert [one.impression for one in read_reports(n=5)] == [text for _, text in pairs[:5]]
    assert {author for author, _ in pairs} == set(HABITS)


def test_a_profile_recovers_the_planted_habits(profile):
    for author in HABITS:
        planted = replace(planted_style(author), author=author)
        assert profile.style_of(author) == planted
    assert profile.mean.reports == N_TRAIN == sum(one.reports for one in profile.authors.values())
    assert profile.style_of("Nobody") is None


def test_impressions_in_an_authors_style_are_attributed_to_that_author(pairs, profile):
    drafts = [plain_impression(index) for index in range(N_TRAIN, N)]
    written = [
        (author, one.text)
        for author in HABITS
        for one in restyle(drafts, [profile.style_of(author)] * len(drafts))
    ]
    assert attribution(pairs[:N_TRAIN], written) >= 0.85
    # The drafts themselves are nobody's.
    unstyled = [(author, draft) for author in HABITS for draft in drafts]
    assert attribution(pairs[:N_TRAIN], unstyled) <= 0.4


def test_the_file_holds_neither_names_nor_report_text(profile, pairs, tmp_path):
    path = tmp_path / "p.json"
    save_profile(measure_profile(pairs[:60], salt="s"), path)
    text = path.read_text()
    assert not any(author in text for author in HABITS)
    assert "effusion" not in text
    assert "disease" not in text
    save_profile(profile, path)
    assert load_profile(path) == profile
    assert hashed("Amsel", "salt") in path.read_text()
    assert path.stat().st_size < 8000


def test_a_phrase_needs_twenty_reports_whatever_is_asked():
    texts = ["No acute disease."] * (MIN_USES - 1)
    assert normal_phrase(texts, 1) == ""
    assert normal_phrase([*texts, "1. No acute disease."], 1) == "No acute disease."
    assert normal_phrase(["No fracture of Mr Smith."] * 50, 1) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "not a style profile of version 1"),
        ({"mean": None}, "a damaged style profile"),
        ({"authors": {"a": {}}}, "a damaged style profile"),
        ({"salt": 3}, "a damaged style profile"),
        ({"more": 1}, "a damaged style profile"),
    ],
)
def test_a_damaged_profile_is_one_line(profile, tmp_path, change, message):
    path = tmp_path / "p.json"
    save_profile(profile, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=message):
        load_profile(path)


def test_a_phrase_that_says_more_than_normal_is_damage(profile, tmp_path):
    path = tmp_path / "p.json"
    save_profile(profile, path)
    value = json.loads(path.read_text())
    value["mean"]["style"]["normal"] = "Large left pneumothorax."
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match="a damaged style profile"):
        load_profile(path)


def test_which_style_is_asked_for(profile, tmp_path):
    path = tmp_path / "p.json"
    save_profile(profile, path)
    own = profile.style_of("Birke")
    assert chosen_style(None, f"{path}#Birke", None) == (own, True)
    assert chosen_style(None, str(path), "Birke") == (own, True)
    assert chosen_style(None, str(path), None) == (profile.mean.style, True)
    assert chosen_style(None, str(path), "Nobody") == (profile.mean.style, False)
    assert chosen_style("numbered", str(path), "Birke") == (
        replace(own, numbered="numbered"),
        True,
    )
    assert chosen_style("numbered", None, None) == (StyleSpec(numbered="numbered"), True)
    assert chosen_style(None, None, None) == (None, True)
    for profile_option, author in ((None, "A"), (f"{path}#A", "A")):
        with pytest.raises(InputError):
            chosen_style(None, profile_option, author)
