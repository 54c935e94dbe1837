r"""The words that name an observation, and the words that deny, doubt or place it.

Regular expressions over lower-cased text, tried in the order given at each word; ``_`` stands for
any white space. Written from general knowledge of chest radiography. ``xxxx`` is the mark that
de-identification leaves in Open-i in place of any word.
"""

_HEART = (
    r"(?:heart(?! failure)(?:_(?:size|shadow|silhouette))?|cardiac(?:_(?:size|shadow|contours?"
    r"|silhouette|and mediastinal (?:silhouettes?|contours?)))|cardio-?(?:mediastin\w+|pericardial)"
    r"(?:_(?:silhouettes?|contours?|size|structures))?|size of the heart)"
)
_MEDIASTINUM = r"(?:(?:superior )?mediastin(?:um|al (?:contours?|silhouettes?|width|size|shadow)))"
# Words between a subject and what is said of it: no verdict, and no end of the clause.
_GAP = (
    r"(?:[ ,/-]+(?!(?:not|no|nor|without|but|normal\w*|unremarkable|enlarge\w*|large|larger|big"
    r"|prominen\w+|borderline|upper|top|high|increased|widen\w*|wide|clear|exaggerated|magnified"
    r"|there|with|lungs? (?:is|are)|unchanged|stable|limits?)\b)[\w']+){0,%d}?[ ,-]+"
)
_NORMAL = (
    r"(?:normal(?!_(?:in size to|to))|unremarkable|(?:not|nonenlarged)(?:_\w+ly)?_(?:enlarged"
    r"|widened)"
    r"|within limits of normal|wnl|nonenlarged|not(?:_\w+)?_(?:abnormal|increased))"
)
_TOP_NORMAL = r"(?:the )?(?:upper|high|top)(?:[ -]limits?)?(?:_of)?[ -]?normal(?:_(?:in_)?size)?"
_BORDERLINE = (
    rf"(?:borderline|{_TOP_NORMAL}[ ,]+(?:to|or)|normal_(?:in_size_)?to)"
    r"(?:_(?:in_size|size|large|mildly|slightly|enlarged|cardiomegaly|enlargement))*"
)
_LARGE = (
    r"(?:enlarged|large|larger|big|prominent|increased(?: in size)?|enlargement|above normal"
    r"|cardiomegaly)"
)
_LUNG = (
    r"(?:lungs?(?:_(?:fields?|parenchyma|zones?|volumes?|bases))?|lung\w*|hemithora(?:x|ces)"
    r"|pulmonary parenchyma)"
)
_CHEST = (
    r"(?:chest|examination|exam|study|radiographs?|x-?rays?|films?|cxr|chest radiograph"
    r"|chest x-xxxx"
    r"|chest x-?ray|chest xxxx|chest examination|chest exam|chest film)"
)
_DEGREE = (
    r"(?:(?:acute|active|active/acute|significant|definite|radiographic|radiographically|visible"
    r"|focal|convincing|xxxx|new|other|gross|evident|suspicious|specific|evidence|of|for|signs?|an?"
    r"|any|or|and|identifiable|preoperative|demonstrated|appreciable|overt|obvious)[ /]+){0,10}"
)
_ORGAN = (
    r"(?:(?:cardio-? ?(?:pulmonary|thoracic|respiratory|vascular)|intra-? ?thoracic|thoracic"
    r"|pulmonary"
    r"|cardiac|chest|lung|xxxx)[ ,/]*(?:or |and )?){1,6}"
)
_FINDING = r"(?:abnormalit(?:y|ies)|disease|process(?:es)?|findings?|patholog(?:y|ies)|disorders?)"

