"""Whether a sentence of findings that names nothing is accounted for: normal, denied, a title.

"No acute abnormality" may stand only beside sentences that are. What no rule names, and no word
calls normal or denies, is told in its own words instead. The text is plain and in lower case.
"""

import re

from preprocessing.facts.information import ANATOMY
from preprocessing.facts.ontology import ontology
from preprocessing.facts.statement_terms import FURTHER_TERMS

_WIDTH = re.compile(
    r"\b(?:heart|cardiac) (?:size |width |diameter |outline |shadow )?(?:is |measures )?"
    r"(?P<heart>\d+(?:\.\d+)?) ?cm (?:wide |across )?(?:on|in|of|to|for|over) (?:an? )?"
    r"(?:(?:chest|thora\w+) (?:width |diameter )?(?:of )?)?(?P<chest>\d+(?:\.\d+)?) ?cm"
)
# Words of what is normal.
_IS_NORMAL = re.compile(
    r"\b(?:normal\w*|unremarkable|clear|central(?! (?:line|venous))|intact|(?:is|are) sharp"
    r"|preserved|crisp|maintain\w*|sharply|fine|aligned|alignment|appropriate"
    r"|(?:radiographs?|films?|images?|studies|study) (?:(?:was|were|is|are) )?(?:reviewed|compared)"
    r"|nicely|(?:blow|inflate|expand|fill|aerate)s? (?:up |out )?(?:well|evenly|fully)"
    r"|(?:angles?|sulc(?:us|i)) (?:(?:is|are) )?(?:free|dry|sharp|clean)|all (?:there|whole)"
    r"|whole(?= ?[.,;]|$)"
    r"|as (?:it|they) should be|not big|even(?= ?[.,;]|$)|even throughout"
    r"|okay|ok|(?<!likely )(?<!probably )benign|healthy|thym(?:us|ic)"
    r"|gas (?:is )?(?:seen )?in (?:the )?bowel"
    r"|(?:visa|immigration|insurance|fitness|employment|school|dive|diving|periodic|annual)"
    r" (?:\w+ )?(?:medical|exam\w*|check\w*|film|screen\w*)|for (?:a )?(?:visa|immigration)"
    r"|well[ -](?:\w+ed|seen)|nothing out of the ordinary|(?:nothing|no) (?:focal|of note"
    r"|else|more)"
    r"|midline(?! (?:is |are )?(?:pushed|shift\w*|displac\w*|deviat\w*|moved))|open(?= ?[.,;]"
    r"|$)|adequate|satisfactory|expected|physiologic\w*|pre-?employment|term neonate"
    r"|slender|(?:sinus(?:es)?|recess(?:es)?|pleural spaces?|cavit\w+) (?:is |are )?(?:free|dry)"
    r"|ordinary (?:size|width|shape)|(?:regularly|evenly|well) (?:aerated|inflated|ventilated)"
    r"|appropriate (?:to|for) (?:the )?age|age-appropriate|not (?:widened|displaced|enlarged)"
    r"|(?:two|2|both|several) (?:planes|projections)"
    r"|(?:standing|lying|recumbent|sitting|outpatient)(?= *(?:[.,;]|$))"
    r"|(?:portal )?venous phase|arterial phase|contrast (?:medium|agent)|acquisition"
    r"|outside the body"
    r"|gas in (?:the )?(?:stomach|gastric fundus)|gastric (?:air )?bubble"
    r"|(?:ctr|cardio-?thoracic (?:ratio|index)) (?:is |of |at |is at |= ?|measures )?"
    r"(?:(?:about|under|below|less than|well under|just under|<) ?)?(?:0?\.(?:[1-4]\d?|50?(?!\d))"
    r"|(?:[1-4]\d|50)(?= ?(?:%|per ?cent)))"
    r"|recommend\w*|advis\w+|correlat\w+)\b(?!.*\d (?:mm|cm)\b)"
)
# Words that are mostly said of what is normal, or of the examination.
_IS_CALM = re.compile(
    r"\b(?:smooth\w*|regular|outlined|homogene\w+|natural|usual|ordinary|ratio|symmetric\w*|good"
    r"|full|fully|equal|equally|patent|taper\w*|views?(?! (?:shows?|demonstrat\w+|reveals?))"
    r"|series|study|exam\w*|projection|quality|inspirat\w+|effort|free(?! (?:air|gas|fluid))"
    r"|rotat\w+|technique|films?|screening|contrast(?! (?:on|in|into|out|either|leak|pool"
    r"|outlin|flow|fill|column)\w*)|protocol|portable|erect|supine|obtained"
    r"|performed|acquired|comparison|compared|dated|history)\b(?!.*\d (?:mm|cm)\b)"
)
_DENIES = re.compile(
    r"\b(?:no|not|without|neither|nor|none|never|nothing|free|absent|resolved|negative)\b"
)
# What is old, stays as it was, or is no finding, and a sentence that has lost a word, need not be
# read.
_CALM = re.compile(
    r"\b(?:stable|unchanged|similar|chronic|old|healed|prosthe\w+|post-?operative|post-?surgical"
    r"|well-? ?(?:aerated|inflated|expanded|ventilated)|nipples?|skin ?folds?|artef?acts?|clothing"
    r"|hair|braids?|jewel\w+|variants?|accessory|azygos (?:fissure|lobe)|overl(?:ying|ies)"
    r"|bifid|xx+|__+)\b"
)
# The title of an examination, which an impression does without.
EXAMINATION = re.compile(
    r"(?:ct|cta|ctpa|hrct|n?ccth?|ncct\w*|cth|ctb|mri?|mra|us|usg|ultrasound|sonograph\w+|x-?rays?"
    r"|xrs?"
    r"|doppler|duplex|radiograph\w*|film|pet)\b"
)
# A part of the body, its side and how it was examined are a title, no sentence.
_TITLE = re.compile(
    rf"(?:{ANATOMY.pattern}|{EXAMINATION.pattern}|\b(?:left|right|both|bilateral|the|and|of|pa|ap"
    r"|lateral|frontal|views?|erect|supine|portable|mobile|single|two|plain|native|with|without"
    r"|tech|[lct]s?|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|comparison|compared|contrast|(?:un|non-?)?enhanced|study|protocol|non|neonate"
    r"|newborn|infant|child|day|days|weeks?"
    r"|months?|years?|male|female|man|woman|girl|boy|\d+)\b|\W)+"
)
_LONGEST = 400  # characters of a sentence that are searched for what is chronic
# What is normal or denied may turn into something else within its sentence.
_TURNS = re.compile(
    r"\b(?:however|save for|except(?: for)?|apart from|points? to|pointing to|suggest\w*"
    r"|not compressible|non-?compressible|incompressible|(?:does|do) not compress"
    r"|(?<!not )(?<!no )swollen|(?<!no )thromb\w+|no (?:\w+ ){0,4}?(?:flow|signal|perfusion"
    r"|pulsation))\b"
)
_BUT = re.compile(r"\b(?:but|although|though|whereas|while)\b")
# Who was examined and why; what they said is no finding.
_PATIENT = re.compile(
    r"(?:(?:positive|negative|raised|normal) )?(?:serum |beta[- ]?)*(?:hcg|crp|wbc|d-dimers?)\b|"
    r"(?:an? |the )?(?:\w+ )?(?:patient|kid|child|toddler|infant|baby|boy|girl|lady|gentleman"
    r"|man|woman"
    r"|claimant|miner|worker|driller|exposed (?:for|to)|smoker|(?:arm|leg|back|neck|chest"
    r"|shoulder|hip|knee"
    r"|head|flank|belly|abdominal) (?:pain|ache)|pain|complains?|history)\b"
)
# "Nothing else, save for a stone": what is denied before it says nothing of what follows.
_AFTER_BUT = re.compile(
    r".*\b(?:save for|except(?: for)?|apart from|other than|but for|aside from)\b"
)


