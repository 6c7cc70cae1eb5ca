"""Reads front matter of plain `key: value` lines without the YAML parser: a shortcut, taken only where the result is the
same.

Compared with the parser by `tests/test_front_matter.py`.
"""

from __future__ import annotations

import re

from skillweave.front_matter.values import Field, FrontMatter
from skillweave.source import Span

# A key at the margin, and on the same line a value that begins like a word. The next line must begin at the margin too,
# or it would belong to the value.
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):[ ]+([A-Za-z0-9(][^\n]*)\n")


def read_plain(text: str, offset: int) -> FrontMatter | None:
    """The fields of a front matter that starts at `offset` in its file; None if that needs the parser."""
    fields: dict[str, Field] = {}
    at = 0
    while at < len(text):
        found = _FIELD.match(text, at)
        if found is None or found[1] in fields or not _is_plain(found[2]):
            return None
        (start, end), (first, last) = found.span(1), found.span(2)
        name_span, value_span = Span(offset + start, offset + end), Span(offset + first, offset + last)
        fields[found[1]] = Field(found[1], name_span, found[2], value_span)
        at = found.end()
    return FrontMatter(tuple(fields.values())) if fields else None


_NO_TEXT = re.compile(r"\d.*|true|false|null|yes|no|on|off|y|n", re.IGNORECASE)


def is_text(word: str) -> bool:
    """Whether every YAML reader takes a word of letters, digits and hyphens for text if it stands there without quotes."""
    return _NO_TEXT.fullmatch(word) is None


def _is_plain(value: str) -> bool:
    """Whether YAML reads a whole value as text; it takes more characters for line ends and blanks than we do."""
    return value.isprintable() and ": " not in value and " #" not in value and value[-1] not in " :"
