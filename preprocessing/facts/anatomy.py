r"""Parts of the chest, and how words about them are linked: what phrases and terms are made of.

Regular expressions over lower-cased text, tried in the order given at each word; ``_`` stands for
any white space. Written from general knowledge of chest radiography. ``xxxx`` is the mark that
de-identification leaves in Open-i in place of any word.
"""

HEART = (
    r"(?:heart(?! failure)(?:_(?:size|shadow|silhouette))?|cardiac(?:_(?:size|shadow|contours?"
    r"|silhouette|and mediastinal (?:silhouettes?|contours?)))|cardio-?(?:mediastin\w+|pericardial)"
    r"(?:_(?:silhouettes?|contours?|size|structures))?|size of the heart)"
)
MEDIASTINUM = r"(?:(?:superior )?mediastin(?:um|al (?:contours?|silhouettes?|width|size|shadow)))"
# Words between a subject and what is said of it: no verdict, and no end of the clause.
GAP = (
    r"(?:[ ,:/-]+(?!(?:not|non|no|nor|without|but|normal\w*|unremarkable|enlarge\w*|large|larger"
    r"|big"
    r"|prominen\w+|borderline|upper|top|high|increased|widen\w*|wide|clear|exaggerated|magnified"
    r"|there|with|lungs? (?:is|are)|unchanged|stable|limits?)\b)(?:\d?\.\d+|[\w']+)){0,%d}?[ ,:-]+"
)
ENLARGED = (
    r"(?:enlarged|large|larger|big|bigger|prominent|increased(?: in size)?|enlargement|above normal"
    r"|cardiomegaly)"
)
LUNG = (
    r"(?:lungs?(?:_(?:fields?|parenchyma|zones?|volumes?|bases))?|lung\w*|hemithora(?:x|ces)"
    r"|pulmonary parenchyma)"
)
BONES = r"ribs?|stern(?:um|al)|clavic\w+|collar-?bone|scapula\w*|humer\w+|bone|cortex"
