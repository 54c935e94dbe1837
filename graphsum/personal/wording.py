"""One sentence in two wordings: telegraphic ("Small effusion.") or a clause ("There is ...").

Both are rules on words, without a parse. What they make is used only where it states the same as
before (:mod:`graphsum.personal.restyling`).
"""

import re

_COPULA = r"(?:is|are|was|were)"
_THERE = re.compile(
    rf"(?:there|it) (?:{_COPULA}|ha(?:s|ve) been|remains?)(?: (?:again|also|now|still))?"
    r"(?: (?:seen|noted|identified))? ",
    re.IGNORECASE,
)
_THIS = re.compile(rf"(?:this|these|it|they) (?:{_COPULA}|ha(?:s|ve)(?: been)?) ", re.IGNORECASE)
_RELATIVE = re.compile(rf"\b(?:which|that) {_COPULA} ")
_COPULAS = re.compile(
    rf"\b{_COPULA} (?:present|seen|noted|identified|evident)(?=[.,;]|$)"
    rf"|\b(?:{_COPULA}|ha(?:s|ve) been) |\bha(?:s|ve) (?=\w+(?:ed|en|ped)\b)"
)
_ARTICLE = re.compile(r"\b(?:[Tt]he|[Aa]n?|A) (?=[\w\"'(])")
_LEFT = re.compile(rf"\b(?:{_COPULA}|ha(?:s|ve) been|the|an?)\b(?! ?[/.&-])", re.IGNORECASE)
_VERB = re.compile(
    rf"\b(?:{_COPULA}|ha(?:s|ve|d)|do(?:es)?|can(?:not)?|may|might|could|should|would|must|will"
    r"|remains?|appears?|seems?|suggests?|represents?|reflects?|indicates?|demonstrates?|shows?"
    r"|reveals?|contains?|measures?|persists?|lies|projects?|terminates?|overl(?:ies|ay|ays)"
    r"|correlates?|compares?|obscures?|extends?|overlaps?|crosses|involves?|abuts?|displaces?"
    r"|compresses|obliterates?|silhouettes?|causes?|ends?|courses)\b",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:can|may|might|could|should|would|must|will)(?: not| also)?(?: be)? \w+", re.IGNORECASE
)
# An order has no subject and is whole nevertheless: "Recommend CT", "Consider CT."
_ORDER = re.compile(
    r"(?:please|recommend|consider|correlate|suggest|advise|follow up|compare|repeat|retract)\b"
    r"(?!ed)",
    re.IGNORECASE,
)
_COUNTABLE = re.compile(
    r"(?:effusion|pneumothorax|nodule|mass|opacity|fracture|granuloma|infiltrate|hernia|catheter"
    r"|tube|pacemaker|lesion|cyst|density|deformity|line|stent|abnormality|collection|aneurysm"
    r"|process|shadow|finding|picc|silhouette|study|examination|exam|device|port|drain)$"
)
_HEAD_ENDS = re.compile(
    r"[,;.:(]|\b(?:of|in|at|on|with|without|within|from|for|to|by|near|along|over|under"
    r"|above|below|since|projecting|overlying|involving|consistent|compatible|suggest\w*|concern"
    r"\w*|suspicious|may|likely|seen|noted|identified|unchanged|stable|new|better|worse|greater"
    r"|more|less|which|that|as|versus|vs|about|measuring|involving|causing|status|compared|related"
    r"|secondary|due|again|present)\b"
)
_STATE = (
    r"normal|clear|unremarkable|intact|unchanged|stable|enlarged|expanded|hyperexpanded"
    r"|hyperinflated|tortuous|calcified|elevated|widened|prominent|recommended|advised|suggested"
    r"|seen|noted|identified|demonstrated|present|resolved|improved|worse|decreased|increased"
    r"|consistent with|compatible with|concerning for|suspicious for|suggestive of|in place"
    r"|within normal limits|removed|placed|not (?:seen|excluded|identified)|again (?:seen|noted)"
    r"|degenerative|osteopenic|negative|free of|sharp|limited|available"
)
_PREDICATE = re.compile(
    r"(?P<subject>[^,;:()]*?[a-z]) (?P<state>(?:(?:mildly|moderately|markedly|severely|grossly"
    r"|otherwise|again|now|slightly|borderline|essentially|still|not|also) )*"
    rf"(?:{_STATE})(?:$|[ .,;].*))$",
    re.IGNORECASE | re.DOTALL,
)
# "Normal chest", "Stable examination".
_STATE_FIRST = re.compile(
    r"(?P<state>normal|unremarkable|clear|stable|unchanged|negative) (?P<subject>(?:chest|lungs"
    r"|exam\w*|study|heart(?: size)?|heart and lungs|chest (?:x-?ray|radiographs?|film|exam\w*)"
    r"|pulmonary vascularity|cardiomediastinal silhouette|cardiac silhouette"
    r"|appearance of the chest))\.?$",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"(?:normal|clear|unremarkable|unchanged|stable|negative|improved|worse|resolved|consistent"
    r"|compatible|concerning|suspicious|suggestive|within normal limits|new since|increased since"
    r"|decreased since)\b(?P<rest>[^.]*)",
    re.IGNORECASE,
)
_OF_STUDY = re.compile(r"(?:normal|unremarkable|negative|within|clear)\b", re.IGNORECASE)
_NO_NOUN_AFTER = re.compile(
    r"\s*(?:$|[.,;]|since|compared|from|with|for|of|in (?:size|appearance)|and )"
)
_STATUS_POST = re.compile(r"(?:status[ -]post|s/p)\b", re.IGNORECASE)
_SINGULAR_S = re.compile(r"(?:ss|us|is|thorax|pneumothorax|lens|biceps|series|emphysematous)$")


