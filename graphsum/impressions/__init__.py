"""From candidates to an impression that can be signed: planned, checked, mended, explained."""

# The columns of ``graphsum summarize --explain``.
EXPLAINED = (
    "review",
    "confidence",
    "flags",
    "reason",
    "supporting_sentences",
    "left_out",
    "checkpoint",
)
