"""The reading of plain text: invented texts in other hospitals' wording, and its parts."""

import json
from pathlib import Path

import pytest
import reading
from places import DATA

from preprocessing.errors import InputError
from preprocessing.facts.comparison import check_impression, compare_statements, statements_of
from preprocessing.facts.information import information_in
from preprocessing.facts.observations import extract_observations
from preprocessing.facts.ontology import load_ontology, ontology, use_ontology
from preprocessing.facts.reading import read_mentions
from preprocessing.reading_files import compare_file, read_file
from preprocessing.text.measurements import find_sizes
from preprocessing.text.places import find_places, places_differ
from preprocessing.text.plain import plain_text
from preprocessing.text.sentences import join_wrapped_lines, segments, sentences_of


@pytest.mark.parametrize(
    ("name", "least"),
    [("", 0.98), ("_heldout", 0.96), ("_third", 0.97), ("_fourth", 0.97)],
)
def test_texts_in_other_wording_are_read(name: str, least: float) -> None:
    scores = reading.score_texts(DATA / f"reading{name}.jsonl")
    assert scores["all"].n >= 200
    assert scores["all"].share >= least, scores["all"].wrong


def test_answers_others_and_questions_in_yet_other_words() -> None:
    scores = reading.score_texts(DATA / "reading_sixth.jsonl")
    assert scores["all"].n >= 190
    assert scores["all"].share == 1, scores["all"].wrong


def test_critical_things_in_yet_other_words() -> None:
    scores = reading.score_texts(DATA / "reading_fifth.jsonl")
    assert scores["all"].n >= 45
    assert scores["all"].share == 1, scores["all"].wrong


@pytest.mark.parametrize("name", ["", "_heldout", "_third", "_fourth", "_fifth"])
def test_pairs_that_say_the_same_and_that_differ(name: str) -> None:
    errors, by_kind = reading.score_pairs(DATA / f"comparison{name}.jsonl")
    assert errors <= 0.1
    assert reading.found_share(by_kind) >= 0.94


SERIOUS = (
    "Free air under the right hemidiaphragm",
    "A tension pneumothorax on the left",
    "A malpositioned endotracheal tube in the right main bronchus",
    "Pneumomediastinum",
    "A dissection of the descending aorta",
    "Complete opacification of the left hemithorax",
    "A cavitating mass in the right upper lobe",
    "Consolidation in the left lower lobe",
    "A flail segment of the right ribs",
    "A coin in the upper esophagus",
    "Anterior dislocation of the left shoulder",
    "A large right pleural effusion",
)
VERBS = (
    "is present", "persists", "is unchanged", "is stable", "is again seen", "has not changed",
    "remains", "is similar to the prior study",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_stable_is_not_harmless(verb: str) -> None:
    normal = "No acute cardiopulmonary abnormality."
    texts = [f"{finding} {verb}." for finding in SERIOUS]
    (denial, *stated) = statements_of([normal, *texts])
    quiet = [
        text
        for text, one in zip(texts, stated, strict=True)
        if not compare_statements(denial, one, text).alarm
    ]
    assert not quiet


@pytest.mark.parametrize(
    "frame",
    [
        "No nodule is seen and {} persists.",
        "No nodule, {} is present.",
        "No nodule\n{}\nHeart size normal",
        "- no nodule\n- {}\n- heart size normal",
        "LUNGS: No nodule\nOTHER: {}\nHEART: Normal size",
    ],
)
def test_denials_end_with_their_clause(frame: str) -> None:
    for finding in SERIOUS:
        lower = finding[0].lower() + finding[1:]
        text = frame.format(finding if frame.startswith("LUNGS") else lower)
        wanted = {o.name for o in extract_observations(f"{finding}.") if o.status == "present"}
        found = {o.name for o in extract_observations(text) if o.status == "present"}
        assert wanted
        assert wanted <= found, text


def test_an_eased_finding_needs_no_alarm() -> None:
    normal = "No acute cardiopulmonary abnormality."
    for findings in ("Old healed left rib fracture.", "Stable small right nodule.", "Scarring."):
        assert not check_impression(normal, findings).alarm
    assert check_impression(normal, "Left rib fracture, unchanged.").alarm


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("w/o PTX, L>R", "without ptx, left greater than right"),
        ("Small&nbsp;effusion<br/>B/L", "small effusion\nbilateral"),
        ("(-) PTX, effusion (+)", "no ptx, effusion positive"),
        ("Nodule\tN", "nodule: no"),
        ("[x] Edema", "positive edema"),
        ("L1 fracture, L lung", "l1 fracture, left lung"),
        ("a~b\\.br\\c ~2 cm", "a\nb\nc approximately 2 cm"),
        ("?PNA", "possible pna"),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text).text == plain


