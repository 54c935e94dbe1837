"""Invented rows as ``graphsum summarize --explain`` writes them, for pages."""

from typing import Any


def page_row(
    uid: str,
    findings: str,
    impression: str,
    statements: tuple[tuple[Any, ...], ...] = (),
    *,
    left_out: tuple[tuple[str, str, str], ...] = (),
    flags: tuple[str, ...] = (),
    review: bool = False,
    **columns: Any,
) -> dict[str, Any]:
    """A row; what is said and its evidence are given in words.

    ``statements``: (words of the impression, words of the findings or None, verdict, status,
    attributes that differ); ``left_out``: (words of the findings, tier, reason).
    """
    ledger = [
        {
            **_span(impression, said),
            "names": ["Nodule"],
            "status": status,
            "verdict": verdict,
            "evidence": None if words is None else list(_span(findings, words).values()),
            "differs": list(differs),
        }
        for said, words, verdict, status, differs in statements
    ]
    summary = {
        "impression": impression,
        "ledger": ledger,
        "left_out": [
            {**_span(findings, words), "names": ["Scar"], "tier": tier, "reason": reason}
            for words, tier, reason in left_out
        ],
        "flags": list(flags),
        "reason": "" if impression else "empty",
        "confidence": 0.25 if review else None,
        "review": review,
        "unknown_share": 0.0,
        "agreement": None,
        "features": {},
    }
    row = {"uid": uid, **columns, "findings": findings, "impression": impression}
    return row | {"summary": summary}


def effusion_row(uid: str = "r1") -> dict[str, Any]:
    """A supported, a contradicted and a general sentence, and something missed."""
    return page_row(
        uid,
        "There is a small left effusion. A 7 mm nodule lies in the right apex. Old rib fracture.",
        "Small left effusion. Nodule of 9 mm. Compare with old films.",
        (
            ("effusion", "effusion", "supported", "present", ()),
            ("Nodule", "nodule", "size_flipped", "present", ()),
        ),
        left_out=(("rib fracture", "notable", "missed"),),
        flags=("mended",),
        review=True,
        age=67,
    )


def _span(text: str, words: str) -> dict[str, int]:
    start = text.index(words)
    return {"start": start, "end": start + len(words)}
