"""Whatever stands in a report: no crash, no hang, nothing lost, each reject with its reason.

``FUZZ_EXAMPLES``: how many of each kind (by default 15).
"""

import gzip
import json
import os
import tempfile
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.__main__ import main
from preprocessing.annotation import shared_annotator
from preprocessing.corpora import SEEN_BEFORE
from preprocessing.corpora.sections import extract_sections
from preprocessing.facts.comparison import statements_of
from preprocessing.facts.information import information_in
from preprocessing.facts.observations import extract_observations
from preprocessing.facts.reading import read_mentions
from preprocessing.pipeline.inputs import InputRecord
from preprocessing.pipeline.jobs import TOO_LONG, AnnotationJob
from preprocessing.pipeline.run import run_pipeline
from preprocessing.records import ReportGraph, from_json
from preprocessing.text.plain import ABBREVIATIONS, plain_text

settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "15")), deadline=None
)
settings.load_profile("fuzz")

MEGABYTE = 1_000_000
# Pieces that reports are made of, and what has no place in one.
PIECES = st.one_of(
    st.sampled_from(
        "FINDINGS: |IMPRESSION: |FINDINGS AND IMPRESSION:|WET READ: |\n|\r\n| \n \n|____|XXXX|. |"
        "effusion|no |small left pleural effusion.|\x00|\ufeff|\u2028|\u202e|e\u0301|\U0001f9cc|"
        "\x85|((((|'s|1.5 cm|?!.|\t|\x1b[0m".split("|")
    ),
    st.text(max_size=20),
)
# What hospitals write around the words: lines, bullets, HL7's escapes, HTML, labels with values.
SIGNS = st.sampled_from(
    [
        *("\n", "\n\n", "\r\n", "\n- ", "\n* ", "\n\u2022 ", "\n1. ", "\n2) ", "[x] ", "[ ] "),
        *("\u2610 ", "\\.br\\", "\\.sp2\\", "\\H\\", "\\N\\", "\\T\\", "\\X0D\\", "\\E", "~", "|"),
        *("\\n", "<br/>", "<p>", "</p>", "<b>", "</b>", "<td>", "<li>", "<div", "&nbsp;", "&lt;"),
        *("&#0;", "&amp;nbsp;", "&nbs", "**", "____", "-----", " - ", " \u2013 ", "; ", ", ", ". "),
        *(": ", " / ", " (", ") ", "?", "+", "#", " = ", "....... ", "\t", "(-)", "(+)", "[** **]"),
    ]
)
LABELS = st.sampled_from(
    "FINDINGS|Impression|CHEST FINDINGS|FINDINGS (CT CHEST)|Lungs|PLEURA|Heart size|Lines/tubes|"
    "Pneumothorax|Effusion (Y/N)|Side|Size|Clinical details|Summary|Bones and soft tissues|"
    "1. REPORT|**Findings**|<b>Opinion</b>|Compared with".split("|")
)
VALUES = st.sampled_from(
    "clear|normal|none|no|yes|N|Y|-|+|left|R>L|2 cm|unchanged|small left effusion|not seen|?|n/a|"
    "no pneumothorax or effusion|as before".split("|")
)
BETWEEN = st.sampled_from([": ", ":", " - ", " | ", "\t", " .... ", "\n"])
WORDS = st.sampled_from(
    [
        *sorted(ABBREVIATIONS),
        *"L R PE LAD PTX LLL CM NAD no not without possible new old resolved effusion".split(),
        *"nodule right left bilateral it this none however but and or clear apical T4-T5".split(),
    ]
)
NUMBERS = st.sampled_from(
    "1.5|0,7|.5|12|12 x 9|1.5-2.0|<3|> 4|~3|1/2|10:30|\u00bd|\u0663|1.5 x 2.0 x 3|1e9|-2|3rd|1.2.3|"
    "5 \u00d7 6|\u00b2|0|00.00|999999999999999999999999999999".split("|")
)
UNITS = st.sampled_from("mm|cm| mm| cm.|-mm| millimetres|ml|%| \u00b0C| HU||x".split("|"))
CLINICAL = st.one_of(
    PIECES,
    SIGNS,
    WORDS.map(" {} ".format),
    st.builds("{}{} ".format, NUMBERS, UNITS),
    st.builds("{}{}{}\n".format, LABELS, BETWEEN, VALUES),
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=30).map("".join), st.lists(CLINICAL, max_size=40).map("".join)
)
UIDS = st.text(max_size=8)


