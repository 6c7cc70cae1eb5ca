"""Where the lines of an expansion come from."""

from __future__ import annotations

from skillweave.flatten.values import BareItem, ChildItem, Node, NodeKey, Nodes, TextItem, moved_by
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.graph.values import Edge
    from skillweave.source import SourcePath


class Origin(NamedTuple):
    """Where an output line comes from: a line of a file (counted from 0), and the includes that brought it, outermost first."""

    path: SourcePath
    line: int
    chain: tuple[Edge, ...]


def origins(nodes: Nodes, key: NodeKey) -> Iterator[Origin]:
    """Yield the origin of every line of a node's expansion, in order."""
    pending: list[tuple[NodeKey, int | None, tuple[Edge, ...]] | Origin] = [(key, None, ())]
    while pending:
        entry = pending.pop()
        if isinstance(entry, Origin):
            yield entry
            continue
        node_key, moved, chain = entry
        found = list(_origins(nodes.nodes[node_key], moved, chain))
        pending.extend(reversed(found))


def _origins(
    node: Node, shift: int | None, chain: tuple[Edge, ...]
) -> Iterator[Origin | tuple[NodeKey, int | None, tuple[Edge, ...]]]:
    path = node.unit.path
    if node.key.code is not None:
        first = node.key.ranges[0][0] if node.key.ranges else 0
        yield Origin(path, first, chain)
        yield from (Origin(path, line, chain) for start, end in node.key.ranges for line in range(start, end))
        yield Origin(path, node.key.ranges[-1][1] - 1 if node.key.ranges else 0, chain)
        return
    joined = _joined(node, shift)
    for item in node.items:
        match item:
            case TextItem(start, end):
                yield from (
                    Origin(path, node.unit.source_line(line), chain) for line in range(start, end) if line not in joined
                )
            case BareItem(_, line):
                yield Origin(path, node.unit.source_line(line), chain)
            case ChildItem(child, _):
                yield child.key, moved_by(shift, child.shift), (*chain, child.edge)


def _joined(node: Node, shift: int | None) -> frozenset[int]:
    """The lines that have no line of their own in the output: the later ones of setext headings that are moved, and therefore
    written on one line.
    """
    if shift is None or not node.unit.document:
        return frozenset()
    setext = (heading for heading in node.unit.document.headings if heading.setext)
    return frozenset(line for heading in setext for line in range(heading.start + 1, heading.end))
