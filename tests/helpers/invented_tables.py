"""One invented set of reports as a table of every kind and encoding; texts are in no corpus."""

import csv
import io
import json

COLUMNS = ("Nr", "Findings ", "Datum", "Größe")
# Line breaks, quotes, delimiters, signs beyond ASCII, a text that starts as a formula does.
REPORTS = (
    ("Heart size is normal. Lungs are clear.", "2021-03-04", "3 µm"),
    ("Small left pleural effusion;\nno pneumothorax.", "2021-03-05", ""),
    ('The "old" rib fracture, unchanged | no new one.', "2021-03-06", "größer"),
    ("= Mild cardiomegaly. No oedema.", "2021-03-07", "–"),
    ("Nodule in the right upper lobe, 8 mm.", "2021-03-08", "Café"),
)
ROWS = [(str(number), *report) for number, report in enumerate(REPORTS, 1)]


def rows(size=None):
    """The rows as dictionaries of text, repeated up to ``size``."""
    size = len(ROWS) if size is None else size
    return [
        dict(zip(COLUMNS, (str(number + 1), *ROWS[number % len(ROWS)][1:]), strict=True))
        for number in range(size)
    ]


def delimited(delimiter, *, encoding="utf-8", quoting=csv.QUOTE_MINIMAL):
    def write(path, records):
        out = io.StringIO()
        writer = csv.DictWriter(out, list(records[0]), delimiter=delimiter, quoting=quoting)
        writer.writeheader()
        writer.writerows(records)
        path.write_bytes(out.getvalue().encode(encoding))

    return write


def json_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def json_list(path, records):
    path.write_text(json.dumps(records, indent=1, ensure_ascii=False), encoding="utf-8")


def workbook(path, records):
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Befunde")
    sheet.append(list(records[0]))
    for record in records:
        cells = [WriteOnlyCell(sheet, value) for value in record.values()]
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"
        sheet.append(cells)
    book.save(path)


def parquet(path, records):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)


# File name -> what writes it. The name is not always right: the content decides.
KINDS = {
    "comma.csv": delimited(","),
    "semicolon.csv": delimited(";"),
    "bar.csv": delimited("|"),
    "tab.tsv": delimited("\t"),
    "tab_called.csv": delimited("\t"),
    "mark.csv": delimited(",", encoding="utf-8-sig"),
    "excel_unicode.txt": delimited("\t", encoding="utf-16"),
    "utf16_no_mark.csv": delimited(";", encoding="utf-16-le"),
    "western.csv": delimited(";", encoding="cp1252"),
    "quoted.csv": delimited(",", quoting=csv.QUOTE_ALL),
    "table.txt": delimited(","),
    "semicolons.txt": delimited(";"),
    "no_suffix": delimited("\t"),
    "lines.jsonl": json_lines,
    "lines.txt": json_lines,
    "lines.json": json_lines,
    "list.json": json_list,
    "list.jsonl": json_list,
    "book.xlsx": workbook,
    "book.csv": workbook,
    "columns.parquet": parquet,
    "columns.bin": parquet,
}

# 40 tables that are broken: each holds the canary, which no message may tell.
CANARY = "Zebrafisch"
_HEAD = "uid,findings\n"
BROKEN = {
    "empty.csv": b"",
    "header_only_blank.csv": b"\n\n",
    "no_header.csv": f"7,{CANARY} in the lung.\n8,Clear.\n".encode(),
    "no_header.tsv": f"{CANARY}\tClear lungs\n8\tClear.\n".encode(),
    "no_header_one_row.csv": f"{CANARY}\n".encode(),
    "ragged_short.csv": f"{_HEAD}1\n2,{CANARY}\n".encode(),
    "ragged_long.csv": f"{_HEAD}1,{CANARY},{CANARY}\n".encode(),
    "open_quote.csv": f'{_HEAD}1,"{CANARY}\n2,b\n'.encode(),
    "quote_inside.csv": f'{_HEAD}1,"{CANARY}" x\n'.encode(),
    "twice.csv": f"findings,findings\n{CANARY},b\n".encode(),
    "twice_folded.csv": f"Findings,FINDINGS\n{CANARY},b\n".encode(),
    "twice_other.csv": f"findings,{CANARY},{CANARY}\na,b,c\n".encode(),
    "nul.csv": f"{_HEAD}1,{CANARY}\x00\n".encode(),
    "cp437.csv": f"{_HEAD}1,{CANARY} f\x81r\n".encode("latin-1"),
    "mac.csv": f"{_HEAD}1,{CANARY} f\x9fr die Lunge\n".encode("latin-1"),
    "cyrillic.csv": f"{_HEAD}1,{CANARY} ".encode() + "лёгкие без очагов\n".encode("cp1251"),
    "mixed_encodings.csv": f"{_HEAD}1,{CANARY} Größe\n".encode() + b"2,Gr\xf6\xdfe\n",
    "polish.csv": f"{_HEAD}1,{CANARY} ".encode() + "płuca\n".encode("cp1250"),
    "utf16_cut.csv": f"{_HEAD}1,{CANARY}\n".encode("utf-16")[:-1],
    "unnamed.csv": f"findings,,\nClear.,{CANARY},x\n".encode(),
    "unnamed_content.csv": f"findings,\nClear.,{CANARY}\n".encode(),
    "semicolons_german.txt": f"Nr;Befund;Name\n1;Frei.;{CANARY}\n2;Frei.;{CANARY}\n".encode(),
    "commas_german.txt": f"Nr,Befund,Name\n1,Frei.,{CANARY}\n2,Frei.,{CANARY}\n".encode(),
    "no_header.txt": f"1;Frei.;{CANARY}\n2;Frei.;{CANARY}\n".encode(),
    "bad_line.jsonl": f'{{"findings":"a"}}\n{{"findings":"{CANARY}\n'.encode(),
    "list_line.jsonl": f'{{"findings":"a"}}\n["{CANARY}"]\n'.encode(),
    "mixed_lines.jsonl": f'{{"findings":"a","x":1}}\n{{"findings":"{CANARY}"}}\n'.encode(),
    "member_twice.jsonl": f'{{"findings":"a","findings":"{CANARY}"}}\n'.encode(),
    "nested.jsonl": f'{{"findings":{{"x":"{CANARY}"}}}}\n'.encode(),
    "boolean.jsonl": f'{{"findings":true,"x":"{CANARY}"}}\n'.encode(),
    "surrogate.jsonl": f'{{"findings":"\\ud800 {CANARY}"}}\n'.encode(),
    "infinite.jsonl": f'{{"findings":"{CANARY}","x":Infinity}}\n'.encode(),
    "other_names.jsonl": f'{{"{CANARY}. No.":"{CANARY}"}}\n'.encode(),
    "object.json": f'{{\n"findings": ["{CANARY}"]\n}}\n'.encode(),
    "cut.json": f'[{{"findings": "{CANARY}"}}, {{"fin'.encode(),
    "numbers.json": f'[{{"findings": "{CANARY}"}}, 3]'.encode(),
    "mixed.json": f'[{{"findings": "{CANARY}"}}, {{"finding": "b"}}]'.encode(),
    "zip.xlsx": b"PK\x03\x04" + CANARY.encode(),
    "text.xlsx": f"{_HEAD}1,{CANARY}\n".encode(),
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + CANARY.encode(),
    "page.csv": f"<table><tr><td>{CANARY}</td></tr></table>\n".encode(),
    "cut.parquet": b"PAR1" + CANARY.encode(),
    "paper.txt": b"%PDF-1.7 " + CANARY.encode(),
    "rich.txt": b"{\\rtf1 " + CANARY.encode() + b"}",
}