# Statements whose status is fixed by their own words: status, observations, pattern.
STATEMENTS = (
    # Borderline is in doubt; the upper limit of normal says neither.
    ("uncertain", ("Cardiomegaly",), rf"{_HEART}{_GAP % 8}{_BORDERLINE}"),
    ("uncertain", ("Cardiomegaly",), rf"{_BORDERLINE}_(?:{_HEART}|cardiomegaly)"),
    ("drop", ("Cardiomegaly",), rf"{_HEART}{_GAP % 8}{_TOP_NORMAL}"),
    ("drop", ("Cardiomegaly",), rf"{_TOP_NORMAL}_{_HEART}"),
    (
        "absent",
        ("Cardiomegaly", "Enlarged Cardiomediastinum"),
        rf"(?:cardiomediastin\w+(?:_\w+)?|{_HEART}(?:_size)?[ ,]+(?:(?:and|xxxx|the|pulmonary)"
        rf"[ ,]+){{0,6}}{_MEDIASTINUM}){_GAP % 12}{_NORMAL}",
    ),
    ("absent", ("Cardiomegaly",), rf"{_HEART}{_GAP % 12}{_NORMAL}"),
    ("absent", ("Cardiomegaly",), rf"(?:normal|unremarkable)(?:_\w+)?_{_HEART}"),
    ("absent", ("Enlarged Cardiomediastinum",), rf"{_MEDIASTINUM}{_GAP % 8}{_NORMAL}"),
    ("absent", ("Enlarged Cardiomediastinum",), rf"(?:normal|unremarkable)_{_MEDIASTINUM}"),
    (
        "absent",
        ("Lung Opacity", "Consolidation", "Infiltrate"),
        rf"(?:{_LUNG}|xxxx)(?:_(?:are|is|remain|remains|appear|appears|both|otherwise|xxxx|well|and"
        rf"|expanded|inflated|aerated|hyperinflated|hyperexpanded|normally|,)){{0,6}}_(?:\w+ly_)?"
        r"(?<!otherwise )(?:clear(?!_(?:of|on|except|other))|unremarkable)",
    ),
    (
        "absent",
        ("Lung Opacity", "Consolidation", "Infiltrate"),
        rf"(?<!otherwise )clear_(?:bilateral_)?{_LUNG}",
    ),
    (
        "absent",
        ("Pleural Effusion",),
        r"(?:costophrenic|costo-phrenic|cp) (?:angles?|sulc\w+|xxxx)_(?:are_|is_"
        r"|appear_)?(?:\w+ly_)?"
        r"(?:sharp|clear)",
    ),
    (
        "absent",
        ("Pleural Effusion", "Pneumothorax"),
        r"pleural spaces?_(?:are_|is_)?(?:\w+ly_)?clear",
    ),
    (
        "absent",
        ("Fracture",),
        r"(?:bones|bony (?:structures|thorax)|osseous structures|skeletal structures|ribs)"
        r"[^.,;]{0,25}?_intact",
    ),
)
# A normal study. Those that open with "no" deny what follows them as well.
NORMAL_STUDY = (
    rf"(?:no|without|negative for)_{_DEGREE}{_ORGAN}_?{_DEGREE}{_FINDING}",
    rf"(?:no|without)_{_DEGREE}(?:disease|findings?|process|abnormalit(?:y|ies))(?:_(?:in|within"
    rf"|of)_"
    r"(?:the_)?(?:chest|lungs|thorax))?(?!_(?:of|to|that))",
    rf"(?:normal|negative|unremarkable)(?:_(?:pa|and|lateral|frontal|two|2|view|views"
    rf"|of the)){{0,8}}_{_CHEST}",
    rf"{_CHEST}_(?:is_|are_|appears_|within_)?(?:normal|negative|unremarkable)(?!_for)",
    rf"{_HEART}_and_lungs?(?:_are|_appear)?_(?:normal|clear|unremarkable|within normal limits)",
)

