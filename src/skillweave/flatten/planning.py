"""Works out the nodes of every file: what each selection brings, how large it becomes, and what is wrong with it."""

from __future__ import annotations

from skillweave.diagnostics import (
    CONFLICTING_OPTIONS,
    DIRECTIVE_NOT_ALONE,
    EXPANSION_TOO_LARGE,
    MALFORMED_DIRECTIVE,
    MISSING_REGION,
    MISSING_SECTION,
    UNCLOSED_FENCE,
    UNCLOSED_HTML,
    UNKNOWN_DIRECTIVE,
    UNKNOWN_OPTION,
    Note,
    Problem,
    Severity,
)
from skillweave.flatten.layout import Composition, layout_of, measure, numbers_within
from skillweave.flatten.levels import shift_of
from skillweave.flatten.texts import fenced, text_of
from skillweave.flatten.units import (
    Unit,
    UnitKey,
    file_unit,
    find_calls,
    note_linked_templates,
    rendered_ranges,
    rendered_unit,
)
from skillweave.flatten.values import Child, Node, NodeKey, Nodes, Spliced, TextItem, TextKey, is_in_error, is_too_large
from skillweave.graph.reach import GIVEN
from skillweave.graph.targets import language
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block
from skillweave.parse.directives import not_alone
from skillweave.ranges import holds, without
from skillweave.select import select, select_code, select_rendered, whole
from skillweave.select.sections import ambiguous
from skillweave.select.values import Lines
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from skillweave.config import Config
    from skillweave.document import Document
    from skillweave.files import Tree
    from skillweave.graph.values import Edge, Graph
    from skillweave.project import Project
    from skillweave.source import SourcePath


_LINE_LIMIT = 10_000
"""How many characters of a line are enough to tell what block it is. Parsing all of a longer line would be a waste."""


def plan(graph: Graph, project: Project, config: Config, tree: Tree) -> Nodes:
    """Work out the nodes of every file that reaches no cycle, and report what is wrong with selections and levels.

    Templates that links lead to are rendered with their defaults. Where some links lead, only a rendering shows, so this may
    take several attempts. If it takes too many, all templates are rendered so.
    """
    linked = note_linked_templates(graph, tree)
    count, failed = len(graph.findings), frozenset(graph.failed)
    for _ in range(_ATTEMPTS):
        nodes = _plan_with(graph, project, config, linked)
        renderings = (unit for unit in nodes.units.values() if unit.rendering is not None)
        more = note_linked_templates(graph, tree, renderings) - linked
        if not more:
            return nodes
        linked |= more
        del graph.findings[count:]
        graph.failed = {*failed}
    return _plan_with(graph, project, config, graph.files)


_ATTEMPTS = 5


def _plan_with(graph: Graph, project: Project, config: Config, linked: Collection[SourcePath]) -> Nodes:
    """Like `plan`, given the templates to render with their defaults."""
    nodes = Nodes(graph, project, config, find_calls(graph, config.limits.expansions, linked))
    for path in graph.order:
        document = graph.files[path].document
        if document is None:
            nodes.units[UnitKey(path)] = file_unit(graph, path, is_own=False)
        elif document.params is None:
            _plan_unit(nodes, file_unit(graph, path, is_own=path in project.homes))
        else:
            nodes.units[UnitKey(path)] = file_unit(graph, path, is_own=False)
            _plan_renderings(nodes, path)
    return nodes


def _plan_renderings(nodes: Nodes, path: SourcePath) -> None:
    """Render a template with each set of values. If something is wrong with only some of them, say who gives these."""
    calls, limit = nodes.calls, nodes.config.limits.bundle_bytes
    keys = [UnitKey(path, arguments) for arguments in sorted(calls.instances.get(path, ()))]
    wrong: dict[Problem, list[UnitKey]] = {}
    for key in keys:
        unit, problems = rendered_unit(calls, key, limit)
        for problem in problems:
            wrong.setdefault(problem, []).append(key)
        if unit is not None:
            _plan_unit(nodes, unit)
    for problem, those in wrong.items():
        givers = [calls.first[key] for key in those if key in calls.first] if len(those) < len(keys) else []
        notes = tuple(_given_by(nodes, *giver) for giver in sorted(givers)[:1])
        nodes.graph.report(path, problem, notes, calls.givers(those))


def _given_by(nodes: Nodes, path: SourcePath, offset: int) -> Note:
    return Note(GIVEN, path, nodes.graph.files[path].line_index.position(offset))


