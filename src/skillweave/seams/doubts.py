"""Which splices are beyond doubt, told without a parse; and which lines to parse around the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.diagnostics import INVALID_FRONT_MATTER
from skillweave.flatten.layout import block_at
from skillweave.flatten.values import BareItem, ChildItem, TextItem
from skillweave.select import bridged
from skillweave.splice import continuation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.flatten.values import Child, Item, Node, Nodes
    from skillweave.markdown.values import Block


_ENDED = frozenset({"heading", "rule", "fence"})
"""Blocks that nothing behind them can change or join."""


def is_doubtful(nodes: Nodes, node: Node, number: int) -> bool:
    """Whether only a parse can tell that the splice at an item keeps its meaning."""
    item = node.items[number]
    if isinstance(item, BareItem):
        return True
    if not isinstance(item, ChildItem):
        return False
    before = node.items[number - 1] if number else None
    after = node.items[number + 1] if number + 1 < len(node.items) else None
    behind = node.items[number + 2] if number + 2 < len(node.items) else None
    return not (_is_safe_before(nodes, node, before, item) and _is_safe_after(nodes, node, item, (after, behind)))


def is_torn(nodes: Nodes, child: Child) -> bool:
    """Whether an include brings a file whose first line is a `---` that a finding of its own is about."""
    document = nodes.nodes[child.key].unit.document
    if document is None or document.front_matter is not None:
        return False
    return any(problem.code is INVALID_FRONT_MATTER for problem in document.problems)


def _starts_flush(nodes: Nodes, item: Item | None) -> bool:
    """Whether an item that comes behind a blank line starts at its container's edge, with anything but code."""
    if item is None:
        return True
    if not isinstance(item, ChildItem) or item.child.edge.placed.containers:
        return False
    below = nodes.nodes[item.child.key]
    return below.first is not None and below.first.kind != "code" and below.first_line[:1] not in (" ", "\t")


def _is_safe_before(nodes: Nodes, node: Node, before: Item | None, item: ChildItem) -> bool:
    below = nodes.nodes[item.child.key]
    first = below.first
    if below.has_code and item.child.edge.placed.prefix:
        return False
    if first is None or below.first_line[:1] in (" ", "\t") or first.kind == "code":
        return False
    placed = item.child.edge.placed
    if (placed.prefix or "").strip(" \t>"):
        plain = first.kind in ("paragraph", "heading", "fence", "table") and not first.containers
        return plain and below.first_line.strip("-*_ \t") != ""
    match before:
        case None:
            return True
        case TextItem(_, end):
            if not node.unit.lines[end - 1].strip(" \t>"):
                return True
            above = block_at(node.unit, end - 1)
            return above is not None and above.kind in _ENDED and above.containers == placed.containers
        case ChildItem(child, _):
            return _has_ended(nodes.nodes[child.key]) and not child.edge.placed.containers
        case _:
            return False


def _is_safe_after(nodes: Nodes, node: Node, item: ChildItem, behind: tuple[Item | None, Item | None]) -> bool:
    below = nodes.nodes[item.child.key]
    after, further = behind
    match after:
        case None:
            return True
        case TextItem(start, end):
            line = start
            while line < end and not node.unit.lines[line].strip(" \t>"):
                line += 1
            if line == start:
                return _has_ended(below)
            if line == end:
                return _has_ended(below) or (below.last is not None and _starts_flush(nodes, further))
            later = continuation(item.child.edge.placed.prefix or "")
            text = node.unit.lines[line]
            rest = text[len(later) :] if text.startswith(later) else text.lstrip(" \t")
            return rest[:1] not in (" ", "\t") and below.last is not None
        case _:
            return _has_ended(below)


def _has_ended(node: Node) -> bool:
    return node.last is not None and node.last.kind in _ENDED and not node.last.containers


def top_ranges(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The line ranges of the outermost blocks; the items of a list, which touch, are one range."""
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


def windows(node: Node, doubtful: Sequence[Item], tops: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The lines around doubtful splices that a parse must see: an outermost block before and one behind, at least."""
    blocks = node.unit.document.blocks if node.unit.document else ()
    directives = {block.start for block in blocks if block.kind == "directive" and not block.containers}

    def is_directive(place: int) -> bool:
        start, end = tops[place]
        return end == start + 1 and start in directives

    # How far a run of outermost blocks that are nothing but directives reaches, both ways.
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
    for item in doubtful:
        line = item.line if isinstance(item, (ChildItem, BareItem)) else 0
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


def is_cut(node: Node) -> bool:
    """Whether a selection holds a part of a fence or a table, and not all of it."""
    document = node.unit.document
    ranges = bridged(node.key.ranges, document.markers if document else ())
    for block in document.blocks if document else ():
        if block.kind in ("fence", "table"):
            covered = sum(max(0, min(end, block.end) - max(start, block.start)) for start, end in ranges)
            if 0 < covered < block.end - block.start:
                return True
    return False
