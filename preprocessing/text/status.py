"""Negation and uncertainty of observations, in the manner of NegEx and ConText.

Cues (Chapman et al. 2001; Harkema et al. 2009) open a scope before or after them that ends at
the bounds of their clause; the dependency tree and the words between say where clauses end.
The cues and bounds here were written for chest radiography.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from preprocessing.records import ParsedSentence

_STATUS_LABELS = ("OBSERVATION", "OBSERVATION_MODIFIER")

_BE = r"(?:is|are|was|were|be|been|being)"
_SEEN = (
    r"(?:seen|identified|visuali[sz]ed|present|demonstrated|appreciated|evident|visible|noted|"
    r"detected|apparent|observed|found|shown|depicted|there|suspected)"
)
_NOT = r"(?:not|n't|never)"
_CHANGE = (
    r"(?:change|changes|changed|increase|increased|decrease|decreased|improvement|improved|"
    r"progression|progressed|growth|grown|worsening|worsened|enlargement of|resolution|resolved|"
    r"cleared|clearing|different|moved)"
)
_PRIOR = r"(?:(?:the|any|a) )?(?:prior|previous|earlier|old|older|outside|comparison|last)"
_ADVERB = r"(?:\w+ly |well |yet |otherwise )?"

# The first alternative that matches at the leftmost place wins; ``a b`` are words.
_CUES: dict[str, tuple[str, ...]] = {
    # What looks like a cue and is none; it also shields the words inside it.
    "none": (
        rf"{_NOT} {_ADVERB}(?:seen|present|noted|evident|visible|described|there|identified) "
        rf"(?:on|in) {_PRIOR}",
        rf"{_NOT} previously {_SEEN}",
        rf"(?:no|without)(?: \w+){{0,3}} {_CHANGE}(?= (?:in|of|from|since)\b)",
        rf"(?:no|without)(?: (?:any|significant|interval|definite|appreciable|further))* "
        rf"{_CHANGE}(?= [.,;]|$)",
        rf"{_NOT} (?:been )?{_ADVERB}{_CHANGE}",
        r"no (?:evidence|indication|sign|suggestion) that",
        r"(?:no|without) (?:doubt|question)(?: (?:about|of|that))?",
        r"not only",
        r"not (?:as|so|well|clear(?:ly)?|optimally|fully|completely|entirely)",
        r"no longer (?:as|so)",
        r"(?:nearly|almost|partially|partly|incompletely|largely|mostly|essentially) "
        r"(?:completely )?(?:resolved|cleared|gone)",
        r"(?:near(?:ly)?|almost|partial|incomplete) (?:- )?(?:complete )?(?:interval )?"
        r"(?:resolution|clearing)(?: of)?",
        r"(?:no|not) (?:increased?|decreased?) in size",
    ),
    "uncertain before": (
        r"(?:can not|cannot|could not|ca n't) (?:\w+ )?be (?:\w+ly )?"
        r"(?:excluded|ruled out|discounted|dismissed)",
        rf"{_NOT} (?:be )?(?:\w+ly )?(?:excluded|ruled out)",
        r"(?:difficult|hard|impossible) to (?:\w+ly )?"
        r"(?:exclude|rule out)(?= on| given| with| [.,;]|$)",
        rf"{_BE} (?:also )?(?:possible|probable|likely|suspected|questioned|favou?red|considered|"
        rf"questionable|conceivable|uncertain|equivocal|doubtful|presumed)(?= [.,;]| and| but|$)",
        rf"{_BE} (?:\w+ly )?(?:suggested|questioned|suspected) (?:by|in|on|at)",
        rf"{_BE} not (?:\w+ly )?favou?red",
        rf"(?:may|might|could) (?:also )?be {_SEEN}",
        r"should be considered",
        r"(?:in|on) the differential",
        rf"{_NOT} (?:\w+ly )?absent",
        rf"(?:{_BE} )?(?:considered |thought )?(?:less likely|unlikely|not likely)(?! to)",
    ),
    "uncertain around": (
        r"versus|vs\.?",
        r"(?:is|are) (?:\w+ly )?favou?red over",
        r"(?:is|are) favou?red",
    ),
    "uncertain after": (
        r"(?:can not|cannot|could not|ca n't|unable to|difficult to|hard to|not) (?:\w+ly )?"
        r"(?:exclude|rule out)",
        r"(?:can not|cannot) be said(?: that)?(?: there is)? no",
        r"rule out|(?:to|please) exclude|evaluate for|assess for|r / o",
        r"not (?:\w+ly )?(?:typical|characteristic|diagnostic|specific) (?:of|for)",
        r"not necessarily",
        r"unlikely to (?:be|represent)|less likely|unlikely",
        r"possible|possibly|possibility of|probable|probably|likely|perhaps|maybe|conceivably",
        r"may|might|could|would",
        r"(?:suggest|suggests|suggested|suggesting|suggestive of|suggestion of)",
        r"(?:suspicious|concerning|worrisome) (?:for|of)|concern(?:s)? (?:for|about|of)",
        r"suspected|suspect|questioned|suspicion (?:for|of)",
        r"question of|question|questionable|\?",
        r"presumed|presumably|apparent|apparently|equivocal|doubtful|potential|potentially",
        r"favou?r|favou?rs|favou?red to|favou?ring",
        r"(?:felt|thought|believed|considered) to(?: be| represent)?",
        r"(?:there )?appears? to be",
        r"consider(?:ation of)?",
        r"differential (?:diagnosis |considerations? )?(?:includes?|is|of)",
        r"in case of|if there is",
        r"(?:whether|if) (?:\w+ ){0,4}?(?:is|are|represents?|reflects?)",
        r"raises? the (?:question|possibility|concern) (?:of|for)",
    ),
    "absent before": (
        rf"{_NOT} (?:{_ADVERB}|be |any )*{_SEEN}",
        rf"no longer (?:{_ADVERB}|be |being )*{_SEEN}",
        rf"(?:{_BE} |now )?absent",
        r"(?:has|have|had) (?:now |since |completely |entirely |fully )*"
        r"(?:resolved|cleared|disappeared|gone|been excluded|been ruled out)",
        rf"{_BE} (?:now |since |completely |entirely |fully |without question )*"
        r"(?:resolved|gone|excluded|ruled out)",
        r"(?:now |completely |entirely |fully )resolved",
        r": (?:none|no|absent|negative|not seen|not present|nil)(?= [.,;]|$)",
    ),
    "absent after": (
        r"no longer(?: (?:any|an?|evidence of))?",
        r"nothing (?:to suggest|suspicious for|concerning for|suggesting)",
        r"no|without|nor|neither|none of|not|n't|never",
        r"negative for|free of|free from|clear of|devoid of|absence of|absent|lack of|lacks?",
        r"(?:complete )?(?:interval )?resolution of|complete (?:interval )?clearing of|resolved",
        r"den(?:y|ies|ied)|fails? to|failed to|rather than|instead of|exclud(?:es|ing)|ruled out",
    ),
}
_CUE = re.compile(
    r"(?<![^ ])(?:"
    + "|".join(
        f"(?P<{kind.replace(' ', '_')}>{'|'.join(patterns)})" for kind, patterns in _CUES.items()
    )
    + r")(?![^ ])"
)
# Where every scope ends.
_BOUND = re.compile(
    r"(?<![^ ])(?:;|:|\(|\)|but|however|although|though|whereas|while|except|yet|aside from|"
    r"apart from|other than|besides|otherwise|because|since|despite)(?![^ ])"
)
# Where a negation that looks ahead ends too: what follows is present or is a circumstance.
_AFTER_ABSENCE = re.compile(
    r"(?<![^ ])(?:with(?! evidence)|following|after|status post|due to|secondary to|from|which|"
    r"compatible with|consistent with|is present|are present|on the (?:left|right) [;,])(?![^ ])"
)
# Where the first of two choices ("a versus b") begins at the earliest.
_BEFORE_CHOICE = frozenset(
    (",", "represent", "represents", "representing", "reflect", "reflects", "reflecting")
) | frozenset(("may", "might", "could", "be", "with", "in", "of", "from", "suggesting"))
# Adjectives that open a new, present finding after a comma or "and".
_PRESENT = re.compile(
    r"(?<![^ ])(?:,|and|, and) (?:again |there is |there are |the )?(?:a |an )?"
    r"(?:stable|unchanged|persistent|old|healed|normal|clear|intact|chronic|known|"
    r"(?:mild|mildly|moderate|moderately|minimal|small|large|tiny|slight|severe|low|prominent|"
    r"tortuous|calcified|degenerative|possible|possibly|probable|likely|questionable|some|"
    r"increased|decreased|bibasilar|heart|cardiac)(?![^,;]* (?:or|nor) ))(?![^ ])"
)
# fmt: off
_FINITE = frozenset((
    "is", "are", "was", "were", "has", "have", "had", "appears", "appear", "shows", "show",
    "remains", "remain", "demonstrates", "demonstrate", "measures", "represents", "suggests",
    "reveals", "persists", "persist",
))
# fmt: on
_CLAUSE_RELATIONS = frozenset(("conj", "parataxis", "advcl", "ccomp", "root"))
_SUBJECTS = frozenset(("nsubj", "expl", "csubj"))


class _Cue(NamedTuple):
    kind: str
    start: int
    end: int


def with_status(sentence: ParsedSentence) -> ParsedSentence:
    """The sentence with ``negated`` and ``uncertain`` set on its observations.

    An observation or its modifier is negated when the sentence says it is not there (now), else
    uncertain when it says it may be there; anatomy is neither. "Consistent with" and
    "compatible with" count as present, "unlikely" as uncertain.
    """
    absent, uncertain = _scopes(sentence)
    entities = [
        entity
        if entity.label not in _STATUS_LABELS
        else entity._replace(
            negated=entity.end - 1 in absent,
            uncertain=entity.end - 1 in uncertain and entity.end - 1 not in absent,
        )
        for entity in sentence.entities
    ]
    return sentence._replace(entities=tuple(entities))


def _scopes(sentence: ParsedSentence) -> tuple[set[int], set[int]]:
    """Positions of the words that are said to be absent, and of those that may be present."""
    words = [word.lower() for word in sentence.words]
    text = " ".join(words)
    offsets: list[int] = []
    offset = 0
    for word in words:
        offsets.append(offset)
        offset += len(word) + 1

    def position(character: int) -> int:
        return bisect_right(offsets, character) - 1

    cues = [
        _Cue(match.lastgroup or "", position(match.start()), position(match.end() - 1) + 1)
        for match in _CUE.finditer(text)
        if match.lastgroup != "none"
    ]
    if not cues:
        return set(), set()
    bounds = clause_bounds(sentence, words, text)
    after_absence = {position(match.start()) for match in _AFTER_ABSENCE.finditer(text)}
    after_absence.update(position(match.start()) for match in _PRESENT.finditer(text))
    absent: set[int] = set()
    uncertain: set[int] = set()
    for cue in cues:
        status, _, direction = cue.kind.partition("_")
        marked = absent if status == "absent" else uncertain
        if direction in ("after", "around"):
            ends = bounds | after_absence if status == "absent" else bounds
            end = min((bound for bound in ends if bound >= cue.end), default=len(words))
            marked.update(range(cue.end, end))
        if direction in ("before", "around"):
            # ": none" reaches over its own colon.
            starts = set(bounds)
            if words[cue.start] in ("versus", "vs", "vs."):
                starts.update(i for i, word in enumerate(words) if word in _BEFORE_CHOICE)
            start = max((bound for bound in starts if bound < cue.start), default=0)
            marked.update(range(start, cue.start))
    return absent, uncertain


def clause_bounds(sentence: ParsedSentence, words: Sequence[str], text: str) -> set[int]:
    """Positions of the words where clauses begin or end; ``text`` is the lower-cased ``words``."""
    bounds = {text.count(" ", 0, match.start()) for match in _BOUND.finditer(text)}
    bounds.update(_clause_starts(sentence, words))
    return bounds


def _clause_starts(sentence: ParsedSentence, words: Sequence[str]) -> Iterator[int]:
    """Commas and conjunctions behind which a clause with its own verb begins."""
    separators = [i for i, word in enumerate(words) if word in (",", "and")] + [len(words)]
    for place, nxt in pairwise(separators):
        segment = words[place + 1 : nxt]
        if words[place] == "," and segment[:1] == ["and"]:
            continue
        has_verb = any(word in _FINITE for word in segment)
        if not has_verb or "or" in segment or "nor" in segment:
            continue
        before = words[:place]
        if words[place] == "," or before[-1:] == [","] or any(word in _FINITE for word in before):
            yield place
    subjects_of: dict[int, list[int]] = {}
    for child, (head, relation) in enumerate(zip(sentence.heads, sentence.deprels, strict=True)):
        if relation in _SUBJECTS:
            subjects_of.setdefault(head, []).append(child)
    for word, children in subjects_of.items():
        if word < 0 or sentence.deprels[word] not in _CLAUSE_RELATIONS:
            continue
        head = sentence.heads[word]
        subjects = [child for child in children if head < child < word]
        if 0 <= head < word and subjects:
            start = min(subjects)
            while start - 1 > head and words[start - 1] not in (",", "and"):
                start -= 1
            yield start
