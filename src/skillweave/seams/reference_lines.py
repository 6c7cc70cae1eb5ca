"""Finds the references on lines of their own, where only a parse can tell what their links and the text beside them become."""

from __future__ import annotations

from bisect import bisect_right

from skillweave.flatten.layout import block_at, numbers_within
from skillweave.ranges import holds
from skillweave.seams.doubts import is_blank
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.document import PlacedDirective
    from skillweave.flatten.values import Node


def references(node: Node) -> Iterator[PlacedDirective]:
    """Yield the references that leave a link on a line of their own."""
    unit = node.unit
    for number in numbers_within(unit, node.key.ranges):
        edge = unit.edges[number]
        if edge is None or edge.directive.word != "reference" or edge.target is None or edge.placed.prefix is None:
            continue
        if holds(node.key.ranges, edge.placed.line):
            yield edge.placed


def may_join(node: Node, placed: PlacedDirective) -> bool:
    """Whether only a parse can tell that the link which a reference leaves on a line of its own, and the text beside it, stay
    what they are. On a line of a paragraph, it is part of that.
    """
    ranges, line = node.key.ranges, placed.line
    place = bisect_right(ranges, (line + 1,)) - 1
    start, end = ranges[place]
    beside = [line - 1] if line > start else [ranges[place - 1][1] - 1] if place else []
    beside += [line + 1] if line + 1 < end else [ranges[place + 1][0]] if place + 1 < len(ranges) else []
    return any(_touches(node, placed, other) for other in beside)


def _touches(node: Node, placed: PlacedDirective, line: int) -> bool:
    """Whether a directive touches more than a paragraph of its own container on a line next to it."""
    if is_blank(node.unit.lines[line], placed):
        return False
    block = block_at(node.unit, line)
    if block is None or block.kind not in ("paragraph", "directive") or block.containers != placed.containers:
        return True
    # A link may also complete a link definition that the line before it begins.
    return node.unit.lines[block.start].lstrip(" \t>").startswith("[") or _may_underline(node.unit.lines[line])


def _may_underline(line: str) -> bool:
    """Whether a line may turn the one before it into a heading or the head of a table."""
    bare = line.strip(" \t>")
    return not bare.strip("=") or not bare.strip("-:| \t")
