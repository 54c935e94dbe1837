"""Raw text of a radiology report -> its sections. Pure functions, linear in the text's length.

Follows the practice of MIMIC-CXR's own section parser (Johnson et al., MIMIC-CXR code repository,
``txt/``): headings are normalised to one name each, empty sections do not count, and of several
FINDINGS or IMPRESSION sections the last one with text wins. Beyond it: headings in mixed case,
without a colon or in the middle of a line are seen; wet reads and provisional reads are kept
apart; labels in capitals that are not headings ("LUNGS:") do not end the findings; findings in a
paragraph without any heading are found.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

# Section name -> the headings that open it, in lower case.
_HEADINGS = {
    "findings": "findings|finding|findins|findindgs|findgings|findngs|findnings|finidngs",
    "impression": (
        "impression|impressions|conclusion|conclusions|opinion|impresson|imprression|imoression|"
        "impressoin|imprssion|impresion|imperssion|mpression|impession"
    ),
    "combined": (
        "findings and impression|findings and impressions|findings/impression|findings/impressions|"
        "findings / impression|findings/ impression|findings & impression|impression and findings|"
        "impression/findings|findings and conclusion|findings, impression"
    ),
    "indication": (
        "indication|indications|ndication|idication|history|clinical history|patient history|"
        "medical history|reason for exam|reason for examination|reason for study|"
        "reason for the exam|reason for this examination|clinical information|"
        "clinical indication|clinical indications|history and indication|indication/history|"
        "history/indication"
    ),
    "comparison": (
        "comparison|comparisons|comparison exam|comparison film|comparison films|"
        "comparison study|comparison studies|reference exam|comparision|comparisions|"
        "comparsion|comparrison"
    ),
    "examination": "examination|exam|type of examination|type of exam|study|procedure|date|dates",
    "technique": "technique|techniques|views|dose",
    "recommendations": "recommendation|recommendations|recommendation(s)",
    "notification": "notification|notifications|notification(s)",
    "addendum": "addendum|final addendum|addenda",
    "comment": "comment|comments|note|technologist's note",
    "wet read": "wet read|wetread|wet read version|preliminary report|preliminary read",
    "preliminary": (
        "pfi|provisional findings impression|provisional findings impression (pfi)|"
        "preliminary findings|preliminary impression|preliminary findings/impression|"
        "provisional findings|provisional impression"
    ),
    "final report": "final report",
    # Continue the section that they stand in.
    "": "additional findings|other findings|incidental findings|associated findings",
}
_NAME = {heading: name for name, headings in _HEADINGS.items() for heading in headings.split("|")}
# In upper case they open a section even when text follows on the same line without a colon.
_MARKERS = {"final report", "final addendum", "wet read", "wet read version"}
# Sections whose later paragraphs may be findings that nobody put a heading on, and sections that
# are nothing but such paragraphs.
_BEFORE_FINDINGS = {"indication", "comparison", "examination", "technique"}
_UNHEADED = {"preamble", "final report", "ruled line"}
_ENDS_WET_READ = {"final report", "ruled line", "addendum"}


def _alternation(headings: list[str]) -> str:
    longest_first = sorted(headings, key=lambda heading: (-len(heading), heading))
    return "|".join(re.escape(heading).replace(r"\ ", " {1,2}") for heading in longest_first)


# _clean leaves at most two blanks in a row, so every repetition here is bounded. The number is
# that of "WET READ VERSION #1".
_CANDIDATE = re.compile(
    rf"(?<![\w/])({_alternation(list(_NAME))})(?![\w/])(?: {{1,2}}#?\d{{1,3}}(?= {{0,2}}[:\n*]))?"
    r"( {0,2}:| {1,2}--?(?= ))?",
    re.IGNORECASE,
)
_LINE_START = re.compile(r"(?:^|\n) {0,2}\Z")
_LINE_END = re.compile(r" {0,2}(?:\n|\Z)")
_SENTENCE_END = re.compile(r"[.!?;:] {1,2}\Z|  \Z")
# A title in capitals that speaks of the image; what follows are findings.
_TITLE = re.compile(r"^ {0,2}([A-Z][A-Z0-9 ()/,.&-]{1,79}):", re.MULTILINE)
_VIEW = re.compile(r"\b(?:CHEST|PORTABLE|VIEWS?|RADIOGRAPHS?|LATERAL|LAT|FRONTAL|RIBS)\b")
_RULED_LINE = re.compile(r"^ {0,2}[_=*-]{10,} {0,2}$", re.MULTILINE)


class Section(NamedTuple):
    """``name`` is a key of the heading table, ``preamble``, ``view`` or ``ruled line``;
    ``text`` is what follows the heading, line breaks kept."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ReportSections:
    """The sections that matter, on one line each, blanks collapsed; an empty string when absent.

    ``combined``: the report has findings and impression under one heading and not apart.
    """

    findings: str
    impression: str
    indication: str
    comparison: str
    combined: bool


