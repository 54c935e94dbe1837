"""A text as the rules read it: lower case, signs and abbreviations spelled out.

Hospitals write the same thing in many ways ("w/o PTX", "&nbsp;", HL7's ``\\.br\\``, "Lt"). They are
rewritten here once, so that the rules behind see one form; every character remembers where it
stands in the text as given.
"""

import html
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from preprocessing.text.alternatives import Alternatives
from preprocessing.text.boxes import TICKED, UNTICKED, Box, Edit, box_edits, round_boxes

# Abbreviations of general words, of sides and of lobes; those of findings are in the ontology.
# Written in lower case, they hold in any case; the ones of ``_CASED`` only as they stand.
ABBREVIATIONS = {
    "w/o": "without", "w/out": "without", "w/": "with ", "s/p": "status post", "h/o": "history of",
    "hx of": "history of", "hx": "history", "c/w": "consistent with", "r/o": "rule out",
    "c/f": "concerning for", "s/o": "suggestive of", "e/o": "evidence of", "d/t": "due to",
    "b/l": "bilateral", "bilat": "bilateral",
    "bilat.": "bilateral", "bil": "bilateral", "bil.": "bilateral", "lt": "left", "lt.": "left",
    "rt": "right", "rt.": "right", "nl": "normal", "nml": "normal", "wnl": "within normal limits",
    "nil": "no", "neg": "negative", "neg.": "negative", "-ve": "negative", "+ve": "positive",
    "pos": "positive", "sm": "small", "sml": "small", "lge": "large", "lg": "large",
    "mod": "moderate", "mod.": "moderate", "sl": "slight", "sl.": "slight", "sev": "severe",
    "approx": "approximately", "approx.": "approximately", "poss": "possible", "poss.": "possible",
    "prob": "probable", "prob.": "probable", "prev": "previous", "prev.": "previous",
    "incr": "increased", "decr": "decreased", "calc": "calcified", "susp": "suspicious",
    "hyperinfl": "hyperinflated", "hrt": "heart", "lgs": "lungs", "clr": "clear", "sz": "size",
    "dz": "disease", "abv": "above", "abn": "abnormal", "diaph": "diaphragm",
    "med": "medial", "pl": "pleural", "pl.": "pleural", "unchg": "unchanged", "unch": "unchanged",
    "can't": "can not", "cannot": "can not", "couldn't": "could not", "isn't": "is not",
    "aren't": "are not", "wasn't": "was not", "weren't": "were not", "doesn't": "does not",
    "don't": "do not", "didn't": "did not", "hasn't": "has not", "haven't": "have not",
    "there's": "there is", "w/u": "workup", "f/u": "follow-up", "u/l": "unilateral",
    "lll": "left lower lobe", "lul": "left upper lobe", "rll": "right lower lobe",
    "rul": "right upper lobe", "rml": "right middle lobe", "llz": "left lower zone",
    "lmz": "left mid zone", "luz": "left upper zone", "rlz": "right lower zone",
    "rmz": "right mid zone", "ruz": "right upper zone", "lll's": "left lower lobes",
    "unchgd": "unchanged", "unchngd": "unchanged", "unchd": "unchanged", "chg": "change",
    "chgs": "changes", "cardiomeg": "cardiomegaly", "cmegaly": "cardiomegaly",
    "eff": "effusion", "effs": "effusions", "effn": "effusion", "consol": "consolidation",
    "consolid'n": "consolidation", "consolidn": "consolidation", "opac": "opacity",
    "opacs": "opacities", "opacif'n": "opacification", "atel": "atelectasis",
    "infilt": "infiltrate", "congest'n": "congestion", "calcif'n": "calcification",
    "calcs": "calcifications", "bibas": "bibasal", "bibas.": "bibasal", "pulm": "pulmonary",
    "pulm.": "pulmonary", "mediast": "mediastinum", "interst": "interstitial",
    "vasc": "vascular", "abd": "abdomen", "uz div": "upper zone diversion", "uzd": "upper zone "
    "diversion", "uz": "upper zone", "lz": "lower zone", "mz": "mid zone", "kbl": "kerley b lines",
    "kbls": "kerley b lines", "msw": "sternotomy wires", "msws": "sternotomy wires",
    "sbo": "small bowel obstruction", "lbo": "large bowel obstruction",
    "pvg": "portal venous gas", "hptx": "hydropneumothorax", "lvf": "left ventricular failure",
    "w/d": "withdraw", "loc": "loculated", "mets": "metastases", "nod": "nodule", "nods": "nodules",
    "thick'g": "thickening", "enl": "enlarged", "enlgd": "enlarged", "incrd": "increased",
    "decrd": "decreased", "impr": "improved", "resid": "residual", "sugg": "suggests",
    "fld": "fluid", "assoc": "associated", "w/in": "within", "b/w": "between", "n'l": "normal",
    # Usual misspellings.
    "free are under": "free air under", "diaphram": "diaphragm",
    "diaphragam": "diaphragm", "diaphrams": "diaphragms",
    "pnemothorax": "pneumothorax", "pneumothrax": "pneumothorax", "pneumotorax": "pneumothorax",
    "plueral": "pleural", "plural effusion": "pleural effusion", "plural": "pleural",
    "consolidtion": "consolidation", "consoliation": "consolidation", "rihgt": "right",
    "rigth": "right", "lfet": "left", "claer": "clear", "masss": "mass", "nodlue": "nodule",
    "fractur": "fracture", "frature": "fracture", "infitrate": "infiltrate",
    "opacitys": "opacities", "cardiomegaley": "cardiomegaly", "norml": "normal",
    "odema": "oedema", "oedma": "oedema", "edma": "edema", "atalectasis": "atelectasis",
    "atelectesis": "atelectasis", "atelectisis": "atelectasis", "atelactasis": "atelectasis",
    "atelectais": "atelectasis", "pnuemothorax": "pneumothorax", "pneumothroax": "pneumothorax",
    "pnumothorax": "pneumothorax", "pneumonthorax": "pneumothorax", "pneumothorx": "pneumothorax",
    "pneumo thorax": "pneumothorax", "pneumothoax": "pneumothorax", "efusion": "effusion",
    "effussion": "effusion", "effusin": "effusion", "effuison": "effusion", "efussion": "effusion",
    "cardiomegally": "cardiomegaly", "cardiomeagly": "cardiomegaly", "cardiomegly": "cardiomegaly",
    "cardio megaly": "cardiomegaly", "consolodation": "consolidation",
    "consolidaton": "consolidation", "consoldation": "consolidation",
    "consilidation": "consolidation", "pnuemonia": "pneumonia", "pnumonia": "pneumonia",
    "pneumona": "pneumonia", "fusion": "effusion", "fusions": "effusions",
    "fractrue": "fracture", "fracure": "fracture", "fx'd": "fractured",
    "infiltarte": "infiltrate", "opactiy": "opacity", "opacitiy": "opacity",
    "emphesema": "emphysema", "emphysima": "emphysema", "hemorrage": "hemorrhage",
    "haemorrage": "haemorrhage", "aneurism": "aneurysm", "disection": "dissection",
    "mediastinium": "mediastinum", "lymphadenopthy": "lymphadenopathy",
    "nad": "no acute disease", "naf": "no acute findings", "+/-": "possible", "?": "possible ",
}  # fmt: skip
_CASED = {
    "L": "left", "R": "right", "PE": "pulmonary embolism", "LAD": "lymphadenopathy",
    "LN": "lymph node", "LNs": "lymph nodes", "TB": "tuberculosis", "GGO": "ground-glass opacity",
    "GGOs": "ground-glass opacities", "CM": "cardiomegaly", "NG": "nasogastric",
    "OG": "orogastric", "RMB": "right main bronchus", "LMB": "left main bronchus",
    "RMSB": "right main bronchus", "LMSB": "left main bronchus", "RMS": "right mainstem",
    "ASD": "airspace disease", "CPA": "costophrenic angle", "CPAs": "costophrenic angles",
    "FB": "foreign body", "PVH": "pulmonary venous hypertension", "GGN": "ground-glass nodule",
    "GGNs": "ground-glass nodules", "LMS": "left mainstem", "SOB": "shortness of breath",
    "N": "no", "Y": "yes",
}  # fmt: skip
_WORDS = sorted((word for word in ABBREVIATIONS if word != "?"), key=len, reverse=True)


