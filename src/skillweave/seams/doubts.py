"""Decides without a parse which splices are certainly safe, and which lines to parse around the others."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import attrgetter, itemgetter

from skillweave.diagnostics import INVALID_FRONT_MATTER
from skillweave.flatten.layout import block_at, numbers_within
from skillweave.flatten.splice import continuation
from skillweave.flatten.texts import text_of
from skillweave.flatten.values import BareItem, ChildItem, TextItem, TextKey, is_in_error
from skillweave.ranges import between, bridged, count_within, holds
from skillweave.select.cuts import cut_blocks
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Child, Item, Node, NodeKey, Nodes
    from skillweave.markdown.values import Block


_ENDED = frozenset({"heading", "rule", "fence"})
"""Blocks that no text behind them can change or continue."""


def is_doubtful(nodes: Nodes, node: Node, number: int) -> bool:
    """Whether only a parse can tell that the splice at an item, given by its number, keeps its meaning."""
    item = node.items[number]
    if isinstance(item, BareItem):
        return _gone(nodes, node, item.line, item.line + 1) is not None
    if not isinstance(item, ChildItem):
        return False
    before = node.items[number - 1] if number else None
    after = node.items[number + 1] if number + 1 < len(node.items) else None
    behind = node.items[number + 2] if number + 2 < len(node.items) else None
    return not (_is_safe_before(nodes, node, before, item) and _is_safe_after(nodes, node, item, (after, behind)))


def is_torn(nodes: Nodes, child: Child) -> bool:
    """Whether an include brings a file that begins with a `---` about which that file has a finding of its own."""
    document = nodes.nodes[child.key].unit.document
    if document is None or document.front_matter is not None:
        return False
    return any(problem.code is INVALID_FRONT_MATTER for problem in document.problems)


def _starts_flush(nodes: Nodes, item: Item | None) -> bool:
    """Whether an item behind a blank line starts at its container's edge, and not with indented code."""
    if item is None:
        return True
    # A prefix counts, too: if it is an indent, the text may come to stand in a list item that ended before the blank line.
    if not isinstance(item, ChildItem) or item.child.edge.placed.prefix:
        return False
    below = nodes.nodes[item.child.key]
    return below.first is not None and below.first.kind != "code" and below.first_line[:1] not in (" ", "\t")


def _is_safe_before(nodes: Nodes, node: Node, before: Item | None, item: ChildItem) -> bool:
    below = nodes.nodes[item.child.key]
    first = below.first
    placed = item.child.edge.placed
    if placed.prefix and (below.has_code or (_is_deep(node.unit, placed) and _is_indented(nodes, item.child))):
        return False
    if first is None or below.first_line[:1] in (" ", "\t") or first.kind == "code":
        return False
    if (placed.prefix or "").strip(" \t>"):
        plain = first.kind in ("paragraph", "heading", "fence", "table") and not first.containers
        return plain and below.first_line.strip("-*_ \t") != ""
    match before:
        case None:
            return True
        case TextItem(_, end):
            if _is_blank(node.unit.lines[end - 1], placed):
                return True
            above = block_at(node.unit, end - 1)
            return above is not None and above.kind in _ENDED and above.containers == placed.containers
        case ChildItem(child, _):
            return _has_ended(nodes.nodes[child.key]) and not child.edge.placed.containers
        case _:
            return False


def _is_blank(line: str, placed: PlacedDirective) -> bool:
    """Whether a line next to a directive is blank. A `>` is part of a blank line only if the directive is in a quote, too;
    elsewhere, it begins a quote, or is text.
    """
    quotes = sum(container.kind == "quote" for container in placed.containers)
    return not line.strip(" \t>") and line.count(">") <= quotes


_EDGE = re.compile(r"[ ]*(?:(?:[-+*]|\d{1,9}[.)])[ ]+|>[ ]?)")
"""What stands before the text of a list item or a quote, provided that it has no tabs."""


def _is_deep(unit: Unit, placed: PlacedDirective) -> bool:
    """Whether a directive may stand further in than its container's edge. Its indent then adds to that of what it brings, and
    from four columns on, that is code.
    """
    prefix = placed.prefix or ""
    if not placed.containers:
        return True
    line = unit.lines[placed.containers[-1].start]
    edge = 0
    while (marker := _EDGE.match(line, edge)) and marker.end() < len(prefix):
        edge = marker.end()
    return marker is None or marker.end() != len(prefix) or "\t" in prefix


def _is_indented(nodes: Nodes, child: Child) -> bool:
    """Whether any line of what an include brings begins with a space or a tab."""
    text = text_of(nodes, TextKey(child.key))
    return text[:1] in (" ", "\t") or "\n " in text or "\n\t" in text


def _is_safe_after(nodes: Nodes, node: Node, item: ChildItem, behind: tuple[Item | None, Item | None]) -> bool:
    below = nodes.nodes[item.child.key]
    after, further = behind
    match after:
        case None:
            return True
        case TextItem(start, end):
            if start > item.child.edge.placed.line + 1 and item.child.edge.placed.containers:
                return False  # What is left out between them may have ended the container.
            line = start
            while line < end and _is_blank(node.unit.lines[line], item.child.edge.placed):
                line += 1
            if line == start:
                return _has_ended(below)
            if line == end:
                return _has_ended(below) or (below.last is not None and _starts_flush(nodes, further))
            later = continuation(item.child.edge.placed.prefix or "")
            text = node.unit.lines[line]
            if "\t" in text[: -len(text.lstrip(" \t>"))]:
                return False
            rest = text[len(later) :] if text.startswith(later) else text.lstrip(" \t")
            return rest[:1] not in (" ", "\t") and below.last is not None
        case _:
            return _has_ended(below)