def is_telegraphic(sentence: str) -> bool:
    """Whether it has neither article nor copula."""
    return _LEFT.search(sentence) is None


def is_clause(sentence: str) -> bool:
    """Whether it has a finite verb outside a relative clause, or is an order."""
    main, _, relative = sentence.partition(" which " if " which " in sentence else " that ")
    verbs = len(_VERB.findall(_MODAL.sub("may", relative)))
    return _VERB.search(main) is not None or verbs > 1 or _ORDER.match(sentence) is not None


def as_telegraphic(sentence: str) -> str:
    """The sentence without "there is", articles and copulas.

    >>> as_telegraphic("There is a small left pleural effusion.")
    'Small left pleural effusion.'
    """
    text = _THERE.sub("", sentence, count=1) if _THERE.match(sentence) else sentence
    text = _THIS.sub("", text, count=1) if _THIS.match(text) else text
    text = _RELATIVE.sub("", text)
    text = _COPULAS.sub("", text)
    text = _ARTICLE.sub("", text)
    text = re.sub(r"\s+([.,;:])", r"\1", " ".join(text.split()))
    return _capital(text)


def as_clause(sentence: str) -> str:
    """The sentence with a verb.

    >>> as_clause("Small left pleural effusion.")
    'There is a small left pleural effusion.'
    """
    if is_clause(sentence):
        return sentence
    if match := _STATE_FIRST.match(sentence):
        subject = match["subject"].lower()
        return f"The {subject} {_be(subject)} {match['state'].lower()}."
    if re.match(r"otherwise\b", sentence, re.IGNORECASE):
        return sentence
    if _STATUS_POST.match(sentence):
        return f"The patient is {_low(sentence)}"
    denied = re.match(r"(?:no|without)\b", sentence, re.IGNORECASE)
    bare = _NO_SUBJECT.match(sentence)
    if bare and _NO_NOUN_AFTER.match(bare["rest"]):
        subject = "The study" if _OF_STUDY.match(sentence) else "This"
        return f"{subject} is {_low(sentence)}"
    predicate = _PREDICATE.match(sentence)
    if predicate and not _HEAD_STATE.fullmatch(predicate["subject"]):
        subject, state = predicate["subject"], predicate["state"]
        if not (state.lower().startswith(_LOOSE) and not _IS_FINDINGS.match(subject)):
            advised = re.match(r"(?:recommend|advis|suggested)", state, re.IGNORECASE)
            article = "" if denied or advised or not _ORGAN.match(subject) else "The "
            subject = article + (_low(subject) if article else subject)
            return f"{subject} {_be(subject)} {_low(state)}"
    start = re.sub(r"^without\b", "no", _low(sentence), flags=re.IGNORECASE) if denied else None
    text = start or _low(sentence)
    head = _head_of(text)
    first = re.split(r"\b(?:and|or)\b", head)[0].strip()
    plural = _is_plural(first) or (" and " in head and _is_plural(head))
    plural = plural and not re.match(r"(?:no )?evidence\b", text)
    article = ""
    if not denied and not plural and _COUNTABLE.search(first) and not text.startswith(_DETERMINED):
        article = "an " if re.match(r"[aeiou]|8|11|18", text) else "a "
    return f"There {'are' if plural else 'is'} {article}{text}"


_HEAD_STATE = re.compile(r"(?:no|mild\w*|small|new|old|the|a)", re.IGNORECASE)
_LOOSE = (
    "consistent", "compatible", "concerning", "suspicious", "suggestive", "degenerative",
    "calcified", "in place", "elevated", "enlarged", "prominent", "tortuous", "increased",
    "decreased", "stable", "clear", "negative", "limited",
)  # fmt: skip
_ORGAN = re.compile(
    r"(?:heart|lungs?|cardi\w+|mediasti\w+|aorta|trachea|hil\w+|pulmonary vascula\w+|bones?|chest"
    r"|osseous|bony|pleural spaces?|(?:left|right) (?:lung|hemidiaphragm)|diaphragms?|remainder)\b",
    re.IGNORECASE,
)
_IS_FINDINGS = re.compile(
    r"(?:(?:the |these )?(?:findings?|appearances?|changes?|results?)"
    r"|(?:the )?(?:heart|lungs?|cardi\w+|mediastin\w+|aorta|hemidiaphragm)(?: \w+)?)$",
    re.IGNORECASE,
)
_DETERMINED = ("the ", "a ", "an ", "this ", "these ", "some ", "multiple ", "several ", "one ",
               "both ")  # fmt: skip


def _head_of(text: str) -> str:
    """The noun phrase that a sentence begins with, up to its head."""
    text = re.sub(r"^(?:no|possible|probable|likely|new|stable|unchanged) ", "", text)
    text = re.sub(r"^(?:no|new|stable|unchanged|more|less) ", "", text)
    match = _HEAD_ENDS.search(text)
    return (text[: match.start()] if match else text).strip(" .")


def _is_plural(phrase: str) -> bool:
    last = phrase.split()[-1].lower() if phrase.split() else ""
    return last.endswith("s") and not _SINGULAR_S.search(last)


def _be(subject: str) -> str:
    head = re.split(r"\b(?:of|in|at|on|with|from|for)\b", subject)[0].strip()
    both = re.search(r"\band\b", head) is not None and not head.lower().startswith("no ")
    return "are" if both or _is_plural(head) else "is"


def _low(text: str) -> str:
    """With a small first letter, unless it begins with an abbreviation."""
    return text if text[:2].isupper() or not text[1:2].strip() else text[0].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
