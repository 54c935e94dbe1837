"""How impressions are sampled and weighed; part of a checkpoint that decodes by consensus."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphsum.consensus.neighbours import NAMES
from preprocessing.errors import InputError
from preprocessing.files import json_text, read_json, write_text_atomically

LARGEST_WEIGHT = 1e6  # of a feature in the calibration
CONSENSUS_FILE = "consensus_config.json"


@dataclass(frozen=True)
class ConsensusSettings:
    """How impressions are sampled and weighed.

    ``neighbour_weight``: share of the votes that training reports have, where there are any; the
    samples have the rest. ``observation_weight``: of what an impression claims beside its expected
    ROUGE (mean of three, 0 to 1); a claim pays when it is more probable than
    ``observation_threshold``. ``left_out_weight``: what it costs to leave out an acute abnormality
    that the findings assert. ``naming_rates``: those of
    :func:`graphsum.consensus.neighbours.naming_rates`, for use without training reports.
    ``calibration``: weights of :func:`graphsum.impressions.confidence.estimate`, or None.
    """

    num_samples: int = 32
    temperature: float = 0.7
    neighbour_weight: float = 0.6
    observation_weight: float = 1.0
    observation_threshold: float = 0.2
    left_out_weight: float = 0.1
    naming_rates: Mapping[str, Sequence[float]] | None = None
    calibration: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        allowed = {
            "num_samples": (1, 10_000),
            "temperature": (0.01, 10),
            "neighbour_weight": (0, 1),
            "observation_weight": (0, 10),
            "observation_threshold": (0, 1),
            "left_out_weight": (0, 10),
        }
        for name, (lowest, highest) in allowed.items():
            value = getattr(self, name)
            kinds: Any = int if name == "num_samples" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise InputError(f"consensus: {name} must be a number, not {value!r}")
            if not lowest <= value <= highest:
                raise InputError(
                    f"consensus: {name} must be from {lowest} to {highest}, not {value}"
                )
        if self.calibration is not None and not (
            isinstance(self.calibration, Mapping)
            and all(
                isinstance(value, int | float) and abs(value) <= LARGEST_WEIGHT
                for value in self.calibration.values()
            )
        ):
            raise InputError("consensus: calibration must give a number for each feature; or null")
        if self.naming_rates is not None and not are_naming_rates(self.naming_rates):
            raise InputError(
                "consensus: naming_rates must give three numbers from 0 to 1 for each of "
                f"{', '.join(NAMES)}; or null"
            )

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the settings into a checkpoint, which from then on uses consensus by default."""
        write_text_atomically(Path(folder) / CONSENSUS_FILE, [json_text(asdict(self))])

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "ConsensusSettings | None":
        """The settings of a checkpoint, or None where it has none.

        Raises:
            InputError: the file is there but cannot be used.
        """
        path = Path(folder) / CONSENSUS_FILE
        if not path.is_file():
            return None
        try:
            values = read_json(path)
        except InputError as error:
            raise InputError(
                f"{error}: not the settings of consensus decoding; correct or delete the file"
            ) from None
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(f"{path}: {error}; correct or delete the file") from None
        except TypeError:
            raise InputError(
                f"{path}: not the settings of consensus decoding; correct or delete the file"
            ) from None


def are_naming_rates(value: Any) -> bool:
    """Whether a value read from JSON has the form that consensus decoding asks for."""
    try:
        table = np.array([value[name] for name in NAMES], float)
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        return False
    return table.shape == (len(NAMES), 3) and bool(((table >= 0) & (table <= 1)).all())