def _has_ended(node: Node) -> bool:
    return node.last is not None and node.last.kind in _ENDED and not node.last.containers


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
            placed = _gone(nodes, node, before.end, after.start)
            if placed is not None:
                yield after.start, placed


def _gone(nodes: Nodes, node: Node, start: int, end: int) -> PlacedDirective | None:
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


def references(node: Node) -> Iterator[PlacedDirective]:
    """Yield the references that leave a link on a line of their own."""
    unit = node.unit
    for number in numbers_within(unit, node.key.ranges):
        edge = unit.edges[number]
        if edge is None or edge.directive.word != "reference" or edge.target is None or edge.placed.prefix is None:
            continue
        if holds(node.key.ranges, edge.placed.line):
            yield edge.placed


def may_join(node: Node, placed: PlacedDirective) -> bool:
    """Whether only a parse can tell that the link which a reference leaves on a line of its own, and the text beside it, stay
    what they are. On a line of a paragraph, it is part of that.
    """
    ranges, line = node.key.ranges, placed.line
    place = bisect_right(ranges, (line + 1,)) - 1
    start, end = ranges[place]
    beside = [line - 1] if line > start else [ranges[place - 1][1] - 1] if place else []
    beside += [line + 1] if line + 1 < end else [ranges[place + 1][0]] if place + 1 < len(ranges) else []
    return any(_touches(node, placed, other) for other in beside)


def _touches(node: Node, placed: PlacedDirective, line: int) -> bool:
    """Whether a directive touches more than a paragraph of its own container on a line next to it."""
    if _is_blank(node.unit.lines[line], placed):
        return False
    block = block_at(node.unit, line)
    if block is None or block.kind not in ("paragraph", "directive") or block.containers != placed.containers:
        return True
    # A link may also complete a link definition that the line before it begins.
    return node.unit.lines[block.start].lstrip(" \t>").startswith("[") or _may_underline(node.unit.lines[line])


def _may_underline(line: str) -> bool:
    """Whether a line may turn the one before it into a heading or the head of a table."""
    bare = line.strip(" \t>")
    return not bare.strip("=") or not bare.strip("-:| \t")


def unresolved(nodes: Nodes, node: Node, window: tuple[int, int]) -> Iterator[PlacedDirective]:
    """Yield the directives on some lines that are blocks of their own and have an error: it is unknown what they
    would bring.
    """
    unit = node.unit
    directives = unit.document.directives if unit.document else ()
    first, end = (bisect_left(directives, line, key=attrgetter("line")) for line in window)
    for number in range(first, end):
        placed = directives[number]
        if placed.prefix is not None and is_in_error(unit.edges[number], nodes.children[unit.key][number]):
            yield placed


def _may_join(node: Node, items: tuple[TextItem, TextItem], texts: tuple[int, int]) -> bool:
    """Whether the lines of two items may become something else once they follow each other directly. `texts` are the last line
    that is not blank up to the end of the first one, and the first one from the beginning of the second one on.
    """
    above, below = texts
    block, behind = block_at(node.unit, above), block_at(node.unit, below)
    if block is None or behind is None:
        return True
    if block.kind in _ENDED and not block.containers:
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


def outermost(unit: Unit) -> list[tuple[int, int]]:
    """The line ranges of a unit's outermost blocks, and of lines that are only an empty container."""
    document = unit.document
    if document is None:
        return []
    ranges, hidden = top_ranges(document.blocks), frozenset(document.markers)
    found: list[tuple[int, int]] = []
    at = document.body
    for start, end in [*ranges, (document.lines, document.lines)]:
        empty = (line for line in range(at, start) if line not in hidden and unit.lines[line].strip(" \t>"))
        found += [(line, line + 1) for line in empty]
        if start < end:
            found.append((start, end))
        at = max(at, end)
    return found


def top_ranges(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """The line ranges of the outermost blocks. The items of a list, which touch each other, form one range."""
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


def windows(node: Node, doubtful: Sequence[int], tops: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the line ranges that have to be parsed around doubtful splices: at least one outermost block on each side.

    `doubtful` are the lines of the splices, in rising order; `tops` the outermost blocks of the unit.
    """
    ranges = node.key.ranges
    if not ranges:
        return
    # A unit may have as many nodes as blocks, so none may look at all of them.
    first = max(bisect_right(tops, ranges[0][0], key=itemgetter(0)) - 1, 0)
    near_them = tops[first : bisect_left(tops, ranges[-1][1], key=itemgetter(0))]
    tops = [top for top in near_them if count_within(ranges, *top)]  # what is left out parts nothing
    if not tops:
        return
    blocks = node.unit.document.blocks if node.unit.document else ()
    near = between(blocks, tops[0][0], tops[-1][1], attrgetter("start"))
    # A line that is only a directive in a quote goes as a whole, too; of one in a list item, the marker stays.
    alone = (block for block in near if block.kind == "directive" and all(c.kind == "quote" for c in block.containers))
    directives = {block.start for block in alone}

    def is_directive(place: int) -> bool:
        lines = range(*tops[place])
        return all(line in directives or not node.unit.lines[line].strip(" \t>") for line in lines)

    # For each outermost block, the nearest one in each direction that is more than a directive.
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
    for line in doubtful:
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