def test_plain_text_knows_where_it_comes_from() -> None:
    text = "Sm. B/L  effusions w/o PTX"
    plain = plain_text(text)
    start = plain.text.index("ptx")
    assert plain.origin(start, start + 3) == (23, 26)
    assert plain.place(23, 26) == (start, start + 3)
    start = plain.text.index("bilateral")
    assert [text[slice(*plain.origin(start, start + 9))], len(plain.starts)] == [
        "B/L",
        len(plain.text),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A 1.2 cm. nodule. No mass.", ["A 1.2 cm . nodule .", "No mass ."]),
        ("Measures 1.2 cm. No mass", ["Measures 1.2 cm .", "No mass"]),
        ("St. Jude valve. Clear.", ["St . Jude valve .", "Clear ."]),
        ("No effusion\nClear lungs", ["No effusion", "Clear lungs"]),
        ("There is no\nPneumothorax.", ["There is no Pneumothorax ."]),
        ("Effusion? No. Mass.", ["Effusion ? No .", "Mass ."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [" ".join(words) for words in sentences_of(text)] == expected


def test_segments_are_without_bullets_and_labels_are_known() -> None:
    plain = join_wrapped_lines(plain_text("FINDINGS:\n1. Pleura: no effusion; clear\n- Heart big"))
    found = [(plain.text[s.start : s.label], plain.text[s.label : s.end]) for s in segments(plain)]
    assert found == [
        ("findings:", ""),
        ("pleura: ", "no effusion"),
        ("", "clear"),
        ("", "heart big"),
    ]


def test_attributes_of_mentions() -> None:
    text = (
        "8 mm nodule in the right upper lobe, was 6 mm. Old fractures of the left 3rd to 5th ribs."
    )
    _, (nodule, fracture) = read_mentions(text)
    assert (nodule.side, nodule.places, nodule.sizes, nodule.change) == (
        "right",
        {"upper lobe"},
        {8.0},
        "worse",
    )
    assert (fracture.side, fracture.places, fracture.old) == (
        "left",
        {"rib 3", "rib 4", "rib 5"},
        True,
    )


def test_sizes_and_distances() -> None:
    found = [(one.value, one.kind) for one in find_sizes("1,5 x .8 cm; tip 3 cm above the carina")]
    assert found == [(15.0, "size"), (30.0, "distance")]


def test_places_exclude_each_other() -> None:
    def named(text: str) -> frozenset[str]:
        return frozenset(one.place for one in find_places(text))

    assert places_differ(named("upper lobe"), named("lower lobe"))
    assert places_differ(named("the apex"), named("lung base"))
    assert places_differ(named("t7"), named("t9"))
    assert not places_differ(named("upper lobe"), named("apical"))
    assert not places_differ(named("upper lobe"), named("nowhere"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("nan", "empty"),
        ("___", "empty"),
        ("See impression.", "refers elsewhere"),
        ("Examination not performed.", "not performed"),
        ("Kein Erguss, Herz nicht vergrößert.", "another language"),
        ("肺部清晰。", "another script"),
        ("PA and lateral views were obtained.", "no clinical statement"),
        ("Indication: rule out pneumonia.", "no clinical statement"),
        ("Thank you for the flowers.", "no clinical statement"),
        ("XR left knee 2 views", "no clinical statement"),
        ("Left knee pain after fall.", "no clinical statement"),
        ("US abdomen complete", "no clinical statement"),
        ("Please bring your hands", "no clinical statement"),
        ("Chest x-ray ordered for tomorrow morning.", "no clinical statement"),
        ("Heart Center parking is free on Sundays.", "no clinical statement"),
        ("The fracture clinic is on the second floor.", "no clinical statement"),
        ("Large right pneumothorax, CT ordered.", ""),
        ("Left orbital floor broken.", ""),
        ("Radius fracture, refer to fracture clinic tomorrow.", ""),
        ("Neck of femur impacted, valgus.", ""),
        ("Common femoral open.", ""),
        ("Lung gone down on the right.", ""),
        ("The arch holds a flap, with contrast on both sides of it.", ""),
        ("Thyroid. 9 mm spongy area.", ""),
        ("No acute disease.", ""),
        ("The liver is enlarged.", ""),
        ("Hrt nl sz.", ""),
    ],
)
def test_a_text_that_says_nothing_is_recognised(text: str, reason: str) -> None:
    assert information_in(text) == ("nothing" if reason else "read", reason)


OWN = """
entries:
  - name: Pneumothorax
    tier: critical
    synonyms: [windy chest]
  - name: Zebra Sign
    tier: notable
    organ: lungs
    synonyms: [zebra sign]
"""


def test_a_hospitals_own_words(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, "utf-8")
    try:
        use_ontology(path)
        found = {(o.name, o.status) for o in extract_observations("Windy chest. No zebra sign.")}
        assert found == {("Pneumothorax", "present"), ("Zebra Sign", "absent")}
        assert check_impression("Normal chest.", "Zebra sign on the left.").alarm
    finally:
        use_ontology()
    assert extract_observations("Windy chest.") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("entries: 3", "needs a list under 'entries:'"),
        ("entries:\n  - tier: urgent", "entry 1: needs a 'name'"),
        ("entries:\n  - {name: X, tier: soon, synonyms: [x]}", "'tier' must be one of critical"),
        ("entries:\n  - {name: X, tier: urgent}", "needs 'synonyms'"),
        ("entries:\n  - {name: X, tier: urgent, words: [x]}", "unknown field 'words'"),
        ("entries:\n  - {name: X, tier: urgent, patterns: ['(']}", "no regular expression"),
        ("entries: [", "own.yaml:1: not YAML"),
    ],
)
def test_mistakes_in_an_ontology_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"own\.yaml") as error:
        load_ontology(path)
    assert message in str(error.value)


