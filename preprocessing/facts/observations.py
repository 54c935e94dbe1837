"""Findings or impression -> the observations that they assert, deny or doubt.

The terms of the ontology are found in each sentence; what the sentence says of them is read by the
engine of ``preprocessing.text``. The names are the 14 of CheXpert (Irvin et al. 2019), those that
Open-i's coders use beyond them, and what a reader must act on. No model, no download.
"""

from dataclasses import dataclass
from typing import Literal, cast

from preprocessing.facts.ontology import NO_FINDING, ontology
from preprocessing.facts.reading import read_mentions
from preprocessing.records import Side
from preprocessing.text.status import Certainty

Status = Literal["present", "absent", "uncertain"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One mention: a name of ``OBSERVATIONS``, and characters ``start`` to ``end`` of the text.

    ``side`` is None where the text names none, and for observations of the whole chest.
    """

    name: str
    status: Status
    side: Side | None
    start: int
    end: int
    certainty: Certainty = "definite"


def extract_observations(text: str) -> tuple[Observation, ...]:
    """The observations of a text in the order of their mentions; never raises.

    A nodule or mass that is or may be there is a Lung Lesion too, an infiltrate a Lung Opacity,
    pleural thickening a Pleural Other. "No Finding" comes back where the text calls the study
    normal, or free of acute disease, and nothing but Support Devices is present or uncertain.
    Mentions of history, and of what is denied only as new, additional or large, are left out.
    """
    found, known = extract_mentions(text), ontology()
    abnormal = any(
        o.status != "absent" and known.tier(o.name) != "none" and o.name != NO_FINDING
        for o in found
    )
    return tuple(o for o in found if not (abnormal and o.name == NO_FINDING))


def extract_mentions(text: str) -> tuple[Observation, ...]:
    """As :func:`extract_observations`, with No Finding wherever a phrase says it.

    "Small effusion, no other acute disease" has one, whatever else is there.
    """
    plain, mentions = read_mentions(text)
    found: list[Observation] = []
    unsided = ontology().unsided
    for mention in mentions:
        if mention.status == "past":
            continue
        names = mention.names
        if mention.status != "absent":
            names += mention.parents
        status = cast(Status, mention.status)
        start, end = plain.origin(mention.start, mention.end)
        for name in names:
            side = None if name in unsided else mention.side
            found.append(Observation(name, status, side, start, end, mention.certainty))
    return tuple(found)


def positive_observations(text: str) -> frozenset[str]:
    """The names with at least one mention that is ``present``; doubtful ones do not count."""
    return frozenset(o.name for o in extract_observations(text) if o.status == "present")


def statuses(text: str) -> dict[str, Status]:
    """One status for each name mentioned: ``present`` wins over ``uncertain`` over ``absent``.

    What is absent on one side only is left out: the other side may have it.
    """
    result: dict[str, Status] = {}
    for observation in extract_observations(text):
        if observation.status == "absent" and observation.side in ("left", "right"):
            continue
        known = result.get(observation.name, "absent")
        result[observation.name] = max(known, observation.status, key=_STRENGTH.__getitem__)
    return result


_STRENGTH: dict[str, int] = {"absent": 0, "uncertain": 1, "present": 2}
