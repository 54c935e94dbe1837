"""The objectives of training: its loss is their weighted sum, in this order."""

from graphsum.training.objectives.objective import Objective
from preprocessing.registry import Table

OBJECTIVES: Table[type[Objective]] = Table(
    "objective",
    {
        "likelihood": "graphsum.training.objectives.likelihood:Likelihood",
        "contrastive": "graphsum.training.objectives.contrastive:Contrastive",
        "r_drop": "graphsum.training.objectives.r_drop:RDrop",
    },
)
