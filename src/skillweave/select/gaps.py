"""What the lines left out between selected ones change, if what stands on both sides then meets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import attrgetter

from skillweave.diagnostics import PARAGRAPH_MERGE, SEAM_CHANGES_MEANING, Problem
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Container
from skillweave.ranges import Ranges, between, holds, intersect, without
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skillweave.diagnostics import Code
    from skillweave.document import Document, Heading
    from skillweave.markdown.values import Block
    from skillweave.select.values import Lines
    from skillweave.source import Span


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
    anything else does. `gaps` are the lines that are left out of `ranges`, in rising order. Of a template, only the rendering
    could show that.
    """
    for window in _windows(source.lines, document, ranges, gaps) if ranges and document.params is None else ():
        there = (range(start, end) for start, end in without(document.markers, intersect(ranges, window)))
        kept = [line for lines in there for line in lines]
        around = between(document.blocks, *window, attrgetter("start"))
        before = bisect_left(document.blocks, window[0], key=attrgetter("start")) - 1
        cut = document.blocks[before : before + 1] if before >= 0 else ()  # it may go on in the window
        lines = [source.lines[line] for line in kept]
        expected = [block for block in (_moved(block, kept, lines) for block in (*cut, *around)) if block is not None]
        found = {block.start: block for block in read_blocks("\n".join(lines))}
        code = _change(lines, expected, found) or _union(
            document, kept, found.keys() - {b.start for b in expected}, found
        )
        if code is not None:
            yield code


def _change(lines: Sequence[str], expected: Sequence[Block], found: Mapping[int, Block]) -> Code | None:
    """What has become of the first expected block that is not found as it was; None if all are."""
    for number, block in enumerate(expected):
        now = found.get(block.start)
        if now is None or _identity(block, lines) != _identity(now, lines, block):
            kinds = {one.kind for one in (*expected[number : number + 2], now) if one is not None}
            return PARAGRAPH_MERGE if kinds == {"paragraph"} else SEAM_CHANGES_MEANING
    return None


def _union(document: Document, kept: Sequence[int], starts: Iterable[int], found: Mapping[int, Block]) -> Code | None:
    """Whether one of these found blocks holds lines that were in no block together: ends of HTML, and empty items."""
    for start in starts:
        block = found[start]
        first = min([start, *(container.start for container in block.containers)])
        lines = kept[first : block.end]
        if (
            lines
            and lines[-1] - lines[0] >= len(lines)
            and _covering(document, lines[0]) != _covering(document, lines[-1])
        ):
            return SEAM_CHANGES_MEANING
    return None


def _covering(document: Document, line: int) -> int:
    """The number of the last block that begins on a line or before it, unless it has ended by then."""
    number = bisect_right(document.blocks, line, key=attrgetter("start")) - 1
    return number if number >= 0 and line < document.blocks[number].end else -2 - line


_CUT_CONTENT = "\n"
"""The content of indented code of which only a part is selected: what that part says is no matter."""


def _identity(block: Block, lines: Sequence[str], expected: Block | None = None) -> tuple[object, ...]:
    is_cut = (expected or block).content == _CUT_CONTENT
    return (block._replace(content="") if is_cut else block).identity(lines)


