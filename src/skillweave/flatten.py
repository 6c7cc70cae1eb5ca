"""Selections and what they come to: the nodes of the expansion, their headings and sizes, and their text.

A node is one selection of one unit (a file). Each is worked out once, behind all that it includes; its text is made when
it is asked for, once for each shift of its headings. Nothing recurses.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from skillweave.destination import read_destination
from skillweave.diagnostics import EXPANSION_TOO_LARGE, HEADING_TOO_DEEP, Note, Problem
from skillweave.graph import language
from skillweave.markdown import read_blocks
from skillweave.markdown.values import Block
from skillweave.parse import not_alone
from skillweave.select import Lines, Ranges, Sections, bridged, holds, select, select_code, whole, without
from skillweave.source import Edit, Span, apply_edits
from skillweave.splice import add_prefix, heading_edits, moves_tab_stops, tab_edits
from skillweave.units import Calls, Unit, UnitKey, file_unit, find_calls, rendered_ranges, rendered_unit, to_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skillweave.config import Config
    from skillweave.directive import Level
    from skillweave.document import Heading, PlacedDirective
    from skillweave.graph import Edge, Graph
    from skillweave.markdown.values import Container
    from skillweave.project import Project
    from skillweave.source import SourcePath


_LINE_LIMIT = 10_000
"""Characters of a line that tell what block it is; all of a longer one would be parsed for nothing."""


class NodeKey(NamedTuple):
    """What a node is: lines of a unit, as Markdown or (with the language) as a code block."""

    unit: UnitKey
    ranges: Ranges
    code: str | None = None

    @property
    def path(self) -> SourcePath:
        return self.unit.path


class Child(NamedTuple):
    """One include: its edge, what it brings, and by how much that moves its headings."""

    edge: Edge
    key: NodeKey
    shift: int


class TextItem(NamedTuple):
    """Lines of the node's own file, half-open."""

    start: int
    end: int


class ChildItem(NamedTuple):
    """A splice that takes the place of its directive's line."""

    child: Child
    line: int


class BareItem(NamedTuple):
    """What an empty include leaves of its line: a list marker."""

    text: str
    line: int


Item = TextItem | ChildItem | BareItem


@dataclass(frozen=True, slots=True)
class Node:
    """One selection: its items in order, and what is known of its expansion without making it."""

    unit: Unit
    key: NodeKey
    items: tuple[Item, ...]
    inline: tuple[tuple[PlacedDirective, Child | None], ...]
    """The directives in running text, and what they bring."""
    size: int
    """Bytes of the expansion in UTF-8."""
    count: int
    """Includes that are expanded in it, over all levels."""
    height: int
    """Lines of the expansion."""
    counted: int | None
    """The level of the shallowest heading that counts outside."""
    levels: tuple[int, int] | None
    """The shallowest and the deepest level of all its headings."""
    first_line: str
    first: Block | None
    """The block that the expansion starts with; None: only a parse can tell."""
    last: Block | None
    """The block that it ends with; None: only a parse can tell."""
    has_code: bool
    """Whether it holds, over all levels, indented code, whose text an indent changes."""
    linked: bool
    """Whether it holds, over all levels, anything that a page must resolve: links, references, assets."""


