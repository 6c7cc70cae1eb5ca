"""What a selection cuts in two, so that it means something else than in its file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from skillweave.diagnostics import PARAGRAPH_MERGE, PARTIAL_BLOCK, SEAM_CHANGES_MEANING, UNCLOSED_HTML, Problem
from skillweave.markdown import read_blocks
from skillweave.markdown.html_blocks import html_type
from skillweave.markdown.values import Container
from skillweave.ranges import Ranges, between, holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import Document, Heading
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
        while last > block.start + 1 and not lines[last - 1].strip(" \t"):
            # Blank lines at the end of a selection are left out; they only end a block that nothing else closes.
            last -= 1
        covered = sum(max(0, min(end, last) - max(start, block.start)) for start, end in ranges)
        if not 0 < covered < last - block.start:
            continue
        # HTML of types 6 and 7 ends at a blank line, wherever it begins; the mere end of a comment is text.
        is_begun = holds(ranges, block.start) and not holds(ranges, last - 1)
        if block.kind != "html" or (is_begun and html_type(lines[block.start].lstrip(" \t>")) < 6):
            yield block


def _first_heading(document: Document, ranges: Ranges) -> Heading | None:
    for heading in document.headings:
        if not heading.containers and any(start <= heading.start and heading.end <= end for start, end in ranges):
            return heading
    return None


def check_dropped(source: Lines, document: Document, ranges: Ranges, heading: Heading, span: Span) -> Iterator[Problem]:
    """Report a heading whose removal changes the meaning of the blocks before and after it."""
    blocks = document.blocks
    place = bisect_left(blocks, heading.start, key=attrgetter("start"))
    above, below = blocks[place - 1 : place], blocks[place + 1 : place + 2]
    if not above or not below or document.params is not None:
        return  # Of a template, only the rendering shows which lines stand together.
    if not holds(ranges, above[0].end - 1) or not holds(ranges, below[0].start):
        return
    # Take the outermost blocks on both sides whole: how much of them is selected is checked elsewhere.
    start = min([above[0].start, *(outer.start for outer in above[0].containers[:1])])
    end = max([below[0].end, *(outer.end for outer in below[0].containers[:1])])
    if any(placed.prefix is not None for placed in between(document.directives, start, end, attrgetter("line"))):
        return  # What they include counts, and is checked where it is spliced.
    hidden = {*range(heading.start, heading.end), *between(document.markers, start, end, int)}
    kept = [line for line in range(start, end) if line not in hidden]
    is_divided = any(above[0].end <= line < below[0].start for line in kept)
    if is_divided and not above[0].containers:
        return
    around = (block for block in between(blocks, start, end, attrgetter("start")) if block.start != heading.start)
    lines = [source.lines[line] for line in kept]
    expected = [_moved(block, kept).identity(lines) for block in around]
    found = read_blocks("\n".join(lines))
    if [block.identity(lines) for block in found] == expected:
        return
    if {block.kind for block in (*found, *above, *below)} == {"paragraph"}:
        message = "the paragraphs before and after the heading become one without it"
        code, cure = PARAGRAPH_MERGE, f"put a blank line before or after the heading in {source.name}"
    else:
        message = "the text before and after the heading becomes something else without it"
        code, cure = SEAM_CHANGES_MEANING, "select only what comes after the heading"
    yield Problem(code, message, span, help=cure)


def _moved(block: Block, kept: Sequence[int]) -> Block:
    """A block in a text that consists of some lines of its own text."""
    inner = tuple(
        Container(kind, bisect_left(kept, start), bisect_left(kept, end)) for kind, start, end in block.containers
    )
    return block._replace(start=bisect_left(kept, block.start), end=bisect_left(kept, block.end), containers=inner)
