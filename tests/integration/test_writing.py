"""What the shipped checkpoint writes of invented findings, and what mending alone guarantees.

A record of ``tests/data/writing*.jsonl`` has regular expressions that the impression must match
and others that it must not. ``expect`` is "none" where the text says nothing of a patient.

More examples of the property: ``FUZZ_EXAMPLES=2000 python -m pytest -k mended``.
"""

import json
import os
import re
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import DATA, ROOT

from graphsum import Summarizer
from graphsum.impressions.mending import NORMAL, mend
from graphsum.impressions.plan import plans_of

FOLDER = ROOT / "checkpoints" / "openi"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))


def records(name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def fault(record, impression):
    """Why an impression does not pass its record; empty where it does."""
    if record["expect"] == "none":
        return "is not empty" if impression else ""
    if not impression.strip():
        return "is empty"
    missing = [p for p in record["must"] if not re.search(p, impression, re.IGNORECASE)]
    present = [p for p in record["must_not"] if re.search(p, impression, re.IGNORECASE)]
    return "; ".join([f"lacks {p[:60]}" for p in missing] + [f"has {p[:60]}" for p in present])


def test_the_scorer_tells_what_passes_from_what_does_not():
    record = {"expect": "text", "must": ["left", "effus"], "must_not": ["right"]}
    assert fault(record, "Small LEFT effusion.") == ""
    assert fault(record, "Small effusion.") == "lacks left"
    assert fault(record, "Left effusion, Right base clear.") == "has right"
    assert fault(record, "") == "is empty"
    nothing = {"expect": "none", "must": [], "must_not": []}
    assert fault(nothing, "") == ""
    assert fault(nothing, "No acute abnormality.") == "is not empty"


@pytest.fixture(scope="module")
def summarizer():
    if not (FOLDER / "model.safetensors").is_file():
        pytest.skip("checkpoints/openi is not here (only the repository has it)")
    return Summarizer.from_pretrained(FOLDER)


# A fifth of the records, drawn with a seed, keeps the file short.
@pytest.mark.parametrize(
    ("name", "share", "required"),
    [
        ("writing.jsonl", 0.2, 0.94),
        ("writing_seventh.jsonl", 0.5, 0.94),
        ("writing_eighth.jsonl", 0.4, 0.92),
        *(
            pytest.param(*one, marks=pytest.mark.slow)
            for one in (
                ("writing_heldout.jsonl", 0.2, 0.9),
                ("writing_third.jsonl", 0.2, 0.9),
                ("writing_fourth.jsonl", 0.2, 0.9),
                ("writing_fifth.jsonl", 0.2, 0.85),
                ("writing_sixth.jsonl", 0.5, 0.94),
                ("writing_ninth.jsonl", 0.7, 0.94),
                ("writing_tenth.jsonl", 0.7, 0.94),
            )
        ),
    ],
)
def test_the_shipped_checkpoint_writes_what_must_and_not_what_must_not_be_said(
    summarizer, name, share, required
):
    every = records(name)
    chosen = sorted(Random(0).sample(range(len(every)), round(share * len(every))))
    told = [every[row] for row in chosen]
    written = [str(one) for one in summarizer.summarize([one["findings"] for one in told])]
    assert [text for text in written if "___" in text] == []
    faults = [
        f"{record['id']} {why}: {text!r}"
        for record, text in zip(told, written, strict=True)
        if (why := fault(record, text))
    ]
    assert len(faults) <= (1 - required) * len(told), "\n".join(faults)


# --- mending alone, on sentences of a small grammar ---------------------------------------------


class Finding(NamedTuple):
    """Sentences that assert and deny one finding; of a critical one, the words that report it."""

    asserted: tuple[str, ...]
    denied: tuple[str, ...]
    reported: str = ""


SIDES = ("left", "right")
CRITICAL = {
    "pneumothorax": Finding(
        (
            "{a} {size} {side} apical pneumothorax",
            "{a} {size} pneumothorax on the {side}",
            "{a} {side} pneumothorax measuring {mm} mm",
        ),
        ("no pneumothorax", "no evidence of a pneumothorax"),
        r"{side}.*pneumothorax|pneumothorax.*{side}",
    ),
    "free air": Finding(
        (
            "the film shows free air under the {side} hemidiaphragm",
            "{a} {size} amount of free air below the {side} hemidiaphragm",
        ),
        ("no free air", "no free intraperitoneal air"),
        r"free air.*{side}",
    ),
    "tube": Finding(
        (
            "the endotracheal tube tip lies in the {side} main bronchus",
            "{a} malpositioned endotracheal tube in the {side} mainstem bronchus",
            "the ETT is in the {side} main bronchus",
        ),
        ("no endotracheal tube",),
        r"(?:endotracheal|ett\b).*{side}",
    ),
    "feeding tube": Finding(
        (
            "the nasogastric tube is coiled in the esophagus",
            "{a} feeding tube in the {side} lower lobe bronchus",
        ),
        ("no nasogastric tube",),
        r"(?:nasogastric|feeding)",
    ),
}
OTHERS = {
    "effusion": Finding(
        ("{a} {size} {side} pleural effusion",),
        ("no pleural effusion",),
    ),
    "consolidation": Finding(
        ("{a} {side} lower lobe consolidation",),
        ("no consolidation", "no focal consolidation"),
    ),
    "heart": Finding(
        ("the heart is enlarged", "mild cardiomegaly"),
        ("the heart is normal in size",),
    ),
    "rib": Finding(
        ("{a} healed fracture of the {side} sixth rib",),
        ("no rib fracture", "the bones are intact"),
    ),
}
FINDINGS = CRITICAL | OTHERS
NEVER_INVENTED = {"pneumothorax", "free air"}
# Around an asserted finding that has no verb.
FRAMES = ("{}", "there is {}", "{} is seen", "again seen is {}", "{} is present")


class Written(NamedTuple):
    """Invented findings, and the side of each finding that they assert."""

    text: str
    asserted: dict[str, str]


@st.composite
def written_findings(draw):
    names = draw(st.lists(st.sampled_from(sorted(FINDINGS)), min_size=1, max_size=5, unique=True))
    text, asserted, joints = "", {}, ("",)
    for name in names:
        text += draw(st.sampled_from(joints))
        joints = (". ", ".\n", "; ", ", but ")
        if draw(st.booleans()):
            side = draw(st.sampled_from(SIDES))
            size = draw(st.sampled_from(("small", "moderate", "large")))
            clause = draw(st.sampled_from(FINDINGS[name].asserted)).format(
                a="a", size=size, side=side, mm=draw(st.integers(4, 40))
            )
            if not re.search(r" (?:is|lies|shows) ", clause):
                clause = draw(st.sampled_from(FRAMES)).format(clause)
            asserted[name] = side
            joints += (", and ",)  # after a denial it might go on with what is denied
        else:
            clause = draw(st.sampled_from(FINDINGS[name].denied))
        text += clause
    text += "."
    # Sentences begin with a capital; a report may stand in capitals as a whole.
    text = re.sub(r"(?:^|(?<=\.\s))[a-z]", lambda match: match[0].upper(), text)
    if draw(st.integers(0, 9)) == 0:
        text = text.upper()
    return Written(text, asserted)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(written=written_findings())
def test_the_mended_impression_reports_every_critical_clause_that_is_asserted(written):
    mended = mend([NORMAL], plans_of([written.text]))[0]
    lowered = mended.text.lower()
    assert lowered.strip()
    assert "__" not in lowered
    for name, side in written.asserted.items():
        if name in CRITICAL:
            pattern = FINDINGS[name].reported.format(side=side)
            assert any(re.search(pattern, one) for one in lowered.split(". ")), lowered
    if not CRITICAL.keys().isdisjoint(written.asserted):
        assert NORMAL.lower() not in lowered
    for name in NEVER_INVENTED - written.asserted.keys():
        assert name not in lowered