def _plan_unit(nodes: Nodes, unit: Unit) -> None:
    document = unit.document
    if document is None:
        return
    nodes.units[unit.key] = unit
    nodes.children[unit.key] = tuple(_child(nodes, unit, edge) if edge else None for edge in unit.edges)
    for edge in unit.edges:
        if edge is not None and edge.directive.word == "reference" and edge.directive.section is not None:
            _check_section(nodes, edge, edge.directive.section)
    children = nodes.children[unit.key]
    below = any(child is not None and child.key.unit in nodes.incomplete for child in children)
    if below or any(map(is_in_error, unit.edges, children)) or _has_stray_directive(nodes, unit):
        nodes.incomplete.add(unit.key)
    if unit.is_own:
        # An entry is not a selection: it keeps its blank lines at both ends.
        ranges = without(document.markers, ((document.body, document.lines),))
    elif unit.rendering is None:
        ranges = whole(unit.lines, document)
    else:
        file = nodes.graph.files[unit.path]
        ranges = rendered_ranges(unit, whole(file.lines, file.document or document))
    key = NodeKey(unit.key, ranges)
    nodes.wholes[unit.key] = key
    _build(nodes, key)
    _check_size(nodes, nodes.nodes[key])


def _child(nodes: Nodes, unit: Unit, edge: Edge) -> Child | None:
    """What an include brings; None for other directives, and if it brings nothing, for example because of an error. Makes the
    selection and reports its problems.
    """
    directive = edge.directive
    if edge.target is None or directive.word != "include" or edge.target not in nodes.graph.files:
        return None
    if edge.source in nodes.graph.in_cycles and edge.target in nodes.graph.in_cycles and edge.splices:
        return None  # The cycle is reported.
    file = nodes.graph.files[edge.target]
    document = file.document or file.quoted
    source = Lines(file.lines, edge.target, nodes.regions_of(file, as_code=directive.as_code))
    is_section = directive.section is not None
    sections = nodes.sections_of(edge.target, document) if is_section and document is not None else None
    if directive.as_code:
        # The unit under this key may be the rendering of a template without parameters, but code shows the file as it is.
        as_it_is = file_unit(nodes.graph, edge.target, is_own=False)
        nodes.units.setdefault(as_it_is.key, as_it_is)
        selection = select_code(source, document, sections, directive)
        key = NodeKey(as_it_is.key, selection.ranges, language(edge.target, directive.lang))
        nodes.nodes.setdefault(key, _code_node(as_it_is, key))
    else:
        arguments = nodes.calls.of(unit.key, edge)
        target = nodes.units.get(UnitKey(edge.target, arguments)) if arguments is not None else None
        if target is None or file.document is None or target.key not in nodes.children:
            return None
        selection = select(source, file.document, sections, directive)
        ranges = rendered_ranges(target, selection.ranges)
        if target.rendering is not None and target.document is not None:
            rendered = select_rendered(source._replace(lines=target.lines), target.document, ranges, directive)
            ranges, selection = rendered.ranges, selection._replace(problems=selection.problems + rendered.problems)
        key = NodeKey(target.key, ranges)
    for problem in selection.problems:
        if problem.code not in (MISSING_SECTION, MISSING_REGION) or not _swallows_text(file.document):
            nodes.graph.report(edge.source, problem)
    if not selection.ranges and any(problem.code.severity is Severity.ERROR for problem in selection.problems):
        return None
    _build(nodes, key)
    if edge.placed.prefix is None and not _fits_in_line(nodes, key):
        what = "more than one line of text" if nodes.nodes[key].height > 1 else "a block, and no running text"
        nodes.graph.report(edge.source, not_alone(directive.span, "include", f"which inserts {what}"))
        return None
    return Child(edge, key, shift_of(nodes, unit, edge, key))


def _check_section(nodes: Nodes, edge: Edge, name: str) -> None:
    """Report a reference to a section that its target lacks, or has several times."""
    directive, target = edge.directive, edge.target
    document = nodes.graph.files[target].document if target in nodes.graph.files else None
    if target is None or document is None:
        return
    span = directive.section_span or directive.span
    sections = nodes.sections_of(target, document)
    headings = sections.find(name)
    if len(headings) > 1:
        nodes.graph.report(edge.source, ambiguous(headings, name, target, span))
    elif not headings and not _swallows_text(document):
        close = sections.closest(name)
        cure = f'did you mean "{close[0]}"?' if close else None
        nodes.graph.report(edge.source, Problem(MISSING_SECTION, f'no section "{name}" in {target}', span, cure))


