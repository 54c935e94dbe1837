"""Raw text of a radiology report -> its sections. Pure functions, linear in the text's length.

Follows the practice of MIMIC-CXR's own section parser (Johnson et al., MIMIC-CXR code repository,
``txt/``): headings are normalised to one name each, empty sections do not count, and of several
FINDINGS or IMPRESSION sections the last one with text wins. Beyond it: headings in mixed case,
without a colon or in the middle of a line are seen, and so are the headings and the markup of other
hospitals (docs/preprocessing.md); wet reads and provisional reads are kept apart; labels in
capitals that are not headings ("LUNGS:") do not end the findings; findings in a paragraph without
any heading are found.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from preprocessing.corpora.markup import LINE_BREAK, without_markup

# Section name -> the headings that open it, in lower case.
_HEADINGS = {
    "findings": "findings|finding|findins|findindgs|findgings|findngs|findnings|finidngs",
    "impression": (
        "impression|impressions|conclusion|conclusions|opinion|impresson|imprression|imoression|"
        "impressoin|imprssion|impresion|imperssion|mpression|impession"
    ),
    "combined": "findings impression",
    "indication": (
        "indication|indications|ndication|idication|history|clinical history|patient history|"
        "medical history|past medical history|reason for exam|reason for examination|"
        "reason for study|reason for the exam|reason for this examination|reason for referral|"
        "reason for request|clinical information|clinical indication|clinical indications|"
        "clinical details|clinical detail|clinical question|clinical data|clinical notes|"
        "clinical summary|clinical background|clinical presentation|clinical diagnosis|"
        "clinical impression|clinical context|relevant history|relevant clinical history|"
        "brief history|presenting complaint|question"
    ),
    "comparison": (
        "comparison|comparisons|comparison exam|comparison film|comparison films|"
        "comparison study|comparison studies|reference exam|comparision|comparisions|"
        "comparsion|comparrison"
    ),
    "examination": (
        "examination|exam|type of examination|type of exam|study|procedure|procedures|date|dates|"
        "modality"
    ),
    "technique": "technique|techniques|views|dose|radiation dose|protocol|contrast|method|methods",
    "recommendations": (
        "recommendation|recommendations|recommendation(s)|advice|plan|suggestion|suggestions"
    ),
    "notification": "notification|notifications|notification(s)",
    "addendum": "addendum|final addendum|addenda",
    "comment": "comment|comments",
    "note": "note|technologist's note",
    "wet read": "wet read|wetread|wet read version|preliminary report|preliminary read",
    "preliminary": (
        "pfi|provisional findings impression|provisional findings impression (pfi)|"
        "preliminary findings|preliminary impression|preliminary findings/impression|"
        "provisional findings|provisional impression|provisional diagnosis"
    ),
    "final report": "final report",
    # What these are depends on the other sections: see _with_roles.
    "report": "report|result|results|observation|observations|description",
    "interpretation": "interpretation|interpretations",
    "summary": "summary",
    "assessment": "assessment",
    "diagnosis": "diagnosis|diagnoses",
    # Continue the section that they stand in.
    "": "additional findings|other findings|incidental findings|associated findings",
}
_NAME = {heading: name for name, headings in _HEADINGS.items() for heading in headings.split("|")}
_CONCLUDING = {"impression", "summary", "interpretation", "assessment", "diagnosis"}
_DESCRIBING = {"findings", "report"}
# In the middle of a line their capitals alone make no heading of them.
_COMMON_WORDS = {*_CONCLUDING, "report", "recommendations"} - {"impression"}
_ONLY_AT_LINE_START = {"advice", "plan", "suggestion", "suggestions", "question", "method"}
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


# What a heading may name beside its word: "CHEST FINDINGS", "FINDINGS (CT CHEST)".
_OF = (
    r"(?:chest|thorax|thoracic|lungs?|pulmonary|heart|cardiac|mediastinal|pleural|abdomen|"
    r"abdominal|pelvis|pelvic|head|brain|neck|spine|bone|skeletal|ct|cta|ctpa|hrct|mri?|pet|cxr|"
    r"x-?ray|radiographs?|radiographic|radiological|radiologic|radiology|imaging|ultrasound|"
    r"diagnostic|key|main|major|pertinent|positive|negative|significant|abnormal|normal|final|"
    r"overall|radiologist's)"
)
# _clean leaves at most two blanks in a row, so every repetition here is bounded. The number is
# that of "WET READ VERSION #1".
_WORDS = _alternation(list(_NAME))
_CANDIDATE = re.compile(
    rf"(?<![\w/])(?P<heading>(?P<first>{_WORDS})"
    rf"(?:(?: {{0,2}}[/&+,] {{0,2}}| {{1,2}}and {{1,2}})(?P<second>{_WORDS}))?)(?![\w/])"
    r"(?: {1,2}#?\d{1,3}(?= {0,2}[:\n*]))?"
    r"(?P<of> {0,2}\([^()\n]{1,40}\)(?= {0,2}(?:[:*\n\u2013\u2014-]|\Z))"
    rf"|(?: {{0,2}}[-,] {{0,2}}| {{1,2}}){_OF}(?:[ /,-]{{1,2}}{_OF}){{0,3}}(?= {{0,2}}[:*\n]))?",
    re.IGNORECASE,
)
# What may stand before a heading on its line: marks, a number, what it is about.
_LEAD = re.compile(
    r" {0,2}(?:[#>*=\u2022\u00b7\u25aa-]{1,5} {0,2})?"
    r"(?:\(?(?:\d{1,2}|[A-H]|[IVX]{1,4})[.)] {1,2})?[*\[]{0,4}"
    rf"(?P<of>(?:{_OF}[ /,-]{{1,2}}){{0,4}})",
    re.IGNORECASE,
)
_LONGEST_LEAD = 90
# What may stand behind a heading, in the order they are tried.
_MARK = re.compile(
    r"(?P<colon>\*{0,3}\]? {0,2}:(?:[-\u2013\u2014](?=[ \n]))?\*{0,3})"
    r"|(?P<alone>(?: {0,2}[*#=\]-]{1,5})? {0,2}(?=\n|\Z))"
    r"|(?P<bold>\*{1,3}|\])"
    r"|(?P<dash> {1,2}--?(?= )|--(?=\S)|--?(?= )| {0,2}[\u2013\u2014])"
    r"|(?P<stop>\.(?=[ \n]))"
    r"|(?P<wide>  (?=\S))"
    r"|(?P<bare> (?=[A-Z][a-z]|[A-Z] [a-z]))"
)
_UNDERLINE = re.compile(r" {0,2}\n {0,2}(?:[-=~*]{3,}|_{3,9}) {0,2}(?=\n|\Z)")
_LOWER_CASE_LINE = re.compile(r"\s*[a-z]")
_SENTENCE_END = re.compile(r"[.!?;:] {1,2}\Z|  \Z")
_LINE_AFTER_SENTENCE = re.compile(r"(?:\A|[.!?;:]|\n {0,2}\n)\s*\Z")
# In "Cough Findings: clear" the word before is no part of the sentence that the heading is in.
_WORD_BEFORE = re.compile(r"(?:^|[\s(])([a-z0-9-]{1,20})[)?]? {1,2}\Z")
_LEADS_ON = set(
    "the this that these those no other any such and or of with a an my our their its all both new "
    "as for in on to from following additional incidental associated previous prior clinical final "
    "main key is are was were".split()
)
# A title in capitals that speaks of the image; what follows are findings.
_TITLE = re.compile(r"^ {0,2}([A-Z][A-Z0-9 ()/,.&-]{1,79}):", re.MULTILINE)
_VIEW = re.compile(r"\b(?:CHEST|PORTABLE|VIEWS?|RADIOGRAPHS?|LATERAL|LAT|FRONTAL|RIBS)\b")
_RULED_LINE = re.compile(r"^ {0,2}[_=*-]{10,} {0,2}$", re.MULTILINE)
_SEPARATOR = re.compile(r"^ {0,2}[-=*~]{4,} {0,2}$", re.MULTILINE)
# Who signed the report; it ends the section before.
_SIGNATURE = re.compile(
    r"(?:^ {0,2}|(?<=[.!?] ))(?:(?:[Ee]lectronically|[Dd]igitally) signed"
    r"|(?:Signed|Reported|Dictated|Transcribed|Verified|Approved|Authenticated|Authori[sz]ed)"
    r"(?: and [a-z]{3,12})?(?: electronically)?) by\b|^ {0,2}(?i:end of (?:the )?report)\b",
    re.MULTILINE,
)


class Section(NamedTuple):
    """A heading and what follows it.

    ``name``: a key of the heading table, ``preamble``, ``view``, ``ruled line`` or ``signature``;
    ``text``: what follows the heading, line breaks kept; ``of``: what the heading is about in lower
    case ("ct chest"), or an empty string.
    """

    name: str
    text: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class ReportSections:
    """The sections that matter, blanks collapsed; an empty string when absent.

    Each is on one line, except that the line breaks of markup (``<br>``, ``\\.br\\``) are kept.
    ``combined``: the report has findings and impression under one heading and not apart.
    """

    findings: str
    impression: str
    indication: str
    comparison: str
    combined: bool
    technique: str = ""


def extract_sections(text: str) -> ReportSections:
    """The findings, impression, indication, comparison and technique of a raw report.

    Of several findings or impressions the last with text counts, and those of different regions
    ("FINDINGS (CHEST)", "FINDINGS (ABDOMEN)") are joined; so are several indications (history,
    reason for exam), comparisons and techniques, in their order. Findings without a heading of
    their own are the text under a view's title ("CHEST, PA AND LATERAL:"), else the paragraphs
    between the last section before the impression and its heading. Text under one heading for both
    ("FINDINGS AND IMPRESSION") is neither: no pair can be made of it. Never raises.
    """
    text, has_breaks = without_markup(text)
    sections = _with_roles(_without_wet_reads(_split(text)))
    impression = _last(sections, "impression", has_breaks)
    combined = _last(sections, "combined", has_breaks)
    findings = _last(sections, "findings", has_breaks)
    if not findings and not combined:
        findings = _last(sections, "view", has_breaks) or _unheaded_findings(sections, has_breaks)
    return ReportSections(
        findings=findings,
        impression=impression,
        indication=_joined(sections, "indication", has_breaks),
        comparison=_joined(sections, "comparison", has_breaks),
        combined=bool(combined) and not (findings and impression),
        technique=_joined(sections, "technique", has_breaks),
    )


def split_sections(text: str) -> list[Section]:
    """All sections in their order, the first one being the ``preamble`` (text before a heading)."""
    return _split(without_markup(text)[0])


def _split(text: str) -> list[Section]:
    text = _clean(text)
    boundaries = _headings(text)
    taken = {position for start, end, _, _ in boundaries for position in range(start, end)}
    boundaries += [
        (match.start(1), match.end(), "view", "")
        for match in _TITLE.finditer(text)
        if _VIEW.search(match[1]) and taken.isdisjoint(range(match.start(1), match.end()))
    ]
    boundaries += [
        (match.start(), match.end(), name, "")
        for name, pattern in (("ruled line", _RULED_LINE), ("signature", _SIGNATURE))
        for match in pattern.finditer(text)
        if match.start() not in taken
    ]
    boundaries.sort()

    sections = []
    name, of, body = "preamble", "", 0
    for start, end, next_name, next_of in boundaries:
        if next_name == "view" and name in (*_DESCRIBING, *_CONCLUDING, "combined"):
            continue
        sections.append(Section(name, text[body:start], of))
        name, of, body = next_name, next_of, end
    sections.append(Section(name, text[body:], of))
    return sections


def _clean(text: str) -> str:
    """Control characters as blanks, at most two blanks in a row."""
    text = re.sub(r"[^\S\n]|[\x00-\x09\x0e-\x1f\x7f]", " ", text.replace("\t", "  "))
    return re.sub(r" {3,}", "  ", text)


def _headings(text: str) -> list[tuple[int, int, str, str]]:
    """Start, end, section name and subject of each heading."""
    found: list[tuple[int, int, str, str]] = []
    lower_case = False
    for match in _CANDIDATE.finditer(text):
        name = _section_name(match["first"], match["second"])
        mark = _MARK.match(text, match.end())
        if not name or mark is None:
            continue
        lead = _lead(text, match.start())
        if lead and lead["of"] and name not in (_DESCRIBING | _CONCLUDING):
            lead = None
        heading = match["heading"]
        if not _is_heading(text, match, mark, name, lead, bool(found), lower_case):
            continue
        lower_case = heading.islower()
        end = mark.end()
        if mark.lastgroup != "bare" and (underline := _UNDERLINE.match(text, end)):
            end = underline.end()
        about = f"{lead['of'] if lead else ''} {match['of'] or ''}"
        of = " ".join(re.findall(r"[\w'-]*\w", about.lower()))
        start = lead.end() - len(lead.group().lstrip(" ")) if lead else match.start()
        found.append((start, end, name, of))
    return found


def _section_name(first: str, second: str | None) -> str:
    """The section that a heading of one or two of the table's headings opens."""
    name = _NAME[" ".join(first.lower().split())]
    if second is None or name == "preliminary":
        return name
    names = {name, _NAME[" ".join(second.lower().split())]}
    if names & _DESCRIBING and names & _CONCLUDING:
        return "combined"
    return next((one for one in ("combined", "findings", "impression") if one in names), name)


