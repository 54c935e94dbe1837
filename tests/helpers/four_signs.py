"""Sixteen invented reports: four signs, each with one impression, in four surroundings."""

from preprocessing.records import Report

NORMAL = "Heart size is normal. Mediastinum is unremarkable. Bones are intact."
SIGNS = {
    "There is a small left pleural effusion.": "Small left effusion.",
    "There is right basilar atelectasis.": "Right basilar atelectasis.",
    "The lungs are clear.": "No acute disease.",
    "There is focal consolidation in the right lung.": "Right pneumonia.",
}
EXTRAS = ["", "No pneumothorax.", "Mild scoliosis.", "Aorta is normal."]
TRAIN = [
    Report(f"{number}{row}", f"{sign} {NORMAL} {extra}", impression)
    for row, (sign, impression) in enumerate(SIGNS.items())
    for number, extra in enumerate(EXTRAS)
]
