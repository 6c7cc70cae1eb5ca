"""Repository text → text that is safe and aligned on a terminal: what cannot be seen is escaped, widths are counted."""

from __future__ import annotations

import re
import unicodedata

# Control characters, surrogates, format characters (bidi controls, zero-width characters, tags), line and paragraph
# separators, and the other code points that Unicode calls default-ignorable. Spelled out, so that the report does not
# change with the Unicode version of the Python that runs it.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The body of a character class."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def escape(text: str) -> str:
    """The text with every code point that cannot be seen, or that steers a terminal, written as an escape."""
    return _INVISIBLE.sub(lambda match: escape_code_point(match[0]), text)


def escape_code_point(character: str) -> str:
    r"""A character → `\x1b`, `\u202e` or `\U000e0041`: the shortest that fits."""
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def width(text: str) -> int:
    """How many columns a terminal gives to text without invisible code points."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    # The vowels and finals of decomposed Hangul join the syllable before them.
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 1