_DEVICE = (
    r"(?:picc|central|venous|ij|subclavian|jugular|dialysis|swan[ -]ganz|hickman|groshong"
    r"|arterial"
    r"|femoral|xxxx)?_?(?:catheters?|lines?)|picc|(?:endotracheal|tracheostomy"
    r"|enteric|feeding|breathing"
    r"|nasogastric|ng|et|chest|orogastric|og|thoracostomy|drainage|dobbhoff"
    r"|xxxx)?_?(?:tubes?)|ett|ngt"
    r"|(?:cardiac |dual[ -]chamber |single[ -]lead ){0,4}(?:pace-?makers?|pacers?)|(?:pacer "
    r"|pacing |icd )"
    r"(?:wires?|leads?)|a?icd|defibrillators?|(?:port-?a-?cath|port-?_?cath|mediport"
    r"|chest port|portacath"
    r"|infusion port|xxxx-a-cath)|port(?=_(?:tip|with|in|is|overl|terminat))|tracheostomy"
    r"|cannula"
    r"|(?:prosthetic|mechanical|artificial|aortic|mitral)_(?:\w+_)?valve(?:_(?:replacement"
    r"|prosthesis))?"
    r"|valve_(?:replacement|prosthes[ie]s)|stents?|(?:spinal |surgical |orthopedic |fixation )"
    r"(?:hardware|rods?|screws?|plates?|fusion)|hardware|arthroplast\w+|vp shunt|shunt"
    r"|vagal stimulator"
    r"|balloon pump|(?:stimulator|monitoring|support)_(?:devices?|leads?|wires?)|pigtail"
)
_BONES = r"ribs?|stern(?:um|al)|clavic\w+|collar-?bone|scapula\w*|humer\w+|bone|cortex"
# Words between a device and where it should not be, and such places.
_WAY = (
    r"(?:[ ,/-]+(?!(?:not|no|nor|without|but|rather|there|previously|removed|repositioned"
    r"|pneumothora\w+|effusions?)\b)[\w'/-]+(?:\.\d+)?){0,%d}?[ ,]+"
)
_ASTRAY = (
    r"(?:(?:right|left)_(?:\w+_)?main[ -]?(?:stem)?_?(?:bronch\w+)?|main[ -]?stem\w*"
    r"|bronch(?:us|i|ial tree)|bronchus intermedius|mal-?position\w*|mal-?placed|misplaced"
    r"|coil(?:s|ed|ing)?(?!_(?:\w+_){0,3}?(?:stomach|gastric|fundus))"
    r"|kink(?:s|ed|ing)?|curled|knotted|looped?(?:_back)?(?!_(?:\w+_){0,3}?(?:stomach|gastric))"
    r"|(?:azygos|azygous|contralateral|opposite)_(?:\w+_)?vein"
    r"|(?:in|into|within|toward|towards)_(?:the_)?(?:\w+_){0,3}?(?:jugular|subclavian|axillary|hepatic|mammary"
    r"|thoracic)_vein"
    r"|(?:cours\w+|turn\w*|direct\w*|point\w*|extend\w*)_(?:\w+_)?(?:up|upwards?|cephalad"
    r"|superiorly|cranially)|(?:in|within|into)_(?:the_)?(?:\w+_)?(?:o?esophagus|neck|hypopharynx"
    r"|pharynx|airway|pleural space|right ventricle)"
    r"|too_(?:low|high|deep|far|shallow)|(?:at|below|past|beyond|level_with|touch\w*)_(?:the_)?"
    r"(?:level_of_(?:the_)?)?carina|(?:\d+(?:\.\d+)?_?mm|[01](?:\.\d+)?_?cm)_(?:above|from|short_of"
    r"|proximal_to)_(?:the_)?carina|cross\w*_(?:the_)?midline|displaced|pulled_back|retracted|doubl\w+_back|forms_a_(?:\w+_)?loop"
    r"|side_(?:hole|port)_(?:\w+_){0,4}?(?:above|proximal to|at)_(?:the_)?(?:ge|gastro-?\w+"
    r"|o?esophago-?\w+|hemidiaphragm|diaphragm)"
    r"|(?<=[ ,])(?:high|low)(?=_*(?:[,;.]|$))|fractured?|disconnected|discontinu\w+|dislodged"
    r"|migrated|broken|severed|sheared|snapped|detached|separated"
    r"|(?:should|must|needs?_to|ought_to|could)_be_(?:\w+_)?(?:retracted|withdrawn|pulled"
    r"|advanced|repositioned|removed|replaced|adjusted)|(?:should|must|needs?_to|ought_to)_come"
    r"_(?:back|out)|(?:needs|requires|wants)_(?:\w+_)?(?:pulling|withdrawing|withdrawal|advancing"
    r"|repositioning|retraction|advancement|adjust\w+)"
    r"|(?:recommend|suggest|consider|advise)_(?:\w+_)?(?:retract\w*|withdraw\w*|pull\w*"
    r"|advanc\w*|reposition\w*|adjust\w*)"
    r"|(?:retraction|withdrawal|advancement|repositioning|adjustment)_(?:\w+_){0,3}?"
    r"(?:recommend\w*|suggest\w*|advis\w*|need\w*|consider\w*))"
)