def _swallows_text(document: Document | None) -> bool:
    """Whether a fence or HTML of a document is never closed. What is missing may be in it, and it is an error of its own."""
    return document is not None and any(one.code in (UNCLOSED_FENCE, UNCLOSED_HTML) for one in document.problems)


def _has_stray_directive(nodes: Nodes, unit: Unit) -> bool:
    """Whether a unit's file has a directive that does not count, because it is written wrongly or stands where none
    is allowed.
    """
    document = nodes.graph.files[unit.path].document
    problems = document.problems if document else ()
    return any(problem.code in _STRAY for problem in problems)


_STRAY = (MALFORMED_DIRECTIVE, UNKNOWN_DIRECTIVE, UNKNOWN_OPTION, CONFLICTING_OPTIONS, DIRECTIVE_NOT_ALONE)


def _fits_in_line(nodes: Nodes, key: NodeKey) -> bool:
    """Whether a node may be included in running text: it is empty, or one paragraph of one line. A node that is too large
    passes, as its text must not be made.
    """
    node = nodes.nodes[key]
    if not node.items or is_too_large(nodes, node):
        return True
    if node.height > 1 or key.code is not None:
        return False
    blocks = read_blocks(text_of(nodes, TextKey(key))[:_LINE_LIMIT])
    return len(blocks) == 1 and blocks[0].kind == "paragraph" and not blocks[0].containers


def _build(nodes: Nodes, key: NodeKey) -> None:
    if key in nodes.nodes:
        return
    unit = nodes.units[key.unit]
    covered = [
        Spliced(edge.placed, nodes.children[key.unit][number])
        for number in numbers_within(unit, key.ranges)
        if (edge := unit.edges[number]) is not None and holds(key.ranges, edge.placed.line)
    ]
    # A reference leaves a link in its line. That is text of this file, which pages.py writes.
    links = {
        edge.placed
        for number in numbers_within(unit, key.ranges)
        if (edge := unit.edges[number]) and edge.directive.word == "reference" and edge.target is not None
    }
    spliced = [one for one in covered if one.placed not in links]
    blocks = {one.placed.line: one for one in spliced if one.placed.prefix is not None}
    inline = tuple(one for one in spliced if one.placed.prefix is None)
    items = tuple(layout_of(nodes, unit, key.ranges, blocks))
    children = (child for _, child in blocks.values() if child is not None)
    silent = tuple(child for child in children if not (below := nodes.nodes[child.key]).items and below.has_links)
    nodes.nodes[key] = measure(nodes, unit, key, Composition(items, inline, silent))


def _code_node(unit: Unit, key: NodeKey) -> Node:
    text = fenced(unit, key)
    height = text.count("\n") + 1
    fence = Block("fence", 0, height, ())
    return Node(
        unit=unit,
        key=key,
        items=tuple(TextItem(start, end) for start, end in key.ranges),
        inline=(),
        silent=(),
        size=len(text.encode()) + 1,
        includes=0,
        height=height,
        top_level=None,
        levels=None,
        first_line=text.partition("\n")[0],
        first=fence,
        last=fence,
        has_code=False,
        has_links=False,
    )


def _check_size(nodes: Nodes, node: Node) -> None:
    """Report a file whose expansion exceeds a limit, unless something that it includes does so itself."""
    limits = nodes.config.limits
    if not is_too_large(nodes, node):
        return
    children = [child for child in nodes.children[node.unit.key] if child is not None]
    if any(is_too_large(nodes, nodes.nodes[child.key]) for child in children):
        nodes.graph.failed.add(node.unit.path)
        return
    span = Span(0, 0)
    note = None
    if children:
        times: dict[SourcePath, int] = {}
        for child in children:
            times[child.key.path] = times.get(child.key.path, 0) + 1
        worst = max(children, key=lambda child: nodes.nodes[child.key].size * times[child.key.path])
        below = nodes.nodes[worst.key]
        span = worst.edge.directive.span
        again = f"{times[worst.key.path]} times " if times[worst.key.path] > 1 else ""
        note = f"{worst.key.path} is included here {again}with {below.size:,} bytes and {below.includes:,} includes"
    over = (
        f"{node.includes:,} includes, and the limit is {limits.expansions:,}"
        if node.includes > limits.expansions
        else f"{node.size:,} bytes, and the limit is {limits.bundle_bytes:,}"
    )
    nodes.graph.report(
        node.unit.path,
        Problem(
            EXPANSION_TOO_LARGE,
            f"{node.unit.path} expands to {over}",
            span,
            help="include less of it, or raise the limit under `limits` in the configuration",
            note=note,
        ),
    )
