"""The contrastive loss of Hu et al. (ACL 2022)."""

from collections.abc import Mapping

from torch import Tensor, nn

from graphsum.models.modeling import GraphSumOutput
from graphsum.options import TrainOptions
from graphsum.training.objectives.objective import Objective


class Contrastive(Objective):
    """Loss per report of :class:`graphsum.models.contrastive.ContrastiveModule`."""

    name = "contrastive"

    @classmethod
    def weight(cls, options: TrainOptions) -> float:
        return options.contrastive_weight

    def loss(
        self, output: GraphSumOutput, batch: Mapping[str, Tensor], model: nn.Module
    ) -> Tensor | None:
        return output.contrastive_loss