@dataclass(slots=True)
class Nodes:
    """All nodes by key, the whole-file node of every file, and the texts that were made so far."""

    graph: Graph
    project: Project
    config: Config
    calls: Calls
    units: dict[UnitKey, Unit] = field(default_factory=dict)
    nodes: dict[NodeKey, Node] = field(default_factory=dict)
    wholes: dict[UnitKey, NodeKey] = field(default_factory=dict)
    children: dict[UnitKey, tuple[Child | None, ...]] = field(default_factory=dict)
    """What each directive of a unit brings, in the order of its edges."""
    sections: dict[SourcePath, Sections] = field(default_factory=dict)
    doubtful: set[NodeKey] = field(default_factory=set)
    """The nodes with a splice whose meaning only a parse could tell."""
    sound: set[NodeKey] = field(default_factory=set)
    """The nodes whose expansion is made of blocks that stand in it as they were parsed, over all levels."""
    events: dict[NodeKey, tuple[Heading | Child, ...]] = field(default_factory=dict)
    """The headings and includes of nodes whose pages were laid out."""
    texts: dict[tuple[NodeKey, int, bool], str] = field(default_factory=dict)
    edits: dict[tuple[UnitKey, int, bool], tuple[list[int], list[Edit]]] = field(default_factory=dict)

    def whole(self, path: SourcePath) -> NodeKey | None:
        """The node of all of a file that is no template; None if it could not be worked out."""
        return self.wholes.get(UnitKey(path))

    def report(self, unit: Unit, problem: Problem) -> None:
        """Report a problem whose span lies in a unit's text."""
        self.graph.report(unit.path, problem._replace(span=to_source(self.graph, unit, problem.span)))


def plan(graph: Graph, project: Project, config: Config) -> Nodes:
    """Work out the nodes of every file that reaches no cycle, and report what is wrong with a selection or a level."""
    nodes = Nodes(graph, project, config, find_calls(graph, config.limits.expansions))
    for path in graph.order:
        document = graph.files[path].document
        if document is None:
            nodes.units[UnitKey(path)] = file_unit(graph, path, is_own=False)
        elif document.params is None or path in project.homes:
            _plan_unit(nodes, file_unit(graph, path, is_own=path in project.homes))
        else:
            nodes.units[UnitKey(path)] = file_unit(graph, path, is_own=False)
            for arguments in sorted(nodes.calls.instances.get(path, ())):
                unit = rendered_unit(nodes.calls, UnitKey(path, arguments), config.limits.bundle_bytes)
                if unit is not None:
                    _plan_unit(nodes, unit)
    return nodes


def _plan_unit(nodes: Nodes, unit: Unit) -> None:
    document = unit.document
    if document is None:
        return
    nodes.units[unit.key] = unit
    nodes.children[unit.key] = tuple(_child(nodes, unit, edge) if edge else None for edge in unit.edges)
    if unit.is_own:
        # An entry is no selection: its blank lines at both ends stay.
        ranges = without(document.markers, ((document.body, document.lines),))
    elif unit.sources is None:
        ranges = whole(Lines(unit.lines, unit.path), document)
    else:
        file = nodes.graph.files[unit.path]
        ranges = rendered_ranges(unit, whole(Lines(file.lines, unit.path), file.document or document))
    key = NodeKey(unit.key, ranges)
    nodes.wholes[unit.key] = key
    _build(nodes, key)
    _check_size(nodes, nodes.nodes[key])


def text_of(nodes: Nodes, key: NodeKey, shift: int = 0, tabs: bool = False) -> str:  # noqa: FBT001, FBT002
    """A node's expansion, without a final line end: headings moved by `shift`; with `tabs`, indents without tabs."""
    pending = [(key, shift, tabs)]
    while pending:
        wanted = pending[-1]
        if wanted in nodes.texts:
            pending.pop()
            continue
        missing = [needed for needed in _needs(nodes, *wanted) if needed not in nodes.texts]
        if missing:
            pending.extend(missing)
        else:
            nodes.texts[wanted] = _assemble(nodes, *wanted)
            pending.pop()
    return nodes.texts[key, shift, tabs]


class Origin(NamedTuple):
    """Where an output line comes from: a line of a file (from 0), and the includes that brought it, outermost first."""

    path: SourcePath
    line: int
    chain: tuple[Edge, ...]


def origins(nodes: Nodes, key: NodeKey, shift: int = 0) -> Iterator[Origin]:
    """The origin of every line of a node's expansion, in order."""
    pending: list[tuple[NodeKey, int, tuple[Edge, ...]] | Origin] = [(key, shift, ())]
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
    joined = set()
    if shift and node.unit.document:
        joined = {
            line
            for heading in node.unit.document.headings
            if heading.setext
            for line in range(heading.start + 1, heading.end)
        }
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


