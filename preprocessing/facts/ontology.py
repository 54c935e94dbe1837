"""The names of observations, and what one name says of another.

The first 14 are those of CheXpert (Irvin et al. 2019); the others are coded in Open-i or were
chosen because a report must not miss them.
"""

NO_FINDING = "No Finding"
CHEXPERT_OBSERVATIONS = (
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
    NO_FINDING,
)
OBSERVATIONS = (
    *CHEXPERT_OBSERVATIONS,
    "Congestion",
    "Pleural Thickening",
    "Granuloma",
    "Nodule",
    "Mass",
    "Malignancy",
    "Cavity",
    "Infiltrate",
    "Collapsed Lung",
    "Opaque Hemithorax",
    "Subcutaneous Emphysema",
    "Emphysema",
    "COPD",
    "Hyperinflation",
    "Fibrosis",
    "Scarring",
    "Airspace Opacity",
    "Hernia",
    "Vertebral Compression",
    "Device Malposition",
    "Free Air",
    "Pneumomediastinum",
    "Mediastinal Shift",
    "Dislocation",
    "Foreign Body",
    "Aneurysm",
    "Lymphadenopathy",
)

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
# Observations of the middle or of the whole chest have no side.
UNSIDED = frozenset(("Cardiomegaly", "Enlarged Cardiomediastinum", "Congestion", NO_FINDING))