def lines(path: Path) -> list[dict[str, object]]:
    # Not splitlines: report text may hold other line separators.
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def outcome(output: Path) -> tuple[list[ReportGraph], list[tuple[str, str]]]:
    """The graphs, each checked to be sound, and the rejects."""
    graphs = [from_json(ReportGraph, line) for line in lines(output)]
    for graph in graphs:
        n = len(graph.words)
        assert list(graph.sentence_starts) == sorted(set(graph.sentence_starts))
        assert all(0 <= position < n for position in graph.key_words)
        assert all(0 <= edge.head < n and 0 <= edge.dependent < n for edge in graph.edges)
    rejects = [
        (str(line["uid"]), str(line["reason"])) for line in lines(Path(f"{output}.rejects.jsonl"))
    ]
    assert all(reason for _, reason in rejects)
    return graphs, rejects


@given(st.lists(st.tuples(UIDS, TEXTS), max_size=8))
def test_any_text_through_the_pipeline(reports: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out.jsonl")
        items = [InputRecord(uid, text) for uid, text in reports]
        run_pipeline(lambda: items, output, AnnotationJob(), progress=False)
        graphs, rejects = outcome(output)
        # Only half a surrogate pair, which no file can hold, is a reason to fail.
        whole = [uid for uid, _ in reports if is_text(uid)]
        assert [graph.uid for graph in graphs] == whole
        assert Counter(uid for uid, _ in rejects) == Counter(
            uid for uid, _ in reports if not is_text(uid)
        )


@given(
    st.lists(
        st.tuples(UIDS.filter(lambda uid: is_text(uid)), st.lists(st.text(max_size=6), max_size=9))
    )
)
def test_any_words_through_the_command(reports: list[tuple[str, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        source.write_text(
            "".join(json.dumps({"uid": uid, "words": words}) + "\n" for uid, words in reports)
        )
        assert main(["annotate", "--input", str(source), "--output", str(output)]) == 0
        kept = {str(line["uid"]): line for line in lines(output)}
        rejects = lines(Path(f"{output}.rejects.jsonl"))
        assert len(kept) + len(rejects) == len(reports)
        first = dict(reversed(reports))
        for uid, line in kept.items():
            assert line["words"] == first[uid]
            assert len(line["is_entity"]) == len(first[uid])  # type: ignore[arg-type]
        seen = [line["uid"] for line in rejects if line["reason"] == SEEN_BEFORE]
        assert Counter(seen) == Counter(uid for uid, _ in reports) - Counter(set(first))


@given(st.lists(st.one_of(TEXTS.map(lambda text: text.encode("utf-8", "replace")), st.binary())))
def test_any_files_in_physionets_layout(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out.jsonl")
        with zipfile.ZipFile(Path(folder, "mimic-cxr-reports.zip"), "w") as archive:
            for number, content in enumerate(contents):
                archive.writestr(f"files/p10/p{10_000_000 + number}/s{number:08d}.txt", content)
            archive.writestr("files/p10/p10999999/s00000000.txt", b"FINDINGS: once more")
        with gzip.open(Path(folder, "mimic-cxr-2.0.0-split.csv.gz"), "wt") as rows:
            rows.write("study_id,split\n")
        command = ["graph", "--dataset", "mimic-cxr", "--data-dir", folder]
        assert main([*command, "--inclusion", "none", "--output", str(output)]) == 0
        graphs, rejects = outcome(output)
        uids = [f"s{number:08d}" for number in range(len(contents))]
        again = ["s00000000"] if contents else []
        found = [graph.uid for graph in graphs] + [uid for uid, _ in rejects]
        assert Counter(found) == Counter([*uids, *again] if contents else ["s00000000"])
        assert [uid for uid, reason in rejects if reason == SEEN_BEFORE] == again


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ("x", False),
        ("effusion ", False),
        ("a.", False),
        ("FINDINGS: ", False),
        ("((((", False),
        (" ", True),
    ],
)
def test_a_megabyte_on_one_line(tmp_path: Path, piece: str, kept: bool) -> None:
    text = piece * (MEGABYTE // len(piece))
    sections = extract_sections(f"FINDINGS: {text} IMPRESSION: {text}")
    assert isinstance(sections.findings, str)
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    row = {"uid": "big", "findings": f"Clear. {text}", "impression": f"Clear. {text}"}
    small = {"uid": "small", "findings": "No effusion.", "impression": "Clear."}
    source.write_text(json.dumps(row) + "\n" + json.dumps(small) + "\n")
    command = ["graph", "--dataset", "jsonl", "--data-dir", str(source), "--output", str(output)]
    assert main(command) == 0
    graphs, rejects = outcome(output)
    assert [graph.uid for graph in graphs] == (["big", "small"] if kept else ["small"])
    assert rejects == ([] if kept else [("big", TOO_LONG)])


@pytest.mark.parametrize("words", [[], [""], ["XXXX", "."], ["and", "the"], ["\x00"], ["?"] * 50])
def test_reports_without_entities_have_graphs(tmp_path: Path, words: list[str]) -> None:
    output = tmp_path / "out.jsonl"
    run_pipeline(lambda: [InputRecord("a", [words])], output, AnnotationJob(), progress=False)
    ((graph,), rejects) = outcome(output)
    assert graph.words == tuple(words)
    assert graph.key_words == ()
    assert rejects == []


@given(TEXTS)
def test_any_text_is_annotated_without_loss(text: str) -> None:
    (annotated,) = shared_annotator("builtin", None).annotate([("a", text)])
    assert "".join(annotated.words) == "".join(
        c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cs")
    )
    n = len(annotated.words)
    assert len(annotated.heads) == len(annotated.deprels) == n
    assert all(0 <= one.start < one.end <= n for one in annotated.entities)


@given(TEXTS)
def test_any_text_has_a_plain_form_that_points_into_it(text: str) -> None:
    plain = plain_text(text)
    assert len(plain.text) == len(plain.cased) == len(plain.starts) == len(plain.ends)
    assert list(plain.starts) == sorted(plain.starts)
    assert list(plain.ends) == sorted(plain.ends)
    assert all(
        0 <= start < end <= len(text) for start, end in zip(plain.starts, plain.ends, strict=True)
    )


@given(TEXTS)
def test_any_text_is_read_within_its_bounds(text: str) -> None:
    plain, mentions = read_mentions(text)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(plain.text)
        assert mention.segment[0] <= mention.start < mention.end <= mention.segment[1]
        start, end = plain.origin(mention.start, mention.end)
        assert 0 <= start < end <= len(text)
    for observation in extract_observations(text):
        assert 0 <= observation.start < observation.end <= len(text)
    (statements,) = statements_of([text])
    for statement in statements:
        assert 0 <= statement.start < statement.end <= len(text)
    assert information_in(text).verdict in ("read", "nothing")


@given(TEXTS)
def test_any_text_has_sections_of_its_own_words(text: str) -> None:
    sections = extract_sections(text)
    letters = Counter(c for c in text if c.isalpha())
    if "&" not in text and "\\" not in text:  # escapes stand for other characters
        for section in (sections.findings, sections.impression):
            assert not Counter(c for c in section if c.isalpha()) - letters


READERS: dict[str, Callable[[str], object]] = {
    "annotate": lambda text: list(shared_annotator("builtin", None).annotate([("a", text)])),
    "sections": extract_sections,
    "mentions": read_mentions,
    "observations": extract_observations,
    "statements": lambda text: statements_of([text]),
    "information": information_in,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "piece",
    [
        *("no effusion, ", "small left pleural effusion. ", "no ", "nodule ", "left ", "w/o "),
        *("Lungs: clear\n", "- Heart: normal size\n", "Effusion (Y/N): N\n", "it is ", "this is "),
        *("no pneumothorax or ", "not new but old, ", "CT in 3 months for nodule; ", "FINDINGS: "),
        *("\\.br\\", "<br/>", "<p", "&nbsp;", "[ ] ", "~", "?", "(", "....", "a|", "- ", "\n", "9"),
    ],
)
def test_long_repetitive_texts_take_seconds_at_most(piece: str, reader: str) -> None:
    text = piece * (20_000 // len(piece))
    READERS[reader]("no effusion")
    started = time.process_time()
    READERS[reader](text)
    assert time.process_time() - started < 5


def is_text(uid: str) -> bool:
    """Whether UTF-8 can hold it."""
    try:
        uid.encode()
    except UnicodeEncodeError:
        return False
    return True
