"""Findings or impression -> the observations that they assert, deny or doubt.

Rules in the manner of NegEx (Chapman et al. 2001), ConText (Harkema et al. 2009) and NegBio (Peng
et al. 2018): one pass over each sentence meets terms and cues in order; a cue governs the terms
after it, or before it, up to the end of its clause. The names are the 14 of CheXpert (Irvin et al.
2019) and those that Open-i's coders use beyond them. No model, no download.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from preprocessing.facts.ontology import COMPOUNDS, NO_FINDING, PARENTS, UNSIDED
from preprocessing.facts.phrases import FIXED_STATUS_PHRASES, NORMAL_STUDY_PHRASES
from preprocessing.facts.terms import TERMS
from preprocessing.records import Side
from preprocessing.text.cues import CUES, LARGE_WORDS
from preprocessing.text.laterality import find_sides, sides_of_mentions
from preprocessing.text.sentences import unit_spans

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


def extract_observations(text: str) -> tuple[Observation, ...]:
    """The observations of a text in the order of their mentions; never raises.

    A nodule or mass that is or may be there is a Lung Lesion too, an infiltrate a Lung Opacity,
    pleural thickening a Pleural Other. "No Finding" comes back where the text calls the study
    normal, or free of acute disease, and nothing but Support Devices is present or uncertain.
    Mentions of history, and of what is denied only as new, additional or large, are left out.
    """
    found = extract_mentions(text)
    abnormal = any(
        o.status != "absent" and o.name not in (NO_FINDING, "Support Devices") for o in found
    )
    return tuple(o for o in found if not (abnormal and o.name == NO_FINDING))


def extract_mentions(text: str) -> tuple[Observation, ...]:
    """As :func:`extract_observations`, with No Finding wherever a phrase says it.

    "Small effusion, no other acute disease" has one, whatever else is there.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals grow when lowered; offsets must not move
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    found: list[Observation] = []
    for start, end in unit_spans(lowered):
        _read_sentence(lowered, start, end, found)
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


@dataclass(slots=True)
class _Mention:
    names: tuple[str, ...]
    status: str  # as in Observation, or "drop"
    start: int
    end: int
    fixed: bool = False  # a phrase that bears its own verdict


def _read_sentence(text: str, start: int, end: int, found: list[Observation]) -> None:
    """Append the observations of the sentence ``text[start:end]``."""
    mentions: list[_Mention] = []
    state = "present"
    clause = 0  # the first mention that a cue standing after its mentions may reach
    alternatives = False  # "or" met since the last mention
    for match in _master().finditer(text, start, end):
        kind = match.lastgroup or ""
        if kind in _MENTIONS:
            names, status = _MENTIONS[kind]
            if names:
                fixed = status is not None
                mention = _Mention(names, status or state, *match.span(), fixed)
                if alternatives and state == "present" and not fixed and len(mentions) > clause:
                    # "scar or atelectasis": one of them
                    mention.status = "uncertain"
                    if not mentions[-1].fixed and mentions[-1].status == "present":
                        mentions[-1].status = "uncertain"
                elif (
                    mention.status == "absent"
                    and not fixed
                    and _LARGE_BEFORE.search(text[max(start, match.start() - 30) : match.start()])
                ):
                    mention.status = "drop"
                mentions.append(mention)
                if names == (NO_FINDING,) and _DENIES.match(text, match.start()):
                    state = "absent"
            alternatives = False
        elif kind in _FORWARD:
            if state == "present" or (kind == "deny" and state == "uncertain"):
                state = _FORWARD[kind]
            versus = kind == "doubt" and match.group().startswith(("vers", "vs", "and/or"))
            if versus and len(mentions) > clause and mentions[-1].status == "present":
                mentions[-1].status = "uncertain"
        elif kind in _BACKWARD:
            for mention in mentions[clause:]:
                if not mention.fixed and mention.status != "absent":
                    mention.status = _BACKWARD[kind]
        elif kind == "end":
            state, clause = "present", len(mentions)
        elif kind == "with" or (kind == "cause" and state == "absent"):
            state = "present"
        elif kind == "verb":
            clause = len(mentions)
        elif kind == "or":
            alternatives = True
    _append(text, start, end, mentions, found)


def _append(
    text: str, start: int, end: int, mentions: list[_Mention], found: list[Observation]
) -> None:
    sides = _sides(text, start, end, mentions)
    for mention, side in zip(mentions, sides, strict=True):
        if mention.status == "drop":
            continue
        names = mention.names
        if mention.status != "absent":
            names += tuple(parent for name in names for parent in PARENTS.get(name, ()))
        for name in names:
            own = None if name in UNSIDED else side
            status: Status = mention.status  # type: ignore[assignment]
            found.append(Observation(name, status, own, mention.start, mention.end))


def _sides(text: str, start: int, end: int, mentions: list[_Mention]) -> list[Side | None]:
    """The side of each mention of the sentence ``text[start:end]``."""
    spans = [(mention.start, mention.end) for mention in mentions]
    return sides_of_mentions(text, start, end, spans, list(find_sides(text, start, end)))


_FORWARD = {"deny": "absent", "doubt": "uncertain", "drop": "drop"}
_BACKWARD = {"denied": "absent", "doubted": "uncertain"}
_LARGE_BEFORE = re.compile(rf"\b(?:{LARGE_WORDS})\s+(?:\w+\s+)?$")
_DENIES = re.compile(r"no\b|without|negative for")

_MENTIONS: dict[str, tuple[tuple[str, ...], str | None]] = {
    **{f"fixed{i}": (names, status) for i, (status, names, _) in enumerate(FIXED_STATUS_PHRASES)},
    **{f"normal{i}": ((NO_FINDING,), "present") for i in range(len(NORMAL_STUDY_PHRASES))},
    **{
        f"term{i}": (COMPOUNDS.get(name, (name,)) if name else (), None)
        for i, name in enumerate(TERMS)
    },
}

# The blanks of terms and cues, character classes, and what looks behind (of fixed width).
_BLANK = re.compile(r"\[[^\]]*\]|\(\?<[!=][^)]*\)|[ _]")


def _any_space(match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith("["):
        return found.replace(" ", r"\s")
    # Bounded, and no match begins with a blank: the time stays linear in the text's length.
    return r"(?:\s{1,20})" if found in " _" else found


@lru_cache(maxsize=1)
def _master() -> re.Pattern[str]:
    """Terms and cues as one expression: what begins first is met first and uses up its words."""
    parts = [f"(?P<normal{i}>{pattern})" for i, pattern in enumerate(NORMAL_STUDY_PHRASES)]
    parts += [f"(?P<fixed{i}>{pattern})" for i, (*_, pattern) in enumerate(FIXED_STATUS_PHRASES)]
    parts += [f"(?P<{kind}>{pattern})" for kind, pattern in CUES.items() if kind == "nothing"]
    parts += [f"(?P<term{i}>{pattern})" for i, pattern in enumerate(TERMS.values())]
    parts += [f"(?P<{kind}>{pattern})" for kind, pattern in CUES.items() if kind != "nothing"]
    expression = _BLANK.sub(_any_space, "|".join(parts))
    return re.compile(rf"(?:(?<!\w)(?=\S)|(?=,))(?:{expression})(?!\w)")
