"""Lays out the lines around a splice as they will stand in the output, with what each line is on its own side."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from operator import attrgetter

from skillweave.flatten.splice import add_prefix
from skillweave.flatten.texts import text_in, text_of
from skillweave.flatten.values import BareItem, ChildItem, TextItem
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block, Container
from skillweave.ranges import between
from skillweave.record import NamedTuple
from skillweave.seams.edges import begins_in_a_fence, is_told_open
from skillweave.seams.windows import top_ranges, unresolved
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Child, Item, Node, Nodes, TextKey


_LONG = 400
"""Of an expansion with more lines than this, only the first and last blocks are looked at."""


class ExpansionKey(NamedTuple):
    """A text of a node, and whether it is wanted as a whole."""

    text: TextKey
    is_whole: bool


class Expansion(NamedTuple):
    """The text that an include brings, and its blocks. If it is long and gets no prefix, only its first and last blocks."""

    text: str
    blocks: list[Block]


class Splice(NamedTuple):
    """Where a splice stands in a layout (lines, half-open), and its directive."""

    start: int
    end: int
    placed: PlacedDirective


class LineChanges(NamedTuple):
    """The directives of a node that change only lines of its own text."""

    gone: Mapping[int, PlacedDirective]
    """Those that leave nothing, by the line that follows once they are gone."""
    linked: Mapping[int, PlacedDirective]
    """The references that leave a link on a line of its own, by line."""


class Layout:
    """Some lines of a unit as they will stand in the output; filled from top to bottom."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.lines: list[str] = []
        self.expected: dict[int, Block] = {}
        """The blocks that the files on both sides have on their own, by the first line of each in the layout."""
        self.splices: list[Splice] = []
        self.unclosed: list[Splice] = []
        """The splices that end with a block which nothing closes, if an error says so: nothing more need be said."""
        self.continuing: list[Splice] = []
        """The splices that begin inside a fence, so that they may go on with one that another splice leaves open."""
        self.moved: dict[int, int] = {}
        """For each line of the unit, its line in the layout."""


