"""Decides without a parse which splices are certainly safe."""

from __future__ import annotations

import re

from skillweave.diagnostics import INVALID_FRONT_MATTER
from skillweave.flatten.layout import block_at
from skillweave.flatten.splice import continuation
from skillweave.flatten.texts import text_of
from skillweave.flatten.values import BareItem, ChildItem, TextItem, TextKey
from skillweave.seams.vanishing import ENDED, gone
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import Child, Item, Node, Nodes


def is_doubtful(nodes: Nodes, node: Node, number: int) -> bool:
    """Whether only a parse can tell that the splice at an item, given by its number, keeps its meaning."""
    item = node.items[number]
    if isinstance(item, BareItem):
        return gone(nodes, node, item.line, item.line + 1) is not None
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
            if is_blank(node.unit.lines[end - 1], placed):
                return True
            above = block_at(node.unit, end - 1)
            return above is not None and above.kind in ENDED and above.containers == placed.containers
        case ChildItem(child, _):
            return _has_ended(nodes.nodes[child.key]) and not child.edge.placed.containers
        case _:
            return False


def is_blank(line: str, placed: PlacedDirective) -> bool:
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
            while line < end and is_blank(node.unit.lines[line], item.child.edge.placed):
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
    return node.last is not None and node.last.kind in ENDED and not node.last.containers
