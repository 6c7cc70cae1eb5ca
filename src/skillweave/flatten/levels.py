"""Works out by how much an include moves the headings that it brings (directives.md, Heading levels)."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from skillweave.diagnostics import HEADING_TOO_DEEP, Note, Problem
from skillweave.flatten.units import Unit, to_source
from skillweave.flatten.values import NodeKey, Nodes, brought_by
from skillweave.ranges import holds
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.config import Config
    from skillweave.directive.values import Level
    from skillweave.document import Heading, PlacedDirective
    from skillweave.graph.values import Edge


def shift_of(nodes: Nodes, unit: Unit, edge: Edge, key: NodeKey) -> int:
    """By how many levels an include moves the headings that it brings (directives.md, Heading levels). If that takes a heading
    out of levels 1 to 6, it is reported where it first happens, and the shift is 0.
    """
    node = nodes.nodes[key]
    if node.levels is None or unit.document is None:
        return 0
    shift = _asked_shift(nodes.config, unit.document.headings, edge, node.top_level)
    low, high = node.levels[0] + shift, node.levels[1] + shift
    if key.unit in nodes.unlevelled:
        nodes.unlevelled.add(unit.key)
        return shift if low >= 1 and high <= 6 else 0
    if shift and (low < 1 or high > 6):
        nodes.unlevelled.add(unit.key)
        level = high if high > 6 else low
        text, place = _heading_at(nodes, key, level - shift)
        problem = Problem(
            HEADING_TOO_DEEP,
            f'this include brings the heading "{text}" to level {level}; levels go from 1 to 6',
            edge.directive.span,
            help="use another `level`"
            if edge.directive.level
            else "set its `level`, or move it under a heading that is less deep",
        )
        nodes.graph.report(edge.source, problem, notes=(place,))
        return 0
    return shift


def _heading_at(nodes: Nodes, key: NodeKey, level: int) -> tuple[str, Note]:
    """Find the heading of an expansion that has its shallowest or deepest level, which `level` is: its text, and
    where it is.
    """
    while True:
        node = nodes.nodes[key]
        for heading in node.unit.document.headings if node.unit.document else ():
            if heading.level == level and holds(key.ranges, heading.start):
                file = nodes.graph.files[key.path]
                span = to_source(nodes.graph, node.unit, heading.content)
                return heading.text, Note("the heading is at", file.path, file.line_index.position(span.start))
        # A child that has this level as its own shallowest or deepest one contains the heading: there is no need to search
        # further.
        key, level = next(
            (child.key, level - child.shift)
            for child in brought_by(node.items, ())
            if level - child.shift in (nodes.nodes[child.key].levels or ())
        )


def _asked_shift(config: Config, headings: Sequence[Heading], edge: Edge, shallowest: int | None) -> int:
    level: Level | None = edge.directive.level
    mode = level.mode if level else config.headings
    value = level.value if level else 0
    match mode:
        case "keep":
            return 0
        case "shift":
            return value
        case "set":
            return value - shallowest if shallowest is not None else 0
        case _:
            under = _stands_under(headings, edge.placed)
            return under + 1 - shallowest if under is not None and shallowest is not None else 0


def _stands_under(headings: Sequence[Heading], placed: PlacedDirective) -> int | None:
    """The level of the last heading above a directive, or None. A heading in a list item or quote counts only if the directive
    stands in that, too.
    """
    for above in range(bisect_left(headings, placed.line, key=attrgetter("start")) - 1, -1, -1):
        if headings[above].containers == placed.containers[: len(headings[above].containers)]:
            return headings[above].level
    return None