def _child(nodes: Nodes, unit: Unit, edge: Edge) -> Child | None:
    """What an include brings; None where it brings nothing. Its selection is made, and reported, here."""
    directive = edge.directive
    if edge.target is None or directive.word != "include" or edge.target not in nodes.graph.files:
        return None
    file = nodes.graph.files[edge.target]
    if directive.section is not None and file.document is not None and edge.target not in nodes.sections:
        nodes.sections[edge.target] = Sections(file.document)
    source = Lines(file.lines, edge.target, nodes.sections.get(edge.target))
    if directive.as_code:
        # The file as it is: the unit of this key may be a rendering, of a template without parameters.
        as_it_is = file_unit(nodes.graph, edge.target, is_own=False)
        nodes.units.setdefault(as_it_is.key, as_it_is)
        selection = select_code(source, file.document, directive)
        key = NodeKey(as_it_is.key, selection.ranges, language(edge.target, directive.lang))
        nodes.nodes.setdefault(key, _code_node(as_it_is, key))
    else:
        arguments = nodes.calls.of(unit.key, edge)
        target = nodes.units.get(UnitKey(edge.target, arguments)) if arguments is not None else None
        if target is None or file.document is None or target.key not in nodes.children:
            return None
        selection = select(source, file.document, directive)
        key = NodeKey(target.key, rendered_ranges(target, selection.ranges))
    for problem in selection.problems:
        nodes.graph.report(edge.source, problem)
    _build(nodes, key)
    if edge.placed.prefix is None and not _fits_in_line(nodes, key):
        nodes.graph.report(
            edge.source, not_alone(directive.span, "include", "which brings more than a line of running text")
        )
        return None
    return Child(edge, key, _shift(nodes, unit, edge, key))


def _fits_in_line(nodes: Nodes, key: NodeKey) -> bool:
    """Whether a node may stand in running text: it is empty, or one paragraph of one line."""
    node = nodes.nodes[key]
    if not node.items or is_too_large(nodes, node):
        return True
    if node.height > 1 or key.code is not None:
        return False
    blocks = read_blocks(text_of(nodes, key)[:_LINE_LIMIT])
    return len(blocks) == 1 and blocks[0].kind == "paragraph" and not blocks[0].containers


def _build(nodes: Nodes, key: NodeKey) -> None:
    if key in nodes.nodes:
        return
    unit = nodes.units[key.unit]
    covered = [
        (edge.placed, child)
        for edge, child in zip(unit.edges, nodes.children[key.unit], strict=True)
        if edge is not None and holds(key.ranges, edge.placed.line)
    ]
    # A reference leaves a link in its line: that is text of this file, and pages.py writes it.
    links = {
        edge.placed for edge in unit.edges if edge and edge.directive.word == "reference" and edge.target is not None
    }
    spliced = [(placed, child) for placed, child in covered if placed not in links]
    blocks = {placed.line: (placed, child) for placed, child in spliced if placed.prefix is not None}
    inline = tuple((placed, child) for placed, child in spliced if placed.prefix is None)
    items = tuple(_items(nodes, unit, key.ranges, blocks))
    nodes.nodes[key] = _measure(nodes, unit, key, items, inline)


def _bytes(unit: Unit, start: int, end: int) -> int:
    """The bytes of some lines in UTF-8, line ends included."""
    first, last = unit.index.starts[start], unit.index.starts[end - 1] + len(unit.lines[end - 1])
    return (last - first if unit.text.isascii() else len(unit.text[first:last].encode())) + 1


