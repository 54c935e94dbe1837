"""R-Drop (Liang et al., NeurIPS 2021)."""

from collections.abc import Mapping

from torch import Tensor, nn

from graphsum.models.modeling import GraphSumOutput
from graphsum.options import TrainOptions
from graphsum.training.objectives.objective import Objective


class RDrop(Objective):
    """Divergence per target token of two passes with different dropout."""

    name = "agreement"

    @classmethod
    def weight(cls, options: TrainOptions) -> float:
        return options.r_drop

    def loss(
        self, output: GraphSumOutput, batch: Mapping[str, Tensor], model: nn.Module
    ) -> Tensor | None:
        return output.agreement_loss
