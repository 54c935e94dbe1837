"""What the summarizer hands over: an impression, what bears it out, and how far to trust it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from graphsum.impressions.confidence import estimate, features_of
from graphsum.impressions.mending import Mended
from graphsum.impressions.plan import Plan
from preprocessing.facts.comparison import Consistency, is_actionable, is_eased, tier_of
from preprocessing.facts.ontology import Tier

Flag = Literal[
    "no_information", "out_of_domain", "truncated", "low_agreement", "mended", "quoted", "unread",
    "style_not_applied", "not_checked",
]  # fmt: skip
REVIEW_BELOW = 0.5  # confidence
_ASK_FOR_REVIEW = frozenset(("no_information", "not_checked", "out_of_domain", "truncated"))
LOW_AGREEMENT = 0.35  # mean ROUGE of the chosen impression with the votes


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A statement of the impression (characters ``start`` to ``end``) and what bears it out.

    ``verdict``: supported, inferred or unsupported. ``evidence``: characters of the findings, or
    None. ``differs``: attributes in which they differ.
    """

    start: int
    end: int
    names: tuple[str, ...]
    status: str
    verdict: str
    evidence: tuple[int, int] | None
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A statement of the findings that the impression does not tell, and why it need not."""

    start: int
    end: int
    names: tuple[str, ...]
    tier: Tier
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """An impression with its evidence; ``str(summary)`` is the impression.

    ``flags``: see ``docs/decoding.md``. ``reason``: why there is no impression, where it is empty.
    ``confidence``: the estimated chance that nothing urgent is missed or invented and that the
    wording is near a radiologist's (ROUGE-L 0.5), or None for a checkpoint without calibration.
    ``features``: what it
    rests on. ``review``: whether somebody should look at it before others do.
    """

    impression: str
    ledger: tuple[LedgerEntry, ...]
    left_out: tuple[LeftOut, ...]
    flags: tuple[Flag, ...]
    reason: str
    confidence: float | None
    review: bool
    unknown_share: float
    agreement: float | None
    features: Mapping[str, float]

    def __str__(self) -> str:
        return self.impression

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary of all fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Summary":
        """The inverse of :meth:`to_json`.

        Raises ``KeyError``, ``TypeError`` or ``ValueError`` when it is not what that gives.
        """
        ledger = tuple(
            LedgerEntry(
                **dict(one)
                | {
                    "names": tuple(one["names"]),
                    "evidence": _span(one["evidence"]) if one["evidence"] is not None else None,
                    "differs": tuple(one["differs"]),
                }
            )
            for one in value["ledger"]
        )
        left_out = tuple(
            LeftOut(**dict(one) | {"names": tuple(one["names"])}) for one in value["left_out"]
        )
        flags = tuple(value["flags"])
        return cls(**dict(value) | {"ledger": ledger, "left_out": left_out, "flags": flags})


def summary_of(
    plan: Plan,
    mended: Mended,
    *,
    agreement: float | None = None,
    truncated: bool = False,
    calibration: Mapping[str, float] | None = None,
    threshold: float = REVIEW_BELOW,
) -> Summary:
    """The summary of one report.

    Args:
        agreement: mean ROUGE (0 to 1) of the candidate with the votes, where there were votes.
        calibration: weights of :func:`graphsum.impressions.confidence.estimate`.
        threshold: confidence below which somebody should review it.
    """
    confidence, features = None, features_of(plan, mended, agreement)
    if calibration is not None and plan.information.verdict == "read" and plan.english:
        confidence = estimate(features, calibration)
    flags: list[Flag] = []
    if plan.information.verdict == "nothing":
        flags.append("no_information")
    elif not plan.english:
        flags.append("not_checked")
    elif plan.out_of_domain:
        flags.append("out_of_domain")
    if truncated:
        flags.append("truncated")
    if agreement is not None and agreement < LOW_AGREEMENT:
        flags.append("low_agreement")
    if mended.dropped and plan.information.verdict == "read":
        flags.append("mended")
    if mended.quoted:
        flags.append("quoted")
    unread = plan.information.verdict == "read" and any(
        clause.text not in mended.text for clause in plan.unnamed
    )
    if unread:
        flags.append("unread")
    calm = all(one.statement.status == "absent" for one in mended.checked.statements)
    wrong = bool(mended.checked.wrong or mended.checked.missed)
    doubtful = confidence is not None and confidence < threshold
    return Summary(
        mended.text,
        ledger_of(mended.checked),
        left_out_of(mended.checked) if plan.information.verdict == "read" else (),
        tuple(flags),
        plan.information.reason,
        confidence,
        wrong
        or doubtful
        or (unread and calm)  # "nothing acute", though somebody should read the rest
        or not _ASK_FOR_REVIEW.isdisjoint(flags),
        round(plan.unknown_share, 4),
        agreement,
        features,
    )


def _span(ends: Sequence[int]) -> tuple[int, int]:
    start, end = ends
    return start, end


def ledger_of(checked: Consistency) -> tuple[LedgerEntry, ...]:
    """An entry for each statement of an impression."""
    return tuple(
        LedgerEntry(
            one.statement.start,
            one.statement.end,
            tuple(sorted(one.statement.names)),
            one.statement.status,
            one.kind,
            (one.linked.start, one.linked.end) if one.linked else None,
            one.differs,
        )
        for one in checked.statements
    )


def left_out_of(checked: Consistency) -> tuple[LeftOut, ...]:
    """What the findings state and an impression does not, each with the reason."""
    found: Sequence[Any] = (*checked.left_out, *checked.missed)
    return tuple(
        LeftOut(
            one.start,
            one.end,
            tuple(sorted(one.names)),
            tier_of(one),
            "missed"
            if is_actionable(one)
            else "old or stable"
            if is_eased(one)
            else "need not be reported",
        )
        for one in dict.fromkeys(found)
    )
