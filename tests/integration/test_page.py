"""The reading page in a real browser: Chromium, driven by playwright, without a network."""

import shutil
import subprocess
import sys

import pytest
from page_rows import effusion_row, page_row

from graphsum.evaluation.report import evaluation_report
from graphsum.page.reading import items_of, render_page
from graphsum.page.scores import render_scores
from preprocessing.records import Report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\"></script><script>document.title='broken'"
    "</script><!-- \u2028 <b>Nodule</b>."
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a page of rows. All in all nothing but its file is asked for."""
    contexts, requests, faults = [], [], []

    def open_page(rows, *, width=1400, drawings=False, **options):
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(render_page(items_of(rows, drawings=drawings)), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text))
        tab.goto(file.as_uri())
        return tab

    open_page.faults = faults
    yield open_page
    files = {(tmp_path / f"page-{row}.html").as_uri() for row in range(len(contexts))}
    assert {url for url in requests if not url.startswith("blob:")} == files
    assert faults == []
    for context in contexts:
        context.close()


def three_rows():
    clear = page_row("r2", "The lungs are clear.", "Normal chest.", flags=("quoted",))
    return [effusion_row("r1"), clear, page_row("r3", "nan", "", flags=("no_information",))]


def shown(tab):
    return tab.locator("#uid").inner_text()


def test_findings_stand_left_and_each_sentence_has_colour_sign_and_words(opened):
    tab = opened(three_rows())
    left, right = (
        tab.get_by_role("region", name=name).bounding_box() for name in ("Findings", "Impression")
    )
    assert left["x"] + left["width"] <= right["x"]
    marks = tab.locator("#impression .mark")
    assert marks.all_inner_texts() == [
        "✓ supported", "✕ contradicted: size", "– states nothing that is checked",
    ]  # fmt: skip
    colours = {mark.evaluate("one => getComputedStyle(one).color") for mark in marks.all()}
    assert len(colours) == 3
    assert "⚑ asks for a review" in tab.locator("#verdict").inner_text()
    assert "confidence 0.25" in tab.locator("#verdict").inner_text()
    assert "mended" in tab.locator("#flags").inner_text()
    assert "✕ missed" in tab.locator("#left-out").inner_text()
    assert tab.locator("#columns").inner_text().split() == ["age", "67"]


def test_evidence_lights_up_both_ways_by_hover_focus_and_key(opened):
    tab = opened(three_rows())

    def lit():
        return tab.locator(".lit").all_inner_texts()

    assert lit() == []
    tab.locator("#impression .said").nth(1).hover()
    assert lit() == ["nodule", "Nodule of 9 mm."]
    tab.locator("#findings .evidence").first.hover()
    assert lit() == ["effusion", "Small left effusion."]
    tab.locator("h1").hover()
    assert lit() == []
    tab.locator("#findings .evidence").nth(2).focus()
    assert lit() == ["rib fracture", "rib fracture"]
    tab.locator("#uid").focus()
    assert lit() == []
    tab.keyboard.press("e")
    tab.keyboard.press("e")
    assert lit() == ["nodule", "Nodule of 9 mm."]
    tab.keyboard.press("E")
    assert lit() == ["effusion", "Small left effusion."]
    tab.keyboard.press("Enter")
    tab.locator("h1").hover()
    tab.locator("#uid").focus()
    assert lit() == ["effusion", "Small left effusion."]  # it is kept
    tab.keyboard.press("Escape")
    assert lit() == []


def test_keys_go_from_report_to_report(opened):
    tab = opened(three_rows())
    seen = [shown(tab)]
    for key in ("n", "j", "n", "k", "p", "p"):
        tab.keyboard.press(key)
        seen.append(shown(tab))
    assert seen == ["r1", "r2", "r3", "r3", "r2", "r1", "r1"]
    assert tab.locator("#position").inner_text() == "Report 1 of 3"
    tab.keyboard.press("?")
    assert tab.get_by_text("next report").is_visible()
    tab.get_by_label("Single keys work").uncheck()
    tab.locator("#uid").focus()
    tab.keyboard.press("n")
    assert shown(tab) == "r1"


def test_the_focus_stays_in_the_report(opened):
    tab = opened(three_rows())
    tab.keyboard.press("e")
    tab.keyboard.press("n")
    assert tab.evaluate("document.activeElement.id") == "uid"
    tab.get_by_role("button", name="r1").focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.textContent").startswith("r3")
    assert shown(tab) == "r3"


def test_an_empty_impression_gives_its_reason(opened):
    tab = opened(three_rows())
    tab.get_by_role("button", name="r3").click()
    assert tab.locator("#impression").inner_text() == "– No impression: empty."


def test_the_list_is_filtered_by_text_flag_and_review(opened):
    tab = opened(three_rows())

    def left():
        return tab.locator("#reports .uid").all_inner_texts()

    assert left() == ["r1", "r2", "r3"]
    tab.keyboard.press("/")
    tab.keyboard.type("LUNGS clear")
    assert (left(), shown(tab)) == (["r2"], "r2")
    assert tab.locator("#count").inner_text() == "1 of 3 reports"
    tab.get_by_label("Text").fill("")
    tab.get_by_label("Flag").select_option("no_information")
    assert (left(), shown(tab)) == (["r3"], "r3")
    tab.get_by_label("Flag").select_option("")
    tab.get_by_label("Review").select_option("asked")
    assert (left(), shown(tab)) == (["r1"], "r1")
    tab.get_by_label("Text").fill("no such words")
    assert left() == []
    assert "No report" in tab.locator("#position").inner_text()


def test_a_correction_is_typed_kept_exported_and_read_back(opened, tmp_path):
    tab = opened(three_rows())
    tab.keyboard.press("n")
    tab.keyboard.press("c")
    tab.keyboard.type('Clear lungs,\nno "effusion"; n and p are letters.')
    assert shown(tab) == "r2"
    tab.keyboard.press("Escape")
    tab.keyboard.press("p")
    tab.get_by_role("button", name="Start from the impression").click()
    tab.keyboard.press("Control+End")
    tab.keyboard.type(" Größer als zuvor.")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download corrections (2)").click()
    assert download.value.suggested_filename == "corrections.jsonl"
    file = tmp_path / "corrections.jsonl"
    download.value.save_as(file)
    program = "import json, sys; print([json.loads(one) for one in open(sys.argv[1], 'rb')])"
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True
    )
    impression = effusion_row()["impression"]
    texts = [row["findings"] for row in three_rows()]
    rows = [
        {
            "uid": "r1",
            "findings": texts[0],
            "impression": impression,
            "correction": f"{impression} Größer als zuvor.",
        },
        {
            "uid": "r2",
            "findings": texts[1],
            "impression": "Normal chest.",
            "correction": 'Clear lungs,\nno "effusion"; n and p are letters.',
        },
    ]
    assert done.stdout == f"{rows}\n"

    tab.reload()  # what was typed is still there, until it is forgotten
    assert tab.get_by_role("textbox", name="Your correction").input_value() == rows[0]["correction"]
    tab.get_by_label("Review").select_option("corrected")
    assert tab.locator("#reports .uid").all_inner_texts() == ["r1", "r2"]
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Forget all corrections").click()
    tab.reload()
    assert tab.get_by_role("button", name="Download corrections (0)").is_disabled()
    assert tab.evaluate("localStorage.length") == 0


def test_corrections_stay_in_memory_where_the_browser_keeps_nothing(browser, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(render_page(items_of(three_rows(), drawings=False)), encoding="utf-8")
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused') } })"
    )
    tab = context.new_page()
    tab.goto(file.as_uri())
    assert "keeps nothing" in tab.locator("#kept").inner_text()
    tab.get_by_role("textbox", name="Your correction").fill("Effusion.")
    tab.get_by_role("button", name="Next").click()
    tab.get_by_role("button", name="Previous").click()
    assert tab.get_by_role("textbox", name="Your correction").input_value() == "Effusion."
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download corrections (1)").click()
    assert '"correction":"Effusion."' in download.value.path().read_text()
    context.close()


def test_hostile_findings_are_text(opened):
    row = page_row(
        HOSTILE, HOSTILE, HOSTILE, (("Nodule", "Nodule", "supported", "present", ()),),
        left_out=(("<b>", "notable", "missed"),), **{HOSTILE: HOSTILE},
    )  # fmt: skip
    tab = opened([row, row], drawings=True)
    for part in tab.locator("#drawings summary").all():
        part.click()
    tab.locator(".drawing svg").nth(1).wait_for()
    assert tab.locator("#findings").evaluate("one => one.textContent") == HOSTILE
    assert tab.title() == "Impressions"
    assert tab.locator("img, b b, main script").count() == 0


def test_no_text_may_become_markup(opened):
    """The policy refuses innerHTML altogether, whoever might use it one day."""
    tab = opened(three_rows())
    program = "try { document.body.innerHTML = '<i>x</i>' } catch { 'refused' }"
    assert tab.evaluate(program) == "refused"
    assert "TrustedHTML" in opened.faults.pop()


def test_drawings_follow_the_report(opened):
    tab = opened([effusion_row("r1"), page_row("r2", "Clear lungs.", "Normal.")], drawings=True)
    tab.get_by_text("Entities and their graph").click()
    graph = tab.get_by_role("region", name="Entity graph")
    graph.get_by_text("nodule", exact=True).wait_for()
    tab.keyboard.press("n")
    graph.get_by_text("lungs", exact=True).wait_for()
    assert graph.locator("svg").count() == 1


def test_400_pixels_are_enough(opened):
    long_word = page_row("r2" * 40, "nodule" * 40 + ".", "Nodule" * 30 + ".", exam="x" * 200)
    tab = opened([effusion_row(), long_word], width=400, drawings=True)
    for part in tab.locator("main summary").all():
        part.click()
    tab.locator(".drawing svg").nth(1).wait_for()
    for _ in range(2):
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
        tab.keyboard.press("n")
    assert not tab.get_by_role("navigation").is_visible()
    tab.get_by_role("button", name="Reports").click()
    assert tab.get_by_role("navigation").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_thousand_reports_are_listed_bit_by_bit(opened):
    tab = opened([effusion_row(f"r{row}") for row in range(1000)])
    assert tab.locator("#reports li").count() == 100
    tab.locator("#reports").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    tab.locator("#reports li").nth(199).wait_for(state="attached")
    tab.get_by_label("Text").fill("r999")
    assert shown(tab) == "r999"


def test_a_reduced_motion_is_respected(opened):
    tab = opened(three_rows(), reduced_motion="reduce")
    tab.locator("#impression .said").first.hover()
    (lit,) = tab.locator("#findings .lit").all()
    assert lit.evaluate("one => getComputedStyle(one).transitionDuration") == "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_axe_finds_nothing(opened, scheme, width):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    tab = opened(three_rows(), width=width, drawings=True, color_scheme=scheme)
    for part in tab.locator("main summary").all():
        part.click()
    tab.locator(".drawing svg").nth(1).wait_for()
    tab.locator("#impression .said").first.click()
    tab.wait_for_timeout(200)  # the transition of colours
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_the_page_of_scores(browser, tmp_path, scheme, width):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    train = [Report("t1", "The lungs are clear.", "Normal chest.")]
    reports = [Report("1", "Left effusion.", "Effusion.")]
    scores = evaluation_report(["Effusion."], reports, train=train)
    file = tmp_path / "report.html"
    file.write_text(render_scores(scores, title="t", log=[{"step": 1, "loss": 2.0}]))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab, requests, faults = context.new_page(), [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: faults.append(message.text))
    tab.goto(file.as_uri())
    assert tab.locator(".chart svg").count() == 4
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert (requests, faults) == ([file.as_uri()], [])
    context.close()
