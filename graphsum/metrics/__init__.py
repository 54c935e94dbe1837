"""What is measured on impressions: ROUGE, its strata, its intervals, and the rows to beat.

``METRICS`` is what ``evaluate.py`` reports, in this order. Nothing here imports torch.
"""

from graphsum.metrics.metric import Metric
from preprocessing.registry import Table

METRICS: Table[type[Metric]] = Table(
    "metric",
    {
        "rouge": "graphsum.metrics.rouge:Rouge",
        "observations": "graphsum.metrics.observations:Observations",
        "consistency": "graphsum.metrics.consistency:ConsistencyWithFindings",
        "errors": "graphsum.metrics.errors:Errors",
    },
)
