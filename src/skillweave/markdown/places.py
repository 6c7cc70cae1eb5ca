"""Maps inline content to its places: content is assembled from the tails of lines, or of a table's cells."""

from __future__ import annotations

import re
from bisect import bisect_right

from skillweave.markdown.values import Segment
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Block, Segments
    from skillweave.source import LineIndex


MARKS = re.compile(r"(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]\s]+\]:)*")
"""Matches the marks of containers before a block on its first line."""


def segments_of(index: LineIndex, content: str, start: int, heading: Block | None) -> Segments:
    """The segments of content that starts on line `start`. `heading` is the heading that it belongs to, if any."""
    if heading is not None and heading.kind == "heading":
        raw = index.line(start)
        hashes = _heading_column(raw, heading.level) + heading.level
        at = max(raw.find(content, hashes), hashes)
        return (Segment(0, len(content), index.starts[start] + at),)
    segments = []
    offset = 0
    # markdown-it strips everything that Python calls blank from content, even whole lines of no-break spaces.
    first = content.partition("\n")[0].lstrip(" \t")
    while first and first not in index.line(start):
        start += 1
    for number, line in enumerate(content.split("\n")):
        body = line.lstrip(" \t")
        if body:
            # Each line of content is the tail of its raw line, except that the last one has lost its trailing blanks.
            at = index.line(start + number).rfind(body)
            segments.append(Segment(offset + len(line) - len(body), len(body), index.starts[start + number] + at))
        offset += len(line) + 1
    return tuple(segments)


_HEADING_OPEN = re.compile(r"(?:^|[ \t>):.*+-])(#{1,6})(?=[ \t]|$)")


def _heading_column(raw: str, level: int) -> int:
    """The column where the `#`s of an ATX heading start in its raw line, after the prefix of its containers."""
    for match in _HEADING_OPEN.finditer(raw):
        if len(match[1]) == level:
            return match.start(1)
    return raw.find("#")


def cells_of(index: LineIndex, line: int, rows: dict[int, int]) -> list[list[tuple[int, str]]]:
    r"""Split a table row into cells, each a list of pieces (offset in the text, text). The backslash of `\|` is in no
    piece.

    Mirrors markdown-it's `escapedSplit`.
    """
    start = rows[line]
    text = index.text[start : index.end(line)].rstrip()
    start += len(text) - len(text.lstrip())
    text = text.lstrip()
    cells: list[list[tuple[int, str]]] = [[]]
    last = 0
    escaped = False
    for at, char in enumerate(text):
        if char == "|":
            if escaped:
                cells[-1].append((start + last, text[last : at - 1]))
                last = at
            else:
                cells[-1].append((start + last, text[last:at]))
                cells.append([])
                last = at + 1
        escaped = char == "\\"
    cells[-1].append((start + last, text[last:]))
    if not "".join(piece for _, piece in cells[0]):
        cells.pop(0)
    if cells and not "".join(piece for _, piece in cells[-1]):
        cells.pop()
    return cells


def cell_segments(content: str, pieces: list[tuple[int, str]]) -> Segments:
    """The segments of a cell's content, given the pieces of the cell."""
    whole = "".join(piece for _, piece in pieces)
    lead = whole.find(content)
    segments = []
    offset = -lead
    for at, piece in pieces:
        if piece:
            segments.append(Segment(offset, len(piece), at))
        offset += len(piece)
    return tuple(segments)


def part_of(segments: Segments, span: Span) -> Segments:
    """The segments of a part of some content, with offsets from the start of that part."""
    first = max(bisect_right(segments, (span.start, 1 << 62, 0)) - 1, 0)
    behind = bisect_right(segments, (span.end, -1, 0))
    return tuple(Segment(offset - span.start, *rest) for offset, *rest in segments[first : max(behind, first + 1)])


def locate(segments: Segments, offset: int, *, end: bool = False) -> int:
    """Convert an offset in content to an offset in the text. An `end` offset belongs to the segment before it."""
    place = bisect_right(segments, (offset - end, 1 << 62, 0)) - 1
    segment = segments[max(place, 0)]
    return segment.at + offset - segment.offset


def moved(segments: Segments, span: Span) -> Span:
    """Convert a span of content to a span of the text."""
    if span.start == span.end:
        at = locate(segments, span.start)
        return Span(at, at)
    return Span(locate(segments, span.start), locate(segments, span.end, end=True))
