"""What the invented reports can say: observations, incidental findings, normal statements.

Every sentence here was made up for this project. The tables are the grammar of
:mod:`preprocessing.corpora.sample`.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where an observation is: before its noun ("left lower lobe") or after it."""

    side: str
    before: str
    after: str


NOWHERE = Place("", "", "")
SIDED = tuple(Place(side, side, f"on the {side}") for side in ("left", "right"))
BILATERAL = Place("bilateral", "bilateral", "on both sides")
APICAL = tuple(Place(s, f"{s} apical", f"at the {s} apex") for s in ("left", "right"))
BASILAR = (
    *(Place(side, f"{side} basilar", f"at the {side} base") for side in ("left", "right")),
    Place("bilateral", "bibasilar", "at both lung bases"),
)
LOBES = tuple(
    Place(side, f"{side} {lobe} lobe", f"in the {side} {lobe} lobe")
    for side, lobe in (
        ("left", "upper"),
        ("left", "lower"),
        ("right", "upper"),
        ("right", "middle"),
        ("right", "lower"),
    )
)
HILA = tuple(Place(side, f"{side} hilar", f"at the {side} hilum") for side in ("left", "right"))
RIBS = tuple(
    Place(side, f"{side} {number} rib", f"of the {side} {number} rib")
    for side in ("left", "right")
    for number in ("fourth", "fifth", "sixth", "seventh", "eighth")
)

# Severities and changes: the common ones first.
SIZES = ("small", "moderate", "large")
GRADES = ("mild", "moderate", "severe")
ACUTE_CHANGES = ("", "new", "stable", "improved", "worse", "resolved")


@dataclass(frozen=True, slots=True)
class Observation:
    """An abnormality that belongs in the impression.

    ``nouns``: its names in the findings, with "a " when countable. ``sentences``: other ways to
    state it when it is certain. ``region``: what can no longer be called normal beside it.
    ``conflicts``: observations that would not be reported together with it. ``advice`` follows it
    in the impression. ``weight``: how often it is drawn.
    """

    name: str
    nouns: tuple[str, ...]
    region: str
    places: tuple[Place, ...] = (NOWHERE,)
    severities: tuple[str, ...] = ("",)
    changes: tuple[str, ...] = ("",)
    sentences: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    advice: str = ""
    may_be_uncertain: bool = False
    chronic: bool = False
    weight: float = 1.0


