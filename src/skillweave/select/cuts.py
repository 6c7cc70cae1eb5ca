"""What a selection cuts in two, so that it means something else than in its file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from skillweave.diagnostics import PARTIAL_BLOCK, UNCLOSED_HTML, Problem
from skillweave.markdown.html_blocks import html_type
from skillweave.ranges import Ranges, between, count_within, holds
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import Document
    from skillweave.markdown.values import Block
    from skillweave.select.values import Lines
    from skillweave.source import Span


def check_cut_blocks(source: Lines, document: Document, ranges: Ranges, span: Span) -> Iterator[Problem]:
    """Report the blocks that are selected only in part. `span` is the directive's, here as in the other checks."""
    for block in cut_blocks(source.lines, document, ranges):
        what, where = _CUT[block.kind], f"on lines {block.start + 1} to {block.end}"
        if block.kind == "html":
            # What follows the include would become part of it.
            message, cure = f"these lines begin {what} {where}, but do not end it", "select all of it"
            yield Problem(UNCLOSED_HTML, message, span, help=cure)
        else:
            cure = "select all or nothing of it"
            yield Problem(PARTIAL_BLOCK, f"these lines cut {what} {where}", span, help=cure)


def check_indents(source: Lines, document: Document, ranges: Ranges, span: Span) -> Iterator[Problem]:
    """Report the first block that turns into indented code because the list item or footnote around it is not selected."""
    blocks = between(document.blocks, ranges[0][0], ranges[-1][1], attrgetter("start")) if ranges else ()
    for block in blocks:
        if not block.containers or block.kind == "code" or not holds(ranges, block.start):
            continue
        around = block.containers[0]
        if holds(ranges, around.start):
            continue
        # Inside a container that is not selected, there may be others that are; the outermost one's first line tells for all.
        first = next((inner.start for inner in block.containers if holds(ranges, inner.start)), block.start)
        if source.lines[first].expandtabs(4).startswith("    "):
            what = _CONTAINERS[around.kind]
            message = f"line {first + 1} is part of {what} that is not selected; on its own, its indent makes it code"
            cure = "select all of it, or move the shared text out of it"
            yield Problem(PARTIAL_BLOCK, message, span, help=cure)
            return


_CONTAINERS = {"item": "a list item", "note": "a footnote", "quote": "a quote"}
_CUT = {"fence": "the fence", "table": "the table", "setext": "the heading", "html": "the HTML block"}


def cut_blocks(lines: Sequence[str], document: Document, ranges: Ranges) -> Iterator[Block]:
    """The blocks that are selected only in part, and mean something else then."""
    if not ranges:
        return
    first = max(bisect_right(document.blocks, ranges[0][0], key=attrgetter("start")) - 1, 0)
    for number in range(first, bisect_left(document.blocks, ranges[-1][1], key=attrgetter("start"))):
        block = document.blocks[number]
        if block.kind not in _CUT:
            continue
        last = block.end
        while last > block.start + 1 and (not lines[last - 1].strip(" \t") or _is_marker(document, last - 1)):
            # Blank lines at the end of a selection are left out; they only end a block that nothing else closes.
            last -= 1
        if not 0 < count_within(ranges, block.start, last) < last - block.start:
            continue
        # HTML of types 6 and 7 ends at a blank line, wherever it begins; the mere end of a comment is text.
        is_begun = holds(ranges, block.start) and not holds(ranges, last - 1)
        if block.kind != "html" or (is_begun and html_type(lines[block.start].lstrip(" \t>")) < 6):
            yield block


def _is_marker(document: Document, line: int) -> bool:
    place = bisect_left(document.markers, line)
    return document.markers[place : place + 1] == (line,)
