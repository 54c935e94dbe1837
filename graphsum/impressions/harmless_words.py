"""Words that say nothing new by themselves, as :mod:`graphsum.impressions.odd_parts` uses them."""

# Words of a sentence that says nothing new: of its grammar, of what is normal, of parts of the body
# beside those that name an organ, of how and when was examined, and of what is old or lies on top.
HARMLESS = frozenset(
    """
    a about above absent acceptable accessory acquired across additional additionally adequate
    adequately adult aerate aerated aerates aeration after again against age age-appropriate aged
    agent ago air-filled aligned alignment all allowing along also am an anatomic anatomical
    anatomically anchor anchors and angle angles annual anterior any anybody anyone anything ap
    apical apparent appear appearance appearances appeared appearing appears appreciable
    appreciated approp appropriate appropriately april architecture are area areas around artefact
    artefacts arterial artifact artifacts as ask asked asks aspect assess assessed assessment at
    attenuation august available average axial axilla axillae axillary azygos baby basal basically
    be beautiful beautifully because been before behind being believed below beneath benign beside
    between bifid bilateral bilaterally blow blows bodies body border borders both boy braid braids
    breath breathless breathlessness broadly bronchi bubble button buttons by cage caliber calibre
    calibres can cannot cardiothoracic careful carina cassettes center centered central centrally
    centre centred cervical cervicothoracic check check-up checkup child clean cleaner clear
    cleared clearly clinic clinical clinically clinician clinicians clothing comfortable
    commensurate comment compared comparison comparisons compartment compartments complete
    completely concerned conclusion conclusive configuration configurations conform conforms
    considering consist consists constant content contents contour contours contrast convincing
    coronal correct correctly correlate correlation costal cough course cp crisp ct cta ctr cupola
    cupolae current currently cut cuts date dated day days dead december decubitus defined definite
    definitely definitive degenerative degraded delineated demonstrable demonstrate demonstrated
    demonstrates demonstrating density depicted detail detected diagnostic diameter dictated did
    dimension dimensions discernable discernible distal distribution do does dome domed domes
    dorsal dose down drainage drained drawing dry due dust each earlier ecg effort eg either ekg
    elderly electrode electrodes electronically elements else employment end endplate ends enhanced
    entire entirely epicardial epipericardial equal equally erect essentially etc evaluate
    evaluated evaluation even evenly every evident exam examination examinations exams excluded
    expand expanded expands expansion expected expiration expiratory exposed exposure external
    extraluminal extrapleural extubation factors fall fat faultless february fell female fever
    field fields film films find finding findings fine first fitness fixation flawless flow
    fluid-free fold folds follow follow-up for found four framework free from frontal full fully
    further fusion generally generator girl given gone good great grossly habitus had hair hardware
    harmless has have he healed healthy height heights hence her here hilum his hit hold holds
    homogeneous homogeneously hour hours hyperexpanded identifiable identified ie ilo image imaged
    images imaging immaculate immigration implant implants impression in incidental incidentally
    included including inconspicuous indicate indicates infant inferior inflate inflated inflates
    inflation inlet inner insertion inspiration inspiratory insurance intact interim internal
    interpretation interval into intraperitoneal intravenous is it its iv january jewellery jewelry
    july junction june keep keeps kept kicked kindly knob knuckle largely last lateral lead leads
    leaf leaves left left-sided level levels lie lies likewise limit limitation limitations limited
    limits lingula located look looking looks lordotic lovely low-lying lower lumbar lying lymph
    made mainly maintain maintained maintains male man march margin marginated margins marking
    markings match matched matches may measure measures medial medical medium mid middle midline
    might mobile modest monitor monitoring month months moreover mostly motion move moves mr mri
    multiple must nad natural naught near neat neatly negative neither neonate never nice nicely
    nil nipple nipples no non-dilated non-enlarged nondilated none nonenlarged nonrib-bearing nor
    normal normally not notch note noted noteworthy nothing nought november nowhere nowt oblique
    observed obtained october of off ok okay old on one one-view onto open opinion or oral ordinary
    organ organs otherwise ought outer outlet outline outlined outlines over overall overlain
    overlap overlapping overlie overlies overlying owing pa pad pads pain paraspinal paratracheal
    part parts patent patient patient's patients pattern patterns penetrated penetration per
    perfect perfectly performed periodic peripheral peripherally periphery permeable person phase
    phlebolith phleboliths physiologic physiological picture pictured piercing pigtail placement
    plain plane planes please pleural pneumatised pneumoconiosis pneumoconiotic portable portal
    portion portions position positioned positioning positions posterior pre-employment
    pre-operative preemployment preoperative present preserved pretty previous previously prior
    priors procedure project projected projecting projection projections projects prone proper
    properly prostheses prosthesis prosthetic protocol provided proximal ptx pulsation quality
    queried queries query quite radiograph radiographic radiographically radiographs radiography
    radiologically radiolucent range ranges rather ratio re reach reaches received recent recesses
    recognised recognized recommend recommended reconstructions redemonstration referral referrer
    referring reflection reflections reformats reformatted region regions regular regularly remain
    remainder remained remaining remains remarkable report reported reports requested resolved rest
    retrocardiac retrosternal reveal revealed reveals reviewed rib-bearing right right-sided root
    roots rotated rotation routine run sacral sagittal said same satisfactorily satisfactory say
    scan scans school screen screening screw screws scrutiny second secondary see seeing seem seems
    seen segmental semi-erect semi-upright senescent september series several shall shape shaped
    shapes sharp sharply she should show showing shown shows sic side sides signed silhouette
    silhouettes similar since single sitting situated situs size sized sizes skeletal skeleton skin
    slender slice slices slim smooth smoothly so solitus some someone something space spaces
    spacing specifically spotless stable stably stand standing stands still stimulator stool
    straight stripe stripes struck structure structures studies study submitted subphrenic
    subsegmental such suggest suggested suggesting suggests sulci sulcus summary superimposed
    superior supine surface surfaces suspect suspected suspicion suspicious swimmers symmetric
    symmetrical symmetrically symmetry system systems taken taper tapering tapers team technical
    technically technique tell texture thank thanks that the their them then there therefore these
    they third thirds this thoracic thoracolumbar those three through throughout thus thymic thymus
    tidy time timed tissue tissues to today told total totally transcribed translucency
    transparency transparent transradiant tree trim true tumbled two two-view typical ultrasound
    unaltered unblemished unbothered unbroken unchanged under undilated undisplaced undisturbed
    unenhanced unenlarged uneventful unexceptional uninterrupted unobstructed unremarkable
    unsuspicious untouched untoward up upper upright us usual usually variant variants vascularity
    vasculature venous ventilated vents verified very view views visa visible visibly visualised
    visualized volume volumes wall walls ward was wavy way ways week weeks well well-aerated
    well-defined well-expanded well-inflated well-placed well-positioned well-seated
    well-ventilated were what where which who whole whom whose width will window with within
    without wnl woman wondered wonders worthy x-ray x-rays xray xxxx xxxx-a-xxxx year years
    yesterday yet young zilch zone zones
    """.split()
)
# What may be denied, and how much of it. By itself, said of a part of the body, it is none of it.
DENIABLE = frozenset(
    """
    abnormal abnormalities abnormality abscess active acute adenopathy air airspace alveolar amount
    amounts aneurysm appreciable ascites asymmetric asymmetry atelectasis badness basilar bat
    better bibasilar big blastic bleb blebs bleed bleeding blob blockage blood blunted blunting
    bony break breaks broken bronchiectasis bulge bulging bulla bullae bump calcification
    calcifications calcified calculi cancer cardiomegaly catheter cause cavitation cavities cavity
    chamber change changes characteristic cleaner clot clots collapse collapsed collection
    collections complaint complication complications component compressed compression concern
    concerning concerns confluent congested congestion consolidation convincing convincingly
    cortical crack cracked crowding cyst cysts decrease decreased defect defects deformity degree
    densities density destruction destructive deterioration developing deviated deviation device
    devices difference differences diffuse dilatation dilated dilation discrepancy discrete disease
    diseases dislocated dislocation disorder displaced displacement dissection distended distension
    distention distortion echogenic edema effusion effusions efusion element elevated elevation
    elongated emboli embolism embolus emphysema emphysematous engorged engorgement enlarge enlarged
    enlargement enlarging erosion erosions erosive even evidence explanation extension failure
    fault faulted fibrosis fibrotic filling flap flattened flattening fluid focal foci focus
    foreign fracture fractured frank free fresh gas granuloma granulomas granulomatous gross growth
    haemorrhage hemorrhage hernia herniation high hint hole hump hydronephrosis hyperinflated
    hyperinflation hypertension hypoinflation impingement increase increased indication infarct
    infarcted infarction infection infiltrate infiltrates infiltration inflammation inflammatory
    injuries injury interstitial intraluminal involvement ischaemia ischaemic ischemia ischemic
    joined kerley kind lack large larger layering leak least lesion lesions line linear lines
    liquid little lobar loculated loss lucencies lucency lump lumps lymphadenopathy lytic major
    malignancy malignant marked mass masses massive material measurable metastases metastasis
    metastatic mild minor moderate more most much multifocal narrowed narrowing new newly nodes
    nodule nodules non-calcified noncalcified now object objects obstructed obstructing obstruction
    obvious oedema opacification opacities opacity opaque osseus other out overload overt
    parenchymal past patch patches pathologic pathological pathology perforation periosteal
    persistent pleurisy plural pneumatosis pneumomediastinum pneumonia pneumoperitoneum
    pneumothoraces pneumothorax post-traumatic posttraumatic problem problems process processes
    progression prominence prominent pulmonary radio-opaque radiodense radiopaque raised reach
    reason recent recurrent reduced reduction residual retained reticular rupture ruptured scar
    scarring scars sclerosis sclerotic scoliosis segmental severe shadow shadowing shadows shift
    shifted sign significant signs sinister sizable sizeable slight slightest small smaller solid
    sort source spot spots spread stenosis stone stones strain subcutaneous subluxation suggestion
    suspicious swelling swollen symptoms tb tear tears tension tenting than thick thickened
    thickening thin thrombosis thrombus tiny too torsion trace tram traumatic tube tuberculosis
    tuberculous tubes tumor tumour type unfolded venous volume water wedge whatsoever wide widened
    widening wider wing wings wish worrying worsening
    """.split()
)
# What is said of a device that lies where it should.
OF_DEVICES = frozenset(
    """
    about access accessed aortic approach approximately arm arteries artery atria atrial atrium
    biventricular brachiocephalic bypass cabg cardiac carina carinal catheter catheters cava caval
    cavoatrial cerclage chamber clip clipped clips coil coiled coils coronary course courses
    coursing densities density device devices dialysis double-lumen drain drains dual dual-chamber
    dual-lumen duodenum electronic end ending endotracheal ends enter enteric entering enters
    exchange exchanged expected extend extending extends extremities extremity feeding femoral film
    films gastric gastroesophageal ge generator graft grafts grossly hole holes hub implantable
    innominate inserted insertion intact interval intracardiac ivc jugular junction lead leads line
    lines location loop loops lumen median metallic mitral nasogastric new numerous overlie
    overlies overlying pacemaker pacer pass passes passing placed placement port ports
    postoperative postsurgical project projecting projects radiopaque reach reaches reaching
    removal removed replaced reservoir several shunt side sidehole single single-lumen staples
    stent stents sternal sternotomy stomach subclavian suction support supporting surgery surgical
    suture sutures svc terminate terminated terminates terminating tip tips tracheostomy triple
    tube tubes tubing tunneled tunnelled tunnelled-type unchanged valve valves vascular vena
    ventricle ventricular via well-seated wire wires
    """.split()
)
