"""Does a text say anything of a patient? An impression must not be written of one that does not.

Empty cells, ``nan``, "see impression", an examination that did not take place, another language or
script and prose about something else are recognised as such, with the reason.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from preprocessing.facts.not_normal import says_not_normal
from preprocessing.facts.reading import OwnTerms, is_other_part, read_mentions
from preprocessing.text.sentences import Segment, segments

Reason = Literal[
    "", "empty", "refers elsewhere", "not performed", "another script", "another language",
    "no clinical statement",
]  # fmt: skip


class Information(NamedTuple):
    """``read``: the text has a clinical statement; ``nothing``: it has none, for that reason."""

    verdict: Literal["read", "nothing"]
    reason: Reason


_EMPTY = re.compile(
    r"[\W_]*(?:(?:nan|none|null|nil|n/?a|na|not available|not applicable|unknown|empty|blank|tbd"
    r"|tba"
    r"|pending|test|xxx+|todo|no (?:findings|report|text|data|content|impression)"
    r"(?: (?:dictated|available|given|entered|provided|found))?)[\W_]*)*"
)
# A template that nobody filled in: labels and parts of the body with a blank in place of a value.
_WORDS_BEFORE = r"(?:the |both )?[^\W\d_][^\W\d_/&,'-]*(?:[ /&,'-]+[^\W\d_]+){0,4}?"
_UNFILLED = re.compile(
    rf"\W*(?:(?:{_WORDS_BEFORE} ?:|{_WORDS_BEFORE} (?:is|are)|(?:there (?:is|are) )?no"
    r"(?: evidence of)?)[ ]*_{2,}[\s.,;]*)+"
)
_ELSEWHERE = re.compile(
    r"(?:please |kindly )?(?:see|refer to|as per|cf\.?|as (?:above|below|before|dictated|stated"
    r"|described"
    r"|discussed)|same as|per|vide)\b[^.;]{0,80}"
)
_NOT_PERFORMED = re.compile(
    r"\b(?:not (?:been )?(?:performed|done|obtained|carried out|completed|undertaken|acquired"
    r"|taken|imaged"
    r"|scanned|examined|attend\w*|reported|dictated|interpreted)|(?:was|were|is"
    r"|been) (?:cancell?ed|aborted|abandoned|postponed"
    r"|rescheduled|deferred)|did not (?:attend|show|take place|come)|(?:un)?able to (?:perform"
    r"|complete|obtain|tolerate)"
    r"|non-?diagnostic|(?:patient|he|she) (?:refused|declined|left|moved)|no show|images? (?:are "
    r"|is )?(?:not available|missing"
    r"|unavailable|not received)|(?:study|exam\w*) (?:cancell?ed|void|incomplete))\b"
)
ANATOMY = re.compile(
    r"\b(?:heart|cardi\w+|dextrocardia|situs|hemi-?thora\w+|mastectom\w+|lungs?|pulmon\w+|pleura\w*|mediastin\w+|hil(?:a|um|ar)|diaphragm\w*"
    r"|hemidiaphragm\w*|aort\w+"
    r"|trachea\w*|bronch\w+|ribs?|spine|vertebra\w*|thora\w+|chest|clavic\w+|shoulders?|bon(?:e"
    r"|es|y)|osseous|soft[ -]tissues?"
    r"|abdom\w+|bowel|liver|hepatic|kidneys?|renal|spleen|splenic|adrenal\w*|gallbladder"
    r"|pancrea\w+|stomach|gastric|thyroid"
    r"|breasts?|knees?|hips?|pelvi\w+|femur|femoral|tibia\w*|fibula\w*|ankles?|foot|feet|wrists?"
    r"|hands?|elbows?|humer\w+|radius"
    r"|ulna\w*|skull|brain|cerebr\w+|ventric\w+|sinus\w*|joints?|lobes?|apex|apices|bases"
    r"|costophrenic|vascul\w+|vessels?"
    r"|arter\w+|veins?|nodes?|airways?|interstiti\w+|parenchym\w+|stern\w+|scapul\w+|bladder"
    r"|uter\w+|ovar\w+|menisc\w+|ligaments?|dis[ck]s?|cauda|conus|tendons?|supraspinatus"
    r"|cor|pulmo|pulmones|recess(?:es)?|skeleton|viscus|viscera|antrum|fundus|pylor\w+|o?esophag\w+|retrocardiac|placenta\w*|fetus|fetal|foetal"
    r"|convexit\w+|epidural|extra-?axial|retroperiton\w+|mesenter\w+|sulci|gyri|thalam\w+"
    r"|cerebell\w+|orbit\w*|tonsil\w*|parotid|duoden\w+|jejun\w+|ileum|ileal|appendix|caec\w+"
    r"|cecum|cecal|omentum|psoas|ureter\w*|urethra\w*|testi[sc]\w*|scrot\w+|rectum|rectal|colon\w*|sigmoid|quadrants?|nerves?|muscles?|cord|spn"
    r"|zones?|(?:left|right|lung) base|lower lobe|upper lobe|prostat\w+|perihilar"
    r"|peribronch\w+|septal lines?|epiglott\w+"
    r"|aryepiglott\w+|prevertebral|laryn\w+|pharyn\w+|fissur\w+"
    r"|pericard\w+|midline|cisterns?|horns?|m[12]|icas?|mcas?|acas?|pcas?|basilar|lvo|lcx|rca|lmca"
    r"|sma|ima|cfv|sfv|svc|ivc|branch(?:es)?|recess(?:es)?|arch|womb|glands?|kneecaps?|patell\w+|cartilage|cruciates?|facets?|ram(?:us|i)|pubi[cs]|acetabul\w+"
    r"|popliteal|cal(?:f|ves)|groin|scaph\w+|lunate|scapholunate|carpal\w*|metacarp\w+"
    r"|metatars\w+|phalan\w+|calcane\w+|heels?|talus|talar|mortise|malleol\w+|styloid\w*"
    r"|(?:left|right) domes?|cupolas?|axill\w+|aortic (?:knuckle|knob)|thym(?:us|ic)"
    r"|collar ?bones?|windpipe|gullet|subdural|intracranial|burr holes?|lacunes?|endplates?"
    r"|ductus|ducts?|gall ?stones?|adnexa\w*|yolk|gestation\w*|pedicles?|laminae?|fibroglandular"
    r"|gb|cbd|ihbd|csf|ich|sdh|mls|drf|nof|mcp?|acl|pcl|mcl|lcl|dvt|ruq|luq|rlq|llq|[lr][lu]e"
    r"|(?:c[1-7]|t(?:1[0-2]|[1-9])|l[1-5])(?:[-/][ctls]?\d{1,2})?)\b"
)
_SAID = re.compile(
    r"\b(?:normal\w*|clear|unremarkable|intact|preserved|symmetric\w*|patent|midline|expanded"
    r"|aerated|inflated|within"
    r"|enlarged|dilat\w+|thick\w*|narrow\w*|calcif\w+|tortuous|elevated|flatten\w*|blunt\w*"
    r"|lesions?|opac\w+|densit\w+|lucen\w+"
    r"|mass\w*|nodul\w*|cyst\w*|fluid|air|gas|stone\w*|calcul\w+|degenerat\w+|osteo\w+|arthri\w+"
    r"|scolio\w+|kypho\w+|no|without"
    r"|abnormal\w*|stable|unchanged|changes?|swelling|deform\w+|displac\w+|fractur\w+|surg\w+"
    r"|prominen\w+|engorge\w+|volumes?"
    r"|shadow\w*|markings?|focal|acute|disease|atroph\w+|h\w?emorrhag\w+|infarct\w*|sharp\w*|free"
    r"|outlined|fine"
    r"|full|satisfactory|tears?|torn|extru\w+|bulg\w+|stenos\w+|retract\w+|ruptur\w+|compress\w+"
    r"|broken|crack\w*|split|dislocat\w*|lodged|perforat\w*|kink\w*|coil\w*|widen\w*|shift\w*"
    r"|bulky|lobulat\w*|splay\w*|herniat\w*|collaps\w*|missing|absent|paradoxical\w*|white|black"
    r"|hazy|streak\w*|patch\w*|crowded|pushed|pulled|eroded|destroyed|occluded|twisted|globular"
    r"|haze|spread|swollen|come up|up again|re-?expan\w+|residual|progress\w*"
    r"|wors\w+|improv\w+|crisp|noncompress\w+|flow|distend\w+|empty|dense|wall|spn"
    r"|heterogen\w+|loops?|new|\d+ (?:mm|cm)|clots?|flap|burst|break|avuls\w*|impacted|snapped"
    r"|(?:hyper|hypo|iso)-?dens\w*|cut-?off|occlu\w+|patent|interrupted|non-?compress\w*|pushed|thromb\w*"
    r"|subluxed|tilt\w*|eaten|gnawed|moth-eaten|pus|thin\w*|worn|fills?|holds?|faulted"
    r"|(?!other)\w+er than)\b"
)
# What is another matter than an examination, though it names parts of the body or findings.
_OTHER_MATTER = re.compile(
    r"\b(?:parking|clinics? (?:opens?|is on|hours)|consent (?:for|form|obtained)"
    r"|safety checklist)\b"
)
_DISREGARD = re.compile(r"\b(?:wrong patient|disregard (?:this |the )?report)\b")
# A verdict by itself.
_VERDICT = re.compile(
    r"\W*(?:(?:entirely|completely|all|study|chest|exam\w*|is|an?) )*(?:normal"
    r"|within normal limits|wnl"
    r"|unremarkable|clear|negative|no acute (?:disease|findings?)|no (?:abnormality|acute)"
    r"|nothing acute"
    r"|nad)(?: (?:study|chest|exam\w*|film|radiograph))?\W*"
)
# What says without naming an organ that something is there, or that nothing is.
_PLAINLY = re.compile(
    r"\b(?:film|radiograph|chest|x-?ray|study|examination|picture|image)\b[^.;]{0,30}?\bnormal\b"
    r"|(?:^|, )normal(?= *$)|\bno (?:reason|cause|explanation) for\b[^.;]{0,40}"
    r"\b(?:seen|found|shown|visible|identified)\b"
    r"|\bnothing (?:\w+ ){0,4}?(?:fault|to report|abnormal|amiss|wrong|untoward|sinister)\b"
    r"|\bno (?P<one>fluid|air|gas|lumps?|breaks?|shadow\w*|fractures?|opacit\w+)\b[^.;]{0,12}"
    r"\bno (?!(?P=one))(?:fluid|air|gas|lumps?|breaks?|shadow\w*|fractures?|opacit\w+)\b"
    r"|\bangles? (?:is|are) (?:sharp|blunt\w*|clear|fill\w+|full|obliterated|lost)\b"
    r"|\b(?:fluid|air|gas|shadow\w*|opacit\w+|densit\w+|lump|mass|spot|patch|haze|white\w*)\b"
    r"[^.;]{0,30}\b(?:left|right|both) (?:\w+ )?(?:side|bases?|apex|zones?)\b"
)
# Why an examination was made, which is no finding.
_WHY = re.compile(
    r"\b(?:pain\w*|fall|fell|cough\w*|fever\w*|histor\w+|indicat\w+|query|rule out|request\w*"
    r"|short(?:ness)? of breath|dyspn\w+|trauma|injur\w+|assess\w*|evaluat\w+|follow[ -]?up"
    r"|clinical\w*|concern\w*|weakness|numbness|referr\w+|tender\w*|screening|routine"
    r"|appointment|tomorrow|ordered|scheduled|(?:re)?booked|on call|dr|please|attend\w*|i|me"
    r"|my|we|you|your|thanks?|meet\w*)\b"
)
# What a line has that only names an examination.
_NAME_OF_EXAMINATION = re.compile(
    r"\b(?:x-?rays?|xrs?|cxr|radiograph\w*|films?|ct|mri?|us|uss|ultrasound|doppler|duplex|scans?"
    r"|stud(?:y|ies)|exam\w*|views?|ap|pa|lat(?:eral)?|portable|supine|erect|upright|oblique|series"
    r"|left|right|l|r|both|bilateral|of|the|and|with|without|in|on|at|a|an|to|from|for|one|two|three"
    r"|findings?|report|impression|technique|complete|limited|port|w|wo|comparison|frontal|projections?|upper|lower)\b|[\W\d_]+"
)
_TECHNIQUE = re.compile(
    r"\b(?:obtained|performed|acquired|submitted|provided|taken|available|comparison|compared"
    r"|technique|protocol|contrast(?! (?:on|in|into|out|either|leak|pool|outlin|flow|fill"
    r"|column)\w*)|tech"
    r"|views? of|(?:one|two|three|1|2|3|single|ap|pa) views?|radiographs?(?= (?:of|was|were"
    r"|dated))|dose|reviewed|dated|acquisitions?|helical|slices?|iohexol|omnipaque|iodixanol"
    r"|gadolin\w+|reconstruct\w+|multiplanar|reformat\w*|kvp?|mas|m[lL]/s|field of view|sequences?"
    r"|collimation|injected|administered)\b"
)
# "The film was taken standing, and it shows ..."
_SHOWS = re.compile(r"\b(?:it|which|they|and) (?:also )?(?:shows?|demonstrates?|reveals?)\b")
_MEASURED = re.compile(r"\d ?(?:mm|cm)\b")
_AT_LENGTH = 8  # words
_FEW = 6  # words: what is said of an organ in few words may be said in any
# Short words that tell a language; those of English, and of others where they are no English words.
_ENGLISH = frozenset(
    "the is are of and no with in there to a at on or for was has not without right left this from "
    "be seen an as by it which may than".split()
)
_FOREIGN = frozenset(
    "der die das und ist sind kein keine keinen nicht mit ohne auf beidseits links rechts ein eine "
    "zum zur des dem den von nach wie unauffällig el los las una sin con del se observa por para "
    "ambos izquierdo derecho pulmón le les est sont pas sans avec dans une du au aux droite gauche "
    "et il lo gli della sono senza nei nella destra sinistra uma sem com não da nos direita "
    "esquerda het een geen zijn och inte utan ingen jest nie bez po stronie".split()
)


def information_in(text: str, own: OwnTerms | None = None) -> Information:
    """Whether a text has a clinical statement, and if not, why; ``own``: further terms."""
    plain, mentions = read_mentions(text, own)
    lowered = plain.text.strip()
    if _EMPTY.fullmatch(lowered) or _EMPTY.fullmatch(text.lower().strip()):
        return Information("nothing", "empty")
    if "__" in lowered and _UNFILLED.fullmatch(lowered):
        return Information("nothing", "empty")
    other = _other_language(plain.cased)
    if other:
        return Information("nothing", other)
    if _DISREGARD.search(plain.text):
        return Information("nothing", "refers elsewhere")
    parts = list(segments(plain))
    if any(_VERDICT.fullmatch(plain.text, one.start, one.end) for one in parts):
        return Information("read", "")
    if any(
        _PLAINLY.search(plain.text, one.label, one.end)
        and not _OTHER_MATTER.search(plain.text, one.start, one.end)
        and not _NOT_PERFORMED.search(plain.text, one.start, one.end)
        and not is_other_part(plain.text[one.start : one.label].rstrip(" :"))
        for one in parts
    ):
        return Information("read", "")
    if ANATOMY.search(plain.text) and says_not_normal(plain):
        return Information("read", "")
    if all(
        one.other_part or _OTHER_MATTER.search(plain.text, *one.segment) is not None
        for one in mentions
    ):
        told = [
            plain.text[one.start : one.end]
            for one in parts
            if (
                not _TECHNIQUE.search(plain.text, one.start, one.end)
                or _SHOWS.search(plain.text, one.start, one.end)
            )
            and not _NOT_PERFORMED.search(plain.text, one.start, one.end)
            and not _OTHER_MATTER.search(plain.text, one.start, one.end)
        ]
        measured = ANATOMY.search(plain.text) and any(map(_MEASURED.search, told))
        if not measured and not any(map(_speaks_of_anatomy, told)):
            return Information("nothing", _reason(plain.text, parts))
    return Information("read", "")


def in_english(texts: Iterable[str]) -> bool:
    """Whether at least half of the texts are, as far as that can be told, in English."""
    other = [_other_language(text) != "" for text in texts]
    return sum(other) * 2 <= len(other)


def _other_language(text: str) -> Reason:
    """By script or by frequent short words; empty: English, or too little to tell."""
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < "\u0250" for c in letters)
    if len(letters) and latin < 0.7 * len(letters):
        return "another script"
    words = re.findall(r"[^\W\d_]+", text.lower())
    foreign = sum(word in _FOREIGN for word in words)
    english = sum(word in _ENGLISH for word in words)
    return "another language" if foreign > english and foreign * 12 >= len(words) else ""


def _speaks_of_anatomy(text: str) -> bool:
    """Whether something is said of a part of the body.

    That is by a usual word, at length of two parts, or in few words by whatever is more than the
    name of an examination or the reason for one: findings have more words than any list.
    """
    named = {match[0] for match in ANATOMY.finditer(text)}
    if not named:
        return False
    at_length = len(named) > 1 and len(text.split()) >= _AT_LENGTH
    if at_length or _SAID.search(text):
        return True
    if len(text.split()) > _FEW or _WHY.search(text):
        return False
    return bool(_NAME_OF_EXAMINATION.sub(" ", ANATOMY.sub(" ", text)).split())


def _reason(text: str, parts: Sequence[Segment]) -> Reason:
    if _NOT_PERFORMED.search(text):
        return "not performed"
    if parts and all(_ELSEWHERE.fullmatch(text, one.start, one.end) for one in parts):
        return "refers elsewhere"
    return "no clinical statement"
