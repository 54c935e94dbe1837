"""What a sentence says of the things it mentions: there, not there, in doubt, or past.

Cues in the manner of NegEx and ConText (Chapman et al. 2001; Harkema et al. 2009) govern the
mentions behind them or before them up to the bounds of their clause. One engine for entities,
observations and statements; ``docs/reading.md`` has the conventions with an example each. The
cues and bounds were written for chest imaging.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from preprocessing.text.alternatives import Alternatives
from preprocessing.text.days import EARLIER_DAY

# "past": of another time, person or thing; "moved": put in its right place.
Status = Literal["present", "absent", "uncertain", "past", "moved"]
Certainty = Literal["definite", "probable", "possible", "unlikely"]

_SEEN = (
    r"(?:seen|identified|visuali[sz]ed|demonstrated|present|evident|appreciated|detected|noted"
    r"|visible|detectable|demonstrable|identifiable|traceable|found|apparent|observed|shown|suggested|suspected|recogni[sz]ed|depicted|there"
    r"|reproduced|discernible|discerned|encountered|perceived|delineated|xxxx seen|xxxx)"
)
_AUX = (
    r"(?:is|are|was|were|has|have|had|do|does|did|has been|have been|had been|can|could|will|would)"
)
_BE = r"(?:is|are|was|were|be|been|being|has been|have been|had been|remains?|appears?)"
_ADVERB = (
    r"(?:(?:(?!partly|nearly|partially|largely|mostly|incompletely|only)\w+ly|now|well|since|both"
    r"|all|also|again|yet|otherwise|longer|any ?more|definitely) ){0,4}"
)
_MEASURED = (
    r"(?:changed?|changes(?! of)|increased?|decreased?|improve(?:d|ment)|progress(?:ed|ion)"
    r"|grow(?:th|n)"
    r"|worsen(?:ed|ing)|reductions?|reduced|alter(?:ed|ations?)|enlargement of|resolution"
    r"|resolved|clear(?:ed|ing)|differen(?:t|ce)|moved"
    r"|shrunk|cleared|re-?expanded)"
)
_PRIOR = r"(?:(?:the|any|a) )?(?:prior|previous|earlier|old|older|outside|comparison|last)"
_END = (
    r"(?= ?[.,;:)\]]| ?$| and\b| but\b| or\b| with\b| on\b| in\b| at\b| by\b| from\b| to\b"
    r"| given\b)"
)
_STOP = r"(?= ?[.,;:)\]]| ?$| and\b| but\b| is\b| are\b)"
# The beginning of a sentence; the one that is read may stand behind a single blank.
_FIRST = r"(?:(?<![\s\S]{2})|(?<=[.;\n] ))"
_GONE = (
    r"(?:resolved|cleared|disappeared"
    # "Gone up", and "gone from 1 cm to 3 cm", is still there.
    r"|gone(?! (?:up|down|back|to|from (?:[^\s.;]+ ){1,4}?to)\b)|vanished|(?:re-?)?absorbed|closed"
    r"|returned to normal(?: size)?|abated|settled|regressed (?:completely|entirely|fully)"
    r"|(?:(?<=completely )|(?<=entirely )|(?<=fully ))regressed|normali[sz]ed)"
)
_TAKEN = (
    r"(?:removed|withdrawn(?!,? (?:now |and )?(?:with|to|by|into|slightly)\b)"
    r"|taken out|resected|excised|extracted|explanted|retrieved|pulled out"
    # "Drained, a small rest": some of it is still there.
    r"|(?:drained|tapped(?: dry| to dryness)?)(?!,? (?:(?:and|with|but|leaving) )?"
    r"(?:an? |the |some )?(?:(?:small|tiny|thin|minimal|large) )?"
    r"(?:residual|residuum|remaining|remainder|remnant|rest\b))"
    r"|aspirated(?! in)|evacuated|discontinued|re-?expanded)"
)

# Kind of cue -> pattern, tried in this order at each word.
_CUES: dict[str, str] = {
    # Looks like another cue and is none; it also shields the words inside it.
    "nothing": (
        rf"(?:no|without)(?: \w+){{0,3}}? {_MEASURED}(?<!change)(?: (?:in|of|from|to|since)\b)"
        r"|(?:no|without)(?: \w+){0,3}? change (?:in|from|to|since|vs|versus|cf|compared|w)\b"
        # What might grow is there: "no suggestion of enlargement of the known nodule".
        r"|(?:no|without)(?: \w+){0,3}? (?:enlargement|growth|extension|expansion)"
        r" of (?:the |this |these )?(?:known|existing|residual|remaining)"
        # Dictated without its "in": "no change left effusion".
        r"|(?:no|without)(?: (?:significant|interval|definite|appreciable|further))* change"
        r"(?= (?:the|this|these|left|right|bilateral|bibasilar|small|tiny|mild|moderate|large"
        r"|marked|calcified|known|previous|size of)\b)"
        r"|(?:associated|along) with"
        rf"|(?:no|without)(?: (?:any|significant|interval|definite|appreciable|further|other))*"
        rf" {_MEASURED}{_STOP}"
        rf"|(?:{_AUX} )?(?:not|never|n't) (?:been )?{_ADVERB}{_MEASURED}"
        rf"|(?:not|never|n't) (?:\w+ ){{0,2}}?(?:changed|different|as|so|only|increased|decreased"
        r"|calcified|cavitat\w+|spiculated|enhanc\w+|loculated|comminuted|angulated|depressed|healed"
        r"|united"
        rf"|progressed"
        r"|worsened|improved)"
        r"|(?:shows?|showing|has|have|with) no (?:sign of )?(?:change|improvement|resolution"
        r"|interval change)"
        r"|not (?:well|fully|completely|entirely|clearly|optimally|available|included)"
        r"(?: (?!seen|visuali|excl|absent|enlarge|demonstr|identif|evident|apparent|appreciat"
        r"|present)\w+)"
        rf"|(?:{_BE} )?not {_ADVERB}{_SEEN} (?:on|in) {_PRIOR}"
        rf"|(?:{_BE} )?not previously {_SEEN}"
        rf"|(?:{_BE} )?(?:absent|not {_ADVERB}{_SEEN}) (?:\w+ ){{0,3}}?(?:ago|yesterday|last"
        rf"|prior|previous"
        rf"|previously|earlier|before|pre-? ?(?:procedur\w+|operativ\w+|op|biopsy)|(?:19|20)\d\d)"
        rf"|(?:was|were|had been) (?:absent|not {_ADVERB}(?:there|{_SEEN})) {EARLIER_DAY}"
        rf"|not (?:there|{_SEEN}) {EARLIER_DAY}"
        # Seen on one view: the other one's silence denies nothing.
        r"|(?:formerly|previously|earlier|before) (?:about |around )?\d+(?:\.\d+)? ?[cm]m\b"
        rf"|(?:{_BE} )?not well {_SEEN}"
        rf"|(?:(?:which|that|it|this|these|they) (?:is|are|was|were)"
        rf"|(?<=, )) ?not {_ADVERB}(?:well )?{_SEEN} (?:(?:on"
        r"|in) (?:the |a )?(?:\w+ )?)?(?:lateral|lat|frontal|pa|ap|dp|portable|oblique|decubitus"
        r"|orthogonal|other|second)\b"
        r"|no (?:evidence|indication|sign|suggestion) that"
        r"|(?:no|without|beyond) (?:doubt|question)(?: (?:about|of|that))?"
        rf"|(?:needs? to|should|must|ought to|has to|have to"
        rf"|requires? to) be (?:\w+ly )?(?:{_TAKEN}|advanced|retracted|repositioned)"
        r"|no\. \d|no \d(?![\d.]* ?[mc]m\b)|it (?:is|would be|is not) (?:wrong|incorrect"
        r"|false|the case|true"
        r"|correct)(?: to say)? that(?: there (?:is|are) no)?"
        r"|(?:in|since|of|from|last|until|by|early|late) may\b|no (?:fewer|less|small) than"
        r"|no (?:lack|shortage|absence) of|(?:it is )?not (?:clear|certain|known"
        r"|sure)(?= whether(?! there))"
        r"|which (?:\w+ ){1,4}?(?:had |has )?(?:shown|showed|demonstrated|seen|noted)"
        r"|(?:whether|that|because|as|if(?! there (?:is|are) an?y?\b)) there"
        r" (?:is|are|may be|might be|was|were)"
        r"(?! (?:\w+ )?(?:suspicion|concern)s?\b)"
        # Of what is there: "differential of this opacity", "suggest biopsy of the mass".
        r"|differentials?(?: diagnos[ei]s)?(?: considerations?)? (?:for|of)(?= (?:the|this|these"
        r"|those|left|right|such)\b)"
        r"|(?:suggest|recommend|advis|consider|request)\w* (?:[\w-]+ ){0,4}?(?:biops(?:y|ies)"
        r"|aspiration|thoracentesis|drainage|sampling|fna|excision|resection|tapping|tap) of"
        r"(?= (?:the|this|these)\b)"
        r"|not (?:\w+ly )?(?:seen|visuali[sz]ed|identified) with certainty|(?:tips?"
        r"|ends?) of (?:the |an? )?"
        r"(?:[\w-]+ ){1,4}?(?:is|are|can) not (?:\w+ly )?(?:be )?(?:\w+ly )?(?:seen|visuali[sz]ed"
        r"|identified)(?: with certainty)?"
        r"|not (?:yet )?(?:an? )?(?:complete|full|total|entire) (?:resolution|clearing"
        r"|clearance)(?: of)?"
        r"|not (?:an? )?(?:insignificant|inconsiderable|negligible|small|trivial)\b"
        r"|no longer (?:any|in) (?:doubt|question)(?: about| of| that)?|tips? (?:is "
        r"|are )?not (?:\w+ly )?"
        r"(?:seen|visuali[sz]ed|visible|included|identified)(?: (?:below|beyond|on|beneath|in))?"
        r"|not without|not necessarily present|no longer (?:as|so)"
        r"|none of (?:it|them|this|these|which) (?:is|are|was|were"
        r"|(?:(?:has|have) )?(?:moved|changed|shifted|displaced|kinked|migrated))"
        r"|(?:presumed|presumably|possibly|probably|likely) aspirated|aspirated (?:in|into|to)\b"
        r"|absent (?:on|from|in|at) (?:the )?(?:last|prior|previous|earlier|old|first|\w+'s)"
        r"|(?:knuckle|knob|arch|contours?|borders?|outlines?|margins?|silhouette|stripe|angle|sulcus"
        r"|hemi-?diaphragm|diaphragm|window) (?:(?:can|could|is|are) )?no longer (?:be )?"
        r"(?:\w+ly )?(?:made out|seen|identified|traced|visible|discern\w+|defined|recogni\w+)"
        rf"|(?:(?:{_AUX}|only|now) ){{0,2}}(?:partial|partially|partly|incomplete|incompletely"
        rf"|near|nearly|almost|near-|largely|mostly"
        r"|essentially)[ -](?:- )?(?:\w+ )?(?:interval )?(?:resol\w+|clear\w+|gone|drained"
        r"|evacuated|removed|re-?expan\w+)(?: of)?"
        rf"|(?:{_AUX} )?not (?:been )?(?:yet |entirely |completely |fully |totally )*(?:resolved"
        rf"|cleared|gone|disappeared|drained|removed)"
        r"|(?:failed|fails|failure) to (?:resolve|clear|improve|re-?expand)"
        r"|no comparison\w*|no (?:prior|previous) (?:studies|study|films?|exam\w*|imaging"
        r"|radiograph\w*|ct|images|chest)"
        r"|(?:that|(?<!, )which) (?:was|were|is|are|has been|have been|had been)"
        r"|(?:no|not) (?:increased?|decreased?) in size"
        r"|not (?:only|just|merely|simply)"
        r"|no (?:significant |apparent )?complication\w*"
        r"|with(?: and |/|-and-|, )?without (?:iv |intravenous |oral )?contrast(?: \w+)?"
        r"|(?:without|no) (?:(?:iv|intravenous|oral|any|the use of) )*contrast"
        r"(?: (?:medium|material|agent"
        r"|administration|enhancement))?(?= ?[:.,;]| of\b| at\b)"
        r"|non[- ](?!enlarged|dilated|visuali\w+|expanded|existent)\w+|nondisplaced|noncalcified"
        r"|nonspecific|nonunion"
        r"|if (?:symptoms|clinically (?:indicated|warranted)|needed|necessary|required|warranted"
        r"|desired)"
    ),
    # Another person's words, an earlier time, or only more of the same: neither there nor not.
    "past_after": (
        r"(?:no|without|nor|not|negative for)(?: (?:any|evidence of|definite|significant"
        r"|interval))* (?:\w+ )?"
        r"(?:other|additional|further|new|newly developed|developing|recurrent"
        r"|residual or recurrent|worsening"
        r"|enlarging|increasing|progressive)(?! (?:of|in|to|than)\b)"
        r"|(?:(?:past|previous|prior|remote|known|medical|surgical|clinical|distant|reported) )*"
        r"(?:history|hx) (?:of|includes?|is significant for)|h/o|(?:reason|indication) for"
        r"|(?:clinical )?(?:question|suspicion|concern) (?:was|is)? ?(?:of|for"
        r"|raised)(?= \w+ on referr)"
        r"|(?:in|for|with|of) (?:the )?(?:clinical )?(?:evaluation|assessment|detection"
        r"|exclusion) of(?= free| pneumo)"
        r"|limited (?:for |in )?(?:the )?(?:evaluation|assessment|detection) (?:of|for)(?= free"
        r"| pneumo)"
        r"|(?:after|following|since|prior to|before|status post|post|previous|prior) (?:\w+ )?"
        r"(?:treatment|therapy|resection|removal|repair|drainage|treated|excision|extraction"
        r"|withdrawal|extubation)(?: (?:of|for))?"
        r"|(?:interval |subsequent |recent )?(?:removal|extraction|withdrawal|retrieval"
        r"|explantation|evacuation|drainage) of"
        r"|(?:father|mother|brother|sister|sibling|son|daughter|wife|husband|uncle|aunt|cousin"
        r"|grand(?:father|mother|parent)|room-?mate)s? (?:\w+ ){0,2}?(?:has|have|had|with"
        r"|died (?:of|from)|(?:was |were )?(?:treated|diagnosed|operated) (?:for|with)"
        r"|suffer\w* from|is known (?:for|with))"
        # "Apparent cardiomegaly is due to the AP projection."
        r"|apparent(?= (?:\w+ ){1,6}?(?:is |are )?(?:\w+ly )?(?:due to|caused by|from|because of"
        r"|related to|explained by|accounted for by"
        r"|an effect of) (?:the )?(?:\w+ ){0,2}?(?:projection"
        r"|positioning|rotation|technique|magnification|poor inspiration|low volumes|ap view))"
        r"|(?:for|after|following) (?:last|this|the previous) (?:week|month|year|winter|spring"
        r"|summer"
        r"|autumn|fall)(?:'s)?"
        r"|previously (?:thought|believed|considered|interpreted|called|felt) (?:to be|as"
        r"|to represent)"
        r"|(?:asks?|asked|queries|enquir\w+|inquir\w+|worried|worries) (?:about|whether|if|for)"
        r"|(?:look|watch|monitor|screen|check)(?:ing)? for|correlat\w+ (?:\w+ )?for"
        r"|(?:notes?|records?|letters?|referral|request|details|ward|patient|mother|form"
        r"|card) (?:mentions?|states?|says|reports?|describes?|gives|queries|asks (?:about"
        r"|whether|if)?)"
        r"|(?:requested|referred|sent|ordered|performed|done|asked) to (?:rule out|exclude"
        r"|evaluate|assess|look for|check for)(?: for)?"
        r"(?! (?:the )?(?:size|progress|extent|course|position) of)"
        r"|(?:re-?image|re-?x-?ray|re-?scan|repeat|return|re-?refer|image) (?:\w+ )?for"
        rf"|{_FIRST}if(?! (?:any|present|there|real|so)\b)|if (?:there (?:is"
        r"|are) )?(?:\w+ )?(?:suspicion|concern|doubt)s?"
        r" (?:of|for|about)"
        rf"|{_FIRST}what (?:looks? like|appears? to be|seems|resembles|might be taken for)"
        rf"|{_FIRST}should(?! be\b)|if (?:signs|symptoms|evidence) of"
        r"|(?:checked|monitored|screened|screening|surveillance|scanned|imaged|followed"
        r"|investigated|reviewed)(?: \w+)? for"
        rf"|{_FIRST}(?:please )?(?:evaluate(?: for)?|assess(?: for)?|check for|confirm)"
        rf"|please (?:exclude"
        r"|rule out|evaluate for|assess for|check for)"
        r"|if (?:an?|the|clinical)(?! (?:\w+ )?(?:present|real))"
        r"|treated for|in patients? with|at risk (?:of|for)|to (?:document|confirm|ensure"
        r"|demonstrate) (?:clearing|resolution)(?: of)?"
        r"|(?:follow|following)[ -]?up (?:of|for|to)(?! (?:exclude|rule|assess|confirm|evaluate))"
        r"|formerly"
        r"|(?:mimic(?:s|king|ked)?|simulat(?:e|es|ing|ed)|resembl(?:e|es|ing)|mistaken for"
        r"|masquerad\w+ as"
        r"|confused with|imitat\w+|overl(?:y|ies|ying) and simulat\w+|(?:gives?"
        r"|giving) the (?:false )?(?:appearance|impression) of"
        r"|pseudo-?|should not be (?:mistaken|confused) (?:for|with))"
    ),
    "past_before": (
        rf"(?:is|are|was|were|been|has|have|had) {_ADVERB}(?:been )?{_ADVERB}{_TAKEN}(?! by)"
        rf"|(?:(?:is|are|was|were) (?:now )?)?(?:{_TAKEN}|taken out|out)(?=[ ]?[.,;:)]|[ ]?$"
        rf"| (?:this|yesterday|today|since|overnight|last|in the interval)\b)"
        r"|(?:has|have|had) responded (?:completely|fully|entirely)"
        r"|(?:has|have|had) (?:\w+ )?(?:come|fallen|slipped) out(?! (?:of|to|by))"
        r"|treated (?:in|with|for \w+ (?:weeks|months))|looks? like (?:\w+ ){0,2}?(?:bowel|colon"
        r"|stomach|fat|vessels?|gas in)"
        rf"|(?:{_BE} )?(?:previously|formerly|earlier) (?:{_SEEN}|described|reported|known|treated)"
        rf"(?= (?:is|are|has|have|had) )"
        r"|(?:is|are|was|were|represents?|reflects?|(?:most likely|likely|probably) (?:be"
        r"|represent|reflect)"
        r"|(?:(?:compatible|consistent) with|in keeping with)|due to)"
        r" (?:(?!but|not|or|though|while|suspected|possible)\w+ ){0,3}?"
        r"(?:nipple (?:shadows?|markers?)|nutrient (?:canals?|foram\w+|vessels?)"
        r"|vascular grooves?|growth plates?|phys[ei]s|sutures?|apophys\w+|accessory ossicles?"
        r"|skin ?(?:folds?|lesions?|creases?|tags?)|artefacts?|artifacts?|artifactual|artefactual"
        r"|overlap(?:ping)?(?: (?:structures?|shadows?|vessels?))?|composite shadows?"
        r"|summation(?: shadows?| artifacts?)?"
        r"|superimpos\w+(?: \w+)?|projectional|vessels? (?:seen )?(?:on end|end-on)|bone islands?"
        r"|ekg leads?|ecg (?:leads?|electrodes?)|mach (?:band|effect|line)s?"
        r"|(?:normal )?variants?|costochondral calcifications?|hair braids?|clothing"
        r"|overlying (?:\w+ )?(?:leads?|lines?|clothing|object|hair))"
    ),
    "moved_before": (
        rf"(?:since|now|subsequently|later) (?:been )?(?:repositioned|replaced|exchanged"
        rf"|corrected|re-?sited)|"
        rf"(?:is|are|was|were|been|has|have|had) {_ADVERB}(?:been )?{_ADVERB}(?:repositioned"
        rf"|replaced|exchanged|corrected|re-?sited|pulled back|retracted|advanced|withdrawn (?:by"
        rf"|\d))(?! by)"
    ),
    "uncertain_before": (
        rf"(?:{_AUX} )?(?:can not|could not|may not|might not|cannot"
        rf"|not) (?:\w+ )?(?:be )?(?:\w+ly )?(?:been )?(?:\w+ly )?"
        r"(?:excluded|ruled out|discounted|discarded|dismissed)"
        r"|(?:is |are |was |were )?(?:difficult|hard|impossible|not possible|unable) to (?:confirm"
        r"|tell"
        r"|prove)(?: or (?:to )?(?:exclude|refute|rule out|deny))"
        rf"|(?:(?:{_BE}|would be|may be) )?(?:difficult|hard|impossible"
        rf"|not possible) to (?:\w+ly )?(?:be )?(?:excluded?|ruled? out)(?= on| given| with"
        rf"| ?[.,;)]| ?$)"
        rf"|(?:(?:{_BE}|may be|might be|would be|could be|can be) )(?:\w+ )?(?:possible|probable"
        rf"|likely|suspected|questioned|favou?red"
        r"|questionable|conceivable|uncertain|equivocal|presumed|considered|in the differential"
        rf"|a (?:\w+ )?(?:possibility|consideration|concern)|of concern|not certain|unclear){_END}"
        r"(?! to (?:\w+ly )?(?:exclude|discard|rule out))"
        rf"|{_BE} (?:\w+ly )?(?:suggested|questioned|suspected|raised)"
        rf"|{_BE} not (?:\w+ly )?favou?red|(?:may|might|could) not (?:always )?be {_SEEN}"
        rf"|(?:may|might) or (?:may|might) not be(?: (?:real|present|there))?|(?:may|might|could"
        rf"|can) (?:(?:also|well|all|both|each) )*(?:be (?!xxxx){_SEEN}|have (?:this|a similar"
        rf"|such an?|the same) appearance"
        r"|look (?:like this|similar)|account for (?:this|these|it)|give (?:this"
        r"|a similar) (?:appearance|picture)|produce this)"
        rf"|(?:should|must|ought to|(?:has|have|needs?|remains?) to|{_BE} to|to) be (?:considered"
        r"|excluded|ruled out|borne in mind|kept in mind)"
        r"|needs? (?:to be )?(?:excluding|exclusion|ruling out)"
        rf"|{_BE} (?:queried|among the (?:considerations|differentials?|possibilities))|(?:in"
        r"|on) the differential"
        r"|(?:may|might|could) (?:also |well )?(?:co-?exist|contribute|have developed|be developing"
        r"|be superimposed|underlie)"
        r"|(?:is |are |was |were )?not (?:\w+ly )?absent"
        rf"|(?:{_BE} )?(?:considered |thought |felt |judged )?(?:to be )?(?:less likely(?! \w)"
        rf"|unlikely"
        rf"|not likely|improbable)(?! to| represent)"
        rf"|if (?:any|present|at all(?: present)?|it exists|real|so)\b|\?(?= ?[.,;)]| ?$)"
        r"|(?:questionable|possible|probable|suspected|equivocal|not certain|query"
        r"|queried)(?= ?[.,;:)]| ?$)(?:(?<![,:] questionable)|(?= ?$))"
    ),
    "uncertain_around": (
        rf"(?:{_BE} )?(?:(?:favou?red|preferred) over|(?:more likely|likelier) than)|"
        r"versus(?! (?:the )?(?:\d|prior|previous|earlier))"
        r"|vs(?!\.? (?:the )?(?:\d|prior|previous|earlier|none|one|two|three|four|five|six)\b)"
        r"(?!\.? \d)\.?|and/or"
        r"|(?:(?:is|are) (?:\w+ly )?)?favou?red over|(?:is|are) (?:\w+ly )?favou?red"
    ),
    "absent_before": (
        rf"(?:{_AUX} )?(?:not|n't|never|no longer) (?:to be |be |been |any "
        rf"|longer )?{_ADVERB}{_SEEN}(?! (?:on|in) (?:the )?(?:prior|previous|earlier|last))"
        r"|there (?:is|are|was) no (?:sign|evidence|trace|suggestion"
        r"|indication)s?(?: (?:whatsoever|at all|here|today|seen))*(?= ?[.,;]| in this\b| ?$)"
        rf"|(?:{_AUX} )?not (?:a )?(?:features?|part) of"
        r"|(?:(?:was|were|has|have)(?: (?:both|all))?(?: been)? )?(?:looked|searched"
        r"|sought)(?: for)?,?"
        r" (?:and|but) (?:not|never|none) (?:been )?(?:found|seen|identified|detected|demonstrated)"
        r"|searched for[,:]? none found"
        r"|(?:and )?none of (?:these|them|which|those|the above)(?: (?:is|are|was|were))?(?: \w+)?"
        r"|(?:also )?(?:no|none|nil|negative|absent|not present|not seen)(?= ?[,.;:)\]|]| ?$)"
        r"|(?:all|both)(?: (?:of (?:these|them|which)|two|three|four))? (?:are )?(?:absent"
        r"|negative|excluded|not seen)"
        rf"|can (?:not|no longer) (?:\w+ly )?be (?:\w+ly )?{_SEEN}|can not (?:\w+ly )?be made out"
        rf"|(?:{_BE}|has been|have been) (?:without question |now "
        rf"|both ){{0,2}}{_ADVERB}(?:absent|excluded|ruled out|{_GONE}|doubtful|passed"
        rf"|negative(?! for)|unapparent|inapparent|lacking|not a feature)(?! (?:in|on) the prior)"
        rf"|(?:has|have|had) {_ADVERB}passed|(?:has|have) {_ADVERB}been {_ADVERB}(?:reduced"
        rf"|relocated)(?! in| by| from)"
        rf"|(?:has|have|had) {_ADVERB}(?:completely |entirely |fully )?{_GONE}"
        rf"|(?:has|have|had) {_ADVERB}been {_ADVERB}(?:excluded|ruled out)"
        rf"|(?:completely|entirely|fully|now|totally) {_GONE}|{_GONE}(?= ?[.,;:)]| ?$"
        rf"| (?:completely|entirely|fully|since|in the interval))"
        r"|ruled out|(?:is |was )?answered in the negative|(?:is |are )?conspicuous by (?:its"
        r"|their) absence"
        r"|(?: ?[:=?]| -) *(?:none|no|absent|negative|not (?:seen|present|identified|detected"
        r"|applicable|evident)|nil|n/?a|0|zero"
        r"|(?:complete|full|total)(?:ly)? (?:clearing|clearance|resolution|resolved|cleared"
        r"|regression|gone)(?: (?:on|under|after|with|since) [^.,;]{1,30})?"
        r"|nothing (?:remains|left|residual)|none (?:left|remaining|remains)|no (?:residual"
        r"|residuum|remnant|residue|remainder)|gone"
        r"|not|unremarkable|denied|excluded|resolved|clear(?:ed)?)(?: (?:is|are|was))?(?: (?:seen"
        r"|identified|detected|evident|visible|present|noted|found|demonstrated))?(?= ?[.,;:)\]]"
        r"| ?$)"
        rf"|(?<=[,;] )none(?: (?:seen|identified|evident))?(?= ?[.,;]| ?$)"
        rf"|(?:{_AUX} )?not (?:recurred|re-?accumulated|reappeared|returned)"
        r"|(?:do|does|did) not (?:persist|recur|remain|reaccumulate)"
        r"|(?:has|have|had) not (?:\w+ )?(?:developed|occurred|appeared|formed|arisen|ensued)"
    ),
    "present_before": (
        r"(?: ?[:=?]| -)? ?(?:yes(?= ?[.,;:()\]]| ?$| \()|positive(?! (?:for|pressure|airway"
        r"|end)))|(?: ?[:=?]| -) ?present(?= ?[.,;:()\]]| ?$| \()"
        r"|(?:no longer|not) (?:in doubt|doubtful|uncertain)"
    ),
    "uncertain_after": (
        r"(?:difficult|hard|impossible|not easy)(?: for (?:me|us))? to (?:say|tell|be sure"
        r"|be certain)"
        r"(?: whether| if| that)?(?: there (?:is|are))?(?: no)?"
        r"|(?:(?:can|could|may|might|does|do|would)? ?not|unable to|difficult to|hard to"
        r"|impossible to|not possible to|without) (?:\w+ ){0,2}?(?:exclude|excluding|discard|rule"
        r" out)"
        r"|can not (?:be said|say|state|be sure|be certain|tell)(?: that)?(?: there (?:is|are))? no"
        r"|(?:(?:can|could|may|might|does|do|would)? ?not|unable to|difficult to|hard to"
        r"|impossible to|(?:not )?possible to) (?:be )?(?:\w+ly )?(?:tell|say|said|told|determine"
        r"|determined|know|decide|judge)(?: for certain)? (?:whether|if)"
        r"(?: there (?:is|are|was|may be))?"
        r"|(?:un|not )(?:clear|certain|sure|known|resolved) (?:whether|if)"
        r"(?: there (?:is|are|was|may be))?"
        r"|(?:to )?(?:rule out|exclude|evaluat\w+(?: \w+)? for|assess\w*(?: \w+)? for|evaluate)"
        r"|in the appropriate clinical setting"
        r"|not (?:\w+ly )?(?:typical|characteristic|diagnostic|specific|definite"
        r"|definitive) (?:of|for)"
        r"|not (?:certain|sure|known|proven|established)(?: that| if)?"
        r"|not necessarily|unlikely to (?:be|represent)|less likely(?: to (?:be|represent))?"
        r"|unlikely|not (?:definitely|clearly) (?:a|an)\b"
        rf"|{_FIRST}whether|wonder(?:s|ing)? (?:whether|if|about)(?: there (?:is|are|was|may be"
        r"|might be))?|possib(?:le|ly|ility of|ilities (?:of|include))"
        r"|probab(?:le|ly|ility of)|likely|perhaps|maybe|conceivabl[ye]"
        r"|may|might|could|would"
        r"|suggest(?:s|ed|ing|ive of|ion of|ions of)?|in favou?r of"
        r"|(?:suspicious|suspicion|concerning|worrisome|concern|worry|query|equivocal"
        r"|suspect)s? (?:is )?(?:raised )?(?:for|of|about)"
        r"|suspect(?:ed|s)?|questioned|raises?|raising|raised"
        r"|questions?(?: of)?|questionable|questionably|dubious|borderline|doubtful|\?"
        rf"|(?:i|we) doubt(?: that)?|{_FIRST}doubt|presum(?:ed|ably|ptive)|apparent(?:ly)?"
        r"|equivocal(?:ly)?|potential(?:ly)?"
        r"|favou?r(?:s|ed to|ing)?|(?:felt|thought|believed|considered) to(?: be| represent)?"
        r"|(?:there )?appears? to (?:be|represent)|consider(?:ation of)?"
        r"|differentials?(?: diagnosis)?(?: considerations?)?(?: (?:includes?|is|of|are"
        r"|would include))?"
        r"|in case of|(?:whether|if) (?:\w+ ){0,4}?(?:is|are|represents?|reflects?)"
        r"|(?:as )?(?:can|could) be seen (?:in|with)|should|either(?! (?:lung|side|hemi|base|apex"
        r"|hil|lobe|costo|pleur))|query|cannot exclude|\?"
    ),
    "absent_after": (
        r"no longer(?: (?:any|an?|evidence of|shows?|demonstrates?))?"
        r"|nothing (?:that |which )?(?:would )?(?:to suggest|to indicate|suspicious for"
        r"|concerning for|suggest(?:s|ing|ive of)?|indicat\w+)"
        r"|(?:negative|neg) for|(?:is |are |remain |remains |appear |appears )?(?:free|clear"
        r"|devoid) (?:of|from)"
        # "The lungs are clear airspace disease": "of" was lost.
        r"|(?:(?<=lungs )|(?<=lungs are )|(?<=expanded and ))clear(?= (?:focal |acute |any )*"
        r"(?:air ?-?space (?:disease|opacit\w+)|consolidations?|infiltrates?) ?(?:[.,;]|$|or\b))"
        r"|(?:absence|lack|(?:complete )?(?:interval )?resolution|(?:complete"
        r"|full) (?:interval )?clearing|disappearance|exclusion) of"
        r"|fails? to (?:show|demonstrate|reveal|identify)|failed to (?:show|demonstrate|reveal"
        r"|identify)"
        r"|(?:is |are |was |were )?not (?:\w+ly )?(?:consistent|compatible|in keeping|in line) with"
        r"|(?:inconsistent|incompatible|not at all in keeping) with"
        r"|rather than|instead of|exclud(?:es|ing)|resolved|lacks?|den(?:y|ies|ied)"
        r"|(?:not|n't|no|without|neither|nor|none(?: of)?|never|absent(?: (?:is|are))?|zero)"
        r"|un-?remarkable for"
    ),
    # Where every scope ends.
    "bound": (
        r"(?:is|are) now (?:seen|known|shown|found|thought) to be|but|however|although|though"
        r"|whereas|while|except(?:ing|ed)?(?: (?:for|that))?"
        r"|yet(?! to)|aside from|apart from|other than"
        r"|besides|otherwise|rather(?! than)|nevertheless|nonetheless|still(?= (?:there|the|a)\b)"
        r"|despite"
        r"|in spite of|notwithstanding|save for|with the exception of|because|since|[;\n]"
        r"|there (?:is|are|has|have|remains?|persists?|exists?|appears?|lies|seems?)|(?:instead"
        r"|also)(?=,? (?:there|a|an"
        r"|the)\b)|as well as(?= an?\b)"
        r"|after(?= (?:the|a|an|his|her|both) (?:\w+ ){1,3}(?:was|were) (?:taken out|removed"
        r"|pulled))"
    ),
    # Ends what looks ahead, not what looks back: "no loosening of the wires, which are intact".
    "relative": r"which(?: (?:was|were|is|are|has been|have been|had been))?",
    "colon": r":(?= )",
    "open": r"\(",
    "close": r"\)",
    # Ends a negation, and what a doubt or a denial behind it can reach.
    "with": (
        r"with(?! evidence)|alongside|accompanied by|together with|(?<!the )following|after"
        r"|status post"
    ),
    # Ends a negation only.
    "place": (
        r"(?:within|inside|behind|beneath|overlying|around|surrounding|near|beside|in|alongside)"
        r" (?:the|an?|this|that|known|both)"
    ),
    "cause": (
        r"secondary to|due to|because of|representing|related to|from|compatible with"
        r"|consistent with|in keeping with|on a background of|superimposed on|adjacent to"
        r"|at the site of|where|behind"
    ),
    # What a differential holds is in doubt.
    "includes": r"includes?|comprises?|lies between",
    "verb": (
        r"is|are|was|were|has|have|had|remains?|persists?|appears?|shows?|demonstrates?|measures?"
        r"|represents?|reveals?|contains?|lies|ends|terminates|obscures?"
    ),
    "or": r"or|nor",
    "separator": r",(?: and| also)?|and(?: also)?|&|\+",
}
_CUE = Alternatives(
    _CUES,
    start=r"(?:(?<!\w)(?<!\w-)(?=\S)|(?=[,:=? ;()&+]))[\s\S]",
    behind=r"(?:(?!\w)|(?<=\())",
)

# What opens a new clause behind a comma or "and": an article, or an adjective of what is there.
_ARTICLE = re.compile(
    r"(?:again |now |also |only )?(?:an?|the|this|these|its|some|another|known)\b"
)
_PRESENT = re.compile(
    r"(?:again |now |also |only |but |with )?(?:positive|stable|unchanged|persist\w+|old|healed"
    r"|healing|normal|clear|intact|chronic|known"
    r"|mild|mildly|moderate|moderately|moderate-sized|minimal|minor|small|large|tiny|slight"
    r"|severe|trace|low|prominent|new|extensive|subtle|faint|marked"
    r"|tortuous|calcified|degenerative|possib\w+|probab\w+|likely|questionable|some|several"
    r"|multiple|numerous|innumerable|countless|few|patchy|dense|hazy|residual|non-?healing"
    r"|un-?united|mal-?united"
    r"|increased|increasing|decreased|decreasing|worsening|improv\w+|bibasilar|bibasal|bilateral"
    r"|left|right|biapical|bi-?basal|unilateral|right-sided|left-sided|cardiomegaly)\b(?! (?:or"
    r"|sided or))"
)
_NEW_SUBJECT = re.compile(r" (?:an?|the|there|in (?:the|this)|on the|given)\b")
_THERE = re.compile(
    r"(?:again |now |also )?(?:there (?:is|are|has|have|remains?|persists?)|this (?:is|has)"
    r"|these (?:are|have)|it (?:is|has))\b"
)
_THERE_IS = re.compile(r"\bthere (?:is|are|was|were)$")
# "No lung disease and multiple lytic areas are present": a sentence of its own.
_MANY = re.compile(
    r"(?:multiple|numerous|several|innumerable|countless|many|two|three|four|new) (?:[\w-]+ ){1,5}?"
    r"(?:is|are|was|were|has|have)\b"
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|appears?|shows?|remains?|demonstrates?|measures?"
    r"|represents?|reveals?"
    r"|persists?|contains?|obscures?|lies|extends?|projects?|terminates?|ends|continues?|occupies"
    r"|fills|progressed|stays?|tracks?|overlies|overlie|surrounds?|blunts?|accompan(?:y|ies)"
    r"|reach(?:es)?|displaces?|compress(?:es)?|involves?|crosses|spares?|silhouettes?|developed"
    r"|appeared|reaccumulated|recurred|increased(?= (?:since|in))|run|extend|occupy|lie|surround"
    r"|cross|obscure|track|involve|project|persist|remain|shows?|continue)\b"
)
# What says that a thing is there without a verb.
_STANDS = re.compile(
    r"\b(?:in place|in situ|in (?:\w+ )?position|unchanged|tip|satisfactory|well[ -]positioned"
    r"|\d+(?:\.\d+)? ?[cm]m (?:above|below|from|short of))\b"
)
_EXISTS = re.compile(rf"\b(?:is|are|was|were) {_ADVERB}{_SEEN}\b")
_PREDICATE = re.compile(rf"\b(?:is|are|was|were) (?:\w+ly )?{_SEEN}\b")
_PIECE_END = re.compile(r",|;|\band\b|\bbut\b|\bwhile\b|\bhowever\b|\bwhich\b|\balthough\b")
_ANSWER = re.compile(r"^ ?(?:[:=?-] ?)?(?:no|none|nil|yes|positive|negative|absent)$")
_ANOTHER = re.compile(r", ?(?!(?:and|or|either|left|right|in|at)\b)[^\W\d][^,]*\w ?$")
_OTHER_THING = re.compile(r" (?:an?|the) (?!right|left)")
_OR = re.compile(r"\b(?:n?or)\b")
_DENIES = re.compile(
    r"(?:and |but |or )?(?:no|not|without|nor|neither|negative|absent|free(?= of| from))\b"
)


class Judged(NamedTuple):
    """The status of a mention, and how sure the writer is of what the status says."""

    status: Status
    certainty: Certainty


class _Clauses:
    """The walk over the cues and mentions of one sentence."""

    def __init__(
        self, text: str, start: int, end: int, mentions: Sequence[tuple[int, int]]
    ) -> None:
        self._text, self._start, self._end = text, start, end
        self._mentions = mentions
        self.judged = [Judged("present", "definite")] * len(mentions)
        self._state = Judged("present", "definite")
        self._met = 0  # mentions met so far
        self._clause = 0  # the first mention that a cue behind it may reach
        self._clause_start = start
        self._comma = 0  # the first mention behind the last bare comma
        self._opened = 0  # mentions met when the state began
        self._denials = 0  # denials since the clause began
        self._listed = False  # "or" joins items of a list
        self._cue_end = start  # of the cue that set the state
        self._or = False  # "or" met since the last mention
        self._differential = False  # "the differential of the opacity ..." met

    def walk(self, start: int) -> None:
        saved: list[Judged] = []
        for match in _CUE.finditer(self._text, start, self._end):
            self._meet(match.start())
            inside = self._met and self._mentions[self._met - 1][1] > match.start()
            kind = match.lastgroup or ""
            if inside and (
                self._mentions[self._met - 1][0] != match.start() or not kind.endswith("_after")
            ):
                continue
            self._pass(match.end(), kind)
            if kind == "open":
                saved.append(self._state)
                if self._state.status == "absent" and _PRESENT.match(self._text, match.end()):
                    self._state = Judged("present", "definite")  # "no effusion (small mass)"
            elif kind == "close":
                self._state = saved.pop() if saved else self._state
            elif kind == "nothing":
                self._differential = match.group().startswith("differential")
                # "No change in the nodule or in the effusion" names no alternatives.
                self._listed = self._listed or match.group().startswith(("no ", "without "))
            else:
                self._take(kind, match)
        self._meet(self._end)

    def _meet(self, place: int) -> None:
        """Give the mentions that begin up to ``place`` the state of their clause."""
        while self._met < len(self._mentions) and self._mentions[self._met][0] <= place:
            if self._mentions[self._met][0] == place and place == self._end:
                break
            now = self._state
            if self._or and now.status == "present" and self._met > self._clause:
                # "scar or atelectasis": one of them
                now = Judged("uncertain", "possible")
                if self.judged[self._met - 1].status == "present":
                    self.judged[self._met - 1] = now
            self.judged[self._met] = now
            self._or = False
            self._met += 1

    def _pass(self, place: int, kind: str) -> None:
        """Mentions inside a cue ("whether the density is") stand as before it."""
        if self._met < len(self._mentions) and self._mentions[self._met][0] < place:
            state = self._state
            if kind == "past_after":
                self._state = Judged("present", "definite")
            self._meet(place - 1)
            self._state = state

    def _take(self, kind: str, match: re.Match[str]) -> None:
        start, end = match.span()
        status, _, direction = kind.partition("_")
        if direction in ("after", "around"):
            new = Judged(cast(Status, status), _certainty(match.group(), status))
            weaker = {"present": 0, "moved": 0, "uncertain": 1, "past": 2, "absent": 3}
            if self._state.status == "uncertain" and status == "uncertain":
                new = min(self._state, new, key=lambda one: _SURE.index(one.certainty))
            if weaker[status] >= weaker[self._state.status]:
                self._state, self._opened, self._cue_end = new, self._met, end
            if status == "absent":
                self._denials += 1
        if direction in ("before", "around"):
            self._look_back(status, direction, match)
            if _ANSWER.search(match.group()):
                self._clause = self._met
        elif kind == "bound":
            self._open_clause(end)
        elif kind == "with":
            if self._state.status != "past":
                self._state = Judged("present", "definite")
        elif kind in ("cause", "relative"):
            if self._state.status == "absent":
                self._state = Judged("present", "definite")
        elif kind == "place":
            if self._state.status in ("absent", "uncertain") and self._met > self._opened:
                self._state = Judged("present", "definite")
        elif kind in ("verb", "includes"):
            self._clause = self._met
            if kind == "includes" and self._differential:
                self._state, self._opened = Judged("uncertain", "possible"), self._met
        elif kind == "colon" and self._differential:
            self._state, self._opened = Judged("uncertain", "possible"), self._met
        elif (
            kind == "colon"
            and self._state.status == "absent"
            and self._met > self._opened
            and _PRESENT.match(self._text, end + 1)
        ):
            self._open_clause(end)  # "no fracture: small effusion"
        elif kind == "colon":
            # "Possible tuberculosis: cavity", but not "differential diagnosis: cavity".
            if self._state.status == "uncertain" and self._text[self._cue_end : start].strip():
                self._state = Judged("present", "definite")
        elif kind == "or":
            self._or = not self._listed
            if (
                self._state.status == "present"
                and self._met > self._clause
                and self.judged[self._met - 1].status == "present"
                and _OTHER_THING.match(self._text, end)
            ):
                self.judged[self._met - 1] = Judged("uncertain", "possible")
        elif kind == "separator":
            if match.group() == ",":
                self._comma = self._met
            else:
                self._or = False
            if self._state.status != "present":
                if self._opens(start, end, match.group()):
                    self._open_clause(end)
            elif (
                match.group() != ","
                and match.group()[0] == ","
                and _NEW_SUBJECT.match(self._text, end)
            ):
                self._clause = self._met

    def _open_clause(self, place: int) -> None:
        self._state = Judged("present", "definite")
        self._clause, self._clause_start, self._denials = self._met, place, 0
        self._comma, self._or, self._listed = self._met, False, False

    def _look_back(self, status: str, direction: str, match: re.Match[str]) -> None:
        first = self._clause
        if direction == "around":
            first = max(first, self._met - 1)
            nearest = self._mentions[self._met - 1][1] if self._met else match.start()
            if match.group()[0] == "v" and _ANOTHER.search(self._text[nearest : match.start()]):
                first = self._met  # "opacity, contusion versus edema": the opacity is there
        elif _ANSWER.search(match.group()) and first < self._comma < self._met:
            first = self._comma
        elif first < self._comma < self._met and (
            not match.group().startswith(_PLURAL)
            or (
                match.group().startswith("not ")
                and _OWN_PREDICATE.search(
                    self._text, self._mentions[self._comma - 1][1], self._mentions[self._comma][0]
                )
            )
        ):
            begin = self._mentions[self._comma][0]
            if not re.search(r"\b(?:and|or|nor)\b", self._text[begin : match.start()]):
                first = self._comma
        new = Judged(cast(Status, status), _certainty(match.group(), status))
        opens = match.start() == self._start and self._met == 0
        if status == "uncertain" and opens and direction == "before":
            self._state, self._opened = new, self._met  # "Less likely pneumonia."
        for row in range(first, self._met):
            old = self.judged[row].status
            if status == "uncertain" and old in ("absent", "past"):
                continue
            if direction == "around" and old != "present":
                continue
            self.judged[row] = new

    def _opens(self, start: int, end: int, separator: str) -> bool:
        """Whether a new clause begins behind the separator at ``start`` to ``end``."""
        text = self._text
        while end < self._end and text[end] in " ,":
            end += 1
        if _DENIES.match(text, end):
            return False
        lead = text[self._start : start]
        whole = "and" in separator and _FINITE.search(lead) and _FINITE.search(text, end, self._end)
        own = "and" in separator and _MANY.match(text, end, self._end)
        if self._met == self._opened and not (whole or own or _ARTICLE.match(text, end)):
            return False  # "no acute, displaced fracture": nothing is denied yet
        if _THERE.match(text, end, self._end):
            return True
        stop = _PIECE_END.search(text, end, self._end)
        piece_end = stop.start() if stop else self._end
        piece = text[end:piece_end]
        rest = text[end : self._end]
        verb = _FINITE.search(piece)
        named = self._met < len(self._mentions) and self._mentions[self._met][0] < piece_end
        if named and "," in separator and _STANDS.search(piece) and not _OR.search(piece):
            return True  # "no effusion, line in place"
        listed = _OR.search(piece) or (_OR.search(rest) and not verb)
        if listed and not (verb and _ARTICLE.match(piece)):
            return False
        decided = self._state.status != "uncertain" or verb
        if decided and (_ARTICLE.match(piece) or _PRESENT.match(piece)):
            return True
        before = text[self._clause_start : start]
        if (
            not listed
            and _PREDICATE.search(before)
            and "and" in separator
            and self._state.status == "absent"
        ):
            return True
        if (
            "and" in separator
            and not verb
            and not _OR.search(rest)
            and _FINITE.search(lead)
            and _EXISTS.search(rest)
        ):
            return True  # "there is no effusion and nodules, 2 and 3 mm wide, are seen"
        if verb and piece[: verb.start()].strip():
            exists = _EXISTS.search(piece)
            if not exists or _FINITE.search(before) or re.search(rf"\b{_SEEN}\b", before):
                return True
            if "and" in separator and _THERE_IS.search(text, 0, self._clause_start):
                return True  # "there is no effusion and air is present"
            if separator == ",":
                return self._met - self._clause <= 1
            return False
        # "No infiltrate, no effusion, cardiomegaly"
        denied = sum(one.status == "absent" for one in self.judged[self._clause : self._met])
        return separator == "," and self._state.status == "absent" and 2 <= self._denials >= denied


# What stands behind a member of a list that has a predicate of its own: "effusion larger, ...".
_OWN_PREDICATE = re.compile(
    r" (?:unchanged|stable|small\w*|large\w*|bigger|increas\w+|decreas\w+|improv\w+|worse\w*"
    r"|similar|persist\w*|remains?|slightly|much|as before|again)\b"
)
_PLURAL = (
    "are ",
    "were ",
    "have ",
    "all ",
    "both ",
    "none ",
    "and none",
    ":",
    " :",
    "there ",
    "can ",
    "could ",
    "not ",
)
_SURE: tuple[Certainty, ...] = ("unlikely", "possible", "probable", "definite")
_PROBABLE = re.compile(
    r"suggest|(?<!im)probab|(?<!un)likely|favou?r|presum|(?:thought|felt|believed) to"
)
_UNLIKELY = re.compile(
    r"\bdoubt\b|unlikely|less likely|improbable|not likely|doubtful|not favou?red"
)


def _certainty(cue: str, status: str) -> Certainty:
    if status != "uncertain":
        return "definite"
    if _UNLIKELY.search(cue):
        return "unlikely"
    return "probable" if _PROBABLE.search(cue) else "possible"


def judge_mentions(
    text: str, start: int, end: int, mentions: Sequence[tuple[int, int]]
) -> list[Judged]:
    """What characters ``start`` to ``end`` of a plain text say of their mentions.

    ``mentions``: the characters of each, in order, not overlapping. A cue inside a mention is part
    of its name; one that a mention begins with ("no acute disease") holds of what follows it.
    """
    walk = _Clauses(text, start, end, mentions)
    walk.walk(start)
    return walk.judged
