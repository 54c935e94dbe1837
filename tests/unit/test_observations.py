"""The observation extractor, on invented sentences."""

import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.facts.observations import extract_observations, positive_observations, statuses
from preprocessing.facts.ontology import CHEXPERT_OBSERVATIONS, ontology

# Each line: a sentence, then name=status of what it says (nothing else may come back).
CASES = """
Small pleural effusion. | Pleural Effusion=present
No pneumothorax, pleural effusion or consolidation. | Pneumothorax=absent Pleural Effusion=absent \
Consolidation=absent
There is no evidence of pulmonary edema. | Edema=absent
There is no XXXX of an effusion. | Pleural Effusion=absent
Cardiomegaly without edema. | Cardiomegaly=present Edema=absent
The bases are free of atelectasis. | Atelectasis=absent
The film is negative for pneumothorax. | Pneumothorax=absent
The pneumothorax has resolved. | Pneumothorax=absent
Effusion and atelectasis are no longer seen. | Pleural Effusion=absent Atelectasis=absent
There is no longer a pneumothorax. | Pneumothorax=absent
A fracture is not identified. | Fracture=absent
Pneumonia is unlikely. | Pneumonia=uncertain
Complete resolution of the edema. | Edema=absent
No effusion, but a scar remains. | Pleural Effusion=absent Scarring=present
No effusion; atelectasis at the base. | Pleural Effusion=absent Atelectasis=present
No pneumothorax, although edema persists. | Pneumothorax=absent Edema=present
No pneumothorax, the heart is enlarged. | Pneumothorax=absent Cardiomegaly=present
No effusion and the heart is large. | Pleural Effusion=absent Cardiomegaly=present
No fluid overload due to cardiomegaly. | Congestion=absent Cardiomegaly=present
Cannot exclude pneumonia. | Pneumonia=uncertain
An effusion cannot be excluded. | Pleural Effusion=uncertain
CT to rule out a fracture. | Fracture=uncertain
This may represent atelectasis. | Atelectasis=uncertain
Possible edema. | Edema=uncertain
Atelectasis versus scarring. | Atelectasis=uncertain Scarring=uncertain
Atelectasis or scarring. | Atelectasis=uncertain Scarring=uncertain
Probable atelectasis. | Atelectasis=uncertain
Not without atelectasis. | Atelectasis=present
No change in the effusion. | Pleural Effusion=present
No interval increase in edema. | Edema=present
The effusion is not significantly changed. | Pleural Effusion=present
Atelectasis not visualized on the prior film. | Atelectasis=present
Partial resolution of the effusion. | Pleural Effusion=present
History of pneumonia. |
No new fracture. |
No large effusion or pneumothorax. | Pneumothorax=absent
No 8 mm nodule. | Nodule=absent
Left basal opacity which is not evident on the lateral exam. | Lung Opacity=present
Opacity at the right base that is not identified on the PA view. | Lung Opacity=present
Small nodules in the lingula. These are not seen on the lateral view. | \
    Nodule=present Lung Lesion=present
The nodule is not well seen today. | Nodule=present Lung Lesion=present
No effusion is seen on the lateral view. | Pleural Effusion=absent
Lungs are expanded and clear airspace disease. | Lung Opacity=absent Airspace Opacity=absent
Persistent elevation right hemidiaphragm. | Elevated Diaphragm=present
No pneumothorax or large left pleural effusion. | Pneumothorax=absent
Pericardial effusion. | Pericardial Effusion=present
Subcutaneous emphysema. | Subcutaneous Emphysema=present
Free air under the right hemidiaphragm. | Free Air=present
No free subdiaphragmatic air. | Free Air=absent
Lucency beneath the diaphragm, concerning for pneumoperitoneum. | Free Air=present
The lungs are free of air space disease. | Lung Opacity=absent Airspace Opacity=absent
Gastric air bubble below the left hemidiaphragm. |
Pneumomediastinum cannot be excluded. | Pneumomediastinum=uncertain
Air is not seen within the mediastinum. |
The mediastinum is shifted to the left. | Mediastinal Shift=present
The mediastinum is not shifted. | Mediastinal Shift=absent
The right shoulder is dislocated. | Dislocation=present
No adenopathy. | Lymphadenopathy=absent
Both hila are bulky. | Lymphadenopathy=present
Aortic aneurysm. | Aneurysm=present
A coin in the esophagus. | Foreign Body=present
New compression fracture of T12. | Fracture=present Vertebral Compression=present
Thick-walled cavity in the left apex. | Cavity=present Lung Lesion=present
The pleural cavity is clear. |
Metastases to the lungs. | Lung Lesion=present Malignancy=present
ETT tip in the right main bronchus. | Support Devices=present Device Malposition=present
Endotracheal tube tip 4 cm above the carina. | Endotracheal Tube=present Support Devices=present
The nasogastric tube is coiled in the stomach. | Enteric Tube=present Support Devices=present
The NG tube is coiled in the esophagus. | Support Devices=present Device Malposition=present
The left PICC is kinked. | Support Devices=present Device Malposition=present
Spiculated nodule, not present in 2015. | Nodule=present Lung Lesion=present
A mass that was not there on the pre-operative film. | Mass=present Lung Lesion=present
Thin crescent of air along the left apex. | Pneumothorax=present
Pneumothorax is not seen in the present study. | Pneumothorax=absent
Effusion is not seen and lung volumes are preserved. | Pleural Effusion=absent
The clavicle is not broken. |
T12 is not compressed. |
The aorta is tortuous and the heart is markedly enlarged. | Cardiomegaly=present
The descending aorta is markedly dilated. | Aneurysm=present
SQ emphysema over the left chest. | Subcutaneous Emphysema=present
Gas lucencies overlie the left axilla. | Subcutaneous Emphysema=present
Gas dissecting along the thoracic aorta. | Pneumomediastinum=present
Air in the trachea. |
Lucency separates the diaphragm from the liver. | Free Air=present
The gas below the left diaphragm is in the colon. |
The left collarbone is broken. | Fracture=present
Lucent line through the scapula. | Fracture=present
Lucency in the humeral head, likely a cyst. | Bone Lesion=present
The humeral head lies below the coracoid. | Dislocation=present
T7 has lost a third of its height. | Vertebral Compression=present
Breathing tube ends 8 mm above the carina. | Support Devices=present Device Malposition=present
The endotracheal tube needs to come back 3 cm. | Support Devices=present Device Malposition=present
Lung abscess in the left base. | Cavity=present Lung Lesion=present
The mediastinum measures 9.5 cm. | Enlarged Cardiomediastinum=present
The mediastinum measures 6 cm. |
The right lung has completely collapsed. | Atelectasis=present Collapsed Lung=present
No lobar collapse. | Atelectasis=absent Collapsed Lung=absent
White-out on the left. | Lung Opacity=present Opaque Hemithorax=present
Positive spine sign. | Lung Opacity=present Airspace Opacity=present
The left heart border is sharp. |
Soft tissue edema. | Soft Tissue Swelling=present
Heart size is normal. | Cardiomegaly=absent
The heart is not enlarged. | Cardiomegaly=absent
The heart is mildly enlarged. | Cardiomegaly=present
Normal cardiac silhouette. | Cardiomegaly=absent
Borderline heart size. | Cardiomegaly=uncertain
The heart is at the upper limits of normal. |
The heart and mediastinum are unremarkable. | Cardiomegaly=absent \
Enlarged Cardiomediastinum=absent
Widened mediastinum. | Enlarged Cardiomediastinum=present
The lungs are clear. | Lung Opacity=absent Consolidation=absent Infiltrate=absent
The lungs are clear of infiltrate. | Infiltrate=absent
Apart from a nodule, the lungs are clear. | Nodule=present Lung Lesion=present \
Lung Opacity=absent Consolidation=absent Infiltrate=absent
Costophrenic angles are sharp. | Pleural Effusion=absent
The ribs are intact. | Fracture=absent
No nodule. | Nodule=absent
No mass effect. |
A nodule. | Nodule=present Lung Lesion=present
An infiltrate may be seen; a mass is possible. | Infiltrate=uncertain Lung Opacity=uncertain \
Mass=uncertain Lung Lesion=uncertain
Pleural thickening. | Pleural Thickening=present Pleural Other=present
Hydropneumothorax. | Pleural Effusion=present Pneumothorax=present
Calcified granuloma and hiatal hernia with emphysema. | Granuloma=present Hernia=present \
Emphysema=present
A pacemaker and a PICC line. | Cardiac Pacemaker=present PICC=present Support Devices=present
No acute cardiopulmonary abnormality. | No Finding=present
No acute disease or pneumothorax. | No Finding=present Pneumothorax=absent
Normal chest. | No Finding=present
Normal chest with a central line. | Central Venous Catheter=present No Finding=present \
Support Devices=present
No acute cardiopulmonary disease. Stable cardiomegaly. | Cardiomegaly=present
1. Edema 2. No effusion. | Edema=present Pleural Effusion=absent
The sky is blue. |
"""


