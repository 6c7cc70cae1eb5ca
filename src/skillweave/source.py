"""Texts and the places in them: paths, spans, positions, lines.

Everything here is pure. Offsets and columns count code points of the decoded text; spans are half-open.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NewType

from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SourcePath = NewType("SourcePath", str)
"""A path relative to the project root, with `/`, without `.` or `..` parts."""


_NOT_OURS = frozenset({".git", "git~1", ".hg", ".jj", ".skillweave", ".svn"})


def foreign_part(path: str) -> str | None:
    """The part of a path that is no folder of a project's, if there is one: what version control or our cache keeps.

    To write there, or to publish from there, would reach beyond what a repository says of itself.
    """
    # Windows drops dots and blanks at a name's end, and knows `.git` by a short name, too.
    return next((part for part in path.split("/") if part.rstrip(". ").casefold() in _NOT_OURS), None)


_NOT_PORTABLE = re.compile(r'.*[<>:"|?*\\]|.*[. ]$|(?i:con|prn|aux|nul|(?:com|lpt)[1-9])(?:\.|$)', re.DOTALL)


def unportable_part(path: str) -> str | None:
    """The part of a path that not every system can have as a name, if there is one
    (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
    """
    return next((part for part in path.split("/") if _NOT_PORTABLE.match(part) or not part.isprintable()), None)


class Span(NamedTuple):
    """A half-open range of offsets into one text."""

    start: int
    end: int


class Position(NamedTuple):
    """A place as people name it: line and column both count from 1, columns in code points."""

    line: int
    column: int


START = Position(1, 1)
"""Where a file begins: the place of what is wrong with all of it."""


class Edit(NamedTuple):
    """Replace what stands between two offsets of a text."""

    start: int
    end: int
    text: str


def apply_edits(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    """The text between two offsets with edits made. They are sorted, lie within, and do not overlap."""
    parts = []
    for edit in edits:
        parts.append(text[start : edit.start])
        parts.append(edit.text)
        start = edit.end
    parts.append(text[start:end])
    return "".join(parts)


_AND_ITS_END = (1).__add__


class LineIndex:
    """Offsets ↔ lines of one text. Lines count from 0 here; only LF ends a line (CRLF and CR are gone by then)."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # Each line and its end, summed up; the last one has none.
        self.starts = list(accumulate(map(_AND_ITS_END, map(len, text.split("\n"))), initial=0))
        self.starts.pop()

    def position(self, offset: int) -> Position:
        """The position of an offset; the offset of the text's end is valid."""
        line = bisect_right(self.starts, offset) - 1
        return Position(line + 1, offset - self.starts[line] + 1)

    def line_of(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def start(self, line: int) -> int:
        """Where a line starts; past the last one, the text's end."""
        return self.starts[line] if line < len(self.starts) else len(self.text)

    def line(self, number: int) -> str:
        """The text of a line (from 0) without its line end; empty past the last one."""
        if number >= len(self.starts):
            return ""
        end = self.starts[number + 1] - 1 if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end]


class EncodingProblem(NamedTuple):
    """Why bytes are no text: what is wrong and at which byte."""

    message: str
    offset: int


def decode(data: bytes) -> str | EncodingProblem:
    """UTF-8 bytes → text with LF line ends and without a leading BOM (directives.md, Bytes)."""
    for bom, name in ((b"\xff\xfe", "UTF-16 (little-endian)"), (b"\xfe\xff", "UTF-16 (big-endian)")):
        if data.startswith(bom):
            return EncodingProblem(f"this is {name}, not UTF-8", 0)
    nul = data.find(b"\0")
    if nul >= 0:
        guess = " (UTF-16 without a byte order mark?)" if data[1::2].count(0) > len(data) // 4 else ""
        return EncodingProblem(f"a NUL byte at byte {nul}{guess}", nul)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return EncodingProblem(f"not UTF-8: byte 0x{data[error.start]:02x} at byte {error.start}", error.start)
    return normalise(text)


def folded(path: str) -> str:
    """A path as some file systems compare it: without case, and in one Unicode normalisation."""
    from unicodedata import normalize  # noqa: PLC0415 (few runs compare paths so)

    return normalize("NFC", path).casefold()


def normalise(text: str) -> str:
    """Text with one leading BOM dropped and CRLF and CR read as LF."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