def _escaped(word: str) -> str:
    return re.escape(word).replace("'", "['\u2018\u2019]")


_BLOCK_TAGS = "br|p|li|div|tr|ul|ol|td|th|table|h[1-6]"
_ANSWER = r"(?:no|none|yes|y|n|nil|negative|neg|positive|pos|absent|present)\b"
# What is rewritten, tried in this order at each place.
_LINE_START = r"(?:(?<=^)|(?<=[\r\n]))"
_REWRITE = Alternatives(
    {
        "header": _LINE_START + r"(?:MSH|EVN|PID|PD1|PV1|ORC|OBR|ZDS)\|[^\r\n]*[\r\n]*",
        "segment": _LINE_START + r"(?:OBX|NTE)\|(?:[^|\r\n]*\|){2,4}"
        r"|\|{2,}[A-Z]?(?=[ ]*(?:[\r\n]|$))|\|\|+",
        "line": r"\\\.(?:br|sp)\d*\\|~(?=\s*[^\W\d])|\r\n?|\n|[\u2028\u2029\x0b\x0c]"
        rf"|</?(?i:{_BLOCK_TAGS})\b[^<>]{{0,80}}>",
        "clause": r" +-{2,} +",
        "slash": r"\s/\s(?=[A-Za-z][\w ()]{1,24}:)",
        # Signs between the items of a list on one line.
        "bullet": r"(?<=\S)[^\S\n]+[\u2022\u25cf\u25aa\u2023\u00b7][^\S\n]+(?=[^\W\d_])",
        "item": r"(?<=\S)[,;]?[^\S\n]+\(?[b-j]\)[^\S\n]+(?=[A-Z])",
        "list_sign": r"(?<=[\w.,)])[^\S\n]+[-\u2013\u2014/*\u2192][^\S\n]+(?=[A-Za-z])",
        "ellipsis": r"\u2026",
        "soft": r"\u00ad",
        "compatible": r"[\ufb00-\ufb06\uff01-\uff5e]+",
        # "Effusion: L - moderate; R - none."
        "side_stop": r"[;.](?=[^\S\n]+(?:L|R|(?i:left|right|lt|rt))\.?\s?[-:=]\s?[a-z+\d])",
        "side_value": r"(?<=[:;.,] )(?:L|R|(?i:left|right|lt|rt))\.?\s?[-:=]\s?(?=[a-z+\d])",
        # Headings that have lost their colon.
        "heading": _LINE_START
        + r"(?i:clinical (?:details|information|info|history|indication|data))"
        r"[^\S\n]+(?=[\w?])(?!(?i:of|for|is|was|given|and|correlation)\b)"
        r"|(?<=[.] )(?:REPORT|Report|FINDINGS|Findings)[^\S\n]+(?=[A-Z])",
        "space": r"\\[HNFSTRE]\\|</?[A-Za-z][^<>]{0,80}>|[^\S\n\t][^\S\n\t]+|[^\S\n\t ]"
        r"|[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\ufeff]+",
        "unchecked": r"\[\s*_?\s*\]|[\u2610]",
        "checked": r"\[\s*[xX\u2713\u2714]\s*\]|[\u2611\u2612]",
        "round_unchecked": r"\([ \t]*\)",
        "round_checked": r"\([ \t]*[xX\u2713\u2714][ \t]*\)",
        "plural": r"(?<=[a-z])\(e?s\)",
        "dots": r"(?<=[\w)])[^\S\n]+\.{3,}[^\S\n]+(?=(?i:nil|no|none|yes|absent|present|neg\w*"
        "|pos\w*"
        r"|left|right|bilateral|small|large|mild|moderate|normal|clear)\b)",
        "leader": r"(?<=[\w)])\s*\.{4,}\s*(?=\w)|(?<=[\w)])[ \t]*\|[ \t]*(?=[\w(<>+-])",
        "pipe": r"\|",
        # "Mass [yes, left lower lobe]  Effusion [no]"
        "answered": r"(?<=\w)\s*[\[(]\s*"
        r"(?i:yes|none|no|nil|neg|negative|pos|positive|absent|present)\s*(?:,[^\[\]()\n]{1,40})?[\])]",
        "heart": r"(?<!\w)[Hh][Tt]\.?(?=\s+(?:N\b|size|not? |normal|enl|(?:mildly|slightly) enl))",
        "choice": r"\s*\(?\b[YyNn](?:es|ES)?/[YyNn][oO]?\b\)?(?=\s*:)",
        "bracket": r"[\[\]](?!\s*\*)(?<!\*\])",
        "plus": r"(?<=\w)\s*\+(?=\s*(?:[,.;)\]]|$))",
        "minus": r"(?<=[\w)])(?:[ ]{0,3}:)?[ ]{0,3}[\t:][ \t]{0,8}[-\u2212](?=[ ]*(?:\n|\r|$))",
        "minus2": r"(?<=[\w)]) [-\u2212](?=[.,;])",
        "hash": r"\#(?=\s?[^\W\d_])|(?<=[a-z] )\#(?=\s*(?:[.,;)]|$))",
        "tab": r"(?<=\w) {0,3}\t[ \t]{0,8}(?=[\w+-])",
        "blank": r"\t+",
        "entity": r"&(?:[A-Za-z]{2,8}|\#\d{1,5}|\#x[\da-fA-F]{1,4});",
        "number": r"~(?=\s*\d)",
        "dash": r"[\u2010-\u2015\u2212]",
        "times": r"\u00d7",
        "none": r"[\u00d8\u2205]\s?(?=[A-Za-z])",
        "up": r"\u2191\s?(?=[A-Za-z])",
        "down": r"\u2193\s?(?=[A-Za-z])",
        "apostrophe": r"[\u2018\u2019]",
        "absent": r"\(\s*[-\u2013\u2212]\s*\)",
        "present": r"\(\s*\+\s*\)",
        "query": r"(?:(?<=^)|(?<=[\s(,;:/-]))\?{1,3}\s?(?=[^\W\d_]|\#)(?!(?i:" + _ANSWER + r"))",
        "more": r"(?<=\b[LR])\s?>+\s?(?=[LR]\b)",
        "less": r"(?<=\b[LR])\s?<+\s?(?=[LR]\b)",
        "non": r"(?<=\b[nN]on) - (?=\w)",
        "cased": rf"(?<![\w'/.-])(?:{'|'.join(sorted(_CASED, key=len, reverse=True))})"
        r"(?![\w'&]|[./-]\w|/)",
        "word": rf"(?<![\w'.-])(?i:{'|'.join(map(_escaped, _WORDS))})(?!\w|(?<!w/)['/-]\w)",
    },
    # Of what begins with a blank only "yes/no" goes on with a letter.
    start=r"(?<!\w)[A-Za-z\u00d8]|[\ufb00-\ufb06\uff01-\uff5e]|[^\w ]| (?![A-MO-XZa-mo-xz])",
)
_ROUND_BOX = re.compile(r"\([ \txX\u2713\u2714]*\)")
# "L" and "R" that are no sides, "N" and "Y" that are no answers.
_NO_SIDE_AFTER = re.compile(r"\s?(?:\d|spine|sp\b|vertebra)", re.IGNORECASE)
_RIBS_AFTER = re.compile(
    r"\s?\d{1,2}(?:st|nd|rd|th)?(?:(?:\s?[+,&-]\s?|\s(?:and|to)\s)\d{1,2}(?:st|nd|rd|th)?){0,3}"
    r"\s(?:\w+\s)?ribs?\b",
    re.IGNORECASE,
)
_NO_SIDE_BEFORE = re.compile(r"(?:\d|\bml|\b[A-Z]\.)\s?$")
_ANSWER_BEFORE = re.compile(r"[:=?|\t-]\s*$")
# "Rib fx L 6-8", "fx ribs 3-5 L".
_RIBS_BEFORE = re.compile(
    r"\bribs?(?: (?:fx'?s?|fractures?|#s?))?(?: \d[\d, &-]{0,12})? ?$", re.IGNORECASE
)
_ORGAN_BEFORE = re.compile(r"\b(?:heart|hrt|ht|cor|lungs?|size)[.:]?\s?$", re.IGNORECASE)
_BULLETS = "\u2022\u25cf\u25aa\u2023\u00b7"
_DASHES = "-\u2013\u2014"
# A denial since the last stop: what follows a sign in a list is not denied too.
_A_DENIAL = re.compile(
    r"\b(?:no|nil|not|without|neg|negative|never|absent|(?:is|are|was|were|do|does|did)n['\u2019]t)\b"
    r"[^.;:\n\u2022]*$",
    re.IGNORECASE,
)
_SIZES = (
    r"(?:small|large|mild|moderate|mod|sm|left|right|tiny|trace|new|old|bilateral|minimal|severe"
    r"|marked|multiple|several)\b"
)
_SIZED_ITEM = re.compile(_SIZES, re.IGNORECASE)  # not "no nodule / GGO / consolidation"
_NEW_ITEM = re.compile(rf"[A-Z][a-z]|{_SIZES}")
_SIDED_LABEL = re.compile(
    r"[^\W\d_][\w ]{2,30}:\s*(?:l|r|lt|rt|left|right)\.?\s?[-:=]", re.IGNORECASE
)
_EMBOLIC_BEFORE = re.compile(
    r"\b(?:acute|massive|sub-?massive|saddle|(?:sub)?segmental|lobar|central)\s(?:[\w/]+\s){0,2}$",
    re.IGNORECASE,
)
_IN_AN_ARTERY = re.compile(r"s?\s+in (?:the )?(?:\w+ ){0,3}(?:lobe|arter\w+)", re.IGNORECASE)
_SENTENCE_AFTER = re.compile(r"\s*(?:$|\n|[A-Z])")
_START_BEFORE = re.compile(r"(?:^|[.:\n])\s*$")
_SILHOUETTE_AFTER = re.compile(r"\s*(?:sil\b|silh|silhouette|contour)", re.IGNORECASE)
_MEASURE_BEFORE = re.compile(r"\d\s?$")
_SEPTUM_AFTER = re.compile(r"\s*(?:clos|device|occlud|repair|secundum|shunt|patch)", re.IGNORECASE)
# "PE" is a pleural effusion where its size or side is told and nothing speaks of arteries.
_PLEURAL_AFTER = re.compile(r"\s*\(?\s*pleura", re.IGNORECASE)
_SIZED_BEFORE = re.compile(
    r"\b(?:small|sml?|mod(?:erate)?|large|lge?|tiny|trace|loculated|b/l|bilat(?:eral)?|basal)\.?"
    r"(?: (?:rt|lt|right|left|R|L))?\s$",
    re.IGNORECASE,
)
_SIZED_OR_NOT = re.compile(
    r"\b(?:no|small|moderate|moderate(?:ly)?[- ]sized|large|tiny|trace|pleural|left|right|bilateral"
    r"|loculated|basal|layering)\s$",
    re.IGNORECASE,
)
_OF_BONES = re.compile(
    r"\b(?:spin\w+|cervical|lumbar|vertebra\w*|discs?|hardware|rods?|screws?|arthrodesis|ankle"
    r"|wrist"
    r"|joints?|bony|osseous|fused|sacro\w+|lamin\w+|[CL]\d|anterior fusion|posterior fusion"
    r"|labr\w+)\b",
    re.IGNORECASE,
)
_ARTERIES = re.compile(r"\bCT|segment|filling|saddle|embol|arter|strain|V/Q|infarct", re.IGNORECASE)
_CORONARY = re.compile(r"\b(?:LCx|RCA|LMCA|CTCA|CCTA|circumflex|coronar\w+)\b", re.IGNORECASE)
_ARTERY_AFTER = re.compile(
    r"\s*(?:stent|calcif|arter|territor|disease|occlu|stenos)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PlainText:
    """The rewritten ``text`` (lower case), the same ``cased``, and the origin of each character.

    ``starts`` and ``ends``: for each character the range of characters of the text as given that it
    stands for.
    """

    text: str
    cased: str
    starts: Sequence[int]
    ends: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the text as given for ``start`` to ``end`` of ``text``."""
        return self.starts[start], self.ends[max(end - 1, start)]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The inverse of :meth:`origin`: the characters of ``text`` that cover those."""
        return bisect_right(self.ends, start), bisect_left(self.starts, end)


@lru_cache(maxsize=2048)
def plain_text(text: str) -> PlainText:
    """Rewrite a text; never raises. Time is linear in its length."""
    cased, starts, ends, boxes = _rewrite(text)
    if boxes:
        cased, starts, ends = _edited(cased, starts, ends, box_edits(cased, boxes))
    lowered = cased.lower()
    if len(lowered) != len(cased):  # a few capitals grow when lowered
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in cased)
    return PlainText(lowered, cased, starts, ends)


