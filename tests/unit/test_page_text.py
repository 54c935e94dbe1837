"""The reading page as text: what it holds, and that a report cannot become a program."""

import base64
import json
import re
import zlib
from datetime import date
from html.parser import HTMLParser
from typing import get_args

import pytest
from page_rows import effusion_row, page_row

from graphsum.impressions.summary import Flag, LedgerEntry, Summary
from graphsum.page.document import content_policy, embedded_json
from graphsum.page.reading import FLAGS, MARKS, items_of, mark_of, mark_of_sentence, render_page
from preprocessing.errors import InputError
from preprocessing.facts.comparison import VERDICTS

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script><!-- <b>\u2028 & \ud800"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of its scripts by id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str | None, str] = {}
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._open = dict(attrs).get("id", tag) if tag in ("script", "style") else None

    def handle_data(self, data):
        if self._open:
            self.scripts[self._open] = self.scripts.get(self._open, "") + data

    def handle_endtag(self, tag):
        self._open = None


def page_of(*rows, **options):
    return render_page(items_of(list(rows), **{"drawings": False, **options}))


def reports_of(page):
    return json.loads(Elements(page).scripts["data"])


def test_the_json_form_of_a_summary_leads_back_to_it():
    value = effusion_row()["summary"]
    summary = Summary.from_json(value)
    assert summary.ledger[0].evidence == (22, 30)
    assert json.loads(json.dumps(summary.to_json())) == value


def test_sentences_have_the_mark_of_their_worst_statement():
    (report,) = reports_of(page_of(effusion_row()))
    marks = [mark for mark, _ in report["impression"] if mark]
    assert marks == ["supported", "size_flipped", "nothing"]


@pytest.mark.parametrize(
    ("verdict", "status", "names", "differs", "mark"),
    [
        ("supported", "present", ("Nodule",), (), "supported"),
        ("supported", "present", ("Nodule",), ("change",), "differs"),
        ("inferred", "present", ("Nodule",), (), "inferred"),
        ("unsupported", "present", ("Nodule",), (), "unsupported"),
        ("unsupported", "absent", ("Nodule",), (), "unspoken"),
        ("unsupported", "present", (), (), "unspoken"),
        ("side_flipped", "present", ("Nodule",), ("change",), "side_flipped"),
    ],
)
def test_the_mark_of_a_statement(verdict, status, names, differs, mark):
    assert mark_of(LedgerEntry(0, 5, names, status, verdict, None, differs)) == mark


def test_the_worst_statement_counts_whatever_the_order():
    good = LedgerEntry(0, 4, ("Nodule",), "present", "supported", None, ())
    doubtful = LedgerEntry(5, 9, ("Nodule",), "absent", "unsupported", None, ())
    wrong = LedgerEntry(10, 14, ("Nodule",), "present", "negation_flipped", None, ())
    for ledger in ((good, doubtful, wrong), (wrong, doubtful, good)):
        assert mark_of_sentence(ledger, 0, 14) == "negation_flipped"
        assert mark_of_sentence(ledger, 0, 9) == "unspoken"
        assert mark_of_sentence(ledger, 0, 5) == "supported"
        assert mark_of_sentence(ledger, 14, 20) == "nothing"


def test_every_verdict_and_flag_can_be_shown():
    assert set(VERDICTS) < MARKS.keys()
    assert set(get_args(Flag)) == FLAGS.keys()
    for mark in MARKS.values():
        assert mark.sign
        assert mark.text


def test_a_number_belongs_to_the_sentence_behind_it():
    text = "1. Small nodule.\n2. Scar.\n3."
    (report,) = reports_of(page_of(page_row("r1", "Small nodule.", text)))
    sentences = ["".join(t for t, _ in pieces) for mark, pieces in report["impression"] if mark]
    assert sentences == ["1. Small nodule.", "2. Scar.", "3."]


def test_texts_are_whole_and_evidence_is_linked():
    row = effusion_row()
    (report,) = reports_of(page_of(row))
    for name in ("findings", "impression"):
        assert "".join(text for _, pieces in report[name] for text, _ in pieces) == row[name]
    linked = [(text, links) for _, pieces in report["findings"] for text, links in pieces if links]
    assert linked == [("effusion", [0]), ("nodule", [1]), ("rib fracture", [2])]
    assert report["left_out"][0]["text"] == "rib fracture"
    assert report["columns"] == [["age", "67"]]


def test_columns_of_any_type_are_shown():
    columns = {"a": None, "b": date(2026, 1, 31), "c": [1, "ü"], "d": 2.5, "e": '"x"', "f": True}
    (report,) = reports_of(page_of(effusion_row() | columns))
    assert [value for name, value in report["columns"] if name != "age"] == [
        "", "2026-01-31", '[1, "ü"]', "2.5", '"x"', "true",
    ]  # fmt: skip


