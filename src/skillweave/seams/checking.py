"""Checks every splice of every node: by what is already known if that suffices, else by parsing the lines around it."""

from __future__ import annotations

from skillweave.diagnostics import EMPTY_INCLUDE, PARAGRAPH_MERGE, SEAM_CHANGES_MEANING, SETEXT_SEAM, Problem
from skillweave.flatten.units import to_source
from skillweave.flatten.values import ChildItem, TextItem, is_too_large
from skillweave.seams.doubts import is_doubtful, is_torn
from skillweave.seams.inline import References, check_inline, check_references
from skillweave.seams.judging import SeamProblem, by_directive, compare, is_mild
from skillweave.seams.layouts import Expansion, ExpansionKey, LineChanges, lay_out
from skillweave.seams.reference_lines import may_join, references
from skillweave.seams.vanishing import vanished
from skillweave.seams.windows import outermost, windows
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit, UnitKey
    from skillweave.flatten.values import Nodes
    from skillweave.graph.values import Graph
    from skillweave.source import Position, SourcePath, Span


def check_seams(nodes: Nodes) -> None:
    """Report every splice that changes what kind of block something on either side is."""
    expansions: dict[ExpansionKey, Expansion] = {}
    tops: dict[UnitKey, list[tuple[int, int]]] = {}
    known: dict[UnitKey, References] = {}
    found_at: dict[tuple[str, int], list[tuple[Unit, Problem]]] = {}
    told = _told_empty(nodes.graph)
    for key, node in list(nodes.nodes.items()):
        if key.code is not None or is_too_large(nodes, node):
            continue
        found: list[SeamProblem] = []
        doubtful = [item for number, item in enumerate(node.items) if is_doubtful(nodes, node, number)]
        gone = dict(vanished(nodes, node))
        linked = {placed.line: placed for placed in references(node)}
        joining = [line for line, placed in linked.items() if may_join(node, placed)]
        if doubtful or gone or joining:
            nodes.doubtful.add(key)
            if key.unit not in tops:
                tops[key.unit] = outermost(node.unit)
            lines = [item.line for item in doubtful if not isinstance(item, TextItem)]
            lines += [*(placed.line for placed in gone.values()), *joining]
            for window in windows(node, sorted(lines), tops[key.unit]):
                layout = lay_out(nodes, node, window, expansions, LineChanges(gone, linked))
                found += compare(layout) if layout.splices else ()
            # An include that selects nothing has a finding of its own, which is the cause of this one, unless that is ignored.
            silent = {
                placed for placed in gone.values() if (node.unit.path, _position(nodes, node.unit, placed)) in told
            }
            found = [each for each in found if each.placed not in silent or not is_mild(each.problem)]
            brought = (item.child for item in doubtful if isinstance(item, ChildItem))
            torn = {child.edge.placed for child in brought if is_torn(nodes, child)}
            found = [each for each in found if each.placed not in torn or each.problem.code not in _TORN]
        found += check_inline(nodes, node, known)
        found += check_references(nodes, node, known)
        for placed, problem in by_directive(found):
            place = (key.path, to_source(nodes.graph, node.unit, placed.directive.span).start)
            found_at.setdefault(place, []).append((node.unit, problem))
    for problems in found_at.values():
        # Report one problem for each place. It must not be the one found first, as that depends on who includes the file.
        # Errors go first, as otherwise a warning that is ignored could hide one.
        unit, worst = min(problems, key=_rank)
        units = [unit.key for unit, problem in problems if is_mild(problem) == is_mild(worst)]
        nodes.report(unit, worst, *nodes.calls.givers(units))


def _told_empty(graph: Graph) -> frozenset[tuple[SourcePath, Position]]:
    """Where includes are reported that select nothing. Not all that bring nothing are: a file may hold nothing but directives
    that leave nothing, and a template may leave everything out.
    """
    told = (found.diagnostic for found in graph.findings if found.mark is None)
    return frozenset((diagnostic.path, diagnostic.start) for diagnostic in told if diagnostic.code is EMPTY_INCLUDE)


def _position(nodes: Nodes, unit: Unit, placed: PlacedDirective) -> Position:
    start = to_source(nodes.graph, unit, placed.directive.span).start
    return nodes.graph.files[unit.path].line_index.position(start)


def _rank(found: tuple[Unit, Problem]) -> tuple[bool, str, str, Span]:
    _, problem = found
    return is_mild(problem), problem.code.number, problem.message, problem.span


_TORN = (PARAGRAPH_MERGE, SEAM_CHANGES_MEANING, SETEXT_SEAM)
"""Problems that a `---` causes which is never closed; the file with the `---` already reports that."""
