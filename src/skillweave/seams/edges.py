"""Looks at how what an include brings begins and ends: with a part of a block, or with one that its own file never closes."""

from __future__ import annotations

from skillweave.flatten.layout import block_at
from skillweave.flatten.values import ChildItem, TextItem
from skillweave.ranges import bridged
from skillweave.select.cuts import cut_blocks
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.flatten.values import Item, Node, NodeKey, Nodes
    from skillweave.markdown.values import Block


def _last_line(node: Node, item: Item) -> int | None:
    """The last line of an item that is not blank; None if there is none, or if an include brings the item."""
    lines = reversed(range(item.start, item.end)) if isinstance(item, TextItem) else ()
    return next((line for line in lines if node.unit.lines[line].strip()), None)


def _nodes_at_end(nodes: Nodes, key: NodeKey) -> Iterator[tuple[Node, int | None]]:
    """Yield the node, and each node at the end of the one before it. With each comes the last line of its own text, if it ends
    with that.
    """
    node: Node | None = nodes.nodes[key]
    while node is not None:
        ends = ((item, _last_line(node, item)) for item in reversed(node.items))
        item, line = next((end for end in ends if end[1] is not None or not isinstance(end[0], TextItem)), (None, None))
        yield node, line
        node = nodes.nodes[item.child.key] if isinstance(item, ChildItem) else None


def is_told_open(nodes: Nodes, key: NodeKey, blocks: Sequence[Block]) -> bool:
    """Whether what a node brings ends with a block that nothing closes, and an error says so: its own file never closes it, or
    it is HTML that a selection leaves open. A fence that a selection leaves open is only a warning yet. `blocks` are those of
    what it brings.
    """
    last = blocks[-1] if blocks else None
    if last is None or last.closed:
        return False
    at_end = list(_nodes_at_end(nodes, key))
    if any(block.kind == last.kind for node, _ in at_end for block in _cut(node)):
        return last.kind == "html"
    ends = (block_at(node.unit, line) for node, line in at_end if line is not None)
    return any(block is not None and not block.closed for block in ends)


def _cut(node: Node) -> Iterator[Block]:
    """The blocks of which a selection contains only a part."""
    document = node.unit.document
    if document is not None:
        yield from cut_blocks(node.unit.lines, document, bridged(node.key.ranges, document.markers))


def begins_in_a_fence(node: Node) -> bool:
    """Whether a selection begins inside a fence."""
    start = node.key.ranges[0][0] if node.key.ranges else 0
    block = block_at(node.unit, start)
    return block is not None and block.kind == "fence" and block.start < start
