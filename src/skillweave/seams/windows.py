"""Chooses the lines that have to be parsed to compare them with what they were: whole blocks on both sides of each splice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter, itemgetter

from skillweave.flatten.values import is_in_error
from skillweave.ranges import between, count_within
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Node, Nodes
    from skillweave.markdown.values import Block


def unresolved(nodes: Nodes, node: Node, window: tuple[int, int]) -> Iterator[PlacedDirective]:
    """Yield the directives on some lines that are blocks of their own and have an error: it is unknown what they
    would bring.
    """
    unit = node.unit
    directives = unit.document.directives if unit.document else ()
    first, end = (bisect_left(directives, line, key=attrgetter("line")) for line in window)
    for number in range(first, end):
        placed = directives[number]
        if placed.prefix is not None and is_in_error(unit.edges[number], nodes.children[unit.key][number]):
            yield placed


def outermost(unit: Unit) -> list[tuple[int, int]]:
    """The line ranges of a unit's outermost blocks, and of lines that are only an empty container."""
    document = unit.document
    if document is None:
        return []
    ranges, hidden = top_ranges(document.blocks), frozenset(document.markers)
    found: list[tuple[int, int]] = []
    at = document.body
    for start, end in [*ranges, (document.lines, document.lines)]:
        empty = (line for line in range(at, start) if line not in hidden and unit.lines[line].strip(" \t"))
        found += [(line, line + 1) for line in empty]
        if start < end:
            found.append((start, end))
        at = max(at, end)
    return found


def top_ranges(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The line ranges of the outermost blocks. The items of a list, which touch each other, form one range."""
    ranges: list[tuple[int, int]] = []
    was_item = False
    for block in blocks:
        outer = block.containers[0] if block.containers else None
        start, end = (min(outer.start, block.start), max(outer.end, block.end)) if outer else (block.start, block.end)
        is_item = outer is not None and outer.kind == "item"
        if ranges and (start < ranges[-1][1] or (is_item and was_item)):
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
        was_item = is_item
    return ranges


def windows(node: Node, doubtful: Sequence[int], tops: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the line ranges that have to be parsed around doubtful splices: at least one outermost block on each side.

    `doubtful` are the lines of the splices, in rising order; `tops` the outermost blocks of the unit.
    """
    ranges = node.key.ranges
    if not ranges:
        return
    # A unit may have as many nodes as blocks, so none may look at all of them.
    first = max(bisect_right(tops, ranges[0][0], key=itemgetter(0)) - 1, 0)
    near_them = tops[first : bisect_left(tops, ranges[-1][1], key=itemgetter(0))]
    tops = [top for top in near_them if count_within(ranges, *top)]  # what is left out parts nothing
    if not tops:
        return
    blocks = node.unit.document.blocks if node.unit.document else ()
    near = between(blocks, tops[0][0], tops[-1][1], attrgetter("start"))
    # A line that is only a directive in a quote goes as a whole, too; of one in a list item, the marker stays.
    alone = (block for block in near if block.kind == "directive" and all(c.kind == "quote" for c in block.containers))
    directives = {block.start for block in alone}

    def is_directive(place: int) -> bool:
        lines = range(*tops[place])
        return all(line in directives or not node.unit.lines[line].strip(" \t>") for line in lines)

    # For each outermost block, the nearest one in each direction that is more than a directive.
    before, behind = list(range(len(tops))), list(range(len(tops)))
    for at in range(1, len(tops)):
        if is_directive(at - 1):
            before[at] = before[at - 1]
        else:
            before[at] = at - 1
    for at in range(len(tops) - 2, -1, -1):
        behind[at] = behind[at + 1] if is_directive(at + 1) else at + 1
    place = 0
    previous: tuple[int, int] | None = None
    for line in doubtful:
        while place + 1 < len(tops) and tops[place + 1][0] <= line:
            place += 1
        window = (tops[before[place]][0], tops[behind[place]][1])
        if previous and window[0] < previous[1]:
            previous = (previous[0], max(previous[1], window[1]))
        else:
            if previous:
                yield previous
            previous = window
    if previous:
        yield previous
