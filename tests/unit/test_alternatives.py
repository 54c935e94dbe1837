"""Alternatives find what one long expression finds."""

import random
import re

import pytest

from preprocessing.text.alternatives import Alternatives

PARTS = {
    "a": r"no (?:acute )?(?:opacit\w+|mass(?:es)?)|(?<!left )lung",
    "b": r"(?:\w+ )?nodules?|[a-c]x+|(?i:ABC|xyz)(?=\s|$)",
    "c": r"\d+ ?mm|\s{2,}(?=x)|[^\S\n]\)",
    "d": r"(?:x|y)?z{0,2}w|lungs?|n(?:o|one)\b",
}
START = r"(?<!\w)[\w]|\W"


@pytest.mark.parametrize("seed", range(5))
def test_they_find_what_one_expression_finds(seed):
    rng = random.Random(seed)
    words = "no none acute opacity masses mass left lung lungs tiny nodules ax bxx ABC xyz".split()
    words += "aBc 12 mm 3mm x zzw yw w ) \n".split(" ")
    text = "".join(rng.choice(words) + rng.choice([" ", "  ", "", "\u00a0"]) for _ in range(400))
    joined = "|".join(f"(?P<{name}>{pattern})" for name, pattern in PARTS.items())
    plain = re.compile(rf"(?={START})(?:{joined})(?!\w)")
    expected = [(one.lastgroup, one.span()) for one in plain.finditer(text, 3, len(text) - 3)]
    found = Alternatives(PARTS, start=START, behind=r"(?!\w)").finditer(text, 3, len(text) - 3)
    assert [(one.lastgroup, one.span()) for one in found] == expected
    assert len({name for name, _ in expected}) == len(PARTS)


def test_the_end_of_the_text_is_a_beginning_too():
    one = Alternatives({"x": "fxs?"}, start=r"(?<!\w)\S")
    assert [match.span() for match in one.finditer("rib fx")] == [(4, 6)]
