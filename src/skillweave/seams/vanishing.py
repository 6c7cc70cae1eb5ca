"""Finds the directives that leave nothing of their line, where only a parse can tell what the lines around them become."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from operator import attrgetter

from skillweave.flatten.layout import block_at
from skillweave.flatten.values import TextItem
from skillweave.ranges import holds
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.document import PlacedDirective
    from skillweave.flatten.values import Node, Nodes


ENDED = frozenset({"heading", "rule", "fence"})
"""Blocks that no text behind them can change or continue."""


def vanished(nodes: Nodes, node: Node) -> Iterator[tuple[int, PlacedDirective]]:
    """Yield the directives that leave nothing of their line, if only a parse can tell whether the lines around them stay what
    they are. Each comes with the line that follows once it is gone.

    Directives with an error of their own are left out, as it is unknown what they would bring.
    """
    pairs = [
        (number, before, after)
        for number, (before, after) in enumerate(pairwise(node.items))
        if isinstance(before, TextItem) and isinstance(after, TextItem)
    ]
    # Between two directives that leave nothing, there may be an item of only blank lines.
    texts = (_nearest_texts(node, 1), _nearest_texts(node, -1)) if pairs else ([], [])
    for number, before, after in pairs:
        above, below = texts[0][number], texts[1][number + 1]
        if above is not None and below is not None and _may_join(node, (before, after), (above, below)):
            placed = gone(nodes, node, before.end, after.start)
            if placed is not None:
                yield after.start, placed


def gone(nodes: Nodes, node: Node, start: int, end: int) -> PlacedDirective | None:
    """The first directive on some lines that brings nothing on purpose: an asset, a missing optional file, an empty
    selection. A reference only if there is no other: with its link, the lines around it would be one paragraph, too.
    """
    found = None
    unit = node.unit
    directives = unit.document.directives if unit.document else ()
    first = bisect_left(directives, start, key=attrgetter("line"))
    for number in range(first, len(directives)):
        edge, placed = unit.edges[number], directives[number]
        if placed.line >= end:
            break
        if edge is None or placed.prefix is None or not holds(node.key.ranges, placed.line):
            continue
        child = nodes.children[unit.key][number]
        is_asset = edge.directive.word == "asset" and edge.target is not None
        if is_asset or edge.missing is not None or (child is not None and not nodes.nodes[child.key].items):
            if edge.directive.word != "reference":
                return placed
            found = found or placed
    return found


def _may_join(node: Node, items: tuple[TextItem, TextItem], texts: tuple[int, int]) -> bool:
    """Whether the lines of two items may become something else once they follow each other directly. `texts` are the last line
    that is not blank up to the end of the first one, and the first one from the beginning of the second one on.
    """
    above, below = texts
    block, behind = block_at(node.unit, above), block_at(node.unit, below)
    if block is None or behind is None:
        return True
    if block.kind in ENDED and not block.containers:
        return False
    is_divided = texts != (items[0].end - 1, items[1].start)
    is_flush = not behind.containers and node.unit.lines[below][:1] not in (" ", "\t")
    goes_on = block.containers or block.kind == "code"
    return not (is_divided and (is_flush or not goes_on))


def _nearest_texts(node: Node, step: int) -> list[int | None]:
    """For each item, the last line that is not blank in it or in the items before it (`step` 1), or the first one in it or in
    those behind it (-1). None if there is none.
    """
    found: list[int | None] = []
    for item in node.items[::step]:
        # Looked for from the far end of the item, so that few lines are looked at.
        lines = range(item.start, item.end)[::-step] if isinstance(item, TextItem) else (item.line,)
        own = next((line for line in lines if node.unit.lines[line].strip(" \t")), None)
        found.append(own if own is not None or not found else found[-1])
    return found[::step]
