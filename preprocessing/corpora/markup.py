"""The report in a text with markup: HTML, HL7's escapes, character references.

The words stay as they are. A tag or an escape that breaks the line becomes a line break, any other
one disappears, and a character reference becomes its character.
"""

import html
import re

_BLOCKS = (
    "br|hr|p|div|li|ul|ol|dl|dt|dd|tr|td|th|table|thead|tbody|h[1-6]|pre|section|article|blockquote|"
    "center|html|head|body|title"
)
_INLINE = "b|i|u|s|em|strong|span|font|sup|sub|small|big|mark|ins|del|tt|code|a|o:p|meta|img|label"
_REPLACED = re.compile(
    rf"(?P<line></?(?:{_BLOCKS})(?:\s[^<>]{{0,500}})?/?>|\\\.(?:br|sp|ce)[+-]?\d{{0,3}}\\)"
    rf"|(?P<nothing></?(?:{_INLINE})(?:\s[^<>]{{0,500}})?/?>|<!(?:--|doctype)[^<>]{{0,500}}>"
    r"|\\\.(?:in|ti|fi|nf|sk)[+-]?\d{0,3}\\|\\[HN]\\)"
    r"|\\X(?P<hexadecimal>(?:[\dA-F]{2}){1,8})\\"
    r"|\\(?P<escape>[FSTRE])\\"
    r"|(?P<reference>&(?:[a-z]{2,8}|\#\d{1,7}|\#x[\da-f]{1,6});)",
    re.IGNORECASE,
)
_ESCAPED_TAG = re.compile(rf"&lt;/?(?:{_BLOCKS}|{_INLINE})\s?/?&gt;", re.IGNORECASE)
_ESCAPES = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
# HL7's repetition sign, which is no "about" before a number; the number of a list may follow it.
_REPETITION = re.compile(r"~(?! ?\d)|~(?= ?\d{1,2}[.)] )|(?:\\r)?\\n")
# A label behind it shows that it stands for a line break.
_REPEATED_LABEL = re.compile(
    r"(?:~|\\n) ?[*#]{0,3}(?:[A-Za-z][A-Za-z /&()]{2,40}:|[A-Z][A-Z /&()]{3,40}(?:~|\\[rn]))"
)
# No line that without_markup returns beside it ends with blanks.
LINE_BREAK = "  \n"


def without_markup(text: str) -> tuple[str, bool]:
    """The text without its markup, and whether the markup broke lines. Never raises.

    A break is a ``LINE_BREAK``, which differs from the text's own ``\\n``. HL7's repetition sign
    ``~``, and ``\\n`` written as two characters, break the line only before a label and in a text
    without line breaks of its own. Time is linear in the text's length.
    """
    text = re.sub(r"\r\n?|[\f\v]", "\n", text)
    if _ESCAPED_TAG.search(text):
        text = html.unescape(text)
    repeats = "\n" not in text.strip() and _REPEATED_LABEL.search(text) is not None
    has_breaks = repeats or any(_text_of(match) == "\n" for match in _REPLACED.finditer(text))
    if has_breaks:
        text = "\n".join(line.rstrip() for line in text.split("\n"))
    if repeats:
        text = _REPETITION.sub(LINE_BREAK, text)
    return _REPLACED.sub(lambda match: _text_of(match).replace("\n", LINE_BREAK), text), has_breaks


def _text_of(match: re.Match[str]) -> str:
    """What a tag, an escape or a reference stands for."""
    kind = match.lastgroup
    if kind == "line":
        return "\n"
    if kind == "hexadecimal":
        return "\n" if re.search("0[AD]", match[kind].upper()) else " "
    if kind == "escape":
        return _ESCAPES[match[kind].upper()]
    if kind == "reference":
        return html.unescape(match[kind])
    return ""