# In the order of the impression: the most urgent first.
OBSERVATIONS = (
    Observation(
        "endotracheal tube in the right mainstem bronchus",
        (),
        "endotracheal tube",
        sentences=(
            "The endotracheal tube tip is in the right mainstem bronchus.",
            "Endotracheal tube with its tip in the right mainstem bronchus.",
        ),
        advice="Retraction recommended.",
        weight=0.4,
    ),
    Observation(
        "free air",
        ("free air",),
        "abdomen",
        places=tuple(
            Place(s, f"{s} subdiaphragmatic", f"under the {s} hemidiaphragm")
            for s in ("left", "right")
        ),
        weight=0.3,
    ),
    Observation(
        "pneumothorax",
        ("a pneumothorax",),
        "pleura",
        places=(*SIDED, *APICAL),
        severities=SIZES,
        changes=ACUTE_CHANGES,
        may_be_uncertain=True,
    ),
    Observation(
        "pulmonary edema",
        ("pulmonary edema", "interstitial edema"),
        "vessels",
        severities=GRADES,
        changes=ACUTE_CHANGES,
        sentences=("Increased interstitial markings indicate {severity} pulmonary edema.",),
        conflicts=("vascular congestion",),
        may_be_uncertain=True,
    ),
    Observation(
        "pneumonia",
        ("consolidation", "airspace disease", "an airspace opacity"),
        "lungs",
        places=LOBES,
        severities=("", "patchy", "mild", "dense"),
        changes=ACUTE_CHANGES,
        sentences=("{severity} {before} airspace disease is consistent with pneumonia.",),
        may_be_uncertain=True,
        weight=1.5,
    ),
    Observation(
        "rib fracture",
        ("a fracture",),
        "bones",
        places=RIBS,
        severities=("acute", "displaced"),
        weight=0.5,
    ),
    Observation(
        "mass",
        ("a mass",),
        "mediastinum",
        places=HILA,
        severities=SIZES,
        changes=("", "new", "stable", "worse"),
        conflicts=("nodule",),
        advice="Chest CT recommended.",
        weight=0.4,
    ),
    Observation(
        "pleural effusion",
        ("a pleural effusion", "an effusion"),
        "pleura",
        places=(*SIDED, BILATERAL),
        severities=SIZES,
        changes=ACUTE_CHANGES,
        sentences=("Costophrenic angle blunting {after}, {severity}, indicates pleural fluid.",),
        may_be_uncertain=True,
        weight=1.8,
    ),
    Observation(
        "vascular congestion",
        ("vascular congestion",),
        "vessels",
        severities=GRADES,
        changes=("", "new", "stable", "improved", "worse"),
        sentences=("The pulmonary vessels show {severity} congestion.",),
        weight=0.7,
    ),
    Observation(
        "nodule",
        ("a nodule", "a nodular opacity"),
        "lungs",
        places=LOBES,
        severities=tuple(f"{size} mm" for size in (4, 5, 6, 7, 8, 9, 10, 12, 15)),
        changes=("", "new", "stable"),
        may_be_uncertain=True,
        weight=0.8,
    ),
    Observation(
        "atelectasis",
        ("atelectasis", "volume loss"),
        "lungs",
        places=BASILAR,
        severities=("mild", "linear", "moderate"),
        changes=("", "new", "stable", "improved", "worse"),
        conflicts=("pneumonia",),
        weight=1.4,
    ),
    Observation(
        "cardiomegaly",
        ("cardiomegaly", "enlargement of the heart"),
        "heart",
        severities=GRADES,
        changes=("", "stable", "worse"),
        sentences=(
            "The heart is {severity_adverb} enlarged.",
            "The cardiac silhouette is {severity_adverb} enlarged.",
        ),
        chronic=True,
        weight=1.4,
    ),
    Observation(
        "emphysema",
        ("emphysema",),
        "lungs",
        severities=GRADES,
        changes=("", "stable"),
        sentences=("The lungs are hyperexpanded, consistent with {severity} emphysema.",),
        chronic=True,
        weight=0.7,
    ),
    Observation(
        "fibrosis",
        ("fibrosis", "scarring"),
        "lungs",
        places=(*BASILAR, *APICAL),
        severities=("mild", "moderate"),
        changes=("", "stable"),
        chronic=True,
        weight=0.6,
    ),
)

# The findings' words for severities that the impression names by the first of each.
SEVERITY_SYNONYMS = {
    "mild": ("mild", "slight"),
    "severe": ("severe", "marked"),
}
SEVERITY_ADVERBS = {"mild": "mildly", "moderate": "moderately", "severe": "severely"}

IMPRESSION_CHANGES = {
    "": "",
    "new": "new",
    "stable": "stable",
    "improved": "improved",
    "worse": "worsening",
    "resolved": "resolved",
}

# {a}: the noun phrase with its article; {the}: with "the"; {is}, {has}: agree with its number.
STATEMENTS = {
    "": ("There {is} {a}.", "{a} {is} present.", "{a} {is} seen.", "{a} {is} noted."),
    "new": (
        "There {is} {a}, new since the prior study.",
        "{a} {has} developed since the prior study.",
        "Interval development of {a}.",
    ),
    "stable": (
        "{the} {is} unchanged.",
        "{the} {is} stable compared with the prior study.",
        "{the} {has} not changed.",
        "There {is} {a}, unchanged since the prior study.",
    ),
    "improved": (
        "{the} {has} decreased since the prior study.",
        "{the} {has} improved.",
        "Interval improvement of {the}.",
        "Comparison with the prior study shows partial clearing of {the}.",
    ),
    "worse": (
        "{the} {has} increased since the prior study.",
        "{the} {has} worsened.",
        "Interval worsening of {the}.",
        "{the} {is} more prominent than before.",
    ),
    "resolved": (
        "{the} {has} resolved.",
        "{the} {is} no longer seen.",
        "Interval resolution of {the}.",
    ),
    "uncertain": (
        "There may be {a}.",
        "{a} cannot be excluded.",
        "Findings suggest {a}, but this is not certain.",
        "Questionable {bare} {is} seen.",
    ),
}
# How a change is added to one of an observation's own sentences.
CHANGE_SUFFIXES = {
    "new": "This is new since the prior study.",
    "stable": "This is unchanged.",
    "improved": "This has improved.",
    "worse": "This has worsened.",
}


