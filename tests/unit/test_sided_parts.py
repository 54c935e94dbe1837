"""Parts of the body on a side, and impressions that name them on the other one."""

import pytest

from preprocessing.facts.comparison import check_impression, errors_of
from preprocessing.text.sided_parts import find_sided_parts

WRONG = (
    ("Left knee: There is no fracture or dislocation.", "Right knee: no acute bony abnormality."),
    ("Left ankle. Soft tissue swelling. No fracture.", "Right ankle. No acute traumatic finding."),
    ("The left subclavian port is fractured.", "Right subclavian central line fracture."),
    ("Strandy scarring in the right apex.", "No change left upper lobe scar."),
    ("Rightward mediastinal shift.", "Left mediastinal shift."),
    (
        "Dialysis catheter, the tip in the right atrium.",
        "Dialysis catheter tip in the left atrium.",
    ),
    ("Question left atrial enlargement.", "Question right atrial enlargement."),
    ("Left hand. Fracture of the fifth metacarpal.", "Right hand: fifth metacarpal fracture."),
    ("Left hip joint is aligned. Fracture of the neck.", "Pelvis and right hip. Fracture."),
    ("Left mastectomy.", "Status post right mastectomy."),
    ("Patchy right upper lobe opacities. Left lung clear.", "Right lung clear."),
)
RIGHT = (
    ("Left knee: There is no fracture.", "Left knee: no acute bony abnormality."),
    ("Both knees: no fracture.", "Right knee: no acute bony abnormality."),
    ("Chest. Clear. Right knee. No fracture.", "Chest. No acute disease. Right knee. No fracture."),
    ("Pacemaker lead in the right ventricle. Heart large.", "Left ventricular enlargement."),
    ("Trachea deviated to the left. Fluid on the right.", "Leftward tracheal shift."),
    ("The mediastinum is displaced to the right.", "Right mediastinal shift."),
    ("Port on the right, tip in the right atrium.", "Right-sided port."),
    ("Patchy right upper lobe opacities.", "Left lung clear."),
)


@pytest.mark.parametrize(("findings", "impression"), WRONG)
def test_the_other_side_is_noticed(findings: str, impression: str) -> None:
    errors = errors_of(check_impression(impression, findings))
    assert {one.attribute for one in errors} & {"side", "status"}


@pytest.mark.parametrize(("findings", "impression"), RIGHT)
def test_the_same_side_is_not(findings: str, impression: str) -> None:
    errors = errors_of(check_impression(impression, findings))
    assert not [one for one in errors if one.attribute in ("side", "status")]


def test_parts_have_their_sides() -> None:
    text = "left distal radius and both hips; the clavicle on the right. heart shifted to the left."
    assert {(one.part, one.side) for one in find_sided_parts(text)} == {
        ("forearm", "left"),
        ("hip", "bilateral"),
        ("clavicle", "right"),
        ("shift", "left"),
    }