def is_normal(text: str) -> bool:
    """Whether it has words of what is normal."""
    return _IS_NORMAL.search(text) is not None


def is_calm(text: str) -> bool:
    """Whether it has words that are mostly said of what is normal, or of the examination."""
    return _IS_CALM.search(text) is not None


def is_title(text: str) -> bool:
    """Whether it only names an examination, a part of the body or a time."""
    return _TITLE.fullmatch(text) is not None


def is_patient(text: str) -> bool:
    """Whether it says who was examined, and why."""
    return _PATIENT.match(text) is not None


def is_normal_or_title(text: str) -> bool:
    """Whether it says that all is well, or nothing."""
    width = _WIDTH.search(text)
    return (
        is_normal(text)
        or is_title(text)
        or (width is not None and 2 * float(width["heart"]) <= float(width["chest"]))
    )


def last_normal(text: str) -> int:
    """Where its last words of what is normal end, but for "no focal"; 0 without any."""
    return max(
        (match.end() for match in _IS_NORMAL.finditer(text) if not denies(match[0])), default=0
    )


def without_normal(text: str) -> str:
    """The text without its words of what is normal."""
    return _IS_NORMAL.sub(" ", text)


def denies(text: str) -> bool:
    """Whether it has a word of denial."""
    return _DENIES.search(text) is not None


def is_unread(text: str) -> bool:
    """Whether it may say something of an organ that no rule reads."""
    text = _AFTER_BUT.sub("", text)
    return (
        ANATOMY.search(text) is not None
        and not is_title(text)
        and not EXAMINATION.match(text)
        and not is_normal(text)
        and not denies(text)
        and not _CALM.search(text)
        and not names_chronic(text)
    )


def is_unexplained(text: str) -> bool:
    """Whether it neither denies, nor is a title or normal: what it says is not known."""
    if not re.search(r"[a-z]{3}", text) or is_patient(text) or _CALM.search(text):
        return False
    if _TURNS.search(text):
        return True
    if is_normal_or_title(text) or is_calm(text):
        return False
    return not denies(text) or _BUT.search(text) is not None


def names_chronic(text: str) -> bool:
    """Whether it names something chronic that needs no report: "bones are demineralized"."""
    chronic, text = ontology().relations["further_chronic"], text[:_LONGEST]
    return any(re.search(FURTHER_TERMS[name], text) for name in chronic if name in FURTHER_TERMS)