def _code_node(unit: Unit, key: NodeKey) -> Node:
    size = sum(_bytes(unit, start, end) for start, end in key.ranges)
    height = sum(end - start for start, end in key.ranges) + 2
    items = tuple(TextItem(start, end) for start, end in key.ranges)
    fence = Block("fence", 0, height, ())
    return Node(
        unit,
        key,
        items,
        (),
        size + 10 + len(key.code or ""),
        1,
        height,
        None,
        None,
        "```",
        fence,
        fence,
        has_code=False,
        linked=False,
    )


def _items(
    nodes: Nodes, unit: Unit, ranges: Ranges, blocks: dict[int, tuple[PlacedDirective, Child | None]]
) -> list[Item]:
    """Lay a selection out: runs of own lines, splices, and what empty includes leave.

    An empty one takes its line with it, and one blank line where blank lines or the edge stand on both sides
    (LANGUAGE 5).
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


def _measure(
    nodes: Nodes,
    unit: Unit,
    key: NodeKey,
    items: tuple[Item, ...],
    inline: tuple[tuple[PlacedDirective, Child | None], ...],
) -> Node:
    size = height = count = 0
    counted: list[int] = []
    levels: list[int] = []
    ranges = bridged(key.ranges, unit.document.markers if unit.document else ())
    for heading in unit.document.headings if unit.document else ():
        if holds(key.ranges, heading.start):
            levels.append(heading.level)
            if _counts(heading.containers, ranges, heading.start):
                counted.append(heading.level)
    for item in items:
        match item:
            case TextItem(start, end):
                size += _bytes(unit, start, end)
                height += end - start
            case BareItem(text, _):
                size += len(text) + 1
                height += 1
            case ChildItem(child, line):
                below = nodes.nodes[child.key]
                prefix = child.edge.placed.prefix or ""
                size += below.size + below.height * len(prefix)
                height += below.height
                count += below.count + 1
                if below.levels:
                    levels += [level + child.shift for level in below.levels]
                if below.counted is not None and _counts(child.edge.placed.containers, ranges, line):
                    counted.append(below.counted + child.shift)
    for _, inline_child in inline:
        if inline_child is not None:
            below = nodes.nodes[inline_child.key]
            size += below.size
            count += below.count + 1
    span = (min(levels), max(levels)) if levels else None
    ends = _ends(nodes, unit, items)
    below_linked = any(nodes.nodes[child.key].linked for child in brought_by(items, inline))
    linked = below_linked or _has_links(unit, key.ranges)
    has_code = any(nodes.nodes[child.key].has_code for child in brought_by(items, inline)) or any(
        block.kind == "code" and holds(key.ranges, block.start)
        for block in (unit.document.blocks if unit.document else ())
    )
    return Node(
        unit, key, items, inline, size, count, height, min(counted, default=None), span, *ends, has_code, linked
    )


def brought_by(items: Iterable[Item], inline: Iterable[tuple[PlacedDirective, Child | None]]) -> Iterator[Child]:
    """What a node includes directly: first what takes lines of its own, then what stands in running text."""
    for item in items:
        if isinstance(item, ChildItem):
            yield item.child
    for _, child in inline:
        if child is not None:
            yield child


def _has_links(unit: Unit, ranges: Ranges) -> bool:
    if unit.document is None:
        return False
    for destination in unit.document.destinations:
        raw = unit.text[destination.span.start : destination.span.end]
        if holds(ranges, destination.line) and read_destination(raw, destination.kind) is not None:
            return True
    return any(
        edge is not None and edge.directive.word != "include" and holds(ranges, edge.placed.line) for edge in unit.edges
    )


def _ends(nodes: Nodes, unit: Unit, items: tuple[Item, ...]) -> tuple[str, Block | None, Block | None]:
    """The first line, the first block and the last block of an expansion, as far as they are known without a parse."""
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
    """The block of a unit's own text that holds a line."""
    blocks = unit.document.blocks if unit.document else ()
    place = bisect_right(blocks, line, key=lambda block: block.start) - 1
    return blocks[place] if place >= 0 and line < blocks[place].end else None