def _rewrite(text: str) -> tuple[str, list[int], list[int], list[Box]]:
    """The text with signs and abbreviations spelled out, its origins, and its boxes."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    boxes: list[Box] = []
    done, rounds = 0, _ROUND_BOX.search(text) is not None and round_boxes(text)
    for match in _REWRITE.finditer(text):
        kind = match.lastgroup or ""
        if kind.startswith("round_") and not rounds:
            continue
        new = _rewritten(match, text)
        if new is None:
            continue
        start, end = match.span()
        pieces += (text[done:start], new)
        starts.extend(range(done, start))
        ends.extend(range(done + 1, start + 1))
        if kind.endswith("checked"):
            boxes.append(Box(len(starts), new == TICKED))
        starts.extend([start] * len(new))
        ends.extend([end] * len(new))
        done = end
    pieces.append(text[done:])
    starts.extend(range(done, len(text)))
    ends.extend(range(done + 1, len(text) + 1))
    return "".join(pieces), starts, ends, boxes


def _edited(
    text: str, starts: Sequence[int], ends: Sequence[int], edits: Sequence[Edit]
) -> tuple[str, list[int], list[int]]:
    """The text after its edits, and the origins of its characters."""
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    done = 0
    for start, end, new in edits:
        pieces += (text[done:start], new)
        new_starts += starts[done:start]
        new_ends += ends[done:start]
        # What is put between two characters stands for the one before, where there is one.
        first, last = (start, end - 1) if end > start else (max(start - 1, 0),) * 2
        new_starts += [starts[first]] * len(new)
        new_ends += [ends[last]] * len(new)
        done = end
    pieces.append(text[done:])
    return "".join(pieces), [*new_starts, *starts[done:]], [*new_ends, *ends[done:]]


def _rewritten(match: re.Match[str], text: str) -> str | None:
    """What stands in the place of a match; None: what stood there."""
    kind, found = match.lastgroup, match.group()
    if kind == "word":
        low = found.lower().replace("\u2018", "'").replace("\u2019", "'")
        if low in ("min", "med", "sm", "sl", "lg", "bil") and found.isupper() and len(found) < 2:
            return None
        if low in ("fusion", "fusions") and (
            _OF_BONES.search(text)
            or not _SIZED_OR_NOT.search(text[max(match.start() - 24, 0) : match.start()])
        ):
            return None  # else dictation has lost the first syllable
        new = ABBREVIATIONS[low]
        if low == "w/" and text[match.end() : match.end() + 1].isspace():
            return "with"
        ends = found.endswith(".") and _SENTENCE_AFTER.match(text, match.end())
        side = low in ("lt.", "rt.") and _START_BEFORE.search(text[: match.start()])
        return f"{new}." if ends and not side else new
    if kind == "cased":
        before, after = text[max(match.start() - 8, 0) : match.start()], text[match.end() :][:12]
        if found in ("L", "R") and (_NO_SIDE_AFTER.match(after) or _NO_SIDE_BEFORE.search(before)):
            ribs = _RIBS_BEFORE.search(text[: match.start()]) or _RIBS_AFTER.match(
                text, match.end()
            )
            return _CASED[found] if ribs else None
        if found == "N" and _ORGAN_BEFORE.search(before):
            return "normal"
        if found in ("N", "Y") and not _ANSWER_BEFORE.search(before):
            return None
        if found == "CM" and _SILHOUETTE_AFTER.match(after):
            return "cardiomediastinal"
        if found == "CM" and (_MEASURE_BEFORE.search(before) or text.isupper()):
            return None
        if found == "PE" and (
            _EMBOLIC_BEFORE.search(text[max(match.start() - 32, 0) : match.start()])
            or _IN_AN_ARTERY.match(text, match.end())
        ):
            return "pulmonary embolism"
        if found == "PE" and (
            _PLEURAL_AFTER.match(after)
            or (
                _SIZED_BEFORE.search(text[max(match.start() - 24, 0) : match.start()])
                and not _ARTERIES.search(text)
            )
        ):
            return "pleural effusion"
        if found == "ASD" and _SEPTUM_AFTER.match(after):
            return None
        if found == "LAD" and (_ARTERY_AFTER.match(after) or _CORONARY.search(text)):
            return None
        return _CASED[found]
    if kind == "compatible":
        return unicodedata.normalize("NFKC", found)
    if kind == "heading":
        return f"\n{found.strip()}: " if match.start() else f"{found.strip()}: "
    if kind == "list_sign":
        item = _SIZED_ITEM if "/" in found else _NEW_ITEM
        new_item = _denies(text, match.start()) and item.match(text, match.end())
        return "; " if new_item else f" {'-' if found.strip() in _DASHES else found.strip()} "
    if kind in ("side_stop", "side_value"):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()]
        sided = _SIDED_LABEL.search(line)
        if kind == "side_stop":
            return "," if sided else None
        return f"{'left' if found[0] in 'lL' else 'right'}{'' if sided else found.strip()[-1]} "
    if kind == "answered":
        inner = found.strip()[1:-1].strip()
        return f": {_rewrite(inner)[0]};"
    if kind == "entity":
        new = html.unescape(found)
        if new in _BULLETS:
            return ";"
        return None if new == found else " " if new.isspace() else new
    if kind == "leader" and "|" in found:
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        return "; " if ":" in line or _denies(text, match.start()) else ": "
    if kind == "tab" and _denies(text, match.start()):
        return "; "
    if kind in ("header", "segment"):
        return "\n" if match.start() and match.end() < len(text) else " "
    return _FIXED.get(kind or "")


def _denies(text: str, end: int) -> bool:
    """Whether the clause before a place denies something."""
    return _A_DENIAL.search(text, max(end - 80, 0), end) is not None


_FIXED = {
    "line": "\n", "space": " ", "tab": ": ", "blank": " ", "number": "approximately ",
    "dash": "-", "times": "x", "apostrophe": "'", "absent": "no", "present": "positive",
    "unchecked": UNTICKED, "checked": TICKED, "round_unchecked": UNTICKED,
    "round_checked": TICKED, "leader": ": ", "clause": "; ", "pipe": " ",
    "choice": "", "bracket": " ", "slash": "; ",
    "bullet": "; ", "item": "; ", "ellipsis": ";", "soft": "", "plural": "s", "dots": ": ",
    "heart": "heart", "none": "no ", "up": "increased ", "down": "decreased ",
    "plus": " positive", "minus": ": no", "minus2": " no",
    "hash": "fracture of ", "query": "possible ", "more": " greater than ",
    "less": " less than ", "non": "-",
}  # fmt: skip
