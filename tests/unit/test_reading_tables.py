"""Tables of every kind: what is read, what is refused, and that no message quotes a field."""

import datetime
import logging

import invented_tables
import pytest
from invented_tables import BROKEN, CANARY, COLUMNS, KINDS

from preprocessing.corpora import iter_reports, load_corpus
from preprocessing.errors import InputError, MissingBackendError
from preprocessing.tables import open_table
from preprocessing.tables.columns import columns_of_fields, is_plain_header, wanted_names
from preprocessing.tables.kinds import kind_of_prose
from preprocessing.tables.rows import as_text, cell

WANTED = wanted_names({})


def read_whole(path):
    table = open_table(path)
    rows = list(table.rows())
    names = columns_of_fields({}, table.columns, str(path), required=("findings",))
    for row in rows:
        table.check(row)
        as_text(row.values[names["findings"]], row.where, "findings")


def expected(kind):
    """Empty cells are None in a workbook."""
    rows = invented_tables.rows()
    if kind in ("book.xlsx", "book.csv"):
        return [{name: value or None for name, value in row.items()} for row in rows]
    return rows


@pytest.mark.smoke
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_same_rows(tmp_path, kind, caplog):
    path = tmp_path / kind
    KINDS[kind](path, invented_tables.rows())
    table = open_table(path)
    stripped = kind.partition(".")[2] not in ("jsonl", "json", "parquet", "bin")
    stripped = stripped and not kind.startswith("lines")
    names = [name.strip() if stripped else name for name in COLUMNS]
    assert list(table.columns) == names
    read = [dict(zip(COLUMNS, row.values.values(), strict=True)) for row in table.rows()]
    assert read == expected(kind)
    assert [row.where for row in table.rows()] == [row.where for row in table.rows()]
    assert ("Windows-1252" in caplog.text) == (kind == "western.csv")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_corpus(tmp_path, kind):
    path = tmp_path / kind
    KINDS[kind](path, invented_tables.rows())
    columns = {"uid": "NR", "impression": "datum"}
    corpus = load_corpus("csv", data_dir=path, columns=columns, split="random")
    reports = sorted(corpus.train + corpus.val + corpus.test, key=lambda report: report.uid)
    assert [report.uid for report in reports] == ["1", "2", "3", "4", "5"]
    assert [report.findings for report in reports] == [
        row["Findings "].strip() for row in invented_tables.rows()
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_tables_are_one_line_that_quotes_nothing(tmp_path, name, caplog):
    path = tmp_path / name
    path.write_bytes(BROKEN[name])
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InputError) as error:
        read_whole(path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    assert CANARY not in message.replace(str(path), "")
    assert CANARY not in caplog.text
    assert error.value.__cause__ is None or CANARY not in str(error.value.__cause__)


def test_a_header_is_told_only_where_it_is_plainly_one():
    assert is_plain_header(["uid", "text"], WANTED)
    assert not is_plain_header(["Muster, Max", "Lungs clear"], WANTED)
    assert not is_plain_header(["findings", "Muster, 01.02.1950"], WANTED)
    assert not is_plain_header(["findings", "Lungs are clear."], WANTED)
    with pytest.raises(InputError, match=r"no column 'findings'.*2 columns, whose names are not"):
        columns_of_fields({}, ["Maria", "clear"], "x.csv", required=("findings",))
    with pytest.raises(InputError, match=r"did you mean 'finding'.*'uid', 'finding'"):
        columns_of_fields({}, ["uid", "finding"], "x.csv", required=("findings",))


def test_names_match_whatever_their_case_and_blanks():
    there = ["UID ", "Find ings", "Beur teilung"]
    found = columns_of_fields({"impression": "BEURTEILUNG"}, there, "x", required=("findings",))
    assert found == dict(zip(("uid", "findings", "impression"), there, strict=True))
    exact = columns_of_fields({}, ["Findings", "findings"], "x", required=())
    assert exact == {"findings": "findings"}
    with pytest.raises(InputError, match="2 columns are called 'findings', but for case"):
        columns_of_fields({}, ["Findings", "FINDINGS"], "x", required=())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Heart size is normal, lungs are clear.\nNo effusion, no pneumothorax.\n", "text"),
        ("FINDINGS\nHeart size is normal.\nLungs: clear.\n", "text"),
        ("Findings: clear, normal; nothing | else.\n", "text"),
        ("[** name **] Chest radiograph.\nLungs are clear.\n", "text"),
        ("Nodule of 1,5 cm.\nEffusion of 2,5 cm.\n", "text"),
        ("Lungs are clear.\n", "text"),
        ("", "text"),
        ("uid;Findings\n1;Clear\n", "csv"),
        ("a|FINDINGS|b\n", "csv"),
        ("Nr;Befund\n1;Frei\n", "unsure"),
        ("Nr\tBefund\n1\tFrei\n", "unsure"),
        ("Meier, Frei, x\nMay, Frei, x\nRay, Frei, x\nFay, Frei, x\n", "unsure"),
        ('{"findings": "a"}\n{"findings": "b"}\n', "jsonl"),
        ('{"findings":\n"a"}', "unsure"),
        ('[{"findings": "a"}]', "json"),
        ("[]", "json"),
    ],
)
def test_prose_and_tables_are_told_apart(text, kind):
    assert kind_of_prose(text, WANTED) == kind


