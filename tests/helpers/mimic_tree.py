"""Writes invented reports in PhysioNet's layout of MIMIC-CXR, with known contents.

Every text is made up from the word lists below; no report of any data set is used.
"""

import csv
import gzip
import random
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

COMBINED = "findings and impression under one heading"
NO_FINDINGS = "no findings"
NO_IMPRESSION = "no impression"
SHORT_FINDINGS = "findings of 10 tokens or fewer"
SHORT_IMPRESSION = "impression of 3 tokens or fewer"
BINARY = "not UTF-8 text"
UNLISTED = "in no part of the split"
PAIR = "pair"

# name -> (outcome, template). {F} and {I} are the findings and impression to be found,
# {W} text that must not be; a blank line holds one blank, as in PhysioNet's files.
SHAPES: dict[str, tuple[str, str]] = {
    "plain": (
        PAIR,
        " "
        * 33
        + "FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old\n \n"
        " TECHNIQUE:  PA and lateral\n \n COMPARISON:  ___\n \n FINDINGS: \n \n {F}\n \n"
        " IMPRESSION: \n \n {I}\n",
    ),
    "history": (
        PAIR,
        " FINAL REPORT\n HISTORY:  Cough.\n \n FINDINGS:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "reason": (
        PAIR,
        " FINAL REPORT\n REASON FOR EXAM:  Fall.\n FINDINGS:  {F}\n CONCLUSION:  {I}\n",
    ),
    "clinical information, notification": (
        PAIR,
        " CLINICAL INFORMATION:  Fever.\n \n FINDINGS:\n {F}\n \n IMPRESSION:\n {I}\n \n"
        " NOTIFICATION:  {W}\n",
    ),
    "recommendations": (
        PAIR,
        " FINDINGS:  {F}\n \n IMPRESSION:  {I}\n \n RECOMMENDATION(S):  {W}\n",
    ),
    "all on one line": (
        PAIR,
        "FINAL REPORT  HISTORY: Pain. COMPARISON: None. FINDINGS: {F} IMPRESSION: {I}\n",
    ),
    "mixed case on one line": (
        PAIR,
        "Indication: Pain. Comparison: None. Findings: {F} Impression: {I}\n",
    ),
    "lower case": (PAIR, " indication:  pain\n \n findings:  {F}\n \n impression:  {I}\n"),
    "mixed case": (PAIR, " Indication : Pain\n\n Findings :\n {F}\n\n Impression :\n {I}\n"),
    "no colon": (PAIR, " HISTORY\n Pain.\n\n FINDINGS\n {F}\n\n IMPRESSION\n {I}\n"),
    "tabs and blanks": (PAIR, "\t FINDINGS\t:\t \t{F}  \t\n\t\n \tIMPRESSION:   \t{I}\t\t \n"),
    "line ends of Windows": (PAIR, " FINDINGS:  {F}\r\n \r\n IMPRESSION:  {I}\r\n"),
    "line ends of old Macs": (PAIR, " FINDINGS:  {F}\r \r IMPRESSION:  {I}\r"),
    "misspelled": (PAIR, " FINDNGS:  {F}\n \n IMPRESSON:  {I}\n"),
    "two impressions": (PAIR, " FINDINGS: {F}\n\n IMPRESSION: {W}\n\n IMPRESSION: {I}\n"),
    "empty second impression": (
        PAIR,
        " FINDINGS: {F}\n\n IMPRESSION: {I}\n\n IMPRESSION: \n ___\n",
    ),
    "empty first findings": (
        PAIR,
        " FINDINGS: \n \n COMPARISON:  ___.\n \n FINDINGS:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "impression first": (PAIR, " IMPRESSION:  {I}\n \n FINDINGS:  {F}\n"),
    "wet read before": (
        PAIR,
        " WET READ: ___ ___ ___ 5:15 PM\n {W}\n IMPRESSION: {W}\n" + "_" * 78 + "\n"
        "                 FINAL REPORT\n FINDINGS:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "wet read after": (
        PAIR,
        " FINDINGS:  {F}\n \n IMPRESSION:  {I}\n \n WET READ VERSION #1\n {W}\n IMPRESSION: {W}\n",
    ),
    "addendum before": (
        PAIR,
        "                 FINAL ADDENDUM\n ADDENDUM:  {W}\n" + "_" * 78 + "\n"
        "                 FINAL REPORT\n FINDINGS:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "addendum after": (PAIR, " FINDINGS:  {F}\n \n IMPRESSION:  {I}\n \n ADDENDUM: {W}\n"),
    "unheaded after comparison": (
        PAIR,
        " FINAL REPORT\n INDICATION:  Pain.\n \n COMPARISON:  ___.\n \n {F}\n \n"
        " IMPRESSION:  {I}\n",
    ),
    "unheaded after technique": (
        PAIR,
        " TECHNIQUE:  Single view.\n \n {F}\n \n IMPRESSION:  {I}\n",
    ),
    "under the view's title": (
        PAIR,
        " INDICATION:  Pain.\n \n PA AND LATERAL VIEWS OF THE CHEST:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "provisional": (
        PAIR,
        " PROVISIONAL FINDINGS IMPRESSION (PFI):  {W}\n \n FINDINGS:  {F}\n \n IMPRESSION:  {I}\n",
    ),
    "ruled line": (PAIR, " FINDINGS:  {F}\n \n IMPRESSION:  {I}\n " + "_" * 40 + "\n {W}\n"),
    "both, then combined": (
        PAIR,
        " FINDINGS:  {F}\n \n IMPRESSION:  {I}\n \n FINDINGS AND IMPRESSION:  {W}\n",
    ),
    "byte order mark": (PAIR, "\ufeff FINDINGS:  {F}\n \n IMPRESSION:  {I}\n"),
    "control characters": (PAIR, "\x00 FINDINGS:\x0b{F}\n\x0c IMPRESSION:\x01{I}\n\x1a"),
    "combined": (COMBINED, " HISTORY: Pain.\n\n FINDINGS AND IMPRESSION:  {W}\n"),
    "combined with a slash": (COMBINED, " FINDINGS/IMPRESSION:\n \n {W}\n"),
    "combined in mixed case": (COMBINED, " Findings / Impression: {W}\n"),
    "combined, and an impression": (COMBINED, " FINDINGS & IMPRESSION: {W}\n\n IMPRESSION: {W}\n"),
    "no impression": (NO_IMPRESSION, " INDICATION:  Pain.\n \n FINDINGS:  {W}\n"),
    "empty impression": (NO_IMPRESSION, " FINDINGS:  {W}\n \n IMPRESSION: \n \n"),
    "only a wet read": (NO_FINDINGS, " WET READ: ___ 9:00 PM\n {W}\n"),
    "wet read instead of impression": (NO_IMPRESSION, " FINDINGS:  {W}\n \n WET READ:  {W}\n"),
    "no findings": (NO_FINDINGS, " INDICATION:  Pain.\n \n IMPRESSION:  {W}\n"),
    "de-identified away": (NO_FINDINGS, " FINDINGS:  ___\n \n IMPRESSION:  {W}\n"),
    "free text": (NO_FINDINGS, " FINAL REPORT\n {W}\n"),
    "empty": (NO_FINDINGS, ""),
    "short findings": (SHORT_FINDINGS, " FINDINGS:  Clear lungs.\n \n IMPRESSION:  {W}\n"),
    "short impression": (SHORT_IMPRESSION, " FINDINGS:  {W}\n \n IMPRESSION:  Normal.\n"),
    "binary": (BINARY, ""),
}

_SUBJECTS = ("The heart", "The right lung base", "The aortic arch", "Each hemidiaphragm")
_VERBS = ("appears", "remains", "looks", "seems")
_STATES = ("modestly enlarged", "quite unremarkable", "somewhat flattened", "a little hazier")
_ENDS = ("than one would hope", "for someone of this age", "on the images given")


def _sentence(rng: random.Random) -> str:
    words = [rng.choice(part) for part in (_SUBJECTS, _VERBS, _STATES, _ENDS)]
    return " ".join(words) + f", item {rng.randrange(10_000)}."


def _wrapped(text: str, line_end: str) -> str:
    words = text.split()
    return f"{line_end} ".join(" ".join(words[i : i + 7]) for i in range(0, len(words), 7))


@dataclass
class MimicTree:
    """What was written: uid -> (patient, findings, impression, part) of the pairs; counts."""

    pairs: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    exclusions: Counter[str] = field(default_factory=Counter)
    unlisted: int = 0
    total: int = 0


def write_mimic_tree(folder: Path, *, copies: int = 8, zipped: bool = False) -> MimicTree:
    """Write ``copies`` reports of each shape and the split file; every 40th pair is unlisted."""
    rng = random.Random(11)
    tree = MimicTree()
    files: dict[str, bytes] = {}
    rows = []
    shapes = [shape for _ in range(copies) for shape in SHAPES.values()]
    for number, (outcome, template) in enumerate(shapes):
        # Three reports a patient: studies of one patient share a part.
        subject = 10_000_032 + 370_001 * (number // 3) % 9_000_000
        uid, patient = f"s{50_000_000 + 7 * number}", f"p{subject}"
        part = ("validate", "test")[subject % 10] if subject % 10 < 2 else "train"
        findings = f"{_sentence(rng)} {_sentence(rng)}"
        impression = _sentence(rng)
        line_end = "\r\n" if "\r\n" in template else "\r" if "\r" in template else "\n"
        text = template
        for key, words in (("{F}", findings), ("{I}", impression)):
            text = text.replace(key, _wrapped(words, line_end))
        while "{W}" in text:
            text = text.replace("{W}", _wrapped(f"Wrong. {_sentence(rng)}", line_end), 1)
        name = f"files/{patient[:3]}/{patient}/{uid}.txt"
        files[name] = b"\x89\xff\xfe\x00binary" if outcome == BINARY else text.encode()
        tree.total += 1
        listed = True
        if outcome == PAIR:
            listed = len(tree.pairs) % 40 != 39
            part_name = {"validate": "val"}.get(part, part) if listed else ""
            tree.pairs[uid] = (patient, findings, impression, part_name)
            tree.unlisted += not listed
        else:
            tree.exclusions[outcome] += 1
        if listed:
            rows += [
                (f"{number:08x}-{image}", uid[1:], patient[1:], part)
                for image in range(rng.randint(1, 3))
            ]
    files["files/p10/index.html"] = b"<html></html>"
    rng.shuffle(rows)
    with gzip.open(folder / "mimic-cxr-2.0.0-split.csv.gz", "wt", newline="") as out:
        csv.writer(out).writerows([("dicom_id", "study_id", "subject_id", "split"), *rows])
    if zipped:
        with zipfile.ZipFile(folder / "mimic-cxr-reports.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tree
