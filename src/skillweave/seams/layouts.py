"""The lines around a splice as they will stand, with what each line is on its own side."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from skillweave.flatten.texts import asked, text_of
from skillweave.flatten.values import BareItem, ChildItem, TextItem
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block, Container
from skillweave.record import NamedTuple
from skillweave.seams.doubts import is_cut, top_ranges
from skillweave.select import between
from skillweave.splice import add_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.document import PlacedDirective
    from skillweave.flatten.values import Child, Item, Node, NodeKey, Nodes
    from skillweave.units import Unit


_LONG = 400
"""Lines of an expansion above which only its first and last blocks are looked at."""


class Expansion(NamedTuple):
    """What an include brings, by lines (only its first and last blocks if it is long), and its blocks."""

    text: str
    blocks: list[Block]


class Splice(NamedTuple):
    """Where a splice stands in a layout, half-open, and the directive that asked for it."""

    start: int
    end: int
    placed: PlacedDirective


class Layout(NamedTuple):
    """Some lines as they will stand in the output; the blocks that the files on both sides have on their own; the splices."""

    unit: Unit
    lines: list[str]
    expected: dict[int, Block]
    splices: list[Splice]
    cut: list[Splice]
    """Those that bring a part of a fence or a table: that is reported, and says it all."""


def _expansion(nodes: Nodes, child: Child, short: dict[tuple[NodeKey, bool], Expansion]) -> Expansion:
    wanted, shift, tabs = asked(child, 0, tabs=False)
    key = (wanted, tabs)
    if key not in short:
        text = text_of(nodes, wanted, shift, tabs)
        blocks = read_blocks(text)
        lines = text.split("\n")
        if len(lines) > _LONG:
            tops = top_ranges(blocks)
            head = next((end for _, end in tops if end >= _LONG // 4), len(lines))
            tail = next((start for start, _ in reversed(tops) if start <= len(lines) - _LONG // 4), 0)
            if head < tail:
                text = "\n".join([*lines[:head], "", *lines[tail:]])
                blocks = read_blocks(text)
        short[key] = Expansion(text, blocks)
    return short[key]


def lay_out(
    nodes: Nodes,
    node: Node,
    window: tuple[int, int],
    short: dict[tuple[NodeKey, bool], Expansion],
    gone: Mapping[int, PlacedDirective],
) -> Layout:
    """The lines of a window with its splices made, and what each line's block should be. `gone` are the directives that
    leave nothing, by the line behind them.
    """
    unit = node.unit
    low, high = window
    layout = Layout(unit, [], {}, [], [])
    moved: dict[int, int] = {}
    document = unit.document
    # A text may have as many windows as items, so that none may look at all of them.
    placed = between(document.directives, *window, attrgetter("line")) if document else ()
    by_line = {directive.line: directive for directive in placed}
    brought: list[tuple[Splice, list[Block]]] = []
    for number in range(bisect_left(node.items, low, key=_last_line), len(node.items)):
        match node.items[number]:
            case TextItem(start, end) if start < high:
                if start in gone and start >= low:
                    layout.splices.append(Splice(len(layout.lines), len(layout.lines), gone[start]))
                for line in range(max(start, low), min(end, high)):
                    moved[line] = len(layout.lines)
                    layout.lines.append(unit.lines[line])
            case BareItem(text, line) if line < high:
                moved[line] = len(layout.lines)
                layout.splices.append(Splice(len(layout.lines), len(layout.lines) + 1, by_line[line]))
                layout.lines.append(text)
            case ChildItem(child, line) if line < high:
                expansion = _expansion(nodes, child, short)
                moved[line] = len(layout.lines)
                lines = add_prefix(expansion.text, child.edge.placed.prefix or "").split("\n")
                splice = Splice(len(layout.lines), len(layout.lines) + len(lines), child.edge.placed)
                layout.splices.append(splice)
                layout.lines.extend(lines)
                brought.append((splice, expansion.blocks))
                if is_cut(nodes.nodes[child.key]):
                    layout.cut.append(splice)
            case _:
                break
    spliced = {splice.placed.line for splice in layout.splices}
    for block in between(document.blocks, *window, attrgetter("start")) if document else ():
        if block.start in moved and (block.kind != "directive" or block.start not in spliced):
            end = next((moved[line] + 1 for line in range(block.end - 1, block.start - 1, -1) if line in moved), 0)
            around = tuple(Container(c.kind, moved.get(c.start, -1), 0) for c in block.containers)
            # A directive that is no splice is a reference: it leaves a link in its line.
            kind = "paragraph" if block.kind == "directive" else block.kind
            start = moved[block.start]
            layout.expected[start] = block._replace(kind=kind, start=start, end=end, containers=around)
    for splice, blocks in brought:
        outer = tuple(Container(c.kind, moved.get(c.start, -1), 0) for c in splice.placed.containers)
        for block in blocks:
            inner = tuple(Container(c.kind, c.start + splice.start, 0) for c in block.containers)
            layout.expected[block.start + splice.start] = block._replace(
                start=block.start + splice.start, end=block.end + splice.start, containers=(*outer, *inner)
            )
    return layout


def _last_line(item: Item) -> int:
    """The last line of its unit that an item takes."""
    return item.end - 1 if isinstance(item, TextItem) else item.line
