r"""Phrases that bear their own verdict: on one organ, or on the whole study.

Regular expressions over lower-cased text, tried in the order given at each word; ``_`` stands for
any white space. Written from general knowledge of chest radiography. ``xxxx`` is the mark that
de-identification leaves in Open-i in place of any word.
"""

from preprocessing.facts.anatomy import GAP, HEART, LUNG, MEDIASTINUM

_NORMAL = (
    r"(?:normal(?!_(?:in size to|to))|unremarkable|(?:not|nonenlarged)(?:_\w+ly)?_(?:enlarged"
    r"|widened|big|large)"
    r"|within limits of normal|wnl|non-?enlarged|non-?widened|fine|ok(?:ay)?"
    r"|not(?:_\w+)?_(?:abnormal|increased))"
)
_TOP_NORMAL = r"(?:the )?(?:upper|high|top)(?:[ -]limits?)?(?:_of)?[ -]?normal(?:_(?:in_)?size)?"
_BORDERLINE = (
    rf"(?:borderline|{_TOP_NORMAL}[ ,]+(?:to|or)|normal_(?:in_size_)?to)"
    r"(?:_(?:in_size|size|large|mildly|slightly|enlarged|cardiomegaly|enlargement))*"
)
_CHEST = (
    r"(?:chest|examination|exam|study|radiographs?|x-?rays?|films?|cxr|chest radiograph"
    r"|chest x-xxxx"
    r"|chest x-?ray|chest xxxx|chest examination|chest exam|chest film)"
)
_DEGREE = (
    r"(?:(?:acute|active|active/acute|significant|definite|radiographic|radiographically|visible"
    r"|focal|convincing|xxxx|new|other|gross|evident|suspicious|specific|evidence|of|for|signs?|an?"
    r"|any|or|and|identifiable|preoperative|demonstrated|appreciable|overt|obvious)[ /]+){0,10}"
)
_ORGAN = (
    r"(?:(?:cardio-? ?(?:pulmonary|thoracic|respiratory|vascular)|intra-? ?thoracic|thoracic"
    r"|pulmonary"
    r"|cardiac|chest|lung|xxxx)[ ,/]*(?:or |and )?){1,6}"
)
_FINDING = r"(?:abnormalit(?:y|ies)|disease|process(?:es)?|findings?|patholog(?:y|ies)|disorders?)"

