"""The concepts of a text: what is meant, in whatever words; data in ``concepts.yaml``."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from preprocessing.errors import InputError
from preprocessing.files import read_yaml

SHIPPED = Path(__file__).with_name("concepts.yaml")
# What is said of a part is said of the whole that it belongs to.
_BELONGS = {
    "lung": "pneumonia consolidation opacity atelectasis emphysema bronch bronchiectasis lingul",
    "pleura": "pneumothorax effusion",
    "brain": "thalam pons pontin cerebe fronta pariet tempor occipi subdur subara epidur midlin "
    "hydrocephalus lacune insula sulci stroke ventricle cortic uncal uncus "
    "tonsil subfal",
    "wrist": "scapho lunate trique capita hamate radius ulnar",
    "knee": "meniscus acl pcl patell",
    "shoulder": "supras infras subsca rotato labrum glenoi acromi",
    "hip": "acetab",
    "ankle": "malleo talus talar",
    "spine": "vertebra disc facet",
    "bone": "fracture rib femur tibia humerus clavicle",
    "abdomen": "liver kidney spleen pancreas bowel gallbladder appendix",
    "artery": "aorta coronary caroti",
    "tendon": "supras infras subsca rotato achill patell biceps quadri",
    "bowel": "colon ileum jejunum duoden cecum rectum sigmoi append",
    "colon": "cecum sigmoi rectum",
    "cancer": "metastasis",
    "clot": "thrombus embolism",
    "airway": "bronch trachea larynx",
    "fluid": "effusion edema ascites",
    "tube": "tube_et tube_feeding tube_chest tube_trach",
    "line": "line_picc port",
    "drain": "tube_chest",
    "angl": "cpangle",
    "fragme": "fracture",
    "vein": "jugula subcla cava",
    "bleeding": "blood",
    "hardware": "loosening",
    "injur": "lacera tear rupture contus fracture avulse avuls",
    "tear": "lacera rupture",
}
BELONGS = {
    part: frozenset(w for w, parts in _BELONGS.items() if part in parts.split())
    for parts_ in _BELONGS.values()
    for part in parts_.split()
}
_WHOLES = "lung pleura brain wrist knee shoulder hip ankle spine bone abdomen artery airway"
# What all devices of a kind are called.
DEVICE_KINDS = frozenset(("tube", "line", "drain"))
PARTS = frozenset(
    """liver kidney bladder gallbladder spleen pancreas bowel colon stomach esophagus appendix
    uterus ovary prostate skull ventricle vertebra disc rib femur tibia humerus clavicle radius
    ulna pelvis
    pubic ramus meniscus ligament acl pcl vein aorta trachea diaphragm hilum patell talus scapho
    lunate elbow foot hand finger toe thyroi adrena ureter fibula sacrum sacral scapul nose nasal
    orbit breast skin muscle tendon cord left_chamber right_chamber atrium heart cardio""".split()
) | set(_WHOLES.split())
_WORD = re.compile(r"[a-z][a-z0-9'-]*|\d+(?:\.\d+)?")
_LEVEL = re.compile(r"[ctls]\d{1,2}(?:-[ctls]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Concept:
    """Characters ``start`` to ``end`` of a plain text, and what they mean."""

    name: str
    start: int
    end: int


@lru_cache(maxsize=4)
def load_concepts(path: Path = SHIPPED) -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """The names and the pattern of each entry.

    Raises:
        InputError: an entry is no text, or a pattern that cannot be read.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: concepts with a pattern each are expected")
    entries = []
    for name, pattern in content.items():
        if not isinstance(name, str) or not isinstance(pattern, str):
            raise InputError(f"{path}: {name!r} needs a pattern that is a text")
        try:
            compiled = re.compile(rf"\b(?:{pattern})\b")
        except re.error as error:
            raise InputError(f"{path}: the pattern of {name!r} is damaged ({error.msg})") from None
        entries.append((tuple(name.split("+")), compiled))
    return tuple(entries)


def find_concepts(text: str, ignored: frozenset[str] = frozenset()) -> list[Concept]:
    """The concepts of a plain text in order; ``ignored``: words that mean nothing by themselves."""
    return [one for one in _concepts(text) if text[one.start : one.end] not in ignored]


@lru_cache(maxsize=4096)
def _concepts(text: str) -> tuple[Concept, ...]:
    found: list[Concept] = []
    taken = [False] * (len(text) + 1)
    for names, pattern in load_concepts():
        for match in pattern.finditer(text):
            start, end = match.span()
            if start < end and not any(taken[start:end]):
                taken[start:end] = [True] * (end - start)
                found += [Concept(name, start, end) for name in names]
    for match in _WORD.finditer(text):
        start, end = match.span()
        if not any(taken[start:end]):
            found.append(Concept(word_concept(match[0]), start, end))
    return tuple(sorted(found, key=lambda one: (one.start, one.name)))


def word_concept(word: str) -> str:
    """The name under which a word without a concept is compared: its first six letters."""
    if _LEVEL.fullmatch(word) or word[0].isdigit():
        return word
    word = word.removesuffix("'s")
    for ending in ("ies", "ing", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word.removesuffix(ending)
            break
    return word[:6]
