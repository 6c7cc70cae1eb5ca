"""The order of the files, cycles of includes, and chains of includes that are too long."""

from __future__ import annotations

from collections import deque

from skillweave.diagnostics import INCLUDE_CYCLE, INCLUDE_TOO_DEEP, Diagnostic, Note, Problem
from skillweave.phrases import counted
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.graph.values import Edge, Graph
    from skillweave.source import Position, SourcePath


def order(graph: Graph, depth_limit: int) -> None:
    """Sort all files, and report cycles and too long chains of includes. Sets `order`, `in_cycles` and `too_deep`."""
    components = _components(graph)
    for component in components:
        if len(component) > 1 or component[0] in _included(graph, component[0]):
            graph.in_cycles.update(component)
            _report_cycle(graph, sorted(component))
    graph.order = tuple(path for component in components for path in component)
    _report_depth(graph, depth_limit)


def _included(graph: Graph, path: SourcePath) -> list[SourcePath]:
    return [edge.target for edge in graph.edges.get(path, ()) if edge.splices and edge.target is not None]


def _components(graph: Graph) -> list[list[SourcePath]]:
    """The strongly connected components over includes, each after all that it includes. Tarjan's algorithm, without
    recursion.

    https://en.wikipedia.org/wiki/Tarjan%27s_strongly_connected_components_algorithm
    """
    number: dict[SourcePath, int] = {}
    low: dict[SourcePath, int] = {}
    stack: list[SourcePath] = []
    on_stack: set[SourcePath] = set()
    components: list[list[SourcePath]] = []
    for start in sorted(graph.files):
        if start in number:
            continue
        work = [(start, iter(_included(graph, start)))]
        number[start] = low[start] = len(number)
        stack.append(start)
        on_stack.add(start)
        while work:
            path, targets = work[-1]
            for target in targets:
                if target not in graph.files:
                    continue
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(_included(graph, target))))
                    break
                if target in on_stack:
                    low[path] = min(low[path], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[path])
                if low[path] == number[path]:
                    component: list[SourcePath] = []
                    while not component or component[-1] != path:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    components.append(component)
    return components


def _report_cycle(graph: Graph, component: list[SourcePath]) -> None:
    """Report one diagnostic for a component (sorted): a shortest cycle through its first path, with every hop."""
    start = component[0]
    members = set(component)
    came: dict[SourcePath, Edge] = {}
    pending = deque([start])
    while pending and start not in came:
        for edge in graph.edges[pending.popleft()]:
            if edge.target is not None and edge.splices and edge.target in members and edge.target not in came:
                came[edge.target] = edge
                pending.append(edge.target)
    hops = [came[start]]
    while hops[-1].source != start:
        hops.append(came[hops[-1].source])
    hops.reverse()
    first = hops[0]
    files = counted(len(hops), "file")
    told = {*hops}
    others = [edge for path in component for edge in graph.edges[path] if edge.splices and edge not in told]
    others = [edge for edge in others if edge.target in members]
    notes = [
        Note(f"these cycles also contain the include of {edge.target} at", edge.source, _place(graph, edge))
        for edge in others[:_FEW]
    ]
    if len(others) > _FEW:
        notes.append(Note(f"{len(others) - _FEW} more includes in these cycles"))
    index = graph.files[start].line_index
    graph.add(
        Diagnostic(
            INCLUDE_CYCLE,
            f"include cycle of {files}",
            start,
            index.position(first.directive.span.start),
            index.position(first.directive.span.end),
            help="move what they share into a separate file" if len(hops) > 1 else "remove the include",
            label=f"{start} includes {'itself' if first.target == start else first.target}",
            hops=tuple(Note(f"includes {hop.target}", hop.source, _place(graph, hop)) for hop in hops[1:]),
            notes=tuple(notes),
        ),
        *component,
    )


_FEW = 8
"""How many includes of a knot are named besides those of its shortest cycle."""


def _place(graph: Graph, edge: Edge) -> Position:
    return graph.files[edge.source].line_index.position(edge.directive.span.start)


def _report_depth(graph: Graph, limit: int) -> None:
    """Measure the longest chain of includes below each file, and report each one that is the first above the limit.

    A chain ends before a file that is in a cycle or cannot be read.
    """
    depth: dict[SourcePath, int] = {}
    longest: dict[SourcePath, Edge] = {}
    for path in graph.order:
        if path in graph.in_cycles:
            continue
        below = [edge for edge in graph.edges.get(path, ()) if edge.splices and edge.target in depth]
        deepest = max(below, key=lambda edge: depth[edge.target or path], default=None)
        depth[path] = 0 if deepest is None else depth[deepest.target or path] + 1
        if deepest is None:
            continue
        longest[path] = deepest
        if depth[path] > limit:
            graph.too_deep.add(path)
        if depth[path] == limit + 1:
            end = path
            while end in longest:
                end = longest[end].target or end
            graph.report(
                path,
                Problem(
                    INCLUDE_TOO_DEEP,
                    f"a chain of {depth[path]} includes starts here; the limit is {limit}",
                    deepest.directive.span,
                    help="include the deeper files directly, or raise `limits.depth` in the configuration",
                    note=f"the chain ends at {end}",
                ),
            )
