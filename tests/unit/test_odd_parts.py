"""What a sentence says beyond what is normal, denied or of the examination."""

from pathlib import Path

import pytest

from graphsum.impressions.mending import mend
from graphsum.impressions.odd_parts import answers_oddly, is_misplaced, odd_parts
from graphsum.impressions.plan import plans_of
from preprocessing.facts.reading import read_mentions

NORMAL = "No acute cardiopulmonary abnormality."


def odd(text: str) -> list[str]:
    plain, mentions = read_mentions(text)
    devices = [(m.start, m.end) for m in mentions if "Support Devices" in (*m.names, *m.parents)]
    normal = [(m.start, m.end) for m in mentions if m.fixed]
    denied = [(m.start, m.end) for m in mentions if (m.start, m.end) not in devices + normal]
    parts = odd_parts(plain.text, denied, normal, devices)
    return [plain.text[start:end].strip(" .") for start, end in parts]


@pytest.mark.parametrize(
    "text",
    [
        "The lungs are well expanded and clear",
        "Heart of ordinary size",
        "No fluid, no lump, no break",
        "No large effusion or focal opacity is seen on either side",
        "Cardiothoracic ratio 0.48",
        "Heart 13 cm on a 29 cm chest",
        "Frontal and lateral views were obtained with the patient standing",
        "The mediastinum is where it should be",
        "Degenerative changes of the spine",
        "Chronic changes at the right apex",
        "Tip of the line in the lower SVC",
        "Fell off a wall",
        "Left upper lobe XXXX",
        "No effusion, pneumothorax or fracture on the left",
        "No pneumothorax, pleural effusion, or focal consolidation is seen on either side",
        "No acute, displaced fractures are demonstrated",
        "No uncalcified nodule, no undisplaced fracture",
        "No non-calcified nodules are seen",
        "Surgical clips overlie the neck and the epigastrium",
        "Prosthetic left humeral head with bone anchors",
        "Given differences in patient rotation the heart is unchanged",
        "Evidence of previous spinal fusion",
        "No suprapatellar effusion; the sacrum and sacroiliac joints are intact",
        "Calcification of the chondral portions of the ribs",
        "Oral contrast from the swallow lies in the stomach",
        "Excreted contrast fills the right renal pelvis and the bladder",
        "Gas and stool are seen along the colon",
        "",
    ],
)
def test_what_is_normal_denied_or_of_the_examination_is_accounted_for(text: str) -> None:
    assert odd(text) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("No air comes into the left lung", ["no air comes into the left lung"]),
        ("Trachea central, ribs whole, right fourth rib gone", ["right fourth rib gone"]),
        ("The right dome cannot be made out", ["the right dome can not be made out"]),
        ("The left lung cannot be called clear", ["the left lung can not be called clear"]),
        ("The aorta is half as wide again", ["the aorta is half as wide again"]),
        ("The mediastinum is 11 cm across", ["the mediastinum is 11 cm across"]),
        ("Few would call this hilum normal", ["few would call this hilum normal"]),
        # Contrast medium and stool where they do not belong.
        ("Barium lies in the left lower bronchi", ["barium lies in the left lower bronchi"]),
        (
            "Contrast leaks from the stomach into the abdomen",
            ["contrast leaks from the stomach into the abdomen"],
        ),
        ("Stool fills a dilated colon", ["stool fills a dilated colon"]),
        # Where a denial ends.
        (
            "no effusion mass right hilum bones normal",
            ["no effusion mass right hilum bones normal"],
        ),
        (
            "No effusion at the left base, a large one at the right",
            ["a large one at the right"],
        ),
        ("No fracture, pneumothorax at the left apex", ["pneumothorax at the left apex"]),
        ("No fracture or effusion, wide mediastinum", ["wide mediastinum"]),
        ("Heart normal, spleen ruptured", ["spleen ruptured"]),
        # What it takes for granted.
        ("No growth of the aneurysm", ["no growth of the aneurysm"]),
        ("No third nodule", ["no third nodule"]),
        # Out of its place.
        (
            "The trachea lies to the left of the midline",
            ["the trachea lies to the left of the midline"],
        ),
        ("The collarbone is in two pieces", ["the collarbone is in two pieces"]),
    ],
)
def test_other_words_are_odd(text: str, parts: list[str]) -> None:
    assert odd(text) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the ett ends in the stomach", True),
        ("endotracheal tube 3 cm above the carina", False),
        ("ng tube tip in the svc", True),
        ("ng tube runs down the oesophagus into the stomach", False),
        ("picc tip in the azygos vein", True),
        ("picc tip at the cavoatrial junction", False),
        ("the chest drain lies in the soft tissues", True),
    ],
)
def test_devices_where_they_do_not_belong(text: str, expected: bool) -> None:
    assert is_misplaced(text) is expected


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("lungs clear: ", "no", True),
        ("lungs clear: ", "yes", False),
        ("lungs: ", "no", False),
        ("abnormal: ", "left hilum", True),
        ("abnormal: ", "none", False),
        ("", "confirmed", True),
        ("other: ", "nil", False),
    ],
)
def test_answers(label: str, text: str, expected: bool) -> None:
    assert answers_oddly(label, text) is expected


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (
            "The left lung does not move with breathing. Heart normal.",
            "Left lung does not move with breathing.",
        ),
        ("Lungs clear. A veil lies over the left.", "Veil lies over the left."),
        ("Lungs clear: NO. Heart normal.", "Lungs clear: NO."),
        ("Heart normal. Drain eyes lie outside the ribs.", "Drain eyes lie outside the ribs."),
        ("The lungs are clear. The heart is a good size.", NORMAL),
    ],
)
def test_a_verdict_stands_only_beside_what_is_accounted_for(findings: str, expected: str) -> None:
    (mended,) = mend([NORMAL], plans_of([findings]))
    assert mended.text == expected


def test_ordinary_chests_have_nothing_odd() -> None:
    """Invented normal and chronically changed chests in the words of many hospitals."""
    text = Path(__file__).parents[1].joinpath("data", "ordinary_chests.txt").read_text("utf-8")
    plans = plans_of(text.splitlines())
    odd_clauses = [clause.text for plan in plans for clause in plan.clauses if clause.odd]
    assert len(plans) > 100
    assert len(odd_clauses) <= 1, odd_clauses
    assert all(plan.allows_normal for plan in plans)
