r"""The words that name an observation.

Regular expressions over lower-cased text, tried in the order given at each word; ``_`` stands for
any white space. Written from general knowledge of chest radiography. ``xxxx`` is the mark that
de-identification leaves in Open-i in place of any word.
"""

from preprocessing.facts.anatomy import BONES, ENLARGED, GAP, HEART, MEDIASTINUM

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
        rf"|{HEART}{GAP % 8}{ENLARGED}|increased?_(?:in_)?(?:the_)?(?:size_of_the_)?{HEART}"
        rf"|enlarged_(?:\w+_)?{HEART}"
        rf"|enlargement of (?:the )?(?:\w+_)?{HEART}|(?:prominent|large)_{HEART}"
    ),
    "Enlarged Cardiomediastinum": (
        rf"(?:widen\w*|enlarged|prominent|wide)_(?:of the )?{MEDIASTINUM}"
        rf"|{MEDIASTINUM}{GAP % 5}(?:widen\w*|enlarged|prominent|wide|broad\w*"
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
        rf"|(?:{BONES})_(?:(?!not?_)\w+_){{0,3}}?(?:broken|snapped|buckled|angulated|stepped|interrupted"
        rf"|discontinuous|displaced|overrid\w+)"
        rf"|(?:broken|buckled|angulated|interrupted)_(?:\w+_){{0,3}}?(?:{BONES})"
        rf"|(?:(?:lucency|lucent_line|cleft)_(?:through|across|cross\w+|travers\w+)|step(?:-?_?off)?"
        rf"|offset|discontinuity|disruption|interruption|buckling|angulation)_(?:\w+_){{0,6}}?(?:{BONES})"
        rf"|flail_(?:chest|segment)|(?:bone|bony|fracture)_fragments?"
        rf"|breaks?_(?:in|of|through)_(?:the_)?(?:\w+_){{0,4}}?(?:{BONES})"
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
        rf"(?:mediastin\w+|cardio-?mediastin\w+|heart){GAP % 4}"
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
        rf"|hil(?:um|a|us){GAP % 4}(?:enlarged|bulky|lobulated|full|lumpy|knobbly|bulging)"
    ),
}