@pytest.mark.parametrize("line", CASES.replace("\\\n", "").strip().splitlines())
def test_status_of_each_observation(line):
    text, _, expected = line.partition("|")
    said = {f"{name}={status}" for name, status in statuses(text).items()}
    for status in ("present", "absent", "uncertain"):
        expected = expected.replace(f"={status}", f"={status}\n")
    assert said == {part.strip() for part in expected.splitlines() if part.strip()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A left effusion and right basilar atelectasis.", ["left", "right"]),
        ("Atelectasis in the left base and a right effusion.", ["left", "right"]),
        ("Left effusion and atelectasis.", ["left", "left"]),
        ("Atelectasis and scarring in the lingula.", ["left", "left"]),
        ("Bilateral effusions, right greater than left.", ["bilateral"]),
        ("Right and left effusions.", ["bilateral"]),
        ("RLL consolidation. Effusion.", ["right", None]),
        ("No effusion, but left atelectasis.", [None, "left"]),
        ("Left ventricle aside, cardiomegaly.", [None]),
    ],
)
def test_sides(text, expected):
    assert [observation.side for observation in extract_observations(text)] == expected


def test_absence_on_one_side_denies_nothing_of_the_other():
    assert statuses("No left effusion.") == {}
    assert extract_observations("No left effusion.")[0].status == "absent"
    assert statuses("The right lung is clear.") == {}