def extract_sections(text: str) -> ReportSections:
    """The findings, impression, indication and comparison of a raw report.

    Of several findings or impressions the last with text counts; several indications (history,
    reason for exam) or comparisons are joined in their order. Findings without a heading of their
    own are the text under a view's title ("CHEST, PA AND LATERAL:"), else the paragraphs between
    the last section before the impression and its heading. Never raises.
    """
    sections = _without_wet_reads(split_sections(text))
    impression = _last(sections, "impression")
    combined = _last(sections, "combined")
    findings = _last(sections, "findings")
    if not findings and not combined:
        findings = _last(sections, "view") or _unheaded_findings(sections)
    return ReportSections(
        findings=findings,
        impression=impression,
        indication=_joined(sections, "indication"),
        comparison=_joined(sections, "comparison"),
        combined=bool(combined) and not (findings and impression),
    )


def split_sections(text: str) -> list[Section]:
    """All sections in their order, the first one being the ``preamble`` (text before a heading)."""
    text = _clean(text)
    boundaries = [
        (match.start(), match.end(), name)
        for match in _CANDIDATE.finditer(text)
        if (name := _NAME[" ".join(match[1].lower().split())]) and _is_heading(text, match)
    ]
    starts = {position for start, end, _ in boundaries for position in range(start, end)}
    boundaries += [
        (match.start(1), match.end(), "view")
        for match in _TITLE.finditer(text)
        if _VIEW.search(match[1]) and starts.isdisjoint(range(match.start(1), match.end()))
    ]
    boundaries += [
        (match.start(), match.end(), "ruled line") for match in _RULED_LINE.finditer(text)
    ]
    boundaries.sort()

    sections = []
    name, body = "preamble", 0
    for start, end, next_name in boundaries:
        if next_name == "view" and name in ("findings", "impression", "combined"):
            continue
        sections.append(Section(name, text[body:start]))
        name, body = next_name, end
    sections.append(Section(name, text[body:]))
    return sections


def _clean(text: str) -> str:
    """Line breaks as ``\\n``, other control characters as blanks, at most two blanks in a row."""
    text = re.sub(r"\r\n?|[\f\v]", "\n", text)
    text = re.sub(r"[^\S\n]|[\x00-\x09\x0e-\x1f\x7f]", " ", text)
    return re.sub(r" {3,}", "  ", text)


def _is_heading(text: str, match: re.Match[str]) -> bool:
    """Whether a known heading's words stand where a heading stands, rather than in a sentence."""
    heading, mark = match[1], match[2] or ""
    before = text[max(0, match.start() - 3) : match.start()]
    starts_line = _LINE_START.search(before) is not None
    if mark.endswith(":"):
        return (
            starts_line
            or heading.isupper()
            or (heading[0].isupper() and _SENTENCE_END.search(before) is not None)
        )
    if not starts_line or not heading.isupper():
        return False
    is_marker = " ".join(heading.lower().split()) in _MARKERS
    return bool(mark) or is_marker or _LINE_END.match(text, match.end()) is not None


def _without_wet_reads(sections: list[Section]) -> list[Section]:
    """Drop wet reads together with the headings inside them: they are not the radiologist's word.

    A wet read lasts until the final report, a ruled line or an addendum; where none follows, it
    lasts to the end if an impression came before it, else to the next heading.
    """
    last_end = max(
        (i for i, section in enumerate(sections) if section.name in _ENDS_WET_READ), default=-1
    )
    kept = []
    inside = has_impression = False
    for i, section in enumerate(sections):
        if section.name == "wet read":
            inside = True
        elif section.name in _ENDS_WET_READ or (inside and i > last_end and not has_impression):
            inside = False
        if not inside:
            kept.append(section)
            has_impression |= section.name == "impression" and bool(_body(section))
    return kept


def _unheaded_findings(sections: list[Section]) -> str:
    first_impression = next(
        (i for i, (name, text) in enumerate(sections) if name == "impression" and text.strip()), 0
    )
    for name, text in reversed(sections[:first_impression]):
        paragraphs = re.split(r"\n(?: {0,2}\n)+", text)
        if name in _BEFORE_FINDINGS:
            paragraphs = paragraphs[1:]
        elif name not in _UNHEADED:
            continue
        # Titles in capitals and de-identified dates are no findings.
        prose = [one for one in paragraphs if re.search("[a-z]", one)]
        if prose:
            return _on_one_line(" ".join(prose))
    return ""


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _last(sections: list[Section], name: str) -> str:
    texts = [one for section in sections if section.name == name if (one := _body(section))]
    return texts[-1] if texts else ""


def _joined(sections: list[Section], name: str) -> str:
    return " ".join(one for section in sections if section.name == name if (one := _body(section)))


def _body(section: Section) -> str:
    """The section's text on one line, or nothing when it has no letter or digit (``___``)."""
    text = _on_one_line(section.text)
    return text if re.search(r"[^\W_]", text) else ""
