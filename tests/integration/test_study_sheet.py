"""A sheet in a real browser: filled in, closed, opened again, exported, analysed."""

import json
import shutil

import pytest
from study_cases import cases

from graphsum.study.analysis import analyse
from graphsum.study.files import read_answers
from graphsum.study.form import CRITERION_NAMES, LETTERS
from graphsum.study.making import make_study
from graphsum.study.results_page import render_results
from graphsum.study.simulation import Spread, simulate_answers
from graphsum.study.systems import Case

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
RATINGS = {"aurora": 5, "borealis": 2}


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as driver:
        yield driver.chromium


@pytest.fixture(scope="module")
def browser(chromium):
    started = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture
def faults():
    """What went wrong in a tab, and what it asked for beside its own file."""
    found = []
    yield found
    assert found == []


def watched(tab, file, faults):
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text))
    tab.on(
        "request",
        lambda request: (
            request.url.startswith(("blob:", file.as_uri())) or faults.append(request.url)
        ),
    )
    tab.goto(file.as_uri())
    return tab


def study_of(tmp_path, **options):
    made = make_study(cases(9), **{"n": 6, "readers": 1, "overlap": 6, "repeats": 1} | options)
    file = tmp_path / "reader-1.html"
    file.write_text(made.sheets[0], encoding="utf-8")
    return made.key, file


def fill(tab, item):
    """Rate by what wrote it, prefer the first system, tick an error of the second."""
    assert "to do" in tab.locator("#todo").inner_text()
    for letter, system in zip(LETTERS, item.order, strict=False):
        card = tab.get_by_role("region", name=f"Impression {letter}")
        for criterion in CRITERION_NAMES:
            card.get_by_role("group", name=criterion).get_by_label(str(RATINGS[system])).check()
        if system == "borealis":
            card.get_by_label(f"missed urgent, impression {letter}").check()
    better = LETTERS[item.order.index("aurora")]
    tab.get_by_role("group", name="A or B").get_by_label(f"{better} is better").check()
    assert tab.locator("#todo").inner_text() == "✓ finished"


def test_a_sheet_is_filled_closed_reopened_exported_and_analysed(chromium, tmp_path, faults):
    key, file = study_of(tmp_path)
    items = key.readers[0].items

    def opened():
        context = chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        return context, watched(context.new_page(), file, faults)

    context, tab = opened()
    for item in items[:3]:
        fill(tab, item)
        tab.get_by_role("button", name="Next report").click()
    tab.get_by_role("textbox", name="Remarks").fill('Größer, "sagt" er.\n<b>')
    context.close()

    context, tab = opened()  # another process of the browser
    assert tab.locator("#heading").inner_text() == "Report 4 of 7"
    assert tab.locator("#position").inner_text() == "3 of 7 reports finished"
    assert tab.get_by_role("textbox", name="Remarks").input_value() == 'Größer, "sagt" er.\n<b>'
    tab.get_by_role("button", name="Previous").click()
    better = LETTERS[items[2].order.index("aurora")]
    assert tab.get_by_label(f"{better} is better").is_checked()
    tab.get_by_role("button", name="First unfinished").click()
    for item in items[3:]:
        fill(tab, item)
        if tab.get_by_role("button", name="Next report").is_enabled():
            tab.get_by_role("button", name="Next report").click()
    assert tab.get_by_role("button", name="First unfinished").is_disabled()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export answers").click()
    assert download.value.suggested_filename == f"answers-{key.study}-reader-1.json"
    path = tmp_path / "answers.json"
    download.value.save_as(path)

    answers = read_answers([str(path)], key)
    assert answers[3].comment == 'Größer, "sagt" er.\n<b>'
    results = analyse(key, answers)
    for criterion in CRITERION_NAMES:
        means = results["criteria"][criterion]
        assert {name: one["value"] for name, one in means.items()} == RATINGS
    assert results["preference"][0]["value"] == 1
    assert results["errors"]["borealis"]["missed urgent"]["value"] == 1
    assert results["errors"]["aurora"]["urgent"]["value"] == 0
    assert results["self_agreement"]["relevance"]["exact"] == 1

    tab.on("dialog", lambda dialog: dialog.accept())
    tab.locator("#how").click()
    tab.get_by_role("button", name="Forget all answers").click()
    assert tab.evaluate("localStorage.length") == 0
    assert tab.locator("#position").inner_text() == "0 of 7 reports finished"
    context.close()


def test_an_edited_sheet_is_noticed(browser, tmp_path, faults):
    key, file = study_of(tmp_path)
    text = cases(9)[0].findings
    file.write_text(file.read_text().replace(text, text.replace("Clear", "Opaque")))
    tab = watched(browser.new_page(), file, faults)
    tab.on("dialog", lambda dialog: dialog.accept())  # that nothing is finished
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export answers").click()
    with pytest.raises(ValueError, match="the sheet was changed after it was made"):
        read_answers([str(download.value.path())], key, partial=True)
    tab.close()


def test_answers_stay_in_memory_where_the_browser_keeps_nothing(browser, tmp_path, faults):
    key, file = study_of(tmp_path)
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })"
    )
    tab = watched(context.new_page(), file, faults)
    assert "keeps nothing" in tab.locator("#kept").inner_text()
    fill(tab, key.readers[0].items[0])
    tab.get_by_role("button", name="Next", exact=False).first.click()
    tab.get_by_role("button", name="Previous").click()
    assert tab.locator("#todo").inner_text() == "✓ finished"
    context.close()


def test_hostile_texts_are_text_and_an_empty_impression_says_so(browser, tmp_path, faults):
    hostile = "<img src=x onerror=\"document.title='broken'\"></script><!-- \u2028 <b>Nodule</b>"
    made = make_study(
        [Case("u", hostile, {"a": hostile, "b": ""})], n=1, readers=1, overlap=1, repeats=0
    )
    file = tmp_path / "sheet.html"
    file.write_text(made.sheets[0], encoding="utf-8")
    tab = watched(browser.new_page(), file, faults)
    assert tab.locator("#findings").evaluate("one => one.textContent") == hostile
    texts = sorted(tab.locator(".read").all_inner_texts())
    assert texts[0] == "(No impression was written.)"
    assert tab.title() == "Reading sheet, reader 1"
    assert tab.locator("img, main b").count() == 0
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_nothing_and_nothing_is_too_wide(browser, tmp_path, faults, scheme, width):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    key, file = study_of(tmp_path)
    results = analyse(
        key, simulate_answers(key, {"aurora": 4.0, "borealis": 3.0}, spread=Spread(), seed=1)
    )
    page = tmp_path / "report.html"
    page.write_text(render_results(results), encoding="utf-8")
    for one in (file, page):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        tab = watched(context.new_page(), one, faults)
        if one == file:
            fill(tab, key.readers[0].items[0])
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        context.close()


def test_answers_are_json_as_python_writes_it(browser, tmp_path, faults):
    """The checksum holds for any remark: quotes, controls, other scripts, half a pair."""
    key, file = study_of(tmp_path)
    tab = watched(browser.new_page(), file, faults)
    tab.on("dialog", lambda dialog: dialog.accept())
    remark = 'a\\"\u2028\u0007 😀 é \ud800'
    tab.evaluate(
        """text => {
          const field = document.getElementById("comment");
          field.value = JSON.parse(text);
          field.dispatchEvent(new Event("input"));
        }""",
        json.dumps(remark),
    )
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export answers").click()
    first, *_ = read_answers([str(download.value.path())], key, partial=True)
    assert first.comment == remark.replace("\ud800", "\ufffd")
    tab.close()