def test_overlapping_evidence_is_cut_into_pieces():
    row = page_row(
        "r1",
        "Left lower lobe nodule.",
        "Nodule. Lobe nodule.",
        (
            ("Nodule", "lobe nodule", "supported", "present", ()),
            ("Lobe nodule", "lower lobe", "supported", "present", ()),
        ),
    )
    (report,) = reports_of(page_of(row))
    assert [piece for _, pieces in report["findings"] for piece in pieces] == [
        ["Left ", []],
        ["lower ", [1]],
        ["lobe", [0, 1]],
        [" nodule", [0]],
        [".", []],
    ]


def test_signs_outside_the_basic_plane_move_no_evidence():
    row = page_row(
        "r1",
        "\U0001fa7b Small nodule.",
        "Nodule.",
        (("Nodule", "nodule", "supported", "present", ()),),
    )
    (report,) = reports_of(page_of(row))
    assert [text for _, p in report["findings"] for text, links in p if links] == ["nodule"]


def test_hostile_text_is_inert():
    row = page_row(HOSTILE, HOSTILE, HOSTILE, **{HOSTILE: HOSTILE})
    page = render_page(items_of([row]), title=HOSTILE.replace("\ud800", ""))
    parsed = Elements(page)
    assert not {"img", "b"} & {tag for tag, _ in parsed.found}
    scripts = [attributes.get("id") for tag, attributes in parsed.found if tag == "script"]
    assert scripts == ["settings", "data", None]
    (report,) = reports_of(page)
    assert "".join(text for _, pieces in report["findings"] for text, _ in pieces) == HOSTILE
    assert HOSTILE[:4] not in page


def test_embedded_json_cannot_end_its_element():
    text = embedded_json({"<!--": "</script> & \u2028\u2029"})
    assert re.search(r"[<>&\u2028\u2029]", text) is None
    assert json.loads(text) == {"<!--": "</script> & \u2028\u2029"}


def test_the_policy_names_the_script_and_the_style_and_nothing_else():
    parsed = Elements(page_of(effusion_row()))
    (policy,) = [a["content"] for t, a in parsed.found if a.get("http-equiv")]
    assert policy == content_policy(parsed.scripts["style"], parsed.scripts["script"])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src 'none'" in content_policy("", None)


def test_nothing_is_loaded_and_no_handler_or_style_is_inline():
    for tag, attributes in Elements(page_of(effusion_row())).found:
        assert tag not in ("link", "img", "iframe", "object", "base", "form") or (
            tag == "form" and "action" not in attributes
        )
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert attributes.get("href", "#").startswith("#")
        assert "src" not in attributes


def test_drawings_are_elements_without_markup():
    (report,) = reports_of(page_of(effusion_row(), drawings=True))
    for name, edges in (("entities", False), ("dependencies", True)):
        drawing = json.loads(zlib.decompress(base64.b64decode(report[name])))
        assert drawing[0] == "svg"
        words = [one[2] for one in drawing[2] if one[0] == "text" and one[1].get("class") != "type"]
        assert words[:5] == ["There", "is", "a", "small", "left"]
        labels = [one[2] for one in drawing[2] if one[1].get("class") == "type"]
        assert ("det" in labels) is edges  # a determiner is no edge of the entity graph


def test_the_same_reports_give_the_same_page():
    assert page_of(effusion_row()) == page_of(effusion_row())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"findings": 3}, "row 1: no text in column 'findings'"),
        ({"summary": "x"}, "row 1: no column 'summary'"),
        ({"summary": {}}, "row 1: its 'summary' does not fit"),
        ({"findings": "Short."}, "row 1: its 'summary' does not fit"),
    ],
)
def test_a_wrong_row_is_refused_without_its_text(change, message):
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        page_of(effusion_row() | change)
    assert "effusion" not in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", float("nan")), ("confidence", "high"), ("flags", ["unheard"]),
        ("ledger", [{"start": 0}]), ("ledger", 3), ("left_out", [None]), ("extra", 1),
    ],
)  # fmt: skip
def test_a_wrong_summary_is_refused(field, value):
    row = effusion_row()
    row["summary"][field] = value
    with pytest.raises(InputError, match="row 1: its 'summary' does not fit"):
        page_of(row)


def test_reports_without_uid_are_called_by_their_number():
    row = effusion_row()
    del row["uid"]
    assert [one["uid"] for one in reports_of(page_of(row, effusion_row("x"), row))] == [
        "1",
        "x",
        "3",
    ]
