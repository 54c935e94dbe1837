"""What an objective has to offer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from graphsum.models.modeling import GraphSumOutput
from graphsum.options import TrainOptions


class Objective(ABC):
    """One term of the training loss.

    Passes are captured in CUDA graphs, so nothing here may depend on the values of tensors.
    """

    name: str  # in the log

    @classmethod
    @abstractmethod
    def weight(cls, options: TrainOptions) -> float:
        """Its factor in a run; 0 leaves it out."""

    @abstractmethod
    def loss(
        self, output: GraphSumOutput, batch: Mapping[str, Tensor], model: nn.Module
    ) -> Tensor | None:
        """This batch's share of the term, a scalar; None where the model does not have it.

        A sum over the batch is divided by ``num_tokens`` or ``num_reports`` of the batch, the
        counts of the whole optimiser step, so that parts and processes add up.

        Args:
            output: what the model's ``forward`` returned for the batch.
            batch: what the processor collated, with ``num_tokens`` and ``num_reports``.
            model: the model, as it was prepared for the devices.
        """
