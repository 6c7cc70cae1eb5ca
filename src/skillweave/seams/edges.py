"""Looks at how what an include brings begins and ends: with a part of a block, or with one that its own file never closes."""

from __future__ import annotations

from skillweave.flatten.layout import block_at
from skillweave.flatten.values import brought_by
from skillweave.ranges import bridged, holds
from skillweave.select.cuts import cut_blocks
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.flatten.values import Node, NodeKey, Nodes
    from skillweave.markdown.values import Block


def is_told_open(nodes: Nodes, key: NodeKey, blocks: Sequence[Block]) -> bool:
    """Whether what a node brings ends with a block that nothing closes, and an error says so: its own file never closes it, or
    it is HTML that a selection leaves open. A fence that a selection leaves open is only a warning yet. `blocks` are those of
    what it brings.
    """
    last = blocks[-1] if blocks else None
    if last is None or last.closed:
        return False
    return any(_leaves_open(node, last.kind) for node in _below(nodes, key))


def _below(nodes: Nodes, key: NodeKey) -> Iterator[Node]:
    """Yield a node and all nodes that it brings, each once."""
    seen, pending = {key}, [key]
    while pending:
        node = nodes.nodes[pending.pop()]
        yield node
        new = {child.key for child in brought_by(node.items, node.inline)} - seen
        seen |= new
        pending += new


def _leaves_open(node: Node, kind: str) -> bool:
    """Whether it is an error of a node that a block of some kind is not closed in it."""
    document, ranges = node.unit.document, node.key.ranges
    if document is None or node.key.code is not None:
        return False
    last = document.blocks[-1] if document.blocks else None
    if last is not None and last.kind == kind and not last.closed and holds(ranges, last.start):
        return True
    cut = cut_blocks(node.unit.lines, document, bridged(ranges, document.markers)) if kind == "html" else ()
    return any(block.kind == kind for block in cut)


def begins_in_a_fence(node: Node) -> bool:
    """Whether a selection begins inside a fence."""
    start = node.key.ranges[0][0] if node.key.ranges else 0
    block = block_at(node.unit, start)
    return block is not None and block.kind == "fence" and block.start < start