# Observation -> its terms. Earlier lines win where two begin at the same word; a term under ""
# looks like one of the others and is none.
TERMS = {
    "": (
        r"pericardial (?:effusions?|thickening|calcification)|mass[ -]effect|(?:body|bone|bony"
        r"|muscle)"
        r" mass(?! in)|(?:granulomatous|interstitial) markings normal|joint effusions?"
        r"|laryngeal edema|(?:tracheal|airway) narrowing"
        r"|soft[ -]tissue (?:mass(?:es)?|edema|density|densities)"
        r"|sub-?cutaneous edema|(?:lytic|blastic|sclerotic|bony?|osseous"
        r"|skeletal|rib"
        r"|destructive|vertebral|bone)(?:_(?:or|and|/)_\w+)?_(?:lesions?|densit\w+|mass(?:es)?)"
        r"|(?:bone|bony|mineral|metallic|surgical|calcific|calcified|breast)_densit\w+"
        r"|peribronchial thickening|cystic fibrosis|mid(?:-|_)?line|in line|lines up"
        r"|(?:paratracheal|fat|fissur\w+|pleural|mediastinal|joint|septal|kerley|tracheal|air"
        r"|skin)_lines?"
        r"|nipple shadows?|thyroid mass(?:es)?|hernia repair|wall thickening|bony fibrosis"
        r"|fat density"
    ),
    "Hydropneumothorax": (r"hydro-?pneumothora(?:x|ces)|hemo-?pneumothora(?:x|ces)"),
    "Cardiomegaly": (
        r"cardiomegaly|(?:cardiac|heart)_(?:enlargement|decompensation with enlargement)"
        rf"|{_HEART}{_GAP % 8}{_LARGE}|increased?_(?:in_)?(?:the_)?(?:size_of_the_)?{_HEART}"
        rf"|enlarged_(?:\w+_)?{_HEART}"
        rf"|enlargement of (?:the )?(?:\w+_)?{_HEART}|(?:prominent|large)_{_HEART}"
    ),
    "Enlarged Cardiomediastinum": (
        rf"(?:widen\w*|enlarged|prominent|wide)_(?:of the )?{_MEDIASTINUM}"
        rf"|{_MEDIASTINUM}{_GAP % 5}(?:widen\w*|enlarged|prominent|wide|broad\w*"
        r"|increased in width|measur\w+_(?:[89]|1\d)(?:\.\d+)?_?cm)"
        r"|mediastinal (?:widening|hematoma|haematoma)"
    ),
    "Congestion": (
        r"(?:pulmonary |central |mild ){0,4}(?:vascular|venous|pulmonary|vasculature) congestion"
        r"|congestive (?:heart )?(?:failure|changes?)|heart failure|chf|failure pattern"
        r"|vascular(?:ity|ature)_(?:is_|are_)?(?:\w+ly_)?congested|cardiac decompensation"
    ),
    "Edema": r"(?:o?edema|oedematous)",
    "Pleural Effusion": (
        r"(?:pleural_|parapneumonic_|sub-?pulmonic_|pleural-based_)?effusions?"
        r"|pleural_(?:fluid(?:_collections?)?|collections?)|hydrothora\w+|hemo-?thora\w+"
        r"|haemothorax"
        r"|fluid_(?:in|within|along|tracking)_(?:\w+_){0,3}(?:fissures?|pleural spaces?)"
    ),
    "Pneumothorax": (
        r"pneumothora(?:x|ces)|pneumothoraxes|ptx|pleural_(?:air|gas)|deep_sulcus"
        r"|(?:visceral )?pleural_edge|visceral pleural_line|lung_edge|apical_(?:air|gas|lucency)"
        r"|(?:rim|sliver|crescent|cap|collar|band|strip|slip|pocket)_of_(?:\w+_)?(?:air|gas|lucency)"
        r"_(?:\w+_){0,4}?(?:lungs?|ap(?:ex|ices)|pleural|chest wall)"
        r"|(?:air|gas|lucency)_(?:(?!not?_)\w+_){0,3}?(?:in|within)_(?:the_)?(?:\w+_)?pleural_(?:space"
        r"|cavity)"
    ),
    "Pleural Thickening": (
        r"(?:bi-?apical |apical )?(?:pleural|pleuroparenchymal)(?:_(?:and|or|/)_\w+)?[ -]+"
        r"(?:\w+_)?thickening|(?:apical|pleural)_(?:capping|cap)"
        r"|thickening of (?:the )?(?:\w+_)?pleura"
        r"|pleura_(?:is_)?thickened|thickened pleura"
        r"|fissur\w+_thickening|thickening_(?:of|along|in)_(?:\w+_){0,3}fissures?"
        r"|(?<=versus )thickening|(?<=vs )thickening|(?<=/or )thickening"
    ),
    "Pleural Other": (
        r"pleural(?:_\w+)?[ -]+(?:plaques?|scar\w*|calcifications?|mass(?:es)?|nodul\w+|disease"
        r"|reaction|abnormalit(?:y|ies))|(?:calcified )?pleural-based \w+|fibrothorax"
    ),
    "Granuloma": (
        r"(?:calcified_|old_|healed_|small_|prior_|remote_){0,4}(?:granuloma(?:ta|s)?"
        r"|granulomatous_(?:disease|changes?|process|infection"
        r"|calcifications?|sequela\w*|residua\w*))"
    ),
    "Nodular Opacity": (
        r"(?:nodular|mass[ -]?like|round(?:ed)?)_(?:\w+_)?(?:opacit\w+|densit\w+|shadows?"
        r"|foc(?:us|i))"
    ),
    "Nodule": r"nodul(?:es?|arity|ar_lesions?)|micro-?nodul(?:es?|arity)",
    "Mass": r"mass(?:es)?(?![ -]?like)(?:_lesions?)?",
    "Malignancy": r"tumou?rs?|neoplas\w+|malignan\w+|carcinomas?|cancer|metasta\w+",
    "Cavitary Lesion": r"cavitary_lesions?|cavitation",
    "Lung Lesion": (r"(?:pulmonary_|lung_|parenchymal_)?lesions?"),
    "Infiltrate": r"infiltrat(?:es?|ions?|ive)(?:_(?:process\w*|opacit\w+|densit\w+))?",
    "Consolidation": (
        r"consolidat(?:ions?|ive|ing|ed)(?:_(?:process\w*|opacit\w+|changes?"
        r"|(?:air-?_?space|lung)_(?:disease|opacit\w+|process)))?"
    ),
    "Pneumonia": (
        r"(?:broncho|pleuro)?pneumoni(?:as?|c|tis)|(?:pulmonary |lung )infections?"
        r"|infectious_(?:process\w*|consolidation)"
    ),
    "Collapsed Lung": (
        r"(?:complete|total|near-?_?total|lobar|lobe)_collapse(?:_of_(?:the_)?(?:\w+_){0,3}?(?:lung"
        r"|lobe))?|collapse_of_(?:the_)?(?:\w+_){0,3}?(?:lung|lobe)"
        r"|(?:lung|lobe)_(?:(?:is|has|are|have|completely|totally|entirely|almost|nearly)_){1,3}collapsed"
        r"|(?:completely|totally|entirely)_collapsed_(?:\w+_)?(?:lung|lobe)"
    ),
    "Opaque Hemithorax": (
        r"white-?_?out|(?:complete|total|near-?_?total|diffuse)_opacification_of_(?:the_)?(?:\w+_)?"
        r"(?:hemi-?thorax|lung)|(?:hemi-?thorax|lung)_(?:is_)?(?:completely|totally|entirely|almost"
        r"_\w+)_(?:opaci\w+|opaque|white)|opaque_(?:\w+_)?hemi-?thorax"
    ),
    "Atelectasis": (r"atelecta(?:sis|ses|tic)|atelectases|(?:lung|volume) collapse|collapsed lung"),
    "Subcutaneous Emphysema": (
        r"(?:sub-?_?cutaneous|sub-?_?cut|sub-?q|sq|soft[ -]tissue|chest wall|surgical)_(?:emphysema"
        r"|air|gas)"
        r"|(?:air|gas|emphysema|gas_lucenc\w+|air_lucenc\w+)_(?:(?!not?_)\w+_){0,3}?(?:in|within"
        r"|through(?:out)?|dissect\w+|track\w+|along|of|into|between|overl\w+|over)"
        r"_(?:\w+_){0,5}?(?:sub-?_?cutaneous|soft[ -]tissues?|chest wall"
        r"|neck|muscles?|muscle planes|axilla)(?:_(?:tissues?|fat))?"
    ),
    "Emphysema": (
        r"(?:para-?septal |bullous |centrilobular )?emphysema\w*|bullous_(?:lung_)?(?:disease"
        r"|changes?)"
    ),
    "COPD": r"copd|chronic obstructive (?:pulmonary|lung|airways?)(?: disease)?",
    "Hyperinflation": (
        r"hyper-?_?(?:inflat\w+|expan\w+|aerat\w+|lucen\w+|disten\w+)|overinflat\w+|air trapping"
    ),
    "Fibrosis": (
        r"(?:pulmonary |interstitial |lung ){0,4}fibro(?:sis|tic)(?:_(?:changes?|disease|scarring"
        r"|lung disease))?"
        r"|honey-?combing"
    ),
    "Scarring": r"scar(?:s|ring|red)?|cicatri\w+|fibronodular\w*|fibro-?calcific\w*",
    "Airspace Opacity": (
        r"(?:(?:multifocal|confluent|patchy|alveolar|dense|lobar|segmental|focal)_)?air-?_?space"
        r"_(?:disease|process\w*|dz|densit\w+|opaci(?:ty|ties|fications?)|filling)"
        r"|(?:multifocal|confluent|alveolar|lobar)_(?:\w+_)?(?:opaci(?:ty|ties|fications?)|filling"
        r"|densit(?:y|ies)|process\w*)|(?:air-?_?space|alveolar|confluent|patchy|lobar|homogeneous)"
        r"_shadowing|air_bronchograms?|positive_spine_sign"
        r"|spine_sign_(?:is_)?positive"
        r"|(?:obscur\w+|silhouett(?:es|ing)|effac\w+)_(?:of_)?(?:the_)?(?:\w+_){0,5}?(?:(?:hemi-?)?diaphragm"
        r"|(?:heart|cardiac)_border)"
    ),
    "Lung Opacity": (
        r"(?:air-?_?space|interstitial|alveolar|pulmonary|lung|ground[ -]glass|reticular|linear"
        r"|patchy"
        r"|basilar|focal)?_?opaci(?:ty|ties|fications?|fied)|air-?_?space_(?:disease|process\w*"
        r"|dz|densit\w+)"
        r"|(?:interstitial|reticular|reticulonodular|bronchovascular)_(?:lung_)?(?:markings?"
        r"|disease|changes?"
        r"|thickening|prominence|process\w*|pattern)_?(?:are_|is_)?(?:increased|prominent)?"
        r"|(?:pulmonary|lung|alveolar|interstitial|focal|patchy|airspace|ill[ -]defined|hazy"
        r"|increased)"
        r"_densit(?:y|ies)|haziness|reticulation"
    ),
    "Hernia": r"(?:hiatal |hiatus |diaphragmatic |bochdalek |morgagni ){0,4}hernia(?:s|tion)?",
    "Vertebral Compression": (
        r"(?:compression|wedge|superior endplate|endplate|anterior)_(?:compression_)?(?:deformit\w+"
        r"|collapse|depression)|(?:vertebral|vertebral body)_(?:body_)?(?:collapse|compression)"
        r"|loss_of_(?:\w+_){0,2}?(?:vertebral(?:_body)?|anterior|body)_height|vertebra_plana"
        r"|(?:vertebral_bod(?:y|ies)|(?:thoracic|lumbar|dorsal)_(?:bod(?:y|ies)|vertebra\w*)"
        r"|vertebrae?|[tl]-?\d{1,2})_(?:(?!not?_)\w+_){0,3}?(?:collapsed|compressed|compression|squashed"
        r"|crushed|flattened|height_loss|loss_of_height|wedged|wedging"
        r"|(?:lost|loses|reduced)_(?:\w+_){0,5}?height)"
        r"|wedging_of_(?:\w+_)?[tl]-?\d{1,2}|end-?plate_(?:infraction|fracture|buckling)"
    ),
    "Compression Fracture": (
        r"(?:compression|wedge|burst|insufficiency|vertebral(?:_body)?)_fractur(?:es?|ed)"
    ),
    "Fracture": (
        rf"fractur(?:es?|ed)|fx|cortical_(?:step-?_?off|disruption|break|discontinuity)"
        rf"|(?:{_BONES})_(?:(?!not?_)\w+_){{0,3}}?(?:broken|snapped|buckled|angulated|stepped|interrupted"
        rf"|discontinuous|displaced|overrid\w+)"
        rf"|(?:broken|buckled|angulated|interrupted)_(?:\w+_){{0,3}}?(?:{_BONES})"
        rf"|(?:(?:lucency|lucent_line|cleft)_(?:through|across|cross\w+|travers\w+)|step(?:-?_?off)?"
        rf"|offset|discontinuity|disruption|interruption|buckling|angulation)_(?:\w+_){{0,6}}?(?:{_BONES})"
        rf"|flail_(?:chest|segment)|(?:bone|bony|fracture)_fragments?"
        rf"|breaks?_(?:in|of|through)_(?:the_)?(?:\w+_){{0,4}}?(?:{_BONES})"
    ),
    "Cavity": (
        r"(?<!thoracic )(?<!pleural )(?<!chest )(?<!oral )(?<!nasal )(?<!abdominal )(?<!glenoid )"
        r"cavit(?:y|ies|ary|ated|ating)|ring_(?:shadow|opacity)|lucent_cent(?:er|re)|abscess(?:es)?"
        r"|air-?_?fluid_level_(?:\w+_){0,5}?(?:lung|lobe|parenchyma\w*|opacity|consolidation|lesion)"
    ),
    "Malpositioned Device": (
        rf"(?:{_DEVICE}|(?:atrial|ventricular|shock|pacemaker) leads?)(?:_tip)?{_WAY % 14}"
        rf"{_ASTRAY}"
    ),
    "Support Devices": _DEVICE,
    "Device Malposition": r"mal-?position(?:ed|ing)?",
    "Free Air": (
        r"free_(?!of_)(?:\w+_){0,2}?(?:air|gas)|pneumo-?peritoneum"
        r"|(?:intra-?_?peritoneal|extra-?_?luminal|sub-?_?diaphragmatic|sub-?_?phrenic)_(?:\w+_)?"
        r"(?:air|gas|lucency)"
        r"|(?<!gastric )(?<!bowel )(?<!stomach )(?<!colonic )(?:air|gas|lucency|crescent)"
        r"_(?:(?!bubble|fluid|filled|distend|not?_)\w+_){0,6}?(?:under|beneath|below|underneath"
        r"|separat\w+|between)_(?:\w+_){0,6}?(?:hemi-?)?diaphragms?"
        r"(?!_(?:is_)?(?:\w+ly_)?(?:with)?in_(?:the_)?(?:stomach|bowel|colon|gastric))"
        r"|peritoneal_(?:air|gas)|rigler\w*|cupola_sign|perforat(?:ed|ion)"
        r"|(?:air|gas)_(?:on|outlin\w+)_both_sides_of"
        r"|(?:air|gas|lucency|crescent)_(?:(?!not?_)\w+_){0,5}?(?:liver|falciform)"
    ),
    "Pneumomediastinum": (
        r"pneumo-?mediastinum|pneumo-?pericardium|mediastinal_(?:air|gas|emphysema)"
        r"|(?:air|gas|lucenc(?:y|ies))_(?:(?!not?_)\w+_){0,3}?(?:in|within|outlin\w+|around"
        r"|surround\w+|along|track\w+|dissect\w+)_(?:\w+_){0,3}?(?:mediastin\w+|pericardium|heart"
        r"|great vessels)"
        r"|(?:air|gas|lucenc(?:y|ies))_(?:\w+_){0,3}?(?:outlin\w+|surround\w+|dissect\w+|track\w+)"
        r"_(?:\w+_){0,4}?(?:aort\w+|trachea|bronch\w+|o?esophagus|thymus|cardiac)"
        r"|continuous_diaphragm"
    ),
    "Mediastinal Shift": (
        rf"(?:mediastin\w+|cardio-?mediastin\w+|heart){_GAP % 4}"
        r"(?:shift(?:ed|s)?|deviat(?:ed|ion|es)|displac(?:ed|ement)|pushed|pulled|drawn)"
        r"|(?:mediastin\w+|cardio-?mediastin\w+)_(?:shift|deviation|displacement)"
        r"|(?:shift(?:ed|ing)?|deviation|displacement)_of_(?:the_)?(?:\w+_)?(?:mediastin\w+|heart)"
    ),
    "Dislocation": (
        r"(?:fracture[ -])?dislocat(?:ed|ions?)|sublux(?:ed|ations?)"
        r"|humeral_head_(?:\w+_){0,6}?(?:inferior|medial|anterior|posterior|below|beneath|under|out)"
        r"_(?:\w+_){0,4}?(?:glenoid|coracoid|socket)"
    ),
    "Foreign Body": (
        r"(?:foreign|radio-?paque)_(?:\w+_)?(?:bod(?:y|ies)|objects?|material)"
        r"|(?:metallic|metal|rounded|round|linear|dental|swallowed|aspirated|ingested|retained)"
        r"_(?:\w+_)?(?:object|sponge|needle|tooth|teeth|nail|pin|screw|coin|battery|instrument"
        r"|dis[ck]|crown|denture|bridge|ring|wire|fragments?)|(?:partial_)?dentures?|ear-?rings?"
        r"|(?:thumb-?|carpet_)tacks?|drawing_pins?|marbles?|toys?|bullets?|shrapnel|pellets?|guide-?_?wire"
        r"|coins?(?!_lesion)|(?:button|disc|disk)_batter(?:y|ies)|(?:surgical_)?sponge"
        r"|(?:straight|safety|hat|bobby)_pin|magnets?|tooth(?:_fragment)?|(?:broken|sewing)_needle"
        r"|(?:ingested|swallowed)_\w+|(?:\w+-shaped|dense|opaque)_object"
    ),
    "Aneurysm": (
        r"(?:pseudo-?)?aneurysm(?:s|al)?(?:_dilat\w+)?|(?:aortic_)?(?:dissection|transection)"
        r"|aortic_injury|(?:markedly|grossly|massively|severely)_(?:dilated|enlarged)_(?:\w+_){0,2}?"
        r"aort\w+|aort(?:a|ic_\w+)(?:[ ,:]+(?!(?:not?|heart|cardiac)_)\w+){0,6}?[ ,]+"
        r"(?:markedly|grossly|massively|severely)_(?:dilated|enlarged)"
    ),
    "Lymphadenopathy": (
        r"(?:lymph-?)?adenopath(?:y|ies)"
        r"|enlarged_(?:\w+_){0,3}?(?:lymph )?nodes?"
        r"|(?:lymph )?nodes?_(?:is_|are_|appear_)?(?:\w+ly_)?enlarge(?:d|ment)"
        r"|hilar_(?:\w+_)?(?:enlargement|fullness)|nodal_(?:enlargement|mass(?:es)?|disease)"
        r"|paratracheal_(?:stripe_)?(?:\w+_){0,2}?thicken(?:ed|ing)"
        r"|(?:enlarged|bulky|lobulated)_(?:\w+_){0,2}?hil(?:um|a|ar)"
        rf"|hil(?:um|a|us){_GAP % 4}(?:enlarged|bulky|lobulated|full|lumpy|knobbly|bulging)"
    ),
}