def _lead(text: str, start: int) -> re.Match[str] | None:
    """What stands before a heading at ``start`` if it is the first on its line, else None."""
    line = text.rfind("\n", max(0, start - _LONGEST_LEAD), start) + 1
    if line == 0 and start > _LONGEST_LEAD:
        return None
    return _LEAD.fullmatch(text, line, start)


def _is_heading(
    text: str,
    match: re.Match[str],
    mark: re.Match[str],
    name: str,
    lead: re.Match[str] | None,
    follows_heading: bool,
    follows_lower_case: bool,
) -> bool:
    """Whether a known heading's words stand where a heading stands, rather than in a sentence.

    ``follows_heading`` and ``follows_lower_case``: whether another heading came before, and whether
    that one was in lower case.
    """
    heading, kind = match["heading"], mark.lastgroup
    word = " ".join(heading.lower().split())
    before = text[max(0, match.start() - 24) : match.start()]
    if lead is None:
        if kind != "colon" or word in _ONLY_AT_LINE_START or not heading[0].isupper():
            return False
        if _SENTENCE_END.search(before):
            return True
        if heading.isupper():
            return name not in _COMMON_WORDS
        previous = _WORD_BEFORE.search(before)
        return (
            follows_heading
            and name in ("findings", "impression")
            and previous is not None
            and previous[1] not in _LEADS_ON
        )
    if kind == "colon":
        return (
            not heading.islower()
            or follows_lower_case
            or _LINE_AFTER_SENTENCE.search(text, max(0, lead.start() - 24), lead.start())
            is not None
        )
    if kind == "bold":
        return lead.group().rstrip()[-1:] in ("*", "[")
    if heading.isupper():
        if kind in ("alone", "dash", "wide") or word in _MARKERS:
            return True
        if kind == "stop":
            return name not in _COMMON_WORDS
        return kind == "bare" and name in ("findings", "impression")
    if kind == "alone":
        decorated = lead.group().strip()[:1] in ("#", "*", "[")
        return (heading[0].isupper() or decorated) and not _LOWER_CASE_LINE.match(text, mark.end())
    return heading[0].isupper() and (
        kind == "dash" or (kind == "stop" and name not in _COMMON_WORDS)
    )


