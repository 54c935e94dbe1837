"""Which reports the papers keep: named rules, each a list of reasons to leave a report out."""

import re
from collections.abc import Callable

from preprocessing.records import Report
from preprocessing.registry import Table, load

# Words keep their inner hyphens and apostrophes ("x-ray", "patient's"); every other mark counts
# as a token. Splitting at hyphens instead would add a report that the papers' split leaves out.
_TOKEN = re.compile(r"\w+(?:['-]\w+)*|[^\w\s]")

Rule = tuple[tuple[str, Callable[[Report], bool]], ...]


def count_tokens(text: str) -> int:
    """Number of tokens: words with inner hyphens and apostrophes, and single punctuation marks."""
    return sum(1 for _ in _TOKEN.finditer(text))


def count_words(text: str) -> int:
    """Number of whitespace-separated words."""
    return len(text.split())


_BOTH_SECTIONS: Rule = (
    ("no findings", lambda report: not report.findings.strip()),
    ("no impression", lambda report: not report.impression.strip()),
)

# Reasons in the order they are tried; a report counts under the first that holds.
INCLUSION_RULES: Table[Rule] = Table(
    "inclusion rule",
    {
        # Hu et al. (ACL 2022), after Zhang et al. (2018)
        "hu2022": (
            *_BOTH_SECTIONS,
            ("findings of 10 tokens or fewer", lambda report: count_tokens(report.findings) <= 10),
            (
                "impression of 3 tokens or fewer",
                lambda report: count_tokens(report.impression) <= 3,
            ),
        ),
        # Liu et al., Radiology-GPT (2023)
        "radiology-gpt": (
            *_BOTH_SECTIONS,
            ("findings of fewer than 10 words", lambda report: count_words(report.findings) < 10),
            ("impression of fewer than 2 words", lambda report: count_words(report.impression) < 2),
        ),
        "none": _BOTH_SECTIONS,
    },
)


def exclusion_reason(report: Report, rule: str | None) -> str | None:
    """Why ``rule`` leaves the report out, or None when it is kept; None: findings suffice.

    Raises ``InputError`` for a rule that is not in ``INCLUSION_RULES``.
    """
    if rule is None:
        return None if report.findings.strip() else "no findings"
    return next((reason for reason, holds in load(INCLUSION_RULES, rule) if holds(report)), None)