# Status, observations, pattern.
FIXED_STATUS_PHRASES = (
    # Borderline is in doubt; the upper limit of normal says neither.
    ("uncertain", ("Cardiomegaly",), rf"{HEART}{GAP % 8}{_BORDERLINE}"),
    ("uncertain", ("Cardiomegaly",), rf"{_BORDERLINE}_(?:{HEART}|cardiomegaly)"),
    ("drop", ("Cardiomegaly",), rf"{HEART}{GAP % 8}{_TOP_NORMAL}"),
    ("drop", ("Cardiomegaly",), rf"{_TOP_NORMAL}_{HEART}"),
    (
        "absent",
        ("Cardiomegaly", "Enlarged Cardiomediastinum"),
        rf"(?:cardiomediastin\w+(?:_\w+)?|{HEART}(?:_size)?[ ,]+(?:(?:and|xxxx|the|pulmonary)"
        rf"[ ,]+){{0,6}}{MEDIASTINUM}){GAP % 12}{_NORMAL}",
    ),
    ("absent", ("Cardiomegaly",), rf"{HEART}{GAP % 12}{_NORMAL}"),
    ("absent", ("Cardiomegaly",), rf"(?:normal|unremarkable|non-?enlarged)(?:_\w+)?_{HEART}"),
    ("absent", ("Enlarged Cardiomediastinum",), rf"{MEDIASTINUM}{GAP % 8}{_NORMAL}"),
    (
        "absent",
        ("Enlarged Cardiomediastinum",),
        rf"(?:normal|unremarkable|non-?widened)_{MEDIASTINUM}",
    ),
    (
        "absent",
        ("Cardiomegaly", "Lung Opacity", "Consolidation", "Infiltrate"),
        rf"(?:{HEART}_and_lungs?|lungs?_and_{HEART})_(?:(?:are|appear|both|is)_){{0,2}}(?:normal"
        r"|unremarkable|clear|within_normal_limits)",
    ),
    (
        "absent",
        ("Lung Opacity", "Consolidation", "Infiltrate"),
        rf"(?:{LUNG}|xxxx)(?:_(?:are|is|remain|remains|appear|appears|both|xxxx|well|and"
        rf"|expanded|inflated|aerated|hyperinflated|hyperexpanded|normally|,)){{0,6}}_(?:\w+ly_)?"
        r"(?<!otherwise )(?:clear(?!_(?:of|on|except|other)|_(?:focal_|acute_|any_)*"
        r"(?:air_?-?_?space_(?:disease|opacit\w+)|consolidations?|infiltrates?)(?:_?[.,;]|$|_or_))"
        r"|unremarkable)",
    ),
    (
        "absent",
        ("Lung Opacity", "Consolidation", "Infiltrate"),
        rf"(?<!otherwise )clear_(?:bilateral_)?{LUNG}",
    ),
    (
        "absent",
        ("Pleural Effusion",),
        r"(?:costophrenic|costo-phrenic|cp) (?:angles?|sulc\w+|xxxx)_(?:are_|is_"
        r"|appear_)?(?:\w+ly_)?"
        r"(?:sharp|clear)(?!_of)",
    ),
    (
        "absent",
        ("Lymphadenopathy",),
        r"(?:lymph_)?nodes?(?:_|:_?|_-_)(?:\w+_){0,3}?(?:(?:not|none)_(?:\w+_)?enlarged|non-?enlarged"
        r"|normal(?:_in_size)?)"
        r"|non-?enlarged_(?:\w+_){0,2}nodes?",
    ),
    ("absent", ("Aneurysm",), r"non-?aneurysmal"),
    (
        "absent",
        ("Mediastinal Shift",),
        r"(?:mediastinum|trachea)(?:_(?:and|the|mediastinum|trachea|is|are|remains?|both|lies)){0,5}"
        r"_(?:central|midline|in_the_midline|undisplaced|not_(?:shifted|displaced|deviated))",
    ),
    (
        "absent",
        ("Pleural Effusion", "Pneumothorax"),
        r"pleural spaces?_(?:are_|is_)?(?:\w+ly_)?clear(?!_(?:of|on|except|apart))"
        r"|(?:no|neither)_(?:air|fluid|gas)_(?:or|nor|and)_(?:air|fluid|gas)(?:_(?:is|are)(?:_\w+)?"
        r"|_found|_seen)?_(?:in|within)_(?:either_|the_|both_)?pleural_(?:cavit\w+|spaces?)"
        r"|pleural_(?:cavit\w+|spaces?)_(?:contain|hold|show)s?_(?:neither|no)_(?:air|fluid|gas)_n?or"
        r"_(?:air|fluid|gas)"
        r"|pleural_(?:cavit\w+|spaces?)_(?:are_|is_)?(?:free|clear|empty)_(?:of|from)_(?:both_)?"
        r"(?:air|fluid|gas)_(?:and|or)_(?:air|fluid|gas)",
    ),
    (
        "absent",
        ("Fracture",),
        r"(?:bones|bony (?:structures|thorax)|osseous structures|skeletal structures|ribs)"
        r"[^.,;]{0,25}?_intact",
    ),
)
# A normal study. Those that open with "no" deny what follows them as well.
NORMAL_STUDY_PHRASES = (
    r"(?:no|nothing)_acute(?:_(?:seen|identified|shown))?(?=[ ]?(?:[.,;\n]|$))",
    rf"(?:no|without|negative for)_{_DEGREE}{_ORGAN}_?{_DEGREE}{_FINDING}",
    rf"(?:no|without)_{_DEGREE}(?:disease|findings?|process|abnormalit(?:y|ies))(?:_(?:in|within"
    rf"|of)_"
    r"(?:the_)?(?:chest|lungs|thorax))?(?!_(?:of|to|that))",
    rf"(?:normal|negative|unremarkable)(?:_(?:pa|and|lateral|frontal|two|2|view|views"
    rf"|of the)){{0,8}}_{_CHEST}",
    rf"{_CHEST}:_(?:normal|negative|unremarkable)(?=[ ]?(?:[.,;\n]|$))",
    rf"{_CHEST}_(?:is_|are_|appears_|within_)?(?:normal|negative|unremarkable)(?!_for)",
)
