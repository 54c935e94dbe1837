"""Findings in plain words: sentence by sentence, checked against what the report states.

Each noun phrase (degree, side, place, finding) is put into plain words by the glossary, and each
sentence into one of a few short frames. The same frames filled with the technical words are read
by the engine: what they state must be what the report states, else the sentence is withheld.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from graphsum.tasks.abbreviations import expand, senses_of
from graphsum.tasks.glossary import Term, find_terms
from graphsum.tasks.task import Answer, Request
from preprocessing.facts.reading import read_mentions
from preprocessing.text.laterality import find_sides
from preprocessing.text.plain import plain_text
from preprocessing.text.sentences import sentence_spans

WITHHELD = "One sentence of the report could not be put into plain words; ask your doctor about it."
_DEGREES = {
    "trace": "very small", "tiny": "very small", "minimal": "very small", "minute": "very small",
    "small": "small", "mild": "mild", "slight": "slight", "moderate": "moderate",
    "moderate-sized": "moderate", "large": "large", "severe": "severe", "massive": "very large",
    "huge": "very large", "marked": "marked", "extensive": "large, widespread", "mildly": "mild",
    "moderately": "moderate", "severely": "severe", "slightly": "slight", "subtle": "faint",
    "early": "early", "sizable": "large", "advanced": "advanced", "small-to-moderate":
    "small to moderate", "mild-to-moderate": "mild to moderate", "moderate-to-severe":
    "moderate to severe", "moderate-to-large": "moderate to large",
}  # fmt: skip
_DEGREE = "|".join(
    [r"(?:small|mild|moderate)(?:ly)?[ -]to[ -](?:moderate|severe|large)(?:ly)?",
     *sorted(_DEGREES, key=len, reverse=True)]
)  # fmt: skip
_PLACES = {
    "biapical": "at the tops of both lungs", "apical": "at the top", "bibasilar":
    "at the bottom of both lungs", "bibasal": "at the bottom of both lungs", "basilar":
    "at the bottom", "basal": "at the bottom", "perihilar": "near the root of the lungs",
    "retrocardiac": "behind the heart", "upper lobe": "in the upper part of the lung",
    "lower lobe": "in the lower part of the lung", "peripheral": "near the outer edge",
    "mediastinal": "in the middle of the chest", "hilar": "at the root of the lung",
    "axillary": "in the armpit", "cervical": "in the neck", "lumbar": "in the lower back",
    "thoracic": "in the middle back", "intracranial": "inside the head", "frontal":
    "at the front", "parietal": "at the upper side", "temporal": "at the side", "occipital":
    "at the back", "renal": "in the kidney", "hepatic": "in the liver", "pelvic": "in the pelvis",
    "subpleural": "next to the lining of the lung", "posterior": "at the back", "anterior":
    "at the front", "lateral": "on the outer side", "medial": "on the inner side", "upper zone":
    "in the upper part", "lower zone": "in the lower part", "age-related": "that comes with age",
    "previously seen": "seen before", "previously noted": "seen before", "previously described":
    "seen before", "known": "that is already known", "cardiac": "of the heart",
    "pulmonary": "in the lung", "pleural": "at the lining of the lung", "subsegmental": "",
    "degenerative": "from wear and tear", "chronic": "that has been there for long", "coronary":
    "in the arteries of the heart", "aortic": "in the main artery", "vertebral": "in the spine",
    "rib": "in the rib", "sternal": "in the breastbone", "clavicular": "in the collarbone",
    "adrenal": "in the adrenal gland", "splenic": "in the spleen", "pancreatic":
    "in the pancreas", "ovarian": "in the ovary", "breast": "in the breast", "nasal":
    "in the nose", "skull": "in the skull", "hip": "at the hip", "ankle": "at the ankle",
    "wrist": "at the wrist", "sigmoid": "in the lower large bowel", "femoral": "in the thigh",
    "spiculated": "with spiky edges", "cavitary": "with a hollow center", "cavitating":
    "with a hollow center", "bilobed": "with two parts", "subcentimeter": "smaller than 1 cm",
    "adjacent": "nearby", "compressive": "from pressure", "hemispheric":
    "in one half of the brain", "nonobstructing": "that blocks nothing", "non-obstructing":
    "that blocks nothing", "obstructing": "that blocks the way", "infrarenal":
    "below the kidneys", "knee": "of the knee", "elbow": "of the elbow", "shoulder":
    "of the shoulder", "ventral": "at the front", "dorsal": "at the back", "inguinal":
    "in the groin", "supraclavicular": "above the collarbone", "subcarinal":
    "below the place where the windpipe divides", "retroperitoneal": "at the back of the belly",
    "mesenteric": "in the tissue that holds the bowel", "periventricular":
    "around the fluid spaces of the brain", "cerebellar": "in the back lower part of the brain",
    "multilevel": "at several levels of the spine", "paratracheal": "beside the windpipe",
}  # fmt: skip
_PLACE = "|".join(map(re.escape, sorted(_PLACES, key=len, reverse=True)))
_AGES = (
    "acute|subacute|new|old|healed|healing|stable|unchanged|scattered|multiple|several|focal"
    "|diffuse|residual|persistent|patchy|possible|probable|suspected|definite|bulky|calcified"
    "|loculated|solitary|single|two|three|few|few small|active|recurrent|simple|complex|linear"
    "|increasing|decreasing|worsening|improving"
    "|enlarging|displaced|nondisplaced|non-displaced|undisplaced|complete|partial|significant"
    "|dependent|underlying|associated|superimposed|developing|resolving|hazy|dense|confluent"
)
_MODIFIERS = re.compile(
    rf"((?:\b(?:(?P<a>an?|the)|(?:{_DEGREE})|(?:left|right)(?:-sided)?|bilateral|both|(?:{_PLACE})"
    rf"|(?:{_AGES})|\d+(?:\.\d+)? ?(?:mm|cm)|and)\b(?: |, |-)?)+)$"
)
_PART_BEFORE = re.compile(r"(\x02\d+\x03) ?$")
_IS_VERB = "\x04"  # stands behind a mark in place of a verb
_VERB = re.compile(
    r"\x04|\b(?:must|needs?|will|would|does|do|is|are|was|were|has|have|had|shows?|ends?|appears?"
    r"|remains?|lies|measures?|can|may"
    r"|could|should|extends?|courses?|touch(?:es)?|press(?:es)?|contains?|projects?|overl\w+"
    r"|terminates?|explains?|suggests?|involves?|obscures?|persists?|deviates?|indicates?)\b"
)
_SEEN = (
    r"(?:is|are|was|were)(?: \w+ly)?(?: again| also)? (?:seen|identified|noted|present|visible"
    r"|demonstrated|evident|visuali[sz]ed|observed|detected|found|appreciated|there)"
)
_NO_LIST = re.compile(
    rf"(?:there (?:is|are) )?(?:no|without|negative for)(?: (?:definite|convincing|radiographic|ct"
    rf"|suspicious))?(?: (?:evidence|signs?|findings?|indication)(?: of| for| to suggest)?)?"
    rf" (?P<items>.+?)(?: {_SEEN})?"
)
_FIT = (
    r"consistent with|compatible with|in keeping with|suggestive of|suggesting|suspicious for"
    r"|worrisome for|concerning for|may represent|could represent|likely representing"
    r"|representing|likely|possibly|probably|diagnostic of|typical of"
)
_FITS = re.compile(rf"(?P<head>.+?),? (?:most )?(?P<how>{_FIT}) (?P<tail>.+)")
_FIT_WORDS = {
    "consistent with": "This fits with", "compatible with": "This fits with",
    "in keeping with": "This fits with", "diagnostic of": "This shows", "typical of":
    "This is typical of", "representing": "This is", "likely": "This is likely",
    "probably": "This is probably", "likely representing": "This is likely",
    "possibly": "This is possibly",
}  # fmt: skip
_CHANGE_OF = re.compile(
    r"(?:interval |complete |near[- ]complete |partial |further |mild |slight |marked )*"
    r"(?P<what>re-?expansion|resolution|clearing|improvement"
    r"|decrease|reduction|increase|worsening|progression|enlargement|growth|development"
    r"|removal|placement)(?: in size)? (?:of|in)(?: the)? (?P<rest>.+)"
)
_CHANGED = {
    "resolution": "has gone away (has resolved)", "clearing": "has cleared", "improvement":
    "has improved", "decrease": "has decreased", "reduction": "has decreased", "increase":
    "has increased", "worsening": "has become worse (has worsened)", "progression":
    "has become worse (has progressed)", "enlargement": "has become larger (has enlarged)",
    "re-expansion": "has opened up again (re-expanded)", "reexpansion":
    "has opened up again (re-expanded)", "growth": "has grown", "development": "is new", "removal":
    "has been removed", "placement":
    "is newly in place",
}  # fmt: skip
_PARTLY = {
    "resolution": "has {} resolved", "clearing": "has {} cleared", "re-expansion":
    "has {} opened up again (re-expanded)",
}  # fmt: skip
_STATE_FIRST = re.compile(
    r"(?P<state>clear|normal|unremarkable|intact|patent|enlarged)(?: appearance of)? (?:the )?"
    r"(?P<part>[^,;]+)"
)


# Technical words that stand beside no finding.
_LEFT_OVER = {
    "acute": "new", "subacute": "fairly recent", "chronic":
    "long-standing", "multifocal": "in several places", "diffuse": "widespread", "focal":
    "in one spot", "apical": "at the top", "bibasilar": "at the bottom of both lungs", "bibasal":
    "at the bottom of both lungs", "basilar|basal": "at the bottom", "perihilar":
    "near the root of the lungs", "retrocardiac": "behind the heart", "anterior": "front",
    "posterior": "back", "lateral": "outer", "medial": "inner", "interval":
    "since the last scan", "calcified": "hardened with calcium", "abdominal": "belly",
    "spiculated": "with spiky edges", "recommended": "advised", "radiographs?": "x-ray",
    "mediastinal": "in the middle of the chest", "hilar": "at the root of the lungs", "pulmonary":
    "lung", "hepatic": "liver", "renal": "kidney", "cardiac": "heart", "gastric": "stomach",
    "intracranial": "inside the head", "subcutaneous": "under the skin", "thoracic": "chest",
    "inferior": "lower", "superior": "upper", "bilateral(?:ly)?": "on both sides",
}  # fmt: skip


@dataclass
class _Sentence:
    """A sentence in frames; ``\\x02n\\x03`` stands for its n-th phrase."""

    text: str
    lay: list[str] = field(default_factory=list)
    technical: list[str] = field(default_factory=list)

    def add(self, lay: str, technical: str) -> str:
        """What stands for a new phrase."""
        self.lay.append(lay)
        self.technical.append(technical)
        return f"\x02{len(self.lay) - 1}\x03"

    def filled(self, text: str, words: Sequence[str]) -> str:
        """A frame with its phrases in lay or in technical words."""
        text = text.replace(_IS_VERB, "")
        while "\x02" in text:
            text = re.sub("\x02(\\d+)\x03", lambda match: words[int(match[1])], text)
        return text


def paraphrase(findings: str) -> Answer:
    """The findings in plain words; what the check does not bear out is withheld."""
    told: list[str] = []
    cited: list[str] = []
    withheld: list[str] = []
    for start, end in sentence_spans(findings):
        sentence = findings[start:end]
        lines = _plain_sentence(sentence, findings)
        if lines is None:
            withheld.append(sentence)
            told.append(WITHHELD)
        elif lines:
            told += lines
            cited.append(sentence)
    return Answer(" ".join(told), tuple(cited), tuple(withheld))


@lru_cache(maxsize=2048)
def _plain_sentence(sentence: str, findings: str) -> list[str] | None:
    """The plain sentences for one of the report; None where no version passes the check."""
    source = plain_text(_spelled_out(sentence, findings)).text.strip().rstrip(".").strip()
    if not re.search(r"[a-z]", source):
        return []
    for framed in (True, False):
        made = _Sentence(source)
        marked = _mark_phrases(made, source, reorder=framed)
        frames = _frames(marked) if framed else [marked]
        technical = ". ".join(made.filled(frame, made.technical) for frame in frames)
        frames = [_number(frame, made) for frame in frames]
        lay = [_finished(made.filled(frame, made.lay)) for frame in frames]
        if _states_the_same(source, technical) and _keeps(source, " ".join(lay)):
            return lay
    return None


def _spelled_out(sentence: str, findings: str) -> str:
    """With the abbreviations of the table spelled out, but for tests that everybody knows."""
    known = {"CT", "MRI", "PET", "ICU", "HIV", "TB", "COPD", "AP", "PA", "L", "R"}

    def full(match: re.Match[str]) -> str:
        term = match[0]
        if term in known or not senses_of(term) or re.fullmatch(r"[CTLS]\d+", term):
            return term
        return re.sub(r" \(.*\)", "", expand(term, findings))

    return re.sub(r"\b[A-Z][A-Z0-9]{1,5}s?\b", full, sentence)


# --- phrases ------------------------------------------------------------------------------------


def _mark_phrases(made: _Sentence, text: str, *, reorder: bool) -> str:
    """The text with a mark in place of each phrase that has plain words."""
    result = ""
    done = 0
    for term in find_terms(text):
        result += text[done : term.start]
        done = term.end
        if term.entry.kind == "finding":
            result = _mark_finding(made, result, term, reorder=reorder)
        elif term.entry.kind in ("part", "device"):
            result = _mark_part(made, result, term)
        else:
            article = re.search(r"\b(?:an?) $", result)
            words = term.entry.words(term.match)
            if article and term.entry.kind == "test" and re.match(r"an? ", words):
                result = result[: article.start()]
            if re.search(r"\b(?:urgent|further|dedicated|prompt|early|routine|no|the) $", result):
                words = re.sub(r"^an? ", "", words)
            result += made.add(words, term.match[0])
            if re.match(r"(?:is|are|raises?|terminates?)\b", term.match[0]):
                result += _IS_VERB
    return result + text[done:]


def _mark_part(made: _Sentence, before: str, term: Term) -> str:
    words = term.entry.words(term.match)
    match = re.search(
        r"\b(?:(?P<a>the|a|an) )?(?P<side>left|right|both|bilateral)(?:-sided)? $", before
    )
    side = ""
    if match and not re.search(r"\b(?:left|right|both)\b", words):
        side = {"bilateral": "both"}.get(match["side"], match["side"])
        before = before[: match.start()]
        words = re.sub(
            r"^(?:the |an? )?", f"the {side} " if side != "both" else "both ", words, count=1
        )
        return before + made.add(words, f"{match['side']} {term.match[0]}")
    if article := re.search(r"\b(?:the|an?) $", before):
        if re.match(r"(?:the|an?) ", words):
            before = before[: article.start()]
        return before + made.add(words, term.match[0])
    return before + made.add(words, term.match[0])


def _mark_finding(made: _Sentence, before: str, term: Term, *, reorder: bool) -> str:
    """A finding with its degree, side and place; the words before it become part of it."""
    where: list[str] = []
    technical = term.match[0]
    if reorder and (part := _PART_BEFORE.search(before)):
        row = int(part[1][1:-1])
        if re.match(
            r"the (?:upper|middle|lower|top|bottom|parts|tops)|the \w+ parts", made.lay[row]
        ):
            where.append(f"in {made.lay[row]}")
            technical = f"{made.technical[row]} {technical}"
            before = before[: part.start()]
    match = _MODIFIERS.search(before)
    phrase = match[1] if match else ""
    article, degree, kept = "", "", []
    pattern = (
        rf"{_DEGREE}|(?:left|right)(?:-sided)? and (?:left|right)(?:-sided)?|(?:left|right)"
        rf"(?:-sided)?|bilateral|both|{_PLACE}|\d+(?:\.\d+)? ?(?:mm|cm)|\w[\w-]*"
    )
    tokens = re.findall(rf"\b(?:{pattern})\b", phrase)
    if re.search(rf"\b(?:{_DEGREE})\b.*\band\b.*\b(?:{_DEGREE})\b", phrase) or not reorder:
        tokens = []
        kept = [phrase.strip()] if phrase.strip() else []
    for token in tokens:
        if token in ("a", "an", "the"):
            article = token
        elif token in _DEGREES or re.fullmatch(_DEGREE, token):
            plain = _DEGREES.get(token, token.replace("-", " "))
            degree = f"{degree} {plain}".strip()
        elif token in ("left", "right", "left-sided", "right-sided"):
            where.append(f"on the {token.removesuffix('-sided')} side")
        elif token in ("bilateral", "both") or " and " in token:
            where.append("on both sides")
        elif re.match(r"\d", token):
            where.append(f"of {token}")
        elif token in _PLACES:
            where.append(_PLACES[token])
        elif token == "and":
            kept.append(token)
        else:
            kept.append(
                {"acute": "new", "active": "active (current)", "nondisplaced": "non-displaced"}.get(
                    token, token
                )
            )
    if match:
        before = before[: match.start()]
    words = term.entry.words(term.match, degree)
    if _is_plural(term.match[0]):
        words = _plural(words)
    if degree and degree not in words:
        words = f"{degree} {words}"
    if words.startswith("lyly"):
        words = words[2:]
    words = words.replace("smally ", "small ").replace("mildly", "mildly")
    if kept:
        bare = re.sub(r"^an? ", "", words)
        one = re.match(r"an? ", words) and not re.search(
            r"\b(?:multiple|several|scattered|two|three|few|no)\b|\d", " ".join(kept)
        )
        words = f"{'a ' if one else ''}{' '.join(kept)} {bare}"
    if article == "the" or re.search(
        r"\bno $|\b(?:an?|the|no|two|three|several|multiple)(?: [\w.-]+){1,4} $", before
    ):
        words = re.sub(r"^an? ", "", words)
    if article == "the":
        words = f"the {words}"
    elif article and not re.match(r"an? ", words) and kept and re.match(r"\d", kept[0]):
        words = f"a {words}"
    tail = " ".join(dict.fromkeys(one for one in where if one))
    if "lung" in tail and words.endswith(" in the lung"):
        words = words.removesuffix(" in the lung")
    lay = f"{words} {tail}".strip()
    source = re.sub(r"\s+", " ", f"{phrase}{technical}").strip()
    return before + made.add(lay, source)


_COUNTED = (
    "spot lump bone sac bulge growth tumor area pocket clot bleed tear hernia pool polyp fibroid "
    "crack disc cluster bruise".split()
)


def _is_plural(term: str) -> bool:
    return bool(re.search(r"(?:[^siu]s|ies|[aeiou]ses|li|ae|ces)$", term))


def _plural(words: str) -> str:
    """Plain words for several: without the article, the counted noun in the plural."""
    if not re.match(r"an? ", words) or "amount of" in words:
        return words
    head, bracket, tail = re.sub(r"^an? ", "", words).partition(" (")
    head = re.sub(rf"\b({'|'.join(_COUNTED)})\b", r"\1s", head)
    return head.replace("that has ", "that have ") + bracket + tail


# --- frames -------------------------------------------------------------------------------------


def _frames(text: str) -> list[str]:
    """The clauses of a marked sentence, each in a short frame."""
    frames: list[str] = []
    for clause in re.split(r"; | but (?=there|no)|, (?=which )", text):
        frames += _frame(clause.strip(" ,"))
    return frames


def _frame(text: str) -> list[str]:
    text = re.sub(
        r"^(?:otherwise|the remainder of the (?:study|exam\w*) is) (?=\x02|normal|clear)",
        "otherwise ",
        text,
    )
    if re.fullmatch(r"otherwise (?:normal|\x02\d+\x03)", text):
        return [f"everything else is {text.removeprefix('otherwise ')}"]
    if same := re.fullmatch(r"(?:unchanged|stable) (?:position|appearance) of (?P<what>.+)", text):
        return [f"{same['what']} is unchanged"]
    if done := re.fullmatch(r"(?:patient is )?(?:status post|post) (?P<what>[^,]+)", text):
        return [f"there are signs that this was done: {done['what']}"]
    if doubt := re.fullmatch(
        r"(?:can not|cannot|could not) (?:entirely |completely )?(?:exclude|rule out) (?P<what>.+)"
        r"|(?P<first>[^,]+) (?:can not|cannot|could not) be (?:entirely |completely )?(?:excluded"
        r"|ruled out)",
        text,
    ):
        return [f"{doubt['what'] or doubt['first']} is possible and cannot be excluded"]
    advice = re.fullmatch(
        r"(?P<what>[^,]+?) (?P<how>recommended|advised|suggested|required|needed|indicated)", text
    )
    if advice and not _VERB.search(advice["what"]):
        return [f"{advice['what']} is {advice['how']}"]
    if change := _CHANGE_OF.fullmatch(text):
        partly = re.match(r"(?:interval )?(partial|near)", text)
        said = _CHANGED[change["what"]]
        if partly:
            degree = "partly" if partly[1] == "partial" else "almost"
            said = _PARTLY.get(change["what"], said).format(degree)
        return [f"the {change['rest']} {said}"]
    none = _NO_LIST.fullmatch(text)
    if none and not _VERB.search(none["items"]):
        items = re.split(r", (?:or |and )?| or | nor | and (?=\x02)", none["items"])
        return [f"there is no {', no '.join(filter(None, items))}"]
    seen = re.fullmatch(rf"(?:an? |the )?(?P<what>[^,]+?) {_SEEN}", text)
    if seen and (seen["what"].startswith("no ") or not _VERB.search(seen["what"])):
        return [f"there is {seen['what']}"]
    state = _STATE_FIRST.fullmatch(text)
    if state and not _VERB.search(state["part"]):
        return [f"the {state['part']} {_be(state['part'])} {state['state']}"]
    if _VERB.search(text) or text.startswith("there "):
        return [text]
    if re.match(r"(?:no|without) ", text):
        return [f"there is {text}"]
    return [f"there is {text}"]


def _number(frame: str, made: _Sentence) -> str:
    """ "There are" where the first phrase is of several things."""
    first = re.match(r"there is (?!no )(?:[\w-]+ ){0,2}\x02(\d+)\x03", frame)
    if not first:
        return frame
    lay = made.lay[int(first[1])]
    head = re.split(r" (?:of|in|on|at|that|with|from|around|between|to)\b| \(", lay)[0]
    several = re.search(r"(?:[^siu]s|ies)$", head) and not re.match(r"an? ", lay)
    return "there are" + frame.removeprefix("there is") if several else frame


def _be(part: str) -> str:
    return "are" if part.endswith("s") and "\x02" not in part else "is"


def _finished(text: str) -> str:
    """A frame as a sentence: articles, capital and full stop."""
    text = re.sub(r"\b(no|the|a|an) (?:the|an?) ", r"\1 ", text)
    text = re.sub(r"\bthere is (?:there is|there are) ", "there is ", text)
    text = re.sub(r"\bin in\b", "in", text)
    text = re.sub(r"\bin at the\b", "at the", text)
    text = re.sub(r"\b(?:a )(?=[aeiou](?!ne\b|ni|su|se|ri))", "an ", text)
    text = re.sub(r"\ban (?=[^aeiouh\W])", "a ", text)
    text = re.sub(r"\bmildly (?=an? )|\s+,", lambda match: match[0].strip(), text)
    for word, plain in _LEFT_OVER.items():
        text = re.sub(rf"\b{word}\b", plain, text)
    text = " ".join(text.split()).strip(" ,;:")
    for short in ("ct", "mri", "copd", "tb", "icu", "hiv"):
        text = re.sub(rf"\b{short}\b", short.upper(), text)
    return text[:1].upper() + text[1:] + "."


# --- the check ----------------------------------------------------------------------------------


def _facts(text: str) -> Counter[tuple[str, str, str | None, frozenset[float]]]:
    return Counter(
        (name, one.status, one.side, one.sizes)
        for one in read_mentions(text)[1]
        for name in one.names
    )


def _states_the_same(source: str, technical: str) -> bool:
    """Whether the frames with the technical words state what the report does."""
    first, second = _facts(source), _facts(technical)
    return set(first) == set(second)


def _keeps(source: str, lay: str) -> bool:
    """Whether numbers and sides are those of the source, and a denial is still one."""
    wanted = set(
        re.findall(r"\d+(?:\.\d+)?", re.sub(r"\b[ctls]\d+(?:[-/][ctls]?\d+)?\b", "", source))
    )
    if not wanted <= set(re.findall(r"\d+(?:\.\d+)?", lay)):
        return False
    own = {str(one.side) for one in find_sides(source) if one.side}
    new = {str(one.side) for one in find_sides(lay.lower()) if one.side}
    for side in ("left", "right"):
        if (side in own and side not in new and "bilateral" not in new) or (
            side in new
            and not re.search(rf"\b{side}|\bmiddle lobe|lingula|\b{side[0]}[ulm]l", source)
        ):
            return False
    negated = re.compile(r"\b(?:no|not|cannot|without|none|nor|never|negative)\b|n't\b")
    return bool(negated.search(source)) <= bool(negated.search(lay.lower()))


class Paraphrase:
    """Findings in plain words for a patient."""

    name = "paraphrase"
    needs = ""

    def prompt(self, request: Request) -> str:
        """The instruction for a language model."""
        return (
            "Rewrite these radiology findings in plain words for the patient. Keep every finding, "
            f"side, size, doubt and denial; add nothing.\n\n{request.text}"
        )

    def target(self, answer: str) -> str:
        """The paraphrase."""
        return answer

    def clean(self, output: str) -> str:
        """The output on one line."""
        return " ".join(output.split())

    def score(self, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        """The share of the first reference's words that an output has (recall of word types)."""
        values = []
        for output, right in zip(outputs, references, strict=True):
            wanted = set(re.findall(r"\w+", right[0].lower()))
            have = set(re.findall(r"\w+", output.lower()))
            values.append(len(wanted & have) / len(wanted) if wanted else 1.0)
        return values

    def baseline(self, request: Request) -> Answer:
        """The paraphrase of the glossary and the frames."""
        return paraphrase(request.text)
