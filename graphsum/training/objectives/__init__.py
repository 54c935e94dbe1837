"""The objectives of training: its loss is their weighted sum, in this order; those of tuning."""

from graphsum.training.objectives.objective import Objective
from graphsum.training.objectives.preference import TuningObjective
from preprocessing.registry import Table

OBJECTIVES: Table[type[Objective]] = Table(
    "objective",
    {
        "likelihood": "graphsum.training.objectives.likelihood:Likelihood",
        "contrastive": "graphsum.training.objectives.contrastive:Contrastive",
        "r_drop": "graphsum.training.objectives.r_drop:RDrop",
    },
)
TUNING_OBJECTIVES: Table[type[TuningObjective]] = Table(
    "method",
    {
        "rloo": "graphsum.training.objectives.preference:Rloo",
        "scst": "graphsum.training.objectives.preference:Scst",
        "dpo": "graphsum.training.objectives.preference:Dpo",
        "simpo": "graphsum.training.objectives.preference:SimPo",
    },
)
