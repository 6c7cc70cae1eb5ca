"""Texts and the places in them: paths, spans, positions, lines.

Everything here is pure. Offsets and columns count code points of the decoded text; spans are half-open.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from itertools import accumulate

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import NewType

    SourcePath = NewType("SourcePath", str)
else:
    SourcePath = str
"""A path relative to the project root, with `/`, without `.` or `..` parts."""


_NOT_OURS = frozenset({".git", "git~1", ".hg", ".jj", ".skillweave", ".svn"})


def foreign_part(path: str) -> str | None:
    """The first part of a path that version control or our cache owns, such as `.git`; None if there is none.

    Nothing may be written there or published from there: that would reach beyond what a repository says about itself.
    """
    # Windows drops dots and blanks at the end of a name, and also knows `.git` by a short name.
    return next((part for part in path.split("/") if part.rstrip(". ").casefold() in _NOT_OURS), None)


def folders_above(path: str) -> Iterator[str]:
    """The folders that a relative path lies in, innermost first; without the folder that the path starts from."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def path_ends(path: str) -> Iterator[str]:
    """A path, and what is left of it without its first parts, longest first."""
    while path:
        yield path
        path = path.partition("/")[2]


def folder_ends(path: str) -> Iterator[tuple[str, str]]:
    """The ends of the folders that a path lies in, outermost first, each with the folder. All have a final `/`."""
    for folder in reversed([*folders_above(path)]):
        for end in path_ends(folder):
            yield f"{end}/", f"{folder}/"


def stays_inside(path: str) -> bool:
    """Whether a relative path cannot lead out of the folder that it starts from, symlinks apart, and can be one at all."""
    leads_away = sys.platform == "win32" and ("\\" in path or ":" in path.split("/", maxsplit=1)[0])
    return not (leads_away or path.startswith("/") or ".." in path.split("/") or _NO_NAME.search(path))


_NO_NAME = re.compile("[\0\ud800-\udfff]")
"""Matches what no path in UTF-8 holds."""


_NOT_PORTABLE = re.compile(
    r'.*[<>:"|?*\\\x00-\x1f\x7f-\x9f]|.*[. ]$|(?i:con|prn|aux|nul|(?:com|lpt)[1-9])(?:\.|$)', re.DOTALL
)


def unportable_part(path: str) -> str | None:
    """The first part of a path that is not a valid name on every system; None if there is none
    (https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
    """
    return next((part for part in path.split("/") if _NOT_PORTABLE.match(part)), None)


class Span(NamedTuple):
    """A half-open range of offsets into one text."""

    start: int
    end: int


class Position(NamedTuple):
    """A place as people name it: line and column both count from 1, columns in code points."""

    line: int
    column: int


START = Position(1, 1)
"""The start of a file; also the place of what is wrong with the whole file."""


class Edit(NamedTuple):
    """Replace the text between two offsets."""

    start: int
    end: int
    text: str


def apply_edits(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    """The text between two offsets with edits applied. The edits must be sorted, lie within, and not overlap."""
    parts = []
    for edit in edits:
        parts.append(text[start : edit.start])
        parts.append(edit.text)
        start = edit.end
    parts.append(text[start:end])
    return "".join(parts)


_AND_ITS_END = (1).__add__


class LineIndex:
    """Converts between offsets and lines of one text.

    Lines count from 0; only LF ends a line (CRLF and CR are gone by then).
    """

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # Sum up the lengths of all lines with their line ends; the last sum is past the text's end, and starts no line.
        self.starts = list(accumulate(map(_AND_ITS_END, map(len, text.split("\n"))), initial=0))
        self.starts.pop()

    def position(self, offset: int) -> Position:
        """The position of an offset; the offset of the text's end is valid, too."""
        line = bisect_right(self.starts, offset) - 1
        return Position(line + 1, offset - self.starts[line] + 1)

    def line_of(self, offset: int) -> int:
        """The line, from 0, that an offset lies in."""
        return bisect_right(self.starts, offset) - 1

    def start(self, line: int) -> int:
        """The offset where a line starts; past the last line, the end of the text."""
        return self.starts[line] if line < len(self.starts) else len(self.text)

    def end(self, line: int) -> int:
        """The offset where a line ends, before its line end."""
        return self.starts[line + 1] - 1 if line + 1 < len(self.starts) else len(self.text)

    def line(self, number: int) -> str:
        """The text of a line (from 0) without its line end; empty past the last line."""
        return self.text[self.starts[number] : self.end(number)] if number < len(self.starts) else ""


class EncodingProblem(NamedTuple):
    """Why bytes are not text. `is_binary`: they may not be meant to be one."""

    message: str
    is_binary: bool = False


def decode(data: bytes) -> str | EncodingProblem:
    """Decode UTF-8 bytes to a text with LF line ends and without a leading BOM (directives.md, Bytes).

    Returns an `EncodingProblem` for anything else.
    """
    for bom, name in ((b"\xff\xfe", "UTF-16 (little-endian)"), (b"\xfe\xff", "UTF-16 (big-endian)")):
        if data.startswith(bom):
            return EncodingProblem(f"this is {name}, not UTF-8")
    nul = data.find(b"\0")
    if nul >= 0:
        if data[1::2].count(0) > len(data) // 4:
            return EncodingProblem(f"a NUL byte at byte {nul} (UTF-16 without a byte order mark?)")
        return EncodingProblem(f"a NUL byte at byte {nul}", is_binary=True)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return EncodingProblem(f"not UTF-8: byte 0x{data[error.start]:02x} at byte {error.start}")
    return normalise(text)


def folded(path: str) -> str:
    """A path in the form that some file systems compare: without case, and in one Unicode normalisation."""
    from unicodedata import normalize  # noqa: PLC0415 (few runs compare paths like this)

    return normalize("NFC", path).casefold()


def normalise(text: str) -> str:
    """A text without a leading BOM, and with CRLF and CR replaced by LF."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
