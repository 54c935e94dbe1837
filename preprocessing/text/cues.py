"""Words that deny, doubt or pass over what stands near them, for the extractor of observations.

Regular expressions over lower-cased text, tried in the order given at each word; ``_`` stands for
any white space. Written from general knowledge of chest radiography.
"""

_SEEN = (
    r"(?:seen|identified|visuali[sz]ed|demonstrated|present|evident|appreciated|detected|noted"
    r"|visible"
    r"|found|apparent|observed|shown|suggested|suspected|recogni[sz]ed|xxxx|xxxx seen|there)"
)
_BE = r"(?:is|are|was|were|has been|have been)"
_ADVERB = r"(?:(?!not_)\w+ly_|now_|well_|since_|nearly_){0,4}"

# Kind of cue -> pattern, tried in this order. After ``deny``/``doubt``/``drop`` come the
# observations that they govern, before ``denied``/``doubted`` those.
CUES = {
    # Look like negations or doubts and are none.
    "nothing": (
        r"(?:no|without)_(?:\w+_){0,3}?(?:changes?(?!_of)|differences?|progression|worsening"
        r"|improvement"
        r"|increase|decrease|growth|enlargement of (?:the )?(?:known|existing|nodul\w+))(?:_(?:in"
        r"|of|from|to|since))?"
        r"|not_(?:\w+_){0,2}?(?:changed|different|as|only|increased|decreased|progressed|worsened"
        r"|improved)"
        r"|not_(?:well|fully|completely|entirely|available|included)(?:_(?!seen|visuali|excl)\w+)"
        rf"|(?:{_BE}_)?not_{_ADVERB}{_SEEN}_(?:on|in)_(?:the_)?(?:prior|previous|comparison|earlier|last"
        rf"|lateral|frontal|pa)"
        rf"|(?:{_BE}_)?(?:absent|not_{_ADVERB}{_SEEN})_(?:\w+_){{0,3}}?(?:ago|yesterday|last|prior|previous"
        rf"|previously|earlier|before|pre-?_?(?:procedur\w+|operativ\w+|op|biopsy)|(?:19|20)\d\d)"
        r"|not_without|no_doubt|not_be_demonstrated"
        r"|(?:partial|incomplete|near|nearly)_(?:\w+_)?(?:resol\w+|clear\w+)|no_comparison\w*"
        r"|no_prior\w*"
        r"|(?:that|which)_(?:was|were|is|are)|(?:consistent|compatible)_with|associated_with"
        r"|along_with"
    ),
    # Cannot be used either way: another person's words, or only more of the same.
    "drop": (
        r"(?:no|without)_(?:\w+_){0,2}?(?:other|additional|further|new)"
        r"|(?:past_|previous_|prior_|remote_|known_)?(?:history|hx)_of|h/o|indication|reason_for"
        r"|limited_(?:for_|in_)?(?:the_)?(?:evaluation|assessment|detection)_(?:of|for)_(?=free"
        r"|pneumo)"
    ),
    "doubted": (
        rf"(?:{_BE}_)?(?:cannot|can_not|could_not|may_not"
        rf"|not)_(?:\w+_)?(?:be_)?(?:\w+ly_)?(?:excluded|ruled_out)"
        rf"|(?:{_BE}|may_be|might_be|would_be)_(?:\w+_)?(?:possible|suspected|questioned"
        rf"|questionable"
        r"|considered|in_the_differential|a_(?:possibility|consideration)|equivocal|likely)"
    ),
    "denied": (
        rf"(?:{_BE}_)?not_{_ADVERB}{_SEEN}|(?:{_BE}_)?no_longer_{_ADVERB}{_SEEN}"
        rf"|{_BE}_{_ADVERB}(?:absent|unlikely|ruled_out|excluded|resolved|gone|cleared)"
        rf"|(?:has|have)_{_ADVERB}(?:resolved|cleared|disappeared)|(?:is_|are_)?unlikely"
        r"(?!_(?:to|represent\w*))|ruled_out|is_less_likely|(?:resolved|cleared)(?=_*(?:$|[,;:]))"
    ),
    "doubt": (
        r"(?:cannot|can_not|could_not|not|difficult_to|hard_to)_(?:\w+_)?(?:exclude|rule_out)"
        r"|(?:to_)?(?:rule_out|exclude|evaluat\w+_for|assess\w*_for|evaluate|r/o)"
        r"|correlat\w+_(?:\w+_)?for|appropriate_clinical_setting"
        r"|may|might|could|possibl[ey]|possibility_of|question(?:able)?(?:_of)?|questioned"
        r"|equivocal"
        r"|perhaps|suspect(?:ed)?|suspicio(?:us|n)_(?:for|of)|suspicious|concern(?:ing)?_for"
        r"|worrisome_for|suggest(?:s|ed|ing)?"
        r"|potential(?:ly)?"
        r"|differential(?:_\w+)?|versus|vs|and/or|raises?|apparent|if_(?:clinically|there)"
        r"|borderline|indeterminate|equivocally|should"
    ),
    "deny": (
        r"unlikely_(?:to_)?(?:represent\w*|be)?|less_likely|no_longer|negative_for|(?:is_|are_"
        r"|remain_)?"
        r"(?:free|clear)_of|(?:absence|lack|resolution|clearing)_of|(?:complete_|interval_"
        r"|has_)?resolved"
        r"|(?:not|no|without|neither|nor|none|never|denies|rather_than|excludes?|non|absent)"
    ),
    "end": (
        r"but|however|although|though|except(?:_for)?|aside_from|apart_from|other_than|besides"
        r"|nevertheless|yet|which|while|whereas|there_(?:is|are)"
        r"|(?:,|and)(?=_(?:the_)?(?:heart|lungs?|cardio\w+|cardiac|mediastin\w+|bones"
        r"|osseous_structures)_(?:\w+_){0,2}(?:is|are|remains?|appears?)\b)"
        r"|,(?=_(?:stable|unchanged|persistent|mild|minimal|probable|possible|likely|small|with)_)"
    ),
    # Ends only the reach of a negation or a doubt, never that of words after it.
    "with": r"with(?!in|out)",
    # Ends a negation only.
    "cause": r"secondary_to|due_to|because_of|representing|related_to",
    "verb": r"is|are|was|were|has|have|remains?|persists?|appears?",
    "or": r"or",
}
# Before a term under a negation: only that much of it is denied.
LARGE_WORDS = r"large|larger|sizable|sizeable|massive"
