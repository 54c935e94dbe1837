"""Is a sentence of a model made of words and turns of phrase that exist?"""

import re
from collections.abc import Callable

from graphsum.consensus.candidates import STRANGE
from graphsum.consensus.neighbours import WORD

_GARBLED = re.compile(
    r"\b(\w+ \w+) \1\b|(?<![a-z]) \d\.?$|(?:^| )[b-wyz] |\b([a-z]+) \2\b"
    r"|\b([a-z]{4,}) (?:and|or) \3\b"
    r"|\b(\w+)(?: and| or|,)+ \4\b"
    r"|, (?:the )?(?:left|right|bilateral) (?:hemidiaphragm|lung|lobe|base|apex|hilum)\.?$"
    r"|exclude (?:an? )?(?:\w+ )?(?:ct|scan|film|x-?ray|mri)\b"
    r"|\b(?:with|and|of|in|by) (?:larger|smaller|greater|more|less) than\b|[ (][.,;]|[;:,] ?[;:,]"
    r"|\b(?:of|the|and|or|with|an?|in|is|are|at|by|from|no|than)\W*$"
)
# "No acute cardiopulmonary ...": what may follow that has no name of its own.
_NOTHING_ACUTE = re.compile(
    r"(?:there (?:is|are) )?no (?:\w+ )?(?:evidence (?:of|for) )?(?:an? )?(?:acute|active)\b"
    r"(?![\w ,/-]* (?:diseases?|abnormalit(?:y|ies)|findings?|process(?:es)?|changes?|identified"
    r"|seen|demonstrated|complications?|patholog(?:y|ies)|injur(?:y|ies)|noted|present|evident"
    r"|illness|conditions?|issues?)\b)"
)
_SHORT = frozenset(
    "a an as at be by do go he i if in is it me my no of on or so to up us we mm cm ap pa ct mr iv "
    "et ng og pe mi ra la rv lv ij cp vs re ex l r tb mg ml x s t st".split()
)


def is_well_worded(
    sentence: str, findings: str, is_word: Callable[[str], bool] | None, *, named: bool
) -> bool:
    """Whether a sentence is no garble.

    Args:
        findings: words and signs of theirs may always be used.
        is_word: whether a lower-case word exists, where that is known.
        named: whether the sentence states something that has a name.
    """
    lowered, findings = sentence.lower(), findings.lower()
    if _GARBLED.search(lowered) or "__" in lowered or "xxx" in lowered:
        return False
    if _NOTHING_ACUTE.match(lowered) and not named:
        return False
    if set(STRANGE.findall(lowered)) - set(re.findall(r"\w+", findings)):
        return False
    words = set(WORD.findall(lowered)) - set(WORD.findall(findings))
    if any(len(word) < 3 and word not in _SHORT for word in words):
        return False
    return is_word is None or all(map(is_word, words))