def _with_roles(sections: list[Section]) -> list[Section]:
    """Give the headings whose meaning depends on the others the names of what they hold.

    Without an impression it is the summary, the assessment, or, beside findings, the
    interpretation, or, behind the findings, the diagnosis or the comment: the first of these that
    has text. Without findings they are the report, else the interpretation. A diagnosis before the
    findings is an indication.
    """
    named = {section.name for section in sections if _body(section)}
    describing = next(
        (
            i
            for i, section in enumerate(sections)
            if section.name in (*_DESCRIBING, "view") and _body(section)
        ),
        None,
    )
    new_names: dict[int, str] = {}
    if "impression" not in named:
        for role in ("summary", "assessment", "interpretation", "diagnosis", "comment"):
            rows = [i for i, one in enumerate(sections) if one.name == role and _body(one)]
            if role == "interpretation" and describing is None:
                continue
            if role in ("diagnosis", "comment"):
                rows = [i for i in rows if describing is not None and i > describing]
            if rows:
                new_names = dict.fromkeys(rows, "impression")
                break
    if not named & {"findings", "combined"}:
        for role in ("report", "interpretation"):
            rows = [
                i
                for i, one in enumerate(sections)
                if one.name == role and i not in new_names and _body(one)
            ]
            if rows:
                new_names |= dict.fromkeys(rows, "findings")
                break
    if describing is not None:
        for i, section in enumerate(sections[:describing]):
            if section.name == "diagnosis":
                new_names.setdefault(i, "indication")
    return [
        section._replace(name=new_names.get(i, section.name)) for i, section in enumerate(sections)
    ]


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