def _counts(containers: tuple[Container, ...], ranges: Ranges, line: int) -> bool:
    """Whether a heading counts for the whole selection: it does not stand in a list item or quote that begins in it."""
    start = next((start for start, end in ranges if start <= line < end), 0)
    return all(container.start < start for container in containers)


def _shift(nodes: Nodes, unit: Unit, edge: Edge, key: NodeKey) -> int:
    """By how much an include moves the headings of what it brings (LANGUAGE 5, heading levels)."""
    node = nodes.nodes[key]
    if node.levels is None or unit.document is None:
        return 0
    shift = _asked_shift(nodes.config, unit.document.headings, edge, node.counted)
    low, high = node.levels[0] + shift, node.levels[1] + shift
    if shift and (low < 1 or high > 6):
        level = high if high > 6 else low
        text, place = _heading_at(nodes, key, level - shift)
        problem = Problem(
            HEADING_TOO_DEEP,
            f'this include brings the heading "{text}" to level {level}; levels go from 1 to 6',
            edge.directive.span,
            help="include it under a shallower heading, or give it a `level`",
        )
        nodes.graph.report(edge.source, problem, notes=(place,))
        return 0
    return shift


def _heading_at(nodes: Nodes, key: NodeKey, level: int) -> tuple[str, Note]:
    """The heading that is the shallowest or the deepest of an expansion, at this level: its text, and where it is."""
    while True:
        node = nodes.nodes[key]
        for heading in node.unit.document.headings if node.unit.document else ():
            if heading.level == level and holds(key.ranges, heading.start):
                file = nodes.graph.files[key.path]
                span = to_source(nodes.graph, node.unit, heading.content)
                return heading.text, Note("the heading stands at", file.path, file.index.position(span.start))
        # Of all that it includes, what has this level at an end brings the heading: no way has to be gone twice.
        key, level = next(
            (child.key, level - child.shift)
            for child in brought_by(node.items, ())
            if level - child.shift in (nodes.nodes[child.key].levels or ())
        )


def _asked_shift(config: Config, headings: Iterable[Heading], edge: Edge, shallowest: int | None) -> int:
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


def _stands_under(headings: Iterable[Heading], placed: PlacedDirective) -> int | None:
    """The level of the heading above a directive that is not shut in a list item or quote which the directive is not in."""
    level = None
    for heading in headings:
        if heading.start >= placed.line:
            break
        if heading.containers == placed.containers[: len(heading.containers)]:
            level = heading.level
    return level


def is_too_large(nodes: Nodes, node: Node) -> bool:
    """Whether an expansion is above a limit, so that its text must not be made."""
    limits = nodes.config.limits
    return node.size > limits.bundle_bytes or node.count > limits.expansions


