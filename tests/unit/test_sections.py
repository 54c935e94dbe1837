"""Sections of raw reports; every text is invented."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.corpora.sections import ReportSections, Section, extract_sections, split_sections


def test_split_sections_keeps_all_text_in_order():
    text = "  FINAL REPORT\n HISTORY: Pain.\n\n FINDINGS: Clear\n lungs. IMPRESSION: Fine.\n"
    assert split_sections(text) == [
        Section("preamble", "  "),
        Section("final report", "\n "),
        Section("indication", " Pain.\n\n "),
        Section("findings", " Clear\n lungs. "),
        Section("impression", " Fine.\n"),
    ]


def test_extract_sections_joins_lines_and_indications():
    text = " HISTORY: Cough\n for days.\n REASON FOR EXAM: Fever.\n COMPARISONS: None.\n" + (
        " FINDINGS: Clear\n\n  lungs.\n IMPRESSION:\n 1. Fine.\n 2. Well.\n"
    )
    assert extract_sections(text) == ReportSections(
        findings="Clear lungs.",
        impression="1. Fine. 2. Well.",
        indication="Cough for days. Fever.",
        comparison="None.",
        combined=False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: Clear.\nIMPRESSION: Fine.",
        "FINDINGS: Clear.IMPRESSION: Fine.",
        "FINDINGS\nClear.\nIMPRESSION\nFine.",
        "findings : Clear.\nimpression : Fine.",
        "Technique: PA. Findings: Clear. Impression: Fine.",
        "FINDINGS -- Clear.\nIMPRESSION - Fine.",
        "FINDINGS:Clear.\tIMPRESSION:Fine.",
        "IMPRESSION: Old.\nFINDINGS: Clear.\nIMPRESSION: Fine.",
        "FINDINGS: Clear.\nIMPRESSION: Fine.\nRECOMMENDATION(S): Later.",
        "FINDINGS: Clear.\nIMPRESSION: Fine.\nNOTIFICATION: Called at noon.",
        "FINDINGS: Clear.\nOPINION: Fine.",
        "CHEST, PA AND LATERAL:\nINDICATION: None.\nFINDINGS: Clear.\nIMPRESSION: Fine.",
        "PORTABLE CHEST: Clear.\nIMPRESSION: Fine.",
        "EXAM: Chest.\n\nCHEST RADIOGRAPH\n\nClear.\n\nIMPRESSION: Fine.",
        "Clear.\n\nIMPRESSION: Fine.",
    ],
)
def test_shapes_of_headings(text):
    sections = extract_sections(text)
    assert (sections.findings, sections.impression) == ("Clear.", "Fine.")


@pytest.mark.parametrize(
    "findings",
    [
        "The findings were shown, and this impression: nothing new.",
        "LUNGS: Clear. HEART: Normal. BONES: Intact.",
        "Lines and tubes: none.",
        "Clear. ADDITIONAL FINDINGS: A nodule.",
        "No change since the last EXAMINATION of the chest.",
        "PORTABLE CHEST: Clear.",
    ],
)
def test_what_is_no_heading(findings):
    body = findings.replace(". HEART", ".\n HEART").replace(" ADDITIONAL", "\n ADDITIONAL")
    sections = extract_sections(f" FINDINGS: \n {body}\n\n IMPRESSION: Fine.")
    assert sections.findings.replace(":", "").replace(" ", "") == findings.replace(":", "").replace(
        " ", ""
    )
    assert sections.impression == "Fine."


@pytest.mark.parametrize(
    "heading",
    [
        "FINDINGS AND IMPRESSION",
        "FINDINGS/IMPRESSION",
        "FINDINGS / IMPRESSION",
        "FINDINGS & IMPRESSION",
        "IMPRESSION AND FINDINGS",
        "Findings and Impression",
        "FINDINGS  AND  IMPRESSION",
    ],
)
def test_combined_headings_make_no_pair(heading):
    sections = extract_sections(f" HISTORY: Pain.\n {heading}: Clear lungs.\n")
    assert sections.combined
    assert (sections.findings, sections.impression) == ("", "")


def test_wet_reads_are_no_impression():
    wet = " WET READ: 5:15 PM\n Wet.\n IMPRESSION: Wet.\n"
    final = " FINAL REPORT\n FINDINGS: Clear.\n IMPRESSION: Fine.\n"
    expected = extract_sections(final)
    assert expected.impression == "Fine."
    assert extract_sections(wet + final) == expected
    assert extract_sections(wet + "_" * 30 + "\n" + final) == expected
    assert extract_sections(final + wet) == expected
    assert extract_sections(wet + wet + final + wet) == expected


def test_placeholders_are_kept_in_text_and_no_section_alone():
    sections = extract_sections("FINDINGS: Seen by Dr. ___ at ___.\nIMPRESSION: ___\n")
    assert sections.findings == "Seen by Dr. ___ at ___."
    assert sections.impression == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                ["FINDINGS", "IMPRESSION:", "WET READ", "\r\n", "\x00", "\n \n", "___"]
            ),
        ),
        max_size=30,
    )
)
def test_any_text_is_cut_without_loss_of_form(pieces):
    sections = extract_sections(" ".join(pieces))
    for text in (sections.findings, sections.impression, sections.indication, sections.comparison):
        assert text == " ".join(text.split())
        assert "\x00" not in text


@pytest.mark.parametrize(
    "unit", ["a", " ", "FINDINGS ", "final report ", "WET READ: a\n", "CHEST ", " \n", "_", "A:"]
)
def test_a_megabyte_takes_seconds_at_most(unit):
    text = unit * (1_000_000 // len(unit))
    started = time.monotonic()
    extract_sections(text + "\n IMPRESSION: a")
    assert time.monotonic() - started < 20


def test_the_technique_is_a_section_of_its_own():
    text = "TECHNIQUE: Two views.\n\nFINDINGS: Clear lungs.\n\nIMPRESSION: No acute disease."
    assert extract_sections(text).technique == "Two views."
    assert extract_sections("FINDINGS: Clear lungs.").technique == ""