def test_every_entry_has_a_tier_a_reason_and_words() -> None:
    known = ontology()
    for one in known.entries:
        assert one.reason, one.name
        assert one.organ, one.name
        assert one.synonyms or one.patterns or one.in_context, one.name
    names = set(known.names)
    for one in known.entries:
        assert {*one.names, *one.parents} <= names


def test_read_and_compare_files(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": 1, "text": "Small left effusion."}\n{"id": 2, "text": "nan"}\n')
    assert read_file(str(source), str(target)) == 2
    first, second = map(json.loads, target.read_text("utf-8").splitlines())
    assert [first["observations"][0][key] for key in ("name", "status", "side")] == [
        "Pleural Effusion",
        "present",
        "left",
    ]
    assert first["statements"][0]["severity"] == 1
    assert (second["verdict"], second["reason"]) == ("nothing", "empty")
    source.write_text('{"id": 1, "findings": "Left effusion.", "impression": "Right effusion."}\n')
    assert compare_file(str(source), str(target)) == 1
    (line,) = map(json.loads, target.read_text("utf-8").splitlines())
    assert line["alarm"]
    assert [error["attribute"] for error in line["errors"]] == ["side"]
    source.write_text('{"id": 1, "findings": "Left effusion."}\n')
    with pytest.raises(InputError, match="line 1: needs a text in the field 'impression'"):
        compare_file(str(source), str(target))
    source.write_text("", encoding="utf-8")
    target.unlink()
    for command in (read_file, compare_file):
        with pytest.raises(InputError, match="empty; give a line"):
            command(str(source), str(target))
    assert not target.exists()


@pytest.mark.parametrize(
    ("text", "astray"),
    [
        ("A left PICC is seen. Its tip lies in the neck.", True),
        ("Drains on both sides of the chest. The left one is kinked.", True),
        ("An endotracheal tube is present. It ends in the right main bronchus.", True),
        ("Intubated. Tip 6 mm above the carina.", True),
        ("A pacemaker lies on the left. One lead is fractured.", True),
        ("A nasogastric tube is present. Please advance by 8 cm.", True),
        ("The pacing lead tip lies beyond the cardiac silhouette.", True),
        ("The feeding tube ends above the GEJ.", True),
        ("An endotracheal tube is present. The tip is 5 cm above the carina.", False),
        ("A nasogastric tube is present. It is not coiled in the oesophagus.", False),
        ("A mass lies in the right lung. The tip of the left lung is in the neck.", False),
    ],
)
def test_a_device_may_be_told_to_lie_astray_in_the_next_sentence(text: str, astray: bool) -> None:
    _, mentions = read_mentions(text)
    found = [one for one in mentions if "Device Malposition" in one.names]
    assert any(one.status == "present" for one in found) == astray


@pytest.mark.parametrize(
    "doubt",
    [
        "is to be considered",
        "ought to be excluded",
        "needs excluding",
        "is queried",
        "is among the possibilities",
        "has to be borne in mind",
    ],
)
def test_what_is_to_be_considered_is_in_doubt(doubt: str) -> None:
    _, mentions = read_mentions(f"Tuberculosis {doubt}.")
    assert [(one.names, one.status) for one in mentions] == [(("Tuberculosis",), "uncertain")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The heart has a water-bottle shape.", "Pericardial Effusion"),
        ("Ribs 4 to 7 on the left are broken.", "Fracture"),
        ("Air in the branches of the portal vein.", "Bowel Ischemia"),
        ("Innumerable tiny nodules.", "Miliary Nodules"),
        ("A superior sulcus mass on the right.", "Malignancy"),
    ],
)
def test_serious_findings_in_plain_words_have_their_name(text: str, name: str) -> None:
    _, mentions = read_mentions(text)
    assert any(name in one.names and one.status == "present" for one in mentions)


