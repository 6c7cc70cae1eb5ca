"""Where the lines of an expansion come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.flatten.values import BareItem, ChildItem, Item, Node, NodeKey, Nodes, TextItem
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.graph.values import Edge
    from skillweave.source import SourcePath


class Origin(NamedTuple):
    """Where an output line comes from: a line of a file (from 0), and the includes that brought it, outermost first."""

    path: SourcePath
    line: int
    chain: tuple[Edge, ...]


def origins(nodes: Nodes, key: NodeKey) -> Iterator[Origin]:
    """The origin of every line of a node's expansion, in order."""
    pending: list[tuple[NodeKey, int, tuple[Edge, ...]] | Origin] = [(key, 0, ())]
    while pending:
        entry = pending.pop()
        if isinstance(entry, Origin):
            yield entry
            continue
        node_key, moved, chain = entry
        found = list(_origins(nodes.nodes[node_key], moved, chain))
        pending.extend(reversed(found))


def _origins(
    node: Node, shift: int, chain: tuple[Edge, ...]
) -> Iterator[Origin | tuple[NodeKey, int, tuple[Edge, ...]]]:
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
                yield child.key, shift + child.shift, (*chain, child.edge)


def runs_of(nodes: Nodes, key: NodeKey, path: SourcePath) -> Iterator[tuple[int, int, int]]:
    """Where `origins` has the lines of one file, without a look at every line: runs of them, as the first line of the
    expansion, the first line of the file, and how many. The file is no template, and not taken as code.
    """
    there = 0
    pending: list[tuple[Node, int, Item | None]] = [(nodes.nodes[key], 0, None)]
    while pending:
        node, shift, item = pending.pop()
        match item:
            case None if node.key.code is not None:
                there += 2 + sum(end - start for start, end in node.key.ranges)
            case None:
                pending.extend((node, shift, item) for item in reversed(node.items))
            case TextItem(start, end):
                joined = _joined(node, shift)
                for first, last in _without(joined, start, end) if joined else ((start, end),):
                    if node.unit.path == path:
                        yield there, first, last - first
                    there += last - first
            case BareItem():
                there += 1
            case ChildItem(child, _):
                pending.append((nodes.nodes[child.key], shift + child.shift, None))


def _joined(node: Node, shift: int) -> frozenset[int]:
    """The lines that are no lines of the output: they go on with a heading that is moved, and so written in one line."""
    if not shift or not node.unit.document:
        return frozenset()
    setext = (heading for heading in node.unit.document.headings if heading.setext)
    return frozenset(line for heading in setext for line in range(heading.start + 1, heading.end))


def _without(lines: frozenset[int], start: int, end: int) -> Iterator[tuple[int, int]]:
    """A range of lines without some: what is left of it, as ranges."""
    first = start
    for line in sorted(line for line in lines if start <= line < end):
        if first < line:
            yield first, line
        first = line + 1
    if first < end:
        yield first, end
