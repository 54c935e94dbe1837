"""Words of statements beyond the observations: further findings, degrees, age, empty words.

Regular expressions and words over lower-cased text, written from general knowledge of chest
radiography.
"""

# Findings that the observations' terms miss. Searched in an entity together with what modifies it.
FURTHER = {
    "Degenerative Change": (
        r"\b(?:degenerat|spondyl|osteophyt|arthri|arthropath|arthrosis|dis[ck] (?:disease|space)|dish\b)"
    ),
    "Scoliosis": r"scolio|curvature|convexity|curve\b",
    "Kyphosis": r"\bkypho",
    "Tortuous Aorta": r"\btortuo|\bectat|\bectasi|\bunfold|\baneurysm|(?=.*\baort).*\b(?:dilat|prominen)",
    "Vascular Calcification": (
        r"\b(?:athero|arterio)|(?=.*\b(?:aort|vascular|arter|coronar)).*\bcalcif"
    ),
    "Calcified Nodes": r"(?=.*\b(?:node|lymph|hil[aiu])).*\bcalcif",
    "Lymphadenopathy": r"adenopath|(?=.*\blymph).*\benlarg",
    "Low Lung Volumes": (
        r"\b(?:hypo|under) ?-? ?(?:inflat|ventil|aerat|expan)|\bcrowd|(?=.*\bvolume).*\b(?:low|small|shallow"
        r"|decreas|reduc|diminish)"
    ),
    "Elevated Diaphragm": r"(?=.*diaphragm).*\b(?:elevat|eventrat|high)|\beventrat",
    "Flattened Diaphragm": r"\bflatten",
    "Blunted Angle": r"\bblunt",
    "Vascular Prominence": r"\b(?:engorge|cephali[sz])|(?=.*vascul).*\b(?:prominen|increas|enlarg)",
    "Pulmonary Hypertension": r"(?=.*\b(?:pulmonary|arterial)).*\bhypertens",
    "Bronchiectasis": r"\bbronchiecta",
    "Osteopenia": r"\bosteopen|\bosteopor|\bdeminerali",
    "Bone Deformity": r"\bdeformit|\bwedg|\bcompress|\bpectus|(?=.*\bheight).*\bloss",
    "Bone Lesion": r"\b(?:lytic|blastic|sclerotic|lucen)",
    "Density": r"\bdensit|\bmarkings|\bshadow",
    "Large Normal Heart": r"(?=.*\b(?:heart|cardiac|cardiomed)).*\b(?:top|upper|borderline|prominen)",
    "Pneumonia": r"\binfect|\bpneumonitis|\baspirat",
    "Congestion": r"\b(?:cardiac|heart).*\bfailure|\boverload",
    "Free Air": r"(?=.*\bfree).*\bair\b|pneumoperiton",
    "Surgery": (
        r"\bsternotom|\bcabg|\bclips?\b|\b\w+ectomy|\bsutur|\bthoracotom|\bbypass|\bsurg|\bpost ?-? ?(?:surg|op)"
    ),
}

# Degree of a finding: 1 slight, 2 moderate, 3 great. Adverbs lose their -ly first.
DEGREES = {
    word: degree
    for degree, words in {
        1: "small mild minimal trace tiny slight subtle faint minor minute borderline",
        2: "moderate",
        3: "large severe marked massive extensive huge substantial",
    }.items()
    for word in words.split()
}

# What is long there is no acute finding.
OLD = frozenset(
    "old healed healing chronic remote prior previous stable unchanged calcified residual "
    "postoperative longstanding known sequela scarring again".split()
)

# A denial with one of these leaves room for something old, or small.
ACUTE = frozenset(
    "acute active new focal superimposed definite significant overt gross discrete suspicious "
    "visible obvious frank lobar confluent".split()
)

# Entity words that say nothing of their own; a statement of only these is about its anatomy.
EMPTY = frozenset(
    "radiographic radiographically preoperative traumatic posttraumatic technique technically limited "
    "abnormality abnormalities abnormal disease diseases process processes finding findings change "
    "changes pathology disorder disorders problem problems evidence sign signs acute active "
    "chronic focal new other significant definite visible further complete appropriate helpful "
    "appearance appearances area areas amount pattern level up most more less well overall near "
    "possible stable unchanged improved decreased increased interval resolved resolution clearing "
    "small mild minimal moderate large severe xxxx x ap pa size sized shape diameter configuration "
    "contour contours position placement tip tips factors projection portable exam examination "
    "study radiograph radiographs film chest view views correlation diagnosis series ct contrast "
    "uncertain significance etiology some multiple several scattered bilateral redemonstration "
    "remainder otherwise grossly complete partial subsequent old prior previous presence "
    "development recurrent persistent limits silhouette silhouettes vascularity".split()
)
NORMAL = frozenset(
    "normal unremarkable clear intact midline expanded inflated aerated negative preserved "
    "maintained symmetric patent".split()
)
# Sentences that speak to a colleague, not of the chest.
ADVICE = (
    r"\b(?:recommend\w*|correlat\w+|follow\w*[ -]?up|notif\w+|telephone\w*|discussed|dictated|"
    r"consider(?:ed|ation)? (?:for|a|an|ct|further|dedicated|repeat)\w*|advis\w+|if (?:there|clinical\w*|symptoms|"
    r"further|concern)|dr|would be (?:helpful|useful)|may be (?:helpful|useful)|can be obtained|"
    r"further (?:evaluation|characteri[sz]ation|imaging)|critical|veriphy)\b"
)