def test_a_column_that_the_user_names_tells_a_table(tmp_path):
    path = tmp_path / "ris.txt"
    path.write_text("Nr;Befund\n1;Frei\n")
    with pytest.raises(InputError, match=r"may be a table or one report; .*--columns findings"):
        open_table(path)
    assert open_table(path, {"findings": "BEFUND"}).columns == ("Nr", "Befund")
    assert [row.values for row in open_table(path, kind="text").rows()] == [
        {"findings": "Nr;Befund\n1;Frei\n"}
    ]


def test_text_with_a_separator_line(tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("Clear.\nNormal.\n ==== \n\n====\nid;findings\n====\n")
    rows = list(open_table(path, separator="====").rows())
    assert [row.values["findings"] for row in rows] == ["Clear.\nNormal.", "", "id;findings"]
    assert [row.where for row in rows] == [f"{path}:{line}" for line in (1, 4, 6)]
    with pytest.raises(InputError, match="no line is the separator"):
        list(open_table(path, separator="***").rows())
    with pytest.raises(InputError, match="--separator is for text"):
        open_table(path, separator="====", kind="csv")


def test_what_spreadsheets_leave_behind(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sep=;\r\nuid;findings;;\r\n1;Clear.;;\r\n\r\n;;;\r\n")
    table = open_table(path)
    assert table.columns == ("uid", "findings")
    assert [row.values for row in table.rows()] == [
        {"uid": "1", "findings": "Clear."},
        {"uid": "", "findings": ""},
    ]


def test_a_workbook_with_several_sheets(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Notes"])
    sheet = book.create_sheet("Reports")
    day = datetime.datetime(2021, 5, 6, 7, 8)
    for row in ([], ["uid", "FINDINGS", "day"], [1, "Clear.", day], [], [2, None, None], []):
        sheet.append(row)
    book.save(path)
    rows = list(open_table(path).rows())
    assert [row.values for row in rows] == [
        {"uid": 1, "FINDINGS": "Clear.", "day": day},
        {"uid": None, "FINDINGS": None, "day": None},
        {"uid": 2, "FINDINGS": None, "day": None},
    ]
    assert rows[0].where == f"{path}:3"
    book.create_sheet("More").append(["findings"])
    book.save(path)
    with pytest.raises(InputError, match="2 sheets have such columns"):
        open_table(path)


def test_what_is_not_installed_is_one_line(tmp_path, monkeypatch):
    for name, module in (("book.xlsx", "openpyxl"), ("columns.parquet", "pyarrow.parquet")):
        pytest.importorskip(module)
        path = tmp_path / name
        KINDS[name](path, invented_tables.rows())
        with monkeypatch.context() as patch:
            patch.setitem(__import__("sys").modules, module, None)
            with pytest.raises(MissingBackendError, match=r"pip install 'graphsum\[tables\]'"):
                open_table(path)


def test_values_as_text():
    day = datetime.date(2021, 5, 6)
    values = [None, "a", 3, 2.0, 2.5, float("nan"), day, ["a", "b"]]
    assert [as_text(value, "x", "uid") for value in values] == [
        "", "a", "3", "2", "2.5", "", "2021-05-06", "a;b"
    ]  # fmt: skip
    assert [cell(value) for value in (None, "a", True, 2.5, day, [1, {"a": day}])] == [
        "", "a", "true", "2.5", "2021-05-06", '[1, {"a": "2021-05-06"}]'
    ]  # fmt: skip
    for value in (True, {"a": 1}, b"x", [1]):
        with pytest.raises(InputError, match="x: 'uid' is neither text nor null"):
            as_text(value, "x", "uid")


def test_findings_alone_suffice_where_no_impression_is_needed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("uid,Befund\n1,Frei.\n2,\n")
    columns = {"findings": "befund"}
    records = list(iter_reports("csv", data_dir=path, columns=columns))
    assert [record.uid for record in records] == ["1", "2"]
    assert records[1].reason == "no findings"
    with pytest.raises(InputError, match="no column 'impression' for impression"):
        load_corpus("csv", data_dir=path, columns=columns)
