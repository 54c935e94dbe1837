"""Words of statements beyond the observations: further findings, degrees, age, empty words.

Regular expressions and words over lower-cased text, written from general knowledge of chest
radiography.
"""

# Findings that the observations' terms miss. Searched in the words of an entity and of what
# modifies it, joined by blanks.
FURTHER_TERMS = {
    "Degenerative Change": (
        r"\b(?:degenerat|spondyl|osteophyt|arthri|arthropath|arthrosis|spurr?ing|spurs"
        r"|dis[ck] (?:disease|space)|dish\b)"
    ),
    "Scoliosis": r"scolio|curvature|(?<!over the )(?<!the right )(?<!the left )convexity|curve\b",
    "Kyphosis": r"\bkypho",
    "Tortuous Aorta": r"\b(?:tortuo|ectat|ectasi|unfold)|^(?=.*\baort).*\b(?:dilat|prominen)",
    "Vascular Calcification": (
        r"\b(?:athero|arterio|aorto-?sclero)|\baort\w* scleros"
        r"|^(?=.*\b(?:aort|vascular|arter|coronar)).*\bcalcif"
    ),
    "Calcified Nodes": r"^(?=.*\b(?:node|lymph|hil[aiu])).*\bcalcif",
    "Low Lung Volumes": (
        r"\b(?:hypo|under) ?-? ?(?:inflat|ventil|aerat|expan)|\bcrowd"
        r"|\b(?:shallow|poor|short|small|weak) (?:breath|inspirat)"
        r"|^(?=.*\bvolume).*\b(?:low|small|shallow|decreas|reduc|diminish)"
    ),
    "Flattened Diaphragm": r"\bflatten\w*(?! (?:of (?:the )?)?(?:\w+ )?sept)(?! (?:\w+ )?vertebra)",
    "Blunted Angle": r"\bblunt",
    "Vascular Prominence": (
        r"\b(?:engorge|cephali[sz])|^(?=.*vascul).*\b(?:prominen|increas|enlarg)"
    ),
    "Pulmonary Hypertension": r"^(?=.*\b(?:pulmonary|arterial)).*\bhypertens",
    "Bronchiectasis": r"\bbronchiecta",
    "Osteopenia": r"\bosteo(?:pen|por)|\bdeminerali|\bbone density (?:decreas|reduc|low)"
    r"|\b(?:decreased|reduced|low) bone density",
    "Bone Deformity": (
        r"\b(?:deformit|pectus|wedging\b)"
        r"|^(?=.*\b(?:ribs?|cortical|cortex)\b).*\birregular"
        r"|^(?=.*\b(?:vertebra|bod(?:y|ies)\b|endplate|[tl]\d|spine|lumbar"
        r"|thoracic|dorsal|anterior)).*\b(?:wedg|compress)|^(?=.*\bheight).*\bloss"
    ),
    "Density": r"\b(?:densit|markings|shadow)",
    "Large Normal Heart": (
        r"^(?=.*\b(?:heart|cardiac|cardiomed)).*\b(?:top|upper|borderline|prominen)"
    ),
    "Pneumonia": r"\b(?:infect|pneumonitis|aspirat)",
    "Congestion": r"\b(?:cardiac|heart).*\bfailure|\boverload|\bcongest",
    "Surgery": (
        r"\b(?:sternotom|cabg|clips?\b|\w+ectomy|sutur|thoracotom|bypass|surg"
        r"|post ?-? ?(?:surg|op))"
    ),
}

# Degree of a finding: 1 slight, 2 moderate, 3 great. Adverbs lose their -ly first.
DEGREES = {
    word: degree
    for degree, words in {
        1: "small mild minimal trace tiny slight subtle faint minor minute borderline",
        2: "moderate",
        3: "large severe advanced marked massive bulky extensive huge substantial",
    }.items()
    for word in words.split()
}

# What is there for long is no acute finding.
OLD_WORDS = frozenset(
    "old healed healing chronic remote prior previous calcified postoperative longstanding "
    "sequela scarring".split()
)
# A denial with one of these leaves room for something old or in doubt.
ACUTE_WORDS = frozenset(
    "acute active new focal superimposed definite significant overt gross discrete suspicious "
    "visible obvious frank lobar confluent".split()
)

# Entity words that say nothing of their own; a statement of only these is about its anatomy.
EMPTY_WORDS = frozenset(
    "abnormal abnormalities abnormality active acute amount ap appearance appearances "
    "appropriate area areas bilateral change changes chest chronic clearing complete "
    "configuration contour contours contrast correlation ct decreased decubitus definite "
    "development "
    "diagnosis diameter disease diseases disorder disorders etiology evidence exam "
    "examination factors film finding findings focal further grossly helpful improved "
    "increased interval less level limited limits more most multiple near new old other "
    "otherwise overall pa partial pathology pattern persistent placement portable position "
    "possible posttraumatic preoperative presence previous prior problem problems process ray rays "
    "processes projection radiograph radiographic radiographically radiographs recurrent "
    "redemonstration remainder resolution resolved scattered series several shape sign "
    "significance significant signs silhouette silhouettes size sized some stable study "
    "subsequent technically technique tip tips traumatic uncertain unchanged up vascularity "
    "view views visible well x xxxx".split()
)
NORMAL_WORDS = frozenset(
    "normal unremarkable clear intact midline expanded inflated aerated negative preserved "
    "maintained symmetric patent".split()
)

# Sentences that speak to a colleague, not of the chest.
ADVICE_PHRASES = (
    r"\b(?:recommend\w*|correlat\w+|follow\w*[ -]?up|notif\w+|telephone\w*|discussed|dictated"
    r"|consider(?:ed|ation)? (?:for|an?|ct|further|dedicated|repeat)|advis\w+"
    r"|if (?:there|clinical\w*|symptoms|further|concern)|dr|(?:would|may) be (?:helpful|useful)"
    r"|can be obtained|further (?:evaluation|characteri[sz]ation|imaging)|critical)\b"
)
