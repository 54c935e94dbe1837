"""Cross-entropy of the impression."""

from collections.abc import Mapping

from torch import Tensor, nn

from graphsum.models.modeling import GraphSumOutput
from graphsum.options import TrainOptions
from graphsum.training.objectives.objective import Objective


class Likelihood(Objective):
    """Cross-entropy per target token, with the model's label smoothing."""

    name = "loss"

    @classmethod
    def weight(cls, options: TrainOptions) -> float:
        return 1.0

    def loss(
        self, output: GraphSumOutput, batch: Mapping[str, Tensor], model: nn.Module
    ) -> Tensor | None:
        return output.generation_loss