def _windows(
    lines: Sequence[str], document: Document, ranges: Ranges, gaps: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The lines to parse to tell what leaving out some lines changes: from one certain beginning of a block to the next. What
    overlaps is one window, so that no line is parsed twice.
    """
    found: list[tuple[int, int]] = []
    for gap in gaps:
        if found and gap[0] < found[-1][1]:
            if gap[1] >= found[-1][1]:
                found[-1] = found[-1][0], _next_beginning(lines, document, ranges, gap[1])
            continue
        end = _next_beginning(lines, document, ranges, gap[1])
        if end > gap[1]:  # otherwise, what follows begins anew whatever comes before it
            found.append((_last_beginning(lines, document, ranges, gap[0]), end))
    # What directives bring counts, and is checked where it is spliced.
    return [window for window in found if not _brings_something(document, ranges, window)]


def _brings_something(document: Document, ranges: Ranges, window: tuple[int, int]) -> bool:
    directives = between(document.directives, *window, attrgetter("line"))
    return any(placed.prefix is not None and holds(ranges, placed.line) for placed in directives)


def _next_beginning(lines: Sequence[str], document: Document, ranges: Ranges, line: int) -> int:
    """The first line from `line` on that begins a block whatever comes before it, or the end of what is selected."""
    blocks = document.blocks
    number, last = bisect_left(blocks, line, key=attrgetter("start")), ranges[-1][1]
    while (
        number < len(blocks)
        and blocks[number].start < last
        and not _begins_anew(lines, document, blocks[number], ranges)
    ):
        number += 1
    return min(blocks[number].start if number < len(blocks) else last, last)


def _last_beginning(lines: Sequence[str], document: Document, ranges: Ranges, line: int) -> int:
    """The last line before `line` that begins a block whatever comes before it, or the beginning of what is selected."""
    blocks = document.blocks
    number = bisect_left(blocks, line, key=attrgetter("start")) - 1
    # What comes before all that is selected is not looked at: a file may be taken in as many parts as it has blocks.
    while (
        number >= 0
        and blocks[number].start >= ranges[0][0]
        and not _begins_anew(lines, document, blocks[number], ranges)
    ):
        number -= 1
    return max(blocks[number].start if number >= 0 else 0, ranges[0][0])


def _begins_anew(lines: Sequence[str], document: Document, block: Block, ranges: Ranges) -> bool:
    """Whether a selected block begins there, whatever comes before it: it is in no container that begins before it, has no
    indent, and comes after a blank line, or can end what the selected line before it is part of.
    """
    is_outermost = not block.containers or block.containers[0].start == block.start
    if not is_outermost or lines[block.start].startswith((" ", "\t")) or not holds(ranges, block.start):
        return False
    before = _selected_before(ranges, block.start)
    if before is None or not lines[before].strip(" \t"):
        return True
    number = _covering(document, before)
    above = document.blocks[number] if number >= 0 else None
    if above is None or above.kind == "html":
        return False
    if not block.containers:
        return block.kind in ("heading", "fence")
    # A number other than 1 begins no list in a paragraph, unless that is in a list itself.
    around = above.containers[0] if above.containers else None
    is_in_list = around is not None and around.kind == "item" and holds(ranges, around.start)
    return block.containers[0].kind == "item" and (is_in_list or lines[block.start][:1] in ("-", "+", "*"))


def _selected_before(ranges: Ranges, line: int) -> int | None:
    """The last selected line before a line; None if there is none."""
    number = bisect_left(ranges, (line,)) - 1
    return min(line, ranges[number][1]) - 1 if number >= 0 else None


def _moved(block: Block, kept: Sequence[int], lines: Sequence[str]) -> Block | None:
    """A block in a text of only some lines of its own text; None if nothing is left of it, or only the end of HTML, which is
    text. Items are gone if their first line is; a quote is gone if the first line that is left of it has no `>`.
    """
    start, end = bisect_left(kept, block.start), bisect_left(kept, block.end)
    is_begun = start < end and kept[start] == block.start
    if start == end or (block.kind == "html" and not is_begun):
        return None
    inner, quotes = list[Container](), 0
    for kind, begins, last in block.containers:
        quotes += kind == "quote"
        first = bisect_left(kept, begins)
        if first < len(kept) and (kept[first] == begins or (kind == "quote" and _marks(lines[first]) >= quotes)):
            inner.append(Container(kind, first, bisect_left(kept, last)))
    content = _CUT_CONTENT if block.content and end - start < block.end - block.start else block.content
    return block._replace(start=start, end=end, containers=tuple(inner), content=content)


def _marks(line: str) -> int:
    """How many `>` a line begins with."""
    return line[: len(line) - len(line.lstrip("> \t"))].count(">")