def _expansion(nodes: Nodes, child: Child, known: dict[ExpansionKey, Expansion]) -> Expansion:
    wanted = text_in(child)
    # A prefix may also change blocks in the middle.
    is_whole = bool(child.edge.placed.prefix)
    key = ExpansionKey(wanted, is_whole)
    if key not in known:
        text = text_of(nodes, wanted)
        blocks = read_blocks(text)
        if wanted.without_tabs:
            # The parser does not expand every tab to the spaces that CommonMark says it stands for.
            written = read_blocks(text_of(nodes, wanted._replace(without_tabs=False)))
            blocks = blocks if [(b.kind, b.start) for b in blocks] == [(b.kind, b.start) for b in written] else written
        lines = text.split("\n")
        if len(lines) > _LONG and not is_whole:
            tops = top_ranges(blocks)
            head = next((end for _, end in tops if end >= _LONG // 4), len(lines))
            tail = next((start for start, _ in reversed(tops) if start <= len(lines) - _LONG // 4), 0)
            if head < tail:
                text = "\n".join([*lines[:head], "", *lines[tail:]])
                blocks = read_blocks(text)
        known[key] = Expansion(text, blocks)
    return known[key]


def lay_out(
    nodes: Nodes,
    node: Node,
    window: tuple[int, int],
    known: dict[ExpansionKey, Expansion],
    changes: LineChanges,
) -> Layout:
    """Lay out the lines of a window (half-open) with its splices made, and what block each line should begin.

    `known` caches expansions.
    """
    layout = Layout(node.unit)
    unknown = deque(unresolved(nodes, node, window))
    brought: list[tuple[Splice, list[Block]]] = []
    placed = {directive.line: directive for directive in _within(node, window)}
    for item in _items_within(node, window):
        while unknown and unknown[0].line <= _first_line(item):
            _stand_in(layout, unknown.popleft())
        match item:
            case TextItem():
                _lay_text(layout, item, window, changes)
            case BareItem(text, line) if line not in layout.moved:
                _lay_splice(layout, placed[line], [text])
            case ChildItem(child, _):
                expansion = _expansion(nodes, child, known)
                lines = add_prefix(expansion.text, child.edge.placed.prefix or "").split("\n")
                splice = _lay_splice(layout, child.edge.placed, lines)
                brought.append((splice, expansion.blocks))
                if is_told_open(nodes, child.key, expansion.blocks):
                    layout.unclosed.append(splice)
                if begins_in_a_fence(nodes.nodes[child.key]):
                    layout.continuing.append(splice)
    for directive in unknown:
        _stand_in(layout, directive)
    _expect_own(layout, window, changes.linked)
    for splice, blocks in brought:
        _expect_brought(layout, splice, blocks)
    return layout


def _within(node: Node, window: tuple[int, int]) -> Sequence[PlacedDirective]:
    document = node.unit.document
    # A text may have as many windows as items, so no window may look at all directives.
    return between(document.directives, *window, attrgetter("line")) if document else ()


def _items_within(node: Node, window: tuple[int, int]) -> Iterator[Item]:
    for number in range(bisect_left(node.items, window[0], key=_last_line), len(node.items)):
        if _first_line(node.items[number]) >= window[1]:
            return
        yield node.items[number]


def _lay_text(layout: Layout, item: TextItem, window: tuple[int, int], changes: LineChanges) -> None:
    if item.start in changes.gone and item.start >= window[0]:
        layout.splices.append(Splice(len(layout.lines), len(layout.lines), changes.gone[item.start]))
    for line in range(max(item.start, window[0]), min(item.end, window[1])):
        placed = changes.linked.get(line)
        if placed is not None:
            _lay_splice(layout, placed, [f"{placed.prefix}[x](x.md)"])
            continue
        layout.moved[line] = len(layout.lines)
        layout.lines.append(layout.unit.lines[line])


def _lay_splice(layout: Layout, placed: PlacedDirective, lines: Sequence[str]) -> Splice:
    layout.moved[placed.line] = len(layout.lines)
    splice = Splice(len(layout.lines), len(layout.lines) + len(lines), placed)
    layout.splices.append(splice)
    layout.lines.extend(lines)
    return splice


_STAND_IN = "<!-- -->"
"""Stands for a directive that has an error, as it is unknown what it would bring: like the directive, a block of its own."""


def _stand_in(layout: Layout, placed: PlacedDirective) -> None:
    layout.moved[placed.line] = len(layout.lines)
    layout.lines.append(f"{placed.prefix}{_STAND_IN}")


def _expect_own(layout: Layout, window: tuple[int, int], linked: Mapping[int, PlacedDirective]) -> None:
    """Enter what the blocks of the unit are by themselves. `linked` are the references that leave a link, by line."""
    document, moved = layout.unit.document, layout.moved
    brought = {splice.placed.line for splice in layout.splices if splice.placed.line not in linked}
    for block in between(document.blocks, *window, attrgetter("start")) if document else ():
        if block.start not in moved or (block.kind == "directive" and block.start in brought):
            continue
        start, kind = moved[block.start], block.kind
        end = next((moved[line] + 1 for line in range(block.end - 1, block.start - 1, -1) if line in moved), 0)
        if kind == "directive":  # it has an error, or is a reference, which leaves a link in its line
            kind = "html" if layout.lines[start].endswith(_STAND_IN) else "paragraph"
        around = tuple(_moved(layout, container) for container in block.containers)
        layout.expected[start] = block._replace(kind=kind, start=start, end=end, containers=around)


def _moved(layout: Layout, container: Container) -> Container:
    """A container of the unit in the layout: it begins on the first of its lines that is still there."""
    lines = range(container.start, container.end)
    return Container(container.kind, next((layout.moved[line] for line in lines if line in layout.moved), -1), 0)


def _expect_brought(layout: Layout, splice: Splice, blocks: Iterable[Block]) -> None:
    """Enter what the blocks that a splice brings are by themselves."""
    outer = tuple(_moved(layout, container) for container in splice.placed.containers)
    for block in blocks:
        start, end = block.start + splice.start, block.end + splice.start
        inner = tuple(Container(c.kind, c.start + splice.start, 0) for c in block.containers)
        layout.expected[start] = block._replace(start=start, end=end, containers=(*outer, *inner))


def _first_line(item: Item) -> int:
    return item.start if isinstance(item, TextItem) else item.line


def _last_line(item: Item) -> int:
    """The last line of its unit that an item takes."""
    return item.end - 1 if isinstance(item, TextItem) else item.line