def test_the_usual_gas_of_the_bowel_is_no_lesion() -> None:
    assert read_mentions("The bowel gas pattern is normal.")[1] == ()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "Pneumothorax: [x] no [ ] yes. Effusion: [x] no [ ] yes.",
            {("Pneumothorax", "absent", None), ("Pleural Effusion", "absent", None)},
        ),
        ("Pneumothorax: [ ] no [x] yes.", {("Pneumothorax", "present", None)}),
        ("Effusion: [ ] none [x] left [ ] right.", {("Pleural Effusion", "present", "left")}),
        ("Effusion:\n- [ ] none\n- [x] left", {("Pleural Effusion", "present", "left")}),
        ("PLEURAL EFFUSION\n[ ] None\n[x] Left", {("Pleural Effusion", "present", "left")}),
        ("Effusion: [x] left [x] right", {("Pleural Effusion", "present", "bilateral")}),
        ("Effusion: left [x] right [ ]", {("Pleural Effusion", "present", "left")}),
        ("Pneumothorax: [x] none [ ] left [ ] right.", {("Pneumothorax", "absent", None)}),
        ("Pneumothorax? [ ] yes [x] no", {("Pneumothorax", "absent", None)}),
        (
            "Lungs: [ ] clear [x] consolidation RLL. Heart: [x] normal [ ] enlarged.",
            {("Consolidation", "present", "right"), ("Cardiomegaly", "absent", None)},
        ),
        (
            "Heart: [x] normal [ ] enlarged Lungs: [ ] clear [x] edema",
            {("Cardiomegaly", "absent", None), ("Edema", "present", None)},
        ),
        (
            "LUNGS: [x] clear [ ] opacity. HEART: [ ] normal [x] enlarged. "
            "PLEURA: [ ] effusion [x] no effusion.",
            {("Cardiomegaly", "present", None), ("Pleural Effusion", "absent", None)},
        ),
        ("Pleura: [x] effusion right, small [ ] none", {("Pleural Effusion", "present", "right")}),
        ("Pneumothorax: ( ) yes (x) no", {("Pneumothorax", "absent", None)}),
        (
            "( ) Pneumothorax (x) Pleural effusion, left ( ) Cardiomegaly",
            {
                ("Pneumothorax", "absent", None),
                ("Pleural Effusion", "present", "left"),
                ("Cardiomegaly", "absent", None),
            },
        ),
        (
            "[x] Pneumothorax, right [ ] Effusion",
            {("Pneumothorax", "present", "right"), ("Pleural Effusion", "absent", None)},
        ),
        (
            "Findings: [x] effusion [ ] pneumothorax",
            {("Pleural Effusion", "present", None), ("Pneumothorax", "absent", None)},
        ),
        ("[x] Pneumothorax: [ ] left [ ] right", {("Pneumothorax", "present", None)}),
        ("HEART/MEDIASTINUM: [x] Normal [ ] Abnormal", {("Cardiomegaly", "absent", None)}),
        (
            "LUNGS: [ ] Normal [x] Abnormal - RLL airspace disease",
            {("Lung Opacity", "present", "right"), ("Airspace Opacity", "present", "right")},
        ),
        (
            "Effusion, larger than on ( ). Compared with ( ).",
            {("Pleural Effusion", "present", None)},
        ),
    ],
)
def test_forms_with_boxes(form: str, expected: set[tuple[str, str, str | None]]) -> None:
    assert {(one.name, one.status, one.side) for one in extract_observations(form)} == expected