# What a term says beyond its own name: a nodule is a lesion. It holds of what is there or may be
# there; that there is no nodule does not deny every lesion.
PARENTS = {
    "Nodule": ("Lung Lesion",),
    "Mass": ("Lung Lesion",),
    "Infiltrate": ("Lung Opacity",),
    "Pleural Thickening": ("Pleural Other",),
    "Cavity": ("Lung Lesion",),
}
# Names that stand for several observations, whatever their status.
COMPOUNDS = {
    "Nodular Opacity": ("Lung Opacity", "Lung Lesion"),
    "Hydropneumothorax": ("Pleural Effusion", "Pneumothorax"),
    "Malpositioned Device": ("Support Devices", "Device Malposition"),
    "Malignancy": ("Lung Lesion", "Malignancy"),
    "Cavitary Lesion": ("Lung Lesion", "Cavity"),
    "Compression Fracture": ("Fracture", "Vertebral Compression"),
    "Airspace Opacity": ("Lung Opacity", "Airspace Opacity"),
    "Collapsed Lung": ("Atelectasis", "Collapsed Lung"),
    "Opaque Hemithorax": ("Lung Opacity", "Opaque Hemithorax"),
}

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

# Observations of the middle or of the whole chest have no side.
UNSIDED = frozenset(("Cardiomegaly", "Enlarged Cardiomediastinum", "Congestion", "No Finding"))
# Before a term under a negation: only that much of it is denied.
LARGE = r"large|larger|sizable|sizeable|massive"
