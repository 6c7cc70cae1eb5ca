"""What a selection cuts in two, so that it means something else than in its file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise, zip_longest
from operator import attrgetter

from skillweave.diagnostics import PARAGRAPH_MERGE, PARTIAL_BLOCK, SEAM_CHANGES_MEANING, UNCLOSED_HTML, Problem
from skillweave.markdown import read_blocks
from skillweave.markdown.html_blocks import html_type
from skillweave.markdown.values import Container
from skillweave.ranges import Ranges, between, count_within, holds
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from skillweave.diagnostics import Code
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
        if not 0 < count_within(ranges, block.start, last) < last - block.start:
            continue
        # HTML of types 6 and 7 ends at a blank line, wherever it begins; the mere end of a comment is text.
        is_begun = holds(ranges, block.start) and not holds(ranges, last - 1)
        if block.kind != "html" or (is_begun and html_type(lines[block.start].lstrip(" \t>")) < 6):
            yield block


def check_dropped(source: Lines, document: Document, ranges: Ranges, heading: Heading, span: Span) -> Iterator[Problem]:
    """Report a heading whose removal changes the meaning of the blocks before and after it."""
    for code in _changes(source, document, ranges, [(heading.start, heading.end)]):
        if code is PARAGRAPH_MERGE:
            message = "the paragraphs before and after the heading become one without it"
            cure = f"put a blank line before or after the heading in {source.name}"
        else:
            message = "the text before and after the heading becomes something else without it"
            cure = "select only what comes after the heading"
        yield Problem(code, message, span, help=cure)


def check_gaps(source: Lines, document: Document, ranges: Ranges, span: Span) -> Iterator[Problem]:
    """Report lines between the selected ones without which the blocks before and after them mean something else."""
    gaps = [(end, start) for (_, end), (start, _) in pairwise(ranges)]
    for code in dict.fromkeys(_changes(source, document, ranges, gaps)):
        if code is PARAGRAPH_MERGE:
            message = "text becomes part of the paragraph or list item before it without the lines between them"
            cure = "select a blank line between them, too, or use an include for each part"
        else:
            message = "text becomes something else without the lines before or after it"
            cure = "select these lines, too, or use an include for each part"
        yield Problem(code, message, span, help=cure)


def _changes(source: Lines, document: Document, ranges: Ranges, gaps: Iterable[tuple[int, int]]) -> Iterator[Code]:
    """Yield what happens where blocks before and after left out lines mean something else without these: paragraphs merge, or
    anything else does. `gaps` are the lines that are left out of `ranges`, in rising order.
    """
    for window in _windows(source.lines, document, ranges, gaps) if document.params is None else ():
        hidden = {line for start, end in window.gaps for line in range(start, end)}
        hidden.update(between(document.markers, window.start, window.end, int))
        kept = [line for line in range(window.start, window.end) if line not in hidden]
        lines = [source.lines[line] for line in kept]
        around = between(document.blocks, window.start, window.end, attrgetter("start"))
        expected = [block for block in (_moved(block, kept, hidden) for block in around) if block.start < block.end]
        found = read_blocks("\n".join(lines))
        was, is_now = ([block.identity(lines) for block in blocks] for blocks in (expected, found))
        if was != is_now:
            first = next(n for n, pair in enumerate(zip_longest(was, is_now)) if pair[0] != pair[1])
            kinds = {block.kind for block in (*expected[first : first + 2], *found[first : first + 1])}
            yield PARAGRAPH_MERGE if kinds == {"paragraph"} else SEAM_CHANGES_MEANING


class _Window(NamedTuple):
    """Lines (half-open) around some gaps."""

    start: int
    end: int
    gaps: list[tuple[int, int]]


def _windows(
    lines: Sequence[str], document: Document, ranges: Ranges, gaps: Iterable[tuple[int, int]]
) -> list[_Window]:
    """The lines to parse to tell what leaving out some lines changes; of a template, only the rendering could show that.

    The outermost blocks on both sides are taken whole: how much of them is selected is checked elsewhere. What overlaps is one
    window, so that no line is parsed twice.
    """
    found: list[_Window] = []
    blocks, markers = document.blocks, frozenset(document.markers)
    for group in _groups(lines, markers, gaps):
        gap = group[0][0], group[-1][1]
        first, last = (bisect_left(blocks, line, key=attrgetter("start")) for line in gap)
        last -= last > first and blocks[last - 1].end > gap[1]  # a block that begins in the gap, and goes on behind it
        if first == 0 or last == len(blocks):
            continue
        above, below = blocks[first - 1], blocks[last]
        if above.end > gap[1] or any(_is_cut_by(block, gap) for block in (above, below)):
            continue
        if not holds(ranges, min(above.end, gap[0]) - 1) or not holds(ranges, max(below.start, gap[1])):
            continue
        hidden = {line for start, end in group for line in range(start, end)}
        left = (line for line in range(above.end, below.start) if line not in hidden)
        if not above.containers and not markers.issuperset(left):
            continue  # A blank line remains between them.
        start = min([above.start, *(outer.start for outer in above.containers[:1])])
        end = max([below.end, *(outer.end for outer in below.containers[:1])])
        directives = between(document.directives, start, end, attrgetter("line"))
        if any(placed.prefix is not None and placed.line not in hidden for placed in directives):
            continue  # What they include counts, and is checked where it is spliced.
        if found and start < found[-1].end:
            known = found.pop()
            found.append(_Window(min(start, known.start), max(end, known.end), [*known.gaps, *group]))
        else:
            found.append(_Window(start, end, group))
    return found


def _groups(
    lines: Sequence[str], markers: Collection[int], gaps: Iterable[tuple[int, int]]
) -> list[list[tuple[int, int]]]:
    """Gaps, with those together that have nothing but blank lines and markers between them."""
    found: list[list[tuple[int, int]]] = []
    for gap in gaps:
        between_them = range(found[-1][-1][1], gap[0]) if found else ()
        if found and all(line in markers or not lines[line].strip(" \t") for line in between_them):
            found[-1].append(gap)
        else:
            found.append([gap])
    return found


def _is_cut_by(block: Block, gap: tuple[int, int]) -> bool:
    """Whether a gap takes away a part of a block whose other part means something else then, which is checked elsewhere."""
    return block.kind in _CUT and block.start < gap[1] and gap[0] < block.end


def _moved(block: Block, kept: Sequence[int], hidden: Collection[int]) -> Block:
    """A block in a text of only some lines of its own text. Items and quotes are gone if their first line is hidden."""
    inner = tuple(
        Container(kind, bisect_left(kept, start), bisect_left(kept, end))
        for kind, start, end in block.containers
        if start not in hidden
    )
    return block._replace(start=bisect_left(kept, block.start), end=bisect_left(kept, block.end), containers=inner)