def _check_size(nodes: Nodes, node: Node) -> None:
    """Report a file whose expansion is above a limit, where none of what it includes is."""
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
        note = f"{worst.key.path} comes in here {again}with {below.size:,} bytes and {below.count:,} includes"
    over = (
        f"{node.count:,} includes, and the limit is {limits.expansions:,}"
        if node.count > limits.expansions
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


def _needs(nodes: Nodes, key: NodeKey, shift: int, tabs: bool) -> Iterator[tuple[NodeKey, int, bool]]:  # noqa: FBT001
    if key.code is None:
        node = nodes.nodes[key]
        yield from (asked(child, shift, tabs) for child in brought_by(node.items, node.inline))


def asked(child: Child, shift: int, tabs: bool) -> tuple[NodeKey, int, bool]:  # noqa: FBT001
    """The text that an include needs where the headings of its own file move by `shift`: node, shift, without tabs."""
    if child.key.code is not None:
        return child.key, 0, False
    return child.key, shift + child.shift, tabs or moves_tab_stops(child.edge.placed.prefix or "")


def _assemble(nodes: Nodes, key: NodeKey, shift: int, tabs: bool) -> str:  # noqa: FBT001
    node = nodes.nodes[key]
    if key.code is not None:
        return _fenced(node.unit, key)
    brought = [nodes.texts[wanted] for wanted in _needs(nodes, key, shift, tabs)]
    return assemble(nodes, (key, shift, tabs), brought, ())


def assemble(nodes: Nodes, wanted: tuple[NodeKey, int, bool], brought: Sequence[str], changes: Sequence[Edit]) -> str:
    """A node's text from the texts that it includes (in the order of `brought_by`) and further edits of its own lines."""
    key, shift, tabs = wanted
    node = nodes.nodes[key]
    unit = node.unit
    texts = iter(brought)
    parts: list[str | TextItem] = []
    for item in node.items:
        match item:
            case TextItem():
                parts.append(item)
            case BareItem(text, _):
                parts.append(text)
            case ChildItem(child, _):
                prefix = child.edge.placed.prefix or ""
                if tabs and "\t" in prefix:
                    prefix = prefix.expandtabs(4)
                parts.append(add_prefix(next(texts), prefix))
    starts, edits = _edits(nodes, unit, shift, tabs)
    more = [Edit(*placed.directive.span, next(texts) if child is not None else "") for placed, child in node.inline]
    more = sorted([*more, *changes])
    pieces: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else _own_text(unit, part, (starts, edits), more)
        glued = shift and isinstance(part, TextItem) and _continues_heading(unit, part.start)
        pieces += [text] if glued or not pieces else ["\n", text]
    return "".join(pieces)


def _continues_heading(unit: Unit, line: int) -> bool:
    """Whether a line goes on with a setext heading behind a line that stands in no output."""
    document = unit.document
    if document is None or not document.markers:
        return False
    place = bisect_left(document.markers, line - 1)
    if place == len(document.markers) or document.markers[place] != line - 1:
        return False
    return any(heading.setext and heading.start < line < heading.end for heading in document.headings)


def _own_text(unit: Unit, item: TextItem, static: tuple[list[int], list[Edit]], more: Sequence[Edit]) -> str:
    starts, edits = static
    first, last = unit.index.starts[item.start], unit.index.starts[item.end - 1] + len(unit.lines[item.end - 1])
    within = edits[bisect_left(starts, first) : bisect_left(starts, last + 1)]
    if more:
        low = bisect_left(more, first, key=lambda edit: edit.start)
        high = bisect_left(more, last + 1, key=lambda edit: edit.start)
        within = sorted([*within, *more[low:high]]) if high > low else within
    return apply_edits(unit.text, first, last, within)


def _fenced(unit: Unit, key: NodeKey) -> str:
    """A selection as a fenced code block, with a fence longer than any run of back-ticks in it."""
    lines = [unit.lines[line] for start, end in key.ranges for line in range(start, end)]
    longest = max((len(run) for line in lines for run in re.findall(r"`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    return "\n".join([fence + (key.code or ""), *lines, fence])


def _edits(nodes: Nodes, unit: Unit, shift: int, tabs: bool) -> tuple[list[int], list[Edit]]:  # noqa: FBT001
    """What changes in a file's own text wherever it is spliced: escapes, heading levels and ids, and tabs in indents."""
    wanted = (unit.key, shift, tabs)
    if wanted not in nodes.edits:
        document = unit.document
        edits: list[Edit] = []
        if document is not None:
            edits += [Edit(offset, offset + 1, "") for offset in document.escapes]
            hidden = frozenset(document.markers)
            for heading in document.headings:
                if heading.id_span and not unit.is_own:
                    edits.append(Edit(*heading.id_span, ""))
                if shift:
                    edits += heading_edits(unit.index, heading, heading.level + shift, hidden)
            if tabs:
                edits += tab_edits(unit.index, document)
        edits.sort()
        nodes.edits[wanted] = ([edit.start for edit in edits], edits)
    return nodes.edits[wanted]
