"""Words that say nothing new by themselves, as :mod:`graphsum.impressions.odd_parts` uses them."""

# Words of a sentence that says nothing new: of its grammar, of what is normal, of parts of the body
# beside those that name an organ, of how and when was examined, and of what is old or lies on top.
HARMLESS = frozenset(
    """
    a about above absent acceptable accepted accession accessory acquired across additional
    additionally adequate adequately adult aerate aerated aerates aeration after again against age
    age-appropriate aged agent ago air-filled aligned alignment all allowing along also am amiss an
    anatomic anatomical anatomically anchor anchors and angle angles annual anterior any anybody
    anyone anything ap apical apparent appear appearance appearances appeared appearing appears
    appreciable appreciated approp appropriate appropriately april architecture are area areas
    around artefact artefacts arterial arthroplasty articular articulations artifact artifacts as
    ask asked asks aspect assess assessed assessment at attenuation august available average axial
    axilla axillae axillary azygos baby basal basically be bear bears beautiful beautifully because
    been before behind being believed below beneath benign beside between beyond bifid bilateral
    bilaterally blow blows bodies body border borders both boy braid braids breast breasts breath
    breathless breathlessness broadly bronchi bubble build button buttons by cage caliber calibre
    calibres can cannot cardio-phrenic cardiophrenic cardiothoracic cardiothymic careful carina
    cassettes center centered centers central centrally centre centred centres cervical
    cervicothoracic check check-up checkup child clean cleaner clear cleared clearly clinic clinical
    clinically clinician clinicians clothing comfortable commensurate comment compared comparison
    comparisons compartment compartments complete completely concentration concerned conclusion
    conclusive configuration configurations conform conforms congruent congruity consent consequence
    considering consist consists constant constitutional content contents contour contours
    contralateral contrast convincing coronal correct correctly correlate correlation corresponding
    corresponds costal costo-diaphragmatic costo-phrenic costodiaphragmatic cough could course cp
    crisp crisply cross-table crosstable ct cta ctr cupola cupolae current currently curvature cut
    cuts date dated day days dead december decubitus defined definite definitely definitive
    degenerative degraded delineated demonstrable demonstrate demonstrated demonstrates
    demonstrating density depicted descending detail detect detected development developmental
    diagnostic diameter dictated did dimension dimensions discern discernable discernible distal
    distribution do dob doctor does dome domed domes dorsal dose down dr drainage drained drawing
    dry due dust each earlier ecg effort eg either ekg elderly electrode electrodes electronically
    elements else elsewhere employment end endplate ends enhanced entire entirely epicardial
    epigastric epigastrium epipericardial epiphyses equal equally erect essentially etc evaluate
    evaluated evaluation even evenly every evident exam examination examinations exams excluded
    expand expanded expands expansion expect expected expects expiration expiratory exposed exposure
    external extraluminal extrapleural extubation factors fall fat faultless february fell female
    fever field fields film films find finding findings fine first fissure fissures fitness fixation
    flawless flow fluid-free fold folds follow follow-up for forearm forefoot found four framework
    free from frontal full fully further fusion generally generator girl given gone good grade great
    grossly growth habitual habitus had hair hardware harmless has have he healed healthy height
    heights hemidiaphragmatic hemithoraces hemithorax hence her here hilum hindfoot his hit hold
    holds homogeneous homogeneously horizontal hour hours humeral hyperexpanded i identifiable
    identified identify ie ilo image imaged images imaging immaculate immature immigration implant
    implants impression in incidental incidentally included including inconspicuous indicate
    indicates infant inferior inflate inflated inflates inflation inlet inner insertion inspiration
    inspiratory inspired insurance intact intercostal interim interlobar internal interpretation
    interspaces interval intervertebral into intraperitoneal intravenous is it its iv january
    jewellery jewelry july junction june keep keeps kept kicked kind kindly knob knuckle kyphosis
    largely last lateral lead leads leaf leaflets leaves left left-sided level levels lie lies
    likewise limit limitation limitations limited limits lingula lmp located longer look looking
    looks lordosis lordotic lovely low-lying lower lumbar lumbosacral lung-fields lungfields lying
    lymph madam made magnification magnified mainly maintain maintained maintains major male man
    march margin marginated margins marking markings match matched matches mature maximal maximum
    may measure measures medial medical medium mid mid-abdomen midabdomen middle midfoot midline
    might mineralisation mineralised mineralization mineralized minimum minor miss mobile modest
    monitor monitoring month months moreover mostly motion move moves mr mri mrn mrs ms multiple
    must nad natural naught near neat neatly negative neither neonate never nice nicely nil nipple
    nipples no non-dilated non-enlarged nondilated none nonenlarged nonrib-bearing nor normal
    normally not notch note noted noteworthy nothing nought november nowhere nowt oblique observed
    obtained october of off ok okay old on one one-view onto open opinion opposite or oral ordinary
    organ organs ossification otherwise ought outer outlet outline outlined outlines over overall
    overexposed overlain overlap overlapping overlie overlies overlying overpenetrated owing pa pad
    pads paediatric pain paraspinal paratracheal part parts patent patient patient's patients
    pattern patterns pediatric penetrated penetration per perfect perfectly performed periodic
    peripheral peripherally periphery permeable person phase phlebolith phleboliths phrenic physes
    physiologic physiological physiologically picture pictured piercing pigtail placement plain
    plane planes plates please pleural pneumatised pneumoconiosis pneumoconiotic portable portal
    portion portions position positional positioned positioning positions post-op posterior postop
    postural pre-employment pre-op pre-operative preemployment pregnancy preop preoperative present
    preserved pretty previous previously prior priors probable probably procedure project projected
    projecting projection projections projects prone proper properly prostheses prosthesis
    prosthetic protocol provided proximal ptx pulsation quality queried queries query quite
    radiograph radiographic radiographically radiographs radiography radiologically radiolucent
    range ranges rather ratio re reach reaches received recent recesses recognised recognized
    recommend recommended reconstructions redemonstrated redemonstration referral referrer referring
    reflection reflections reformats reformatted regards region regions regular regularly
    relationship relationships relevant remain remainder remained remaining remains remarkable
    replacement report reported reports requested resolved rest retrocardiac retrosternal reveal
    revealed reveals reviewed rib-bearing right right-sided root roots rotated rotation routine run
    sacral sacroiliac sacrum sagittal said same satisfactorily satisfactory say scan scans school
    screen screening screw screws scrutiny second secondary see seeing seem seems seen segmental
    semi-erect semi-upright senescent september series several shall shallow shape shaped shapes
    sharp sharply she shorter should show showing shown shows sic side sides signed silhouette
    silhouettes similar since sincerely single sinus sinuses sir sitting situated situs size sized
    sizes skeletal skeletally skeleton skin slender slice slices slim smooth smoothly so solitus
    some someone something space spaces spacing spacings specifically spotless stable stably stand
    standing stands stature still stimulator stool straight stripe stripes struck structure
    structures studies study submitted subphrenic subsegmental such suggest suggested suggesting
    suggests sulci sulcus summary superimposed superior supine suprapatellar surface surfaces
    suspect suspected suspicion suspicious swimmer swimmers symmetric symmetrical symmetrically
    symmetry system systems taken taper tapering tapers team technical technically technique tell
    texture thank thanks that the their them then there therefore these they third thirds this
    thoracic thoracolumbar those three through throughout thus thymic thymus tidy time timed tissue
    tissues to today told total totally transcribed translucency transparency transparent
    transradiant tree trim true tumbled two two-view type typical ultrasound umbilicus unaltered
    unblemished unbothered unbroken unchanged under underexposed underpenetrated undilated
    undisplaced undisturbed unenhanced unenlarged uneventful unexceptional uninterrupted
    unobstructed unremarkable unsuspicious untouched untoward up upper upright us usual usually
    variant variants vascularity vasculature venous ventilated vents verified very view views visa
    visible visibly visualisation visualised visualization visualized volume volumes wall walls ward
    was wavy way ways we week weeks well well-aerated well-defined well-expanded well-inflated
    well-placed well-positioned well-seated well-ventilated were what where which who whole whom
    whose width will window with within without wnl woman wondered wonders worthy would x-ray x-rays
    xray xxxx xxxx-a-xxxx year years yesterday yet young zilch zone zones
    """.split()
)
# What may be denied, and how much of it. By itself, said of a part of the body, it is none of it.
DENIABLE = frozenset(
    """
    abnormal abnormalities abnormality abnormally abscess active acute adenopathy aggressive air
    air-space airspace alveolar amount amounts aneurysm appreciable ascites asymmetric asymmetry
    atelectasis badness basilar bat better bibasilar big blastic bleb blebs bleed bleeding blob
    blockage blood blunted blunting bony break breaks broken bronchiectasis bulge bulging bulla
    bullae bump calcific calcification calcifications calcified calculi cancer cardiomegaly
    cardiopulmonary catheter cause cavitation cavities cavity chamber change changes characteristic
    cleaner clot clots collapse collapsed collection collections complaint complication
    complications component compressed compression concern concerning concerns confluent congested
    congestion consolidation consolidative convincing convincingly cortical crack cracked crowding
    cyst cysts decompensation decrease decreased defect defects deformity degree demonstrable
    densities density destruction destructive deterioration developed developing deviated deviation
    device devices difference differences diffuse dilatation dilated dilation discrepancy discrete
    disease diseases dislocated dislocation disorder displaced displacement dissection distended
    distension distention distortion echogenic edema effusion effusions effusive efusion element
    elevated elevation elongated emboli embolism embolus emphysema emphysematous endobronchial
    engorged engorgement enlarge enlarged enlargement enlarging erosion erosions erosive even
    evidence explanation extension failure fault faulted fibrosis fibrotic filling flap flattened
    flattening fluid focal foci focus foreign fracture fractured frank free fresh gas granuloma
    granulomas granulomatous gross growth haemorrhage hemorrhage hernia herniation high hilar hint
    hole hump hydronephrosis hyperinflated hyperinflation hypertension hypoinflation impingement
    increase increased indication infarct infarcted infarction infection infective infiltrate
    infiltrates infiltration infiltrative inflammation inflammatory injuries injury insufficiency
    interstitial intraluminal intrapulmonary intrathoracic involvement ischaemia ischaemic ischemia
    ischemic joined kerley kind lack large larger layering leak least lesion lesions line linear
    lines liquid little lobar loculated loss lucencies lucency lump lumps lymphadenopathy lytic
    major malalignment malignancy malignant malunion marked mass masses massive material measurable
    mediastinal metastases metastasis metastatic mild minor mitotic moderate more most motion much
    multifocal narrowed narrowing neoplastic new newly nodes nodularity nodule nodules non-calcified
    noncalcified nonunion now object objects obstructed obstructing obstruction obvious oedema
    opacification opacities opacity opaque osseus osteoblastic osteolytic other out overload overt
    paratracheal parenchymal past patch patches pathologic pathological pathologically pathology
    perforation periosteal persistent pleurisy pleuroparenchymal plural pneumatosis
    pneumomediastinum pneumonia pneumoperitoneum pneumothoraces pneumothorax post-traumatic
    posttraumatic problem problems process processes progression prominence prominent pulmonary
    pulmonic radio-opaque radiodense radiopaque raised reach reason recent recurrent reduced
    reduction relevant residual retained reticular reticulation rotated rotation rupture ruptured
    scar scarring scars sclerosis sclerotic scoliosis segmental severe shadow shadowing shadows
    shift shifted sign significant signs sinister sizable sizeable slight slightest small smaller
    solid sort source spot spots spread stases stasis stenosis stone stones strain subcutaneous
    subdiaphragmatic subluxation subphrenic suggestion suspicious swelling swollen symptoms tb tear
    tears tension tenting than thick thickened thickening thin thoracic thrombosis thrombus tiny too
    torsion trace tram trapping traumatic tube tuberculosis tuberculous tubes tumor tumour type
    unfolded vascular venous visible volume water wedge whatsoever wide widened widening wider wing
    wings wish worrying worsening
    """.split()
)
# What is said of a device that lies where it should.
OF_DEVICES = frozenset(
    """
    about access accessed aortic approach approximately arm arteries artery arthroplasty atria
    atrial atrium biventricular brachiocephalic bypass cabg cardiac carina carinal catheter
    catheters cava caval cavoatrial cerclage chamber clip clipped clips coil coiled coils coronary
    course courses coursing densities density device devices dialysis double-lumen drain drains dual
    dual-chamber dual-lead dual-lumen duodenum electronic end ending endotracheal ends enter enteric
    entering enters exchange exchanged expected extend extending extends extremities extremity
    feeding femoral film films gastric gastroesophageal ge generator graft grafts grossly hole holes
    hub implantable innominate inserted insertion intact interval intracardiac ivc jugular junction
    la lead leads line lines location loop loops lumen lv median metallic mitral nasogastric neck
    new numerous overlie overlies overlying pacemaker pacer pass passes passing placed placement
    port ports postoperative postsurgical project projecting projects ra radiopaque reach reaches
    reaching removal removed replaced replacement reservoir rv several shunt side sidehole single
    single-lead single-lumen staples stent stents sternal sternotomy stomach subclavian suction
    support supporting surgery surgical suture sutures svc terminate terminated terminates
    terminating tip tips tracheostomy triple tube tubes tubing tunneled tunnelled tunnelled-type
    unchanged valve valves vascular vena ventricle ventricular via well-seated wire wires
    """.split()
)
