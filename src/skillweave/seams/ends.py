"""Looks at how what an include brings ends: with a part of a block, or with one that its own file never closes."""

from __future__ import annotations

from skillweave.flatten.layout import block_at
from skillweave.flatten.values import ChildItem, TextItem
from skillweave.ranges import bridged
from skillweave.select.cuts import cut_blocks
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.flatten.values import Item, Node, NodeKey, Nodes


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


def ends_cut(nodes: Nodes, key: NodeKey) -> bool:
    """Whether what a node brings ends with a selection that contains only a part of a block."""
    return any(is_cut(node) for node, _ in _nodes_at_end(nodes, key))


def ends_unclosed(nodes: Nodes, key: NodeKey) -> bool:
    """Whether what a node brings ends with a block that its own file never closes. That is an error of the file."""
    blocks = (block_at(node.unit, line) for node, line in _nodes_at_end(nodes, key) if line is not None)
    return any(block is not None and not block.closed for block in blocks)


def is_cut(node: Node) -> bool:
    """Whether a selection contains only a part of a block that then means something else. That is reported elsewhere."""
    document = node.unit.document
    if document is None:
        return False
    return any(cut_blocks(node.unit.lines, document, bridged(node.key.ranges, document.markers)))