def test_what_is_read_of_a_form_has_its_place_in_it() -> None:
    form = "Lungs: [ ] clear [x] consolidation RLL. Pleura:\n- [ ] none\n- [x] left effusion"
    words = [form[one.start : one.end] for one in extract_observations(form)]
    assert words == ["consolidation", "effusion"]
    plain = plain_text(form)
    assert len(plain.text) == len(plain.cased) == len(plain.starts) == len(plain.ends)
    assert list(plain.starts) == sorted(plain.starts)
    assert list(plain.ends) == sorted(plain.ends)


@pytest.mark.parametrize(
    "form",
    [
        "Lungs: [ ] clear [ ] opacity. Heart: [ ] normal [ ] enlarged.",
        "Pneumothorax: ( ) yes ( ) no\nEffusion: ( ) yes ( ) no",
        "The heart is ___. The lungs are ___. No ___.",
        "Heart: ___ Lungs: ___ Pleura: ___ Bones: ___",
        "Heart size: ____.\nPneumothorax: ____",
    ],
)
def test_a_form_that_nobody_filled_in_says_nothing(form: str) -> None:
    assert information_in(form) == ("nothing", "empty")


@pytest.mark.parametrize(
    "text",
    [
        "Effusion, larger than on ___.",
        "___ lung is clear",
        "The heart is ___. The lungs are clear. No ___.",
        "Compared to ___, the heart is ___ and enlarged.",
    ],
)
def test_blanks_of_names_and_dates_take_nothing_away(text: str) -> None:
    assert information_in(text).verdict == "read"


def test_a_file_is_not_written_over_its_input(tmp_path):
    path = tmp_path / "a.jsonl"
    content = '\ufeff{"id": 1, "text": "No effusion."}\n'
    path.write_text(content, encoding="utf-8")
    link = tmp_path / "b.jsonl"
    link.symlink_to(path)
    for target in (path, link):
        with pytest.raises(InputError, match="is the input"):
            read_file(str(path), str(target))
    with pytest.raises(InputError, match="no name of a file"):
        read_file(str(path), "-")
    assert path.read_text(encoding="utf-8") == content
    assert read_file(str(path), str(tmp_path / "c.jsonl")) == 1  # its byte order mark is no text


def test_something_else_than_texts_is_refused():
    for wrong in (None, ["No effusion."], 5):
        with pytest.raises(TypeError, match="must be strings"):
            check_impression(wrong, "No effusion.")