class Incidental(NamedTuple):
    """A chronic finding or a well-placed device that the impression leaves out."""

    sentence: str
    label: str
    region: str


INCIDENTALS = (
    Incidental("There are degenerative changes of the thoracic spine.", "degenerative", "bones"),
    Incidental("Mild degenerative changes are present in the spine.", "degenerative", "bones"),
    Incidental("There is mild scoliosis of the thoracic spine.", "scoliosis", "bones"),
    Incidental("The aorta is tortuous.", "tortuous aorta", "mediastinum"),
    Incidental("There is calcification of the aortic arch.", "aortic calcification", "mediastinum"),
    Incidental("Old healed {side} rib fractures are present.", "healed fractures", "bones"),
    Incidental("A calcified granuloma is seen in the {side} upper lobe.", "granuloma", "lungs"),
    Incidental("Median sternotomy wires are intact.", "sternotomy", "heart"),
    Incidental("Surgical clips are present in the right upper quadrant.", "clips", "abdomen"),
    Incidental("A {side} chest tube is in place.", "chest tube", "pleura"),
    Incidental("A {side} pacemaker is in place with intact leads.", "pacemaker", "heart"),
    Incidental("The {side} PICC tip is in the superior vena cava.", "PICC", "line"),
    Incidental("The endotracheal tube tip is 4 cm above the carina.", "tube", "endotracheal tube"),
    Incidental("The nasogastric tube tip is in the stomach.", "nasogastric tube", "abdomen"),
)

# region -> statements that it is normal
NORMAL_STATEMENTS = {
    "heart": (
        "The heart is normal in size.",
        "Heart size is normal.",
        "The cardiac silhouette is within normal limits.",
        "Normal heart size and contour.",
        "The heart is not enlarged.",
    ),
    "mediastinum": (
        "Mediastinal contours are normal.",
        "The mediastinum is unremarkable.",
        "The hilar and mediastinal contours are within normal limits.",
        "No mediastinal widening or adenopathy.",
    ),
    "lungs": (
        "The lungs are clear.",
        "Both lungs are clear and well expanded.",
        "The lungs are clear bilaterally.",
        "The lungs are free of focal airspace disease.",
        "Lung volumes are normal and there is no infiltrate.",
    ),
    "vessels": (
        "Pulmonary vessels are normal.",
        "The pulmonary vessels are within normal limits.",
        "There is no vascular congestion or edema.",
    ),
    "bones": (
        "The bony structures are intact.",
        "No acute bony abnormality is seen.",
        "The visualized bones are unremarkable.",
        "The ribs and spine show no acute injury.",
    ),
    "abdomen": (
        "The visualized upper abdomen is unremarkable.",
        "There is no free air under the diaphragm.",
        "The bowel gas pattern beneath the diaphragm is normal.",
    ),
    "trachea": ("The trachea is midline.", "The airway is patent and midline."),
    "soft tissues": (
        "The soft tissues are unremarkable.",
        "No soft tissue swelling or foreign body is evident.",
    ),
}
# observation -> what a list of absent things calls it
ABSENT = {
    "pneumothorax": "pneumothorax",
    "pleural effusion": "pleural effusion",
    "pneumonia": "focal consolidation",
    "mass": "mass",
    "nodule": "suspicious nodule",
    "pulmonary edema": "pulmonary edema",
}
ABSENT_LISTS = (
    "No {items}.",
    "There is no {items}.",
    "No {items} is seen.",
    "No evidence of {items}.",
    "Negative for {items}.",
)

NORMAL_IMPRESSION = "No acute cardiopulmonary abnormality."


class NormalVariant(NamedTuple):
    """A sentence of normal findings that decides how the impression says so."""

    sentence: str
    impression: str
    weight: float


NORMAL_VARIANTS = (
    NormalVariant("", NORMAL_IMPRESSION, 0.65),
    NormalVariant(
        "There has been no change since the prior study.",
        f"{NORMAL_IMPRESSION} No change since the prior study.",
        0.15,
    ),
    NormalVariant("No cavitary lesion is seen.", "No evidence of active tuberculosis.", 0.1),
    NormalVariant("No displaced rib fracture is seen.", "No acute traumatic abnormality.", 0.1),
)

INDICATIONS = (
    "Cough and fever.",
    "Shortness of breath.",
    "Chest pain.",
    "Trauma.",
    "Preoperative examination.",
)
