"""The audit page in a real browser: worst first, corrections, their download."""

import json
import shutil

import pytest

from graphsum import Labeler
from graphsum.labelers.audit import AuditItem, audit_items, render_audit
from graphsum.labelers.labels import read_labels
from graphsum.labelers.schema import load_schema

SCHEMA = load_schema("chexpert14")
TEXTS = {
    "mild": "Possible effusion. <b>Heart</b> normal.",
    "worst": "No pneumothorax.\nLarge left effusion.",
    "same": "Lungs clear.",
}


def items():
    read = Labeler.from_pretrained("rules", schema=SCHEMA).label(list(TEXTS.values()))
    first = {uid: dict(one.states) for uid, one in zip(TEXTS, read, strict=True)}
    first["worst"] |= {"Pneumothorax": "present", "Pleural Effusion": "absent"}
    first["mild"] |= {"Pleural Effusion": "absent"}
    return list(audit_items(TEXTS.items(), first, None, read))


def test_what_matters_more_weighs_more():
    weights = {one.uid: one.weight for one in items()}
    assert weights["worst"] > weights["mild"] > weights["same"] == 0
    both = AuditItem("x", "", {"A": "absent", "B": "present"}, {"A": None, "B": "absent"}, {})
    assert both.differing == ("B", "A")


playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_corrections_are_downloaded_and_read_as_labels(tmp_path):
    page = tmp_path / "audit.html"
    page.write_text(render_audit(items(), SCHEMA, names=("labels", "rules")), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        faults, requests = [], []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.as_uri())
        assert tab.locator("#reports h2").all_inner_texts() == ["worst", "mild", "same"]
        assert "<b>Heart</b>" in tab.locator(".report-text").nth(1).inner_text()
        assert tab.locator("mark").first.inner_text() == "pneumothorax"
        assert tab.get_by_role("button", name="Download").is_disabled()
        worst = tab.locator("li.card").first
        worst.get_by_label("Pneumothorax, right value").select_option("absent")
        tab.locator("li.card").nth(2).get_by_label("checked").check()
        assert tab.locator("#checked").inner_text() == "2"
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Download").click()
        download.value.save_as(tmp_path / "corrections.jsonl")
        browser.close()
    assert faults == []
    assert [url for url in requests if not url.startswith("blob:")] == [page.as_uri()]
    lines = (tmp_path / "corrections.jsonl").read_text().splitlines()
    assert [json.loads(line)["corrected"] for line in lines] == [["Pneumothorax"], []]
    states = read_labels(tmp_path / "corrections.jsonl", SCHEMA).states
    assert list(states) == ["worst", "same"]
    assert states["worst"]["Pneumothorax"] == states["worst"]["Pleural Effusion"] == "absent"
    assert states["same"]["Pneumothorax"] is None