def _unheaded_findings(sections: list[Section], has_breaks: bool) -> str:
    first_impression = next(
        (
            i
            for i, section in enumerate(sections)
            if section.name == "impression" and section.text.strip()
        ),
        0,
    )
    for section in reversed(sections[:first_impression]):
        paragraphs = re.split(r"\n(?: {0,2}\n)+", section.text)
        if section.name in _BEFORE_FINDINGS:
            paragraphs = paragraphs[1:]
        elif section.name not in _UNHEADED:
            continue
        # Titles in capitals and de-identified dates are no findings.
        prose = [one for one in paragraphs if re.search("[a-z]", one)]
        if prose:
            return _collapsed((LINE_BREAK if has_breaks else "\n").join(prose), has_breaks)
    return ""


def _collapsed(text: str, has_breaks: bool) -> str:
    """The text without separators, with single blanks and the line breaks of markup."""
    text = _SEPARATOR.sub("", text)
    lines = [" ".join(line.split()) for line in (text.split(LINE_BREAK) if has_breaks else [text])]
    return "\n".join(filter(None, lines))


def _last(sections: list[Section], name: str, has_breaks: bool) -> str:
    """The last section of that name with text; those about different regions, all in order."""
    found = [
        (section.of, one)
        for section in sections
        if section.name == name and (one := _body(section, has_breaks))
    ]
    if all(of for of, _ in found):
        return ("\n" if has_breaks else " ").join(dict(found).values())
    return found[-1][1]


def _joined(sections: list[Section], name: str, has_breaks: bool) -> str:
    return ("\n" if has_breaks else " ").join(
        one for section in sections if section.name == name if (one := _body(section, has_breaks))
    )


def _body(section: Section, has_breaks: bool = False) -> str:
    """The section's text collapsed, or nothing when it has no letter or digit (``___``)."""
    text = _collapsed(section.text, has_breaks)
    return text if re.search(r"[^\W_]", text) else ""