def test_present_wins_over_uncertain_over_absent():
    assert statuses("No edema. Possible edema.") == {"Edema": "uncertain"}
    assert statuses("Edema. No edema. Possible edema.") == {"Edema": "present"}
    assert positive_observations("Edema. Possible fracture. No effusion.") == {"Edema"}


def test_spans_are_offsets_of_the_text_as_given():
    text = "İİ Small\nEFFUSION; NO\n pleural   effusion."
    spans = [text[o.start : o.end] for o in extract_observations(text)]
    assert spans == ["EFFUSION", "pleural   effusion"]


def test_wrapped_lines_and_case_do_not_matter():
    text = (
        "There is no evidence of pleural effusion. The heart is mildly enlarged, and in the left "
        "lower lobe there is a scar. No pneumothorax or focal consolidation is seen."
    )
    plain = [(o.name, o.status, o.side) for o in extract_observations(text)]
    assert len(plain) == 5
    wrapped = [textwrap.fill(text, width) for width in (60, 72, 90)]
    for other in (text.upper(), text.replace(".", " ."), *wrapped):
        assert [(o.name, o.status, o.side) for o in extract_observations(other)] == plain


def test_names_are_those_of_chexpert_and_of_the_entries():
    names = ontology().names
    assert len(CHEXPERT_OBSERVATIONS) == 14
    assert names[:14] == CHEXPERT_OBSERVATIONS
    assert len(set(names)) == len(names)
    assert {"Nodule", "Mass", "Infiltrate", "Emphysema", "Fibrosis", "Hernia"} <= set(names)


WORDS = "no effusion heart left and or with , . is normal lungs clear XXXX may not ß İ".split()


@given(st.lists(st.sampled_from([*WORDS, "\n"])))
def test_any_text_is_read(words):
    text = " ".join(words)
    for observation in extract_observations(text):
        assert observation.name in ontology().names
        assert observation.status in ("present", "absent", "uncertain")
        assert 0 <= observation.start < observation.end <= len(text)


@pytest.mark.parametrize(
    "unit", ["no xxxx ", "calcified ", "heart and ", "lungs are\n", "effusion left ", "xxxx ", " "]
)
def test_time_does_not_explode(unit):
    start = time.process_time()
    extract_observations(unit * (20_000 // len(unit)) + "no effusion")
    assert time.process_time() - start < 5
