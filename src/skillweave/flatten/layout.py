"""Lays out a selection as runs of own lines, splices, and what empty includes leave; and measures its size and ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from skillweave.destination import read_destination
from skillweave.flatten.values import BareItem, ChildItem, Item, Node, NodeKey, Nodes, TextItem, brought_by
from skillweave.ranges import Ranges, between, bridged, holds
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.document import Heading, PlacedDirective
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Child, Spliced
    from skillweave.graph.values import Edge
    from skillweave.markdown.values import Block, Container


def byte_size(unit: Unit, start: int, end: int) -> int:
    """The size in bytes, in UTF-8, of lines `start` to `end` (half-open, not empty), line ends included."""
    first, last = unit.line_index.starts[start], unit.line_index.end(end - 1)
    return (last - first if unit.text.isascii() else len(unit.text[first:last].encode())) + 1


def headings_within(unit: Unit, ranges: Ranges) -> Sequence[Heading]:
    """The headings of a unit between the first and the last line of some ranges, without looking at those of the whole file.
    Lines in between that are not selected count, too.
    """
    if unit.document is None or not ranges:
        return ()
    return between(unit.document.headings, ranges[0][0], ranges[-1][1], attrgetter("start"))


def edge_of(unit: Unit, placed: PlacedDirective) -> Edge | None:
    """The edge of a directive of a unit; None if it does not count."""
    directives = unit.document.directives if unit.document else ()
    return unit.edges[bisect_left(directives, placed.directive.span, key=lambda one: one.directive.span)]


def numbers_within(unit: Unit, ranges: Ranges) -> range:
    """The numbers of a unit's directives from the first to the last line of some ranges. A file may be taken in as many parts
    as it has directives, so no part may look at all of them.
    """
    directives = unit.document.directives if unit.document else ()
    if not ranges:
        return range(0)
    first, last = ranges[0][0], ranges[-1][1]
    return range(*(bisect_left(directives, line, key=attrgetter("line")) for line in (first, last)))


def blocks_within(unit: Unit, ranges: Ranges) -> Sequence[Block]:
    """The blocks of a unit that begin between the first and the last line of some ranges."""
    if unit.document is None or not ranges:
        return ()
    return between(unit.document.blocks, ranges[0][0], ranges[-1][1], attrgetter("start"))


def layout_of(nodes: Nodes, unit: Unit, ranges: Ranges, blocks: dict[int, Spliced]) -> list[Item]:
    """Lay out a selection as items. `blocks` are the directives that stand on lines of their own, by line.

    An empty include takes its line with it, and one blank line where blank lines or the edge stand on both sides
    (directives.md, Nothing to insert).
    """
    out: list[Item] = []
    stops = sorted(blocks)
    runs = iter([span for span in ranges if span[0] < span[1]])
    at, end = next(runs, (0, 0))
    blank_before = True
    while at < end:
        first = bisect_left(stops, at)
        stop = min(stops[first], end) if first < len(stops) else end
        if at < stop:
            _append_lines(out, at, stop)
            blank_before = not unit.lines[stop - 1].strip(" \t>")
            at, end = (stop, end) if stop < end else next(runs, (0, 0))
            continue
        at, end = (stop + 1, end) if stop + 1 < end else next(runs, (0, 0))
        placed, child = blocks[stop]
        prefix = placed.prefix or ""
        if child is not None and nodes.nodes[child.key].items:
            out.append(ChildItem(child, stop))
            blank_before = False
        elif prefix.strip(" \t>"):
            out.append(BareItem(prefix.rstrip(" \t"), stop))
            blank_before = False
        elif blank_before and at < end and not unit.lines[at].strip(" \t>"):
            if ">" not in unit.lines[at] and out and ">" in unit.lines[stop - 1]:
                _drop_last_line(out)  # The blank line inside the quote goes, as the other one may part two quotes.
                continue
            at, end = (at + 1, end) if at + 1 < end else next(runs, (0, 0))
        elif blank_before and at == end:
            _drop_last_line(out)
    return out


def _append_lines(items: list[Item], start: int, end: int) -> None:
    last = items[-1] if items else None
    if isinstance(last, TextItem) and last.end == start:
        items[-1] = TextItem(last.start, end)
    else:
        items.append(TextItem(start, end))


def _drop_last_line(items: list[Item]) -> None:
    last = items[-1] if items else None
    if isinstance(last, TextItem):
        items[-1:] = [TextItem(last.start, last.end - 1)] if last.end - last.start > 1 else []


class Composition(NamedTuple):
    """What a node consists of, as its fields of the same names have it."""

    items: tuple[Item, ...]
    inline: tuple[Spliced, ...]
    silent: tuple[Child, ...]


def measure(
    nodes: Nodes,
    unit: Unit,
    key: NodeKey,
    made_of: Composition,
) -> Node:
    """Make a node: work out its size, its headings and its ends, without making its text."""
    items, inline, silent = made_of
    size = height = includes = 0
    top_levels: list[int] = []
    levels: list[int] = []
    ranges = bridged(key.ranges, unit.document.markers if unit.document else ())
    for heading in headings_within(unit, key.ranges):
        if holds(key.ranges, heading.start):
            levels.append(heading.level)
            if _counts(heading.containers, ranges, heading.start):
                top_levels.append(heading.level)
    for item in items:
        match item:
            case TextItem(start, end):
                size += byte_size(unit, start, end)
                height += end - start
            case BareItem(text, _):
                size += len(text) + 1
                height += 1
            case ChildItem(child, line):
                below = nodes.nodes[child.key]
                prefix = child.edge.placed.prefix or ""
                size += below.size + below.height * len(prefix)
                height += below.height
                includes += below.includes + 1
                if below.levels:
                    levels += [level + child.shift for level in below.levels]
                if below.top_level is not None and _counts(child.edge.placed.containers, ranges, line):
                    top_levels.append(below.top_level + child.shift)
    for _, inline_child in inline:
        if inline_child is not None:
            below = nodes.nodes[inline_child.key]
            size += below.size
            includes += below.includes + 1
    includes += sum(nodes.nodes[child.key].includes + 1 for child in silent)
    first_line, first, last = _ends(nodes, unit, items)
    below_nodes = [nodes.nodes[child.key] for child in brought_by(items, inline)]
    return Node(
        unit=unit,
        key=key,
        items=items,
        inline=inline,
        silent=silent,
        size=size,
        includes=includes,
        height=height,
        top_level=min(top_levels, default=None),
        levels=(min(levels), max(levels)) if levels else None,
        first_line=first_line,
        first=first,
        last=last,
        has_code=any(below.has_code for below in below_nodes)
        or any(block.kind == "code" and holds(key.ranges, block.start) for block in blocks_within(unit, key.ranges)),
        has_links=bool(silent) or any(below.has_links for below in below_nodes) or _has_links(nodes, unit, key.ranges),
    )


def _has_links(nodes: Nodes, unit: Unit, ranges: Ranges) -> bool:
    if unit.key not in nodes.link_lines:
        nodes.link_lines[unit.key] = _link_lines(unit)
    lines = nodes.link_lines[unit.key]
    return any(bisect_left(lines, start) < bisect_left(lines, end) for start, end in ranges)


def _link_lines(unit: Unit) -> list[int]:
    """The lines of a unit, sorted, that hold a link into the project, a reference, or an asset."""
    lines = [edge.placed.line for edge in unit.edges if edge is not None and edge.directive.word != "include"]
    for destination in unit.document.destinations if unit.document else ():
        raw = unit.text[destination.span.start : destination.span.end]
        if read_destination(raw, destination.kind) is not None:
            lines.append(destination.line)
    return sorted(lines)


def _ends(nodes: Nodes, unit: Unit, items: tuple[Item, ...]) -> tuple[str, Block | None, Block | None]:
    """The first line, the first block and the last block of an expansion, as far as they are known without parsing it."""
    first_line, first, last = "", None, None
    match items[0] if items else None:
        case TextItem(start, _):
            first_line = unit.lines[start]
            block = block_at(unit, start)
            first = block if block and block.start == start else None
        case ChildItem(child, _) if not child.edge.placed.prefix:
            first_line, first = nodes.nodes[child.key].first_line, nodes.nodes[child.key].first
    match items[-1] if items else None:
        case TextItem(_, end):
            block = block_at(unit, end - 1)
            last = block if block and block.end == end else None
        case ChildItem(child, _) if not child.edge.placed.prefix:
            last = nodes.nodes[child.key].last
    return first_line, first, last


def block_at(unit: Unit, line: int) -> Block | None:
    """The block of a unit's own text that holds a line; None if there is none."""
    blocks = unit.document.blocks if unit.document else ()
    place = bisect_right(blocks, line, key=lambda block: block.start) - 1
    return blocks[place] if place >= 0 and line < blocks[place].end else None


def _counts(containers: tuple[Container, ...], ranges: Ranges, line: int) -> bool:
    """Whether a heading on a line counts for the whole selection: it must not stand in a list item or quote that
    begins in it.
    """
    start = next((start for start, end in ranges if start <= line < end), 0)
    return all(container.start < start for container in containers)
